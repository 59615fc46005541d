// Command sbp is the payment module of the Faster Payments System at three banks. A payrack host starts it; it is not run by hand.
package main

import (
	"github.com/payrack/payrack/plugins/sbp/driver"
	"github.com/payrack/payrack/sdk"
)

func main() { sdk.Main(driver.Module()) }
