package journal

import (
	"context"
	"errors"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// rule is something that holds of every operation. Its query selects the refs of those that break it, above an id.
type rule struct {
	broken string
	query  string
}

// rules hold because Begin and Append let nothing else be written. Where one is broken, somebody else has written the file.
var rules = []rule{
	{"final without an outcome", `SELECT ref FROM operations WHERE id > ? AND final = 1 AND outcome = 0`},
	{"without the through number that its kind takes", `SELECT ref FROM operations WHERE id > ? AND number IS NULL
		AND kind IN ('pay.online', 'pay.offline', 'pay.basket', 'payout', 'refund', 'reversal')`},
	{"charged without being booked, or booked without being charged", `SELECT ref FROM operations WHERE id > ? AND (
		charged = 1 AND (booked_shift IS NULL OR booked_at IS NULL) OR charged = 0 AND (booked_shift IS NOT NULL OR booked_at IS NOT NULL))`},
	{"listed in another shift than its own", `SELECT ref FROM operations WHERE id > ? AND counted_shift <> COALESCE(booked_shift, shift)`},
	{"in a shift that is not in the journal", `SELECT o.ref FROM operations o LEFT JOIN shifts s ON s.number = o.counted_shift
		WHERE o.id > ? AND o.counted_shift > 0 AND s.number IS NULL`},
	{"wrongly marked as pending", `SELECT ref FROM operations WHERE id > ?
		AND pending <> CASE WHEN unfinished = 1 OR (final = 1 AND ack = '') THEN 1 ELSE 0 END`},
	{"with an event missing", `SELECT o.ref FROM operations o LEFT JOIN events e ON e.operation = o.id
		WHERE o.id > ? GROUP BY o.id, o.ref, o.last_event
		HAVING COUNT(e.number) <> o.last_event OR COALESCE(MAX(e.number), 0) <> o.last_event`},
	{"that returns a payment which is not charged", `SELECT r.ref FROM operations r LEFT JOIN operations o ON o.ref = r.original_ref
		WHERE r.id > ? AND r.kind IN ('refund', 'reversal') AND (o.charged IS NULL OR o.charged = 0)`},
}

// returnsRule holds of payments: what is approved and what may still be is never more than was paid. A refund that was told as
// declined and turned out to be paid is a contradiction that is listed elsewhere; it does not make the journal a broken one.
var returnsRule = rule{"refunded above what was paid", `SELECT o.ref FROM operations o JOIN operations r ON r.original_ref = o.ref
	WHERE o.id > ? AND o.charged = 1 AND r.kind IN ('refund', 'reversal') GROUP BY o.id, o.ref, o.approved_amount
	HAVING SUM(CASE WHEN r.charged = 1 AND r.approved_amount < r.amount THEN r.approved_amount
		WHEN r.final = 0 OR r.charged = 1 AND r.outcome = 1 THEN r.amount ELSE 0 END) > o.approved_amount`}

// Check looks at the whole file: its pages and indexes, and the journal's own rules. It takes seconds for a large journal, and holds
// up nobody who writes. What it finds comes as one pay.ErrJournal.
func (j *Journal) Check(ctx context.Context) error {
	if err := j.checkPages(ctx, "integrity_check"); err != nil {
		return fault(err, "check the journal "+j.path)
	}
	return fault(j.checkRules(ctx, 0, returnsRule), "check the journal "+j.path)
}

// checkPages lets SQLite look at its own structures.
func (j *Journal) checkPages(ctx context.Context, pragma string) error {
	rows, err := j.readers.QueryContext(ctx, "PRAGMA "+pragma+"(10)")
	found, err := collect(rows, err, func(scan func(...any) error) (s string, err error) { return s, scan(&s) })
	if err != nil {
		return err
	}
	if len(found) == 1 && found[0] == "ok" {
		return nil
	}
	return damaged(j.path, found)
}

// checkRules holds the operations above an id against the journal's rules.
func (j *Journal) checkRules(ctx context.Context, above int64, more ...rule) error {
	var found []string
	for _, r := range append(more, rules...) {
		rows, err := j.readers.QueryContext(ctx, r.query+" LIMIT 3", above)
		refs, err := collect(rows, err, func(scan func(...any) error) (s string, err error) { return s, scan(&s) })
		if err != nil {
			return err
		}
		if len(refs) > 0 {
			found = append(found, "operation "+strings.Join(refs, ", ")+" is "+r.broken)
		}
	}
	var open int64
	if err := j.readers.QueryRowContext(ctx, `SELECT COUNT(*) FROM shifts WHERE closed = 0`).Scan(&open); err != nil {
		return err
	}
	if open > 1 {
		found = append(found, "more than one shift is open")
	}
	if len(found) > 0 {
		return damaged(j.path, found)
	}
	return nil
}

func damaged(path string, found []string) error {
	return text.Refuse(pay.ErrJournal, "journal.broken", map[string]any{"Path": path}, errors.New(strings.Join(found, "; ")))
}
