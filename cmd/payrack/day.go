package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

func (a *app) closeDayCommand() *cobra.Command {
	o := order{kind: pay.KindCloseDay}
	var detailed bool
	cmd := a.command("close-day", "close-day", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		o.params = map[string]any{}
		if cmd.Flags().Changed("detailed") {
			o.params["detailed"] = detailed
		}
		return a.paper(cmd, o)
	})
	cmd.Flags().StringVar(&o.module, "module", "", a.say("cli.flag.module"))
	cmd.Flags().BoolVar(&detailed, "detailed", false, a.say("cli.flag.detailed"))
	a.dialogFlags(cmd, &o.dialog)
	return cmd
}

func (a *app) reportCommand() *cobra.Command {
	o := order{kind: pay.KindReport}
	var shift int64
	var from, to string
	var detailed bool
	cmd := a.command("report", "report", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		for _, time := range []string{"from", "to"} {
			if err := a.oneOf(cmd, "shift", time); err != nil {
				return err
			}
		}
		o.params = map[string]any{}
		if cmd.Flags().Changed("shift") {
			if shift <= 0 {
				return a.usageErrorf("cli.usage.flag_wrong", "Flag", "--shift", "Value", fmt.Sprint(shift))
			}
			o.params["shift"] = shift
		}
		if err := a.period(o.params, from, to); err != nil {
			return err
		}
		if detailed {
			o.params["detailed"] = true
		}
		return a.paper(cmd, o)
	})
	f := cmd.Flags()
	f.StringVar(&o.module, "module", "", a.say("cli.flag.module"))
	f.Int64Var(&shift, "shift", 0, a.say("cli.flag.shift"))
	f.StringVar(&from, "from", "", a.say("cli.flag.from"))
	f.StringVar(&to, "to", "", a.say("cli.flag.to"))
	f.BoolVar(&detailed, "detailed", false, a.say("cli.flag.detailed"))
	a.dialogFlags(cmd, &o.dialog)
	return cmd
}

// paper carries out an operation whose result is paper, and prints that.
func (a *app) paper(cmd *cobra.Command, o order) error {
	if err := a.require(cmd, "module"); err != nil {
		return err
	}
	s, err := a.open(cmd.Context(), true)
	if err != nil {
		return err
	}
	defer s.Close()
	if shift, ok := o.params["shift"].(int64); ok {
		if err := a.knowsShift(cmd.Context(), s, o.module, shift); err != nil {
			return err
		}
	}
	op, err := a.operate(cmd.Context(), s, &o)
	if err != nil {
		return err
	}
	return a.conclude(cmd.Context(), s, op, false, func() { a.showPaper(cmd.Context(), s, op) })
}

// knowsShift refuses a shift that is still to come. Where the current one cannot be told, the module is to say what is wrong.
func (a *app) knowsShift(ctx context.Context, s *client.Session, module string, shift int64) error {
	if module == "" {
		ids, err := a.moduleIDs(ctx, s)
		if err != nil || len(ids) != 1 {
			return nil
		}
		module = ids[0]
	}
	raw, err := s.Info(ctx, module, "shift")
	var current struct {
		Shift int64 `json:"shift"`
	}
	if err != nil || json.Unmarshal(raw, &current) != nil || current.Shift == 0 || shift <= current.Shift {
		return nil
	}
	return &pay.Error{Code: pay.ErrNotFound, Text: a.say("cli.no_shift", "Shift", shift, "Current", current.Shift), Hint: a.say("cli.no_shift_hint")}
}

// showPaper prints the text for the tape; of an operation that has none it prints what became of it.
func (a *app) showPaper(ctx context.Context, s *client.Session, op pay.Operation) {
	if op.Outcome == pay.Approved && !op.Running {
		text, err := s.Slip(ctx, op.Ref, client.Paper{Copy: 1, Format: "text", Encoding: "utf-8", Language: a.flags.lang})
		if err == nil {
			fmt.Fprintln(a.Stdout, strings.TrimRight(clean(string(text)), "\n"))
			fmt.Fprintln(a.Stderr, a.say("cli.paper_ref", "Ref", op.Ref))
			return
		}
		fmt.Fprintln(a.Stderr, a.say("cli.no_paper", "Error", a.describe(err).Text))
	}
	a.showOperation(op)
}

// period puts two moments into the parameters. A date without a time means its begin for from, and its end for to.
func (a *app) period(into map[string]any, from, to string) error {
	start, err := a.moment("--from", from, false)
	if err != nil {
		return err
	}
	end, err := a.moment("--to", to, true)
	if err != nil {
		return err
	}
	if !start.IsZero() && !end.IsZero() && !start.Before(end) {
		return a.usageErrorf("cli.usage.period", "From", shorten(from), "To", shorten(to))
	}
	if !start.IsZero() {
		into["from"] = start.Format(time.RFC3339)
	}
	if !end.IsZero() {
		into["to"] = end.Format(time.RFC3339)
	}
	return nil
}

// moment reads a moment in the till's time zone; "" is none. A day as an end includes that day.
func (a *app) moment(flag, s string, end bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	at, err := pay.ParseMoment(s, end, time.Local)
	if err != nil {
		return time.Time{}, a.usageErrorf("cli.usage.time", "Flag", flag, "Value", shorten(s))
	}
	return at, nil
}
