package driver

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
)

// eachLink runs a test for the cash link of each bank.
func eachLink(t *testing.T, test func(t *testing.T, c *counter, w way)) {
	eachCounter(t, func(t *testing.T, c *counter, w way) {
		if w.mode == bank.Cash {
			test(t, c, w)
		}
	})
}

// charges are the requests that charge a link, by bank.
var charges = map[string]string{bank.RaiffeisenID: "/payment/v1/orders", bank.GazprombankID: "/payment/v1/cash-register-qrc/*/params", bank.RSBID: "/activateCashLink"}

func TestALinkIsChargedWithOneSaleAtATime(t *testing.T) {
	eachLink(t, func(t *testing.T, c *counter, w way) {
		first := c.shown(w, 500)
		next := c.begin(pay.KindOnline, w, 700)
		if r := c.want(provider.Declined)(c.Prepare(t.Context(), next)); r.Error != pay.ErrBusy || r.Hint == "" {
			t.Errorf("%+v", r)
		}
		c.restart()
		c.want(provider.Declined)(c.Prepare(t.Context(), next))
		c.phone(c.box.Control().Pay, first)
		c.want(provider.Approved)(c.Inquire(t.Context(), first))
		c.want(provider.Ready)(c.Prepare(t.Context(), next))
	})
}

func TestTwoSalesAtOnceDoNotBothChargeTheLink(t *testing.T) {
	eachLink(t, func(t *testing.T, c *counter, w way) {
		ops := []provider.Operation{c.prepared(w, 500), c.prepared(w, 700)}
		verdicts := make([]provider.Verdict, len(ops))
		var both sync.WaitGroup
		for i, op := range ops {
			both.Go(func() {
				r, err := c.Commit(t.Context(), op)
				if err == nil {
					verdicts[i] = r.Verdict
				}
			})
		}
		both.Wait()
		if verdicts[0]+verdicts[1] != provider.Waiting+provider.Declined || verdicts[0] == verdicts[1] {
			t.Errorf("verdicts %v", verdicts)
		}
	})
}

func TestAnUnsettledSaleGivesTheLinkBackWhenItsTimeIsOver(t *testing.T) {
	eachLink(t, func(t *testing.T, c *counter, w way) {
		c.spoil(play.Fault{Kind: play.FaultDrop, Path: prefix[w.bank] + charges[w.bank], Method: "POST"})
		lost := c.prepared(w, 500)
		c.want(provider.Unknown)(c.Commit(t.Context(), lost))
		next := c.begin(pay.KindOnline, w, 700)
		c.want(provider.Declined)(c.Prepare(t.Context(), next))
		c.advance(c.Driver.settings.QRTTL)
		c.want(provider.Declined)(c.Prepare(t.Context(), next))
		c.advance(engine.LongestCall)
		c.want(provider.Ready)(c.Prepare(t.Context(), next))
		if r, err := c.Inquire(t.Context(), lost); err == nil && r.Verdict != provider.NotFound {
			t.Errorf("nothing proves what became of the lost charge, and %+v is told", r)
		}
	})
}

func TestAChargeWhoseAnswerWasLostIsFoundAgain(t *testing.T) {
	eachLink(t, func(t *testing.T, c *counter, w way) {
		c.spoil(play.Fault{Kind: play.FaultDrop, Work: true, Path: prefix[w.bank] + charges[w.bank], Method: "POST"})
		op := c.prepared(w, 500)
		c.want(provider.Unknown)(c.Commit(t.Context(), op))
		op.MaybeSent = true
		op = c.learn(op, c.want(provider.Waiting)(c.Inquire(t.Context(), op)))
		c.restart()
		c.phone(c.box.Control().Pay, op)
		c.want(provider.Approved)(c.Inquire(t.Context(), op))
	})
}

// lookers are the banks whose activations have a name of the bank's.
var lookers = []way{{bank.GazprombankID, bank.Cash}, {bank.RSBID, bank.Cash}}

