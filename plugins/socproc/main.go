// Command socproc is the payment module of Social processing, by which a basket is paid partly from public funds. A payrack host starts it; it is not
// run by hand.
package main

import (
	"github.com/payrack/payrack/plugins/socproc/driver"
	"github.com/payrack/payrack/sdk"
)

func main() { sdk.Main(driver.Module()) }
