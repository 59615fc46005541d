package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/wire"
)

// Paths beneath the server's address [S000; the lists and the download of documents by the address in the seed's list].
const (
	PathStart     = "v2/account/anon_start"
	PathLogin     = "v2/account/login"
	PathList      = "v2/transaction/list"
	PathPay       = "v2/transaction/pay"
	PathCards     = "v2/card/list"
	PathAddCard   = "v2/card/add"
	PathProviders = "v2/card/available_provider"
	PathDocuments = "v2/document/list"
	PathDownload  = "v2/document/download"
)

// Start opens a session that nobody has entered yet.
type Start struct {
	NetworkKey string `json:"network_key"`
	NetworkID  int64  `json:"network_id"`
	BranchID   int64  `json:"branch_id"`
}

// Login enters a session. Code is empty until the service has asked for it.
type Login struct {
	Session  string `json:"ss"`
	Phone    string `json:"phone"`
	Password string `json:"password"`
	Code     string `json:"sms_code,omitempty"`
}

// Client is who gets the money, as far as a list of cards needs to know.
type Client struct {
	Name     string `json:"name,omitempty"`
	Passport string `json:"passport,omitempty"`
	Phone    string `json:"phone,omitempty"`
}

// Cards asks for a client's cards.
type Cards struct {
	Session string `json:"ss"`
	Client  Client `json:"client"`
}

// AddCard binds a card to a client.
type AddCard struct {
	Session string `json:"ss"`
	Pan     string `json:"pan"`
	Name    string `json:"embossed_name"`
	Client  Client `json:"client"`
}

// Providers asks through which gateways an amount may go to a card. Amount is in kopecks.
type Providers struct {
	Session string `json:"ss"`
	CardID  string `json:"card_id"`
	Amount  int64  `json:"amount"`
}

// Pay makes a draft, and with Confirm carries it out. ExternalID is the UUID under which the service knows the payout once and for all: the
// same id confirmed twice is the same record. Amount is in kopecks.
type Pay struct {
	Session    string `json:"ss"`
	ExternalID string `json:"external_id"`
	CardID     string `json:"card_id"`
	ProviderID string `json:"provider_id"`
	Amount     int64  `json:"amount"`
	Purpose    string `json:"purpose"`
	Client     Client `json:"client"`
	Confirm    bool   `json:"confirm"`
}

// List asks for the operations, or the documents, of a time. To is not included.
type List struct {
	Session    string    `json:"ss"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	ExternalID string    `json:"external_id,omitempty"`
}

// Download asks for a document.
type Download struct {
	Session string `json:"ss"`
	ID      string `json:"id"`
}

// Status is where a payout stands. Only 2 is known of the service itself [S000].
type Status int

// The statuses. Every other one is kept as it came, and decides nothing.
const (
	Draft   Status = 0
	Working Status = 1
	Success Status = 2
	Refused Status = 3
)

// Code is an error code of the service.
type Code int

// The codes. Only the first is known of the service itself [S000].
const (
	CodeSession     Code = 1241 // the session is over, sign in again
	CodeLogin       Code = 1240 // phone, password or code is wrong
	CodeNetwork     Code = 1201 // network key, network or branch is not known
	CodeField       Code = 1301 // a field is missing or cannot be read
	CodeCard        Code = 1302 // not a card that can be bound
	CodeLimit       Code = 1303 // the gateway does not take the sum
	CodeGateway     Code = 1304 // no such gateway for the card
	CodeOther       Code = 1305 // the external id was used for another card or sum
	CodeDocument    Code = 1306 // no such document, or not one that the session may see
	CodeUnavailable Code = 1401 // the service is being worked on
)

// Failure is an error that the service gave.
type Failure struct {
	Code    Code
	Message string
}

// Error implements error.
func (f *Failure) Error() string { return "the service gave error " + strconv.Itoa(int(f.Code)) }

// Over says that the session has ended. It is never the outcome of an operation.
func (f *Failure) Over() bool { return f.Code == CodeSession }

// Refuses says whether the code is the service's word that it did nothing: it did not know who asks, or could not take what for. The other
// codes may be said of a payout that is under way.
func (f *Failure) Refuses() bool {
	switch f.Code {
	case CodeNetwork, CodeField, CodeCard, CodeLimit, CodeGateway:
		return true
	}
	return false
}

// Opened is a session that nobody has entered yet.
type Opened struct {
	Session string `json:"ss"`
}

// Entered is the answer to a login.
type Entered struct {
	Session string
	Account string
	Until   time.Time // zero: the service does not say
	NeedSMS bool      // a code was sent, and is asked for
	All     bool      // the account sees more than today's operations
}

// Card is one of a client's, masked.
type Card struct {
	ID   string
	Mask string
	Name string
}

// Gateway is a bank through which a payout may go. Limit is in kopecks.
type Gateway struct {
	ID    string
	Bank  string
	Limit pay.Amount
}

// Record is what the service has of a payout. What an answer does not name is empty, nil or zero.
type Record struct {
	ID         string
	ExternalID string
	Status     Status
	Time       time.Time // by the service's clock
	Amount     *pay.Amount
	Type       string
	Client     string
	Purpose    string
	Card       string // masked
	Bank       string
	Network    string
	Branch     string
	DocumentID string
}

// Journal is the service's list of operations, and the time that it covers under the rights of the session.
type Journal struct {
	From, To time.Time
	Records  []Record
}

// Document is an application of the list.
type Document struct {
	ID         string
	ExternalID string
	Name       string
	Time       time.Time
	Ready      bool
}

// mostRows bounds a list.
const mostRows = 10_000

// envelope opens an answer. A Failure is its error; else data is what it holds.
func envelope(body []byte) (data json.RawMessage, err error) {
	var e struct {
		Error   *json.Number    `json:"error"`
		Message wire.Text       `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if err := wire.Decode(body, &e); err != nil {
		return nil, err
	}
	if e.Error == nil {
		return nil, errors.New("the answer does not say whether it is an error")
	}
	code, err := strconv.Atoi(e.Error.String())
	if err != nil {
		return nil, errors.New("the answer's error is no code")
	}
	if code != 0 {
		return nil, &Failure{Code: Code(code), Message: wire.Clean(string(e.Message), 200)}
	}
	return e.Data, nil
}

