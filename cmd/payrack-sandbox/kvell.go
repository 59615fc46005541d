package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/plugins/kvell/sandbox"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// kvell runs the sandbox of KVELL.
func (a *app) kvell() *cobra.Command {
	var f serveFlags
	var key, variant, shape string
	var otp, upper bool
	c := &cobra.Command{Use: "kvell", Short: a.say.text("kvell"), Args: cobra.NoArgs}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", a.say.text("flag-listen"))
	c.Flags().StringVar(&f.data, "data", "", a.say.text("flag-data"))
	c.Flags().BoolVar(&f.withStdin, "with-stdin", false, a.say.text("flag-with-stdin"))
	c.Flags().StringVar(&key, "public-key", "", a.say.text("flag-public-key"))
	c.Flags().StringVar(&variant, "variant", "", a.say.text("flag-variant"))
	c.Flags().StringVar(&shape, "shape", "", a.say.text("flag-shape"))
	c.Flags().BoolVar(&otp, "otp", false, a.say.text("flag-otp"))
	c.Flags().BoolVar(&upper, "upper", false, a.say.text("flag-upper"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		o := sandbox.Options{Data: f.data, Lang: a.lang}
		if key != "" || variant != "" || shape != "" || otp || upper {
			s := sandbox.DefaultSettings()
			s.OTP, s.Upper = otp, upper
			if variant != "" {
				s.Variant = variant
			}
			if shape != "" {
				s.Shape = shape
			}
			if key != "" {
				text, err := os.ReadFile(key)
				if err != nil {
					return usageError{err}
				}
				s.PublicKey = string(text)
			}
			if err := s.Validate(); err != nil {
				return usageError{err}
			}
			o.Settings = &s
		}
		s, err := sandbox.New(o)
		if err != nil {
			return fmt.Errorf("%w: %w", errListen, err)
		}
		return a.serve(c.Context(), "kvell", s, f, func() any { return nil })
	}
	return c
}

// kvellCommands are what only the sandbox of KVELL can do.
func (a *app) kvellCommands() []*cobra.Command {
	sms := &cobra.Command{Use: "sms [ID]", Short: a.say.text("sms"), Args: cobra.MaximumNArgs(1)}
	sms.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		code, err := (&sandbox.Control{Control: ctl}).Code(ctx, first(args))
		if err != nil {
			return err
		}
		return a.show(code, func(w io.Writer) { fmt.Fprintln(w, code.Text) })
	})
	orders := &cobra.Command{Use: "orders", Short: a.say.text("orders"), Args: cobra.NoArgs}
	orders.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		list, err := (&sandbox.Control{Control: ctl}).Orders(ctx)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) {
			for _, o := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", o.Transaction, rubles(o.Amount, "RUB"), o.Status, o.To)
			}
		})
	})
	return []*cobra.Command{sms, orders}
}
