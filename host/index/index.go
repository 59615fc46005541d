// Package index is the installation's memory of refs: which module, till and parameters each names, and what is last known of it.
//
// A ref is taken with one sync before its module hears of it, so that the same ref can never name two operations, over all modules and
// tills (design §3.1). What is known of an operation is written without a sync of its own: the module's journal is what counts, and the
// host asks it again at each start. No secret is kept: digests are made by the caller.
package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// State is what is last known of an operation.
type State string

// The states. Only the last three are final.
const (
	Taken     State = "taken" // the ref is taken, the module's answer is awaited
	Running   State = "running"
	Unknown   State = "unknown"
	Approved  State = "approved"
	Declined  State = "declined"
	Cancelled State = "cancelled"
)

// StateOf is the state of an operation as its module sees it.
func StateOf(op pay.Operation) State {
	if op.Running {
		return Running
	}
	return State(op.Outcome.String())
}

// Outcome is the state as an outcome; Unknown of what has none.
func (s State) Outcome() pay.Outcome {
	var o pay.Outcome
	_ = o.UnmarshalText([]byte(s)) // what is no outcome's name is Unknown
	return o
}

// Final says whether the state can never change any more.
func (s State) Final() bool { return s.Outcome().Final() }

// Entry is one ref.
type Entry struct {
	Ref      pay.Ref
	Module   string
	PosID    string
	Kind     pay.Kind
	Amount   pay.Amount
	Currency pay.Currency
	Digest   []byte // empty: learned from a module after the index was lost
	Receipt  string
	Document string
	Original pay.Ref
	State    State
	Known    bool   // the module has confirmed that it journaled the operation
	Gone     bool   // abandoned: the till may take another tender
	Confirms bool   // the till confirms by itself (PR_F_CONFIRM), or nobody knows whether it does
	Pending  string // why it wants attention, as the module last said
	Reversal pay.Reversal
	Paid     bool // of a payout: money moved, whatever its outcome is by a person's word
	Begun    time.Time
}

// View is what the index alone can tell of the operation. What is approved is approved for the whole sum (design §3.10), but for a basket,
// of which a part may be: that sum its module alone knows.
func (e Entry) View() pay.Operation {
	op := pay.Operation{Ref: e.Ref, Module: e.Module, Kind: e.Kind, PosID: e.PosID, Amount: e.Amount, Currency: e.Currency,
		Outcome: e.State.Outcome(), OtherTender: e.Gone, Pending: e.Pending, OriginalRef: e.Original, Receipt: e.Receipt,
		Document: e.Document, Begun: e.Begun, Reversal: e.Reversal}
	if op.Outcome == pay.Approved && e.Kind != pay.KindBasket {
		op.ApprovedAmount = e.Amount
	}
	return op
}

// Index is the open index. Its methods may be called from several goroutines. Errors are pay.ErrJournal unless a method says otherwise.
type Index struct {
	mu    sync.Mutex // one writer; held outside of an access's own lock
	firm  *access    // each commit is synced
	loose *access    // a commit is synced with the next firm one
	recent
}

const version = 4

const schema = `
CREATE TABLE refs (
  ref TEXT PRIMARY KEY,
  module TEXT NOT NULL,
  pos_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  amount INTEGER NOT NULL,
  currency TEXT NOT NULL,
  digest BLOB NOT NULL,
  receipt TEXT NOT NULL,
  document TEXT NOT NULL,
  original TEXT NOT NULL,
  state TEXT NOT NULL,
  known INTEGER NOT NULL,
  gone INTEGER NOT NULL,
  pending TEXT NOT NULL,
  begun INTEGER NOT NULL,
  confirms INTEGER NOT NULL DEFAULT 1,
  reversal INTEGER NOT NULL DEFAULT 0,
  paid INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE unread (module TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE INDEX refs_open ON refs (module, state) WHERE state IN ('taken', 'running', 'unknown');
CREATE INDEX refs_pending ON refs (module) WHERE pending <> '';
CREATE INDEX refs_receipt ON refs (pos_id, receipt) WHERE receipt <> '';
CREATE INDEX refs_document ON refs (document) WHERE document <> '';
CREATE INDEX refs_begun ON refs (begun);
PRAGMA user_version = 4;
`

