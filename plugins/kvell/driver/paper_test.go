package driver

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/kvell/sandbox"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	box "github.com/payrack/payrack/sdk/sandbox"
)

// TestTheStatementIsSignedBeforeAnythingIsSent, and its page with the client's document is forgotten; a reprint hides it.
func TestTheStatementIsSignedBeforeAnythingIsSent(t *testing.T) {
	c := newTill(t, nil, map[string]string{"Statement": "own"})
	client := `{"document":"ПЕ800","card":"` + card + `","client":{"name":"ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ","passport":"паспорт ` + passport + `"}}`
	page := ""
	look := func(answer string) answers {
		return answers{"statement": func(e pay.Event) string {
			data, err := os.ReadFile(e.File)
			if err != nil || !strings.HasPrefix(string(data), "%PDF") || e.Kind != pay.EvPrint || e.Reason != "statement" {
				t.Errorf("%+v: %v", e, err)
			}
			if c.posts() != 0 {
				t.Error("something was sent before the client signed")
			}
			page = e.File
			return answer
		}}
	}
	r := order(pay.KindPayout, 345000, client)
	if op := c.run(r, look("0")); op.Outcome != pay.Declined || !strings.Contains(op.Text, "не подписано") || c.posts() != 0 {
		t.Errorf("%+v", op)
	}
	r = order(pay.KindPayout, 345000, client)
	if op := c.run(r, look("1")); op.Outcome != pay.Approved || c.paid() != 345000 {
		t.Fatalf("%+v", op)
	}
	if _, err := os.Stat(page); !os.IsNotExist(err) {
		t.Error("the page is still there")
	}
	for range 2 {
		paper, err := c.Slip(t.Context(), module.SlipRequest{Ref: r.Ref, Format: "pdf"})
		if err != nil || !strings.HasPrefix(string(paper), "%PDF") {
			t.Fatal(err)
		}
	}
	silent := order(pay.KindPayout, 100, client)
	silent.NoPrompts = true
	if _, err := c.try(silent, nil); pay.CodeOf(err) != pay.ErrNeedsPrompt {
		t.Errorf("where nobody answers: %v", err)
	}
	if _, err := c.Settings(t.Context(), module.SettingsRequest{Action: "set", Key: "Statement", Value: "service", By: "test"}); err == nil {
		t.Error("a statement of the service is taken, which it does not have")
	}
	c.hides(passport, strings.ReplaceAll(passport, " ", ""), "ПЕТРОВ", card)
}

