//go:build unix

package point

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// envVictim makes a process of this test a victim: the folder of strikes.
const envVictim = "PAYRACK_POINT_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(envVictim); dir != "" {
		at := Folder(dir).Hook("victim")
		for range 3 {
			at("other")
			at("here")
			_, _ = os.Stdout.WriteString("passed\n")
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func victim(t *testing.T, f Folder) (passed int, state *os.ProcessState) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), envVictim+"="+string(f))
	out, err := c.Output()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return strings.Count(string(out), "passed"), c.ProcessState
}

func TestAProcessIsKilledAtThePointThatWasOrderedAfterThoseThatItPasses(t *testing.T) {
	f := Folder(t.TempDir())
	if passed, state := victim(t, f); passed != 3 || !state.Success() {
		t.Fatalf("nothing was ordered: %d passed, %v", passed, state)
	}
	if err := f.Give("victim", Order{ID: 1, Point: "here", Skip: 2}); err != nil {
		t.Fatal(err)
	}
	passed, state := victim(t, f)
	if s := state.Sys().(syscall.WaitStatus); passed != 2 || s.Signal() != syscall.SIGKILL {
		t.Fatalf("%d passed, %v", passed, state)
	}
	if struck, err := f.Take("victim"); err != nil || !struck {
		t.Fatalf("struck %v, %v", struck, err)
	}
	if passed, state := victim(t, f); passed != 3 || !state.Success() {
		t.Fatalf("it was killed again: %d passed, %v", passed, state)
	}
}

func TestAnOrderThatWasTakenBackKillsNobody(t *testing.T) {
	f := Folder(t.TempDir())
	if err := f.Give("victim", Order{ID: 1, Point: "elsewhere"}); err != nil {
		t.Fatal(err)
	}
	if passed, _ := victim(t, f); passed != 3 {
		t.Fatal("another point was struck")
	}
	if struck, err := f.Take("victim"); err != nil || struck {
		t.Fatalf("struck %v, %v", struck, err)
	}
	if left, err := os.ReadDir(string(f)); err != nil || len(left) != 0 {
		t.Fatalf("left %v, %v", left, err)
	}
}

func TestAClockIsSetForTheNextProcess(t *testing.T) {
	f := Folder(t.TempDir())
	if d := time.Until(f.Clock()()); d.Abs() > time.Hour {
		t.Fatalf("nobody set it, and it is off by %s", d)
	}
	if err := f.SetClock(-24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if d := time.Until(f.Clock()()) + 24*time.Hour; d.Abs() > time.Hour {
		t.Fatalf("it is off by %s", d)
	}
	if Of("home") != Folder(filepath.Join("home", "strikes")) {
		t.Fatal("the folder of an installation")
	}
}
