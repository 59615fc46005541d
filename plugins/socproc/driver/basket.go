package driver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/socproc/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// The prompts.
const (
	promptCard    = "card"
	promptConfirm = "write_off"
	cardTime      = 3 * time.Minute
)

// ticket is what the engine keeps of a basket.
type ticket struct {
	Shop        string     `json:"shop"` // where it was reserved, see Driver.shop
	Reservation string     `json:"reservation"`
	Sum         pay.Amount `json:"sum"` // that was reserved, and the cashier saw
}

// stateVersion is that of the tickets that the engine keeps.
const stateVersion = 1

func (t ticket) state() *provider.State {
	data, err := json.Marshal(t)
	if err != nil {
		panic(err) // strings and a number always marshal
	}
	return &provider.State{Version: stateVersion, Data: data}
}

// shop names service and shop without telling either. What was reserved in one shop is never confirmed or cancelled in the name of another.
func (d *Driver) shop() string {
	s := d.settings
	sum := sha256.Sum256([]byte(strings.Join([]string{strings.TrimRight(s.URL, "/"), s.EnterpriseID, s.MerchantID}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// reserved is the ticket of a basket of this shop.
func (d *Driver) reserved(op provider.Operation) (ticket, error) {
	var t ticket
	switch {
	case d.client == nil:
		return t, errors.Join(errors.New("the address of the service is not set"), d.problem)
	case op.State.Version != stateVersion || json.Unmarshal(op.State.Data, &t) != nil || t.Reservation == "" || t.Sum <= 0:
		return ticket{}, errNoTicket
	case t.Shop != d.shop():
		return ticket{}, errors.New("the basket was reserved in another shop: the settings were changed since")
	}
	return t, nil
}

// errNoTicket says that nothing was journaled of a reservation. The service may have one all the same.
var errNoTicket = errors.New("nothing is kept of the reservation")

// Check refuses what must not begin, before anything is journaled or sent.
func (d *Driver) Check(op provider.Operation) error {
	if op.Kind.Money() && op.Currency != pay.RUB {
		return text.Refuse(pay.ErrUnsupported, "socproc.currency", map[string]any{"Currency": string(op.Currency)}, nil)
	}
	switch op.Kind {
	case pay.KindBasket:
		return d.checkBasket(op)
	case pay.KindRefund:
		return d.checkRefund(op)
	}
	return nil
}

func (d *Driver) checkBasket(op provider.Operation) error {
	if err := d.Ready(); err != nil {
		return err
	}
	if _, err := pay.ParseBasket(op.Params.Items, op.Amount); err != nil {
		return err
	}
	if op.NoPrompts {
		return text.Refuse(pay.ErrNeedsPrompt, "socproc.nobody", nil, nil)
	}
	if op.Params.Card == "" {
		return nil
	}
	_, err := parseCard(op.Params.Card)
	return err
}

// Prepares implements provider.Preparer.
func (d *Driver) Prepares(kind pay.Kind) bool { return kind == pay.KindBasket }

// Prepare asks for the card where the till gave none, and reserves. It moves no money, and under one key it reserves once.
func (d *Driver) Prepare(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if err := d.Ready(); err != nil {
		return d.refusal(op, err), nil
	}
	if op.Params.Card == "" {
		return d.askCard(op, "socproc.card.text"), nil
	}
	c, err := parseCard(op.Params.Card)
	if err != nil {
		return d.refusal(op, err), nil
	}
	return d.reserve(ctx, op, c)
}

func (d *Driver) askCard(op provider.Operation, words string) provider.Reply {
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptCard, Kind: pay.EvInput, Input: "card", Min: 1, Max: 512, Secret: true,
		Required: true, Title: d.say(op.Language, "socproc.card.title", nil), Text: d.say(op.Language, words, nil), Timeout: cardTime}}
}

// Answer takes the card, or the cashier's word whether to write off what was shown.
func (d *Driver) Answer(ctx context.Context, op provider.Operation, answer provider.Answer) (provider.Reply, error) {
	switch {
	case answer.ID == promptCard:
		c, err := parseCard(answer.Value)
		if err != nil {
			return d.askCard(op, "socproc.card.again"), nil
		}
		return d.reserve(ctx, op, c)
	case answer.ID == promptConfirm && answer.Value == "1":
		return provider.Reply{Verdict: provider.Ready}, nil
	case answer.ID == promptConfirm:
		reply := d.no(op, "", "socproc.refused_by_cashier", nil)
		reply.Verdict = provider.Cancelled
		return reply, nil
	}
	return provider.Reply{}, fmt.Errorf("an answer to %.40q, which was not asked", answer.ID)
}

// reserve has the service reserve the social part of the receipt, and asks the cashier.
func (d *Driver) reserve(ctx context.Context, op provider.Operation, c card) (provider.Reply, error) {
	basket, err := pay.ParseBasket(op.Params.Items, op.Amount)
	if err != nil {
		return d.refusal(op, err), nil
	}
	if d.client == nil {
		return provider.Reply{}, d.problem
	}
	s := d.settings
	d.hide(true, c.hash, c.par) // the body of the request stands in a detailed log
	answer, err := d.client.Query(ctx, http.MethodPost, wire.PathReservations, wire.Reserve{OperationID: op.Key.UUID(), EnterpriseID: s.EnterpriseID,
		MerchantID: s.MerchantID, SPCode: s.SPCode, TerminalNo: s.TerminalNo, Card: wire.Card{PanHash: c.hash, PAR: c.par},
		Receipt: wire.Receipt{ID: receiptOf(op), Total: int64(op.Amount), Items: wire.Items(basket)}}, nil)
	if f := failure(answer, err); f != nil && f.Refuses() {
		return d.declined(op, f), nil
	}
	o, err := read(op.Key, answer, err)
	if err != nil {
		return provider.Reply{}, err
	}
	if err := o.Fits(op.Key.UUID(), basket); err != nil {
		return provider.Reply{}, err
	}
	switch {
	case o.State() != wire.Reserved:
		return d.verdict(op, ticket{}, o)
	case o.Approved == 0:
		return d.no(op, "NOTHING_SOCIAL", "socproc.nothing", nil), nil
	}
	r := d.result(o)
	document, err := json.Marshal(r)
	if err != nil {
		return provider.Reply{}, err
	}
	t := ticket{Shop: d.shop(), Reservation: o.Reservation, Sum: o.Approved}
	return provider.Reply{Verdict: provider.Ask, State: t.state(), Reserved: o.Approved, System: r.Program, Payer: c.masked, RRN: o.Reservation, Result: document,
		Prompt: d.question(op, basket, r.BasketResult, o)}, nil
}

// receiptOf names the receipt to the service: as the till does, else by the operation.
func receiptOf(op provider.Operation) string {
	if op.Params.Receipt != "" {
		return op.Params.Receipt
	}
	return string(op.Ref)
}

// result is what a basket leaves besides: pay.BasketResult, and what only this service says.
type result struct {
	pay.BasketResult
	ProgramName string `json:"program_name,omitempty"`
	Reservation string `json:"reservation_id"`
}

func (d *Driver) result(o wire.Operation) result {
	r := result{BasketResult: pay.BasketResult{Items: o.Items, Program: o.Program}, ProgramName: o.ProgramName, Reservation: o.Reservation}
	if r.Program == "" {
		r.Program = d.settings.SPCode
	}
	return r
}

// goodsShown is how many goods the question names; the others are counted.
const goodsShown = 12

// question asks whether to write off what was reserved. Its items are all positions of which a part is paid.
func (d *Driver) question(op provider.Operation, basket []pay.Item, r pay.BasketResult, o wire.Operation) *provider.Prompt {
	names := map[int]string{}
	for _, item := range basket {
		names[item.Position] = item.Name
	}
	language := op.Language
	if language == "" {
		language = d.settings.Language
	}
	var goods []string
	p := &provider.Prompt{ID: promptConfirm, Kind: pay.EvConfirm, Title: d.say(op.Language, "socproc.confirm.title", nil), Required: true,
		Timeout: d.settings.ttl()}
	for _, a := range r.Items {
		if a.Approved == 0 {
			continue
		}
		money := text.Money(a.Approved, op.Currency).In(language)
		p.Items = append(p.Items, pay.Choice{ID: strconv.Itoa(a.Position), Text: names[a.Position], Detail: money})
		if len(goods) < goodsShown {
			goods = append(goods, names[a.Position]+" "+money)
		}
	}
	list := strings.Join(goods, ", ")
	if more := len(p.Items) - len(goods); more > 0 {
		list += d.say(op.Language, "socproc.confirm.more", map[string]any{"More": more})
	}
	p.Text = d.say(op.Language, "socproc.confirm.text", map[string]any{"Sum": text.Money(o.Approved, op.Currency), "Total": text.Money(op.Amount, op.Currency),
		"Left": text.Money(op.Amount-o.Approved, op.Currency), "Social": len(p.Items), "Count": len(basket), "Goods": list})
	if left := o.Expires.Sub(d.now()); !o.Expires.IsZero() && left < p.Timeout {
		p.Timeout = max(left, time.Second)
	}
	return p
}
