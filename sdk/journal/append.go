package journal

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Append writes one transition of an operation that was begun, and returns the operation as it was written: with its numbers and, if
// the provider proved now that money moved, with the shift that it is booked in. That is Change's BookedShift where the journal has
// such a shift, else the open one, which is opened if need be. OpenShift of the change moves the operation into the provider's shift.
//
// It refuses by pay.ErrInternal, writing nothing, a change that would alter the outcome of a final operation, forget or alter proved
// money, change a key, or lower a number (design §3.3, §3.5, §3.8). Begin of the change is refused as by Begin, Close by pay.ErrShift
// where the shift is not open; closing it again by the same operation changes nothing.
func (j *Journal) Append(ctx context.Context, c Change) (Operation, error) {
	var written, child Operation
	err := j.write(ctx, func(t *tx) error {
		old, err := t.find(c.Operation.Ref)
		if errors.Is(err, sql.ErrNoRows) {
			return notFound(c.Operation.Ref)
		}
		if err != nil {
			return err
		}
		if written, err = t.change(old, c); err != nil {
			return err
		}
		if c.Begin != nil {
			if child, err = t.beginChild(*c.Begin, c); err != nil {
				return err
			}
		}
		if c.Close != nil {
			return t.closeShift(&written, *c.Close)
		}
		return nil
	})
	if err != nil {
		return Operation{}, err
	}
	if c.Begin != nil {
		*c.Begin = child
	}
	return written, nil
}

func notFound(ref pay.Ref) error {
	return text.Refuse(pay.ErrNotFound, "refused.no_operation", map[string]any{"Ref": ref}, nil)
}

// change writes the operation over its row.
func (t *tx) change(old row, c Change) (Operation, error) {
	op, err := follow(old.Operation, c.Operation)
	if err != nil {
		return Operation{}, err
	}
	if op.CodeDigest != old.CodeDigest {
		if err := t.mayUseCode(&op); err != nil {
			return Operation{}, err
		}
	}
	if c.OpenShift > 0 {
		if err := t.adoptShift(old, &op, c.OpenShift); err != nil {
			return Operation{}, err
		}
	}
	if op.Charged && !old.Charged {
		if err := t.book(&op); err != nil {
			return Operation{}, err
		}
	}
	if c.ProviderNext > 0 && op.ProviderNumber == 0 {
		var highest int64
		if err := t.scan(`SELECT COALESCE(MAX(provider_number), 0) FROM operations WHERE provider_number IS NOT NULL`, nil, &highest); err != nil {
			return Operation{}, err
		}
		op.ProviderNumber = max(c.ProviderNext, highest+1)
	}
	return op, t.updateOperation(old, &op, c.Event)
}

// follow holds a change against what is journaled: fixed things stay, and what must not be is refused.
func follow(old, op Operation) (Operation, error) {
	switch {
	case op.Kind != old.Kind || op.Amount != old.Amount || op.Currency != old.Currency:
		return op, guard(old.Ref, "a change would make %s of %s %s into %s of %s %s", old.Kind, old.Amount, old.Currency, op.Kind, op.Amount, op.Currency)
	case !old.Key.IsZero() && !op.Key.IsZero() && op.Key != old.Key:
		return op, guard(old.Ref, "a change has another key")
	case old.Final && (!op.Final || op.Outcome != old.Outcome):
		return op, guard(old.Ref, "it is finally %s, and a change would make it %s", old.Outcome, op.Outcome)
	case op.Final && !op.Outcome.Final():
		return op, guard(old.Ref, "a change would make it final without an outcome")
	case old.Charged && !op.Charged:
		return op, guard(old.Ref, "a change would forget that money moved")
	case op.Charged && op.Kind.Money() && op.ApprovedAmount <= 0 && !old.Charged:
		return op, guard(old.Ref, "it is charged without an amount")
	case op.CodeDigest != "" && old.CodeDigest != "" && op.CodeDigest != old.CodeDigest:
		return op, guard(old.Ref, "a change has another scanned code")
	case op.ProviderNumber != 0 && op.ProviderNumber < old.ProviderNumber, op.ProviderShift != 0 && op.ProviderShift < old.ProviderShift:
		return op, guard(old.Ref, "a change would lower a number of the provider")
	}
	op.PosID, op.Operator, op.Digest, op.Params = old.PosID, old.Operator, old.Digest, old.Params
	op.OriginalRef, op.Receipt, op.Document = old.OriginalRef, old.Receipt, old.Document
	op.Number, op.Shift, op.Begun = old.Number, old.Shift, old.Begun
	op.Settled = stored(op.Settled)
	if op.Key.IsZero() {
		op.Key = old.Key
	}
	if op.Result == nil {
		op.Result = old.Result
	}
	keep(&op.System, old.System)
	keep(&op.CodeDigest, old.CodeDigest)
	keep(&op.ProviderNumber, old.ProviderNumber)
	keep(&op.ProviderShift, old.ProviderShift)
	return followMoney(old, op)
}

