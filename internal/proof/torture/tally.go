//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/internal/proof/torture/book"
)

// violation is a rule that did not hold, and where to look.
type violation struct {
	What   string `json:"what"`
	Recipe string `json:"recipe"`
	Cycle  int    `json:"cycle"`
	Folder string `json:"folder"`
}

// tally counts, for all worlds.
type tally struct {
	f     flags
	start time.Time

	mu         sync.Mutex
	begun      int
	cycles     int
	payments   int
	operations int
	outcomes   map[string]int
	kills      map[string]int // "module at a boundary"
	faults     map[string]int
	covered    map[string]int
	journaled  int
	violations []violation
	turns      []boundary // whose turn it is to be struck, the next first
	rand       *rand.Rand
}

func newTally(f flags) *tally {
	return &tally{f: f, violations: []violation{}, rand: rand.New(rand.NewPCG(f.seed, 0)), start: time.Now(), outcomes: map[string]int{}, kills: map[string]int{}, faults: map[string]int{}, covered: map[string]int{}}
}

// turn is the boundary to strike at next: each in its turn, by the seed, and in the next round only those that were missed, until none was.
func (t *tally) turn() *boundary {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.turns) == 0 {
		t.turns = slices.DeleteFunc(boundaries(), func(b boundary) bool { return t.covered[b.String()] > 0 })
		if len(t.turns) == 0 {
			t.turns = boundaries()
		}
		t.rand.Shuffle(len(t.turns), func(i, j int) { t.turns[i], t.turns[j] = t.turns[j], t.turns[i] })
	}
	b := t.turns[0]
	t.turns = t.turns[1:]
	return &b
}

// next takes a cycle, if there are any left.
func (t *tally) next() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.f.cycles > 0 && t.begun >= t.f.cycles {
		return false
	}
	t.begun++
	return true
}

// tell says from time to time how far a long run is.
func (t *tally) tell(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		r := t.result()
		fmt.Printf("%.0f s: %d cycles, %d kills, %d of %d boundaries, violations %d\n", r.Seconds, r.Cycles, r.Kills, r.PointsCovered, r.PointsTotal, r.Violations)
	}
}

// enough is after how many violations a run ends: each keeps a folder.
const enough = 20

// full says whether no cycles are left, or so much went wrong that it is time for a look.
func (t *tally) full() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.f.cycles > 0 && t.begun >= t.f.cycles || len(t.violations) >= enough
}

func (t *tally) cycle() { t.mu.Lock(); t.cycles++; t.mu.Unlock() }

func (t *tally) kill(who, how string) { t.mu.Lock(); t.kills[who+" "+how]++; t.mu.Unlock() }

func (t *tally) fault(what string) { t.mu.Lock(); t.faults[what]++; t.mu.Unlock() }

func (t *tally) audited(operations int) { t.mu.Lock(); t.journaled += operations; t.mu.Unlock() }

func (t *tally) struck(b boundary) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kills[b.victim+" at a boundary"]++
	t.covered[b.String()]++
}

func (t *tally) order(o book.Order, a *account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.operations++
	if o.Kind.Payment() {
		t.payments++
	}
	end := "not begun"
	switch {
	case a == nil:
	case a.refused != "":
		end = "refused " + a.refused
	case a.told != nil && a.told.Reversal != 0:
		end = a.told.Outcome.String() + ", given back"
	case a.told != nil:
		end = a.told.Outcome.String()
	}
	t.outcomes[string(o.Kind)+" "+end]++
}

func (t *tally) violation(v violation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.violations = append(t.violations, v)
	fmt.Printf("VIOLATION in cycle %d (%s): %s\n  look into %s; seed %d\n", v.Cycle, v.Recipe, v.What, v.Folder, t.f.seed)
}

// result are the figures of a run.
type result struct {
	Seed          uint64         `json:"seed"`
	System        string         `json:"system"`
	Processors    int            `json:"processors"`
	Worlds        int            `json:"worlds"`
	Seconds       float64        `json:"seconds"`
	Cycles        int            `json:"cycles"`
	Kills         int            `json:"kills"`
	KillsBy       map[string]int `json:"kills_by"`
	PointsCovered int            `json:"points_covered"`
	PointsTotal   int            `json:"points_total"`
	PointsMissing []string       `json:"points_missing"`
	Points        map[string]int `json:"points"`
	Payments      int            `json:"payments"`
	Operations    int            `json:"operations"`
	Outcomes      map[string]int `json:"outcomes"`
	Journaled     int            `json:"operations_audited"`
	Faults        int            `json:"faults"`
	FaultsBy      map[string]int `json:"faults_by"`
	Violations    int            `json:"violations"`
	Found         []violation    `json:"found"`
}

func (t *tally) result() result {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := result{Seed: t.f.seed, System: system(), Processors: runtime.NumCPU(), Worlds: t.f.worlds, Seconds: float64(time.Since(t.start).Milliseconds()) / 1000,
		Cycles: t.cycles, KillsBy: t.kills, Points: t.covered, Payments: t.payments, Operations: t.operations, Outcomes: t.outcomes, Journaled: t.journaled,
		FaultsBy: t.faults, PointsMissing: []string{}, Violations: len(t.violations), Found: t.violations}
	for _, n := range t.kills {
		r.Kills += n
	}
	for _, n := range t.faults {
		r.Faults += n
	}
	for _, b := range boundaries() {
		r.PointsTotal++
		if t.covered[b.String()] > 0 {
			r.PointsCovered++
		} else {
			r.PointsMissing = append(r.PointsMissing, b.String())
		}
	}
	return r
}

func (r result) print(out io.Writer) {
	fmt.Fprintf(out, "cycles      %d in %.0f s, %.1f a second\n", r.Cycles, r.Seconds, float64(r.Cycles)/max(r.Seconds, 1))
	fmt.Fprintf(out, "kills       %d: %s\n", r.Kills, listed(r.KillsBy))
	fmt.Fprintf(out, "boundaries  %d of %d struck\n", r.PointsCovered, r.PointsTotal)
	if len(r.PointsMissing) > 0 {
		fmt.Fprintf(out, "  not struck: %s\n", strings.Join(r.PointsMissing, ", "))
	}
	fmt.Fprintf(out, "faults      %d: %s\n", r.Faults, listed(r.FaultsBy))
	fmt.Fprintf(out, "operations  %d, payments %d: %s\n", r.Operations, r.Payments, listed(r.Outcomes))
	fmt.Fprintf(out, "audited     %d operations in the journals\n", r.Journaled)
	fmt.Fprintf(out, "violations  %d\n", r.Violations)
	for _, v := range r.Found {
		fmt.Fprintf(out, "  %s (%s)\n", v.What, v.Folder)
	}
}

func listed(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}

func (r result) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
