package driver

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/sandbox"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	play "github.com/payrack/payrack/sdk/sandbox"
)

// TestMain lets many tills work side by side: they mostly wait for the engine's timers.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "24"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// till is the whole module, its journal and engine included, against the real sandbox, over HTTP and mutual TLS.
type till struct {
	*sdk.Service
	t   *testing.T
	box *sandbox.Server
	dir string
	// options are those of each start of the module.
	options []sdk.Option
}

// way is one bank and one mode of payment.
type way struct {
	bank string
	mode bank.Mode
}

func (w way) String() string { return w.bank + "/" + string(w.mode) }

// ways are all that the module serves.
func ways() []way {
	var list []way
	for _, id := range []string{bank.RaiffeisenID, bank.GazprombankID, bank.RSBID} {
		list = append(list, way{id, bank.Dynamic}, way{id, bank.Cash})
	}
	return list
}

// prefix is where a bank's requests begin at the sandbox.
var prefix = map[string]string{bank.RaiffeisenID: "/raiffeisen/api", bank.GazprombankID: "/gazprombank", bank.RSBID: "/rsb/eis-app/eis-rs/businessPaymentService"}

// openBox starts a sandbox. Its ledger must be without trouble in the end.
func openBox(t *testing.T) *sandbox.Server {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if bad := box.Ledger().Trouble(); len(bad) != 0 {
			t.Errorf("the ledger: %v", bad)
		}
		if err := box.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return box
}

// settingsOf are the lines of an INI file for a sandbox, all three banks switched on.
func settingsOf(box *sandbox.Server, mode map[string]bank.Mode) map[string]string {
	a := box.Access()
	return map[string]string{
		"Raiffeisen": "yes", "Gazprombank": "yes", "RSB": "yes", "CAFile": a.CA,
		"RaiffeisenServer": a.Raiffeisen, "RaiffeisenMerchant": sandbox.RaiffeisenMerchant, "RaiffeisenAccount": sandbox.RaiffeisenAccount,
		"GazprombankServer": a.Gazprombank, "GazprombankLogin": sandbox.GazprombankLogin, "GazprombankMerchant": sandbox.GazprombankMerchant,
		"GazprombankAccount": sandbox.GazprombankAccount,
		"RSBServer":          a.RSB, "RSBLogin": sandbox.RSBLogin, "RSBTerminal": sandbox.RSBTerminal, "RSBMerchant": sandbox.RSBMerchant,
		"RSBAccount": sandbox.RSBAccount, "RSBCertificate": a.Certificate, "RSBKeyFile": a.Key,
		"RaiffeisenMode": string(mode[bank.RaiffeisenID]), "GazprombankMode": string(mode[bank.GazprombankID]), "RSBMode": string(mode[bank.RSBID]),
		"RaiffeisenCashLink": a.Links[sandbox.Raiffeisen], "GazprombankCashLink": a.Links[sandbox.Gazprombank], "RSBCashLink": a.Links[sandbox.RSB],
	}
}

// newTill is a till all of whose banks take payments in one mode.
func newTill(t *testing.T, mode bank.Mode, change map[string]string, options ...sdk.Option) *till {
	t.Helper()
	c := &till{t: t, box: openBox(t), dir: t.TempDir(), options: options}
	lines := settingsOf(c.box, map[string]bank.Mode{bank.RaiffeisenID: mode, bank.GazprombankID: mode, bank.RSBID: mode})
	for key, value := range change {
		lines[key] = value
	}
	c.start()
	for key, value := range map[string]string{"RaiffeisenKey": sandbox.RaiffeisenKey, "GazprombankPassword": sandbox.GazprombankPassword} {
		c.set(key, value)
	}
	for key, value := range lines {
		c.set(key, value)
	}
	return c
}

