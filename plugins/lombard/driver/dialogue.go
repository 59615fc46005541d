package driver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// The prompts of a payout, in their order.
const (
	promptKeep    = "keep-card"
	promptCard    = "card"
	promptNumber  = "card-number"
	promptName    = "card-name"
	promptGateway = "gateway"
	promptAgain   = "again"
	newCard       = "new"
	chooseTime    = 3 * time.Minute
)

// advance goes on with a payout that is not committed: it asks for whatever is missing, in the order of the seed, makes the draft and has the
// application signed. Nothing of it moves money.
func (d *Driver) advance(ctx context.Context, op provider.Operation, t ticket) (provider.Reply, error) {
	least := time.Duration(0)
	if t.Transaction == "" {
		least = needed
	}
	s, ok := d.sessions().of(op.Initiator, least)
	if !ok {
		return t.with(d.askLogin(op, "")), nil
	}
	r, err := d.step(ctx, op, s, &t)
	return d.heard(op, t, r, err)
}

// heard is what a step of the dialogue brought: a session that is over is asked for again, and the service's own error ends what was not confirmed.
func (d *Driver) heard(op provider.Operation, t ticket, r provider.Reply, err error) (provider.Reply, error) {
	if errors.Is(err, errSession) {
		r, err = d.askLogin(op, "lombard.login.over"), nil
	} else if refused, ok := errors.AsType[*wire.Failure](err); ok {
		d.memory.forget(op.Key)
		r, err = d.no(op, refused), nil
	}
	return t.with(r), err
}

// mostAgain is how often the cashier is asked whether to try again.
const mostAgain = 3

// confirmAgain asks whether to try once more what brought no word. It is harmless: nothing was confirmed yet.
func (d *Driver) confirmAgain(op provider.Operation, t *ticket) provider.Reply {
	if t.Again++; t.Again > mostAgain {
		return d.refusal(op, text.Refuse(pay.ErrOffline, "lombard.silent", nil, nil))
	}
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptAgain, Kind: pay.EvConfirm, Default: "0", Timeout: chooseTime,
		Title: d.say(op.Language, "lombard.again.title", nil), Text: d.say(op.Language, "lombard.again.text", nil)}}
}

// step is the next question, or the next request.
func (d *Driver) step(ctx context.Context, op provider.Operation, s session, t *ticket) (provider.Reply, error) {
	if !t.Looked { // as the seed's program: whether the service is there, and knows the session
		if _, err := d.records(ctx, s, d.today(), d.now(), op.Key.UUID()); err != nil {
			return provider.Reply{}, err
		}
		t.Looked = true
	}
	if !t.Card.known() {
		return d.chooseCard(ctx, op, s, t)
	}
	if t.Gateway.ID == "" {
		return d.chooseGateway(ctx, op, s, t)
	}
	if t.Transaction == "" {
		if r, err := d.draft(ctx, op, s, t); err != nil || r.Verdict != provider.Ready {
			return r, err
		}
	}
	if !t.Signed && d.settings.Statement != statementNone {
		return d.statement(ctx, op, s, t)
	}
	d.memory.choose(t.Place, op, t.Card)
	d.memory.forget(op.Key)
	return provider.Reply{Verdict: provider.Ready}, nil
}

// chooseCard takes the card that the till gave, keeps the one chosen before, or has the cashier choose.
func (d *Driver) chooseCard(ctx context.Context, op provider.Operation, s session, t *ticket) (provider.Reply, error) {
	l := d.memory.dialog(op.Key)
	if before, ok := d.memory.chosenBefore(t.Place, op); ok && !l.renew && op.Params.Card == "" {
		return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptKeep, Kind: pay.EvConfirm, Required: true, Timeout: chooseTime,
			Title: d.say(op.Language, "lombard.card.title", nil), Text: d.say(op.Language, "lombard.card.keep", map[string]any{"Card": payout.Grouped(before.Mask)})}}, nil
	}
	request, err := payout.ReadRequest(op.Params)
	if err != nil {
		return provider.Reply{}, err
	}
	// A number that the till gave is bound, though a card of the list may have the same mask: two cards can.
	if number, err := payout.ParseCard(op.Params.Card); err == nil {
		d.memory.keep(op.Key, func(l *dialog) { l.number = number })
		if name, ok := embossed(request.Client.Cardholder); ok {
			return d.add(ctx, op, s, t, number, name)
		}
		return d.askName(op, "lombard.card.name"), nil
	}
	list, err := d.cards(ctx, s, request.Client)
	if err != nil {
		return provider.Reply{}, err
	}
	if len(list) == 0 {
		return d.askNumber(op, "lombard.card.first"), nil
	}
	t.Offered = list
	items := make([]pay.Choice, 0, len(list)+1)
	for _, c := range list {
		items = append(items, pay.Choice{ID: c.ID, Text: strings.TrimSpace(payout.Brand(c.Mask) + " " + payout.Grouped(c.Mask))})
	}
	items = append(items, pay.Choice{ID: newCard, Text: d.say(op.Language, "lombard.card.new", nil)})
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptCard, Kind: pay.EvChoice, Items: items, Required: true, Timeout: chooseTime,
		Title: d.say(op.Language, "lombard.card.title", nil), Text: d.say(op.Language, "lombard.card.text", nil)}}, nil
}

func (d *Driver) askNumber(op provider.Operation, words string) provider.Reply {
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptNumber, Kind: pay.EvInput, Input: "card", Min: 13, Max: 32, Secret: true,
		Required: true, Timeout: chooseTime, Title: d.say(op.Language, "lombard.card.title", nil), Text: d.say(op.Language, words, nil)}}
}

