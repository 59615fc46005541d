package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// Options are how a journal is opened. The zero value serves: the system's clock, and no waiting for a predecessor.
type Options struct {
	// Now is the clock of times that a caller leaves zero; nil: time.Now.
	Now func() time.Time
	// Lock is how long Open waits for another process to leave the journal; 0: it tries once.
	Lock time.Duration
}

// checkedWhole is the size in bytes up to which Open checks the whole file; of a larger one it checks the last operations, since a till
// must not wait for seconds. Check looks at everything.
const checkedWhole = 32 << 20

// checkedTail is how many of the last operations Open holds against the journal's own rules.
const checkedTail = 1000

// Journal is an open journal. Close it.
type Journal struct {
	path    string
	now     func() time.Time
	lock    *holding
	readers *readers

	turn   chan struct{}   // holds one token: whoever has it writes
	writer *writer         // used with the turn only; nil: to be opened again
	closed bool            // with the turn
	recent map[pay.Ref]row // with the turn: rows as they were last written

	notes  notes
	keeper keeper
	close  sync.Once
	closes error
}

// Open opens the journal at path, and creates it where there is none; its folder must exist. It takes the journal's exclusive lock,
// waiting o.Lock for a predecessor, brings the schema up to date and checks the file.
//
// It returns pay.ErrJournal where another process keeps the journal (the text names it), where the file is damaged, is no journal, is
// from a newer version (it is left untouched), or cannot be written.
func Open(ctx context.Context, path string, o Options) (*Journal, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	lock, err := hold(ctx, path+".lock", o.Lock, o.Now())
	if err != nil {
		return nil, err
	}
	j := &Journal{recent: map[pay.Ref]row{}, path: path, now: o.Now, lock: lock, turn: make(chan struct{}, 1)}
	j.turn <- struct{}{}
	if err := j.open(ctx); err != nil {
		return nil, errors.Join(fault(err, "open the journal "+path), j.release())
	}
	j.keeper.start(j)
	return j, nil
}

func (j *Journal) open(ctx context.Context) error {
	if err := j.makeFile(); err != nil {
		return err
	}
	if err := migrate(ctx, j.path); err != nil {
		return err
	}
	db, err := connect(j.path, forReading)
	if err != nil {
		return err
	}
	j.readers = &readers{DB: db, statements: map[string]*sql.Stmt{}}
	if err := j.checkOnOpen(ctx); err != nil {
		return err
	}
	// A write, so that a journal which cannot be written is refused now and not with the first payment.
	return j.write(ctx, func(t *tx) error {
		return t.exec(`UPDATE journal SET opened = ?, created = CASE created WHEN 0 THEN ? ELSE created END`, micros(t.now), micros(t.now))
	})
}

// makeFile creates the file for its owner alone; SQLite gives its companions the same mode.
func (j *Journal) makeFile() error {
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// checkOnOpen refuses a damaged file.
func (j *Journal) checkOnOpen(ctx context.Context) error {
	info, err := os.Stat(j.path)
	if err != nil {
		return err
	}
	if info.Size() <= checkedWhole {
		if err := j.checkPages(ctx, "quick_check"); err != nil {
			return err
		}
	}
	var last int64
	if err := j.readers.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM operations`).Scan(&last); err != nil {
		return err
	}
	return j.checkRules(ctx, last-checkedTail)
}

// Close writes what is still noted, lets go of the file and of the lock. Calls that come later are refused. Only the first Close counts.
func (j *Journal) Close() error {
	j.close.Do(func() {
		j.keeper.stop()
		err := j.Flush(context.Background())
		<-j.turn
		j.closed = true
		j.turn <- struct{}{}
		j.closes = errors.Join(err, j.release())
	})
	return j.closes
}

func (j *Journal) release() error {
	var errs []error
	if j.readers != nil {
		errs = append(errs, j.readers.Close())
	}
	if j.writer != nil {
		errs = append(errs, j.writer.close())
		j.writer = nil
	}
	if j.lock != nil { // else it was opened for reading alone
		errs = append(errs, j.lock.release())
	}
	if err := errors.Join(errs...); err != nil {
		return fault(fmt.Errorf("close: %w", err), "close the journal "+j.path)
	}
	return nil
}
