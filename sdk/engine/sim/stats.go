package sim

import (
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Stats are what a World has seen, over all its runs.
type Stats struct {
	Runs, Events, Payments, Steps, Violations int64
	Faults                                    [Faults]int64
	Passed, Crashed                           [points]int64
	Cells                                     [engine.Settled + 1][Cells]int64
	States                                    [stateKinds]int64
	Moves                                     [len(writes) + 1][Cells]int64 // what each event wrote
}

// Cell is one line of the engine's state table: an event, with the verdict of a reply or the timer that ran out.
type Cell uint8

// Cells is how many there are: Begun and Recovered, ten verdicts, eight timers, and the rest.
const Cells = 2 + Cell(verdicts) + Cell(engine.Timers) + 11

const verdicts = int(provider.Ask) + 1

func cellOf(e *engine.Event) Cell {
	switch e.What {
	case engine.Begun, engine.Recovered:
		return Cell(e.What)
	case engine.Replied:
		return 2 + Cell(e.Reply.Verdict)
	case engine.Fired:
		return 2 + Cell(verdicts) + Cell(e.Timer)
	}
	return 2 + Cell(verdicts) + Cell(engine.Timers) + Cell(e.What-engine.Answered)
}

var verdictNames = [verdicts]string{"unknown", "approved", "declined", "cancelled", "not found", "not done", "waiting", "show qr", "ready", "ask"}

func (c Cell) String() string {
	switch rest := c - 2; {
	case c < 2:
		return engine.What(c).String()
	case rest < Cell(verdicts):
		return "replied " + verdictNames[rest]
	case rest < Cell(verdicts)+Cell(engine.Timers):
		return "fired " + engine.Timer(rest-Cell(verdicts)).String()
	default:
		return (engine.Answered + engine.What(rest-Cell(verdicts)-Cell(engine.Timers))).String()
	}
}

// stateKinds counts the states as far as they differ in what the engine may do next.
const stateKinds = 3 * 4 * 3 * 3 * 64

func stateKind(s *engine.State) int {
	n := int(s.Phase)
	n = n*4 + int(s.Outcome)
	n = n*3 + int(s.Reversal)
	ack := 0
	switch s.Ack {
	case pay.AckConfirm:
		ack = 1
	case pay.AckReverse:
		ack = 2
	}
	n = n*3 + ack
	for _, mark := range [...]bool{s.CancelAsked, s.Abandoned, s.Told, s.Charged, s.Resolved != nil, s.QR != nil} {
		n *= 2
		if mark {
			n++
		}
	}
	return n
}

// cover notes a step.
func (s *Stats) cover(before *engine.State, e *engine.Event, after *engine.State, fx *engine.Effects) {
	c := cellOf(e)
	s.Steps++
	s.Cells[before.Phase][c]++
	s.States[stateKind(after)]++
	written := 0
	if fx.Write != "" {
		written = writeIndex(fx.Write) + 1
	}
	s.Moves[written][c]++
}

// Add adds up what several worlds have seen.
func (s *Stats) Add(o *Stats) {
	s.Runs += o.Runs
	s.Events += o.Events
	s.Payments += o.Payments
	s.Steps += o.Steps
	s.Violations += o.Violations
	for i := range s.Faults {
		s.Faults[i] += o.Faults[i]
	}
	for i := range s.Passed {
		s.Passed[i] += o.Passed[i]
		s.Crashed[i] += o.Crashed[i]
	}
	for p := range s.Cells {
		for c := range s.Cells[p] {
			s.Cells[p][c] += o.Cells[p][c]
		}
	}
	for i := range s.States {
		s.States[i] += o.States[i]
	}
	for i := range s.Moves {
		for c := range s.Moves[i] {
			s.Moves[i][c] += o.Moves[i][c]
		}
	}
}

// AllFaults is how many faults happened.
func (s *Stats) AllFaults() (n int64) {
	for _, f := range s.Faults {
		n += f
	}
	return n
}
