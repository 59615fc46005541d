package driver

import (
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
)

// eachCounter runs a test for each bank and mode with a driver of its own.
func eachCounter(t *testing.T, test func(t *testing.T, c *counter, w way)) {
	for _, w := range ways() {
		t.Run(w.String(), func(t *testing.T) {
			t.Parallel()
			test(t, newCounter(t, w.mode, nil), w)
		})
	}
}

func TestACodeWhoseTimeIsOverIsAnnulledAndThenAskedAbout(t *testing.T) {
	eachCounter(t, func(t *testing.T, c *counter, w way) {
		op := c.shown(w, 500)
		c.want(provider.Waiting)(c.Inquire(t.Context(), op))
		c.advance(c.Driver.settings.QRTTL + time.Second)
		r := c.want(provider.Declined)(c.Inquire(t.Context(), op))
		if !r.Look || r.Text == "" {
			t.Errorf("%+v", r)
		}
		if _, err := c.box.Control().Pay(t.Context(), c.bill(op)); err == nil {
			t.Error("what was declined could be paid")
		}
	})
}

func TestTheTimeOfACodeIsTheTillsAndNotTheBanks(t *testing.T) {
	for _, id := range []string{bank.RaiffeisenID, bank.GazprombankID, bank.RSBID} {
		c := newCounter(t, bank.Dynamic, nil)
		r := c.want(provider.ShowQR)(c.Prepare(t.Context(), c.begin(pay.KindOnline, way{id, bank.Dynamic}, 500)))
		if r.QR.Until.IsZero() || r.QR.Until.Location() != time.Local {
			t.Errorf("%s: %v", id, r.QR.Until)
		}
	}
}

func TestAPaymentInTheLastMomentCounts(t *testing.T) {
	eachCounter(t, func(t *testing.T, c *counter, w way) {
		op := c.shown(w, 500)
		c.phone(c.box.Control().Pay, op)
		c.advance(c.Driver.settings.QRTTL + time.Second)
		c.want(provider.Approved)(c.Inquire(t.Context(), op))
		c.want(provider.Approved)(c.Cancel(t.Context(), op))
	})
}

// A till that gives up after a cancel that failed, without asking what was paid, is a mistake seen in the field (contract 0).
func TestAFailedCancelIsNoWordAboutThePayment(t *testing.T) {
	eachCounter(t, func(t *testing.T, c *counter, w way) {
		op := c.shown(w, 500)
		c.phone(c.box.Control().Start, op)
		c.want(provider.Waiting)(c.Cancel(t.Context(), op))
		c.phone(c.box.Control().Pay, op)
		r := c.want(provider.Approved)(c.Cancel(t.Context(), op))
		if r.Amount != 500 {
			t.Errorf("%+v", r)
		}
	})
}

func TestAnAnnulmentIsRememberedWhereTheAnswerAfterItIsLost(t *testing.T) {
	c, w := newCounter(t, bank.Dynamic, nil), way{bank.GazprombankID, bank.Dynamic}
	op := c.shown(w, 500)
	c.spoil(play.Fault{Kind: play.FaultStatus, Path: prefix[w.bank] + "/payment/v1/qrc-status"})
	op = c.learn(op, c.want(provider.Waiting)(c.Cancel(t.Context(), op)))
	c.want(provider.Cancelled)(c.Inquire(t.Context(), op))
}

func TestANewOrderIsMadeForEachRegistration(t *testing.T) {
	for _, id := range []string{bank.RaiffeisenID, bank.RSBID} {
		w := way{id, bank.Dynamic}
		t.Run(id, func(t *testing.T) {
			c := newCounter(t, bank.Dynamic, nil)
			op := c.begin(pay.KindOnline, w, 500)
			var seen []string
			for range 3 {
				r := c.want(provider.ShowQR)(c.Prepare(t.Context(), op))
				parsed, err := ticket(c.learn(op, r))
				if err != nil {
					t.Fatal(err)
				}
				for _, order := range seen {
					if order == parsed.Order {
						t.Errorf("the order %s was used twice", order)
					}
				}
				if len(parsed.Order) > 40 {
					t.Errorf("the order %s has %d characters", parsed.Order, len(parsed.Order))
				}
				seen = append(seen, parsed.Order)
				c.advance(time.Millisecond)
			}
		})
	}
}

func TestTheFirstLookComesAtOnceAndTheOthersLessAndLessOften(t *testing.T) {
	c := newCounter(t, bank.Dynamic, nil)
	op := c.shown(way{bank.RaiffeisenID, bank.Dynamic}, 500)
	last := time.Duration(0)
	for _, after := range []time.Duration{0, 4 * time.Second, 4 * time.Second, 8 * time.Second, time.Minute} {
		c.advance(after)
		r := c.want(provider.Waiting)(c.Inquire(t.Context(), op))
		if r.Again < time.Second || r.Again < last || r.Again > 5*time.Second {
			t.Errorf("%s after %s", r.Again, last)
		}
		last = r.Again
	}
	if last != 5*time.Second {
		t.Errorf("the pace ends at %s", last)
	}
}
