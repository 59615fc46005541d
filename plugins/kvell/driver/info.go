package driver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Info implements provider.Informer: "registration" and "settings" are what is known of the terminal here. No key is in it.
func (d *Driver) Info(_ context.Context, what string) (json.RawMessage, error) {
	if what != "registration" && what != "settings" {
		return nil, &pay.Error{Code: pay.ErrUnsupported, Text: short(what, 40)}
	}
	known := map[string]any{"server": d.settings.server(), "test": d.settings.TestTerminal, "signature": d.settings.Signature, "statement": d.settings.Statement,
		"max_payout": int64(d.settings.MaxPayout), "max_payout_day": int64(d.settings.MaxPayoutDay), "ready": d.Ready() == nil}
	if value, err := d.secrets.Get(keyPrivate); err == nil {
		if key, err := wire.ParsePrivate(value.Reveal()); err == nil {
			known["key_fingerprint"] = wire.Fingerprint(&key.PublicKey)
		}
	}
	return json.Marshal(known)
}

// Probe implements provider.Prober: the list of banks is asked for, which goes with the api-key alone.
func (d *Driver) Probe(ctx context.Context) (provider.Probe, error) {
	if err := d.Ready(); err != nil {
		e := d.words.Fill(err, d.settings.Language)
		return provider.Probe{Code: e.Code, Error: e.Text + " " + e.Hint}, nil
	}
	started := d.parts.Now()
	answer, err := d.client.Query(ctx, http.MethodGet, wire.PathBanks, nil, nil)
	p := provider.Probe{OK: err == nil, Latency: d.parts.Now().Sub(started)}
	if answer != nil {
		p.ServerTime = answer.Date
	}
	if d.settings.TestTerminal {
		p.Notes = append(p.Notes, d.say("", "kvell.test", nil))
	}
	if err != nil {
		p.Code = pay.ErrOffline
		if e, ok := errors.AsType[*exchange.Error](err); ok && e.Code != 0 {
			p.Code = e.Code
		}
		id := map[pay.Code]string{pay.ErrAuth: "kvell.auth", pay.ErrTLS: "kvell.tls"}[p.Code]
		if id == "" {
			id = "kvell.offline"
		}
		p.Error = d.say("", id, nil)
	}
	return p, nil
}

// CheckStatement implements sdk.Statements.
func (d *Driver) CheckStatement() error { return d.desk.Templates().Check() }

// Statement implements sdk.Statements: the page of a payout again, without the client's documents.
func (d *Driver) Statement(ctx context.Context, op pay.Operation, language string) ([]byte, error) {
	var r result
	if len(op.Result) > 0 && json.Unmarshal(op.Result, &r) != nil {
		r = result{}
	}
	return d.desk.Reprint(ctx, op, d.page(language, ticket{Card: op.Payer, Test: op.Test}, r.Fee), language, op.Operator)
}
