package engine

import (
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// moneyCameBack: money moved for an operation that the till was told is over, or may pay otherwise. It goes back (§3.6, §3.7).
func (t *turn) moneyCameBack() {
	t.stopAll()
	t.Phase = Settled
	t.hideQR("expired")
	t.turn = false
	if !t.Able.Reverses {
		// It cannot go back by itself (a payout): it stays listed for a person.
		t.Contradiction = "money moved after the outcome was told, and the provider cannot take it back"
		t.write("late_approval")
		return
	}
	if !t.Final() {
		t.Told = true
	}
	t.beginReversal("late_approval")
}

// beginReversal has a reversal operation begin in the same write; it bears the next number behind "~" and a key of its own.
func (t *turn) beginReversal(name string) {
	t.Reversal = pay.ReversalUnderWay
	t.Reversals++
	t.out.Reverse = true
	t.write(name)
	t.tellOutcomeIfHeard()
}

// reversalEnded goes on after a reversal operation has its outcome: a refused one is tried again under a new key (§3.7).
func (t *turn) reversalEnded(outcome pay.Outcome) {
	if t.Reversal != pay.ReversalUnderWay {
		return
	}
	switch outcome {
	case pay.Approved:
		t.Reversal = pay.ReversalDone
		if !t.Final() {
			t.Outcome, t.SettledAt = pay.Cancelled, t.now
		}
		t.write("reversed")
		t.tellOutcome()
	case pay.Declined, pay.Cancelled:
		t.set(TimerReverse, min(time.Second<<min(2*(t.Reversals-1), 12), time.Hour))
	}
}

// tellOutcomeIfHeard repeats an outcome that the till has, so that it sees how far the reversal is.
func (t *turn) tellOutcomeIfHeard() {
	if t.Final() || t.Told {
		t.tellOutcome()
	}
}
