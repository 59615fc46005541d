package sim

import (
	"github.com/payrack/payrack/sdk/pay"
)

// till is a cashier program with its cashier. Its book outlives it.
type till struct {
	up    bool
	epoch int32
	now   int32 // the operation on the screen
	quota int
	book  int // how many operations are not done with
}

// taker is what a till knows of an operation: what it wrote into its book, and what it heard.
type taker struct {
	booked    bool
	done      bool
	began     bool // the host or module said so
	refused   bool // no operation was made
	cancelled bool
	left      bool
	variant   uint8
	begins    uint8 // number of the last request to begin

	outcome  pay.Outcome
	unknown  bool
	reversal pay.Reversal
	last     int64 // number of the last event
	wish     rpc   // how it is acknowledged; 0: not decided
	acked    bool

	asked    uint8 // number of the last request to watch
	prompt   int64 // number of the question that waits; 0: none
	stream   uint32
	streamed int32 // epoch of the module

	indexed bool // in the host's index
	digest  uint8
	digests uint8 // the parameters under which a begin was accepted
}

// What a till does.
const (
	tillNext uint8 = iota
	tillCheck
	tillCancel
	tillRepeat
	tillLeave
	tillAck
	tillMisuse
	tillErr
	tillList
)

func (w *World) act(after int64, what uint8, i int32, d int32) {
	w.plan(after, iTill, what, i, w.tills[i].epoch, int64(d))
}

func (w *World) tillActs(it item) {
	t := &w.tills[it.a]
	if !t.up || t.epoch != it.b {
		return
	}
	d := int32(it.c)
	if it.sub == tillNext {
		w.nextSale(it.a)
		return
	}
	if it.sub == tillList {
		w.lists(d)
		return
	}
	k := &w.deals[d].taker
	if k.done {
		return
	}
	switch it.sub {
	case tillCheck:
		w.tillChecks(d)
	case tillCancel:
		w.fault(CashierCancels)
		k.cancelled = true
		w.request(rpcCancel, d, 0)
	case tillRepeat:
		w.fault(CashierRepeats)
		w.beginIt(d, k.variant)
	case tillMisuse:
		w.fault(CashierReusesRef)
		w.beginIt(d, k.variant^1)
	case tillErr:
		w.fault(CashierErrs)
		w.request(one(&w.chance, rpcSeen, rpcConfirm, rpcReverse, rpcAnswer, rpcCancel, rpcResolve), d, 0)
	case tillLeave:
		w.fault(CashierLeaves)
		k.left = true
		k.stream = 0
		w.request(rpcLeave, d, int64(k.asked))
		k.asked++
		w.act(w.between(second, 3*minute), tillCheck, it.a, d)
	case tillAck:
		w.acknowledges(d)
	}
}

// lists is the list of pending operations, which the host pushes to a till and shows it at its start. An operation that the till took for
// refused is in it where an earlier request to begin it, late on its way or doubled, came behind the refusal and was no longer refused.
func (w *World) lists(d int32) {
	x := &w.deals[d]
	k := &x.taker
	switch {
	case !k.refused:
	case !w.host.up || !w.mod.up || w.unlucky(w.odds.till):
		w.act(w.between(second, 20*second), tillList, x.till, d)
	default:
		k.refused, k.done, k.began = false, false, true
		w.tills[x.till].book++
		if w.Trace != nil {
			w.trace("till %d finds %s in the list of pending operations", x.till, w.name(d))
		}
		w.tillChecks(d)
	}
}

// nextSale begins what the cashier does next.
func (w *World) nextSale(i int32) {
	t := &w.tills[i]
	if t.now != none && !w.deals[t.now].taker.done && w.deals[t.now].taker.outcome == pay.Unknown && !w.deals[t.now].taker.unknown {
		w.act(w.between(second, 30*second), tillNext, i, none)
		return
	}
	t.now = none
	if t.quota == 0 || w.calm {
		return
	}
	t.quota--
	d := w.sale(i)
	k := &w.deals[d].taker
	k.booked = true
	t.now = d
	t.book++
	if w.deals[d].kind.Money() {
		w.Stats.Payments++
	}
	if w.Trace != nil {
		w.trace("till %d begins %s: %s %v", i, w.name(d), w.deals[d].kind, w.deals[d].amount)
	}
	w.beginIt(d, 0)
	w.act(w.between(2*second, 20*second), tillCheck, i, d)
	w.whims(i, d)
}

