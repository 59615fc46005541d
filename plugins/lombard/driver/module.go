package driver

import (
	"embed"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

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
const ID = "lombard"

//go:embed words/*.json
var words embed.FS

// Module is what sdk.Main serves. Its drivers, of which there is a new one after each change of settings, share what cashiers typed.
func Module() sdk.Module {
	catalogue := sync.OnceValue(func() *text.Catalogue {
		c, err := text.Load(words)
		if err != nil {
			panic(err) // a test holds that the embedded files are whole
		}
		return c
	})
	shared := &memories{list: map[string]*memory{}}
	return sdk.Module{
		About: provider.Description{
			ID:      ID,
			Title:   map[string]string{"ru": "Lombard Payments", "en": "Lombard Payments"},
			Version: Version,
			Kinds:   []pay.Kind{pay.KindPayout, pay.KindCloseDay, pay.KindReport, pay.KindTest, pay.KindCommand},
			Systems: []string{ID},
			// No traits: no contract of the service is public. A confirmation is sent again only while the service itself lists its draft as open.
			Features: []string{"payout_to_card", "statement", "sign_in"},
			Commands: []string{commandSignIn, commandSignIns, commandCorrect, commandCards, commandJournal, commandDocuments, commandDocument},
		},
		Settings: func() sdk.Configured { return new(Settings) },
		New: func(p sdk.Parts) (provider.Driver, error) {
			own, fresh := shared.of(p)
			d, err := newDriver(p, own)
			if err == nil && fresh {
				d.desk.Sweep()
			}
			return d, err
		},
		Commands:    commands,
		Words:       words,
		SystemTitle: func(string, string) string { return "Lombard Payments" },
		PayerLabel:  func(op pay.Operation, language string) string { return payout.Label(op.Payer, language) },
		IDLabel:     func(language string) string { return catalogue().Say(language, "lombard.id", nil) },
	}
}

// Driver pays out through one branch of a network.
type Driver struct {
	settings *Settings
	desk     *payout.Desk
	parts    sdk.Parts
	secrets  *secret.Store
	words    *text.Catalogue
	log      hclog.Logger
	now      func() time.Time
	memory   *memory
	client   *exchange.Client
	problem  error // why there is no client
}

var (
	_ provider.Checker  = (*Driver)(nil)
	_ provider.Preparer = (*Driver)(nil)
	_ provider.Answerer = (*Driver)(nil)
	_ provider.Readier  = (*Driver)(nil)
	_ provider.Informer = (*Driver)(nil)
	_ provider.Prober   = (*Driver)(nil)
	_ sdk.Statements    = (*Driver)(nil)
)

// newDriver makes the driver. It touches no network; what is missing is told when a payout is asked for, and by health.
func newDriver(p sdk.Parts, own *memory) (*Driver, error) {
	settings, ok := p.Settings.(*Settings)
	if !ok {
		return nil, fmt.Errorf("settings of another module: %T", p.Settings)
	}
	d := &Driver{settings: settings, desk: payout.NewDesk(ID, &settings.Limits, p), parts: p, secrets: p.Secrets, words: p.Words, log: p.Log, now: p.Now, memory: own}
	d.desk.Version = Version
	if d.log == nil {
		d.log = hclog.NewNullLogger()
	}
	for _, s := range d.sessions().all() {
		p.Hide(false, s.Token)
	}
	if key, err := p.Secrets.Get(keyNetwork); err == nil {
		p.Hide(false, string(key.Reveal()))
	}
	d.client, d.problem = p.HTTP(exchange.Options{Base: settings.server(), Timeout: settings.Timeout, MaxAnswer: mostDocument, Explain: explain})
	return d, nil
}

// keyNetwork is the network's key, by the name of its setting.
const keyNetwork = "networkkey"

// sessions are those of this server, network and branch.
func (d *Driver) sessions() *sessions {
	return &sessions{store: d.secrets, place: d.place(), now: d.now}
}

// Ready says what keeps the module from paying out. The till can offer cash only then.
func (d *Driver) Ready() error {
	why := ""
	_, err := d.secrets.Get(keyNetwork)
	switch {
	case d.settings.Server == "":
		why = "lombard.missing.server"
	case errors.Is(err, secret.ErrMissing):
		why = "lombard.missing.key"
	case err != nil:
		return d.cashOnly(d.words.Fill(err, d.settings.Language).Text, err)
	case d.settings.NetworkID == 0:
		why = "lombard.missing.network"
	case d.settings.BranchID == 0:
		why = "lombard.missing.branch"
	case d.problem != nil:
		return d.cashOnly(d.words.Fill(d.problem, d.settings.Language).Text, d.problem)
	}
	if why != "" {
		return d.cashOnly(d.words.Say(d.settings.Language, why, nil), nil)
	}
	return nil
}

func (d *Driver) cashOnly(why string, cause error) error {
	return text.Refuse(pay.ErrConfig, "payout.cash_only", map[string]any{"Why": why}, cause)
}

func (d *Driver) say(language, id string, data map[string]any) string {
	if language == "" {
		language = d.settings.Language
	}
	return d.words.Say(language, id, data)
}

// refusal is an answer to the till instead of the service's: nothing was paid for op.
func (d *Driver) refusal(op provider.Operation, err error) provider.Reply {
	language := op.Language
	if language == "" {
		language = d.settings.Language
	}
	e := d.words.Fill(err, language)
	return provider.Reply{Verdict: provider.Declined, Error: e.Code, Text: e.Text, Hint: e.Hint}
}
