package journal

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// Operation returns one operation; pay.ErrNotFound where the journal has none of that ref.
func (j *Journal) Operation(ctx context.Context, ref pay.Ref) (Operation, error) {
	r, err := readRow(j.readers.QueryRowContext(ctx, "SELECT "+rowColumns+rowTables+"WHERE o.ref = ?", string(ref)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Operation{}, notFound(ref)
	}
	return r.Operation, fault(err, "read the journal")
}

// Find returns the operations that a query selects, in the order in which they were begun, or the newest first.
func (j *Journal) Find(ctx context.Context, q Query) ([]Operation, error) {
	if q.Refs != nil && len(q.Refs) == 0 {
		return nil, nil
	}
	var w conditions
	w.common(q)
	if q.Shift != 0 {
		w.and("o.counted_shift = ?", q.Shift)
	}
	order := " ORDER BY o.id"
	if w.span("o.begun", q) {
		order = " ORDER BY o.begun, o.id"
	}
	if q.Newest {
		order = strings.ReplaceAll(order, "o.begun,", "o.begun DESC,") + " DESC"
	}
	rows, err := j.readers.QueryContext(ctx, "SELECT "+rowColumns+rowTables+w.text()+order+limitText(q.Limit), w.args...)
	if q.Unreadable != nil {
		return readable(rows, err, q.Unreadable)
	}
	return collect(rows, err, func(scan func(...any) error) (Operation, error) {
		r, err := readRow(scan)
		return r.Operation, err
	})
}

// readable reads the rows that can be read, and names the others.
func readable(rows *sql.Rows, err error, unreadable func(pay.Ref, error)) (list []Operation, _ error) {
	if err != nil {
		return nil, fault(err, "read the journal")
	}
	defer rows.Close()
	for rows.Next() {
		r, err := readRow(rows.Scan)
		if err != nil {
			ref, _ := refOf(rows)
			unreadable(ref, err)
			continue
		}
		list = append(list, r.Operation)
	}
	return list, fault(rows.Err(), "read the journal")
}

// Story returns what happened to an operation, in order: its events, and its part of the request log. pay.ErrNotFound where the
// journal has none of that ref.
func (j *Journal) Story(ctx context.Context, ref pay.Ref) ([]Event, []Exchange, error) {
	var id int64
	err := j.readers.QueryRowContext(ctx, `SELECT id FROM operations WHERE ref = ?`, string(ref)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, notFound(ref)
	}
	if err != nil {
		return nil, nil, fault(err, "read the journal")
	}
	rows, err := j.readers.QueryContext(ctx, `SELECT number, at, name, data FROM events WHERE operation = ? ORDER BY number`, id)
	events, err := collect(rows, err, func(scan func(...any) error) (Event, error) {
		e := Event{Ref: ref}
		var at int64
		var data sql.NullString
		err := scan(&e.Number, &at, &e.Name, &data)
		e.Time, e.Data = moment(at), jsonOf(data)
		return e, err
	})
	if err != nil {
		return nil, nil, err
	}
	exchanges, err := j.exchanges(ctx, "WHERE ref = ? ORDER BY id", []any{string(ref)}, func(e Exchange) bool { return e.Ref == ref })
	return events, exchanges, err
}

// conditions is a WHERE in the making.
type conditions struct {
	list []string
	args []any
}

func (w *conditions) and(text string, args ...any) {
	w.list = append(w.list, text)
	w.args = append(w.args, args...)
}

// common are the conditions that mean the same for operations and for totals.
func (w *conditions) common(q Query) {
	if len(q.Refs) > 0 {
		args := make([]any, len(q.Refs))
		for i, ref := range q.Refs {
			args[i] = string(ref)
		}
		w.and("o.ref IN (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
	}
	if q.Number != 0 {
		w.and("o.number = ?", q.Number)
	}
	for _, c := range []struct{ column, value string }{
		{"o.pos_id", q.PosID}, {"o.receipt", q.Receipt}, {"o.document", q.Document}, {"o.original_ref", string(q.OriginalRef)},
	} {
		if c.value != "" {
			w.and(c.column+" = ?", c.value)
		}
	}
	if q.OpenOnly || q.PendingOnly {
		w.and("o.pending = 1")
	}
	if q.OpenOnly {
		w.and("o.unfinished = 1")
	}
	if q.CountedOnly {
		w.and("o.charged = 1")
	}
}

// span selects by a column of times, and says whether there was something to select by.
func (w *conditions) span(column string, q Query) bool {
	if !q.From.IsZero() {
		w.and(column+" >= ?", micros(q.From))
	}
	if !q.To.IsZero() {
		w.and(column+" < ?", micros(q.To))
	}
	return !q.From.IsZero() || !q.To.IsZero()
}

func (w *conditions) text() string {
	if len(w.list) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(w.list, " AND ")
}

func limitText(limit int) string {
	if limit <= 0 {
		return ""
	}
	return " LIMIT " + strconv.Itoa(limit)
}

// collect reads all rows of a query.
func collect[T any](rows *sql.Rows, err error, read func(scan func(...any) error) (T, error)) ([]T, error) {
	if err != nil {
		return nil, fault(err, "read the journal")
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		item, err := read(rows.Scan)
		if err != nil {
			return nil, fault(err, "read the journal")
		}
		list = append(list, item)
	}
	return list, fault(rows.Err(), "read the journal")
}
