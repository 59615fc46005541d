//go:build unix

// Command module is the Sendy module with a hook at each of its boundaries, where the torturer may kill it, and with short times.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/payrack/payrack/internal/proof/torture/point"
	"github.com/payrack/payrack/plugins/sendy/driver"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/provider"
)

func main() {
	signal.Ignore(syscall.SIGXFSZ) // a write beyond the limit fails, as on a full disk
	program, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	strikes := point.Of(filepath.Join(filepath.Dir(program), "..", ".."))
	at := strikes.Hook("module")
	m := driver.Module()
	inner := m.New
	m.New = func(p sdk.Parts) (provider.Driver, error) {
		d, err := inner(p)
		if err != nil {
			return nil, err
		}
		return hooked{d.(*driver.Driver), at}, nil
	}
	module.Serve(sdk.New(m, sdk.Around(at), sdk.Terms(brisk), sdk.Clock(strikes.Clock())))
}

// brisk are times so short that a whole life of an operation fits into a cycle.
func brisk(t *engine.Terms) {
	*t = engine.Terms{Wait: 4 * time.Second, CancelWait: 300 * time.Millisecond, OrphanGrace: 400 * time.Millisecond, UnknownAfter: 400 * time.Millisecond,
		PrepareWait: 500 * time.Millisecond, Poll: 40 * time.Millisecond, FirstLook: 20 * time.Millisecond, LongestPause: 250 * time.Millisecond,
		LateLook: 500 * time.Millisecond}
}

// hooked is the driver with a boundary before each request that moves money, and one after each answer.
type hooked struct {
	*driver.Driver
	at func(string)
}

func around[R any](d hooked, name string, call func() (R, error)) (R, error) {
	d.at("call " + name)
	r, err := call()
	d.at("answer " + name)
	return r, err
}

// Commit implements provider.Driver.
func (d hooked) Commit(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return around(d, "commit", func() (provider.Reply, error) { return d.Driver.Commit(ctx, op) })
}

// Inquire implements provider.Driver.
func (d hooked) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return around(d, "inquire", func() (provider.Reply, error) { return d.Driver.Inquire(ctx, op) })
}

// Prepare implements provider.Preparer.
func (d hooked) Prepare(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return around(d, "prepare", func() (provider.Reply, error) { return d.Driver.Prepare(ctx, op) })
}

// Answer implements provider.Answerer.
func (d hooked) Answer(ctx context.Context, op provider.Operation, a provider.Answer) (provider.Reply, error) {
	return around(d, "answer", func() (provider.Reply, error) { return d.Driver.Answer(ctx, op, a) })
}

// Cancel implements provider.Canceller.
func (d hooked) Cancel(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return around(d, "cancel", func() (provider.Reply, error) { return d.Driver.Cancel(ctx, op) })
}

// Reverse implements provider.Reverser.
func (d hooked) Reverse(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	return around(d, "reverse", func() (provider.Reply, error) { return d.Driver.Reverse(ctx, op, original) })
}

// Refund implements provider.Refunder.
func (d hooked) Refund(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	return around(d, "refund", func() (provider.Reply, error) { return d.Driver.Refund(ctx, op, original) })
}

// Counters implements provider.ShiftKeeper.
func (d hooked) Counters(ctx context.Context) (provider.Counters, error) {
	return around(d, "counters", func() (provider.Counters, error) { return d.Driver.Counters(ctx) })
}

// CloseShift implements provider.ShiftKeeper.
func (d hooked) CloseShift(ctx context.Context, op provider.Operation, shift int64) (provider.ShiftTotals, error) {
	return around(d, "close", func() (provider.ShiftTotals, error) { return d.Driver.CloseShift(ctx, op, shift) })
}
