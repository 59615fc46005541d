package journal

import (
	"cmp"
	"context"
	"slices"

	"github.com/payrack/payrack/sdk/pay"
)

// returned sums what refunds and reversals of a payment have taken: approved, and under way, which may still be.
const returned = `SELECT COALESCE(SUM(CASE WHEN charged = 1 THEN approved_amount ELSE 0 END), 0),
	COALESCE(SUM(CASE WHEN charged = 0 AND final = 0 THEN amount ELSE 0 END), 0)
	FROM operations WHERE original_ref = ? AND kind IN ('refund', 'reversal')`

// Totals adds up the operations that the provider proved to have moved money (design §3.9), by payment system, sort and currency, in
// that order. Shift selects by the shift that an operation is booked in, From and To by when it was booked. Its cost is that of the
// operations selected, whatever else the journal holds.
func (j *Journal) Totals(ctx context.Context, q Query) ([]Total, error) {
	if q.Refs != nil && len(q.Refs) == 0 {
		return nil, nil
	}
	var w conditions
	q.CountedOnly = true
	w.common(q)
	if q.Shift != 0 {
		w.and("o.counted_shift = ?", q.Shift)
	}
	if w.span("o.booked_at", q) && q.Shift == 0 {
		// booked_at is set of charged operations alone; without the condition the index of booked_at covers the query.
		w.list = slices.DeleteFunc(w.list, func(c string) bool { return c == "o.charged = 1" })
	}
	rows, err := j.readers.QueryContext(ctx, `SELECT o.payment_system, o.kind, o.currency, COUNT(*), SUM(o.approved_amount)
		FROM operations o `+w.text()+` GROUP BY o.payment_system, o.kind, o.currency`, w.args...)
	type line struct {
		Total
		kind pay.Kind
	}
	lines, err := collect(rows, err, func(scan func(...any) error) (l line, err error) {
		return l, scan(&l.System, &l.kind, &l.Currency, &l.Count, &l.Sum)
	})
	if err != nil {
		return nil, err
	}
	var totals []Total
	for _, l := range lines {
		sort, counts := SortOf(l.kind)
		if !counts {
			continue
		}
		l.Sort = sort
		i := slices.IndexFunc(totals, func(t Total) bool { return t.System == l.System && t.Sort == l.Sort && t.Currency == l.Currency })
		if i < 0 {
			totals = append(totals, l.Total)
			continue
		}
		totals[i].Count += l.Count
		totals[i].Sum += l.Sum
	}
	slices.SortFunc(totals, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Sort, b.Sort), cmp.Compare(a.Currency, b.Currency))
	})
	return totals, nil
}

// SortOf says which sort of totals a kind counts in; false: in none.
func SortOf(k pay.Kind) (Sort, bool) {
	switch {
	case k.Payment():
		return Payments, true
	case k.Returns():
		return Refunds, true
	case k == pay.KindPayout:
		return Payouts, true
	}
	return "", false
}

// Returned says how much of a payment refunds and reversals have returned, and how much those take that are running or Unknown.
func (j *Journal) Returned(ctx context.Context, original pay.Ref) (approved, underWay pay.Amount, err error) {
	err = j.readers.QueryRowContext(ctx, returned, string(original)).Scan(&approved, &underWay)
	return approved, underWay, fault(err, "read the journal")
}

// HighestNumbers returns the highest through number given, and the highest number of the provider journaled; 0: none.
func (j *Journal) HighestNumbers(ctx context.Context) (own, provider int64, err error) {
	err = j.readers.QueryRowContext(ctx, `SELECT
		(SELECT COALESCE(MAX(number), 0) FROM operations WHERE number IS NOT NULL),
		(SELECT COALESCE(MAX(provider_number), 0) FROM operations WHERE provider_number IS NOT NULL)`).Scan(&own, &provider)
	return own, provider, fault(err, "read the journal")
}
