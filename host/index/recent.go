package index

import (
	"sync"

	"github.com/payrack/payrack/sdk/pay"
)

// recent remembers entries as they stand in the database. Nobody else writes it, and one payment looks at its entry a dozen times.
type recent struct {
	guard   sync.Mutex
	entries map[pay.Ref]Entry
	version uint64 // of the database: how many writes there were
}

// mostRecent is how many entries are remembered at most.
const mostRecent = 64

// recall gives an entry, or the version that one read from the database now is of at least.
func (r *recent) recall(ref pay.Ref) (e Entry, version uint64, ok bool) {
	r.guard.Lock()
	defer r.guard.Unlock()
	e, ok = r.entries[ref]
	return e, r.version, ok
}

// keep remembers an entry, unless something was written since the version that it is of.
func (r *recent) keep(e Entry, version uint64) {
	r.guard.Lock()
	defer r.guard.Unlock()
	if version != r.version {
		return
	}
	if r.entries == nil || len(r.entries) >= mostRecent {
		r.entries = map[pay.Ref]Entry{}
	}
	r.entries[e.Ref] = e
}

// changed forgets everything: something was written, or may have been. It gives the version of now.
func (r *recent) changed() (version uint64) {
	r.guard.Lock()
	defer r.guard.Unlock()
	clear(r.entries)
	r.version++
	return r.version
}

// replaced is changed by a write that changed this entry and no other.
func (r *recent) replaced(e Entry) {
	r.guard.Lock()
	r.version++
	version := r.version
	r.guard.Unlock()
	r.keep(e, version)
}
