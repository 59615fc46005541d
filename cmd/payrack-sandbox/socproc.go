package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/plugins/socproc/sandbox"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// socproc runs the sandbox of Social processing.
func (a *app) socproc() *cobra.Command {
	var f serveFlags
	var ttl time.Duration
	c := &cobra.Command{Use: "socproc", Short: a.say.text("socproc"), Args: cobra.NoArgs}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", a.say.text("flag-listen"))
	c.Flags().StringVar(&f.data, "data", "", a.say.text("flag-data"))
	c.Flags().BoolVar(&f.withStdin, "with-stdin", false, a.say.text("flag-with-stdin"))
	c.Flags().DurationVar(&ttl, "ttl", 0, a.say.text("flag-ttl"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		o := sandbox.Options{Data: f.data, Lang: a.lang}
		if ttl != 0 {
			s := sandbox.DefaultSettings()
			s.TTL = sdk.Duration(ttl)
			if err := s.Validate(); err != nil {
				return usageError{err}
			}
			o.Settings = &s
		}
		s, err := sandbox.New(o)
		if err != nil {
			return fmt.Errorf("%w: %w", errListen, err)
		}
		return a.serve(c.Context(), "socproc", s, f, func() any { return nil })
	}
	return c
}

// socprocCommands are what only the sandbox of Social processing can do.
func (a *app) socprocCommands() []*cobra.Command {
	operations := &cobra.Command{Use: "operations", Short: a.say.text("operations"), Args: cobra.NoArgs}
	operations.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		list, err := (&sandbox.Control{Control: ctl}).Operations(ctx)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) {
			for _, o := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", o.ID, o.Receipt, o.Status, rubles(o.Approved, "RUB"), o.Program, o.Card)
			}
		})
	})
	cards := &cobra.Command{Use: "cards", Short: a.say.text("cards"), Args: cobra.NoArgs}
	cards.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		list, err := (&sandbox.Control{Control: ctl}).Cards(ctx)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) {
			for _, c := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\n", c.Name, rubles(c.Left, "RUB"), rubles(c.Month, "RUB"))
			}
		})
	})
	return []*cobra.Command{operations, cards}
}
