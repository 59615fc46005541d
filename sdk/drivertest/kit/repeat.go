package kit

import (
	"slices"
	"sync"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// times is how often a call that changes something is repeated.
const times = 10

// repeats are the cases in which a till says the same again and again.
func repeats() []play {
	list := []play{
		{name: "repeat/other-parameters", needs: needs{pays: true}, run: repeatOtherwise},
		{name: "repeat/confirm", needs: needs{pays: true}, run: func(w *world) { w.acknowledgeAgain(pay.AckConfirm, pay.AckReverse) }},
		{name: "repeat/reverse", needs: needs{able: []string{"reverse"}}, run: func(w *world) {
			ref := w.acknowledgeAgain(pay.AckReverse, pay.AckConfirm)
			w.goneBack(ref)
			if op := w.operation(ref); op.Outcome != pay.Approved {
				w.fail("the outcome of a payment that went back is %s now", op.Outcome)
			}
		}},
		{name: "repeat/cancel", needs: needs{kinds: []pay.Kind{pay.KindOnline}, able: []string{"cancel"}}, run: func(w *world) {
			f := w.beginWith(w.request(pay.KindOnline, w.ref(), w.amount(), w.params(pay.KindOnline, "")), leaves)
			bill := f.shown()
			for range times {
				if err := w.service().Cancel(w.ctx, f.r.Ref, "", "kit"); err != nil && pay.CodeOf(err) != pay.ErrState {
					w.fail("cancel: %v", err)
				}
			}
			w.wantCancelled(f, bill)
		}},
		{name: "repeat/cancel-of-paid", needs: needs{pays: true}, run: func(w *world) {
			payment := w.paid()
			for range times {
				if err := w.service().Cancel(w.ctx, payment.Ref, "", "kit"); pay.CodeOf(err) != pay.ErrState {
					w.fail("the cancel of a paid payment: %v", err)
				}
			}
			w.keeps(payment.Ref)
		}},
		{name: "repeat/refund", needs: needs{kinds: []pay.Kind{pay.KindRefund}, able: []string{"refund"}}, run: func(w *world) {
			payment := w.paid()
			w.beginAgain(w.request(pay.KindRefund, w.ref(), w.some(payment), original(payment.Ref)))
		}},
		{name: "repeat/close", needs: needs{kinds: []pay.Kind{pay.KindCloseDay}}, run: func(w *world) {
			w.paid()
			w.beginAgain(w.request(pay.KindCloseDay, w.shift(), 0, "{}"))
		}},
		{name: "repeat/payout", needs: needs{kinds: []pay.Kind{pay.KindPayout}}, run: func(w *world) {
			w.beginAgain(w.request(pay.KindPayout, w.ref(), w.amount(), w.params(pay.KindPayout, "")))
		}},
		{name: "repeat/activate", needs: needs{able: []string{"activate"}, signed: true}, run: func(w *world) {
			for i := range times {
				if op := w.activate(i > 0); op.Outcome != pay.Approved {
					w.fail("activation %d: %s %s", i+1, op.Code, op.Text)
				}
			}
			w.paid()
		}},
		{name: "repeat/lost-refund", needs: needs{kinds: []pay.Kind{pay.KindRefund}, able: []string{"refund"}}, run: func(w *world) {
			payment := w.paid()
			w.loseOften("refund")
			w.want(w.refundOf(payment.Ref, w.some(payment))(), pay.Approved)
		}},
	}
	for _, kind := range paymentKinds {
		n := needs{kinds: []pay.Kind{kind}}
		list = append(list,
			play{name: "repeat/begin-" + short(kind), needs: n, run: func(w *world) {
				w.beginAgain(w.request(kind, w.ref(), w.amount(), w.params(kind, "")))
			}},
			play{name: "repeat/begin-at-once-" + short(kind), needs: n, run: func(w *world) {
				w.beginAtOnce(w.request(kind, w.ref(), w.amount(), w.params(kind, "")))
			}},
			play{name: "repeat/lost-" + short(kind), needs: n, run: func(w *world) {
				r := w.request(kind, w.ref(), w.amount(), w.params(kind, ""))
				w.loseOften(short(kind))
				w.wantAny(w.begin(r), pay.Approved)
			}})
	}
	return list
}

// original are the parameters of a refund.
func original(ref pay.Ref) string { return `{"original_ref":"` + string(ref) + `"}` }

// beginAgain begins an operation ten times, before and after its end: it is one operation.
func (w *world) beginAgain(r module.Request) {
	f := w.begin(r)
	for range times / 2 {
		w.joins(r)
	}
	first := w.want(f, pay.Approved)
	for range times / 2 {
		if op := w.joins(r); op.Outcome != first.Outcome || op.Number != first.Number {
			w.fail("repeated, the outcome is %s, number %d; it was %s, number %d", op.Outcome, op.Number, first.Outcome, first.Number)
		}
	}
}

// joins begins what there is already.
func (w *world) joins(r module.Request) pay.Operation {
	op, existed, err := w.service().Begin(w.ctx, r)
	w.must("begin again", err)
	if !existed {
		w.fail("the same ref began another %s", r.Kind)
	}
	return op
}

// beginAtOnce begins one operation from ten sides at once.
func (w *world) beginAtOnce(r module.Request) {
	var all sync.WaitGroup
	var mu sync.Mutex
	began := 0
	for range times {
		all.Go(func() {
			_, existed, err := w.service().Begin(w.ctx, r)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				w.fail("begin at once: %v", err)
			} else if !existed {
				began++
			}
		})
	}
	all.Wait()
	if began != 1 {
		w.fail("%d of %d say that they began the operation", began, times)
	}
	w.want(w.followed(r, w.operation(r.Ref), nil), pay.Approved)
}

