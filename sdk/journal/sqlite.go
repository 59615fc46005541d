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
		return &pay.Error{Code: pay.ErrJournal,
			Text: fmt.Sprintf("the journal %s is from a newer version (its schema is %d, this program knows %d); it was left untouched", path, have, want),
			Hint: "install the newer version again"}
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
		return 0, pay.Refuse(pay.ErrJournal, "%s is a database, but not a journal; it was left untouched", path)
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
	e := &pay.Error{Code: pay.ErrJournal, Text: attempt, Cause: err}
	if cause, hint := explain(err); cause != "" {
		e.Text, e.Hint = attempt+": "+cause, hint
	}
	return e
}

// explain says what a code of SQLite means for a person, and what to do about it.
func explain(err error) (cause, hint string) {
	switch primary(err) {
	case sqlite3.SQLITE_FULL:
		return "the disk is full", "free some space; no restart is needed"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return "it cannot be written", "give the user who runs the till the right to write the folder"
	case sqlite3.SQLITE_CANTOPEN:
		return "it cannot be opened", "check that the folder exists and may be written"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return "the file is damaged, or is not a journal", "keep the file, and call support"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another program keeps it locked", "close the program that looks into the file"
	case sqlite3.SQLITE_IOERR:
		return "the disk refused", "check free space and the disk"
	}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full", "free some space; no restart is needed"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "it cannot be written", "give the user who runs the till the right to write the folder"
	case errors.Is(err, fs.ErrNotExist):
		return "its folder is not there", "check the path"
	}
	return "", ""
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
