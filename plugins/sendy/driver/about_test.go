package driver

import (
	"net/http"
	"testing"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/provider"
)

func TestARecordOfAnythingElseIsNoWord(t *testing.T) {
	c := activeTill(t, nil)
	op, other := c.paid(500), c.paid(500)
	read := func() *wire.Record {
		t.Helper()
		var r wire.Record
		if _, err := c.query(t.Context(), http.MethodGet, wire.PathPayment(op.ProviderNumber), nil, &r); err != nil {
			t.Fatal(err)
		}
		return &r
	}
	c.want(provider.Approved)(c.verdict(op, read()))
	for what, change := range map[string]func(r *wire.Record){
		"another number":   func(r *wire.Record) { r.Transaction = other.ProviderNumber },
		"another key":      func(r *wire.Record) { r.Key = other.Key.String() },
		"more money":       func(r *wire.Record) { r.Amount++ },
		"less money":       func(r *wire.Record) { r.Amount-- },
		"another currency": func(r *wire.Record) { r.Currency = "CNY" },
		"a refund":         func(r *wire.Record) { r.Kind = wire.Refund },
		"another mode":     func(r *wire.Record) { r.Mode = wire.Online },
		"a strange status": func(r *wire.Record) { r.Status = "THINKING" },
		"no status":        func(r *wire.Record) { r.Status = "" },
	} {
		r := read()
		change(r)
		if reply, err := c.verdict(op, r); err == nil || reply.Verdict != provider.Unknown {
			t.Errorf("%s: verdict %d, %v", what, reply.Verdict, err)
		}
	}
	for _, status := range []wire.Status{"paid", "Paid", "PAID"} {
		r := read()
		r.Status = status
		c.want(provider.Approved)(c.verdict(op, r))
	}
}
