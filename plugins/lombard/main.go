// Command lombard is the payment module of Lombard Payments, which pays loans out to bank cards. A payrack host starts it; it is not run by hand.
package main

import (
	"github.com/payrack/payrack/plugins/lombard/driver"
	"github.com/payrack/payrack/sdk"
)

func main() { sdk.Main(driver.Module()) }
