package driver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	sdkwire "github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// triesPerCode is how many tries one activation code bears [seed 003]. The server counts them.
const triesPerCode = 3

// attemptsUnknown is what is told where nobody counted.
const attemptsUnknown = -1

// terminal is the activation, written as one document so that id and secret always belong together.
type terminal struct {
	ID           string            `json:"terminal_id"`
	Serial       string            `json:"serial"`
	Secret       string            `json:"secret"`
	Computer     string            `json:"computer,omitempty"`
	Since        time.Time         `json:"since"`
	Registration wire.Registration `json:"registration"`
}

// attempts is what the last code has left.
type attempts struct {
	Terminal string `json:"terminal_id"`
	Left     int    `json:"left"`
}

// tried writes a try to activate into the journal. left is what the code has left, below 0 where nobody counted.
func (d *Driver) tried(ctx context.Context, a provider.Activation, ok bool, code string, left int) {
	if d.attempts == nil {
		return
	}
	if err := d.attempts(context.WithoutCancel(ctx), a.Terminal, a.Serial, ok, code, left); err != nil {
		d.log.Warn("a try to activate could not be written down", "error", err)
	}
}

// terminal is the stored activation; nil: there is none.
func (d *Driver) terminal() (*terminal, error) {
	var t terminal
	found, err := d.stored(nameTerminal, &t)
	if err != nil || !found || t.Secret == "" {
		return nil, err
	}
	return &t, nil
}

// active refuses where the terminal is not activated. The secret is never part of an error.
func (d *Driver) active(language string) error {
	t, err := d.terminal()
	if err == nil && t == nil {
		err = d.refuse(language, pay.ErrNotActive, "sendy.inactive", nil, nil)
	}
	return err
}

// Activation implements provider.Activator.
func (d *Driver) Activation(context.Context) (provider.ActivationState, error) {
	state := provider.ActivationState{AttemptsLeft: attemptsUnknown}
	var left attempts
	if found, err := d.stored(nameAttempts, &left); err == nil && found {
		state.AttemptsLeft = left.Left
	}
	t, err := d.terminal()
	if err != nil || t == nil {
		return state, err
	}
	state.Active, state.Terminal, state.Serial, state.Since = true, t.ID, t.Serial, t.Since
	return state, nil
}

// Activate implements provider.Activator. What may replace an activation wants Force; a try counts only where the server counted it.
func (d *Driver) Activate(ctx context.Context, a provider.Activation) (provider.ActivationResult, error) {
	a.Terminal, a.Serial, a.Code = strings.TrimSpace(a.Terminal), strings.TrimSpace(a.Serial), strings.TrimSpace(a.Code)
	request := &wire.ActivateRequest{TerminalID: a.Terminal, Serial: a.Serial, Code: a.Code, Force: a.Force}
	if d.client == nil {
		return provider.ActivationResult{}, d.refuse("", pay.ErrConfig, "sendy.server.missing", nil, nil)
	}
	if err := request.Validate(); err != nil {
		return provider.ActivationResult{}, d.refuse("", pay.ErrArgument, "sendy.activate.fields", nil, err)
	}
	old, err := d.terminal()
	if !a.Force && (old != nil || err != nil) {
		return d.here(ctx, a, old), nil
	}
	var body []byte
	answer, err := d.client.Query(ctx, http.MethodPost, wire.PathActivate, request, &body)
	var granted wire.Activation
	err = understood(answer, err, body, "POST "+wire.PathActivate, &granted)
	if no, ok := errors.AsType[*refused](err); ok {
		return d.notActivated(ctx, a, no), nil
	}
	if err == nil && granted.TerminalID != a.Terminal {
		err = errors.New("the answer is about another terminal")
	}
	if err != nil {
		return provider.ActivationResult{}, d.noAnswer(ctx, a, err)
	}
	return d.activated(ctx, a, granted)
}