// followMoney keeps what was booked: a payment stays in its shift (design §3.9).
func followMoney(old, op Operation) (Operation, error) {
	op.BookedAt = stored(op.BookedAt)
	if !op.Charged {
		op.BookedShift, op.BookedAt = 0, moment(0)
		return op, nil
	}
	if !old.Charged {
		return op, nil
	}
	keep(&op.ApprovedAmount, old.ApprovedAmount)
	keep(&op.BookedShift, old.BookedShift)
	if op.BookedAt.IsZero() {
		op.BookedAt = old.BookedAt
	}
	if op.ApprovedAmount != old.ApprovedAmount || op.BookedShift != old.BookedShift || !op.BookedAt.Equal(old.BookedAt) {
		return op, guard(old.Ref, "%s is booked in shift %d, and a change would book %s in shift %d", old.ApprovedAmount, old.BookedShift, op.ApprovedAmount, op.BookedShift)
	}
	return op, nil
}

// keep fills what a change leaves empty.
func keep[T comparable](now *T, old T) {
	var empty T
	if *now == empty {
		*now = old
	}
}

// updateOperation writes what changed; indexes that did not change are not touched.
func (t *tx) updateOperation(old row, op *Operation, e Event) error {
	list := op.moving()
	before := old.indexed()
	for i, group := range op.indexed() {
		if !slices.Equal(group, before[i]) {
			list = append(list, group...)
		}
	}
	event := old.lastEvent
	if e.Name != "" {
		event++
	}
	query, args := updateText("operations", old.id, append(list, setting{"last_event", event}))
	if err := t.exec(query, args...); err != nil {
		return err
	}
	if _, body := split(op.Result); body != nil && !bytes.Equal(op.Result, old.Result) {
		if err := t.storeResult(old.id, body); err != nil {
			return err
		}
	}
	t.remember(row{Operation: *op, id: old.id, lastEvent: event})
	return t.insertEvent(old.id, event, e)
}

func (t *tx) storeResult(id int64, body any) error {
	r, err := t.w.exec(`UPDATE bodies SET result = ? WHERE operation = ?`, body, id)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return t.exec(`INSERT INTO bodies (operation, result) VALUES (?, ?)`, id, body)
}

// beginChild begins the operation that a change brings with it. If it is there already, the change is repeated after a failure that
// turned out to be none.
func (t *tx) beginChild(child Operation, c Change) (Operation, error) {
	r, err := t.find(child.Ref)
	if err == nil {
		if r.Kind != child.Kind || r.Amount != child.Amount || r.OriginalRef != child.OriginalRef {
			return Operation{}, guard(child.Ref, "another operation has this ref")
		}
		return r.Operation, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return Operation{}, err
	}
	return t.begin(child, Event{Name: "begun", Time: c.Event.Time})
}
