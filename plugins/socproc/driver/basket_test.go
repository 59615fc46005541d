package driver

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/socproc/sandbox"
	"github.com/payrack/payrack/plugins/socproc/wire"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	box "github.com/payrack/payrack/sdk/sandbox"
)

func TestABasketIsPaidInPartAndTheRestIsLeft(t *testing.T) {
	c := newTill(t)
	op := c.run(groceries(pinPad(sandbox.CardPlenty)), yes)
	if op.Outcome != pay.Approved || op.ApprovedAmount != 83000 || op.LeftToPay != 42000 || op.System != sandbox.SPCode || c.paid() != 83000 {
		t.Fatalf("%+v, public funds paid %s", op, c.paid())
	}
	var items []struct {
		Position, Approved, Left int64
		Social                   bool
		Mark                     string
	}
	if err := json.Unmarshal(op.Items, &items); err != nil || len(items) != 3 {
		t.Fatal(err, len(items))
	}
	for i, want := range []int64{63000, 20000, 0} {
		if it := items[i]; it.Approved != want || it.Social != (want > 0) || (it.Mark == "социальный товар") != (want > 0) {
			t.Errorf("position %d: %+v", i+1, it)
		}
	}
	question := c.seen[0]
	for _, e := range c.seen {
		if e.Prompt() {
			question = e
		}
	}
	for _, said := range []string{"830,00 RUB из 1250,00 RUB", "к доплате 420,00 RUB", "2 из 3", "Молоко 630,00 RUB", "Хлеб 200,00 RUB"} {
		if !strings.Contains(strings.ReplaceAll(question.Text, "\u00a0", " "), said) {
			t.Errorf("the question lacks %q: %s", said, question.Text)
		}
	}
	if len(question.Items) != 2 || question.Default != "" {
		t.Errorf("the question: %+v", question)
	}
}

func TestTheSlipIsTheOneOfSocialProcessing(t *testing.T) {
	c := newTill(t)
	op := c.run(groceries(pinPad(sandbox.CardPlenty)), yes)
	paper, err := c.Slip(t.Context(), module.SlipRequest{Ref: op.Ref, Copy: 1, Format: "text", Width: 32})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"     СОЦИАЛЬНЫЙ ПРОЦЕССИНГ", "Чек 000157               Смена 1", "Терминал                    T-01", "Сумма чека          1 250,00 RUB", "СОЦИАЛЬНАЯ ЧАСТЬ      830,00 RUB",
		"К доплате             420,00 RUB", "Социальных позиций        2 из 3", "Программа                   FOOD", "Карта МИР       220220******5678", "        О Д О Б Р Е Н О",
		"Возврат социальных товаров", "возможен только полностью."} {
		if !strings.Contains(string(paper), line+"\n") {
			t.Errorf("the slip lacks %q:\n%s", line, paper)
		}
	}
}

func TestReportsTotalByProgramme(t *testing.T) {
	c := newTill(t)
	c.run(groceries(pinPad(sandbox.CardPlenty)), yes)
	c.set("sp_code", "FOOD_HALF")
	c.run(groceries(pinPad(sandbox.CardPlenty)), yes)
	r := order(pay.KindReport, 0, "{}")
	report := c.run(r, nil)
	paper, err := c.Slip(t.Context(), module.SlipRequest{Ref: report.Ref, Copy: 1, Format: "text", Width: 32})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"FOOD\n  Оплата          1       830,00", "FOOD_HALF\n  Оплата          1       415,00", "ИТОГО RUB               1 245,00"} {
		if !strings.Contains(string(paper), line) {
			t.Errorf("the report lacks %q:\n%s", line, paper)
		}
	}
}

func TestNothingSocialIsADeclineOfItsOwn(t *testing.T) {
	c := newTill(t)
	beer := order(pay.KindBasket, 14000, `{"card":"`+pinPad(sandbox.CardPlenty)+`","items":[{"position":1,"barcode":"`+sandbox.Beer+`","name":"Пиво","quantity":1000,"price":14000,"sum":14000}]}`)
	if op := c.run(beer, yes); op.Outcome != pay.Declined || op.Code != "NOTHING_SOCIAL" || op.LeftToPay != 14000 || c.paid() != 0 {
		t.Errorf("%+v", op)
	}
	for card, code := range map[string]string{sandbox.CardEmpty: "LIMIT_EXHAUSTED", sandbox.CardHealth: "CARD_NOT_SOCIAL", strings.Repeat("ab", 32): "CARD_NOT_SOCIAL"} {
		if op := c.run(groceries(pinPad(card)), yes); op.Outcome != pay.Declined || op.Code != code || op.Hint == "" {
			t.Errorf("%s: %s %s %s", code, op.Outcome, op.Code, op.Text)
		}
	}
	if op := c.run(groceries(pinPad(sandbox.CardPoor)), yes); op.Outcome != pay.Approved || op.ApprovedAmount != 5000 || op.LeftToPay != 120000 {
		t.Errorf("what the card has left: %+v", op)
	}
}

