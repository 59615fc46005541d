package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func play(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var text bytes.Buffer
	code = run(t.Context(), args, &text, &text)
	return code, text.String()
}

func TestALongRunGoesOnFromWhereItWasAndAddsUp(t *testing.T) {
	folder := t.TempDir()
	state, out := filepath.Join(folder, "sim.state"), filepath.Join(folder, "sim.json")
	for sitting := range 2 {
		if code, text := play(t, "-seeds", "5", "-state", state, "-out", out, "-jobs", "2"); code != fine {
			t.Fatalf("sitting %d ends with %d: %s", sitting, code, text)
		}
	}
	var f figures
	raw, err := os.ReadFile(out)
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	if err != nil {
		t.Fatal(err)
	}
	if f.Runs != 10 || f.NextSeed != 11 || f.Violations != 0 || f.Faults == 0 || f.Payments == 0 {
		t.Errorf("the figures are %+v", f)
	}
	whole := filepath.Join(folder, "whole.json")
	play(t, "-seeds", "10", "-out", whole, "-jobs", "1")
	var w figures
	if raw, err = os.ReadFile(whole); err == nil {
		err = json.Unmarshal(raw, &w)
	}
	if err != nil || w.Faults != f.Faults || w.Events != f.Events {
		t.Errorf("in one sitting it is %d faults and %d events, in two %d and %d (%v)", w.Faults, w.Events, f.Faults, f.Events, err)
	}
}

func TestASeedIsPrintedEventByEvent(t *testing.T) {
	code, first := play(t, "-seed", "42")
	_, again := play(t, "-seed", "42")
	if code != fine || first != again || strings.Count(first, "\n") < 50 || !strings.Contains(first, "no rule was broken") {
		t.Errorf("the replay ends with %d, twice the same: %v, %d lines", code, first == again, strings.Count(first, "\n"))
	}
}

func TestAStateOfAnotherFormIsRefused(t *testing.T) {
	state := filepath.Join(t.TempDir(), "sim.state")
	if err := os.WriteFile(state, []byte(`{"Form":0}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, text := play(t, "-seeds", "1", "-state", state); code != usage || !strings.Contains(text, "remove it") {
		t.Errorf("it ends with %d: %s", code, text)
	}
}

func TestWrongArgumentsAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-jobs", "0"}, {"-unknown"}, {"more"}} {
		if code, _ := play(t, args...); code != usage {
			t.Errorf("%v ends with %d", args, code)
		}
	}
	if code, _ := play(t, "-help"); code != fine {
		t.Errorf("help ends with %d", code)
	}
}
