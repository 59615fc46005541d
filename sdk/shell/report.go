package shell

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// Report is the document of a close of day or of a report without closing: one model for paper, PDF and JSON. Sums are in minor units.
type Report struct {
	Closing     bool         `json:"closing"`
	Detailed    bool         `json:"detailed"`
	Shift       int64        `json:"shift,omitempty"`
	From        time.Time    `json:"from,omitzero"` // of a report by time; To is not included
	To          time.Time    `json:"to,omitzero"`
	Opened      time.Time    `json:"opened,omitzero"`
	Closed      time.Time    `json:"closed,omitzero"`
	Currency    pay.Currency `json:"currency"`
	Lines       []ReportLine `json:"lines"`
	FirstNumber int64        `json:"first_number,omitempty"`
	LastNumber  int64        `json:"last_number,omitempty"`
	Counted     int64        `json:"counted"`           // operations in the totals
	Pending     []ReportRow  `json:"pending,omitempty"` // running or unknown: in no total
	Late        []ReportRow  `json:"late,omitempty"`    // begun in another shift and booked in this one
	Provider    *Comparison  `json:"provider,omitempty"`
	Operations  []ReportRow  `json:"operations,omitempty"` // of a detailed report
}

// ReportLine is the totals of one payment system.
type ReportLine struct {
	System      string     `json:"system"`
	Payments    int64      `json:"payments"`
	PaymentsSum pay.Amount `json:"payments_sum"`
	Refunds     int64      `json:"refunds"`
	RefundsSum  pay.Amount `json:"refunds_sum"`
	Payouts     int64      `json:"payouts,omitempty"`
	PayoutsSum  pay.Amount `json:"payouts_sum,omitempty"`
}

// ReportRow is one operation of a report.
type ReportRow struct {
	Number   int64      `json:"number"`
	Ref      pay.Ref    `json:"ref"`
	Time     time.Time  `json:"time"`
	Kind     pay.Kind   `json:"kind"`
	System   string     `json:"system"`
	Receipt  string     `json:"receipt,omitempty"`
	Amount   pay.Amount `json:"amount"` // below 0: given back or paid out
	RRN      string     `json:"rrn,omitempty"`
	Original int64      `json:"original,omitempty"`   // number of the payment that it returns
	Shift    int64      `json:"from_shift,omitempty"` // the shift in which it was begun, where that is another
}

// Comparison is our totals against the provider's.
type Comparison struct {
	Matched     bool         `json:"matched"`
	Elsewhere   bool         `json:"elsewhere,omitempty"` // the shift had been closed elsewhere
	Lines       []ReportLine `json:"lines"`
	Differences []Difference `json:"differences,omitempty"`
}

// Difference is one figure in which the two disagree.
type Difference struct {
	System   string       `json:"system"`
	What     journal.Sort `json:"what"`
	OurCount int64        `json:"our_count"`
	OurSum   pay.Amount   `json:"our_sum"`
	Count    int64        `json:"count"`
	Sum      pay.Amount   `json:"sum"`
}

// Total adds the lines up: payments less refunds and payouts.
func (r Report) Total() (sum pay.Amount) {
	for _, l := range r.Lines {
		sum += l.PaymentsSum - l.RefundsSum - l.PayoutsSum
	}
	return sum
}

// report is a report without closing: of a shift (the open one by default), or from and to a moment.
func (s *Shell) report(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	q, err := s.selection(ctx, op.Params)
	if err != nil {
		refusal := s.o.Words.Fill(err, first(op.Language, s.config.Load().language))
		return provider.Reply{Verdict: provider.Declined, Error: refusal.Code, Text: refusal.Text, Hint: refusal.Hint}, nil
	}
	r, err := s.sum(ctx, q)
	if err != nil {
		return provider.Reply{Verdict: provider.Declined, Error: pay.ErrJournal}, nil
	}
	r.Shift, r.From, r.To, r.Detailed = q.Shift, q.From, q.To, op.Params.Detailed
	if q.Shift != 0 {
		if shift, err := s.o.Journal.Shift(ctx, q.Shift); err == nil {
			r.Opened, r.Closed = shift.Opened, shift.Closed
		}
	}
	if r.Detailed {
		if r.Operations, err = s.rows(ctx, q); err != nil {
			return provider.Reply{Verdict: provider.Declined, Error: pay.ErrJournal}, nil
		}
	}
	result, err := json.Marshal(r)
	if err != nil {
		return provider.Reply{}, err
	}
	return provider.Reply{Verdict: provider.Approved, Result: result}, nil
}

func (s *Shell) selection(ctx context.Context, p pay.Params) (q journal.Query, err error) {
	if p.From == "" && p.To == "" {
		q.Shift = p.Shift
		if q.Shift == 0 {
			current, err := s.o.Journal.CurrentShift(ctx)
			if err != nil {
				return q, err
			}
			q.Shift = current.Number
		}
		return q, nil
	}
	q.To = s.o.Now()
	if p.From != "" {
		if q.From, err = pay.ParseMoment(p.From, false, time.Local); err != nil {
			return q, err
		}
	}
	if p.To != "" {
		if q.To, err = pay.ParseMoment(p.To, true, time.Local); err != nil {
			return q, err
		}
	}
	if !q.From.Before(q.To) {
		return q, text.Refuse(pay.ErrArgument, "refused.report_ends", nil, nil)
	}
	return q, nil
}

