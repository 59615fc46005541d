package driver

import (
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/socproc/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// reader is a driver that reads answers only.
func reader(t *testing.T) *Driver {
	t.Helper()
	c, err := text.Load(words)
	if err != nil {
		t.Fatal(err)
	}
	s := &Settings{Interval: 5 * time.Second}
	s.Language = "ru"
	return &Driver{settings: s, words: c}
}

func TestAReservationThatStandsDecidesNothing(t *testing.T) {
	d, op := reader(t), provider.Operation{Key: pay.Key{1}, Kind: pay.KindBasket}
	for _, asked := range []bool{false, true} {
		op.CancelAsked = asked
		r, err := d.verdict(op, ticket{Reservation: "R"}, wire.Operation{ID: op.Key.UUID(), Reservation: "R", Status: "reserved", Approved: 100})
		if err != nil || r.Verdict != provider.NotDone {
			t.Errorf("cancel asked %t: %v, %v", asked, r.Verdict, err)
		}
	}
	for status, want := range map[string]provider.Verdict{"CONFIRMED": provider.Approved, "Cancelled": provider.Cancelled, "expired": provider.Cancelled, "RETURNED": provider.Declined} {
		r, err := d.verdict(op, ticket{}, wire.Operation{Reservation: "R", Status: status, Approved: 100, Confirmed: 100})
		if err != nil || r.Verdict != want {
			t.Errorf("%s: %v, %v", status, r.Verdict, err)
		}
	}
	for _, o := range []wire.Operation{{Reservation: "R", Status: "DONE"}, {Reservation: "other", Status: "CONFIRMED", Confirmed: 100}} {
		if r, err := d.verdict(op, ticket{Reservation: "R"}, o); err == nil {
			t.Errorf("%+v decides: %v", o, r.Verdict)
		}
	}
}

func TestAReturnUnderAnotherKeyIsNotOurs(t *testing.T) {
	d, ours, other := reader(t), provider.Operation{Key: pay.Key{1}, Kind: pay.KindReversal, Amount: 100}, pay.Key{2}.UUID()
	gone := wire.Operation{Reservation: "R", Status: "RETURNED", Approved: 100, Confirmed: 100, Returned: 100, Undone: []wire.Undo{{ID: other, Kind: wire.Refund, Done: true}}}
	r, err := d.returned(ours, gone)
	if err != nil || r.Verdict != provider.Declined || r.Left == nil || *r.Left != 0 {
		t.Errorf("another's: %+v, %v", r, err)
	}
	gone.Undone[0].ID = ours.Key.UUID()
	if r, err := d.returned(ours, gone); err != nil || r.Verdict != provider.Approved || r.Amount != 100 {
		t.Errorf("ours: %+v, %v", r, err)
	}
	kept := wire.Operation{Reservation: "R", Status: "CONFIRMED", Approved: 100, Confirmed: 100}
	if r, err := d.returned(ours, kept); err != nil || r.Verdict != provider.NotDone {
		t.Errorf("not heard of: %+v, %v", r, err)
	}
	kept.Undone = []wire.Undo{{ID: ours.Key.UUID(), Kind: wire.Reversal}}
	if r, err := d.returned(ours, kept); err != nil || r.Verdict != provider.Declined || r.Left == nil || *r.Left != 100 {
		t.Errorf("refused: %+v, %v", r, err)
	}
	kept.Undone[0].Done = true
	if r, err := d.returned(ours, kept); err == nil {
		t.Errorf("a contradiction decides: %+v", r)
	}
	if r, err := d.returned(ours, wire.Operation{Status: "NEW"}); err == nil {
		t.Errorf("a status that is not known decides: %+v", r)
	}
}
