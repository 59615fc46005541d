package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

func TestClosingAShiftIsIdempotentAndLateMoneyCountsInTheOpenOne(t *testing.T) {
	j := fresh(t)
	if s, err := j.CurrentShift(t.Context()); err != nil || s.Number != 1 || !s.Opened.IsZero() {
		t.Errorf("before anything: %+v, %v", s, err)
	}
	if op := begin(t, j, operation(pay.KindCommand, "activate", 0)); op.Shift != 0 {
		t.Errorf("a command opened shift %d", op.Shift)
	}
	first := operation(pay.KindOffline, "in", 100)
	first.Shift = 41
	op := change(t, j, "approved", approved(begin(t, j, first)))
	late := begin(t, j, operation(pay.KindOffline, "late", 50))
	if op.BookedShift != 41 || late.Shift != 41 {
		t.Fatalf("shifts %d and %d, want 41", op.BookedShift, late.Shift)
	}
	closing := begin(t, j, operation(pay.KindCloseDay, pay.CloseRef("sendy", 41, 1), 0))
	closing.Outcome, closing.Final, closing.Open = pay.Approved, true, false
	c := journal.Change{Operation: closing, Event: journal.Event{Name: "approved"}, Close: &journal.Closing{Next: 43, Totals: json.RawMessage(`[1]`)}}
	if _, err := j.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	c.Event.Name, c.Close.Totals = "", json.RawMessage(`[2]`)
	if _, err := j.Append(t.Context(), c); err != nil {
		t.Errorf("closing again: %v", err)
	}
	s, err := j.Shift(t.Context(), 41)
	want := journal.Shift{Number: 41, Opened: noon, Closed: noon, ClosedBy: closing.Ref, Totals: json.RawMessage(`[1]`)}
	if diff := cmp.Diff(want, s); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if s, err := j.CurrentShift(t.Context()); err != nil || s.Number != 43 || !s.Opened.IsZero() {
		t.Errorf("after the close: %+v, %v", s, err)
	}
	_, err = j.Append(t.Context(), journal.Change{Operation: late, Close: &journal.Closing{Shift: 41}})
	refuses(t, err, pay.ErrShift, "close-sendy-41")
	if late = change(t, j, "approved", approved(late)); late.BookedShift != 43 || late.Shift != 41 {
		t.Errorf("late money is booked in shift %d, begun in %d", late.BookedShift, late.Shift)
	}
	other := begin(t, j, operation(pay.KindOffline, "other", 70))
	other.BookedShift = 41 // the provider says so
	if other = change(t, j, "approved", approved(other)); other.BookedShift != 41 {
		t.Errorf("booked in %d, the provider said 41", other.BookedShift)
	}
	list, err := j.Find(t.Context(), journal.Query{Shift: 43})
	if err != nil || len(list) != 1 || list[0].Ref != "late" {
		t.Errorf("in shift 43: %v, %v", list, err)
	}
	shifts, err := j.Shifts(t.Context(), 0)
	if err != nil || len(shifts) != 2 || shifts[0].Number != 43 {
		t.Errorf("%+v, %v", shifts, err)
	}
	_, err = j.Shift(t.Context(), 42)
	refuses(t, err, pay.ErrNotFound)
}

