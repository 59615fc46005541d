package driver

import (
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/sandbox"
	"github.com/payrack/payrack/sdk/module"
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

func TestAPaymentGoesBackInPartsAndWholeAndNeverAboveItself(t *testing.T) {
	each(t, func(t *testing.T, c *till, w way) {
		payment := c.paid(w, 20000)
		part := c.refund(5000, payment).end(pay.Approved)
		paper, err := c.Slip(t.Context(), module.SlipRequest{Ref: part.Ref, Copy: 1, Format: "text"})
		for _, line := range []string{"ВОЗВРАТ  СБП", "Исходная сумма        200,00 RUB", "Остаток к возврату    150,00 RUB", "ID операции СБП"} {
			if err != nil || !strings.Contains(string(paper), line) {
				t.Errorf("no %q (%v) on\n%s", line, err, paper)
			}
		}
		if part.ApprovedAmount != 5000 || part.System != w.bank || c.net() != 15000 {
			t.Errorf("%+v, the shop has %s", part, c.net())
		}
		if _, err := c.try(pay.KindRefund, 15001, `{"original_ref":"`+string(payment.Ref)+`"}`); err == nil {
			t.Error("more went back than was paid")
		}
		c.refund(15000, payment).end(pay.Approved)
		if c.net() != 0 {
			t.Errorf("the shop has %s", c.net())
		}
	})
}

func TestACustomerWhoIsTooLateIsDeclinedByTheBanksWord(t *testing.T) {
	each(t, func(t *testing.T, c *till, w way) {
		if w == (way{bank.GazprombankID, bank.Dynamic}) {
			return // here the till keeps the time: TestACodeWhoseTimeIsOverIsAnnulledAndThenAskedAbout
		}
		s := c.pay(w, 12345)
		s.phone(c.box.Control().Expire)
		if op := s.end(pay.Declined); op.Text == "" || op.Hint == "" || c.net() != 0 {
			t.Errorf("%+v", op)
		}
	})
}

func TestAPaymentThatTheCustomersBankRefusesIsDeclined(t *testing.T) {
	each(t, func(t *testing.T, c *till, w way) {
		s := c.pay(w, 12345)
		s.phone(c.box.Control().Decline)
		if op := s.end(pay.Declined); op.Text == "" || c.net() != 0 {
			t.Errorf("%+v", op)
		}
	})
}

func TestACancelBeforeTheScanIsProvedByTheBank(t *testing.T) {
	each(t, func(t *testing.T, c *till, w way) {
		s := c.pay(w, 12345)
		bill := s.payable()
		if err := c.Cancel(t.Context(), s.ref, "cashier", "test"); err != nil {
			t.Fatal(err)
		}
		if w == (way{bank.RSBID, bank.Dynamic}) { // this bank cannot block a code: it dies by its time
			if op := s.end(pay.Unknown); !op.OtherTender {
				t.Errorf("%+v", op)
			}
			s.phone(c.box.Control().Expire)
			c.settled(s.ref, pay.Declined)
		} else if op := s.end(pay.Cancelled); c.net() != 0 {
			t.Errorf("%+v", op)
		}
		if _, err := c.box.Control().Pay(t.Context(), bill.ID); err == nil {
			t.Error("what was cancelled could be paid")
		}
	})
}

func TestACustomerWhoWasFasterThanTheCancelHasPaid(t *testing.T) {
	each(t, func(t *testing.T, c *till, w way) {
		s := c.pay(w, 12345)
		s.phone(c.box.Control().Start)
		if err := c.Cancel(t.Context(), s.ref, "cashier", "test"); err != nil {
			t.Fatal(err)
		}
		s.phone(c.box.Control().Pay)
		if op := s.end(pay.Approved); op.OtherTender || c.net() != 12345 {
			t.Errorf("%+v", op)
		}
	})
}

func TestAPaymentFoundAfterTheTillWentAwayGoesBackByItself(t *testing.T) {
	each(t, func(t *testing.T, c *till, w way) {
		s := c.pay(w, 12345)
		s.phone(c.box.Control().Start) // the customer is about to confirm, and the bank takes nothing back
		if err := c.Cancel(t.Context(), s.ref, "cashier", "test"); err != nil {
			t.Fatal(err)
		}
		if op := s.end(pay.Unknown); !op.OtherTender {
			t.Errorf("%+v", op)
		}
		s.phone(c.box.Control().Pay)
		op := c.settled(s.ref, pay.Cancelled)
		if op.Reversal != pay.ReversalDone || c.net() != 0 {
			t.Errorf("%+v, the shop has %s", op, c.net())
		}
	})
}

func TestAPowerCutWhileTheCustomerPaysLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, c *till, w way) {
		s := c.pay(w, 12345)
		c.restart()
		s.watch()
		s.phone(c.box.Control().Pay)
		if s.end(pay.Approved); c.net() != 12345 {
			t.Errorf("the shop has %s", c.net())
		}
	})
}