// second makes an index of the first version one of the second. Of what it holds nobody knows whether its till confirms by itself.
const second = `
ALTER TABLE refs ADD COLUMN confirms INTEGER NOT NULL DEFAULT 1;
CREATE TABLE unread (module TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
PRAGMA user_version = 2;
`

// third makes an index of the second version one of the third. What was given back before is learned when a module next tells of it.
const third = `
ALTER TABLE refs ADD COLUMN reversal INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 3;
`

// fourth makes an index of the third version one of the fourth. That a payout was made after all is learned when its module next tells of it.
const fourth = `
ALTER TABLE refs ADD COLUMN paid INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 4;
`

// open is the condition of the index refs_open, word for word: with any other the database would look through all refs there ever were.
const open = "state IN ('taken', 'running', 'unknown')"

const columns = "ref, module, pos_id, kind, amount, currency, digest, receipt, document, original, state, known, gone, pending, begun, confirms, reversal, paid"

// Open opens the index, making it where there is none. One of a newer version, or a file that is no index, is refused and left as it is.
// An index that is made anew although modules have journals was lost: those modules are unread until each was gone through (Unread).
func Open(ctx context.Context, path string, journals ...string) (*Index, error) {
	x := &Index{}
	fail := func(err error) (*Index, error) {
		_ = x.Close()
		return nil, text.Refuse(pay.ErrJournal, "host.index", map[string]any{"Path": path}, err)
	}
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil { // says why better than the database does
		return fail(err)
	} else if err := f.Close(); err != nil {
		return fail(err)
	}
	var err error
	if x.firm, err = connect(path, "FULL"); err != nil {
		return fail(err)
	}
	if x.loose, err = connect(path, "NORMAL"); err != nil {
		return fail(err)
	}
	have, err := x.firm.version(ctx)
	if err != nil {
		return fail(err)
	}
	switch {
	case have > version:
		return fail(fmt.Errorf("it is of version %d, newer than this program's %d", have, version))
	case have == 0:
		if err := x.write(ctx, x.firm, func(tx *access) error {
			err := tx.script(ctx, schema)
			for _, module := range journals {
				err = errors.Join(err, tx.exec(ctx, "INSERT OR IGNORE INTO unread (module) VALUES (?)", module))
			}
			return err
		}); err != nil {
			return fail(err)
		}
	case have == 1:
		if err := x.write(ctx, x.firm, func(tx *access) error { return tx.script(ctx, second+third+fourth) }); err != nil {
			return fail(err)
		}
	case have == 2:
		if err := x.write(ctx, x.firm, func(tx *access) error { return tx.script(ctx, third+fourth) }); err != nil {
			return fail(err)
		}
	case have == 3:
		if err := x.write(ctx, x.firm, func(tx *access) error { return tx.script(ctx, fourth) }); err != nil {
			return fail(err)
		}
	}
	// Nobody is forwarding anything yet: what was being forwarded when the last host died may have arrived.
	if err := x.exec(ctx, "UPDATE refs SET state = 'unknown' WHERE "+open+" AND state = 'taken'"); err != nil {
		return fail(err)
	}
	return x, nil
}

// Close closes the index.
func (x *Index) Close() error {
	var err error
	for _, a := range []*access{x.loose, x.firm} {
		if a != nil {
			err = errors.Join(err, a.close())
		}
	}
	return err
}

// Get looks a ref up; pay.ErrNotFound where nobody ever took it.
func (x *Index) Get(ctx context.Context, ref pay.Ref) (Entry, error) {
	e, version, ok := x.recall(ref)
	if ok {
		return e, nil
	}
	list, err := x.look(ctx, "WHERE ref = ?", string(ref))
	if err != nil {
		return Entry{}, err
	}
	if len(list) == 0 {
		return Entry{}, unknownRef(ref)
	}
	x.keep(list[0], version)
	return list[0], nil
}

func unknownRef(ref pay.Ref) error {
	return &pay.Error{Code: pay.ErrNotFound, Cause: fmt.Errorf("no ref %s", ref)}
}

// Unsettled lists what has no final state, of one module or ("") of all.
func (x *Index) Unsettled(ctx context.Context, module string) ([]Entry, error) {
	return x.look(ctx, "WHERE "+open+" AND (module = ?1 OR ?1 = '') ORDER BY +begun", module)
}

