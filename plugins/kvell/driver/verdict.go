package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// result is what a payout leaves besides: pay.PayoutResult, and what only this service says.
type result struct {
	pay.PayoutResult
	Order string `json:"order_id,omitempty"`
	Card  string `json:"card,omitempty"` // masked
}

// verdict is what an answer with an order says about a payout. Only an order of this transaction, with a sum, ends it.
func (d *Driver) verdict(op provider.Operation, t ticket, answer *exchange.Answer) (provider.Reply, error) {
	o, err := wire.ReadOrder(answer.Body)
	if err != nil {
		return provider.Reply{}, err
	}
	if o.Transaction != "" && !strings.EqualFold(o.Transaction, op.Key.UUID()) {
		return provider.Reply{}, errors.New("the answer is about another transaction")
	}
	switch o.State() {
	case wire.Completed, wire.Canceled:
		return d.ended(op, t, o)
	case wire.WantsCode:
		return d.askCode(op, t, o), nil
	case wire.Working:
		return provider.Reply{Verdict: provider.Waiting, State: t.state(), Status: d.say(op.Language, "kvell.working", nil)}, nil
	}
	return provider.Reply{}, fmt.Errorf("the status %q is not one that is known", o.Status)
}

// ended takes the service's last word.
func (d *Driver) ended(op provider.Operation, t ticket, o wire.Order) (provider.Reply, error) {
	if o.Transaction == "" || o.Amount == nil {
		return provider.Reply{}, errors.New("the answer ends an order without naming transaction and amount")
	}
	amount := pay.Amount(*o.Amount)
	status := strings.ToUpper(o.Status)
	if o.State() == wire.Canceled {
		if amount != op.Amount {
			return provider.Reply{}, errors.New("the answer cancels an order of another amount")
		}
		d.typed.forget(op.Key)
		return provider.Reply{Verdict: provider.Declined, Code: status, Payer: t.Card, RRN: o.ID, System: ID, State: t.state(),
			Text: d.say(op.Language, "kvell.canceled.cause", nil), Hint: d.say(op.Language, "kvell.canceled.hint", nil)}, nil
	}
	r := result{PayoutResult: pay.PayoutResult{Status: status, Tender: pay.TenderCashless}, Order: o.ID, Card: t.Card}
	if o.Commission != nil {
		r.Fee = pay.Amount(*o.Commission)
	}
	document, err := json.Marshal(r)
	if err != nil {
		return provider.Reply{}, err
	}
	if amount == op.Amount { // of another amount nothing is known yet, see the engine
		d.typed.forget(op.Key)
	}
	return provider.Reply{Verdict: provider.Approved, Amount: amount, Currency: pay.RUB, Code: status, Payer: t.Card, RRN: o.ID, System: ID, State: t.state(),
		Result: document}, nil
}

// askCode asks for the code that the client got by SMS.
func (d *Driver) askCode(op provider.Operation, t ticket, o wire.Order) provider.Reply {
	words, left := "kvell.code.text", 0
	if t.Wrong > 0 {
		words = "kvell.code.again"
	}
	if o.Tries != nil {
		left = max(*o.Tries, 0)
	}
	return provider.Reply{Verdict: provider.Ask, State: t.state(), Prompt: &provider.Prompt{ID: promptCode, Kind: pay.EvInput, Input: "otp", Min: 3, Max: 12,
		Secret: true, Required: true, AttemptsLeft: left, Timeout: codeTime, Title: d.say(op.Language, "kvell.code.title", nil), Text: d.say(op.Language, words, nil)}}
}
