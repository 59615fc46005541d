package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/sandbox"
)

// bank is the provider's stand-in: it knows the truth about money, and does one thing wrong when told to.
type bank struct {
	mu    sync.Mutex
	known map[string]record // by path and key
	money map[string]int64  // what each key moved
	shown map[string]bool   // codes of customers' phones
	keeps *sandbox.Ledger   // the same as money, for the kit; nil: not needed
	fault string            // drop, html, other sum, other key, new status; of the next answer
}

func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	path, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var in request
	if r.Method == http.MethodPost {
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Key == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		key = in.Key
		if _, again := b.known[path+key]; !again {
			b.known[path+key] = b.work(path, in)
		}
	}
	rec, found := b.known[path+key]
	if !found {
		rec = record{Key: key, Status: "not_found"}
		w.WriteHeader(http.StatusNotFound)
	}
	b.answer(w, rec)
}

// work is done once for a key.
func (b *bank) work(path string, in request) record {
	rec := record{Key: in.Key, Amount: in.Amount, Currency: in.Currency, Status: "done"}
	switch {
	case path == "refunds" && b.money[in.Payment] < in.Amount:
		rec.Status, rec.Reason = "refused", "more than was paid"
	case path == "refunds":
		b.money[in.Payment] -= in.Amount
	case strings.HasSuffix(in.Code, "poor"):
		rec.Status, rec.Reason = "refused", "not enough money"
	case strings.HasSuffix(in.Code, "slow"):
		rec.Status = "busy"
	case in.Code != "good" && !b.shown[in.Code]:
		rec.Status, rec.Reason = "refused", "nobody's code"
	default:
		b.money[in.Key] += in.Amount
	}
	if b.keeps != nil && rec.Status == "done" {
		b.enter(in)
	}
	return rec
}

func (b *bank) answer(w http.ResponseWriter, rec record) {
	fault := b.fault
	b.fault = ""
	switch fault {
	case "drop":
		panic(http.ErrAbortHandler)
	case "html":
		w.Write([]byte("<html>Back soon</html>"))
		return
	case "other sum":
		rec.Amount++
	case "other key":
		rec.Key = strings.Repeat("0", 32)
	case "new status":
		rec.Status = "partly"
	}
	json.NewEncoder(w).Encode(rec)
}

func start(t *testing.T) (*driver, *bank) {
	t.Helper()
	b := &bank{known: map[string]record{}, money: map[string]int64{}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	s := new(settings)
	if err := ini.Defaults(s); err != nil {
		t.Fatal(err)
	}
	s.Server = server.URL
	d, err := module().New(sdk.Parts{Settings: s, HTTP: exchange.New})
	if err != nil {
		t.Fatal(err)
	}
	return d.(*driver), b
}

func payment(t *testing.T, code string) provider.Operation {
	t.Helper()
	key, err := pay.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return provider.Operation{Kind: pay.KindOffline, Key: key, Amount: 500, Currency: pay.RUB, Params: pay.Params{Code: code}}
}

func want(t *testing.T, verdict provider.Verdict) func(provider.Reply, error) {
	return func(r provider.Reply, err error) {
		t.Helper()
		if r.Verdict != verdict || (verdict == provider.Unknown) != (err != nil) {
			t.Errorf("verdict %d, %v, want %d", r.Verdict, err, verdict)
		}
	}
}

func TestAPaymentAndItsRefundMoveMoneyOnce(t *testing.T) {
	d, b := start(t)
	op := payment(t, "good")
	want(t, provider.NotFound)(d.Inquire(t.Context(), op))
	for range 2 {
		want(t, provider.Approved)(d.Commit(t.Context(), op))
	}
	want(t, provider.Approved)(d.Inquire(t.Context(), op))
	back := payment(t, "")
	back.Kind, back.Amount = pay.KindRefund, 200
	for range 2 {
		want(t, provider.Approved)(d.Refund(t.Context(), back, op))
	}
	want(t, provider.Approved)(d.Inquire(t.Context(), back))
	if left := b.money[op.Key.String()]; left != 300 {
		t.Errorf("the shop has %d", left)
	}
	back.Key[0]++
	back.Amount = 301
	want(t, provider.Declined)(d.Refund(t.Context(), back, op))
}

func TestADeclineAndASlowCustomerAreToldAsTheyAre(t *testing.T) {
	d, _ := start(t)
	want(t, provider.Declined)(d.Commit(t.Context(), payment(t, "poor")))
	want(t, provider.Waiting)(d.Commit(t.Context(), payment(t, "slow")))
}

func TestNoFaultIsTakenForAnOutcomeAndTheNextInquiryTellsTheTruth(t *testing.T) {
	d, b := start(t)
	for _, fault := range []string{"drop", "html", "other sum", "other key", "new status"} {
		op := payment(t, "good")
		b.fault = fault
		want(t, provider.Unknown)(d.Commit(t.Context(), op))
		want(t, provider.Approved)(d.Inquire(t.Context(), op))
		if b.money[op.Key.String()] != 500 {
			t.Errorf("%s: %d moved", fault, b.money[op.Key.String()])
		}
	}
}

func TestWithoutItsCodeAPaymentIsNotSent(t *testing.T) {
	d, b := start(t)
	op := payment(t, "")
	if err := d.Check(op); pay.CodeOf(err) != pay.ErrArgument {
		t.Errorf("%v", err)
	}
	want(t, provider.Unknown)(d.Commit(t.Context(), op))
	if len(b.known) != 0 {
		t.Error("something was sent")
	}
}

func TestTheDeclarationIsWhole(t *testing.T) {
	if _, err := ini.Describe(module().Settings()); err != nil {
		t.Error(err)
	}
}
