package wire

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The values of contract 2.3: made with a key whose public half is known. A signature by RSA PKCS #1 v1.5 has one form only, so that who can verify it
// has the bytes that were signed.
const (
	vectorKey    = "7f0c1f9e-0000-4000-8000-000000000001"
	vectorSecret = "test-secret-0001"
	vectorTx     = "344frge530jm"
	vectorBody   = `{"recipient_pan":"4111111111111111","amount":100,"transaction":"344frge530jm","description":"Выплата","customer":"user@user.com"}`
	vectorC      = "274c6148f5876d69dcbe0232e25a19973b851b29146188233d1ea694e1903e37"
	vectorGet    = "b7eaeda338609e5b09029c0f7e4ff6f2b6d9802eb217e510274240c0a349d483"
	vectorA      = "MdUJTOW+I7BWeej+Ki0t2p5UlYZ1yD6s8RPEJpku4Ice0MfDfmHNDNWySYm67mT/1yHc+1y5NZjngBMAqE9Kyn+pTKeqFpc4Q8Z6dldCVzOwcj8qSSwAmBhhHJYuukpBL1HDInXC600dL4Hybkn/ZzKt52Rd7DBlCtY35s9DA52guoUPZLSyzV/zY1R/Yjy37AS2EnQLVHroCltUejRqfSwqqubJWkmyK1gbXs/b9hLhupOdLdrSomxvbk/gkB5Wh9BWWTaXU8PpJEA8K3AwtRk86rEVe3p2MUeMT07fNb4rb1YxKLa0rNtgGZEHQp5U0PPqsyyOJvT0St5ZHLhw3A=="
	vectorB      = "awbXMQYomNMhHHJrHyJ/fuXerGU7ZA3E+ED12iVamPyKBvcShCLEHa9QB8uUmDToSQ2tI63KwxjtjqdCufL6vrnKH+c8snqiol0X0ouQFT81dWsnoidrcscI9KRXJFjixSOkUKWF0iBwKfmKumKIQtHHnsIsNmNh1s8WLEHcURnEDLvMzwxkwHgvbNqaZsTp0dSKv/oLbFPGURJzBVaM0BFLajPlHqC9ZtahgMBYPdI8egbXhZasABOBHI0tQFDKYBOaXuolsKMoS0EPOUpwPGiFWMBIV09NW7tsY8GvfqQxPYrcpoXHxDVZluFynVXhkHaQv6sWKPCrj50nFnXghg=="
	vectorPublic = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvDuGjZaD7r6tv913IpAS
u2OowT9NAd7Pxd1p491C6vyaLnVrl0E7XNzKBsA0ox4jzeEqtdW6jc5BwJ32rpJC
8s8/ggPtSZeMfL7uk0V4aQ/ehYZRyBzshMFm1TF6LLDrmQxiaNGDbv1DW9/E+opw
J7IZsedsdAXoutk5v85VnpVJD276fSXV+40Nmzpztman4mHfYkx3x9WlhkCGuV44
Rwq5shipFWA5ENMgsReY5EBN3hPEl91NolrD+TUJbSctn6AUN4woPGVEb3fjXlSZ
9rpWVZMyiElc3C4YFWfeOh1EW645cCjsepD51fYyQKdHmkA2/UJxlSgt7/spEBY+
ywIDAQAB
-----END PUBLIC KEY-----
`
)

// TestPayoutSignaturesAreThoseOfThePublicClients holds the three variants over the exact bytes.
func TestPayoutSignaturesAreThoseOfThePublicClients(t *testing.T) {
	public, err := ParsePublic([]byte(vectorPublic))
	if err != nil {
		t.Fatal(err)
	}
	for variant, signature := range map[Variant]string{VariantA: vectorA, VariantB: vectorB, VariantC: vectorC} {
		if !Verify(variant, public, vectorKey, vectorSecret, []byte(vectorBody), signature) {
			t.Errorf("variant %s: the vector is refused", variant)
		}
		if Verify(variant, public, vectorKey, vectorSecret, []byte(vectorBody+" "), signature) {
			t.Errorf("variant %s: one more byte is taken", variant)
		}
		for other := range map[Variant]bool{VariantA: true, VariantB: true, VariantC: true} {
			if other != variant && Verify(other, public, vectorKey, vectorSecret, []byte(vectorBody), signature) {
				t.Errorf("a signature of variant %s is taken for one of %s", variant, other)
			}
		}
	}
	if got, err := (Keys{APIKey: vectorKey, Secret: vectorSecret}).Body(VariantC, []byte(vectorBody)); err != nil || got != vectorC {
		t.Errorf("variant C: %q %v", got, err)
	}
	if Verify("D", public, vectorKey, vectorSecret, []byte(vectorBody), vectorC) {
		t.Error("a variant that there is not is taken")
	}
}

// TestSignaturesWithoutABodyJoinTheValues are the vectors of the service's questions.
func TestSignaturesWithoutABodyJoinTheValues(t *testing.T) {
	k := Keys{APIKey: vectorKey, Secret: vectorSecret}
	for _, c := range []struct {
		k      Keys
		values []string
		want   string
	}{
		{k, []string{vectorTx}, vectorGet},
		{k, []string{"acc-123"}, "c3617c48cdeb85b0724bc52f159320624fe5ae27e42c3a5e240059a0e3a2725e"},
		{k, []string{"79991234567", "100000000111"}, "7bfcdb9d24bac943ad7f2f44028c10f566c529d744f440b43be9f2f19b971141"},
		{Keys{APIKey: "api", Secret: "secret"}, []string{"tx1", "1000"}, "a9f4d359161da0890a5b0df86c37aa79ca712e28d864fcdd6e8e73afbe5af3cb"},
	} {
		if got := c.k.Values(c.values...); got != c.want {
			t.Errorf("%v: %s, want %s", c.values, got, c.want)
		}
	}
	if got, err := k.Body(VariantC, []byte(`{"transaction":"tx-1","status":"completed"}`)); err != nil || got != "8651eeca06ed971df40e2004f615495880c22d844566b895f6c73e11ec37c703" {
		t.Errorf("a notification: %s %v", got, err)
	}
}

// TestWhatWeSignTheServiceVerifies holds signing against verifying, with a key of our own.
func TestWhatWeSignTheServiceVerifies(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, fewestBits)
	if err != nil {
		t.Fatal(err)
	}
	k := Keys{APIKey: vectorKey, Secret: vectorSecret, Private: private}
	for _, v := range []Variant{VariantA, VariantB, VariantC} {
		signature, err := k.Body(v, []byte(vectorBody))
		if err != nil || !Verify(v, &private.PublicKey, vectorKey, vectorSecret, []byte(vectorBody), signature) {
			t.Errorf("variant %s: %v", v, err)
		}
		again, err := k.Body(v, []byte(vectorBody))
		if err != nil || again != signature {
			t.Errorf("variant %s: the same bytes are signed otherwise", v)
		}
	}
	k.Private = nil
	if _, err := k.Body(VariantA, nil); err == nil {
		t.Error("signed without a key")
	}
}

// TestAKeyIsReadAsOpenSSLWritesIt reads PKCS #1 and PKCS #8, and what was written here; a text that is none is refused without repeating it.
func TestAKeyIsReadAsOpenSSLWritesIt(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, fewestBits)
	if err != nil {
		t.Fatal(err)
	}
	text, err := WritePrivate(private)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParsePrivate(text)
	if err != nil || !again.Equal(private) {
		t.Fatal(err)
	}
	public, err := WritePublic(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParsePublic(public)
	if err != nil || !read.Equal(&private.PublicKey) || len(Fingerprint(read)) != 39 {
		t.Fatal(err)
	}
	secret := "-----BEGIN PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString([]byte("no key at all, but secret")) + "\n-----END PRIVATE KEY-----\n"
	for _, bad := range []string{"", "secret", secret, string(public), strings.Replace(string(text), "A", "B", 40)} {
		if _, err := ParsePrivate([]byte(bad)); err == nil {
			t.Errorf("%.20q is taken", bad)
		} else if bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the error repeats the text: %v", err)
		}
	}
	small, err := WritePrivate(&rsa.PrivateKey{PublicKey: rsa.PublicKey{N: big.NewInt(1), E: 3}})
	if err == nil {
		if _, err := ParsePrivate(small); err == nil {
			t.Error("a key of one bit is taken")
		}
	}
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl here to compare with")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "privatekey.pem")
	if out, err := exec.Command(openssl, "genrsa", "-out", path, "2048").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	theirs, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParsePrivate(theirs)
	if err != nil {
		t.Fatal(err)
	}
	want, err := exec.Command(openssl, "rsa", "-in", path, "-pubout").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := WritePublic(&key.PublicKey); err != nil || string(got) != string(want) {
		t.Errorf("the public key differs from OpenSSL's: %v", err)
	}
}

// TestStatusesAreReadInAnyLetterCase: a log of the service has COMPLETED and completed [S001]. One that nobody knows means nothing.
func TestStatusesAreReadInAnyLetterCase(t *testing.T) {
	for status, want := range map[string]State{"completed": Completed, "COMPLETED": Completed, "Completed": Completed, " completed\n": Completed, "canceled": Canceled,
		"CANCELED": Canceled, "cancelled": Canceled, "new": Working, "Processing": Working, "wait_confirm": WantsCode, "PENDING_OTP": WantsCode,
		"": NoState, "complete": NoState, "refunded": NoState, "error": NoState, "completed2": NoState} {
		if got := StateOf(status); got != want {
			t.Errorf("%q: %d, want %d", status, got, want)
		}
	}
}

// TestAnAnswerIsReadFlatNestedAndBoth, and one that contradicts itself says nothing.
func TestAnAnswerIsReadFlatNestedAndBoth(t *testing.T) {
	flat := `"id":"o-1","status":"completed","transaction":"t-1","amount":100,"commission":3`
	for body, ok := range map[string]bool{
		"{" + flat + "}":                                true,
		`{"order":{` + flat + "}}":                      true,
		"{" + flat + `,"order":{` + flat + "}}":         true,
		"{" + flat + `,"order":{"status":"COMPLETED"}}`: true,
		`{"created_at":"2026","order":{` + flat + "}}":  true,
		`{"status":"completed","order":{"id":"o-1","transaction":"t-1","amount":"100","commission":"3"}}`: true,
		"{" + flat + `,"order":null}`:                         true,
		"{" + flat + `,"order":{"status":"canceled"}}`:        false,
		"{" + flat + `,"order":{"amount":101}}`:               false,
		"{" + flat + `,"order":{"transaction":"t-2"}}`:        false,
		"{" + flat + `,"order":{"id":"o-2"}}`:                 false,
		"{" + flat + `,"status":"canceled"}`:                  false,
		"{" + flat + `,"STATUS":"canceled"}`:                  false,
		`{"order":{` + flat + `,"Amount":5}}`:                 false,
		"{" + flat + `,"order":[]}`:                           false,
		"{" + flat + `} {}`:                                   false,
		"{}":                                                  false,
		`{"order":{}}`:                                        false,
		`{"status":"completed","amount":1.5}`:                 false,
		`{"status":"completed","amount":-1}`:                  false,
		`{"status":"completed","amount":9223372036854775808}`: false,
		`{"status":["completed"]}`:                            false,
		`[]`:                                                  false, ``: false, `null`: false, `"completed"`: false, `{"status":"comp`: false,
	} {
		o, err := ReadOrder([]byte(body))
		if (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
		if ok && (o.State() != Completed || o.Transaction != "t-1" || o.Amount == nil || *o.Amount != 100 || o.ID != "o-1" || *o.Commission != 3) {
			t.Errorf("%s: %+v", body, o)
		}
	}
	if o, err := ReadOrder([]byte(`{"status":"wait_confirm"}`)); err != nil || o.State() != WantsCode || o.Amount != nil { // [K3]
		t.Errorf("%+v %v", o, err)
	}
	if _, err := ReadOrder([]byte("{" + flat + `,"order":{"amount":101}}`)); !errors.Is(err, ErrContradiction) {
		t.Error(err)
	}
}

