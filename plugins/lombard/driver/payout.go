package driver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// ticket is what the engine keeps of a payout.
type ticket struct {
	Place       string    `json:"place"`    // which server, network and branch it goes through, see Driver.place
	Operator    string    `json:"operator"` // whose session it is paid under, also after a restart
	Looked      bool      `json:"looked,omitempty"`
	Card        card      `json:"card,omitzero"`
	Added       bool      `json:"added,omitempty"`
	Kept        bool      `json:"kept,omitempty"` // the card of the client's last payout
	Gateway     gateway   `json:"gateway,omitzero"`
	Transaction string    `json:"transaction,omitempty"` // of the draft, as the service knows it
	Document    string    `json:"document,omitempty"`    // the application, as the service knows it
	Statement   string    `json:"statement,omitempty"`   // hash of our own page that was signed
	Signed      bool      `json:"signed,omitempty"`
	Again       int       `json:"again,omitempty"`
	NotDone     int       `json:"not_done,omitempty"` // confirmations of which the service said itself that it did nothing
	Offered     []card    `json:"offered,omitempty"`
	Banks       []gateway `json:"banks,omitempty"`
}

// stateVersion is that of the tickets that the engine keeps.
const stateVersion = 1

func readTicket(op provider.Operation) (ticket, error) {
	var t ticket
	if op.State.Version != stateVersion || json.Unmarshal(op.State.Data, &t) != nil || t.Place == "" {
		return ticket{}, errors.New("nothing is kept of the payout")
	}
	return t, nil
}

// with has a reply keep the ticket.
func (t ticket) with(r provider.Reply) provider.Reply {
	data, err := json.Marshal(t)
	if err != nil {
		panic(err) // strings, numbers and booleans always marshal
	}
	r.State, r.Payer, r.System = &provider.State{Version: stateVersion, Data: data}, t.Card.Mask, ID
	return r
}

// place names server, network and branch without telling them. What was begun at one is never asked after, or confirmed, at another: that one does not
// know the draft.
func (d *Driver) place() string {
	sum := sha256.Sum256([]byte(strings.TrimRight(d.settings.server(), "/") + "\x00" + d.settings.place()))
	return hex.EncodeToString(sum[:8])
}

// begun is the ticket of a payout of this place. After a restart the operation has its operator's name from it.
func (d *Driver) begun(op *provider.Operation) (ticket, error) {
	t, err := readTicket(*op)
	if err != nil {
		return t, err
	}
	if t.Place != d.place() {
		return t, errors.New("the payout was begun with another server, network or branch: the settings were changed since")
	}
	if d.client == nil {
		return t, d.problem
	}
	op.Initiator = t.Operator
	return t, nil
}

// Check refuses what must not begin: settings are missing, what payout.Desk refuses, or what a receiver may not see.
func (d *Driver) Check(op provider.Operation) error {
	switch op.Kind {
	case pay.KindCommand:
		return d.checkCommand(op)
	case pay.KindPayout:
	default:
		return nil
	}
	if err := d.Ready(); err != nil {
		return err
	}
	if err := d.desk.Check(op); err != nil {
		return err
	}
	if op.NoPrompts && d.settings.Statement != statementNone {
		return text.Refuse(pay.ErrNeedsPrompt, "payout.statement.nobody", nil, nil)
	}
	return nil
}

// Prepares implements provider.Preparer.
func (d *Driver) Prepares(kind pay.Kind) bool { return kind == pay.KindPayout }

// Prepare looks whether service and session are there, and begins the dialogue. Repeated, it begins anew: a draft is made under the engine's key, so
// that there is never a second one.
func (d *Driver) Prepare(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if err := d.Ready(); err != nil {
		return d.refusal(op, err), nil
	}
	if err := d.desk.Admit(ctx, op); err != nil {
		return d.refusal(op, err), nil
	}
	return d.advance(ctx, op, ticket{Place: d.place(), Operator: op.Initiator})
}

