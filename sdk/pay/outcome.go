package pay

import "fmt"

// Outcome is what became of an operation. Only proof makes one that is not Unknown (design §3.4).
type Outcome int32

// The outcomes. Unknown is the zero value; the other three are final.
const (
	Unknown Outcome = iota
	Approved
	Declined
	Cancelled
)

var outcomeNames = [...]string{"unknown", "approved", "declined", "cancelled"}

// String is the stable name that JSON and the command line use.
func (o Outcome) String() string {
	if o < Unknown || o > Cancelled {
		return outcomeNames[Unknown]
	}
	return outcomeNames[o]
}

// Final says whether the outcome can never change any more.
func (o Outcome) Final() bool { return o == Approved || o == Declined || o == Cancelled }

// Code is the outcome in payrack.h.
func (o Outcome) Code() Code {
	switch o {
	case Approved:
		return CodeOK
	case Declined:
		return CodeDeclined
	case Cancelled:
		return CodeCancelled
	}
	return CodeUnknown
}

// MarshalText gives the stable name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the stable name; a name that it does not know is Unknown, so that a newer module's word is never taken for proof.
func (o *Outcome) UnmarshalText(text []byte) error {
	*o = Unknown
	for i, name := range outcomeNames {
		if name == string(text) {
			*o = Outcome(i)
		}
	}
	return nil
}

// Ack is what the till has said of an outcome. The first of confirm and reverse wins (payrack.h).
type Ack string

// The acknowledgements.
const (
	AckNone    Ack = ""
	AckSeen    Ack = "seen"    // the till has read a final outcome
	AckConfirm Ack = "confirm" // the fiscal receipt was printed
	AckReverse Ack = "reverse" // it was not: the money goes back
)

// Reversal is how far giving the money back has come.
type Reversal int32

// The states of a reversal, as pr_int "reversal" gives them.
const (
	ReversalNone Reversal = iota
	ReversalUnderWay
	ReversalDone
)

// Kind is what an operation does.
type Kind string

// The kinds of payrack.h, and Reversal, which only payrack begins (design §3.7).
const (
	KindOnline     Kind = "pay.online"
	KindOffline    Kind = "pay.offline"
	KindBasket     Kind = "pay.basket"
	KindPayout     Kind = "payout"
	KindRefund     Kind = "refund"
	KindReversal   Kind = "reversal"
	KindCloseDay   Kind = "close_day"
	KindReport     Kind = "report"
	KindVerifyLink Kind = "verify_link"
	KindTest       Kind = "test"
	KindCommand    Kind = "command"
)

// ParseKind reads a kind that a till may ask for.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case KindOnline, KindOffline, KindBasket, KindPayout, KindRefund, KindCloseDay, KindReport, KindVerifyLink, KindTest, KindCommand:
		return k, nil
	}
	return "", wording(ErrArgument, "refused.unknown_kind", map[string]any{"Kind": fmt.Sprintf("%.40s", s)}, "unknown kind of operation %.40q", s)
}

// Payment says whether the kind takes money from a payer.
func (k Kind) Payment() bool { return k == KindOnline || k == KindOffline || k == KindBasket }

// Returns says whether the kind gives a payment's money back.
func (k Kind) Returns() bool { return k == KindRefund || k == KindReversal }

// Money says whether the kind moves money; such a kind needs an amount above 0, others an amount of 0.
func (k Kind) Money() bool { return k.Payment() || k.Returns() || k == KindPayout }

// Numbered says whether an attempt of the kind takes a through number (design §3.8).
func (k Kind) Numbered() bool { return k.Money() }
