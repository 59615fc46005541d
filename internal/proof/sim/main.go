// Command sim runs the deterministic simulator of package sim: for a time, for a number of seeds, or one seed event by event.
//
//	go run ./internal/proof/sim -for 20s -out dist/out/sim.json
//	go run ./internal/proof/sim -seeds 1000
//	go run ./internal/proof/sim -seed 42
//	go run ./internal/proof/sim -for 8h -state sim.state
//
// With -state it goes on from where it was stopped, and adds up. It ends with 1 where a rule was broken, and names the seeds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/payrack/payrack/sdk/engine/sim"
)

// options are what the command line says.
type options struct {
	seed  uint64
	one   bool
	seeds uint64
	first uint64
	long  time.Duration
	jobs  int
	out   string
	state string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Ends of the command.
const (
	fine   = 0
	broken = 1 // a rule was broken
	usage  = 2
)

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	o, err := read(args, errs)
	if errors.Is(err, flag.ErrHelp) {
		return fine
	}
	if err != nil {
		return usage
	}
	if o.one {
		return replay(o.seed, out)
	}
	sum, err := simulate(ctx, o)
	if err != nil {
		fmt.Fprintln(errs, "sim:", err)
		return usage
	}
	sum.print(out)
	if o.out != "" {
		if err := sum.saveFigures(o.out); err != nil {
			fmt.Fprintln(errs, "sim:", err)
			return usage
		}
	}
	if sum.Stats.Violations > 0 {
		return broken
	}
	return fine
}

func read(args []string, errs io.Writer) (o options, err error) {
	f := flag.NewFlagSet("sim", flag.ContinueOnError)
	f.SetOutput(errs)
	f.Uint64Var(&o.seed, "seed", 0, "replay this run, event by event")
	f.Uint64Var(&o.seeds, "seeds", 0, "play so many runs, however long that takes")
	f.Uint64Var(&o.first, "first", 1, "the seed of the first run")
	f.DurationVar(&o.long, "for", 20*time.Second, "play so long")
	f.IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "how many runs at once")
	f.StringVar(&o.out, "out", "", "write the figures into this JSON file")
	f.StringVar(&o.state, "state", "", "go on from this file if it is there, and add up")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	f.Visit(func(x *flag.Flag) { o.one = o.one || x.Name == "seed" })
	if f.NArg() > 0 || o.jobs < 1 {
		fmt.Fprintln(errs, "sim: unexpected arguments; see -help")
		return o, errors.New("unexpected arguments")
	}
	return o, nil
}

// replay plays one run and prints every event.
func replay(seed uint64, out io.Writer) int {
	w := &sim.World{Trace: out}
	v := w.Run(seed)
	fmt.Fprintf(out, "seed %d: %d events, %d faults\n", seed, w.Stats.Events, w.Stats.AllFaults())
	if v != nil {
		fmt.Fprintln(out, "VIOLATION:", v)
		return broken
	}
	fmt.Fprintln(out, "no rule was broken")
	return fine
}
