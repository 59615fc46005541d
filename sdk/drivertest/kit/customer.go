package kit

import (
	"errors"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// customers are the cases about what a customer does, and when.
func customers() []play {
	online := []pay.Kind{pay.KindOnline}
	offline := []pay.Kind{pay.KindOffline}
	return append(limited(), []play{
		{name: "customer/twice", needs: needs{kinds: online}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			qr := f.shown()
			_, err := w.ctl.Pay(w.ctx, qr)
			w.must("pay", err)
			w.cannotPay(qr)
			w.want(f, pay.Approved)
		}},
		{name: "customer/expired", needs: needs{kinds: online, expires: true}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			qr := f.shown()
			if _, err := w.ctl.Expire(w.ctx, qr); errors.Is(err, sandbox.ErrUnsupported) {
				panic(absent{"the sandbox cannot let a code expire"})
			} else {
				w.must("let the code expire", err)
			}
			w.want(f, pay.Declined)
			w.cannotPay(qr)
		}},
		{name: "customer/after-cancel", needs: needs{kinds: online, able: []string{"cancel"}, proof: []Proof{AtOnce}}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			qr := f.shown()
			w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
			w.want(f, pay.Cancelled)
			w.cannotPay(qr)
		}},
		{name: "customer/faster-than-cancel", needs: needs{kinds: online, able: []string{"cancel"}}, run: customerFaster},
		{name: "customer/provider-away", needs: needs{kinds: online, pace: Silent}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			qr := f.shown()
			w.cutOff(sandbox.Fault{Kind: sandbox.FaultDrop})
			_, err := w.ctl.Pay(w.ctx, qr)
			w.must("pay", err)
			f.toldUnknown()
			w.calm()
			w.want(f, pay.Approved)
		}},
		{name: "customer/never", needs: needs{kinds: online, able: []string{"cancel"}, pace: ShortWait}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			qr := f.shown()
			if w.s.Limits.CancelProof == AtExpiry && qr != "" {
				w.runsOut(f, qr)
			}
			if op := f.final(); op.Outcome == pay.Approved {
				w.fail("what nobody paid is approved")
			}
			if qr != "" {
				w.cannotPay(qr)
			}
		}},
		{name: "customer/after-other-tender", needs: needs{kinds: online, able: []string{"cancel", "reverse"}, pace: Hasty}, run: customerAfterOtherTender},
		{name: "customer/till-gone", needs: needs{kinds: online, able: []string{"cancel"}, pace: Orphaned}, run: func(w *world) {
			r := w.online()
			_, _, err := w.service().Begin(w.ctx, r)
			w.must("begin", err)
			if w.s.Limits.CancelProof == AtExpiry {
				w.expireAlone(r.Ref)
			}
			w.until("the code is taken down", func() bool { return w.operation(r.Ref).Outcome.Final() })
			if op := w.operation(r.Ref); op.Outcome == pay.Approved {
				w.fail("what nobody paid is approved")
			}
		}},
		{name: "customer/late-look", needs: needs{kinds: online, able: []string{"cancel"}, pace: LookSoon}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			bill := f.shown()
			w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
			w.wantCancelled(f, bill)
			w.until("it is looked at once more", func() bool {
				var open []pay.Operation
				w.find(map[string]any{"what": "operations", "open": true}, &open)
				return len(open) == 0
			})
		}},
		{name: "customer/confirms", needs: needs{kinds: offline}, run: func(w *world) {
			f := w.begin(w.request(pay.KindOffline, w.ref(), w.amount(), w.params(pay.KindOffline, "confirm")))
			bill := w.bill()
			_, err := w.ctl.Pay(w.ctx, bill)
			w.must("confirm", err)
			w.want(f, pay.Approved)
			w.cannotPay(bill)
		}},
		{name: "customer/refuses-to-confirm", needs: needs{kinds: offline}, run: func(w *world) {
			f := w.begin(w.request(pay.KindOffline, w.ref(), w.amount(), w.params(pay.KindOffline, "confirm")))
			_, err := w.ctl.Decline(w.ctx, w.bill())
			w.must("decline", err)
			w.want(f, pay.Declined)
		}},
		{name: "customer/cancelled-before-confirming", needs: needs{kinds: offline, able: []string{"cancel"}}, run: func(w *world) {
			f := w.begin(w.request(pay.KindOffline, w.ref(), w.amount(), w.params(pay.KindOffline, "confirm")))
			bill := w.bill()
			w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
			w.want(f, pay.Cancelled)
			w.cannotPay(bill)
		}},
		{name: "customer/code-twice", needs: needs{kinds: offline}, run: func(w *world) {
			params := w.params(pay.KindOffline, "")
			w.want(w.begin(w.request(pay.KindOffline, w.ref(), w.amount(), params)), pay.Approved)
			r := w.request(pay.KindOffline, w.ref(), w.amount(), params)
			if op, _, err := w.service().Begin(w.ctx, r); err == nil {
				if op = w.followed(r, op, nil).final(); op.Outcome == pay.Approved {
					w.fail("a code that is good for one scan was charged twice")
				}
			}
		}},
	}...)
}

