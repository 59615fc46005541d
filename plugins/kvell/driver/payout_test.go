package driver

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/kvell/sandbox"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	box "github.com/payrack/payrack/sdk/sandbox"
)

// TestALoanGoesToTheCardUnderEachSignatureAndShape is a payout in fair weather: each public shape of an answer and each signature.
func TestALoanGoesToTheCardUnderEachSignatureAndShape(t *testing.T) {
	for _, variant := range []string{"A", "B", "C"} {
		for _, shape := range []string{sandbox.ShapeBoth, sandbox.ShapeFlat, sandbox.ShapeNested} {
			for _, upper := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/%v", variant, shape, upper), func(t *testing.T) {
					t.Parallel()
					c := newTill(t, func(s *sandbox.Settings) { s.Variant, s.Shape, s.Upper, s.Commission = variant, shape, upper, 150 }, map[string]string{"Signature": variant})
					r := payoutTo(card, 345000)
					op := c.run(r, nil)
					if op.Outcome != pay.Approved || op.ApprovedAmount != 345000 || op.Code != "COMPLETED" || op.Payer != "220012******1234" || op.RRN == "" || c.paid() != 345000 || c.posts() != 1 {
						t.Errorf("%+v, paid %s by %d requests", op, c.paid(), c.posts())
					}
					for width, lines := range map[int][]string{
						32: {"    ВЫПЛАТА НА КАРТУ  KVELL", "СУММА ВЫПЛАТЫ       3 450,00 RUB", "Комиссия                1,50 RUB", "Карта МИР       220012******1234",
							"        О Д О Б Р Е Н О", "Статус                 COMPLETED", "ID заказа", "Отмена выплаты невозможна:", "сервис не поддерживает возврат."},
						42: {"         ВЫПЛАТА НА КАРТУ  KVELL", "СУММА ВЫПЛАТЫ                 3 450,00 RUB", "Карта МИР                 220012******1234",
							"Статус                           COMPLETED", "Отмена выплаты невозможна: сервис не"},
					} {
						paper, err := c.Slip(t.Context(), module.SlipRequest{Ref: r.Ref, Copy: 1, Format: "text", Width: width})
						for _, line := range append(lines, "Договор займа") {
							if err != nil || !strings.Contains(string(paper), line) {
								t.Errorf("no %q (%v) on\n%s", line, err, paper)
							}
						}
						if strings.Contains(string(paper), "ТЕСТ") {
							t.Error("a real slip is marked as a test")
						}
					}
					c.hides(card, sandbox.SecretKey, sandbox.APIKey)
				})
			}
		}
	}
}

// TestTheSamePayoutAskedForFourTimesPaysOnce is the log of S001: one document was sent four times, because completed was not taken for COMPLETED.
func TestTheSamePayoutAskedForFourTimesPaysOnce(t *testing.T) {
	for _, upper := range []bool{false, true} {
		c := newTill(t, func(s *sandbox.Settings) { s.Upper = upper }, nil)
		r := payoutTo(card, 100)
		for range 4 {
			if op := c.run(r, nil); op.Outcome != pay.Approved {
				t.Fatalf("%+v", op)
			}
		}
		if c.posts() != 1 || c.paid() != 100 {
			t.Errorf("capitals %v: %d requests, paid %s", upper, c.posts(), c.paid())
		}
		c.restart()
		if op := c.run(r, nil); op.Outcome != pay.Approved || c.posts() != 1 {
			t.Errorf("after a restart: %+v, %d requests", op, c.posts())
		}
	}
}

// TestALostAnswerIsAskedAfterUnderTheSameTransaction: the answer is lost, the service listed late, and refuses the second order with 20007.
func TestALostAnswerIsAskedAfterUnderTheSameTransaction(t *testing.T) {
	for name, s := range map[string]func(*sandbox.Settings){"found at once": nil, "found late": func(s *sandbox.Settings) { s.HiddenPolls = 2 },
		"worked on": func(s *sandbox.Settings) { s.WorkPolls, s.HiddenPolls = 3, 1 }} {
		for _, worked := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/%v", name, worked), func(t *testing.T) {
				t.Parallel()
				c := newTill(t, s, nil)
				if _, err := c.box.Faults().Arm(box.Fault{Kind: box.FaultDrop, Work: worked, Method: "POST"}); err != nil {
					t.Fatal(err)
				}
				r := payoutTo(card, 100)
				if op := c.run(r, nil); op.Outcome != pay.Approved || c.paid() != 100 {
					t.Fatalf("%+v, paid %s", op, c.paid())
				}
				orders, err := c.box.Control().Orders(t.Context())
				if err != nil || len(orders) != 1 {
					t.Errorf("%v %v", orders, err)
				}
			})
		}
	}
}

