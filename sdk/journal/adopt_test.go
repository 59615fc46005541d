package journal_test

import (
	"path/filepath"
	"testing"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

func adopt(t *testing.T, j *journal.Journal, op journal.Operation, shift int64) journal.Operation {
	t.Helper()
	op, err := j.Append(t.Context(), journal.Change{Operation: op, Event: journal.Event{Name: "counted"}, OpenShift: shift})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestAShiftThatTheProviderHasClosedIsClosedElsewhereAndTheOperationMovesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	// The first operation of all: the shift that it opened takes the provider's number.
	first := adopt(t, j, begin(t, j, operation(pay.KindOffline, "first", 100)), 41)
	first = change(t, j, "approved", approved(first))
	// Closed elsewhere meanwhile: the next operation carries the new number, and what was booked stays.
	second := adopt(t, j, begin(t, j, operation(pay.KindOffline, "second", 50)), 43)
	if first.BookedShift != 41 || second.Shift != 43 {
		t.Errorf("shifts %d and %d, want 41 and 43", first.BookedShift, second.Shift)
	}
	// A crash before any money: the journal opens, and the operation is where it was.
	j.Close()
	j = open(t, path)
	if second, err := j.Operation(t.Context(), "second"); err != nil || second.Shift != 43 {
		t.Errorf("shift %d, %v", second.Shift, err)
	}
	if second = change(t, j, "approved", approved(second)); second.BookedShift != 43 || second.Shift != 43 {
		t.Errorf("booked in %d, begun in %d", second.BookedShift, second.Shift)
	}
	if s, err := j.Shift(t.Context(), 41); err != nil || !s.Elsewhere || s.Closed.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
	// A provider that still counts in an older shift changes nothing.
	if third := adopt(t, j, begin(t, j, operation(pay.KindOffline, "third", 50)), 42); third.Shift != 43 {
		t.Errorf("shift %d", third.Shift)
	}
	if err := j.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMoneyFromAnEarlierShiftIsListedWithTheNumbersOfASelection(t *testing.T) {
	j := fresh(t)
	late := begin(t, j, operation(pay.KindOffline, "late", 100))
	closing := declined(begin(t, j, operation(pay.KindCloseDay, "close", 0)))
	closing.Outcome = pay.Approved
	if _, err := j.Append(t.Context(), journal.Change{Operation: closing, Close: &journal.Closing{}}); err != nil {
		t.Fatal(err)
	}
	paid(t, j, "own", 100)
	change(t, j, "approved", approved(late))
	list, err := j.Late(t.Context(), 2)
	if err != nil || len(list) != 1 || list[0].Ref != "late" || list[0].Shift != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if first, last, err := j.NumberRange(t.Context(), journal.Query{Shift: 2}); first != 1 || last != 2 || err != nil {
		t.Errorf("%d to %d, %v", first, last, err)
	}
}
