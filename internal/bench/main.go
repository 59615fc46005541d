// Command bench compares what payrack needs with the least that could do the same, in one run on one machine.
//
//	go run ./internal/bench -home DIR -out FILE
//
// DIR is an installation as `make build` lays it out. The run takes a temporary folder beside it, a Sendy sandbox on 127.0.0.1, a host of
// its own and a till in C; it ends everything that it started. It prints a table and writes FILE, a list of {name, unit, payrack, floor,
// ratio}. Both sides of a line are measured by turns, and a line gives their medians. Nothing is asserted: a table is to be read.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	home := flag.String("home", "dist/out/linux-amd64", "the installation")
	out := flag.String("out", "dist/out/bench.json", "where the results go")
	only := flag.String("only", "", "names of what is measured, parted by commas; empty: everything")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *home, *out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, home, out, only string) (err error) {
	begun := time.Now()
	in, err := install(ctx, home)
	defer func() { err = errors.Join(err, in.remove()) }()
	if err != nil {
		return err
	}
	results, err := measure(ctx, in, only)
	if err != nil {
		return err
	}
	if err := printTable(os.Stdout, results); err != nil {
		return err
	}
	fmt.Printf("\n%s; measured in %s\n", out, time.Since(begun).Round(time.Second))
	return writeJSON(out, results)
}

// step measures some of the lines.
type step struct {
	names []string
	run   func(context.Context, *installation) ([]Result, error)
}

// steps are everything that is measured. What needs the till comes together, since its host's memory is looked at after its payments.
func steps() []step {
	one := func(name string, f func(context.Context, *installation) (Result, error)) step {
		return step{[]string{name}, func(ctx context.Context, in *installation) ([]Result, error) {
			r, err := f(ctx, in)
			return []Result{r}, err
		}}
	}
	return []step{
		{[]string{"offline_payment", "open_warm", "host_memory", "module_memory"}, measureTill},
		one("open_cold", measureCold), one("module_call", measureCall), one("journal_commit", measureCommit), one("close_shift", measureClose),
	}
}

func measure(ctx context.Context, in *installation, only string) ([]Result, error) {
	wanted := strings.FieldsFunc(only, func(r rune) bool { return r == ',' })
	var results []Result
	for _, s := range steps() {
		if len(wanted) > 0 && !slices.ContainsFunc(s.names, func(name string) bool { return slices.Contains(wanted, name) }) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", strings.Join(s.names, ", "))
		list, err := s.run(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(s.names, ", "), err)
		}
		results = append(results, list...)
	}
	return results, nil
}

// measureTill is what needs an activated till and its host.
func measureTill(ctx context.Context, in *installation) (results []Result, err error) {
	t, err := startTill(in, "1")
	if err != nil {
		return nil, err
	}
	defer t.stop()
	if _, err := t.open(); err != nil {
		return nil, err
	}
	if _, err := t.tell("activate %s BENCH %s", tillTerminal, activationCode); err != nil {
		return nil, err
	}
	payment, err := measurePayment(ctx, in, t)
	if err != nil {
		return nil, err
	}
	memory, err := measureMemory(ctx, in)
	if err != nil {
		return nil, err
	}
	if _, err := t.tell("close"); err != nil {
		return nil, err
	}
	warm, err := measureWarm(ctx, in, t)
	return append([]Result{payment, warm}, memory...), err
}
