package driver

import (
	"fmt"
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
