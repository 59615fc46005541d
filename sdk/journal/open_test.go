package journal_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// tamper writes the file of a closed journal past the journal.
func tamper(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAJournalFromANewerVersionIsRefusedAndLeftUntouched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	paid(t, j, "r1", 100)
	j.Close()
	tamper(t, path, `INSERT INTO schema_versions (version_id, is_applied) VALUES (9000, 1)`)
	before := content(t, path)
	_, err := journal.Open(t.Context(), path, journal.Options{})
	refuses(t, err, pay.ErrJournal, "newer version", "9000")
	if !bytes.Equal(before, content(t, path)) {
		t.Error("the file was changed")
	}
	tamper(t, path, `DELETE FROM schema_versions WHERE version_id = 9000`)
	if _, err := open(t, path).Operation(t.Context(), "r1"); err != nil {
		t.Errorf("the lock was kept, or the file spoilt: %v", err)
	}
}

func TestWhatIsNoJournalIsRefusedAndLeftUntouched(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.db")
	tamper(t, other, `CREATE TABLE goods (name TEXT)`)
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, bytes.Repeat([]byte("not a database. "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{other, text} {
		before := content(t, path)
		_, err := journal.Open(t.Context(), path, journal.Options{})
		refuses(t, err, pay.ErrJournal, "journal")
		if !bytes.Equal(before, content(t, path)) {
			t.Errorf("%s was changed", path)
		}
	}
	_, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "missing", "j.db"), journal.Options{})
	refuses(t, err, pay.ErrJournal, "folder")
}

func TestADamagedJournalIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	for _, ref := range []pay.Ref{"a", "b", "c"} {
		paid(t, j, ref, 100)
	}
	j.Close()
	b := content(t, path)
	i := bytes.LastIndex(b, []byte("approved"))
	for k := i - 200; k < i+200; k++ {
		b[k] ^= 0x5a
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	// Damage inside a value is for Check's rules at most; damage to the structure of a page is found.
	for k := 0; k < len(b); k += 4096 {
		copy(b[k+8:k+64], bytes.Repeat([]byte{0xff}, 56))
	}
	copy(b, content(t, path)[:4096]) // the first page names the tables
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := journal.Open(t.Context(), path, journal.Options{})
	refuses(t, err, pay.ErrJournal, "damaged")
}

func TestCheckNamesWhatBreaksTheJournalsOwnRules(t *testing.T) {
	for name, c := range map[string]struct{ statement, word string }{
		"outcome": {`UPDATE operations SET outcome = 0 WHERE ref = 'sale'`, "sale is final without an outcome"},
		"event":   {`DELETE FROM events WHERE number = 1`, "event missing"},
		"number":  {`UPDATE operations SET number = NULL WHERE ref = 'sale'`, "through number"},
		"shift":   {`UPDATE operations SET booked_shift = 7 WHERE ref = 'sale'`, "another shift"},
		"booked":  {`UPDATE operations SET booked_at = NULL WHERE ref = 'sale'`, "booked"},
		"pending": {`UPDATE operations SET pending = 0 WHERE ref = 'sale'`, "pending"},
		"shifts":  {`INSERT INTO shifts VALUES (9, 1, 0, '', 0, NULL, 0)`, "more than one shift"},
		"lost":    {`DELETE FROM shifts`, "not in the journal"},
		"return":  {`UPDATE operations SET charged = 0, booked_shift = NULL, booked_at = NULL WHERE ref = 'sale'`, "not charged"},
	} {
		path := filepath.Join(t.TempDir(), name+".db")
		j := open(t, path)
		paid(t, j, "sale", 100)
		refund := operation(pay.KindRefund, "back", 60)
		refund.OriginalRef = "sale"
		begin(t, j, refund)
		if err := j.Check(t.Context()); err != nil {
			t.Fatalf("%s: before: %v", name, err)
		}
		j.Close()
		tamper(t, path, c.statement)
		_, err := journal.Open(t.Context(), path, journal.Options{})
		refuses(t, err, pay.ErrJournal, c.word)
	}
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	paid(t, j, "sale", 100)
	j.Close()
	tamper(t, path, `INSERT INTO operations SELECT 99, 'x', op_key, 'refund', pos_id, operator, 500, currency, digest, 'sale', receipt, document,
		payment_system, code_digest, 77, shift, provider_number, provider_shift, 0, 0, NULL, NULL, shift, 0, 0, told, ack, reversal, 1, 1,
		nothing_sent, code, message, hint, payer, rrn, auth_code, resolved_by, begun, settled, 0, params, result, state FROM operations`)
	refuses(t, open(t, path).Check(t.Context()), pay.ErrJournal, "sale is refunded above what was paid")
}

func TestASuccessorWaitsForItsPredecessorAndNamesItWhenItStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	first := open(t, path)
	paid(t, first, "r1", 100)
	program := filepath.Base(os.Args[0])
	for _, wait := range []time.Duration{0, 50 * time.Millisecond} {
		_, err := journal.Open(t.Context(), path, journal.Options{Lock: wait})
		refuses(t, err, pay.ErrJournal, program, "process")
	}
	opened := make(chan error)
	go func() {
		second, err := journal.Open(t.Context(), path, journal.Options{Lock: time.Minute})
		if err == nil {
			_, err = second.Operation(t.Context(), "r1")
			err = errors.Join(err, second.Close())
		}
		opened <- err
	}()
	first.Close()
	if err := <-opened; err != nil {
		t.Error(err)
	}
}
