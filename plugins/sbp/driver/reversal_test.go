package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	play "github.com/payrack/payrack/sdk/sandbox"
)

// returns are the requests that give money back, by way.
var returns = map[way]string{
	{bank.RaiffeisenID, bank.Dynamic}: "/sbp/v1/refund", {bank.RaiffeisenID, bank.Cash}: "/payments/v1/orders/*/refunds/*",
	{bank.GazprombankID, bank.Dynamic}: "/merchant/transfer/return/confirm", {bank.GazprombankID, bank.Cash}: "/merchant/transfer/return/confirm",
	{bank.RSBID, bank.Dynamic}: "/refundQrc", {bank.RSBID, bank.Cash}: "/refundQrc",
}

// deadAndUnpaid are the answers of a bank whose books are behind: it says of a payment that it is dead and unpaid.
func deadAndUnpaid(w way, code string) []play.Fault {
	edit := func(path string, set map[string]string) play.Fault {
		f := play.Fault{Kind: play.FaultEdit, Path: prefix[w.bank] + path, Count: -1, Set: map[string]json.RawMessage{}}
		for name, value := range set {
			f.Set[name] = json.RawMessage(value)
		}
		return f
	}
	link := map[string]string{"data.trxStatus": `"NTST"`, "data.cashRegisterQrcStatus": `"DEACTIVATED"`}
	return map[way][]play.Fault{
		{bank.RaiffeisenID, bank.Dynamic}: {edit("/sbp/v1/qr/*/payment-info", map[string]string{"paymentStatus": `"NO_INFO"`}),
			edit("/sbp/v2/qrs/*", map[string]string{"qrStatus": `"CANCELLED"`})},
		{bank.RaiffeisenID, bank.Cash}: {edit("/payment/v1/orders/*", map[string]string{"status.value": `"CANCELLED"`})},
		{bank.GazprombankID, bank.Dynamic}: {edit("/merchant/qrc-block", map[string]string{"code": `"000"`}),
			edit("/payment/v1/qrc-status", map[string]string{"data": fmt.Sprintf(`[{"qrcId":%q,"code":"RQ00000","status":"NOT_STARTED"}]`, code)})},
		{bank.GazprombankID, bank.Cash}: {edit("/payment/v1/cash-register-qrc/*/*", link)},
		{bank.RSBID, bank.Dynamic}:      {edit("/getQrdStatus", map[string]string{"data.status": `"EXPIRED"`})},
		{bank.RSBID, bank.Cash}:         {edit("/getCashLinkStatus", link)},
	}[w]
}

// busy follows how many operations want to be brought to an end, as the host does, which then tells the tills what is pending.
func (c *till) busy() <-chan int {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	c.t.Cleanup(stop)
	states, service := make(chan int, 1000), c.Service
	go func() {
		_ = service.Health(ctx, func(h module.Health) error { states <- h.Busy; return nil })
	}()
	return states
}

// becomes waits until a state is told.
func (c *till) becomes(states <-chan int, want int) {
	c.t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case n := <-states:
			if n == want {
				return
			}
		case <-deadline:
			c.t.Fatalf("it is never told that %d operations are under way", want)
		}
	}
}

// pending is why an operation wants attention.
func (c *till) pending(ref pay.Ref) pay.Operation {
	c.t.Helper()
	raw, err := c.Find(c.t.Context(), json.RawMessage(`{"what":"operations","pending":true}`))
	if err != nil {
		c.t.Fatal(err)
	}
	var list []pay.Operation
	if err := json.Unmarshal(raw, &list); err != nil {
		c.t.Fatal(err)
	}
	for _, op := range list {
		if op.Ref == ref {
			return op
		}
	}
	return pay.Operation{}
}

