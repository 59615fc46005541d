package driver

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/kvell/sandbox"
	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk/pay"
)

// keys runs the command about the keys.
func (c *till) keys(args map[string]any) pay.Operation {
	c.t.Helper()
	raw, err := json.Marshal(map[string]any{"name": "keys", "args": args})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.run(order(pay.KindCommand, 0, string(raw)), nil)
}

// TestKeysAreMadeHereAndThePrivateOneNeverLeaves: made without OpenSSL, taken by the service, shown by their public half only.
func TestKeysAreMadeHereAndThePrivateOneNeverLeaves(t *testing.T) {
	c := newTill(t, nil, map[string]string{"PrivateKey": ""})
	if op := c.keys(map[string]any{"action": "show-public"}); op.Outcome != pay.Declined || op.Hint == "" {
		t.Errorf("no keys yet: %+v", op)
	}
	op := c.keys(map[string]any{"action": "generate"})
	var made keyResult
	if err := json.Unmarshal(op.Result, &made); err != nil || op.Outcome != pay.Approved || made.Bits != wire.KeyBits {
		t.Fatalf("%+v %v", op, err)
	}
	for _, want := range []string{made.Fingerprint, made.Public, "РОМАШКА", "7101234567"} {
		if !strings.Contains(made.Letter, want) {
			t.Errorf("the letter lacks %q:\n%s", want, made.Letter)
		}
	}
	if strings.Contains(string(op.Result), "PRIVATE") {
		t.Error("the private key is in the answer")
	}
	if err := c.box.Control().Configure(t.Context(), map[string]any{"public_key": made.Public}); err != nil {
		t.Fatal(err)
	}
	if op := c.run(payoutTo(card, 100), nil); op.Outcome != pay.Approved {
		t.Errorf("signed with the new key: %+v", op)
	}
	if op := c.keys(map[string]any{"action": "generate"}); op.Outcome != pay.Declined {
		t.Errorf("a key that there is was replaced: %+v", op)
	}
	private, err := wire.WritePrivate(merchantKey())
	if err != nil {
		t.Fatal(err)
	}
	if op := c.keys(map[string]any{"action": "import", "pem": string(private), "replace": true}); op.Outcome != pay.Approved {
		t.Errorf("%+v", op)
	}
	var shown keyResult
	op = c.keys(map[string]any{"action": "show-public"})
	if err := json.Unmarshal(op.Result, &shown); err != nil || shown.Fingerprint != wire.Fingerprint(&merchantKey().PublicKey) || shown.Fingerprint == made.Fingerprint {
		t.Errorf("%+v %v", shown, err)
	}
	if op := c.keys(map[string]any{"action": "import", "pem": "secret text", "replace": true}); op.Outcome != pay.Declined || strings.Contains(op.Text, "secret text") {
		t.Errorf("%+v", op)
	}
	if op := c.run(payoutTo(card, 100), nil); op.Outcome != pay.Declined || op.Code != "20002" { // the service has the other public key still
		t.Errorf("%+v", op)
	}
	inside := strings.Split(string(private), "\n")[3]
	c.hides("PRIVATE KEY", inside, sandbox.SecretKey)
}

// TestTheCertificateOfAPayoutIsAFile holds the way from the order to the PDF.
func TestTheCertificateOfAPayoutIsAFile(t *testing.T) {
	c := newTill(t, nil, nil)
	r := payoutTo(card, 100)
	c.run(r, nil)
	get := func(ref pay.Ref) pay.Operation {
		return c.run(order(pay.KindCommand, 0, `{"name":"certificate","args":{"ref":"`+string(ref)+`"}}`), nil)
	}
	op := get(r.Ref)
	var result struct{ File string }
	if err := json.Unmarshal(op.Result, &result); err != nil || op.Outcome != pay.Approved {
		t.Fatalf("%+v %v", op, err)
	}
	if data, err := os.ReadFile(result.File); err != nil || !strings.HasPrefix(string(data), "%PDF") {
		t.Errorf("%v", err)
	}
	declined := payoutTo(sandbox.CardCanceled, 100)
	c.run(declined, nil)
	for _, ref := range []pay.Ref{declined.Ref, "no-such"} {
		if op := get(ref); op.Outcome != pay.Declined || op.Text == "" {
			t.Errorf("%s: %+v", ref, op)
		}
	}
}
