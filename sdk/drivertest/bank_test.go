package drivertest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/sandbox"
)

// bank is a made-up provider: it takes scanned codes and shows QR codes, refuses duplicates, and knows an opened bill by its own id alone.
type bank struct {
	mux    http.ServeMux
	ledger *sandbox.Ledger

	mu    sync.Mutex
	bills map[string]*bill // by key
	codes int
	money int64
}

type bill struct {
	Key      string `json:"key"`
	ID       string `json:"id"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Status   string `json:"status"` // open, paid, refused, cancelled
	QR       string `json:"qr,omitempty"`
	code, of string
	begun    time.Time
}

func newBank() (Sandbox, error) {
	ledger, err := sandbox.OpenLedger("", nil)
	b := &bank{ledger: ledger, bills: map[string]*bill{}, money: 1000}
	b.mux.HandleFunc("POST /pay", b.ask(func(in *bill) string {
		switch {
		case strings.HasSuffix(in.code, "declined"), in.Amount > b.money:
			return "refused"
		case strings.HasSuffix(in.code, "confirm"):
			return "open"
		}
		return "paid"
	}))
	b.mux.HandleFunc("POST /open", b.ask(func(in *bill) string {
		in.QR = "bank:" + in.ID
		return "open"
	}))
	b.mux.HandleFunc("POST /refund", b.ask(func(in *bill) string {
		paid := b.bills[in.of]
		if paid == nil || paid.Status != "paid" || b.ledger.Net(in.of) < in.Amount {
			return "refused"
		}
		return "paid"
	}))
	b.mux.HandleFunc("GET /key/{key}", func(w http.ResponseWriter, r *http.Request) { b.tell(w, r.PathValue("key"), b.byKey) })
	b.mux.HandleFunc("GET /bill/{id}", func(w http.ResponseWriter, r *http.Request) { b.tell(w, r.PathValue("id"), b.byID) })
	b.mux.HandleFunc("POST /cancel", func(w http.ResponseWriter, r *http.Request) {
		var in bill
		_ = json.NewDecoder(r.Body).Decode(&in)
		b.mu.Lock()
		if old := b.bills[in.Key]; old != nil && old.Status == "open" {
			old.Status = "cancelled"
		}
		b.mu.Unlock()
		b.tell(w, in.Key, b.byKey)
	})
	return sandbox.New(b, sandbox.Options{Fields: sandbox.Fields{Amount: "amount", Key: "key", Currency: "currency", Status: "status"}}), err
}

// ask answers a request that may move money: once for a key.
func (b *bank) ask(work func(*bill) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			bill
			Code string `json:"code"`
			Of   string `json:"of"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.Key == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		b.mu.Lock()
		if b.bills[in.Key] == nil {
			fresh := in.bill
			fresh.ID, fresh.code, fresh.of, fresh.begun = fmt.Sprintf("bill-number-%020d", len(b.bills)+1), in.Code, in.Of, time.Now()
			b.bills[in.Key] = &fresh
			if fresh.Status = work(&fresh); fresh.Status == "paid" {
				b.move(&fresh)
			}
		}
		b.mu.Unlock()
		b.tell(w, in.Key, b.byKey)
	}
}

func (b *bank) move(x *bill) {
	e := sandbox.Entry{Time: time.Now(), Kind: sandbox.EntryPayment, Key: x.Key, Of: x.of, Transaction: x.ID, Amount: x.Amount, Currency: x.Currency}
	if x.of != "" {
		e.Kind = sandbox.EntryRefund
	}
	_ = b.ledger.Commit(nil, e) // of a ledger in memory
}

func (b *bank) byKey(x *bill, name string) bool { return x.Key == name }
func (b *bank) byID(x *bill, name string) bool  { return x.ID == name }

func (b *bank) tell(w http.ResponseWriter, name string, is func(*bill, string) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range b.bills {
		if is(x, name) {
			_ = json.NewEncoder(w).Encode(x)
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(bill{Key: name, Status: "not_found"})
}

func (b *bank) Name() string                                     { return "bank" }
func (b *bank) Ledger() *sandbox.Ledger                          { return b.ledger }
func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

// NotFound implements sandbox.Refuser.
func (b *bank) NotFound(w http.ResponseWriter, r *http.Request) {
	b.tell(w, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], func(*bill, string) bool { return false })
}

// Reset implements sandbox.Resetter.
func (b *bank) Reset() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bills, b.money = map[string]*bill{}, 1000
	return b.ledger.Reset()
}

func (b *bank) Bills(all bool) []sandbox.Bill {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []sandbox.Bill
	for _, x := range b.bills {
		if x.of == "" && (all || x.Status == "open") {
			list = append(list, shown(x))
		}
	}
	slices.SortFunc(list, func(a, b sandbox.Bill) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func shown(x *bill) sandbox.Bill {
	state := map[string]sandbox.BillState{"open": sandbox.BillOpen, "paid": sandbox.BillPaid, "refused": sandbox.BillDeclined, "cancelled": sandbox.BillClosed}
	return sandbox.Bill{ID: x.ID, Key: x.Key, QR: x.QR, Amount: x.Amount, Currency: x.Currency, State: state[x.Status], Scanned: x.code != "", Created: x.begun}
}

func (b *bank) decide(id, status string) (sandbox.Bill, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, x := range b.bills {
		if x.ID != strings.TrimPrefix(id, "bank:") {
			continue
		}
		if x.Status != "open" {
			return sandbox.Bill{}, sandbox.ErrBillOver
		}
		if x.Status = status; status == "paid" {
			b.move(x)
		}
		return shown(x), nil
	}
	return sandbox.Bill{}, sandbox.ErrNoBill
}

func (b *bank) Pay(id string) (sandbox.Bill, error)     { return b.decide(id, "paid") }
func (b *bank) Decline(id string) (sandbox.Bill, error) { return b.decide(id, "refused") }
func (b *bank) Expire(id string) (sandbox.Bill, error)  { return b.decide(id, "refused") }
func (b *bank) Hold(string) (sandbox.Bill, error)       { return sandbox.Bill{}, sandbox.ErrUnsupported }

func (b *bank) Wallets() []sandbox.Wallet {
	b.mu.Lock()
	defer b.mu.Unlock()
	return []sandbox.Wallet{{ID: "w", System: "bank", Balance: b.money}}
}

func (b *bank) SetWallet(w sandbox.Wallet) (sandbox.Wallet, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.money = w.Balance
	return w, nil
}

func (b *bank) ShowCode(_, behaviour string) (sandbox.Code, error) {
	if !slices.Contains([]string{"", "declined", "confirm"}, behaviour) {
		return sandbox.Code{}, sandbox.BadRequest(errors.New("no such behaviour"))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.codes++
	return sandbox.Code{Text: fmt.Sprintf("CODE-%06d-%s", b.codes, behaviour), Wallet: "w"}, nil
}
