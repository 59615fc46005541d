package journal

import (
	"context"
	"database/sql"
	"errors"
)

// adoptShift puts an operation into the shift that the provider says is open. Ours, if it is an earlier one, was closed elsewhere; one
// that holds nothing else never was, and takes the number over.
func (t *tx) adoptShift(old row, op *Operation, open int64) error {
	last, err := readShift(func(into ...any) error { return t.scan(lastShift, nil, into...) })
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err == nil && last.Number >= open {
		return nil
	}
	if err == nil && last.Closed.IsZero() {
		var others int64
		if err := t.scan(`SELECT COUNT(*) FROM operations WHERE counted_shift = ? AND ref <> ?`, []any{last.Number, string(op.Ref)}, &others); err != nil {
			return err
		}
		if others == 0 && old.Shift == last.Number {
			op.Shift = open
			return t.exec(`UPDATE shifts SET number = ? WHERE number = ?`, open, last.Number)
		}
		if err := t.exec(`UPDATE shifts SET closed = ?, next_number = ?, elsewhere = 1 WHERE number = ?`, micros(t.now), open, last.Number); err != nil {
			return err
		}
	}
	op.Shift, err = t.openShift(open)
	return err
}

// Late lists what a shift counts that was begun in another, oldest first (design §3.9).
func (j *Journal) Late(ctx context.Context, shift int64) ([]Operation, error) {
	rows, err := j.readers.QueryContext(ctx, "SELECT "+rowColumns+rowTables+"WHERE o.counted_shift = ? AND o.charged = 1 AND o.shift <> ? ORDER BY o.id",
		shift, shift)
	return collect(rows, err, func(scan func(...any) error) (Operation, error) {
		r, err := readRow(scan)
		return r.Operation, err
	})
}

// NumberRange gives the lowest and the highest through number of a selection by shift, or by the time of booking; 0: none.
func (j *Journal) NumberRange(ctx context.Context, q Query) (first, last int64, err error) {
	var w conditions
	w.and("o.number IS NOT NULL")
	if q.Shift != 0 {
		w.and("o.counted_shift = ?", q.Shift)
	} else {
		w.span("o.booked_at", q)
	}
	err = j.readers.QueryRowContext(ctx, `SELECT COALESCE(MIN(o.number), 0), COALESCE(MAX(o.number), 0) FROM operations o `+w.text(), w.args...).
		Scan(&first, &last)
	return first, last, fault(err, "read the journal")
}