// Wanting lists what wants attention, of one module or ("") of all.
func (x *Index) Wanting(ctx context.Context, module string) ([]Entry, error) {
	return x.look(ctx, "WHERE pending <> '' AND (module = ?1 OR ?1 = '') ORDER BY +begun", module)
}

// Since lists what was begun from a moment on, by one till or ("") all, the newest first, at most limit.
func (x *Index) Since(ctx context.Context, pos string, from time.Time, limit int) ([]Entry, error) {
	return x.look(ctx, "WHERE begun >= ? AND (pos_id = ?2 OR ?2 = '') ORDER BY +begun DESC LIMIT ?", from.UnixMicro(), pos, limit)
}

// Unread lists the modules whose journals an index that was lost has still to learn: until then no ref is certainly new.
func (x *Index) Unread(ctx context.Context) (modules []string, err error) {
	err = x.loose.use(func() error {
		modules, err = x.loose.words(ctx, "SELECT module FROM unread ORDER BY module")
		return err
	})
	return modules, fault(err)
}

// Read says that all operations of a module's journal were learned. What was learned is synced with it.
func (x *Index) Read(ctx context.Context, module string) error {
	return x.write(ctx, x.firm, func(tx *access) error { return tx.exec(ctx, "DELETE FROM unread WHERE module = ?", module) })
}

// Learn writes what a module says of an operation. An operation that the index does not know (it was lost, or restored from an old copy)
// is taken up. A final state never changes, except that a person's word may be what made it. A ref that is another module's is
// pay.ErrRefReused.
func (x *Index) Learn(ctx context.Context, module string, op pay.Operation) error {
	if parent, n := op.Ref.Parent(); n > 0 || parent != op.Ref {
		return nil // a reversal belongs to its payment
	}
	if have, err := x.Get(ctx, op.Ref); err == nil && have.Module == module && have.heard(op) {
		return nil // nothing to write: most words are of this kind
	}
	if done, err := x.learnKnown(ctx, module, op); done || err != nil {
		return err
	}
	return x.write(ctx, x.loose, func(tx *access) error {
		list, err := tx.list(ctx, "WHERE ref = ?", string(op.Ref))
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return tx.insert(ctx, Entry{Ref: op.Ref, Module: module, PosID: op.PosID, Kind: op.Kind, Amount: op.Amount, Currency: op.Currency,
				Digest: []byte{}, Receipt: op.Receipt, Document: op.Document, Original: op.OriginalRef, State: StateOf(op), Known: true,
				Gone: op.OtherTender, Pending: op.Pending, Begun: op.Begun, Confirms: true, Reversal: op.Reversal, Paid: paidOut(op)})
		case list[0].Module != module:
			return &pay.Error{Code: pay.ErrRefReused, Cause: fmt.Errorf("module %s tells of %s, which is a ref of %s", module, op.Ref, list[0].Module)}
		case list[0].heard(op):
			return nil
		}
		return tx.exec(ctx, update, list[0].told(op)...)
	})
}

// update writes what a module says of an operation that the index knows. A final state does not become an open one.
const update = `UPDATE refs SET state = ?1, known = 1, gone = ?2, pending = ?3, reversal = ?5, paid = ?6
	WHERE ref = ?4 AND (state NOT IN ('approved', 'declined', 'cancelled') OR ?1 IN ('approved', 'declined', 'cancelled'))`

// told are the values of update.
func (e Entry) told(op pay.Operation) []any {
	return []any{string(StateOf(op)), op.OtherTender, op.Pending, string(e.Ref), int64(op.Reversal), paidOut(op)}
}

// paidOut says of a payout that its money moved. A person may have said otherwise before; the document is paid all the same.
func paidOut(op pay.Operation) bool { return op.Kind == pay.KindPayout && op.ApprovedAmount > 0 }

// learnKnown is Learn of an operation that the index remembers as it stands: one statement. done is false where that is not so.
func (x *Index) learnKnown(ctx context.Context, module string, op pay.Operation) (done bool, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e, _, ok := x.recall(op.Ref)
	if !ok || e.Module != module || e.State.Final() && !StateOf(op).Final() {
		return false, nil
	}
	if err := x.loose.use(func() error { return x.loose.exec(ctx, update, e.told(op)...) }); err != nil {
		x.changed()
		return false, fault(err)
	}
	e.State, e.Known, e.Gone, e.Pending, e.Reversal, e.Paid = StateOf(op), true, op.OtherTender, op.Pending, op.Reversal, paidOut(op)
	x.replaced(e)
	return true, nil
}

