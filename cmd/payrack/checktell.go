package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/audit/books"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// steps are what to do about violations, by their IDs; what is not here is cli.audit.next.look.
var steps = map[string][]string{
	"journal": {"ref_twice", "event_missing", "two_ends", "end_differs", "unknown_zero", "no_key", "key_twice", "no_proof", "no_number",
		"number_twice", "number_falls", "provider_number_twice", "not_booked", "booked_unmoved", "no_amount", "other_sum", "index_alone",
		"index_elsewhere", "not_indexed", "index_differs", "closed_twice", "told_unwritten", "told_differs", "told_changed", "not_journaled",
		"returns_nothing", "reversal_of_nothing", "abandoned_approved", "abandoned_confirmed", "never_abandoned", "told_sum", "moved_unwritten",
		"reversal_short"},
	"customer": {"moved_twice", "charged_away", "not_reversed", "reverse_lost", "reversal_unpaid", "reversed_unasked", "other_tender"},
	"statement": {"not_paid", "charged_unmoved", "moved_other", "moved_currency", "moved_unknown", "key_moved_twice", "returned_unasked",
		"moved_back_exceeds", "returns_exceed", "totals"},
	"wait":     {"unsettled", "reversal_open"},
	"document": {"document_twice", "no_document"},
}

// nextStep says what to do about a violation.
func (a *app) nextStep(v audit.Violation) string {
	step := "look"
	for name, ids := range steps {
		if slices.Contains(ids, v.ID) {
			step = name
		}
	}
	words := a.say("cli.audit.next." + step)
	if v.Ref == "" {
		return words
	}
	show := "payrack ops show " + string(v.Ref)
	if v.Module != "" {
		show += " --module " + v.Module
	}
	return a.say("cli.audit.next.story", "Step", words, "Command", show)
}

// findingOf puts a violation into the language of the command, with nothing secret in it.
func (a *app) findingOf(v audit.Violation, currency pay.Currency) checkedFinding {
	if named, ok := v.Data["Currency"].(pay.Currency); ok {
		currency = named
	}
	data := make(map[string]any, len(v.Data))
	for name, value := range v.Data {
		switch value := value.(type) {
		case pay.Amount:
			data[name] = text.Money(value, currency)
		case pay.Outcome:
			data[name] = a.say("cli.outcome.word." + value.String())
		case string:
			data[name] = a.shown(value)
		default:
			data[name] = value
		}
	}
	if kind, ok := v.Data["Kind"].(string); ok {
		data["Kind"] = a.say("cli.audit.kind." + kind)
	}
	v.Ref = pay.Ref(a.shown(string(v.Ref)))
	return checkedFinding{Rule: v.Rule, ID: v.ID, Ref: v.Ref, Module: v.Module, Text: text.Say(a.language, "cli.audit.found."+v.ID, data), Next: a.nextStep(v)}
}

// shown is a text out of a book as it may be printed.
func (a *app) shown(s string) string { return clean(logs.Mask(s)) }

// unreadable is a row of a book that could not be read.
func (a *app) unreadable(book string, p books.Problem) checkedFinding {
	return checkedFinding{ID: "unreadable", Ref: pay.Ref(a.shown(string(p.Ref))), Text: a.say("cli.audit.unreadable", "Book", book, "What", a.shown(p.String())),
		Next: a.say("cli.audit.next.unreadable")}
}

// unreadableBook is a book that could not be opened.
func (a *app) unreadableBook(book string, err error) checkedFinding {
	e := a.translate(&pay.Error{Code: pay.ErrJournal, Cause: err, Text: err.Error()})
	return checkedFinding{ID: "unreadable", Text: a.say("cli.audit.unreadable", "Book", book, "What", a.shown(e.Text)), Next: a.say("cli.audit.next.unreadable")}
}

func (a *app) showCheck(v verdict) {
	fmt.Fprintln(a.Stdout, a.say("cli.audit.read"))
	for _, b := range v.Read {
		fmt.Fprintf(a.Stdout, "  %s: %d\n", clean(b.Book), b.Count)
	}
	fmt.Fprintln(a.Stdout, "\n"+a.say("cli.audit.rules"))
	rows := make([][]string, len(v.Rules))
	for i, r := range v.Rules {
		rows[i] = []string{"§" + r.Rule, r.Text, strconv.Itoa(r.Checked), strconv.Itoa(r.Found)}
	}
	a.table([]string{a.say("cli.audit.col.rule"), a.say("cli.audit.col.what"), a.say("cli.audit.col.checked"), a.say("cli.audit.col.found")}, rows)
	fmt.Fprintln(a.Stdout, "\n"+a.say("cli.audit.unchecked"))
	for _, what := range v.Unchecked {
		fmt.Fprintln(a.Stdout, "  - "+clean(what))
	}
	fmt.Fprintln(a.Stdout, "\n"+a.say("cli.audit.verdict", "Count", len(v.Findings)))
	for _, f := range v.Findings {
		fmt.Fprintln(a.Stdout, f.headline())
		fmt.Fprintln(a.Stdout, "     → "+f.Next)
	}
}

// headline is one line about a finding.
func (f checkedFinding) headline() string {
	var parts []string
	if f.Rule != "" {
		parts = append(parts, "§"+f.Rule)
	}
	if f.Ref != "" {
		parts = append(parts, string(f.Ref))
	}
	if f.Module != "" {
		parts = append(parts, "("+f.Module+")")
	}
	return strings.TrimPrefix(strings.Join(parts, " ")+": ", ": ") + f.Text
}