// Answer takes an answer, of a payout's dialogue or of a login that something waits for.
func (d *Driver) Answer(ctx context.Context, op provider.Operation, answer provider.Answer) (provider.Reply, error) {
	if op.Kind == pay.KindCommand {
		return d.answerCommand(ctx, op, answer)
	}
	t, err := d.begun(&op)
	if err != nil {
		return provider.Reply{}, err
	}
	switch answer.ID {
	case promptPhone, promptPassword, promptSMS:
		in, r := d.loginAnswer(ctx, op, answer)
		switch {
		case !in:
			return t.with(r), nil
		case op.Tries > 0:
			return d.Inquire(ctx, op)
		}
	case payout.PromptStatement:
		d.desk.Forget(op)
		if answer.Value != "1" {
			d.memory.forget(op.Key)
			return t.with(d.refusal(op, text.Refuse(pay.CodeCancelled, "payout.statement.refused", nil, nil))), nil
		}
		t.Signed = true
	case promptKeep:
		if before, ok := d.memory.chosenBefore(t.Place, op); ok && answer.Value == "1" {
			t.Card, t.Kept = before, true
		}
		d.memory.keep(op.Key, func(l *dialog) { l.renew = true })
	case promptCard:
		if answer.Value == newCard {
			t.Offered = nil
			return t.with(d.askNumber(op, "lombard.card.number")), nil
		}
		i := slices.IndexFunc(t.Offered, func(c card) bool { return c.ID == answer.Value })
		if i < 0 {
			return provider.Reply{}, errors.New("a card that was not offered")
		}
		t.Card, t.Offered = t.Offered[i], nil
	case promptNumber:
		number, err := payout.ParseCard(answer.Value)
		if err != nil {
			return t.with(d.askNumber(op, "lombard.card.again")), nil
		}
		d.memory.keep(op.Key, func(l *dialog) { l.number = number })
		return t.with(d.askName(op, "lombard.card.name")), nil
	case promptName:
		return d.named(ctx, op, t, answer.Value)
	case promptGateway:
		i := slices.IndexFunc(t.Banks, func(g gateway) bool { return g.ID == answer.Value })
		if i < 0 {
			return provider.Reply{}, errors.New("a gateway that was not offered")
		}
		t.Gateway, t.Banks = t.Banks[i], nil
	case promptAgain:
		if answer.Value != "1" {
			return t.with(d.refusal(op, text.Refuse(pay.ErrOffline, "lombard.silent", nil, nil))), nil
		}
	default:
		return provider.Reply{}, fmt.Errorf("an answer to %.40q, which was not asked", answer.ID)
	}
	return d.orAgain(op)(d.advance(ctx, op, t))
}

// orAgain asks the cashier whether to try again where a step of the dialogue brought no word.
func (d *Driver) orAgain(op provider.Operation) func(provider.Reply, error) (provider.Reply, error) {
	return func(r provider.Reply, err error) (provider.Reply, error) {
		if err == nil {
			return r, nil
		}
		d.log.Warn("no word of the service; the cashier is asked whether to try again", "ref", op.Ref, "error", err)
		var t ticket
		if r.State == nil || json.Unmarshal(r.State.Data, &t) != nil {
			return provider.Reply{}, err
		}
		again := d.confirmAgain(op, &t) // it counts in t
		return t.with(again), nil
	}
}

// named has number and name of a new card.
func (d *Driver) named(ctx context.Context, op provider.Operation, t ticket, typed string) (provider.Reply, error) {
	name, ok := embossed(typed)
	if !ok {
		return t.with(d.askName(op, "lombard.card.name.again")), nil
	}
	number := d.memory.dialog(op.Key).number
	if number.Number() == "" {
		return t.with(d.askNumber(op, "lombard.card.number")), nil
	}
	s, ok := d.sessions().of(op.Initiator, 0)
	if !ok {
		return t.with(d.askLogin(op, "lombard.login.over")), nil
	}
	r, err := d.add(ctx, op, s, &t, number, name)
	return d.orAgain(op)(d.heard(op, t, r, err))
}

