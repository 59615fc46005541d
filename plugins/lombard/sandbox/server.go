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
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/plugins/lombard/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// Options of a [Server]. All may be left zero.
type Options struct {
	Data     string           // folder that keeps the state over restarts; empty: memory only
	Lang     string           // of the page: "ru" (default) or "en"
	Settings *Settings        // nil: those of the data folder, else DefaultSettings
	Now      func() time.Time // nil: time.Now
}

// Server is the sandbox of Lombard Payments. See [sdk.Server] for Start, URL, Close and the rest.
type Server struct {
	*sdk.Server
	bank *bank
}

// New makes a sandbox. Close it, started or not.
func New(o Options) (*Server, error) {
	b, err := openBank(o)
	if err != nil {
		return nil, fmt.Errorf("lombard sandbox: %w", err)
	}
	s := sdk.New(b, sdk.Options{Clock: b.clock, Lang: o.Lang, Fields: sdk.Fields{Amount: "amount", Key: "external_id", Number: "transaction_id", Status: "status"}})
	return &Server{Server: s, bank: b}, nil
}

// Control is a client of this sandbox.
func (s *Server) Control() *Control { return &Control{s.Server.Control()} }

// Control is a client of a running sandbox of Lombard Payments.
type Control struct{ *sdk.Control }

// Payout is a draft or payout that the sandbox has. Cards are masked.
type Payout struct {
	ID         string      `json:"id"`
	ExternalID string      `json:"external_id"`
	Amount     int64       `json:"amount"` // kopecks
	Card       string      `json:"card"`
	Gateway    string      `json:"gateway"`
	Status     wire.Status `json:"status"`
	Document   string      `json:"document"`
	Created    time.Time   `json:"created"`
}

// Payouts are all of them, the oldest first.
func (c *Control) Payouts(ctx context.Context) ([]Payout, error) {
	var list []Payout
	return list, c.Call(ctx, http.MethodGet, "payouts", nil, &list)
}

// Code is the code that an operator's phone shows; phone may be empty if one operator waits only.
func (c *Control) Code(ctx context.Context, phone string) (sdk.Code, error) {
	var code sdk.Code
	return code, c.Call(ctx, http.MethodGet, "code?id="+url.QueryEscape(phone), nil, &code)
}

// EndSessions ends every session now.
func (c *Control) EndSessions(ctx context.Context) error {
	return c.Call(ctx, http.MethodPost, "sessions/end", struct{}{}, nil)
}

// bank is the service behind the server: state and rules.
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
		path = filepath.Join(o.Data, "lombard-sandbox.jsonl")
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
func (b *bank) Name() string { return "Lombard Payments" }

// Ledger implements sdk.Provider.
func (b *bank) Ledger() *sdk.Ledger { return b.ledger }

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
func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

// answer is what the server says: an error, a page, or data.
type answer struct {
	failed *wire.Failure
	page   []byte
	data   any
}

func failure(code wire.Code, message string) answer {
	return answer{failed: &wire.Failure{Code: code, Message: message}}
}

func done(data any) answer { return answer{data: data} }

// broken is an answer where the sandbox itself is in trouble.
func broken(error) answer {
	return failure(wire.CodeUnavailable, "Внутренняя ошибка сервиса")
}

func (b *bank) route() {
	b.mux = http.NewServeMux()
	handle := func(path string, step func(body []byte) answer) {
		b.mux.HandleFunc("POST /"+path, func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, step) })
	}
	handle(wire.PathStart, b.start)
	handle(wire.PathLogin, b.login)
	handle(wire.PathCards, entered(b, b.listCards))
	handle(wire.PathAddCard, entered(b, b.addCard))
	handle(wire.PathProviders, entered(b, b.providers))
	handle(wire.PathPay, entered(b, b.pay))
	handle(wire.PathList, entered(b, b.list))
	handle(wire.PathDocuments, entered(b, b.documents))
	handle(wire.PathDownload, entered(b, b.download))
}

func (b *bank) serve(w http.ResponseWriter, r *http.Request, step func([]byte) answer) {
	body, err := io.ReadAll(r.Body)
	a := failure(wire.CodeField, "Запрос оборван")
	if err == nil {
		b.mu.Lock()
		if a = failure(wire.CodeUnavailable, "Ведутся технические работы"); !b.settings.Closed {
			a = step(body)
		}
		b.mu.Unlock()
	}
	say(w, a)
}

func say(w http.ResponseWriter, a answer) {
	if a.page != nil {
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = w.Write(a.page)
		return
	}
	out := map[string]any{"error": 0, "message": "", "data": a.data}
	if a.failed != nil {
		out = map[string]any{"error": a.failed.Code, "message": a.failed.Message, "data": nil}
	}
	tell(w, http.StatusOK, out)
}

func tell(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body)
}

// NotFound implements sdk.Refuser: as if the request had never come, a list that covers everything and holds nothing.
func (b *bank) NotFound(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/"+wire.PathList {
		say(w, failure(wire.CodeDocument, "Не найдено"))
		return
	}
	say(w, done(map[string]any{"from": time.Unix(0, 0), "to": b.clock.Now().Add(24 * time.Hour), "transactions": []any{}}))
}

// Routes implements sdk.Router.
func (b *bank) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/payouts", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		list := []Payout{}
		for _, name := range b.names {
			p := b.payouts[name]
			list = append(list, Payout{p.ID, p.ExternalID, p.Amount, b.cards[p.Card].Mask, p.Gateway, p.Status, p.Document, p.Created})
		}
		tell(w, http.StatusOK, list)
	})
	mux.HandleFunc("GET /control/code", func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		var found []session
		for _, s := range b.sessions {
			if s.Code != "" && (r.FormValue("id") == "" || r.FormValue("id") == s.Phone) && b.clock.Now().Before(s.Until) {
				found = append(found, s)
			}
		}
		if len(found) != 1 {
			tell(w, http.StatusNotFound, map[string]any{"error": map[string]any{"code": "no_bill", "message": fmt.Sprintf("%d operators wait for a code", len(found))}})
			return
		}
		tell(w, http.StatusOK, sdk.Code{Text: found[0].Code, Wallet: found[0].Phone, Expires: found[0].Until})
	})
	mux.HandleFunc("POST /control/sessions/end", func(w http.ResponseWriter, _ *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if err := b.commit(change{EndAll: true}); err != nil {
			tell(w, http.StatusInternalServerError, map[string]any{"error": map[string]any{"code": "failed", "message": err.Error()}})
			return
		}
		tell(w, http.StatusOK, map[string]any{})
	})
}

// find is the open payout that an id names by external id or transaction; empty: the only one.
func (b *bank) find(id string) (payout, error) {
	var found []payout
	over := false
	for _, name := range b.names {
		p := b.payouts[name]
		if id != "" && sdk.KeyOf(id) != sdk.KeyOf(p.ExternalID) && id != p.ID {
			continue
		}
		if p.Status == wire.Draft || p.Status == wire.Working {
			found = append(found, p)
		} else {
			over = true
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && over && id != "":
		return payout{}, fmt.Errorf("%w: %s", sdk.ErrBillOver, id)
	case len(found) == 0:
		return payout{}, fmt.Errorf("%w: %s", sdk.ErrNoBill, strings.TrimSpace(id))
	}
	return payout{}, fmt.Errorf("%w: %d are open, say which", sdk.ErrNoBill, len(found))
}
