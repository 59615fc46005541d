package index

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// access is one connection with its statements prepared once, since parsing one takes longer than carrying it out. Its methods are
// called inside use.
type access struct {
	mu         sync.Mutex
	db         *sql.DB
	conn       *sql.Conn // nil: to be opened again
	statements map[string]*sql.Stmt
}

func connect(path, synchronous string) (*access, error) {
	return connectBy(path, url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {"5000"},
		"_error_rc":     {"1"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {synchronous},
		"_pragma":       {"fullfsync(1)", "checkpoint_fullfsync(1)", "cache_size(-256)"},
	})
}

func connectBy(path string, how url.Values) (*access, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := filepath.ToSlash(full)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/... of Windows
	}
	location := url.URL{Scheme: "file", Path: name, RawQuery: how.Encode()}
	db, err := sql.Open("sqlite", location.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(0) // what is given up is closed
	return &access{db: db}, nil
}

// use gives the connection to one caller at a time.
func (a *access) use(f func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil {
		conn, err := a.db.Conn(context.Background())
		if err != nil {
			return err
		}
		a.conn, a.statements = conn, map[string]*sql.Stmt{}
	}
	return f()
}

func (a *access) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.release(), a.db.Close())
}

// release gives the connection up; the next use opens another.
func (a *access) release() error {
	var errs []error
	for _, s := range a.statements {
		errs = append(errs, s.Close())
	}
	if a.conn != nil {
		errs = append(errs, a.conn.Close())
	}
	a.conn, a.statements = nil, nil
	return errors.Join(errs...)
}

// prepared is the statement of a text. Texts are constants, so that there are few.
func (a *access) prepared(text string) (*sql.Stmt, error) {
	if s, ok := a.statements[text]; ok {
		return s, nil
	}
	s, err := a.conn.PrepareContext(context.Background(), text)
	if err == nil {
		a.statements[text] = s
	}
	return s, err
}

func (a *access) exec(ctx context.Context, text string, args ...any) error {
	s, err := a.prepared(text)
	if err == nil {
		_, err = s.ExecContext(ctx, args...)
	}
	return err
}

// script carries out several statements.
func (a *access) script(ctx context.Context, text string) error {
	_, err := a.conn.ExecContext(ctx, text)
	return err
}

// version is that of the schema; 0: the file is empty.
func (a *access) version(ctx context.Context) (have int, err error) {
	err = a.use(func() error { return a.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have) })
	return have, err
}

// transact runs f in a transaction that holds the right to write from its beginning.
func (a *access) transact(ctx context.Context, f func(tx *access) error) (err error) {
	if err := a.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done && a.exec(ctx, "ROLLBACK") != nil {
			_ = a.release() // it may still be inside the transaction: another is opened
		}
	}()
	if err := f(a); err != nil {
		return err
	}
	err = a.exec(ctx, "COMMIT")
	done = err == nil
	return err
}

func (a *access) list(ctx context.Context, where string, args ...any) ([]Entry, error) {
	s, err := a.prepared("SELECT " + columns + " FROM refs " + where)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Entry
	for rows.Next() {
		var e Entry
		var begun int64
		if err := rows.Scan(&e.Ref, &e.Module, &e.PosID, &e.Kind, &e.Amount, &e.Currency, &e.Digest, &e.Receipt, &e.Document, &e.Original,
			&e.State, &e.Known, &e.Gone, &e.Pending, &begun, &e.Confirms, &e.Reversal, &e.Paid); err != nil {
			return nil, err
		}
		e.Begun = time.UnixMicro(begun)
		list = append(list, e)
	}
	return list, rows.Err()
}

// words are the rows of a query with one column.
func (a *access) words(ctx context.Context, text string) ([]string, error) {
	s, err := a.prepared(text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			return nil, err
		}
		list = append(list, word)
	}
	return list, rows.Err()
}

func (a *access) insert(ctx context.Context, e Entry) error {
	return a.exec(ctx, "INSERT INTO refs ("+columns+") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		string(e.Ref), e.Module, e.PosID, string(e.Kind), int64(e.Amount), string(e.Currency), e.Digest, e.Receipt, e.Document,
		string(e.Original), string(e.State), e.Known, e.Gone, e.Pending, e.Begun.UnixMicro(), e.Confirms, int64(e.Reversal), e.Paid)
}
