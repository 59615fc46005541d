package kit

import (
	"slices"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// play is one operation from its beginning to its end. It calls world.spoil where trouble may begin, and holds the outcome with world.want.
type play struct {
	name  string
	needs needs
	run   func(w *world)
	// after is another play whose first request is dropped once it was worked, so that this one is about asking what became of it.
	after string
}

// needs are what a module must be able to do.
type needs struct {
	kinds  []pay.Kind
	able   []string // abilities, as pr_info capabilities names them
	pace   Pace
	pays   bool // any payment, or a payout
	signed bool // the terminal is still to be activated

	proof    []Proof // how a cancel of the provider is proved; nil: any
	expires  bool    // the provider says that a code has expired
	timeless bool    // it does not
	codes    bool    // a code of its own for each payment
	link     bool    // the link on the counter
	parts    bool    // a payment may go back in parts
	whole    bool    // it may not
}

// paymentKinds are those by which the kit can have a customer pay, the simplest first.
var paymentKinds = []pay.Kind{pay.KindOffline, pay.KindOnline, pay.KindBasket}

// movingKinds are the kinds by which a case moves money that it is not about: a payment, or where a module takes none, a payout.
var movingKinds = append(slices.Clone(paymentKinds), pay.KindPayout)

// short is a kind's part of a name.
func short(k pay.Kind) string {
	return map[pay.Kind]string{pay.KindOffline: "offline", pay.KindOnline: "online", pay.KindBasket: "basket", pay.KindPayout: "payout"}[k]
}

// plays are all of them.
func plays() []play {
	var list []play
	for _, kind := range paymentKinds {
		name := short(kind)
		list = append(list,
			play{name: name, needs: needs{kinds: []pay.Kind{kind}}, run: func(w *world) {
				w.spoil()
				w.want(w.begin(w.request(kind, w.ref(), w.amount(), w.params(kind, ""))), pay.Approved)
			}},
			play{name: name + "-declined", needs: needs{kinds: []pay.Kind{kind}}, run: func(w *world) {
				r := w.request(kind, w.ref(), w.amount(), w.params(kind, "decline"))
				w.spoil()
				w.want(w.beginWith(r, w.declines), pay.Declined)
			}},
			play{name: name + "-asked", after: name, needs: needs{kinds: []pay.Kind{kind}}, run: func(w *world) {
				w.spoil()
				w.want(w.begin(w.request(kind, w.ref(), w.amount(), w.params(kind, ""))), pay.Approved)
			}})
	}
	return append(list,
		play{name: "cancel", needs: needs{kinds: []pay.Kind{pay.KindOnline}, able: []string{"cancel"}}, run: playCancel},
		play{name: "refund", needs: needs{kinds: []pay.Kind{pay.KindRefund}, able: []string{"refund"}}, run: playRefund},
		play{name: "refund-asked", after: "refund", needs: needs{kinds: []pay.Kind{pay.KindRefund}, able: []string{"refund"}}, run: playRefund},
		play{name: "reversal", needs: needs{able: []string{"reverse"}}, run: playReversal},
		play{name: "reversal-asked", after: "reversal", needs: needs{able: []string{"reverse"}}, run: playReversal},
		play{name: "payout", needs: needs{kinds: []pay.Kind{pay.KindPayout}}, run: playPayout},
		play{name: "payout-asked", after: "payout", needs: needs{kinds: []pay.Kind{pay.KindPayout}}, run: playPayout},
		play{name: "close", needs: needs{kinds: []pay.Kind{pay.KindCloseDay}}, run: playClose},
		play{name: "test", needs: needs{kinds: []pay.Kind{pay.KindTest}}, run: func(w *world) {
			w.spoil()
			w.want(w.begin(w.request(pay.KindTest, w.ref(), 0, "{}")), pay.Approved)
		}},
		play{name: "activate", needs: needs{able: []string{"activate"}, signed: true}, run: playActivate},
	)
}

// declines is a customer who refuses.
func (w *world) declines(payload string) {
	if _, err := w.ctl.Decline(w.ctx, payload); err != nil && w.ctx.Err() == nil {
		w.fail("the customer could not decline: %v", err)
	}
}

// leaves is a customer who does nothing.
func leaves(string) {}

// paid is a payment that went through, in the simplest way that the module has.
func (w *world) paid() pay.Operation {
	kind := w.k.simplest()
	f := w.begin(w.request(kind, w.ref(), w.amount(), w.params(kind, "")))
	op := f.final()
	if op.Outcome != pay.Approved {
		w.stop("a payment without trouble ends %s: %s %s", op.Outcome, op.Code, op.Text)
	}
	return op
}

// some is what a refund that a case is not about gives back: half of the payment, or all of it where that must be.
func (w *world) some(payment pay.Operation) pay.Amount {
	if w.s.Limits.Whole {
		return payment.ApprovedAmount
	}
	return payment.ApprovedAmount / 2
}

// refundOf makes the request that gives a part of a payment back.
func (w *world) refundOf(ref pay.Ref, amount pay.Amount) func() *follow {
	r := w.request(pay.KindRefund, w.ref(), amount, `{"original_ref":"`+string(ref)+`"}`)
	return func() *follow { return w.begin(r) }
}

func playPayout(w *world) {
	w.spoil()
	var orElse []pay.Outcome
	if w.s.Limits.Lapses && w.fault != nil && w.fault.lasting {
		orElse = []pay.Outcome{pay.Declined}
	}
	w.want(w.begin(w.request(pay.KindPayout, w.ref(), w.amount(), w.params(pay.KindPayout, ""))), pay.Approved, orElse...)
}

func playCancel(w *world) {
	f := w.beginWith(w.request(pay.KindOnline, w.ref(), w.amount(), w.params(pay.KindOnline, "")), leaves)
	bill := f.shown()
	w.spoil()
	w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "the customer left", "kit"))
	w.wantCancelled(f, bill)
}

