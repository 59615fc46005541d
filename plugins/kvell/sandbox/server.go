package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/uuid/v5"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// Options of a [Server]. All may be left zero.
type Options struct {
	Data     string           // folder that keeps the state over restarts; empty: memory only
	Lang     string           // of the page: "ru" (default) or "en"
	Settings *Settings        // nil: those of the data folder, else DefaultSettings
	Now      func() time.Time // nil: time.Now
}

// Server is the sandbox of KVELL. See [sdk.Server] for Start, URL, Close and the rest.
type Server struct {
	*sdk.Server
	bank *bank
}

// New makes a sandbox. Close it, started or not.
func New(o Options) (*Server, error) {
	b, err := openBank(o)
	if err != nil {
		return nil, fmt.Errorf("kvell sandbox: %w", err)
	}
	s := sdk.New(b, sdk.Options{Clock: b.clock, Lang: o.Lang, Fields: sdk.Fields{Amount: "amount", Key: "transaction", Status: "status"}})
	b.url = s.URL
	return &Server{Server: s, bank: b}, nil
}

// Control is a client of this sandbox.
func (s *Server) Control() *Control { return &Control{s.Server.Control()} }

// Control is a client of a running sandbox of KVELL.
type Control struct{ *sdk.Control }

// Order is one that the sandbox took. Cards are masked.
type Order struct {
	ID          string    `json:"id"`
	Transaction string    `json:"transaction"`
	Amount      int64     `json:"amount"`
	To          string    `json:"to"`
	Status      string    `json:"status"`
	Created     time.Time `json:"created"`
}

// Orders are all of them, the oldest first.
func (c *Control) Orders(ctx context.Context) ([]Order, error) {
	var list []Order
	return list, c.Call(ctx, http.MethodGet, "orders", nil, &list)
}

// Code is the one-time code that the customer's phone shows for an order; id is its transaction, or empty if one order waits only.
func (c *Control) Code(ctx context.Context, id string) (sdk.Code, error) {
	var code sdk.Code
	return code, c.Call(ctx, http.MethodGet, "code?id="+url.QueryEscape(id), nil, &code)
}

// bank is the service behind the server: state and rules.
type bank struct {
	options Options
	clock   *sdk.Clock
	ledger  *sdk.Ledger
	mux     *http.ServeMux
	url     func() string

	mu sync.Mutex // over the state, for the whole of a request
	state
}

func openBank(o Options) (*bank, error) {
	b := &bank{options: o, clock: sdk.NewClock(o.Now), state: newState(DefaultSettings())}
	path := ""
	if o.Data != "" {
		if err := os.MkdirAll(o.Data, 0o700); err != nil {
			return nil, err
		}
		path = filepath.Join(o.Data, "kvell-sandbox.jsonl")
	}
	var err error
	if b.ledger, err = sdk.OpenLedger(path, b.replay); err != nil {
		return nil, err
	}
	if err := b.furnish(); err != nil {
		return nil, errors.Join(err, b.ledger.Close())
	}
	b.route()
	return b, nil
}

func (b *bank) furnish() error {
	s := b.options.Settings
	if s == nil {
		return nil
	}
	if err := s.Validate(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return b.commit(change{Settings: s})
}

// Name implements sdk.Provider.
func (b *bank) Name() string { return "KVELL" }

// Ledger implements sdk.Provider.
func (b *bank) Ledger() *sdk.Ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.settle() // a ledger that cannot be written tells so to the next request
	return b.ledger
}

// Reset implements sdk.Resetter.
func (b *bank) Reset() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.ledger.Reset(); err != nil {
		return err
	}
	b.state = newState(DefaultSettings())
	return b.furnish()
}

// ServeHTTP implements sdk.Provider.
func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if id, err := uuid.NewV4(); err == nil {
		w.Header().Set("X-Request-Id", id.String())
	}
	b.mux.ServeHTTP(w, r)
}

// call is one request, under the bank's lock.
type call struct {
	*http.Request
	body []byte
}

// answer is what the server says.
type answer struct {
	status int
	body   any
}

func (b *bank) route() {
	b.mux = http.NewServeMux()
	handle := func(pattern string, step func(*call) answer) {
		b.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, step) })
	}
	handle("POST /v1/orders/account2card", b.payout)
	handle("POST /v1/orders/account2card/confirm", b.confirm)
	handle("POST /v1/orders/payout/sbp/check", b.sbpCheck)
	handle("GET /v1/orders/payout/sbp/check/status/{id}", b.sbpChecked)
	handle("POST /v1/orders/payout/sbp", b.sbpPayout)
	handle("POST /v1/orders/payout/sbp/confirm", b.confirm)
	handle("GET /v1/orders/{transaction}", b.order)
	handle("GET /v1/orders/{transaction}/operation-certificate/pdf", b.certificate)
	handle("GET /v1/balance/{account}", b.tellBalance)
	handle("GET /v1/balance/{account}/bank", b.tellBalance)
	handle("GET /v1/collections/banks", b.banks)
	b.mux.HandleFunc("GET /files/{name}", b.file)
	b.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		say(w, failure(http.StatusNotFound, 20000, "Неизвестная ошибка"))
	})
}

func (b *bank) serve(w http.ResponseWriter, r *http.Request, step func(*call) answer) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		say(w, failure(http.StatusBadRequest, 20099, "the body is cut off"))
		return
	}
	b.mu.Lock()
	err = b.settle()
	a := failure(http.StatusInternalServerError, 20000, "Неизвестная ошибка")
	if err == nil {
		a = step(&call{Request: r, body: body})
	}
	b.mu.Unlock()
	say(w, a)
}

func say(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(a.body)
}

// failure is an answer with an error of the service.
func failure(status, code int, message string) answer {
	return answer{status, map[string]any{"errors": []map[string]any{{"code": code, "message": message}}}}
}

// NotFound implements sdk.Refuser: as if the order had never come.
func (b *bank) NotFound(w http.ResponseWriter, _ *http.Request) {
	say(w, failure(http.StatusNotFound, 20009, "Заказ не найден"))
}

// Routes implements sdk.Router.
func (b *bank) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/orders", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		list := []Order{}
		for _, name := range b.names {
			o := b.orders[name]
			list = append(list, Order{ID: o.ID, Transaction: o.Transaction, Amount: o.Amount, To: o.To, Status: o.Status, Created: o.Created})
		}
		say(w, answer{http.StatusOK, list})
	})
	mux.HandleFunc("GET /control/code", func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		o, err := b.find(r.FormValue("id"))
		if err != nil || o.Code == "" {
			say(w, answer{http.StatusNotFound, map[string]any{"error": map[string]any{"code": "no_bill", "message": "no order waits for a code"}}})
			return
		}
		say(w, answer{http.StatusOK, sdk.Code{Text: o.Code, Wallet: o.To, Expires: o.Expires}})
	})
}
