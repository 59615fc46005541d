package driver

import (
	"testing"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func TestPartsAreRefundedUpToThePaymentAndNoFurther(t *testing.T) {
	c := activeTill(t, nil)
	payment := c.paid(500)
	first := c.giveBack(pay.KindRefund, 200, payment)
	r := c.want(provider.Approved)(c.Refund(t.Context(), first, payment))
	if r.Amount != 200 || r.System != SystemWeChat || r.Shift != 1 {
		t.Errorf("%+v", r)
	}
	first.Tries, first.MaybeSent = 2, true
	c.want(provider.Approved)(c.Refund(t.Context(), first, payment))
	if c.net(first) != -200 {
		t.Errorf("a refund that was sent twice gave back %s", c.net(first))
	}
	tooMuch := c.giveBack(pay.KindRefund, 301, payment)
	if r := c.want(provider.Declined)(c.Refund(t.Context(), tooMuch, payment)); r.Code != "13" || r.Hint == "" {
		t.Errorf("%+v", r)
	}
	c.want(provider.Approved)(c.Refund(t.Context(), c.giveBack(pay.KindRefund, 300, payment), payment))
	c.want(provider.Approved)(c.Inquire(t.Context(), payment))
}

func TestTheAnswerAboutARefundOfAnotherPaymentIsNoWord(t *testing.T) {
	c := activeTill(t, nil)
	one, other := c.paid(500), c.paid(500)
	op := c.giveBack(pay.KindRefund, 100, one)
	c.want(provider.Approved)(c.Refund(t.Context(), op, one))
	op.Original = &other
	c.want(provider.Unknown)(c.Inquire(t.Context(), op))
	op.Kind = pay.KindOffline
	c.want(provider.Unknown)(c.Inquire(t.Context(), op))
}

func TestAPaymentIsUndoneWholeOnce(t *testing.T) {
	c := activeTill(t, nil)
	payment := c.paid(500)
	op := c.giveBack(pay.KindReversal, 500, payment)
	r := c.want(provider.Approved)(c.Reverse(t.Context(), op, payment))
	if r.Amount != 500 || r.Currency != pay.RUB || r.Code != "00" || r.Shift != 1 {
		t.Errorf("%+v", r)
	}
	c.want(provider.Approved)(c.Reverse(t.Context(), op, payment))
	c.want(provider.Approved)(c.Inquire(t.Context(), op))
	c.want(provider.Cancelled)(c.Inquire(t.Context(), payment))
	if c.net(payment) != 0 {
		t.Errorf("the shop has %s", c.net(payment))
	}
}

func TestAServerThatWantsTheCancelAgainIsAskedAgain(t *testing.T) {
	c := activeTill(t, nil)
	payment := c.paid(500)
	op := c.giveBack(pay.KindReversal, 500, payment)
	c.configure(map[string]any{"busy_cancels": 1})
	if r := c.want(provider.Waiting)(c.Reverse(t.Context(), op, payment)); r.Status == "" {
		t.Error("the cashier is told nothing")
	}
	c.want(provider.NotDone)(c.Inquire(t.Context(), op))
	op.Tries, op.MaybeSent = 2, true
	c.want(provider.Approved)(c.Reverse(t.Context(), op, payment))

	shown := c.shown(100)
	c.configure(map[string]any{"busy_cancels": 1})
	c.want(provider.Waiting)(c.Cancel(t.Context(), shown))
	c.want(provider.Cancelled)(c.Cancel(t.Context(), shown))
}

func TestAPaymentOfWhichPartsWentBackGoesBackByARefund(t *testing.T) {
	c := activeTill(t, nil)
	payment := c.paid(500)
	c.want(provider.Approved)(c.Refund(t.Context(), c.giveBack(pay.KindRefund, 100, payment), payment))
	whole := c.giveBack(pay.KindReversal, 500, payment)
	if r := c.want(provider.Declined)(c.Reverse(t.Context(), whole, payment)); r.Code != "HAS_REFUNDS" || r.Left == nil || *r.Left != 400 {
		t.Errorf("%+v", r)
	}
	tooMuch := c.giveBack(pay.KindReversal, 450, payment)
	if r := c.want(provider.Declined)(c.Refund(t.Context(), tooMuch, payment)); r.Code != "13" || r.Left == nil || *r.Left != 400 {
		t.Errorf("%+v", r)
	}
	if r := c.want(provider.Declined)(c.Inquire(t.Context(), tooMuch)); r.Left == nil || *r.Left != 400 {
		t.Errorf("%+v", r)
	}
	rest := c.giveBack(pay.KindReversal, 400, payment)
	c.want(provider.NotFound)(c.Inquire(t.Context(), rest))
	c.want(provider.Approved)(c.Refund(t.Context(), rest, payment))
	c.want(provider.Approved)(c.Inquire(t.Context(), rest))
}

func TestOfWhatWentBackWholeNothingIsLeft(t *testing.T) {
	c := activeTill(t, nil)
	refunded, undone := c.paid(500), c.paid(300)
	c.want(provider.Approved)(c.Refund(t.Context(), c.giveBack(pay.KindRefund, 500, refunded), refunded))
	c.want(provider.Approved)(c.Reverse(t.Context(), c.giveBack(pay.KindReversal, 300, undone), undone))
	if r := c.want(provider.Declined)(c.Reverse(t.Context(), c.giveBack(pay.KindReversal, 500, refunded), refunded)); r.Left == nil || *r.Left != 0 {
		t.Errorf("%+v", r)
	}
	if r := c.want(provider.Declined)(c.Refund(t.Context(), c.giveBack(pay.KindReversal, 200, undone), undone)); r.Left == nil || *r.Left != 0 {
		t.Errorf("%+v", r)
	}
}

func TestAReversalIsNeverDeclinedForWantOfASecret(t *testing.T) {
	c := activeTill(t, nil)
	payment := c.paid(500)
	whole, rest := c.giveBack(pay.KindReversal, 500, payment), c.giveBack(pay.KindReversal, 400, payment)
	if err := c.parts.Secrets.Delete(nameTerminal); err != nil {
		t.Fatal(err)
	}
	c.want(provider.Unknown)(c.Reverse(t.Context(), whole, payment))
	c.want(provider.Unknown)(c.Refund(t.Context(), rest, payment))
}

func TestAPaymentThatClosedUnpaidIsNotCalledGivenBack(t *testing.T) {
	c := activeTill(t, nil)
	payment := c.shown(500)
	c.want(provider.Cancelled)(c.Cancel(t.Context(), payment))
	op := c.giveBack(pay.KindReversal, 500, payment)
	c.want(provider.Unknown)(c.Reverse(t.Context(), op, payment))
	c.want(provider.Unknown)(c.Inquire(t.Context(), op))
}
