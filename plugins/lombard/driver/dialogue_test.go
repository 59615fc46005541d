package driver

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/lombard/sandbox"
	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/pay"
)

// gateways has the sandbox offer others from now on.
func (c *till) gateways(limits ...int64) {
	c.t.Helper()
	list := []sandbox.Gateway{{ID: "1", Bank: "Русский Стандарт"}, {ID: "2", Bank: "Открытие"}}
	for i, limit := range limits {
		list[i].Limit = limit
	}
	if err := c.box.Control().Configure(c.t.Context(), map[string]any{"gateways": list}); err != nil {
		c.t.Fatal(err)
	}
}

// TestACardChosenBeforeIsKeptOrChosenAgain, for the same client at the same till only.
func TestACardChosenBeforeIsKeptOrChosenAgain(t *testing.T) {
	c := newTill(t, nil, nil)
	c.signIn(clerk())
	for _, step := range []struct {
		keep string
		want []string
	}{{"", []string{"card-number", "card-name", "gateway"}}, {"1", []string{"keep-card", "gateway"}}, {"0", []string{"keep-card", "card", "gateway"}}} {
		if op := c.run(payoutOf("ПЕ1", 100), clerk().and(answers{"keep-card": always(step.keep)})); op.Outcome != pay.Approved {
			t.Fatalf("%+v", op)
		}
		if asked := c.prompts(); !slices.Equal(asked, step.want) {
			t.Errorf("asked %v, expected %v", asked, step.want)
		}
	}
	other := payoutOf("ПЕ2", 100)
	other.PosID = "5"
	if op := c.run(other, clerk()); op.Outcome != pay.Approved || slices.Contains(c.prompts(), "keep-card") {
		t.Errorf("another till's client is taken for this one's: %+v", op)
	}
	again := clerk().and(answers{"keep-card": always("0"), "card": always("new"), "card-name": once("ПЕТРОВ", "PETROV S")})
	again["card-number"] = func() func(pay.Event) string {
		typed := []string{"2200120000061235", sandbox.CardBad, goodCard}
		return func(pay.Event) string {
			next := typed[0]
			typed = typed[1:]
			return next
		}
	}()
	if op := c.run(payoutOf("ПЕ3", 100), again); op.Outcome != pay.Approved {
		t.Errorf("%+v", op)
	}
	if asked, want := c.prompts(), []string{"keep-card", "card", "card-number", "card-number", "card-name", "card-name", "card-number", "card-name", "gateway"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v", asked)
	}
	c.hides(goodCard, sandbox.CardBad)
}

// TestTheLimitIsLookedAtAgainBeforeTheStatement, and one that nobody has ends the payout before anything is drafted.
func TestTheLimitIsLookedAtAgainBeforeTheStatement(t *testing.T) {
	c := newTill(t, nil, map[string]string{"Statement": "own"})
	c.signIn(clerk())
	c.gateways(6_000_000, 6_000_000)
	a := clerk()
	a["gateway"] = func(pay.Event) string {
		c.gateways(100, 6_000_000)
		return "1"
	}
	op := c.run(payoutOf("ПЕ1", 345000), a)
	list, err := c.box.Control().Payouts(t.Context())
	if op.Outcome != pay.Approved || err != nil || len(list) != 1 || list[0].Gateway != "2" || !strings.Contains(string(op.Result), "Открытие") {
		t.Errorf("%+v, %+v, %v", op, list, err)
	}
	c.gateways(100, 200)
	before := c.requests(wire.PathPay)
	if op := c.run(payoutOf("ПЕ2", 345000), clerk()); op.Outcome != pay.Declined || op.Code != "PR_E_LIMIT" || !strings.Contains(op.Text, "Открытие") || c.requests(wire.PathPay) != before {
		t.Errorf("%+v", op)
	}
	// The limit goes between statement and confirmation: the service's word declines.
	c.gateways(6_000_000, 0)
	a = clerk()
	a["statement"] = func(pay.Event) string {
		c.gateways(100, 100)
		return "1"
	}
	if op := c.run(payoutOf("ПЕ3", 345000), a); op.Outcome != pay.Declined || op.Code != "1303" || c.confirms() != 1 {
		t.Errorf("%+v", op)
	}
}

