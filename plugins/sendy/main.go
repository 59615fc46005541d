// Command sendy is the payment module of Sendy, with WeChat and AliPay behind it. A payrack host starts it; it is not run by hand.
package main

import (
	"github.com/payrack/payrack/plugins/sendy/driver"
	"github.com/payrack/payrack/sdk"
)

func main() { sdk.Main(driver.Module()) }
