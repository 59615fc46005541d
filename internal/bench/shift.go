package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// inShift is how many operations each shift has.
const inShift = 10_000

// measureClose closes a shift of 10 000 operations, in a journal of a million and in one of nothing else. A whole module does it, without
// a provider that would be asked.
func measureClose(ctx context.Context, in *installation) (Result, error) {
	large, err := newDay(ctx, filepath.Join(in.dir, "large"), 1_000_000)
	if err != nil {
		return Result{}, err
	}
	small, err := newDay(ctx, filepath.Join(in.dir, "small"), inShift)
	if err != nil {
		return Result{}, err
	}
	turn := func(d *day) func(int) (sample, error) {
		return func(int) (sample, error) {
			took, err := d.close(ctx)
			return sample{took}, err
		}
	}
	s, err := alternate(9, 1, turn(large), turn(small))
	return times("close_shift", "10 000 operations among 1 000 000, against the same alone: the cost must not depend on the others", s), err
}

// day is a module's data whose last shift is open.
type day struct {
	dir   string
	shift int64
}

const benchModule = "bench"

func (d *day) journal() string { return filepath.Join(d.dir, benchModule+".db") }

// newDay makes a journal of paid operations.
func newDay(ctx context.Context, dir string, size int64) (*day, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d := &day{dir: dir, shift: (size + inShift - 1) / inShift}
	j, err := journal.Open(ctx, d.journal(), journal.Options{})
	if err != nil {
		return nil, err
	}
	first, _, err := j.Begin(ctx, payment("paid-0"), journal.Event{Ref: "paid-0", Name: "begun"})
	if err == nil {
		first.Charged, first.ApprovedAmount, first.Outcome, first.Final, first.Open = true, first.Amount, pay.Approved, true, false
		first.Ack, first.Settled = pay.AckConfirm, time.Now()
		_, err = j.Append(ctx, journal.Change{Operation: first, Event: journal.Event{Ref: first.Ref, Name: "approved"}})
	}
	if err = errors.Join(err, j.Close()); err != nil {
		return nil, err
	}
	return d, d.grow(ctx, size-1)
}

// grow copies the first operation so many times, 10 000 to a shift.
func (d *day) grow(ctx context.Context, more int64) error {
	return d.edit(ctx, func(db *sql.DB) error {
		columns, values, err := copies(ctx, db)
		if err != nil {
			return err
		}
		for _, statement := range []string{
			`PRAGMA synchronous = OFF`,
			fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
				INSERT INTO operations (%s) SELECT %s FROM n, operations WHERE id = 1`, more, columns, values),
			`INSERT INTO events (operation, number, at, name, data) SELECT o.id, e.number, e.at, e.name, e.data
				FROM operations o, events e WHERE o.id > 1 AND e.operation = 1`,
			`INSERT INTO shifts (number, opened, closed, closed_by, next_number, totals, elsewhere)
				SELECT DISTINCT counted_shift, 1, 0, '', 0, NULL, 0 FROM operations WHERE counted_shift > 1`,
			fmt.Sprintf(`UPDATE shifts SET closed = 1, next_number = number + 1 WHERE number < %d`, d.shift),
		} {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("grow a journal: %w", err)
			}
		}
		return nil
	})
}

// copies are the columns of an operation and what each becomes in the i-th copy.
func copies(ctx context.Context, db *sql.DB) (columns, values string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT name FROM pragma_table_info('operations')`)
	if err != nil {
		return "", "", err
	}
	defer rows.Close()
	shift := fmt.Sprintf("i / %d + 1", inShift)
	changed := map[string]string{"id": "i + 1", "ref": "'paid-' || i", "number": "i + 1", "provider_number": "i + 1", "shift": shift,
		"booked_shift": shift, "counted_shift": shift, "booked_at": "booked_at + i", "begun": "begun + i", "op_key": "printf('%032x', i)"}
	var names, list []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return "", "", err
		}
		names = append(names, name)
		if value, ok := changed[name]; ok {
			name = value
		}
		list = append(list, name)
	}
	return strings.Join(names, ", "), strings.Join(list, ", "), rows.Err()
}