func playRefund(w *world) {
	payment := w.paid()
	refund := w.refundOf(payment.Ref, w.some(payment))
	w.spoil()
	w.want(refund(), pay.Approved)
}

func playReversal(w *world) {
	payment := w.paid()
	w.spoil()
	_, err := w.service().Acknowledge(w.ctx, payment.Ref, pay.AckReverse, "the receipt was not printed", "kit")
	w.must("reverse", err)
	if w.fault != nil && w.fault.lasting {
		w.until("the fault is met", func() bool { return len(w.spoiled()) >= enoughTries })
		w.calm()
	}
	w.goneBack(payment.Ref)
}

// goneBack waits until a payment's money has gone back.
func (w *world) goneBack(ref pay.Ref) pay.Operation {
	var op pay.Operation
	w.until("the money of "+string(ref)+" goes back", func() bool {
		op = w.operation(ref)
		return op.Reversal == pay.ReversalDone
	})
	return op
}

// operation is what the module says of an operation now.
func (w *world) operation(ref pay.Ref) pay.Operation {
	var op pay.Operation
	w.find(map[string]any{"what": "operation", "ref": ref}, &op)
	return op
}

func playClose(w *world) {
	w.paid()
	shift := w.shift()
	w.spoil()
	w.want(w.begin(w.request(pay.KindCloseDay, shift, 0, "{}")), pay.Approved)
}

// shift is the ref that a close of day has now.
func (w *world) shift() pay.Ref {
	var shift struct {
		Ref pay.Ref `json:"close_ref"`
	}
	w.info("shift", &shift)
	return shift.Ref
}

// playActivate holds that an activation whose answer was lost can be made again, and that payments work after it.
func playActivate(w *world) {
	w.spoil()
	op := w.activate(false)
	if op.Outcome != pay.Approved && w.fault == nil {
		w.fail("the terminal is not activated: %s %s", op.Code, op.Text)
	}
	if op.Outcome == pay.Approved && w.fault != nil && !w.fault.general && !w.fault.harmless() && w.fault.fault.Kind != sandbox.FaultTwice {
		for _, r := range w.spoiled() {
			if r.Status == 0 || !edits(w.fault.fault.Kind) {
				w.fail("activated by an answer that was spoiled%s", w.fault.because())
			}
		}
	}
	w.learnt.end = w.now()
	w.calm()
	if op.Outcome != pay.Approved {
		if op = w.activate(true); op.Outcome != pay.Approved {
			w.stop("after%s the terminal cannot be activated any more: %s %s", w.fault.because(), op.Code, op.Text)
		}
	}
	w.paid()
}
