package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
)

// reconciliation is what a module's command "reconcile" results in. Sums are in minor units.
type reconciliation struct {
	Agrees   bool               `json:"agrees"`
	From     time.Time          `json:"from"`
	To       time.Time          `json:"to"` // not included
	AddsUp   bool               `json:"adds_up"`
	Registry reconciledSums     `json:"registry"`
	Journal  reconciledSums     `json:"journal"`
	Fees     pay.Amount         `json:"fees"`
	Counts   map[string]int     `json:"counts"`
	Lines    []reconciliationOf `json:"lines"`
}

type reconciledSums struct {
	Payments pay.Amount `json:"payments"`
	Refunds  pay.Amount `json:"refunds"`
}

// reconciliationOf is one line of the registry or row of the journal.
type reconciliationOf struct {
	Verdict  string      `json:"verdict"`
	Why      string      `json:"why"`
	Kind     string      `json:"kind"`
	Time     time.Time   `json:"time"`
	Order    string      `json:"order"`
	Ref      string      `json:"ref"`
	Registry *pay.Amount `json:"registry"`
	Journal  *pay.Amount `json:"journal"`
	Outcome  string      `json:"outcome"`
}

// reconcileCommand compares a file that the provider sent with the journal of its module.
func (a *app) reconcileCommand() *cobra.Command {
	var module, file string
	cmd := a.command("reconcile", "reconcile", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		if err := a.require(cmd, "module", "file"); err != nil {
			return err
		}
		path, err := filepath.Abs(file) // the module has a folder of its own
		if err != nil {
			return err
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		raw, err := a.commandResult(cmd.Context(), s, module, "reconcile", map[string]any{"file": path}, dialog{})
		if err != nil {
			return err
		}
		return a.reconciled(module, raw)
	})
	cmd.Flags().StringVar(&module, "module", "", a.say("cli.flag.module"))
	cmd.Flags().StringVar(&file, "file", "", a.say("cli.reconcile.flag.file"))
	return cmd
}

// reconciled prints a comparison. It is done only if everything agrees.
func (a *app) reconciled(module string, raw json.RawMessage) error {
	var r reconciliation
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("read the comparison of %s: %w", module, err)
	}
	err := a.result(raw, func() { a.showReconciliation(r) })
	if err == nil && !r.Agrees {
		err = finished{exitFailed}
	}
	return err
}

func (a *app) showReconciliation(r reconciliation) {
	last := r.To.Add(-time.Nanosecond)
	fmt.Fprintln(a.Stdout, a.say("cli.reconcile.days", "From", r.From.Format("02.01.2006"), "To", last.Format("02.01.2006")))
	amount := func(v *pay.Amount) string {
		if v == nil {
			return "-"
		}
		return a.money(*v, "")
	}
	var rows [][]string
	for _, l := range r.Lines {
		verdict := a.say("cli.reconcile." + l.Verdict)
		if l.Why != "" {
			verdict += ": " + a.say("cli.reconcile.why."+l.Why)
		}
		rows = append(rows, []string{verdict, a.say("cli.reconcile.kind." + l.Kind), l.Time.In(r.From.Location()).Format("02.01 15:04"), amount(l.Registry), amount(l.Journal),
			clean(l.Ref), clean(l.Order)})
	}
	a.table([]string{a.say("cli.reconcile.col.verdict"), a.say("cli.col.kind"), a.say("cli.col.time"), a.say("cli.reconcile.col.registry"),
		a.say("cli.reconcile.col.journal"), a.say("cli.col.ref"), a.say("cli.reconcile.col.order")}, rows)
	for _, side := range []struct {
		name string
		sums reconciledSums
	}{{"registry", r.Registry}, {"journal", r.Journal}} {
		fmt.Fprintln(a.Stdout, a.say("cli.reconcile.sums."+side.name, "Payments", a.money(side.sums.Payments, ""), "Refunds", a.money(side.sums.Refunds, "")))
	}
	fmt.Fprintln(a.Stdout, a.say("cli.reconcile.fees", "Amount", a.money(r.Fees, "")))
	if !r.AddsUp {
		fmt.Fprintln(a.Stdout, a.say("cli.reconcile.adds_up"))
	}
	if r.Agrees {
		fmt.Fprintln(a.Stdout, a.say("cli.reconcile.agreed"))
		return
	}
	fmt.Fprintln(a.Stdout, a.say("cli.reconcile.disagreed", "Count", len(r.Lines)-r.Counts["agrees"]))
	if r.Counts["next_day"] > 0 {
		fmt.Fprintln(a.Stdout, a.say("cli.reconcile.next_day.hint"))
	}
}
