package driver

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/lombard/sandbox"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// goodCard is one that gets its money at once.
const goodCard = "2200120000061234"

// passport is a document that must stand nowhere.
const passport = "70 03 123456"

const client800 = `"client":{"name":"ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ","passport":"` + passport + `"}`

// till is a module in a folder of its own, beside a sandbox, and who works at it.
type till struct {
	*sdk.Service
	t    *testing.T
	box  *sandbox.Server
	dir  string
	seen []pay.Event

	ahead atomic.Int64 // of the clock of all that takes part
}

func newTill(t *testing.T, box func(*sandbox.Settings), change map[string]string) *till {
	t.Helper()
	s := sandbox.DefaultSettings()
	if box != nil {
		box(&s)
	}
	c := &till{t: t, dir: t.TempDir()}
	var err error
	if c.box, err = sandbox.New(sandbox.Options{Settings: &s, Now: c.now}); err != nil {
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
	lines := map[string]string{"HTTPS": "no", "Server": c.box.URL(), "NetworkKey": sandbox.NetworkKey, "NetworkID": strconv.Itoa(sandbox.NetworkID), "BranchID": strconv.Itoa(sandbox.BranchID),
		"Statement": "none"}
	for key, value := range change {
		lines[key] = value
	}
	for _, key := range []string{"HTTPS", "Server", "NetworkKey", "NetworkID", "BranchID", "Statement", "SessionLifetime", "MaxPayout", "LogLevel"} {
		if value := lines[key]; value != "" {
			c.set(key, value)
		}
	}
	return c
}

func (c *till) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// later lets time pass.
func (c *till) later(d time.Duration) { c.ahead.Add(int64(d)) }

func (c *till) start() {
	c.t.Helper()
	c.Service = sdk.New(Module(), sdk.Clock(c.now), sdk.Terms(func(t *engine.Terms) {
		t.UnknownAfter, t.Poll, t.FirstLook, t.LongestPause, t.PrepareWait, t.Wait = 2*time.Second, 20*time.Millisecond, 5*time.Millisecond, 100*time.Millisecond, time.Second, 3*time.Second
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

// payoutOf is a payout of a ticket to the client of the seed.
func payoutOf(ticket string, amount pay.Amount) module.Request {
	return order(pay.KindPayout, amount, fmt.Sprintf(`{"document":%q,"contract":%q,%s}`, ticket+"-"+rand.Text()[:6], ticket, client800))
}

// command is a command of the module; args is a JSON object, or empty.
func command(name, args string, full bool) module.Request {
	if args == "" {
		args = "{}"
	}
	r := order(pay.KindCommand, 0, fmt.Sprintf(`{"name":%q,"args":%s}`, name, args))
	r.Currency, r.Full = "", full
	return r
}

// answers gives answers to prompts, by id; a function may look before it answers.
type answers map[string]func(e pay.Event) string

func always(value string) func(pay.Event) string { return func(pay.Event) string { return value } }

// and are the answers, with some more before them.
func (a answers) and(more answers) answers {
	all := answers{}
	for _, list := range []answers{a, more} {
		for id, answer := range list {
			all[id] = answer
		}
	}
	return all
}

// clerk is a cashier who signs in, adds a card and takes the first of what is offered.
func clerk() answers {
	first := func(e pay.Event) string { return e.Items[0].ID }
	return answers{"phone": always(sandbox.ClerkPhone), "password": always(sandbox.ClerkPassword), "card": first, "card-number": always(goodCard),
		"card-name": always("PETROV SERGEY"), "gateway": first, "keep-card": always("1"), "statement": always("1"), "again": always("1")}
}

// head is one who may see other days.
func head() answers {
	return clerk().and(answers{"phone": always(sandbox.HeadPhone), "password": always(sandbox.HeadPassword)})
}

// run begins an operation and follows it until its till hears an outcome, answering prompts.
func (c *till) run(r module.Request, a answers) pay.Operation {
	c.t.Helper()
	if _, _, err := c.Begin(c.t.Context(), r); err != nil {
		c.t.Fatal(err)
	}
	return c.follow(r.Ref, a, false)
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
		c.t.Fatalf("no outcome of %s came: %v; asked %v", ref, err, c.prompts())
	}
	return last
}

// prompts are the ids of what was asked since the last look, in its order.
func (c *till) prompts() (ids []string) {
	for _, e := range c.seen {
		if e.Prompt() {
			ids = append(ids, e.ID)
		}
	}
	c.seen = nil
	return ids
}

// signIn signs the cashier in, so that payouts do not ask for it.
func (c *till) signIn(a answers) {
	c.t.Helper()
	if op := c.run(command("sign-in", "", false), a); op.Outcome != pay.Approved {
		c.t.Fatalf("%+v", op)
	}
	c.seen = nil
}

// paid is what the ledger says that went to cards.
func (c *till) paid() pay.Amount { return pay.Amount(c.box.Ledger().Sums()["payout"].Amount) }

// requests are how many went to a method of the service.
func (c *till) requests(path string) int {
	c.t.Helper()
	counts, err := c.box.Control().Counts(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return int(counts["POST /"+path])
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

// until waits for a state.
func (c *till) until(what string, done func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("waited in vain: %s", what)
		}
	}
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
