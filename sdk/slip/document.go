package slip

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Kind names what a document is. It is also the name of the template that lays the document out.
type Kind string

// The kinds of documents.
const (
	KindPayment Kind = "payment" // an approved payment
	KindRefund  Kind = "refund"  // an approved refund or reversal
	KindDecline Kind = "decline" // no money moved, proved
	KindUnknown Kind = "unknown" // nobody knows yet whether money moved
	KindQR      Kind = "qr"      // a code on the tape, for the customer to pay by
	KindPayout  Kind = "payout"  // an approved payout to a card
	KindSocial  Kind = "social"  // an approved payment by a social card
	KindClose   Kind = "close"   // close of day
	KindReport  Kind = "report"  // the same totals, the shift stays open
)

// Mode marks documents that are not about real money. The zero Mode is real money.
type Mode string

// The modes that are printed on top of a document.
const (
	ModeReal     Mode = ""
	ModeTraining Mode = "training"
	ModeTest     Mode = "test"
)

// Document is one slip or report: what is common to all, and exactly one of the parts at the end, which makes its Kind.
// Empty fields are not printed. A Document may be kept as JSON and rendered again later.
type Document struct {
	// Organisation and Address (line by line), INN and Till head every slip.
	Organisation string   `json:"organisation,omitempty"`
	Address      []string `json:"address,omitempty"`
	INN          string   `json:"inn,omitempty"`
	Till         string   `json:"till,omitempty"`

	// Title names the module ("SENDY"), System how the customer paid ("кошелек WeChat").
	Title  string `json:"title,omitempty"`
	System string `json:"system,omitempty"`

	Time     time.Time `json:"time,omitzero"`
	Receipt  string    `json:"receipt,omitempty"`
	Shift    int64     `json:"shift,omitempty"`
	Terminal string    `json:"terminal,omitempty"`
	// Number is the through number of the operation.
	Number int64 `json:"number,omitempty"`

	Mode Mode `json:"mode,omitempty"`
	// Reprint marks a slip that was printed before.
	Reprint bool `json:"reprint,omitempty"`
	Copy    Copy `json:"copy,omitzero"`
	// Support is what the cashier reads out to the support; see SupportCode.
	Support string `json:"support,omitempty"`

	Payment *Payment `json:"payment,omitempty"`
	Refund  *Refund  `json:"refund,omitempty"`
	Decline *Decline `json:"decline,omitempty"`
	Unknown *Unknown `json:"unknown,omitempty"`
	QR      *QR      `json:"qr,omitempty"`
	Payout  *Payout  `json:"payout,omitempty"`
	Social  *Social  `json:"social,omitempty"`
	Close   *Report  `json:"close,omitempty"`
	Report  *Report  `json:"report,omitempty"`
}

// Copy is which of how many copies this is. The first is the client's, the others the shop's; the zero Copy is not printed.
type Copy struct {
	Number int `json:"number"`
	Of     int `json:"of"`
}

// Shop tells whether the shop keeps this copy.
func (c Copy) Shop() bool { return c.Number > 1 }

// Labelled is a value under a label that the caller gives, in the document's language: "Код кошелька", "13****68".
type Labelled struct {
	Label string `json:"label,omitempty"`
	Value string `json:"value,omitempty"`
}

// Proof is what the provider answered to an approved operation.
type Proof struct {
	Code     string   `json:"code,omitempty"`
	Status   string   `json:"status,omitempty"`
	AuthCode string   `json:"auth_code,omitempty"`
	RRN      string   `json:"rrn,omitempty"`
	Payer    Labelled `json:"payer,omitzero"` // masked
	// IDs are the provider's identifiers. One too long for its line stands below its label.
	IDs []Labelled `json:"ids,omitempty"`
}

// Payment is an approved payment.
type Payment struct {
	Amount Money `json:"amount"`
	Fee    Money `json:"fee"`
	Proof
	// Signature asks for the client's signature on the shop's copy. Otherwise the slip says that none is needed.
	Signature bool   `json:"signature,omitempty"`
	Note      string `json:"note,omitempty"`
}

// Refund is an approved refund of a payment or of a part of it, or the reversal of an unconfirmed payment.
type Refund struct {
	Reversal  bool     `json:"reversal,omitempty"`
	Amount    Money    `json:"amount"`
	Fee       *Money   `json:"fee,omitempty"`
	Original  Original `json:"original"`
	Remaining *Money   `json:"remaining,omitempty"` // what may still be refunded
	Proof
	// Note says when and how the money comes back. Empty prints the general sentence.
	Note string `json:"note,omitempty"`
}

