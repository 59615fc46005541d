package wire

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/wire"
)

// Servers [P]: S001's "test terminal" is the second.
const (
	Production = "https://api.pay.kvell.group"
	Stage      = "https://api.pay.stage.kvell.group"
)

// Paths beneath the server's address [P].
const (
	PathPayout  = "v1/orders/account2card"
	PathConfirm = "v1/orders/account2card/confirm"
	PathOrders  = "v1/orders/"
	PathBanks   = "v1/collections/banks"
	certificate = "/operation-certificate/pdf"
)

// PathOrder is where an order is asked after.
func PathOrder(transaction string) string { return PathOrders + transaction }

// PathCertificate is where the certificate of an order is.
func PathCertificate(transaction string) string { return PathOrders + transaction + certificate }

// Payout is the body of a payout (contract 2.2). Amount is in kopecks.
type Payout struct {
	Amount      int64  `json:"amount"`
	Card        string `json:"recipient_pan"`
	Transaction string `json:"transaction"`
	Description string `json:"description"`
	Customer    string `json:"customer,omitempty"`
}

// Confirm is the body by which a one-time code is given.
type Confirm struct {
	Transaction string `json:"transaction"`
	OTP         string `json:"otp"`
}

// State is what an order's status means.
type State int

// The states. A status that is not known is none.
const (
	NoState   State = iota
	Working         // new, processing
	WantsCode       // wait_confirm, pending_otp
	Completed       // the money is on the card
	Canceled        // it is not, and never will be under this transaction
)

// StateOf reads a status in any letter case [S001: completed and COMPLETED stand in one log].
func StateOf(status string) State {
	switch strings.ToLower(strings.TrimSpace(status)) {
	case "new", "processing":
		return Working
	case "wait_confirm", "pending_otp":
		return WantsCode
	case "completed":
		return Completed
	case "canceled", "cancelled":
		return Canceled
	}
	return NoState
}

// Order is what an answer says of an order. What it does not name is nil or empty.
type Order struct {
	ID          string
	Status      string
	Transaction string
	Amount      *int64 // kopecks
	Commission  *int64
	Tries       *int // one-time codes that may still be tried [D]
}

// State is what the order's status means.
func (o Order) State() State { return StateOf(o.Status) }

// wireOrder is one shape of an order on the wire.
type wireOrder struct {
	ID          wire.Text    `json:"id"`
	Status      wire.Text    `json:"status"`
	Transaction wire.Text    `json:"transaction"`
	Amount      wire.Kopecks `json:"amount"`
	Commission  wire.Kopecks `json:"commission"`
	Tries       *int         `json:"otp_attempts_left"`
}

// ErrContradiction says that an answer has an order in both shapes, and that they differ.
var ErrContradiction = errors.New("the answer says one thing outside of its order and another inside")

// ReadOrder reads an answer: flat, within "order", or both if they agree. Its errors repeat nothing of the answer.
func ReadOrder(body []byte) (Order, error) {
	var answer struct {
		wireOrder
		Order *wireOrder `json:"order"`
	}
	if err := wire.Decode(body, &answer); err != nil {
		return Order{}, err
	}
	order := answer.wireOrder.order()
	if answer.Order != nil {
		var err error
		if order, err = both(order, answer.Order.order()); err != nil {
			return Order{}, err
		}
	}
	if order.Status == "" {
		return Order{}, errors.New("the answer names no status")
	}
	return order, nil
}

func (w wireOrder) order() Order {
	o := Order{ID: wire.Clean(string(w.ID), 64), Status: wire.Clean(string(w.Status), 40), Transaction: string(w.Transaction), Amount: named(w.Amount),
		Commission: named(w.Commission), Tries: w.Tries}
	return o
}

func named(k wire.Kopecks) *int64 {
	if !k.Named {
		return nil
	}
	n := int64(k.Amount)
	return &n
}

// both joins what the two shapes say. What one of them leaves out the other may say.
func both(a, b Order) (Order, error) {
	out := a
	for _, pair := range []struct {
		to    *string
		other string
	}{{&out.Status, b.Status}, {&out.ID, b.ID}, {&out.Transaction, b.Transaction}} {
		switch {
		case *pair.to == "":
			*pair.to = pair.other
		case pair.other != "" && !strings.EqualFold(*pair.to, pair.other):
			return Order{}, ErrContradiction
		}
	}
	for _, pair := range []struct {
		to    **int64
		other *int64
	}{{&out.Amount, b.Amount}, {&out.Commission, b.Commission}} {
		switch {
		case *pair.to == nil:
			*pair.to = pair.other
		case pair.other != nil && **pair.to != *pair.other:
			return Order{}, ErrContradiction
		}
	}
	if out.Tries == nil {
		out.Tries = b.Tries
	}
	return out, nil
}

// Code is an error code of the service [P].
type Code int

// The codes.
const (
	CodeUnknown     Code = 20000
	CodeAPIKey      Code = 20001
	CodeSignature   Code = 20002
	CodeProfile     Code = 20003
	CodeSession     Code = 20004
	CodeProvider    Code = 20005
	CodeStore       Code = 20006
	CodeDuplicate   Code = 20007 // the transaction was made before
	CodeUnprocessed Code = 20008
	CodeNotFound    Code = 20009
	CodeLimit       Code = 20019
	CodeValidation  Code = 20098
	CodeBadJSON     Code = 20099
)

// Refuses says whether the code is the service's word that it took no order: it did not know who asks, or could not read what for. The other codes may
// be said of an order that is under way.
func (c Code) Refuses() bool {
	switch c {
	case CodeAPIKey, CodeSignature, CodeProfile, CodeStore, CodeLimit, CodeValidation, CodeBadJSON:
		return true
	}
	return false
}

// Failure is one error of an answer.
type Failure struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Failures is the body of a refusal.
type Failures struct {
	Errors []Failure `json:"errors"`
}

// mostFailures bounds how many errors of an answer are read.
const mostFailures = 16

// ReadFailures reads the body of a refusal; nil: it is none.
func ReadFailures(body []byte) []Failure {
	var f struct {
		Errors []struct {
			Code    json.RawMessage `json:"code"`
			Message string          `json:"message"`
		} `json:"errors"`
	}
	if wire.Decode(body, &f) != nil || len(f.Errors) > mostFailures {
		return nil
	}
	var list []Failure
	for _, e := range f.Errors {
		code, err := strconv.Atoi(strings.Trim(string(e.Code), `"`))
		if err != nil {
			return nil
		}
		list = append(list, Failure{Code: Code(code), Message: wire.Clean(e.Message, 200)})
	}
	return list
}

// Certificate is the answer with the address of a certificate.
type Certificate struct {
	URL string `json:"file_url"`
}

// ReadCertificate reads the address of a certificate.
func ReadCertificate(body []byte) (Certificate, error) {
	var c Certificate
	err := wire.Decode(body, &c)
	if err == nil && (c.URL == "" || len(c.URL) > 4096) {
		err = errors.New("the answer names no file")
	}
	return c, err
}

// Created is how a moment is written: UTC with microseconds [P].
func Created(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
