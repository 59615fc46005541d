package journal

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// A process that is killed loses nothing that the system has; only a power cut tells whether a commit was synced, so the setting itself
// is looked at.
func TestWhatWritesSyncsEachCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	err = j.write(t.Context(), func(tx *tx) error {
		var mode string
		var synchronous, full int
		for query, into := range map[string]any{"PRAGMA journal_mode": &mode, "PRAGMA synchronous": &synchronous, "PRAGMA fullfsync": &full} {
			if err := tx.scan(query, nil, into); err != nil {
				return err
			}
		}
		if mode != "wal" || synchronous != 2 || full != 1 {
			t.Errorf("journal mode %s, synchronous %d, fullfsync %d", mode, synchronous, full)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTheKeeperWritesWhatNoCommitTookAlongAndEmptiesTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	synctest.Test(t, func(t *testing.T) {
		j, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		count := func() (n int) {
			if err := j.readers.QueryRow(`SELECT COUNT(*) FROM exchanges`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		j.Note(Exchange{Method: "GET pos/info"})
		if n := count(); n != 0 {
			t.Errorf("%d rows were written at once", n)
		}
		time.Sleep(quiet)
		synctest.Wait()
		if n := count(); n != 1 {
			t.Errorf("%d rows were written in the quiet moment", n)
		}
		for range checkpointAfter {
			if err := j.Attempt(t.Context(), Attempt{TerminalID: "T"}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(quiet)
		synctest.Wait()
		var busy, inLog, moved int
		if err := j.write(t.Context(), func(tx *tx) error { return errNothing }); err != nil {
			t.Fatal(err)
		}
		db, err := connect(path, forWriting)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		// The log starts again with the first commit after it was moved.
		if err := j.Attempt(t.Context(), Attempt{}); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRow(`PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &inLog, &moved); err != nil || inLog > checkpointAfter/2 {
			t.Errorf("the log holds %d pages, %v", inLog, err)
		}
	})
}
