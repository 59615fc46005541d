package shell

import (
	"context"
	"database/sql"
	"testing"
	"testing/synctest"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// TestARowThatCannotBeReadKeepsNoOtherOperationFromBeingTakenUp: a till goes on selling, whatever became of one row.
func TestARowThatCannotBeReadKeepsNoOtherOperationFromBeingTakenUp(t *testing.T) {
	for _, spoilt := range []string{`op_key = 'x'`, `amount = 'much'`, `state = '{'`, `params = '['`} {
		inBubble(t, func(t *testing.T, w *world) {
			silent := true
			w.bank.fault = func(_ context.Context, call string, _ provider.Operation) fault {
				if silent && call != "counters" {
					return answerLost
				}
				return none
			}
			for _, till := range []string{"1", "2"} {
				if _, err := w.begin(pay.Request{Ref: pay.Ref("op-" + till), Kind: pay.KindOffline, PosID: till}); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			w.stop()
			db, err := sql.Open("sqlite", w.path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(`UPDATE operations SET ` + spoilt + ` WHERE ref = 'op-1'`); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			silent = false
			w.start(0)
			w.wantEnd("op-2", pay.Approved)
			if _, err := w.shell().Pending(t.Context()); err != nil {
				t.Fatalf("%s: %v", spoilt, err)
			}
			w.wantEnd(w.mustBegin(pay.KindOffline, "next").Ref, pay.Approved)
		})
	}
}