func (c *till) start() {
	c.t.Helper()
	c.Service = sdk.New(Module(), c.options...)
	if _, err := c.Open(c.t.Context(), module.Opening{Home: c.dir, Data: c.dir, Language: "ru", DigestKey: []byte("key"),
		Shop: module.Shop{Name: `ООО "РОМАШКА"`, INN: "7101234567"}}); err != nil {
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

// sale is an operation that the test follows.
type sale struct {
	c      *till
	ref    pay.Ref
	events chan pay.Event
	ended  chan pay.Operation
	stop   context.CancelFunc
}

// begin starts an operation and watches it.
func (c *till) begin(kind pay.Kind, amount pay.Amount, params string) *sale {
	c.t.Helper()
	s, err := c.try(kind, amount, params)
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *till) try(kind pay.Kind, amount pay.Amount, params string) (*sale, error) {
	c.t.Helper()
	p, err := pay.ParseParams(params)
	if err != nil {
		c.t.Fatal(err)
	}
	s := &sale{c: c, ref: pay.Ref("r-" + rand.Text())}
	if _, _, err := c.Begin(c.t.Context(), module.Request{Digest: []byte(s.ref), Request: pay.Request{Ref: s.ref, Module: "sbp", Kind: kind, Amount: amount,
		Currency: pay.RUB, PosID: "4", Params: p}}); err != nil {
		return nil, err
	}
	s.watch()
	return s, nil
}

// watch follows the operation as its till does, anew after a restart.
func (s *sale) watch() {
	if s.stop != nil {
		s.stop()
	}
	ctx, stop := context.WithCancel(s.c.t.Context())
	service, events, ended := s.c.Service, make(chan pay.Event, 1000), make(chan pay.Operation, 1)
	s.stop, s.events, s.ended = stop, events, ended
	go func() {
		_ = service.Watch(ctx, s.ref, 0, true, func(e pay.Event) error {
			events <- e
			if e.Operation != nil && !e.Operation.Running {
				select {
				case ended <- *e.Operation:
				default:
				}
			}
			return nil
		})
		close(events)
	}()
}

// patience is how long a test waits for what must come; only a failure takes so long.
const patience = time.Minute

// next waits for an event of a kind.
func (s *sale) next(kind pay.EventKind) pay.Event {
	s.c.t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case e, ok := <-s.events:
			if !ok {
				s.c.t.Fatalf("the operation ended before an event %d", kind)
			}
			if e.Kind == kind {
				return e
			}
		case <-deadline:
			s.c.t.Fatalf("no event %d", kind)
		}
	}
}

// end waits for the outcome, or for Unknown to be told.
func (s *sale) end(want pay.Outcome) pay.Operation {
	s.c.t.Helper()
	select {
	case op := <-s.ended:
		if op.Outcome != want {
			s.c.t.Fatalf("%s, want %s: %s %s %s", op.Outcome, want, op.Code, op.Text, op.Hint)
		}
		return op
	case <-time.After(patience):
		s.c.t.Fatal("no outcome")
	}
	return pay.Operation{}
}

// pay begins a payment and waits until a customer can pay it.
func (c *till) pay(w way, amount pay.Amount) *sale {
	c.t.Helper()
	s := c.begin(pay.KindOnline, amount, fmt.Sprintf(`{"system":%q,"receipt":"000157"}`, w.bank))
	if w.mode == bank.Dynamic {
		s.next(pay.EvQRShow)
	}
	s.payable()
	return s
}

func (s *sale) payable() play.Bill {
	s.c.t.Helper()
	ctx, cancel := context.WithTimeout(s.c.t.Context(), patience)
	defer cancel()
	bill, err := s.c.box.Control().AwaitBill(ctx)
	if err != nil {
		s.c.t.Fatal(err)
	}
	return bill
}

// phone lets the customer do something with the only open bill.
func (s *sale) phone(act func(ctx context.Context, id string) (play.Bill, error)) {
	s.c.t.Helper()
	if _, err := act(s.c.t.Context(), s.payable().ID); err != nil {
		s.c.t.Fatal(err)
	}
}

// paid is a payment that went through.
func (c *till) paid(w way, amount pay.Amount) pay.Operation {
	c.t.Helper()
	s := c.pay(w, amount)
	s.phone(c.box.Control().Pay)
	return s.end(pay.Approved)
}

// net is what the shop has in the end.
func (c *till) net() pay.Amount { return net(c.box) }

func net(box *sandbox.Server) pay.Amount {
	sums := box.Ledger().Sums()
	return pay.Amount(sums[play.EntryPayment].Amount - sums[play.EntryRefund].Amount - sums[play.EntryReversal].Amount)
}

func (c *till) refund(amount pay.Amount, payment pay.Operation) *sale {
	c.t.Helper()
	return c.begin(pay.KindRefund, amount, fmt.Sprintf(`{"original_ref":%q,"receipt":"000161"}`, payment.Ref))
}

func (c *till) spoil(f play.Fault) {
	c.t.Helper()
	if _, err := c.box.Faults().Arm(f); err != nil {
		c.t.Fatal(err)
	}
}

// hides holds that no log and no journal names a secret.
func (c *till) hides(secrets ...string) {
	c.t.Helper()
	err := filepath.WalkDir(c.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.Contains(path, "secret-") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, secret := range secrets {
			if strings.Contains(string(raw), secret) {
				c.t.Errorf("%s holds %q", path, secret)
			}
		}
		return err
	})
	if err != nil {
		c.t.Error(err)
	}
}

// settled waits until an operation whose Unknown was told has its outcome, and nothing is left to do with its money.
func (c *till) settled(ref pay.Ref, want pay.Outcome) pay.Operation {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var last pay.Operation
	err := c.Watch(ctx, ref, 0, false, func(e pay.Event) error {
		if e.Operation != nil {
			last = *e.Operation
		}
		return nil
	})
	if last.Outcome != want || last.Reversal == pay.ReversalUnderWay {
		c.t.Fatalf("%s, want %s (%v): %+v", last.Outcome, want, err, last)
	}
	return last
}