// goesBack holds that money on its way back is told of, and then is back: the till hears that something changed, and finds why.
func (c *till) goesBack(w way, ref pay.Ref, outcome pay.Outcome, begun func()) {
	c.t.Helper()
	c.spoil(play.Fault{Kind: play.FaultStatus, Status: 503, Method: "POST", Path: prefix[w.bank] + returns[w], Count: -1})
	states := c.busy()
	begun()
	c.until("the reversal is listed", func() bool { return c.pending(ref).Pending == "reversing" })
	if op := c.pending(ref); op.Reversal != pay.ReversalUnderWay || op.Outcome == pay.Approved || c.net() != 12345 {
		c.t.Errorf("%+v, the shop has %s", op, c.net())
	}
	c.becomes(states, 2) // the payment and what takes it back
	c.box.Faults().Disarm("")
	c.until("the money is back", func() bool { return c.net() == 0 })
	c.becomes(states, 0)
	c.settled(ref, outcome)
}

// until waits for a state.
func (c *till) until(what string, is func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("never: %s", what)
		}
	}
}

func TestAPaymentAfterTheTillTookAnotherTenderIsPendingUntilItIsBack(t *testing.T) {
	hasty := sdk.Terms(func(t *engine.Terms) { t.CancelWait = 100 * time.Millisecond })
	for _, w := range ways() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			c := newTill(t, w.mode, nil, hasty)
			s := c.pay(w, 12345)
			s.phone(c.box.Control().Start)
			if err := c.Cancel(t.Context(), s.ref, "cashier", "test"); err != nil {
				t.Fatal(err)
			}
			if op := s.end(pay.Unknown); !op.OtherTender {
				t.Fatalf("%+v", op)
			}
			c.goesBack(w, s.ref, pay.Cancelled, func() { s.phone(c.box.Control().Pay) })
		})
	}
}

// A bank's books may be behind: it calls dead and unpaid what was paid, and tells the truth later (design §3.7).
func TestAPaymentAfterItsEndWasToldIsPendingUntilItIsBack(t *testing.T) {
	for _, w := range ways() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			c := newTill(t, w.mode, nil)
			s := c.pay(w, 12345)
			bill := s.payable()
			for _, f := range deadAndUnpaid(w, bill.ID) {
				c.spoil(f)
			}
			if _, err := c.box.Control().Pay(t.Context(), bill.ID); err != nil {
				t.Fatal(err)
			}
			_ = c.Cancel(t.Context(), s.ref, "cashier", "test") // it may have ended by itself
			var told pay.Operation
			select {
			case told = <-s.ended:
			case <-time.After(patience):
				t.Fatal("no outcome")
			}
			if told.Outcome != pay.Cancelled && told.Outcome != pay.Declined || c.pending(s.ref).Reversal != pay.ReversalNone {
				t.Fatalf("%+v", told)
			}
			c.box.Faults().Disarm("")
			c.options = []sdk.Option{sdk.Terms(func(t *engine.Terms) { t.LateLook = time.Second })}
			c.Service.Close()
			c.start()
			c.goesBack(w, s.ref, told.Outcome, func() {}) // the look that comes after every end finds it
		})
	}
}

// Of a charge of the link that never came to the bank nothing proves anything: the till may take another tender, and a person says what became of it.
func TestAChargeThatTheBankNeverHeardOfLetsTheTillTakeAnotherTender(t *testing.T) {
	quick := sdk.Terms(func(t *engine.Terms) { t.UnknownAfter, t.CancelWait = 100*time.Millisecond, 100*time.Millisecond })
	for _, w := range ways() {
		if w.mode != bank.Cash {
			continue
		}
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			c := newTill(t, w.mode, nil, quick)
			c.spoil(play.Fault{Kind: play.FaultDrop, Path: prefix[w.bank] + charges[w.bank], Method: "POST"})
			s := c.begin(pay.KindOnline, 12345, fmt.Sprintf(`{"system":%q}`, w.bank))
			if op := s.end(pay.Unknown); op.OtherTender {
				t.Errorf("%+v", op)
			}
			if err := c.Cancel(t.Context(), s.ref, "cashier", "test"); err != nil {
				t.Fatal(err)
			}
			c.until("another tender is allowed", func() bool { return c.pending(s.ref).OtherTender })
			if op := c.pending(s.ref); op.Outcome != pay.Unknown || op.Pending != "unknown" {
				t.Errorf("%+v", op)
			}
		})
	}
}
