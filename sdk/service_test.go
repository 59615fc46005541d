package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// till is a module's settings in these tests.
type till struct {
	Settings
	Server string `ini:"Server" section:"Bank" default:"https://bank.example" ru:"Адрес" en:"Address"`
	Token  string `ini:"Token" secret:"true" ru:"Ключ" en:"Key"`
}

// bank approves everything at once, and keeps a shift.
type bank struct {
	numbers int64
	shift   int64
	sums    pay.Amount
	count   int64
}

func (b *bank) Commit(_ context.Context, op provider.Operation) (provider.Reply, error) {
	b.count++
	b.sums += op.Amount
	return provider.Reply{Verdict: provider.Approved, Amount: op.Amount, Currency: op.Currency, Code: "00", RRN: "630800000001", System: "bank"}, nil
}

func (b *bank) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return provider.Reply{}, errors.New("the bank forgot")
}

func (b *bank) Counters(context.Context) (provider.Counters, error) {
	b.numbers++
	return provider.Counters{Next: b.numbers, Shift: b.shift}, nil
}

func (b *bank) CloseShift(_ context.Context, _ provider.Operation, shift int64) (provider.ShiftTotals, error) {
	b.shift = shift + 1
	return provider.ShiftTotals{Shift: shift, Next: b.shift, Lines: []provider.ShiftLine{{System: "bank", Payments: b.count, PaymentsSum: b.sums}}}, nil
}

func bankModule(b *bank) Module {
	return Module{
		About: provider.Description{ID: "bank", Version: "1.0.0", Systems: []string{"bank"},
			Kinds: []pay.Kind{pay.KindOffline, pay.KindCloseDay, pay.KindReport, pay.KindTest}},
		Settings: func() Configured { return &till{} },
		New: func(p Parts) (provider.Driver, error) {
			if p.Settings.(*till).Server == "https://broken.example" {
				return nil, &pay.Error{Code: pay.ErrConfig, Text: "no such bank"}
			}
			return b, nil
		},
	}
}

