package journal

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/payrack/payrack/sdk/pay"
)

// writer is the one connection that writes, with its statements prepared once.
type writer struct {
	db         *sql.DB
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

func openWriter(path string) (*writer, error) {
	db, err := connect(path, forWriting)
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &writer{db: db, conn: conn, statements: map[string]*sql.Stmt{}}, nil
}

func (w *writer) close() error {
	var errs []error
	for _, s := range w.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close(), w.db.Close())...)
}

// prepared is the statement of a text. Texts are constants, or put together of few parts, so that the set stays small.
func (w *writer) prepared(query string) (*sql.Stmt, error) {
	if s, ok := w.statements[query]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	w.statements[query] = s
	return s, nil
}

func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	s, err := w.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), args...)
}

// tx is one transaction. It is not bound to the caller's context: a transaction takes a millisecond, and one that was interrupted in
// its commit would leave open whether it holds.
type tx struct {
	w      *writer
	now    time.Time
	recent map[pay.Ref]row // the journal's
	fresh  map[pay.Ref]row // what this transaction wrote
}

// mostRecent is how many rows are remembered at most.
const mostRecent = 64

// remember keeps a row as it was written, so that the next transition of its operation need not read it: nobody else writes the file.
func (t *tx) remember(r row) { t.fresh[r.Ref] = r }

func (t *tx) exec(query string, args ...any) error {
	_, err := t.w.exec(query, args...)
	return err
}

// insert returns the id of the row.
func (t *tx) insert(query string, args ...any) (int64, error) {
	r, err := t.w.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// scan reads one row; sql.ErrNoRows where there is none.
func (t *tx) scan(query string, args []any, into ...any) error {
	s, err := t.w.prepared(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(context.Background(), args...).Scan(into...)
}

// errNothing ends a transaction in which nothing was to be written.
var errNothing = errors.New("nothing to write")

// write runs f in one transaction, with what is noted of the request log. The context bounds the waiting for one's turn only.
func (j *Journal) write(ctx context.Context, f func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return fault(err, "write the journal")
	}
	select {
	case <-j.turn:
	case <-ctx.Done():
		return fault(ctx.Err(), "write the journal")
	}
	defer func() { j.turn <- struct{}{} }()
	if j.closed {
		return &pay.Error{Code: pay.ErrJournal, Cause: errors.New("write the journal: it is closed")}
	}
	err := j.transact(f)
	if errors.Is(err, errNothing) {
		return nil
	}
	return fault(err, "write the journal "+j.path)
}

func (j *Journal) transact(f func(*tx) error) error {
	if j.writer == nil {
		w, err := openWriter(j.path)
		if err != nil {
			return err
		}
		j.writer = w
	}
	w := j.writer
	if _, err := w.exec("BEGIN"); err != nil {
		j.distrust()
		return err
	}
	noted := j.notes.take()
	failure := errPanicked // until the transaction ends one way or the other
	defer func() {
		if failure == nil {
			return
		}
		j.notes.giveBack(noted)
		clear(j.recent)
		_, err := w.exec("ROLLBACK")
		// SQLITE_ERROR says that SQLite rolled it back already.
		if err != nil && primary(err) != sqlite3.SQLITE_ERROR || shaken(failure) {
			j.distrust()
		}
	}()
	t := &tx{w: w, now: stored(j.now()), recent: j.recent, fresh: map[pay.Ref]row{}}
	if failure = f(t); failure != nil {
		return failure
	}
	if failure = t.insertExchanges(noted); failure != nil {
		return failure
	}
	if _, failure = w.exec("COMMIT"); failure != nil {
		return failure
	}
	if len(j.recent)+len(t.fresh) > mostRecent {
		clear(j.recent)
	}
	maps.Copy(j.recent, t.fresh)
	j.keeper.committed()
	return nil
}

// errPanicked stands for the failure of a transaction whose function never returned.
var errPanicked = errors.New("a transaction panicked")

// shaken says whether a connection may not recover from the failure.
func shaken(err error) bool {
	switch primary(err) {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY:
		return true
	}
	return errors.Is(err, errPanicked)
}

// distrust gives the writing connection up after a failure that it may not recover from; the next write opens another.
func (j *Journal) distrust() {
	if j.writer != nil {
		_ = j.writer.close() // what it could say was said by the failure
		j.writer = nil
	}
}
