package kit

import (
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// held is how long the server sits on an answer for which nobody will wait.
const held = sandbox.Duration(30 * time.Second)

// restarts are the cases in which the module is killed in the middle.
func restarts() []play {
	refunds := needs{kinds: []pay.Kind{pay.KindRefund}, able: []string{"refund"}}
	list := []play{
		{name: "restart/online-shown", needs: needs{kinds: []pay.Kind{pay.KindOnline}}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			qr := f.shown()
			w.restart()
			_, err := w.ctl.Pay(w.ctx, qr)
			w.must("pay", err)
			w.want(f, pay.Approved)
		}},
		{name: "restart/online-paid-meanwhile", needs: needs{kinds: []pay.Kind{pay.KindOnline}}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			qr := f.shown()
			w.life.Crash()
			_, err := w.ctl.Pay(w.ctx, qr)
			w.must("pay", err)
			w.restart()
			w.want(f, pay.Approved)
		}},
		{name: "restart/cancel", needs: needs{kinds: []pay.Kind{pay.KindOnline}, able: []string{"cancel"}}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			bill := f.shown()
			w.cutOff(sandbox.Fault{Kind: sandbox.FaultDrop, Work: true})
			w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
			w.until("the cancel is asked for", func() bool { return f.asked("cancel_asked") })
			w.restart()
			w.calm()
			w.wantCancelled(f, bill)
		}},
		{name: "restart/refund", needs: refunds, run: func(w *world) {
			payment := w.paid()
			w.cutOff(sandbox.Fault{Kind: sandbox.FaultDrop, Work: true})
			w.survives(w.refundOf(payment.Ref, w.some(payment))(), pay.Approved)
		}},
		{name: "restart/refund-never-received", needs: refunds, run: func(w *world) {
			payment := w.paid()
			w.cutOff(sandbox.Fault{Kind: sandbox.FaultDrop})
			w.survives(w.refundOf(payment.Ref, w.some(payment))(), pay.Approved)
		}},
		{name: "restart/reversal", needs: needs{able: []string{"reverse"}}, run: func(w *world) { w.reversalSurvives(true) }},
		{name: "restart/reversal-never-received", needs: needs{able: []string{"reverse"}}, run: func(w *world) { w.reversalSurvives(false) }},
		{name: "restart/close", needs: needs{kinds: []pay.Kind{pay.KindCloseDay}}, run: func(w *world) {
			w.paid()
			r := w.request(pay.KindCloseDay, w.shift(), 0, "{}")
			w.cutOff(sandbox.Fault{Kind: sandbox.FaultDrop, Work: true})
			w.survives(w.begin(r), pay.Approved)
		}},
		{name: "restart/settled", needs: needs{pays: true}, run: func(w *world) {
			payment := w.paid()
			w.restart()
			w.keeps(payment.Ref)
			w.paid()
		}},
	}
	for _, kind := range movingKinds {
		n := needs{kinds: []pay.Kind{kind}}
		list = append(list,
			play{name: "restart/" + short(kind) + "-begun", needs: n, run: func(w *world) {
				f := w.begin(w.request(kind, w.ref(), w.amount(), w.params(kind, "")))
				w.restart()
				w.joins(f.r)
				f.final()
			}},
			play{name: "restart/" + short(kind) + "-in-hand", needs: n, run: func(w *world) { w.inHand(kind, true) }},
			play{name: "restart/" + short(kind) + "-never-received", needs: n, run: func(w *world) { w.inHand(kind, false) }},
			play{name: "restart/" + short(kind) + "-lost", needs: n, run: func(w *world) {
				r := w.request(kind, w.ref(), w.amount(), w.params(kind, ""))
				w.cutOff(sandbox.Fault{Kind: sandbox.FaultDrop, Work: true})
				w.survives(w.begin(r), pay.Approved)
			}})
	}
	return list
}

// met waits until so many requests went wrong since the last mark, or the operation has ended.
func (w *world) met(n int, ref pay.Ref) {
	w.until("requests go wrong", func() bool {
		if op := w.operation(ref); op.Outcome.Final() && op.Reversal != pay.ReversalUnderWay {
			return true
		}
		count := 0
		list, err := w.ctl.Requests(w.ctx, w.learnt.mark)
		w.must("read the sandbox's log", err)
		for _, r := range list {
			if r.Fault != "" {
				count++
			}
		}
		return count >= n
	})
}

// survives kills the module three times over an operation that gets no answers, and then lets it end.
func (w *world) survives(f *follow, clean pay.Outcome) {
	for i := range 3 {
		w.met(i+1, f.r.Ref)
		w.restart()
	}
	w.calm()
	w.joins(f.r) // the till says again what it wants: secrets that the journal does not keep are there again
	w.wantAny(f, clean)
}

// inHand kills the module while the server sits on the answer.
func (w *world) inHand(kind pay.Kind, worked bool) {
	r := w.request(kind, w.ref(), w.amount(), w.params(kind, ""))
	w.learnt.mark = w.now()
	for _, at := range w.k.first(short(kind)) {
		w.arm(at, sandbox.Fault{Kind: sandbox.FaultDelay, Work: worked, Delay: held})
	}
	f := w.begin(r)
	w.met(1, r.Ref)
	w.restart()
	w.joins(r)
	w.wantAny(f, pay.Approved)
}

// reversalSurvives kills the module three times over a reversal that gets no answers.
func (w *world) reversalSurvives(worked bool) {
	payment := w.paid()
	w.cutOff(sandbox.Fault{Kind: sandbox.FaultDrop, Work: worked})
	_, err := w.service().Acknowledge(w.ctx, payment.Ref, pay.AckReverse, "", "kit")
	w.must("reverse", err)
	for i := range 3 {
		w.met(i+1, payment.Ref)
		w.restart()
	}
	w.calm()
	w.goneBack(payment.Ref)
}
