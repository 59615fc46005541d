package driver

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/secret"
	"github.com/payrack/payrack/sdk/text"
)

// Version is the driver's own.
const Version = "1.0.0"

//go:embed words/*.json
var words embed.FS

// Module is what sdk.Main serves. Its drivers, of which there is a new one after each change of settings, share the cash links.
func Module() sdk.Module {
	catalogue := sync.OnceValue(func() *text.Catalogue {
		c, err := text.Load(words)
		if err != nil {
			panic(err) // a test holds that the embedded files are whole
		}
		return c
	})
	named := func(system, language string) string {
		if id := "sbp.bank." + system; catalogue().Has(id) {
			return catalogue().Say(language, id, nil)
		}
		return system
	}
	links := newLinks()
	return sdk.Module{
		About: provider.Description{
			ID:      "sbp",
			Title:   map[string]string{"ru": "СБП", "en": "SBP"},
			Version: Version,
			Kinds: []pay.Kind{pay.KindOnline, pay.KindRefund, pay.KindCloseDay, pay.KindReport, pay.KindTest, pay.KindCommand,
				pay.KindVerifyLink},
			Systems: []string{bank.RaiffeisenID, bank.GazprombankID, bank.RSBID},
			// No contract makes "not found" proof, and none says what a second activation of a link under the same name does: all traits are zero.
			Features: []string{"choose_system", "partial_refund"},
		},
		Settings:    func() sdk.Configured { return new(Settings) },
		New:         func(p sdk.Parts) (provider.Driver, error) { return newDriver(p, links) },
		Commands:    commands,
		Words:       words,
		SystemName:  named,
		SystemTitle: named,
		PayerLabel:  func(_ pay.Operation, language string) string { return catalogue().Say(language, "sbp.payer", nil) },
		IDLabel:     func(language string) string { return catalogue().Say(language, "sbp.id", nil) },
	}
}

// Driver serves one till at its banks. Of an operation it keeps nothing but who holds a cash link, see links.
type Driver struct {
	settings *Settings
	desks    map[string]*desk
	links    *links
	secrets  *secret.Store
	words    *text.Catalogue
	log      hclog.Logger
	now      func() time.Time
	shop     string
	past     func(ctx context.Context, from, to time.Time) ([]sdk.Past, error)
}

var (
	_ provider.Checker   = (*Driver)(nil)
	_ provider.Preparer  = (*Driver)(nil)
	_ provider.Answerer  = (*Driver)(nil)
	_ provider.Canceller = (*Driver)(nil)
	_ provider.Refunder  = (*Driver)(nil)
	_ provider.Informer  = (*Driver)(nil)
	_ provider.Prober    = (*Driver)(nil)
)

// newDriver makes the driver. It touches no network; what is wrong with one bank's settings is told when that bank is needed.
func newDriver(p sdk.Parts, links *links) (*Driver, error) {
	settings, ok := p.Settings.(*Settings)
	if !ok {
		return nil, fmt.Errorf("settings of another module: %T", p.Settings)
	}
	d := &Driver{settings: settings, links: links, secrets: p.Secrets, words: p.Words, log: p.Log, now: p.Now, shop: p.Shop.Name, past: p.Past}
	if d.log == nil {
		d.log = hclog.NewNullLogger()
	}
	if d.now == nil {
		d.now = time.Now
	}
	d.desks = d.open(p)
	return d, nil
}

// say gives words in a language, that of the settings by default.
func (d *Driver) say(language, id string, data map[string]any) string {
	if language == "" {
		language = d.settings.Language
	}
	return d.words.Say(language, id, data)
}

// refuse makes a refusal with its words.
func (d *Driver) refuse(language string, code pay.Code, id string, data map[string]any, cause error) *pay.Error {
	return &pay.Error{Code: code, Text: d.say(language, id+".cause", data), Hint: d.say(language, id+".hint", data), Cause: cause}
}

// refusal is an answer to the till instead of the bank's: nothing was sent for op.
func refusal(e *pay.Error) provider.Reply {
	return provider.Reply{Verdict: provider.Declined, Error: e.Code, Text: e.Text, Hint: e.Hint}
}

// bankName is a bank's name for people; what a till called a bank, and is none, stays as it is.
func (d *Driver) bankName(language, id string) string {
	if id != bank.RaiffeisenID && id != bank.GazprombankID && id != bank.RSBID {
		return id
	}
	return d.say(language, "sbp.name."+id, nil)
}

// asRefusal finds the words of an error.
func (d *Driver) asRefusal(language string, err error) *pay.Error {
	if e, ok := errors.AsType[*pay.Error](err); ok && e.Text != "" {
		return e
	}
	code := pay.CodeOf(err)
	cause, hint := d.words.Error(code, language)
	return &pay.Error{Code: code, Text: cause, Hint: hint, Cause: err}
}
