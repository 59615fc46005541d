package ini_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/ini"
)

func TestEveryTypeIsReadAsItIsWritten(t *testing.T) {
	_, cfg := parse(t, "[connection]\nEnabled=нет\nserverurl = http://127.0.0.1:8080/a;b#c?d=%20\nCAFile=C:\\pay\\certs\\\n"+
		"[Till]\nWaitTimeout=6m\nSlipWidth = 48 \nMode=ONLINE\nLimit=1 234,5\nFee=0.07\nSystems= alipay , wechat,\nNote=p#ss;w \"x\" %(Mode)s\n"+
		"[Log]\nLogRetention=7\nTrace=on\n")
	want := till{Server: "http://127.0.0.1:8080/a;b#c?d=%20", CAFile: `C:\pay\certs\`, Wait: 6 * time.Minute, Width: 48, Mode: "online",
		Limit: 123450, Fee: 7, Sendy: true, Systems: []string{"alipay", "wechat"}, Note: `p#ss;w "x" %(Mode)s`, logging: logging{7}, Trace: true}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestAbsentAndEmptyKeysTakeTheirDefaults(t *testing.T) {
	_, cfg := parse(t, "[Till]\nSlipWidth=\nWaitTimeout=   \nSystems=\n")
	if cfg.Width != 32 || cfg.Wait != 310*time.Second || !cfg.Enabled || cfg.Limit != 1_000_000_000 || cfg.Retention != 30 {
		t.Errorf("defaults: %+v", cfg)
	}
	if len(cfg.Systems) != 0 {
		t.Errorf("an empty list is a list without items, got %q", cfg.Systems)
	}
}

func TestAllProblemsAreToldAtOnceWithLineAndKey(t *testing.T) {
	path := written(t, "; settings\n[Till]\nSlipWitdh=32\nWaitTimeout=30\nMode=onlime\nSlipWidth=wide\nLimit=1.005\nSystems=vechat\nSendy=no\n"+
		"ServerURL=http://x/\nrubbish\n[Tlil]\nFoo=1\n[Connection]\nNetworkKey=s3cr3t\nSERVERURL=ftp://x\nserverurl=http://y\nEnabled=maybe\n[Log\n")
	var cfg till
	_, err := ini.Load(path, &cfg)
	var problems ini.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("want problems, got %v", err)
	}
	want := []string{
		"sendy.ini:3: unknown key SlipWitdh: did you mean SlipWidth?",
		`sendy.ini:4: WaitTimeout = "30" is out of range: expected a duration, s from 310 to 3600`,
		`sendy.ini:5: Mode = "onlime" is not one of the choices: expected offline, online; did you mean online?`,
		`sendy.ini:6: SlipWidth = "wide" does not fit: expected a whole number from 24 to 64`,
		`sendy.ini:7: Limit = "1.005" does not fit: expected an amount in rubles at least 0.01`,
		`sendy.ini:8: Systems = "vechat" is not one of the choices: expected a list parted by commas (wechat, alipay); did you mean wechat?`,
		"sendy.ini:9: Sendy cannot be changed: put yes back",
		"sendy.ini:10: key ServerURL is in the wrong place: move it to [Connection]",
		`sendy.ini:11: line "rubbish" is not Key=value: correct it or begin it with ;`,
		"sendy.ini:12: unknown section [Tlil]: did you mean [Till]?",
		"sendy.ini:15: NetworkKey is a secret and does not belong in the file: move it: payrack config set NetworkKey --secret",
		`sendy.ini:16: ServerURL = "ftp://x" does not fit: expected an address with http:// or https://`,
		"sendy.ini:17: key ServerURL is given twice: it stands in line 16 too: keep one",
		`sendy.ini:18: Enabled = "maybe" does not fit: expected yes or no`,
		`sendy.ini:19: malformed section "[Log": write [Section]`,
	}
	got := strings.Split(err.Error(), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("problem %d of %d:\n%s", i, len(want), err)
		}
	}
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Error("the error repeats the secret")
	}
	if ru := problems.Text("ru"); !strings.HasPrefix(ru, "sendy.ini:3: неизвестный ключ SlipWitdh: может быть, SlipWidth?\n") || strings.Contains(ru, "expected") {
		t.Errorf("in Russian: %s", ru)
	}
	var one *ini.Problem
	if !errors.As(err, &one) || one.Code != ini.CodeUnknownKey || one.Line != 3 {
		t.Errorf("the first problem: %+v", one)
	}
}

func TestTheStructIsAskedWhetherItsValuesFitTogether(t *testing.T) {
	problems := refused(t, "[Till]\nSlipWidth=24\nMode=online\n")
	if got := problems.Error(); got != "line 2: the QR does not fit: make it 32 or more" {
		t.Errorf("got %s", got)
	}
	if got := problems.Text("ru"); got != "строка 2: QR не поместится: нужно 32 и больше" {
		t.Errorf("got %s", got)
	}
}

