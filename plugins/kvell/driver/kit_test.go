package driver_test

import (
	"crypto/rand"
	"crypto/rsa"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/kvell/driver"
	"github.com/payrack/payrack/plugins/kvell/sandbox"
	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk/drivertest"
	"github.com/payrack/payrack/sdk/drivertest/kit"
	"github.com/payrack/payrack/sdk/pay"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// pair is a key of the merchant for all tests: of the fewest bits that are taken, since making one takes its time.
var pair = sync.OnceValues(func() (private, public string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	p, err := wire.WritePrivate(key)
	if err != nil {
		panic(err)
	}
	q, err := wire.WritePublic(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return string(p), string(q)
})

// settings are those of a sandbox that knows the key.
func settings(change func(*sandbox.Settings)) *sandbox.Settings {
	s := sandbox.DefaultSettings()
	_, s.PublicKey = pair()
	if change != nil {
		change(&s)
	}
	return &s
}

// goodCard is a card that gets its money at once.
const goodCard = "2200120000061234"

// The default goes through all cases in each run: variant A, answers that every client reads. The other shapes, signatures and terminals are played
// with DRIVERTEST_ALL=1.
func TestTheDriverPassesTheKit(t *testing.T) {
	for name, c := range map[string]struct {
		box       func(*sandbox.Settings)
		signature string
		limits    kit.Limits
	}{
		"A/flat":   {func(s *sandbox.Settings) { s.Shape, s.Upper = sandbox.ShapeFlat, true }, "A", kit.Limits{}},
		"A/both":   {nil, "A", kit.Limits{}},
		"A/nested": {func(s *sandbox.Settings) { s.Shape = sandbox.ShapeNested }, "A", kit.Limits{}},
		"A/otp": {func(s *sandbox.Settings) {
			s.OTP, s.OTPBare, s.Shape, s.OTPLifetime = true, true, sandbox.ShapeFlat, sdk.Duration(6*time.Second)
		}, "A", kit.Limits{Lapses: true}},
		"A/slow":   {func(s *sandbox.Settings) { s.WorkPolls, s.HiddenPolls = 3, 2 }, "A", kit.Limits{}},
		"B/nested": {func(s *sandbox.Settings) { s.Variant, s.Shape = "B", sandbox.ShapeNested }, "B", kit.Limits{}},
		"C/flat":   {func(s *sandbox.Settings) { s.Variant, s.Shape, s.PublicKey = "C", sandbox.ShapeFlat, "" }, "C", kit.Limits{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "A/flat" && name != "A/otp" && os.Getenv("DRIVERTEST_ALL") != "1" {
				t.Skip("left out of this run; DRIVERTEST_ALL=1 plays it")
			}
			private, _ := pair()
			drivertest.Run(t, drivertest.Case{Module: driver.Module(), Sandbox: func() (drivertest.Sandbox, error) { return sandbox.New(sandbox.Options{Settings: settings(c.box)}) },
				Settings: map[string]string{"Server": "{sandbox}", "APIKey": sandbox.APIKey, "SecretKey": sandbox.SecretKey, "PrivateKey": private, "Signature": c.signature,
					"MaxPayout": "0", "MaxPayoutDay": "0"},
				Limits:  c.limits,
				Secrets: []string{sandbox.SecretKey, sandbox.APIKey, goodCard, "70 03 123456"},
				Params: map[pay.Kind]string{pay.KindPayout: `{"document":"{unique}","card":"` + goodCard + `","contract":"K-1",
					"client":{"name":"ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ","passport":"паспорт 70 03 123456"}}`}})
		})
	}
}
