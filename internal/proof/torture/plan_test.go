//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/payrack/payrack/internal/proof/torture/book"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

func TestEachBoundaryHasAnOwnNameAndRecipesThatThereAre(t *testing.T) {
	all := boundaries()
	known := recipes()
	names := map[string]bool{}
	for _, b := range all {
		if names[b.String()] {
			t.Errorf("%s is enumerated twice", b)
		}
		names[b.String()] = true
		for _, r := range b.recipes {
			if known[r] == nil {
				t.Errorf("%s is reached by %q, which is no recipe", b, r)
			}
		}
		if len(b.recipes) == 0 {
			t.Errorf("nothing leads to %s", b)
		}
	}
	for name := range journaled() {
		if !names["module: write "+name] || !names["module: written "+name] {
			t.Errorf("only one side of the write %s is enumerated", name)
		}
	}
}

func TestTheSameSeedAndCycleMakeTheSamePlan(t *testing.T) {
	for cycle := range 300 {
		draw := func(seed uint64) plan {
			c := &chance{Rand: rand.New(rand.NewPCG(seed, uint64(cycle))), world: "w", cycle: cycle, paid: []payment{{"p", "4", 500}}}
			var at *boundary
			if cycle%2 == 0 {
				all := boundaries()
				at = &all[cycle%len(all)]
			}
			return c.draw(at)
		}
		if !reflect.DeepEqual(draw(1), draw(1)) {
			t.Fatalf("cycle %d is another one each time", cycle)
		}
	}
}

func TestEachPlanNamesEachOperationAndCodeOnce(t *testing.T) {
	ids, codes := map[string]bool{}, map[string]bool{}
	for cycle := range 500 {
		c := &chance{Rand: rand.New(rand.NewPCG(3, uint64(cycle))), world: "w", cycle: cycle}
		for _, o := range c.draw(nil).Orders {
			code := codeOf(o)
			if ids[o.ID] || code != "" && codes[code] || code != "" && len(code) != 22 {
				t.Fatalf("%s %s", o.ID, code)
			}
			ids[o.ID], codes[code] = true, true
		}
	}
}

func TestBoundariesTakeTurnsAndThoseThatWereMissedComeAgain(t *testing.T) {
	tally := newTally(flags{seed: 1})
	all := boundaries()
	seen := map[string]bool{}
	for range all {
		b := tally.turn()
		if seen[b.String()] {
			t.Fatalf("%s comes twice before others came once", b)
		}
		seen[b.String()] = true
		if b.String() != all[7].String() {
			tally.struck(*b)
		}
	}
	if b := tally.turn(); b.String() != all[7].String() {
		t.Fatalf("after the first round comes %s, not the one that was missed", b)
	}
	if r := tally.result(); r.PointsCovered != len(all)-1 || !slices.Equal(r.PointsMissing, []string{all[7].String()}) {
		t.Fatalf("%d covered, missing %v", r.PointsCovered, r.PointsMissing)
	}
}

// told is an order of which the till was told something, and is done with.
func told(id string, kind pay.Kind, op pay.Operation) *ledger {
	l := newLedger()
	op.Kind, op.ProviderNumber = kind, 7
	l.take(book.Line{ID: id, Order: &book.Order{ID: id, Kind: kind}})
	l.take(book.Line{ID: id, Told: &op})
	away := op // its module has died, and the host tells what it knows
	away.ProviderNumber = 0
	l.take(book.Line{ID: id, Told: &away})
	l.take(book.Line{ID: id, Done: true})
	return l
}

func TestWhatATillWasToldIsHeldAgainstWhatMoved(t *testing.T) {
	paid := sandbox.Entry{Kind: sandbox.EntryPayment, Key: "k", Transaction: "10240007/7", Amount: 100}
	again := sandbox.Entry{Kind: sandbox.EntryPayment, Key: "k2", Transaction: "10240007/7", Amount: 100}
	back := sandbox.Entry{Kind: sandbox.EntryReversal, Key: "k", Of: "k", Transaction: "10240007/7", Amount: 100}
	refunded := sandbox.Entry{Kind: sandbox.EntryRefund, Key: "r", Of: "k", Transaction: "10240007/7", Amount: 60}
	approved := pay.Operation{Outcome: pay.Approved, ApprovedAmount: 100}
	returned := pay.Operation{Outcome: pay.Approved, ApprovedAmount: 100, Reversal: pay.ReversalDone}
	for _, c := range []struct {
		name  string
		told  *ledger
		moved []sandbox.Entry
		wrong string // "" : nothing is
	}{
		{"approved and paid", told("a", pay.KindOffline, approved), []sandbox.Entry{paid}, ""},
		{"approved, and nothing moved", told("a", pay.KindOffline, approved), nil, "moved 0.00"},
		{"approved, and paid twice", told("a", pay.KindOffline, approved), []sandbox.Entry{paid, again}, "2 times"},
		{"given back", told("a", pay.KindOffline, returned), []sandbox.Entry{paid, back}, ""},
		{"told to be given back", told("a", pay.KindOffline, returned), []sandbox.Entry{paid}, "still there"},
		{"declined", told("a", pay.KindOnline, pay.Operation{Outcome: pay.Declined}), nil, ""},
		{"declined, and paid", told("a", pay.KindOnline, pay.Operation{Outcome: pay.Declined}), []sandbox.Entry{paid}, "were taken"},
		{"cancelled, paid and given back", told("a", pay.KindOnline, pay.Operation{Outcome: pay.Cancelled}), []sandbox.Entry{paid, back}, ""},
		{"a refund", told("a", pay.KindRefund, pay.Operation{Outcome: pay.Approved, ApprovedAmount: 60}), []sandbox.Entry{refunded}, ""},
		{"a refund of another sum", told("a", pay.KindRefund, pay.Operation{Outcome: pay.Approved, ApprovedAmount: 50}), []sandbox.Entry{refunded}, "moved 0.60"},
		{"a refund that was refused", told("a", pay.KindRefund, pay.Operation{Outcome: pay.Declined}), []sandbox.Entry{refunded}, "given back"},
		{"done, and nobody knows", told("a", pay.KindOffline, pay.Operation{}), nil, "without an outcome"},
	} {
		wrong := c.told.against(c.moved)
		if c.wrong == "" && len(wrong) > 0 || c.wrong != "" && !strings.Contains(fmt.Sprint(wrong), c.wrong) {
			t.Errorf("%s: %q, wanted %q", c.name, wrong, c.wrong)
		}
	}
}

func TestAModuleThatShipsIsNotKilledUntilItsHostLeavesItAlone(t *testing.T) {
	w := &world{shipped: "home"}
	alone := 0
	for range 20 {
		if slices.Contains(w.spare([]string{"module"}), "host") {
			alone = 0
		} else if alone++; alone >= 4 {
			t.Fatal("the fifth death in a host's life would end in quarantine")
		}
	}
	if who := (&world{}).spare([]string{"module"}); len(who) != 1 {
		t.Fatalf("%v die where the host is restless", who)
	}
}

func TestACycleIsCountedOnceAndNoMoreAreTakenThanAskedFor(t *testing.T) {
	tally := newTally(flags{cycles: 3})
	n := 0
	for tally.next() {
		n++
		tally.cycle()
	}
	if r := tally.result(); n != 3 || !tally.full() || r.Cycles != 3 {
		t.Fatalf("%d cycles, %+v", n, r)
	}
}