func open(t *testing.T, dir string, b *bank) *Service {
	t.Helper()
	s := New(bankModule(b))
	if _, err := s.Open(t.Context(), module.Opening{Home: dir, Data: dir, Language: "ru", DigestKey: []byte("key"),
		Shop: module.Shop{Name: `ООО "РОМАШКА"`}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// run has the service do an operation to its end.
func run(t *testing.T, s *Service, kind pay.Kind, ref pay.Ref, amount pay.Amount, params string) pay.Operation {
	t.Helper()
	p, err := pay.ParseParams(params)
	if err != nil {
		t.Fatal(err)
	}
	op, _, err := s.Begin(t.Context(), module.Request{Digest: []byte(ref), Request: pay.Request{Ref: ref, Module: "bank", Kind: kind, Amount: amount,
		Currency: pay.RUB, PosID: "4", Params: p}})
	if err != nil {
		t.Fatal(err)
	}
	var last pay.Operation
	if err := s.Watch(t.Context(), op.Ref, 0, true, func(e pay.Event) error {
		if e.Operation != nil {
			last = *e.Operation
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return last
}

func paper(t *testing.T, s *Service, ref pay.Ref) string {
	t.Helper()
	raw, err := s.Slip(t.Context(), module.SlipRequest{Ref: ref, Copy: 1, Format: "text"})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestABrokenSettingsFileBlocksTheModuleAndIsLeftAsItIs(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bank.ini")
	broken := []byte("[Bank]\nServer=https://bank.example\n[Slip]\nSlipWitdh=42\n")
	if err := os.WriteFile(path, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, &bank{shift: 1})
	health := s.health(t.Context())
	if health.State != "blocked" || health.Code != pay.ErrConfig || !strings.Contains(health.Text, "bank.ini:4") || !strings.Contains(health.Text, "SlipWidth") {
		t.Fatalf("%+v", health)
	}
	_, _, err := s.Begin(t.Context(), module.Request{Request: pay.Request{Ref: "a", Module: "bank", Kind: pay.KindOffline, Amount: 1, Currency: pay.RUB, PosID: "4"}})
	if pay.CodeOf(err) != pay.ErrConfig {
		t.Fatalf("a payment under broken settings: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(broken) {
		t.Fatalf("the file is now %q, %v", now, err)
	}
}

func TestAChangedSettingWorksFromTheNextOperationOnAndStandsInTheFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, &bank{shift: 1})
	set := func(key, value string) error {
		_, err := s.Settings(t.Context(), module.SettingsRequest{Action: "set", Key: key, Value: value, By: "test"})
		return err
	}
	if err := set("SlipWidth", "42"); err != nil {
		t.Fatal(err)
	}
	run(t, s, pay.KindOffline, "a", 12345, "{}")
	first, _, _ := strings.Cut(strings.TrimLeft(paper(t, s, "a"), "\n"), "\n")
	if !strings.HasPrefix(first, strings.Repeat(" ", 13)) { // centred in 42 columns
		t.Errorf("the slip is not 42 columns wide: %q", first)
	}
	if err := set("SlipWidth", "99"); pay.CodeOf(err) != pay.ErrConfig {
		t.Errorf("a width of 99: %v", err)
	}
	if err := set("SlipWitdh", "42"); err == nil || !strings.Contains(err.Error(), "SlipWidth") {
		t.Errorf("a misspelt key: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "bank.ini"))
	if err != nil || !strings.Contains(string(raw), "SlipWidth=42") {
		t.Errorf("%v %s", err, raw)
	}
}

func TestASecretIsSetButNeverReadBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, &bank{shift: 1})
	const value = "s3cr3t-value-0001"
	if _, err := s.Settings(t.Context(), module.SettingsRequest{Action: "set", Key: "Token", Value: value}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Settings(t.Context(), module.SettingsRequest{Action: "get", Key: "Token"})
	if err != nil || got != "***" {
		t.Fatalf("%q %v", got, err)
	}
	for _, action := range []string{"list", "export", "describe"} {
		if got, err := s.Settings(t.Context(), module.SettingsRequest{Action: action}); err != nil || strings.Contains(got, value) {
			t.Errorf("%s: %v", action, err)
		}
	}
	s.Close()
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, _ error) error {
		if d.IsDir() || strings.Contains(path, "secrets") {
			return nil
		}
		if raw, _ := os.ReadFile(path); strings.Contains(string(raw), value) {
			t.Errorf("the secret stands in %s", filepath.Base(path))
		}
		return nil
	})
}

func TestACloseIsPrintedAsItsLastAskerWantsAndSaysTheSame(t *testing.T) {
	b := &bank{shift: 31}
	s := open(t, t.TempDir(), b)
	run(t, s, pay.KindOffline, "a", 1000, `{"receipt":"157"}`)
	run(t, s, pay.KindOffline, "b", 250, "{}")
	closed := run(t, s, pay.KindCloseDay, "close-bank-31", 0, "{}")
	var r struct {
		Shift    int64 `json:"shift"`
		Counted  int64 `json:"counted"`
		Provider struct {
			Matched bool `json:"matched"`
		} `json:"provider"`
	}
	if err := json.Unmarshal(closed.Result, &r); err != nil || r.Shift != 31 || r.Counted != 2 || !r.Provider.Matched {
		t.Fatalf("%s %v", closed.Result, err)
	}
	if short := paper(t, s, closed.Ref); !strings.Contains(short, "краткий") || strings.Contains(short, "000002") && strings.Contains(short, "ОПЕРАЦИИ") {
		t.Errorf("short:\n%s", short)
	}
	again := run(t, s, pay.KindCloseDay, "close-bank-32", 0, `{"detailed":true}`)
	if again.Ref != closed.Ref {
		t.Fatalf("an empty shift was closed as %s", again.Ref)
	}
	if detailed := paper(t, s, closed.Ref); !strings.Contains(detailed, "детальный") || !strings.Contains(detailed, "чек 157") || !strings.Contains(detailed, "12,50") {
		t.Errorf("detailed:\n%s", detailed)
	}
}

func TestTheStoryOfAnOperationCanBeToldAndFound(t *testing.T) {
	s := open(t, t.TempDir(), &bank{shift: 1})
	op := run(t, s, pay.KindOffline, "a", 1000, `{"receipt":"157","code":"SENDY-1"}`)
	for query, want := range map[string]string{
		`{"what":"story","number":1}`:           `"approved"`,
		`{"what":"operations","receipt":"157"}`: `"ref":"a"`,
		`{"what":"operation","ref":"a"}`:        `"outcome":"approved"`,
		`{"what":"totals","shift":1}`:           `1000`,
	} {
		raw, err := s.Find(t.Context(), json.RawMessage(query))
		if err != nil || !strings.Contains(string(raw), want) || strings.Contains(string(raw), "SENDY-1") {
			t.Errorf("%s: %s %v", query, raw, err)
		}
	}
	if _, err := s.Find(t.Context(), json.RawMessage(`{"what":"story","number":99}`)); pay.CodeOf(err) != pay.ErrNotFound {
		t.Errorf("an unknown number: %v", err)
	}
	if op.Pending != "unread" {
		t.Errorf("an outcome that nobody read is pending because: %q", op.Pending)
	}
	if _, err := s.Acknowledge(t.Context(), "a", pay.AckConfirm, "", "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Acknowledge(t.Context(), "a", pay.AckReverse, "", "test"); pay.CodeOf(err) != pay.ErrState {
		t.Errorf("reversed after it was confirmed: %v", err)
	}
}

func TestTheJournalsPastHasKeyAndMoney(t *testing.T) {
	s := open(t, t.TempDir(), &bank{shift: 1})
	op := run(t, s, pay.KindOffline, "sale-1", 12345, `{"code":"1"}`)
	run(t, s, pay.KindTest, "test-1", 0, `{}`)
	past, err := s.past(t.Context(), op.Begun, op.Begun.Add(time.Hour))
	if err != nil || len(past) != 1 {
		t.Fatalf("%+v, %v", past, err)
	}
	if p := past[0]; p.Ref != "sale-1" || p.Key == (pay.Key{}) || p.Amount != 12345 || !p.Charged || p.Outcome != pay.Approved || p.Booked.Before(p.Begun) || p.System != "bank" {
		t.Errorf("%+v", p)
	}
	if before, err := s.past(t.Context(), op.Begun.Add(-time.Hour), op.Begun); err != nil || len(before) != 0 {
		t.Errorf("the end of the span is not left out: %+v, %v", before, err)
	}
}
