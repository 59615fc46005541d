package index

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// TestWhatIsRememberedIsWhatIsWritten changes entries in every way at once, and compares what is remembered with the database.
func TestWhatIsRememberedIsWhatIsWritten(t *testing.T) {
	x, err := Open(t.Context(), filepath.Join(t.TempDir(), "index.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	refs := []pay.Ref{"a", "b", "c"}
	begin := func(ref pay.Ref) {
		_, _, _ = x.Take(t.Context(), Entry{Ref: ref, Module: "m", PosID: string(ref), Kind: pay.KindOnline, Amount: 5, Currency: pay.RUB, Digest: []byte{1},
			Begun: time.Now()}, "")
	}
	learn := func(ref pay.Ref, outcome pay.Outcome, running bool) {
		_ = x.Learn(t.Context(), "m", pay.Operation{Ref: ref, Kind: pay.KindOnline, PosID: string(ref), Amount: 5, Currency: pay.RUB, Outcome: outcome, Running: running})
	}
	changes := []func(pay.Ref){
		begin, func(r pay.Ref) { learn(r, pay.Unknown, true) }, func(r pay.Ref) { learn(r, pay.Unknown, false) }, func(r pay.Ref) { learn(r, pay.Approved, false) },
		func(r pay.Ref) { _ = x.Doubt(t.Context(), r) }, func(r pay.Ref) { _, _ = x.Void(t.Context(), r) }, func(r pay.Ref) { _ = x.Drop(t.Context(), r) },
	}
	for round := range 20 {
		var all sync.WaitGroup
		for i, ref := range refs {
			all.Go(func() {
				for n := range changes {
					changes[(n*(i+round+1)+round)%len(changes)](ref)
					_, _ = x.Get(t.Context(), refs[(i+n)%len(refs)])
				}
			})
		}
		all.Wait()
		for _, ref := range refs {
			remembered, missing := x.Get(t.Context(), ref)
			x.changed()
			written, lost := x.Get(t.Context(), ref)
			if remembered.State != written.State || remembered.Pending != written.Pending || remembered.Known != written.Known || (missing == nil) != (lost == nil) {
				t.Fatalf("%s is remembered as %+v (%v), and written as %+v (%v)", ref, remembered, missing, written, lost)
			}
		}
	}
}
