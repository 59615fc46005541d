package driver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// The prompts.
const (
	promptCard = "card"
	promptCode = "otp"
	cardTime   = 3 * time.Minute
	codeTime   = 3 * time.Minute
)

// ticket is what the engine keeps of a payout.
type ticket struct {
	Terminal  string `json:"terminal"` // which terminal it goes through, see Driver.terminal
	Test      bool   `json:"test,omitempty"`
	Card      string `json:"card,omitempty"`      // masked
	Statement string `json:"statement,omitempty"` // hash of the page that was signed
	Wrong     int    `json:"wrong,omitempty"`     // codes that the service did not take
}

// stateVersion is that of the tickets that the engine keeps.
const stateVersion = 1

func readTicket(op provider.Operation) (ticket, error) {
	var t ticket
	if op.State.Version != stateVersion || json.Unmarshal(op.State.Data, &t) != nil || t.Terminal == "" {
		return ticket{}, errors.New("nothing is kept of the payout")
	}
	return t, nil
}

func (t ticket) state() *provider.State {
	data, err := json.Marshal(t)
	if err != nil {
		panic(err) // strings, a number and a boolean always marshal
	}
	return &provider.State{Version: stateVersion, Data: data}
}

// terminal names server and account without telling either. What was begun on one terminal is never asked after, or sent again, on another: that one
// does not know the order, and would pay a second time.
func (d *Driver) terminal() (string, error) {
	k, err := d.keys()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(strings.TrimRight(d.settings.server(), "/") + "\x00" + strings.ToLower(k.APIKey)))
	return hex.EncodeToString(sum[:8]), nil
}

// begun is the ticket of a payout of this terminal.
func (d *Driver) begun(op provider.Operation) (ticket, error) {
	t, err := readTicket(op)
	if err != nil {
		return t, err
	}
	now, err := d.terminal()
	if err != nil {
		return t, err
	}
	if now != t.Terminal {
		return t, errors.New("the payout was begun on another terminal of the service: its settings were changed since")
	}
	if d.client == nil {
		return t, d.problem
	}
	return t, nil
}

// Check refuses what must not begin: settings are missing, or what payout.Desk refuses.
func (d *Driver) Check(op provider.Operation) error {
	if op.Kind != pay.KindPayout {
		return nil
	}
	if err := d.Ready(); err != nil {
		return err
	}
	if err := d.desk.Check(op); err != nil {
		return err
	}
	switch {
	case !op.NoPrompts:
	case d.settings.Statement == statementOwn:
		return text.Refuse(pay.ErrNeedsPrompt, "payout.statement.nobody", nil, nil)
	case op.Params.Card == "" || d.settings.Codes:
		return &pay.Error{Code: pay.ErrNeedsPrompt}
	}
	return nil
}

// Prepares implements provider.Preparer.
func (d *Driver) Prepares(kind pay.Kind) bool { return kind == pay.KindPayout }

// Prepare asks for the card where the till gave none, and has the statement signed. It sends nothing.
func (d *Driver) Prepare(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if err := d.Ready(); err != nil {
		return d.refusal(op, err), nil
	}
	if err := d.desk.Admit(ctx, op); err != nil {
		return d.refusal(op, err), nil
	}
	card, ok := d.card(op)
	if !ok {
		return d.askCard(op, false), nil
	}
	return d.prepared(op, card)
}

// card is the number, as long as it is known.
func (d *Driver) card(op provider.Operation) (payout.Card, bool) {
	if c, err := payout.ParseCard(op.Params.Card); err == nil {
		return c, true
	}
	return d.typed.get(op.Key)
}

func (d *Driver) askCard(op provider.Operation, again bool) provider.Reply {
	words := "kvell.card.text"
	if again {
		words = "kvell.card.again"
	}
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptCard, Kind: pay.EvInput, Input: "card", Min: 13, Max: 32, Secret: true,
		Required: true, Title: d.say(op.Language, "kvell.card.title", nil), Text: d.say(op.Language, words, nil), Timeout: cardTime}}
}

// prepared has everything but the signature of the client.
func (d *Driver) prepared(op provider.Operation, card payout.Card) (provider.Reply, error) {
	terminal, err := d.terminal()
	if err != nil {
		return d.refusal(op, d.cashOnly("", err)), nil
	}
	t := ticket{Terminal: terminal, Test: d.settings.TestTerminal, Card: card.String()}
	if d.settings.Statement != statementOwn {
		return provider.Reply{Verdict: provider.Ready, State: t.state(), Payer: t.Card, System: ID}, nil
	}
	prompt, hash, err := d.desk.AskStatement(op, d.page(op.Language, t, 0))
	if err != nil {
		d.log.Error("the statement cannot be made", "ref", op.Ref, "error", err)
		return d.refusal(op, text.Refuse(pay.ErrInternal, "kvell.statement", nil, err)), nil
	}
	t.Statement = hash
	return provider.Reply{Verdict: provider.Ask, Prompt: prompt, State: t.state(), Payer: t.Card, System: ID}, nil
}

func (d *Driver) page(language string, t ticket, fee pay.Amount) payout.Page {
	return payout.Page{Card: t.Card, Gateway: d.say(language, "kvell.gateway", nil), Fee: fee, Test: t.Test}
}

