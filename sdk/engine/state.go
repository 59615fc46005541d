package engine

import (
	"encoding/json"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Phase is how far an operation has come.
type Phase uint8

// The phases. The order matters: a phase is never left backwards.
const (
	Prepared Phase = iota
	Committed
	Settled
)

// Abilities are what the engine may ask of the driver for this kind of operation.
type Abilities struct {
	Counts   bool // the provider counts operations: ask before the first request
	Prepares bool
	Cancels  bool          // an unpaid operation can be stopped
	Reverses bool          // an approved one can be given back, by a cancel or a refund
	Holds    bool          // a draft keeps something back for the customer until it is let go
	HoldsFor time.Duration // how long that is asked for; 0: for ever
	Traits   provider.Traits
}

// Terms are the times that the engine keeps. All are durations of the engine's own clock; none of them ever proves anything about money.
type Terms struct {
	Wait         time.Duration // from the first Commit, or the showing of a QR code, until the engine asks for a cancel (at least 310 s in an installation, S003)
	CancelWait   time.Duration // from a cancel until Unknown is told, and after the till's own cancel another tender allowed (§3.6)
	OrphanGrace  time.Duration // without the till, in the customer's turn (§3.6)
	UnknownAfter time.Duration // silence of the provider after which Unknown is told
	PrepareWait  time.Duration // how long a lost Prepare is repeated
	Poll         time.Duration // between inquiries while the customer acts
	FirstLook    time.Duration // after a lost answer
	LongestPause time.Duration // between inquiries of an Unknown operation (§3.5: at least every minute)
	LateLook     time.Duration // after a decline or cancel of a shown QR code
}

// DefaultTerms are those of the design.
func DefaultTerms() Terms {
	return Terms{
		Wait: 310 * time.Second, CancelWait: 10 * time.Second, OrphanGrace: 30 * time.Second, UnknownAfter: 30 * time.Second,
		PrepareWait: 15 * time.Second, Poll: time.Second, FirstLook: 300 * time.Millisecond, LongestPause: time.Minute, LateLook: 5 * time.Minute,
	}
}

// LongestCall is how long a call of the driver may take: until then a request that was asked for may still leave. It is added to a horizon.
const LongestCall = time.Minute

// mostDefaults bounds how often a question is answered by its default, so that a driver which asks again and again comes to an end.
const mostDefaults = 16

// Sum is money that a provider named.
type Sum struct {
	Amount   pay.Amount   `json:"amount"`
	Currency pay.Currency `json:"currency,omitempty"`
}

// Resolution is a person's word about an Unknown operation (§3.5).
type Resolution struct {
	Charged bool      `json:"charged"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// State is one operation. The exported fields are journaled; the rest is made again after a restart.
type State struct {
	Kind     pay.Kind     `json:"kind"`
	Amount   pay.Amount   `json:"amount"`
	Currency pay.Currency `json:"currency"`
	Begun    time.Time    `json:"begun"`
	Test     bool         `json:"test,omitempty"` // begun on a test terminal: whatever is shown or printed of it is marked

	Phase     Phase          `json:"phase"`
	Counted   bool           `json:"counted,omitempty"`
	Drafted   bool           `json:"drafted,omitempty"` // the provider may hold a draft that nobody could pay
	Tries     int            `json:"tries,omitempty"`
	MaybeSent bool           `json:"maybe_sent,omitempty"` // bytes of a request may have left in some try
	Committed time.Time      `json:"committed,omitzero"`   // the first time
	SentAt    time.Time      `json:"sent_at,omitzero"`     // the last time that something payable left, or a QR code was shown
	QR        *provider.QR   `json:"qr,omitempty"`         // shown to the customer
	Driver    provider.State `json:"driver,omitzero"`
	CancelKey pay.Key        `json:"cancel_key,omitzero"` // the provider knows a cancel of the operation by it
	Reserved  pay.Amount     `json:"reserved,omitempty"`  // of a basket: what the provider reserved and the cashier saw
	Held      bool           `json:"held,omitempty"`      // it ended before Commit, and the provider is still to let its draft go

	CancelAsked   bool   `json:"cancel_asked,omitempty"`
	TillCancelled bool   `json:"till_cancelled,omitempty"` // it was the till that asked, and not the engine alone
	CancelReason  string `json:"cancel_reason,omitempty"`
	Abandoned     bool   `json:"abandoned,omitempty"`
	Told          bool   `json:"told,omitempty"`

	Outcome     pay.Outcome     `json:"outcome,omitempty"`
	Charged     bool            `json:"charged,omitempty"`
	Approved    pay.Amount      `json:"approved,omitempty"`
	BookedShift int64           `json:"booked_shift,omitempty"`
	SettledAt   time.Time       `json:"settled_at,omitzero"`
	Code        string          `json:"code,omitempty"`
	Text        string          `json:"text,omitempty"`
	Hint        string          `json:"hint,omitempty"`
	Error       pay.Code        `json:"error,omitempty"`
	Named       *Sum            `json:"named,omitempty"` // what an answer named that is not what was asked for; Text says the same in English
	System      string          `json:"system,omitempty"`
	Payer       string          `json:"payer,omitempty"`
	RRN         string          `json:"rrn,omitempty"`
	AuthCode    string          `json:"auth_code,omitempty"`
	Result      json.RawMessage `json:"result,omitempty"`

	Ack           pay.Ack      `json:"ack,omitempty"`
	Reversal      pay.Reversal `json:"reversal,omitempty"`
	Reversals     int          `json:"reversals,omitempty"` // how many reversal operations began
	Left          *pay.Amount  `json:"left,omitempty"`      // of a declined reversal: what the provider still has of the payment, as it says
	Elsewhere     pay.Amount   `json:"elsewhere,omitempty"` // of a payment being reversed: what went back, and not through this journal
	Resolved      *Resolution  `json:"resolved,omitempty"`
	Contradiction string       `json:"contradiction,omitempty"` // proof against what was told or decided; listed until somebody has seen it
	Noticed       bool         `json:"noticed,omitempty"`       // somebody has
	LookAt        time.Time    `json:"look_at,omitzero"`        // a late look is due

	Able      Abilities `json:"-"`
	Terms     Terms     `json:"-"`
	NoPrompts bool      `json:"no_prompts,omitempty"`

	passing
}

// passing is what is known of an operation only while the module runs. A crash makes it empty.
type passing struct {
	call        Call
	last        Call // the call before
	interrupted bool
	prompt      *provider.Prompt
	defaults    int // questions answered by their default, since nobody did
	watched     bool
	orphaned    bool      // the orphan timer runs
	turn        bool      // the customer's turn: the provider said Waiting, or a QR code is shown
	status      string    // the last words for the cashier
	silent      bool      // the provider gave no word since
	why         Cause     // of no word, as the driver says it
	lost        time.Time // since when Prepare brings nothing
	pauses      int
	patience    time.Duration // the provider is to be left alone for so long
	resendable  bool          // the secrets are still here
	started     time.Time     // a horizon counts from here at the earliest: the operation was taken up after a crash, or a call came back
	idle        bool          // of what persists: nothing left in any try, so the next try may follow
}

// New is the state of an operation that was just journaled.
func New(kind pay.Kind, amount pay.Amount, currency pay.Currency, begun time.Time) State {
	return State{Kind: kind, Amount: amount, Currency: currency, Begun: begun}
}

// Cause is why there is no word of the provider and what somebody should do about it, in the driver's words; both may be empty.
type Cause struct{ Text, Hint string }

// Waits is what an operation waits for whose outcome is not known: a login, for example. It is known only while the module runs.
func (s State) Waits() Cause {
	if s.Final() {
		return Cause{}
	}
	return s.why
}

// Final says whether the outcome can never change any more.
func (s State) Final() bool { return s.Outcome.Final() }

// Running says that the till is still to hear of the operation.
func (s State) Running() bool { return !s.Final() && !s.Told }

// Open says that the engine still has work with the operation.
func (s State) Open() bool {
	return s.Phase != Settled || s.Reversal == pay.ReversalUnderWay || !s.LookAt.IsZero() || s.Held
}

// CanCancel says whether a cancel would be accepted now: it is asked for, nothing else.
func (s State) CanCancel() bool {
	switch {
	case s.Final() || s.Phase == Settled || s.TillCancelled || s.Abandoned || s.persists():
		return false
	case s.Phase == Prepared || s.harmless():
		return !s.CancelAsked
	}
	return s.Kind.Payment()
}

// CanConfirm says whether pr_confirm would be accepted.
func (s State) CanConfirm() bool {
	return s.Outcome == pay.Approved && !s.Abandoned && s.Ack != pay.AckReverse && s.Ack != pay.AckConfirm
}

// CanReverse says whether pr_reverse would be accepted.
func (s State) CanReverse() bool {
	if !s.Kind.Payment() || !s.Able.Reverses || s.Ack == pay.AckConfirm || s.Ack == pay.AckReverse {
		return false
	}
	return s.Outcome == pay.Approved && s.Reversal == pay.ReversalNone || !s.Final()
}

// CanResolve says whether a person's word would be taken: of money whose Unknown was told, unless it is being given back already (§3.5).
func (s State) CanResolve() bool {
	return s.Kind.Money() && s.Told && !s.Final() && s.Reversal != pay.ReversalUnderWay
}

// Unattended says that the till or a person still has to look at the operation, though the engine is done with it.
func (s State) Unattended() bool {
	return s.Contradiction != "" && !s.Noticed || s.Outcome == pay.Approved && s.Kind.Payment() && s.Ack == pay.AckSeen
}

// OtherTender says whether the customer may pay otherwise: what still arrives goes back by itself.
func (s State) OtherTender() bool { return s.Abandoned && !s.Final() }

// Prompt is the question that waits for the cashier, or nil.
func (s State) Prompt() *provider.Prompt { return s.prompt }

// Calling is the call that is under way.
func (s State) Calling() Call { return s.call }

// persists says of a kind that it is never given up.
func (s State) persists() bool { return s.Kind == pay.KindReversal || s.Kind == pay.KindCloseDay }

// harmless says of a kind that it never has to do with money: no word is a refusal then, and not Unknown.
func (s State) harmless() bool { return !s.Kind.Money() && s.Kind != pay.KindCloseDay }

// abandonable says whether what still arrives could be given back; a payout never can (§3.6).
func (s State) abandonable() bool { return s.Kind.Payment() && s.Able.Reverses }