// TestAlreadyDoneIsNoRefusal: 20007 comes even to the first request that this journal knows of (its folder was restored from a copy, say). What the
// service then has decides, and where it has nothing that anybody can find, nothing is decided.
func TestAlreadyDoneIsNoRefusal(t *testing.T) {
	c := newTill(t, nil, nil)
	if _, err := c.box.Faults().Arm(box.Fault{Kind: box.FaultStatus, Status: 400, Work: true, Method: "POST"}); err != nil {
		t.Fatal(err)
	}
	if op := c.run(payoutTo(card, 100), nil); op.Outcome != pay.Approved || c.paid() != 100 || c.posts() != 1 {
		t.Errorf("%+v, paid %s by %d requests", op, c.paid(), c.posts())
	}
	d := refusals(t, []int{20007}, false)
	if d.Verdict != 0 || d.Code != "" {
		t.Errorf("20007 is taken for %+v", d)
	}
}

// TestAPayoutIsDeclinedByTheServicesWordOnly: by a canceled order, and by an error that says that no order was taken. After such a decline the
// document may be paid out to another card.
func TestAPayoutIsDeclinedByTheServicesWordOnly(t *testing.T) {
	c := newTill(t, func(s *sandbox.Settings) { s.Limit = 50_000_00 }, nil)
	for number, code := range map[string]string{sandbox.CardCanceled: "CANCELED", sandbox.CardRefused: "20098"} {
		op := c.run(payoutTo(number, 100), nil)
		if op.Outcome != pay.Declined || op.Code != code || op.Text == "" || op.Hint == "" || strings.Contains(op.Text, number) {
			t.Errorf("%s: %+v", code, op)
		}
		paper, err := c.Slip(t.Context(), module.SlipRequest{Ref: op.Ref, Copy: 1, Format: "text"})
		if err != nil || !strings.Contains(string(paper), "О Т К А З") {
			t.Errorf("%v\n%s", err, paper)
		}
	}
	if op := c.run(payoutTo(card, 60_000_00), nil); op.Outcome != pay.Declined || op.Code != "20019" {
		t.Errorf("above the service's limit: %+v", op)
	}
	if op := c.run(payoutTo(sandbox.CardSlow, 100), nil); op.Outcome != pay.Approved {
		t.Errorf("one that takes time: %+v", op)
	}
	if c.paid() != 100 {
		t.Errorf("paid %s", c.paid())
	}
	c.hides(sandbox.CardCanceled, sandbox.CardRefused, card)
}

// TestErrorsThatMayBeAboutAnOrderUnderWayDeclineNothing goes through the service's codes, and through a request that was sent before.
func TestErrorsThatMayBeAboutAnOrderUnderWayDeclineNothing(t *testing.T) {
	for _, code := range []int{20001, 20002, 20003, 20006, 20019, 20098, 20099} {
		if r := refusals(t, []int{code}, false); r.Verdict != provider.Declined {
			t.Errorf("%d to a first request: %v", code, r.Verdict)
		}
		if r := refusals(t, []int{code}, true); r.Verdict != 0 {
			t.Errorf("%d to a request that may be known: %v", code, r.Verdict)
		}
		if r := refusals(t, []int{code, 20007}, false); r.Verdict != 0 {
			t.Errorf("%d with 20007 beside it: %v", code, r.Verdict)
		}
	}
	for _, code := range []int{20000, 20004, 20005, 20007, 20008, 20009, 20100, 0} {
		if r := refusals(t, []int{code}, false); r.Verdict != 0 {
			t.Errorf("%d: %v", code, r.Verdict)
		}
	}
}

// TestWithoutSettingsThereIsCashOnly: the payout is refused before anything is asked or sent, and health says so.
func TestWithoutSettingsThereIsCashOnly(t *testing.T) {
	for key, words := range map[string]string{"APIKey": "APIKey", "SecretKey": "SecretKey", "PrivateKey": "keys generate"} {
		c := newTill(t, nil, map[string]string{key: ""})
		_, err := c.try(payoutTo(card, 100), nil)
		if pay.CodeOf(err) != pay.ErrConfig || !strings.Contains(err.Error(), "только наличными") || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", key, err)
		}
		if h := c.health(); h.State != "blocked" || !strings.Contains(h.Text, "только наличными") || !strings.Contains(string(h.JSON), `"cash_only":true`) {
			t.Errorf("%s: health %+v %s", key, h, h.JSON)
		}
		if c.posts() != 0 || len(c.seen) != 0 {
			t.Errorf("%s: something was asked or sent", key)
		}
	}
	c := newTill(t, func(s *sandbox.Settings) { s.Variant, s.PublicKey = "C", "" }, map[string]string{"PrivateKey": "", "Signature": "C"})
	if op := c.run(payoutTo(card, 100), nil); op.Outcome != pay.Approved {
		t.Errorf("variant C needs no private key: %+v", op)
	}
	if h := c.health(); h.State != "ok" || len(h.JSON) != 0 {
		t.Errorf("health %+v", h)
	}
	c.set("APIKey", "not-a-uuid")
	if _, err := c.try(payoutTo(card, 100), nil); pay.CodeOf(err) != pay.ErrConfig {
		t.Errorf("an api-key that is no UUID: %v", err)
	}
}