func TestACommentBehindAValueIsExplained(t *testing.T) {
	problems := refused(t, "[Till]\nSlipWidth=32 ; narrow\n")
	if problems[0].Hint("en") != "a comment needs a line of its own" {
		t.Errorf("got %v", problems)
	}
}

func TestFilesOfOtherMakesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, text string
		code       ini.Code
		line       int
	}{
		{"UTF-16", "\xff\xfe[\x00T\x00", ini.CodeEncoding, 1},
		{"NUL", "[Till]\nNote=a\x00b\n", ini.CodeEncoding, 2},
		{"control character", "[Till]\nNote=a\x1bb\n", ini.CodeEncoding, 2},
		{"undefined byte of CP1251", "[Till]\nNote=\xd7\x98\xc0\n", ini.CodeEncoding, 2},
		{"multi-line quote", "[Till]\nNote=\"\"\"a\nSlipWidth=24\n\"\"\"\n", ini.CodeSyntax, 2},
		{"backtick", "[Till]\nNote=`a`\n", ini.CodeSyntax, 2},
		{"counted key", "[Till]\n-=a\n", ini.CodeUnknownKey, 2},
		{"colon", "[Till]\nNote: a\n", ini.CodeSyntax, 2},
		{"no key", "[Till]\n=a\n", ini.CodeSyntax, 2},
		{"too large", strings.Repeat(";\n", 1<<19) + ";", ini.CodeTooLarge, 0},
		{"address with password", "[Connection]\nServerURL=https://u:p@x/\n", ini.CodeSecret, 2},
		{"required and empty", "[Connection]\nServerURL=\n", ini.CodeRequired, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			if p := refused(t, c.text)[0]; p.Code != c.code || p.Line != c.line {
				t.Errorf("got %s in line %d: %v", p.Code, p.Line, p)
			}
		})
	}
}

func TestAHugeFileIsNotRead(t *testing.T) {
	path := written(t, "")
	if err := os.Truncate(path, 50<<20); err != nil {
		t.Fatal(err)
	}
	var cfg till
	_, err := ini.Load(path, &cfg)
	if err == nil || err.Error() != "sendy.ini: the file is larger than 1 MiB: this is not a file of settings" {
		t.Errorf("got %v", err)
	}
}

func TestAMissingFileIsTheSystemsError(t *testing.T) {
	var cfg till
	if _, err := ini.Load(filepath.Join(t.TempDir(), "no.ini"), &cfg); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := ini.Load(t.TempDir(), &cfg); err == nil {
		t.Error("a folder was read")
	}
}

func TestAnAmountIsExactOrRefused(t *testing.T) {
	for text, want := range map[string]ini.Money{"0": 0, "10000000.00": 1_000_000_000, "1,5": 150, "-0.01": -1, "1\u00a0000": 100000,
		"92233720368547758.07": 9223372036854775807} {
		if got, err := ini.ParseMoney(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "1.234", "1e3", "0x1", "--1", "+1", "1.2.3", "92233720368547758.08", "١"} {
		if got, err := ini.ParseMoney(text); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
	if got := ini.Money(-9223372036854775808).String(); got != "-92233720368547758.08" {
		t.Errorf("the lowest amount: %s", got)
	}
}

func TestAMistakeInTheDeclarationIsNamed(t *testing.T) {
	type caption struct {
		A int `ini:"A" default:"1" ru:"а"`
	}
	type twice struct {
		A int `ini:"A" default:"1" hidden:"true"`
		B int `ini:"a" default:"1" hidden:"true"`
	}
	type bounds struct {
		A int `ini:"A" default:"9" max:"8" hidden:"true"`
	}
	type kind struct {
		A float64 `ini:"A" default:"9" hidden:"true"`
	}
	type none struct {
		A int `ini:"A" hidden:"true"`
	}
	for _, cfg := range []any{&caption{}, &twice{}, &bounds{}, &kind{}, &none{}, none{}, nil} {
		if _, err := ini.Describe(cfg); err == nil {
			t.Errorf("%T was described", cfg)
		}
	}
}

func TestASecretsFieldIsLeftAlone(t *testing.T) {
	cfg := till{Key: "from the store", checked: 3}
	f, err := ini.Parse([]byte("[Connection]\nNetworkKey=\n"), &cfg)
	if err != nil || cfg.Key != "from the store" || cfg.checked != 3 {
		t.Errorf("%+v, %v", cfg, err)
	}
	if _, ok := f.Get("NetworkKey"); ok {
		t.Error("a secret can be got")
	}
	if _, ok := f.Values()["NetworkKey"]; ok {
		t.Error("a secret is among the values")
	}
}
