package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// Both disks are mounted in a user namespace of the child's own, so that the test needs no rights and root is held to them too.
func TestAFullOrReadOnlyDiskIsToldAndTheJournalWorksOnWhenItHasRoom(t *testing.T) {
	if out, err := exec.Command("unshare", "-Urm", "true").CombinedOutput(); err != nil {
		t.Skipf("not run: this system does not let a process mount a small disk of its own (unshare -Urm: %v %s)", err, bytes.TrimSpace(out))
	}
	cmd := exec.Command("unshare", "-Urm", os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+roleDisks, childPath+"="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// onBadDisks runs in the namespace.
func onBadDisks(folder string) error {
	if err := syscall.Mount("none", folder, "tmpfs", 0, "size=1m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	if err := fullDisk(filepath.Join(folder, "j.db"), filepath.Join(folder, "ballast")); err != nil {
		return fmt.Errorf("full disk: %w", err)
	}
	if err := syscall.Mount("none", folder, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=1m"); err != nil {
		return fmt.Errorf("remount: %w", err)
	}
	_, err := journal.Open(context.Background(), filepath.Join(folder, "j.db"), journal.Options{})
	if pay.CodeOf(err) != pay.ErrJournal || !strings.Contains(err.Error(), "cannot be written") {
		return fmt.Errorf("read-only disk: %w", err)
	}
	_, err = journal.Open(context.Background(), filepath.Join(folder, "new.db"), journal.Options{})
	if pay.CodeOf(err) != pay.ErrJournal {
		return fmt.Errorf("read-only disk, new journal: %w", err)
	}
	return nil
}

func fullDisk(path, ballast string) error {
	ctx := context.Background()
	j, err := journal.Open(ctx, path, journal.Options{})
	if err != nil {
		return err
	}
	defer func() { j.Close() }() // the last one
	// fill writes payments until one is refused, and says how many there are.
	count := 0
	fill := func() error {
		for {
			op := operation(pay.KindOffline, pay.Ref(fmt.Sprint("op", count)), 100)
			if _, _, err := j.Begin(ctx, op, journal.Event{Name: "begun"}); err != nil {
				return err
			}
			count++
		}
	}
	for round := range 3 {
		if err := os.WriteFile(ballast, make([]byte, 200<<10), 0o600); err != nil {
			return err
		}
		err := fill()
		if pay.CodeOf(err) != pay.ErrJournal || !strings.Contains(err.Error(), "full") {
			return fmt.Errorf("round %d, %d payments: %w", round, count, err)
		}
		j.Note(journal.Exchange{Ref: "op0", Method: fmt.Sprint("round ", round)})
		if _, exchanges, err := j.Story(ctx, "op0"); err != nil || len(exchanges) == 0 {
			return fmt.Errorf("reading while it is full: %d exchanges, %w", len(exchanges), err)
		}
		if err := os.Remove(ballast); err != nil {
			return err
		}
		op := operation(pay.KindOffline, pay.Ref(fmt.Sprint("op", count)), 100)
		if _, _, err := j.Begin(ctx, op, journal.Event{Name: "begun"}); err != nil {
			return fmt.Errorf("round %d, after there is room: %w", round, err)
		}
		count++
		// Make room for the next round: the log goes into the file and starts again.
		if err := errors.Join(j.Close(), j.Check(ctx)); pay.CodeOf(err) != pay.ErrJournal {
			return fmt.Errorf("a closed journal: %w", err)
		}
		if j, err = journal.Open(ctx, path, journal.Options{}); err != nil {
			return err
		}
		if list, err := j.Find(ctx, journal.Query{}); err != nil || len(list) != count {
			return fmt.Errorf("%d payments of %d are there, %w", len(list), count, err)
		}
		if _, exchanges, err := j.Story(ctx, "op0"); err != nil || len(exchanges) != round+1 {
			return fmt.Errorf("%d exchanges of %d, %w", len(exchanges), round+1, err)
		}
	}
	return j.Check(ctx)
}
