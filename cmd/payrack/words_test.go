package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// TestEveryWordIsInTheCatalogue reads the ids that the sources name, and those that they make of values.
func TestEveryWordIsInTheCatalogue(t *testing.T) {
	ids := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`"(cli\.[A-Za-z0-9._-]*[A-Za-z0-9_-])"`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range whole.FindAllStringSubmatch(string(raw), -1) {
			ids[m[1]] = true
		}
	}
	for _, kind := range []pay.Kind{pay.KindOnline, pay.KindOffline, pay.KindBasket, pay.KindPayout, pay.KindRefund, pay.KindReversal, pay.KindCloseDay,
		pay.KindReport, pay.KindVerifyLink, pay.KindTest, pay.KindCommand} {
		ids["cli.kind."+string(kind)] = true
	}
	for _, o := range []pay.Outcome{pay.Unknown, pay.Approved, pay.Declined, pay.Cancelled} {
		ids["cli.outcome."+o.String()], ids["cli.outcome."+o.String()+".done"], ids["cli.outcome.word."+o.String()] = true, true, true
		if o != pay.Approved {
			ids["cli.outcome."+o.String()+".back"], ids["cli.outcome."+o.String()+".out"] = true, true
		}
	}
	ids["cli.outcome."+pay.Unknown.String()+".other"] = true
	for _, word := range []string{"digits", "phone", "password", "otp", "card", "scan"} {
		ids["cli.ask.input."+word] = true
	}
	if len(ids) < 200 {
		t.Fatalf("only %d ids were found", len(ids))
	}
	for id := range ids {
		for _, language := range []string{text.Russian, text.English} {
			if text.Say(language, id, nil) == id {
				t.Errorf("no words for %s in %s", id, language)
			}
		}
	}
}

func TestEveryCommandAndFlagIsExplainedInBothLanguages(t *testing.T) {
	cyrillic := regexp.MustCompile(`[А-Яа-яЁё]`)
	for _, language := range []string{text.Russian, text.English} {
		a := &app{Env: func(string) string { return "" }, language: language}
		a.keys = newKeyboard(strings.NewReader(""), os.Stderr)
		var walk func(cmd *cobra.Command)
		walk = func(cmd *cobra.Command) {
			texts := []string{cmd.Short, cmd.Use, cmd.Long}
			for _, row := range flagRows(cmd.Flags(), "") {
				texts = append(texts, row[1])
			}
			for _, s := range texts {
				if strings.HasPrefix(s, "cli.") || strings.Contains(s, " cli.") {
					t.Errorf("%s (%s): no words for %q", cmd.CommandPath(), language, s)
				}
				if language == text.English && cyrillic.MatchString(s) {
					t.Errorf("%s: Russian in the English text %q", cmd.CommandPath(), s)
				}
			}
			if language == text.Russian && !cyrillic.MatchString(cmd.Short) && cmd.Name() != "json" {
				t.Errorf("%s: English in the Russian text %q", cmd.CommandPath(), cmd.Short)
			}
			for _, sub := range cmd.Commands() {
				walk(sub)
			}
		}
		walk(a.root())
	}
}

func TestEveryRefusalHasAnExitCodeOfTheList(t *testing.T) {
	for _, code := range pay.Codes() {
		if exit := exitOfCode(code); code < 0 && (exit < exitFailed || exit > exitBusy) {
			t.Errorf("%v ends with %d", code, exit)
		}
	}
	if exitOf(&pay.Error{Code: pay.ErrOffline, MayHaveMoved: true}) != exitUnknown {
		t.Error("an error after which money may have moved does not end as unknown")
	}
	if exitOfOperation(pay.Operation{}) != exitUnknown {
		t.Error("an outcome that nobody set does not end as unknown")
	}
}
