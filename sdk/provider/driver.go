package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// Driver talks to one provider. The engine has journaled the operation and its key before any call, makes one call at a time for an
// operation, and decides what a reply means for the money; a driver keeps nothing itself. Calls for different operations may run at once.
//
// A driver returns an error where it got no word of the provider: the reply is then Unknown, whatever it says. It never retries a request.
//
// A call ends with its context. A driver that goes on for more than five seconds is given up: what it returns then is no reply, and until it
// returns, the operation may be inquired after and cancelled beside it.
type Driver interface {
	// Commit asks the provider to move the money of op, under op.Key. It may be called again with the same key (op.Tries counts),
	// where the provider said that nothing happened yet, or does not know the key and refuses duplicates.
	Commit(ctx context.Context, op Operation) (Reply, error)
	// Inquire asks what became of op. It moves no money, and may be called at any time and any number of times.
	Inquire(ctx context.Context, op Operation) (Reply, error)
}

// Optional abilities: implementing one declares it.
type (
	// Checker refuses what the driver cannot do before anything is journaled or sent. It touches no network.
	Checker interface {
		Check(op Operation) error
	}
	// Preparer holds the dialogue and makes drafts before money can move. Prepare is repeated if its answer is lost, so it must be
	// harmless to repeat under one key. What Commit needs of a basket it puts into State, since that is sent again after a restart too. It ends with Ready, or with a QR code that the engine shows once its id is journaled.
	Preparer interface {
		// Prepares says whether the kind needs it; others go to Commit at once.
		Prepares(kind pay.Kind) bool
		Prepare(ctx context.Context, op Operation) (Reply, error)
	}
	// Answerer takes the cashier's answer to a prompt that Prepare, Commit or Inquire asked for.
	Answerer interface {
		Answer(ctx context.Context, op Operation, answer Answer) (Reply, error)
	}
	// Canceller stops an operation that is not paid. It never gives back a payment that the customer made: it replies Approved then.
	Canceller interface {
		Cancel(ctx context.Context, op Operation) (Reply, error)
	}
	// Holder is a Canceller whose Prepare has the provider keep something back for the customer, which is free again by its own time or once it is
	// let go. What an operation leaves behind that ended before Commit is cancelled until the provider has taken that.
	Holder interface {
		// HoldsFor is for how long the cancel is repeated; 0: for ever.
		HoldsFor() time.Duration
	}
	// Reverser undoes an approved payment whole. op is the reversal, original the payment. Approved means that the money went back.
	// Inquire is asked with the reversal too.
	Reverser interface {
		Reverse(ctx context.Context, op, original Operation) (Reply, error)
	}
	// Refunder gives back a part or all of an approved payment. op is the refund (or a reversal where the driver is no Reverser).
	Refunder interface {
		Refund(ctx context.Context, op, original Operation) (Reply, error)
	}
	// ShiftKeeper is a provider that counts operations and shifts itself.
	ShiftKeeper interface {
		// Counters are asked for before each money operation.
		Counters(ctx context.Context) (Counters, error)
		// CloseShift closes a shift; of a closed one it returns the totals again. It is harmless to repeat.
		CloseShift(ctx context.Context, op Operation, shift int64) (ShiftTotals, error)
	}
	// Activator registers this terminal with the provider.
	Activator interface {
		Activate(ctx context.Context, a Activation) (ActivationResult, error)
		// Activation tells the present state from what is stored, without asking the provider.
		Activation(ctx context.Context) (ActivationState, error)
	}
	// Readier says why nothing can be begun now, from what is known here and without the network: a setting is missing, the service was found in its
	// test mode. nil: it can. The error's words are those of a refusal, and health shows them with "cash_only", so that the till closes the tender.
	Readier interface {
		Ready() error
	}
	// Trier says that its settings lead to a test terminal: every slip and everything that is shown of an operation begun now is marked.
	Trier interface {
		Trial() bool
	}
	// Informer tells what `payrack info` and pr_info show besides what the sdk knows: registration data, allowed settings, counters.
	// what is registration, settings or counters; registration and settings touch no network.
	Informer interface {
		Info(ctx context.Context, what string) (json.RawMessage, error)
	}
	// Prober checks the way to the provider, without money: kind test, and health.
	Prober interface {
		Probe(ctx context.Context) (Probe, error)
	}
)

