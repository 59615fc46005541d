package audit

import (
	"slices"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func events(names ...string) (list []Event) {
	for i, name := range names {
		list = append(list, Event{Number: int64(i + 1), Name: name, Time: noon.Add(time.Duration(i) * time.Second)})
	}
	return list
}

// day is a day's books in which every rule holds: a payment, one that was given back in two parts, one declined, one that was
// cancelled too late and went back, and a payout.
func day() Books {
	op := func(n int64, ref pay.Ref, kind pay.Kind, amount pay.Amount, outcome pay.Outcome, names ...string) Operation {
		o := Operation{Module: "bank", Ref: ref, Key: key(n), Kind: kind, PosID: "4", Amount: amount, Currency: pay.RUB, Number: n, Shift: 1,
			Outcome: outcome, Final: true, Ack: pay.AckSeen, Begun: noon, Settled: noon.Add(time.Second), Events: events(names...)}
		if outcome == pay.Approved {
			o.Charged, o.Approved, o.BookedShift = true, amount, 1
		}
		return o
	}
	sale := op(1, "sale", pay.KindOffline, 1000, pay.Approved, "begun", "committing", "approved", "confirmed")
	sale.Ack = pay.AckConfirm
	first := op(2, "refund-1", pay.KindRefund, 400, pay.Approved, "begun", "committing", "approved")
	first.Original = "sale"
	second := op(3, "refund-2", pay.KindRefund, 600, pay.Approved, "begun", "committing", "told_unknown", "approved")
	second.Original, second.Told = "sale", true
	declined := op(4, "declined", pay.KindOnline, 500, pay.Declined, "begun", "shown", "declined")
	late := op(5, "late", pay.KindOnline, 700, pay.Cancelled, "begun", "shown", "cancel_asked", "abandoned", "late_approval", "reversed")
	late.Charged, late.Approved, late.BookedShift, late.Abandoned, late.Told, late.Reversal = true, 700, 1, true, true, pay.ReversalDone
	back := op(6, "late~1", pay.KindReversal, 700, pay.Approved, "begun", "committing", "approved")
	back.Original = "late"
	payout := op(7, "payout", pay.KindPayout, 300, pay.Approved, "begun", "preparing", "committing", "approved")
	payout.Document = "D1"
	closing := Operation{Module: "bank", Ref: "close-bank-1", Kind: pay.KindCloseDay, Shift: 1, Outcome: pay.Approved, Final: true,
		Begun: noon, Settled: noon, Events: events("begun", "committing", "approved")}
	return Books{
		Operations: []Operation{sale, first, second, declined, late, back, payout, closing},
		Movements: []Movement{
			{Key: key(1), Kind: Payment, Amount: 1000, Currency: pay.RUB},
			{Key: key(2), Of: key(1), Kind: Refund, Amount: 400, Currency: pay.RUB},
			{Key: key(3), Of: key(1), Kind: Refund, Amount: 600, Currency: pay.RUB},
			{Key: key(5), Kind: Payment, Amount: 700, Currency: pay.RUB},
			{Key: key(5), Of: key(5), Kind: Reversal, Amount: 700, Currency: pay.RUB}, // under the payment's key
			{Key: key(7), Kind: Payout, Amount: 300, Currency: pay.RUB},
		},
		Told: []Told{
			{Till: "4", Ref: "sale", Outcome: pay.Approved, Amount: 1000},
			{Till: "4", Ref: "declined", Outcome: pay.Declined},
			{Till: "4", Ref: "late", Outcome: pay.Unknown, OtherTender: true},
			{Till: "4", Ref: "late", Outcome: pay.Cancelled, Reversal: pay.ReversalDone},
			{Till: "4", Ref: "never", Outcome: pay.Cancelled},
		},
		Provider: true, Quiet: true,
	}
}

func key(n int64) string { return pay.Key{15: byte(n)}.String() }

func TestBooksInWhichEveryRuleHeldShowNothing(t *testing.T) {
	if found := Check(day()); len(found) > 0 {
		t.Fatal(found)
	}
	if found := Check(Books{}); len(found) > 0 {
		t.Fatal(found)
	}
}

// find is an operation of the books by its ref.
func (b *Books) find(ref pay.Ref) *Operation {
	i := slices.IndexFunc(b.Operations, func(op Operation) bool { return op.Ref == ref })
	return &b.Operations[i]
}

func ids(found []Violation) (list []string) {
	for _, v := range found {
		list = append(list, v.ID)
	}
	return list
}
