package driver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// refusals is what the driver makes of errors that the service gives to a payout.
func refusals(t *testing.T, codes []int, sent bool) provider.Reply {
	t.Helper()
	words, err := text.Load(words)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, code := range codes {
		list = append(list, fmt.Sprintf(`{"code":%d,"message":"x"}`, code))
	}
	answer := &exchange.Answer{Status: http.StatusBadRequest, Body: []byte(`{"errors":[` + strings.Join(list, ",") + `]}`)}
	d := &Driver{settings: &Settings{Settings: sdk.Settings{Language: "ru"}}, words: words, log: hclog.NewNullLogger(), typed: newCards()}
	op := provider.Operation{Ref: "r", Key: pay.Key{1}, Kind: pay.KindPayout, Tries: 1, MaybeSent: sent, Language: "ru"}
	return d.refused(op, answer, failures(answer, &exchange.Error{Kind: exchange.Status, Sent: true}))
}

// code is what the customer's phone shows for an order of the till.
func (c *till) code(r module.Request) string {
	c.t.Helper()
	code, err := c.box.Control().Code(c.t.Context(), "")
	if err != nil {
		c.t.Errorf("no code came to the phone: %v", err)
	}
	return code.Text
}

// until waits for a state.
func (c *till) until(what string, done func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// asked is how often the service was asked what became of an order.
func (c *till) asked() int {
	c.t.Helper()
	counts, err := c.box.Control().Counts(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	n := 0
	for where, count := range counts {
		if strings.HasPrefix(where, "GET /"+wire.PathOrders) {
			n += int(count)
		}
	}
	return n
}

// health is what the host hears first.
func (c *till) health() (h module.Health) {
	c.t.Helper()
	ctx, stop := context.WithCancel(c.t.Context())
	defer stop()
	_ = c.Service.Health(ctx, func(now module.Health) error {
		h = now
		return context.Canceled
	})
	return h
}
