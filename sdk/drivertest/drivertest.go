// Package drivertest runs the cases of package kit on a driver, in a Go test: over the host's own client and server, with the real shell and
// a real journal, against its sandbox over HTTP.
package drivertest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/drivertest/kit"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// Sandbox is a stand-in for the provider's server; sdk/sandbox.Server is one. It is not started yet.
type Sandbox interface {
	Start(addr string) error
	URL() string
	Close() error
}

// Case is a driver and what the kit must know of it. Module and Sandbox are required; for the rest see kit.Subject.
type Case struct {
	Module     sdk.Module
	Sandbox    func() (Sandbox, error)
	Settings   map[string]string
	Activate   map[string]string
	Params     map[pay.Kind]string
	Declined   map[pay.Kind]string
	Answers    map[string]string
	Behaviours map[string]string
	Edits      []map[string]json.RawMessage
	Limits     kit.Limits
	Asks       []string
	Most       pay.Amount
	Secrets    []string
	// OneIn has one in so many of the cases played under the race detector, and others with each seed: for one of several ways through the same
	// driver. 0: all of them but three faults in four. Without the race detector, and with DRIVERTEST_ALL=1 in the environment, all are played.
	OneIn int
	// Seed makes every choice; 0: DRIVERTEST_SEED of the environment, else one that is printed.
	Seed     uint64
	Patience time.Duration
}

// Run runs every case as a subtest of t, and prints the report card. Under the race detector it plays a quarter of the faults, others with
// each seed, and of a driver with OneIn that part of the other cases too; it says how many it left out.
func Run(t *testing.T, c Case) {
	t.Helper()
	s := c.subject()
	if s.Seed == 0 {
		s.Seed = seed(t)
	}
	k, err := kit.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	card := kit.Card{Module: k.About().ID, Version: k.About().Version, Seed: s.Seed}
	t.Cleanup(func() { t.Log(card.Summary()) })
	cases, left := chosen(k.Cases(), s.Seed, c.share(raced))
	if left > 0 {
		t.Logf("%d cases are left out of this run; DRIVERTEST_ALL=1 plays them too", left)
	}
	for _, one := range cases {
		if one.Why != "" { // counted, not skipped
			card.Add(k.Do(t.Context(), one))
			continue
		}
		t.Run(one.Name, func(t *testing.T) {
			t.Parallel()
			r := k.Do(t.Context(), one)
			for _, problem := range r.Problems {
				t.Errorf("%s (seed %d)", problem, s.Seed)
			}
			mu.Lock()
			defer mu.Unlock()
			card.Add(r)
		})
	}
}

// share says of which cases one in so many is played.
type share struct{ faults, others uint64 }

// racedOneIn is how many faults there are for each that is played under the race detector.
const racedOneIn = 4

// share is how much of the case is played.
func (c Case) share(raced bool) share {
	if !raced || os.Getenv("DRIVERTEST_ALL") == "1" {
		return share{1, 1}
	}
	own := uint64(max(c.OneIn, 1))
	return share{own * racedOneIn, own}
}

// chosen are the cases that are played, and how many are left out.
func chosen(all []kit.Case, seed uint64, s share) (list []kit.Case, left int) {
	for i, c := range all {
		oneIn := s.others
		if strings.HasPrefix(c.Name, "fault/") {
			oneIn = s.faults
		}
		if c.Why == "" && uint64(i)%oneIn != seed%oneIn {
			left++
			continue
		}
		list = append(list, c)
	}
	return list, left
}

// subject is the driver as the kit sees it.
func (c Case) subject() kit.Subject {
	return kit.Subject{Start: c.start, Paced: true, Sandbox: c.sandbox, Settings: c.Settings, Activate: c.Activate, Params: c.Params, Declined: c.Declined,
		Answers: c.Answers, Behaviours: c.Behaviours, Edits: c.Edits, Limits: c.Limits, Asks: c.Asks, Most: c.Most, Secrets: c.Secrets, Seed: c.Seed, Patience: c.Patience}
}

func seed(t *testing.T) uint64 {
	t.Helper()
	if text := os.Getenv("DRIVERTEST_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("DRIVERTEST_SEED: %v", err)
		}
		return n
	}
	n := cmp.Or(rand.Uint64()>>1, 1)
	t.Logf("seed %d; play the same again with DRIVERTEST_SEED=%d", n, n)
	return n
}

// sandbox starts one for a case.
func (c Case) sandbox(context.Context) (string, func(), error) {
	s, err := c.Sandbox()
	if err != nil {
		return "", nil, err
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		return "", nil, fmt.Errorf("start the sandbox: %w", err)
	}
	return s.URL(), func() { _ = s.Close() }, nil
}

// life is a module in this process, behind a socket.
type life struct {
	near *sdk.Service
	far  module.Service
	end  func()
	once sync.Once
}

func (c Case) start(_ context.Context, p kit.Pace) (kit.Life, error) {
	near := sdk.New(c.Module, sdk.Terms(func(t *engine.Terms) { pace(t, p) }))
	far, end, err := module.Loop(near, nil)
	if err != nil {
		return nil, err
	}
	return &life{near: near, far: far, end: end}, nil
}

// Service implements kit.Life.
func (l *life) Service() module.Service { return l.far }

// Crash implements kit.Life: calls are cut off, and what was on its way stays as it is in the journal.
func (l *life) Crash() {
	l.once.Do(func() {
		l.near.Close()
		l.end()
	})
}

// Stop implements kit.Life.
func (l *life) Stop(context.Context) error {
	l.Crash()
	return nil
}

// pace sets the engine's times.
func pace(t *engine.Terms, p kit.Pace) {
	*t = engine.Terms{Wait: time.Minute, CancelWait: time.Minute, OrphanGrace: time.Minute, UnknownAfter: 2 * time.Second,
		PrepareWait: 300 * time.Millisecond, Poll: 10 * time.Millisecond, FirstLook: 2 * time.Millisecond, LongestPause: 50 * time.Millisecond,
		LateLook: time.Hour}
	const short = 100 * time.Millisecond
	switch p {
	case kit.ShortWait:
		t.Wait = short
	case kit.Silent:
		t.UnknownAfter = short
	case kit.Hasty:
		t.CancelWait = short
	case kit.Orphaned:
		t.OrphanGrace = short
	case kit.LookSoon:
		t.LateLook = short
	}
}
