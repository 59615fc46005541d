package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

func opened(t *testing.T, path string) *Index {
	t.Helper()
	x, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	return x
}

func taken(t *testing.T, x *Index, ref pay.Ref) Entry {
	t.Helper()
	e := Entry{Ref: ref, Module: "m", PosID: "1", Kind: pay.KindOnline, Amount: 100, Currency: pay.RUB, Digest: []byte("d"), Begun: time.Now()}
	if _, existed, err := x.Take(t.Context(), e, ""); err != nil || existed {
		t.Fatal(existed, err)
	}
	return e
}

func TestATakenRefIsThereAfterACopyAtThatMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	x := opened(t, path)
	taken(t, x, "r1")
	// What the disk holds now is what a loss of power leaves.
	copied := filepath.Join(t.TempDir(), "b.db")
	for _, end := range []string{"", "-wal"} {
		raw, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+end, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e, err := opened(t, copied).Get(t.Context(), "r1")
	if err != nil || e.State != Unknown || !bytes.Equal(e.Digest, []byte("d")) || e.Amount != 100 {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestAFinalStateNeverChanges(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	taken(t, x, "r1")
	for _, c := range []struct {
		op   pay.Operation
		want State
	}{
		{pay.Operation{Running: true}, Running},
		{pay.Operation{Outcome: pay.Unknown}, Unknown},
		{pay.Operation{Outcome: pay.Approved, Pending: "unread"}, Approved},
		{pay.Operation{Running: true}, Approved},
		{pay.Operation{Outcome: pay.Unknown}, Approved},
	} {
		c.op.Ref = "r1"
		if err := x.Learn(t.Context(), "m", c.op); err != nil {
			t.Fatal(err)
		}
		if err := x.Doubt(t.Context(), "r1"); c.want.Final() && err != nil {
			t.Fatal(err)
		}
		if c.want == Running {
			c.want = Unknown // its module went away
		}
		if e, err := x.Get(t.Context(), "r1"); err != nil || e.State != c.want {
			t.Errorf("got %s, %v, want %s", e.State, err, c.want)
		}
	}
	if done, err := x.Void(t.Context(), "r1"); done || err != nil {
		t.Errorf("what a module knew was voided: %v", err)
	}
	if err := x.Drop(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Get(t.Context(), "r1"); err != nil {
		t.Errorf("what a module knew was dropped: %v", err)
	}
}

func TestALostIndexIsLearnedAgain(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	op := pay.Operation{Ref: "r1", Kind: pay.KindPayout, PosID: "1", Amount: 100, Document: "D", Outcome: pay.Unknown, Pending: "unknown"}
	for _, ref := range []pay.Ref{"r1", "r1~1"} {
		op.Ref = ref
		if err := x.Learn(t.Context(), "m", op); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := x.Wanting(t.Context(), ""); err != nil || len(list) != 1 {
		t.Errorf("got %v, %v", list, err)
	}
	want := Entry{Ref: "r1", Module: "m", PosID: "1", Kind: pay.KindPayout, Document: "D", Digest: []byte("any: its module compares")}
	if _, existed, err := x.Take(t.Context(), want, ""); err != nil || !existed {
		t.Errorf("not joined: %v", err)
	}
	want.Ref = "r2"
	if _, _, err := x.Take(t.Context(), want, ""); pay.CodeOf(err) != pay.ErrUnresolved {
		t.Errorf("its document is free: %v", err)
	}
}

func TestAnIndexOfANewerVersionIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	x := opened(t, path)
	if err := x.write(t.Context(), x.firm, func(tx *access) error { return tx.exec(t.Context(), "PRAGMA user_version = 9") }); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); pay.CodeOf(err) != pay.ErrJournal {
		t.Errorf("got %v", err)
	}
}

func TestOfTwoAtOnceOneTakesTheRef(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	results := make(chan string)
	for n := range 8 {
		go func() {
			e := Entry{Ref: "r1", Module: fmt.Sprint("m", n%2), PosID: "1", Kind: pay.KindReport, Digest: []byte{byte(n % 2)}, Begun: time.Now()}
			_, existed, err := x.Take(t.Context(), e, "")
			switch {
			case pay.CodeOf(err) == pay.ErrRefReused:
				results <- "reused"
			case err != nil:
				results <- err.Error()
			case existed:
				results <- "joined"
			default:
				results <- "taken"
			}
		}()
	}
	count := map[string]int{}
	for range 8 {
		count[<-results]++
	}
	if count["taken"] != 1 || count["joined"] != 3 || count["reused"] != 4 {
		t.Errorf("got %v", count)
	}
}

func TestWhatCannotBeWrittenIsNotTaken(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	if err := x.write(t.Context(), x.firm, func(tx *access) error {
		return tx.exec(t.Context(), `CREATE TRIGGER full BEFORE INSERT ON refs BEGIN SELECT RAISE(FAIL, 'disk full'); END`)
	}); err != nil {
		t.Fatal(err)
	}
	e := Entry{Ref: "r1", Module: "m", PosID: "1", Kind: pay.KindOnline, Digest: []byte("d"), Begun: time.Now()}
	if _, _, err := x.Take(t.Context(), e, ""); pay.CodeOf(err) != pay.ErrJournal {
		t.Errorf("got %v", err)
	}
	if _, err := x.Get(t.Context(), "r1"); pay.CodeOf(err) != pay.ErrNotFound {
		t.Errorf("got %v", err)
	}
}

func TestNoLookUpGoesThroughAllRefsThatThereEverWere(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	e := taken(t, x, "r1")
	e.Ref, e.PosID, e.Receipt = "r2", "2", "7"
	payout := Entry{Ref: "r3", Module: "m", PosID: "3", Kind: pay.KindPayout, Document: "D", Digest: []byte("d"), Begun: time.Now()}
	for _, e := range []Entry{e, payout} {
		if _, _, err := x.Take(t.Context(), e, ""); err != nil {
			t.Fatal(err)
		}
	}
	for what, err := range map[string]error{
		"learn": x.Learn(t.Context(), "m", pay.Operation{Ref: "r1", Running: true, Pending: "running"}),
		"doubt": x.Doubt(t.Context(), "r1"), "drop": x.Drop(t.Context(), "r2"), "quiet": x.Quiet(t.Context(), "m", nil),
	} {
		if err != nil {
			t.Error(what, err)
		}
	}
	_, _ = x.Unsettled(t.Context(), "m")
	_, _ = x.Since(t.Context(), "1", time.Now(), 5)
	looked := 0
	for _, a := range []*access{x.firm, x.loose} {
		for text := range a.statements {
			for _, step := range plan(t, a, text) {
				if strings.HasPrefix(step, "SCAN refs") && !strings.Contains(step, "refs_open") && !strings.Contains(step, "refs_pending") {
					t.Errorf("%s: %s", text, step)
				}
				looked++
			}
		}
	}
	if looked < 8 {
		t.Errorf("only %d steps were looked at", looked)
	}
}

// plan is how the database carries a statement out.
func plan(t *testing.T, a *access, text string) (steps []string) {
	t.Helper()
	rows, err := a.conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, make([]any, strings.Count(text, "?"))...)
	if err != nil {
		if strings.HasPrefix(text, "SELECT") {
			t.Error(text, err)
		}
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}

func TestOldWordsAtOnceNeverOvertakeAFinalState(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	for n := range 40 {
		final, void := pay.Ref(fmt.Sprint("f", n)), pay.Ref(fmt.Sprint("v", n))
		for _, ref := range []pay.Ref{final, void} {
			e := Entry{Ref: ref, Module: "m", PosID: string(ref), Kind: pay.KindOnline, Digest: []byte("d"), Begun: time.Now()}
			if _, _, err := x.Take(t.Context(), e, ""); err != nil {
				t.Fatal(err)
			}
		}
		results := make(chan error)
		say := func(op pay.Operation) { go func() { results <- x.Learn(t.Context(), "m", op) }() }
		say(pay.Operation{Ref: final, Running: true, Pending: "running"})
		say(pay.Operation{Ref: final, Outcome: pay.Approved})
		say(pay.Operation{Ref: final, Outcome: pay.Unknown, Pending: "unknown"})
		say(pay.Operation{Ref: void, Running: true, Pending: "running"})
		var voided bool
		go func() {
			var err error
			voided, err = x.Void(t.Context(), void)
			results <- err
		}()
		for range 5 {
			if err := <-results; err != nil {
				t.Fatal(err)
			}
		}
		if e, err := x.Get(t.Context(), final); err != nil || e.State != Approved {
			t.Fatalf("%s became %s, %v", final, e.State, err)
		}
		if e, err := x.Get(t.Context(), void); err != nil || voided != (e.State == Cancelled) || voided == e.Known {
			t.Fatalf("told to be cancelled: %v, and it is %+v, %v", voided, e, err)
		}
	}
}

func TestAnotherModulesWordOfARefIsRefused(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	taken(t, x, "r1")
	if err := x.Learn(t.Context(), "other", pay.Operation{Ref: "r1", Outcome: pay.Declined}); pay.CodeOf(err) != pay.ErrRefReused {
		t.Errorf("got %v", err)
	}
	if e, err := x.Get(t.Context(), "r1"); err != nil || e.State != Taken || e.Known {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestARunningPaymentBlocksItsTillUntilItIsDoubted(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	e := taken(t, x, "r1")
	e.Ref = "r2"
	if _, _, err := x.Take(t.Context(), e, ""); pay.CodeOf(err) != pay.ErrBusy {
		t.Errorf("got %v", err)
	}
	if err := x.Doubt(t.Context(), "r1"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := x.Take(t.Context(), e, ""); err != nil {
		t.Error(err)
	}
}

func TestACallerThatHasLeftTakesNothing(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	gone, leave := context.WithCancel(t.Context())
	leave()
	e := Entry{Ref: "r1", Module: "m", PosID: "1", Kind: pay.KindOnline, Digest: []byte("d"), Begun: time.Now()}
	if _, _, err := x.Take(gone, e, ""); err == nil {
		t.Error("it was taken")
	}
	if _, err := x.Get(t.Context(), "r1"); pay.CodeOf(err) != pay.ErrNotFound {
		t.Errorf("got %v", err)
	}
}

func TestAnIndexMadeAnewBesideJournalsRemembersWhichItHasNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	x, err := Open(t.Context(), path, "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(x.Read(t.Context(), "a"), x.Close()); err != nil {
		t.Fatal(err)
	}
	x, err = Open(t.Context(), path, "a", "b") // it is not made anew: a was read
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if list, err := x.Unread(t.Context()); err != nil || fmt.Sprint(list) != "[b]" {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestAnIndexOfTheFirstVersionIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	x := opened(t, path)
	taken(t, x, "r1")
	if err := x.write(t.Context(), x.firm, func(tx *access) error {
		return tx.script(t.Context(), "ALTER TABLE refs DROP COLUMN confirms; ALTER TABLE refs DROP COLUMN reversal; ALTER TABLE refs DROP COLUMN paid; DROP TABLE unread; PRAGMA user_version = 1;")
	}); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = opened(t, path)
	if e, err := x.Get(t.Context(), "r1"); err != nil || !e.Confirms {
		t.Errorf("got %+v, %v", e, err)
	}
	if list, err := x.Unread(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestAnIndexOfTheSecondVersionIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	x := opened(t, path)
	taken(t, x, "r1")
	if err := x.write(t.Context(), x.firm, func(tx *access) error {
		return tx.script(t.Context(), "ALTER TABLE refs DROP COLUMN reversal; ALTER TABLE refs DROP COLUMN paid; PRAGMA user_version = 2;")
	}); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = opened(t, path)
	if e, err := x.Get(t.Context(), "r1"); err != nil || e.Reversal != pay.ReversalNone {
		t.Errorf("got %+v, %v", e, err)
	}
}

func TestAnIndexOfTheThirdVersionIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	x := opened(t, path)
	taken(t, x, "r1")
	if err := x.write(t.Context(), x.firm, func(tx *access) error {
		return tx.script(t.Context(), "ALTER TABLE refs DROP COLUMN paid; PRAGMA user_version = 3;")
	}); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = opened(t, path)
	if e, err := x.Get(t.Context(), "r1"); err != nil || e.Paid {
		t.Errorf("got %+v, %v", e, err)
	}
}

// A person said that a payout did not happen, and its provider says later that it did: the document stays paid, also after a restart.
func TestADocumentWhosePayoutWasMadeAfterAllIsPaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	x := opened(t, path)
	payout := func(ref pay.Ref) Entry {
		return Entry{Ref: ref, Module: "kvell", PosID: string(ref), Kind: pay.KindPayout, Amount: 100, Currency: pay.RUB, Digest: []byte(ref), Document: "D1", Begun: time.Now()}
	}
	take := func(ref pay.Ref) error {
		_, _, err := x.Take(t.Context(), payout(ref), "")
		return err
	}
	if err := take("r1"); err != nil {
		t.Fatal(err)
	}
	op := pay.Operation{Ref: "r1", Module: "kvell", PosID: "r1", Kind: pay.KindPayout, Amount: 100, Document: "D1", Outcome: pay.Cancelled}
	if err := x.Learn(t.Context(), "kvell", op); err != nil {
		t.Fatal(err)
	}
	if err := take("r2"); err != nil {
		t.Fatalf("what was not paid frees its document: %v", err)
	}
	if err := x.Drop(t.Context(), "r2"); err != nil {
		t.Fatal(err)
	}
	op.ApprovedAmount, op.Pending = 100, "contradiction"
	for _, op.Pending = range []string{"contradiction", ""} { // noticed or not
		if err := x.Learn(t.Context(), "kvell", op); err != nil {
			t.Fatal(err)
		}
		if err := take("r3"); pay.CodeOf(err) != pay.ErrState {
			t.Errorf("paid out again: %v", err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = opened(t, path)
	if err := take("r4"); pay.CodeOf(err) != pay.ErrState {
		t.Errorf("paid out again after a restart: %v", err)
	}
}

func TestWhatIsToldOfAnApprovedPaymentWhoseModuleIsAwayHasItsSumAndItsReversal(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	e := taken(t, x, "r1")
	op := pay.Operation{Ref: "r1", Module: e.Module, PosID: e.PosID, Kind: e.Kind, Amount: e.Amount, ApprovedAmount: e.Amount, Outcome: pay.Approved}
	tell := func(pending string, reversal pay.Reversal) pay.Operation {
		t.Helper()
		op.Pending, op.Reversal = pending, reversal
		if err := x.Learn(t.Context(), e.Module, op); err != nil {
			t.Fatal(err)
		}
		have, err := x.Get(t.Context(), "r1")
		if err != nil {
			t.Fatal(err)
		}
		return have.View()
	}
	if v := tell("unread", pay.ReversalNone); v.ApprovedAmount != e.Amount || v.Reversal != pay.ReversalNone {
		t.Errorf("approved: %+v", v)
	}
	if v := tell("reversing", pay.ReversalUnderWay); v.ApprovedAmount != e.Amount || v.Reversal != pay.ReversalUnderWay {
		t.Errorf("being given back: %+v", v)
	}
	if err := x.Quiet(t.Context(), e.Module, nil); err != nil { // nobody told of the end: the module names it no more
		t.Fatal(err)
	}
	have, err := x.Get(t.Context(), "r1")
	if err != nil || have.View().Reversal != pay.ReversalDone {
		t.Errorf("given back: %+v %v", have, err)
	}
	have.Kind = pay.KindBasket
	if v := have.View(); v.ApprovedAmount != 0 {
		t.Errorf("of a basket a part may be approved, and %s is told", v.ApprovedAmount)
	}
}
