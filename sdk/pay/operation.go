package pay

import (
	"encoding/json"
	"time"
)

// Operation is what anybody outside the module may know of an operation. Its JSON form is what pr_str "json", the command line's
// --json and the host's API give: names are stable, amounts are in minor units, fields that a reader does not know are to be skipped.
type Operation struct {
	Ref            Ref             `json:"ref"`
	Module         string          `json:"module"`
	Kind           Kind            `json:"kind"`
	Command        string          `json:"command,omitempty"` // of kind command: its name
	PosID          string          `json:"pos_id"`
	Amount         Amount          `json:"amount"`
	Currency       Currency        `json:"currency,omitempty"`
	Running        bool            `json:"running"`        // the till is still to hear of it: no outcome, and Unknown not told either
	Outcome        Outcome         `json:"outcome"`        // of an operation that has ended or whose Unknown was told
	Code           string          `json:"code,omitempty"` // the provider's response code, or the name of one of ours
	Text           string          `json:"text,omitempty"`
	Hint           string          `json:"hint,omitempty"`
	Number         int64           `json:"number,omitempty"`          // the module's through number
	ProviderNumber int64           `json:"provider_number,omitempty"` // the number that the provider counts by
	Shift          int64           `json:"shift,omitempty"`
	ProviderShift  int64           `json:"provider_shift,omitempty"`
	System         string          `json:"system,omitempty"` // sendy, wechat, alipay, sbp...
	Payer          string          `json:"payer,omitempty"`  // masked
	RRN            string          `json:"rrn,omitempty"`
	AuthCode       string          `json:"auth_code,omitempty"`
	ApprovedAmount Amount          `json:"approved_amount"`
	LeftToPay      Amount          `json:"left_to_pay,omitempty"` // of a basket whose outcome is final: what the customer pays otherwise
	Refundable     Amount          `json:"refundable"`
	Slips          int             `json:"slips"`
	CanCancel      bool            `json:"can_cancel"`
	CanConfirm     bool            `json:"can_confirm"`
	CanReverse     bool            `json:"can_reverse"`
	OtherTender    bool            `json:"other_tender"` // abandoned: the customer may pay otherwise
	Reversal       Reversal        `json:"reversal"`
	Ack            Ack             `json:"ack,omitempty"`
	Pending        string          `json:"pending,omitempty"` // why it wants attention: running, unknown, unread, unconfirmed, reversing, contradiction; empty: it does not
	OriginalRef    Ref             `json:"original_ref,omitempty"`
	Receipt        string          `json:"receipt,omitempty"`
	Document       string          `json:"document,omitempty"`
	Operator       string          `json:"operator,omitempty"`
	ResolvedBy     string          `json:"resolved_by,omitempty"`
	Begun          time.Time       `json:"begun"`
	Settled        time.Time       `json:"settled,omitzero"`
	Items          json.RawMessage `json:"items,omitempty"`  // of a basket; once its outcome is final with what was approved, see BasketResult.Marked
	Result         json.RawMessage `json:"result,omitempty"` // of a report, close of day or command: its document
	Test           bool            `json:"test,omitempty"`   // of a test terminal: no real money moves
	Log            string          `json:"log,omitempty"`    // path of the log file in which the operation began
}

// PayoutResult is the Result of an approved payout. A driver may put more into it.
type PayoutResult struct {
	Fee    Amount `json:"fee"`              // that the shop pays beside the amount, as the provider says
	Status string `json:"status,omitempty"` // the provider's word
	// Tender is the only one that may stand on the receipt; empty: the driver does not say.
	Tender string `json:"tender,omitempty"`
}

// TenderCashless is a receipt without cash.
const TenderCashless = "cashless"

// EventKind is a kind of event of payrack.h.
type EventKind int32

// The events of payrack.h, and those that only the host's API knows (from 100).
const (
	EvStatus      EventKind = 1
	EvCustomer    EventKind = 2
	EvQRShow      EventKind = 3
	EvQRHide      EventKind = 4
	EvConfirm     EventKind = 5
	EvChoice      EventKind = 6
	EvInput       EventKind = 7
	EvPrint       EventKind = 8
	EvProgress    EventKind = 9
	EvCancellable EventKind = 10
	EvPromptGone  EventKind = 11
	EvPending     EventKind = 12
	EvOutcome     EventKind = 100 // the operation has an outcome, or Unknown is told: Operation carries it
)

// Event is something that happened to an operation and that a till may want to show or must answer.
// Which fields are set depends on the kind, as payrack.h says; unknown kinds are to be skipped.
type Event struct {
	Number       int64           `json:"number"` // grows within one operation, across restarts of the module
	Kind         EventKind       `json:"kind"`
	Time         time.Time       `json:"time"`
	ID           string          `json:"id,omitempty"` // of a prompt: what an answer names
	Text         string          `json:"text,omitempty"`
	Title        string          `json:"title,omitempty"`
	Reason       string          `json:"reason,omitempty"`
	Payload      string          `json:"payload,omitempty"` // what a QR code says
	Caption      string          `json:"caption,omitempty"`
	Link         string          `json:"link,omitempty"`
	Place        string          `json:"place,omitempty"` // of a QR code: screen, display, tape, file; empty: screen
	PNG          []byte          `json:"png_base64,omitempty"`
	ExpiresIn    int64           `json:"expires_in,omitempty"` // seconds
	Default      string          `json:"default,omitempty"`
	Timeout      int64           `json:"timeout,omitempty"` // seconds
	Items        []Choice        `json:"items,omitempty"`
	Input        string          `json:"input,omitempty"` // text, digits, phone, password, otp, card, scan
	Min          int64           `json:"min,omitempty"`
	Max          int64           `json:"max,omitempty"`
	AttemptsLeft int64           `json:"attempts_left,omitempty"`
	File         string          `json:"file,omitempty"`
	SecondsLeft  int64           `json:"seconds_left,omitempty"`
	Percent      int64           `json:"percent,omitempty"`
	On           string          `json:"on,omitempty"` // "1" or "0"
	Operation    *Operation      `json:"operation,omitempty"`
	Extra        json.RawMessage `json:"extra,omitempty"`
}

// Prompt says whether the event waits for an answer.
func (e Event) Prompt() bool {
	return e.Kind == EvConfirm || e.Kind == EvChoice || e.Kind == EvInput || e.Kind == EvPrint
}

// Choice is one item of a choice.
type Choice struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Detail string `json:"detail,omitempty"`
}
