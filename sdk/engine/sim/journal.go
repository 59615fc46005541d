package sim

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
)

// journal is what outlives the module. What it holds is synced; the fate of a write that the module dies in is drawn when it dies.
type journal struct {
	highest  int64 // through number
	provider int64 // number of the provider
	shift    int64
	open     bool // a shift is
	full     int64
	done     bool // the run came to its end
}

// row is one operation in the journal.
type row struct {
	exists   bool
	variant  uint8 // of the parameters: stands for the digest
	state    engine.State
	number   int64
	pnum     int64
	pshift   int64
	shift    int64
	booked   int64
	children []int32
	version  uint32
	doubtful bool // a write failed, and is there all the same

	raw     []byte
	rawOf   uint32
	trouble bool
}

var (
	errFull  = errors.New("disk full")
	errGuard = errors.New("refused by the journal")
)

// fate is what becomes of a write.
type fate uint8

const (
	holds  fate = iota
	fails       // and nothing is there
	doubts      // it failed, and is there
)

func (w *World) drawFate() fate {
	if w.calm {
		return holds
	}
	full := w.now < w.journal.full
	if !full && w.permille(w.odds.disk) {
		full = true
		if w.permille(300) {
			w.journal.full = w.now + w.below(one(&w.chance, second, 20*second, 5*minute))
		}
	}
	switch {
	case !full:
		return holds
	case w.permille(250):
		w.fault(WriteUncertain)
		return doubts
	}
	w.fault(DiskFull)
	return fails
}

// returned sums what refunds and reversals of a payment have taken, and what is under way.
func (w *World) returned(payment int32) (approved, underWay pay.Amount) {
	for _, c := range w.rows[payment].children {
		s := &w.rows[c].state
		switch {
		case s.Charged:
			approved += s.Approved
		case !s.Final():
			underWay += s.Amount
		}
	}
	return approved, underWay
}

// mayReturn holds a refund or reversal against its payment, in the transaction that begins it (§3.7).
func (w *World) mayReturn(payment int32, amount pay.Amount) bool {
	p := &w.rows[payment]
	if !p.exists || !p.state.Charged {
		return false
	}
	approved, underWay := w.returned(payment)
	return w.Bug == BugRefundUnchecked || amount <= p.state.Approved-approved-underWay
}

// insert puts a new operation into the journal.
func (w *World) insert(d int32, st *engine.State, variant uint8) {
	r := &w.rows[d]
	x := &w.deals[d]
	children := r.children[:0]
	*r = row{exists: true, variant: variant, state: *st, children: children, raw: r.raw[:0], version: 1}
	w.journaled(d, "begun")
	if x.taker.refused {
		w.act(second, tillList, x.till, d)
	}
	if x.kind.Numbered() {
		w.journal.highest++
		r.number = w.journal.highest
	}
	if x.parent != none {
		p := &w.rows[x.parent]
		p.children = append(p.children, d)
	}
	if x.kind.Money() || x.kind == pay.KindCloseDay {
		if !w.journal.open {
			w.journal.open = true
			w.journal.shift++
		}
		r.shift = w.journal.shift
	}
}

// follow refuses what must never be written (package journal does the same).
func follow(old, now *engine.State) error {
	switch {
	case old.Final() && old.Outcome != now.Outcome, old.Charged && !now.Charged, old.Charged && old.Approved != now.Approved,
		now.Charged && now.Kind.Money() && now.Approved <= 0:
		return errGuard
	}
	return nil
}

// put writes a state over its row.
func (w *World) put(d int32, st *engine.State) {
	r := &w.rows[d]
	if st.Charged && !r.state.Charged {
		r.booked = st.BookedShift
		if r.booked == 0 || r.booked > w.journal.shift {
			if !w.journal.open {
				w.journal.open = true
				w.journal.shift++
			}
			r.booked = w.journal.shift
		}
	}
	r.state = *st
	r.version++
}

// read gives the state as a process finds it that has just started: through JSON, so that what is not journaled is gone.
func (w *World) read(d int32, into *engine.State) {
	r := &w.rows[d]
	if r.rawOf != r.version {
		raw, err := json.Marshal(&r.state)
		if err != nil {
			w.violate("journal", "the state of %s cannot be written: %v", w.name(d), err)
			return
		}
		r.raw, r.rawOf = append(r.raw[:0], raw...), r.version
	}
	*into = engine.State{}
	if err := json.Unmarshal(r.raw, into); err != nil {
		w.violate("journal", "the state of %s cannot be read: %v", w.name(d), err)
	}
	if r.version%16 == 0 {
		if again, err := json.Marshal(into); err != nil || !bytes.Equal(again, r.raw) {
			w.violate("journal", "the state of %s is another one once read: %s, %s", w.name(d), r.raw, again)
		}
	}
}

// child finds the n-th reversal of a payment.
func (w *World) child(payment int32, n int) int32 {
	for _, c := range w.rows[payment].children {
		if x := &w.deals[c]; x.kind == pay.KindReversal && x.number == n {
			return c
		}
	}
	return none
}
