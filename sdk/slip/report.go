package slip

import (
	"slices"
	"time"
	"unicode/utf8"
)

// Report is the totals of a shift or of a span of time: of a close of day, or of a report that leaves the shift open.
// Only approved operations are counted in it; what waits for a result stands in Pending and in no sum.
type Report struct {
	Detailed bool `json:"detailed"`
	// From and To select by time, in a report only; a report by shift leaves them zero and sets Document.Shift.
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
	Opened time.Time `json:"opened,omitzero"`
	Closed time.Time `json:"closed,omitzero"`

	// Systems are the totals, one for each payment system and currency.
	Systems []SystemTotals `json:"systems"`
	// Server is how these totals compare with the processing's own.
	Server Comparison `json:"server,omitzero"`

	// Operations are listed in a detailed report. Count is how many there are, where the list was shortened.
	Operations []Operation `json:"operations,omitempty"`
	Count      int         `json:"count,omitempty"`
	// Pending operations have no result yet.
	Pending []Operation `json:"pending,omitempty"`
	// Late operations belong to earlier shifts (FromShift), were settled in this one, and are counted in it.
	Late []Operation `json:"late,omitempty"`

	// First and Last are the range of operation numbers.
	First int64 `json:"first,omitempty"`
	Last  int64 `json:"last,omitempty"`
}

// Sum is how many operations, and what they sum up to. Amounts are positive; refunds and payouts are printed with a minus.
type Sum struct {
	Count  int   `json:"count"`
	Amount Money `json:"amount"`
}

// Any tells whether there is anything to print.
func (s Sum) Any() bool { return s.Count != 0 || s.Amount.Minor != 0 }

func (s Sum) plus(other Sum) Sum {
	s.Count += other.Count
	s.Amount.Minor += other.Amount.Minor
	s.Amount.Currency = firstSet(s.Amount.Currency, other.Amount.Currency)
	return s
}

// SystemTotals are the totals of one payment system in one currency.
type SystemTotals struct {
	Name     string `json:"name"`
	Payments Sum    `json:"payments"`
	Refunds  Sum    `json:"refunds,omitzero"`
	Payouts  Sum    `json:"payouts,omitzero"`
}

// Net is payments less refunds and payouts.
func (s SystemTotals) Net() Money {
	return Money{
		Minor:    s.Payments.Amount.Minor - s.Refunds.Amount.Minor - s.Payouts.Amount.Minor,
		Currency: s.currency(),
	}
}

func (s SystemTotals) currency() string {
	return firstSet(s.Payments.Amount.Currency, s.Refunds.Amount.Currency, s.Payouts.Amount.Currency)
}

// Totals are the sums over all systems, one for each currency in the order of Systems. They are derived, never given.
func (r Report) Totals() []SystemTotals {
	var totals []SystemTotals
	for _, system := range r.Systems {
		at := slices.IndexFunc(totals, func(t SystemTotals) bool { return t.Name == system.currency() })
		if at < 0 {
			at = len(totals)
			totals = append(totals, SystemTotals{Name: system.currency()})
		}
		total := &totals[at]
		total.Payments = total.Payments.plus(system.Payments)
		total.Refunds = total.Refunds.plus(system.Refunds)
		total.Payouts = total.Payouts.plus(system.Payouts)
	}
	return totals
}

// NameWidth is the width of the longest name of a payment system among the operations, in characters.
func (r Report) NameWidth() int {
	width := 0
	for _, operation := range r.Operations {
		width = max(width, utf8.RuneCountInString(operation.System))
	}
	return width
}

// Operation is one line of a detailed report.
type Operation struct {
	Number  int64     `json:"number"`
	Time    time.Time `json:"time"`
	Of      Kind      `json:"of,omitempty"` // KindPayment, KindRefund or KindPayout; empty is KindPayment
	System  string    `json:"system,omitempty"`
	Receipt string    `json:"receipt,omitempty"`
	RRN     string    `json:"rrn,omitempty"`
	Amount  Money     `json:"amount"` // positive
	// Original is the number of the refunded operation.
	Original int64 `json:"original,omitempty"`
	// FromShift is the shift that the operation was begun in, where that is not the one it counts in.
	FromShift int64 `json:"from_shift,omitempty"`
}

// Signed is the amount as the till sees it: what was paid out is negative.
func (o Operation) Signed() Money {
	if o.Of == KindRefund || o.Of == KindPayout {
		return o.Amount.Negated()
	}
	return o.Amount
}

// ComparisonState is how the till's totals compare with the server's. The zero state prints nothing.
type ComparisonState string

// The states of a comparison.
const (
	Matched     ComparisonState = "matched"
	Differs     ComparisonState = "differs"
	NotCompared ComparisonState = "not_compared"
)

// Comparison is the outcome of comparing totals with the server's.
type Comparison struct {
	State ComparisonState `json:"state,omitempty"`
	// Reason says why nothing was compared.
	Reason      string       `json:"reason,omitempty"`
	Differences []Difference `json:"differences,omitempty"`
}

// Difference is one line on which till and server disagree: a sum, or a single operation when Number is set.
type Difference struct {
	System string `json:"system,omitempty"`
	Of     Kind   `json:"of,omitempty"` // as in Operation
	Number int64  `json:"number,omitempty"`
	Till   Sum    `json:"till"`
	Server Sum    `json:"server"`
	Note   string `json:"note,omitempty"`
}

func firstSet(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