// object reads the data of an answer that is one object.
func object(body []byte, out any) error {
	data, err := envelope(body)
	if err != nil {
		return err
	}
	return wire.Decode(data, out)
}

// list reads the data of an answer that is an array.
func list[T any](body []byte) ([]T, error) {
	data, err := envelope(body)
	if err != nil {
		return nil, err
	}
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || trimmed[0] != '[' {
		return nil, errors.New("the answer has no list")
	}
	var out []T
	if json.Unmarshal(data, &out) != nil {
		return nil, errors.New("the answer's list cannot be read")
	}
	if len(out) > mostRows {
		return nil, errors.New("the answer's list is too long")
	}
	return out, nil
}

// token holds what may be a session: it is sent in bodies and kept as a secret, and its parts mean nothing [S000].
func token(s string) bool {
	if len(s) < 16 || len(s) > 512 {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// orNone is an id that an answer may leave out.
func orNone(s wire.Text) (string, error) {
	if s == "" {
		return "", nil
	}
	return wire.ID(s)
}

// mask holds a card as the service shows it: one that shows more than ten digits is no mask, and is hidden here.
func mask(s wire.Text) string {
	text := wire.Clean(string(s), 24)
	n := 0
	for _, r := range text {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	if n > 10 {
		return "****"
	}
	return text
}

// ReadOpened reads the answer to Start.
func ReadOpened(body []byte) (Opened, error) {
	var o Opened
	err := object(body, &o)
	if err == nil && !token(o.Session) {
		err = errors.New("the answer names no session")
	}
	if err != nil {
		return Opened{}, err
	}
	return o, nil
}

// ReadEntered reads the answer to Login.
func ReadEntered(body []byte) (Entered, error) {
	var in struct {
		Session string    `json:"ss"`
		Account wire.Text `json:"account_id"`
		Until   time.Time `json:"expires_at"`
		NeedSMS bool      `json:"need_sms"`
		Rights  string    `json:"rights"`
	}
	if err := object(body, &in); err != nil {
		return Entered{}, err
	}
	if in.NeedSMS {
		return Entered{NeedSMS: true}, nil
	}
	account, err := wire.ID(in.Account)
	if err != nil {
		return Entered{}, err
	}
	if !token(in.Session) {
		return Entered{}, errors.New("the answer names no session")
	}
	return Entered{Session: in.Session, Account: account, Until: in.Until, All: in.Rights == RightsAll}, nil
}

// RightsAll is what a login says of an account that sees more than today's operations [D].
const RightsAll = "all"

// wireCard is a card on the wire.
type wireCard struct {
	ID   wire.Text `json:"card_id"`
	Mask wire.Text `json:"mask"`
	Name wire.Text `json:"embossed_name"`
}

func (w wireCard) card() (Card, error) {
	name, err := wire.ID(w.ID)
	return Card{ID: name, Mask: mask(w.Mask), Name: wire.Clean(string(w.Name), 40)}, err
}

// ReadCards reads the answer to Cards.
func ReadCards(body []byte) ([]Card, error) {
	rows, err := list[wireCard](body)
	return each(rows, err, wireCard.card)
}

// ReadCard reads the answer to AddCard.
func ReadCard(body []byte) (Card, error) {
	var w wireCard
	if err := object(body, &w); err != nil {
		return Card{}, err
	}
	return w.card()
}

// each reads every row of a list, or none.
func each[A, B any](rows []A, err error, read func(A) (B, error)) ([]B, error) {
	if err != nil {
		return nil, err
	}
	out := make([]B, 0, len(rows))
	for _, row := range rows {
		one, err := read(row)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// ReadGateways reads the answer to Providers.
func ReadGateways(body []byte) ([]Gateway, error) {
	type row struct {
		ID    wire.Text    `json:"provider_id"`
		Bank  wire.Text    `json:"bank"`
		Limit wire.Kopecks `json:"limit"`
	}
	rows, err := list[row](body)
	return each(rows, err, func(r row) (Gateway, error) {
		name, err := wire.ID(r.ID)
		if err == nil && !r.Limit.Named {
			err = errors.New("a gateway of the answer has no limit")
		}
		return Gateway{ID: name, Bank: wire.Clean(string(r.Bank), 60), Limit: r.Limit.Amount}, err
	})
}
