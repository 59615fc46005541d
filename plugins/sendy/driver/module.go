package driver

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/secret"
	"github.com/payrack/payrack/sdk/text"
)

// Version is the driver's own.
const Version = "1.0.0"

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
			ID:      "sendy",
			Title:   map[string]string{"ru": "Sendy", "en": "Sendy"},
			Version: Version,
			Kinds: []pay.Kind{pay.KindOnline, pay.KindOffline, pay.KindRefund, pay.KindCloseDay, pay.KindReport, pay.KindTest,
				pay.KindCommand},
			Systems: []string{SystemSendy, SystemWeChat, SystemAliPay},
			Traits: provider.Traits{
				// Contract 5: the same number with the same body is the same record. Nothing there makes "not found" proof, so Horizon is 0.
				RefusesDuplicates: true,
			},
			Features: []string{"choose_system", "partial_refund"},
		},
		Settings: func() sdk.Configured { return new(Settings) },
		New:      func(p sdk.Parts) (provider.Driver, error) { return New(p) },
		Words:    words,
		SystemName: func(system, language string) string {
			return catalogue().Say(language, "sendy.wallet", map[string]any{"System": title(system)})
		},
		PayerLabel: func(_ pay.Operation, language string) string { return catalogue().Say(language, "sendy.payer", nil) },
	}
}

// title is a payment system's name for people.
func title(system string) string {
	switch system {
	case SystemSendy:
		return "Sendy"
	case SystemWeChat:
		return "WeChat"
	case SystemAliPay:
		return "AliPay"
	}
	return system
}

// Driver is one terminal at the Sendy server. What it knows of the terminal lies in the secret store; of an operation it keeps nothing.
type Driver struct {
	settings *Settings
	client   *exchange.Client // nil: no server is set
	secrets  *secret.Store
	words    *text.Catalogue
	log      hclog.Logger
	now      func() time.Time
	computer string
	attempts func(ctx context.Context, terminal, serial string, ok bool, code string, left int) error

	mu    sync.Mutex
	offer *offer // what the server permits, as last heard; nil: never heard
}

var (
	_ provider.Checker     = (*Driver)(nil)
	_ provider.Preparer    = (*Driver)(nil)
	_ provider.Answerer    = (*Driver)(nil)
	_ provider.Canceller   = (*Driver)(nil)
	_ provider.Reverser    = (*Driver)(nil)
	_ provider.Refunder    = (*Driver)(nil)
	_ provider.ShiftKeeper = (*Driver)(nil)
	_ provider.Activator   = (*Driver)(nil)
	_ provider.Informer    = (*Driver)(nil)
	_ provider.Prober      = (*Driver)(nil)
)

// New makes the driver. It touches no network. Where the server's processing, as last heard, takes so long that the till would give up
// first, it raises the till's waiting time in memory; the INI file stays as it is.
func New(p sdk.Parts) (*Driver, error) {
	settings, ok := p.Settings.(*Settings)
	if !ok {
		return nil, fmt.Errorf("settings of another module: %T", p.Settings)
	}
	d := &Driver{settings: settings, secrets: p.Secrets, words: p.Words, log: p.Log, now: p.Now, computer: p.Computer, attempts: p.Attempts}
	if d.log == nil {
		d.log = hclog.NewNullLogger()
	}
	if d.now == nil {
		d.now = time.Now
	}
	if settings.Server != "" {
		client, err := p.HTTP(exchange.Options{
			Base:   settings.Server,
			Header: http.Header{"Accept-Language": {cmp.Or(settings.Language, "ru")}},
			Sign:   d.sign,
		})
		if err != nil {
			return nil, err
		}
		d.client = client
	}
	d.offer = d.storedOffer()
	if d.offer != nil {
		if least := outwait(d.offer.processing()); settings.WaitTimeout < least {
			d.log.Warn("the till waits longer than set: the processing's own time is above it", "set", settings.WaitTimeout, "used", least)
			settings.WaitTimeout = least
		}
	}
	return d, nil
}
