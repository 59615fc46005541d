package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/plugins/sendy/sandbox"
	"github.com/payrack/payrack/plugins/sendy/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// benchCommands are what the one who tries a till can do to the server.
func (a *app) benchCommands() []*cobra.Command {
	return []*cobra.Command{
		a.fault(), a.faults(), a.ledger(), a.clock(), a.requests(), a.settings(),
		a.terminals(), a.terminal(), a.closeShift(),
		a.plain("reset", (*sdk.Control).Reset),
		a.plain("stop", (*sdk.Control).Shutdown),
	}
}

// ask makes a command that talks to the running sandbox.
func (a *app) ask(do func(ctx context.Context, ctl *sdk.Control, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		ctl, err := a.control()
		if err != nil {
			return err
		}
		return do(c.Context(), ctl, args)
	}
}

// show writes a result: v as JSON if that was asked for, else what lines writes, in columns.
func (a *app) show(v any, lines func(w io.Writer)) error {
	if a.asJSON {
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	lines(w)
	return w.Flush()
}

// plain is a command without argument or result.
func (a *app) plain(name string, do func(*sdk.Control, context.Context) error) *cobra.Command {
	c := &cobra.Command{Use: name, Short: a.say.text(name), Args: cobra.NoArgs}
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		if err := do(ctl, ctx); err != nil {
			return err
		}
		return a.show(struct{}{}, func(io.Writer) {})
	})
	return c
}

func (a *app) fault() *cobra.Command {
	var f sdk.Fault
	var delay time.Duration
	var set []string
	c := &cobra.Command{Use: "fault KIND", Short: a.say.text("fault"), Args: cobra.ExactArgs(1)}
	c.Long = c.Short + "\n\n" + kindList()
	c.Flags().StringVar(&f.Method, "method", "", a.say.text("flag-method"))
	c.Flags().StringVar(&f.Path, "path", "", a.say.text("flag-path"))
	c.Flags().IntVar(&f.Skip, "skip", 0, a.say.text("flag-skip"))
	c.Flags().IntVar(&f.Count, "count", 1, a.say.text("flag-count"))
	c.Flags().BoolVar(&f.Work, "work", false, a.say.text("flag-work"))
	c.Flags().DurationVar(&delay, "delay", 0, a.say.text("flag-delay"))
	c.Flags().IntVar(&f.Status, "status", 0, a.say.text("flag-status"))
	c.Flags().IntVar(&f.RetryAfter, "retry-after", 0, a.say.text("flag-retry"))
	c.Flags().Int64Var(&f.Size, "size", 0, a.say.text("flag-size"))
	c.Flags().StringArrayVar(&set, "set", nil, a.say.text("flag-set"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		f.Kind, f.Delay = sdk.FaultKind(args[0]), sdk.Duration(delay)
		var err error
		if f.Set, err = assignments(set); err != nil {
			return usageError{err}
		}
		armed, err := ctl.Arm(ctx, f)
		if err != nil {
			return err
		}
		return a.show(armed, func(w io.Writer) { faultLines(w, []sdk.Fault{armed}) })
	})
	return c
}

func kindList() string {
	var names []string
	for _, k := range sdk.FaultKinds() {
		names = append(names, string(k))
	}
	return "KIND: " + strings.Join(names, ", ")
}

func faultLines(w io.Writer, faults []sdk.Fault) {
	for _, f := range faults {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", f.ID, f.Kind, f.Method, f.Path, f.Count)
	}
}

func (a *app) faults() *cobra.Command {
	var drop string
	var all bool
	c := &cobra.Command{Use: "faults", Short: a.say.text("faults"), Args: cobra.NoArgs}
	c.Flags().StringVar(&drop, "disarm", "", a.say.text("flag-disarm"))
	c.Flags().BoolVar(&all, "clear", false, a.say.text("flag-clear"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		if drop != "" || all {
			if err := ctl.Disarm(ctx, drop); err != nil {
				return err
			}
		}
		list, err := ctl.Faults(ctx)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) { faultLines(w, list) })
	})
	return c
}

// errTrouble is that the ledger holds what must never happen.
var errTrouble = errors.New("the ledger holds what must never happen")

func (a *app) ledger() *cobra.Command {
	c := &cobra.Command{Use: "ledger [KEY]", Short: a.say.text("ledger"), Args: cobra.MaximumNArgs(1)}
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		view, err := ctl.Ledger(ctx, first(args))
		if err != nil {
			return err
		}
		err = a.show(view, func(w io.Writer) { a.ledgerLines(w, view) })
		if len(view.Trouble) > 0 {
			err = errors.Join(err, fmt.Errorf("%w:\n%s", errTrouble, strings.Join(view.Trouble, "\n")))
		}
		return err
	})
	return c
}

