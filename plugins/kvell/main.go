// Command kvell is the payment module of KVELL, which pays loans out to bank cards. A payrack host starts it; it is not run by hand.
package main

import (
	"github.com/payrack/payrack/plugins/kvell/driver"
	"github.com/payrack/payrack/sdk"
)

func main() { sdk.Main(driver.Module()) }