// here warns that this installation is activated already. Nothing was sent.
func (d *Driver) here(ctx context.Context, a provider.Activation, old *terminal) provider.ActivationResult {
	data := map[string]any{"Terminal": a.Terminal, "Date": "?"}
	if old != nil {
		data["Terminal"], data["Date"] = old.ID, old.Since.Local().Format("02.01.2006")
	}
	r := provider.ActivationResult{NeedsForce: true, AttemptsLeft: d.left(a), Code: string(wire.CodeAlreadyActivated),
		Text: d.say("", "sendy.activate.here.cause", data), Hint: d.say("", "sendy.activate.here.hint", data)}
	d.tried(ctx, a, false, "ACTIVE_HERE", r.AttemptsLeft)
	return r
}

// left is what the code of a terminal has left, as last heard.
func (d *Driver) left(a provider.Activation) int {
	var known attempts
	if found, err := d.stored(nameAttempts, &known); err != nil || !found || known.Terminal != a.Terminal {
		return attemptsUnknown
	}
	return known.Left
}

// notActivated is the server's refusal.
func (d *Driver) notActivated(ctx context.Context, a provider.Activation, no *refused) provider.ActivationResult {
	r := provider.ActivationResult{AttemptsLeft: d.left(a), Code: string(no.Code)}
	id, data := "sendy.activate.refused", map[string]any{"Terminal": a.Terminal, "Code": sdkwire.Clean(string(no.Code), 32)}
	counted := false
	switch no.Code {
	case wire.CodeBadCode:
		id = "sendy.activate.bad"
		if counted = no.AttemptsLeft != nil && *no.AttemptsLeft >= 0; counted {
			id, r.AttemptsLeft = "sendy.activate.left", *no.AttemptsLeft
			data["Count"], data["Of"] = r.AttemptsLeft, triesPerCode
		}
	case wire.CodeBurnt:
		id, r.AttemptsLeft, counted = "sendy.activate.burnt", 0, true
	case wire.CodeAlreadyActivated:
		id, r.NeedsForce = "sendy.activate.elsewhere", true
	case wire.CodeUnknownTerminal:
		id = "sendy.activate.unknown"
	}
	r.Text, r.Hint = d.say("", id+".cause", data), d.say("", id+".hint", nil)
	if counted {
		if err := d.store(nameAttempts, attempts{a.Terminal, r.AttemptsLeft}); err != nil {
			d.log.Warn("the attempts that are left could not be written down", "error", err)
		}
	}
	d.tried(ctx, a, false, r.Code, r.AttemptsLeft)
	return r
}

// noAnswer tells a try that never reached the server, and so spent nothing, from one whose answer was lost.
func (d *Driver) noAnswer(ctx context.Context, a provider.Activation, err error) error {
	code := pay.ErrOffline
	if e, ok := errors.AsType[*exchange.Error](err); ok && e.Code != 0 {
		code = e.Code
	}
	d.tried(ctx, a, false, code.String(), d.left(a))
	switch {
	case !exchange.NotSent(err):
		return d.refuse("", code, "sendy.activate.lost", nil, err)
	case code == pay.ErrOffline:
		return d.refuse("", code, "sendy.activate.offline", nil, err)
	}
	cause, hint := d.words.Error(code, d.settings.Language)
	return &pay.Error{Code: code, Text: cause, Hint: hint, Cause: err}
}

// activated keeps what the server granted, before anybody hears of it.
func (d *Driver) activated(ctx context.Context, a provider.Activation, granted wire.Activation) (provider.ActivationResult, error) {
	fresh := terminal{ID: granted.TerminalID, Serial: a.Serial, Secret: granted.Secret, Computer: d.computer, Since: d.now().Truncate(time.Second),
		Registration: granted.Registration}
	if err := d.store(nameTerminal, fresh); err != nil {
		return provider.ActivationResult{}, err
	}
	if err := d.secrets.Delete(nameAttempts); err != nil {
		d.log.Warn("the attempts of the last code could not be forgotten", "error", err)
	}
	d.tried(ctx, a, true, "", attemptsUnknown)
	if _, err := d.ask(ctx); err != nil {
		d.log.Warn("activated, but the counters could not be asked yet", "error", err)
	}
	registration, err := json.Marshal(granted.Registration)
	if err != nil {
		return provider.ActivationResult{}, err
	}
	return provider.ActivationResult{Active: true, AttemptsLeft: attemptsUnknown, Registration: registration,
		Text: d.say("", "sendy.activate.done", map[string]any{"Terminal": fresh.ID})}, nil
}