// TestTheLimitsRefuseBeforeAnythingIsSent, the unknown payout counted.
func TestTheLimitsRefuseBeforeAnythingIsSent(t *testing.T) {
	c := newTill(t, nil, map[string]string{"MaxPayout": "1000.00", "MaxPayoutDay": "1500.00"})
	if _, err := c.try(payoutTo(card, 1000_01), nil); pay.CodeOf(err) != pay.ErrLimit {
		t.Errorf("above the limit: %v", err)
	}
	if _, err := c.box.Faults().Arm(box.Fault{Kind: box.FaultDrop, Work: true, Count: -1}); err != nil {
		t.Fatal(err)
	}
	r := payoutTo(card, 1000_00)
	if _, _, err := c.Begin(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c.until("the payout is sent", func() bool { return c.posts() > 0 })
	other := payoutTo(card, 500_01)
	other.PosID = "5"
	if _, err := c.try(other, nil); pay.CodeOf(err) != pay.ErrLimit {
		t.Errorf("above the limit of the day: %v", err)
	}
	c.box.Faults().Disarm("")
	if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Approved {
		t.Errorf("%+v", op)
	}
	if op := c.run(payoutTo(card, 500_00), nil); op.Outcome != pay.Approved || c.paid() != 1500_00 {
		t.Errorf("%+v, paid %s", op, c.paid())
	}
}

// TestAnAnswerOfAnotherSumOrOrderDecidesNothing goes through what an answer must say, by the sandbox's own faults on every answer.
func TestAnAnswerOfAnotherSumOrOrderDecidesNothing(t *testing.T) {
	for name, set := range map[string]map[string]json.RawMessage{
		"another sum":         {"amount": json.RawMessage("101")},
		"no sum":              {"amount": nil},
		"another transaction": {"transaction": json.RawMessage(`"00000000-0000-4000-8000-000000000000"`)},
		"no transaction":      {"transaction": nil},
		"another status":      {"status": json.RawMessage(`"done"`)},
		"no status":           {"status": nil},
		"refunded":            {"status": json.RawMessage(`"refunded"`)},
		"contradiction":       {"order": json.RawMessage(`{"status":"canceled"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTill(t, func(s *sandbox.Settings) { s.Shape = sandbox.ShapeFlat }, nil)
			if _, err := c.box.Faults().Arm(box.Fault{Kind: box.FaultEdit, Set: set, Count: -1}); err != nil {
				t.Fatal(err)
			}
			r := payoutTo(card, 100)
			if _, _, err := c.Begin(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			c.until("it is asked after", func() bool { return c.asked() >= 2 || c.operation(r.Ref).Outcome.Final() })
			if op := c.operation(r.Ref); op.Outcome != pay.Unknown {
				t.Errorf("%+v", op)
			}
			c.box.Faults().Disarm("")
			if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Approved || c.paid() != 100 || c.posts() != 1 {
				t.Errorf("%+v, paid %s by %d requests", op, c.paid(), c.posts())
			}
		})
	}
}

// TestAPayoutThatAPersonTookForUnpaidAndThatWasPaidIsListed: the outcome stays, nothing is reversed, and the till is told what to do.
func TestAPayoutThatAPersonTookForUnpaidAndThatWasPaidIsListed(t *testing.T) {
	c := newTill(t, nil, nil)
	if _, err := c.box.Faults().Arm(box.Fault{Kind: box.FaultDrop, Work: true, Count: -1}); err != nil {
		t.Fatal(err)
	}
	r := payoutTo(card, 100)
	if op := c.run(r, nil); op.Outcome != pay.Unknown {
		t.Fatalf("%+v", op)
	}
	if op, err := c.Resolve(t.Context(), r.Ref, false, "Иванова: в кабинете пусто"); err != nil || op.Outcome != pay.Cancelled {
		t.Fatalf("%+v %v", op, err)
	}
	c.box.Faults().Disarm("")
	c.until("the truth is found", func() bool { return c.operation(r.Ref).Pending == "contradiction" })
	op := c.operation(r.Ref)
	if op.Outcome != pay.Cancelled || op.Reversal != pay.ReversalNone || !strings.Contains(op.Text, "все же переведены") || !strings.Contains(op.Hint, "не выплачивайте") || op.ApprovedAmount != 100 || c.paid() != 100 {
		t.Errorf("%+v, paid %s", op, c.paid())
	}
}

// TestTheChainsTextStandsInTheStatement holds where a chain's template lies.
func TestTheChainsTextStandsInTheStatement(t *testing.T) {
	c := newTill(t, nil, map[string]string{"Statement": "own"})
	folder := filepath.Join(c.dir, "statement")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "ru.tmpl"), []byte("^ НАШ ТЕКСТ {{.Number}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plain, own := 0, 0
	size := func(into *int) answers {
		return answers{"statement": func(e pay.Event) string {
			info, err := os.Stat(e.File)
			if err == nil {
				*into = int(info.Size())
			}
			return "0"
		}}
	}
	c.run(payoutTo(card, 100), size(&own))
	told := func() string {
		raw, err := c.Info(t.Context(), "templates", "ru")
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if !strings.Contains(told(), `"ok":true`) {
		t.Error(told())
	}
	if err := os.WriteFile(filepath.Join(folder, "en.tmpl"), []byte("{{.Nothing}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(told(), `"ok":false`) {
		t.Error("doctor is told nothing of a text that cannot be used")
	}
	if err := os.Remove(filepath.Join(folder, "ru.tmpl")); err != nil {
		t.Fatal(err)
	}
	c.run(payoutTo(card, 100), size(&plain))
	if own == 0 || plain <= own {
		t.Errorf("the chain's page has %d bytes, the built-in one %d", own, plain)
	}
}

// TestTheRequestLogSaysWhatTheServiceSaid, as its own log does [S001]: code and message, with cards and keys masked.
func TestTheRequestLogSaysWhatTheServiceSaid(t *testing.T) {
	c := newTill(t, nil, nil)
	c.run(payoutTo(sandbox.CardRefused, 100), nil)
	c.run(payoutTo(card, 100), nil)
	for filter, want := range map[string]int{`"ok":false`: 1, `"ok":true`: 1, `"method":"ACCOUNT2CARD"`: 2, `"initiator":"иванова"`: 2, `"contains":"20098"`: 1, `"method":"nothing"`: 0} {
		raw, err := c.Find(t.Context(), json.RawMessage(`{"what":"exchanges","newest":true,`+filter+`}`))
		if err != nil {
			t.Fatal(err)
		}
		var rows []struct {
			Method, Initiator, Error string
			OK                       bool
		}
		if err := json.Unmarshal(raw, &rows); err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, want %d: %s %v", filter, len(rows), want, raw, err)
		}
		for _, r := range rows {
			if r.Initiator != "Иванова" || !r.OK && !strings.HasPrefix(r.Error, "№1: 20098 card number is not valid") {
				t.Errorf("%+v", r)
			}
		}
	}
}
