package sim

import (
	"fmt"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Form changes with what Stats count, so that sums of different forms are not added up.
const Form = 2

// Coverage says what of the engine was met.
type Coverage struct {
	Transitions  int // of the state table: phase and event, but for those that cannot meet
	NoTransition []string
	Boundaries   int // at which a process can die
	NoBoundary   []string
	States       int // that differ in what may happen next
	Moves        int // writes, by the event that caused them
}

var phaseNames = [...]string{"prepared", "committed", "settled"}

// Coverage holds what was seen against what there is.
func (s *Stats) Coverage() Coverage {
	c := Coverage{}
	for p := range engine.Settled + 1 {
		for cell := range Cells {
			if impossible(p, cell) {
				continue
			}
			c.Transitions++
			if s.Cells[p][cell] == 0 {
				c.NoTransition = append(c.NoTransition, fmt.Sprintf("%s in %s", cell, phaseNames[p]))
			}
		}
	}
	for p := range points {
		if unreachable(p) {
			continue
		}
		c.Boundaries++
		if s.Crashed[p] == 0 {
			c.NoBoundary = append(c.NoBoundary, p.String())
		}
	}
	for _, n := range s.States {
		if n > 0 {
			c.States++
		}
	}
	for i := range s.Moves {
		for _, n := range s.Moves[i] {
			if n > 0 {
				c.Moves++
			}
		}
	}
	return c
}

// impossible lists what cannot meet as long as a shell and a driver keep their contracts.
func impossible(p engine.Phase, c Cell) bool {
	timer := func(x engine.Timer) Cell { return 2 + Cell(verdicts) + Cell(x) }
	switch p {
	case engine.Prepared:
		// No driver says that money moved where nothing was asked for; these timers are set with the first commit or later; and Shell
		// refuses a confirmation of what is not approved. A reversal belongs to what is settled.
		return c == 2+Cell(provider.Approved) || c == timer(engine.TimerWait) || c == timer(engine.TimerCancel) || c == timer(engine.TimerLook) ||
			c == timer(engine.TimerReverse) || c == cellOf(&engine.Event{What: engine.ConfirmRequested}) || c == cellOf(&engine.Event{What: engine.ReversalEnded})
	case engine.Committed:
		return c == Cell(engine.Begun) || c == timer(engine.TimerLook) // it begins once; a late look follows an end
	}
	return false
}

// unreachable are boundaries of effects that the engine never asks for.
func unreachable(p point) bool {
	return p == pointCall || p == pointTell || p == pointTell+point(pay.EvCustomer) || p == pointTell+point(pay.EvPending)
}
