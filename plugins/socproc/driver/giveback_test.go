package driver

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/socproc/sandbox"
	"github.com/payrack/payrack/plugins/socproc/wire"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	box "github.com/payrack/payrack/sdk/sandbox"
)

// bought is a basket that was paid.
func bought(t *testing.T) (*till, pay.Operation) {
	t.Helper()
	c := newTill(t)
	op := c.run(groceries(pinPad(sandbox.CardPlenty)), yes)
	if op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	return c, op
}

func refund(of pay.Operation, amount pay.Amount) module.Request {
	return order(pay.KindRefund, amount, `{"original_ref":"`+string(of.Ref)+`"}`)
}

func TestAPartialReturnIsRefusedBeforeAnythingIsSent(t *testing.T) {
	c, op := bought(t)
	before := c.requests()
	for _, amount := range []pay.Amount{1, 63000, 82999} {
		_, _, err := c.Begin(t.Context(), refund(op, amount))
		if pay.CodeOf(err) != pay.ErrUnsupported || !strings.Contains(err.Error(), "частичный возврат невозможен") {
			t.Errorf("%s: %v", amount, err)
		}
	}
	if n := c.requests() - before; n != 0 || c.paid() != 83000 {
		t.Errorf("%d requests were sent, public funds paid %s", n, c.paid())
	}
	if back := c.run(refund(op, 83000), nil); back.Outcome != pay.Approved || c.paid() != 0 {
		t.Errorf("the whole: %+v", back)
	}
}

// TestOnlyAReversalReturnsTheSocialPart kills the module over an approved basket: it stays pending, and paid, until the till says what became of the
// other tender.
func TestOnlyAReversalReturnsTheSocialPart(t *testing.T) {
	c, op := bought(t)
	for range 3 {
		c.restart()
		if now := c.operation(op.Ref); now.Pending != "unread" || now.Outcome != pay.Approved || c.paid() != 83000 {
			t.Fatalf("after a kill: %+v", now)
		}
	}
	if err := c.Cancel(t.Context(), op.Ref, "", "test"); pay.CodeOf(err) != pay.ErrState {
		t.Errorf("a cancel: %v", err)
	}
	if _, err := c.Acknowledge(t.Context(), op.Ref, pay.AckReverse, "the other tender failed", "test"); err != nil {
		t.Fatal(err)
	}
	c.until("it goes back", func() bool { return c.operation(op.Ref).Reversal == pay.ReversalDone })
	if o := c.service(); c.paid() != 0 || o.State() != wire.Returned || len(o.Undone) != 1 || o.Undone[0].Kind != wire.Reversal {
		t.Errorf("public funds paid %s, the service has it %s, undone %+v", c.paid(), o.Status, o.Undone)
	}
}

func TestAConfirmedBasketIsNotReversed(t *testing.T) {
	c, op := bought(t)
	if _, err := c.Acknowledge(t.Context(), op.Ref, pay.AckConfirm, "", "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Acknowledge(t.Context(), op.Ref, pay.AckReverse, "", "test"); pay.CodeOf(err) != pay.ErrState || c.paid() != 83000 {
		t.Errorf("reversed after its receipt: %v", err)
	}
}

// TestACancelNeverUndoesAConfirmation loses the answer to a confirmation that was worked, and has the till ask for a cancel: the service refuses that,
// the customer's goods are paid, and the till hears so.
func TestACancelNeverUndoesAConfirmation(t *testing.T) {
	c := newTill(t)
	r := groceries(pinPad(sandbox.CardPlenty))
	for _, path := range []string{"/v1/reservations/*/confirm", "/v1/operations/*"} {
		c.arm(box.Fault{Path: path, Kind: box.FaultDrop, Work: true, Count: -1})
	}
	c.begin(r)
	if err := c.Answer(t.Context(), r.Ref, c.asked(r.Ref).Number, "1", "Иванова"); err != nil {
		t.Fatal(err)
	}
	c.until("it is confirmed", func() bool { return c.paid() == 83000 })
	if err := c.Cancel(t.Context(), r.Ref, "the customer left", "test"); err != nil {
		t.Fatal(err)
	}
	c.until("the cancel was refused", func() bool { return c.came("/cancel") })
	c.calm()
	if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Approved || op.ApprovedAmount != 83000 || c.paid() != 83000 {
		t.Errorf("%+v, public funds paid %s", op, c.paid())
	}
	if o := c.service(); o.State() != wire.Confirmed || len(o.Undone) != 1 || o.Undone[0].Done || o.Undone[0].Kind != wire.Release {
		t.Errorf("the service has it %s, undone %+v", o.Status, o.Undone)
	}
}

// TestACancelBarsARequestThatIsStillOnItsWay has a confirmation arrive behind the cancel: the service refuses it, and nothing is paid.
func TestACancelBarsARequestThatIsStillOnItsWay(t *testing.T) {
	c := newTill(t)
	r := groceries(pinPad(sandbox.CardPlenty))
	c.arm(box.Fault{Method: "POST", Path: "/v1/reservations/*/confirm", Kind: box.FaultDrop, Count: -1})
	c.begin(r)
	if err := c.Answer(t.Context(), r.Ref, c.asked(r.Ref).Number, "1", "Иванова"); err != nil {
		t.Fatal(err)
	}
	c.until("it is asked for", func() bool { return c.came("/confirm") })
	if err := c.Cancel(t.Context(), r.Ref, "", "test"); err != nil {
		t.Fatal(err)
	}
	if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Cancelled {
		t.Fatalf("%+v", op)
	}
	c.calm()
	o := c.service()
	answer, err := postConfirm(c, o)
	if err != nil || answer < 400 || c.paid() != 0 || c.service().State() != wire.Cancelled {
		t.Errorf("the late confirmation is answered %d, %v; public funds paid %s", answer, err, c.paid())
	}
}

// TestAnotherSumThanTheCashierSawIsUnknown has the service say of a confirmation that it wrote off another sum, which adds up by itself.
func TestAnotherSumThanTheCashierSawIsUnknown(t *testing.T) {
	c := newTill(t)
	r := groceries(pinPad(sandbox.CardPlenty))
	for _, path := range []string{"/v1/reservations/*/confirm", "/v1/operations/*"} {
		c.arm(box.Fault{Path: path, Kind: box.FaultEdit, Count: -1, Set: map[string]json.RawMessage{"approved_sum": []byte("100"), "confirmed_sum": []byte("100"),
			"items": []byte(`[{"pos":1,"approved_sum":100}]`)}})
	}
	if op := c.run(r, yes); op.Outcome != pay.Unknown || !strings.Contains(op.Text, "1,00 RUB") || !strings.Contains(op.Text, "830,00 RUB") {
		t.Fatalf("%+v", op)
	}
	c.calm()
	if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Approved || op.ApprovedAmount != 83000 {
		t.Errorf("%+v", op)
	}
}
