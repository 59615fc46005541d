package host

import (
	"strings"
	"testing"
	"unicode"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
)

func TestARussianTillIsRefusedInRussian(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till := i.till("1", technician, func(in *hostv1.SessionRequest) { in.Language = "ru" })
	_, noKey := till.setting("", "get", "NoSuchKey", "")
	_, noAction := till.setting("", "burn", "", "")
	_, noQuery := till.find("[")
	for what, err := range map[string]error{
		"a role":               till.option("operator.role", "king"),
		"a language":           till.option("language", "de"),
		"an option":            till.option("colour", "red"),
		"a PIN of nobody":      till.option("operator.new_pin", "1234"),
		"an answer":            till.answer("r1", strings.Repeat("x", maxText+1)),
		"a person's word":      till.resolve(""),
		"a setting":            noKey,
		"an action":            noAction,
		"a query":              noQuery,
		"an operation unknown": till.answer("nobody", "1"),
	} {
		if err == nil {
			t.Errorf("%s passes", what)
			continue
		}
		refusal := Fill(err, "ru")
		if !strings.ContainsFunc(refusal.Text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) {
			t.Errorf("%s: %q %q", what, refusal.Text, refusal.Hint)
		}
	}
}