func (a *app) ledgerLines(w io.Writer, view sdk.LedgerView) {
	if len(view.Entries) == 0 {
		fmt.Fprintln(w, a.say.text("ledger-empty"))
		return
	}
	for _, e := range view.Entries {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.N, e.Time.Local().Format(time.DateTime), a.say.text("entry-"+string(e.Kind)),
			rubles(e.Amount, e.Currency), e.System, e.Transaction, e.Key)
	}
	for _, kind := range slices.Sorted(maps.Keys(view.Sums)) {
		s := view.Sums[kind]
		fmt.Fprintf(w, "\t%s\t%s\t%s\t%d\n", a.say.text("total"), a.say.text("entry-"+string(kind)), rubles(s.Amount, "RUB"), s.Count)
	}
	if view.Net != nil {
		fmt.Fprintf(w, "\t%s\t\t%s\n", a.say.text("net"), rubles(*view.Net, "RUB"))
	}
}

func (a *app) clock() *cobra.Command {
	var advance time.Duration
	var at string
	c := &cobra.Command{Use: "clock", Short: a.say.text("clock"), Args: cobra.NoArgs}
	c.Flags().DurationVar(&advance, "advance", 0, a.say.text("flag-advance"))
	c.Flags().StringVar(&at, "at", "", a.say.text("flag-at"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		if at != "" {
			moment, err := time.Parse(time.RFC3339, at)
			if err != nil {
				return usageError{err}
			}
			if _, err := ctl.SetClock(ctx, moment); err != nil {
				return err
			}
		}
		view, err := ctl.Advance(ctx, advance)
		if err != nil {
			return err
		}
		return a.show(view, func(w io.Writer) { fmt.Fprintln(w, view.Now.Format(time.RFC3339)) })
	})
	return c
}

func (a *app) requests() *cobra.Command {
	var after int64
	c := &cobra.Command{Use: "requests", Short: a.say.text("requests"), Args: cobra.NoArgs}
	c.Flags().Int64Var(&after, "after", 0, a.say.text("flag-after"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		list, err := ctl.Requests(ctx, after)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) {
			for _, r := range list {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\n", r.N, r.Time.Local().Format("15:04:05.000"), r.Method, r.Path, r.Status, r.Fault)
			}
		})
	})
	return c
}

func (a *app) settings() *cobra.Command {
	c := &cobra.Command{Use: "settings [NAME=JSON]...", Short: a.say.text("settings")}
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		change, err := assignments(args)
		if err != nil {
			return usageError{err}
		}
		if len(change) > 0 {
			if err := ctl.Configure(ctx, change); err != nil {
				return err
			}
		}
		var all map[string]json.RawMessage
		if err := ctl.Settings(ctx, &all); err != nil {
			return err
		}
		return a.show(all, func(w io.Writer) {
			for _, name := range slices.Sorted(maps.Keys(all)) {
				fmt.Fprintf(w, "%s\t%s\n", name, all[name])
			}
		})
	})
	return c
}

// assignments reads name=JSON; what is not JSON is taken as a text.
func assignments(args []string) (map[string]json.RawMessage, error) {
	set := map[string]json.RawMessage{}
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME=JSON", arg)
		}
		if !json.Valid([]byte(value)) {
			value = strconv.Quote(value)
		}
		set[name] = json.RawMessage(value)
	}
	return set, nil
}

func (a *app) terminals() *cobra.Command {
	c := &cobra.Command{Use: "terminals", Short: a.say.text("terminals"), Args: cobra.NoArgs}
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		list, err := (&sandbox.Control{Control: ctl}).Terminals(ctx)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) { a.terminalLines(w, list...) })
	})
	return c
}

func (a *app) terminal() *cobra.Command {
	var wish sandbox.TerminalWish
	c := &cobra.Command{Use: "terminal ID", Short: a.say.text("terminal"), Args: cobra.ExactArgs(1)}
	c.Flags().StringVar(&wish.Code, "code", "", a.say.text("flag-code"))
	c.Flags().BoolVar(&wish.Deactivate, "deactivate", false, a.say.text("flag-deactivate"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		wish.ID = args[0]
		made, err := (&sandbox.Control{Control: ctl}).SetTerminal(ctx, wish)
		if err != nil {
			return err
		}
		return a.show(made, func(w io.Writer) { a.terminalLines(w, made) })
	})
	return c
}

func (a *app) terminalLines(w io.Writer, list ...sandbox.Terminal) {
	for _, t := range list {
		state := a.say.text("inactive")
		if t.Secret != "" {
			state = a.say.text("active")
		}
		fmt.Fprintf(w, "%s\t%s %s (%d)\t%s\t%s %d\t%s %d\n", t.ID, a.say.text("code-is"), t.Code, t.Attempts, state,
			a.say.text("shift"), t.Shift, a.say.text("next"), t.Next)
	}
}

func (a *app) closeShift() *cobra.Command {
	c := &cobra.Command{Use: "close-shift ID", Short: a.say.text("close-shift"), Args: cobra.ExactArgs(1)}
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		var totals wire.ShiftTotals
		if err := ctl.Call(ctx, http.MethodPost, "terminals/close-shift", sandbox.TerminalWish{ID: args[0]}, &totals); err != nil {
			return err
		}
		return a.show(totals, func(w io.Writer) { fmt.Fprintf(w, "%d\n", totals.NewShift) })
	})
	return c
}

// rubles writes minor units for people: 1234.50 RUB.
func rubles(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	return fmt.Sprintf("%s%d.%02d %s", sign, amount/100, amount%100, currency)
}
