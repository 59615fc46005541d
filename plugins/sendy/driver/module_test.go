package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/plugins/sendy/sandbox"
	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

func TestEveryWordStandsInBothLanguages(t *testing.T) {
	words, err := text.Load(Module().Words)
	if err != nil {
		t.Fatal(err)
	}
	for _, gap := range words.Gaps() {
		t.Error(gap)
	}
	for _, r := range []wire.Reason{wire.ReasonNotEnough, wire.ReasonCodeExpired, wire.ReasonCodeInvalid, wire.ReasonCodeUsed, wire.ReasonPayer,
		wire.ReasonExpired, wire.ReasonSystemOff, wire.ReasonTooMuch, wire.ReasonNoOriginal, wire.ReasonRefundExcess, wire.ReasonCancelled} {
		if !words.Has("sendy.reason."+string(r)+".cause") || !words.Has("sendy.reason."+string(r)+".hint") {
			t.Errorf("%s has no words", r)
		}
	}
	for _, why := range []fault{codeMissing, codeTooLong, codeControl, codeForeign} {
		if !words.Has(string(why)+".cause") || !words.Has(string(why)+".hint") {
			t.Errorf("%s has no words", why)
		}
	}
}

// TestEveryWordThatTheCodeNamesIsThere reads the ids out of the sources.
func TestEveryWordThatTheCodeNamesIsThere(t *testing.T) {
	words, err := text.Load(Module().Words)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, quoted := range strings.Split(string(source), `"`) {
			if strings.HasPrefix(quoted, "sendy.") && !strings.HasSuffix(quoted, ".") && !strings.ContainsAny(quoted, " /") {
				seen++
				if !words.Has(quoted) && !words.Has(quoted+".cause") {
					t.Errorf("%s: %s has no words", file, quoted)
				}
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d ids were found", seen)
	}
}

func TestASlipNamesTheWallet(t *testing.T) {
	m := Module()
	if name := m.SystemName(SystemWeChat, "ru"); name != "кошелек WeChat" {
		t.Error(name)
	}
	if name := m.SystemName(SystemAliPay, "en"); name != "AliPay wallet" {
		t.Error(name)
	}
	if label := m.PayerLabel(pay.Operation{}, "ru"); label != "Код кошелька" {
		t.Error(label)
	}
}

func load(t *testing.T, content string) (*Settings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sendy.ini")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s := new(Settings)
	_, err := ini.Load(path, s)
	return s, err
}

func TestTheSettingsOfTheSeedAreThereWithItsBounds(t *testing.T) {
	s, err := load(t, "")
	if err != nil || !s.Sendy || s.WeChat || s.AliPay || s.Mode != "online" || s.WaitTimeout.Seconds() != 310 || s.SlipCopies != 1 || s.DetailedClose {
		t.Errorf("defaults: %+v, %v", s, err)
	}
	if s, err = load(t, "[Service]\nWeChat=yes\nDefaultSystem=wechat\n[Sendy]\nServer=https://pos.sendy.example/api\nMode=offline\n"); err != nil ||
		!slices.Equal(s.enabled(), []string{SystemSendy, SystemWeChat}) {
		t.Errorf("%+v, %v", s, err)
	}
	for content, key := range map[string]string{
		"[Service]\nSendy=no\n":             "Sendy",
		"[Service]\nDefaultSystem=alipay\n": "DefaultSystem",
		"[Service]\nDefaultSystem=visa\n":   "DefaultSystem",
		"[Till]\nWaitTimeout=309\n":         "WaitTimeout",
		"[Sendy]\nServer=ftp://x\n":         "Server",
		"[Sendy]\nMode=both\n":              "Mode",
	} {
		_, err := load(t, content)
		problems, ok := errors.AsType[ini.Problems](err)
		if !ok || problems[0].Key != key {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestAServerWithoutEncryptionIsRefusedUnlessItIsThisComputer(t *testing.T) {
	c := newTill(t, sandbox.Options{}, nil)
	c.parts.Settings.(*Settings).Server = "http://pos.sendy.example"
	if _, err := Module().New(c.parts); pay.CodeOf(err) != pay.ErrConfig {
		t.Errorf("%v", err)
	}
}

func TestTheStateHoldsNoSecretAndNoCode(t *testing.T) {
	c := activeTill(t, nil)
	op := c.shown(100)
	if got := string(op.State.Data); got != `{"system":"sendy"}` {
		t.Error(got)
	}
	paid := c.scan(100, "00")
	r := c.want(provider.Approved)(c.Commit(t.Context(), paid))
	if raw, err := json.Marshal(r); err != nil || strings.Contains(string(raw), paid.Params.Code) {
		t.Errorf("%s, %v", raw, err)
	}
	lost := c.scan(100, "00")
	c.spoil(faults()[0])
	_, err := c.Commit(t.Context(), lost)
	if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), lost.Params.Code) {
		t.Errorf("%v", err)
	}
}
