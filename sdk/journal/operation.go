package journal

import (
	"encoding/json"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// Operation is one operation as the journal keeps it. What a report or a look-up needs has a column; State is the engine's own and opaque.
type Operation struct {
	Ref      pay.Ref
	Key      pay.Key
	Kind     pay.Kind
	PosID    string
	Operator string
	Amount   pay.Amount
	Currency pay.Currency
	// Digest is of all parameters, secrets by HMAC; the same ref with another digest is refused (design §3.1).
	Digest []byte
	// Params are the parameters without their secrets, a JSON object.
	Params      json.RawMessage
	OriginalRef pay.Ref // of a refund or reversal: the payment
	Receipt     string
	Document    string
	System      string // payment system: sendy, wechat, sbp...
	// CodeDigest is an HMAC of a scanned code, so that one used twice is refused; empty: none. It may be set once after Begin, where
	// the code is asked for by a prompt.
	CodeDigest string

	Number         int64 // the module's through number; 0: the kind takes none
	Shift          int64 // the shift in which the operation was begun
	ProviderNumber int64
	ProviderShift  int64

	// Charged says that the provider proved money moved; ApprovedAmount and BookedShift then count in totals, whatever the till was told.
	Charged        bool
	ApprovedAmount pay.Amount
	BookedShift    int64
	BookedAt       time.Time

	Outcome  pay.Outcome
	Final    bool // Outcome will not change any more
	Told     bool // Unknown was told
	Ack      pay.Ack
	Reversal pay.Reversal
	// NothingSent says of an operation that ended Declined or Cancelled that nothing ever left for the provider: its scanned code may be
	// used again. Left false, the code stays used.
	NothingSent bool
	// Open says that the engine still has work with it: it is running, unknown, being reversed, or due for a late look.
	Open bool

	Code, Text, Hint     string
	Payer, RRN, AuthCode string
	ResolvedBy           string
	Result               json.RawMessage
	State                json.RawMessage

	Begun   time.Time
	Settled time.Time
}

// Event is one transition of an operation, for the story that `payrack ops show` tells.
type Event struct {
	Ref    pay.Ref
	Number int64           // given by the journal, grows by one within an operation
	Time   time.Time       // zero: now
	Name   string          // a transition of the engine: begun, committed, approved, told_unknown...
	Data   json.RawMessage // what belongs to it, without secrets
}

// Exchange is one row of the request log (the tables in seeds 000 and 001).
type Exchange struct {
	Ref       pay.Ref // empty: the exchange belongs to no operation
	Time      time.Time
	Method    string // "POST pos/payment/offline"
	OK        bool
	Initiator string
	Status    int    // HTTP status; 0: no answer
	Error     string // masked
	Duration  time.Duration
}

// Change is what one transition writes, in one transaction with one sync.
type Change struct {
	// Operation is written over the operation of the same ref. What was fixed by Begin stays (digest, params, original, receipt,
	// document, till, number, begun; the shift but for OpenShift), and what is empty here does not erase a key, code digest, system, provider number or shift,
	// booking or result.
	Operation Operation
	Event     Event // Number is given by the journal; an empty Name: no event
	// ProviderNext is the number that the provider said comes next. Above 0, Append sets Operation.ProviderNumber to
	// max(ProviderNext, the highest provider number journaled + 1) (design §3.8), unless it is set already.
	ProviderNext int64
	// OpenShift is the shift that the provider says is open; 0: it does not say. Where it is above ours, ours was closed elsewhere, and
	// the operation moves into the new one.
	OpenShift int64
	// Begin is another operation that begins in the same transaction: a reversal (design §3.7). It is checked as by Begin, after
	// Operation was written, gets its number and a first event "begun", and Append writes what was journaled back into it.
	Begin *Operation
	// Close closes the operation's shift with these totals in the same transaction; the next operation opens the next shift.
	Close *Closing
}

// Closing is the close of a shift.
type Closing struct {
	Shift     int64           // 0: the operation's own
	Next      int64           // number of the shift that follows; 0: Shift+1
	At        time.Time       // zero: now
	Totals    json.RawMessage // as printed
	Elsewhere bool            // the provider says that it was closed elsewhere
}

// Shift is one shift.
type Shift struct {
	Number    int64
	Opened    time.Time // zero: not yet, the next operation about money opens it
	Closed    time.Time // zero: open
	ClosedBy  pay.Ref
	Totals    json.RawMessage
	Elsewhere bool
}

// Total is one line of totals: one payment system and kind of one currency. Only approved operations count (design §3.9).
type Total struct {
	System   string
	Sort     Sort
	Currency pay.Currency
	Count    int64
	Sum      pay.Amount
}

// Query selects operations. Zero fields select all; Refs that are empty but not nil select none.
type Query struct {
	Refs        []pay.Ref
	Number      int64
	PosID       string
	Receipt     string
	Document    string
	OriginalRef pay.Ref
	Shift       int64     // booked in, or begun in where nothing was booked
	From, To    time.Time // by Begun (of totals by BookedAt), To not included
	OpenOnly    bool
	PendingOnly bool // open, or final and not acknowledged
	CountedOnly bool // Charged
	Limit       int
	Newest      bool // newest first
	// Unreadable is told of each row that somebody else has written so that it cannot be read; such a row is left out then, and keeps no
	// other from being found. nil: it fails the whole Find.
	Unreadable func(ref pay.Ref, err error)
}

// Attempt is one attempt at activating the terminal. It holds no secret: the activation code is not in it.
type Attempt struct {
	Time         time.Time // zero: now
	TerminalID   string
	Serial       string
	OK           bool
	Code         string // what the server answered, or the name of one of our codes
	AttemptsLeft int64  // as the server counts; below 0: it did not say
	Initiator    string
}

// Sort is what a line of totals adds up.
type Sort string

// The sorts of totals.
const (
	Payments Sort = "payment"
	Refunds  Sort = "refund" // refunds and reversals
	Payouts  Sort = "payout"
)