// Operation is what a driver may know of an operation. State is what the driver's last reply asked the engine to keep.
type Operation struct {
	Ref            pay.Ref
	Key            pay.Key
	CancelKey      pay.Key // of a payment: what its cancel is known by, where the provider wants that named too
	Kind           pay.Kind
	PosID          string
	Amount         pay.Amount
	Currency       pay.Currency
	Number         int64 // ours
	ProviderNumber int64 // the provider's, where it counts
	Shift          int64
	ProviderShift  int64
	Tries          int // how many times Commit was asked for, this one included
	// MaybeSent says that bytes of an earlier try may have reached the provider: "already known" is then no refusal.
	MaybeSent bool
	// CancelAsked says that the till, or the engine at the end of its patience, has asked to stop the operation.
	CancelAsked bool
	Params      pay.Params // secrets are gone after a restart
	System      string
	State       State
	// Approved is how much money the provider said that it moved.
	Approved pay.Amount
	// Original is the payment that a refund or reversal returns.
	Original  *Operation
	Begun     time.Time
	Initiator string
	Language  string
	NoPrompts bool
	// Full says that whoever asked has the full role. After a restart nobody has.
	Full bool
}

// State is what a driver wants to find again at its next call, also after a restart: a bank's id, a token's expiry. It is journaled,
// so it holds no secrets. Version is the driver's own.
type State struct {
	Version int             `json:"v,omitempty"`
	Data    json.RawMessage `json:"d,omitempty"`
}

// Verdict is the provider's word. The set is closed, and the zero value is Unknown (design §3.4).
type Verdict int

// The verdicts.
const (
	Unknown   Verdict = iota // no word, or one that cannot be read
	Approved                 // the money moved; Reply.Amount and Currency say how much
	Declined                 // it did not, and never will under this key
	Cancelled                // it was stopped, and never will move under this key; from Answer before Commit: the cashier's answer stops it
	NotFound                 // the provider does not know the key (now)
	NotDone                  // the provider has the draft, and nothing was done with it
	Waiting                  // it is being worked on, or waits for the customer
	ShowQR                   // from Prepare: everything is ready once the customer sees Reply.QR
	Ready                    // from Prepare or Answer: Commit may follow
	Ask                      // a prompt for the cashier
)

// Reply is what a driver read from the provider.
type Reply struct {
	Verdict  Verdict
	Amount   pay.Amount   // of Approved: what the provider says that it moved
	Currency pay.Currency // of Approved; empty where the protocol has none
	// Reserved is what Prepare had the provider reserve of a basket, and what the cashier is shown. Nothing else can be approved later.
	Reserved pay.Amount
	// Left is what the provider still has of the payment, where it declines a reversal because part of the payment went back otherwise;
	// nil: it does not say. The next reversal asks for no more than that, and 0 means that nothing is left to give back.
	Left     *pay.Amount
	Code     string   // the provider's own code
	Text     string   // for the cashier; of Unknown and Ask: what the operation waits for, shown until a word comes
	Hint     string   // what the cashier should do
	Error    pay.Code // of Declined before anything was sent: why, as payrack.h counts (ErrOffline, ErrNotActive...)
	Payer    string   // masked
	RRN      string
	AuthCode string
	System   string
	// Shift is the shift to which the provider booked the operation; 0: it does not say.
	Shift  int64
	State  *State // nil: keep what there is
	QR     *QR    // of ShowQR
	Prompt *Prompt
	Status string // shown to the cashier while Waiting
	// Again is how long the provider is left alone at least before it is asked again, up to a minute: its Retry-After, or a pace that the
	// driver chooses while a customer takes time. 0: the engine's own pace.
	Again time.Duration
	// Look has the engine look once more after Declined or Cancelled, as it does after a QR code that it showed: what the customer could
	// pay lay elsewhere, a cash link for example.
	Look   bool
	Result json.RawMessage
}

