package driver

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/secret"
	"github.com/payrack/payrack/sdk/text"
)

// Version is the driver's own.
const Version = "1.0.0"

// ID names the module.
const ID = "kvell"

//go:embed words/*.json
var words embed.FS

// Module is what sdk.Main serves. Its drivers, of which there is a new one after each change of settings, share the numbers of cards that were typed.
func Module() sdk.Module {
	catalogue := sync.OnceValue(func() *text.Catalogue {
		c, err := text.Load(words)
		if err != nil {
			panic(err) // a test holds that the embedded files are whole
		}
		return c
	})
	typed := newCards()
	var first sync.Once
	return sdk.Module{
		About: provider.Description{
			ID:      ID,
			Title:   map[string]string{"ru": "KVELL", "en": "KVELL"},
			Version: Version,
			Kinds:   []pay.Kind{pay.KindPayout, pay.KindCloseDay, pay.KindReport, pay.KindTest, pay.KindCommand},
			Systems: []string{ID},
			Traits: provider.Traits{
				// Contract 2.6 [P], from the service's list of errors: an order under a transaction that was used is refused with 20007, seen on its
				// test server. How long an order may take to be found is stated nowhere, so "not found" is never proof.
				RefusesDuplicates: true,
			},
			Features: []string{"payout_to_card", "statement", "certificate"},
			Commands: []string{"keys", "certificate"},
		},
		Settings: func() sdk.Configured { return new(Settings) },
		New: func(p sdk.Parts) (provider.Driver, error) {
			d, err := newDriver(p, typed)
			if err == nil {
				first.Do(d.desk.Sweep)
			}
			return d, err
		},
		Commands:    commands,
		Words:       words,
		SystemTitle: func(string, string) string { return "KVELL" },
		PayerLabel:  func(op pay.Operation, language string) string { return payout.Label(op.Payer, language) },
		IDLabel:     func(language string) string { return catalogue().Say(language, "kvell.id", nil) },
	}
}

// Driver pays out through one terminal of the service.
type Driver struct {
	settings *Settings
	desk     *payout.Desk
	parts    sdk.Parts
	secrets  *secret.Store
	words    *text.Catalogue
	log      hclog.Logger
	typed    *cards
	client   *exchange.Client
	problem  error // why there is no client
}

var (
	_ provider.Checker  = (*Driver)(nil)
	_ provider.Preparer = (*Driver)(nil)
	_ provider.Answerer = (*Driver)(nil)
	_ provider.Readier  = (*Driver)(nil)
	_ provider.Trier    = (*Driver)(nil)
	_ provider.Informer = (*Driver)(nil)
	_ provider.Prober   = (*Driver)(nil)
	_ sdk.Statements    = (*Driver)(nil)
)

// newDriver makes the driver. It touches no network; what is missing is told when a payout is asked for, and by health.
func newDriver(p sdk.Parts, typed *cards) (*Driver, error) {
	settings, ok := p.Settings.(*Settings)
	if !ok {
		return nil, fmt.Errorf("settings of another module: %T", p.Settings)
	}
	d := &Driver{settings: settings, desk: payout.NewDesk(ID, &settings.Limits, p), parts: p, secrets: p.Secrets, words: p.Words, log: p.Log, typed: typed}
	d.desk.Version = Version
	if d.log == nil {
		d.log = hclog.NewNullLogger()
	}
	d.client, d.problem = p.HTTP(exchange.Options{Base: settings.server(), Timeout: settings.Timeout, Sign: d.sign, Explain: explain})
	return d, nil
}

// Trial implements provider.Trier.
func (d *Driver) Trial() bool { return d.settings.TestTerminal }

// Secrets by the names of their settings.
const (
	keyAPI     = "apikey"
	keySecret  = "secretkey"
	keyPrivate = "privatekey"
)

// apiKeyForm is a UUID: the service refuses anything else (contract 2.1).
var apiKeyForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// keys are what requests are signed with.
func (d *Driver) keys() (wire.Keys, error) {
	var k wire.Keys
	for name, to := range map[string]*string{keyAPI: &k.APIKey, keySecret: &k.Secret} {
		value, err := d.secrets.Get(name)
		if err != nil {
			return wire.Keys{}, err
		}
		*to = strings.TrimSpace(string(value.Reveal()))
	}
	if !d.settings.variant().NeedsKey() {
		return k, nil
	}
	value, err := d.secrets.Get(keyPrivate)
	if err != nil {
		return wire.Keys{}, err
	}
	k.Private, err = wire.ParsePrivate(value.Reveal())
	return k, err
}

// Ready says what keeps the module from paying out. The till can offer cash only then.
func (d *Driver) Ready() error {
	why := ""
	missing := func(name string) bool {
		_, err := d.secrets.Get(name)
		return errors.Is(err, secret.ErrMissing)
	}
	switch {
	case missing(keyAPI):
		why = "kvell.missing.api"
	case missing(keySecret):
		why = "kvell.missing.secret"
	case d.settings.variant().NeedsKey() && missing(keyPrivate):
		why = "kvell.missing.private"
	case d.problem != nil:
		return d.cashOnly(d.words.Fill(d.problem, d.settings.Language).Text, d.problem)
	}
	if why != "" {
		return d.cashOnly(d.words.Say(d.settings.Language, why, nil), nil)
	}
	k, err := d.keys()
	switch {
	case err != nil:
		return d.cashOnly(d.words.Say(d.settings.Language, "kvell.wrong.private", nil), err)
	case !apiKeyForm.MatchString(k.APIKey):
		return d.cashOnly(d.words.Say(d.settings.Language, "kvell.wrong.api", nil), nil)
	}
	return nil
}

func (d *Driver) cashOnly(why string, cause error) error {
	return text.Refuse(pay.ErrConfig, "payout.cash_only", map[string]any{"Why": why}, cause)
}

// sign adds who asks, and the signature: of the exact bytes of a body, else of what the address names (contract 2.3).
func (d *Driver) sign(req *http.Request, body []byte) error {
	k, err := d.keys()
	if err != nil {
		return err
	}
	req.Header.Set(wire.HeaderKey, k.APIKey)
	if len(body) > 0 {
		signature, err := k.Body(d.settings.variant(), body)
		if err != nil {
			return err
		}
		req.Header.Set(wire.HeaderSignature, signature)
		return nil
	}
	_, named, found := strings.Cut(req.URL.Path, "/"+wire.PathOrders)
	if !found {
		return nil // the list of banks goes with the key alone
	}
	transaction, _, _ := strings.Cut(named, "/")
	req.Header.Set(wire.HeaderSignature, k.Values(transaction))
	return nil
}

func (d *Driver) say(language, id string, data map[string]any) string {
	if language == "" {
		language = d.settings.Language
	}
	return d.words.Say(language, id, data)
}

// refusal is an answer to the till instead of the service's: nothing was sent for op.
func (d *Driver) refusal(op provider.Operation, err error) provider.Reply {
	language := op.Language
	if language == "" {
		language = d.settings.Language
	}
	e := d.words.Fill(err, language)
	return provider.Reply{Verdict: provider.Declined, Error: e.Code, Text: e.Text, Hint: e.Hint}
}
