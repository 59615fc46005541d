package index

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// Only a power cut tells whether a commit was synced, so the setting of the connection is looked at, and which one takes a ref.
func TestARefIsTakenAndVoidedByAWriteThatIsSynced(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	var mode, synchronous []string
	err := x.firm.use(func() (err error) {
		if mode, err = x.firm.words(t.Context(), "PRAGMA journal_mode"); err == nil {
			synchronous, err = x.firm.words(t.Context(), "PRAGMA synchronous")
		}
		return err
	})
	if err != nil || len(mode) != 1 || mode[0] != "wal" || len(synchronous) != 1 || synchronous[0] != "2" {
		t.Errorf("journal mode %v, synchronous %v, %v", mode, synchronous, err)
	}
	taken(t, x, "r0")
	if err := x.loose.close(); err != nil {
		t.Fatal(err)
	}
	e := Entry{Ref: "r1", Module: "m", PosID: "2", Kind: pay.KindOnline, Digest: []byte("d"), Begun: time.Now()}
	if _, _, err := x.Take(t.Context(), e, ""); err != nil {
		t.Errorf("a ref is not taken by the connection that syncs: %v", err)
	}
	if done, err := x.Void(t.Context(), "r0"); err != nil || !done {
		t.Errorf("a ref is not voided by the connection that syncs: %v", err)
	}
}

func TestARefWithOtherParametersIsNeverGivenAsTheSameOperation(t *testing.T) {
	x := opened(t, filepath.Join(t.TempDir(), "a.db"))
	e := taken(t, x, "r1")
	if _, existed, err := x.Take(t.Context(), e, ""); err != nil || !existed {
		t.Errorf("the same again: %t, %v", existed, err)
	}
	e.Digest = []byte("other")
	if _, _, err := x.Take(t.Context(), e, ""); pay.CodeOf(err) != pay.ErrRefReused {
		t.Errorf("got %v", err)
	}
	if have, err := x.Get(t.Context(), "r1"); err != nil || pay.CodeOf(have.Joins(e)) != pay.ErrRefReused {
		t.Errorf("it may be joined: %v", err)
	}
}