func TestAChargeOfWhichTheBankToldAnothersNameIsFoundByOurOwn(t *testing.T) {
	for _, w := range lookers {
		for _, cancelled := range []bool{false, true} {
			t.Run(fmt.Sprint(w, " cancelled ", cancelled), func(t *testing.T) {
				t.Parallel()
				c := newCounter(t, bank.Cash, nil)
				earlier := c.paid(w, 500) // of the same sum: nothing but the name tells them apart
				known, err := ticket(earlier)
				if err != nil {
					t.Fatal(err)
				}
				c.spoil(play.Fault{Kind: play.FaultEdit, Set: map[string]json.RawMessage{"data.paramsId": json.RawMessage(`"` + known.Params + `"`)},
					Path: prefix[w.bank] + charges[w.bank], Method: "POST"})
				op := c.shown(w, 500)
				if cancelled {
					c.want(provider.Cancelled)(c.Cancel(t.Context(), op))
					return
				}
				op = c.learn(op, c.want(provider.Waiting)(c.Inquire(t.Context(), op)))
				c.phone(c.box.Control().Pay, op)
				op = c.learn(op, c.want(provider.Approved)(c.Inquire(t.Context(), op)))
				if paid, err := ticket(op); err != nil || paid.Params == known.Params || paid.Trx == known.Trx {
					t.Errorf("%+v is booked as %+v, %v", known, paid, err)
				}
			})
		}
	}
}

func TestACancelTakesALostChargeOffTheLink(t *testing.T) {
	eachLink(t, func(t *testing.T, c *counter, w way) {
		c.spoil(play.Fault{Kind: play.FaultDrop, Work: true, Path: prefix[w.bank] + charges[w.bank], Method: "POST"})
		op := c.prepared(w, 500)
		c.want(provider.Unknown)(c.Commit(t.Context(), op))
		c.want(provider.Cancelled)(c.Cancel(t.Context(), op))
	})
}

// A customer opens the link while it is charged with N, and the till charges it with N+1 before N is paid: by another program, or after its time.
func TestAPaymentOfAnEarlierChargeIsBookedToThatSale(t *testing.T) {
	w := way{bank.RSBID, bank.Cash}
	c := newCounter(t, bank.Cash, nil)
	first := c.shown(w, 500)
	c.phone(c.box.Control().Scan, first)
	parsed, err := ticket(first)
	if err != nil {
		t.Fatal(err)
	}
	c.letGo(parsed, first.Key) // as if another program had the link now
	second := c.begin(pay.KindOnline, w, 700)
	state, err := json.Marshal(bank.Ticket{Bank: w.bank, Mode: bank.Cash, Order: second.Key.String(), QR: parsed.QR, Amount: 700, Since: c.now(), Until: c.now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	second.State, second.Tries = provider.State{Version: stateVersion, Data: state}, 1
	second = c.learn(second, c.want(provider.Waiting)(c.Commit(t.Context(), second)))

	c.phone(c.box.Control().Pay, first)
	if r := c.want(provider.Approved)(c.Inquire(t.Context(), first)); r.Amount != 500 {
		t.Errorf("%+v", r)
	}
	c.want(provider.Waiting)(c.Inquire(t.Context(), second))
	c.phone(c.box.Control().Pay, second)
	if r := c.want(provider.Approved)(c.Inquire(t.Context(), second)); r.Amount != 700 {
		t.Errorf("%+v", r)
	}
}

func TestACancelTakesNoOtherSaleOffTheLink(t *testing.T) {
	eachLink(t, func(t *testing.T, c *counter, w way) {
		first := c.shown(w, 500)
		c.phone(c.box.Control().Expire, first)
		c.want(provider.Declined)(c.Inquire(t.Context(), first))
		second := c.shown(w, 700)
		if r, err := c.Cancel(t.Context(), first); err != nil || r.Verdict != provider.Declined && r.Verdict != provider.Cancelled {
			t.Errorf("%+v, %v", r, err)
		}
		c.want(provider.Waiting)(c.Inquire(t.Context(), second))
		c.phone(c.box.Control().Pay, second)
		c.want(provider.Approved)(c.Inquire(t.Context(), second))
	})
}

func TestAChargeIsNeverSentTwice(t *testing.T) {
	c, w := newCounter(t, bank.Cash, nil), way{bank.RSBID, bank.Cash}
	op := c.shown(w, 500)
	op.Tries, op.MaybeSent = 2, true
	c.want(provider.Unknown)(c.Commit(t.Context(), op))
}
