package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (a *app) usageErrorf(id string, pairs ...any) error {
	return &usageError{text: a.say(id, pairs...), hint: a.say("cli.usage.hint", "Command", a.about)}
}

// flagError says in the user's language what pflag found wrong.
func (a *app) flagError(err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := "--" + e.GetSpecifiedName()
		if e.GetSpecifiedShortnames() != "" {
			name = "-" + e.GetSpecifiedShortnames()
		}
		return a.usageErrorf("cli.usage.flag_unknown", "Flag", shorten(name))
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return a.usageErrorf("cli.usage.flag_value", "Flag", "--"+e.GetSpecifiedName())
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return a.usageErrorf("cli.usage.flag_wrong", "Flag", "--"+e.GetFlag().Name, "Value", shorten(e.GetValue()))
	}
	if e, ok := errors.AsType[*pflag.InvalidSyntaxError](err); ok {
		return a.usageErrorf("cli.usage.flag_syntax", "Flag", shorten(e.GetSpecifiedFlag()))
	}
	return a.usageErrorf("cli.usage.flag_syntax", "Flag", shorten(err.Error()))
}

func (a *app) unknownCommand(parent *cobra.Command, word string) error {
	e := &usageError{
		text: a.say("cli.usage.command_unknown", "Command", shorten(word), "Parent", parent.CommandPath()),
		hint: a.say("cli.usage.hint", "Command", ""),
	}
	if parent.SuggestionsMinimumDistance <= 0 {
		parent.SuggestionsMinimumDistance = 2
	}
	if near := parent.SuggestionsFor(word); len(near) > 0 {
		e.hint = a.say("cli.usage.did_you_mean", "Command", parent.CommandPath()+" "+near[0])
	}
	return e
}

// exactly wants n arguments, whose names the usage line shows.
func (a *app) exactly(n int) cobra.PositionalArgs { return a.between(n, n) }

func (a *app) between(low, high int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < low:
			return a.usageErrorf("cli.usage.args_few", "Use", cmd.UseLine())
		case len(args) > high && high == 0:
			return a.usageErrorf("cli.usage.args_none", "Command", cmd.CommandPath(), "Word", shorten(args[0]))
		case len(args) > high:
			return a.usageErrorf("cli.usage.args_many", "Use", cmd.UseLine())
		}
		return nil
	}
}

// require wants flags to be given; cobra's own check speaks English only.
func (a *app) require(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if !cmd.Flags().Changed(name) {
			return a.usageErrorf("cli.usage.flag_missing", "Flag", "--"+name)
		}
	}
	return nil
}

// oneOf wants at most one of the flags.
func (a *app) oneOf(cmd *cobra.Command, names ...string) error {
	given := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !cmd.Flags().Changed(name) })
	if len(given) > 1 {
		return a.usageErrorf("cli.usage.flag_both", "One", "--"+given[0], "Other", "--"+given[1])
	}
	return nil
}

// choice wants a value out of a closed list.
func (a *app) choice(flag, value string, values ...string) error {
	if slices.Contains(values, value) {
		return nil
	}
	return a.usageErrorf("cli.usage.choice", "Flag", flag, "Value", shorten(value), "Values", strings.Join(values, ", "))
}

// help prints what `payrack help CMD` and --help show.
func (a *app) help(cmd *cobra.Command, _ []string) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintln(a.Stdout, strings.TrimSpace(text))
	if cmd.Runnable() || cmd.HasSubCommands() {
		fmt.Fprintln(a.Stdout)
		a.writeUsage(a.Stdout, cmd)
	}
}

func (a *app) usage(cmd *cobra.Command) error {
	a.writeUsage(a.Stderr, cmd)
	return nil
}

func (a *app) writeUsage(w io.Writer, cmd *cobra.Command) {
	line := cmd.UseLine()
	if cmd.HasAvailableSubCommands() {
		line = cmd.CommandPath() + " " + a.say("cli.help.command_word")
	}
	if cmd.HasAvailableFlags() {
		line += " " + a.say("cli.help.flags_word")
	}
	fmt.Fprintf(w, "%s\n  %s\n", a.say("cli.help.usage"), line)
	if cmd.Example != "" {
		fmt.Fprintf(w, "\n%s\n%s\n", a.say("cli.help.examples"), indent(cmd.Example))
	}
	var commands, topics [][2]string
	for _, sub := range cmd.Commands() {
		switch row := [2]string{sub.Name(), sub.Short}; {
		case sub.IsAdditionalHelpTopicCommand():
			topics = append(topics, row)
		case sub.IsAvailableCommand():
			commands = append(commands, row)
		}
	}
	writeRows(w, a.say("cli.help.commands"), commands)
	writeRows(w, a.say("cli.help.flags"), flagRows(cmd.LocalNonPersistentFlags(), a.say("cli.help.value")))
	writeRows(w, a.say("cli.help.global_flags"), flagRows(cmd.Root().PersistentFlags(), a.say("cli.help.value")))
	writeRows(w, a.say("cli.help.topics"), topics)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s\n", a.say("cli.help.more", "Command", cmd.CommandPath()))
	}
}

func flagRows(flags *pflag.FlagSet, value string) (rows [][2]string) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		switch word, text := pflag.UnquoteUsage(f); {
		case f.Value.Type() == "bool":
			rows = append(rows, [2]string{name, text})
		case strings.Contains(f.Usage, "`"):
			rows = append(rows, [2]string{name + " " + word, text})
		default:
			rows = append(rows, [2]string{name + " " + value, text})
		}
	})
	return rows
}

func writeRows(w io.Writer, title string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	wide := 0
	for _, row := range rows {
		wide = max(wide, len([]rune(row[0])))
	}
	fmt.Fprintf(w, "\n%s\n", title)
	for _, row := range rows {
		fmt.Fprintf(w, "  %s%s  %s\n", row[0], strings.Repeat(" ", wide-len([]rune(row[0]))), row[1])
	}
}

func indent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = "  " + line
	}
	return strings.Join(lines, "\n")
}

// topic is a page of help that is no command.
func (a *app) topic(name string) *cobra.Command {
	return &cobra.Command{Use: name, Short: a.say("cli.topic." + name + ".short"), Long: a.say("cli.topic." + name + ".long")}
}

// helpCommand is `payrack help`, with words of ours.
func (a *app) helpCommand(root *cobra.Command) *cobra.Command {
	return a.command("help "+a.say("cli.arg.command"), "help", cobra.ArbitraryArgs, func(_ *cobra.Command, args []string) error {
		cmd, rest, err := root.Find(args)
		if cmd == nil || err != nil || len(rest) > 0 {
			return a.unknownCommand(root, strings.Join(args, " "))
		}
		a.help(cmd, nil)
		return nil
	})
}

func (a *app) completionCommand() *cobra.Command {
	return a.command("completion bash|zsh|fish|powershell", "completion", a.exactly(1), func(cmd *cobra.Command, args []string) error {
		switch root := cmd.Root(); args[0] {
		case "bash":
			return root.GenBashCompletionV2(a.Stdout, true)
		case "zsh":
			return root.GenZshCompletion(a.Stdout)
		case "fish":
			return root.GenFishCompletion(a.Stdout, true)
		case "powershell":
			return root.GenPowerShellCompletionWithDesc(a.Stdout)
		}
		return a.choice("completion", args[0], "bash", "zsh", "fish", "powershell")
	})
}
