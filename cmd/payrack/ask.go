package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// askSecret asks for a word that is not shown.
func (a *app) askSecret(ctx context.Context, question string) (string, error) {
	if a.keys.terminal() {
		fmt.Fprint(a.Stderr, question+": ")
	}
	line, err := a.keys.line(ctx, true)
	if a.keys.terminal() {
		fmt.Fprintln(a.Stderr)
	}
	if errors.Is(err, errNobody) {
		return "", a.usageErrorf("cli.usage.nobody")
	}
	return strings.TrimSpace(line), err
}

// askYes asks a question of our own; anything but a clear yes is no.
func (a *app) askYes(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(a.Stderr, question+" "+a.say("cli.ask.yes_no")+": ")
	line, err := a.keys.line(ctx, false)
	if errors.Is(err, errNobody) {
		return false, nil
	}
	yes, known := yesOrNo(line)
	return yes && known, err
}

// yesOrNo understands both languages, whatever the messages are in.
func yesOrNo(s string) (yes, known bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "y", "yes", "1", "true", "д", "да":
		return true, true
	case "n", "no", "0", "false", "н", "нет":
		return false, true
	}
	return false, false
}

// answer puts a prompt to the person at the terminal until the answer fits, and gives what is to be sent. errNobody: leave it to the
// prompt's default.
func (a *app) answer(ctx context.Context, ev pay.Event, show *screen) (string, error) {
	for {
		show.quiet()
		a.question(ev)
		line, err := a.keys.line(ctx, ev.Kind == pay.EvInput && hiddenInput(ev.Input))
		if a.keys.terminal() && ev.Kind == pay.EvInput && hiddenInput(ev.Input) {
			fmt.Fprintln(a.Stderr)
		}
		if err != nil {
			return "", err
		}
		value, complaint := a.reply(ev, strings.TrimSpace(line))
		if complaint == "" {
			return value, nil
		}
		fmt.Fprintln(a.Stderr, complaint)
	}
}

// hiddenInput says which answers are written nowhere.
func hiddenInput(kind string) bool { return kind == "password" || kind == "otp" || kind == "card" }

// question writes a prompt.
func (a *app) question(ev pay.Event) {
	var b strings.Builder
	for _, text := range []string{ev.Title, ev.Text} {
		if text != "" {
			b.WriteString(clean(text) + "\n")
		}
	}
	if ev.Kind == pay.EvPrint && ev.File != "" {
		b.WriteString(a.say("cli.ask.file", "File", clean(ev.File)) + "\n")
	}
	for i, item := range ev.Items {
		line := fmt.Sprintf("  %d. %s", i+1, clean(item.Text))
		if item.Detail != "" {
			line += " (" + clean(item.Detail) + ")"
		}
		if item.ID == ev.Default {
			line += "  " + a.say("cli.ask.default")
		}
		b.WriteString(line + "\n")
	}
	if ev.AttemptsLeft > 0 {
		b.WriteString(a.say("cli.ask.attempts", "Left", ev.AttemptsLeft) + "\n")
	}
	if ev.Timeout > 0 {
		b.WriteString(a.say("cli.ask.timeout", "Seconds", ev.Timeout) + "\n")
	}
	switch ev.Kind {
	case pay.EvConfirm:
		b.WriteString(a.say("cli.ask.yes_no"))
	case pay.EvPrint:
		b.WriteString(a.say("cli.ask.printed") + " " + a.say("cli.ask.yes_no"))
	case pay.EvChoice:
		b.WriteString(a.say("cli.ask.number", "Last", len(ev.Items)))
	default:
		b.WriteString(a.say(inputWord(ev.Input)))
	}
	fmt.Fprint(a.Stderr, b.String()+": ")
}

func inputWord(kind string) string {
	switch kind {
	case "digits", "phone", "password", "otp", "card", "scan":
		return "cli.ask.input." + kind
	}
	return "cli.ask.input.text"
}

// reply turns what was typed into what is sent, or says what is wrong with it. An empty line takes the default, where there is one.
func (a *app) reply(ev pay.Event, line string) (value, complaint string) {
	if line == "" && ev.Default != "" {
		return ev.Default, ""
	}
	switch ev.Kind {
	case pay.EvConfirm, pay.EvPrint:
		yes, known := yesOrNo(line)
		if !known {
			return "", a.say("cli.ask.yes_no_please")
		}
		if yes {
			return "1", ""
		}
		return "0", ""
	case pay.EvChoice:
		if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(ev.Items) {
			return ev.Items[n-1].ID, ""
		}
		for _, item := range ev.Items {
			if line != "" && strings.EqualFold(item.ID, line) {
				return item.ID, ""
			}
		}
		return "", a.say("cli.ask.number_please", "Last", len(ev.Items))
	}
	long := int64(len([]rune(line)))
	digits := ev.Input == "digits" || ev.Input == "otp"
	switch {
	case digits && strings.Trim(line, "0123456789") != "":
		return "", a.say("cli.ask.digits_please")
	case line == "", ev.Min > 0 && long < ev.Min:
		return "", a.say("cli.ask.short", "Min", max(1, ev.Min))
	case ev.Max > 0 && long > ev.Max:
		return "", a.say("cli.ask.long", "Max", ev.Max)
	}
	return line, ""
}

// clean takes out of a text of others what could steer a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e || r == 0x202d {
			return -1
		}
		return r
	}, s)
}
