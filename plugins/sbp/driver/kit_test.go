package driver_test

import (
	"encoding/json"
	"maps"
	"path"
	"testing"

	"github.com/payrack/payrack/plugins/sbp/driver"
	"github.com/payrack/payrack/plugins/sbp/sandbox"
	"github.com/payrack/payrack/sdk/drivertest"
	"github.com/payrack/payrack/sdk/drivertest/kit"
)

// Each bank's two ways are played whole.
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
	// An answer that tells another's name of an activation alone, beside the link's own.
	activations := []map[string]json.RawMessage{{"data.paramsId": json.RawMessage(`"P0"`)}}
	type play struct {
		settings     map[string]string
		mode, secret string
		limits       kit.Limits
		edits        []map[string]json.RawMessage
	}
	ways := map[string]play{
		"raiffeisen/dynamic": {raiffeisen, "RaiffeisenMode", sandbox.RaiffeisenKey, kit.Limits{}, nil},
		"raiffeisen/link":    {raiffeisen, "RaiffeisenMode", sandbox.RaiffeisenKey, kit.Limits{Link: true}, nil},
		// The bank is told no time for a code: the till keeps it, and blocks the code (contract 3.3).
		"gazprombank/dynamic": {gazprombank, "GazprombankMode", sandbox.GazprombankPassword, kit.Limits{KeepsNoTime: true}, nil},
		"gazprombank/link":    {gazprombank, "GazprombankMode", sandbox.GazprombankPassword, kit.Limits{Link: true}, activations},
		// The bank has no request that blocks a code: it dies by its time, qrcExpire (contract 3.4).
		"rsb/dynamic": {rsb, "RSBMode", "", kit.Limits{CancelProof: kit.AtExpiry}, nil},
		"rsb/link":    {rsb, "RSBMode", "", kit.Limits{Link: true}, activations},
	}
	for name, c := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := maps.Clone(c.settings)
			settings[c.mode] = path.Base(name)
			drivertest.Run(t, drivertest.Case{Module: driver.Module(), Settings: settings, Secrets: []string{c.secret}, Limits: c.limits, Asks: asks, Edits: c.edits,
				OneIn: len(ways), Sandbox: func() (drivertest.Sandbox, error) { return sandbox.New(sandbox.Options{}) }})
		})
	}
}
