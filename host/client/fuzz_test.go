package client

import (
	"testing"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// FuzzDocuments: no document of a host ends its client; what is not typed as final and told is never an outcome, and an event that cannot
// be read ends no watch.
func FuzzDocuments(f *testing.F) {
	f.Add([]byte(`{"outcome":"approved","running":false,"amount":100}`), int32(1), int64(7), int32(100))
	f.Add([]byte(`{"number":-1,"kind":5,"operation":{"outcome":"approved"},"items":[{}]}`), int32(77), int64(-1), int32(5))
	f.Add([]byte(`[`), int32(0), int64(0), int32(0))
	f.Fuzz(func(t *testing.T, document []byte, outcome int32, number int64, kind int32) {
		for _, typed := range []struct{ final, told bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
			op := unpack(&modulev1.Operation{Ref: "r", Outcome: outcome, Final: typed.final, Told: typed.told, Json: document})
			if op.Ref != "r" || op.Running == typed.told || op.Outcome != pay.Unknown && (!typed.final || !typed.told || op.Outcome != pay.Outcome(outcome)) {
				t.Fatalf("%+v of %+v", op, typed)
			}
		}
		w := &watch{after: 3, each: func(e pay.Event) error {
			if e.Number != 0 && e.Number <= 3 {
				t.Fatalf("an event that was heard: %+v", e)
			}
			return nil
		}}
		if _, err := w.event(&modulev1.WatchResponse{Number: number, Kind: kind, Json: document}); err != nil {
			t.Fatal(err)
		}
	})
}