// whims are what the cashier does beside what is asked of her.
func (w *World) whims(i, d int32) {
	for _, whim := range [...]struct {
		what uint8
		odds int64
		till int64
	}{{tillCancel, w.odds.cashier, 90 * second}, {tillCancel, w.odds.cashier / 3, 500 * second}, {tillRepeat, w.odds.cashier / 2, 30 * second},
		{tillLeave, w.odds.cashier / 2, 40 * second}, {tillMisuse, w.odds.cashier / 3, 30 * second}, {tillErr, w.odds.cashier / 2, 60 * second},
		{tillErr, w.odds.cashier / 2, 400 * second}} {
		if w.unlucky(whim.odds) {
			w.act(w.below(w.between(milli, whim.till)), whim.what, i, d)
		}
	}
}

// sale makes the operation that comes next.
func (w *World) sale(i int32) int32 {
	n := w.below(100)
	switch {
	case n < 15 && w.fam.refunds && len(w.refundOf) > 0:
		p := w.refundOf[w.below(int64(len(w.refundOf)))]
		left := w.deals[p].amount
		amount := one(&w.chance, left, 1+pay.Amount(w.below(int64(left))))
		return w.newDeal(pay.KindRefund, amount, i, p)
	case n < 18 && w.fam.shift:
		return w.newDeal(pay.KindCloseDay, 0, i, none)
	case n < 22:
		return w.newDeal(pay.KindTest, 0, i, none)
	}
	kind := w.fam.kinds[w.below(int64(len(w.fam.kinds)))]
	d := w.newDeal(kind, pay.Amount(w.between(1, 99999)), i, none)
	if kind == pay.KindPayout {
		w.deals[d].document = int32(w.below(6))
	}
	return d
}

// tillChecks is the till looking after an operation in its book: begin again what was not heard of, watch what is not watched.
func (w *World) tillChecks(d int32) {
	x := &w.deals[d]
	k := &x.taker
	switch {
	case !k.began:
		w.beginIt(d, k.variant)
	case k.stream == 0 || k.streamed != w.mod.epoch || !w.mod.up:
		w.watchIt(d)
	case k.prompt != 0:
		w.request(rpcAnswer, d, k.prompt<<1|1)
	case k.outcome.Final() && !k.acked:
		w.acknowledges(d)
	}
	w.act(w.between(5*second, 40*second), tillCheck, x.till, d)
}

// beginIt asks for an operation to begin; the answer to the last such request counts as a refusal, and no other.
func (w *World) beginIt(d int32, variant uint8) {
	k := &w.deals[d].taker
	k.begins++
	w.request(rpcBegin, d, int64(k.begins)<<1|int64(variant))
}

// watchIt asks for the events after the last that was heard.
func (w *World) watchIt(d int32) {
	k := &w.deals[d].taker
	k.asked++
	k.streamed = w.mod.epoch
	k.stream = 0 // what is still on its way in an earlier stream is not read any more
	w.request(rpcWatch, d, k.last<<8|int64(k.asked))
}

