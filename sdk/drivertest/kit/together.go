package kit

import (
	"fmt"
	"sync"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// togethers are the cases in which more than one thing happens at once.
func togethers() []play {
	refunds := needs{kinds: []pay.Kind{pay.KindRefund}, able: []string{"refund"}, pays: true}
	list := []play{
		{name: "together/one-till", needs: needs{kinds: []pay.Kind{pay.KindOnline}}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			qr := f.shown()
			if _, _, err := w.service().Begin(w.ctx, w.online()); pay.CodeOf(err) != pay.ErrBusy {
				w.fail("a second payment of one till: %v", err)
			}
			_, err := w.ctl.Pay(w.ctx, qr)
			w.must("pay", err)
			w.want(f, pay.Approved)
		}},
		{name: "together/close-while-paying", needs: needs{kinds: []pay.Kind{pay.KindOnline, pay.KindCloseDay}}, run: func(w *world) {
			f := w.beginWith(w.online(), leaves)
			qr := f.shown()
			if _, _, err := w.service().Begin(w.ctx, w.request(pay.KindCloseDay, w.shift(), 0, "{}")); pay.CodeOf(err) != pay.ErrBusy {
				w.fail("a close of day while a payment runs: %v", err)
			}
			_, err := w.ctl.Pay(w.ctx, qr)
			w.must("pay", err)
			w.want(f, pay.Approved)
			w.want(w.begin(w.request(pay.KindCloseDay, w.shift(), 0, "{}")), pay.Approved)
		}},
		{name: "together/two-refunds", needs: refunds, run: func(w *world) {
			payment := w.paid()
			w.atOnce(2, func(i int) {
				r := w.at(i, w.request(pay.KindRefund, w.ref(), min(w.some(payment)+1, payment.ApprovedAmount), original(payment.Ref)))
				w.tried(r)
			})
			w.until("the refunds end", w.quiet)
		}},
		{name: "together/refund-and-reversal", needs: needs{kinds: refunds.kinds, able: []string{"refund", "reverse"}, pays: true}, run: func(w *world) {
			payment := w.paid()
			w.atOnce(2, func(i int) {
				if i == 0 {
					w.tried(w.at(i, w.request(pay.KindRefund, w.ref(), w.some(payment), original(payment.Ref))))
				} else if _, err := w.service().Acknowledge(w.ctx, payment.Ref, pay.AckReverse, "", "kit"); err != nil && pay.CodeOf(err) != pay.ErrState {
					w.fail("reverse: %v", err)
				}
			})
			w.until("both end", w.quiet)
		}},
		{name: "together/watchers", needs: needs{pays: true}, run: func(w *world) {
			payment := w.paid()
			w.atOnce(times, func(int) {
				heard := pay.Unknown
				err := w.service().Watch(w.ctx, payment.Ref, 0, false, func(e pay.Event) error {
					if e.Operation != nil {
						heard = e.Operation.Outcome
					}
					return nil
				})
				if err != nil || heard != pay.Approved {
					w.fail("a watcher of a finished payment heard %s, %v", heard, err)
				}
			})
		}},
		{name: "together/describe-and-ask", run: func(w *world) {
			w.atOnce(times, func(int) {
				for _, what := range []string{"capabilities", "settings", "activation", "health", "journal", "shift"} {
					if _, err := w.service().Info(w.ctx, what, "en"); err != nil {
						w.fail("info %s: %v", what, err)
					}
				}
			})
		}},
	}
	for _, kind := range movingKinds {
		list = append(list, play{name: "together/ten-tills-" + short(kind), needs: needs{kinds: []pay.Kind{kind}, codes: kind == pay.KindOnline}, run: func(w *world) {
			var requests []module.Request
			for i := range times {
				requests = append(requests, w.at(i, w.request(kind, w.ref(), w.amount(), w.params(kind, ""))))
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
			numbers := map[int64]bool{}
			for _, f := range follows {
				if f == nil {
					continue
				}
				op := w.want(f, pay.Approved)
				if numbers[op.Number] {
					w.fail("the number %d was given twice", op.Number)
				}
				numbers[op.Number] = true
			}
		}})
	}
	return list
}

// at is a request of the till numbered so.
func (w *world) at(till int, r module.Request) module.Request {
	r.PosID = fmt.Sprint(till + 1)
	return r
}

// atOnce runs f n times at once.
func (w *world) atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// tried begins what may be refused.
func (w *world) tried(r module.Request) {
	op, _, err := w.service().Begin(w.ctx, r)
	if err == nil {
		w.followed(r, op, nil)
		return
	}
	if pay.CodeOf(err) == pay.ErrInternal {
		w.fail("%s: %v", r.Kind, err)
	}
}
