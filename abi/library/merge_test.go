//go:build !windows

package library

import (
	"testing"

	"github.com/payrack/payrack/host/client/clienttest"
	"github.com/payrack/payrack/sdk/pay"
)

func TestAFinalOutcomeThatWasToldIsNeverTakenBack(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op, code := c.l.Start(th, c.h, txt("sendy"), txt("pay.online"), clienttest.Approve, txt("r1"), Text{})
	if code < 0 || op == 0 {
		t.Fatalf("start: %v", code)
	}
	c.finish(op)
	o := c.l.ofHandle(op)
	o.mu.Lock()
	for _, later := range []pay.Operation{{Ref: "r1", Outcome: pay.Declined}, {Ref: "r1"}, {Ref: "r1", Running: true}} {
		o.merge(later)
	}
	o.mu.Unlock()
	if code := o.outcome(); code != pay.CodeOK {
		t.Errorf("the payment was approved, and is told as %v now", code)
	}
}
