package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Info implements provider.Informer: "registration" and "settings" are what is known of the terminal here.
func (d *Driver) Info(_ context.Context, what string) (json.RawMessage, error) {
	if what != "registration" && what != "settings" {
		return nil, &pay.Error{Code: pay.ErrUnsupported, Text: fmt.Sprintf("%.40s", what)}
	}
	return json.Marshal(map[string]any{"server": d.settings.URL, "enterprise_id": d.settings.EnterpriseID, "merchant_id": d.settings.MerchantID,
		"sp_code": d.settings.SPCode, "terminal_no": d.settings.TerminalNo, "ttl_s": int64(d.settings.ttl().Seconds()), "ready": d.Ready() == nil})
}

// Probe implements provider.Prober: the service is asked after an operation that there is not, which it answers without an error of the way to it.
func (d *Driver) Probe(ctx context.Context) (provider.Probe, error) {
	if err := d.Ready(); err != nil {
		e := d.words.Fill(err, d.settings.Language)
		return provider.Probe{Code: e.Code, Error: e.Text + " " + e.Hint}, nil
	}
	started := d.now()
	answer, err := d.find(ctx, "probe")
	p := provider.Probe{OK: err == nil || missing(answer, err), Latency: d.now().Sub(started)}
	if answer != nil {
		p.ServerTime = answer.Date
	}
	if !p.OK {
		p.Code = pay.ErrOffline
		if e, ok := errors.AsType[*exchange.Error](err); ok && e.Code != 0 {
			p.Code = e.Code
		}
		p.Error, _ = d.words.Error(p.Code, d.settings.Language)
	}
	return p, nil
}
