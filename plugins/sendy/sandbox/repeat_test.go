package sandbox

import (
	"errors"
	"sync"
	"testing"

	sdk "github.com/payrack/payrack/sdk/sandbox"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

func TestTheSameNumberIsTheSameOperation(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	in := c.offlineRequest(100, "130000000000000068")
	first, second := c.do("POST", wire.PathOffline, in), c.do("POST", wire.PathOffline, in)
	if first.RRN != second.RRN || second.Status != wire.Paid || c.net(in.Transaction) != 100 {
		t.Errorf("%+v, then %+v, moved %d", first, second, c.net(in.Transaction))
	}
	other := in
	other.Amount++
	c.refused(wire.CodeConflict, "POST", wire.PathOffline, other)
	c.refused(wire.CodeConflict, "POST", wire.PathOnline, wire.OnlineRequest{Transaction: in.Transaction, Shift: 1, Key: in.Key, Amount: 100, Currency: "RUB", System: wire.Sendy})
	c.refused(wire.CodeNotFound, "GET", wire.PathPayment(99), nil)
	c.refused(wire.CodeNoSuchPath, "GET", "pos/paiment/1", nil)
	c.refused(wire.CodeNoSuchPath, "GET", "pos/payment/x", nil)

	c.next = 50 // a gap is allowed, and can be filled later
	c.offline(1, "130000000000000168")
	if v := c.counters(); v.NextTransaction != 51 {
		t.Errorf("next is %d after 50", v.NextTransaction)
	}
	c.next = 20
	c.offline(1, "130000000000000268")
	if v := c.counters(); v.NextTransaction != 51 {
		t.Errorf("next is %d after 50 and 20", v.NextTransaction)
	}
}

func TestTheSameRequestTwentyTimesAtOnceChargesOnce(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	in := c.offlineRequest(100, "130000000000000068")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			var r wire.Record
			if err := c.call("POST", wire.PathOffline, in, &r); err != nil || r.Status != wire.Paid {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	all.Wait()
	if got := c.net(in.Transaction); got != 100 {
		t.Errorf("charged %d", got)
	}
}

func TestABrokenRequestLeavesNoTrace(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	good := c.offlineRequest(100, "130000000000000068")
	for name, spoil := range map[string]func(r *wire.OfflineRequest){
		"no amount":         func(r *wire.OfflineRequest) { r.Amount = 0 },
		"a negative amount": func(r *wire.OfflineRequest) { r.Amount = -5 },
		"a short key":       func(r *wire.OfflineRequest) { r.Key = "1" },
		"dollars":           func(r *wire.OfflineRequest) { r.Currency = "USD" },
		"no code":           func(r *wire.OfflineRequest) { r.AuthCode = "" },
		"number 0":          func(r *wire.OfflineRequest) { r.Transaction = 0 },
		"a huge number":     func(r *wire.OfflineRequest) { r.Transaction = 1 << 60 },
	} {
		bad := good
		spoil(&bad)
		t.Run(name, func(t *testing.T) { c.refused(wire.CodeBadRequest, "POST", wire.PathOffline, bad) })
	}
	ahead := good
	ahead.Shift = 2
	c.refused(wire.CodeShiftNotOpen, "POST", wire.PathOffline, ahead)
	c.refused(wire.CodeNotFound, "GET", wire.PathPayment(good.Transaction), nil)
	if v := c.counters(); v.NextTransaction != 1 {
		t.Errorf("next is %d", v.NextTransaction)
	}
}

func TestAPlainCancelLeavesAFasterCustomersPaymentAlone(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	open, paid := c.online(100), c.online(200)
	if _, err := s.Control().Pay(t.Context(), paid.Token); err != nil {
		t.Fatal(err)
	}
	if r := c.cancel(open, wire.Close); r.Status != wire.Cancelled || r.Reversed {
		t.Errorf("an unpaid one: %+v", r)
	}
	if r := c.cancel(open, wire.Reverse); r.Status != wire.Cancelled || r.Reversed {
		t.Errorf("a cancelled one: %+v", r)
	}
	if _, err := s.Control().Pay(t.Context(), open.Token); !errors.Is(err, sdk.ErrBillOver) {
		t.Errorf("a cancelled QR was paid: %v", err)
	}
	if r := c.cancel(paid, wire.Close); r.Status != wire.Paid || c.net(paid.Transaction) != 200 {
		t.Errorf("a paid one, closed: %+v", r)
	}
	for range 2 {
		if r := c.cancel(paid, wire.Reverse); r.Status != wire.Cancelled || !r.Reversed || r.ReversedBooked != 1 || c.net(paid.Transaction) != 0 {
			t.Errorf("a paid one, reversed: %+v", r)
		}
	}
	c.refused(wire.CodeConflict, "POST", wire.PathCancel(paid.Transaction), wire.CancelRequest{Key: open.Key, Amount: 200, Mode: wire.Reverse})
	c.refused(wire.CodeConflict, "POST", wire.PathCancel(paid.Transaction), wire.CancelRequest{Key: paid.Key, Amount: 201, Mode: wire.Reverse})
	c.refused(wire.CodeBadRequest, "POST", wire.PathCancel(paid.Transaction), wire.CancelRequest{Key: paid.Key, Amount: 200})
}

func TestACancelThatComesFirstBarsTheNumber(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	late := c.offlineRequest(100, "130000000000000068")
	r := c.do("POST", wire.PathCancel(late.Transaction), wire.CancelRequest{Key: late.Key, Amount: late.Amount, Mode: wire.Close})
	if r.Status != wire.Cancelled || r.Key != late.Key || r.Amount != 100 {
		t.Errorf("%+v", r)
	}
	c.refused(wire.CodeAlreadyCancelled, "POST", wire.PathOffline, late)
	if got := c.get(late.Transaction); got.Status != wire.Cancelled || c.net(late.Transaction) != 0 {
		t.Errorf("%+v, moved %d", got, c.net(late.Transaction))
	}
	if v := c.counters(); v.NextTransaction != late.Transaction+1 {
		t.Errorf("next is %d", v.NextTransaction)
	}
}

func TestABusyServerAsksToBeCalledAgain(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	r := c.offline(100, "130000000000000068")
	if err := s.Control().Configure(t.Context(), map[string]int{"busy_cancels": 2}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a := c.cancel(r, wire.Reverse); !a.Recall || a.Status != wire.Paid {
			t.Errorf("busy: %+v", a)
		}
	}
	if a := c.cancel(r, wire.Reverse); a.Recall || !a.Reversed {
		t.Errorf("at last: %+v", a)
	}
}

func TestRefundsNeverExceedThePayment(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	p := c.offline(100, "130000000000000068")
	a := c.refund(p.Transaction, 60)
	if a.Status != wire.Paid || a.Kind != wire.Refund || a.System != wire.WeChat || a.Original != p.Transaction {
		t.Errorf("a part: %+v", a)
	}
	if b := c.refund(p.Transaction, 41); b.Status != wire.Declined || b.Reason != wire.ReasonRefundExcess {
		t.Errorf("too much: %+v", b)
	}
	if b := c.refund(p.Transaction, 40); b.Status != wire.Paid {
		t.Errorf("the rest: %+v", b)
	}
	if got := c.get(p.Transaction); got.Refunded != 100 || got.Status != wire.Paid || c.net(p.Transaction) != 0 {
		t.Errorf("%+v, net %d", got, c.net(p.Transaction))
	}
	if got := c.get(a.Transaction); got.Status != wire.Paid || got.Amount != 60 {
		t.Errorf("the refund's own record: %+v", got)
	}
	c.refused(wire.CodeHasRefunds, "POST", wire.PathCancel(p.Transaction), wire.CancelRequest{Key: p.Key, Amount: 100, Mode: wire.Reverse})
	c.refused(wire.CodeConflict, "POST", wire.PathCancel(a.Transaction), wire.CancelRequest{Key: a.Key, Amount: 60, Mode: wire.Reverse})
	unpaid := c.offline(100, "130000000000000151")
	for _, of := range []int64{unpaid.Transaction, a.Transaction, 999} {
		if b := c.refund(of, 1); b.Reason != wire.ReasonNoOriginal {
			t.Errorf("of %d: %+v", of, b)
		}
	}
}
