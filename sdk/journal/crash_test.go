package journal_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// childRole is the variable that makes this test binary a child of a test, and the roles that it can play.
const (
	childRole  = "PAYRACK_JOURNAL_TEST_CHILD"
	childPath  = "PAYRACK_JOURNAL_TEST_PATH"
	roleWriter = "writer"
	roleDisks  = "disks"
)

// child plays a role in a process of its own.
func child(role string) int {
	var err error
	switch role {
	case roleWriter:
		err = writeForEver(os.Getenv(childPath))
	case roleDisks:
		err = onBadDisks(os.Getenv(childPath))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// writeForEver writes payments and says of each, on its output, when it was promised.
func writeForEver(path string) error {
	ctx := context.Background()
	j, err := journal.Open(ctx, path, journal.Options{})
	if err != nil {
		return err
	}
	own, _, err := j.HighestNumbers(ctx)
	if err != nil {
		return err
	}
	for n := own + 1; ; n++ {
		ref := pay.Ref(fmt.Sprint("op", n))
		op, _, err := j.Begin(ctx, operation(pay.KindOffline, ref, 100), journal.Event{Name: "begun"})
		if err != nil {
			return err
		}
		fmt.Println("begun", ref, op.Number)
		j.Note(journal.Exchange{Ref: ref, Method: "POST pos/payment/offline"})
		if op, err = j.Append(ctx, journal.Change{Operation: approved(op), Event: journal.Event{Name: "approved"}}); err != nil {
			return err
		}
		fmt.Println("approved", ref, op.Number)
	}
}

func TestKilledAtAnyMomentEveryPromisedRecordIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	promised := map[pay.Ref]string{}
	numbers := map[int64]pay.Ref{}
	for round := range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childRole+"="+roleWriter, childPath+"="+path)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		enough := 100 + 37*round + rand.IntN(50)
		for n := 0; lines.Scan(); n++ { // what it had said before the blow is read to the end
			var what string
			var ref pay.Ref
			var number int64
			if _, err := fmt.Sscan(lines.Text(), &what, &ref, &number); err != nil {
				break // the last line, cut off
			}
			if other, used := numbers[number]; used && other != ref {
				t.Fatalf("number %d was given to %s and to %s", number, other, ref)
			}
			numbers[number], promised[ref] = ref, what
			if n == enough {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		if len(promised) < 50 {
			t.Fatalf("only %d promises: %s", len(promised), stderr.String())
		}
		j := open(t, path)
		for ref, what := range promised {
			op, err := j.Operation(t.Context(), ref)
			if err != nil || what == "approved" && !op.Charged {
				t.Fatalf("round %d: %s was promised to be %s: %+v, %v", round, ref, what, op, err)
			}
		}
		if err := j.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		j.Close()
	}
}

// lastCommit finds the end of the last commit in a write-ahead log, by SQLite's description of the format: a header of 32 bytes, then
// frames of 24 bytes and a page; a frame belongs to the log if it carries the header's salts, and ends a commit if it tells the size
// of the file.
func lastCommit(wal []byte) int {
	if len(wal) < 32 {
		return 0
	}
	frame := 24 + int(binary.BigEndian.Uint32(wal[8:]))
	end := 0
	for at := 32; at+frame <= len(wal) && bytes.Equal(wal[at+8:at+16], wal[16:24]); at += frame {
		if binary.BigEndian.Uint32(wal[at+4:]) != 0 {
			end = at + frame
		}
	}
	return end
}

func TestACopyCutAnywhereOpensAndKeepsEveryPromisedRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	var promised []journal.Operation
	var copies, cuts int
	random := rand.New(rand.NewPCG(1, 2))
	examine := func() {
		copies++
		db, wal := content(t, path), content(t, path+"-wal")
		end := lastCommit(wal)
		if end == 0 {
			t.Fatal("the log holds no commit")
		}
		noise := make([]byte, 3*4120)
		for i := range noise {
			noise[i] = byte(random.Uint32())
		}
		// Behind the last promise: the log as it is, cut exactly, followed by what never became a commit, by noise, by frames from elsewhere in it.
		torn := [][]byte{wal, wal[:end], append(bytes.Clone(wal[:end]), noise...), append(bytes.Clone(wal[:end]), wal[32:end][:min(4120, end-32)]...)}
		for range 2 {
			torn = append(torn, append(bytes.Clone(wal[:end]), noise[:random.IntN(len(noise))]...))
			if len(wal) > end {
				torn = append(torn, wal[:end+random.IntN(len(wal)-end)])
			}
		}
		for _, w := range torn {
			cuts++
			copyHolds(t, db, w, promised)
		}
	}
	for i := range 8 {
		op := begin(t, j, operation(pay.KindOffline, pay.Ref(fmt.Sprint("r", i)), 100))
		promised = append(promised, op)
		examine()
		promised[i] = change(t, j, "approved", approved(op))
		examine()
	}
	t.Logf("%d copies, %d ways to tear them", copies, cuts)
}

// copyHolds opens a copy and compares what is in it.
func copyHolds(t *testing.T, db, wal []byte, promised []journal.Operation) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.db")
	for name, b := range map[string][]byte{path: db, path + "-wal": wal} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j, err := journal.Open(t.Context(), path, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	list, err := j.Find(t.Context(), journal.Query{})
	if err != nil || len(list) != len(promised) {
		t.Fatalf("%d operations of %d, %v", len(list), len(promised), err)
	}
	for i, op := range list {
		if op.Ref != promised[i].Ref || op.Charged != promised[i].Charged || op.Number != promised[i].Number {
			t.Fatalf("%+v was promised, %+v is there", promised[i], op)
		}
	}
}

// A power cut between two commits: a log that ends in the middle of a later commit is the journal of the earlier one.
func TestACutInsideALaterCommitLeavesTheEarlierOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	first := begin(t, j, operation(pay.KindOffline, "first", 100))
	end := lastCommit(content(t, path+"-wal"))
	begin(t, j, operation(pay.KindOffline, "second", 100))
	db, wal := content(t, path), content(t, path+"-wal")
	after := lastCommit(wal)
	if after <= end {
		t.Fatalf("the log did not grow: %d, %d", end, after)
	}
	for at := end; at < after; at += 1021 {
		copyHolds(t, db, wal[:at], []journal.Operation{first})
		garbled := bytes.Clone(wal)
		garbled[at] ^= 0x10
		copyHolds(t, db, garbled, []journal.Operation{first})
	}
}
