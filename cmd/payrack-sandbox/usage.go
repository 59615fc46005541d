package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usage prints how a command is called. Cobra's own words are English only.
func (a *app) usage(c *cobra.Command) error {
	var b strings.Builder
	line := c.UseLine()
	if c.HasAvailableSubCommands() {
		line = c.CommandPath() + " " + a.say.text("usage-command")
	}
	fmt.Fprintf(&b, "%s:\n  %s %s\n", a.say.text("usage"), line, a.say.text("usage-flags-word"))
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s:\n", a.say.text("usage-commands"))
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	if c.HasAvailableLocalFlags() {
		fmt.Fprintf(&b, "\n%s:\n%s", a.say.text("usage-flags"), a.flagRows(c.LocalFlags()))
	}
	if c.HasAvailableInheritedFlags() {
		fmt.Fprintf(&b, "\n%s:\n%s", a.say.text("usage-common"), a.flagRows(c.InheritedFlags()))
	}
	_, err := fmt.Fprint(c.OutOrStderr(), b.String())
	return err
}

func (a *app) flagRows(flags *pflag.FlagSet) string {
	type row struct{ name, text string }
	var rows []row
	wide := 0
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		r := row{"    --" + f.Name, f.Usage}
		if f.Shorthand != "" {
			r.name = "-" + f.Shorthand + ", --" + f.Name
		}
		if f.Value.Type() != "bool" {
			r.name += " …"
			if d := f.DefValue; d != "" && d != "0" && d != "0s" && d != "[]" {
				r.text += " (" + a.say.text("usage-default") + " " + d + ")"
			}
		}
		wide = max(wide, len([]rune(r.name)))
		rows = append(rows, r)
	})
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "  %-*s  %s\n", wide, r.name, r.text)
	}
	return b.String()
}

// calledWrongly says in the user's language what is wrong with the command line.
func (c catalogue) calledWrongly(err error) string {
	word := ""
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		word = "--" + e.GetSpecifiedName()
	} else if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		word = "--" + e.GetSpecifiedName()
	} else if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		word = "--" + e.GetFlag().Name + " " + e.GetValue()
	} else if e, ok := errors.AsType[wrongWords](err); ok {
		word = strings.Join(e.words, " ")
	}
	if word == "" {
		return c.text("failed-usage") + "\n  " + c.text("usage-help")
	}
	return c.text("failed-usage") + ": " + word + "\n  " + c.text("usage-help")
}

// wrongWords is that a command was given arguments that it does not take, or too few.
type wrongWords struct {
	words []string
	error
}
