package host

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
)

// FuzzDigest: any parameters that are taken have one digest, whatever their order and white space, and no secret stands in what is hashed
// openly.
func FuzzDigest(f *testing.F) {
	f.Add(`{"receipt":"157","code":"4276550012345678"}`, "sendy", int64(100))
	f.Add(`{"args":{"b":1,"a":[1.0,1e400]},"despite":"R"}`, "", int64(-1))
	f.Add(`{"items":[{"n":12345678901234567890}],"":null}`, "x", int64(0))
	f.Fuzz(func(t *testing.T, text, module string, amount int64) {
		params, err := pay.ParseParams(text)
		if err != nil {
			return
		}
		r := pay.Request{Module: module, Kind: pay.KindOnline, Amount: pay.Amount(amount), PosID: "4", Params: params}
		first, err := digest([]byte("key"), r)
		if err != nil {
			return // a number that no digest can hold
		}
		canonical, err := params.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if r.Params, err = pay.ParseParams(string(canonical)); err != nil {
			t.Fatalf("%q is canonically %q: %v", text, canonical, err)
		}
		second, err := digest([]byte("key"), r)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%q and %q: %v", text, canonical, err)
		}
		if third, _ := digest([]byte("other"), r); params.Secrets() == bytes.Equal(first, third) && params.Code+params.Card != "" {
			t.Fatalf("%q: a secret is outside of the keyed hash", text)
		}
	})
}

// FuzzForced: what a module would read as a forced activation is seen as one.
func FuzzForced(f *testing.F) {
	f.Add([]byte(`{"force":false,"FORCE":true}`))
	f.Add([]byte(`{"force":"0"}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, args []byte) {
		var read struct{ Force bool }
		if json.Unmarshal(args, &read) == nil && read.Force && !forced(args) {
			t.Fatalf("%q", args)
		}
	})
}