func TestFindSelectsByEachField(t *testing.T) {
	j := fresh(t)
	for i := range 6 {
		op := operation(pay.KindOffline, pay.Ref(fmt.Sprint("r", i)), 100)
		op.PosID, op.Receipt, op.Document = fmt.Sprint(i%2), fmt.Sprint("receipt", i), fmt.Sprint("doc", i)
		op.Begun = noon.Add(time.Duration(i) * time.Hour)
		op = begin(t, j, op)
		switch i {
		case 1:
			change(t, j, "approved", approved(op))
		case 2:
			op = declined(op)
			op.Ack = pay.AckSeen
			change(t, j, "declined", op)
		}
	}
	refund := operation(pay.KindRefund, "back", 10)
	refund.OriginalRef, refund.Begun = "r1", noon.Add(6*time.Hour)
	begin(t, j, refund)
	for name, c := range map[string]struct {
		query journal.Query
		want  string
	}{
		"all":      {journal.Query{}, "r0 r1 r2 r3 r4 r5 back"},
		"refs":     {journal.Query{Refs: []pay.Ref{"r3", "r1"}}, "r1 r3"},
		"no refs":  {journal.Query{Refs: []pay.Ref{}}, ""},
		"number":   {journal.Query{Number: 3}, "r2"},
		"pos":      {journal.Query{PosID: "0"}, "r0 r2 r4"},
		"receipt":  {journal.Query{Receipt: "receipt4"}, "r4"},
		"document": {journal.Query{Document: "doc5"}, "r5"},
		"original": {journal.Query{OriginalRef: "r1"}, "back"},
		"time":     {journal.Query{From: noon.Add(time.Hour), To: noon.Add(3 * time.Hour)}, "r1 r2"},
		"newest":   {journal.Query{From: noon, Newest: true, Limit: 2}, "back r5"},
		"last":     {journal.Query{Newest: true, Limit: 1}, "back"},
		"open":     {journal.Query{OpenOnly: true}, "r0 r3 r4 r5 back"},
		"pending":  {journal.Query{PendingOnly: true}, "r0 r1 r3 r4 r5 back"},
		"counted":  {journal.Query{CountedOnly: true}, "r1"},
		"shift":    {journal.Query{Shift: 2}, ""},
	} {
		list, err := j.Find(t.Context(), c.query)
		var refs []string
		for _, op := range list {
			refs = append(refs, string(op.Ref))
		}
		if got := strings.Join(refs, " "); got != c.want || err != nil {
			t.Errorf("%s: %q, want %q, %v", name, got, c.want, err)
		}
	}
}

func TestTheRequestLogGoesWithTheNextCommitOrByItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	op := begin(t, j, operation(pay.KindOffline, "r1", 100))
	e := journal.Exchange{Ref: "r1", Time: noon, Method: "POST pos/payment/offline", OK: true, Initiator: "Анна", Status: 200, Duration: 1500 * time.Microsecond}
	alone := journal.Exchange{Time: noon.Add(time.Second), Method: "GET pos/info", Error: "timeout"}
	j.Note(e)
	change(t, j, "approved", approved(op))
	j.Note(alone)
	_, story, err := j.Story(t.Context(), "r1")
	if diff := cmp.Diff([]journal.Exchange{e}, story); diff != "" || err != nil {
		t.Error(err, diff)
	}
	j.Note(journal.Exchange{Time: noon.Add(time.Hour), Method: "at close"})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	all, err := j.Exchanges(t.Context(), noon, noon.Add(time.Hour), 0)
	if diff := cmp.Diff([]journal.Exchange{e, alone}, all); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if all, err = j.Exchanges(t.Context(), time.Time{}, time.Time{}, 0); len(all) != 3 || err != nil {
		t.Errorf("%d rows, %v", len(all), err)
	}
}

func TestTheRequestLogInMemoryIsBoundedAndSaysWhatIsMissing(t *testing.T) {
	j := fresh(t)
	for range 5000 {
		j.Note(journal.Exchange{Method: "GET x"})
	}
	if err := j.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := j.Exchanges(t.Context(), time.Time{}, time.Time{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var missing int
	for _, e := range all {
		if e.Method != "GET x" {
			fmt.Sscanf(e.Error, "%d rows are missing", &missing)
		}
	}
	if len(all)-1+missing < 5000 || missing == 0 {
		t.Errorf("%d rows, and %d said to be missing", len(all), missing)
	}
}

func TestAttemptsAtActivationAreKept(t *testing.T) {
	j := fresh(t)
	want := []journal.Attempt{
		{Time: noon, TerminalID: "T1", Serial: "S", OK: true, Code: "OK", AttemptsLeft: -1, Initiator: "Анна"},
		{Time: noon, TerminalID: "T1", Serial: "S", Code: "WRONG_CODE", AttemptsLeft: 2},
	}
	for _, a := range []journal.Attempt{want[1], want[0]} {
		if err := j.Attempt(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	got, err := j.Attempts(t.Context(), 10)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestACancelledCallerWritesNothing(t *testing.T) {
	j := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := j.Begin(ctx, operation(pay.KindOffline, "r1", 1), journal.Event{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, err := j.Operation(t.Context(), "r1")
	refuses(t, err, pay.ErrNotFound)
}

func TestAClosedJournalRefuses(t *testing.T) {
	j := fresh(t)
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	_, _, err := j.Begin(t.Context(), operation(pay.KindOffline, "r1", 1), journal.Event{})
	refuses(t, err, pay.ErrJournal, "closed")
	_, err = j.Operation(t.Context(), "r1")
	refuses(t, err, pay.ErrJournal)
}
