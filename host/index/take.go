package index

import (
	"context"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Take takes a ref for an operation, with one sync, after the rules that reach over all modules were checked in the same transaction:
//
//   - the same ref with the same digest is joined (existed); with another, or another module's or till's: pay.ErrRefReused
//   - one money operation at a time for a till: pay.ErrBusy. What a module runs that went away blocks until the host doubts it (Doubt)
//   - an earlier attempt for the same receipt on this till whose outcome is unknown and that is not abandoned: pay.ErrUnresolved, unless
//     it is the one that despite names
//   - one document has one payout that is approved or found to be paid after all (pay.ErrState), running or unknown (pay.ErrUnresolved)
//
// A database that cannot be written, or a caller that has left meanwhile, is pay.ErrJournal: nothing was taken.
func (x *Index) Take(ctx context.Context, e Entry, despite pay.Ref) (have Entry, existed bool, err error) {
	e.State, e.Known, e.Gone, e.Pending = Taken, false, false, "running"
	err = x.write(ctx, x.firm, func(tx *access) error {
		list, err := tx.list(ctx, "WHERE ref = ?", string(e.Ref))
		if err != nil {
			return err
		}
		if len(list) > 0 {
			have, existed = list[0], true
			return joinable(have, e)
		}
		if err := x.free(ctx, tx, e, despite); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err // nobody waits for this operation any more, and nothing of it exists
		}
		have = e
		return tx.insert(context.WithoutCancel(ctx), e)
	})
	return have, existed, err
}

// Joins says whether an entry is the operation that another asks for: nil, or pay.ErrRefReused.
func (e Entry) Joins(want Entry) error { return joinable(e, want) }

func joinable(have, want Entry) error {
	if have.Module != want.Module || have.Kind != want.Kind || !same(have.Digest, want.Digest) {
		return &pay.Error{Code: pay.ErrRefReused}
	}
	return nil
}

// free checks what another operation may forbid.
func (x *Index) free(ctx context.Context, tx *access, e Entry, despite pay.Ref) error {
	if e.Kind.Money() {
		running, err := tx.list(ctx, "WHERE "+open+" AND state <> 'unknown' AND pos_id = ?", e.PosID)
		if err != nil {
			return err
		}
		for _, other := range running {
			if other.Kind.Money() {
				return text.Refuse(pay.ErrBusy, "host.busy", map[string]any{"Ref": other.Ref}, nil)
			}
		}
	}
	if e.Kind.Payment() && e.Receipt != "" {
		earlier, err := tx.list(ctx, "WHERE pos_id = ? AND receipt = ? AND "+open+" AND gone = 0", e.PosID, e.Receipt)
		if err != nil {
			return err
		}
		for _, other := range earlier {
			if other.Kind.Payment() && other.Ref != despite {
				return text.Refuse(pay.ErrUnresolved, "host.receipt_unknown", map[string]any{"Ref": other.Ref, "Receipt": e.Receipt}, nil)
			}
		}
	}
	if e.Kind == pay.KindPayout {
		return x.unpaid(ctx, tx, e)
	}
	return nil
}

// unpaid holds the rule that a document is paid out once (design §3.1).
func (x *Index) unpaid(ctx context.Context, tx *access, e Entry) error {
	payouts, err := tx.list(ctx, "WHERE document = ? AND document <> '' AND kind = 'payout' AND (state NOT IN ('declined', 'cancelled') OR paid = 1)", e.Document)
	if err != nil {
		return err
	}
	for _, other := range payouts {
		data := map[string]any{"Ref": other.Ref, "Document": e.Document}
		if other.State == Approved || other.Paid {
			return text.Refuse(pay.ErrState, "host.document_paid", data, nil)
		}
		return text.Refuse(pay.ErrUnresolved, "host.document_unknown", data, nil)
	}
	return nil
}
