// Package bank speaks the protocols of the banks that take payments of the Faster Payments System: Raiffeisenbank, Gazprombank and Russian Standard.
//
// Each bank's wire format is one file. What no public document says is this project's own there, and the file says so (contracts 1, 3.2 to 3.4).
// A bank's word about a payment is a [Word]; anything that cannot be read, names another code or another sum, is an error, and so no word.
package bank

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
)

// Mode is how the customer gets the code.
type Mode string

// The modes.
const (
	Dynamic Mode = "dynamic" // a code of its own for each sale
	Cash    Mode = "link"    // the till's cash link, printed once, is charged with each sale
)

// Bank is one bank's protocol. Its methods make one exchange or a few, never repeat one, and may be called by several goroutines.
type Bank interface {
	// Register makes a dynamic code, one of its own at each call. Nobody can pay it until it is shown.
	Register(ctx context.Context, s Sale) (Ticket, Code, error)
	// Activate charges the till's cash link with a sale. From the request on, a customer can pay.
	Activate(ctx context.Context, s Sale) (Ticket, error)
	// Status asks about a payment. That it is unpaid for good is told only where the code or the activation is dead.
	Status(ctx context.Context, t Ticket) (Word, error)
	// Annul ends an unpaid code or activation. nil means that the bank said so; only Status tells whether it was paid before.
	Annul(ctx context.Context, t Ticket) error
	// Refund gives money back, under the key of r. After a lost answer it may be repeated: each bank takes one key for one refund.
	Refund(ctx context.Context, r Return) (Word, error)
	// RefundStatus asks about a refund.
	RefundStatus(ctx context.Context, r Return) (Word, error)
	// Probe asks something that moves no money, and says the server's time.
	Probe(ctx context.Context) (*exchange.Answer, error)
}

// Optional abilities.
type (
	// Looker is a bank whose requests about a cash link name the link and not the activation: it must be looked at first.
	Looker interface {
		Look(ctx context.Context, link string) (Charge, error)
	}
	// Drafter is a bank where a refund is a draft first, with an id that the bank gives. Refund then wants Return.Draft.
	Drafter interface {
		Draft(ctx context.Context, r Return) (id string, err error)
	}
)

// Sale is what a code is made for.
type Sale struct {
	Key     pay.Key
	Amount  pay.Amount
	Try     string // makes the sale's id one of its own at each try, at most seven letters or digits; empty for a cash link
	Purpose string
	Link    string        // qrcId of the cash link
	TTL     time.Duration // how long it may be paid
	Now     time.Time     // by the bank's clock as far as it is known
}

// id is what the sale is called at the bank: at most 40 characters of [0-9a-z-].
func (s Sale) id() string {
	if s.Try == "" {
		return s.Key.String()
	}
	return s.Key.String() + "-" + s.Try
}

// Code is a dynamic code.
type Code struct {
	Payload string
	Until   time.Time // by the bank's clock; zero: it did not say
}

// Ticket is what finds a payment at its bank again. It is journaled, and holds no secret.
type Ticket struct {
	Bank      string     `json:"bank"`
	Mode      Mode       `json:"mode,omitempty"`
	Order     string     `json:"order,omitempty"`     // our name of it
	QR        string     `json:"qr,omitempty"`        // the bank's name of the code: qrId, qrcId; of a cash link: the link's
	Params    string     `json:"params,omitempty"`    // paramsId: the bank's name of a cash link's activation
	Operation string     `json:"operation,omitempty"` // operationId
	Trx       string     `json:"trx,omitempty"`       // of a paid one: what a refund names
	Amount    pay.Amount `json:"amount,omitempty"`    // what the code or activation was made for
	Since     time.Time  `json:"since,omitzero"`
	Until     time.Time  `json:"until,omitzero"` // by our clock
	Annulled  bool       `json:"annulled,omitempty"`
	Draft     string     `json:"draft,omitempty"` // of a refund: the bank's name of its draft
	// Unseen says of a draft that the bank was not asked about it yet. Nothing confirms it before that.
	Unseen bool `json:"unseen,omitempty"`
	// Seen is after how many tries of the refund the bank said that the draft is open: the next ones confirmed it, or may have.
	Seen int `json:"seen,omitempty"`
}

// Charge is what lies on a cash link now.
type Charge struct {
	Live    bool // a customer could pay it
	Params  string
	Order   string // ours, where the bank tells it
	Purpose string
	Amount  pay.Amount
}

// Is says whether the charge is the one that a ticket stands for: by our own name of it and the sum, and where the bank does not tell our name by its
// own. Our name goes before the bank's, for that came with an answer, and answers have been wrong.
func (c Charge) Is(t Ticket) bool {
	switch {
	case c.Params == "" || t.Order == "":
		return false
	case c.Order != "":
		return c.Order == t.Order && c.Amount == t.Amount
	case c.Purpose != "":
		return strings.Contains(c.Purpose, t.Order) && c.Amount == t.Amount
	}
	return c.Params == t.Params
}

// Return is a refund.
type Return struct {
	Key     pay.Key
	Amount  pay.Amount
	Payment Ticket
	Paid    pay.Amount // what the payment took
	Purpose string
	Draft   string
}

// State is what a bank says of a payment or refund.
type State int

// The states. The zero value is no word.
const (
	Unknown  State = iota
	Fresh          // nobody has begun to pay; of a refund: a draft
	Paying         // being worked on
	Paid           // of a refund: done
	Refused        // the payer's bank, or the refund, was refused
	Expired        // the code died unpaid
	Annulled       // it was taken back unpaid
	Closed         // it is dead and unpaid, and the bank does not say why
	Missing        // the bank does not know it (now)
)

// Word is a bank's word about a payment or refund.
type Word struct {
	State  State
	Amount pay.Amount // of Paid
	Trx    string     // the operation in the system, for the slip and for refunds
	Payer  string
	Code   string // the bank's own word
	Text   string
	// Params and Operation are the bank's names of it, where the bank told them: an earlier answer may have been lost, or wrong about them.
	Params, Operation string
}

// Refusal is the bank's own no to one request. What it proves depends on the request.
type Refusal struct {
	Code    string
	Message string
	Status  int
	cause   error
}

// Error implements error. The bank's message is not in it: it may repeat what was sent.
func (r *Refusal) Error() string {
	if r.cause != nil {
		return r.cause.Error() + ": the bank's code is " + wire.Clean(r.Code, 60)
	}
	return "the bank's code is " + wire.Clean(r.Code, 60)
}

// Unwrap gives the failed exchange, where there was one.
func (r *Refusal) Unwrap() error { return r.cause }

// refused finds a refusal with one of some codes; none given: with any.
func refused(err error, codes ...string) bool {
	r, ok := errors.AsType[*Refusal](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if r.Code == c {
			return true
		}
	}
	return len(codes) == 0
}

// NotFound says whether the bank refused because it does not know what a request was about. That proves nothing about money (contract 0).
func (r *Refusal) NotFound() bool {
	switch r.Code {
	case "ERROR.NOT_FOUND", "ERROR.REFUND_NOT_FOUND", "ORDER_NOT_FOUND", "NOT_FOUND", "002":
		return true
	}
	return r.Status == http.StatusNotFound
}

// elsewhere is the error of an answer that is about something else.
func elsewhere(what, got, want string) error {
	return fmt.Errorf("the answer is about the %s %.60q, asked was %.60q", what, got, want)
}
