package payout

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/statement"
	"github.com/payrack/payrack/sdk/text"
)

// Request is what a till says of a payout besides amount and document.
type Request struct {
	Contract     string // its number
	ContractDate string // as the till writes it, or 22.11.2026
	Tenders      map[string]pay.Amount
	Documents    []Document
	Client       statement.Client
}

// Document is one that the payout is for: a pawn ticket.
type Document struct {
	ID   string `json:"id"`
	Made bool   `json:"made"`
}

// mostTender bounds an amount so that the sum of a request's tenders fits.
const mostTender = 1 << 40

// cash is the tender that forbids a payout to a card [seeds 000, 001].
const cash = "cash"

// ReadRequest reads the parameters contract, tenders, documents and client. What is not as the C interface names it is pay.ErrArgument. Without a
// contract its number is that of the document.
func ReadRequest(p pay.Params) (Request, error) {
	r := Request{Contract: p.Document}
	bad := func(name string) (Request, error) {
		return Request{}, text.Refuse(pay.ErrArgument, "payout.param", map[string]any{"Name": name}, nil)
	}
	if len(p.Contract) > 0 {
		var contract struct{ Number, Date string }
		if json.Unmarshal(p.Contract, &contract.Number) != nil && json.Unmarshal(p.Contract, &contract) != nil {
			return bad("contract")
		}
		if contract.Number != "" {
			r.Contract = contract.Number
		}
		r.ContractDate = contract.Date
		if at, err := time.Parse("2006-01-02", contract.Date); err == nil {
			r.ContractDate = at.Format("02.01.2006")
		}
	}
	if len(p.Tenders) > 0 && json.Unmarshal(p.Tenders, &r.Tenders) != nil {
		return bad("tenders")
	}
	for _, amount := range r.Tenders {
		if amount < 0 || amount > mostTender {
			return bad("tenders")
		}
	}
	if len(p.Documents) > 0 && json.Unmarshal(p.Documents, &r.Documents) != nil {
		return bad("documents")
	}
	if len(p.Client) > 0 && json.Unmarshal(p.Client, &r.Client) != nil {
		return bad("client")
	}
	return r, nil
}

// mayBegin holds what the seeds check before a service is called: no cash was entered, and every document is made.
func (r Request) mayBegin(op provider.Operation) error {
	if r.Tenders[cash] > 0 {
		return text.Refuse(pay.ErrState, "payout.cash", map[string]any{"Cash": text.Money(r.Tenders[cash], op.Currency)}, nil)
	}
	var sum pay.Amount
	for _, amount := range r.Tenders {
		sum += amount
	}
	if len(r.Tenders) > 0 && sum != op.Amount {
		return text.Refuse(pay.ErrArgument, "payout.tenders", map[string]any{"Sum": text.Money(sum, op.Currency), "Amount": text.Money(op.Amount, op.Currency)}, nil)
	}
	var missing []string
	for _, d := range r.Documents {
		if !d.Made {
			missing = append(missing, d.ID)
		}
	}
	if len(missing) > 0 {
		return text.Refuse(pay.ErrState, "payout.documents", map[string]any{"Documents": strings.Join(missing, ", ")}, nil)
	}
	return nil
}
