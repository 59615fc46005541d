package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// check is one way to find a mistake: a test of a package, all tests of it (test is empty), or the simulator (pkg is its folder).
type check struct{ pkg, test string }

// simulator is the package whose program is run, not its tests.
const simulator = "internal/proof/sim"

func (c check) String() string {
	if c.test == "" {
		return c.pkg
	}
	return c.pkg + " " + c.test
}

// limit is how long a named test may take with a mistake in it; wide is for a whole package. A test that takes longer has found nothing.
const (
	limit = 60 * time.Second
	wide  = 4 * time.Minute
)

// verdict is what a check came to.
type verdict struct {
	failed    string // the test that failed
	ran       []string
	uncertain string // it ended neither way: it did not compile, or took too long
	output    string
}

// laboratory runs checks on the tree at root.
type laboratory struct {
	root, dir string
	only      string         // the one package whose checks run; empty: all
	sound     map[check]bool // what passes without a mistake
}

// findRoot gives the folder of the module that the working directory belongs to.
func findRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	file := strings.TrimSpace(string(out))
	if err != nil || file == "" || file == os.DevNull {
		return "", errors.Join(errors.New("the tree of payrack is not here"), err)
	}
	return filepath.Dir(file), nil
}

// overlay writes the mutated file beside the tree, and gives the flag by which every go command under a test sees it in place of the real one.
func (l *laboratory) overlay(m mutant) (string, error) {
	source, err := m.mutate(l.root)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(l.dir, m.id+".go")
	document, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(l.root, filepath.FromSlash(m.file)): changed}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(l.dir, m.id+".json")
	return "-overlay=" + list, errors.Join(os.WriteFile(changed, []byte(source), 0o600), os.WriteFile(list, document, 0o600))
}

// run runs a check, under an overlay's flag or none. pattern is empty for all tests.
func (l *laboratory) run(ctx context.Context, pkg, pattern, overlay string) (verdict, error) {
	if pkg == simulator {
		return l.simulate(ctx, overlay)
	}
	within := limit
	if pattern == "" {
		within = wide
	}
	args := []string{"test", "-json", "-failfast", "-vet=off", "-timeout", within.String()}
	if overlay != "" {
		args = append(args, "-count=1") // without a mistake a result of before will do
	}
	if pattern != "" {
		args = append(args, "-run", pattern)
	}
	args = append(args, "./"+pkg)
	if l.drawn(pkg) {
		args = append(args, "-args", "-rapid.nofailfile", "-rapid.shrinktime=1s")
	}
	out, code, err := l.command(ctx, within, overlay, args...)
	if err != nil {
		return verdict{}, err
	}
	v := judge(bytes.NewReader(out))
	if code != 0 && v.failed == "" && v.uncertain == "" {
		v.uncertain = "the tests ended without naming one that failed"
	}
	return v, nil
}

// drawn says whether tests of a package draw their cases by rapid, which is then to write nothing into the tree and not to look long for
// the smallest case.
func (l *laboratory) drawn(pkg string) bool {
	files, _ := filepath.Glob(filepath.Join(l.root, filepath.FromSlash(pkg), "*_test.go"))
	return slices.ContainsFunc(files, func(f string) bool {
		text, err := os.ReadFile(f)
		return err == nil && bytes.Contains(text, []byte(`"pgregory.net/rapid"`))
	})
}

// command runs a go command, with some time for compiling on top of within, and gives its output and exit code.
func (l *laboratory) command(ctx context.Context, within time.Duration, overlay string, args ...string) (out []byte, code int, err error) {
	ctx, cancel := context.WithTimeout(ctx, within+wide)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = l.root
	cmd.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace("-buildvcs=false -trimpath "+overlay))
	cmd.WaitDelay = 5 * time.Second
	out, err = cmd.Output()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return nil, 0, fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return out, cmd.ProcessState.ExitCode(), nil
}

// simulate plays the simulator for a while; what it finds first stands for the test that failed.
func (l *laboratory) simulate(ctx context.Context, overlay string) (v verdict, err error) {
	program := filepath.Join(l.dir, "sim")
	out, code, err := l.command(ctx, limit, overlay, "build", "-o", program, "./"+simulator)
	if err != nil || code != 0 {
		return verdict{uncertain: "it does not compile", output: string(out)}, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-for", "10s")
	out, err = cmd.Output()
	v.output = string(out)
	switch {
	case ctx.Err() != nil:
		v.uncertain = "it took too long"
	case err == nil:
		v.ran = []string{""}
	default:
		_, found, _ := strings.Cut(v.output, "violations: ")
		if _, found, _ = strings.Cut(found, "\n"); found == "" {
			v.uncertain = "the simulator ended without naming a rule"
			return v, nil
		}
		v.failed, _, _ = strings.Cut(strings.TrimSpace(found), "\n")
	}
	return v, nil
}

// judge reads the output of go test -json.
func judge(out io.Reader) (v verdict) {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 1<<16), 16<<20)
	var text strings.Builder
	var running []string
	for lines.Scan() {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		text.WriteString(e.Output)
		switch {
		case e.Action == "build-fail":
			v.uncertain = "it does not compile"
		case strings.Contains(e.Output, "panic: test timed out after"):
			v.uncertain = "it took too long"
		case e.Test == "":
		case e.Action == "run":
			running = append(running, e.Test)
		case e.Action == "pass", e.Action == "skip", e.Action == "fail":
			running = slices.DeleteFunc(running, func(t string) bool { return t == e.Test })
			if e.Action == "pass" {
				v.ran = append(v.ran, e.Test)
			}
			if e.Action == "fail" && v.failed == "" {
				v.failed = e.Test
			}
		}
	}
	v.output = text.String()
	if v.uncertain != "" {
		v.failed = ""
	} else if v.failed == "" && len(running) > 0 {
		v.failed = running[len(running)-1] // a panic ended the program in the middle of it
	}
	return v
}

// exactly is the pattern of the tests named, and of no others.
func exactly(tests ...string) string { return "^(" + strings.Join(tests, "|") + ")$" }
