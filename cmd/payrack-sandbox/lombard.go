package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/plugins/lombard/sandbox"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// lombard runs the sandbox of Lombard Payments.
func (a *app) lombard() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{Use: "lombard", Short: a.say.text("lombard"), Args: cobra.NoArgs}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", a.say.text("flag-listen"))
	c.Flags().StringVar(&f.data, "data", "", a.say.text("flag-data"))
	c.Flags().BoolVar(&f.withStdin, "with-stdin", false, a.say.text("flag-with-stdin"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := sandbox.New(sandbox.Options{Data: f.data, Lang: a.lang})
		if err != nil {
			return fmt.Errorf("%w: %w", errListen, err)
		}
		return a.serve(c.Context(), "lombard", s, f, func() any { return nil })
	}
	return c
}

// lombardCommands are what only the sandbox of Lombard Payments can do.
func (a *app) lombardCommands() []*cobra.Command {
	payouts := &cobra.Command{Use: "payouts", Short: a.say.text("payouts"), Args: cobra.NoArgs}
	payouts.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		list, err := (&sandbox.Control{Control: ctl}).Payouts(ctx)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) {
			for _, p := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", p.ID, p.ExternalID, rubles(p.Amount, "RUB"), p.Status, p.Card)
			}
		})
	})
	end := &cobra.Command{Use: "end-sessions", Short: a.say.text("end-sessions"), Args: cobra.NoArgs}
	end.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		return (&sandbox.Control{Control: ctl}).EndSessions(ctx)
	})
	return []*cobra.Command{payouts, end}
}
