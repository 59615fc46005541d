package driver

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/socproc/sandbox"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

func TestTheTerminalsLifetimeCountsBeforeTheMerchants(t *testing.T) {
	c := newTill(t)
	for _, set := range []struct {
		key, value string
		seconds    int64
	}{{"interval", "5", 300}, {"qrTtl", "7", 420}, {"TerminalQrTtl", "2", 120}, {"TerminalQrTtl", "0", 420}} {
		c.set(set.key, set.value)
		r := groceries(pinPad(sandbox.CardPlenty))
		c.begin(r)
		if e := c.asked(r.Ref); e.Timeout != set.seconds {
			t.Errorf("%s=%s: the cashier is asked for %d s, want %d", set.key, set.value, e.Timeout, set.seconds)
		}
		if err := c.Cancel(t.Context(), r.Ref, "", "test"); err != nil {
			t.Fatal(err)
		}
		c.follow(r.Ref, nil, true)
		c.until("it is let go", c.closed)
	}
}

func TestTheTillWaitsLongerThanTheService(t *testing.T) {
	for _, s := range []Settings{{QRTTL: time.Minute, Interval: time.Second, Timeout: 301 * time.Second}, {QRTTL: time.Minute, Interval: 2 * time.Minute},
		{QRTTL: 5 * time.Minute, TerminalQRTTL: time.Minute, Interval: 2 * time.Minute}} {
		s.WaitTimeout = 310 * time.Second
		if s.Validate() == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	s := Settings{QRTTL: 5 * time.Minute, Interval: 5 * time.Second, Timeout: 300 * time.Second}
	s.WaitTimeout = 310 * time.Second
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestTheWayToTheServiceIsTriedWithoutMoney(t *testing.T) {
	c := newTill(t)
	if op := c.run(order(pay.KindTest, 0, "{}"), nil); op.Outcome != pay.Approved {
		t.Errorf("%+v", op)
	}
	c.set("url", "http://127.0.0.1:1")
	if op := c.run(order(pay.KindTest, 0, "{}"), nil); op.Outcome == pay.Approved {
		t.Errorf("%+v", op)
	}
}

func TestHealthSaysThatNothingCanBePaid(t *testing.T) {
	c := newTill(t)
	health := func() (said module.Health) {
		_ = c.Service.Health(t.Context(), func(h module.Health) error {
			said = h
			return context.Canceled
		})
		return said
	}
	if h := health(); h.State != "ok" {
		t.Errorf("%+v", h)
	}
	c.set("sp_code", "")
	if h := health(); !strings.Contains(h.Text, "sp_code") || !strings.Contains(string(h.JSON), `"cash_only":true`) {
		t.Errorf("%+v %s", h, h.JSON)
	}
}
