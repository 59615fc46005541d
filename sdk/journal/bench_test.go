package journal_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// BenchmarkCommit is one transition: one transaction, one sync.
func BenchmarkCommit(b *testing.B) {
	j := fresh(b)
	op := begin(b, j, operation(pay.KindOffline, "r", 100))
	for b.Loop() {
		change(b, j, "asked", op)
	}
}

// BenchmarkPayment is what one payment costs: begun, and approved with its exchange.
func BenchmarkPayment(b *testing.B) {
	j := fresh(b)
	n := 0
	for b.Loop() {
		n++
		op := begin(b, j, operation(pay.KindOffline, pay.Ref(fmt.Sprint("r", n)), 100))
		j.Note(journal.Exchange{Ref: op.Ref, Method: "POST pos/payment/offline", OK: true, Status: 200})
		change(b, j, "approved", approved(op))
	}
}

// BenchmarkTotals adds up a shift of 10 000 operations in journals of growing size.
func BenchmarkTotals(b *testing.B) {
	for _, size := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("10000of%d", size), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "j.db")
			grow(b, path, size)
			j := open(b, path)
			for b.Loop() {
				totals, err := j.Totals(b.Context(), journal.Query{Shift: max(1, int64(size/20_000))})
				if err != nil || len(totals) != 1 || totals[0].Count != 10_000 {
					b.Fatal(totals, err)
				}
			}
		})
	}
}

// BenchmarkOpen opens a journal of a million operations.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "j.db")
	grow(b, path, 1_000_000)
	for b.Loop() {
		open(b, path).Close()
	}
}

// grow makes a journal of many approved payments, 10 000 in each shift, in one statement.
func grow(b *testing.B, path string, size int) {
	b.Helper()
	j := open(b, path)
	paid(b, j, "seed", 100)
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{
		`PRAGMA synchronous = OFF`,
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO operations SELECT i + 2, 'bulk' || i, op_key, kind, pos_id, operator, amount, currency, digest, original_ref, 'receipt' || i, document,
			payment_system, code_digest, i + 2, i / 10000 + 1, provider_number, provider_shift, 1, approved_amount, i / 10000 + 1, booked_at + i, i / 10000 + 1,
			outcome, final, told, 'seen', reversal, unfinished, 0, nothing_sent, code, message, hint, payer, rrn, auth_code, resolved_by, begun + i, settled, 2,
			params, result, state FROM n, operations WHERE id = 1`, size-2),
		`INSERT INTO events SELECT o.id, e.number, e.at, e.name, e.data FROM operations o, events e WHERE o.id > 1 AND e.operation = 1`,
		`INSERT INTO shifts SELECT DISTINCT counted_shift, 1, 1, '', counted_shift + 1, NULL, 0 FROM operations WHERE counted_shift > 1`,
		`UPDATE shifts SET closed = 1, next_number = 2 WHERE number = 1`,
	} {
		if _, err := db.Exec(s); err != nil {
			b.Fatalf("%s: %v", s, err)
		}
	}
}
