//go:build !windows

package library

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/payrack/payrack/host/client/clienttest"
	"github.com/payrack/payrack/sdk/pay"
)

func TestATextIsCutAtAWholeCharacterAndItsWholeSizeIsTold(t *testing.T) {
	out := said("Платёж", nil)
	if out.Need() != 13 {
		t.Errorf("need %d", out.Need())
	}
	for capacity := range 15 {
		got := out.Fit(capacity)
		if capacity == 0 {
			if got != nil {
				t.Errorf("capacity 0: %q", got)
			}
			continue
		}
		text, nul := got[:len(got)-1], got[len(got)-1]
		if nul != 0 || len(got) > capacity || !utf8.Valid(text) || !strings.HasPrefix("Платёж", string(text)) {
			t.Errorf("capacity %d: %q", capacity, got)
		}
		if capacity >= 13 && string(text) != "Платёж" {
			t.Errorf("capacity %d: %q", capacity, got)
		}
	}
}

func TestCodePagesGoBothWays(t *testing.T) {
	for _, name := range []string{"cp1251", "cp866", "Windows-1251"} {
		enc, ok := encodingNamed(name)
		if !ok {
			t.Fatal(name)
		}
		raw := said("Ёлка № 5 — 10 ₽", enc).data
		back, err := read(Text{Bytes: raw}, "x", enc)
		want := map[bool]string{true: "Ёлка № 5 — 10 RUB", false: "Ёлка № 5 - 10 RUB"}[strings.Contains(name, "1251")]
		if err != nil || back != want {
			t.Errorf("%s: %q, %v", name, back, err)
		}
	}
	enc, _ := encodingNamed("cp866")
	if got := document([]byte(`{"a":"Ж₽𝄞"}`), enc).data; string(got) != "{\"a\":\"\x86\\u20bd\\ud834\\udd1e\"}" {
		t.Errorf("a document: %q", got)
	}
}

func TestTheEncodingOptionHoldsForTextsOfTheSession(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	if code := c.l.SetOption(th, c.h, txt("text.encoding"), txt("cp866")); code != 0 {
		t.Fatal(code)
	}
	op := c.start(pay.KindOnline, clienttest.Decline, "r1")
	c.finish(op)
	if got := c.str(op, "text"); got != string(said("Недостаточно средств", func() encoding { e, _ := encodingNamed("866"); return e }()).data) || utf8.ValidString(got) {
		t.Errorf("text %q", got)
	}
	if code := c.l.SetOption(th, c.h, txt("operator.name"), Text{Bytes: []byte{0x88, 0xa2, 0xa0, 0xad}}); code != 0 || !slices.Equal(c.host.Told("operator.name"), []string{"Иван"}) {
		t.Errorf("%v %q", code, c.host.Told("operator.name"))
	}
}

func TestTheWordsAreCompleteInBothLanguages(t *testing.T) {
	if gaps := words().Gaps(); len(gaps) > 0 {
		t.Error(strings.Join(gaps, "\n"))
	}
	for _, f := range inspect(t.TempDir(), "en") {
		if f.Detail == "" || strings.HasPrefix(f.Detail, "selftest.") || strings.HasPrefix(f.Fix, "selftest.") {
			t.Errorf("%+v", f)
		}
	}
}

func TestTheSelfTestFindsWhatIsMissingAndWhatWasChanged(t *testing.T) {
	home := t.TempDir()
	write := func(name, content string) {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	status := func() map[string]string {
		m := map[string]string{}
		for _, f := range inspect(home, "ru") {
			m[f.ID] = f.Status
			if (f.Status == "ok") != (f.Fix == "") {
				t.Errorf("%+v", f)
			}
		}
		return m
	}
	if s := status(); s["home"] != "ok" || s["program"] != "fail" || s["modules"] != "fail" || s["manifest"] != "warn" || s["data"] != "ok" || s["host"] != "ok" {
		t.Errorf("an empty folder: %v", s)
	}
	write("payrack", "abc")
	write("modules/sendy/sendy", "abc")
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	write("payrack.sha256", abc+"  payrack\n"+abc+" *modules/sendy/sendy\n")
	if s := status(); s["program"] != "ok" || s["modules"] != "ok" || s["manifest"] != "ok" {
		t.Errorf("a whole one: %v", s)
	}
	write("modules/sendy/sendy", "abd")
	if s := status(); s["manifest"] != "fail" {
		t.Errorf("a changed one: %v", s)
	}
	if f := inspect(filepath.Join(home, "nowhere"), "ru"); len(f) != 1 || f[0].Status != "fail" {
		t.Errorf("no folder: %v", f)
	}
}

func TestAPanicBecomesACode(t *testing.T) {
	code := func() (code int32) {
		defer Guard(&code)
		panic("x")
	}()
	if code != int32(pay.ErrInternal) {
		t.Errorf("code %d", code)
	}
}
