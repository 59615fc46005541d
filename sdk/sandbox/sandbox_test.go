package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// kiosk is the smallest provider: POST /charge/{n} with a key and an amount charges, or opens a bill with "later".
type kiosk struct {
	clock  *Clock
	ledger *Ledger

	mu    sync.Mutex
	bills []Bill
	codes int
}

type kioskCharge struct {
	Number   int64  `json:"number"`
	Key      string `json:"key"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Status   string `json:"status"`
	Later    bool   `json:"later,omitempty"`
}

func (k *kiosk) Name() string    { return "kiosk" }
func (k *kiosk) Ledger() *Ledger { return k.ledger }

func (k *kiosk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var c kioskCharge
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.Currency, c.Status, c.Number = "RUB", "PAID", 7
	if c.Later {
		c.Status = "WAITING"
		k.bills = append(k.bills, Bill{ID: c.Key, Key: c.Key, Number: "7", Amount: c.Amount, Currency: "RUB", State: BillOpen, Created: k.clock.Now()})
	} else if err := k.ledger.Commit(nil, Entry{Time: k.clock.Now(), Kind: EntryPayment, Key: c.Key, Amount: c.Amount, Currency: "RUB", Transaction: "7"}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(c)
}

func (k *kiosk) Bills(all bool) []Bill {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(k.bills), func(b Bill) bool { return !all && b.State != BillOpen })
}

func (k *kiosk) end(id string, state BillState) (Bill, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.bills {
		b := &k.bills[i]
		if id != "" && b.ID != id {
			continue
		}
		if b.State != BillOpen {
			return *b, fmt.Errorf("%w: %s", ErrBillOver, b.ID)
		}
		b.State = state
		b.Held = state == BillOpen
		return *b, nil
	}
	return Bill{}, fmt.Errorf("%w: %s", ErrNoBill, id)
}

func (k *kiosk) Pay(id string) (Bill, error)     { return k.end(id, BillPaid) }
func (k *kiosk) Decline(id string) (Bill, error) { return k.end(id, BillDeclined) }
func (k *kiosk) Expire(id string) (Bill, error)  { return k.end(id, BillDeclined) }
func (k *kiosk) Hold(id string) (Bill, error)    { return k.end(id, BillOpen) }
func (k *kiosk) Wallets() []Wallet {
	return []Wallet{{ID: "79001234568", Name: "<Анна>", System: "KIOSK", Balance: 123456789}}
}
func (k *kiosk) SetWallet(w Wallet) (Wallet, error) { return w, ErrUnsupported }
func (k *kiosk) ShowCode(wallet, _ string) (Code, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.codes++
	return Code{Text: "code", Wallet: wallet}, nil
}

// start runs a kiosk on a port of its own.
func start(t *testing.T) (*Server, *kiosk) {
	t.Helper()
	ledger, err := OpenLedger("", nil)
	if err != nil {
		t.Fatal(err)
	}
	clock := &Clock{}
	k := &kiosk{clock: clock, ledger: ledger}
	s := New(k, Options{Clock: clock, Fields: Fields{Amount: "amount", Key: "key", Number: "number", Currency: "currency", Status: "status"}})
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s, k
}

const testKey = "0123456789abcdef0123456789abcdef"

// charge sends one charge on a connection of its own and returns the status and the answer.
func charge(t *testing.T, s *Server, body string) (int, []byte, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Post(s.URL()+"/charge/7", "application/json", strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, data, err
}

const hundred = `{"key":"` + testKey + `","amount":100}`

func TestEveryFaultSpoilsTheAnswerAndChargesOnlyWhenItSaysSo(t *testing.T) {
	tests := []struct {
		fault   Fault
		charged bool
		check   func(status int, body []byte, err error) bool
	}{
		{Fault{Kind: FaultDrop}, false, broken},
		{Fault{Kind: FaultDrop, Work: true}, true, broken},
		{Fault{Kind: FaultHalf}, true, broken},
		{Fault{Kind: FaultStatus}, false, says(500, "not well")},
		{Fault{Kind: FaultStatus, Status: 502, Work: true}, true, says(502, "not well")},
		{Fault{Kind: FaultHTML}, false, says(200, "<h1>")},
		{Fault{Kind: FaultHTML, Status: 404, Work: true}, true, says(404, "<h1>")},
		{Fault{Kind: FaultGarbage, Work: true}, true, says(200, "\xff")},
		{Fault{Kind: FaultHuge, Size: 3 << 20}, false, func(s int, b []byte, err error) bool { return len(b) == 3<<20 && err == nil }},
		{Fault{Kind: FaultTwice}, true, says(200, "}\n{")},
		{Fault{Kind: FaultNotFound}, false, says(404, "")},
		{Fault{Kind: FaultDelay, Delay: Duration(time.Millisecond)}, true, says(200, `"PAID"`)},
		{Fault{Kind: FaultDelay, Delay: Duration(time.Millisecond), Work: true}, true, says(200, `"PAID"`)},
		{Fault{Kind: FaultSum}, true, says(200, `"amount":101`)},
		{Fault{Kind: FaultNumber}, true, says(200, `"number":8`)},
		{Fault{Kind: FaultKey}, true, says(200, `"key":"0123456789abcdef0123456789abcde0"`)},
		{Fault{Kind: FaultCurrency}, true, says(200, `"currency":"XTS"`)},
		{Fault{Kind: FaultCase}, true, says(200, `"status":"paid"`)},
		{Fault{Kind: FaultNewStatus}, true, says(200, `"status":"PARTLY_SETTLED"`)},
		{Fault{Kind: FaultExtra}, true, says(200, `"x_new_field"`)},
		{Fault{Kind: FaultEdit, Set: map[string]json.RawMessage{"status": json.RawMessage(`17`), "currency": json.RawMessage(`null`)}}, true,
			func(_ int, b []byte, _ error) bool {
				return strings.Contains(string(b), `"status":17`) && !strings.Contains(string(b), "currency")
			}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s work %v", tt.fault.Kind, tt.fault.Work), func(t *testing.T) {
			s, _ := start(t)
			if _, err := s.Control().Arm(t.Context(), tt.fault); err != nil {
				t.Fatal(err)
			}
			if status, body, err := charge(t, s, hundred); !tt.check(status, body, err) {
				t.Errorf("answered %d %.100q, %v", status, body, err)
			}
			if got := s.Ledger().Net(testKey) == 100; got != tt.charged {
				t.Errorf("charged: %v, want %v", got, tt.charged)
			}
			if status, body, err := charge(t, s, hundred); !says(200, `"PAID"`)(status, body, err) {
				t.Errorf("the next request was spoiled too: %d %q, %v", status, body, err)
			}
		})
	}
}

func broken(_ int, _ []byte, err error) bool { return err != nil }

func says(status int, part string) func(int, []byte, error) bool {
	return func(s int, body []byte, err error) bool {
		return err == nil && s == status && strings.Contains(string(body), part)
	}
}

func TestLateWorkChargesAfterTheClientLostItsConnection(t *testing.T) {
	s, _ := start(t)
	c := s.Control()
	if _, err := c.Arm(t.Context(), Fault{Kind: FaultLate, Delay: Duration(20 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := charge(t, s, hundred); err == nil {
		t.Error("the connection was not dropped")
	}
	done, err := c.AwaitRequests(t.Context(), 1, func(r Request) bool { return r.Done })
	if err != nil {
		t.Fatal(err)
	}
	if !done[0].Worked || done[0].Status != 0 || s.Ledger().Net(testKey) != 100 {
		t.Errorf("%+v, charged %d", done[0], s.Ledger().Net(testKey))
	}
}

func TestAFaultMatchesByMethodAndPathAndIsCounted(t *testing.T) {
	s, _ := start(t)
	c := s.Control()
	armed := []Fault{
		{Kind: FaultHTML, Method: "GET"},
		{Kind: FaultHTML, Path: "/charge"},
		{Kind: FaultStatus, Method: "POST", Path: "/charge/*", Skip: 1, Count: 2},
	}
	for _, f := range armed {
		if _, err := c.Arm(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	var got []int
	for range 5 {
		status, _, err := charge(t, s, hundred)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, status)
	}
	if want := []int{200, 500, 500, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("answered %v, want %v", got, want)
	}
	left, err := c.Faults(t.Context())
	if err != nil || len(left) != 2 {
		t.Fatalf("left: %v, %v", left, err)
	}
	if err := errors.Join(c.Disarm(t.Context(), left[0].ID), c.Disarm(t.Context(), "")); err != nil {
		t.Error(err)
	}
	if left, _ := c.Faults(t.Context()); len(left) != 0 {
		t.Errorf("still armed: %v", left)
	}
	if err := c.Disarm(t.Context(), "f99"); err == nil {
		t.Error("a fault that is not there was disarmed")
	}
	if _, err := c.Arm(t.Context(), Fault{Kind: "explode"}); err == nil {
		t.Error("an unknown kind of fault was armed")
	}
	if _, err := c.Arm(t.Context(), Fault{Kind: FaultDrop, Path: "/["}); err == nil {
		t.Error("a broken pattern was armed")
	}
}

func TestTheLogOfRequestsKeepsWhatWasAskedAndAnswered(t *testing.T) {
	s, _ := start(t)
	c := s.Control()
	if _, err := c.Arm(t.Context(), Fault{Kind: FaultDrop, Work: true}); err != nil {
		t.Fatal(err)
	}
	_, _, _ = charge(t, s, hundred)
	_, _, _ = charge(t, s, hundred)
	all, err := c.Requests(t.Context(), 0)
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	if r := all[0]; r.Body != hundred || r.Fault != "f1 drop" || r.Status != 0 || !r.Worked || !r.Done || r.Path != "/charge/7" {
		t.Errorf("the first is %+v", r)
	}
	if r := all[1]; r.Status != 200 || r.Fault != "" {
		t.Errorf("the second is %+v", r)
	}
	if later, err := c.Requests(t.Context(), all[0].N); err != nil || len(later) != 1 {
		t.Errorf("after the first: %v, %v", later, err)
	}
	if counts, err := c.Counts(t.Context()); err != nil || counts["POST /charge/{n}"] != 2 {
		t.Errorf("counts %v, %v", counts, err)
	}
	if view, err := c.Ledger(t.Context(), testKey); err != nil || *view.Net != 200 || len(view.Trouble) != 1 {
		t.Errorf("a double charge is not told: %+v, %v", view, err)
	}
}

func TestResetForgetsEverything(t *testing.T) {
	s, _ := start(t)
	c := s.Control()
	_, _, _ = charge(t, s, hundred)
	_, err1 := c.Arm(t.Context(), Fault{Kind: FaultDrop})
	_, err2 := c.Advance(t.Context(), time.Hour)
	if err := errors.Join(err1, err2, c.Reset(t.Context())); err != nil {
		t.Fatal(err)
	}
	requests, _ := c.Requests(t.Context(), 0)
	faults, _ := c.Faults(t.Context())
	clock, _ := c.Clock(t.Context())
	if len(requests) != 0 || len(faults) != 0 || clock.Offset != 0 || s.Ledger().Len() != 0 {
		t.Errorf("left: %v %v %v %d", requests, faults, clock, s.Ledger().Len())
	}
}

func TestTheClockIsMoved(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	c := NewClock(func() time.Time { return now })
	c.Advance(time.Minute)
	c.Advance(time.Minute)
	if got := c.Now(); !got.Equal(now.Add(2 * time.Minute)) {
		t.Errorf("advanced to %v", got)
	}
	c.Set(now.Add(-time.Hour))
	if got := c.Now(); !got.Equal(now.Add(-time.Hour)) {
		t.Errorf("set to %v", got)
	}
}

func TestTheControlInterfaceMovesTheClock(t *testing.T) {
	s, _ := start(t)
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	if v, err := s.Control().SetClock(t.Context(), at); err != nil || v.Now.Sub(at).Abs() > time.Minute {
		t.Errorf("%v, %v", v, err)
	}
}

func TestOnlyLoopbackIsListenedOn(t *testing.T) {
	ledger, _ := OpenLedger("", nil)
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:80", "127.0.0.1"} {
		s := New(&kiosk{clock: &Clock{}, ledger: ledger}, Options{})
		if err := s.Start(addr); err == nil {
			t.Errorf("listens on %s", addr)
			_ = s.Close()
		}
	}
}

func TestAPortInUseIsNamed(t *testing.T) {
	s, _ := start(t)
	addr := strings.TrimPrefix(s.URL(), "http://")
	second := New(&kiosk{clock: &Clock{}, ledger: s.Ledger()}, Options{})
	if err := second.Start(addr); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v", err)
	}
}

func TestCloseCutsOffADelay(t *testing.T) {
	s, _ := start(t)
	if _, err := s.Control().Arm(t.Context(), Fault{Kind: FaultDelay, Delay: Duration(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, _, err := charge(t, s, hundred)
		ended <- err
	}()
	if _, err := s.Control().AwaitRequests(t.Context(), 1, func(Request) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the request was answered")
	}
}
