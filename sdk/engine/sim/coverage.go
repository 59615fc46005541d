package sim

import (
	"fmt"

	"github.com/payrack/payrack/sdk/engine"
)

// Form changes with what Stats count, so that sums of different forms are not added up.
const Form = 1

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

func impossible(engine.Phase, Cell) bool { return false }
func unreachable(point) bool             { return false }
