package sim

import (
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Bug is a mistake that can be planted into the models, to see that the rules notice it.
type Bug uint8

// The bugs.
const (
	NoBug                Bug = iota
	BugSendFirst             // a request leaves before the journal is written
	BugReversalForgotten     // reversals are not taken up after a restart
	BugTimeoutDeclines       // no word is taken for a decline
	BugRefundUnchecked       // refunds are not held against the payment
	BugRefUnchecked          // the host forwards other parameters under a ref
	BugLateDropped           // an approval after a decline is dropped
	BugCancelGranted         // a cancel is taken for granted
	BugCancelBlind           // a cancel of a reservation does not say that it is one, and undoes what was confirmed
	Bugs
)

// sabotage plants the bugs that lie in the engine's effects.
func (w *World) sabotage(before *engine.State, e *engine.Event, after *engine.State, fx *engine.Effects) {
	switch {
	case w.Bug == BugLateDropped && fx.Reverse && fx.Write == "late_approval":
		*after, *fx = *before, engine.Effects{}
	case w.Bug == BugCancelGranted && e.What == engine.CancelRequested && before.Phase == engine.Committed && before.Kind.Payment() && !after.Final():
		after.Outcome, after.Phase = pay.Cancelled, engine.Settled
		fx.Write, fx.Do = "cancelled", []engine.Effect{{Do: engine.TellOutcome}}
	}
}

// Parts that start again.
const (
	partModule uint8 = iota
	partHost
	partTill
	partLeaves // the module whose host is gone
)

func (w *World) restart(it item) {
	switch it.sub {
	case partModule:
		if it.b == w.mod.epoch && !w.mod.up && w.host.up {
			w.startModule()
		}
	case partHost:
		if it.b == w.host.epoch && !w.host.up {
			w.host.up = true
			if !w.mod.up {
				w.plan(w.between(5*milli, second), iRestart, partModule, 0, w.mod.epoch, 0)
			}
		}
	case partLeaves:
		if it.b == w.mod.epoch && w.mod.up && w.mod.hushed {
			w.stopModule()
			if w.host.up {
				w.plan(w.between(5*milli, second), iRestart, partModule, 0, w.mod.epoch, 0)
			}
		}
	case partTill:
		t := &w.tills[it.a]
		if it.b == t.epoch && !t.up {
			w.startTill(it.a)
		}
	}
}

// startTill takes up what the till's book says is not done with.
func (w *World) startTill(i int32) {
	t := &w.tills[i]
	t.up = true
	for d := range w.deals {
		if w.deals[d].till == i && w.deals[d].taker.refused && w.rows[d].exists {
			w.act(w.between(milli, 5*second), tillList, i, int32(d))
		}
		if x := &w.deals[d]; x.till == i && x.taker.booked && !x.taker.done {
			x.taker.stream = 0
			w.act(w.between(milli, 5*second), tillCheck, i, int32(d))
			if x.taker.outcome.Final() {
				w.act(w.between(milli, 5*second), tillAck, i, int32(d))
			}
		}
	}
	w.act(w.between(second, 10*second), tillNext, i, none)
}

func (w *World) crashTill(i int32) {
	w.fault(CrashTill)
	t := &w.tills[i]
	t.up = false
	t.epoch++
	for d := range w.deals {
		x := &w.deals[d]
		if x.till != i || !x.taker.booked {
			continue
		}
		x.taker.stream = 0
		if o := w.ops[d]; o != nil && o.watch.open {
			w.cut(o)
		}
	}
	w.plan(w.below(one(&w.chance, second, minute, 10*minute)), iRestart, partTill, i, t.epoch, 0)
}

// trouble is what happens now and then, and the end of it.
func (w *World) trouble() {
	if w.calm {
		return
	}
	quota, book := 0, 0
	for i := range w.tills {
		quota += w.tills[i].quota
		book += w.tills[i].book
	}
	if quota > 0 {
		w.sold = w.now
	}
	if quota == 0 && (book == 0 || w.now > w.sold+w.after) || w.now > faultsEnd {
		w.settleDown()
		return
	}
	w.plan(w.below(one(&w.chance, 20*second, 2*minute, 6*minute)), iTrouble, 0, 0, 0, 0)
	if w.permille(300) {
		w.personErrs()
	}
	switch w.below(13) {
	case 0, 1:
		w.crashModule(CrashModule)
	case 2:
		if w.host.up {
			w.crashHost()
		}
	case 3, 4:
		if i := int32(w.below(int64(len(w.tills)))); w.tills[i].up {
			w.crashTill(i)
		}
	case 5:
		w.fault(CrashProvider)
		w.srv.down = w.now + w.below(5*second)
	case 6:
		w.srv.down = w.now + w.below(one(&w.chance, 20*second, 5*minute, hour))
	case 7, 8:
		w.fault(ClockJump)
		w.mod.wall = one(&w.chance, int64(-1), 0, 1) * w.below(one(&w.chance, minute, 12*minute, mostOff))
	case 9:
		w.journal.full = w.now + w.below(one(&w.chance, 5*second, minute))
	case 10:
		if w.fam.shift {
			w.fault(ShiftElsewhere)
			w.srv.shift++
		}
	case 11:
		w.personErrs()
	case 12:
		w.givesElsewhere()
	}
}

// settleDown ends the faults: everything comes back, and from now on works.
func (w *World) settleDown() {
	w.calm, w.since = true, w.now
	if w.Trace != nil {
		w.trace("the faults stop")
	}
	w.srv.down, w.journal.full = 0, 0
	if w.mod.up && w.mod.hushed {
		w.stopModule()
	}
	if !w.host.up {
		w.host.up = true
	}
	if !w.mod.up {
		w.startModule()
	}
	for i := range w.tills {
		if !w.tills[i].up {
			w.startTill(int32(i))
		}
	}
	w.plan(personLook, iPerson, 0, 0, 0, 0)
}

// givesElsewhere gives back part of a payment by other hands than ours: the provider's staff, another till.
func (w *World) givesElsewhere() {
	if len(w.srv.accounts) == 0 || !w.fam.refunds {
		return
	}
	a := &w.srv.accounts[w.below(int64(len(w.srv.accounts)))]
	if a.status != paid || !a.kind.Payment() || a.back == a.amount {
		return
	}
	w.fault(GivenElsewhere)
	n := 1 + pay.Amount(w.below(int64(a.amount-a.back)))
	a.back += n
	w.deals[a.d].back += n
	w.books.elsewhere = true
	if w.Trace != nil {
		w.trace("MONEY back %v of %s, elsewhere", n, w.name(a.d))
	}
}

// personErrs is a person's word about an Unknown operation: what is true of it now, or that no money moved, which may be wrong.
func (w *World) personErrs() {
	if !w.mod.up || !w.host.up || len(w.mod.live) == 0 {
		return
	}
	o := w.ops[w.mod.live[w.below(int64(len(w.mod.live)))]]
	for _, d := range w.mod.live {
		if other := w.ops[d]; other.state.CanResolve() && (other.stalled || !o.state.CanResolve() || other.state.Phase == engine.Prepared) {
			o = other
		}
	}
	x := &w.deals[o.d]
	switch {
	case !o.state.CanResolve():
		return
	case x.paid-x.undone > 0 && w.permille(500) || !x.kind.Payment():
		w.post(o, engine.Event{What: engine.ResolveRequested, Charged: x.paid-x.undone > 0, By: "person"})
		return
	}
	if w.deals[o.d].paid > 0 {
		w.fault(PersonErrs)
	}
	w.post(o, engine.Event{What: engine.ResolveRequested, By: "person"})
}

// personLooks is a person who asks the provider by telephone after what stays Unknown, and the end of the run once all is quiet.
func (w *World) personLooks() {
	late := w.now > w.since+12*minute+int64(w.fam.traits.Horizon)*2
	for i := range w.rows {
		d := int32(i)
		r := &w.rows[d]
		if !r.exists || r.state.Final() || !late || w.mayMove(d) {
			continue
		}
		o := w.find(d)
		x := &w.deals[d]
		if o.state.CanResolve() && !o.stalled {
			w.post(o, engine.Event{What: engine.ResolveRequested, Charged: x.paid-x.undone > 0, By: "person"})
		} else {
			w.retire(o)
		}
	}
	waiting := w.restless()
	switch {
	case waiting == "" && w.now > w.since+25*minute:
		w.journal.done = true
		w.checkBooks()
		w.plan(0, iEnd, 0, 0, 0, 0)
	case w.now > w.since+settledBy:
		w.violate("liveness", "%v after the faults stopped: %s", time.Duration(w.now-w.since), waiting)
	default:
		w.plan(personLook, iPerson, 0, 0, 0, 0)
	}
}

// mayMove says whether money may still move for an operation by what the provider has.
func (w *World) mayMove(d int32) bool {
	for i := range w.srv.accounts {
		a := &w.srv.accounts[i]
		if a.d == d && (a.status == waiting || a.status == busy || a.status == draft && !w.fam.ids || a.status == wantsCode) {
			return true
		}
	}
	return false
}

// restless names what is not settled yet.
func (w *World) restless() string {
	for i := range w.rows {
		d := int32(i)
		r, x := &w.rows[d], &w.deals[d]
		s := &r.state
		switch {
		case x.taker.booked && !x.taker.done && !(x.taker.outcome.Final() && x.taker.reversal != pay.ReversalUnderWay):
			return w.name(d) + " is not done with at the till: " + x.taker.outcome.String()
		case !r.exists:
		case !s.Final():
			return w.name(d) + " is Unknown"
		case s.Reversal == pay.ReversalUnderWay:
			return w.name(d) + " is being given back"
		case s.Phase != engine.Settled && s.Resolved == nil:
			return w.name(d) + " is inquired after"
		case !s.LookAt.IsZero():
			return w.name(d) + " waits for its late look"
		}
	}
	return ""
}

func (w *World) traceStep(o *op, e *engine.Event, after *engine.State, fx *engine.Effects) {
	call := ""
	if e.What == engine.Replied {
		call = " to " + e.Call.String()
		if e.NotSent {
			call += ", not sent"
		}
	}
	w.trace("%s: %s%s, phase %d -> %d, outcome %v, writes %q, effects %d", w.name(o.d), cellOf(e), call, o.state.Phase, after.Phase, after.Outcome, fx.Write, len(fx.Do))
}

// shiftClosed is the provider's word about a close of day.
func (w *World) shiftClosed(c *call, r *response) {
	w.reply(c, provider.Reply{Verdict: provider.Approved, Currency: pay.RUB})
}
