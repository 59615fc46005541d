package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
)

// cardsCommand lists a client's cards at a provider, or binds a new one first.
func (a *app) cardsCommand() *cobra.Command {
	var add bool
	var client string
	var d dialog
	cmd := a.command("cards "+a.say("cli.arg.module"), "cards", a.exactly(1), func(cmd *cobra.Command, args []string) error {
		var o order
		o.params = map[string]any{}
		if err := a.client(&o, client); err != nil {
			return err
		}
		q := map[string]any{"add": add}
		if who, ok := o.params["client"]; ok {
			q["client"] = who
		}
		var r struct {
			Cards []struct{ ID, Mask, Brand string } `json:"cards"`
		}
		raw, err := a.ask(cmd.Context(), args[0], "cards", q, d, &r)
		if err != nil {
			return err
		}
		return a.result(raw, func() {
			var rows [][]string
			for _, c := range r.Cards {
				rows = append(rows, []string{clean(c.ID), clean(c.Mask), clean(c.Brand)})
			}
			a.listed("cards", []string{"id", "mask", "brand"}, rows)
		})
	})
	cmd.Flags().BoolVar(&add, "add", false, a.say("cli.cards.flag.add"))
	cmd.Flags().StringVar(&client, "client", "", a.say("cli.payout.flag.client"))
	a.dialogFlags(cmd, &d)
	return cmd
}

// journalCommand is the provider's own list of operations, those that it refused too.
func (a *app) journalCommand() *cobra.Command {
	var s span
	var d dialog
	cmd := a.command("journal "+a.say("cli.arg.module"), "journal", a.exactly(1), func(cmd *cobra.Command, args []string) error {
		q, err := a.spanArgs(cmd, s)
		if err != nil {
			return err
		}
		var r struct {
			Operations []struct {
				ID, Type, Client, Purpose, Card, Branch, Status string
				Time                                            time.Time
				Amount                                          pay.Amount
			} `json:"operations"`
		}
		raw, err := a.ask(cmd.Context(), args[0], "journal", q, d, &r)
		if err != nil {
			return err
		}
		return a.result(raw, func() {
			var rows [][]string
			for _, o := range r.Operations {
				rows = append(rows, []string{clean(o.ID), clean(o.Status), local(o.Time), a.money(o.Amount, ""), clean(o.Type), clean(o.Client), clean(o.Purpose), clean(o.Card),
					clean(o.Branch)})
			}
			a.listed("journal", []string{"id", "status", "time", "amount", "type", "client", "purpose", "card", "place"}, rows)
		})
	})
	a.spanFlags(cmd, &s)
	a.dialogFlags(cmd, &d)
	return cmd
}

// documentsCommand is the provider's list of papers; documentCommand downloads one.
func (a *app) documentsCommand() *cobra.Command {
	var s span
	var d dialog
	cmd := a.command("documents "+a.say("cli.arg.module"), "documents", a.exactly(1), func(cmd *cobra.Command, args []string) error {
		q, err := a.spanArgs(cmd, s)
		if err != nil {
			return err
		}
		var r struct {
			Documents []struct {
				ID, Name string
				Ready    bool
				Time     time.Time
			} `json:"documents"`
		}
		raw, err := a.ask(cmd.Context(), args[0], "documents", q, d, &r)
		if err != nil {
			return err
		}
		return a.result(raw, func() {
			var rows [][]string
			for _, o := range r.Documents {
				mark := ""
				if o.Ready {
					mark = "+"
				}
				rows = append(rows, []string{clean(o.ID), local(o.Time), mark, clean(o.Name)})
			}
			a.listed("documents", []string{"id", "time", "ready", "name"}, rows)
		})
	})
	a.spanFlags(cmd, &s)
	a.dialogFlags(cmd, &d)
	return cmd
}

func (a *app) documentCommand() *cobra.Command {
	var out string
	var d dialog
	cmd := a.command("document "+a.say("cli.arg.module")+" "+a.say("cli.arg.document"), "document", a.exactly(2), func(cmd *cobra.Command, args []string) error {
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		raw, err := a.commandResult(cmd.Context(), s, args[0], "document", map[string]any{"id": args[1]}, d)
		if err != nil {
			return err
		}
		return a.fileTold(raw, out)
	})
	cmd.Flags().StringVar(&out, "out", "", a.say("cli.flag.out"))
	a.dialogFlags(cmd, &d)
	return cmd
}
