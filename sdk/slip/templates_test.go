package slip

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// store makes a store's folder of templates, from paths to texts.
func store(t testing.TB, files map[string]string) Templates {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Templates{Dir: dir}
}

func rendered(t *testing.T, templates Templates, paper Paper) (string, error) {
	t.Helper()
	tape, err := Render(Samples(Russian)[0], paper, templates)
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, tape, QRDrawn), tape.Problem
}

func TestAStoresTemplateTakesThePlaceOfTheBuiltInOne(t *testing.T) {
	own := store(t, map[string]string{
		"ru/payment.tmpl": "\ufeff{{center \"«Спасибо» — ждем\"}}\r\n\r\n{{blank}}\r\n{{row \"Итого\" (money .Payment.Amount)}}\r\n{{template \"foot.tmpl\" .}}\r\n",
		"ru/foot.tmpl":    "Приходите к нам еще, мы работаем без перерыва на обед и без выходных\n{{rule \"*\"}}{{cut}}",
		"ru/refund.tmpl":  "{{broken",
	})
	want := `        "Спасибо" - ждем

Итого                 123,45 RUB
Приходите к нам еще, мы работаем
без перерыва на обед и без
выходных
********************************
[cut]
`
	for _, encoding := range []Encoding{UTF8, CP866} {
		if got, problem := rendered(t, own, Paper{Encoding: encoding}); got != want || problem != nil {
			t.Errorf("in %s (%v):\n%s\nwant\n%s", encoding, problem, got, want)
		}
	}
	got, problem := rendered(t, own, Paper{Language: English})
	if !strings.Contains(got, "CLIENT'S COPY") || problem != nil {
		t.Errorf("a Russian template is used in English (%v):\n%s", problem, got)
	}
}

func TestAStoresPartIsUsedByTheBuiltInTemplates(t *testing.T) {
	own := store(t, map[string]string{"ru/head.tmpl": "{{big (center \"ЛАВКА\")}}\n"})
	tape, err := Render(Samples(Russian)[0], Paper{}, own)
	if err != nil || tape.Problem != nil {
		t.Fatal(err, tape.Problem)
	}
	if first := tape.Lines[0]; first.Text != "             ЛАВКА" || !first.DoubleHeight || first.Align != Center {
		t.Errorf("the first line is %+v", first)
	}
}

func TestABrokenTemplateIsNamedWithItsLineAndPaperComesAllTheSame(t *testing.T) {
	want, _ := rendered(t, Templates{}, Paper{})
	for name, test := range map[string]struct {
		file, text string
		line       int
		says       string
	}{
		"syntax":           {"payment.tmpl", "\n\n{{if}}\n", 3, "missing value"},
		"function":         {"payment.tmpl", "\n{{readFile \"/etc/passwd\"}}", 2, `"readFile" not defined`},
		"field":            {"payment.tmpl", "\n\n\n{{.Summa}}", 4, "can't evaluate field Summa"},
		"other kind":       {"payment.tmpl", "{{.Refund.Amount}}", 1, "nil pointer"},
		"missing part":     {"payment.tmpl", "\n{{template \"kopf.tmpl\"}}", 2, `"kopf.tmpl" not defined`},
		"wrong argument":   {"payment.tmpl", "{{money .Till}}", 1, "expected slip.Money"},
		"forms of a word":  {"payment.tmpl", "{{form 2 \"a\" \"b\"}}", 1, "chosen of 3"},
		"in a part":        {"foot.tmpl", "\n\n{{.X}}", 3, "can't evaluate field X"},
		"not UTF-8":        {"payment.tmpl", "a\nb\n\xcf\xf0\xe8\xe2\xe5\xf2\n", 3, "is not UTF-8"},
		"too large":        {"payment.tmpl", strings.Repeat("a", maxTemplate+1), 0, "has 65537 bytes"},
		"an endless loop":  {"payment.tmpl", "\n{{range 1000000000}}{{range 1000000000}}{{end}}{{end}}", 2, "takes more than"},
		"recursion":        {"payment.tmpl", "\n{{define \"a\"}}\n{{template \"a\"}}{{end}}{{template \"a\"}}", 2, "templates within each other"},
		"too much paper":   {"payment.tmpl", "\n{{range 1000000}}" + strings.Repeat("бумага ", 100) + "{{end}}", 0, "16 MiB"},
		"too much text":    {"payment.tmpl", "\n{{range 1000000}}{{$x := printf \"%1000d\" 1}}{{end}}", 2, "16 MiB"},
		"a doubling text":  {"payment.tmpl", "\n{{$x := \"xx\"}}{{range 64}}{{$x = print $x $x}}{{end}}", 2, "16 MiB"},
		"a padding text":   {"payment.tmpl", "\n{{range 1000000}}{{$x := pad \"\" 9999999999}}{{$y := pad $x 70}}{{end}}", 2, "16 MiB"},
		"nothing in it":    {"payment.tmpl", " \n", 0, "is empty"},
		"too many turns":   {"payment.tmpl", "{{range 262140}}{{end}}\n{{range 100}}{{end}}", 2, "takes more than"},
		"escaping in vain": {"payment.tmpl", "{{range 100000}}{{$x := html \"<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<\"}}{{end}}", 1, "16 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			own := store(t, map[string]string{"ru/" + test.file: test.text})
			got, problem := rendered(t, own, Paper{})
			if got != want {
				t.Errorf("instead of the built-in layout there is\n%s", got)
			}
			fault, ok := errors.AsType[*TemplateError](problem)
			if !ok {
				t.Fatalf("the problem is %v", problem)
			}
			if fault.File != filepath.Join(own.Dir, "ru", test.file) || fault.Line != test.line || !strings.Contains(fault.Error(), test.says) {
				t.Errorf("%v\nwant line %d, %q", fault, test.line, test.says)
			}
		})
	}
}

