package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/payrack/payrack/sdk/engine/sim"
)

// figures are what the JSON file says.
type figures struct {
	Seconds          float64          `json:"seconds"`
	CPUSeconds       float64          `json:"cpu_seconds"` // that the processors worked, whatever else the machine did
	Runs             int64            `json:"runs"`
	NextSeed         uint64           `json:"next_seed"`
	Payments         int64            `json:"payments"`
	Events           int64            `json:"events"`
	Steps            int64            `json:"steps"` // of the engine
	Faults           int64            `json:"faults"`
	FaultsPerSecond  float64          `json:"faults_per_second"`
	FaultsPerCore    float64          `json:"faults_per_cpu_second"` // what one core makes that does nothing else
	FaultsBySort     map[string]int64 `json:"faults_by_sort"`
	Violations       int64            `json:"violations"`
	Failures         []sim.Violation  `json:"failures"`
	TransitionsSeen  int              `json:"transitions_covered"`
	Transitions      int              `json:"transitions"`
	BoundariesSeen   int              `json:"boundaries_covered"`
	Boundaries       int              `json:"boundaries"`
	States           int              `json:"states_seen"`
	Moves            int              `json:"moves_seen"`
	TransitionsUnmet []string         `json:"transitions_missing"`
	BoundariesUnmet  []string         `json:"boundaries_missing"`
}

func (t *total) figures() figures {
	s := &t.Stats
	c := s.Coverage()
	f := figures{Seconds: round(t.Seconds), CPUSeconds: round(t.CPU), Runs: s.Runs, NextSeed: t.Next, Payments: s.Payments, Events: s.Events, Steps: s.Steps,
		Faults: s.AllFaults(), Violations: s.Violations, Failures: t.Failed, FaultsBySort: map[string]int64{},
		TransitionsSeen: c.Transitions - len(c.NoTransition), Transitions: c.Transitions,
		BoundariesSeen: c.Boundaries - len(c.NoBoundary), Boundaries: c.Boundaries, States: c.States, Moves: c.Moves,
		TransitionsUnmet: c.NoTransition, BoundariesUnmet: c.NoBoundary}
	f.FaultsPerSecond = math.Round(float64(f.Faults) / max(t.Seconds, 1e-9))
	f.FaultsPerCore = math.Round(float64(f.Faults) / max(t.CPU, 1e-9))
	for i, n := range s.Faults {
		f.FaultsBySort[sim.Fault(i).String()] = n
	}
	return f
}

func round(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

func (t *total) print(out io.Writer) {
	f := t.figures()
	fmt.Fprintf(out, "%d runs in %.1f s, next seed %d\n", f.Runs, f.Seconds, f.NextSeed)
	fmt.Fprintf(out, "%d operations about money, %d events, %d steps of the engine\n", f.Payments, f.Events, f.Steps)
	fmt.Fprintf(out, "%d faults, %.0f a second, %.0f a second of a processor's time\n", f.Faults, f.FaultsPerSecond, f.FaultsPerCore)
	for i, n := range t.Stats.Faults {
		fmt.Fprintf(out, "  %12d  %s\n", n, sim.Fault(i))
	}
	fmt.Fprintf(out, "transitions of the state table: %d of %d; boundaries at which a process died: %d of %d; states %d, writes by event %d\n",
		f.TransitionsSeen, f.Transitions, f.BoundariesSeen, f.Boundaries, f.States, f.Moves)
	for _, m := range f.TransitionsUnmet {
		fmt.Fprintln(out, "  not seen:", m)
	}
	for _, m := range f.BoundariesUnmet {
		fmt.Fprintln(out, "  nobody died", m)
	}
	fmt.Fprintf(out, "violations: %d\n", f.Violations)
	for _, v := range t.Failed {
		fmt.Fprintf(out, "  %v\n    replay: go run ./internal/proof/sim -seed %d\n", &v, v.Seed)
	}
}

func (t *total) saveFigures(path string) error {
	raw, err := json.MarshalIndent(t.figures(), "", "  ")
	if err != nil {
		return err
	}
	return replace(path, append(raw, '\n'))
}
