package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Begin journals an operation and its first event. An operation that the journal has already is returned as it stands, with existed
// true, and nothing is written; the caller compares the digests.
//
// Else Begin gives the through number, if the kind takes one, and the shift, and returns what it wrote. An operation about money, or a
// close of day, opens a shift if none is open: number op.Shift if that is above every earlier one, else the next; any other kind gets
// the open shift, or 0.
//
// Of a refund or reversal it checks in the same transaction that it and all that are approved, running or Unknown do not exceed the
// payment: pay.ErrNotFound says that there is no such payment, pay.ErrLimit that too little is left of it. A scanned code that was used
// before is refused by pay.ErrState.
func (j *Journal) Begin(ctx context.Context, op Operation, e Event) (written Operation, existed bool, err error) {
	err = j.write(ctx, func(t *tx) error {
		r, err := t.find(op.Ref)
		switch {
		case err == nil:
			written, existed = r.Operation, true
			return errNothing
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		written, err = t.begin(op, e)
		return err
	})
	if err != nil {
		return Operation{}, false, err
	}
	return written, existed, nil
}

// find reads an operation inside the transaction; sql.ErrNoRows where there is none.
func (t *tx) find(ref pay.Ref) (row, error) {
	if r, ok := t.fresh[ref]; ok {
		return r, nil
	}
	if r, ok := t.recent[ref]; ok {
		return r, nil
	}
	return readRow(func(into ...any) error {
		return t.scan("SELECT "+rowColumns+rowTables+"WHERE o.ref = ?", []any{string(ref)}, into...)
	})
}

func (t *tx) begin(op Operation, e Event) (Operation, error) {
	if err := beginnable(&op); err != nil {
		return Operation{}, err
	}
	if op.Begun.IsZero() {
		op.Begun = t.now
	}
	op.Begun, op.Settled = stored(op.Begun), stored(op.Settled)
	if err := t.mayReturn(&op); err != nil {
		return Operation{}, err
	}
	if err := t.mayUseCode(&op); err != nil {
		return Operation{}, err
	}
	op.Number = 0
	if op.Kind.Numbered() {
		if err := t.scan(`SELECT COALESCE(MAX(number), 0) + 1 FROM operations WHERE number IS NOT NULL`, nil, &op.Number); err != nil {
			return Operation{}, err
		}
	}
	if err := t.giveShift(&op); err != nil {
		return Operation{}, err
	}
	return op, t.insertOperation(&op, e)
}

// beginnable refuses what no operation begins as.
func beginnable(op *Operation) error {
	switch {
	case op.Ref == "" || op.Kind == "":
		return guard(op.Ref, "an operation begins without a ref or a kind")
	case op.Kind.Money() && op.Amount <= 0:
		return text.Refuse(pay.ErrArgument, "refused.amount_positive", map[string]any{"Amount": text.Money(op.Amount, op.Currency)}, nil)
	case op.Charged || op.BookedShift != 0:
		return guard(op.Ref, "an operation begins as charged")
	case op.Final && !op.Outcome.Final():
		return guard(op.Ref, "a final operation has no outcome")
	}
	return nil
}

func (t *tx) insertOperation(op *Operation, e Event) error {
	list := append(op.fixed(), op.moving()...)
	for _, group := range op.indexed() {
		list = append(list, group...)
	}
	list = append(list, setting{"last_event", number(e.Name != "")})
	query, args := insertText("operations", list)
	id, err := t.insert(query, args...)
	if err != nil {
		return err
	}
	_, params := split(op.Params)
	_, result := split(op.Result)
	if params != nil || result != nil {
		if err := t.exec(`INSERT INTO bodies (operation, params, result) VALUES (?, ?, ?)`, id, params, result); err != nil {
			return err
		}
	}
	t.remember(row{Operation: *op, id: id, lastEvent: number(e.Name != "")})
	return t.insertEvent(id, 1, e)
}

func (t *tx) insertEvent(operation, number int64, e Event) error {
	if e.Name == "" {
		return nil
	}
	if e.Time.IsZero() {
		e.Time = t.now
	}
	return t.exec(`INSERT INTO events (operation, number, at, name, data) VALUES (?, ?, ?, ?, ?)`,
		operation, number, micros(e.Time), e.Name, jsonText(e.Data))
}

// mayReturn holds a refund or reversal against its payment (design §3.7).
func (t *tx) mayReturn(op *Operation) error {
	if !op.Kind.Returns() {
		return nil
	}
	original, err := t.find(op.OriginalRef)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !original.Kind.Payment() {
		return text.Refuse(pay.ErrNotFound, "refused.no_payment", map[string]any{"Ref": op.OriginalRef}, nil)
	}
	if err != nil {
		return err
	}
	if !original.Charged {
		return text.Refuse(pay.ErrLimit, "refused.not_approved", map[string]any{"Ref": op.OriginalRef}, nil)
	}
	if op.Currency != original.Currency {
		data := map[string]any{"Ref": op.OriginalRef, "Currency": original.Currency, "Asked": op.Currency}
		return text.Refuse(pay.ErrLimit, "refused.currency", data, nil)
	}
	var approved, underWay pay.Amount
	if err := t.scan(returned, []any{string(op.OriginalRef)}, &approved, &underWay); err != nil {
		return err
	}
	if left := original.ApprovedAmount - approved - underWay; op.Amount > left {
		data := map[string]any{"Ref": op.OriginalRef, "Left": text.Money(max(left, 0), op.Currency),
			"Approved": text.Money(original.ApprovedAmount, op.Currency), "Asked": text.Money(op.Amount, op.Currency)}
		return text.Refuse(pay.ErrLimit, "refused.too_much", data, nil)
	}
	return nil
}

// mayUseCode refuses a scanned code that another operation has used; one that ended before anything left did not use it.
func (t *tx) mayUseCode(op *Operation) error {
	if op.CodeDigest == "" {
		return nil
	}
	var by string
	err := t.scan(`SELECT ref FROM operations WHERE code_digest = ? AND ref <> ?
		AND NOT (final = 1 AND charged = 0 AND nothing_sent = 1 AND outcome IN (2, 3)) ORDER BY id LIMIT 1`,
		[]any{op.CodeDigest, string(op.Ref)}, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return text.Refuse(pay.ErrState, "refused.code_used", map[string]any{"Ref": by}, nil)
}

// guard is the refusal of what must never be written: a fault of the program, not of the till.
func guard(ref pay.Ref, format string, args ...any) error {
	return &pay.Error{Code: pay.ErrInternal, Cause: fmt.Errorf("journal operation %s: %s", ref, fmt.Sprintf(format, args...))}
}
