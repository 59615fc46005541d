package sandbox

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

// triesPerCode is how many bad codes a terminal may offer before its code is burnt [seed 003].
const triesPerCode = 3

func newTerminal(w TerminalWish, now time.Time) *terminal {
	t := &terminal{ID: w.ID, Code: w.Code, Next: 1, Shifts: []shift{{Opened: now}}}
	if t.Code == "" {
		t.Code = newCode()
	}
	return t
}

// newCode thinks of an activation code.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1e8))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return fmt.Sprintf("%08d", n)
}

// made-up registration data, as on the slips of the documentation.
func registration(t *terminal) wire.Registration {
	return wire.Registration{
		Merchant: `ООО "РОМАШКА"`, INN: "7101234567", Point: "Магазин 12", Address: "г. Тула, ул. Мира, 1",
		Serial: t.Serial, Activated: t.Activated,
	}
}

func (b *bank) activate(_ *call, in *wire.ActivateRequest) (any, error) {
	old := b.terminals[in.TerminalID]
	if old == nil {
		return nil, refusal(wire.CodeUnknownTerminal)
	}
	if old.BadTries >= triesPerCode {
		return nil, badCode(old)
	}
	t := b.begin()
	switch {
	case old.Code != in.Code:
		term := t.terminal(old)
		term.BadTries++
		if err := t.commit(); err != nil {
			return nil, err
		}
		return nil, badCode(term)
	case old.Secret != "" && !in.Force:
		return nil, refusal(wire.CodeAlreadyActivated)
	}
	term := t.terminal(old)
	term.Serial, term.Secret, term.Activated = in.Serial, rand.Text(), t.now
	return wire.Activation{TerminalID: term.ID, Serial: term.Serial, Secret: term.Secret, Registration: registration(term)}, t.commit()
}

func badCode(t *terminal) error {
	left := triesPerCode - t.BadTries
	if left > 0 {
		return &wire.Error{Code: wire.CodeBadCode, AttemptsLeft: &left}
	}
	return &wire.Error{Code: wire.CodeBurnt, AttemptsLeft: &left}
}

// Routes implements sdk.Router.
func (b *bank) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /control/terminals", sdk.ControlRoute(func(*http.Request, struct{}) ([]Terminal, error) {
		return under(b, b.listTerminals)
	}))
	mux.HandleFunc("POST /control/terminals", sdk.ControlRoute(func(_ *http.Request, w TerminalWish) (Terminal, error) {
		return under(b, func() (Terminal, error) { return b.setTerminal(w) })
	}))
	mux.HandleFunc("POST /control/terminals/close-shift", sdk.ControlRoute(func(_ *http.Request, w TerminalWish) (wire.ShiftTotals, error) {
		return under(b, func() (wire.ShiftTotals, error) {
			old := b.terminals[w.ID]
			if old == nil {
				return wire.ShiftTotals{}, sdk.BadRequest(errors.New("no such terminal: " + w.ID))
			}
			n := old.open()
			t, err := b.close(old, n)
			if err != nil {
				return wire.ShiftTotals{}, err
			}
			return b.shiftTotals(t, n), nil
		})
	}))
}

func (b *bank) listTerminals() ([]Terminal, error) {
	list := []Terminal{}
	for _, t := range b.terminals {
		list = append(list, viewTerminal(t))
	}
	slices.SortFunc(list, func(a, b Terminal) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

func viewTerminal(t *terminal) Terminal {
	return Terminal{
		ID: t.ID, Code: t.Code, Burnt: t.BadTries >= triesPerCode, Attempts: triesPerCode - t.BadTries,
		Serial: t.Serial, Secret: t.Secret, Activated: t.Activated, Next: t.Next, Shift: t.open(),
	}
}

// setTerminal is the merchant's cabinet: it registers a terminal or issues a new activation code.
func (b *bank) setTerminal(w TerminalWish) (Terminal, error) {
	if len(w.ID) == 0 || len(w.ID) > 64 || len(w.Code) > 64 {
		return Terminal{}, sdk.BadRequest(errors.New("a terminal's id has 1 to 64 characters, its code at most 64"))
	}
	t := b.begin()
	var term *terminal
	if old := b.terminals[w.ID]; old == nil {
		term = newTerminal(w, t.now)
		t.change.Terminals = append(t.change.Terminals, term)
	} else {
		term = t.terminal(old)
		term.Code, term.BadTries = w.Code, 0
		if w.Code == "" {
			term.Code = newCode()
		}
		if w.Deactivate {
			term.Serial, term.Secret, term.Activated = "", "", time.Time{}
		}
	}
	return viewTerminal(term), t.commit()
}
