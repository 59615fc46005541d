package e2e

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// offline is an order of an offline payment with a code that nobody used yet.
func (k *till) offline(amount pay.Amount, more string) client.Order {
	k.t.Helper()
	ref := k.ref()
	return client.Order{Kind: pay.KindOffline, Amount: amount, Ref: ref, Params: fmt.Sprintf(`{"code":%q%s}`, code(), more)}
}

func (k *till) online(amount pay.Amount) client.Order {
	return client.Order{Kind: pay.KindOnline, Amount: amount, Ref: k.ref(), Params: `{"system":"sendy"}`}
}

var codes int

// code is a Sendy code that is paid at once.
func code() string {
	codes++
	return fmt.Sprintf("SENDY-%014d99", codes)
}

func TestAnOfflinePaymentIsPaidOnceAndCountsOnce(t *testing.T) {
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
	s := newShop(t)
	k := s.till("4")
	order := k.offline(500, "")
	first := k.run(order)
	again := k.begin(order)
	if again.Number != first.Number || s.charged() != 500 {
		t.Fatalf("the repeat is number %d, the first was %d; charged %s", again.Number, first.Number, s.charged())
	}
	order.Amount = 501
	if _, _, err := k.Begin(t.Context(), order); pay.CodeOf(err) != pay.ErrRefReused && err != nil || err == nil {
		order.Module = "sendy"
		if _, _, err := k.Begin(t.Context(), order); pay.CodeOf(err) != pay.ErrRefReused {
			t.Fatalf("another amount under the same ref: %v", err)
		}
	}
}

func TestAnOnlinePaymentShowsItsCodeAndIsPaidByTheCustomer(t *testing.T) {
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
	s := newShop(t)
	k := s.till("4")
	s.arm(sandbox.Fault{Kind: "drop", Method: "POST", Path: "/pos/payment/*", Work: true, Count: 1})
	op := k.run(k.offline(700, ""))
	if op.Outcome != pay.Approved || s.charged() != 700 {
		t.Fatalf("%+v, charged %s", op, s.charged())
	}
}

func TestARefundInPartsNeverExceedsThePayment(t *testing.T) {
	s := newShop(t)
	k := s.till("4")
	paid := k.run(k.offline(1000, ""))
	refund := func(amount pay.Amount) client.Order {
		return client.Order{Kind: pay.KindRefund, Amount: amount, Ref: k.ref(), Params: fmt.Sprintf(`{"original_ref":%q}`, paid.Ref)}
	}
	if op := k.run(refund(600)); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	if _, _, err := k.Begin(t.Context(), refund(401)); pay.CodeOf(err) != pay.ErrLimit {
		t.Fatalf("too much: %v", err)
	}
	if op := k.run(refund(400)); op.Outcome != pay.Approved || s.charged() != 0 {
		t.Fatalf("%+v, charged %s", op, s.charged())
	}
}

func TestACloseOfDayAgreesWithTheProviderAndRepeatsItself(t *testing.T) {
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
