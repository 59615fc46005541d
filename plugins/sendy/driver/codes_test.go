package driver

import (
	"strings"
	"testing"

	sdkwire "github.com/payrack/payrack/sdk/wire"
)

func TestACodeIsKnownByItsForm(t *testing.T) {
	for _, tt := range []struct {
		scanned, system string
		why             fault
	}{
		{"130123456789012368", SystemWeChat, ""},
		{"100000000000000000", SystemWeChat, ""},
		{"159999999999999999", SystemWeChat, ""},
		{" 130123456789012368\r\n", SystemWeChat, ""},
		{"2500000000000000", SystemAliPay, ""},
		{"280123456789012345678901", SystemAliPay, ""},
		{"300000000000000000", SystemAliPay, ""},
		{"SENDY-1234567890123456", SystemSendy, ""},
		{"", "", codeMissing},
		{" \t\r\n", "", codeMissing},
		{"160123456789012368", "", codeForeign},
		{"13012345678901236", "", codeForeign},
		{"1301234567890123680", "", codeForeign},
		{"250000000000000", "", codeForeign},
		{"2801234567890123456789012", "", codeForeign},
		{"310000000000000000", "", codeForeign},
		{"SENDY-123456789012345", "", codeForeign},
		{"4111111111111111", "", codeForeign},
		{"https://qr.nspk.ru/AS10003P3RH0LJ2A9ROO038L6NT5RU1M", "", codeForeign},
		{"１３０１２３４５６７８９０１２３６８", "", codeForeign},
		{"1301234567\x0089012368", "", codeControl},
		{"1301234567\x1d89012368", "", codeControl},
		{"13012345678901236\xff", "", codeControl},
		{strings.Repeat("1", 10240), "", codeTooLong},
		{strings.Repeat(" ", 10240), "", codeTooLong},
	} {
		system, code, why := recognise(tt.scanned)
		if system != tt.system || why != tt.why || why == "" && code != strings.TrimSpace(tt.scanned) || why != "" && code != "" {
			t.Errorf("%.40q: %q, %q, %q", tt.scanned, system, code, why)
		}
	}
}

// FuzzRecognise holds that no scanned text crashes the module, and that what is sent on is short, clean and of a known system.
func FuzzRecognise(f *testing.F) {
	for _, seed := range []string{"130123456789012368", " 2801234567890123\r\n", "SENDY-1234567890123456", "", "\x00", "\xff\xfe", "1\x1d2", strings.Repeat("2", 10240)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, scanned string) {
		system, code, why := recognise(scanned)
		if why != "" {
			if system != "" || code != "" {
				t.Fatalf("%q is refused and recognised at once", scanned)
			}
			return
		}
		if system != SystemSendy && system != SystemWeChat && system != SystemAliPay {
			t.Fatalf("%q belongs to %q", scanned, system)
		}
		if len(code) > longestCode || sdkwire.Clean(code, longestCode) != code {
			t.Fatalf("%q would be sent as %q", scanned, code)
		}
	})
}

// FuzzClean holds that a text of the server becomes one short printable line.

// FuzzMasked holds that a payer of whom the server said anything is hidden, and stays short.
func FuzzMasked(f *testing.F) {
	for _, seed := range []string{"12\n[cut]\x1b@", "79001234567", "\xff", strings.Repeat("ы", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := sdkwire.Clean(s, 40)
		if p := masked(line); len(p) > 4*40+8 {
			t.Fatalf("%q is masked as %q", line, p)
		}
	})
}