// repeatOtherwise begins the same ref with another amount.
func repeatOtherwise(w *world) {
	payment := w.paid()
	w.mu.Lock()
	r := w.follows[payment.Ref].r
	w.mu.Unlock()
	other := w.request(r.Kind, r.Ref, r.Amount+1, string(r.Params.Raw))
	for range times {
		if _, _, err := w.service().Begin(w.ctx, other); pay.CodeOf(err) != pay.ErrRefReused {
			w.fail("another amount under the same ref: %v", err)
		}
	}
	w.keeps(payment.Ref)
}

// acknowledgeAgain acknowledges a payment ten times, and then says the opposite.
func (w *world) acknowledgeAgain(ack, opposite pay.Ack) pay.Ref {
	payment := w.paid()
	for range times {
		_, err := w.service().Acknowledge(w.ctx, payment.Ref, ack, "", "kit")
		w.must("acknowledge by "+string(ack), err)
	}
	if _, err := w.service().Acknowledge(w.ctx, payment.Ref, opposite, "", "kit"); pay.CodeOf(err) != pay.ErrState {
		w.fail("%s after %s: %v", opposite, ack, err)
	}
	return payment.Ref
}

// keeps holds that a payment is still approved and was not given back.
func (w *world) keeps(ref pay.Ref) {
	if op := w.operation(ref); op.Outcome != pay.Approved || op.Reversal != pay.ReversalNone {
		w.fail("the payment is %s now, its reversal %d", op.Outcome, op.Reversal)
	}
}

// loseOften has the server lose ten answers to the request of a play, and deny ten times that it knows of it.
func (w *world) loseOften(name string) {
	w.learnt.mark = w.now()
	begins := len(w.k.seen[name])
	for _, at := range w.k.first(name) {
		begins = slices.Index(w.k.seen[name], at)
		w.arm(at, sandbox.Fault{Kind: sandbox.FaultDrop, Work: true, Count: times})
	}
	for _, at := range w.k.seen[name+"-asked"] {
		if !w.k.asks(at) || w.k.isGeneral(at) {
			continue
		}
		f := sandbox.Fault{Kind: sandbox.FaultNotFound, Count: times}
		if i := slices.Index(w.k.seen[name], at); i >= 0 && i < begins {
			f.Skip = 1 // where it is asked before anything can move as well, that once tells the truth
		}
		w.arm(at, f)
	}
}

// wantAny is want where what is lost before anything moved may end the operation with nothing moved.
func (w *world) wantAny(f *follow, clean pay.Outcome) {
	op := f.final()
	if op.Outcome == clean || op.ResolvedBy != "" {
		return
	}
	for _, name := range w.story(op.Ref) {
		if name == "committing" || name == "shown" {
			w.fail("the outcome is %s (%s %s); it is %s", op.Outcome, op.Code, op.Text, clean)
			return
		}
	}
}
