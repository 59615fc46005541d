package shell

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// FuzzJournaledRow: whatever stands in a journal's row, the operation is taken up and can be looked at, or is refused as one that cannot
// be read, so that Resume leaves it out and takes up the others.
func FuzzJournaledRow(f *testing.F) {
	f.Add([]byte(`{"kind":"pay.online","amount":100,"currency":"RUB","phase":1}`), []byte(`{"params":{"receipt":"7"},"secret":true}`), string(pay.KindOnline))
	f.Add([]byte(`{"outcome":"approved","contradiction":"moved","named":{"amount":1},"error":-300}`), []byte(`{}`), string(pay.KindRefund))
	f.Add([]byte(`{`), []byte(`{"params":[]}`), "x")
	f.Add([]byte(`{"code":"AMOUNT","resolved":{"by":"b"},"result":{"lines":null}}`), []byte(nil), string(pay.KindCloseDay))
	path := filepath.Join(f.TempDir(), "journal.db")
	j, err := journal.Open(f.Context(), path, journal.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = j.Close() })
	words, err := text.Load()
	if err != nil {
		f.Fatal(err)
	}
	s := New(Options{Journal: j, Driver: driver{b: newBank(), life: &life{dead: make(chan struct{})}}, Words: words, Log: hclog.NewNullLogger(), Language: text.Russian})
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, state, params []byte, kind string) {
		row := journal.Operation{Ref: "r", Key: pay.Key{1}, Kind: pay.Kind(kind), Amount: 100, Currency: pay.RUB, PosID: "4", State: state, Params: params,
			Begun: time.Now()}
		original := row
		original.State = params
		for _, payment := range []*journal.Operation{nil, &original} {
			o, err := s.enliven(row, payment)
			if err != nil {
				if !errors.Is(err, errUnreadable) || pay.CodeOf(err) != pay.ErrJournal {
					t.Fatal(err)
				}
				continue
			}
			if v := o.view(); v.Ref != "r" {
				t.Fatalf("%+v", v)
			}
			o.mu.Lock()
			o.driverViewLocked()
			o.mu.Unlock()
		}
	})
}
