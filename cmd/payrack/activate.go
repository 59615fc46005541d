package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// activation is what a module's command "activate" results in, as far as a person is told.
type activation struct {
	Active       bool `json:"active"`
	NeedsForce   bool `json:"needs_force"`
	AttemptsLeft *int `json:"attempts_left"`
}

func (a *app) activateCommand() *cobra.Command {
	var module, terminal, serial, code string
	var force bool
	cmd := a.command("activate", "activate", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		if err := a.require(cmd, "module", "terminal", "serial"); err != nil {
			return err
		}
		if code != "" && code != "-" {
			return a.usageErrorf("cli.usage.activation_code")
		}
		secret, err := a.activationCode(cmd)
		if err != nil {
			return err
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := a.knowsCommand(cmd.Context(), s, module, "activate"); err != nil {
			return err
		}
		for {
			o := order{module: module, kind: pay.KindCommand, params: map[string]any{"name": "activate", "args": map[string]any{
				"terminal_id": terminal, "serial": serial, "code": secret, "force": force}}}
			op, err := a.operate(cmd.Context(), s, &o)
			if err != nil {
				return err
			}
			var got activation
			_ = json.Unmarshal(op.Result, &got) // a module that says no more has said it by the outcome
			if got.NeedsForce && !force && a.keys.terminal() {
				fmt.Fprintln(a.Stderr, clean(op.Text))
				if force, err = a.askYes(cmd.Context(), a.say("cli.activate.force")); err != nil {
					return err
				}
				if force {
					continue
				}
			}
			return a.activated(op, got, force)
		}
	})
	f := cmd.Flags()
	f.StringVar(&module, "module", "", a.say("cli.flag.module"))
	f.StringVar(&terminal, "terminal", "", a.say("cli.flag.terminal"))
	f.StringVar(&serial, "serial", "", a.say("cli.flag.serial"))
	f.StringVar(&code, "code", "", a.say("cli.flag.activation-code"))
	f.BoolVar(&force, "force", false, a.say("cli.flag.force"))
	return cmd
}

// knowsCommand refuses a command that the module does not list, before anything is begun. A module that lists none is asked all the same.
func (a *app) knowsCommand(ctx context.Context, s *client.Session, module, name string) error {
	raw, err := s.Info(ctx, module, "capabilities")
	var able struct {
		Commands []string `json:"commands"`
	}
	if err != nil || json.Unmarshal(raw, &able) != nil || able.Commands == nil || slices.Contains(able.Commands, name) {
		return nil
	}
	return &pay.Error{Code: pay.ErrUnsupported, Text: a.say("cli.command_unknown", "Module", module, "Name", name, "Names", strings.Join(able.Commands, ", "))}
}

// activationCode asks for the code, or reads it from standard input: other users can read a command line.
func (a *app) activationCode(cmd *cobra.Command) (string, error) {
	secret, err := a.askSecret(cmd.Context(), a.say("cli.ask.activation_code"))
	if err == nil && strings.TrimSpace(secret) == "" {
		err = a.usageErrorf("cli.usage.activation_code")
	}
	return strings.TrimSpace(secret), err
}

func (a *app) activated(op pay.Operation, got activation, force bool) error {
	err := a.result(op, func() {
		switch {
		case op.Outcome == pay.Approved && !op.Running:
			fmt.Fprintln(a.Stdout, a.say("cli.activate.done", "Module", op.Module))
		case op.Outcome == pay.Unknown:
			fmt.Fprintln(a.Stdout, a.say("cli.activate.unknown"))
		default:
			fmt.Fprintln(a.Stdout, a.say("cli.activate.refused", "Text", clean(op.Text)))
		}
		said := func(n int) bool { return strings.Contains(op.Text, strconv.Itoa(n)) } // the module may have told it already
		if n := got.AttemptsLeft; n != nil && *n >= 0 && op.Outcome != pay.Approved && !said(*n) {
			fmt.Fprintln(a.Stdout, a.say("cli.activate.attempts", "Count", *got.AttemptsLeft))
		}
		hint := op.Hint
		if got.NeedsForce && !force {
			hint = a.say("cli.activate.force_hint")
		}
		a.pair("cli.op.hint", hint)
	})
	if err != nil {
		return err
	}
	if exit := exitOfOperation(op); exit == exitDeclined {
		return finished{exitNotActive}
	}
	return ended(op)
}
