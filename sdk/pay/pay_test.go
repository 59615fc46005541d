package pay

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTheZeroOutcomeIsUnknownAndSoIsEveryWordThatIsNotKnown(t *testing.T) {
	var zero Outcome
	if zero != Unknown || zero.Final() || zero.Code() != CodeUnknown {
		t.Fatalf("%v %v %v", zero, zero.Final(), zero.Code())
	}
	for _, word := range []string{"", "APPROVED", "paid", "approved "} {
		o := Approved
		if err := o.UnmarshalText([]byte(word)); err != nil || o != Unknown {
			t.Errorf("%q is read as %v, %v", word, o, err)
		}
	}
	if Outcome(17).Code() != CodeUnknown || Outcome(-1).String() != "unknown" {
		t.Error("an outcome out of range is taken for proof")
	}
}

func TestEveryCodeIsTheOneOfTheHeader(t *testing.T) {
	header, err := os.ReadFile("../../abi/payrack.h")
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^#define (PR_(?:E_)?[A-Z_]+)\s+(-?\d+)\b`).FindAllStringSubmatch(string(header), -1) {
		if n, err := strconv.Atoi(m[2]); err == nil && !strings.HasPrefix(m[1], "PR_EV_") && !strings.HasPrefix(m[1], "PR_F_") {
			in[m[1]] = n
		}
	}
	ours := map[string]int{}
	for _, c := range Codes() {
		ours[c.String()] = int(c)
	}
	for name, n := range in {
		if ours[name] != n {
			t.Errorf("%s is %d in the header, %d here", name, n, ours[name])
		}
	}
	for name := range ours {
		if _, ok := in[name]; !ok {
			t.Errorf("%s is not in the header", name)
		}
	}
}

func TestARefHasOneToSixtyFourHarmlessCharacters(t *testing.T) {
	for _, good := range []string{"a", "A-1.b_2", strings.Repeat("x", 64)} {
		if r, err := ParseRef(good); err != nil || string(r) != good {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", " ", "a b", "чек", "a~1", "a/b", "a\x00", strings.Repeat("x", 65)} {
		if _, err := ParseRef(bad); CodeOf(err) != ErrArgument {
			t.Errorf("%q is taken: %v", bad, err)
		}
	}
}

func TestAReversalBelongsToItsPayment(t *testing.T) {
	parent, n := Ref("sale-7").Reversal(2).Parent()
	if parent != "sale-7" || n != 2 {
		t.Fatalf("%s %d", parent, n)
	}
	if own, n := Ref("sale-7").Parent(); own != "sale-7" || n != 0 {
		t.Fatalf("%s %d", own, n)
	}
}

func TestAmountsAreReadExactlyOrNotAtAll(t *testing.T) {
	for text, want := range map[string]Amount{"0": 0, "1": 100, "123,45": 12345, "123.4": 12340, " 7.05 ": 705, "-1.5": -150} {
		if got, err := ParseAmount(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", ".", "1.234", "1e3", "1,2,3", "0x10", "1.-5", "99999999999999999999", "NaN"} {
		if got, err := ParseAmount(bad); CodeOf(err) != ErrArgument {
			t.Errorf("%q is read as %d", bad, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := Amount(rapid.Int64Range(0, 1<<52).Draw(t, "amount"))
		if back, err := ParseAmount(a.String()); err != nil || back != a {
			t.Fatalf("%s comes back as %s, %v", a, back, err)
		}
	})
}

func TestAKeyComesBackFromEitherForm(t *testing.T) {
	k, err := NewKey(nil)
	if err != nil || k.IsZero() {
		t.Fatal(err)
	}
	if back, err := ParseKey(k.String()); err != nil || back != k {
		t.Fatal(back, err)
	}
	if back, err := ParseKey(strings.ReplaceAll(k.UUID(), "-", "")); err != nil || back != k {
		t.Fatal(back, err)
	}
	for _, bad := range []string{"", "00", strings.Repeat("g", 32), k.String() + "00"} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("%q is taken for a key", bad)
		}
	}
}

func TestParamsRefuseWhatCouldBeReadInTwoWays(t *testing.T) {
	for _, bad := range []string{"[]", "1", "{", `{"a":1} x`, `{"code":"1","code":"2"}`, `{"code":7}`, "null", strings.Repeat(" ", MaxParams+1)} {
		if _, err := ParseParams(bad); CodeOf(err) != ErrArgument {
			t.Errorf("%.30q is taken: %v", bad, err)
		}
	}
	if _, err := ParseParams("{\"a\":\"\xff\"}"); CodeOf(err) != ErrEncoding {
		t.Errorf("bad UTF-8: %v", err)
	}
}

func TestSecretParametersNeverStandInThePublicOnes(t *testing.T) {
	p, err := ParseParams(`{"code":"SENDY-1234567812345678","card":"4111111111111111","args":{"pin":"1"},"receipt":"157","new":{"x":1}}`)
	if err != nil || !p.Secrets() {
		t.Fatal(err)
	}
	public := string(p.Public())
	if strings.Contains(public, "1234") || strings.Contains(public, "4111") || strings.Contains(public, "pin") || !strings.Contains(public, `"new"`) {
		t.Fatal(public)
	}
}

func TestAKnownParameterInOtherLettersIsRefused(t *testing.T) {
	fields := reflect.TypeFor[Params]()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if !slices.Contains(knownParams, name) {
			t.Errorf("%s is not among the known names", name)
		}
		if p, err := ParseParams(`{"` + strings.ToUpper(name) + `":null}`); CodeOf(err) != ErrArgument {
			t.Errorf("%s: %v, public %s", name, err, p.Public())
		}
	}
}

func TestTheSameParametersHaveOneCanonicalForm(t *testing.T) {
	a, _ := ParseParams(`{"receipt":"1", "code":"x"}`)
	b, _ := ParseParams(` {"code":"x","receipt":"1","despite":"other"}`)
	ca, errA := a.Canonical()
	cb, errB := b.Canonical()
	if errA != nil || errB != nil || string(ca) != string(cb) {
		t.Fatalf("%s %s %v %v", ca, cb, errA, errB)
	}
	c, _ := ParseParams(`{"code":"y","receipt":"1"}`)
	if cc, _ := c.Canonical(); string(cc) == string(ca) {
		t.Fatal("another code has the same form")
	}
}

func FuzzParseParams(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"code":"1"}`, `{"items":[{"pos":1}],"detailed":true}`, `{"a":1,"a":2}`, "{\"\\u0000\":null}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseParams(text)
		if err != nil {
			return
		}
		if !json.Valid(p.Public()) {
			t.Fatalf("public form of %q: %s", text, p.Public())
		}
		if _, err := p.Canonical(); err != nil {
			t.Fatalf("canonical form of %q: %v", text, err)
		}
	})
}
