package kit

import (
	"encoding/json"
	"slices"

	"github.com/payrack/payrack/sdk/pay"
)

// baskets are the cases about what a cashier is asked before a basket is paid, and what is left of one that is not.
func baskets() []play {
	n := needs{kinds: []pay.Kind{pay.KindBasket}}
	stops := needs{kinds: n.kinds, able: []string{"cancel"}}
	gone := stops
	gone.pace = Orphaned
	return []play{
		{name: "basket/marks", needs: n, run: func(w *world) {
			op := w.want(w.basket(), pay.Approved)
			if op.LeftToPay != op.Amount-op.ApprovedAmount {
				w.fail("of %s, %s are approved and %s left", op.Amount, op.ApprovedAmount, op.LeftToPay)
			}
			if sum := w.marked(op); sum != op.ApprovedAmount {
				w.fail("the positions add up to %s, approved are %s", sum, op.ApprovedAmount)
			}
		}},
		{name: "basket/refused-by-the-cashier", needs: stops, run: func(w *world) {
			f := w.basketAsked()
			_ = w.service().Answer(w.ctx, f.r.Ref, f.question, "0", "kit")
			w.want(f, pay.Cancelled)
			w.letGo(f.r.Ref)
		}},
		{name: "basket/cancelled-while-asked", needs: stops, run: func(w *world) {
			f := w.basketAsked()
			w.must("cancel", w.service().Cancel(w.ctx, f.r.Ref, "", "kit"))
			w.want(f, pay.Cancelled)
			w.letGo(f.r.Ref)
		}},
		{name: "basket/reversed-while-asked", needs: needs{kinds: n.kinds, able: []string{"cancel", "reverse"}}, run: func(w *world) {
			f := w.basketAsked()
			_, err := w.service().Acknowledge(w.ctx, f.r.Ref, pay.AckReverse, "", "kit")
			w.must("reverse", err)
			w.want(f, pay.Cancelled)
			w.letGo(f.r.Ref)
		}},
		{name: "basket/killed-while-asked", needs: stops, run: func(w *world) {
			f := w.basketAsked()
			w.restart()
			w.want(f, pay.Cancelled)
			w.letGo(f.r.Ref)
		}},
		{name: "basket/till-gone-while-asked", needs: gone, run: func(w *world) {
			r := w.request(pay.KindBasket, w.ref(), w.amount(), w.params(pay.KindBasket, ""))
			_, _, err := w.service().Begin(w.ctx, r)
			w.must("begin", err)
			w.until("it is given up", func() bool { return w.operation(r.Ref).Outcome.Final() })
			if op := w.operation(r.Ref); op.Outcome != pay.Cancelled {
				w.fail("the outcome is %s, and nobody was there to be asked", op.Outcome)
			}
			w.letGo(r.Ref)
		}},
	}
}

func (w *world) basket() *follow {
	return w.begin(w.request(pay.KindBasket, w.ref(), w.amount(), w.params(pay.KindBasket, "")))
}

// basketAsked is a basket of which the cashier is asked whether to pay it, and says nothing yet. A module that does not ask has no such case.
func (w *world) basketAsked() *follow {
	r := w.request(pay.KindBasket, w.ref(), w.amount(), w.params(pay.KindBasket, ""))
	op, _, err := w.service().Begin(w.ctx, r)
	w.must("begin", err)
	f := w.attended(r, op, nil, func(e pay.Event) string {
		if e.Kind == pay.EvConfirm {
			return ""
		}
		return w.s.Answers[e.ID]
	})
	f.wait("asked about", func() bool { return f.question != 0 || f.latest.Outcome.Final() })
	if f.done() {
		panic(absent{"the module asks nothing before it pays a basket"})
	}
	return f
}

// marked adds up what the positions of a basket say that was paid of them.
func (w *world) marked(op pay.Operation) (sum pay.Amount) {
	var items []struct {
		pay.Item
		Approved pay.Amount `json:"approved"`
		Left     pay.Amount `json:"left"`
		Social   bool       `json:"social"`
	}
	w.must("read the positions", json.Unmarshal(op.Items, &items))
	for _, item := range items {
		sum += item.Approved
		if item.Approved+item.Left != item.Sum || item.Social != (item.Approved > 0) {
			w.fail("position %d, which costs %s, is paid %s, left %s, social %t", item.Position, item.Sum, item.Approved, item.Left, item.Social)
		}
	}
	return sum
}

// letGo waits until nothing is left to do for an operation that ended: what was reserved is free.
func (w *world) letGo(ref pay.Ref) {
	w.until("what was reserved is let go", func() bool {
		var open []pay.Operation
		w.find(map[string]any{"what": "operations", "open": true}, &open)
		return !slices.ContainsFunc(open, func(op pay.Operation) bool { return op.Ref == ref })
	})
}
