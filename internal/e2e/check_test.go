//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	sendy "github.com/payrack/payrack/plugins/sendy/sandbox"
)

// checkModule runs `payrack module check` on a built module against sandboxes of this process.
func checkModule(t *testing.T, program string, args ...string) (code int, out, said string) {
	t.Helper()
	args = append([]string{"module", "check", filepath.Join(programs, program), "--lang", "en"}, args...)
	for range 2 {
		bank, err := sendy.New(sendy.Options{})
		must(t, err)
		must(t, bank.Start("127.0.0.1:0"))
		t.Cleanup(func() { _ = bank.Close() })
		args = append(args, "--sandbox", bank.URL())
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "payrack"), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), "TMPDIR="+shortTemp(t))
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok {
		code = exit.ExitCode()
	}
	return code, stdout.String(), stderr.String()
}

// shortTemp is a folder for sockets, whose paths have little room, and says at the end whether anything was left in it.
func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "prc-")
	must(t, err)
	t.Cleanup(func() {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

func TestTheBuiltModuleOfSendyPassesItsCheckAndNamesTheSeed(t *testing.T) {
	t.Parallel()
	code, out, said := checkModule(t, "sendy", "--json", "--seed", "42", "--set", "Server={sandbox}",
		"--activate", "terminal_id="+sendy.DefaultTerminal.ID, "--activate", "serial=SN-1", "--activate", "code="+sendy.DefaultTerminal.Code,
		"--only", "POST:pos.payment.offline/drop", "--only", "restart/refund", "--only", "repeat/begin-offline", "--only", "customer/never",
		"--only", "customer/faster-than-cancel")
	var card struct {
		Module                        string
		Seed                          uint64
		Passed, Failed, NotApplicable int
		Results                       []struct {
			Case, Verdict, Why string
			Problems           []string
		}
	}
	if err := json.Unmarshal([]byte(out), &card); err != nil || code != 0 {
		t.Fatalf("exit %d, %v\n%s\n%s", code, err, out, said)
	}
	if card.Module != "sendy" || card.Seed != 42 || card.Failed != 0 || card.Passed < 6 || !strings.Contains(said, "--seed 42") {
		t.Errorf("%+v\n%s", card, said)
	}
	for _, r := range card.Results { // the built module keeps its own times, and 310 s are not waited for
		if r.Case == "customer/never" && (r.Verdict != "not_applicable" || r.Why == "") {
			t.Errorf("%+v", r)
		}
	}
}

func TestAModuleThatMovesNoMoneyFailsItsCheck(t *testing.T) {
	t.Parallel()
	if code, out, said := checkModule(t, "payer"); code == 0 || !strings.Contains(out+said, "pay.offline") && !strings.Contains(out+said, "offline") {
		t.Errorf("exit %d\n%s\n%s", code, out, said)
	}
}