// Original is the payment that is refunded.
type Original struct {
	Receipt string `json:"receipt,omitempty"`
	Number  int64  `json:"number,omitempty"`
	Amount  Money  `json:"amount"`
}

// Decline is an operation of which it is proved that no money moved.
type Decline struct {
	Of        Kind   `json:"of,omitempty"` // KindPayment, KindRefund or KindPayout; empty is KindPayment
	Cancelled bool   `json:"cancelled,omitempty"`
	Amount    Money  `json:"amount"`
	Code      string `json:"code,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Advice    string `json:"advice,omitempty"` // what the cashier should do
}

// Unknown is an operation of which nobody knows yet whether money moved.
type Unknown struct {
	Of     Kind  `json:"of,omitempty"` // as in Decline
	Amount Money `json:"amount"`
	// Silent is who did not answer ("Банк"), empty: "Сервис"; Waited how long, printed in whole seconds.
	Silent string        `json:"silent,omitempty"`
	Waited time.Duration `json:"waited_ns,omitempty"`
	// OtherTender is set when the till may take another tender: an approval that comes later is reversed.
	OtherTender bool `json:"other_tender,omitempty"`
	// Text replaces the explanation.
	Text string `json:"text,omitempty"`
}

// QR is a code on the tape.
type QR struct {
	Amount  Money  `json:"amount"`
	Payload string `json:"payload"`
	// App is what the customer opens to scan it, empty: "приложение банка".
	App   string    `json:"app,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Payout is money sent to a client's card.
type Payout struct {
	Amount   Money    `json:"amount"`
	Fee      Money    `json:"fee"`
	Card     Labelled `json:"card,omitzero"`
	Contract Labelled `json:"contract,omitzero"`
	Proof
	// Revocable is set where the service can take a payout back. Otherwise the slip says that it cannot.
	Revocable bool `json:"revocable,omitempty"`
	// Signature asks for the client's signature on the shop's copy.
	Signature bool `json:"signature,omitempty"`
}

// Social is a receipt of which a social card pays a part.
type Social struct {
	Total       Money    `json:"total"`
	Amount      Money    `json:"amount"` // the social part
	Due         Money    `json:"due"`    // what the customer pays otherwise
	SocialItems int      `json:"social_items"`
	Items       int      `json:"items"`
	Program     string   `json:"program,omitempty"`
	Card        Labelled `json:"card,omitzero"`
	Proof
	// Note says what may be refunded. Empty prints the general sentence.
	Note string `json:"note,omitempty"`
}

// Kind tells which part is set. It is an error when none is, or more than one.
func (d Document) Kind() (Kind, error) {
	parts := []struct {
		kind Kind
		set  bool
	}{
		{KindPayment, d.Payment != nil},
		{KindRefund, d.Refund != nil},
		{KindDecline, d.Decline != nil},
		{KindUnknown, d.Unknown != nil},
		{KindQR, d.QR != nil},
		{KindPayout, d.Payout != nil},
		{KindSocial, d.Social != nil},
		{KindClose, d.Close != nil},
		{KindReport, d.Report != nil},
	}
	var kind Kind
	for _, part := range parts {
		switch {
		case part.set && kind != "":
			return "", fmt.Errorf("a document is both %s and %s", kind, part.kind)
		case part.set:
			kind = part.kind
		}
	}
	if kind == "" {
		return "", errors.New("a document is of no kind: none of its parts is set")
	}
	return kind, nil
}

// JSON renders the document for programs: the fields above and "kind". Amounts are in minor units.
func (d Document) JSON() ([]byte, error) {
	kind, err := d.Kind()
	if err != nil {
		return nil, fmt.Errorf("render a slip as JSON: %w", err)
	}
	return json.Marshal(struct {
		Kind Kind `json:"kind"`
		Document
	}{kind, d})
}

// SupportCode is what the cashier reads out: till, module and number of the operation ("4-SENDY-000784"), so that the codes
// of two modules never collide.
func SupportCode(till, module string, number int64) string {
	return fmt.Sprintf("%s-%s-%06d", till, module, number)
}

// ShiftSupportCode is the support code of a whole shift: "4-SENDY-S31".
func ShiftSupportCode(till, module string, shift int64) string {
	return fmt.Sprintf("%s-%s-S%d", till, module, shift)
}