// TestADraftThatWasLeftIsNeverConfirmed: the client does not sign, or the module dies while he reads; the same ticket is then paid once, under another id.
func TestADraftThatWasLeftIsNeverConfirmed(t *testing.T) {
	for _, left := range []string{"refused", "killed"} {
		t.Run(left, func(t *testing.T) {
			t.Parallel()
			c := newTill(t, nil, map[string]string{"Statement": "service"})
			c.signIn(clerk())
			r := payoutOf("ПЕ1", 345000)
			if left == "refused" {
				if op := c.run(r, clerk().and(answers{"statement": always("0")})); op.Outcome.Final() != true || op.Outcome == pay.Approved {
					t.Fatalf("%+v", op)
				}
			} else {
				if _, _, err := c.Begin(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				drafted := make(chan struct{})
				go func() {
					a := clerk()
					a["statement"] = func(pay.Event) string { close(drafted); return "" }
					_ = c.Watch(t.Context(), r.Ref, 0, true, func(e pay.Event) error {
						if f := a[e.ID]; e.Prompt() && f != nil {
							if value := f(e); value != "" {
								_ = c.Answer(t.Context(), r.Ref, e.Number, value, "Иванова")
							}
						}
						return nil
					})
				}()
				<-drafted
				c.restart()
			}
			if op := c.run(r, nil); op.Outcome == pay.Approved || !op.Outcome.Final() {
				t.Errorf("%+v", op)
			}
			if c.confirms() != 0 {
				t.Error("it was paid")
			}
			if op := c.run(payoutOf("ПЕ1", 345000), clerk()); op.Outcome != pay.Approved {
				t.Errorf("%+v", op)
			}
			list, err := c.box.Control().Payouts(t.Context())
			if err != nil || len(list) != 2 || list[0].Status != wire.Draft || list[1].Status != wire.Success || c.confirms() != 1 {
				t.Errorf("%+v, %v", list, err)
			}
		})
	}
}

// TestAServiceThatSaysNoOrDoesNotWorkIsADeclineWithItsWords, and a card that takes its time is paid once.
func TestAServiceThatSaysNoOrDoesNotWorkIsADeclineWithItsWords(t *testing.T) {
	c := newTill(t, nil, nil)
	c.signIn(clerk())
	if op := c.run(payoutOf("ПЕ1", 100), clerk().and(answers{"card-number": always(sandbox.CardRefused)})); op.Outcome != pay.Declined || op.Code != "3" || op.Hint == "" {
		t.Errorf("%+v", op)
	}
	if op := c.run(payoutOf("ПЕ2", 100), clerk().and(answers{"keep-card": always("0"), "card": always("new"), "card-number": always(sandbox.CardSlow)})); op.Outcome != pay.Approved || c.confirms() != 1 {
		t.Errorf("%+v", op)
	}
	if err := c.box.Control().Configure(t.Context(), map[string]any{"closed": true}); err != nil {
		t.Fatal(err)
	}
	if op := c.run(payoutOf("ПЕ3", 100), clerk()); op.Outcome != pay.Declined || op.Code != "1401" {
		t.Errorf("%+v", op)
	}
}

// TestWhatTheTillHasWrongMeansNoCallAtAll: cash, a document that is not made, a till that answers nothing.
func TestWhatTheTillHasWrongMeansNoCallAtAll(t *testing.T) {
	c := newTill(t, nil, map[string]string{"Statement": "own"})
	for params, want := range map[string]pay.Code{
		`{"document":"A","tenders":{"cash":1,"cashless":99}}`:                 pay.ErrState,
		`{"document":"A","documents":[{"id":"ПЕ1","made":false}]}`:            pay.ErrState,
		`{"document":"A","client":"ПЕТРОВ"}`:                                  pay.ErrArgument,
		`{"document":"A","card":"2200120000061235"}`:                          pay.ErrArgument,
		`{"document":"A","tenders":{"cashless":99}}`:                          pay.ErrArgument,
		`{"document":"A","documents":[{"id":"ПЕ1","made":true}],"client":{}}`: 0,
	} {
		r := order(pay.KindPayout, 100, params)
		r.NoPrompts = want == 0
		if want == 0 {
			want = pay.ErrNeedsPrompt
		}
		if _, _, err := c.Begin(t.Context(), r); pay.CodeOf(err) != want {
			t.Errorf("%s: %v", params, err)
		}
	}
	counts, err := c.box.Control().Counts(t.Context())
	if err != nil || len(counts) != 0 {
		t.Errorf("the service was called: %v %v", counts, err)
	}
}

// TestWithoutSettingsItIsCashOnly, and the till hears it before it asks for a payout.
func TestWithoutSettingsItIsCashOnly(t *testing.T) {
	c := newTill(t, nil, map[string]string{"NetworkKey": ""})
	raw, err := c.Info(t.Context(), "health", "ru")
	if err != nil || !strings.Contains(string(raw), "cash_only") || !strings.Contains(string(raw), "NetworkKey") {
		t.Errorf("%s %v", raw, err)
	}
	if _, _, err := c.Begin(t.Context(), payoutOf("ПЕ1", 100)); pay.CodeOf(err) != pay.ErrConfig {
		t.Error(err)
	}
	c.set("NetworkKey", "wrong-network-key")
	test := order(pay.KindTest, 0, "{}")
	test.Currency = ""
	if op := c.run(test, nil); op.Outcome != pay.Declined || op.Code != "PR_E_AUTH" {
		t.Errorf("%+v", op)
	}
	raw, err = c.Info(t.Context(), "health", "ru") // the test of the way says it too, as long as the settings do not
	if err != nil || !strings.Contains(string(raw), "cash_only") || !strings.Contains(string(raw), "degraded") {
		t.Errorf("%s %v", raw, err)
	}
	c.set("NetworkKey", sandbox.NetworkKey)
	again := order(pay.KindTest, 0, "{}")
	again.Currency = ""
	if op := c.run(again, nil); op.Outcome != pay.Approved {
		t.Errorf("%+v", op)
	}
	if raw, err := c.Info(t.Context(), "health", "ru"); err != nil || strings.Contains(string(raw), "cash_only") {
		t.Errorf("%s %v", raw, err)
	}
	var known map[string]any
	if raw, err := c.Info(t.Context(), "registration", "ru"); err != nil || json.Unmarshal(raw, &known) != nil || known["place"] != "11/21" {
		t.Errorf("%s %v", raw, err)
	}
}
