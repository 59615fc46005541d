package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// result prints what a command was asked for: v as JSON with --json, else what human writes.
func (a *app) result(v any, human func()) error {
	if !a.flags.json {
		human()
		return nil
	}
	return a.writeJSON(v)
}

func (a *app) writeJSON(v any) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// errorDocument is what --json says of a failure.
type errorDocument struct {
	Error errorBody `json:"error"`
}

type errorBody struct {
	Code         string `json:"code"`
	Number       int32  `json:"number"`
	Text         string `json:"text"`
	Hint         string `json:"hint,omitempty"`
	MayHaveMoved bool   `json:"may_have_moved,omitempty"`
}

// fail tells why a command failed: for people on standard error, and with --json as the one document on standard output.
func (a *app) fail(err error) {
	body := a.describe(err)
	fmt.Fprintf(a.Stderr, "%s\n", a.say("cli.error", "Text", clean(body.Text), "Code", body.Code))
	if body.Hint != "" {
		fmt.Fprintf(a.Stderr, "%s\n", a.say("cli.hint", "Text", clean(body.Hint)))
	}
	if a.flags.json {
		_ = a.writeJSON(errorDocument{body}) // standard output is gone: standard error has said it
	}
}

func (a *app) describe(err error) errorBody {
	if u, ok := errors.AsType[*usageError](err); ok {
		return errorBody{Code: pay.ErrArgument.String(), Number: int32(pay.ErrArgument), Text: u.text, Hint: u.hint}
	}
	e, ok := errors.AsType[*pay.Error](err)
	if !ok {
		return errorBody{Code: pay.ErrInternal.String(), Number: int32(pay.ErrInternal), Text: err.Error()}
	}
	said := a.translate(e)
	if e.Code == pay.ErrHostDenied && a.flags.operator == "" {
		said.Hint = strings.TrimSpace(said.Hint + " " + a.say("cli.denied_hint"))
	}
	return errorBody{Code: e.Code.String(), Number: int32(e.Code), Text: said.Text, Hint: said.Hint, MayHaveMoved: e.MayHaveMoved}
}

// table prints rows under a head, each column as wide as it needs, amounts under one another.
func (a *app) table(head []string, rows [][]string) {
	wide := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			wide[i] = max(wide[i], len([]rune(cell)))
		}
	}
	for _, row := range append([][]string{head}, rows...) {
		var b strings.Builder
		for i, cell := range row {
			if head[i] == a.say("cli.col.amount") {
				cell = strings.Repeat(" ", wide[i]-len([]rune(cell))) + cell
			}
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", wide[i]-len([]rune(cell))+2))
			}
		}
		fmt.Fprintln(a.Stdout, strings.TrimRight(b.String(), " "))
	}
}

// pair prints "label: value", and nothing of an empty value.
func (a *app) pair(id, value string) {
	if value != "" {
		fmt.Fprintf(a.Stdout, "%s: %s\n", a.say(id), clean(value))
	}
}

// showOperation prints what became of an operation.
func (a *app) showOperation(op pay.Operation) {
	fmt.Fprintln(a.Stdout, a.headline(op))
	a.pair("cli.op.ref", string(op.Ref))
	a.pair("cli.op.module", op.Module)
	a.pair("cli.op.kind", a.what(op))
	if op.Kind.Money() {
		a.pair("cli.op.amount", a.money(op.Amount, op.Currency))
	}
	if op.ApprovedAmount != 0 && op.ApprovedAmount != op.Amount {
		a.pair("cli.op.approved_amount", a.money(op.ApprovedAmount, op.Currency))
	}
	a.showBasket(op)
	a.pair("cli.op.number", number(op.Number))
	a.pair("cli.op.provider_number", number(op.ProviderNumber))
	a.pair("cli.op.shift", number(op.Shift))
	a.pair("cli.op.system", op.System)
	a.pair("cli.op.payer", op.Payer)
	a.pair("cli.op.receipt", op.Receipt)
	a.pair("cli.op.original", string(op.OriginalRef))
	a.pair("cli.op.code", op.Code)
	a.pair("cli.op.text", op.Text)
	a.pair("cli.op.hint", op.Hint)
	switch op.Reversal {
	case pay.ReversalUnderWay:
		fmt.Fprintln(a.Stdout, a.say("cli.op.reversing"))
	case pay.ReversalDone:
		fmt.Fprintln(a.Stdout, a.say("cli.op.reversed"))
	}
	if op.OtherTender {
		fmt.Fprintln(a.Stdout, a.say("cli.op.other_tender"))
	}
	if op.Pending != "" {
		a.pair("cli.op.pending", a.pendingWord(op.Pending))
	}
}

// headline is one sentence: what became of the money.
func (a *app) headline(op pay.Operation) string {
	id := "cli.outcome." + op.Outcome.String()
	switch {
	case !op.Kind.Money():
		id += ".done"
	case op.Outcome == pay.Approved:
	case op.OtherTender && !op.Outcome.Final():
		id += ".other"
	case op.Kind.Returns():
		id += ".back"
	case op.Kind == pay.KindPayout:
		id += ".out"
	}
	if op.Running {
		id = "cli.outcome.running"
	}
	return a.say(id, "Amount", a.money(op.ApprovedAmount, op.Currency))
}

// money is an amount for people; programs get kopecks.
func (a *app) money(amount pay.Amount, currency pay.Currency) string {
	s := amount.String()
	if a.language == "ru" {
		s = strings.Replace(s, ".", ",", 1)
	}
	if currency == "" {
		currency = pay.RUB
	}
	return s + " " + string(currency)
}

// what is the kind of an operation, and of a command its name.
func (a *app) what(op pay.Operation) string {
	if op.Command == "" {
		return a.kindWord(op.Kind)
	}
	return a.kindWord(op.Kind) + " " + clean(op.Command)
}

func (a *app) kindWord(k pay.Kind) string {
	if word := a.maybe("cli.kind." + string(k)); word != "" {
		return word
	}
	return string(k)
}

func (a *app) pendingWord(why string) string {
	if word := a.maybe("cli.pending." + why); word != "" {
		return word
	}
	return why
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// moment is a time for people, in the till's time zone.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