// tillHears is the answer to a till's request.
func (w *World) tillHears(it item) {
	d, r, answer := it.a, rpc(it.sub), code(it.b)
	arg, epoch := unpacked(it.c)
	begins := uint8(arg >> 1)
	if r == rpcBegin {
		arg &= 1
	}
	if w.epochOf(d) != epoch || !w.tills[w.deals[d].till].up {
		return
	}
	x := &w.deals[d]
	k := &x.taker
	if w.Trace != nil {
		w.trace("till hears %s %s: %v", rpcNames[r], w.name(d), answer)
	}
	switch {
	case r == rpcBegin && answer == codeOK && k.digests|1<<arg == 3:
		w.violate("3.1", "%s began with two sets of parameters", w.name(d))
	case r == rpcBegin && answer == codeOK:
		k.digests |= 1 << arg
		k.variant = uint8(arg)
		if !k.began || k.stream == 0 {
			w.watchIt(d)
		}
		k.began = true
	case r == rpcBegin && answer == codeState && !k.began && begins == k.begins:
		k.refused = true
		w.finished(d)
	case r == rpcBegin && answer == codeReused && !k.began && uint8(arg) == k.variant: // the misuse came first: then its parameters are those of the ref
		k.variant ^= 1
	case (r == rpcSeen || r == rpcConfirm || r == rpcReverse) && r == k.wish:
		switch answer {
		case codeOK:
			k.acked = true
		case codeState:
			k.wish = rpcSeen // somebody else was first
			k.acked = k.outcome.Final()
		}
		w.settled(d)
	}
}

// streamArrives is an event at the till.
func (w *World) streamArrives(it item) {
	n := w.notes[it.a]
	w.freeNote = append(w.freeNote, it.a)
	x := &w.deals[n.d]
	k := &x.taker
	if k.stream != n.token || w.epochOf(n.d) != n.epoch || !w.tills[x.till].up {
		return
	}
	if n.number <= k.last {
		return
	}
	k.last = n.number
	if w.Trace != nil {
		w.trace("till hears of %s: event %d, outcome %v, reversal %d", w.name(n.d), n.kind, n.outcome, n.reversal)
	}
	switch n.kind {
	case pay.EvOutcome:
		w.hears(n.d, n.told)
	case pay.EvQRShow:
		if n.account != none {
			w.customer(n.account)
		}
	case pay.EvPromptGone:
		k.prompt = 0
	case pay.EvConfirm, pay.EvChoice, pay.EvInput, pay.EvPrint:
		k.prompt = n.number
		switch {
		case w.unlucky(200):
			w.fault(CashierSilent)
		case w.unlucky(200):
			w.fault(CashierErrs)
			w.request(rpcAnswer, n.d, n.number<<1)
		default:
			w.request(rpcAnswer, n.d, n.number<<1|1)
		}
	}
}

// hears is an outcome, or Unknown, told to the till.
func (w *World) hears(d int32, t told) {
	w.heard(d, t)
	x := &w.deals[d]
	k := &x.taker
	news := t.outcome != k.outcome || !k.unknown
	k.outcome, k.reversal, k.unknown = t.outcome, t.reversal, true
	if !news {
		w.settled(d)
		return
	}
	if w.tills[x.till].now == d {
		w.act(w.between(second, 20*second), tillNext, x.till, none)
	}
	switch {
	case t.outcome.Final():
		w.act(w.between(100*milli, 5*second), tillAck, x.till, d)
	case w.unlucky(w.odds.cashier):
		w.fault(CashierReverses)
		w.request(rpcReverse, d, 0)
	}
}

// acknowledges takes a final outcome: confirm, reverse, or only seen.
func (w *World) acknowledges(d int32) {
	x := &w.deals[d]
	k := &x.taker
	if k.wish == 0 {
		k.wish = rpcSeen
		if k.outcome == pay.Approved && x.kind.Payment() {
			k.wish = rpcConfirm
			if w.unlucky(w.odds.cashier) {
				w.fault(CashierReverses)
				k.wish = rpcReverse
			}
		}
	}
	w.request(k.wish, d, 0)
}

// settled crosses an operation out of the till's book once nothing is left to do.
func (w *World) settled(d int32) {
	x := &w.deals[d]
	k := &x.taker
	if !k.done && k.acked && k.outcome.Final() && k.reversal != pay.ReversalUnderWay && !(k.wish == rpcReverse && k.reversal != pay.ReversalDone) {
		if k.outcome == pay.Approved && k.wish == rpcConfirm {
			w.refundOf = append(w.refundOf, d)
		}
		w.finished(d)
	}
}

func (w *World) finished(d int32) {
	x := &w.deals[d]
	if x.taker.done {
		return
	}
	x.taker.done = true
	t := &w.tills[x.till]
	t.book--
	if t.now == d {
		w.act(w.between(second, 20*second), tillNext, x.till, none)
	}
}
