package driver

import (
	"slices"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/lombard/sandbox"
	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// TestALoanGoesToTheCard is the dialogue of the seed in fair weather, with each statement.
func TestALoanGoesToTheCard(t *testing.T) {
	for statement, dialogue := range map[string][]string{
		"none":    {"phone", "password", "card-number", "card-name", "gateway"},
		"own":     {"phone", "password", "card-number", "card-name", "gateway", "statement"},
		"service": {"phone", "password", "card-number", "card-name", "gateway", "statement"},
	} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()
			c := newTill(t, func(s *sandbox.Settings) { s.DocumentPolls = 1 }, map[string]string{"Statement": statement, "LogLevel": "debug"})
			r := payoutOf("ПЕ800", 345000)
			op := c.run(r, clerk())
			if op.Outcome != pay.Approved || op.ApprovedAmount != 345000 || op.Code != "2" || op.Payer != "220012******1234" || op.RRN == "" || c.paid() != 345000 {
				t.Fatalf("%+v, paid %s", op, c.paid())
			}
			if asked := c.prompts(); !slices.Equal(asked, dialogue) {
				t.Errorf("asked %v", asked)
			}
			if !strings.Contains(string(op.Result), `"tender":"cashless"`) || !strings.Contains(op.Hint, "безналичной") {
				t.Errorf("that only a cashless receipt may be printed is not said: %s %s", op.Result, op.Hint)
			}
			if c.requests(wire.PathPay) != 2 {
				t.Errorf("%d requests", c.requests(wire.PathPay))
			}
			list, err := c.box.Control().Payouts(t.Context())
			if err != nil || len(list) != 1 || list[0].Status != wire.Success {
				t.Fatalf("%+v %v", list, err)
			}
			paper, err := c.Slip(t.Context(), module.SlipRequest{Ref: r.Ref, Copy: 1, Format: "text", Width: 32})
			for _, line := range []string{"СУММА ВЫПЛАТЫ       3 450,00 RUB", "Карта МИР       220012******1234", "ID транзакции", "Отмена выплаты невозможна:"} {
				if err != nil || !strings.Contains(string(paper), line) {
					t.Errorf("no %q (%v) on\n%s", line, err, paper)
				}
			}
			c.hides(goodCard, passport, sandbox.ClerkPassword, sandbox.NetworkKey, "-def-")
		})
	}
}
