//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// offline is an order of an offline payment with a code that nobody used yet, whose customer pays at once.
func (k *till) offline(amount pay.Amount, more string) client.Order {
	k.t.Helper()
	return k.scan(amount, k.s.code("99"), more)
}

// scan is an order of an offline payment with a code.
func (k *till) scan(amount pay.Amount, code, more string) client.Order {
	return client.Order{Kind: pay.KindOffline, Amount: amount, Ref: k.ref(), Params: fmt.Sprintf(`{"code":%q%s}`, code, more)}
}

func (k *till) online(amount pay.Amount) client.Order {
	return client.Order{Kind: pay.KindOnline, Amount: amount, Ref: k.ref(), Params: `{"system":"sendy"}`}
}

func (k *till) refund(of pay.Ref, amount pay.Amount) client.Order {
	return client.Order{Kind: pay.KindRefund, Amount: amount, Ref: k.ref(), Params: fmt.Sprintf(`{"original_ref":%q}`, of)}
}

// code is a Sendy code that nobody used yet. Its last two digits say what the customer does (the sandbox's README).
func (s *shop) code(tail string) string { return fmt.Sprintf("SENDY-%014d%s", s.codes.Add(1), tail) }

func TestAnOfflinePaymentIsPaidOnceAndCountsOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	op := k.run(k.offline(12345, `,"receipt":"157"`))
	if op.Outcome != pay.Approved || op.ApprovedAmount != 12345 || op.Number == 0 || op.ProviderNumber == 0 {
		t.Fatalf("%+v", op)
	}
	if got := s.charged(); got != 12345 {
		t.Fatalf("the provider charged %s", got)
	}
	slip, err := k.Slip(t.Context(), op.Ref, client.Paper{Copy: 1, Format: "text"})
	must(t, err)
	t.Logf("\n%s", slip)
}

func TestTheSameRefIsTheSameOperationForEver(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	order := k.offline(500, "")
	first := k.run(order)
	again := k.begin(order)
	if again.Number != first.Number || s.charged() != 500 {
		t.Fatalf("the repeat is number %d, the first was %d; charged %s", again.Number, first.Number, s.charged())
	}
	order.Amount = 501
	k.refused(order, pay.ErrRefReused)
}

func TestAnOnlinePaymentShowsItsCodeAndIsPaidByTheCustomer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	op := k.begin(k.online(99000))
	qr := k.event(op.Ref, pay.EvQRShow)
	if qr.Payload == "" || len(qr.PNG) == 0 {
		t.Fatalf("%+v", qr)
	}
	bill, err := s.ctl.AwaitBill(t.Context())
	must(t, err)
	_, err = s.ctl.Pay(t.Context(), bill.ID)
	must(t, err)
	if done := k.final(op.Ref); done.Outcome != pay.Approved || s.charged() != 99000 {
		t.Fatalf("%+v, charged %s", done, s.charged())
	}
}

func TestALostAnswerAfterChargingIsFoundOut(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	s.arm(sandbox.Fault{Kind: "drop", Method: "POST", Path: "/pos/payment/*", Work: true, Count: 1})
	op := k.run(k.offline(700, ""))
	if op.Outcome != pay.Approved || s.charged() != 700 {
		t.Fatalf("%+v, charged %s", op, s.charged())
	}
}

func TestARefundInPartsNeverExceedsThePayment(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	paid := k.run(k.offline(1000, ""))
	if op := k.run(k.refund(paid.Ref, 600)); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	k.refused(k.refund(paid.Ref, 401), pay.ErrLimit)
	if op := k.run(k.refund(paid.Ref, 400)); op.Outcome != pay.Approved || s.charged() != 0 {
		t.Fatalf("%+v, charged %s", op, s.charged())
	}
}

func TestACloseOfDayAgreesWithTheProviderAndRepeatsItself(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	k.run(k.offline(1000, ""))
	k.run(k.offline(250, ""))
	closed := k.run(client.Order{Kind: pay.KindCloseDay, Params: `{"detailed":true}`})
	var r struct {
		Lines []struct {
			Payments    int64 `json:"payments"`
			PaymentsSum int64 `json:"payments_sum"`
		} `json:"lines"`
		Provider struct {
			Matched bool `json:"matched"`
		} `json:"provider"`
	}
	must(t, json.Unmarshal(closed.Result, &r))
	if closed.Outcome != pay.Approved || len(r.Lines) != 1 || r.Lines[0].PaymentsSum != 1250 || !r.Provider.Matched {
		t.Fatalf("%+v %s", closed, closed.Result)
	}
	slip, err := k.Slip(t.Context(), closed.Ref, client.Paper{Copy: 1, Format: "text"})
	must(t, err)
	t.Logf("\n%s", slip)
	again := k.run(client.Order{Kind: pay.KindCloseDay})
	if again.Ref != closed.Ref {
		t.Fatalf("the second close is %s, the first was %s", again.Ref, closed.Ref)
	}
	next := k.run(k.offline(100, ""))
	if next.Shift <= closed.Shift {
		t.Fatalf("the next payment is of shift %d, %d was closed", next.Shift, closed.Shift)
	}
}
