package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func table(t *testing.T) (root string, all []mutant) {
	t.Helper()
	all, err := readTable()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join("..", "..", ".."), all
}

func TestEachMutantFindsItsTextOnceAndIsStillGo(t *testing.T) {
	root, all := table(t)
	for _, m := range all {
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.file)))
		if err != nil {
			t.Error(err)
			continue
		}
		changed, err := m.apply(string(source))
		if err != nil {
			t.Error(err)
		} else if changed == string(source) {
			t.Errorf("mutant %s changes nothing", m.id)
		}
	}
}

func TestEachMutantIsDescribedWhole(t *testing.T) {
	_, all := table(t)
	if len(all) < 40 {
		t.Errorf("%d mutants, at least 40 are promised", len(all))
	}
	rules := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}
	id := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen, broken := map[string]bool{}, map[string]bool{}
	for _, m := range all {
		if seen[m.id] || !id.MatchString(m.id) {
			t.Errorf("mutant %q: the id is no id, or stands twice", m.id)
		}
		if !slices.Contains(rules, m.rule) || !strings.HasSuffix(m.en, ".") || !strings.HasSuffix(m.ru, ".") || len(m.places) == 0 {
			t.Errorf("mutant %s: a rule, a sentence in each language or a place is missing", m.id)
		}
		if len(m.checks) == 0 || around[m.folder()] == nil {
			t.Errorf("mutant %s: no test is named, or none is known for its folder", m.id)
		}
		seen[m.id], broken[m.rule] = true, true
	}
	for _, rule := range rules {
		if !broken[rule] {
			t.Errorf("no mutant breaks rule %s", rule)
		}
	}
}

func TestEachNamedTestIsThere(t *testing.T) {
	root, all := table(t)
	sources := map[string]string{}
	for _, m := range all {
		for _, c := range m.checks {
			if sources[c.pkg] == "" {
				files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(c.pkg), "*_test.go"))
				if err != nil || len(files) == 0 {
					t.Fatalf("mutant %s: %s has no tests, %v", m.id, c.pkg, err)
				}
				for _, f := range files {
					text, err := os.ReadFile(f)
					if err != nil {
						t.Fatal(err)
					}
					sources[c.pkg] += string(text)
				}
			}
			if !strings.Contains(sources[c.pkg], "\nfunc "+c.test+"(t *testing.T)") {
				t.Errorf("mutant %s: %s has no test %s", m.id, c.pkg, c.test)
			}
		}
	}
}
