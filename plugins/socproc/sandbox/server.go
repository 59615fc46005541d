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
	"sync"
	"time"

	"github.com/payrack/payrack/plugins/socproc/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// Options of a [Server]. All may be left zero.
type Options struct {
	Data     string           // folder that keeps the state over restarts; empty: memory only
	Lang     string           // of the page: "ru" (default) or "en"
	Settings *Settings        // nil: those of the data folder, else DefaultSettings
	Now      func() time.Time // nil: time.Now
}

// Server is the sandbox of Social processing. See [sdk.Server] for Start, URL, Close and the rest.
type Server struct {
	*sdk.Server
	fund *fund
}

// New makes a sandbox. Close it, started or not.
func New(o Options) (*Server, error) {
	f, err := openFund(o)
	if err != nil {
		return nil, fmt.Errorf("socproc sandbox: %w", err)
	}
	s := sdk.New(f, sdk.Options{Clock: f.clock, Lang: o.Lang, Fields: sdk.Fields{Amount: "approved_sum", Key: "operation_id", Status: "status"}})
	return &Server{Server: s, fund: f}, nil
}

// Control is a client of this sandbox.
func (s *Server) Control() *Control { return &Control{s.Server.Control()} }

// Control is a client of a running sandbox of Social processing.
type Control struct{ *sdk.Control }

// Operation is one that the sandbox accepted. Sums are in kopecks.
type Operation struct {
	ID          string    `json:"operation_id"`
	Reservation string    `json:"reservation_id"`
	Receipt     string    `json:"receipt"`
	Card        string    `json:"card"` // its name here
	Program     string    `json:"program"`
	Status      string    `json:"status"`
	Total       int64     `json:"total"`
	Approved    int64     `json:"approved_sum"`
	Confirmed   int64     `json:"confirmed_sum"`
	Returned    int64     `json:"returned_sum"`
	Created     time.Time `json:"created"`
}

// CardLeft is what a card has left, in kopecks: reservations count as spent.
type CardLeft struct {
	Name  string `json:"name"`
	Left  int64  `json:"left"`
	Month int64  `json:"month_left"`
}

// Operations are all of them, the oldest first.
func (c *Control) Operations(ctx context.Context) ([]Operation, error) {
	var list []Operation
	return list, c.Call(ctx, http.MethodGet, "operations", nil, &list)
}

// Cards are all of them with what they have left.
func (c *Control) Cards(ctx context.Context) ([]CardLeft, error) {
	var list []CardLeft
	return list, c.Call(ctx, http.MethodGet, "cards", nil, &list)
}

// fund is the service behind the server: state and rules.
type fund struct {
	options Options
	clock   *sdk.Clock
	ledger  *sdk.Ledger
	mux     *http.ServeMux

	mu sync.Mutex // over the state, for the whole of a request
	state
}

func openFund(o Options) (*fund, error) {
	f := &fund{options: o, clock: sdk.NewClock(o.Now), state: newState(DefaultSettings())}
	path := ""
	if o.Data != "" {
		if err := os.MkdirAll(o.Data, 0o700); err != nil {
			return nil, err
		}
		path = filepath.Join(o.Data, "socproc-sandbox.jsonl")
	}
	var err error
	if f.ledger, err = sdk.OpenLedger(path, f.replay); err != nil {
		return nil, err
	}
	if err := f.furnish(); err != nil {
		return nil, errors.Join(err, f.ledger.Close())
	}
	f.route()
	return f, nil
}

func (f *fund) furnish() error {
	s := f.options.Settings
	if s == nil {
		return nil
	}
	if err := s.Validate(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return f.commit(change{Settings: s})
}

// Name implements sdk.Provider.
func (f *fund) Name() string { return "Social processing" }

// Ledger implements sdk.Provider.
func (f *fund) Ledger() *sdk.Ledger { return f.ledger }

// Reset implements sdk.Resetter.
func (f *fund) Reset() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ledger.Reset(); err != nil {
		return err
	}
	f.state = newState(DefaultSettings())
	return f.furnish()
}

// ServeHTTP implements sdk.Provider.
func (f *fund) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

// answer is what the server says.
type answer struct {
	status int
	body   any
}

func (f *fund) route() {
	f.mux = http.NewServeMux()
	handle := func(pattern string, step func(r *http.Request, body []byte) answer) {
		f.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { f.serve(w, r, step) })
	}
	handle("POST /v1/reservations", f.reserve)
	handle("POST /v1/reservations/{id}/confirm", f.confirm)
	handle("POST /v1/reservations/{id}/cancel", f.cancel)
	handle("POST /v1/operations/{id}/return", f.giveBack)
	handle("GET /v1/operations/{id}", f.tell)
	f.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { say(w, failure(wire.CodeMissing, "Не найдено")) })
}

func (f *fund) serve(w http.ResponseWriter, r *http.Request, step func(*http.Request, []byte) answer) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		say(w, failure(wire.CodeField, "Запрос оборван"))
		return
	}
	f.mu.Lock()
	a := broken()
	if f.settle() == nil {
		a = step(r, body)
	}
	f.mu.Unlock()
	say(w, a)
}

func say(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(a.body) // a client that left has its own troubles
}

// httpStatus is what goes with a code.
func httpStatus(code wire.Code) int {
	switch code {
	case wire.CodeField:
		return http.StatusBadRequest
	case wire.CodeMerchant:
		return http.StatusForbidden
	case wire.CodeMissing:
		return http.StatusNotFound
	case wire.CodeProgram, wire.CodeCard, wire.CodeLimit:
		return http.StatusUnprocessableEntity
	}
	return http.StatusConflict
}

// failure is an answer with an error of the service.
func failure(code wire.Code, message string) answer {
	return answer{httpStatus(code), map[string]any{"error": map[string]any{"code": code, "message": message}}}
}

// mismatch refuses what does not fit the state in which an operation stands.
func mismatch(s wire.State) answer {
	return answer{http.StatusConflict, map[string]any{"error": map[string]any{"code": wire.CodeState, "message": "Операция в другом состоянии", "status": s.String()}}}
}

// broken is the answer of a service whose own files failed.
func broken() answer {
	return answer{http.StatusInternalServerError, map[string]any{"error": map[string]any{"code": wire.CodeOvertaxed, "message": "Сервис недоступен"}}}
}

// NotFound implements sdk.Refuser: as if the operation had never come.
func (f *fund) NotFound(w http.ResponseWriter, _ *http.Request) {
	say(w, failure(wire.CodeMissing, "Операция не найдена"))
}

// Routes implements sdk.Router.
func (f *fund) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/operations", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		_ = f.settle() // a ledger that cannot be written tells so to the next request
		list := []Operation{}
		for _, id := range f.ids {
			list = append(list, f.operations[id].public())
		}
		say(w, answer{http.StatusOK, list})
	})
	mux.HandleFunc("GET /control/cards", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		_ = f.settle()
		list := []CardLeft{}
		for _, c := range f.settings.Cards {
			left, month := f.left(c, f.clock.Now())
			list = append(list, CardLeft{c.Name, left, month})
		}
		say(w, answer{http.StatusOK, list})
	})
}
