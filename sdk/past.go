package sdk

import (
	"context"
	"time"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// Past is one operation of the module's journal, as a command may see it that compares the journal with what the provider lists.
type Past struct {
	Ref      pay.Ref
	Original pay.Ref // of a refund or reversal: the payment
	Key      pay.Key
	Kind     pay.Kind
	Number   int64 // the through number: of two operations that begin at once the greater was journaled second
	System   string
	Amount   pay.Amount // that moved where Charged, else that was asked for
	Currency pay.Currency
	Charged  bool // the provider proved that the money moved
	Outcome  pay.Outcome
	Begun    time.Time
	Booked   time.Time // when the journal learned it; zero where not Charged
}

// past reads the operations with money that were begun from a time on and before another.
func (s *Service) past(ctx context.Context, from, to time.Time) ([]Past, error) {
	rows, err := s.journal.Find(ctx, journal.Query{From: from, To: to})
	if err != nil {
		return nil, err
	}
	list := make([]Past, 0, len(rows))
	for _, r := range rows {
		if r.Amount == 0 {
			continue
		}
		p := Past{Ref: r.Ref, Original: r.OriginalRef, Key: r.Key, Kind: r.Kind, Number: r.Number, System: r.System, Amount: r.Amount, Currency: r.Currency,
			Charged: r.Charged, Outcome: r.Outcome, Begun: r.Begun, Booked: r.BookedAt}
		if p.Charged {
			p.Amount = r.ApprovedAmount
		}
		list = append(list, p)
	}
	return list, nil
}
