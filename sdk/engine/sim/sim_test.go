package sim

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestNoRuleIsBrokenInAnyFamily(t *testing.T) {
	w := &World{}
	met := map[string]int{}
	for seed := range uint64(400) {
		if v := w.Run(seed); v != nil {
			t.Errorf("%v", v)
		}
		met[w.fam.name]++
	}
	for _, f := range &families {
		if met[f.name] == 0 {
			t.Errorf("no run met the family %q", f.name)
		}
	}
	t.Logf("%d payments, %d faults, %d events", w.Stats.Payments, w.Stats.AllFaults(), w.Stats.Events)
}

func TestASeedIsARunWhateverRanBefore(t *testing.T) {
	worn := &World{}
	for seed := range uint64(20) {
		worn.Run(seed)
	}
	for seed := range uint64(30) {
		var first, again bytes.Buffer
		fresh := &World{Trace: &first}
		fresh.Run(seed)
		worn.Trace = &again
		worn.Run(seed)
		if !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Fatalf("seed %d: %s", seed, difference(first.String(), again.String()))
		}
	}
}

func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "first\n" + x[i] + "\nthen\n" + y[i]
		}
	}
	return "one goes on after the other ends"
}

// TestEachPlantedBugIsNoticed shows that the rules can fail.
func TestEachPlantedBugIsNoticed(t *testing.T) {
	for bug := NoBug + 1; bug < Bugs; bug++ {
		w, most := &World{Bug: bug}, uint64(1500)
		if bug == BugCancelBlind { // such a cancel must come late, and a confirmation before it
			w.Family, most = "reserve and confirm", 20000
		}
		var found *Violation
		for seed := uint64(0); found == nil && seed < most; seed++ {
			found = w.Run(seed)
		}
		if found == nil {
			t.Errorf("bug %d was not noticed in %d runs", bug, w.Stats.Runs)
			continue
		}
		t.Logf("bug %d: noticed after %d runs: %v", bug, w.Stats.Runs, found)
	}
}

// TestEverythingIsMet holds that the runs reach each transition of the engine's state table and each boundary between two effects, and
// that each fault happens.
func TestEverythingIsMet(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of runs")
	}
	w := &World{}
	var c Coverage
	for seed := range uint64(30000) {
		if v := w.Run(seed); v != nil {
			t.Fatalf("%v", v)
		}
		if seed%100 == 99 {
			if c = w.Stats.Coverage(); len(c.NoTransition)+len(c.NoBoundary) == 0 && !slices.Contains(w.Stats.Faults[:], 0) {
				t.Logf("after %d runs", seed+1)
				return
			}
		}
	}
	t.Errorf("not met: %v, %v", c.NoTransition, c.NoBoundary)
	for f, n := range w.Stats.Faults {
		if n == 0 {
			t.Errorf("no run met the fault %q", Fault(f))
		}
	}
}
