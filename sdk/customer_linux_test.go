package sdk

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/port/porttest"
	"github.com/payrack/payrack/sdk/provider"
)

// kiosk is a module that shows codes; its customer pays when told to.
type kiosk struct {
	paid atomic.Bool
	ask  bool // for a scanned code first
}

func (k *kiosk) Prepares(pay.Kind) bool { return true }

func (k *kiosk) Prepare(_ context.Context, op provider.Operation) (provider.Reply, error) {
	if k.ask {
		return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: "card", Kind: pay.EvInput, Input: "scan", Title: "scan", Max: 99}}, nil
	}
	return provider.Reply{Verdict: provider.ShowQR, QR: &provider.QR{Payload: payload, Until: op.Begun.Add(5 * time.Minute)}}, nil
}

func (k *kiosk) Answer(_ context.Context, _ provider.Operation, a provider.Answer) (provider.Reply, error) {
	return provider.Reply{Verdict: provider.Declined, Code: "SCANNED", Text: a.Value}, nil
}

func (k *kiosk) Commit(context.Context, provider.Operation) (provider.Reply, error) {
	return provider.Reply{}, errors.New("a code is paid by the customer")
}

func (k *kiosk) Inquire(_ context.Context, op provider.Operation) (provider.Reply, error) {
	if k.paid.Load() {
		return provider.Reply{Verdict: provider.Approved, Amount: op.Amount, Currency: op.Currency}, nil
	}
	return provider.Reply{Verdict: provider.Waiting}, nil
}

const payload = "https://qr.nspk.ru/AS10003P3RH0LJ2A9ROO038L6NT5RU1M?type=01&bank=000000000001&sum=10000&cur=RUB&crc=F3D0"

type kioskSettings struct {
	Customer
	Settings
}

