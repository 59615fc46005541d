package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// Result is one line of bench.json: what payrack needs, and what the least that could do the same needs.
type Result struct {
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	Payrack float64 `json:"payrack"`
	Floor   float64 `json:"floor"`
	Ratio   float64 `json:"ratio"`

	note string // for the table: what the floor is, further figures, the target
}

// times makes a result of two samples: their medians, in milliseconds.
func times(name, note string, s samples) Result {
	return newResult(name, "ms", ms(s.payrack.median()), ms(s.floor.median()), note)
}

func newResult(name, unit string, payrack, floor float64, note string) Result {
	r := Result{Name: name, Unit: unit, Payrack: payrack, Floor: floor, note: note}
	if floor > 0 {
		r.Ratio = payrack / floor
	}
	return r
}

// sample is a set of durations.
type sample []time.Duration

func (s sample) median() time.Duration { return s.quantile(50) }

// quantile is the duration that a percentage of the sample does not exceed.
func (s sample) quantile(percent int) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// samples are both sides of a comparison.
type samples struct {
	payrack, floor sample
}

// alternate measures both sides in small batches by turns, so that what else the machine does meets both alike. Each function measures
// n times; a first batch of each warms up and does not count.
func alternate(rounds, batch int, payrack, floor func(n int) (sample, error)) (samples, error) {
	var all samples
	for round := range rounds + 1 {
		one, err := payrack(batch)
		if err != nil {
			return samples{}, err
		}
		other, err := floor(batch)
		if err != nil {
			return samples{}, fmt.Errorf("the floor: %w", err)
		}
		if round > 0 {
			all.payrack, all.floor = append(all.payrack, one...), append(all.floor, other...)
		}
	}
	return all, nil
}

// each measures f n times.
func each(f func() error) func(n int) (sample, error) {
	return func(n int) (sample, error) {
		list := make(sample, 0, n)
		for range n {
			begun := time.Now()
			if err := f(); err != nil {
				return nil, err
			}
			list = append(list, time.Since(begun))
		}
		return list, nil
	}
}

func printTable(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "name\tpayrack\tfloor\tunit\tratio\tdifference\t")
	for _, r := range results {
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%s\t%.2f\t%+.3f\t%s\n", r.Name, r.Payrack, r.Floor, r.Unit, r.Ratio, r.Payrack-r.Floor, r.note)
	}
	return t.Flush()
}

func writeJSON(path string, results []Result) error {
	raw, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
