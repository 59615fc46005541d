package driver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	sdkwire "github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Info implements provider.Informer: "registration" and "settings" from what is stored, "counters" from the server.
func (d *Driver) Info(ctx context.Context, what string) (json.RawMessage, error) {
	switch what {
	case "registration":
		return d.registration()
	case "settings":
		return json.Marshal(d.allowed())
	case "counters":
		c, err := d.ask(ctx)
		if err != nil {
			return nil, err
		}
		return json.Marshal(c)
	}
	return nil, &pay.Error{Code: pay.ErrUnsupported, Text: sdkwire.Clean(what, 40)}
}

// registration is what the provider has registered about the terminal, and what it permits.
func (d *Driver) registration() (json.RawMessage, error) {
	t, err := d.terminal()
	if err == nil && t == nil {
		err = d.refuse("", pay.ErrNotActive, "sendy.inactive", nil, nil)
	}
	if err != nil {
		return nil, err
	}
	registered := t.Registration
	if o := d.offered(); o != nil {
		registered = o.Registration
	}
	return json.Marshal(struct {
		Terminal string    `json:"terminal_id"`
		Serial   string    `json:"serial"`
		Computer string    `json:"computer,omitempty"`
		Since    time.Time `json:"since"`
		wire.Registration
		Allowed permitted `json:"allowed"`
	}{t.ID, t.Serial, t.Computer, t.Since, registered, d.allowed()})
}

// permitted is what may be used here: what the server permits, and what of it is switched on.
type permitted struct {
	Server            string     `json:"server"`
	Mode              string     `json:"mode"`
	Systems           []string   `json:"systems"`                        // a cashier may choose among them
	Offered           []string   `json:"offered,omitempty"`              // by the server; absent: not heard yet
	Online            *bool      `json:"online,omitempty"`               // the same for the rest
	Offline           *bool      `json:"offline,omitempty"`              //
	Refund            *bool      `json:"refund,omitempty"`               //
	MaxAmount         pay.Amount `json:"max_amount,omitempty"`           // minor units
	ProcessingTimeout int64      `json:"processing_timeout_s,omitempty"` // seconds
	WaitTimeout       int64      `json:"wait_timeout_s"`                 // the till's, in seconds
}

func (d *Driver) allowed() permitted {
	p := permitted{Server: d.settings.Server, Mode: d.settings.Mode, Systems: d.choice(), WaitTimeout: int64(d.settings.WaitTimeout / time.Second)}
	if o := d.offered(); o != nil {
		for _, s := range o.Systems {
			p.Offered = append(p.Offered, systemID(s))
		}
		p.Online, p.Offline, p.Refund = &o.Allowed.Online, &o.Allowed.Offline, &o.Allowed.Refund
		p.MaxAmount, p.ProcessingTimeout = pay.Amount(o.Allowed.MaxAmount), int64(o.Allowed.ProcessingTimeout)
	}
	return p
}

// Probe implements provider.Prober. Before the activation the server's refusal proves that the way is open.
func (d *Driver) Probe(ctx context.Context) (provider.Probe, error) {
	active := d.active("")
	started := time.Now()
	var c wire.Counters
	answer, err := d.query(ctx, http.MethodGet, wire.PathCounters, nil, &c)
	p := provider.Probe{Latency: time.Since(started)}
	if answer != nil {
		p.ServerTime = answer.Date
	}
	no, said := errors.AsType[*refused](err)
	switch {
	case err == nil:
		d.remember(&c)
		p.OK = true
	case said && no.Code == wire.CodeUnauthorized && pay.CodeOf(active) == pay.ErrNotActive:
		p.OK = true
	default:
		p.Code, p.Error = d.unreachable(err)
	}
	return p, nil
}

// unreachable says why the way to the server is not open.
func (d *Driver) unreachable(err error) (pay.Code, string) {
	err = d.unauthorised(err)
	e, ok := errors.AsType[*pay.Error](err)
	if !ok {
		e = &pay.Error{Code: pay.ErrOffline}
	}
	if e.Text != "" {
		return e.Code, e.Text
	}
	cause, _ := d.words.Error(e.Code, d.settings.Language)
	if failure, ok := errors.AsType[*exchange.Error](err); ok && failure.Kind == exchange.Unreadable {
		cause = d.say("", "sendy.server.strange", nil)
	}
	return e.Code, cause
}
