// Package wire is the format in which a till and the Sendy server talk about money.
//
// The POS API of the real Sendy is not public. What stands here is this project's own proposal: the paths that the
// description of ShSendy.dll names (pos/payment/offline), its rules about numbers, shifts and activation, and WeChat's
// Micropay as the model of an offline payment. The module and its sandbox share this package, so that the format can be
// changed in one place when the real one becomes known.
//
// # What the proposal fixes
//
//   - Bodies are JSON in UTF-8, field names are in snake_case. A reader skips fields that it does not know.
//   - Money is an int64 in minor units (kopecks) beside a currency of three letters. Only RUB is served.
//   - Times are RFC 3339 with an offset. A shift and a through number count from 1.
//   - Every call but activation carries "Authorization: Bearer <secret>", the secret given at activation, and
//     "X-Terminal: <terminal id>". "Accept-Language: ru" or "en" chooses the language of messages, Russian by default.
//   - A request that can move money carries the caller's key of 32 lower-case hex digits. Its answer echoes it, and an
//     answer with another key is about another operation.
//   - A refusal is a status from 400 up with the envelope of [Error]. An answer without that envelope (a proxy's page, a
//     bare 404) says nothing about the operation.
//   - A payment that the customer's side refused is not an error: it is 200 with a [Record] that is [Declined].
//   - The same number with the same body is the same record, for ever. With another body it is 409 [CodeConflict]. A
//     number that was skipped can still be used; the server goes on past the highest that it received.
//   - The money of an operation counts in the shift that is open when it moves: [Record.Booked], not [Record.Shift].
package wire

import (
	"strconv"
	"time"
)

// Headers that the API gives a meaning of its own.
const (
	HeaderTerminal = "X-Terminal"
	BearerPrefix   = "Bearer "
)

// Paths below the server's URL, without a leading slash.
const (
	PathActivate   = "pos/activate"        // POST ActivateRequest → Activation
	PathCounters   = "pos/counters"        // GET → Counters
	PathOffline    = "pos/payment/offline" // POST OfflineRequest → Record
	PathOnline     = "pos/payment/online"  // POST OnlineRequest → Record with Token, QR, Expires
	PathRefund     = "pos/refund"          // POST RefundRequest → Record
	PathShiftClose = "pos/shift/close"     // POST CloseRequest → ShiftTotals
	PathReport     = "pos/report"          // GET ?shift= or ?from=&to=, with ?after=&limit= → Report
)

// PathPayment is where the record of a payment or refund is asked for: GET → [Record], 404 [CodeNotFound] if the number
// was never received.
func PathPayment(n int64) string { return "pos/payment/" + strconv.FormatInt(n, 10) }

// PathCancel is where a payment is cancelled: POST [CancelRequest] → [Record].
func PathCancel(n int64) string { return PathPayment(n) + "/cancel" }

// Kind says which way the money of a record goes.
type Kind string

// The kinds of a record.
const (
	Payment Kind = "payment"
	Refund  Kind = "refund"
)

// Mode says who shows a code to whom.
type Mode string

// The modes of a payment.
const (
	Offline Mode = "offline" // the customer shows a code, the till scans it
	Online  Mode = "online"  // the till shows a QR, the customer scans it
)

// System is a payment system behind Sendy.
type System string

// The payment systems. Sendy is always served, the others where [Counters.Systems] names them.
const (
	Sendy  System = "SENDY"
	WeChat System = "WECHAT"
	Alipay System = "ALIPAY"
)

// Status is what the server knows about a payment or a refund.
type Status string

// The statuses. Waiting and UserPaying may still become any other; Paid may become Cancelled by a reversal; Declined and
// Cancelled are final.
const (
	Waiting    Status = "WAITING"    // an online payment whose QR nobody has scanned, or a request at work
	UserPaying Status = "USERPAYING" // the customer is asked to confirm
	Paid       Status = "PAID"       // the money has moved; of a refund: it went back to the customer
	Declined   Status = "DECLINED"   // no money moved and none will; Record.Reason says why
	Cancelled  Status = "CANCELLED"  // closed unpaid; with Record.Reversed: paid and given back
)

