package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
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
	ID          text    `json:"id"`
	Status      text    `json:"status"`
	Transaction text    `json:"transaction"`
	Amount      kopecks `json:"amount"`
	Commission  kopecks `json:"commission"`
	Tries       *int    `json:"otp_attempts_left"`
}

// ErrContradiction says that an answer has an order in both shapes, and that they differ.
var ErrContradiction = errors.New("the answer says one thing outside of its order and another inside")

// ReadOrder reads an answer: flat, within "order", or both if they agree. Its errors repeat nothing of the answer.
func ReadOrder(body []byte) (Order, error) {
	var answer struct {
		wireOrder
		Order *wireOrder `json:"order"`
	}
	if err := decode(body, &answer); err != nil {
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
	o := Order{ID: clean(string(w.ID), 64), Status: clean(string(w.Status), 40), Transaction: string(w.Transaction), Amount: w.Amount.value,
		Commission: w.Commission.value, Tries: w.Tries}
	return o
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
	if decode(body, &f) != nil || len(f.Errors) > mostFailures {
		return nil
	}
	var list []Failure
	for _, e := range f.Errors {
		code, err := strconv.Atoi(strings.Trim(string(e.Code), `"`))
		if err != nil {
			return nil
		}
		list = append(list, Failure{Code: Code(code), Message: clean(e.Message, 200)})
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
	err := decode(body, &c)
	if err == nil && (c.URL == "" || len(c.URL) > 4096) {
		err = errors.New("the answer names no file")
	}
	return c, err
}

// Created is how a moment is written: UTC with microseconds [P].
func Created(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// text is a string; a number where an id is one.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	switch {
	case string(raw) == "null":
		return nil
	case len(raw) > 0 && raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return errors.New("a text of the answer cannot be read")
		}
		*t = text(s)
		return nil
	}
	if _, err := strconv.ParseInt(string(raw), 10, 64); err != nil {
		return errors.New("a text of the answer is none")
	}
	*t = text(raw)
	return nil
}

// kopecks is a whole number of kopecks, as a number or as a string of digits.
type kopecks struct{ value *int64 }

// UnmarshalJSON implements json.Unmarshaler.
func (k *kopecks) UnmarshalJSON(raw []byte) error {
	s := string(raw)
	if s == "null" {
		return nil
	}
	n, err := strconv.ParseInt(strings.Trim(s, `"`), 10, 64)
	if err != nil || n < 0 {
		return errors.New("a sum of the answer is no whole number of kopecks")
	}
	k.value = &n
	return nil
}

// decode reads one JSON object and nothing after it.
func decode(body []byte, out any) error {
	if !utf8.Valid(body) {
		return errors.New("the answer is not UTF-8")
	}
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("the answer is no JSON object")
	}
	if twice(trimmed) {
		return ErrContradiction
	}
	dec := json.NewDecoder(bytes.NewReader(trimmed))
	if err := dec.Decode(out); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("the answer's field %.40q has the wrong type", wrong.Field)
		}
		return errors.New("the answer cannot be read")
	}
	if dec.More() {
		return errors.New("something follows the answer")
	}
	return nil
}

// twice says whether some object of a JSON text has one name twice, in whatever letter case: which of the two counts would be chance.
func twice(body []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(body))
	var open []map[string]bool // nil: an array
	name := false              // a name may come next
	for {
		token, err := dec.Token()
		if err != nil {
			return false // what cannot be read is refused elsewhere
		}
		if word, ok := token.(string); ok && name {
			folded := strings.ToLower(word)
			if open[len(open)-1][folded] {
				return true
			}
			open[len(open)-1][folded], name = true, false
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// clean makes a text of the service fit for a slip and a log: one line, printable, short.
func clean(s string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(s) {
		if n == most {
			break
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || r >= 0x2028 && r <= 0x202e {
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
