package driver

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/sandbox"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
	"github.com/payrack/payrack/sdk/secret"
	"github.com/payrack/payrack/sdk/text"
)

// counter is the driver alone against the real sandbox, with a clock that the test moves.
type counter struct {
	*Driver
	t     *testing.T
	box   *sandbox.Server
	parts sdk.Parts

	mu     sync.Mutex
	log    bytes.Buffer
	ahead  time.Duration
	hidden []string // what must never be in the log
}

// Write makes the counter the sink of its log.
func (c *counter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.Write(p)
}

// newCounter makes a driver whose banks take payments in one mode. change may be nil.
func newCounter(t *testing.T, mode bank.Mode, change func(*Settings)) *counter {
	t.Helper()
	c := &counter{t: t, box: openBox(t), hidden: []string{sandbox.RaiffeisenKey, sandbox.GazprombankPassword, "PRIVATE KEY"}}
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, secret := range c.hidden {
			if strings.Contains(c.log.String(), secret) {
				t.Errorf("the log holds %q", secret)
			}
		}
	})
	store, err := secret.Open(filepath.Join(t.TempDir(), "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{"raiffeisenkey": sandbox.RaiffeisenKey, "gazprombankpassword": sandbox.GazprombankPassword} {
		if err := store.Set(key, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	words, err := text.Load(Module().Words)
	if err != nil {
		t.Fatal(err)
	}
	c.parts = sdk.Parts{Settings: c.written(mode, change), Secrets: store, Words: words, Computer: "till-4",
		Now: func() time.Time {
			c.mu.Lock()
			defer c.mu.Unlock()
			return time.Now().Add(c.ahead)
		},
		Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: c}),
		HTTP: func(o exchange.Options) (*exchange.Client, error) {
			o.Mask, o.CAFile = logs.Mask, c.box.Access().CA
			o.Log = hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: c})
			return exchange.New(o)
		},
	}
	c.restart()
	return c
}

func (c *counter) written(mode bank.Mode, change func(*Settings)) *Settings {
	c.t.Helper()
	var file strings.Builder
	lines := settingsOf(c.box, map[string]bank.Mode{bank.RaiffeisenID: mode, bank.GazprombankID: mode, bank.RSBID: mode})
	s := new(Settings)
	schema, err := ini.Describe(s)
	if err != nil {
		c.t.Fatal(err)
	}
	section := ""
	for _, setting := range schema.Settings {
		if value, ok := lines[setting.Key]; ok {
			if setting.Section != section {
				section = setting.Section
				file.WriteString("[" + section + "]\n")
			}
			file.WriteString(setting.Key + "=" + value + "\n")
		}
	}
	if _, err := ini.Parse([]byte(file.String()), s); err != nil {
		c.t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	return s
}

// restart makes the driver anew from what is stored.
func (c *counter) restart() {
	c.t.Helper()
	d, err := Module().New(c.parts)
	if err != nil {
		c.t.Fatal(err)
	}
	c.Driver = d.(*Driver)
}

// advance moves the driver's clock, and the banks' with it.
func (c *counter) advance(by time.Duration) {
	c.t.Helper()
	c.mu.Lock()
	c.ahead += by
	c.mu.Unlock()
	if _, err := c.box.Control().Advance(c.t.Context(), by); err != nil {
		c.t.Fatal(err)
	}
}

func (c *counter) begin(kind pay.Kind, w way, amount pay.Amount) provider.Operation {
	c.t.Helper()
	key, err := pay.NewKey(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	op := provider.Operation{Ref: pay.Ref("ref-" + rand.Text()), Key: key, Kind: kind, PosID: "4", Amount: amount, Currency: pay.RUB, Begun: c.now(), Language: "ru"}
	op.Params.System = w.bank
	return op
}

// shown is a payment that a customer can pay: its code is shown, or the link is charged with it.
func (c *counter) shown(w way, amount pay.Amount) provider.Operation {
	c.t.Helper()
	op := c.prepared(w, amount)
	if w.mode == bank.Cash {
		op = c.learn(op, c.want(provider.Waiting)(c.Commit(c.t.Context(), op)))
	}
	return op
}

// prepared is a payment before anybody can pay it.
func (c *counter) prepared(w way, amount pay.Amount) provider.Operation {
	c.t.Helper()
	op := c.begin(pay.KindOnline, w, amount)
	verdict := provider.ShowQR
	if w.mode == bank.Cash {
		verdict = provider.Ready
	}
	op = c.learn(op, c.want(verdict)(c.Prepare(c.t.Context(), op)))
	op.Tries = 1
	return op
}

// learn keeps what the engine would keep of a reply.
func (c *counter) learn(op provider.Operation, r provider.Reply) provider.Operation {
	if r.State != nil {
		op.State = *r.State
	}
	return op
}

// paid is a payment that went through.
func (c *counter) paid(w way, amount pay.Amount) provider.Operation {
	c.t.Helper()
	op := c.shown(w, amount)
	c.phone(c.box.Control().Pay, op)
	return c.learn(op, c.want(provider.Approved)(c.Inquire(c.t.Context(), op)))
}

// giveBack is a refund of a payment, with its draft where the bank makes one.
func (c *counter) giveBack(w way, payment provider.Operation, amount pay.Amount) provider.Operation {
	c.t.Helper()
	op := c.begin(pay.KindRefund, w, amount)
	op.Original = &payment
	op = c.learn(op, c.want(provider.Ready)(c.Prepare(c.t.Context(), op)))
	op.Tries = 1
	return op
}

// want checks a reply's verdict; Unknown is an error.
func (c *counter) want(verdict provider.Verdict) func(provider.Reply, error) provider.Reply {
	return func(r provider.Reply, err error) provider.Reply {
		c.t.Helper()
		if verdict == provider.Unknown && err == nil || verdict != provider.Unknown && err != nil || r.Verdict != verdict {
			c.t.Fatalf("verdict %d (%v), want %d: %+v", r.Verdict, err, verdict, r)
		}
		return r
	}
}

func (c *counter) spoil(f play.Fault) {
	c.t.Helper()
	if _, err := c.box.Faults().Arm(f); err != nil {
		c.t.Fatal(err)
	}
}

// phone lets the customer do something with an operation's code or charge.
func (c *counter) phone(act func(ctx context.Context, id string) (play.Bill, error), op provider.Operation) {
	c.t.Helper()
	if _, err := act(c.t.Context(), c.bill(op)); err != nil {
		c.t.Fatal(err)
	}
}

// bill is what the bank calls an operation's code or charge.
func (c *counter) bill(op provider.Operation) string {
	c.t.Helper()
	var t bank.Ticket
	if err := json.Unmarshal(op.State.Data, &t); err != nil {
		c.t.Fatal(err)
	}
	if t.Mode == bank.Dynamic {
		return t.QR
	}
	return first(t.Params, t.Order)
}