// QR is a code for the customer.
type QR struct {
	Payload string
	Caption string
	Link    string
	Until   time.Time // the provider lets it expire then
}

// Prompt asks the cashier something.
type Prompt struct {
	ID           string        // the driver's own: comes back in Answer
	Kind         pay.EventKind // EvConfirm, EvChoice, EvInput, EvPrint
	Title        string
	Text         string
	Items        []pay.Choice
	Input        string
	Min, Max     int
	AttemptsLeft int
	Default      string // taken at the end of Timeout, and where nobody answers; "" with Required: the operation ends instead
	Required     bool
	Secret       bool // the answer is written nowhere
	Timeout      time.Duration
	Reason       string
	File         string
}

// Answer is the cashier's reply to a prompt.
type Answer struct {
	ID    string
	Value string
}

// Counters are what the provider counts.
type Counters struct {
	Next  int64 // number of the next transaction
	Shift int64
	// Time is the provider's clock, where it says it.
	Time time.Time
}

// ShiftTotals are the provider's totals of a shift.
type ShiftTotals struct {
	Shift     int64
	Next      int64 // the shift that is open now
	Lines     []ShiftLine
	Elsewhere bool // it had been closed before we asked
}

// ShiftLine is one payment system's totals.
type ShiftLine struct {
	System      string
	Payments    int64
	PaymentsSum pay.Amount
	Refunds     int64
	RefundsSum  pay.Amount
}

// Activation is a try to activate a terminal. Code is secret.
type Activation struct {
	Terminal string
	Serial   string
	Code     string
	Force    bool
}

// ActivationResult is how the try went. Active false with a Code is the provider's refusal; an error means that no word came.
type ActivationResult struct {
	Active           bool
	NeedsForce       bool // this computer or terminal seems active already
	AttemptsLeft     int  // -1: unknown
	Code, Text, Hint string
	// Registration is what the provider says of the terminal, without secrets.
	Registration json.RawMessage
}

// ActivationState is what is stored of an activation.
type ActivationState struct {
	Active       bool      `json:"active"`
	Terminal     string    `json:"terminal_id,omitempty"`
	Serial       string    `json:"serial,omitempty"`
	AttemptsLeft int       `json:"attempts_left"` // of the last code; -1: unknown
	Since        time.Time `json:"since,omitzero"`
}

// Probe is the state of the way to the provider.
type Probe struct {
	OK         bool          `json:"ok"`
	Error      string        `json:"error,omitempty"`
	Code       pay.Code      `json:"code,omitempty"`
	ServerTime time.Time     `json:"server_time,omitzero"` // from its Date header
	Latency    time.Duration `json:"latency_ns,omitempty"`
	// Notes say what somebody should look at before it is too late: a certificate that ends soon.
	Notes []string `json:"notes,omitempty"`
}

// Traits are what the engine must know of a provider's money requests. Each that is not the zero value needs a source (a contract).
type Traits struct {
	// Horizon is how long after sending "not found" becomes proof that nothing happened; 0: never.
	Horizon time.Duration
	// RefusesDuplicates says that one key twice moves money at most once, so that Commit may be repeated after NotFound.
	RefusesDuplicates bool
	// LateLook is how long after a decline or cancel of a QR payment the provider is asked once more; 0: five minutes.
	LateLook time.Duration
}

// Description is what a module is.
type Description struct {
	ID       string            // "sendy": folder, file names, C interface
	Title    map[string]string // by language
	Version  string
	Kinds    []pay.Kind
	Systems  []string
	Traits   Traits
	Features []string // more words for pr_info capabilities
	Commands []string // names of kind command
}
