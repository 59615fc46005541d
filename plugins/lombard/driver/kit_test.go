package driver_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/payrack/payrack/plugins/lombard/driver"
	"github.com/payrack/payrack/plugins/lombard/sandbox"
	"github.com/payrack/payrack/sdk/drivertest"
	"github.com/payrack/payrack/sdk/pay"
)

// goodCard is a card that gets its money at once.
const goodCard = "2200120000061234"

// The first goes through all cases in each run; the others are played with DRIVERTEST_ALL=1.
func TestTheDriverPassesTheKit(t *testing.T) {
	for name, c := range map[string]struct {
		box       func(*sandbox.Settings)
		statement string
		phone     string
	}{
		"none":    {func(*sandbox.Settings) {}, "none", sandbox.ClerkPhone},
		"service": {func(s *sandbox.Settings) { s.DocumentPolls = 1 }, "service", sandbox.ClerkPhone},
		"slow":    {func(s *sandbox.Settings) { s.WorkPolls, s.HiddenPolls = 3, 2 }, "none", sandbox.ClerkPhone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "none" && os.Getenv("DRIVERTEST_ALL") != "1" {
				t.Skip("left out of this run; DRIVERTEST_ALL=1 plays it")
			}
			drivertest.Run(t, drivertest.Case{Module: driver.Module(),
				Sandbox: func() (drivertest.Sandbox, error) {
					s := sandbox.DefaultSettings()
					s.Gateways = []sandbox.Gateway{{ID: "1", Bank: "Русский Стандарт", Limit: 1_000_000_000}, {ID: "2", Bank: "Открытие", Limit: 1_000_000_000}}
					c.box(&s)
					return sandbox.New(sandbox.Options{Settings: &s})
				},
				Settings: map[string]string{"Server": "{sandbox}", "HTTPS": "no", "NetworkKey": sandbox.NetworkKey, "NetworkID": strconv.Itoa(sandbox.NetworkID),
					"BranchID": strconv.Itoa(sandbox.BranchID), "Statement": c.statement, "MaxPayout": "0", "MaxPayoutDay": "0"},
				Answers: map[string]string{"phone": c.phone, "password": sandbox.ClerkPassword, "card-number": goodCard, "card-name": "PETROV SERGEY", "again": "1"},
				// All but pay moves nothing. A card that is bound twice is bound once.
				Asks:    []string{"POST /v2/account/*", "POST /v2/card/*", "POST /v2/document/*", "POST /v2/transaction/list"},
				Secrets: []string{sandbox.NetworkKey, sandbox.ClerkPassword, goodCard, "70 03 123456", "-def-"},
				Params: map[pay.Kind]string{pay.KindPayout: `{"document":"{unique}","contract":"K-1",
					"client":{"name":"ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ","passport":"паспорт 70 03 123456"}}`}})
		})
	}
}
