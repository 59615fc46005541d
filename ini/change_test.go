package ini_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"github.com/payrack/payrack/ini"
)

func load(t *testing.T, path string) *ini.File {
	t.Helper()
	var cfg till
	f, err := ini.Load(path, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAChangeTouchesOnlyItsValue(t *testing.T) {
	windows1251, err := charmap.Windows1251.NewEncoder().String("; Касса №1\r\n[Till]\r\n  SlipWidth =\t32  \r\n\r\n# хвост\r\nNote=магазин\r\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, before, after, key, value string }{
		{"spaces and comments", "; a\n\n[Till]\n;SlipWidth=1\n  SlipWidth =\t32  \n# b\n", "; a\n\n[Till]\n;SlipWidth=1\n  SlipWidth =\t48  \n# b\n", "slipwidth", "48"},
		{"BOM and CRLF", "\xef\xbb\xbf[Till]\r\nSlipWidth=32\r\n", "\xef\xbb\xbf[Till]\r\nSlipWidth=48\r\n", "SlipWidth", "48"},
		{"CP1251", windows1251, strings.Replace(windows1251, "32", "48", 1), "SlipWidth", "48"},
		{"no line break at the end", "[Till]\nSlipWidth=32", "[Till]\nSlipWidth=48", "SlipWidth", "48"},
		{"empty value", "[Till]\nNote= \nSlipWidth=32\n", "[Till]\nNote= a;b#c\nSlipWidth=32\n", "Note", "a;b#c"},
		{"to an empty value", "[Till]\nNote= x \n", "[Till]\nNote=  \n", "Note", ""},
		{"new key in its section", "[Till]\r\nNote=x\r\n\r\n[Log]\r\nLogRetention=5\r\n", "[Till]\r\nNote=x\r\nSlipWidth=48\r\n\r\n[Log]\r\nLogRetention=5\r\n", "Till.SlipWidth", "48"},
		{"new key in an empty section", "[Till]\n\n[Log]\n", "[Till]\nSlipWidth=48\n\n[Log]\n", "SlipWidth", "48"},
		{"new section", "[Log]\nLogRetention=5", "[Log]\nLogRetention=5\n[Till]\nSlipWidth=48", "SlipWidth", "48"},
		{"only a BOM", "\xef\xbb\xbf", "\xef\xbb\xbf[Till]\nSlipWidth=48\n", "SlipWidth", "48"},
		{"canonical form", "[Till]\nMode=offline\n", "[Till]\nMode=online\n", "Mode", " ONLINE "},
		{"the same value", "[Till]\nSlipWidth=032\n", "[Till]\nSlipWidth=032\n", "SlipWidth", "32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := written(t, c.before)
			f := load(t, path)
			if err := f.Set(c.key, c.value); err != nil {
				t.Fatal(err)
			}
			if got := content(t, path); got != c.after {
				t.Errorf("got  %q\nwant %q", got, c.after)
			}
			if string(f.Bytes()) != c.after {
				t.Errorf("in memory: %q", f.Bytes())
			}
		})
	}
}

func TestAValueIsRefusedBeforeTheFileIsTouched(t *testing.T) {
	before := "[Till]\nSlipWidth=24\n"
	path := written(t, before)
	f := load(t, path)
	for _, c := range []struct {
		key, value string
		code       ini.Code
	}{
		{"SlipWidth", "65", ini.CodeRange}, {"SlipWidth", "x", ini.CodeType}, {"Mode", "both", ini.CodeChoice},
		{"Mode", "online", ini.CodeInvalid}, // does not go with SlipWidth
		{"Sendy", "no", ini.CodeConst}, {"NetworkKey", "k", ini.CodeSecret}, {"NetworkKey", "", ini.CodeSecret},
		{"SlipWitdh", "32", ini.CodeUnknownKey}, {"Note", "a\nSlipWidth=30", ini.CodeSyntax}, {"Note", "`x", ini.CodeSyntax},
		{"Note", strings.Repeat("я", 65), ini.CodeRange}, {"ServerURL", "", ini.CodeRequired}, {"Note", "\xff", ini.CodeSyntax},
	} {
		err := f.Set(c.key, c.value)
		var p *ini.Problem
		if !errors.As(err, &p) || p.Code != c.code {
			t.Errorf("%s=%q: want %s, got %v", c.key, c.value, c.code, err)
		}
	}
	if err := f.Change(map[string]string{"Mode": "online", "SlipWidth": "48", "Note": "a\tb"}); err != nil {
		t.Errorf("values that fit together: %v", err)
	}
	if got := content(t, path); got != "[Till]\nSlipWidth=48\nMode=online\nNote=a\tb\n" {
		t.Errorf("got %q", got)
	}
}

func TestABrokenFileIsNeverOverwritten(t *testing.T) {
	path := written(t, "[Till]\nSlipWidth=32\n")
	f := load(t, path)
	if err := os.WriteFile(path, []byte("[Till]\nSlipWitdh=40\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := f.Set("SlipWidth", "48"); err == nil || !strings.Contains(err.Error(), "sendy.ini:2: unknown key") {
		t.Errorf("got %v", err)
	}
	if got := content(t, path); got != "[Till]\nSlipWitdh=40\n" {
		t.Errorf("the file was changed to %q", got)
	}
}

func TestWhatOthersHaveChangedMeanwhileStays(t *testing.T) {
	path := written(t, "[Till]\nSlipWidth=32\n")
	first, second := load(t, path), load(t, path)
	if err := first.Set("Note", "a"); err != nil {
		t.Fatal(err)
	}
	if err := second.Set("SlipWidth", "48"); err != nil {
		t.Fatal(err)
	}
	if got := content(t, path); got != "[Till]\nSlipWidth=48\nNote=a\n" {
		t.Errorf("got %q", got)
	}
	var cfg till
	if err := second.Decode(&cfg); err != nil || cfg.Note != "a" || cfg.Width != 48 {
		t.Errorf("%+v, %v", cfg, err)
	}
}

func TestAWordThatCP1251LacksIsRefused(t *testing.T) {
	before, _ := charmap.Windows1251.NewEncoder().String("[Till]\nNote=касса\n")
	path := written(t, before)
	f := load(t, path)
	if f.Encoding() != ini.CP1251 {
		t.Fatalf("encoding %s", f.Encoding())
	}
	if got, _ := f.Get("note"); got != "касса" {
		t.Errorf("got %q", got)
	}
	if err := f.Set("Note", "微信"); err == nil {
		t.Error("characters that the file's code page lacks were written")
	}
	// These letters have the same bytes in CP1251 as a letter in UTF-8: the file would be read as UTF-8 afterwards.
	if err := f.Set("Note", "Р°"); err == nil {
		t.Error("a value was written that would be read as another one")
	}
	if content(t, path) != before {
		t.Error("the file was changed")
	}
}

func TestPermissionsAndLinksStay(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("modes and links of this kind are unix's; the access list is the folder's")
		return
	}
	path := written(t, "[Till]\nSlipWidth=32\n")
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.ini")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := load(t, link).Set("SlipWidth", "48"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link became %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o604 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left in the folder: %v", left)
	}
}
