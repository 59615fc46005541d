package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/plugins/sbp/sandbox"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// sbp runs the three banks of the SBP, side by side.
func (a *app) sbp() *cobra.Command {
	var f serveFlags
	var listenTLS, certs string
	c := &cobra.Command{Use: "sbp", Short: a.say.text("sbp"), Args: cobra.NoArgs}
	a.addServeFlags(c, &f)
	c.Flags().StringVar(&listenTLS, "listen-tls", "127.0.0.1:0", a.say.text("flag-listen-tls"))
	c.Flags().StringVar(&certs, "certs", "", a.say.text("flag-certs"))
	c.RunE = func(c *cobra.Command, _ []string) error {
		o := sandbox.Options{Data: f.data, Lang: a.lang, ListenTLS: listenTLS, Certs: certs}
		if auto, ok := f.customer(); ok {
			s := sandbox.DefaultSettings()
			s.Auto, s.AutoPolls, s.AutoAfter = auto, f.polls, sdk.Duration(f.after)
			if err := s.Validate(); err != nil {
				return usageError{err}
			}
			o.Settings = &s
		}
		s, err := sandbox.New(o)
		if err != nil {
			return fmt.Errorf("%w: %w", errListen, err)
		}
		return a.serve(c.Context(), "sbp", s, f, func() any { return s.Access() })
	}
	return c
}

// sbpCommands are what only the sandbox of the SBP can do.
func (a *app) sbpCommands() []*cobra.Command {
	act := func(do func(*sandbox.Control, context.Context, string) (sdk.Bill, error)) func(*sdk.Control, context.Context, string) (sdk.Bill, error) {
		return func(c *sdk.Control, ctx context.Context, id string) (sdk.Bill, error) {
			return do(&sandbox.Control{Control: c}, ctx, id)
		}
	}
	return []*cobra.Command{
		a.billCommand("scan", act((*sandbox.Control).Scan)), a.billCommand("start", act((*sandbox.Control).Start)),
		a.access(), a.refunds(), a.endRefund(), a.link(), a.registry(),
	}
}

// access tells what a till needs to reach the banks: all of it, or the one thing that is named, alone on its line, for a script.
func (a *app) access() *cobra.Command {
	c := &cobra.Command{Use: "access [NAME]", Short: a.say.text("access"), Args: cobra.MaximumNArgs(1)}
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		v, err := (&sandbox.Control{Control: ctl}).Access(ctx)
		if err != nil {
			return err
		}
		named := map[string]string{
			"raiffeisen": v.Raiffeisen, "gazprombank": v.Gazprombank, "rsb": v.RSB, "rsb_plain": v.RSBPlain,
			"ca": v.CA, "client_cert": v.Certificate, "client_key": v.Key,
		}
		for bank, link := range v.Links {
			named["link_"+string(bank)] = link
		}
		if name := first(args); name != "" {
			value, ok := named[name]
			if !ok {
				return usageError{fmt.Errorf("%q is none of %v", name, slices.Sorted(maps.Keys(named)))}
			}
			return a.show(value, func(w io.Writer) { fmt.Fprintln(w, value) })
		}
		return a.show(named, func(w io.Writer) {
			for _, name := range slices.Sorted(maps.Keys(named)) {
				fmt.Fprintf(w, "%s\t%s\n", name, named[name])
			}
		})
	})
	return c
}

func (a *app) refunds() *cobra.Command {
	c := &cobra.Command{Use: "refunds", Short: a.say.text("refunds"), Args: cobra.NoArgs}
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		list, err := (&sandbox.Control{Control: ctl}).Refunds(ctx)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) { a.refundLines(w, list...) })
	})
	return c
}

func (a *app) refundLines(w io.Writer, list ...sandbox.Refund) {
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Bank, rubles(r.Amount, "RUB"), a.say.text("refund-"+r.State), r.ID)
	}
}

func (a *app) endRefund() *cobra.Command {
	var declined bool
	c := &cobra.Command{Use: "end-refund [ID]", Short: a.say.text("end-refund"), Args: cobra.MaximumNArgs(1)}
	c.Flags().BoolVar(&declined, "declined", false, a.say.text("flag-decline"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		r, err := (&sandbox.Control{Control: ctl}).EndRefund(ctx, first(args), !declined)
		if err != nil {
			return err
		}
		return a.show(r, func(w io.Writer) { a.refundLines(w, r) })
	})
	return c
}

func (a *app) link() *cobra.Command {
	c := &cobra.Command{Use: "link BANK", Short: a.say.text("link"), Args: cobra.ExactArgs(1)}
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		l, err := (&sandbox.Control{Control: ctl}).IssueLink(ctx, sandbox.Bank(args[0]))
		if err != nil {
			return err
		}
		return a.show(l, func(w io.Writer) { fmt.Fprintln(w, l.QR) })
	})
	return c
}

// registry writes the file as it is, in the bank's code page.
func (a *app) registry() *cobra.Command {
	var day, out string
	c := &cobra.Command{Use: "registry", Short: a.say.text("registry"), Args: cobra.NoArgs}
	c.Flags().StringVar(&day, "day", "", a.say.text("flag-day"))
	c.Flags().StringVar(&out, "out", "", a.say.text("flag-out"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		data, err := (&sandbox.Control{Control: ctl}).Registry(ctx, day)
		if err != nil {
			return err
		}
		if out == "" {
			_, err = a.out.Write(data)
			return err
		}
		return os.WriteFile(out, data, 0o600)
	})
	return c
}