func TestErrorsAreReadWithTheirCodes(t *testing.T) {
	list := ReadFailures([]byte(`{"errors":[{"code":20007,"message":"Транзакция совершалась прежде"},{"code":"20098","message":"x"}]}`))
	if len(list) != 2 || list[0].Code != CodeDuplicate || list[1].Code != CodeValidation {
		t.Errorf("%+v", list)
	}
	for _, body := range []string{"", "{}", `{"errors":[]}`, `{"errors":[{"code":"x"}]}`, `{"errors":[{}]}`, `{"errors":{}}`, "<html>"} {
		if list := ReadFailures([]byte(body)); len(list) != 0 {
			t.Errorf("%s: %+v", body, list)
		}
	}
	for code, refuses := range map[Code]bool{CodeUnknown: false, CodeAPIKey: true, CodeSignature: true, CodeProfile: true, CodeSession: false, CodeProvider: false, CodeStore: true,
		CodeDuplicate: false, CodeUnprocessed: false, CodeNotFound: false, CodeLimit: true, CodeValidation: true, CodeBadJSON: true, 20100: false, 0: false} {
		if code.Refuses() != refuses {
			t.Errorf("%d: %v", code, !refuses)
		}
	}
}

// FuzzReadOrder holds that no answer crashes, and that what is read from one does not depend on its shape.
func FuzzReadOrder(f *testing.F) {
	for _, seed := range []string{`{"id":"o","status":"completed","transaction":"t","amount":1,"order":{"id":"o","status":"COMPLETED","transaction":"t","amount":"1"}}`,
		`{"order":{"status":"new"}}`, `{"status":"wait_confirm"}`, `{"errors":[{"code":20007,"message":"x"}]}`, `{"file_url":"https://x/y"}`, `{"a":{"b":[1,{"c":2,"C":3}]}}`, "{"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ReadFailures(body)
		_, _ = ReadCertificate(body)
		o, err := ReadOrder(body)
		if err != nil {
			return
		}
		if strings.ContainsAny(o.Status+o.ID, "\n\r\x00\x1b") {
			t.Fatalf("%q %q", o.Status, o.ID)
		}
		nested, err := ReadOrder([]byte(`{"order":` + strings.TrimSpace(string(body)) + `}`))
		if err == nil && nested.State() != o.State() && !strings.Contains(strings.ToLower(string(body)), `"order"`) {
			t.Fatalf("flat %+v, nested %+v", o, nested)
		}
	})
}

// FuzzParsePrivate holds that no text of a key crashes, or is repeated in the error.
func FuzzParsePrivate(f *testing.F) {
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := ParsePrivate(text); err != nil && len(text) > 24 && strings.Contains(err.Error(), string(text)) {
			t.Fatal(err)
		}
	})
}
