package kit

import (
	"slices"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// lack says why a case is not for a provider with these limits; empty: it is.
func (l Limits) lack(n needs) string {
	switch {
	case n.parts && l.Whole:
		return "a payment goes back as a whole or not at all; bounds/refund-in-part holds what then has to hold"
	case n.whole && !l.Whole:
		return "a payment may go back in parts"
	case n.proof != nil && !slices.Contains(n.proof, l.CancelProof) && l.CancelProof == AtExpiry:
		return "the provider cannot take a code back; customer/unproved holds what then has to hold"
	case n.proof != nil && !slices.Contains(n.proof, l.CancelProof):
		return "the provider proves a cancel at once"
	case n.expires && l.KeepsNoTime:
		return "the provider never says that a code has expired; customer/out-of-time holds what then has to hold"
	case n.timeless && !l.KeepsNoTime:
		return "the provider says when a code has expired"
	case n.codes && l.Link:
		return "all tills would charge one link; together/one-link holds what then has to hold"
	case n.link && !l.Link:
		return "each payment has a code of its own"
	}
	return ""
}

// limited are the cases of what has to hold where a provider cannot do something.
func limited() []play {
	online := []pay.Kind{pay.KindOnline}
	unproved := needs{kinds: online, able: []string{"cancel"}, proof: []Proof{AtExpiry}}
	hasty := unproved
	hasty.pace = Hasty
	return []play{
		{name: "customer/unproved", needs: hasty, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			bill := f.shown()
			w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
			op := f.wait("allowed another tender", func() bool { return f.latest.OtherTender || f.latest.Outcome.Final() })
			if op.Outcome.Final() {
				w.fail("the outcome is %s while the code could be paid", op.Outcome)
			}
			w.runsOut(f, bill)
			if op := w.want(f, pay.Cancelled, pay.Declined); op.Reversal != pay.ReversalNone {
				w.fail("what nobody paid is given back")
			}
			w.cannotPay(bill)
		}},
		{name: "customer/unproved-and-paid", needs: unproved, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			bill := f.shown()
			w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
			w.until("the cancel is asked for", func() bool { return f.asked("cancel_asked") })
			_, err := w.ctl.Pay(w.ctx, bill)
			w.must("pay", err)
			w.want(f, pay.Approved) // the customer was faster (§3.6)
			w.keeps(f.r.Ref)
		}},
		{name: "customer/unproved-then-paid", needs: needs{kinds: online, able: []string{"cancel", "reverse"}, pace: Hasty, proof: []Proof{AtExpiry}},
			run: func(w *world) {
				f := w.beginWith(w.online(), leaves)
				bill := f.shown()
				w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
				f.wait("allowed another tender", func() bool { return f.latest.OtherTender || f.latest.Outcome.Final() })
				_, err := w.ctl.Pay(w.ctx, bill)
				w.must("pay", err)
				w.goneBack(f.r.Ref)
				w.want(f, pay.Cancelled)
			}},
		{name: "customer/out-of-time", needs: needs{kinds: online, able: []string{"cancel"}, timeless: true}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			bill := f.shown()
			_, err := w.ctl.Expire(w.ctx, bill)
			w.must("let the code expire", err)
			w.until("it is asked about", w.askedAbout(f, w.now()))
			f.mu.Lock()
			early := f.latest
			f.mu.Unlock()
			if early.Outcome.Final() {
				w.fail("the outcome is %s, and the provider did not say that the code is over", early.Outcome)
			}
			w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
			w.want(f, pay.Cancelled)
			w.cannotPay(bill)
		}},
		{name: "together/one-link", needs: needs{kinds: online, link: true}, run: oneLink},
	}
}

// wantCancelled holds the end of an unpaid payment whose cancel was asked for. Where the provider cannot take it back, it ends when its code does.
func (w *world) wantCancelled(f *follow, bill string) pay.Operation {
	if w.s.Limits.CancelProof != AtExpiry {
		return w.want(f, pay.Cancelled)
	}
	w.until("the cancel is asked for", func() bool { return f.asked("cancel_asked") })
	w.runsOut(f, bill)
	return w.want(f, pay.Cancelled, pay.Declined)
}

// runsOut holds that nothing is decided about a code that can still be paid, and lets it expire.
func (w *world) runsOut(f *follow, bill string) {
	w.until("it is asked about", w.askedAbout(f, w.now()))
	f.mu.Lock()
	op := f.latest
	f.mu.Unlock()
	if op.Outcome.Final() {
		w.fail("the outcome is %s while the code could be paid", op.Outcome)
		return
	}
	_, err := w.ctl.Expire(w.ctx, bill)
	w.must("let the code expire", err)
}

// askedAbout says whether an operation has ended, or enough requests came since a mark that one of them told where it stands.
func (w *world) askedAbout(f *follow, mark int64) func() bool {
	return func() bool {
		f.mu.Lock()
		final := f.latest.Outcome.Final()
		f.mu.Unlock()
		return final || w.now() >= mark+enoughAsked
	}
}

// enoughAsked is how many requests a driver makes at most before one of them has told where a payment stands.
const enoughAsked = 3

// expireAlone lets the only code expire once the operation is told as unknown, which nobody watches.
func (w *world) expireAlone(ref pay.Ref) {
	w.until("it is abandoned", func() bool { op := w.operation(ref); return op.OtherTender || op.Outcome.Final() })
	if op := w.operation(ref); op.Outcome.Final() {
		if slices.Contains(w.story(ref), "shown") {
			w.fail("the outcome is %s while the code could be paid", op.Outcome)
		}
		return
	}
	_, err := w.ctl.Expire(w.ctx, w.bill())
	w.must("let the code expire", err)
}

// oneLink charges one link from ten tills at once: those that find it free pay, and the others move nothing.
func oneLink(w *world) {
	var requests []module.Request
	for i := range times {
		requests = append(requests, w.at(i, w.online()))
	}
	follows := make([]*follow, times)
	w.atOnce(times, func(i int) {
		op, _, err := w.service().Begin(w.ctx, requests[i])
		if err != nil {
			w.fail("begin: %v", err)
			return
		}
		follows[i] = w.followed(requests[i], op, nil)
	})
	paid := 0
	for _, f := range follows {
		if f == nil {
			continue
		}
		switch op := f.final(); op.Outcome {
		case pay.Approved:
			paid++
		case pay.Declined, pay.Cancelled: // the books hold that nothing moved
		default:
			w.fail("the outcome is %s", op.Outcome)
		}
	}
	if paid == 0 {
		w.fail("the link is free, and nobody could pay by it")
	}
}
