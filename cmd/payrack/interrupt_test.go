//go:build !windows

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
)

// child is a payrack in a process of its own.
type child struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

// start runs payrack against a fake host, and waits until it watches the operation.
func start(t *testing.T, ref pay.Ref, receipt string) (*fakeHost, *child) {
	t.Helper()
	home := t.TempDir()
	runtime, err := os.MkdirTemp("", "pr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(runtime) })
	h, stop := serveFake(t, home, runtime)
	t.Cleanup(stop)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(program, "pay", "--module", "sendy", "--amount", "1", "--ref", string(ref), "--receipt", receipt)}
	c.cmd.Args[0] = "payrack"
	c.cmd.Env = append(os.Environ(), "PAYRACK_HOME="+home, "XDG_RUNTIME_DIR="+runtime, "TZ=UTC")
	c.cmd.Stdout, c.cmd.Stderr = &c.stdout, &c.stderr
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	h.until(func() bool { o := h.ops[ref]; return o != nil && o.watchers > 0 })
	return h, c
}

// until waits for something to be true of the fake host.
func (h *fakeHost) until(is func() bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for !is() {
		h.changed.Wait()
	}
}

func (c *child) interrupt(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

func (c *child) exit(t *testing.T) int {
	t.Helper()
	err := c.cmd.Wait()
	if err != nil && c.cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return c.cmd.ProcessState.ExitCode()
}

func TestCtrlCAsksForACancelAndWaitsForTheOutcome(t *testing.T) {
	h, c := start(t, "C-1", "slow")
	c.interrupt(t)
	if code := c.exit(t); code != exitDeclined {
		t.Errorf("exit code %d, want %d\n%s", code, exitDeclined, &c.stderr)
	}
	if !h.ops["C-1"].cancelled {
		t.Error("no cancel was asked for")
	}
	if !strings.Contains(c.stdout.String(), "ОТМЕНЕНО") || !strings.Contains(c.stderr.String(), "ждем результата") {
		t.Errorf("stdout:\n%s\nstderr:\n%s", &c.stdout, &c.stderr)
	}
}

func TestACustomerFasterThanCtrlCHasPaid(t *testing.T) {
	h, c := start(t, "C-2", "faster")
	c.interrupt(t)
	if code := c.exit(t); code != exitDone || !strings.Contains(c.stdout.String(), "ОДОБРЕНО") {
		t.Errorf("exit code %d\nstdout:\n%s", code, &c.stdout)
	}
	if ack := h.ops["C-2"].op.Ack; ack != pay.AckNone {
		t.Errorf("a payment that was to be cancelled is acknowledged with %q: no receipt may follow it", ack)
	}
	if said := c.stderr.String(); !strings.Contains(said, "payrack confirm C-2") || !strings.Contains(said, "payrack reverse C-2") {
		t.Errorf("does not say how to go on:\n%s", said)
	}
}

func TestASecondCtrlCLeavesAndTellsHowToAsk(t *testing.T) {
	h, c := start(t, "C-3", "hang")
	c.interrupt(t)
	h.until(func() bool { return h.ops["C-3"].cancelled })
	c.interrupt(t)
	if code := c.exit(t); code != exitUnknown {
		t.Errorf("exit code %d, want %d", code, exitUnknown)
	}
	if said := c.stderr.String(); !strings.Contains(said, "payrack status C-3 --wait") {
		t.Errorf("does not say how to ask:\n%s", said)
	}
	if h.ops["C-3"].op.Outcome.Final() {
		t.Error("leaving has ended the operation")
	}
}

func TestPlainOutputHasNoControlCharactersAndNoSpinner(t *testing.T) {
	_, c := start(t, "C-4", "slow")
	c.interrupt(t)
	c.exit(t)
	said := c.stderr.String()
	if strings.ContainsAny(said, "\x1b\r") {
		t.Errorf("control characters where no terminal is:\n%q", said)
	}
	for _, line := range []string{"QR-код: https://pay.example/q/1", "осталось 300 с", "Ждем покупателя"} {
		if !strings.Contains(said, line) {
			t.Errorf("%q is missing:\n%s", line, said)
		}
	}
}
