//go:build unix

// Command host is the payrack host with a hook at each of its boundaries, where the torturer may kill it, and without rest: a module that
// died is started again at once.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/payrack/payrack/host"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/internal/proof/torture/point"
)

// exitBusy is the exit code of a host that found another one running, as of payrack's own.
const exitBusy = 8

func main() {
	signal.Ignore(syscall.SIGXFSZ)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) != 4 || os.Args[1] != "host" || os.Args[2] != "--home" {
		fmt.Fprintln(os.Stderr, "this is the torturer's host; a till starts it")
		os.Exit(2)
	}
	p, err := place.Find(os.Args[3])
	if err == nil {
		err = host.Run(ctx, host.Options{Place: p, Version: "torture", Trial: &host.Trial{Restless: true, Around: point.Of(p.Home).Hook("host")}})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, host.ErrRunning) {
			os.Exit(exitBusy)
		}
		os.Exit(1)
	}
}
