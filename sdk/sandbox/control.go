package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"
)

// Info is the answer of /control/info.
type Info struct {
	Name string    `json:"name"`
	Now  time.Time `json:"now"`
	Lang string    `json:"lang"`
}

// LedgerView is the answer of /control/ledger.
type LedgerView struct {
	Entries []Entry           `json:"entries"`
	Sums    map[EntryKind]Sum `json:"sums"`
	Trouble []string          `json:"trouble,omitempty"` // what must never happen, see Ledger.Trouble
	Net     *int64            `json:"net,omitempty"`     // of one key
}

// ClockView is the answer of /control/clock.
type ClockView struct {
	Now    time.Time `json:"now"`
	Offset Duration  `json:"offset_ms"`
}

// clockChange is a request to /control/clock.
type clockChange struct {
	Advance Duration  `json:"advance_ms,omitempty"`
	Offset  *Duration `json:"offset_ms,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// Codes of a refusal of the control interface.
const (
	codeNoBill      = "no_bill"
	codeBillOver    = "bill_over"
	codeUnsupported = "unsupported"
	codeBadRequest  = "bad_request"
	codeFailed      = "failed"
)

type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// errBadRequest marks what the caller did wrong.
type errBadRequest struct{ error }

// BadRequest marks err as the caller's fault, for a provider's own control routes.
func BadRequest(err error) error { return errBadRequest{err} }

// ControlRoute answers a control request with what do returns, as JSON. In is decoded from the body, if there is one. It is for
// a provider's own control routes.
func ControlRoute[In, Out any](do func(r *http.Request, in In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, err := controlBody[In](r)
		if err != nil {
			refuse(w, errBadRequest{err})
			return
		}
		out, err := do(r, in)
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(out)
	}
}

func controlBody[In any](r *http.Request) (In, error) {
	var in In
	if r.Method == http.MethodGet {
		return in, nil
	}
	// No form of a foreign page can send this type without asking first.
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return in, errors.New("Content-Type is not application/json")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil || len(body) == 0 {
		return in, err
	}
	return in, json.Unmarshal(body, &in)
}

func refuse(w http.ResponseWriter, err error) {
	status, code := http.StatusInternalServerError, codeFailed
	var bad errBadRequest
	switch {
	case errors.Is(err, ErrNoBill):
		status, code = http.StatusNotFound, codeNoBill
	case errors.Is(err, ErrBillOver):
		status, code = http.StatusConflict, codeBillOver
	case errors.Is(err, ErrUnsupported):
		status, code = http.StatusNotImplemented, codeUnsupported
	case errors.As(err, &bad):
		status, code = http.StatusBadRequest, codeBadRequest
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]refusal{"error": {code, err.Error()}})
}

// none is the body of a request or answer without content.
type none struct{}

func (s *Server) routeControl() {
	s.mux.HandleFunc("/control/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, errBadRequest{errors.New("no such control route: " + r.Method + " " + r.URL.Path)})
	})
	s.mux.HandleFunc("GET /control/info", ControlRoute(func(*http.Request, none) (Info, error) {
		return Info{s.provider.Name(), s.clock.Now(), s.lang}, nil
	}))
	s.mux.HandleFunc("GET /control/ledger", ControlRoute(s.viewLedger))
	s.routeFaults()
	s.routePhone()
	s.routeRequests()
	s.routeClock()
	s.routeSettings()
	s.mux.HandleFunc("POST /control/reset", ControlRoute(func(*http.Request, none) (none, error) { return none{}, s.reset() }))
	s.mux.HandleFunc("POST /control/shutdown", ControlRoute(func(*http.Request, none) (none, error) {
		s.ask.Do(func() { close(s.shutdown) })
		return none{}, nil
	}))
	if p, ok := s.provider.(Router); ok {
		p.Routes(s.mux)
	}
}

func (s *Server) viewLedger(r *http.Request, _ none) (LedgerView, error) {
	l, key := s.provider.Ledger(), r.FormValue("key")
	view := LedgerView{Entries: l.Entries(key), Sums: l.Sums(), Trouble: l.Trouble()}
	if view.Entries == nil {
		view.Entries = []Entry{}
	}
	if key != "" {
		net := l.Net(key)
		view.Net = &net
	}
	return view, nil
}

func (s *Server) routeFaults() {
	s.mux.HandleFunc("GET /control/faults", ControlRoute(func(*http.Request, none) ([]Fault, error) {
		return append([]Fault{}, s.faults.List()...), nil
	}))
	s.mux.HandleFunc("POST /control/faults", ControlRoute(func(_ *http.Request, f Fault) (Fault, error) {
		armed, err := s.faults.Arm(f)
		if err != nil {
			return Fault{}, errBadRequest{err}
		}
		return armed, nil
	}))
	disarm := ControlRoute(func(r *http.Request, _ none) (none, error) {
		id := r.PathValue("id")
		if !s.faults.Disarm(id) && id != "" {
			return none{}, errBadRequest{errors.New("no such fault: " + id)}
		}
		return none{}, nil
	})
	s.mux.HandleFunc("DELETE /control/faults", disarm)
	s.mux.HandleFunc("DELETE /control/faults/{id}", disarm)
}

// billID names a bill.
type billID struct {
	ID string `json:"id"`
}

// codeWish asks for a code on the phone's screen.
type codeWish struct {
	Wallet    string `json:"wallet"`
	Behaviour string `json:"behaviour,omitempty"`
}

func (s *Server) routePhone() {
	p, ok := s.provider.(Phone)
	if !ok {
		unsupported := ControlRoute(func(*http.Request, json.RawMessage) (none, error) { return none{}, ErrUnsupported })
		for _, path := range []string{"/control/bills", "/control/bills/", "/control/wallets", "/control/wallets/"} {
			s.mux.HandleFunc(path, unsupported)
		}
		return
	}
	s.mux.HandleFunc("GET /control/bills", ControlRoute(func(r *http.Request, _ none) ([]Bill, error) {
		return append([]Bill{}, p.Bills(r.FormValue("all") != "")...), nil
	}))
	s.mux.HandleFunc("POST /control/bills/{action}", ControlRoute(func(r *http.Request, in billID) (Bill, error) {
		return act(p, r.PathValue("action"), in.ID)
	}))
	s.mux.HandleFunc("GET /control/wallets", ControlRoute(func(*http.Request, none) ([]Wallet, error) {
		return append([]Wallet{}, p.Wallets()...), nil
	}))
	s.mux.HandleFunc("POST /control/wallets", ControlRoute(func(_ *http.Request, in Wallet) (Wallet, error) {
		return p.SetWallet(in)
	}))
	s.mux.HandleFunc("POST /control/wallets/code", ControlRoute(func(_ *http.Request, in codeWish) (Code, error) {
		return p.ShowCode(in.Wallet, in.Behaviour)
	}))
}

// act lets the customer do something about a bill.
func act(p Phone, action, id string) (Bill, error) {
	switch action {
	case "pay":
		return p.Pay(id)
	case "decline":
		return p.Decline(id)
	case "expire":
		return p.Expire(id)
	case "hold":
		return p.Hold(id)
	}
	return Bill{}, errBadRequest{errors.New("a customer cannot " + strconv.Quote(action) + ": pay, decline, expire, hold")}
}

func (s *Server) routeRequests() {
	s.mux.HandleFunc("GET /control/requests", ControlRoute(func(r *http.Request, _ none) ([]Request, error) {
		after := int64(0)
		if text := r.FormValue("after"); text != "" {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, errBadRequest{errors.New("after is not a number")}
			}
			after = n
		}
		return append([]Request{}, s.requests.after(after)...), nil
	}))
	s.mux.HandleFunc("GET /control/requests/counts", ControlRoute(func(*http.Request, none) (map[string]int64, error) {
		return s.requests.counted(), nil
	}))
	s.mux.HandleFunc("DELETE /control/requests", ControlRoute(func(*http.Request, none) (none, error) {
		s.requests.clear()
		return none{}, nil
	}))
}

func (s *Server) routeClock() {
	view := func() ClockView { return ClockView{s.clock.Now(), Duration(s.clock.Offset())} }
	s.mux.HandleFunc("GET /control/clock", ControlRoute(func(*http.Request, none) (ClockView, error) { return view(), nil }))
	s.mux.HandleFunc("POST /control/clock", ControlRoute(func(_ *http.Request, in clockChange) (ClockView, error) {
		if in.Offset != nil {
			s.clock.SetOffset(time.Duration(*in.Offset))
		}
		if !in.At.IsZero() {
			s.clock.Set(in.At)
		}
		s.clock.Advance(time.Duration(in.Advance))
		return view(), nil
	}))
}

func (s *Server) routeSettings() {
	p, ok := s.provider.(Configurable)
	s.mux.HandleFunc("GET /control/settings", ControlRoute(func(*http.Request, none) (any, error) {
		if !ok {
			return nil, ErrUnsupported
		}
		return p.Settings(), nil
	}))
	s.mux.HandleFunc("PATCH /control/settings", ControlRoute(func(_ *http.Request, in json.RawMessage) (any, error) {
		if !ok {
			return nil, ErrUnsupported
		}
		if err := p.Configure(in); err != nil {
			return nil, errBadRequest{err}
		}
		return p.Settings(), nil
	}))
}
