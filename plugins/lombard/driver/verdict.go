package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// result is what a payout leaves besides: pay.PayoutResult, and what only this service says.
type result struct {
	pay.PayoutResult
	Transaction string `json:"transaction_id,omitempty"`
	Document    string `json:"document_id,omitempty"`
	Gateway     string `json:"gateway,omitempty"`
	Card        string `json:"card,omitempty"` // masked
}

// verdict is what the service's record says about a payout. Only a record under its key, with its sum, ends it.
func (d *Driver) verdict(op provider.Operation, t ticket, r wire.Record) (provider.Reply, error) {
	if r.ExternalID != "" && !strings.EqualFold(r.ExternalID, op.Key.UUID()) {
		return provider.Reply{}, errors.New("the answer is about another document")
	}
	if r.ExternalID == "" && r.ID != t.Transaction { // under the key the service has one record, whatever number the draft's answer gave
		return provider.Reply{}, errors.New("the answer is about another transaction")
	}
	switch r.Status {
	case wire.Draft:
		return provider.Reply{Verdict: provider.NotDone}, nil
	case wire.Working:
		return provider.Reply{Verdict: provider.Waiting, Status: d.say(op.Language, "lombard.working", nil)}, nil
	case wire.Success, wire.Refused:
		return d.ended(op, t, r)
	}
	return provider.Reply{}, fmt.Errorf("the status %d is not one that is known", r.Status)
}

// ended takes the service's last word. An answer that names no sum or no document is none: the list has both.
func (d *Driver) ended(op provider.Operation, t ticket, r wire.Record) (provider.Reply, error) {
	if r.ExternalID == "" || r.Amount == nil {
		return provider.Reply{Verdict: provider.Waiting, Status: d.say(op.Language, "lombard.working", nil)}, nil
	}
	status := strconv.Itoa(int(r.Status))
	if r.ID != "" {
		t.Transaction = r.ID
	}
	if r.Status == wire.Refused {
		if *r.Amount != op.Amount {
			return provider.Reply{}, errors.New("the answer refuses a payout of another amount")
		}
		reply := t.with(provider.Reply{Verdict: provider.Declined, Code: status, RRN: t.Transaction, Text: d.say(op.Language, "lombard.declined.cause", nil),
			Hint: d.say(op.Language, "lombard.declined.hint", nil)})
		return reply, nil
	}
	document, err := json.Marshal(result{PayoutResult: pay.PayoutResult{Status: status, Tender: pay.TenderCashless}, Transaction: t.Transaction,
		Document: t.Document, Gateway: t.Gateway.Bank, Card: t.Card.Mask})
	if err != nil {
		return provider.Reply{}, err
	}
	return t.with(provider.Reply{Verdict: provider.Approved, Amount: *r.Amount, Currency: pay.RUB, Code: status, RRN: t.Transaction, Result: document,
		Hint: d.say(op.Language, "lombard.cashless", nil)}), nil
}
