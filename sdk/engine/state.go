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
	Cancels  bool // an unpaid operation can be stopped
	Reverses bool // an approved one can be given back, by a cancel or a refund
	Persists bool // it is never given up: a reversal, a close of day
	Traits   provider.Traits
}

// Terms are the times that the engine keeps. All are durations of the engine's own clock; none of them ever proves anything about money.
type Terms struct {
	Wait         time.Duration // from Commit until the engine asks for a cancel (at least 310 s in an installation, S003)
	CancelWait   time.Duration // from a cancel until Unknown is told (§3.6)
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

	Phase     Phase          `json:"phase"`
	Counted   bool           `json:"counted,omitempty"`
	Drafted   bool           `json:"drafted,omitempty"` // the provider may hold a draft that nobody could pay
	Tries     int            `json:"tries,omitempty"`
	MaybeSent bool           `json:"maybe_sent,omitempty"`
	SentAt    time.Time      `json:"sent_at,omitzero"` // the last time that something payable left, or a QR code was shown
	QR        *provider.QR   `json:"qr,omitempty"`     // shown to the customer
	Driver    provider.State `json:"driver,omitzero"`

	CancelAsked  bool   `json:"cancel_asked,omitempty"`
	CancelReason string `json:"cancel_reason,omitempty"`
	Abandoned    bool   `json:"abandoned,omitempty"`
	Told         bool   `json:"told,omitempty"`

	Outcome     pay.Outcome     `json:"outcome,omitempty"`
	Charged     bool            `json:"charged,omitempty"`
	Approved    pay.Amount      `json:"approved,omitempty"`
	BookedShift int64           `json:"booked_shift,omitempty"`
	SettledAt   time.Time       `json:"settled_at,omitzero"`
	Code        string          `json:"code,omitempty"`
	Text        string          `json:"text,omitempty"`
	Hint        string          `json:"hint,omitempty"`
	Error       pay.Code        `json:"error,omitempty"`
	System      string          `json:"system,omitempty"`
	Payer       string          `json:"payer,omitempty"`
	RRN         string          `json:"rrn,omitempty"`
	AuthCode    string          `json:"auth_code,omitempty"`
	Result      json.RawMessage `json:"result,omitempty"`

	Ack           pay.Ack      `json:"ack,omitempty"`
	Reversal      pay.Reversal `json:"reversal,omitempty"`
	Reversals     int          `json:"reversals,omitempty"` // how many reversal operations began
	Resolved      *Resolution  `json:"resolved,omitempty"`
	Contradiction string       `json:"contradiction,omitempty"` // proof against a person's word
	LookAt        time.Time    `json:"look_at,omitzero"`        // a late look is due

	Able      Abilities `json:"-"`
	Terms     Terms     `json:"-"`
	NoPrompts bool      `json:"no_prompts,omitempty"`

	call        Call
	last        Call // the call before
	interrupted bool
	prompt      *provider.Prompt
	watched     bool
	orphaned    bool // the orphan timer runs
	turn        bool // the customer's turn: the provider said Waiting, or a QR code is shown
	silent      bool // the provider gave no word since
	pauses      int
	resendable  bool // the secrets are still here
	idle        bool // NotSent: the request may be sent again without a new write
}

// New is the state of an operation that was just journaled.
func New(kind pay.Kind, amount pay.Amount, currency pay.Currency, begun time.Time) State {
	return State{Kind: kind, Amount: amount, Currency: currency, Begun: begun, resendable: true}
}

// Final says whether the outcome can never change any more.
func (s State) Final() bool { return s.Outcome.Final() }

// Running says that the till is still to hear of the operation.
func (s State) Running() bool { return !s.Final() && !s.Told }

// Open says that the engine still has work with the operation.
func (s State) Open() bool {
	return s.Phase != Settled || s.Reversal == pay.ReversalUnderWay || !s.LookAt.IsZero()
}

// CanCancel says whether a cancel would be accepted now: it is asked for, nothing else.
func (s State) CanCancel() bool {
	if s.Final() || s.CancelAsked {
		return false
	}
	return s.Phase == Prepared && s.Kind.Numbered() && s.Kind != pay.KindReversal || s.Phase == Committed && s.Kind.Payment()
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
	return s.Outcome == pay.Approved || !s.Final()
}

// OtherTender says whether the customer may pay otherwise: what still arrives goes back by itself.
func (s State) OtherTender() bool { return s.Abandoned && !s.Final() }

// Prompt is the question that waits for the cashier, or nil.
func (s State) Prompt() *provider.Prompt { return s.prompt }

// Calling is the call that is under way.
func (s State) Calling() Call { return s.call }

// abandonable says whether what still arrives could be given back; a payout never can (§3.6).
func (s State) abandonable() bool { return s.Kind.Payment() && s.Able.Reverses }