// online is a request for a payment by QR code.
func (w *world) online() module.Request {
	return w.request(pay.KindOnline, w.ref(), w.amount(), w.params(pay.KindOnline, ""))
}

// bill names the only bill that waits.
func (w *world) bill() string {
	bill, err := w.ctl.AwaitBill(w.ctx)
	w.must("wait for the customer's turn", err)
	return bill.ID
}

// cannotPay is a customer who comes too late.
func (w *world) cannotPay(bill string) {
	if _, err := w.ctl.Pay(w.ctx, bill); !errors.Is(err, sandbox.ErrBillOver) && !errors.Is(err, sandbox.ErrNoBill) {
		w.fail("the customer could pay what is over: %v", err)
	}
}

// cutOff spoils every request about an operation from now on.
func (w *world) cutOff(f sandbox.Fault) {
	f.Count = -1
	w.learnt.mark = w.now()
	for _, at := range w.k.every() {
		w.arm(at, f)
	}
}

// customerFaster pays when the till has not heard of it, and cancels: a customer who was faster has paid, and nothing goes back (§3.6).
func customerFaster(w *world) {
	f := w.beginWith(w.online(), leaves)
	qr := f.shown()
	w.deaf("online")
	_, err := w.ctl.Pay(w.ctx, qr)
	w.must("pay", err)
	w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
	w.until("the cancel is asked for", func() bool { return f.asked("cancel_asked") })
	w.calm()
	w.want(f, pay.Approved)
	w.keeps(f.r.Ref)
}

// deaf cuts off the ways by which a play asks what became of it.
func (w *world) deaf(name string) {
	for _, at := range w.k.seen[name] {
		if w.k.asks(at) && !w.k.isGeneral(at) {
			w.arm(at, sandbox.Fault{Kind: sandbox.FaultDrop, Count: -1})
		}
	}
}

// asked says whether a transition was journaled.
func (f *follow) asked(name string) bool {
	for _, was := range f.w.story(f.r.Ref) {
		if was == name {
			return true
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.latest.Outcome.Final()
}

// customerAfterOtherTender pays after the till was allowed another tender: the money goes back by itself (§3.6).
func customerAfterOtherTender(w *world) {
	f := w.beginWith(w.online(), leaves)
	qr := f.shown()
	w.cutOff(sandbox.Fault{Kind: sandbox.FaultDrop})
	w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
	f.wait("allowed another tender", func() bool { return f.latest.OtherTender || f.latest.Outcome.Final() })
	_, err := w.ctl.Pay(w.ctx, qr)
	w.must("pay", err)
	w.calm()
	w.goneBack(f.r.Ref)
	if op := f.final(); op.Outcome == pay.Approved {
		w.fail("a payment whose till was allowed another tender is approved")
	}
}