// Commit confirms the draft, under the same key.
func (d *Driver) Commit(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Kind != pay.KindPayout {
		return provider.Reply{}, fmt.Errorf("commit of %s is not possible", op.Kind)
	}
	t, err := d.begun(&op)
	if err != nil {
		return provider.Reply{}, err
	}
	if t.Transaction == "" {
		return provider.Reply{}, errors.New("there is no draft to confirm")
	}
	s, ok := d.sessions().of(op.Initiator, 0)
	if !ok {
		t.NotDone++ // nothing was sent
		return t.with(d.askLogin(op, "lombard.login.pending")), nil
	}
	made, err := d.pay(ctx, s, op, t, true)
	if errors.Is(err, errSession) {
		// The service knows no such session, so it did nothing with the draft. That is never the payout's outcome.
		t.NotDone++
		return t.with(d.askLogin(op, "lombard.login.pending")), nil
	}
	if refused, ok := errors.AsType[*wire.Failure](err); ok {
		return d.refused(op, t, refused), nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	return d.verdict(op, t, made)
}

// refused is what an error means that the service gave to a confirmation. It is a decline only where the service did nothing by its own word, and no
// confirmation can be on its way of which nothing was heard.
func (d *Driver) refused(op provider.Operation, t ticket, e *wire.Failure) provider.Reply {
	if !e.Refuses() || op.Tries-1 > t.NotDone {
		d.log.Warn("the service gave an error that decides nothing; it is asked what it has", "ref", op.Ref, "code", e.Code)
		return provider.Reply{}
	}
	return t.with(d.no(op, e))
}

// no is a decline by an error of the service.
func (d *Driver) no(op provider.Operation, e *wire.Failure) provider.Reply {
	code := strconv.Itoa(int(e.Code))
	id := "lombard.error." + code
	if !d.words.Has(id + ".cause") {
		id = "lombard.error.other"
	}
	data := map[string]any{"Code": code, "Message": e.Message}
	return provider.Reply{Verdict: provider.Declined, Code: code, Text: d.say(op.Language, id+".cause", data), Hint: d.say(op.Language, id+".hint", data)}
}

// Inquire looks for the payout in the service's list. That it is not there proves nothing; and where the list does not cover its day under the rights
// of the session, it does not even say that.
func (d *Driver) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	t, err := d.begun(&op)
	if err != nil {
		return provider.Reply{}, err
	}
	begun := op.Begun
	if begun.IsZero() {
		begun = d.now()
	}
	list, covers, err := d.found(ctx, op, begun)
	if errors.Is(err, errSession) {
		return d.askLogin(op, "lombard.login.pending"), nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	for _, r := range list {
		if !strings.EqualFold(r.ExternalID, op.Key.UUID()) {
			continue
		}
		if _, ok := d.sessions().of(op.Initiator, 0); !ok && r.Status == wire.Draft { // somebody else's session shows it; its own confirms it
			return d.askLogin(op, "lombard.login.pending"), nil
		}
		return d.verdict(op, t, r)
	}
	if !covers {
		return provider.Reply{Text: d.say(op.Language, "lombard.rights.cause", map[string]any{"Date": begun.Local().Format("02.01.2006")}),
			Hint: d.say(op.Language, "lombard.rights.hint", nil)}, nil
	}
	return provider.Reply{Verdict: provider.NotFound}, nil
}

// found asks with the operator's session, or where that is over with somebody else's: what the service has can be asked with each. covers says that the
// list would hold the payout if the service had it. errSession: nobody is signed in.
func (d *Driver) found(ctx context.Context, op provider.Operation, begun time.Time) (list []wire.Record, covers bool, err error) {
	for {
		s, ok := d.sessions().any(op.Initiator)
		if !ok {
			return nil, false, errSession
		}
		journal, err := d.records(ctx, s, begun.Add(-skew), d.now().Add(skew), op.Key.UUID())
		if errors.Is(err, errSession) {
			continue // it is not kept any more
		}
		covers = err == nil && !journal.From.IsZero() && !journal.From.After(begun.Add(-behind)) && journal.To.After(d.now())
		return journal.Records, covers, err
	}
}

// The service's journal runs up to a minute and a half ahead of ours [S000]. Around a payout's time so much more is asked for, and a list that begins
// no earlier than that covers it.
const (
	skew   = time.Hour
	behind = time.Minute
)
