package index

import (
	"path/filepath"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
)

func TestLookingLeavesWhatIsBeingForwardedAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	if _, err := Look(t.Context(), path); pay.CodeOf(err) != pay.ErrNotFound {
		t.Fatal(err)
	}
	x := opened(t, path)
	taken(t, x, "r1")
	list, err := Look(t.Context(), path)
	if err != nil || len(list) != 1 || list[0].Ref != "r1" || list[0].State != Taken || list[0].Known {
		t.Fatalf("%+v %v", list, err)
	}
	if e, err := x.Get(t.Context(), "r1"); err != nil || e.State != Taken { // Open would have doubted it
		t.Fatalf("%+v %v", e, err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if list, err = Look(t.Context(), path); err != nil || len(list) != 1 {
		t.Fatalf("without a host: %+v %v", list, err)
	}
}
