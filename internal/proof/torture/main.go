//go:build linux

// Command torture kills real processes of an installation, at chosen boundaries and at random, and holds the books against each other.
//
//	go run ./internal/proof/torture -for 60s -out dist/out/torture.json
//
// A world is an installation of its own, with cashier program, host, module and a provider's sandbox as processes, and a proxy between
// module and sandbox. In each cycle its tills begin what chance has chosen, something is killed or cut, all is started again, and the tills
// go on as their books say until nothing is open. The sandbox's ledger is the truth that the tills' books and the journal are held against.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
	}
	os.Exit(code)
}

// flags are what the command was told.
type flags struct {
	long     time.Duration
	cycles   int
	seed     uint64
	worlds   int
	home     string
	programs string
	out      string
	only     string
	keep     bool
}

// Exit codes.
const (
	held   = 0
	broken = 1 // a rule did not hold
	failed = 3 // the torturer itself could not work
)

func run(args []string) (int, error) {
	var f flags
	set := flag.NewFlagSet("torture", flag.ContinueOnError)
	set.DurationVar(&f.long, "for", time.Minute, "how long to go on")
	set.IntVar(&f.cycles, "cycles", 0, "how many cycles, however long they take; 0: as many as the time allows")
	set.Uint64Var(&f.seed, "seed", 0, "chooses what happens in each cycle; 0: the clock does")
	set.IntVar(&f.worlds, "worlds", 4, "installations side by side")
	set.StringVar(&f.home, "home", "", "folder with the built programs of an installation: one world more, of them as they ship, is killed at random")
	set.StringVar(&f.programs, "programs", "", "folder that keeps the test programs: what lies there is not built again")
	set.StringVar(&f.out, "out", "", "file for the figures, as JSON")
	set.StringVar(&f.only, "point", "", "kill at this boundary only, for a look at one")
	set.BoolVar(&f.keep, "keep", false, "keep the folders of all worlds")
	if err := set.Parse(args); err != nil {
		return 2, nil
	}
	if f.only != "" && find(boundaries(), f.only) == nil {
		return 2, fmt.Errorf("no boundary %q; there are %v", f.only, boundaries())
	}
	if f.seed == 0 {
		f.seed = uint64(time.Now().UnixNano())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	room, err := os.MkdirTemp("", "payrack-torture-")
	if err != nil {
		return failed, err
	}
	defer os.Remove(room) // stays if anything is kept in it
	programs := f.programs
	if programs == "" {
		programs = filepath.Join(room, "programs")
		defer os.RemoveAll(programs)
	}
	if err := build(ctx, programs, f.home); err != nil {
		return failed, err
	}
	fmt.Printf("seed %d, worlds %d\n", f.seed, f.worlds)
	tally := newTally(f)
	err = torture(ctx, f, room, programs, tally)
	r := tally.result()
	r.print(os.Stdout)
	if f.out != "" {
		err = errors.Join(err, r.write(f.out))
	}
	switch {
	case r.Violations > 0:
		return broken, err
	case err != nil:
		return failed, err
	}
	return held, nil
}

// torture runs the worlds until it is time to end.
func torture(ctx context.Context, f flags, room, programs string, tally *tally) error {
	if f.cycles == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.long)
		defer cancel()
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	go tally.tell(ctx)
	var wg sync.WaitGroup
	errs := make([]error, f.worlds+1)
	for n := range f.worlds {
		wg.Go(func() { errs[n] = lives(ctx, f, n, room, programs, tally) })
	}
	if f.home != "" {
		wg.Go(func() { errs[f.worlds] = lives(ctx, f, f.worlds, room, programs, tally) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// longest is after how many cycles a world ends and is followed by a new one, so that books and journals stay short.
const longest = 200

// lives are the worlds of one place, one after the other. One in which the torturer itself cannot go on is followed by another, not for ever.
func lives(ctx context.Context, f flags, n int, room, programs string, tally *tally) error {
	var failures []error
	for life := 0; ctx.Err() == nil && !tally.full() && len(failures) < 3; life++ {
		shipped := ""
		if n == f.worlds {
			shipped = f.home
		}
		w, err := newWorld(filepath.Join(room, fmt.Sprintf("w%d-%d", n, life)), programs, shipped, tally)
		if err == nil {
			err = w.live(ctx, f, n, life)
		}
		stopped := ctx.Err() != nil // then what is cut off is no failure
		if err != nil && !stopped {
			err = fmt.Errorf("world %d.%d: %w; look into %s", n, life, err, w.dir)
			fmt.Println("FAILED:", err)
			failures = append(failures, err)
			w.broken = true
		}
		if err := w.end(f.keep); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}
