package driver

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// served is what is known of one bank here, for pr_info.
type served struct {
	Bank        string    `json:"bank"`
	Serves      bool      `json:"serves"` // this till
	Mode        bank.Mode `json:"mode"`
	Server      string    `json:"server,omitempty"`
	Merchant    string    `json:"merchant,omitempty"`
	Terminal    string    `json:"terminal,omitempty"`
	CashLink    string    `json:"cash_link,omitempty"`
	Certificate time.Time `json:"certificate_expires,omitzero"`
	Missing     string    `json:"missing,omitempty"` // the first setting that is missing
}

// Info implements provider.Informer: "registration" and "settings" are what is known of each bank here.
func (d *Driver) Info(_ context.Context, what string) (json.RawMessage, error) {
	if what != "registration" && what != "settings" {
		return nil, &pay.Error{Code: pay.ErrUnsupported, Text: wire.Clean(what, 40)}
	}
	s := d.settings
	list := []served{
		{Bank: bank.RaiffeisenID, Server: s.RaiffeisenServer, Merchant: s.RaiffeisenMerchant},
		{Bank: bank.GazprombankID, Server: s.GazprombankServer, Merchant: s.GazprombankMerchant},
		{Bank: bank.RSBID, Server: s.RSBServer, Merchant: s.RSBMerchant, Terminal: s.RSBTerminal},
	}
	for i := range list {
		k := d.desks[list[i].Bank]
		list[i].Serves, list[i].Mode, list[i].CashLink = slices.Contains(s.enabled(), k.id), k.mode, k.link.ID
		list[i].Certificate, list[i].Missing = k.expires, k.missing
	}
	return json.Marshal(map[string]any{"banks": list, "qr_ttl_s": int64(s.QRTTL / time.Second), "interval_s": int64(s.Interval / time.Second),
		"wait_timeout_s": int64(s.WaitTimeout / time.Second)})
}

// certificateSoon is how long before its end a certificate is worth a warning: banks take weeks to make a new one.
const certificateSoon = 30 * 24 * time.Hour

// Probe implements provider.Prober: each bank that serves the till is tried. The first that cannot be used is told.
func (d *Driver) Probe(ctx context.Context) (provider.Probe, error) {
	p := provider.Probe{OK: true}
	enabled := d.settings.enabled()
	if len(enabled) == 0 {
		e := d.refuse("", pay.ErrConfig, "sbp.bank.none", nil, nil)
		return provider.Probe{Code: e.Code, Error: e.Text + " " + e.Hint}, nil
	}
	for _, id := range enabled {
		k := d.desks[id]
		if e := d.ready("", k); e != nil {
			return provider.Probe{Code: e.Code, Error: e.Text + " " + e.Hint, Latency: p.Latency, ServerTime: p.ServerTime}, nil
		}
		d.noteCertificate(&p, k)
		started := d.now()
		answer, err := k.bank.Probe(ctx)
		p.Latency = max(p.Latency, d.now().Sub(started))
		if answer != nil {
			p.ServerTime = answer.Date
		}
		if err != nil {
			p.OK = false
			p.Code, p.Error = d.unreachable(k, err)
			return p, nil
		}
	}
	return p, nil
}

// unreachable says why the way to a bank is not open.
func (d *Driver) unreachable(k *desk, err error) (pay.Code, string) {
	code := pay.ErrOffline
	if e, ok := errors.AsType[*exchange.Error](err); ok && e.Code != 0 {
		code = e.Code
	}
	id := map[pay.Code]string{pay.ErrAuth: "sbp.auth.cause", pay.ErrTLS: "sbp.tls"}[code]
	return code, d.say("", first(id, "sbp.offline"), map[string]any{"Bank": d.bankName("", k.id)})
}

// noteCertificate warns of a certificate that ends soon.
func (d *Driver) noteCertificate(p *provider.Probe, k *desk) {
	if k.expires.IsZero() || k.expires.Sub(d.now()) >= certificateSoon {
		return
	}
	p.Notes = append(p.Notes, d.say("", "sbp.certificate.soon",
		map[string]any{"Bank": d.bankName("", k.id), "Date": k.expires.Local().Format("02.01.2006")}))
}