// sum folds the journal: only what the provider proved counts; what waits for a result is listed apart (design §3.9).
func (s *Shell) sum(ctx context.Context, q journal.Query) (Report, error) {
	r := Report{Currency: pay.RUB, Lines: []ReportLine{}}
	totals, err := s.o.Journal.Totals(ctx, q)
	if err != nil {
		return r, err
	}
	for _, t := range totals {
		line := r.line(t.System)
		r.Counted += t.Count
		switch t.Sort {
		case journal.Payments:
			line.Payments, line.PaymentsSum = line.Payments+t.Count, line.PaymentsSum+t.Sum
		case journal.Refunds:
			line.Refunds, line.RefundsSum = line.Refunds+t.Count, line.RefundsSum+t.Sum
		case journal.Payouts:
			line.Payouts, line.PayoutsSum = line.Payouts+t.Count, line.PayoutsSum+t.Sum
		}
	}
	slices.SortFunc(r.Lines, func(a, b ReportLine) int { return strings.Compare(order(a.System), order(b.System)) })
	if r.FirstNumber, r.LastNumber, err = s.o.Journal.NumberRange(ctx, q); err != nil {
		return r, err
	}
	open, err := s.o.Journal.Find(ctx, journal.Query{OpenOnly: true})
	if err != nil {
		return r, err
	}
	for _, row := range open {
		if !row.Final && row.Kind.Money() {
			r.Pending = append(r.Pending, reportRow(row))
		}
	}
	if q.Shift != 0 {
		late, err := s.o.Journal.Late(ctx, q.Shift)
		if err != nil {
			return r, err
		}
		for _, row := range late {
			r.Late = append(r.Late, reportRow(row))
		}
	}
	return r, nil
}

// order puts Sendy, WeChat and AliPay where the seed has them, and others behind by name.
func order(system string) string {
	for i, known := range []string{"sendy", "wechat", "alipay"} {
		if system == known {
			return fmt.Sprint(i)
		}
	}
	return "9" + system
}

func (r *Report) line(system string) *ReportLine {
	for i := range r.Lines {
		if r.Lines[i].System == system {
			return &r.Lines[i]
		}
	}
	r.Lines = append(r.Lines, ReportLine{System: system})
	return &r.Lines[len(r.Lines)-1]
}

// rows are the counted operations of a selection, oldest first.
func (s *Shell) rows(ctx context.Context, q journal.Query) ([]ReportRow, error) {
	q.CountedOnly = true
	found, err := s.o.Journal.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	numbers := map[pay.Ref]int64{}
	list := make([]ReportRow, 0, len(found))
	for _, row := range found {
		numbers[row.Ref] = row.Number
		line := reportRow(row)
		if row.OriginalRef != "" {
			if numbers[row.OriginalRef] == 0 {
				if original, err := s.o.Journal.Operation(ctx, row.OriginalRef); err == nil {
					numbers[row.OriginalRef] = original.Number
				}
			}
			line.Original = numbers[row.OriginalRef]
		}
		list = append(list, line)
	}
	return list, nil
}

// Details fills in the operations of a closed shift's report, for its detailed paper.
func (s *Shell) Details(ctx context.Context, r *Report) (err error) {
	if r.Shift != 0 && r.Operations == nil {
		r.Operations, err = s.rows(ctx, journal.Query{Shift: r.Shift})
	}
	return err
}

func reportRow(row journal.Operation) ReportRow {
	r := ReportRow{Number: row.Number, Ref: row.Ref, Time: row.Begun, Kind: row.Kind, System: row.System, Receipt: row.Receipt, RRN: row.RRN,
		Amount: row.Amount}
	if row.Charged {
		r.Amount = row.ApprovedAmount
	}
	if row.Kind.Returns() || row.Kind == pay.KindPayout {
		r.Amount = -r.Amount
	}
	if row.BookedShift != 0 && row.BookedShift != row.Shift {
		r.Shift = row.Shift
	}
	return r
}

// compare sets our totals against the provider's.
func (r *Report) compare(totals *provider.ShiftTotals) {
	if totals == nil {
		return
	}
	c := &Comparison{Elsewhere: totals.Elsewhere, Lines: []ReportLine{}}
	theirs := Report{}
	for _, l := range totals.Lines {
		line := theirs.line(l.System)
		line.Payments, line.PaymentsSum, line.Refunds, line.RefundsSum = l.Payments, l.PaymentsSum, l.Refunds, l.RefundsSum
		c.Lines = append(c.Lines, *line)
	}
	ours := Report{Lines: slices.Clone(r.Lines)}
	for _, l := range c.Lines {
		ours.line(l.System)
	}
	for _, our := range ours.Lines {
		their := *theirs.line(our.System)
		if our.Payments != their.Payments || our.PaymentsSum != their.PaymentsSum {
			c.Differences = append(c.Differences, Difference{our.System, journal.Payments, our.Payments, our.PaymentsSum, their.Payments, their.PaymentsSum})
		}
		if our.Refunds != their.Refunds || our.RefundsSum != their.RefundsSum {
			c.Differences = append(c.Differences, Difference{our.System, journal.Refunds, our.Refunds, our.RefundsSum, their.Refunds, their.RefundsSum})
		}
	}
	c.Matched = len(c.Differences) == 0
	r.Provider = c
}
