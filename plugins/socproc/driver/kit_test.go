package driver_test

import (
	"testing"

	"github.com/payrack/payrack/plugins/socproc/driver"
	"github.com/payrack/payrack/plugins/socproc/sandbox"
	"github.com/payrack/payrack/sdk/drivertest"
	"github.com/payrack/payrack/sdk/drivertest/kit"
	"github.com/payrack/payrack/sdk/pay"
)

// basket is a receipt of which half is social, or all of it where it costs a kopeck, and one without anything social.
const (
	basket = `{"receipt":"{unique}","card":"hash=` + sandbox.CardPlenty + `;masked=220220******5678","items":[
		{"position":1,"barcode":"` + sandbox.Milk + `","name":"Молоко","quantity":1000,"price":{part},"sum":{part}},
		{"position":2,"barcode":"` + sandbox.Beer + `","name":"Пиво","quantity":1000,"price":{rest},"sum":{rest}}]}`
	beer = `{"card":"hash=` + sandbox.CardPlenty + `","items":[
		{"position":1,"barcode":"` + sandbox.Beer + `","name":"Пиво","quantity":1000,"price":{amount},"sum":{amount}}]}`
)

func TestTheDriverPassesTheKit(t *testing.T) {
	s := sandbox.DefaultSettings()
	for i := range s.Cards {
		if s.Cards[i].Hash == sandbox.CardPlenty {
			s.Cards[i].Limit, s.Cards[i].Month = 1_000_000_000, 1_000_000_000
		}
	}
	drivertest.Run(t, drivertest.Case{
		Module:  driver.Module(),
		Sandbox: func() (drivertest.Sandbox, error) { return sandbox.New(sandbox.Options{Settings: &s}) },
		Settings: map[string]string{"url": "{sandbox}", "enterprise_id": sandbox.EnterpriseID, "merchant_id": sandbox.MerchantID, "sp_code": sandbox.SPCode,
			"TerminalNo": sandbox.TerminalNo},
		Params:   map[pay.Kind]string{pay.KindBasket: basket},
		Declined: map[pay.Kind]string{pay.KindBasket: beer},
		Limits:   kit.Limits{Whole: true},
		Secrets:  []string{sandbox.CardPlenty},
	})
}
