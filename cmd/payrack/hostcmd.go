package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host"
	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
)

// clientOptions say how this program calls the host. A host that must be started is the installation's own program, else this one.
func (a *app) clientOptions(p place.Place, start bool) client.Options {
	o := client.Options{Place: p, PosID: a.pos(), Program: "payrack", Version: version(), Language: a.language, StartHost: start}
	if !isFile(p.Program()) {
		o.HostProgram = a.Program
	}
	return o
}

func (a *app) hostCommand() *cobra.Command {
	var service bool
	cmd := a.command("host", "host", cobra.ArbitraryArgs, func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return a.unknownCommand(cmd, args[0])
		}
		p, err := a.place()
		if err != nil {
			return err
		}
		return a.runHost(cmd.Context(), p, service)
	})
	cmd.Flags().BoolVar(&service, "service", false, a.say("cli.flag.service"))
	cmd.AddCommand(a.hostStopCommand(), a.hostStatusCommand(), a.hostPINCommand())
	return cmd
}

// hostState is the JSON of host status.
type hostState struct {
	Running bool   `json:"running"`
	PID     int64  `json:"pid,omitempty"`
	Version string `json:"version,omitempty"`
	Address string `json:"address,omitempty"`
	Home    string `json:"home"`
	Data    string `json:"data"`
	Detail  any    `json:"detail,omitempty"`
}

func (a *app) hostStatusCommand() *cobra.Command {
	return a.command("status", "host-status", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		p, err := a.place()
		if err != nil {
			return err
		}
		state := hostState{Home: p.Home, Data: p.Data}
		s, err := a.open(cmd.Context(), false)
		if err != nil && pay.CodeOf(err) != pay.ErrHostStart {
			return err
		}
		if err == nil {
			defer s.Close()
			state.Running, state.PID, state.Version, state.Address = true, s.HostPID(), s.HostVersion(), p.Address()
			if raw, err := s.Info(cmd.Context(), "", "host"); err == nil {
				state.Detail = raw
			}
		}
		if err := a.result(state, func() { a.showHost(state) }); err != nil {
			return err
		}
		if !state.Running {
			return finished{exitNoConnection}
		}
		return nil
	})
}

func (a *app) showHost(state hostState) {
	if state.Running {
		fmt.Fprintln(a.Stdout, a.say("cli.host.running", "PID", state.PID, "Version", state.Version))
	} else {
		fmt.Fprintln(a.Stdout, a.say("cli.host.stopped"))
	}
	a.pair("cli.host.home", state.Home)
	a.pair("cli.host.data", state.Data)
	a.pair("cli.host.address", state.Address)
}

// stopLimit is how long a host may take from its answer to its end.
const stopLimit = 30 * time.Second

func (a *app) hostStopCommand() *cobra.Command {
	var drain bool
	var grace time.Duration
	cmd := a.command("stop", "host-stop", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		if grace < 0 {
			return a.usageErrorf("cli.usage.flag_wrong", "Flag", "--grace", "Value", grace.String())
		}
		s, err := a.open(cmd.Context(), false)
		if pay.CodeOf(err) == pay.ErrHostStart {
			return a.result(map[string]any{"stopped": true, "was_running": false, "running": 0}, func() {
				fmt.Fprintln(a.Stderr, a.say("cli.host.stopped"))
			})
		}
		if err != nil {
			return err
		}
		defer s.Close()
		if drain {
			fmt.Fprintln(a.Stderr, a.say("cli.host.draining", "Seconds", int64(grace/time.Second)))
		}
		running, err := s.Stop(cmd.Context(), drain, grace)
		if err != nil {
			return err
		}
		s.Close()
		ended, cancel := context.WithTimeout(cmd.Context(), stopLimit)
		defer cancel()
		p, err := a.place()
		if err != nil {
			return err
		}
		if err := host.AwaitEnd(ended, p); err != nil {
			return &pay.Error{Code: pay.ErrBusy, Cause: err}
		}
		return a.result(map[string]any{"stopped": true, "was_running": true, "running": running}, func() {
			fmt.Fprintln(a.Stderr, a.say("cli.host.stopping"))
			if running > 0 {
				fmt.Fprintln(a.Stderr, a.say("cli.host.left_running", "Count", running))
			}
		})
	})
	cmd.Flags().BoolVar(&drain, "drain", false, a.say("cli.flag.drain"))
	cmd.Flags().DurationVar(&grace, "grace", 5*time.Minute, a.say("cli.flag.grace"))
	return cmd
}

func (a *app) hostPINCommand() *cobra.Command {
	var id, name string
	cmd := a.command("set-pin", "host-set-pin", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		if err := a.require(cmd, "id"); err != nil {
			return err
		}
		pin, err := a.newPIN(cmd.Context())
		if err != nil {
			return err
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := a.setPIN(cmd.Context(), s, id, name, pin); err != nil {
			return err
		}
		return a.result(map[string]any{"operator": id}, func() { fmt.Fprintln(a.Stderr, a.say("cli.host.pin_set", "Operator", id)) })
	})
	cmd.Flags().StringVar(&id, "id", "", a.say("cli.flag.pin-id"))
	cmd.Flags().StringVar(&name, "name", "", a.say("cli.flag.pin-name"))
	return cmd
}

// newPIN asks for a PIN twice on a terminal; standard input that is none gives it once.
func (a *app) newPIN(ctx context.Context) (string, error) {
	pin, err := a.askSecret(ctx, a.say("cli.ask.new_pin"))
	if err != nil {
		return "", err
	}
	if a.keys.terminal() {
		again, err := a.askSecret(ctx, a.say("cli.ask.pin_again"))
		if err != nil {
			return "", err
		}
		if again != pin {
			return "", a.usageErrorf("cli.usage.pin_differs")
		}
	}
	if len(pin) < 4 || strings.Trim(pin, "0123456789") != "" {
		return "", a.usageErrorf("cli.usage.pin_short")
	}
	return pin, nil
}
