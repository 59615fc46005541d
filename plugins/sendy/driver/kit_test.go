package driver_test

import (
	"testing"

	"github.com/payrack/payrack/plugins/sendy/driver"
	"github.com/payrack/payrack/plugins/sendy/sandbox"
	"github.com/payrack/payrack/sdk/drivertest"
)

func TestTheDriverPassesTheKit(t *testing.T) {
	drivertest.Run(t, drivertest.Case{
		Module:   driver.Module(),
		Sandbox:  func() (drivertest.Sandbox, error) { return sandbox.New(sandbox.Options{}) },
		Settings: map[string]string{"Server": "{sandbox}"},
		Activate: map[string]string{"terminal_id": sandbox.DefaultTerminal.ID, "serial": "SN-1", "code": sandbox.DefaultTerminal.Code},
	})
}