func (d *Driver) askName(op provider.Operation, words string) provider.Reply {
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptName, Kind: pay.EvInput, Input: "text", Min: 2, Max: 40, Required: true,
		Timeout: chooseTime, Title: d.say(op.Language, "lombard.card.title", nil), Text: d.say(op.Language, words, nil)}}
}

// embossed is a name as it stands on the front of a card: in Latin letters.
func embossed(typed string) (string, bool) {
	name := strings.ToUpper(strings.Join(strings.Fields(typed), " "))
	for _, r := range name {
		if (r < 'A' || r > 'Z') && !strings.ContainsRune(" .-'/", r) {
			return "", false
		}
	}
	return name, len(name) >= 2 && len(name) <= 40
}

// add binds a card to the client at the service.
func (d *Driver) add(ctx context.Context, op provider.Operation, s session, t *ticket, number payout.Card, name string) (provider.Reply, error) {
	request, err := payout.ReadRequest(op.Params)
	if err != nil {
		return provider.Reply{}, err
	}
	c, err := d.addCard(ctx, s, number, name, request.Client)
	if refused, ok := errors.AsType[*wire.Failure](err); ok {
		d.memory.keep(op.Key, func(l *dialog) { l.number = payout.Card{} })
		r := d.askNumber(op, "lombard.card.first")
		r.Prompt.Text = d.say(op.Language, "lombard.card.refused", map[string]any{"Message": refused.Message})
		return r, nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	d.memory.keep(op.Key, func(l *dialog) { l.number = payout.Card{} })
	t.Added = true
	return d.took(ctx, op, s, t, c)
}

// took has the card, and goes on.
func (d *Driver) took(ctx context.Context, op provider.Operation, s session, t *ticket, c card) (provider.Reply, error) {
	t.Card, t.Offered = c, nil
	return d.step(ctx, op, s, t)
}

// chooseGateway lets the cashier choose among the banks whose limit is enough; of one there is nothing to choose.
func (d *Driver) chooseGateway(ctx context.Context, op provider.Operation, s session, t *ticket) (provider.Reply, error) {
	list, err := d.gateways(ctx, s, t.Card, op.Amount)
	if f, ok := errors.AsType[*wire.Failure](err); ok && f.Code == wire.CodeCard && t.Kept { // the card is not bound any more
		t.Card, t.Kept = card{}, false
		return d.chooseCard(ctx, op, s, t)
	}
	if err != nil {
		return provider.Reply{}, err
	}
	var items []pay.Choice
	var known []string
	t.Banks = nil
	for _, g := range list {
		limit := d.say(op.Language, "lombard.gateway.limit", map[string]any{"Limit": text.Money(g.Limit, op.Currency)})
		known = append(known, g.Bank+": "+limit)
		if g.Limit >= op.Amount {
			t.Banks = append(t.Banks, g)
			items = append(items, pay.Choice{ID: g.ID, Text: g.Bank, Detail: limit})
		}
	}
	switch len(items) {
	case 0:
		return d.refusal(op, text.Refuse(pay.ErrLimit, "lombard.gateway.none", map[string]any{"Amount": text.Money(op.Amount, op.Currency),
			"Gateways": strings.Join(known, "; ")}, nil)), nil
	case 1:
		t.Gateway, t.Banks = t.Banks[0], nil
		return d.step(ctx, op, s, t)
	}
	words := "lombard.gateway.text"
	if t.Added {
		words = "lombard.gateway.added"
	}
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptGateway, Kind: pay.EvChoice, Items: items, Required: true, Timeout: chooseTime,
		Title: d.say(op.Language, "lombard.gateway.title", nil), Text: d.say(op.Language, words, map[string]any{"Card": payout.Grouped(t.Card.Mask)})}}, nil
}

// draft looks at the gateway's limit once more, and has the service make the draft with its application.
func (d *Driver) draft(ctx context.Context, op provider.Operation, s session, t *ticket) (provider.Reply, error) {
	list, err := d.gateways(ctx, s, t.Card, op.Amount)
	if err != nil {
		return provider.Reply{}, err
	}
	if !slices.ContainsFunc(list, func(g gateway) bool { return g.ID == t.Gateway.ID && g.Limit >= op.Amount }) {
		t.Gateway = gateway{}
		return d.chooseGateway(ctx, op, s, t)
	}
	made, err := d.pay(ctx, s, op, *t, false)
	if err != nil {
		return provider.Reply{}, err
	}
	if made.Status != wire.Draft { // the service says more of it than a draft can be
		return d.verdict(op, *t, made)
	}
	t.Transaction, t.Document = made.ID, made.DocumentID
	return provider.Reply{Verdict: provider.Ready}, nil
}

// statement has the application printed and signed.
func (d *Driver) statement(ctx context.Context, op provider.Operation, s session, t *ticket) (provider.Reply, error) {
	var prompt *provider.Prompt
	var err error
	if d.settings.Statement == statementOwn {
		prompt, t.Statement, err = d.desk.AskStatement(op, d.page(*t))
	} else {
		var page []byte
		if page, err = d.download(ctx, s, t.Document); err != nil {
			return provider.Reply{}, err
		}
		prompt, err = d.desk.AskPage(op, page)
	}
	if err != nil {
		d.log.Error("the statement cannot be made", "ref", op.Ref, "error", err)
		return d.refusal(op, text.Refuse(pay.ErrInternal, "lombard.statement", nil, err)), nil
	}
	return provider.Reply{Verdict: provider.Ask, Prompt: prompt}, nil
}

func (d *Driver) page(t ticket) payout.Page {
	return payout.Page{Card: t.Card.Mask, Gateway: t.Gateway.Bank}
}
