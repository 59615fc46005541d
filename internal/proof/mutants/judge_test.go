package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestAMistakeIsCaughtByATestThatFailsAndByNothingElse(t *testing.T) {
	line := func(action, test, output string) string {
		return fmt.Sprintf(`{"Action":%q,"Test":%q,"Output":%q}`, action, test, output)
	}
	for name, c := range map[string]struct {
		lines             []string
		failed, uncertain string
	}{
		"all pass":           {lines: []string{line("run", "TestA", ""), line("pass", "TestA", ""), line("pass", "", "")}},
		"one fails":          {[]string{line("run", "TestA", ""), line("fail", "TestA", ""), line("fail", "", "")}, "TestA", ""},
		"a part of it fails": {[]string{line("run", "TestA", ""), line("run", "TestA/b", ""), line("fail", "TestA/b", ""), line("fail", "TestA", "")}, "TestA/b", ""},
		"it panics":          {[]string{line("run", "TestA", ""), line("output", "TestA", "panic: a bug"), line("fail", "", "")}, "TestA", ""},
		"it takes too long": {[]string{line("run", "TestA", ""), line("output", "TestA", "panic: test timed out after 1m0s"), line("fail", "TestA", "")},
			"", "it took too long"},
		"it does not compile": {[]string{line("build-output", "", "x.go:1: no"), line("build-fail", "", ""), line("fail", "", "")}, "", "it does not compile"},
		"noise between":       {[]string{"make: hello", line("run", "TestA", ""), line("fail", "TestA", "")}, "TestA", ""},
	} {
		v := judge(strings.NewReader(strings.Join(c.lines, "\n")))
		if v.failed != c.failed || v.uncertain != c.uncertain {
			t.Errorf("%s: %q failed, %q", name, v.failed, v.uncertain)
		}
	}
}

func TestATurnFollowsTheOtherUntilAllMutantsHadTheirs(t *testing.T) {
	all := make([]mutant, 23)
	for i := range all {
		all[i].id = fmt.Sprint("m", i)
	}
	for start := range 30 {
		had := map[string]bool{}
		for turn := range 5 {
			chosen, err := choose(all, settings{count: 5, seed: int64(start + turn)})
			if err != nil || len(chosen) != 5 {
				t.Fatal(len(chosen), err)
			}
			for _, m := range chosen {
				had[m.id] = true
			}
		}
		if len(had) != len(all) {
			t.Errorf("five turns from %d on leave out %d mutants", start, len(all)-len(had))
		}
	}
	if _, err := choose(all, settings{only: "m1,nobody"}); err == nil {
		t.Error("a mutant that is not there was taken")
	}
}

func TestATextThatIsNotFoundOnceIsAnErrorOfTheTable(t *testing.T) {
	const source = "package a\n\nvar x, y = 1, 1\n"
	for _, find := range []string{"z", "1", ""} {
		m := mutant{id: "m", places: []place{{find, "2"}}}
		if _, err := m.apply(source); err == nil {
			t.Errorf("%q was replaced", find)
		}
	}
	if _, err := (mutant{places: []place{{"= 1", "="}}}).apply(source); err == nil {
		t.Error("what is no Go was taken")
	}
	if got, err := (mutant{places: []place{{"x, y", "x, z"}}}).apply(source); err != nil || got != "package a\n\nvar x, z = 1, 1\n" {
		t.Errorf("%q, %v", got, err)
	}
}