// ActivateRequest asks for the terminal's secret. A code is good for any number of activations of its terminal until a
// new one is issued or three bad ones were tried; so an activation whose answer was lost can be repeated with Force.
type ActivateRequest struct {
	TerminalID string `json:"terminal_id"`
	Serial     string `json:"serial"` // the serial number of this installation, 1 to 64 characters
	Code       string `json:"code"`
	Force      bool   `json:"force,omitempty"` // take over a terminal that is active already; its former secret dies
}

// Activation is the answer to [ActivateRequest].
type Activation struct {
	TerminalID   string       `json:"terminal_id"`
	Serial       string       `json:"serial"`
	Secret       string       `json:"secret"` // for the Authorization header; told this once
	Registration Registration `json:"registration"`
}

// Registration is what the provider has registered about a terminal, for the cashier to read.
type Registration struct {
	Merchant  string    `json:"merchant"`
	INN       string    `json:"inn"`
	Point     string    `json:"point"`   // the shop's name
	Address   string    `json:"address"` // the shop's address
	Serial    string    `json:"serial,omitempty"`
	Activated time.Time `json:"activated,omitzero"`
}

// Counters is what a till asks before each operation.
type Counters struct {
	NextTransaction int64        `json:"next_transaction"` // one past the highest number that the server received
	Shift           int64        `json:"shift"`            // the open shift
	ShiftOpened     time.Time    `json:"shift_opened"`
	ServerTime      time.Time    `json:"server_time"`
	Systems         []System     `json:"systems"` // what the provider allows this terminal
	Allowed         Allowed      `json:"allowed"`
	Registration    Registration `json:"registration"`
}

// Allowed is what the provider's contract with the merchant permits.
type Allowed struct {
	Online            bool  `json:"online"`
	Offline           bool  `json:"offline"`
	Refund            bool  `json:"refund"`
	ProcessingTimeout int   `json:"processing_timeout"` // seconds that a payment may wait for its customer
	MaxAmount         int64 `json:"max_amount"`         // kopecks
}

// OfflineRequest pays with the code that the customer showed. Each try with another code needs another number and key.
type OfflineRequest struct {
	Transaction int64  `json:"transaction"`
	Shift       int64  `json:"shift"`
	Key         string `json:"key"`
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
	AuthCode    string `json:"auth_code"` // the scanned text, a secret: it is money while it lives
	System      System `json:"system"`    // whose code it is, see SystemOf
}

// OnlineRequest opens a payment that the customer pays by scanning the QR of its answer.
type OnlineRequest struct {
	Transaction int64  `json:"transaction"`
	Shift       int64  `json:"shift"`
	Key         string `json:"key"`
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
	System      System `json:"system"`
}

// RefundRequest gives back a part of a paid payment, or all of it. Refunds together never exceed the payment.
type RefundRequest struct {
	Transaction int64  `json:"transaction"` // the refund's own number
	Original    int64  `json:"original"`    // the payment's number
	Shift       int64  `json:"shift"`
	Key         string `json:"key"`
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
}

// CancelMode says what a cancel may do to a payment that the customer has made in the meantime.
type CancelMode string

// The modes of a cancel.
const (
	// Close closes an unpaid payment and leaves a paid one alone: the answer then says PAID.
	Close CancelMode = "close"
	// Reverse also undoes a paid one, in full: the answer then says CANCELLED and reversed. Where parts were refunded
	// it is 409 CodeHasRefunds, and the rest can be refunded.
	Reverse CancelMode = "reverse"
)

// CancelRequest cancels a payment. Key and Amount are those of the payment and must agree with its record. A number that
// was never received is recorded as CANCELLED, and a request under it that comes later gets 409 CodeAlreadyCancelled.
type CancelRequest struct {
	Key    string     `json:"key"`
	Amount int64      `json:"amount"`
	Mode   CancelMode `json:"mode"`
}

