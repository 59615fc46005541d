package driver

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
	"github.com/payrack/payrack/sdk/provider"
)

// Info implements provider.Informer: "registration" and "settings" are what is known of the branch here. No key and no token is in it.
func (d *Driver) Info(_ context.Context, what string) (json.RawMessage, error) {
	if what != "registration" && what != "settings" {
		runes := []rune(what)
		return nil, &pay.Error{Code: pay.ErrUnsupported, Text: string(runes[:min(len(runes), 40)])}
	}
	signedIn := []map[string]any{}
	for _, s := range d.sessions().all() {
		signedIn = append(signedIn, shownSession(s, d.settings.place()))
	}
	return json.Marshal(map[string]any{"server": d.settings.server(), "place": d.settings.place(), "session_lifetime": int64(d.settings.Lifetime.Seconds()),
		"statement": d.settings.Statement, "max_payout": int64(d.settings.MaxPayout), "max_payout_day": int64(d.settings.MaxPayoutDay), "sessions": signedIn,
		"ready": d.Ready() == nil})
}

// Probe implements provider.Prober: with a session today's list is asked for, as the seed's program does, else a session that nobody enters.
func (d *Driver) Probe(ctx context.Context) (provider.Probe, error) {
	if err := d.Ready(); err != nil {
		e := d.words.Fill(err, d.settings.Language)
		return provider.Probe{Code: e.Code, Error: e.Text + " " + e.Hint}, nil
	}
	started := d.now()
	var notes []string
	err := errSession
	if s, ok := d.sessions().any(""); ok {
		_, err = d.records(ctx, s, started, started, "")
	}
	if errors.Is(err, errSession) {
		notes = append(notes, d.say("", "lombard.nobody", nil))
		_, err = d.anonymous(ctx)
	}
	p := provider.Probe{OK: err == nil, Latency: d.now().Sub(started), Notes: notes}
	if clock, ok := d.client.Clock(); ok {
		p.ServerTime = clock.Server
	}
	if err == nil {
		return p, nil
	}
	p.Code = pay.ErrOffline
	id := "lombard.offline"
	if refused, ok := errors.AsType[*wire.Failure](err); ok {
		p.Code, p.Error = pay.ErrAuth, d.say("", "lombard.auth", map[string]any{"Message": refused.Message})
		return p, nil
	}
	if e, ok := errors.AsType[*exchange.Error](err); ok && e.Code != 0 {
		p.Code = e.Code
	}
	if p.Code == pay.ErrTLS {
		id = "lombard.tls"
	}
	p.Error = d.say("", id, nil)
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
	return d.desk.Reprint(ctx, op, payout.Page{Card: op.Payer, Gateway: r.Gateway, Test: op.Test}, language, op.Operator)
}
