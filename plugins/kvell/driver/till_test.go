package driver

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/kvell/sandbox"
	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// card is one that gets its money at once.
const card = "2200120000061234"

// passport is a document that must stand nowhere.
const passport = "70 03 123456"

// merchantKey is a key for all tests of the package.
var merchantKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// till is a module in a folder of its own, beside a sandbox, and who works at it.
type till struct {
	*sdk.Service
	t    *testing.T
	box  *sandbox.Server
	dir  string
	seen []pay.Event
}

func newTill(t *testing.T, box func(*sandbox.Settings), change map[string]string) *till {
	t.Helper()
	s := sandbox.DefaultSettings()
	public, err := wire.WritePublic(&merchantKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	s.PublicKey = string(public)
	if box != nil {
		box(&s)
	}
	c := &till{t: t, dir: t.TempDir()}
	if c.box, err = sandbox.New(sandbox.Options{Settings: &s}); err != nil {
		t.Fatal(err)
	}
	if err := c.box.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if bad := c.box.Ledger().Trouble(); len(bad) != 0 {
			t.Errorf("the ledger: %v", bad)
		}
		_ = c.box.Close()
	})
	c.start()
	private, err := wire.WritePrivate(merchantKey())
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{"Server": c.box.URL(), "TestServer": c.box.URL(), "APIKey": sandbox.APIKey, "SecretKey": sandbox.SecretKey, "PrivateKey": string(private),
		"Statement": "none"}
	for key, value := range change {
		lines[key] = value
	}
	for key, value := range lines {
		if value != "" {
			c.set(key, value)
		}
	}
	return c
}

func (c *till) start() {
	c.t.Helper()
	c.Service = sdk.New(Module(), sdk.Terms(func(t *engine.Terms) {
		t.UnknownAfter, t.Poll, t.FirstLook, t.LongestPause = 2*time.Second, 20*time.Millisecond, 5*time.Millisecond, 100*time.Millisecond
	}))
	if _, err := c.Open(c.t.Context(), module.Opening{Home: c.dir, Data: c.dir, Language: "ru", DigestKey: []byte("key"),
		Shop: module.Shop{Name: `ООО "РОМАШКА"`, INN: "7101234567", Address: []string{"Тула"}}}); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(c.Service.Close)
}

// restart ends the module as a power cut would, and starts it again.
func (c *till) restart() {
	c.t.Helper()
	c.Service.Close()
	c.start()
}

func (c *till) set(key, value string) {
	c.t.Helper()
	if _, err := c.Settings(c.t.Context(), module.SettingsRequest{Action: "set", Key: key, Value: value, By: "test"}); err != nil {
		c.t.Fatalf("%s: %v", key, err)
	}
}

// order is what a till asks for. Its ref is made once, so that it can be asked for again.
func order(kind pay.Kind, amount pay.Amount, params string) module.Request {
	p, err := pay.ParseParams(params)
	if err != nil {
		panic(err)
	}
	ref := pay.Ref("r-" + rand.Text())
	return module.Request{Digest: []byte(ref), Request: pay.Request{Ref: ref, Module: ID, Kind: kind, Amount: amount, Currency: pay.RUB, PosID: "4", Params: p,
		Initiator: "Иванова"}}
}

func payoutTo(number string, amount pay.Amount) module.Request {
	return order(pay.KindPayout, amount, fmt.Sprintf(`{"document":"ПЕ%s","card":%q}`, rand.Text()[:8], number))
}

// answers gives answers to prompts, by id; a function may look before it answers.
type answers map[string]func(e pay.Event) string

func always(value string) func(pay.Event) string { return func(pay.Event) string { return value } }

// run begins an operation and follows it until its till hears an outcome, answering prompts.
func (c *till) run(r module.Request, a answers) pay.Operation {
	c.t.Helper()
	op, err := c.try(r, a)
	if err != nil {
		c.t.Fatal(err)
	}
	return op
}

func (c *till) try(r module.Request, a answers) (pay.Operation, error) {
	c.t.Helper()
	if _, _, err := c.Begin(c.t.Context(), r); err != nil {
		return pay.Operation{}, err
	}
	return c.follow(r.Ref, a, false), nil
}

// patience is how long a test waits for what must come; only a failure takes so long.
const patience = time.Minute

// follow watches an operation until it has an outcome: with final its last one, else also Unknown.
func (c *till) follow(ref pay.Ref, a answers, final bool) pay.Operation {
	c.t.Helper()
	ctx, stop := context.WithTimeout(c.t.Context(), patience)
	defer stop()
	var last pay.Operation
	err := c.Watch(ctx, ref, 0, true, func(e pay.Event) error {
		c.seen = append(c.seen, e)
		if e.Prompt() {
			if answer, ok := a[e.ID]; ok {
				if value := answer(e); value != "" {
					_ = c.Answer(ctx, ref, e.Number, value, "Иванова")
				}
			}
		}
		if e.Kind == pay.EvOutcome && e.Operation != nil {
			last = *e.Operation
			if last.Outcome.Final() || !final && !last.Running {
				return context.Canceled
			}
		}
		return nil
	})
	if last.Ref == "" {
		c.t.Fatalf("no outcome of %s came: %v", ref, err)
	}
	return last
}

// prompts are the ids of what was asked, in its order.
func (c *till) prompts() (ids []string) {
	for _, e := range c.seen {
		if e.Prompt() {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// paid is what the ledger says that went to cards.
func (c *till) paid() pay.Amount { return pay.Amount(c.box.Ledger().Sums()["payout"].Amount) }

// posts is how many payouts were asked for.
func (c *till) posts() int {
	c.t.Helper()
	counts, err := c.box.Control().Counts(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return int(counts["POST /v1/orders/account2card"])
}

func (c *till) operation(ref pay.Ref) pay.Operation {
	c.t.Helper()
	query, _ := json.Marshal(map[string]any{"what": "operation", "ref": ref})
	raw, err := c.Find(c.t.Context(), query)
	if err != nil {
		c.t.Fatal(err)
	}
	var op pay.Operation
	if err := json.Unmarshal(raw, &op); err != nil {
		c.t.Fatal(err)
	}
	return op
}

// hides holds that no file of the module but its secret store holds any of the texts.
func (c *till) hides(texts ...string) {
	c.t.Helper()
	c.Service.Close()
	err := filepath.WalkDir(c.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.Contains(path, string(filepath.Separator)+"secrets"+string(filepath.Separator)) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, text := range texts {
			if bytes.Contains(data, []byte(text)) {
				c.t.Errorf("%s holds %.4q…", path, text)
			}
		}
		return nil
	})
	if err != nil {
		c.t.Error(err)
	}
}
