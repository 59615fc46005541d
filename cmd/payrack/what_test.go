package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
)

func TestInformationAndListsSpeakTheUsersLanguage(t *testing.T) {
	var out bytes.Buffer
	a := &app{Env: func(string) string { return "" }, language: "ru"}
	a.Stdout = &out
	a.document([]byte(`{"state":"down","kinds":["pay.online","odd"],"pending":"unread","title":"down"}`))
	for _, words := range []string{"не запущен", "Виды операций", "онлайн", "odd", "down"} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("%q is not in\n%s", words, out.String())
		}
	}
	if strings.Contains(out.String(), "unread") || strings.Count(out.String(), "down") != 1 {
		t.Errorf("English inside Russian:\n%s", out.String())
	}
	out.Reset()
	a.operationTable([]pay.Operation{{Ref: "c", Kind: pay.KindCommand, Command: "sign-in"}}, false)
	if !strings.Contains(out.String(), "sign-in") {
		t.Errorf("the command is not named:\n%s", out.String())
	}
}
