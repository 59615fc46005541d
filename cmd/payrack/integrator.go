package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/wire"
)

// integratorModule is the module whose settings the integrator's values are.
const integratorModule = "socproc"

// integratorKeys are the names in the integrator's two values (S002: the merchants' table and the terminals'), and where they go.
var integratorKeys = map[string]map[string]string{
	"merchant": {"url": "url", "qrTtl": "qrTtl", "interval": "interval", "timeout": "timeout", "cancel_lifetime": "cancel_lifetime",
		"enterprise_id": "enterprise_id", "merchant_id": "merchant_id", "sp_code": "sp_code"},
	"terminal": {"qrTtl": "TerminalQrTtl", "TerminalNo": "TerminalNo"},
}

// takenValue is one value of the integrator that was taken over, leftValue one that was not, and why: an id of the catalogue.
type takenValue struct {
	From  string `json:"from"` // merchant or terminal
	Name  string `json:"name"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

type leftValue struct {
	From string `json:"from"`
	Name string `json:"name"`
	Why  string `json:"why"`
}

var errNotIntegrators = errors.New("it is neither a value of the integrator nor {\"merchant\":…,\"terminal\":…}")

// readIntegrator reads the integrator's configuration: {"merchant":{…},"terminal":{…}}, each also as the text that the integrator's table holds, or one
// of the two values alone. What is not known is left, and none of its values is repeated.
func readIntegrator(text string) (taken []takenValue, left []leftValue, err error) {
	var whole map[string]json.RawMessage
	if err := wire.Decode([]byte(text), &whole); err != nil {
		return nil, nil, err
	}
	parts := map[string]map[string]json.RawMessage{}
	if whole["merchant"] == nil && whole["terminal"] == nil {
		from := "merchant"
		if _, ok := whole["TerminalNo"]; ok {
			from = "terminal"
		}
		parts[from] = whole
	}
	for from := range integratorKeys {
		raw := whole[from]
		if raw == nil {
			continue
		}
		delete(whole, from)
		var inner string
		if json.Unmarshal(raw, &inner) == nil { // as the table's column has it
			raw = json.RawMessage(inner)
		}
		var values map[string]json.RawMessage
		if wire.Decode(raw, &values) != nil {
			return nil, nil, errNotIntegrators
		}
		parts[from] = values
		if len(parts) == 1 {
			for name := range whole {
				if integratorKeys[name] == nil {
					left = append(left, leftValue{"", wire.Clean(name, 40), "unknown"})
				}
			}
		}
	}
	for from, values := range parts {
		for name, raw := range values {
			key, known := integratorKeys[from][name]
			value, plain := plainValue(raw)
			switch {
			case !known:
				left = append(left, leftValue{from, wire.Clean(name, 40), "unknown"})
			case !plain: // all or none
				return nil, nil, errNotIntegrators
			case value == "":
				left = append(left, leftValue{from, name, "empty"})
			default:
				taken = append(taken, takenValue{from, name, key, value})
			}
		}
	}
	if len(taken) == 0 {
		return nil, nil, errNotIntegrators
	}
	slices.SortFunc(taken, func(a, b takenValue) int { return strings.Compare(a.From+" "+a.Name, b.From+" "+b.Name) })
	slices.SortFunc(left, func(a, b leftValue) int { return strings.Compare(a.From+" "+a.Name, b.From+" "+b.Name) })
	return taken, left, nil
}

// plainValue is a text, or a number as it is written. Nothing else is a setting.
func plainValue(raw json.RawMessage) (string, bool) {
	var text string
	var number json.Number
	switch {
	case string(raw) == "null":
		return "", true
	case json.Unmarshal(raw, &text) == nil:
		return text, strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
	case json.Unmarshal(raw, &number) == nil:
		return number.String(), true
	}
	return "", false
}

// importIntegrator takes the integrator's values over, all of those that are known or none.
func (c configuring) importIntegrator(ctx context.Context, file, text string) error {
	a := c.a
	if c.module == "" {
		c.module = integratorModule
	}
	if c.module != integratorModule {
		return a.usageErrorf("cli.integrator.module", "Module", c.module)
	}
	taken, left, err := readIntegrator(text)
	if err != nil {
		return &pay.Error{Code: pay.ErrConfig, Text: a.say("cli.integrator.unread", "File", file), Hint: a.say("cli.integrator.unread_hint"), Cause: err}
	}
	values := map[string]string{}
	for _, t := range taken {
		values[t.Key] = t.Value
	}
	all, err := json.Marshal(values)
	if err != nil {
		return err
	}
	if _, err := c.ask(ctx, "change", "", string(all)); err != nil {
		return err
	}
	return a.result(struct {
		Module string       `json:"module"`
		Taken  []takenValue `json:"taken"`
		Left   []leftValue  `json:"left"`
	}{c.module, taken, append([]leftValue{}, left...)}, func() {
		var rows [][]string
		for _, t := range taken {
			rows = append(rows, []string{a.say("cli.integrator.taken"), t.From + "." + t.Name, t.Key, t.Value})
		}
		for _, l := range left {
			rows = append(rows, []string{a.say("cli.integrator.left"), strings.TrimPrefix(l.From+"."+l.Name, "."), "", a.say("cli.integrator.why." + l.Why)})
		}
		a.table([]string{"", a.say("cli.integrator.col.name"), a.say("cli.integrator.col.key"), a.say("cli.integrator.col.value")}, rows)
		fmt.Fprintln(a.Stderr, a.say("cli.config.imported", "File", file))
	})
}
