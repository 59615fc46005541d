package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// around are the packages whose tests look at a folder's code, the nearest first, after the tests that an entry names. What no unit test
// finds the end-to-end tests may.
var around = map[string][]string{
	"sdk/engine":             {"sdk/engine", simulator, "sdk/shell"},
	"sdk/shell":              {"sdk/shell", "sdk"},
	"sdk/journal":            {"sdk/journal", "sdk/shell"},
	"sdk/exchange":           {"sdk/exchange", "plugins/sendy/driver"},
	"host":                   {"host"},
	"host/index":             {"host/index", "host"},
	"host/client":            {"host/client", "abi/library"},
	"abi/library":            {"abi/library"},
	"plugins/sendy/driver":   {"plugins/sendy/driver"},
	"plugins/sbp/bank":       {"plugins/sbp/bank", "plugins/sbp/driver"},
	"plugins/sbp/driver":     {"plugins/sbp/driver"},
	"plugins/kvell/wire":     {"plugins/kvell/wire", "plugins/kvell/driver"},
	"plugins/kvell/driver":   {"plugins/kvell/driver"},
	"plugins/socproc/driver": {"plugins/socproc/driver"},
	"plugins/lombard/wire":   {"plugins/lombard/wire", "plugins/lombard/driver"},
	"plugins/lombard/driver": {"plugins/lombard/driver"},
	"sdk/payout":             {"sdk/payout", "plugins/kvell/driver"},
}

// folder is where the mutant's file lies.
func (m mutant) folder() string { return m.file[:strings.LastIndexByte(m.file, '/')] }

// named stands for the tests that the entries name, where only a part of the checks is to run.
const named = "named"

// order is every check for a mutant, in the order in which they run; only is empty, named, or the one package whose checks run.
func (m mutant) order(only string) []check {
	switch only {
	case "":
	case named:
		return m.checks
	default:
		return []check{{pkg: only}}
	}
	list := slices.Clone(m.checks)
	for _, pkg := range around[m.folder()] {
		list = append(list, check{pkg: pkg})
	}
	return append(list, check{pkg: "internal/e2e"})
}

// soundness runs the named tests of the mutants without any mistake: what fails then finds nothing.
func (l *laboratory) soundness(ctx context.Context, chosen []mutant) error {
	if l.only != "" && l.only != named {
		return nil // what fails is tried without the mutant then
	}
	tests := map[string][]string{}
	var pkgs []string
	for _, m := range chosen {
		for _, c := range m.checks {
			if !slices.Contains(pkgs, c.pkg) {
				pkgs = append(pkgs, c.pkg)
			}
			if !slices.Contains(tests[c.pkg], c.test) {
				tests[c.pkg] = append(tests[c.pkg], c.test)
			}
		}
	}
	for _, pkg := range pkgs {
		v, err := l.run(ctx, pkg, exactly(tests[pkg]...), "")
		if err != nil {
			return err
		}
		if v.failed != "" || v.uncertain != "" {
			return fmt.Errorf("%s without a mutant: %s%s\n%s", pkg, v.failed, v.uncertain, tail(v.output))
		}
		for _, test := range tests[pkg] {
			if !slices.Contains(v.ran, test) {
				return fmt.Errorf("%s: %s does not run here", pkg, test)
			}
			l.sound[check{pkg, test}] = true
		}
	}
	return nil
}

// passes says whether a test passes without a mistake.
func (l *laboratory) passes(ctx context.Context, c check) bool {
	if !l.sound[c] {
		v, err := l.run(ctx, c.pkg, exactly(c.test), "")
		l.sound[c] = err == nil && v.failed == "" && v.uncertain == "" && slices.Contains(v.ran, c.test)
	}
	return l.sound[c]
}

// hunt runs the checks on a mutant until one finds it.
func (l *laboratory) hunt(ctx context.Context, m mutant) (r result) {
	r = result{ID: m.id, File: m.file, Rule: m.rule}
	begun := time.Now()
	defer func() {
		if r.CaughtBy == "" {
			r.Seconds = seconds(time.Since(begun))
		}
	}()
	overlay, err := l.overlay(m)
	if err != nil {
		r.Broken = err.Error()
		return r
	}
	for _, c := range m.order(l.only) {
		pattern := ""
		if c.test != "" {
			pattern = exactly(c.test)
		}
		v, err := l.run(ctx, c.pkg, pattern, overlay)
		switch {
		case err != nil:
			r.Broken = err.Error()
			return r
		case v.uncertain == "it does not compile":
			r.Broken = v.uncertain + "\n" + tail(v.output)
			return r
		case v.uncertain != "":
			r.Notes = append(r.Notes, c.String()+": "+v.uncertain)
		case v.failed != "":
			top, _, _ := strings.Cut(v.failed, "/")
			if c.pkg == simulator {
				top = ""
			}
			r.Seconds = seconds(time.Since(begun))
			if l.passes(ctx, check{c.pkg, top}) {
				r.CaughtBy = c.pkg + " " + v.failed
				return r
			}
			r.Notes = append(r.Notes, c.pkg+" "+top+" fails without the mutant too")
		}
	}
	return r
}

// tail is the end of a long output.
func tail(s string) string { return s[max(len(s)-2000, 0):] }
