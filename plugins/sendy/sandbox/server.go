package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

// Options of a [Server]. All may be left zero.
type Options struct {
	Data      string           // folder that keeps the state over restarts; empty: memory only
	Lang      string           // of the page: "ru" (default) or "en"
	Settings  *Settings        // nil: those of the data folder, else DefaultSettings
	Terminals []TerminalWish   // made when they are not there yet; nil: DefaultTerminal
	Now       func() time.Time // nil: time.Now
}

// TerminalWish asks for a terminal, or for a new activation code of one that exists.
type TerminalWish struct {
	ID         string `json:"id"`
	Code       string `json:"code,omitempty"`       // empty: the sandbox thinks of one
	Deactivate bool   `json:"deactivate,omitempty"` // its secret dies
}

// DefaultTerminal is the one that a new sandbox has.
var DefaultTerminal = TerminalWish{ID: "10240007", Code: "12345678"}

// Server is the Sendy sandbox. See [sdk.Server] for Start, URL, Close and the rest.
type Server struct {
	*sdk.Server
	bank *bank
}

// New makes a sandbox. Close it, started or not.
func New(o Options) (*Server, error) {
	b, err := openBank(o)
	if err != nil {
		return nil, fmt.Errorf("sendy sandbox: %w", err)
	}
	s := sdk.New(b, sdk.Options{Clock: b.clock, Lang: o.Lang, Fields: sdk.Fields{
		Amount: "amount", Key: "key", Number: "transaction", Currency: "currency", Status: "status",
	}})
	return &Server{Server: s, bank: b}, nil
}

// Control is a client of this sandbox.
func (s *Server) Control() *Control { return &Control{s.Server.Control()} }

// Control is a client of a running Sendy sandbox.
type Control struct{ *sdk.Control }

// Terminal is what the sandbox knows about a terminal.
type Terminal struct {
	ID        string    `json:"id"`
	Code      string    `json:"code"`
	Burnt     bool      `json:"burnt"`
	Attempts  int       `json:"attempts_left"`
	Serial    string    `json:"serial,omitempty"`
	Secret    string    `json:"secret,omitempty"`
	Activated time.Time `json:"activated,omitzero"`
	Next      int64     `json:"next_transaction"`
	Shift     int64     `json:"shift"`
}

// Terminals are all of them, by id.
func (c *Control) Terminals(ctx context.Context) ([]Terminal, error) {
	var list []Terminal
	return list, c.Call(ctx, http.MethodGet, "terminals", nil, &list)
}

// SetTerminal makes a terminal or gives it a new activation code.
func (c *Control) SetTerminal(ctx context.Context, w TerminalWish) (Terminal, error) {
	var t Terminal
	return t, c.Call(ctx, http.MethodPost, "terminals", w, &t)
}

// CloseShift closes a terminal's shift behind the till's back.
func (c *Control) CloseShift(ctx context.Context, terminal string) (wire.ShiftTotals, error) {
	var totals wire.ShiftTotals
	return totals, c.Call(ctx, http.MethodPost, "terminals/close-shift", TerminalWish{ID: terminal}, &totals)
}

