package sim

import (
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// charged is money that moves at the provider, for a payment or a payout.
func (w *World) charged(a *account) {
	x, r := &w.deals[a.d], &w.rows[a.d]
	x.moves++
	x.paid += a.amount
	w.moves(a.d, none, kindOf(x.kind), a.amount)
	if w.Trace != nil {
		w.trace("MONEY %v for %s", a.amount, w.name(a.d))
	}
	switch {
	case x.moves > 1:
		w.violate("3.3", "%s moved money twice", w.name(a.d))
	case !r.exists:
		w.violate("3.2", "%s moved money, and no journal knows it", w.name(a.d))
	case r.state.Phase == engine.Prepared:
		w.violate("3.2", "%s moved money before it was journaled that it may", w.name(a.d))
	}
}

// takeBack is money that the provider gives back under the payment's own key.
func (w *World) takeBack(a *account) {
	x := &w.deals[a.d]
	x.undone += a.amount
	w.moves(none, a.d, kindOf(pay.KindReversal), a.amount)
	if x.undone > x.paid {
		w.violate("3.7", "%s: more was taken back than was paid", w.name(a.d))
	}
}

// gaveBack is money that moves back for a refund or reversal.
func (w *World) gaveBack(d, payment int32, amount pay.Amount) {
	x, p := &w.deals[d], &w.deals[payment]
	x.moves++
	x.paid += amount
	p.back += amount
	w.moves(d, payment, kindOf(x.kind), amount)
	if w.Trace != nil {
		w.trace("MONEY back %v for %s", amount, w.name(d))
	}
	r := &w.rows[d]
	switch {
	case x.moves > 1:
		w.violate("3.3", "%s gave money back twice", w.name(d))
	case x.parent != payment:
		w.violate("3.11", "%s gave back money of %s", w.name(d), w.name(payment))
	case p.back+p.undone > p.paid:
		w.violate("3.7", "%s: %v was paid, %v went back", w.name(payment), p.paid, p.back+p.undone)
	case !r.exists:
		w.violate("3.2", "%s gave money back, and no journal knows it", w.name(d))
	case r.state.Phase == engine.Prepared:
		w.violate("3.2", "%s gave money back before it was journaled that it may", w.name(d))
	}
}

// checkPermit holds a money request against the journal: its id was journaled before (§3.3).
func (w *World) checkPermit(c *call, m *message) {
	r := &w.rows[c.d]
	switch {
	case !r.exists:
		w.violate("3.2", "%s: a money request leaves that no journal knows", w.name(c.d))
	case m.id > 0 && m.ask == askPerform && stateID(&r.state) != m.id:
		w.violate("3.3", "%s: an id leaves that was not journaled", w.name(c.d))
	case c.what == engine.CallCommit && r.state.Phase == engine.Prepared:
		w.violate("3.2", "%s: the request for the money leaves before it is journaled", w.name(c.d))
	case m.num > 0 && r.pnum != m.num:
		w.violate("3.8", "%s: a number leaves that was not journaled", w.name(c.d))
	}
}

// checkStep holds one step of the engine against the rules that need no history.
func (w *World) checkStep(o *op, e *engine.Event, after *engine.State, fx *engine.Effects) {
	before := &o.state
	switch {
	case before.Final() && before.Outcome != after.Outcome:
		w.violate("3.5", "%s was finally %v and becomes %v", w.name(o.d), before.Outcome, after.Outcome)
	case after.Phase < before.Phase:
		w.violate("4", "%s goes back to an earlier phase", w.name(o.d))
	case fx.Reverse && !after.Kind.Payment():
		w.violate("3.7", "%s is given back, and is no payment", w.name(o.d))
	case after.Outcome == pay.Approved && before.Outcome != pay.Approved && after.Kind.Money() && after.Resolved == nil && !w.moved(o.d, after):
		w.violate("3.4", "%s is approved, and the provider knows nothing of it", w.name(o.d))
	case e.What == engine.Replied && e.Reply.Verdict == provider.Unknown && !e.NotSent && after.Outcome == pay.Declined && before.Outcome != pay.Declined &&
		after.Kind.Money() && before.Phase == engine.Committed:
		w.violate("3.4", "%s is declined without a word of the provider", w.name(o.d))
	}
	if w.broken == nil && fx.Write == "" && changed(before, after) {
		w.violate("3.2", "%s changes by %s without a write", w.name(o.d), cellOf(e))
	}
}

// changed says whether a step decided anything that a crash must not forget.
func changed(a, b *engine.State) bool {
	return a.Phase != b.Phase || a.Tries != b.Tries && b.Able.Traits.Horizon > 0 || a.CancelAsked != b.CancelAsked || a.Abandoned != b.Abandoned || a.Told != b.Told ||
		a.Outcome != b.Outcome || a.Charged != b.Charged || a.Ack != b.Ack || a.Reversal != b.Reversal || a.Reversals != b.Reversals ||
		a.Contradiction != b.Contradiction || a.Resolved != b.Resolved
}

// moved says whether the provider has moved what the engine believes.
func (w *World) moved(d int32, s *engine.State) bool {
	x := &w.deals[d]
	if x.kind == pay.KindReversal && w.rows[x.parent].state.Resolved != nil {
		return true // of a sum that a person named
	}
	if x.kind == pay.KindReversal && x.paid == 0 { // an undo that an earlier reversal asked for may have come late
		p := &w.deals[x.parent]
		return p.back >= x.amount
	}
	return x.paid == s.Approved
}

// checkRow holds the journal against itself and the provider, after a write.
func (w *World) checkRow(d int32) {
	s := &w.rows[d].state
	x := &w.deals[d]
	if s.Charged && s.Resolved == nil && s.Kind.Money() && !w.moved(d, s) {
		w.violate("3.4", "%s is journaled as charged %v, the provider moved %v", w.name(d), s.Approved, x.paid)
	}
	if s.Charged && s.Final() && s.Outcome != pay.Approved && s.Reversal == pay.ReversalNone && s.Able.Reverses {
		w.violate("3.7", "%s is %v, charged, and nothing is given back", w.name(d), s.Outcome)
	}
	if x.parent != none {
		p := &w.rows[x.parent]
		if approved, underWay := w.returned(x.parent); approved+underWay > p.state.Approved && p.state.Resolved == nil && !w.spoken(x.parent) {
			w.violate("3.7", "%s: refunds and reversals of %v and %v exceed %v", w.name(x.parent), approved, underWay, p.state.Approved)
		}
	}
}

// spoken says that a person named the outcome of a refund or reversal of a payment, and may have been wrong.
func (w *World) spoken(payment int32) bool {
	for _, c := range w.rows[payment].children {
		if w.rows[c].state.Resolved != nil {
			return true
		}
	}
	return false
}

// checkNumber holds that a number of the provider is never used twice (§3.8).
func (w *World) checkNumber(d int32) {
	n := w.rows[d].pnum
	for i := range w.rows {
		if int32(i) != d && w.rows[i].exists && w.rows[i].pnum == n {
			w.violate("3.8", "%s and %s have the number %d", w.name(d), w.name(int32(i)), n)
		}
	}
}

// heard holds what a till is told against what it was told before.
func (w *World) heard(d int32, t told) {
	w.tells(d, t)
	x := &w.deals[d]
	k := &x.taker
	switch {
	case k.outcome.Final() && t.outcome != k.outcome:
		w.violate("3.5", "%s: the till was told %v, and is now told %v", w.name(d), k.outcome, t.outcome)
	case t.outcome == pay.Approved && !t.resolved && x.kind.Money() && x.paid != t.approved:
		w.violate("3.4", "%s: the till is told approved, the provider moved %v", w.name(d), x.paid)
	}
}

// checkBooks compares everything once all is quiet.
func (w *World) checkBooks() {
	var journal, ledger pay.Amount
	for i := range w.deals {
		d := int32(i)
		x, r := &w.deals[d], &w.rows[d]
		s := &r.state
		if !r.exists {
			if x.paid != 0 {
				w.violate("3.2", "%s moved money, and no journal knows it", w.name(d))
			}
			continue
		}
		if !x.kind.Money() {
			continue
		}
		if x.taker.outcome != s.Outcome && x.kind != pay.KindReversal {
			w.violate("3.5", "%s: the till was told %v in the end, the journal says %v", w.name(d), x.taker.outcome, s.Outcome)
		}
		if w.worded(s) || x.parent != none && w.worded(&w.rows[x.parent].state) || w.lost(d) {
			continue
		}
		sign := pay.Amount(1)
		if x.kind.Returns() || x.kind == pay.KindPayout {
			sign = -1
		}
		ledger += sign * (x.paid - x.undone)
		if s.Charged {
			journal += sign * s.Approved
		}
		w.checkBook(d)
		if w.broken != nil {
			return
		}
	}
	w.audit()
	if journal != ledger {
		w.violate("3.9", "the journal adds up to %v, the provider to %v", journal, ledger)
	}
}

// lost says that a person settled an operation of which no id is known by which the bank could tell the truth.
func (w *World) lost(d int32) bool {
	s := &w.rows[d].state
	return s.Resolved != nil && w.fam.ids && stateID(s) == 0
}

// worded says that a person named the sum of an operation, which may not be that of the provider.
func (w *World) worded(s *engine.State) bool { return s.Resolved != nil && s.Resolved.Charged }

func (w *World) checkBook(d int32) {
	x, s := &w.deals[d], &w.rows[d].state
	kept := x.paid - x.undone - x.back
	switch {
	case !s.Final():
		w.violate("3.5", "%s is Unknown in the end", w.name(d))
	case s.Outcome == pay.Approved && x.kind != pay.KindReversal && x.paid-x.undone != s.Approved:
		w.violate("3.4", "%s is approved for %v, the provider moved %v", w.name(d), s.Approved, x.paid-x.undone)
	case s.Outcome != pay.Approved && !x.kind.Payment() && x.paid != 0 && !s.Charged &&
		!(x.kind == pay.KindReversal && w.fam.reverses && s.Resolved != nil): // the next reversal counts it; charged: against a person's word, which is listed
		w.violate("3.4", "%s is %v, the provider moved %v", w.name(d), s.Outcome, x.paid)
	case w.lost(d):
	case s.Outcome != pay.Approved && x.kind.Payment() && kept != 0 && (s.Able.Reverses || s.Contradiction == ""):
		w.violate("3.7", "%s is %v, and the provider keeps %v of it", w.name(d), s.Outcome, kept)
	case s.Reversal == pay.ReversalDone && kept != 0:
		w.violate("3.7", "%s was given back, and the provider keeps %v of it", w.name(d), kept)
	}
}
