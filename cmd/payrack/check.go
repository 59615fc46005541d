package main

import (
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/audit/books"
	"github.com/payrack/payrack/sdk/pay"
)

// bookFlags are what `payrack check` was asked for.
type bookFlags struct {
	module, ledger, registry, columns string
	tills                             []string
	quiet, from, to                   string
}

// checkCommand holds the books of the installation against the rules about money. It asks no host and no module: it reads what they wrote.
func (a *app) checkCommand() *cobra.Command {
	var o bookFlags
	cmd := a.command("check", "audit", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		if err := a.checkable(cmd, o); err != nil {
			return err
		}
		shelf, err := a.readBooks(cmd.Context(), o)
		if err != nil {
			return err
		}
		r := a.judge(shelf)
		if err := a.result(r, func() { a.showCheck(r) }); err != nil {
			return err
		}
		if !r.OK {
			return finished{exitFailed}
		}
		return nil
	})
	f := cmd.Flags()
	f.StringVar(&o.module, "module", "", a.say("cli.audit.flag.module"))
	f.StringVar(&o.ledger, "ledger", "", a.say("cli.audit.flag.ledger"))
	f.StringVar(&o.registry, "registry", "", a.say("cli.audit.flag.registry"))
	f.StringVar(&o.columns, "columns", "", a.say("cli.audit.flag.columns"))
	f.StringArrayVar(&o.tills, "till", nil, a.say("cli.audit.flag.till"))
	f.StringVar(&o.quiet, "quiet-since", "", a.say("cli.audit.flag.quiet-since"))
	f.StringVar(&o.from, "from", "", a.say("cli.audit.flag.from"))
	f.StringVar(&o.to, "to", "", a.say("cli.audit.flag.to"))
	return cmd
}

func (a *app) checkable(cmd *cobra.Command, o bookFlags) error {
	if err := a.oneOf(cmd, "ledger", "registry"); err != nil {
		return err
	}
	if (o.registry == "") != (o.columns == "") {
		missing := "columns"
		if o.registry == "" {
			missing = "registry"
		}
		return a.usageErrorf("cli.usage.flag_missing", "Flag", "--"+missing)
	}
	if o.registry == "" && (o.from != "" || o.to != "") {
		return a.usageErrorf("cli.usage.flag_missing", "Flag", "--registry")
	}
	if _, err := books.ParseColumns(o.columns); o.columns != "" && err != nil {
		return a.usageErrorf("cli.audit.usage.columns", "Columns", shorten(o.columns))
	}
	return nil
}

// verdict is the JSON of `payrack check`.
type verdict struct {
	OK        bool             `json:"ok"`
	Read      []readBook       `json:"read"`
	Unchecked []string         `json:"unchecked"`
	Rules     []checkedRule    `json:"rules"`
	Findings  []checkedFinding `json:"findings"`
}

type readBook struct {
	Book  string `json:"book"`
	Count int    `json:"count"`
}

type checkedRule struct {
	Rule    string `json:"rule"`
	Text    string `json:"text"`
	Checked int    `json:"checked"`
	Found   int    `json:"found"`
}

type checkedFinding struct {
	Rule   string  `json:"rule,omitempty"` // empty: a book that cannot be read
	ID     string  `json:"id"`
	Ref    pay.Ref `json:"ref,omitempty"`
	Module string  `json:"module,omitempty"`
	Text   string  `json:"text"`
	Next   string  `json:"next"`
}

// judge holds what was read against the rules.
func (a *app) judge(s *shelf) verdict {
	found := audit.Check(s.books)
	audit.Sort(found)
	v := verdict{Read: s.read, Unchecked: append([]string{}, s.unchecked...), Findings: []checkedFinding{}}
	for _, c := range audit.Covered(s.books, found) {
		v.Rules = append(v.Rules, checkedRule{c.Rule, a.say("cli.audit.rule." + c.Rule), c.Checked, c.Found})
	}
	v.Unchecked = append(v.Unchecked, a.say("cli.audit.unchecked.others"))
	currencies := map[pay.Ref]pay.Currency{}
	for _, op := range s.books.Operations {
		currencies[op.Ref] = op.Currency
	}
	for _, f := range found {
		v.Findings = append(v.Findings, a.findingOf(f, currencies[f.Ref]))
	}
	v.Findings = append(v.Findings, s.unreadable...)
	v.OK = len(v.Findings) == 0
	return v
}

// quietBefore is the moment before which everything must be settled, and whether that is all there is.
func quietBefore(b *audit.Books, since time.Time) {
	b.QuietBefore = since
	b.Quiet = !since.IsZero() && !slices.ContainsFunc(b.Operations, func(op audit.Operation) bool { return !op.Begun.Before(since) })
}
