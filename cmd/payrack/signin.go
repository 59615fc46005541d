package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// ask runs a module's command in a session of its own and reads its result.
func (a *app) ask(ctx context.Context, module, name string, args map[string]any, d dialog, into any) (json.RawMessage, error) {
	s, err := a.open(ctx, true)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	raw, err := a.commandResult(ctx, s, module, name, args, d)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return nil, fmt.Errorf("read the result of %s %s: %w", name, module, err)
	}
	return raw, nil
}

// signInCommand opens an operator's session at a provider that lets in persons. Phone, password and code are asked for, never arguments: other users
// can read a command line.
func (a *app) signInCommand() *cobra.Command {
	var again, out bool
	var d dialog
	cmd := a.command("sign-in "+a.say("cli.arg.module"), "sign-in", a.exactly(1), func(cmd *cobra.Command, args []string) error {
		if err := a.oneOf(cmd, "again", "out"); err != nil {
			return err
		}
		var r struct {
			In      bool      `json:"signed_in"`
			User    string    `json:"user"`
			Account string    `json:"account"`
			Place   string    `json:"place"`
			Session string    `json:"session"`
			Until   time.Time `json:"until"`
		}
		raw, err := a.ask(cmd.Context(), args[0], "sign-in", map[string]any{"again": again, "out": out}, d, &r)
		if err != nil {
			return err
		}
		return a.result(raw, func() {
			if !r.In {
				fmt.Fprintln(a.Stdout, a.say("cli.sign-in.out", "User", clean(r.User)))
				return
			}
			fmt.Fprintln(a.Stdout, a.say("cli.sign-in.in", "User", clean(r.User), "Account", clean(r.Account), "Place", clean(r.Place), "Session", clean(r.Session),
				"Until", local(r.Until)))
		})
	})
	cmd.Flags().BoolVar(&again, "again", false, a.say("cli.sign-in.flag.again"))
	cmd.Flags().BoolVar(&out, "out", false, a.say("cli.sign-in.flag.out"))
	a.dialogFlags(cmd, &d)
	return cmd
}

// local is a moment as tables have it; of none it is empty.
func local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("02.01.2006 15:04:05")
}

// span are the flags of a list that is of today unless they say otherwise.
type span struct{ date, from, to string }

func (a *app) spanFlags(cmd *cobra.Command, s *span) {
	cmd.Flags().StringVar(&s.date, "date", "", a.say("cli.flag.date"))
	cmd.Flags().StringVar(&s.from, "from", "", a.say("cli.flag.from"))
	cmd.Flags().StringVar(&s.to, "to", "", a.say("cli.flag.to"))
}

// args are the arguments of a list.
func (a *app) spanArgs(cmd *cobra.Command, s span) (map[string]any, error) {
	for _, other := range []string{"from", "to"} {
		if err := a.oneOf(cmd, "date", other); err != nil {
			return nil, err
		}
	}
	if s.date != "" {
		s.from, s.to = s.date, s.date
	}
	args := map[string]any{}
	return args, a.period(args, s.from, s.to)
}

// signInsCommand lists who signed in, and when each session ended.
func (a *app) signInsCommand() *cobra.Command {
	var s span
	cmd := a.command("sign-ins "+a.say("cli.arg.module"), "sign-ins", a.exactly(1), func(cmd *cobra.Command, args []string) error {
		q, err := a.spanArgs(cmd, s)
		if err != nil {
			return err
		}
		var r struct {
			Broken int `json:"broken"`
			Logins []struct {
				N                             int
				Time, End                     time.Time
				User, Place, Account, Session string
				Corrections                   []struct {
					Time     time.Time
					By, Note string
				}
			} `json:"logins"`
		}
		raw, err := a.ask(cmd.Context(), args[0], "sign-ins", q, dialog{}, &r)
		if err != nil {
			return err
		}
		return a.result(raw, func() {
			var rows [][]string
			for _, l := range r.Logins {
				rows = append(rows, []string{strconv.Itoa(l.N), local(l.Time), clean(l.User), clean(l.Place), clean(l.Account), clean(l.Session), local(l.End)})
				for _, c := range l.Corrections {
					rows = append(rows, []string{"", local(c.Time), clean(c.By), clean(c.Note), "", "", ""})
				}
			}
			a.listed("sign-ins", []string{"n", "time", "user", "place", "account", "session", "end"}, rows)
			if r.Broken > 0 {
				fmt.Fprintln(a.Stderr, a.say("cli.sign-ins.broken", "N", r.Broken))
			}
		})
	})
	a.spanFlags(cmd, &s)
	return cmd
}

// listed prints a table whose columns have words, or says that there is nothing.
func (a *app) listed(list string, columns []string, rows [][]string) {
	if len(rows) == 0 {
		fmt.Fprintln(a.Stdout, a.say("cli.listed.none"))
		return
	}
	var head []string
	for _, column := range columns {
		head = append(head, a.say("cli."+list+".col."+column))
	}
	a.table(head, rows)
}

// correctCommand adds a signed remark to a login. Nothing that was written is changed.
func (a *app) correctCommand() *cobra.Command {
	var note string
	cmd := a.command("correct "+a.say("cli.arg.module")+" "+a.say("cli.arg.login"), "correct", a.exactly(2), func(cmd *cobra.Command, args []string) error {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			return a.usageErrorf("cli.usage.login", "Word", shorten(args[1]))
		}
		if err := a.require(cmd, "note"); err != nil {
			return err
		}
		var r struct {
			N int `json:"n"`
		}
		raw, err := a.ask(cmd.Context(), args[0], "correct", map[string]any{"n": n, "note": note}, dialog{}, &r)
		if err != nil {
			return err
		}
		return a.result(raw, func() { fmt.Fprintln(a.Stdout, a.say("cli.correct.done", "N", r.N)) })
	})
	cmd.Flags().StringVar(&note, "note", "", a.say("cli.correct.flag.note"))
	return cmd
}
