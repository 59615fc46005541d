package journal

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

//go:embed schema/*.sql
var schema embed.FS

// versionTable is where the schema's version stands.
const versionTable = "schema_versions"

// purpose is what a connection is for.
type purpose int

const (
	forReading purpose = iota
	forWriting
)

// autoCheckpoint is the size of the write-ahead log, in pages, at which a commit empties it. The keeper does so much earlier, in a
// quiet moment and off the money path.
const autoCheckpoint = 8000

// connect prepares connections to the file; they are made when they are first needed.
func connect(path string, p purpose) (*sql.DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	name := filepath.ToSlash(full)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/... of Windows
	}
	values := url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {"5000"},
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		// On macOS a plain fsync does not reach the disk.
		"_pragma": {"fullfsync(1)", "checkpoint_fullfsync(1)", fmt.Sprintf("wal_autocheckpoint(%d)", autoCheckpoint)},
	}
	if p == forReading {
		values = url.Values{"mode": {"ro"}, "_busy_timeout": {"5000"}, "_dqs": {"0"}, "_error_rc": {"1"}}
	}
	location := url.URL{Scheme: "file", Path: name, RawQuery: values.Encode()}
	connector, err := sqlite.NewConnector(location.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	if p == forReading {
		db.SetMaxOpenConns(4)
	}
	db.SetMaxIdleConns(2)
	return db, nil
}

// migrate brings the schema up to date. What is no journal, or one from a newer version, is refused before a byte of it is written.
func migrate(ctx context.Context, path string) error {
	files, err := fs.Sub(schema, "schema")
	if err != nil {
		return err
	}
	have, err := version(ctx, path)
	if err != nil {
		return err
	}
	db, err := connect(path, forWriting)
	if err != nil {
		return err
	}
	defer db.Close()
	steps, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	sources := steps.ListSources()
	want := sources[len(sources)-1].Version
	if have > want {
		return text.Refuse(pay.ErrJournal, "journal.newer", map[string]any{"Path": path, "Have": have, "Known": want}, nil)
	}
	if have == want {
		return nil
	}
	if _, err := steps.Up(ctx); err != nil {
		return fmt.Errorf("bring its schema up to date: %w", err)
	}
	return nil
}

// version reads the version of the file's schema without changing the file; 0: it is empty.
func version(ctx context.Context, path string) (int64, error) {
	db, err := connect(path, forReading)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var tables, versions int64
	row := db.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(CASE WHEN name = ? THEN 1 END) FROM sqlite_master WHERE type = 'table'`, versionTable)
	if err := row.Scan(&tables, &versions); err != nil {
		return 0, err
	}
	if tables == 0 {
		return 0, nil
	}
	if versions == 0 {
		return 0, text.Refuse(pay.ErrJournal, "journal.foreign", map[string]any{"Path": path}, nil)
	}
	var v int64
	err = db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM `+versionTable+` WHERE is_applied = 1`).Scan(&v)
	return v, err
}

// fault makes what came from SQLite or the system a pay.Error that says what was attempted; refusals and a caller's own cancellation pass as they are.
func fault(err error, attempt string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*pay.Error](err); ok {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w", attempt, err)
	}
	err = fmt.Errorf("%s: %w", attempt, err)
	if id := explain(err); id != "" {
		return text.Refuse(pay.ErrJournal, "journal."+id, nil, err)
	}
	return &pay.Error{Code: pay.ErrJournal, Cause: err}
}

// explain names the words in which the catalogue says what a code of SQLite means for a person, and what to do about it; "": none fit.
func explain(err error) string {
	switch primary(err) {
	case sqlite3.SQLITE_FULL:
		return "full"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return "readonly"
	case sqlite3.SQLITE_CANTOPEN:
		return "cannot_open"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return "damaged"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "busy"
	case sqlite3.SQLITE_IOERR:
		return "disk"
	}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "full"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "readonly"
	case errors.Is(err, fs.ErrNotExist):
		return "missing"
	}
	return ""
}

// primary is SQLite's code of an error without its extension; 0: it is none of SQLite's.
func primary(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// micros is how a time is stored.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// moment is a time as it was stored.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// stored is a time as it will be read back.
func stored(t time.Time) time.Time { return moment(micros(t)) }
