package driver_test

import (
	"maps"
	"os"
	"path"
	"testing"

	"github.com/payrack/payrack/plugins/sbp/driver"
	"github.com/payrack/payrack/plugins/sbp/sandbox"
	"github.com/payrack/payrack/sdk/drivertest"
	"github.com/payrack/payrack/sdk/drivertest/kit"
)

// Raiffeisenbank's dynamic code goes through all cases in each run. The other ways are played with DRIVERTEST_ALL=1.
func TestTheDriverPassesTheKit(t *testing.T) {
	box, err := sandbox.New(sandbox.Options{}) // for the text of its links alone
	if err != nil {
		t.Fatal(err)
	}
	links := map[sandbox.Bank]string{}
	for _, bank := range sandbox.Banks() {
		links[bank] = box.CashLink(bank)
	}
	if err := box.Close(); err != nil {
		t.Fatal(err)
	}
	raiffeisen := map[string]string{"Raiffeisen": "yes", "RaiffeisenServer": "{sandbox}/raiffeisen/api", "RaiffeisenMerchant": sandbox.RaiffeisenMerchant,
		"RaiffeisenKey": sandbox.RaiffeisenKey, "RaiffeisenCashLink": links[sandbox.Raiffeisen]}
	gazprombank := map[string]string{"Gazprombank": "yes", "DefaultBank": "gazprombank", "GazprombankServer": "{sandbox}/gazprombank",
		"GazprombankLogin": sandbox.GazprombankLogin, "GazprombankPassword": sandbox.GazprombankPassword, "GazprombankMerchant": sandbox.GazprombankMerchant,
		"GazprombankAccount": sandbox.GazprombankAccount, "GazprombankCashLink": links[sandbox.Gazprombank]}
	rsb := map[string]string{"RSB": "yes", "DefaultBank": "rsb", "RSBServer": "{sandbox}/rsb/eis-app/eis-rs/businessPaymentService", "RSBLogin": sandbox.RSBLogin,
		"RSBTerminal": sandbox.RSBTerminal, "RSBMerchant": sandbox.RSBMerchant, "RSBAccount": sandbox.RSBAccount, "RSBCashLink": links[sandbox.RSB]}
	const service = "POST /rsb/eis-app/eis-rs/businessPaymentService/"
	asks := []string{service + "getQrdStatus", service + "getCashLink", service + "getCashLinkStatus", service + "getRefundStatus",
		"PUT /gazprombank/payment/v1/qrc-status", "POST /gazprombank/operation/info", "POST /gazprombank/merchant/transfer/return/prepare"}
	for name, c := range map[string]struct {
		settings     map[string]string
		mode, secret string
		limits       kit.Limits
	}{
		"raiffeisen/dynamic":  {raiffeisen, "RaiffeisenMode", sandbox.RaiffeisenKey, kit.Limits{}},
		"raiffeisen/link":     {raiffeisen, "RaiffeisenMode", sandbox.RaiffeisenKey, kit.Limits{Link: true}},
		"gazprombank/dynamic": {gazprombank, "GazprombankMode", sandbox.GazprombankPassword, kit.Limits{KeepsNoTime: true}},
		"gazprombank/link":    {gazprombank, "GazprombankMode", sandbox.GazprombankPassword, kit.Limits{Link: true}},
		"rsb/dynamic":         {rsb, "RSBMode", "", kit.Limits{CancelProof: kit.AtExpiry}},
		"rsb/link":            {rsb, "RSBMode", "", kit.Limits{Link: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := maps.Clone(c.settings)
			settings[c.mode] = path.Base(name)
			if name != "raiffeisen/dynamic" && os.Getenv("DRIVERTEST_ALL") != "1" {
				t.Skip("left out of this run; DRIVERTEST_ALL=1 plays it")
			}
			drivertest.Run(t, drivertest.Case{Module: driver.Module(), Settings: settings, Secrets: []string{c.secret}, Limits: c.limits, Asks: asks,
				Sandbox: func() (drivertest.Sandbox, error) { return sandbox.New(sandbox.Options{}) }})
		})
	}
}
