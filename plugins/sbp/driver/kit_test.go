package driver_test

import (
	"testing"

	"github.com/payrack/payrack/plugins/sbp/driver"
	"github.com/payrack/payrack/plugins/sbp/sandbox"
	"github.com/payrack/payrack/sdk/drivertest"
)

// The kit's customer pays a code that the till shows, its till expects a cancel to be proved at once, and its ledger knows operations by the engine's
// key. So it is run on Raiffeisenbank's dynamic code. A cash link is shown by nobody, Russian Standard blocks no code, and Gazprombank's codes bear no
// key of ours: TestEachFaultOfEachExchangeGivesUnknownOrTheTruthAndNeverALie and the tests beside it hold those.
func TestTheDriverPassesTheKit(t *testing.T) {
	drivertest.Run(t, drivertest.Case{
		Module:  driver.Module(),
		Sandbox: func() (drivertest.Sandbox, error) { return sandbox.New(sandbox.Options{}) },
		Settings: map[string]string{"Raiffeisen": "yes", "RaiffeisenServer": "{sandbox}/raiffeisen/api", "RaiffeisenMerchant": sandbox.RaiffeisenMerchant,
			"RaiffeisenKey": sandbox.RaiffeisenKey},
		Secrets: []string{sandbox.RaiffeisenKey},
	})
}