// edit changes the journal behind its back, while nobody has it open.
func (d *day) edit(ctx context.Context, f func(*sql.DB) error) error {
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(d.journal()))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1) // its settings are the connection's
	err = f(db)
	if err == nil {
		_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	}
	return errors.Join(err, db.Close())
}

// close closes the last shift, and then makes that undone.
func (d *day) close(ctx context.Context) (time.Duration, error) {
	ref := pay.CloseRef(benchModule, d.shift, 1)
	took, err := d.closeOnce(ctx, ref)
	if err != nil {
		return 0, fmt.Errorf("close a shift: %w", err)
	}
	return took, d.edit(ctx, func(db *sql.DB) error {
		for _, statement := range []string{
			`DELETE FROM events WHERE operation = (SELECT id FROM operations WHERE ref = ?)`,
			`DELETE FROM bodies WHERE operation = (SELECT id FROM operations WHERE ref = ?)`,
			`UPDATE shifts SET closed = 0, closed_by = '', next_number = 0, totals = NULL WHERE closed_by = ?`,
			`DELETE FROM operations WHERE ref = ?`,
		} {
			if _, err := db.ExecContext(ctx, statement, string(ref)); err != nil {
				return fmt.Errorf("open the shift again: %w", err)
			}
		}
		return nil
	})
}

func (d *day) closeOnce(ctx context.Context, ref pay.Ref) (took time.Duration, err error) {
	s := sdk.New(sdk.Module{
		About:    provider.Description{ID: benchModule, Version: "1", Kinds: []pay.Kind{pay.KindOffline, pay.KindCloseDay}},
		Settings: func() sdk.Configured { return new(sdk.Settings) },
		New:      func(sdk.Parts) (provider.Driver, error) { return silent{}, nil },
	})
	defer s.Close()
	if _, err := s.Open(ctx, module.Opening{Home: d.dir, Data: d.dir, Language: "en", DigestKey: make([]byte, 32)}); err != nil {
		return 0, err
	}
	params, err := pay.ParseParams("")
	if err != nil {
		return 0, err
	}
	r := module.Request{Digest: make([]byte, 32), Request: pay.Request{Ref: ref, Module: benchModule, Kind: pay.KindCloseDay, Currency: pay.RUB,
		PosID: "1", Params: params}}
	begun := time.Now()
	if _, existed, err := s.Begin(ctx, r); err != nil || existed {
		return 0, errors.Join(err, fmt.Errorf("begun before: %t", existed))
	}
	var last *pay.Operation
	err = s.Watch(ctx, ref, 0, true, func(e pay.Event) error {
		if e.Kind == pay.EvOutcome {
			last = e.Operation
		}
		return nil
	})
	took = time.Since(begun)
	if err != nil {
		return 0, err
	}
	return took, closedWhole(last)
}

// closedWhole says what is wrong with a close of day.
func closedWhole(op *pay.Operation) error {
	var report struct {
		Counted int64 `json:"counted"`
	}
	if op == nil || op.Outcome != pay.Approved {
		return fmt.Errorf("it was not closed: %+v", op)
	}
	if err := json.Unmarshal(op.Result, &report); err != nil {
		return err
	}
	if report.Counted != inShift {
		return fmt.Errorf("%d operations were counted, not %d", report.Counted, inShift)
	}
	return nil
}

// silent is a driver that is never asked.
type silent struct{}

func (silent) Commit(context.Context, provider.Operation) (provider.Reply, error) {
	return provider.Reply{}, errors.New("nobody pays here")
}

func (silent) Inquire(context.Context, provider.Operation) (provider.Reply, error) {
	return provider.Reply{}, errors.New("nobody pays here")
}
