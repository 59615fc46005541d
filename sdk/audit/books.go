package audit

import (
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// Books are everything that is known of what happened.
type Books struct {
	Operations []Operation // what the modules' journals say, of each module in the order of journaling
	Movements  []Movement  // what the provider says moved; held against the journals only if Provider
	Told       []Told      // what tills were told, in the order in which they heard it; may be empty
	Index      []Indexed   // what the host's index of refs says; may be empty
	Provider   bool        // Movements are complete
	Indexed    bool        // Index is complete
	Quiet      bool        // faults have stopped and enough time went by: everything must be settled

	// QuietBefore narrows Quiet: operations begun before it must be settled, though Quiet is false. Zero: none.
	QuietBefore time.Time
	// From and To bound what Movements cover: an operation that was begun or settled outside is not missed there. Zero: all there is.
	From, To time.Time
}

// Operation is one operation, as its module's journal says.
type Operation struct {
	Module        string
	Ref, Original pay.Ref // Original: of a refund or reversal, the payment
	Key           string
	ProviderIDs   []string // other names by which the provider knows it, such as an id that a bank issued
	Kind          pay.Kind
	PosID         string
	Document      string

	Amount, Approved pay.Amount
	Currency         pay.Currency

	Number, ProviderNumber, Shift, BookedShift int64

	System   string
	Outcome  pay.Outcome
	Final    bool // Outcome will not change any more
	Told     bool // Unknown was told
	Charged  bool // the provider proved that money moved
	Ack      pay.Ack
	Reversal pay.Reversal
	// Abandoned says that an approval goes back (§3.6).
	Abandoned bool
	// Elsewhere is of a payment: what the provider said went back, and no journal asked for (§3.7).
	Elsewhere  pay.Amount
	ResolvedBy string // the person whose word settled it; empty: nobody's
	// Unprovable says that no word of the provider can end it, since it never heard of the operation and the driver declares no horizon.
	// Such an operation may stay Unknown until a person settles it (§3.4, §3.5).
	Unprovable bool

	Begun, Settled time.Time
	Events         []Event
}

// Event is one journaled transition.
type Event struct {
	Number int64
	Name   string
	Time   time.Time
}

// Movement is money that moved, as the provider says.
type Movement struct {
	Key         string // of the operation that moved it, or another name of it; a reversal may bear the payment's
	Of          string // the key of the payment that is given back; empty: the movement's own operation says which
	Kind        string // Payment, Refund, Reversal or Payout
	Amount      pay.Amount
	Currency    pay.Currency
	System      string
	Transaction string // the provider's own name for it
	Time        time.Time
}

// The kinds of a movement. They are those of the sandboxes' ledgers.
const (
	Payment  = "payment"
	Refund   = "refund"
	Reversal = "reversal"
	Payout   = "payout"
)

// Told is one outcome that a till heard.
type Told struct {
	Till        string
	Ref         pay.Ref
	Outcome     pay.Outcome
	OtherTender bool       // the till may take another tender
	Amount      pay.Amount // of an approval: what was paid
	Reversal    pay.Reversal
	ResolvedBy  string
	Time        time.Time
}

// Indexed is one ref, as the host's index says. Reversals belong to their payments and have none.
type Indexed struct {
	Ref     pay.Ref
	Module  string
	Known   bool        // the module has confirmed that it journaled the operation
	Outcome pay.Outcome // as the host last heard; Unknown: it has none
}

// Violation is a rule that did not hold.
type Violation struct {
	Rule   string // the paragraph of the design: "3.3"
	Ref    pay.Ref
	Module string
	Text   string // in English, without anything secret
	// ID and Data say the same to a catalogue of texts.
	ID   string
	Data map[string]any
}

// String is one line.
func (v Violation) String() string {
	s := "§" + v.Rule
	if v.Ref != "" {
		s += " " + string(v.Ref)
	}
	return s + ": " + v.Text
}
