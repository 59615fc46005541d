package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/wire"
)

// wireRecord is a payout on the wire.
type wireRecord struct {
	ID         wire.Text    `json:"transaction_id"`
	ExternalID wire.Text    `json:"external_id"`
	Status     *json.Number `json:"status"`
	Time       time.Time    `json:"time"`
	Amount     sum          `json:"amount"`
	Type       wire.Text    `json:"type"`
	Client     wire.Text    `json:"client"`
	Purpose    wire.Text    `json:"purpose"`
	Card       wire.Text    `json:"card"`
	Bank       wire.Text    `json:"bank"`
	Network    wire.Text    `json:"network"`
	Branch     wire.Text    `json:"branch"`
	DocumentID wire.Text    `json:"document_id"`
}

func (w wireRecord) record() (Record, error) {
	r := Record{Time: w.Time, Amount: w.Amount.amount, Type: wire.Clean(string(w.Type), 40), Client: wire.Clean(string(w.Client), 120), Purpose: wire.Clean(string(w.Purpose), 200),
		Card: mask(w.Card), Bank: wire.Clean(string(w.Bank), 60), Network: wire.Clean(string(w.Network), 60), Branch: wire.Clean(string(w.Branch), 60)}
	if w.Status == nil {
		return Record{}, errors.New("the answer names no status")
	}
	status, err := strconv.Atoi(w.Status.String())
	if err != nil {
		return Record{}, errors.New("the answer's status is no number")
	}
	r.Status = Status(status)
	var wrong [3]error
	r.ID, wrong[0] = wire.ID(w.ID)
	r.ExternalID, wrong[1] = orNone(w.ExternalID)
	r.DocumentID, wrong[2] = orNone(w.DocumentID)
	return r, errors.Join(wrong[:]...)
}

// ReadPaid reads the answer to Pay.
func ReadPaid(body []byte) (Record, error) {
	var w wireRecord
	if err := object(body, &w); err != nil {
		return Record{}, err
	}
	return w.record()
}

// ReadJournal reads the answer to List of operations. One that does not say which time it covers covers none.
func ReadJournal(body []byte) (Journal, error) {
	var in struct {
		From    time.Time     `json:"from"`
		To      time.Time     `json:"to"`
		Records *[]wireRecord `json:"transactions"`
	}
	if err := object(body, &in); err != nil {
		return Journal{}, err
	}
	if in.Records == nil || len(*in.Records) > mostRows {
		return Journal{}, errors.New("the answer has no list, or too long a one")
	}
	records, err := each(*in.Records, nil, wireRecord.record)
	return Journal{From: in.From, To: in.To, Records: records}, err
}

// ReadDocuments reads the answer to List of documents.
func ReadDocuments(body []byte) ([]Document, error) {
	type row struct {
		ID         wire.Text `json:"document_id"`
		ExternalID wire.Text `json:"external_id"`
		Name       wire.Text `json:"name"`
		Time       time.Time `json:"time"`
		Status     wire.Text `json:"status"`
	}
	rows, err := list[row](body)
	return each(rows, err, func(r row) (Document, error) {
		d := Document{Name: wire.Clean(string(r.Name), 120), Time: r.Time, Ready: strings.EqualFold(string(r.Status), DocumentReady)}
		var wrong [2]error
		d.ID, wrong[0] = wire.ID(r.ID)
		d.ExternalID, wrong[1] = orNone(r.ExternalID)
		return d, errors.Join(wrong[:]...)
	})
}

// DocumentReady is the status of a document that can be downloaded [S000].
const DocumentReady = "ready"

// ErrNotReady says that a document is not made yet.
var ErrNotReady = errors.New("the document is not ready")

// ReadDocument reads the answer to Download: the document itself, or the service's word why it is none.
func ReadDocument(body []byte) ([]byte, error) {
	if bytes.HasPrefix(body, []byte("%PDF-")) {
		return body, nil
	}
	if _, err := envelope(body); err != nil {
		return nil, err
	}
	return nil, ErrNotReady
}

// sum is an amount of the journal: whole kopecks as a number, or rubles as a text with two decimals.
type sum struct{ amount *pay.Amount }

// UnmarshalJSON implements json.Unmarshaler.
func (s *sum) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return nil
	}
	digits := string(raw)
	if raw[0] == '"' {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return errors.New("a sum of the answer cannot be read")
		}
		whole, cents, ok := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
		if !ok || len(cents) != 2 || !grouped(whole) {
			return errors.New("a sum of the answer is not rubles with two decimals")
		}
		digits = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "").Replace(whole) + cents
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || strings.ContainsAny(digits, "+-") {
		return errors.New("a sum of the answer is none")
	}
	amount := pay.Amount(n)
	s.amount = &amount
	return nil
}

// grouped holds the rubles of a sum: digits, in groups of three where blanks stand between.
func grouped(whole string) bool {
	parts := strings.FieldsFunc(whole, func(r rune) bool { return r == ' ' || r == '\u00a0' || r == '\u202f' })
	if len(parts) == 0 || len(parts) == 1 && parts[0] != whole {
		return false
	}
	for i, p := range parts {
		if i > 0 && len(p) != 3 || len(parts) > 1 && i == 0 && len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return true
}
