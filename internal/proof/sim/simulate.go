package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/payrack/payrack/sdk/engine/sim"
)

// total is what all runs came to, those of earlier sittings included.
type total struct {
	Form    int // of the file
	Next    uint64
	Seconds float64 // by the clock
	CPU     float64 // seconds that the processors worked
	Failed  []sim.Violation
	Stats   sim.Stats
}

// form changes when a state file of an earlier form cannot be added up with what is counted now.
const form = sim.Form

// mostFailures ends a sitting: more seeds of failures help nobody.
const mostFailures = 20

// simulate plays runs until the time is over, the seeds are played, or ctx ends.
func simulate(ctx context.Context, o options) (*total, error) {
	sum := &total{Form: form, Next: o.first}
	if o.state != "" {
		if err := sum.load(o.state); err != nil {
			return nil, err
		}
	}
	if o.seeds == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.long)
		defer cancel()
	}
	began, worked, before := time.Now(), cpu(), *sum
	s := &sitting{next: sum.Next, end: ^uint64(0)}
	if o.seeds > 0 {
		s.end = sum.Next + o.seeds
	}
	var jobs sync.WaitGroup
	for range o.jobs {
		jobs.Go(func() { s.work(ctx) })
	}
	jobs.Wait()
	*sum = before
	sum.Next = s.next
	sum.Seconds += time.Since(began).Seconds()
	sum.CPU += (cpu() - worked).Seconds()
	sum.Stats.Add(&s.stats)
	sum.Failed = append(sum.Failed, s.failed...)
	if o.state == "" {
		return sum, nil
	}
	return sum, sum.save(o.state)
}

// sitting is what the jobs of one call of the command share.
type sitting struct {
	stop atomic.Bool

	mu     sync.Mutex
	next   uint64
	end    uint64
	stats  sim.Stats
	failed []sim.Violation
}

func (s *sitting) seed() (uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == s.end {
		return 0, false
	}
	s.next++
	return s.next - 1, true
}

func (s *sitting) work(ctx context.Context) {
	w := &sim.World{}
	for ctx.Err() == nil && !s.stop.Load() {
		seed, more := s.seed()
		if !more {
			break
		}
		if v := w.Run(seed); v != nil {
			s.fail(*v)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Add(&w.Stats)
}

func (s *sitting) fail(v sim.Violation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = append(s.failed, v)
	if len(s.failed) >= mostFailures {
		s.stop.Store(true)
	}
}

func (t *total) load(path string) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("go on from %s: %w", path, err)
	}
	var was total
	if err := json.Unmarshal(raw, &was); err != nil {
		return fmt.Errorf("go on from %s: %w", path, err)
	}
	if was.Form != form {
		return fmt.Errorf("go on from %s: it counts what an earlier version counted; remove it", path)
	}
	*t = was
	return nil
}

// save writes the state beside its place first, so that being stopped loses nothing.
func (t *total) save(path string) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return replace(path, raw)
}

func replace(path string, raw []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", raw, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
