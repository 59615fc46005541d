package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// breaking are books that break each rule: what makes a day's books break it.
var breaking = map[string]func(b *Books){
	"ref_twice": func(b *Books) {
		again := *b.find("sale")
		again.Module, again.Key = "other", key(90)
		b.Operations = append(b.Operations, again)
	},
	"not_journaled":   func(b *Books) { b.Told = append(b.Told, Told{Ref: "lost", Outcome: pay.Declined}) },
	"not_indexed":     func(b *Books) { b.Index, b.Indexed = []Indexed{{Ref: "late", Module: "bank", Known: true}}, true },
	"index_alone":     func(b *Books) { b.Index = []Indexed{{Ref: "lost", Module: "bank", Known: true, Outcome: pay.Approved}} },
	"index_elsewhere": func(b *Books) { b.Index = []Indexed{{Ref: "sale", Module: "other", Known: true}} },
	"index_differs": func(b *Books) {
		b.Index = []Indexed{{Ref: "sale", Module: "bank", Known: true, Outcome: pay.Declined}}
	},
	"document_twice": func(b *Books) {
		again := *b.find("payout")
		again.Module, again.Ref, again.Key, again.Final, again.Outcome = "other", "payout-2", key(91), false, pay.Unknown
		b.Operations = append(b.Operations, again)
	},
	"no_document": func(b *Books) { b.find("payout").Document = "" },
	"moved_unknown": func(b *Books) {
		b.Movements = append(b.Movements, Movement{Key: key(77), Kind: Payment, Amount: 1, Currency: pay.RUB})
	},
	"moved_unwritten": func(b *Books) { b.find("sale").Events = events("begun", "preparing", "approved") },
	"returned_unasked": func(b *Books) {
		b.Movements[2].Amount, b.find("refund-2").Approved, b.find("refund-2").Amount = 600, 500, 500
	},
	"event_missing": func(b *Books) { b.find("sale").Events[2].Number = 4 },
	"told_unwritten": func(b *Books) {
		op := b.find("declined")
		op.Final, op.Outcome = false, pay.Unknown
	},
	"no_key":          func(b *Books) { b.find("declined").Key = pay.Key{}.String() },
	"key_twice":       func(b *Books) { b.find("declined").Key = key(1) },
	"moved_twice":     func(b *Books) { b.Movements = append(b.Movements, b.Movements[0]) },
	"key_moved_twice": func(b *Books) { b.Operations = b.Operations[1:]; b.Movements = append(b.Movements, b.Movements[0]) },
	"no_proof":        func(b *Books) { b.find("payout").Charged = false },
	"not_paid":        func(b *Books) { b.Movements = b.Movements[1:] },
	"charged_unmoved": func(b *Books) { b.Movements = slices.Delete(b.Movements, 3, 5) },
	"unknown_zero":    func(b *Books) { b.find("declined").Outcome = pay.Unknown },
	"two_ends":        func(b *Books) { b.find("declined").Events = events("begun", "shown", "declined", "approved") },
	"end_differs":     func(b *Books) { b.find("declined").Outcome = pay.Approved },
	"unsettled": func(b *Books) {
		op := b.find("declined")
		op.Final, op.Outcome, op.Events, b.Told = false, pay.Unknown, events("begun", "shown", "told_unknown"), nil
	},
	"told_changed": func(b *Books) { b.Told = append(b.Told, Told{Ref: "sale", Outcome: pay.Unknown}) },
	"told_differs": func(b *Books) { b.Told[1].Outcome = pay.Cancelled },
	"charged_away": func(b *Books) {
		b.Movements = append(b.Movements, Movement{Key: key(4), Kind: Payment, Amount: 500, Currency: pay.RUB})
	},
	"abandoned_approved":  func(b *Books) { b.find("sale").Abandoned = true },
	"abandoned_confirmed": func(b *Books) { b.find("late").Ack = pay.AckConfirm },
	"never_abandoned":     func(b *Books) { b.find("payout").Abandoned = true },
	"other_tender":        func(b *Books) { b.Told = append([]Told{{Ref: "sale", OtherTender: true}}, b.Told...) },
	"reversed_unasked":    func(b *Books) { b.find("sale").Reversal = pay.ReversalDone },
	"reversal_of_nothing": func(b *Books) { b.find("declined").Reversal = pay.ReversalUnderWay },
	"not_reversed":        func(b *Books) { b.find("late").Reversal = pay.ReversalNone },
	"reverse_lost":        func(b *Books) { b.find("sale").Ack = pay.AckReverse },
	"reversal_open":       func(b *Books) { b.find("late").Reversal = pay.ReversalUnderWay },
	"reversal_unpaid": func(b *Books) {
		b.Movements[4].Amount = 600
		b.find("late~1").ResolvedBy = ""
		b.find("late~1").Approved = 600
	},
	"reversal_short":        func(b *Books) { b.find("late~1").Approved = 600 },
	"returns_exceed":        func(b *Books) { b.find("refund-1").Approved = 500 },
	"moved_back_exceeds":    func(b *Books) { b.Movements[1].Amount = 500 },
	"returns_nothing":       func(b *Books) { b.find("refund-1").Original = "declined" },
	"no_number":             func(b *Books) { b.find("declined").Number = 0 },
	"number_twice":          func(b *Books) { b.find("declined").Number = 3 },
	"number_falls":          func(b *Books) { b.find("sale").Number = 100 },
	"provider_number_twice": func(b *Books) { b.find("sale").ProviderNumber, b.find("late").ProviderNumber = 17, 17 },
	"not_booked":            func(b *Books) { b.find("sale").BookedShift = 0 },
	"booked_unmoved":        func(b *Books) { b.find("declined").BookedShift = 1 },
	"closed_twice": func(b *Books) {
		again := *b.find("close-bank-1")
		again.Ref = "close-bank-1.2"
		b.Operations = append(b.Operations, again)
	},
	"totals":         func(b *Books) { b.Movements[0].Amount = 1001 },
	"no_amount":      func(b *Books) { b.find("declined").Amount = 0 },
	"other_sum":      func(b *Books) { b.find("sale").Approved = 999 },
	"moved_other":    func(b *Books) { b.Movements[5].Amount = 299 },
	"moved_currency": func(b *Books) { b.Movements[0].Currency = "USD" },
	"told_sum":       func(b *Books) { b.Told[0].Amount = 999 },
}

