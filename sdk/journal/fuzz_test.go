package journal_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// FuzzRow: whatever stands in the columns of a row, every other row is read, and the journal opens or says why it does not.
func FuzzRow(f *testing.F) {
	f.Add("op_key", "0102", uint8(0))
	f.Add("amount", "much", uint8(0))
	f.Add("outcome", "77", uint8(1))
	f.Add("begun", "-1", uint8(1))
	f.Add("state", "{", uint8(0))
	f.Add("ref", "two", uint8(2))
	folder := f.TempDir()
	path := filepath.Join(folder, "whole.db")
	j, err := journal.Open(f.Context(), path, journal.Options{})
	if err != nil {
		f.Fatal(err)
	}
	paid(f, j, "one", 100)
	paid(f, j, "two", 200)
	if err := j.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	columns := map[string]bool{}
	for _, name := range []string{"ref", "op_key", "kind", "pos_id", "operator", "amount", "currency", "digest", "original_ref", "receipt", "document",
		"payment_system", "code_digest", "number", "shift", "provider_number", "provider_shift", "charged", "approved_amount", "booked_shift", "booked_at",
		"outcome", "final", "told", "ack", "reversal", "unfinished", "pending", "nothing_sent", "code", "message", "payer", "begun", "settled", "last_event", "params", "result", "state"} {
		columns[name] = true
	}
	f.Fuzz(func(t *testing.T, column, value string, as uint8) {
		if !columns[column] {
			return
		}
		spoiled := filepath.Join(t.TempDir(), "spoiled.db")
		if err := os.WriteFile(spoiled, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		form := []string{"CAST(? AS TEXT)", "CAST(? AS INTEGER)", "CAST(? AS BLOB)", "CAST(? AS REAL)"}[as%4]
		if !spoil(t, spoiled, fmt.Sprintf("UPDATE operations SET %s = %s WHERE ref = 'one'", column, form), value) {
			return
		}
		reader, err := journal.Look(t.Context(), spoiled)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		found := false
		if err := reader.Records(t.Context(), func(r journal.Record) error {
			found = found || r.Ref == "two" && r.Unreadable == nil && r.Amount == 200
			return nil
		}); err != nil || !found {
			t.Fatal(found, err)
		}
		var skipped []pay.Ref
		rows, err := reader.Find(t.Context(), journal.Query{Unreadable: func(ref pay.Ref, _ error) { skipped = append(skipped, ref) }})
		if err != nil || len(rows)+len(skipped) != 2 {
			t.Fatal(rows, skipped, err)
		}
		if err := reader.Check(t.Context()); err != nil && pay.CodeOf(err) != pay.ErrJournal {
			t.Fatal(err)
		}
		again, err := journal.Open(t.Context(), spoiled, journal.Options{})
		if err != nil && pay.CodeOf(err) != pay.ErrJournal {
			t.Fatal(err)
		}
		if err == nil {
			err = errors.Join(err, again.Close())
		}
	})
}

// spoil writes one row past the journal; false: the database will not have it.
func spoil(t *testing.T, path, statement, value string) bool {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), statement, value)
	return err == nil
}
