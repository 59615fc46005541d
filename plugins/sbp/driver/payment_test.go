package driver

import (
	"testing"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/sandbox"
	"github.com/payrack/payrack/sdk/pay"
)

// each runs a test for each bank and mode, side by side, each at a till of its own.
func each(t *testing.T, test func(t *testing.T, c *till, w way)) {
	for _, w := range ways() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			test(t, newTill(t, w.mode, nil), w)
		})
	}
}

func TestACustomerPaysByACodeAndByTheCashLinkAtEachBank(t *testing.T) {
	each(t, func(t *testing.T, c *till, w way) {
		s := c.begin(pay.KindOnline, 12345, `{"system":"`+w.bank+`","receipt":"000157"}`)
		if w.mode == bank.Dynamic {
			e := s.next(pay.EvQRShow)
			if bill := s.payable(); bill.QR != e.Payload || bill.Amount != 12345 || e.ExpiresIn < 290 || e.ExpiresIn > 300 {
				t.Fatalf("shown %+v of %+v", e, bill)
			}
		}
		s.phone(c.box.Control().Pay)
		op := s.end(pay.Approved)
		if op.ApprovedAmount != 12345 || op.RRN == "" || op.System != w.bank || op.Refundable != 12345 || c.net() != 12345 {
			t.Errorf("%+v, the shop has %s", op, c.net())
		}
		c.hides(sandbox.RaiffeisenKey, sandbox.GazprombankPassword)
	})
}
