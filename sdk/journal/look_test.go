package journal_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func look(t *testing.T, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Look(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// records reads a journal whole.
func records(t *testing.T, j *journal.Journal) (list []journal.Record) {
	t.Helper()
	if err := j.Records(t.Context(), func(r journal.Record) error { list = append(list, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestAJournalIsReadWhileItsModuleWritesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sendy.db")
	j := open(t, path)
	paid(t, j, "one", 100)
	reader := look(t, path)
	if list := records(t, reader); len(list) != 1 || list[0].Ref != "one" || !list[0].Charged {
		t.Fatalf("%+v", list)
	}
	change(t, j, "begun", begin(t, j, operation(pay.KindOnline, "two", 50)))
	list := records(t, reader)
	if len(list) != 2 || list[1].Ref != "two" || list[1].Number != 2 || list[1].Amount != 50 {
		t.Fatalf("%+v", list)
	}
	names := []string{}
	for _, e := range list[0].Events {
		names = append(names, e.Name)
	}
	if !slices.Equal(names, []string{"begun", "approved"}) || list[0].Events[1].Number != 2 {
		t.Fatalf("%+v", list[0].Events)
	}
	if err := reader.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestLookingChangesNothingAndNeedsNoModule(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sendy.db")
	j := open(t, path)
	paid(t, j, "one", 100)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	before := content(t, path)
	reader := look(t, path)
	if list := records(t, reader); len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	_, _, err := reader.Begin(t.Context(), operation(pay.KindOnline, "two", 50), journal.Event{Name: "begun"})
	refuses(t, err, pay.ErrJournal)
	if !bytes.Equal(before, content(t, path)) {
		t.Fatal("the file has changed")
	}
	// A module that starts meanwhile is not held up, and is seen.
	again := open(t, path)
	paid(t, again, "three", 10)
	if list := records(t, reader); len(list) != 2 {
		t.Fatalf("%+v", list)
	}
}

func TestWhatNoModuleMovedIntoTheFileYetIsReadToo(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "sendy.db")
	j := open(t, path)
	paid(t, j, "one", 100)
	// What a crash leaves: the file and its write-ahead log.
	crashed := filepath.Join(t.TempDir(), "sendy.db")
	for _, tail := range []string{"", "-wal"} {
		if err := os.WriteFile(crashed+tail, content(t, path+tail), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if list := records(t, look(t, crashed)); len(list) != 1 || list[0].Ref != "one" {
		t.Fatalf("%+v", list)
	}
}

func TestARowThatCannotBeReadKeepsNoOtherFromBeingRead(t *testing.T) {
	for _, c := range []struct{ statement, ref string }{
		{`UPDATE operations SET op_key = 'no key' WHERE ref = 'one'`, "one"},
		{`UPDATE operations SET amount = 'much' WHERE ref = 'one'`, "one"},
		{`UPDATE operations SET begun = x'00ff' WHERE ref = 'one'`, "one"},
		{`UPDATE operations SET ref = x'6f6eff', op_key = '' WHERE ref = 'one'`, "on?"},
	} {
		path := filepath.Join(t.TempDir(), "sendy.db")
		j := open(t, path)
		paid(t, j, "one", 100)
		paid(t, j, "two", 200)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		tamper(t, path, c.statement)
		list := records(t, look(t, path))
		if len(list) != 2 || string(list[0].Ref) != c.ref || list[1].Ref != "two" || list[1].Unreadable != nil {
			t.Fatalf("%s: %+v", c.statement, list)
		}
		if c.ref == "one" && (list[0].Unreadable == nil || len(list[0].Events) != 2) {
			t.Fatalf("%s: %+v", c.statement, list[0])
		}
	}
}

func TestLookRefusesWhatIsNoJournalOfThisVersion(t *testing.T) {
	folder := t.TempDir()
	_, err := journal.Look(t.Context(), filepath.Join(folder, "none.db"))
	refuses(t, err, pay.ErrNotFound)
	other := filepath.Join(folder, "other.db")
	if err := os.WriteFile(other, []byte("this is no database, and long enough to be asked about"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = journal.Look(t.Context(), other)
	refuses(t, err, pay.ErrJournal)
	path := filepath.Join(folder, "sendy.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	for statement, words := range map[string]string{
		`INSERT INTO schema_versions (version_id, is_applied) VALUES (99, 1)`: "более новой",
		`DELETE FROM schema_versions`:                                         "более старой",
	} {
		copied := filepath.Join(t.TempDir(), "sendy.db")
		raw, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(copied, raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		tamper(t, copied, statement)
		_, err = journal.Look(t.Context(), copied)
		refuses(t, err, pay.ErrJournal)
		if said := text.Fill(err, "ru").Text; !strings.Contains(said, words) {
			t.Errorf("it says %q", said)
		}
	}
	if _, err := journal.Look(cancelled(t), path); err == nil {
		t.Fatal("a caller who left")
	}
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
