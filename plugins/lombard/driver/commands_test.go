package driver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/lombard/sandbox"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// result runs a command and reads its result.
func (c *till) result(r module.Request, a answers, into any) {
	c.t.Helper()
	op := c.run(r, a)
	if op.Outcome != pay.Approved || json.Unmarshal(op.Result, into) != nil {
		c.t.Fatalf("%s: %+v", r.Params.Raw, op)
	}
	if strings.Contains(string(op.Result), "-def-") {
		c.t.Errorf("a token is in the result %s", op.Result)
	}
}

// TestTheCabinetShowsCardsOperationsAndDocuments, asks for the login where there is none, and downloads a document.
func TestTheCabinetShowsCardsOperationsAndDocuments(t *testing.T) {
	c := newTill(t, func(s *sandbox.Settings) { s.Rubles = true }, nil)
	var cards struct {
		Cards []struct{ ID, Mask, Brand string }
	}
	c.result(command("cards", `{"add":true,`+client800+`}`, false), clerk(), &cards)
	if asked := fmt.Sprint(c.prompts()); len(cards.Cards) != 1 || cards.Cards[0].Mask != "220012******1234" || cards.Cards[0].Brand != "МИР" || asked != "[phone password card-number card-name]" {
		t.Errorf("%+v, asked %s", cards, asked)
	}
	if op := c.run(payoutOf("ПЕ1", 140000), clerk()); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	var journal struct {
		Operations []struct {
			ID, Status, Purpose string
			Amount              int64
		}
	}
	c.result(command("journal", "", false), nil, &journal)
	if o := journal.Operations; len(o) != 1 || o[0].Status != "2" || o[0].Amount != 140000 || !strings.Contains(o[0].Purpose, "ПЕ1") {
		t.Errorf("%+v", journal)
	}
	var documents struct {
		Documents []struct {
			ID    string
			Ready bool
		}
	}
	c.result(command("documents", "", false), nil, &documents)
	if d := documents.Documents; len(d) != 1 || !d[0].Ready {
		t.Fatalf("%+v", documents)
	}
	var file struct{ File string }
	c.result(command("document", fmt.Sprintf(`{"id":%q}`, documents.Documents[0].ID), false), nil, &file)
	if page, err := os.ReadFile(file.File); err != nil || !bytes.HasPrefix(page, []byte("%PDF-")) {
		t.Errorf("%v", err)
	}
	for id, code := range map[string]string{"../../lombard": "PR_E_ARGUMENT", "5e5e157aa5c2d3121c77ac50": "PR_E_HOST_DENIED"} {
		if op := c.run(command("document", fmt.Sprintf(`{"id":%q}`, id), false), nil); op.Outcome != pay.Declined || op.Code != code {
			t.Errorf("%s: %+v", id, op)
		}
	}
	c.hides(goodCard, passport, sandbox.ClerkPassword)
}

// TestAReceiverSeesTodayAndOnlyTheFullRoleSeesMoreAndCorrects, by entries that are added and signed.
func TestAReceiverSeesTodayAndOnlyTheFullRoleSeesMoreAndCorrects(t *testing.T) {
	c := newTill(t, nil, nil)
	c.signIn(clerk())
	yesterday := time.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	for _, name := range []string{"sign-ins", "journal", "documents"} {
		if _, _, err := c.Begin(t.Context(), command(name, fmt.Sprintf(`{"from":%q}`, yesterday), false)); pay.CodeOf(err) != pay.ErrHostDenied {
			t.Errorf("%s of yesterday: %v", name, err)
		}
	}
	if _, _, err := c.Begin(t.Context(), command("correct", `{"n":1,"note":"x"}`, false)); pay.CodeOf(err) != pay.ErrHostDenied {
		t.Error(err)
	}
	var done struct{ N int }
	c.result(command("correct", `{"n":1,"note":"вошла Петрова"}`, true), nil, &done)
	var rows struct {
		Broken int
		Logins []login
	}
	c.result(command("sign-ins", fmt.Sprintf(`{"from":%q,"to":%q}`, yesterday, time.Now().Format(time.DateOnly)), true), nil, &rows)
	if l := rows.Logins; rows.Broken != 0 || len(l) != 1 || l[0].User != "Иванова" || l[0].Place != "11/21" || l[0].Account != "78472" || len(l[0].Corrections) != 1 ||
		!strings.HasPrefix(l[0].Session, "78472-…") || l[0].End.IsZero() {
		t.Errorf("%+v", rows)
	}
	for args, code := range map[string]string{`{"n":7,"note":"x"}`: "PR_E_NOT_FOUND", `{"n":1}`: "PR_E_ARGUMENT"} {
		if op := c.run(command("correct", args, true), nil); op.Outcome != pay.Declined || op.Code != code {
			t.Errorf("%s: %+v", args, op)
		}
	}
	var in struct {
		In bool `json:"signed_in"`
	}
	if c.result(command("sign-in", "", false), nil, &in); !in.In {
		t.Error("a session that is there is not shown")
	}
	if c.result(command("sign-in", `{"out":true}`, false), nil, &in); in.In {
		t.Error("the session was not ended")
	}
	if op := c.run(payoutOf("ПЕ1", 100), clerk()); op.Outcome != pay.Approved || c.prompts()[0] != "phone" {
		t.Errorf("%+v", op)
	}
}
