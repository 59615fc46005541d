package main

import (
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/socproc/sandbox"
	"github.com/payrack/payrack/plugins/socproc/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// TestTheSandboxOfSocialProcessingIsMovedByCommands: a reservation is seen, its time runs out, and a card's limit is set.
func TestTheSandboxOfSocialProcessingIsMovedByCommands(t *testing.T) {
	p := launchAs(t, "socproc")
	body := wire.Reserve{OperationID: "k1", EnterpriseID: sandbox.EnterpriseID, MerchantID: sandbox.MerchantID, SPCode: sandbox.SPCode, TerminalNo: sandbox.TerminalNo,
		Card: wire.Card{PanHash: sandbox.CardPoor}, Receipt: wire.Receipt{ID: "sale-1", Total: 8990,
			Items: []wire.Item{{Position: 1, Barcode: sandbox.Milk, Name: "Молоко", Quantity: 1000, Price: 8990, Sum: 8990}}}}
	post[map[string]any](t, p, "", wire.PathReservations, body)
	if list := must[[]sandbox.Operation](t, p, "operations"); len(list) != 1 || list[0].Approved != 5000 || list[0].Status != "RESERVED" {
		t.Errorf("%+v", list)
	}
	if list := must[[]sandbox.CardLeft](t, p, "cards"); list[1] != (sandbox.CardLeft{Name: "poor", Left: 3000, Month: 0}) {
		t.Errorf("%+v", list)
	}
	if bill := must[sdk.Bill](t, p, "expire"); bill.State != sdk.BillDeclined || bill.Key != "k1" {
		t.Errorf("%+v", bill)
	}
	must[sdk.Wallet](t, p, "wallet", "poor", "--balance", "1200")
	if list := must[[]sandbox.CardLeft](t, p, "cards"); list[1].Month != 1200 {
		t.Errorf("%+v", list)
	}
	for _, lang := range []string{"ru", "en"} {
		code, out, _ := command(t, "socproc", "--help", "--lang", lang)
		if code != exitDone || !strings.Contains(out, "--ttl") {
			t.Errorf("%s: %d %s", lang, code, out)
		}
		code, out, e := command(t, "operations", "--lang", lang, "--control", p.Control)
		if code != exitDone || !strings.Contains(out, "EXPIRED") || !strings.Contains(out, "50.00 RUB") {
			t.Errorf("%d %s %s", code, out, e)
		}
		if code, _, _ := command(t, "socproc", "--ttl", "-1s", "--lang", lang); code != exitUsage {
			t.Errorf("a time below zero: exit %d", code)
		}
	}
}