// counter opens the module with the given lines of its INI file.
func counter(t *testing.T, k *kiosk, dir string, lines ...string) *Service {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "kiosk.ini"), []byte("[Customer]\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := New(Module{
		About:    provider.Description{ID: "kiosk", Version: "1.0.0", Systems: []string{"kiosk"}, Kinds: []pay.Kind{pay.KindOnline}},
		Settings: func() Configured { return &kioskSettings{} },
		New:      func(Parts) (provider.Driver, error) { return k, nil },
	})
	if _, err := s.Open(t.Context(), module.Opening{Home: dir, Data: dir, Language: "ru", DigestKey: []byte("key")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if s.broken != nil {
		t.Fatal(s.broken)
	}
	return s
}

// sell begins a payment and gives its events.
func sell(t *testing.T, s *Service) (events chan pay.Event) {
	t.Helper()
	if _, _, err := s.Begin(t.Context(), module.Request{Digest: []byte("a"), Request: pay.Request{Ref: "a", Module: "kiosk", Kind: pay.KindOnline, Amount: 10000,
		Currency: pay.RUB, PosID: "4"}}); err != nil {
		t.Fatal(err)
	}
	events = make(chan pay.Event, 64)
	go func() {
		defer close(events)
		_ = s.Watch(t.Context(), "a", 0, true, func(e pay.Event) error { events <- e; return nil })
	}()
	return events
}

// until gives the next event that a test waits for.
func until(t *testing.T, events chan pay.Event, fits func(pay.Event) bool) pay.Event {
	t.Helper()
	for e := range events {
		if fits(e) {
			return e
		}
	}
	t.Fatal("the event never came")
	return pay.Event{}
}

func shownAt(place string) func(pay.Event) bool {
	return func(e pay.Event) bool { return e.Kind == pay.EvQRShow && e.Place == place }
}

func paid(e pay.Event) bool { return e.Kind == pay.EvOutcome && e.Operation.Outcome == pay.Approved }

func TestACodeStandsOnTheCustomersDisplayUntilItIsPaid(t *testing.T) {
	device, name := porttest.Terminal(t)
	keep, err := os.OpenFile(name, os.O_RDWR, 0) // while nobody has the other side, a pseudo-terminal loses what waits
	if err != nil {
		t.Fatal(err)
	}
	defer keep.Close()
	k := &kiosk{}
	s := counter(t, k, t.TempDir(), "QRPlace=display", "DisplayPort="+name)
	frames := bufio.NewReader(device)
	frame := func(end byte) string {
		t.Helper()
		f, err := frames.ReadString(end)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := frame('S'); !strings.HasSuffix(f, "CLS") {
		t.Errorf("at the start %q was sent: what an earlier life left stays", f)
	}
	events := sell(t, s)
	until(t, events, shownAt("display"))
	if f := frame('D') + frame('0'); !strings.Contains(f, "\x02\xf2\x02") || !strings.Contains(f, "https://qr.nspk.ru/") {
		t.Errorf("sent %q", f)
	}
	k.paid.Store(true)
	until(t, events, paid)
	if f := frame('S'); !strings.HasSuffix(f, "CLS") {
		t.Errorf("a paid code is not taken down: %q", f)
	}
}

func TestACodeGoesToTheNextPlaceWhereOneFails(t *testing.T) {
	k := &kiosk{}
	s := counter(t, k, t.TempDir(), "QRPlace=display", "DisplayPort=/dev/payrack-no-such-port", "QRFallback=tape")
	events := sell(t, s)
	until(t, events, shownAt("display"))
	var print pay.Event
	until(t, events, func(e pay.Event) bool {
		if e.Kind == pay.EvPrint {
			print = e
		}
		return shownAt("tape")(e)
	})
	if print.Number == 0 {
		print = until(t, events, func(e pay.Event) bool { return e.Kind == pay.EvPrint })
	}
	if print.Reason != "qr" || !strings.Contains(print.Text, "100,00") || !strings.Contains(print.Text, "https://qr.nspk.ru/") {
		t.Errorf("to be printed: %q", print.Text)
	}
	if err := s.Answer(t.Context(), "a", print.Number, "2", "4"); pay.CodeOf(err) != pay.ErrArgument {
		t.Errorf("a strange answer: %v", err)
	}
	if err := s.Answer(t.Context(), "a", print.Number, "0", "4"); err != nil {
		t.Fatal(err)
	}
	until(t, events, func(e pay.Event) bool { return e.Kind == pay.EvPromptGone && e.ID == print.ID })
	until(t, events, shownAt("screen"))
	if err := s.Answer(t.Context(), "a", print.Number, "0", "4"); pay.CodeOf(err) != pay.ErrState {
		t.Errorf("answered twice: %v", err)
	}
	k.paid.Store(true)
	until(t, events, paid)
}

func TestACodeInAFileIsThereWhileItCanBePaid(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "qr.png")
	if err := os.WriteFile(file, []byte("of an earlier life"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := &kiosk{}
	s := counter(t, k, dir, "QRPlace=file")
	events := sell(t, s)
	until(t, events, shownAt("file"))
	s.side.settled()
	if raw, err := os.ReadFile(file); err != nil || !bytes.HasPrefix(raw, []byte("\x89PNG")) {
		t.Errorf("%q, %v", raw, err)
	}
	k.paid.Store(true)
	until(t, events, paid)
	s.side.settled()
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a paid code is still there: %v", err)
	}
}

func TestACodeThatIsUpStaysWhenSettingsChangeAndIsTakenDownWhereItIs(t *testing.T) {
	dir := t.TempDir()
	k := &kiosk{}
	s := counter(t, k, dir, "QRPlace=file")
	events := sell(t, s)
	until(t, events, shownAt("file"))
	for _, lines := range []string{"QRPlace=file\nDisplayBaud=9600\n", "QRPlace=file\nQRFile=other.png\n"} {
		if err := os.WriteFile(filepath.Join(dir, "kiosk.ini"), []byte("[Customer]\n"+lines), 0o600); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		err := s.take()
		s.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		s.side.settled()
		if _, err := os.Stat(filepath.Join(dir, "qr.png")); err != nil {
			t.Errorf("after %q the code that the customer is to pay: %v", lines, err)
		}
	}
	k.paid.Store(true)
	until(t, events, paid)
	s.side.settled()
	if _, err := os.Stat(filepath.Join(dir, "qr.png")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a paid code is still there: %v", err)
	}
}

func TestAScannedCodeAnswersTheQuestionThatWaitsForIt(t *testing.T) {
	device, name := porttest.Terminal(t)
	s := counter(t, &kiosk{ask: true}, t.TempDir(), "ScannerPort="+name)
	events := sell(t, s)
	until(t, events, func(e pay.Event) bool { return e.Kind == pay.EvInput && e.Input == "scan" })
	if _, err := device.WriteString("4600051000057\r\n"); err != nil {
		t.Fatal(err)
	}
	e := until(t, events, func(e pay.Event) bool { return e.Kind == pay.EvOutcome })
	if e.Operation.Text != "4600051000057" {
		t.Errorf("%+v", e.Operation)
	}
	if s.shell.Scanned("4600051000057") {
		t.Error("a code was taken for which nobody waits")
	}
}

// settled returns when every job that was given before is done.
func (d *side) settled() {
	done := make(chan struct{})
	d.do(func() { close(done) })
	<-done
}
