package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// onRef makes a command about one operation that is there already.
func (a *app) onRef(name, id string, run func(cmd *cobra.Command, ref pay.Ref) error) *cobra.Command {
	return a.command(name+" "+a.say("cli.arg.ref"), id, a.exactly(1), func(cmd *cobra.Command, args []string) error {
		ref, err := a.refArgument(args[0])
		if err != nil {
			return err
		}
		return run(cmd, ref)
	})
}

func (a *app) statusCommand() *cobra.Command {
	var wait bool
	cmd := a.onRef("status", "status", func(cmd *cobra.Command, ref pay.Ref) error {
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		op, err := a.refOrCode(cmd.Context(), s, ref)
		if err != nil {
			return err
		}
		ref = op.Ref
		if wait && !op.Outcome.Final() {
			f := a.newFollowing(s, ref)
			defer f.end()
			f.pays = op.Kind.Payment()
			if op, err = f.follow(cmd.Context(), true); err != nil {
				return err
			}
		}
		if err := a.result(op, func() {
			a.showOperation(op)
			a.showReturns(cmd.Context(), s, op)
		}); err != nil {
			return err
		}
		a.noteRead(cmd.Context(), s, op)
		return ended(op)
	})
	cmd.Flags().BoolVar(&wait, "wait", false, a.say("cli.flag.wait"))
	return cmd
}

func (a *app) cancelCommand() *cobra.Command {
	var reason string
	cmd := a.onRef("cancel", "cancel", func(cmd *cobra.Command, ref pay.Ref) error {
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		op, err := s.Operation(cmd.Context(), ref)
		if err != nil {
			return err
		}
		begun := op.Running || !op.Outcome.Final()
		if begun {
			if err := s.Cancel(cmd.Context(), ref, reason); err != nil {
				return err
			}
			f := a.newFollowing(s, ref)
			defer f.end()
			f.pays = op.Kind.Payment()
			f.asks = 1 // the next Ctrl-C leaves
			if op, err = f.follow(cmd.Context(), false); err != nil {
				return err
			}
		}
		if err := a.result(op, func() {
			a.showOperation(op)
			a.showReturns(cmd.Context(), s, op)
		}); err != nil {
			return err
		}
		a.noteRead(cmd.Context(), s, op)
		if op.Outcome == pay.Cancelled {
			return nil
		}
		if op.Outcome == pay.Approved && !op.Running {
			fmt.Fprintln(a.Stderr, a.tooLate(op, begun))
			return finished{exitFailed}
		}
		return ended(op)
	})
	cmd.Flags().StringVar(&reason, "reason", "", a.say("cli.flag.reason"))
	return cmd
}

// tooLate says why an approved operation is not cancelled, and what is possible instead.
func (a *app) tooLate(op pay.Operation, asked bool) string {
	switch {
	case op.Reversal == pay.ReversalUnderWay:
		return a.say("cli.cancel.reversing")
	case op.Reversal == pay.ReversalDone:
		return a.say("cli.cancel.reversed")
	case !op.Kind.Payment():
		return a.say("cli.cancel.done")
	case op.Ack == pay.AckConfirm && op.Refundable > 0:
		return a.say("cli.cancel.confirmed", "Ref", op.Ref, "Left", a.money(op.Refundable, op.Currency))
	case op.Ack == pay.AckConfirm:
		return a.say("cli.cancel.refunded")
	case asked:
		return a.say("cli.cancel.late", "Confirm", a.commandOn("confirm", op), "Reverse", a.commandOn("reverse", op))
	}
	return a.say("cli.cancel.paid", "Confirm", a.commandOn("confirm", op), "Reverse", a.commandOn("reverse", op))
}

// showReturns prints the refunds of a payment and what is still refundable. Where the module cannot tell its past, only the latter.
func (a *app) showReturns(ctx context.Context, s *client.Session, op pay.Operation) {
	if !op.Kind.Payment() || op.Outcome != pay.Approved || op.Running {
		return
	}
	if op.Ack == pay.AckConfirm || op.Refundable != op.ApprovedAmount {
		if told, err := a.storyOf(ctx, s, op); err == nil {
			for _, r := range told.Refunds {
				fmt.Fprintln(a.Stdout, a.say("cli.op.refund", "Ref", r.Ref, "Amount", a.money(r.Amount, r.Currency), "Outcome", a.outcomeWord(r)))
			}
		}
	}
	if op.Reversal == pay.ReversalNone {
		fmt.Fprintln(a.Stdout, a.say("cli.op.refundable", "Amount", a.money(op.Refundable, op.Currency)))
	}
}