// Answer takes the card, the word that the statement is signed, or the client's code.
func (d *Driver) Answer(ctx context.Context, op provider.Operation, answer provider.Answer) (provider.Reply, error) {
	switch answer.ID {
	case promptCard:
		card, err := payout.ParseCard(answer.Value)
		if err != nil {
			return d.askCard(op, true), nil
		}
		d.typed.keep(op.Key, card)
		return d.prepared(op, card)
	case payout.PromptStatement:
		d.desk.Forget(op)
		if answer.Value != "1" {
			d.typed.forget(op.Key)
			return d.refusal(op, text.Refuse(pay.CodeCancelled, "payout.statement.refused", nil, nil)), nil
		}
		return provider.Reply{Verdict: provider.Ready}, nil
	case promptCode:
		return d.confirm(ctx, op, answer.Value)
	}
	return provider.Reply{}, fmt.Errorf("an answer to %.40q, which was not asked", answer.ID)
}

// Commit asks for the payout, under the engine's key as the transaction.
func (d *Driver) Commit(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Kind != pay.KindPayout {
		return provider.Reply{}, fmt.Errorf("commit of %s is not possible", op.Kind)
	}
	t, err := d.begun(op)
	if err != nil {
		return provider.Reply{}, err
	}
	card, ok := d.card(op)
	if !ok {
		return provider.Reply{}, errors.New("the number of the card is not known any more; the payout is only asked after")
	}
	r, err := payout.ReadRequest(op.Params)
	if err != nil {
		return provider.Reply{}, err
	}
	body, err := exchange.JSON(wire.Payout{Amount: int64(op.Amount), Card: card.Number(), Transaction: op.Key.UUID(),
		Description: short(d.say(op.Language, "payout.purpose", map[string]any{"Contract": r.Contract}), 140)})
	if err != nil {
		return provider.Reply{}, err
	}
	answer, err := d.client.Money(ctx, exchange.Key(op.Key), http.MethodPost, wire.PathPayout, body, nil)
	if list := failures(answer, err); len(list) > 0 {
		return d.refused(op, answer, list), nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	return d.verdict(op, t, answer)
}

// failures are the service's own errors in an answer; nil: it has none, or is no word of the service: a server that broke down, a proxy, a page.
func failures(answer *exchange.Answer, err error) []wire.Failure {
	e, ok := errors.AsType[*exchange.Error](err)
	if !ok || answer == nil || e.Kind != exchange.Status {
		return nil
	}
	switch answer.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
		http.StatusUnprocessableEntity:
		return wire.ReadFailures(answer.Body)
	}
	return nil
}

// refused is what an error means that the service gave to a payout. It is a decline only where the service took no order, by its own list of errors,
// and nothing can have been sent before. "Already made" above all is none: the service then has the order, and is asked what became of it.
func (d *Driver) refused(op provider.Operation, answer *exchange.Answer, list []wire.Failure) provider.Reply {
	took := slices.ContainsFunc(list, func(f wire.Failure) bool { return !f.Code.Refuses() })
	if took || op.MaybeSent || op.Tries > 1 {
		d.log.Warn("the service gave an error that decides nothing; it is asked what it has", "ref", op.Ref, "code", list[0].Code, "status", answer.Status)
		return provider.Reply{}
	}
	d.typed.forget(op.Key)
	return d.no(op, list[0])
}

// no is a decline by an error of the service, in our words where it is known.
func (d *Driver) no(op provider.Operation, f wire.Failure) provider.Reply {
	code := strconv.Itoa(int(f.Code))
	id := "kvell.error." + code
	if !d.words.Has(id + ".cause") {
		id = "kvell.error.other"
	}
	data := map[string]any{"Code": code, "Message": f.Message}
	return provider.Reply{Verdict: provider.Declined, Code: code, Text: d.say(op.Language, id+".cause", data), Hint: d.say(op.Language, id+".hint", data), System: ID}
}

// Inquire asks what the service has under the transaction. "Not found" proves nothing (contract 2.6): at most it lets the same request be sent again,
// as long as the number of the card is known.
func (d *Driver) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	t, err := d.begun(op)
	if err != nil {
		return provider.Reply{}, err
	}
	answer, err := d.client.Query(ctx, http.MethodGet, wire.PathOrder(op.Key.UUID()), nil, nil)
	if list := failures(answer, err); len(list) > 0 {
		if _, known := d.card(op); list[0].Code == wire.CodeNotFound && known {
			return provider.Reply{Verdict: provider.NotFound}, nil
		}
		return provider.Reply{}, nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	return d.verdict(op, t, answer)
}

// confirm gives the client's code. Whatever the service says to it but an order, the order is asked after: a wrong code is no end.
func (d *Driver) confirm(ctx context.Context, op provider.Operation, code string) (provider.Reply, error) {
	t, err := d.begun(op)
	if err != nil {
		return provider.Reply{}, err
	}
	answer, err := d.client.Money(ctx, exchange.Key(op.Key), http.MethodPost, wire.PathConfirm,
		wire.Confirm{Transaction: op.Key.UUID(), OTP: strings.TrimSpace(code)}, nil)
	if list := failures(answer, err); len(list) > 0 {
		t.Wrong++
		return provider.Reply{Verdict: provider.Waiting, State: t.state(), Status: d.say(op.Language, "kvell.code.checked", nil)}, nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	return d.verdict(op, t, answer)
}

// explain are the service's own errors, for the request log, as its log in the pawnshop's program has them [S001].
func explain(answer *exchange.Answer) string {
	var said []string
	for i, f := range wire.ReadFailures(answer.Body) {
		said = append(said, fmt.Sprintf("№%d: %d %s", i+1, f.Code, f.Message))
	}
	return short(strings.Join(said, "; "), 300)
}

func short(s string, most int) string {
	runes := []rune(s)
	return string(runes[:min(len(runes), most)])
}
