package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// customerCommands are what a customer can do.
func (a *app) customerCommands() []*cobra.Command {
	return []*cobra.Command{
		a.billCommand("pay", (*sdk.Control).Pay),
		a.billCommand("decline", (*sdk.Control).Decline),
		a.billCommand("expire", (*sdk.Control).Expire),
		a.billCommand("hold", (*sdk.Control).Hold),
		a.bills(), a.wallets(), a.wallet(), a.code(),
	}
}

// billCommand does something about one bill.
func (a *app) billCommand(name string, act func(*sdk.Control, context.Context, string) (sdk.Bill, error)) *cobra.Command {
	var wait, after time.Duration
	var system string
	var open int
	c := &cobra.Command{Use: name + " [ID]", Short: a.say.text(name), Args: cobra.MaximumNArgs(1)}
	c.Flags().DurationVar(&wait, "wait", 0, a.say.text("flag-wait"))
	c.Flags().DurationVar(&after, "after", 0, a.say.text("flag-act-after"))
	c.Flags().StringVar(&system, "system", "", a.say.text("flag-bill-system"))
	c.Flags().IntVar(&open, "open", 1, a.say.text("flag-bill-open"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		id := first(args)
		if id == "" && (wait > 0 || system != "") {
			bill, err := theBill(ctx, ctl, wait, system, open)
			if err != nil {
				return err
			}
			id = bill.ID
		}
		if err := pause(ctx, after); err != nil {
			return err
		}
		bill, err := act(ctl, ctx, id)
		if err != nil {
			return err
		}
		return a.show(bill, func(w io.Writer) { a.billLines(w, []sdk.Bill{bill}) })
	})
	return c
}

// billPause lies between two looks for a bill.
const billPause = 50 * time.Millisecond

// theBill waits for the only open bill; of a system, until so many are open, and takes the youngest: where the till has made another one, that
// is the one on its screen.
func theBill(ctx context.Context, ctl *sdk.Control, wait time.Duration, system string, open int) (sdk.Bill, error) {
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		bills, err := ctl.Bills(ctx, false)
		if err != nil {
			return sdk.Bill{}, err
		}
		bills = slices.DeleteFunc(bills, func(b sdk.Bill) bool { return system != "" && !strings.EqualFold(b.System, system) })
		if system != "" && len(bills) >= max(open, 1) || system == "" && len(bills) == 1 {
			return bills[len(bills)-1], nil
		}
		if pause(waiting, billPause) != nil {
			return sdk.Bill{}, errors.Join(ctx.Err(), sdk.ErrNoBill)
		}
	}
}

// pause lets time pass, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (a *app) bills() *cobra.Command {
	var all bool
	c := &cobra.Command{Use: "bills", Short: a.say.text("bills"), Args: cobra.NoArgs}
	c.Flags().BoolVar(&all, "all", false, a.say.text("flag-all"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		bills, err := ctl.Bills(ctx, all)
		if err != nil {
			return err
		}
		return a.show(bills, func(w io.Writer) { a.billLines(w, bills) })
	})
	return c
}

func (a *app) billLines(w io.Writer, bills []sdk.Bill) {
	for _, b := range bills {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", b.Number, rubles(b.Amount, b.Currency), b.System, a.say.text("bill-"+string(b.State)), b.ID)
	}
}

func (a *app) wallets() *cobra.Command {
	c := &cobra.Command{Use: "wallets", Short: a.say.text("wallets"), Args: cobra.NoArgs}
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, _ []string) error {
		list, err := ctl.Wallets(ctx)
		if err != nil {
			return err
		}
		return a.show(list, func(w io.Writer) {
			for _, v := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.ID, v.System, v.Name, rubles(v.Balance, "RUB"))
			}
		})
	})
	return c
}

func (a *app) wallet() *cobra.Command {
	var v sdk.Wallet
	c := &cobra.Command{Use: "wallet ID", Short: a.say.text("wallet"), Args: cobra.ExactArgs(1)}
	c.Flags().StringVar(&v.System, "system", "", a.say.text("flag-system"))
	c.Flags().StringVar(&v.Name, "name", "", a.say.text("flag-name"))
	c.Flags().Int64Var(&v.Balance, "balance", 0, a.say.text("flag-balance"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		v.ID = args[0]
		made, err := ctl.SetWallet(ctx, v)
		if err != nil {
			return err
		}
		return a.show(made, func(w io.Writer) {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", made.ID, made.System, made.Name, rubles(made.Balance, "RUB"))
		})
	})
	return c
}

func (a *app) code() *cobra.Command {
	var behaviour string
	c := &cobra.Command{Use: "code WALLET", Short: a.say.text("code"), Args: cobra.ExactArgs(1)}
	c.Flags().StringVar(&behaviour, "behaviour", "", a.say.text("flag-behaviour"))
	c.RunE = a.ask(func(ctx context.Context, ctl *sdk.Control, args []string) error {
		code, err := ctl.ShowCode(ctx, args[0], behaviour)
		if err != nil {
			return err
		}
		return a.show(code, func(w io.Writer) { fmt.Fprintln(w, code.Text) })
	})
	return c
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
