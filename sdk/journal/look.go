package journal

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Look opens the journal at path for reading alone, beside the process that keeps it or after it has left: it takes no lock and holds
// nobody up. Every method that reads works; those that write are refused by pay.ErrJournal. Close it.
//
// It returns pay.ErrNotFound where there is no file, and pay.ErrJournal where the file is no journal, or has a schema that only the
// module's own program may bring up to date. A damaged file is opened as far as it can be read: Check says what is wrong with it.
func Look(ctx context.Context, path string) (*Journal, error) {
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return nil, &pay.Error{Code: pay.ErrNotFound, Cause: fmt.Errorf("look into the journal: %w", err)}
	}
	have, err := version(ctx, path)
	if err != nil {
		return nil, fault(err, "open the journal "+path)
	}
	want, err := newest()
	if err != nil {
		return nil, fault(err, "open the journal "+path)
	}
	data := map[string]any{"Path": path, "Have": have, "Known": want}
	switch {
	case have > want:
		return nil, text.Refuse(pay.ErrJournal, "journal.newer", data, nil)
	case have < want:
		return nil, text.Refuse(pay.ErrJournal, "journal.older", data, nil)
	}
	db, err := connect(path, forReading)
	if err != nil {
		return nil, fault(err, "open the journal "+path)
	}
	j := &Journal{path: path, now: time.Now, turn: make(chan struct{}, 1), closed: true}
	j.turn <- struct{}{}
	j.readers = &readers{DB: db, statements: map[string]*sql.Stmt{}}
	return j, nil
}

// newest is the version of the schema that this program knows.
func newest() (version int64, err error) {
	files, err := schema.ReadDir("schema")
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, err
		}
		version = max(version, n)
	}
	return version, nil
}

// Record is an operation with its transitions, in order.
type Record struct {
	Operation
	Events []Event
	// Unreadable says why the row cannot be read; what was read before stands, often the ref alone.
	Unreadable error
}

// Records hands every operation to f, in the order in which they were begun, as they stood at one moment. A row that cannot be read is
// handed over as such and keeps no other from being read. An error of f ends it.
func (j *Journal) Records(ctx context.Context, f func(Record) error) error {
	tx, err := j.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fault(err, "read the journal")
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	stories, err := storiesOf(ctx, tx)
	if err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+rowColumns+rowTables+"ORDER BY o.id")
	if err != nil {
		return fault(err, "read the journal")
	}
	defer rows.Close()
	for rows.Next() {
		r, err := readRow(rows.Scan)
		if r.Ref == "" && err != nil {
			r.Ref, r.id = refOf(rows)
		}
		record := Record{Operation: r.Operation, Events: stories[r.id], Unreadable: err}
		for i := range record.Events {
			record.Events[i].Ref = r.Ref
		}
		if err := f(record); err != nil {
			return err
		}
	}
	return fault(rows.Err(), "read the journal")
}

// refOf reads what names a row of rowColumns that cannot be read as a whole.
func refOf(rows *sql.Rows) (pay.Ref, int64) {
	columns, err := rows.Columns()
	if err != nil {
		return "", 0
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if rows.Scan(into...) != nil {
		return "", 0
	}
	id, _ := values[0].(int64)
	ref := fmt.Sprintf("%s", values[2])
	return pay.Ref(strings.ToValidUTF8(ref[:min(len(ref), pay.MaxRef)], "?")), id
}

// storiesOf reads the events of all operations, without what belongs to them.
func storiesOf(ctx context.Context, tx *sql.Tx) (map[int64][]Event, error) {
	rows, err := tx.QueryContext(ctx, `SELECT operation, number, at, name FROM events ORDER BY operation, number`)
	if err != nil {
		return nil, fault(err, "read the journal")
	}
	defer rows.Close()
	stories := map[int64][]Event{}
	for rows.Next() {
		var id, at int64
		var e Event
		if rows.Scan(&id, &e.Number, &at, &e.Name) != nil {
			continue // the gap in the numbers tells
		}
		e.Time = moment(at)
		stories[id] = append(stories[id], e)
	}
	return stories, fault(rows.Err(), "read the journal")
}
