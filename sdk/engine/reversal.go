package engine

import (
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// moneyCameBack: money moved for an operation that the till was told is over, or may pay otherwise. It goes back (§3.6, §3.7).
func (t *turn) moneyCameBack() {
	t.stopAll()
	t.stop(TimerLook)
	t.LookAt, t.Held = time.Time{}, false
	t.Phase = Settled
	t.closePrompt()
	t.hideQR("expired")
	t.turn = false
	if t.Final() && !t.Able.Reverses {
		t.contradict(SaidStays)
		t.write("late_approval")
		t.tellOutcome()
		return
	}
	t.Told = t.Told || !t.Final()
	t.beginReversal("late_approval")
}

// beginReversal has a reversal operation begin in the same write; it bears the next number behind "~" and a key of its own.
func (t *turn) beginReversal(name string) {
	t.Reversal = pay.ReversalUnderWay
	t.Reversals++
	t.out.Reverse = true
	t.write(name)
	t.tellOutcome()
}

// reversalEnded goes on after a reversal operation has its outcome: a refused one is tried again under a new key, and so is the rest of
// one that could not give back everything (§3.7). What went back elsewhere, by the provider's word, is not asked for again, and listed in
// the end.
func (t *turn) reversalEnded(e Event) {
	if t.Reversal != pay.ReversalUnderWay || e.Reversal != t.Reversals {
		return
	}
	changed := e.Elsewhere != nil && *e.Elsewhere != t.Elsewhere && *e.Elsewhere >= 0 && *e.Elsewhere <= t.Approved
	if changed {
		t.Elsewhere = *e.Elsewhere
	}
	if e.Outcome != pay.Approved {
		if changed {
			t.write("went_back_elsewhere")
		}
		t.set(TimerReverse, min(time.Second<<min(2*max(t.Reversals-1, 0), 12), time.Hour))
		return
	}
	t.stop(TimerReverse)
	t.Reversal = pay.ReversalDone
	if t.Elsewhere > 0 {
		t.contradict(SaidElsewhere)
	}
	if !t.Final() {
		t.Outcome, t.SettledAt = pay.Cancelled, t.now
	}
	t.write("reversed")
	t.tellOutcome()
}
