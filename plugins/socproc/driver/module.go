package driver

import (
	"embed"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// Version is the driver's own.
const Version = "1.0.0"

// ID names the module.
const ID = "socproc"

//go:embed words/*.json
var words embed.FS

// Module is what sdk.Main serves.
func Module() sdk.Module {
	catalogue := sync.OnceValue(func() *text.Catalogue {
		c, err := text.Load(words)
		if err != nil {
			panic(err) // a test holds that the embedded files are whole
		}
		return c
	})
	return sdk.Module{
		About: provider.Description{
			ID:      ID,
			Title:   map[string]string{"ru": "Социальный процессинг", "en": "Social processing"},
			Version: Version,
			Kinds:   []pay.Kind{pay.KindBasket, pay.KindRefund, pay.KindCloseDay, pay.KindReport, pay.KindTest},
			Traits: provider.Traits{
				// Contract §4 [D]: a confirmation is idempotent by operation_id, so one key writes off once. "404 only if never accepted" says nothing of
				// a request that is still on its way: "not found" is never proof.
				RefusesDuplicates: true,
			},
			Features: []string{"basket", "whole_refund"},
		},
		Settings:    func() sdk.Configured { return new(Settings) },
		New:         newDriver,
		Words:       words,
		SystemTitle: func(system, _ string) string { return system }, // the code of a programme
		PayerLabel:  func(op pay.Operation, language string) string { return payout.Label(op.Payer, language) },
		IDLabel:     func(language string) string { return catalogue().Say(language, "socproc.id", nil) },
		Terminal: func(c sdk.Configured) string {
			settings, ok := c.(*Settings)
			if !ok {
				return ""
			}
			return settings.TerminalNo
		},
	}
}

// Driver serves one till. Of an operation it keeps nothing.
type Driver struct {
	settings *Settings
	words    *text.Catalogue
	log      hclog.Logger
	now      func() time.Time
	hide     func(passing bool, secrets ...string)
	client   *exchange.Client
	problem  error // why there is no client
}

var (
	_ provider.Checker   = (*Driver)(nil)
	_ provider.Preparer  = (*Driver)(nil)
	_ provider.Answerer  = (*Driver)(nil)
	_ provider.Canceller = (*Driver)(nil)
	_ provider.Holder    = (*Driver)(nil)
	_ provider.Reverser  = (*Driver)(nil)
	_ provider.Refunder  = (*Driver)(nil)
	_ provider.Readier   = (*Driver)(nil)
	_ provider.Prober    = (*Driver)(nil)
	_ provider.Informer  = (*Driver)(nil)
)

// newDriver makes the driver. It touches no network; what is missing is told when a basket is paid, and by health.
func newDriver(p sdk.Parts) (provider.Driver, error) {
	settings, ok := p.Settings.(*Settings)
	if !ok {
		return nil, fmt.Errorf("settings of another module: %T", p.Settings)
	}
	d := &Driver{settings: settings, words: p.Words, log: p.Log, now: p.Now, hide: p.Hide}
	if d.log == nil {
		d.log = hclog.NewNullLogger()
	}
	if d.now == nil {
		d.now = time.Now
	}
	if settings.URL != "" {
		d.client, d.problem = p.HTTP(exchange.Options{Base: settings.URL, Timeout: settings.Timeout, Explain: explain})
	}
	return d, nil
}

// HoldsFor implements provider.Holder: for how long the cancel of a reservation is repeated [S002: cancel_lifetime, 0 is for ever].
func (d *Driver) HoldsFor() time.Duration { return d.settings.CancelLifetime }

// Ready says what keeps the module from paying a basket. The till can offer other tenders only then.
func (d *Driver) Ready() error {
	for _, s := range []struct{ name, value string }{{"url", d.settings.URL}, {"enterprise_id", d.settings.EnterpriseID}, {"merchant_id", d.settings.MerchantID},
		{"sp_code", d.settings.SPCode}, {"TerminalNo", d.settings.TerminalNo}} {
		if s.value == "" {
			return text.Refuse(pay.ErrConfig, "socproc.missing", map[string]any{"Name": s.name}, nil)
		}
	}
	return d.problem
}

// say gives words in a language, that of the settings by default.
func (d *Driver) say(language, id string, data map[string]any) string {
	if language == "" {
		language = d.settings.Language
	}
	return d.words.Say(language, id, data)
}

// no declines with words of ours under a code of the service's or ours.
func (d *Driver) no(op provider.Operation, code, id string, data map[string]any) provider.Reply {
	return provider.Reply{Verdict: provider.Declined, Code: code, Text: d.say(op.Language, id+".cause", data), Hint: d.say(op.Language, id+".hint", data)}
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