// heard says whether a word of its module is no news: known already, or an old one that was overtaken.
func (e Entry) heard(op pay.Operation) bool {
	state := StateOf(op)
	return e.State.Final() && !state.Final() || e.Known && e.State == state && e.Gone == op.OtherTender && e.Pending == op.Pending && e.Reversal == op.Reversal && e.Paid == paidOut(op)
}

// Doubt says that nothing is known of an operation for now: its module is gone. A final state stays.
func (x *Index) Doubt(ctx context.Context, ref pay.Ref) error {
	return x.exec(ctx, `UPDATE refs SET state = 'unknown', pending = 'unknown' WHERE ref = ? AND state IN ('taken', 'running')`, string(ref))
}

// Disown takes back what the host wrote of a ref that its module knew already, by other parameters: the module compares them from now on.
// One that the module has named since stays as it is.
func (x *Index) Disown(ctx context.Context, ref pay.Ref) error {
	return x.exec(ctx, `UPDATE refs SET digest = x'', state = 'unknown', pending = 'unknown' WHERE ref = ? AND known = 0`, string(ref))
}

// Void settles an operation as cancelled of which its module, asked after everything was forwarded, knows nothing: what is not journaled
// was never sent (design §3.2). It is false where the module has known it before.
func (x *Index) Void(ctx context.Context, ref pay.Ref) (done bool, err error) {
	// Firmly: from now on the ref is told to be cancelled, so it must never begin.
	err = x.write(ctx, x.firm, func(tx *access) error {
		list, err := tx.list(ctx, "WHERE ref = ?", string(ref))
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return unknownRef(ref)
		case list[0].State == Cancelled:
			done = true
			return nil
		case list[0].Known:
			return nil
		}
		done = true
		return tx.exec(ctx, `UPDATE refs SET state = 'cancelled', pending = '' WHERE ref = ? AND known = 0`, string(ref))
	})
	return done && err == nil, err
}

// Drop forgets a ref whose operation its module refused: there is none. One that the module has known stays.
func (x *Index) Drop(ctx context.Context, ref pay.Ref) error {
	return x.exec(ctx, `DELETE FROM refs WHERE ref = ? AND known = 0`, string(ref))
}

// Quiet says that of a module nothing wants attention but the refs that it named: what was being given back elsewhere has been.
func (x *Index) Quiet(ctx context.Context, module string, but map[pay.Ref]bool) error {
	list, err := x.Wanting(ctx, module)
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.State.Final() && !but[e.Ref] {
			if err := x.exec(ctx, `UPDATE refs SET pending = '', reversal = CASE reversal WHEN 1 THEN 2 ELSE reversal END WHERE ref = ?`, string(e.Ref)); err != nil {
				return err
			}
		}
	}
	return nil
}

// exec makes one change without a sync of its own.
func (x *Index) exec(ctx context.Context, text string, args ...any) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	defer x.changed()
	return fault(x.loose.use(func() error { return x.loose.exec(ctx, text, args...) }))
}

// write makes f's changes at once or not at all. A transaction takes a millisecond: the caller's leaving does not stop it halfway.
func (x *Index) write(ctx context.Context, a *access, f func(tx *access) error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	defer x.changed()
	return fault(a.use(func() error { return a.transact(context.WithoutCancel(ctx), f) }))
}

// look reads outside a transaction.
func (x *Index) look(ctx context.Context, where string, args ...any) (list []Entry, err error) {
	err = x.loose.use(func() error {
		list, err = x.loose.list(ctx, where, args...)
		return err
	})
	return list, fault(err)
}

// fault makes a database's error a pay.Error; one that is a pay.Error already stays.
func fault(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*pay.Error](err); ok {
		return err
	}
	return &pay.Error{Code: pay.ErrJournal, Cause: fmt.Errorf("index of refs: %w", err)}
}

// same says whether two digests name the same operation. An entry that was learned from its module has none: the module compares its own.
func same(have, want []byte) bool { return len(have) == 0 || bytes.Equal(have, want) }
