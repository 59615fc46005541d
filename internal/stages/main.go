// Command stages runs the stages of `make test` one after another, and ends with what each took, what failed, and what did not run and why.
//
// Each line of the file that it is given is a stage: a name, a colon, and a shell command. A command whose output is that of
// `go test -json` is counted test by test. A stage that begins with "?" may be left out by exiting with 75 after printing the reason.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// leftOut is the exit code by which a stage says that it cannot run here (EX_TEMPFAIL).
const leftOut = 75

type report struct {
	passed, failed int
	skipped        []string // what did not run, with the reason
	times          []string
	broken         []string // stages that failed
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: stages FILE")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "read the stages:", err)
		os.Exit(2)
	}
	var r report
	begun := time.Now()
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		name, command, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		r.run(strings.TrimSpace(name), strings.TrimSpace(command))
	}
	r.print(time.Since(begun))
	if r.failed > 0 || len(r.broken) > 0 {
		os.Exit(1)
	}
}

func (r *report) run(name, command string) {
	optional := strings.HasPrefix(name, "?")
	name = strings.TrimPrefix(name, "?")
	fmt.Printf("\n=== %s\n", name)
	begun := time.Now()
	cmd := exec.Command("bash", "-c", "set -eu -o pipefail; "+command)
	cmd.Stderr = os.Stdout
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.broken = append(r.broken, name+": "+err.Error())
		return
	}
	last := r.read(out)
	err = cmd.Wait()
	took := time.Since(begun).Round(100 * time.Millisecond)
	switch {
	case err == nil:
	case optional && cmd.ProcessState.ExitCode() == leftOut:
		r.skipped = append(r.skipped, fmt.Sprintf("stage %s: %s", name, last))
	default:
		r.broken = append(r.broken, fmt.Sprintf("%s: %v", name, err))
	}
	r.times = append(r.times, fmt.Sprintf("%8s  %s", took, name))
	fmt.Printf("--- %s took %s\n", name, took)
}

// read counts the tests of a stage, and shows what is not a passing test. It returns the last line.
func (r *report) read(out io.Reader) (last string) {
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 1<<20), 16<<20)
	output := map[string]*bytes.Buffer{}
	for lines.Scan() {
		var e struct{ Action, Package, Test, Output string }
		if !bytes.HasPrefix(lines.Bytes(), []byte("{")) || json.Unmarshal(lines.Bytes(), &e) != nil || e.Action == "" {
			last = lines.Text()
			fmt.Println(last)
			continue
		}
		id := e.Package + " " + e.Test
		if output[id] == nil {
			output[id] = &bytes.Buffer{}
		}
		switch e.Action {
		case "output", "build-output":
			output[id].WriteString(e.Output)
		case "pass":
			if e.Test != "" {
				r.passed++
			} else {
				fmt.Print(tail(output[id].String()))
			}
			delete(output, id)
		case "skip":
			if e.Test != "" {
				r.skipped = append(r.skipped, strings.TrimSpace(id)+": "+reason(output[id].String()))
			}
			delete(output, id)
		case "fail", "build-fail":
			if e.Test != "" {
				r.failed++
			}
			fmt.Print(output[id].String())
			delete(output, id)
			if e.Test == "" {
				unfinished(output, e.Package)
			}
		}
	}
	return last
}

// unfinished prints what the tests of a package said that came to no end: the package's process died in them, or its time was over.
func unfinished(output map[string]*bytes.Buffer, pkg string) {
	for _, id := range slices.Sorted(maps.Keys(output)) {
		if test, ok := strings.CutPrefix(id, pkg+" "); ok && test != "" {
			fmt.Printf("%s came to no end:\n%s", id, output[id])
			delete(output, id)
		}
	}
}

// tail is the line with which a package closes.
func tail(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	return lines[len(lines)-1] + "\n"
}

// reason is what a skipped test says.
func reason(output string) string {
	for _, line := range slices.Backward(strings.Split(output, "\n")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===") {
			continue
		}
		if _, why, ok := strings.Cut(line, ".go:"); ok {
			_, why, _ = strings.Cut(why, ": ")
			return why
		}
		return line
	}
	return "no reason given"
}

func (r *report) print(took time.Duration) {
	fmt.Println("\n=== times")
	for _, t := range r.times {
		fmt.Println(t)
	}
	fmt.Printf("%8s  all\n", took.Round(100*time.Millisecond))
	fmt.Printf("\n=== did not run here: %d\n", len(r.skipped))
	for _, s := range r.skipped {
		fmt.Println("  " + s)
	}
	if len(r.broken) > 0 {
		fmt.Printf("\n=== stages that failed: %d\n", len(r.broken))
		for _, b := range r.broken {
			fmt.Println("  " + b)
		}
	}
	fmt.Printf("\n%d passed, %d failed, %d skipped\n", r.passed, r.failed+len(r.broken), len(r.skipped))
}