// TestATestTerminalIsMarkedOnEverythingThatIsShown: another server, and the mark on slips, prompts and texts, also after the setting was changed back.
func TestATestTerminalIsMarkedOnEverythingThatIsShown(t *testing.T) {
	c := newTill(t, func(s *sandbox.Settings) { s.OTP = true }, map[string]string{"TestTerminal": "yes", "Server": "https://127.0.0.1:1", "Statement": "own"})
	r := order(pay.KindPayout, 100, `{"document":"ПЕ1","client":{"name":"ПЕТРОВ СЕРГЕЙ"}}`)
	op := c.run(r, answers{"card": always(card), "statement": always("1"), "otp": func(pay.Event) string { return c.code(r) }})
	if op.Outcome != pay.Approved || !op.Test {
		t.Fatalf("%+v", op)
	}
	if !slices.Equal(c.prompts(), []string{"card", "statement", "otp"}) {
		t.Errorf("asked %v", c.prompts())
	}
	for _, e := range c.seen {
		for _, words := range []string{e.Text, e.Title} {
			if words != "" && !strings.HasPrefix(words, "ТЕСТ") {
				t.Errorf("%q is not marked", words)
			}
		}
	}
	if !strings.HasPrefix(op.Text, "ТЕСТ") || !strings.Contains(string(c.health().JSON), `"test":true`) {
		t.Errorf("%q, health %s", op.Text, c.health().JSON)
	}
	c.set("TestTerminal", "no")
	paper, err := c.Slip(t.Context(), module.SlipRequest{Ref: r.Ref, Copy: 1, Format: "text"})
	if err != nil || !strings.Contains(string(paper), "ТЕСТ") {
		t.Errorf("%v\n%s", err, paper)
	}
}

