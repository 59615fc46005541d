package driver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/statement"
)

// mostDocument is the size of the largest document, in bytes.
const mostDocument = 16 << 20

// errSession says that nobody is signed in: the service does not know the session any more, and it is forgotten here.
var errSession = errors.New("nobody is signed in")

// card is one of a client's, as the engine keeps it.
type card struct {
	ID   string `json:"id"`
	Mask string `json:"mask"` // 411111******1111
}

func (c card) known() bool { return c.ID != "" }

func cardOf(c wire.Card) card { return card{ID: c.ID, Mask: strings.ReplaceAll(c.Mask, " ", "")} }

// gateway is a bank through which a payout may go, as the engine keeps it.
type gateway struct {
	ID    string     `json:"id"`
	Bank  string     `json:"bank"`
	Limit pay.Amount `json:"limit"`
}

// ask makes a request that moves no money, and gives the answer's body.
func (d *Driver) ask(ctx context.Context, path string, in any) ([]byte, error) {
	if d.client == nil {
		return nil, d.problem
	}
	return bodyOf(d.client.Query(ctx, http.MethodPost, path, in, nil))
}

// bodyOf is the body of an answer in which the service itself may have spoken: one of its errors may come with a status that says so too.
func bodyOf(answer *exchange.Answer, err error) ([]byte, error) {
	if err == nil {
		return answer.Body, nil
	}
	e, ok := errors.AsType[*exchange.Error](err)
	if !ok || answer == nil || e.Kind != exchange.Status || answer.Status >= http.StatusInternalServerError {
		return nil, err
	}
	if failure(answer.Body) == nil {
		return nil, err
	}
	return answer.Body, nil
}

// failure is the service's own error in a body; nil: there is none.
func failure(body []byte) *wire.Failure {
	_, err := wire.ReadOpened(body)
	f, _ := errors.AsType[*wire.Failure](err)
	return f
}

// explain is the service's own error, for the request log, as its users' program has it [S000].
func explain(answer *exchange.Answer) string {
	if f := failure(answer.Body); f != nil {
		return fmt.Sprintf("%d %s", f.Code, f.Message)
	}
	return ""
}

// within reads an answer to a request under a session. Where that is over it is forgotten, and errSession says so.
func within[T any](d *Driver, s session, body []byte, err error, read func([]byte) (T, error)) (T, error) {
	var out T
	if err == nil {
		out, err = read(body)
	}
	if f, ok := errors.AsType[*wire.Failure](err); ok && f.Over() {
		d.over(s)
		return out, errSession
	}
	return out, err
}

// anonymous opens a session that nobody has entered yet.
func (d *Driver) anonymous(ctx context.Context) (string, error) {
	key, err := d.secrets.Get(keyNetwork)
	if err != nil {
		return "", err
	}
	body, err := d.ask(ctx, wire.PathStart, wire.Start{NetworkKey: strings.TrimSpace(string(key.Reveal())), NetworkID: d.settings.NetworkID, BranchID: d.settings.BranchID})
	if err != nil {
		return "", err
	}
	opened, err := wire.ReadOpened(body)
	if err == nil {
		d.parts.Hide(true, opened.Session)
	}
	return opened.Session, err
}

// login enters a session; asks: the service sent a code by SMS, and wants it.
func (d *Driver) login(ctx context.Context, l dialog, code string) (s session, asks bool, err error) {
	body, err := d.ask(ctx, wire.PathLogin, wire.Login{Session: l.token, Phone: l.phone, Password: l.password, Code: code})
	if err != nil {
		return session{}, false, err
	}
	e, err := wire.ReadEntered(body)
	return session{Token: e.Session, Account: e.Account, Until: e.Until, Everything: e.All}, e.NeedSMS, err
}

// clientOf is what the service is told of a client.
func clientOf(c statement.Client) wire.Client { return wire.Client{Name: c.Name, Passport: c.Passport} }

// cards are a client's.
func (d *Driver) cards(ctx context.Context, s session, c statement.Client) ([]card, error) {
	body, err := d.ask(ctx, wire.PathCards, wire.Cards{Session: s.Token, Client: clientOf(c)})
	list, err := within(d, s, body, err, wire.ReadCards)
	if err != nil {
		return nil, err
	}
	cards := make([]card, 0, len(list))
	for _, one := range list {
		cards = append(cards, cardOf(one))
	}
	return cards, nil
}

// addCard binds a card to a client.
func (d *Driver) addCard(ctx context.Context, s session, number payout.Card, name string, c statement.Client) (card, error) {
	body, err := d.ask(ctx, wire.PathAddCard, wire.AddCard{Session: s.Token, Pan: number.Number(), Name: name, Client: clientOf(c)})
	added, err := within(d, s, body, err, wire.ReadCard)
	return cardOf(added), err
}

// gateways are the banks through which an amount may go to a card, with their limits.
func (d *Driver) gateways(ctx context.Context, s session, c card, amount pay.Amount) ([]gateway, error) {
	body, err := d.ask(ctx, wire.PathProviders, wire.Providers{Session: s.Token, CardID: c.ID, Amount: int64(amount)})
	list, err := within(d, s, body, err, wire.ReadGateways)
	if err != nil {
		return nil, err
	}
	gateways := make([]gateway, 0, len(list))
	for _, g := range list {
		gateways = append(gateways, gateway(g))
	}
	return gateways, nil
}

// pay makes the draft of a payout, or confirms it: both name all that it is, under the same key.
func (d *Driver) pay(ctx context.Context, s session, op provider.Operation, t ticket, confirm bool) (wire.Record, error) {
	r, err := payout.ReadRequest(op.Params)
	if err != nil {
		return wire.Record{}, err
	}
	if d.client == nil {
		return wire.Record{}, d.problem
	}
	body, err := bodyOf(d.client.Money(ctx, exchange.Key(op.Key), http.MethodPost, wire.PathPay, wire.Pay{Session: s.Token, ExternalID: op.Key.UUID(), CardID: t.Card.ID,
		ProviderID: t.Gateway.ID, Amount: int64(op.Amount), Purpose: d.say(op.Language, "payout.purpose", map[string]any{"Contract": r.Contract}),
		Client: clientOf(r.Client), Confirm: confirm}, nil))
	return within(d, s, body, err, wire.ReadPaid)
}

// records are the service's operations of a time, or the one under an external id, and the time that the list covers under the session's rights.
func (d *Driver) records(ctx context.Context, s session, from, to time.Time, external string) (wire.Journal, error) {
	body, err := d.ask(ctx, wire.PathList, wire.List{Session: s.Token, From: from, To: to, ExternalID: external})
	return within(d, s, body, err, wire.ReadJournal)
}

// documents are the service's of a time.
func (d *Driver) documents(ctx context.Context, s session, from, to time.Time) ([]wire.Document, error) {
	body, err := d.ask(ctx, wire.PathDocuments, wire.List{Session: s.Token, From: from, To: to})
	return within(d, s, body, err, wire.ReadDocuments)
}

// download is a document of the service.
func (d *Driver) download(ctx context.Context, s session, id string) ([]byte, error) {
	for look := 1; ; look++ {
		body, err := d.ask(ctx, wire.PathDownload, wire.Download{Session: s.Token, ID: id})
		page, err := within(d, s, body, err, wire.ReadDocument)
		if !errors.Is(err, wire.ErrNotReady) || look == mostLooks {
			return page, err
		}
		select {
		case <-time.After(betweenLooks):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// The service makes a document a moment after the draft: how often, and how long apart, it is looked for in one call.
const (
	mostLooks    = 20
	betweenLooks = 300 * time.Millisecond
)