func TestAFolderInPlaceOfATemplateIsNamed(t *testing.T) {
	own := store(t, map[string]string{"ru/payment.tmpl/x": ""})
	if _, problem := rendered(t, own, Paper{}); problem == nil || !strings.Contains(problem.Error(), "is not a file") {
		t.Errorf("the problem is %v", problem)
	}
}

func TestAnEmptyFolderOrNoneIsNoProblem(t *testing.T) {
	want, _ := rendered(t, Templates{}, Paper{})
	for _, dir := range []string{"", t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		own := Templates{Dir: dir}
		if got, problem := rendered(t, own, Paper{}); got != want || problem != nil {
			t.Errorf("%q: %v\n%s", dir, problem, got)
		}
		if err := own.Check(); err != nil {
			t.Errorf("check of %q: %v", dir, err)
		}
	}
}

func TestCheckFindsWhatIsWrongBeforeACustomerWaits(t *testing.T) {
	own := store(t, map[string]string{
		"ru/payment.tmpl": "{{center .Organisation}}",
		"ru/paymnet.tmpl": "",
		"en/close.tmpl":   "\n{{range .Close.Systems}}{{.Summa}}{{end}}",
	})
	err := own.Check()
	if err == nil {
		t.Fatal("nothing was found")
	}
	for _, want := range []string{
		filepath.Join(own.Dir, "ru", "paymnet.tmpl") + ": is never used",
		filepath.Join(own.Dir, "en", "close.tmpl") + ", line 2: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "close.tmpl, line"); n != 1 {
		t.Errorf("one fault is named %d times", n)
	}
}

func TestTheBuiltInTemplatesAreAStartForAStoresOwn(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, BuiltIn()); err != nil {
		t.Fatal(err)
	}
	own := Templates{Dir: dir}
	if err := own.Check(); err != nil {
		t.Error(err)
	}
	for _, language := range languages {
		for _, document := range Samples(language) {
			paper := Paper{Width: 42, Language: language}
			tape, err := Render(document, paper, own)
			if err != nil || tape.Problem != nil {
				t.Fatal(err, tape.Problem)
			}
			if got, want := decoded(t, tape, QRDrawn), decoded(t, mustRender(t, document, paper), QRDrawn); got != want {
				t.Errorf("a copied template prints\n%s\nwant\n%s", got, want)
			}
		}
	}
	ru, _ := fs.Glob(BuiltIn(), "ru/*.tmpl")
	en, _ := fs.Glob(BuiltIn(), "en/*.tmpl")
	if len(ru) == 0 || strings.ReplaceAll(strings.Join(ru, " "), "ru/", "en/") != strings.Join(en, " ") {
		t.Errorf("the languages have different templates: %v, %v", ru, en)
	}
}

// FuzzStoreTemplate holds that no store's template can crash a module, print past the paper's edge or withhold a slip.
func FuzzStoreTemplate(f *testing.F) {
	for _, name := range names(Russian) {
		source, err := fs.ReadFile(BuiltIn(), "ru/"+name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(source), 32, byte(0))
	}
	samples := Samples(Russian)
	f.Fuzz(func(t *testing.T, source string, width int, which byte) {
		document := samples[int(which)%len(samples)]
		paper := Paper{Width: Narrowest + int(uint(width)%(Widest-Narrowest+1)), Encoding: []Encoding{UTF8, CP866, CP1251}[which%3]}
		kind, err := document.Kind()
		if err != nil {
			t.Fatal(err)
		}
		own := store(t, map[string]string{"ru/" + string(kind) + ".tmpl": source})
		tape, err := Render(document, paper, own)
		if err != nil {
			t.Fatalf("no slip comes of %q: %v", source, err)
		}
		if tape.Problem != nil && tape.Problem.Error() == "" {
			t.Fatal("a problem without words")
		}
		cuts := 0
		for _, line := range tape.Lines {
			if line.Cut {
				cuts++
			}
		}
		text := decoded(t, tape, QRDrawn)
		if text == "" {
			return
		}
		checkPrinted(t, text, paper.Width, cuts)
		if paper.Encoding != UTF8 {
			checkESCPOS(t, tape)
		}
	})
}