// Record is all that the server knows about a payment or a refund.
type Record struct {
	Transaction int64     `json:"transaction"`
	Kind        Kind      `json:"kind"`
	Mode        Mode      `json:"mode,omitempty"`     // of a payment
	Original    int64     `json:"original,omitempty"` // of a refund: the payment's number
	Shift       int64     `json:"shift"`              // as the request said
	Booked      int64     `json:"booked,omitempty"`   // the shift in which the money counts, once it moved
	Key         string    `json:"key"`
	Amount      int64     `json:"amount"`
	Currency    string    `json:"currency"`
	Refunded    int64     `json:"refunded,omitempty"` // of a payment: kopecks given back by refunds so far
	System      System    `json:"system,omitempty"`
	Status      Status    `json:"status"`
	Code        string    `json:"code,omitempty"`    // response code: 00 once paid, another once refused
	Reason      Reason    `json:"reason,omitempty"`  // why it was refused
	Message     string    `json:"message,omitempty"` // the same for people
	RRN         string    `json:"rrn,omitempty"`
	Approval    string    `json:"approval,omitempty"` // authorization code
	Payer       string    `json:"payer,omitempty"`    // the payer's code or wallet, masked: 13****68
	Created     time.Time `json:"created"`
	PaidAt      time.Time `json:"paid_at,omitzero"`
	Expires     time.Time `json:"expires,omitzero"` // until when the customer can pay
	Token       string    `json:"token,omitempty"`  // of an online payment
	QR          string    `json:"qr,omitempty"`     // what its QR says

	Recall         bool      `json:"recall,omitempty"`          // a cancel did not get through: ask for it again
	Reversed       bool      `json:"reversed,omitempty"`        // it was paid, and a cancel gave all of it back
	ReversedAt     time.Time `json:"reversed_at,omitzero"`      // when
	ReversedBooked int64     `json:"reversed_booked,omitempty"` // the shift in which that counts
}

// CloseRequest closes a shift. Of a shift closed before, the answer is its totals again.
type CloseRequest struct {
	Shift int64  `json:"shift"`
	Key   string `json:"key,omitempty"` // echoed
}

// Sum is a number of operations and their amount in kopecks.
type Sum struct {
	Count  int64 `json:"count"`
	Amount int64 `json:"amount"`
}

// SystemTotals is the money of one payment system. Only money that moved counts. A reversal counts in its own shift, and
// its payment stays in its own.
type SystemTotals struct {
	System    System `json:"system"`
	Payments  Sum    `json:"payments"`
	Refunds   Sum    `json:"refunds"`
	Reversals Sum    `json:"reversals"`
}

// ShiftTotals is the answer to [CloseRequest].
type ShiftTotals struct {
	Shift    int64          `json:"shift"`
	Key      string         `json:"key,omitempty"`
	Opened   time.Time      `json:"opened"`
	Closed   time.Time      `json:"closed"`
	Totals   []SystemTotals `json:"totals"`    // systems without money are left out
	Waiting  Sum            `json:"waiting"`   // what waited for its customer when the shift was closed
	NewShift int64          `json:"new_shift"` // the shift that was opened
}

// Bounds of the list in a [Report].
const (
	ReportLimit    = 500  // operations of an answer without ?limit=
	ReportLimitMax = 1000 // the most that ?limit= may ask for
)

// Report is the money of a shift, or of a time span from From up to but not including To. Its list comes in pages of
// ascending numbers: while More is set, ask again with ?after=<the last number>. The totals are always those of the whole.
//
// A shift lists what was asked for, paid or reversed in it; a time span likewise.
type Report struct {
	Shift      int64          `json:"shift,omitempty"`
	From       time.Time      `json:"from,omitzero"`
	To         time.Time      `json:"to,omitzero"`
	Closed     time.Time      `json:"closed,omitzero"` // of a closed shift
	Totals     []SystemTotals `json:"totals"`
	Operations []Record       `json:"operations"`
	More       bool           `json:"more,omitempty"`
}