func TestTheCardComesByAQuestionWhereTheTillGaveNone(t *testing.T) {
	c := newTill(t)
	tries := []string{"2200120000061234", "hash=zz", pinPad(sandbox.CardPlenty)}
	var texts []string
	card := func(e pay.Event) string {
		texts = append(texts, e.Text)
		next := tries[0]
		tries = tries[1:]
		return next
	}
	op := c.run(groceries(""), answers{promptCard: card, promptConfirm: always("1")})
	if op.Outcome != pay.Approved || op.Payer != "220220******5678" || len(texts) != 3 || texts[1] == texts[0] {
		t.Errorf("%+v after %q", op, texts)
	}
	c.hides(sandbox.CardPlenty, "2200120000061234")
}

func TestAWholeCardNumberIsRefusedAndKeptNowhere(t *testing.T) {
	c := newTill(t)
	for _, number := range []string{"2200120000061234", "hash=2200120000061234", "par=2200 1200 0006 1234", "4222222222222"} {
		r := groceries(number)
		if _, _, err := c.Begin(t.Context(), r); pay.CodeOf(err) != pay.ErrArgument || strings.Contains(err.Error(), "061234") {
			t.Errorf("%q: %v", number, err)
		}
	}
	if n := c.requests(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	c.restart() // with all details in the log
	c.run(groceries(pinPad(sandbox.CardPlenty)), yes)
	c.hides("2200120000061234", "2200 1200 0006 1234", "4222222222222", sandbox.CardPlenty)
}

func TestWhatMustNotBeginIsRefusedBeforeAnythingIsSent(t *testing.T) {
	c := newTill(t)
	silent := groceries(pinPad(sandbox.CardPlenty))
	silent.NoPrompts = true
	wrong := groceries(pinPad(sandbox.CardPlenty))
	wrong.Amount++
	euro := groceries(pinPad(sandbox.CardPlenty))
	euro.Currency = "EUR"
	for want, r := range map[pay.Code]module.Request{pay.ErrNeedsPrompt: silent, pay.ErrArgument: wrong, pay.ErrUnsupported: euro} {
		if _, _, err := c.Begin(t.Context(), r); pay.CodeOf(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, key := range []string{"url", "enterprise_id", "merchant_id", "sp_code", "TerminalNo"} {
		c := newTill(t)
		c.set(key, "")
		if _, _, err := c.Begin(t.Context(), groceries(pinPad(sandbox.CardPlenty))); pay.CodeOf(err) != pay.ErrConfig {
			t.Errorf("without %s: %v", key, err)
		}
	}
	if n := c.requests(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestTheCashiersNoFreesWhatWasReserved(t *testing.T) {
	c := newTill(t)
	op := c.run(groceries(pinPad(sandbox.CardPlenty)), answers{promptConfirm: always("0")})
	if op.Outcome != pay.Cancelled || c.paid() != 0 {
		t.Errorf("%+v", op)
	}
	c.until("it is let go", c.closed)
	if o := c.service(); o.State() != wire.Cancelled {
		t.Errorf("the service has it %s", o.Status)
	}
}

// TestAnAbandonedReservationIsCancelledUntilTheServiceHasTakenThat kills the module while the cashier is asked, and lets the service answer no cancel for
// a while, over another kill.
func TestAnAbandonedReservationIsCancelledUntilTheServiceHasTakenThat(t *testing.T) {
	c := newTill(t)
	r := groceries(pinPad(sandbox.CardPlenty))
	c.begin(r)
	c.asked(r.Ref)
	c.arm(box.Fault{Method: "POST", Path: "/v1/reservations/*/cancel", Kind: box.FaultDrop, Count: -1})
	c.restart()
	if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Cancelled {
		t.Fatalf("%+v", op)
	}
	met := func() int {
		n := 0
		list, err := c.box.Control().Requests(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range list {
			if q.Fault != "" {
				n++
			}
		}
		return n
	}
	c.until("cancels are lost", func() bool { return met() >= 3 })
	c.restart()
	c.until("it goes on after a restart", func() bool { return met() >= 5 })
	if c.closed() {
		t.Error("it was given up")
	}
	c.calm()
	c.until("it is let go", c.closed)
	if o := c.service(); o.State() != wire.Cancelled || len(o.Undone) != 1 {
		t.Errorf("the service has it %s, by %d cancels", o.Status, len(o.Undone))
	}
}
