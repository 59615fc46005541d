// Command example is a payment module of a made-up provider: the least that an author has to write. README.md walks through it.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func main() { sdk.Main(module()) }

// module says what this module is. The sdk needs no more to journal, number, settle, reverse, report and print.
func module() sdk.Module {
	return sdk.Module{
		About: provider.Description{
			ID: "example", Title: map[string]string{"ru": "Пример", "en": "Example"}, Version: "1.0.0",
			Kinds:   []pay.Kind{pay.KindOffline, pay.KindRefund, pay.KindCloseDay, pay.KindReport},
			Systems: []string{"example"},
			// What the engine may rely on. Each that is not zero needs a source: this provider promises that one key is one payment.
			Traits: provider.Traits{RefusesDuplicates: true},
		},
		Settings: func() sdk.Configured { return new(settings) },
		New:      func(p sdk.Parts) (provider.Driver, error) { return newDriver(p) },
	}
}

// settings are the module's own, and with sdk.Settings those that every module has. example.ini is made of them.
type settings struct {
	Server string `ini:"Server" section:"Example" section_ru:"Пример" section_en:"Example" as:"url" default:"https://pay.example/api" ru:"Адрес сервера" en:"Server address"`
	Shop   string `ini:"Shop" default:"1" ru:"Номер магазина" en:"Shop number"`
	sdk.Settings
}

// driver keeps nothing: what it must find again goes into Reply.State, and secrets into sdk.Parts.Secrets.
type driver struct {
	client *exchange.Client
	shop   string
}

func newDriver(p sdk.Parts) (*driver, error) {
	s, ok := p.Settings.(*settings)
	if !ok {
		return nil, fmt.Errorf("settings of another module: %T", p.Settings)
	}
	client, err := p.HTTP(exchange.Options{Base: s.Server})
	return &driver{client: client, shop: s.Shop}, err
}

// The provider's wire format. Keep it in one place: it is what changes.
type request struct {
	Key      string `json:"key"`
	Shop     string `json:"shop"`
	Amount   int64  `json:"amount"` // kopecks
	Currency string `json:"currency"`
	Code     string `json:"code,omitempty"`    // of a payment: what was scanned
	Payment  string `json:"payment,omitempty"` // of a refund: the payment's key
}

type record struct {
	Key      string `json:"key"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Status   string `json:"status"` // done, refused, busy
	Reason   string `json:"reason"`
}

// Check refuses before anything is journaled or sent. It is optional: implementing provider.Checker declares it.
func (d *driver) Check(op provider.Operation) error {
	if op.Kind == pay.KindOffline && (op.Params.Code == "" || len(op.Params.Code) > 64) {
		return &pay.Error{Code: pay.ErrArgument}
	}
	return nil
}

// Commit asks for the money. The engine wrote op and its key to disk before; Money sends nothing that does not carry that key.
func (d *driver) Commit(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Params.Code == "" { // after a restart secret parameters are gone, and the payment is only asked about
		return provider.Reply{}, errors.New("the scanned code is gone")
	}
	return d.send(ctx, op, "payments", request{Code: op.Params.Code})
}

// Refund gives money back. Implementing provider.Refunder declares it, and makes reversals possible too.
func (d *driver) Refund(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	return d.send(ctx, op, "refunds", request{Payment: original.Key.String()})
}

func (d *driver) send(ctx context.Context, op provider.Operation, path string, in request) (provider.Reply, error) {
	in.Key, in.Shop, in.Amount, in.Currency = op.Key.String(), d.shop, int64(op.Amount), string(op.Currency)
	var r record
	if _, err := d.client.Money(ctx, exchange.Key(op.Key), http.MethodPost, path, in, &r); err != nil {
		return provider.Reply{}, err // no word of the provider: the engine inquires. Never guess here, never send again
	}
	return verdict(op, r)
}

// Inquire asks what became of op: by the key that was on disk before the answer was.
func (d *driver) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	path := "payments/"
	if op.Kind.Returns() {
		path = "refunds/"
	}
	var r record
	answer, err := d.client.Query(ctx, http.MethodGet, path+op.Key.String(), nil, &r)
	if answer != nil && answer.Status == http.StatusNotFound {
		var unknown record // the provider's own "not found" names the key; any other 404 is a proxy's
		if answer.JSON(&unknown) == nil && unknown.Key == op.Key.String() && unknown.Status == "not_found" {
			return provider.Reply{Verdict: provider.NotFound}, nil
		}
	}
	if err != nil {
		return provider.Reply{}, err
	}
	return verdict(op, r)
}

// verdict makes a reply of a record that speaks about op. Anything else is an error, and so Unknown: only proof decides about money.
func verdict(op provider.Operation, r record) (provider.Reply, error) {
	if r.Key != op.Key.String() || pay.Amount(r.Amount) != op.Amount || r.Currency != string(op.Currency) {
		return provider.Reply{}, errors.New("the answer is about something else")
	}
	switch r.Status {
	case "done":
		return provider.Reply{Verdict: provider.Approved, Amount: op.Amount, Currency: op.Currency, System: "example"}, nil
	case "refused":
		return provider.Reply{Verdict: provider.Declined, Code: "refused", Text: r.Reason}, nil
	case "busy":
		return provider.Reply{Verdict: provider.Waiting}, nil
	}
	return provider.Reply{}, fmt.Errorf("the answer has a status that nobody knows: %.40q", r.Status)
}