func TestEachRuleFindsTheBooksThatBreakIt(t *testing.T) {
	t.Parallel()
	for id, spoil := range breaking {
		b := day()
		spoil(&b)
		found := Check(b)
		i := slices.IndexFunc(found, func(v Violation) bool { return v.ID == id })
		if i < 0 {
			t.Errorf("%s: found %v", id, found)
			continue
		}
		v := found[i]
		if v.Rule != Rules()[id][0] || v.Text == "" || strings.ContainsAny(v.Text, "{}") {
			t.Errorf("%s: %+v", id, v)
		}
	}
	for id := range Rules() {
		if breaking[id] == nil {
			t.Errorf("no books break %s", id)
		}
	}
	if extra := len(breaking) - len(Rules()); extra > 0 {
		t.Errorf("rules are %v", slices.Sorted(maps.Keys(Rules())))
	}
}

// TestWhatTheDesignAllowsIsNoViolation: books that look odd, and in which every rule held.
func TestWhatTheDesignAllowsIsNoViolation(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *Books){
		"an operation runs, and its money has moved already": func(b *Books) {
			b.Quiet = false
			op := b.find("sale")
			op.Final, op.Outcome, op.Charged, op.Approved, op.BookedShift, op.Ack = false, pay.Unknown, false, 0, 0, pay.AckNone
			op.Events = events("begun", "committing", "told_unknown")
			b.Operations, b.Movements = b.Operations[:1], b.Movements[:1]
			b.Told = []Told{{Ref: "sale"}}
		},
		"a decline of which nobody has heard yet that it was paid": func(b *Books) {
			b.Quiet = false
			b.Movements = append(b.Movements, Movement{Key: key(4), Kind: Payment, Amount: 500, Currency: pay.RUB})
		},
		"a reversal under way": func(b *Books) {
			b.Quiet = false
			b.find("late").Reversal, b.find("late").Outcome, b.find("late").Final = pay.ReversalUnderWay, pay.Unknown, false
			op := b.find("late~1")
			op.Final, op.Outcome, op.Charged, op.Approved, op.BookedShift, op.Events = false, pay.Unknown, false, 0, 0, op.Events[:2]
			b.Told = b.Told[:3]
		},
		"a reversal that the provider counts under its own key": func(b *Books) { b.Movements[4].Key = key(6) },
		"a provider that knows operations by its own names only": func(b *Books) {
			for i := range b.Movements {
				own, of := b.Movements[i].Key, b.Movements[i].Of
				b.Movements[i].Key, b.Movements[i].Of = "bank-"+own, ""
				if of != "" && b.Movements[i].Kind == Reversal {
					b.Movements[i].Of = "bank-" + of
				}
			}
			for i := range b.Operations {
				b.Operations[i].ProviderIDs = []string{"bank-" + b.Operations[i].Key}
			}
		},
		"a refused reversal was repeated under a new key": func(b *Books) {
			op := b.find("late~1")
			second := *op
			second.Ref, second.Key, second.Number = "late~2", key(40), 40
			op.Outcome, op.Charged, op.Approved, op.BookedShift, op.Events = pay.Declined, false, 0, 0, events("begun", "committing", "declined")
			b.Operations = append(b.Operations, second)
		},
		"a part went back past the till, and the rest by a reversal": func(b *Books) {
			b.find("late").Elsewhere = 200
			op := b.find("late~1")
			op.Amount, op.Approved = 500, 500
			b.Movements[4].Amount = 500
			b.Movements = append(b.Movements, Movement{Key: "desk", Of: key(5), Kind: Refund, Amount: 200, Currency: pay.RUB})
		},
		"the cancel undid what was paid before anybody heard of it": func(b *Books) {
			op := b.find("declined")
			op.Outcome, op.Events = pay.Cancelled, events("begun", "shown", "cancel_asked", "cancelled")
			b.Told[1].Outcome = pay.Cancelled
			b.Movements = append(b.Movements, Movement{Key: key(4), Kind: Payment, Amount: 500, Currency: pay.RUB},
				Movement{Key: key(4), Of: key(4), Kind: Reversal, Amount: 500, Currency: pay.RUB})
		},
		"a person's word against the provider's books": func(b *Books) {
			op := b.find("declined")
			op.Outcome, op.Charged, op.Approved, op.BookedShift, op.ResolvedBy = pay.Approved, true, 500, 1, "Ivanova: statement"
			op.Events = events("begun", "shown", "told_unknown", "resolved", "proved")
			b.Told[1] = Told{Ref: "declined", Outcome: pay.Approved, Amount: 500, ResolvedBy: op.ResolvedBy}
		},
		"a person changed what was told": func(b *Books) {
			op := b.find("declined")
			op.ResolvedBy, op.Outcome, op.Events = "Ivanova", pay.Cancelled, events("begun", "shown", "told_unknown", "resolved")
			b.Told = append(b.Told, Told{Ref: "declined", Outcome: pay.Cancelled, ResolvedBy: "Ivanova"})
		},
		"unknown for ever, since nothing arrived and no horizon proves it": func(b *Books) {
			op := b.find("declined")
			op.Final, op.Outcome, op.Unprovable, op.Events, b.Told = false, pay.Unknown, true, events("begun", "shown", "told_unknown"), nil
		},
		"a basket that costs less than was asked": func(b *Books) {
			op := b.find("payout")
			op.Kind, op.Amount, op.Document = pay.KindBasket, 400, ""
			b.Movements[5].Kind = Payment
		},
		"another document's payout that was declined": func(b *Books) {
			again := *b.find("payout")
			again.Ref, again.Key, again.Number = "payout-2", key(91), 91
			again.Outcome, again.Charged, again.Approved, again.BookedShift, again.Events = pay.Declined, false, 0, 0, events("begun", "committing", "declined")
			b.Operations = append(b.Operations, again)
		},
		"the same numbers in another module": func(b *Books) {
			op := *b.find("declined")
			op.Module, op.Ref, op.Key = "other", "elsewhere", key(92)
			b.Operations = append(b.Operations, op)
		},
		"a registry of a later day": func(b *Books) {
			b.Movements, b.From = nil, noon.Add(time.Hour)
		},
		"the index knows a ref that was called off before it was journaled": func(b *Books) {
			b.Index, b.Indexed = []Indexed{{Ref: "sale", Module: "bank", Known: true, Outcome: pay.Approved}, {Ref: "void", Module: "bank", Outcome: pay.Cancelled}}, true
			b.Operations, b.Movements, b.Told = b.Operations[:1], b.Movements[:1], b.Told[:1]
		},
	} {
		b := day()
		change(&b)
		if found := Check(b); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

// TestTheBooksOfManyDaysHoldTogether: the same day again and again, under other names.
func TestTheBooksOfManyDaysHoldTogether(t *testing.T) {
	t.Parallel()
	if found := Check(many(200)); len(found) > 0 {
		t.Fatal(found[:min(len(found), 5)])
	}
}

func TestWhatWasCheckedIsCountedByParagraph(t *testing.T) {
	t.Parallel()
	b := day()
	b.find("sale").Approved = 999
	found := Check(b)
	list := Covered(b, found)
	Sort(found)
	sum := 0
	for i, c := range list {
		if c.Rule != fmt.Sprintf("3.%d", i+1) || c.Checked == 0 {
			t.Errorf("%+v", c)
		}
		sum += c.Found
	}
	if sum != len(found) || len(list) != 10 || list[9].Found == 0 || found[len(found)-1].Rule != "3.10" {
		t.Errorf("%+v of %v", list, found)
	}
	if list[2].Checked != 13 { // seven operations about money, six movements
		t.Errorf("%+v", list[2])
	}
}

// many are the books of many days.
func many(days int) Books {
	all := Books{Provider: true, Quiet: true}
	for n := range days {
		b := day()
		name := func(ref pay.Ref) pay.Ref {
			parent, again := ref.Parent()
			parent = pay.Ref(fmt.Sprintf("%s.%d", parent, n))
			if again > 0 {
				return parent.Reversal(again)
			}
			return parent
		}
		for i := range b.Operations {
			op := &b.Operations[i]
			op.Ref, op.Shift, op.Document = name(op.Ref), int64(n+1), op.Document+fmt.Sprint(n)
			if op.Original != "" {
				op.Original = name(op.Original)
			}
			if op.Number > 0 {
				op.Key, op.Number = fmt.Sprintf("%s-%d", op.Key, n), op.Number+int64(100*n)
			}
		}
		for i := range b.Movements {
			b.Movements[i].Key = fmt.Sprintf("%s-%d", b.Movements[i].Key, n)
			if b.Movements[i].Of != "" {
				b.Movements[i].Of = fmt.Sprintf("%s-%d", b.Movements[i].Of, n)
			}
		}
		for i := range b.Told {
			b.Told[i].Ref = name(b.Told[i].Ref)
		}
		all.Operations = append(all.Operations, b.Operations...)
		all.Movements = append(all.Movements, b.Movements...)
		all.Told = append(all.Told, b.Told...)
	}
	return all
}

func BenchmarkCheck(b *testing.B) {
	books := many(1000)
	for b.Loop() {
		Check(books)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(books.Operations)), "ns/operation")
}
