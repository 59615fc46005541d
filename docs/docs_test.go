// Package docs_test holds the pages against the tree: links, twins, codes, settings and the tests that they name.
package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/payrack/payrack/host"
	"github.com/payrack/payrack/ini"
	kvell "github.com/payrack/payrack/plugins/kvell/driver"
	sbp "github.com/payrack/payrack/plugins/sbp/driver"
	sendy "github.com/payrack/payrack/plugins/sendy/driver"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/pay"
)

// root is the tree's, seen from this folder.
const root = ".."

// pages are the documents at the root, in docs and in changelog, by their paths from the root.
func pages(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"docs", "changelog"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, e fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".md") {
				list = append(list, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

var (
	fences   = regexp.MustCompile("(?ms)^```.*?^```")
	spans    = regexp.MustCompile("`[^`\n]*`")
	links    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ +(.+)$`)
)

// anchors are the fragments that a page's headings give.
func anchors(page string) []string {
	var list []string
	for _, h := range headings.FindAllStringSubmatch(fences.ReplaceAllString(page, ""), -1) {
		list = append(list, strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, strings.TrimSpace(h[1])))
	}
	return list
}

func TestEachRelativeLinkLeadsToAFileAndItsHeading(t *testing.T) {
	for _, page := range pages(t) {
		prose := spans.ReplaceAllString(fences.ReplaceAllString(read(t, page), ""), "")
		for _, link := range links.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			file, fragment, _ := strings.Cut(link[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, link[1])
				continue
			}
			if fragment != "" && !slices.Contains(anchors(read(t, target)), fragment) {
				t.Errorf("%s: %s has no heading for the link %s", page, target, link[1])
			}
		}
	}
}

func TestEachPageHasItsTwinInTheOtherLanguage(t *testing.T) {
	names := map[string][]string{}
	for _, lang := range []string{"en", "ru"} {
		entries, err := os.ReadDir(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names[lang] = append(names[lang], e.Name())
		}
	}
	if !slices.Equal(names["en"], names["ru"]) {
		t.Errorf("docs/en has %v, docs/ru has %v", names["en"], names["ru"])
	}
}

func TestEachDecisionIsListed(t *testing.T) {
	list := read(t, filepath.Join("decisions", "README.md"))
	files, err := filepath.Glob(filepath.Join("decisions", "[0-9]*.md"))
	if err != nil || len(files) == 0 {
		t.Fatal("no decisions", err)
	}
	for _, file := range files {
		if !strings.Contains(list, "]("+filepath.Base(file)+")") {
			t.Errorf("decisions/README.md does not list %s", filepath.Base(file))
		}
	}
}

// bothLanguages gives a page in each language.
func bothLanguages(t *testing.T, name string) map[string]string {
	t.Helper()
	return map[string]string{"en": read(t, filepath.Join("en", name)), "ru": read(t, filepath.Join("ru", name))}
}

func TestTheTablesOfCodesAreWhole(t *testing.T) {
	for lang, page := range bothLanguages(t, "cashier-programmer.md") {
		for _, code := range pay.Codes() {
			if row := fmt.Sprintf("| `%s` %d |", code, int32(code)); strings.Count(page, row) != 1 {
				t.Errorf("%s: %q must stand once", lang, row)
			}
		}
	}
}

func TestTheTablesOfSettingsAreWhole(t *testing.T) {
	for lang, page := range bothLanguages(t, "technician.md") {
		for what, settings := range map[string]any{"payrack.ini": &host.Settings{}, "sendy.ini": &sendy.Settings{}} {
			schema, err := ini.Describe(settings)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range schema.Settings {
				if !strings.Contains(page, "`"+s.Key+"`") {
					t.Errorf("%s: %s of %s is missing", lang, s.Key, what)
				}
			}
		}
	}
}

// banks are the pages of SBP's banks, by what the keys of their settings begin with.
var banks = map[string]string{"Raiffeisen": "sbp-raiffeisen.md", "Gazprombank": "sbp-gazprombank.md", "RSB": "sbp-rsb.md"}

// bankOf is the bank that a setting of SBP belongs to; empty: it is for all of them.
func bankOf(key string) string {
	for bank := range banks {
		if strings.HasPrefix(key, bank) {
			return bank
		}
	}
	return ""
}

// captionRow is a row of a table of settings: key and caption.
var captionRow = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\|")

func TestThePageOfEachBankHasItsSettingsWithTheirCaptions(t *testing.T) {
	schema, err := ini.Describe(&sbp.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for bank, name := range banks {
		for lang, page := range bothLanguages(t, name) {
			found := map[string]string{}
			for _, row := range captionRow.FindAllStringSubmatch(page, -1) {
				found[row[1]] = row[2]
			}
			for _, s := range schema.Settings {
				caption, listed := found[s.Key]
				delete(found, s.Key)
				want := map[string]string{"en": s.Caption.EN, "ru": s.Caption.RU}[lang]
				switch {
				case bankOf(s.Key) != bank && listed:
					t.Errorf("%s/%s: %s is of another bank", lang, name, s.Key)
				case bankOf(s.Key) == bank && caption != want:
					t.Errorf("%s/%s: %s is called %q, in the settings %q", lang, name, s.Key, caption, want)
				}
			}
			for key := range found {
				t.Errorf("%s/%s: there is no setting %s", lang, name, key)
			}
		}
	}
}

func TestThePageOfKVELLHasItsSettingsWithTheirCaptions(t *testing.T) {
	schema, err := ini.Describe(&kvell.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	common := map[string]bool{}
	every, err := ini.Describe(&sdk.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range every.Settings {
		common[s.Key] = true
	}
	for lang, page := range bothLanguages(t, "kvell.md") {
		found := map[string]string{}
		for _, row := range captionRow.FindAllStringSubmatch(page, -1) {
			found[row[1]] = row[2]
		}
		for _, s := range schema.Settings {
			want := map[string]string{"en": s.Caption.EN, "ru": s.Caption.RU}[lang]
			if caption := found[s.Key]; !common[s.Key] && caption != want {
				t.Errorf("%s/kvell.md: %s is called %q, in the settings %q", lang, s.Key, caption, want)
			}
			delete(found, s.Key)
		}
		for key := range found {
			t.Errorf("%s/kvell.md: there is no setting %s", lang, key)
		}
	}
}

func TestTheSettingsOfAllBanksStandInTheTechniciansTable(t *testing.T) {
	schema, err := ini.Describe(&sbp.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for lang, page := range bothLanguages(t, "technician.md") {
		for _, s := range schema.Settings {
			if bankOf(s.Key) == "" && !strings.Contains(page, "`"+s.Key+"`") {
				t.Errorf("%s: %s of sbp.ini is missing", lang, s.Key)
			}
		}
	}
}

func TestTheTestsThatThePagesNameExist(t *testing.T) {
	exist := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && (e.Name() == "dist" || e.Name() == ".git") {
			return errorsOrSkip(err)
		}
		if strings.HasSuffix(path, "_test.go") {
			for _, f := range declared.FindAllStringSubmatch(read(t, path), -1) {
				exist[f[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := ini.Describe(&kvell.Settings{}) // TestTerminal is a setting, and no test
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range settings.Settings {
		exist[one.Key] = true
	}
	named := regexp.MustCompile("`(Test[A-Z]\\w+)`")
	found := 0
	for _, page := range pages(t) {
		for _, name := range named.FindAllStringSubmatch(read(t, page), -1) {
			found++
			if !exist[name[1]] {
				t.Errorf("%s: there is no test %s", page, name[1])
			}
		}
	}
	if found == 0 {
		t.Error("no page names a test: the search is broken")
	}
}

// errorsOrSkip leaves a folder out where nothing is wrong with it.
func errorsOrSkip(err error) error {
	if err != nil {
		return err
	}
	return fs.SkipDir
}
