package driver

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/nspk"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/secret"
)

// desk is one bank as this till uses it.
type desk struct {
	id      string
	bank    bank.Bank
	client  *exchange.Client
	mode    bank.Mode
	link    nspk.Link // of this till; zero: none
	expires time.Time // of the client certificate; zero: there is none
	missing string    // the first setting that is missing, as it is called in the INI file
	problem error     // why the bank cannot be used
}

// ready says why the bank cannot be used, in the words of a refusal; nil: it can.
func (d *Driver) ready(language string, k *desk) *pay.Error {
	name := map[string]any{"Bank": d.bankName(language, k.id), "Setting": k.missing}
	switch {
	case k.missing != "":
		return d.refuse(language, pay.ErrConfig, "sbp.bank.incomplete", name, nil)
	case k.problem != nil:
		return d.asRefusal(language, k.problem)
	case !k.expires.IsZero() && d.now().After(k.expires):
		name["Date"] = k.expires.Local().Format("02.01.2006")
		return d.refuse(language, pay.ErrTLS, "sbp.certificate.expired", name, nil)
	}
	return nil
}

// open makes a desk of each bank that has an address, also of one that serves the till no more: its payments can still be given back.
func (d *Driver) open(p sdk.Parts) map[string]*desk {
	s := d.settings
	desks := map[string]*desk{
		bank.RaiffeisenID:  d.raiffeisen(p),
		bank.GazprombankID: d.gazprombank(p),
		bank.RSBID:         d.rsb(p),
	}
	for id, settings := range map[string]struct{ mode, link, key string }{
		bank.RaiffeisenID:  {s.RaiffeisenMode, s.RaiffeisenCashLink, "RaiffeisenCashLink"},
		bank.GazprombankID: {s.GazprombankMode, s.GazprombankCashLink, "GazprombankCashLink"},
		bank.RSBID:         {s.RSBMode, s.RSBCashLink, "RSBCashLink"},
	} {
		k := desks[id]
		k.id, k.mode = id, bank.Mode(settings.mode)
		if settings.link != "" {
			k.link, k.problem = firstLink(settings.link, k.problem)
		} else if k.mode == bank.Cash {
			k.missing = first(k.missing, settings.key)
		}
	}
	return desks
}

func firstLink(text string, problem error) (nspk.Link, error) {
	l, err := nspk.Parse(text)
	return l, errors.Join(problem, err)
}

func (d *Driver) raiffeisen(p sdk.Parts) *desk {
	s := d.settings
	k := &desk{missing: d.absent("RaiffeisenServer", s.RaiffeisenServer, "RaiffeisenMerchant", s.RaiffeisenMerchant)}
	if k.missing == "" && !d.stored("RaiffeisenKey") {
		k.missing = "RaiffeisenKey"
	}
	b := &bank.Raiffeisen{Merchant: s.RaiffeisenMerchant, Account: s.RaiffeisenAccount, V1: s.RaiffeisenVersion == "v1"}
	d.connect(p, k, exchange.Options{Base: s.RaiffeisenServer, Sign: func(req *http.Request, _ []byte) error {
		if bank.RaiffeisenOpen(req.Method, req.URL.Path) {
			return nil
		}
		return d.header(req, "Authorization", "Bearer ", "RaiffeisenKey")
	}})
	b.Client, k.bank = k.client, b
	return k
}

func (d *Driver) gazprombank(p sdk.Parts) *desk {
	s := d.settings
	k := &desk{missing: d.absent("GazprombankServer", s.GazprombankServer, "GazprombankLogin", s.GazprombankLogin, "GazprombankMerchant", s.GazprombankMerchant,
		"GazprombankAccount", s.GazprombankAccount)}
	if k.missing == "" && !d.stored("GazprombankPassword") {
		k.missing = "GazprombankPassword"
	}
	d.connect(p, k, exchange.Options{Base: s.GazprombankServer, Header: http.Header{"Login": {s.GazprombankLogin}}, Sign: func(req *http.Request, _ []byte) error {
		return d.header(req, "Password", "", "GazprombankPassword")
	}})
	k.bank = &bank.Gazprombank{Client: k.client, Merchant: s.GazprombankMerchant, Account: s.GazprombankAccount}
	return k
}

func (d *Driver) rsb(p sdk.Parts) *desk {
	s := d.settings
	k := &desk{missing: d.absent("RSBServer", s.RSBServer, "RSBLogin", s.RSBLogin, "RSBTerminal", s.RSBTerminal, "RSBMerchant", s.RSBMerchant, "RSBAccount", s.RSBAccount)}
	o := exchange.Options{Base: s.RSBServer, Header: http.Header{"X-User-Login": {s.RSBLogin}}}
	switch {
	case s.RSBCertificate != "":
		var err error
		if o.CertificatePEM, o.KeyPEM, k.expires, err = d.certificate(); err != nil {
			k.problem = d.refuse("", pay.ErrConfig, "sbp.certificate.unreadable", map[string]any{"File": s.RSBCertificate}, err)
		}
	case k.missing == "" && strings.HasPrefix(s.RSBServer, "https:"): // a sandbox on this computer does without
		k.missing = "RSBCertificate"
	}
	d.connect(p, k, o)
	k.bank = &bank.RSB{Client: k.client, Terminal: s.RSBTerminal, Merchant: s.RSBMerchant, Account: s.RSBAccount}
	return k
}

// keepAlive is how much longer than the pause between two looks a connection is kept.
const keepAlive = 5 * time.Second

// connect makes a desk's client, where nothing is missing.
func (d *Driver) connect(p sdk.Parts, k *desk, o exchange.Options) {
	if k.missing != "" || k.problem != nil {
		return
	}
	o.Timeout, o.IdleTimeout = d.settings.Timeout, d.settings.Interval+keepAlive
	k.client, k.problem = p.HTTP(o)
}

// absent names the first setting that is empty, of pairs of key and value.
func (d *Driver) absent(pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if strings.TrimSpace(pairs[i+1]) == "" {
			return pairs[i]
		}
	}
	return ""
}

// stored says whether a secret is set.
func (d *Driver) stored(key string) bool {
	_, err := d.secrets.Get(strings.ToLower(key))
	return !errors.Is(err, secret.ErrMissing)
}

// header adds a secret to a request.
func (d *Driver) header(req *http.Request, name, before, key string) error {
	value, err := d.secrets.Get(strings.ToLower(key))
	if err != nil {
		return err
	}
	req.Header.Set(name, before+strings.TrimSpace(string(value.Reveal())))
	return nil
}

// certificate reads the till's certificate and its key, and says when it expires.
func (d *Driver) certificate() (certificate, key []byte, expires time.Time, err error) {
	if certificate, err = os.ReadFile(d.settings.RSBCertificate); err != nil {
		return nil, nil, expires, err
	}
	switch {
	case d.settings.RSBKeyFile != "":
		key, err = os.ReadFile(d.settings.RSBKeyFile)
	case d.stored("RSBKey"):
		var value secret.Value
		value, err = d.secrets.Get("rsbkey")
		key = value.Reveal()
	default:
		key = certificate
	}
	if err != nil {
		return nil, nil, expires, err
	}
	for rest := certificate; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, nil, expires, fmt.Errorf("no certificate is in %s", d.settings.RSBCertificate)
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, expires, err
		}
		return certificate, key, parsed.NotAfter, nil
	}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
