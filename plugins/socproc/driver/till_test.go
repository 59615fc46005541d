package driver

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/socproc/sandbox"
	"github.com/payrack/payrack/plugins/socproc/wire"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	box "github.com/payrack/payrack/sdk/sandbox"
)

// till is a module in a folder of its own, beside a sandbox, and who works at it.
type till struct {
	*sdk.Service
	t    *testing.T
	box  *sandbox.Server
	dir  string
	seen []pay.Event
}

func newTill(t *testing.T) *till {
	t.Helper()
	c := &till{t: t, dir: t.TempDir()}
	var err error
	if c.box, err = sandbox.New(sandbox.Options{}); err != nil {
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
	for key, value := range map[string]string{"url": c.box.URL(), "enterprise_id": sandbox.EnterpriseID, "merchant_id": sandbox.MerchantID, "sp_code": sandbox.SPCode,
		"TerminalNo": sandbox.TerminalNo, "LogLevel": "debug"} {
		c.set(key, value)
	}
	return c
}

func (c *till) start() {
	c.t.Helper()
	c.Service = sdk.New(Module(), sdk.Terms(func(t *engine.Terms) {
		t.UnknownAfter, t.Poll, t.FirstLook, t.LongestPause, t.PrepareWait = 2*time.Second, 20*time.Millisecond, 5*time.Millisecond, 50*time.Millisecond, 300*time.Millisecond
	}))
	if _, err := c.Open(c.t.Context(), module.Opening{Home: c.dir, Data: c.dir, Language: "ru", DigestKey: []byte("key"),
		Shop: module.Shop{Name: `ООО "РОМАШКА"`, INN: "7101234567", Address: []string{"Магазин 12, г. Тула, ул. Мира, 1"}}}); err != nil {
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

// pinPad is what the pin pad says of a card of the sandbox.
func pinPad(hash string) string { return "hash=" + hash + ";masked=220220******5678" }

// groceries is a receipt for 1 250.00, of which 830.00 are social.
func groceries(card string) module.Request {
	with := ""
	if card != "" {
		with = fmt.Sprintf(`"card":%q,`, card)
	}
	return order(pay.KindBasket, 125000, `{"receipt":"000157",`+with+`"items":[
		{"position":1,"barcode":"`+sandbox.Milk+`","name":"Молоко","quantity":5000,"price":12600,"sum":63000},
		{"position":2,"barcode":"`+sandbox.Bread+`","name":"Хлеб","quantity":2500,"price":8000,"sum":20000},
		{"position":3,"barcode":"`+sandbox.Beer+`","name":"Пиво","quantity":3000,"price":14000,"sum":42000}]}`)
}

// answers gives answers to prompts, by id; "" is none.
type answers map[string]func(e pay.Event) string

func always(value string) func(pay.Event) string { return func(pay.Event) string { return value } }

var yes = answers{promptConfirm: always("1")}

// run begins an operation and follows it until its till hears an outcome, answering prompts.
func (c *till) run(r module.Request, a answers) pay.Operation {
	c.t.Helper()
	c.begin(r)
	return c.follow(r.Ref, a, false)
}

func (c *till) begin(r module.Request) {
	c.t.Helper()
	if _, _, err := c.Begin(c.t.Context(), r); err != nil {
		c.t.Fatal(err)
	}
}

// patience is how long a test waits for what must come; only a failure takes so long.
const patience = 20 * time.Second

// follow watches an operation until it has an outcome: with final its last one, else also Unknown.
func (c *till) follow(ref pay.Ref, a answers, final bool) pay.Operation {
	c.t.Helper()
	ctx, stop := context.WithTimeout(c.t.Context(), patience)
	defer stop()
	var last pay.Operation
	err := c.Watch(ctx, ref, 0, true, func(e pay.Event) error {
		c.seen = append(c.seen, e)
		if answer, ok := a[e.ID]; ok && e.Prompt() {
			if value := answer(e); value != "" {
				_ = c.Answer(ctx, ref, e.Number, value, "Иванова")
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

// asked waits until the cashier is asked whether to write off, and leaves it at that.
func (c *till) asked(ref pay.Ref) (question pay.Event) {
	c.t.Helper()
	err := c.Watch(c.t.Context(), ref, 0, true, func(e pay.Event) error {
		if e.ID == promptConfirm && e.Prompt() {
			question = e
			return context.Canceled
		}
		return nil
	})
	if question.Number == 0 {
		c.t.Fatalf("nobody was asked: %v", err)
	}
	return question
}

func (c *till) operation(ref pay.Ref) pay.Operation {
	c.t.Helper()
	var op pay.Operation
	c.find(map[string]any{"what": "operation", "ref": ref}, &op)
	return op
}

func (c *till) find(query, out any) {
	c.t.Helper()
	q, _ := json.Marshal(query)
	raw, err := c.Find(c.t.Context(), q)
	if err == nil {
		err = json.Unmarshal(raw, out)
	}
	if err != nil {
		c.t.Fatal(err)
	}
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

// closed says whether the module has nothing left to do for any operation.
func (c *till) closed() bool {
	var open []pay.Operation
	c.find(map[string]any{"what": "operations", "open": true}, &open)
	return len(open) == 0
}

// service is what the service says of its only operation.
func (c *till) service() wire.Operation {
	c.t.Helper()
	list, err := c.box.Control().Operations(c.t.Context())
	if err != nil || len(list) != 1 {
		c.t.Fatalf("the service has %d operations, %v", len(list), err)
	}
	answer, err := http.Get(c.box.URL() + "/" + wire.PathOperation(list[0].ID))
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	o, err := wire.ReadOperation(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return o
}

// postConfirm sends a confirmation past the module, as one that was late on the way. It gives the status of the answer.
func postConfirm(c *till, o wire.Operation) (int, error) {
	body, err := json.Marshal(wire.Confirm{OperationID: o.ID, Sum: int64(o.Approved)})
	if err != nil {
		return 0, err
	}
	answer, err := http.Post(c.box.URL()+"/"+wire.PathConfirm(o.Reservation), "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// paid is what public funds have paid and not got back.
func (c *till) paid() pay.Amount {
	sums := c.box.Ledger().Sums()
	return pay.Amount(sums["payment"].Amount - sums["reversal"].Amount - sums["refund"].Amount)
}

// requests is how many requests came to an address.
func (c *till) requests() int {
	c.t.Helper()
	list, err := c.box.Control().Requests(c.t.Context(), 0)
	if err != nil {
		c.t.Fatal(err)
	}
	return len(list)
}

// came says whether a request whose path ends so was worked.
func (c *till) came(path string) bool {
	c.t.Helper()
	list, err := c.box.Control().Requests(c.t.Context(), 0)
	if err != nil {
		c.t.Fatal(err)
	}
	return slices.ContainsFunc(list, func(r box.Request) bool { return strings.HasSuffix(r.Path, path) && r.Done })
}

func (c *till) arm(f box.Fault) {
	c.t.Helper()
	if _, err := c.box.Control().Arm(c.t.Context(), f); err != nil {
		c.t.Fatal(err)
	}
}

func (c *till) calm() {
	c.t.Helper()
	if err := c.box.Control().Disarm(c.t.Context(), ""); err != nil {
		c.t.Fatal(err)
	}
}

// hides holds that no file of the module but its secret store holds any of the texts.
func (c *till) hides(texts ...string) {
	c.t.Helper()
	c.Service.Close()
	err := filepath.WalkDir(c.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(data, []byte(text)) {
				c.t.Errorf("%s holds %.4q…", path, text)
			}
		}
		return err
	})
	if err != nil {
		c.t.Error(err)
	}
}
