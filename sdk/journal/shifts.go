package journal

import (
	"context"
	"database/sql"
	"errors"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

const shiftColumns = `number, opened, closed, closed_by, next_number, totals, elsewhere`

// shiftRow is a shift with the number of the one after it.
type shiftRow struct {
	Shift
	next int64 // 0: open
}

func readShift(scan func(...any) error) (shiftRow, error) {
	var (
		s                         shiftRow
		opened, closed, elsewhere int64
		totals                    sql.NullString
	)
	err := scan(&s.Number, &opened, &closed, &s.ClosedBy, &s.next, &totals, &elsewhere)
	s.Opened, s.Closed, s.Totals, s.Elsewhere = moment(opened), moment(closed), jsonOf(totals), elsewhere != 0
	return s, err
}

// Shift returns a shift by its number; pay.ErrNotFound where the journal has none of it.
func (j *Journal) Shift(ctx context.Context, number int64) (Shift, error) {
	s, err := readShift(j.readers.QueryRowContext(ctx, `SELECT `+shiftColumns+` FROM shifts WHERE number = ?`, number).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Shift{}, text.Refuse(pay.ErrNotFound, "refused.no_shift", map[string]any{"Shift": number}, nil)
	}
	return s.Shift, fault(err, "read the journal")
}

// CurrentShift returns the open shift; where none is, the one that the next operation about money will open, with Opened zero.
func (j *Journal) CurrentShift(ctx context.Context) (Shift, error) {
	s, err := readShift(j.readers.QueryRowContext(ctx, lastShift).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Shift{Number: 1}, nil
	}
	if err != nil {
		return Shift{}, fault(err, "read the journal")
	}
	if !s.Closed.IsZero() {
		return Shift{Number: s.next}, nil
	}
	return s.Shift, nil
}

// Shifts returns the last shifts, newest first; limit 0: all.
func (j *Journal) Shifts(ctx context.Context, limit int) ([]Shift, error) {
	rows, err := j.readers.QueryContext(ctx, `SELECT `+shiftColumns+` FROM shifts ORDER BY number DESC`+limitText(limit))
	return collect(rows, err, func(scan func(...any) error) (Shift, error) {
		s, err := readShift(scan)
		return s.Shift, err
	})
}

// lastShift is the open shift, or the last one: numbers only grow.
const lastShift = `SELECT ` + shiftColumns + ` FROM shifts ORDER BY number DESC LIMIT 1`

// openShift returns the open shift, opening it if need be; wanted is the number that a new one would like to have.
func (t *tx) openShift(wanted int64) (int64, error) {
	last, err := readShift(func(into ...any) error { return t.scan(lastShift, nil, into...) })
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	number := int64(1)
	if err == nil {
		if last.Closed.IsZero() {
			return last.Number, nil
		}
		number = last.next
	}
	if wanted > last.Number {
		number = wanted
	}
	return number, t.exec(`INSERT INTO shifts (number, opened, closed, closed_by, next_number, totals, elsewhere) VALUES (?, ?, 0, '', 0, NULL, 0)`,
		number, micros(t.now))
}

// giveShift puts a beginning operation into its shift.
func (t *tx) giveShift(op *Operation) (err error) {
	if op.Kind.Money() || op.Kind == pay.KindCloseDay {
		op.Shift, err = t.openShift(op.Shift)
		return err
	}
	last, err := readShift(func(into ...any) error { return t.scan(lastShift, nil, into...) })
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	op.Shift = 0
	if err == nil && last.Closed.IsZero() {
		op.Shift = last.Number
	}
	return nil
}

// book gives a charged operation the shift and the time that it counts in.
func (t *tx) book(op *Operation) error {
	if op.BookedAt.IsZero() {
		op.BookedAt = t.now
	}
	if op.BookedShift > 0 {
		var n int64
		if err := t.scan(`SELECT COUNT(*) FROM shifts WHERE number = ?`, []any{op.BookedShift}, &n); err != nil || n > 0 {
			return err
		}
	}
	var err error
	op.BookedShift, err = t.openShift(0)
	return err
}

// closeShift closes a shift for an operation.
func (t *tx) closeShift(op *Operation, c Closing) error {
	if c.Shift == 0 {
		c.Shift = op.Shift
	}
	s, err := readShift(func(into ...any) error {
		return t.scan(`SELECT `+shiftColumns+` FROM shifts WHERE number = ?`, []any{c.Shift}, into...)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return text.Refuse(pay.ErrShift, "refused.no_shift_to_close", map[string]any{"Shift": c.Shift}, nil)
	case err != nil:
		return err
	case !s.Closed.IsZero() && s.ClosedBy == op.Ref:
		return nil
	case !s.Closed.IsZero():
		return text.Refuse(pay.ErrShift, "refused.shift_closed", map[string]any{"Shift": c.Shift, "Ref": s.ClosedBy}, nil)
	}
	if c.Next == 0 {
		c.Next = c.Shift + 1
	}
	if c.Next <= c.Shift {
		return guard(op.Ref, "shift %d would be followed by %d", c.Shift, c.Next)
	}
	if c.At.IsZero() {
		c.At = t.now
	}
	return t.exec(`UPDATE shifts SET closed = ?, closed_by = ?, next_number = ?, totals = ?, elsewhere = ? WHERE number = ?`,
		micros(c.At), string(op.Ref), c.Next, jsonText(c.Totals), number(c.Elsewhere), c.Shift)
}
