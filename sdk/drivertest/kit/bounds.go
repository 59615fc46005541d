package kit

import (
	"fmt"
	"math"
	"strings"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// bounds are the cases at the edges: amounts, wrong originals, what a newer till says.
func bounds() []play {
	refunds := needs{kinds: []pay.Kind{pay.KindRefund}, able: []string{"refund"}, pays: true}
	list := []play{
		{name: "bounds/refund-of-nothing", needs: refunds, run: func(w *world) {
			w.refused(w.request(pay.KindRefund, w.ref(), 100, original("kit-no-such")))
			w.refused(w.request(pay.KindRefund, w.ref(), 100, "{}"))
		}},
		{name: "bounds/refund-of-declined", needs: refunds, run: func(w *world) {
			kind := w.k.simplest()
			f := w.beginWith(w.request(kind, w.ref(), w.amount(), w.params(kind, "decline")), w.declines)
			w.want(f, pay.Declined)
			w.refused(w.request(pay.KindRefund, w.ref(), 100, original(f.r.Ref)))
		}},
		{name: "bounds/refund-of-refund", needs: refunds, run: func(w *world) {
			payment := w.paid()
			back := w.want(w.refundOf(payment.Ref, w.some(payment))(), pay.Approved)
			w.refused(w.request(pay.KindRefund, w.ref(), 50, original(back.Ref)))
		}},
		{name: "bounds/refund-above", needs: refunds, run: func(w *world) {
			payment := w.paid()
			w.notApproved(w.request(pay.KindRefund, w.ref(), payment.ApprovedAmount+1, original(payment.Ref)))
		}},
		{name: "bounds/refund-above-the-rest", needs: needs{kinds: refunds.kinds, able: refunds.able, pays: true, parts: true}, run: func(w *world) {
			payment := w.paid()
			w.want(w.refundOf(payment.Ref, payment.ApprovedAmount-10)(), pay.Approved)
			w.notApproved(w.request(pay.KindRefund, w.ref(), 11, original(payment.Ref)))
			w.want(w.refundOf(payment.Ref, 10)(), pay.Approved)
			w.notApproved(w.request(pay.KindRefund, w.ref(), 1, original(payment.Ref)))
		}},
		{name: "bounds/refund-whole", needs: refunds, run: func(w *world) {
			payment := w.paid()
			w.want(w.refundOf(payment.Ref, payment.ApprovedAmount)(), pay.Approved)
			w.refused(w.request(pay.KindRefund, w.ref(), 1, original(payment.Ref)))
		}},
		{name: "bounds/refund-in-part", needs: needs{kinds: refunds.kinds, able: refunds.able, pays: true, whole: true}, run: func(w *world) {
			payment := w.paid()
			for _, amount := range []pay.Amount{1, payment.ApprovedAmount / 2, payment.ApprovedAmount - 1} {
				w.refused(w.request(pay.KindRefund, w.ref(), amount, original(payment.Ref)))
			}
			w.want(w.refundOf(payment.Ref, payment.ApprovedAmount)(), pay.Approved)
		}},
		{name: "bounds/refund-of-reversed", needs: needs{kinds: refunds.kinds, able: []string{"refund", "reverse"}, pays: true}, run: func(w *world) {
			payment := w.paid()
			_, err := w.service().Acknowledge(w.ctx, payment.Ref, pay.AckReverse, "", "kit")
			w.must("reverse", err)
			w.goneBack(payment.Ref)
			w.refused(w.request(pay.KindRefund, w.ref(), 1, original(payment.Ref)))
		}},
		{name: "bounds/reversal-of-refunded", needs: needs{kinds: refunds.kinds, able: []string{"refund", "reverse"}, pays: true}, run: func(w *world) {
			payment := w.paid()
			w.want(w.refundOf(payment.Ref, w.some(payment))(), pay.Approved)
			if _, err := w.service().Acknowledge(w.ctx, payment.Ref, pay.AckReverse, "", "kit"); err == nil {
				w.goneBack(payment.Ref)
			}
		}},
		{name: "bounds/no-amount", needs: needs{pays: true}, run: func(w *world) {
			kind := w.k.simplest()
			for _, amount := range []pay.Amount{0, -1, math.MinInt64} {
				w.refused(w.request(kind, w.ref(), amount, w.params(kind, "")))
			}
		}},
		{name: "bounds/newer-till", needs: needs{pays: true}, run: func(w *world) {
			kind := w.k.simplest()
			params := strings.TrimSuffix(w.params(kind, ""), "}")
			if params != "{" {
				params += ","
			}
			params += `"x_new_field":{"deep":[1,"two",null]},"x_secretish":"абв"}`
			w.want(w.begin(w.request(kind, w.ref(), w.amount(), params)), pay.Approved)
		}},
		{name: "bounds/unknown-command", run: func(w *world) {
			r := w.request(pay.KindCommand, w.ref(), 0, `{"name":"no-such-command","args":{}}`)
			op, _, err := w.service().Begin(w.ctx, r)
			if err == nil && w.followed(r, op, nil).final().Outcome == pay.Approved {
				w.fail("a command that nobody declared is approved")
			}
		}},
		{name: "bounds/unknown-setting", run: func(w *world) {
			if _, err := w.service().Settings(w.ctx, module.SettingsRequest{Action: "set", Key: "NoSuchKey", Value: "1", By: "kit"}); err == nil {
				w.fail("a setting that nobody declared was set")
			}
		}},
		{name: "bounds/no-code", needs: needs{kinds: []pay.Kind{pay.KindOffline}}, run: func(w *world) {
			for _, code := range []string{"", strings.Repeat("7", 5000), "абв", `\u0000\u001b[2J`, "SENDY-", "0", "' OR 1=1 --"} {
				w.notApproved(w.request(pay.KindOffline, w.ref(), w.amount(), fmt.Sprintf(`{"code":"%s"}`, code)))
			}
			w.notApproved(w.request(pay.KindOffline, w.ref(), w.amount(), "{}"))
		}},
		{name: "bounds/slip", needs: needs{pays: true}, run: func(w *world) {
			payment := w.paid()
			for _, language := range []string{"ru", "en"} {
				paper, err := w.service().Slip(w.ctx, module.SlipRequest{Ref: payment.Ref, Copy: 1, Format: "text", Width: 24, Language: language})
				if err != nil || len(paper) == 0 {
					w.fail("the slip in %q: %d bytes, %v", language, len(paper), err)
				}
			}
		}},
	}
	for _, kind := range movingKinds {
		for _, x := range []struct {
			name   string
			amount func(w *world) pay.Amount
		}{
			{"1", func(*world) pay.Amount { return 1 }},
			{"most", func(w *world) pay.Amount { return w.s.most() }},
			{"2^53+1", func(*world) pay.Amount { return 1<<53 + 1 }},
			{"2^63-1", func(*world) pay.Amount { return math.MaxInt64 }},
		} {
			list = append(list, play{name: "bounds/" + short(kind) + "-of-" + x.name, needs: needs{kinds: []pay.Kind{kind}}, run: func(w *world) {
				amount := x.amount(w)
				r := w.request(kind, w.ref(), amount, w.params(kind, ""))
				op, _, err := w.service().Begin(w.ctx, r)
				if err != nil && amount > w.s.most() {
					return // more than the provider takes
				}
				w.must("begin", err)
				if op = w.followed(r, op, nil).final(); op.Outcome != pay.Approved && amount <= w.s.most() {
					w.fail("a payment of %s ends %s: %s %s", amount, op.Outcome, op.Code, op.Text)
				}
			}})
		}
	}
	return list
}

// refused holds that a request begins nothing.
func (w *world) refused(r module.Request) {
	before := w.now()
	op, _, err := w.service().Begin(w.ctx, r)
	if err == nil {
		w.fail("%s of %s with %s was begun", r.Kind, r.Amount, r.Params.Public())
		w.followed(r, op, nil).final()
		return
	}
	if e := pay.CodeOf(err); e == pay.ErrInternal {
		w.fail("%s of %s with %s is refused by a fault of ours: %v", r.Kind, r.Amount, r.Params.Public(), err)
	}
	if w.now() != before {
		w.fail("something was sent for a request that is refused")
	}
}

// notApproved holds that a request is refused, or ends with nothing moved.
func (w *world) notApproved(r module.Request) {
	op, _, err := w.service().Begin(w.ctx, r)
	if err != nil {
		if pay.CodeOf(err) == pay.ErrInternal {
			w.fail("%s is refused by a fault of ours: %v", r.Kind, err)
		}
		return
	}
	if op = w.followed(r, op, nil).final(); op.Outcome == pay.Approved {
		w.fail("%s of %s with %s is approved", r.Kind, r.Amount, r.Params.Public())
	}
}