// TestWhatWasBegunOnOneTerminalIsNeverSentToAnother: the settings are changed while the outcome is unknown. The other terminal does not know the
// order, and must not make a second one.
func TestWhatWasBegunOnOneTerminalIsNeverSentToAnother(t *testing.T) {
	c := newTill(t, nil, nil)
	other := newTill(t, nil, nil)
	if _, err := c.box.Faults().Arm(box.Fault{Kind: box.FaultDrop, Work: true, Count: -1}); err != nil {
		t.Fatal(err)
	}
	r := payoutTo(card, 100)
	if _, _, err := c.Begin(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c.until("the payout is sent", func() bool { return c.posts() > 0 })
	c.set("Server", other.box.URL())
	c.restart()
	if _, _, err := c.Begin(t.Context(), r); err != nil { // the till repeats the ref, and the number of the card with it
		t.Fatal(err)
	}
	if op := c.follow(r.Ref, nil, false); op.Outcome != pay.Unknown {
		t.Fatalf("%+v", op)
	}
	if other.posts() != 0 || other.paid() != 0 {
		t.Fatal("another terminal was asked for the payout")
	}
	c.box.Faults().Disarm("")
	c.set("Server", c.box.URL())
	if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Approved || c.paid() != 100 {
		t.Errorf("%+v, paid %s", op, c.paid())
	}
}

// TestAfterARestartAPayoutIsOnlyAskedAfterUntilTheTillRepeatsIt: the number of the card is gone.
func TestAfterARestartAPayoutIsOnlyAskedAfterUntilTheTillRepeatsIt(t *testing.T) {
	c := newTill(t, nil, nil)
	if _, err := c.box.Faults().Arm(box.Fault{Kind: box.FaultDrop, Count: -1}); err != nil { // nothing is done there
		t.Fatal(err)
	}
	r := payoutTo(card, 100)
	if _, _, err := c.Begin(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	c.until("the payout is sent", func() bool { return c.posts() > 0 })
	c.restart()
	c.box.Faults().Disarm("")
	sent := c.posts()
	if op := c.follow(r.Ref, nil, false); op.Outcome != pay.Unknown {
		t.Fatalf("%+v", op)
	}
	if c.posts() != sent {
		t.Error("it was sent again without its card")
	}
	if _, _, err := c.Begin(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Approved || c.paid() != 100 {
		t.Errorf("%+v, paid %s", op, c.paid())
	}
	c.hides(card)
}

// TestTheCardIsAskedForWhereTheTillGaveNone, again where there is a mistake in it, and is written nowhere.
func TestTheCardIsAskedForWhereTheTillGaveNone(t *testing.T) {
	c := newTill(t, nil, nil)
	typed := []string{"4111 1111 1111 1112", "2200 1200 0006 1234"}
	r := order(pay.KindPayout, 100, `{"document":"ПЕ2"}`)
	op := c.run(r, answers{"card": func(pay.Event) string {
		next := typed[0]
		typed = typed[1:]
		return next
	}})
	if op.Outcome != pay.Approved || op.Payer != "220012******1234" || len(c.prompts()) != 2 {
		t.Errorf("%+v, asked %v", op, c.prompts())
	}
	c.hides(card, "4111111111111112", "4111 1111 1111 1112", "2200 1200 0006 1234")
}

// TestAClientsCodeConfirmsThePayout: a wrong one is asked for again, with the tries that are left; three of them cancel the order.
func TestAClientsCodeConfirmsThePayout(t *testing.T) {
	for _, bare := range []bool{false, true} {
		c := newTill(t, func(s *sandbox.Settings) {
			s.OTP, s.OTPBare, s.OTPStatus, s.OTPCode = true, bare, "pending_otp", "918273645546"
		}, nil)
		r := payoutTo(card, 100)
		tries := 0
		op := c.run(r, answers{"otp": func(e pay.Event) string {
			if tries++; tries == 1 {
				return "000"
			}
			if e.AttemptsLeft != 2 || !strings.Contains(e.Text, "не подошел") {
				t.Errorf("%+v", e)
			}
			return c.code(r)
		}})
		if op.Outcome != pay.Approved || c.paid() != 100 || tries != 2 {
			t.Errorf("%+v, paid %s, %d codes", op, c.paid(), tries)
		}
		wrong := payoutTo(card, 200)
		if op := c.run(wrong, answers{"otp": always("000")}); op.Outcome != pay.Declined || op.Code != "CANCELED" || c.paid() != 100 {
			t.Errorf("three wrong codes: %+v, paid %s", op, c.paid())
		}
		c.hides(card, "918273645546")
	}
}

// TestACodeWhoseAnswerIsLostIsNotAskedForTwice: the order was completed, and the till hears it.
func TestACodeWhoseAnswerIsLostIsNotAskedForTwice(t *testing.T) {
	for _, worked := range []bool{true, false} {
		c := newTill(t, func(s *sandbox.Settings) { s.OTP = true }, nil)
		if _, err := c.box.Faults().Arm(box.Fault{Kind: box.FaultDrop, Work: worked, Path: "/v1/orders/account2card/confirm"}); err != nil {
			t.Fatal(err)
		}
		r := payoutTo(card, 100)
		asked := 0
		op := c.run(r, answers{"otp": func(pay.Event) string { asked++; return c.code(r) }})
		if want := map[bool]int{true: 1, false: 2}[worked]; op.Outcome != pay.Approved || c.paid() != 100 || asked != want {
			t.Errorf("worked %v: %+v, paid %s, asked %d times", worked, op, c.paid(), asked)
		}
	}
}

// TestAPayoutIsCancelledBeforeItIsSentAndNeverAfter, and never reversed; the refusal says why.
func TestAPayoutIsCancelledBeforeItIsSentAndNeverAfter(t *testing.T) {
	c := newTill(t, nil, nil)
	r := order(pay.KindPayout, 100, `{"document":"ПЕ3"}`)
	op := c.run(r, answers{"card": func(pay.Event) string {
		if err := c.Cancel(t.Context(), r.Ref, "the client left", "Иванова"); err != nil {
			t.Error(err)
		}
		return ""
	}})
	if op.Outcome != pay.Cancelled || c.posts() != 0 {
		t.Errorf("%+v", op)
	}
	r = payoutTo(card, 100)
	if op := c.run(r, nil); op.Outcome != pay.Approved || op.CanReverse || op.CanCancel {
		t.Errorf("%+v", op)
	}
	if _, err := c.Acknowledge(t.Context(), r.Ref, pay.AckReverse, "", "Иванова"); pay.CodeOf(err) != pay.ErrState || !strings.Contains(err.Error(), "отменить нельзя") {
		t.Errorf("%v", err)
	}
	if err := c.Cancel(t.Context(), r.Ref, "", "Иванова"); pay.CodeOf(err) != pay.ErrState {
		t.Errorf("%v", err)
	}
	if _, err := c.Acknowledge(t.Context(), r.Ref, pay.AckConfirm, "", "Иванова"); err != nil || c.paid() != 100 {
		t.Errorf("%v, paid %s", err, c.paid())
	}
}

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
