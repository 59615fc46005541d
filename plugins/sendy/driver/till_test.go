package driver

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/plugins/sendy/sandbox"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
	"github.com/payrack/payrack/sdk/secret"
	"github.com/payrack/payrack/sdk/text"
)

// till is the driver against the real sandbox, over HTTP.
type till struct {
	*Driver
	t     *testing.T
	s     *sandbox.Server
	parts sdk.Parts
	tries []string

	mu     sync.Mutex
	log    bytes.Buffer
	hidden []string // what must never be in the log
}

// Write makes the till the sink of its log.
func (c *till) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.Write(p)
}

// newTill starts a sandbox, and a driver that is not activated yet. change may be nil.
func newTill(t *testing.T, o sandbox.Options, change func(*Settings)) *till {
	t.Helper()
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	c := &till{t: t, s: s, hidden: []string{sandbox.DefaultTerminal.Code}}
	t.Cleanup(func() {
		if bad := s.Ledger().Trouble(); len(bad) != 0 {
			t.Errorf("the ledger: %v", bad)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, secret := range c.hidden {
			if strings.Contains(c.log.String(), secret) {
				t.Errorf("the log holds %q:\n%s", secret, c.log.String())
			}
		}
	})
	store, err := secret.Open(filepath.Join(t.TempDir(), "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	words, err := text.Load(Module().Words)
	if err != nil {
		t.Fatal(err)
	}
	settings := Module().Settings().(*Settings)
	if err := ini.Defaults(settings); err != nil {
		t.Fatal(err)
	}
	settings.Server = s.URL()
	if change != nil {
		change(settings)
	}
	c.parts = sdk.Parts{
		Settings: settings, Secrets: store, Words: words, Now: time.Now, Computer: "till-4",
		Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: c}),
		HTTP: func(o exchange.Options) (*exchange.Client, error) {
			o.Mask = logs.Mask
			o.Log = hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: c})
			return exchange.New(o)
		},
		Attempts: func(_ context.Context, terminal, serial string, ok bool, code string, left int) error {
			c.tries = append(c.tries, fmt.Sprintf("%s %s %t %s %d", terminal, serial, ok, code, left))
			return nil
		},
	}
	c.restart()
	return c
}

// restart makes the driver anew from what is stored.
func (c *till) restart() {
	c.t.Helper()
	d, err := Module().New(c.parts)
	if err != nil {
		c.t.Fatal(err)
	}
	c.Driver = d.(*Driver)
}

// activeTill is a till with its terminal activated.
func activeTill(t *testing.T, change func(*Settings)) *till {
	t.Helper()
	c := newTill(t, sandbox.Options{}, change)
	c.activate()
	return c
}

func (c *till) activate() {
	c.t.Helper()
	r, err := c.Activate(c.t.Context(), provider.Activation{Terminal: sandbox.DefaultTerminal.ID, Serial: "SN-1", Code: sandbox.DefaultTerminal.Code})
	if err != nil || !r.Active {
		c.t.Fatalf("activate: %+v, %v", r, err)
	}
	stored, err := c.terminal()
	if err != nil || stored == nil {
		c.t.Fatal(err)
	}
	c.hide(stored.Secret)
}

// begin makes an operation as the engine does: counters first, then a number and a key.
func (c *till) begin(kind pay.Kind, amount pay.Amount) provider.Operation {
	c.t.Helper()
	counters, err := c.Counters(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	key, err := pay.NewKey(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return provider.Operation{Ref: pay.Ref("ref-" + rand.Text()), Key: key, Kind: kind, PosID: "4", Amount: amount, Currency: pay.RUB,
		ProviderNumber: counters.Next, ProviderShift: counters.Shift, Begun: time.Now(), Language: "ru"}
}

// scan is an offline payment with a code that ends in tail, see the sandbox's README.
func (c *till) scan(amount pay.Amount, tail string) provider.Operation {
	c.t.Helper()
	op := c.begin(pay.KindOffline, amount)
	op.Tries = 1
	op.Params.Code = fmt.Sprintf("%s%014d%s", "13", op.ProviderNumber, tail)
	c.hide(op.Params.Code)
	return op
}

// paid is an offline payment that went through.
func (c *till) paid(amount pay.Amount) provider.Operation {
	c.t.Helper()
	op := c.scan(amount, "00")
	c.want(provider.Approved)(c.Commit(c.t.Context(), op))
	return op
}

// shown is an online payment whose QR code is shown.
func (c *till) shown(amount pay.Amount) provider.Operation {
	c.t.Helper()
	op := c.begin(pay.KindOnline, amount)
	r := c.want(provider.ShowQR)(c.Prepare(c.t.Context(), op))
	op.State = *r.State
	return op
}

// giveBack is a refund or reversal of a payment.
func (c *till) giveBack(kind pay.Kind, amount pay.Amount, payment provider.Operation) provider.Operation {
	c.t.Helper()
	op := c.begin(kind, amount)
	op.Tries, op.Original = 1, &payment
	if undoes(op) {
		op.ProviderNumber = 0
	}
	return op
}

// want checks a reply's verdict; Unknown is an error.
func (c *till) want(verdict provider.Verdict) func(provider.Reply, error) provider.Reply {
	return func(r provider.Reply, err error) provider.Reply {
		c.t.Helper()
		if verdict == provider.Unknown && err == nil || verdict != provider.Unknown && err != nil || r.Verdict != verdict {
			c.t.Fatalf("verdict %d (%v), want %d: %+v", r.Verdict, err, verdict, r)
		}
		return r
	}
}

// spoil arms a fault for the next request.
func (c *till) spoil(f play.Fault) {
	c.t.Helper()
	if _, err := c.s.Faults().Arm(f); err != nil {
		c.t.Fatal(err)
	}
}

// posts counts the POST requests that the server received.
func (c *till) posts() (n int) {
	c.t.Helper()
	list, err := c.s.Control().Requests(c.t.Context(), 0)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, r := range list {
		if r.Method == http.MethodPost {
			n++
		}
	}
	return n
}

func (c *till) net(op provider.Operation) pay.Amount {
	return pay.Amount(c.s.Ledger().Net(op.Key.String()))
}

// phone lets the customer do something.
func (c *till) phone(act func(*sandbox.Control) (play.Bill, error)) {
	c.t.Helper()
	if _, err := act(c.s.Control()); err != nil {
		c.t.Fatal(err)
	}
}

func (c *till) configure(change map[string]any) {
	c.t.Helper()
	if err := c.s.Control().Configure(c.t.Context(), change); err != nil {
		c.t.Fatal(err)
	}
}

// hide names something that must never be in the log.
func (c *till) hide(secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hidden = append(c.hidden, secret)
}