// bank is the provider behind the server: state and rules.
type bank struct {
	options Options
	clock   *sdk.Clock
	ledger  *sdk.Ledger
	mux     *http.ServeMux

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
		path = filepath.Join(o.Data, "sendy-sandbox.jsonl")
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

// furnish adds what the options ask for and the state lacks.
func (b *bank) furnish() error {
	t := b.begin()
	if s := b.options.Settings; s != nil {
		if err := s.Validate(); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		t.change.Settings = s
	}
	wishes := b.options.Terminals
	if wishes == nil {
		wishes = []TerminalWish{DefaultTerminal}
	}
	for _, w := range wishes {
		if b.terminals[w.ID] == nil {
			t.change.Terminals = append(t.change.Terminals, newTerminal(w, t.now))
		}
	}
	for _, w := range defaultWallets() {
		if b.wallets[w.ID] == nil {
			t.change.Wallets = append(t.change.Wallets, &w)
		}
	}
	return t.commit()
}

// Name implements sdk.Provider.
func (b *bank) Name() string { return "Sendy" }

// Ledger implements sdk.Provider. What the clock has brought about is in it.
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

// ServeHTTP implements sdk.Provider: the POS API.
func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

func (b *bank) route() {
	b.mux = http.NewServeMux()
	b.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { sayError(w, r, refusal(wire.CodeNoSuchPath)) })
	b.mux.HandleFunc("POST /"+wire.PathActivate, answer(b, b.activate))
	b.mux.HandleFunc("GET /"+wire.PathCounters, answer(b, known(b, b.counters)))
	b.mux.HandleFunc("POST /"+wire.PathOffline, answer(b, known(b, b.payOffline)))
	b.mux.HandleFunc("POST /"+wire.PathOnline, answer(b, known(b, b.payOnline)))
	b.mux.HandleFunc("GET /pos/payment/{transaction}", answer(b, known(b, b.inquire)))
	b.mux.HandleFunc("POST /pos/payment/{transaction}/cancel", answer(b, known(b, b.cancel)))
	b.mux.HandleFunc("POST /"+wire.PathRefund, answer(b, known(b, b.refund)))
	b.mux.HandleFunc("POST /"+wire.PathShiftClose, answer(b, known(b, b.closeShift)))
	b.mux.HandleFunc("GET /"+wire.PathReport, answer(b, known(b, b.report)))
}

// call is one request to the API, under the bank's lock.
type call struct {
	*http.Request
	lang     string
	terminal *terminal // of a request that proved its secret
}

// empty is the body of a GET.
type empty struct{}

// Validate implements wire.Message.
func (*empty) Validate() error { return nil }

// body is a pointer to a request's type.
type body[T any] interface {
	*T
	wire.Message
}

// answer makes an HTTP handler of a step of the bank.
func answer[T any, In body[T]](b *bank, step func(c *call, in In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in := In(new(T))
		if err := read(r, in); err != nil {
			sayError(w, r, &wire.Error{Code: wire.CodeBadRequest, Message: err.Error()})
			return
		}
		out, err := under(b, func() (any, error) { return step(&call{Request: r, lang: language(r)}, in) })
		if err != nil {
			sayError(w, r, err)
			return
		}
		say(w, http.StatusOK, out)
	}
}

// under takes the lock, brings the state up to the clock, and does step.
func under[Out any](b *bank, step func() (Out, error)) (Out, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.settle(); err != nil {
		var none Out
		return none, err
	}
	return step()
}

// known lets a step see only terminals that prove their secret.
func known[In any](b *bank, step func(c *call, in In) (any, error)) func(c *call, in In) (any, error) {
	return func(c *call, in In) (any, error) {
		t := b.terminals[c.Header.Get(wire.HeaderTerminal)]
		secret, bearer := strings.CutPrefix(c.Header.Get("Authorization"), wire.BearerPrefix)
		if t == nil || !bearer || t.Secret == "" || t.Secret != secret {
			return nil, refusal(wire.CodeUnauthorized)
		}
		c.terminal = t
		return step(c, in)
	}
}

func read(r *http.Request, in wire.Message) error {
	if r.Method == http.MethodGet {
		return nil
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("the body is cut off: %w", err)
	}
	return wire.Decode(data, in)
}

func say(w http.ResponseWriter, status int, out any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(out)
}

func refusal(code wire.Code) error { return &wire.Error{Code: code} }

func sayError(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		e = &wire.Error{Code: wire.CodeInternal, Message: err.Error()}
	}
	if e.Message == "" {
		e.Message = codeText(language(r), e.Code)
	}
	say(w, e.Code.HTTPStatus(), wire.ErrorAnswer{Error: e})
}

// NotFound implements sdk.Refuser.
func (b *bank) NotFound(w http.ResponseWriter, r *http.Request) {
	sayError(w, r, refusal(wire.CodeNotFound))
}
