package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
)

// amount reads a sum of money that must be above zero.
func (a *app) amount(s string) (pay.Amount, error) {
	amount, err := pay.ParseAmount(s)
	if err != nil {
		return 0, a.usageErrorf("cli.usage.amount", "Value", shorten(s))
	}
	if amount <= 0 {
		return 0, a.usageErrorf("cli.usage.amount_positive", "Value", shorten(s))
	}
	return amount, nil
}

func (a *app) payCommand() *cobra.Command {
	var o order
	var sum, code, receipt, system, bank, despite, basket, card string
	var online, offline bool
	cmd := a.command("pay", "pay", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		needed := []string{"module", "amount"}
		if basket != "" {
			needed = needed[:1] // its positions add up
		}
		if err := a.require(cmd, needed...); err != nil {
			return err
		}
		if err := a.oneOf(cmd, "online", "offline", "basket"); err != nil {
			return err
		}
		if err := a.oneOf(cmd, "code", "basket"); err != nil {
			return err
		}
		if card != "" && basket == "" {
			return a.usageErrorf("cli.usage.flag_needs", "Flag", "--card", "Other", "--basket")
		}
		if online && code != "" {
			return a.usageErrorf("cli.usage.flag_both", "One", "--online", "Other", "--code")
		}
		var err error
		if sum != "" || basket == "" {
			if o.amount, err = a.amount(sum); err != nil {
				return err
			}
		}
		o.kind = pay.KindOnline
		if offline || code != "" {
			o.kind = pay.KindOffline
		}
		if system != "" && bank != "" {
			return a.usageErrorf("cli.usage.flag_both", "One", "--system", "Other", "--bank")
		}
		o.params = params("receipt", receipt, "system", system+bank, "despite", despite)
		if o.kind == pay.KindOffline {
			if err := a.scanned(cmd, &o, code); err != nil {
				return err
			}
		}
		open := a.open
		if basket != "" {
			if err := a.basket(cmd, &o, basket, sum, card); err != nil {
				return err
			}
			open = a.openConfirming
		}
		s, err := open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		op, err := a.operate(cmd.Context(), s, &o)
		if err != nil {
			return err
		}
		return a.conclude(cmd.Context(), s, op, o.hold || o.interrupted, nil)
	})
	f := cmd.Flags()
	f.StringVar(&o.module, "module", "", a.say("cli.flag.module"))
	f.StringVar(&sum, "amount", "", a.say("cli.flag.amount"))
	f.StringVar(&basket, "basket", "", a.say("cli.flag.basket"))
	f.StringVar(&card, "card", "", a.say("cli.flag.basket-card"))
	f.BoolVar(&online, "online", false, a.say("cli.flag.online"))
	f.BoolVar(&offline, "offline", false, a.say("cli.flag.offline"))
	f.StringVar(&code, "code", "", a.say("cli.flag.code"))
	f.StringVar(&o.ref, "ref", "", a.say("cli.flag.ref"))
	f.StringVar(&receipt, "receipt", "", a.say("cli.flag.receipt"))
	f.StringVar(&system, "system", "", a.say("cli.flag.system"))
	f.StringVar(&bank, "bank", "", a.say("cli.flag.bank"))
	f.StringVar(&despite, "despite", "", a.say("cli.flag.despite"))
	f.BoolVar(&o.hold, "hold", false, a.say("cli.flag.hold"))
	a.dialogFlags(cmd, &o.dialog)
	return cmd
}

// scanned puts the customer's code into the order: from the command line, from standard input, or asked for on the terminal.
func (a *app) scanned(cmd *cobra.Command, o *order, code string) error {
	switch {
	case code == "-" && !a.keys.terminal():
		line, err := a.keys.line(cmd.Context(), false)
		if err != nil {
			return a.usageErrorf("cli.usage.code_missing")
		}
		code = line
	case code == "-", code == "" && a.keys.terminal():
		line, err := a.askSecret(cmd.Context(), a.say("cli.ask.input.scan"))
		if err != nil {
			return err
		}
		code = line
	}
	code = strings.TrimSpace(code)
	if code == "" {
		return a.usageErrorf("cli.usage.code_missing")
	}
	if clean(code) != code || len(code) > maxSecret || strings.ContainsAny(code, "\n\t") {
		return a.usageErrorf("cli.usage.code_wrong")
	}
	o.params["code"] = code
	return nil
}

func (a *app) refundCommand() *cobra.Command {
	o := order{kind: pay.KindRefund}
	var sum, receipt, reason string
	cmd := a.command("refund "+a.say("cli.arg.original"), "refund", a.exactly(1), func(cmd *cobra.Command, args []string) error {
		original, err := a.refArgument(args[0])
		if err != nil {
			return err
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		if sum != "" {
			if o.amount, err = a.amount(sum); err != nil {
				return err
			}
		} else {
			paid, err := s.Operation(cmd.Context(), original)
			if err != nil {
				return err
			}
			if o.amount = paid.Refundable; o.amount <= 0 {
				return &pay.Error{Code: pay.ErrLimit, Text: a.say("cli.nothing_to_refund", "Ref", original),
					Hint: a.say("cli.nothing_to_refund_hint", "Ref", original)}
			}
		}
		o.params = params("original_ref", string(original), "receipt", receipt, "reason", reason)
		op, err := a.operate(cmd.Context(), s, &o)
		if err != nil {
			return err
		}
		return a.conclude(cmd.Context(), s, op, o.hold || o.interrupted, nil)
	})
	f := cmd.Flags()
	f.StringVar(&sum, "amount", "", a.say("cli.flag.refund-amount"))
	f.StringVar(&o.ref, "ref", "", a.say("cli.flag.ref"))
	f.StringVar(&receipt, "receipt", "", a.say("cli.flag.receipt"))
	f.StringVar(&reason, "reason", "", a.say("cli.flag.reason"))
	f.BoolVar(&o.hold, "hold", false, a.say("cli.flag.hold"))
	a.dialogFlags(cmd, &o.dialog)
	return cmd
}

// params makes the parameters out of names and values; empty values are left out, so that the digest is that of what was said.
func params(pairs ...string) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			m[pairs[i]] = pairs[i+1]
		}
	}
	return m
}
