package driver

import (
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// An error that the service gives to a second confirmation is about the second: the first, of which nothing was heard, may have paid. Only where the
// service said itself of each earlier one that it did nothing is it a decline.
func TestAnErrorToARepeatedConfirmationDecidesNothing(t *testing.T) {
	catalogue, err := text.Load(words)
	if err != nil {
		t.Fatal(err)
	}
	d := &Driver{settings: &Settings{Settings: sdk.Settings{Language: "ru"}}, words: catalogue, log: hclog.NewNullLogger()}
	for _, c := range []struct {
		tries, notDone int
		code           wire.Code
		want           provider.Verdict
	}{
		{1, 0, wire.CodeLimit, provider.Declined}, {2, 0, wire.CodeLimit, provider.Unknown}, {2, 1, wire.CodeLimit, provider.Declined},
		{3, 1, wire.CodeGateway, provider.Unknown}, {1, 0, wire.CodeUnavailable, provider.Unknown}, {1, 0, wire.CodeOther, provider.Unknown},
	} {
		op := provider.Operation{Ref: "r", Key: pay.Key{1}, Kind: pay.KindPayout, Tries: c.tries, Language: "ru"}
		if r := d.refused(op, ticket{NotDone: c.notDone}, &wire.Failure{Code: c.code}); r.Verdict != c.want {
			t.Errorf("%+v: %v", c, r.Verdict)
		}
	}
}