func (a *app) pendingCommand() *cobra.Command {
	var all bool
	cmd := a.command("pending", "pending", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		list, err := s.Pending(cmd.Context(), all)
		if err != nil {
			return err
		}
		return a.result(operations{list}, func() {
			if len(list) == 0 {
				fmt.Fprintln(a.Stdout, a.say("cli.pending.none"))
				return
			}
			a.operationTable(list, true)
			if slices.ContainsFunc(list, func(op pay.Operation) bool { return op.Pending == "unread" }) {
				fmt.Fprintln(a.Stderr, a.say("cli.pending.unread_hint"))
			}
		})
	})
	cmd.Flags().BoolVar(&all, "all", false, a.say("cli.flag.all"))
	return cmd
}

// operations is the JSON of a list.
type operations struct {
	Operations []pay.Operation `json:"operations"`
}

func (a *app) operationTable(list []pay.Operation, pending bool) {
	head := []string{a.say("cli.col.number"), a.say("cli.col.time"), a.say("cli.col.ref"), a.say("cli.col.module"), a.say("cli.col.pos"),
		a.say("cli.col.kind"), a.say("cli.col.amount"), a.say("cli.col.outcome")}
	if pending {
		head = append(head, a.say("cli.col.pending"))
	}
	var rows [][]string
	for _, op := range list {
		amount := ""
		if op.Kind.Money() {
			amount = a.money(op.Amount, op.Currency)
		}
		row := []string{number(op.Number), moment(op.Begun), string(op.Ref), op.Module, clean(op.PosID), a.what(op), amount, a.outcomeWord(op)}
		if pending {
			row = append(row, a.pendingWord(op.Pending))
		}
		rows = append(rows, row)
	}
	a.table(head, rows)
}

func (a *app) outcomeWord(op pay.Operation) string {
	if op.Running {
		return a.say("cli.outcome.word.running")
	}
	return a.say("cli.outcome.word." + op.Outcome.String())
}

func (a *app) confirmCommand() *cobra.Command {
	return a.onRef("confirm", "confirm", func(cmd *cobra.Command, ref pay.Ref) error {
		return a.acknowledge(cmd, ref, pay.AckConfirm, "")
	})
}

func (a *app) reverseCommand() *cobra.Command {
	var reason string
	cmd := a.onRef("reverse", "reverse", func(cmd *cobra.Command, ref pay.Ref) error {
		return a.acknowledge(cmd, ref, pay.AckReverse, reason)
	})
	cmd.Flags().StringVar(&reason, "reason", "", a.say("cli.flag.reason"))
	return cmd
}

func (a *app) acknowledge(cmd *cobra.Command, ref pay.Ref, ack pay.Ack, reason string) error {
	s, err := a.open(cmd.Context(), true)
	if err != nil {
		return err
	}
	defer s.Close()
	op, err := s.Acknowledge(cmd.Context(), ref, ack, reason)
	if err != nil {
		return err
	}
	return a.result(op, func() {
		fmt.Fprintln(a.Stdout, a.say("cli.ack."+string(ack), "Ref", ref))
		a.showOperation(op)
	})
}

func (a *app) resolveCommand() *cobra.Command {
	var charged, who, why string
	cmd := a.onRef("resolve", "resolve", func(cmd *cobra.Command, ref pay.Ref) error {
		if err := a.require(cmd, "charged", "who", "why"); err != nil {
			return err
		}
		yes, known := yesOrNo(charged)
		if !known {
			return a.choice("--charged", charged, "yes", "no")
		}
		if clean(who) == "" || clean(why) == "" {
			return a.usageErrorf("cli.usage.who_and_why")
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		op, err := s.Resolve(cmd.Context(), ref, yes, clean(who)+": "+clean(why))
		if err != nil {
			return err
		}
		if err := a.result(op, func() { a.showOperation(op) }); err != nil {
			return err
		}
		a.noteRead(cmd.Context(), s, op)
		return nil
	})
	f := cmd.Flags()
	f.StringVar(&charged, "charged", "", a.say("cli.flag.charged"))
	f.StringVar(&who, "who", "", a.say("cli.flag.who"))
	f.StringVar(&why, "why", "", a.say("cli.flag.why"))
	return cmd
}
