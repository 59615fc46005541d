package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/sendy/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// asCommand makes this test's executable the command itself, so that a real process can be killed.
const asCommand = "PAYRACK_SANDBOX_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a sandbox in a process of its own, which ends with the test.
type process struct {
	ready
	cmd   *exec.Cmd
	stdin io.Closer
}

func launch(t *testing.T, args ...string) *process {
	t.Helper()
	return launchAs(t, "sendy", args...)
}

func launchAs(t *testing.T, provider string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(exe, append([]string{provider, "--with-stdin"}, args...)...)}
	p.cmd.Env = append(os.Environ(), asCommand+"=1")
	p.cmd.Stderr = os.Stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended, as it should
		_ = p.cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the sandbox said nothing: %v", err)
	}
	if err := json.Unmarshal(line, &p.ready); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return p
}

// command runs a client command in this process.
func command(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// must runs a client command with --json against p and reads its result.
func must[T any](t *testing.T, p *process, args ...string) T {
	t.Helper()
	code, out, errOut := command(t, append(args, "--json", "--control", p.Control)...)
	var v T
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != exitDone {
		t.Fatalf("%v: exit %d, %s%s (%v)", args, code, out, errOut, err)
	}
	return v
}

// post sends a request of the POS API.
func post[T any](t *testing.T, p *process, secret, path string, in any) T {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/"+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", wire.BearerPrefix+secret)
	req.Header.Set(wire.HeaderTerminal, "10240007")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(body, &out); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
	}
	return out
}

const testKey = "0123456789abcdef0123456789abcdef"

func activate(t *testing.T, p *process) string {
	t.Helper()
	return post[wire.Activation](t, p, "", wire.PathActivate,
		wire.ActivateRequest{TerminalID: "10240007", Serial: "SN", Code: "12345678", Force: true}).Secret
}

func TestAKilledSandboxKnowsWhereTheMoneyIs(t *testing.T) {
	data := t.TempDir()
	p := launch(t, "--data", data)
	secret := activate(t, p)
	r := post[wire.Record](t, p, secret, wire.PathOnline,
		wire.OnlineRequest{Transaction: 1, Shift: 1, Key: testKey, Amount: 500, Currency: "RUB", System: wire.Sendy})
	if b := must[sdk.Bill](t, p, "pay", "--wait", "10s"); b.State != sdk.BillPaid || b.ID != r.Token {
		t.Fatalf("%+v", b)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()

	p = launch(t, "--data", data)
	if view := must[sdk.LedgerView](t, p, "ledger", testKey); *view.Net != 500 || len(view.Entries) != 1 || len(view.Trouble) != 0 {
		t.Errorf("%+v", view)
	}
	a := post[wire.Record](t, p, secret, wire.PathCancel(1), wire.CancelRequest{Key: testKey, Amount: 500, Mode: wire.Close})
	if a.Status != wire.Paid {
		t.Errorf("after its death the sandbox says %+v", a)
	}
}

func TestTheSandboxEndsWhenItIsToldTo(t *testing.T) {
	t.Run("by the stop command", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "ready")
		p := launch(t, "--ready-file", file)
		if code, _, e := command(t, "stop", "--ready-file", file); code != exitDone {
			t.Fatal(e)
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("ended with %v", err)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("the ready file is still there: %v", err)
		}
	})
	t.Run("by the end of its input", func(t *testing.T) {
		p := launch(t)
		if err := p.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	t.Run("by an interrupt", func(t *testing.T) {
		p := launch(t)
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Logf("this system cannot interrupt a process: %v", err)
			return
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestTheCommandsMoveEverythingInTheSandbox(t *testing.T) {
	p := launch(t, "--auto", "decline", "--auto-polls", "9", "--terminal", "10240007:12345678", "--terminal", "77:1")
	secret := activate(t, p)
	if list := must[[]map[string]any](t, p, "terminals"); len(list) != 2 {
		t.Errorf("terminals: %v", list)
	}
	if term := must[map[string]any](t, p, "terminal", "77", "--code", "abc"); term["code"] != "abc" {
		t.Errorf("terminal: %v", term)
	}
	f := must[sdk.Fault](t, p, "fault", "edit", "--path", "/pos/counters", "--set", "shift=9", "--set", "word=abc", "--count", "2")
	if f.ID == "" || string(f.Set["word"]) != `"abc"` || f.Count != 2 {
		t.Errorf("fault: %+v", f)
	}
	if left := must[[]sdk.Fault](t, p, "faults", "--disarm", f.ID); len(left) != 0 {
		t.Errorf("faults: %v", left)
	}
	if v := must[map[string]json.RawMessage](t, p, "settings", "busy_cancels=3", "auto=pay"); string(v["busy_cancels"]) != "3" || string(v["auto"]) != `"pay"` || string(v["auto_polls"]) != "9" {
		t.Errorf("settings: %s", v)
	}
	if v := must[sdk.ClockView](t, p, "clock", "--advance", "1h"); time.Duration(v.Offset) != time.Hour {
		t.Errorf("clock: %+v", v)
	}
	must[sdk.Wallet](t, p, "wallet", "wx1", "--system", "WECHAT", "--balance", "100")
	code := must[sdk.Code](t, p, "code", "wx1", "--behaviour", "confirm")
	r := post[wire.Record](t, p, secret, wire.PathOffline, wire.OfflineRequest{Transaction: 1, Shift: 1, Key: testKey, Amount: 100,
		Currency: "RUB", System: wire.WeChat, AuthCode: code.Text})
	if r.Status != wire.UserPaying {
		t.Errorf("offline: %+v", r)
	}
	if bills := must[[]sdk.Bill](t, p, "bills"); len(bills) != 1 {
		t.Errorf("bills: %v", bills)
	}
	must[sdk.Bill](t, p, "hold", code.Text)
	must[sdk.Bill](t, p, "decline")
	if list := must[[]sdk.Request](t, p, "requests", "--after", "1"); len(list) != 1 || list[0].Path != "/pos/payment/offline" {
		t.Errorf("requests: %v", list)
	}
	if v := must[wire.ShiftTotals](t, p, "close-shift", "10240007"); v.NewShift != 2 {
		t.Errorf("close-shift: %+v", v)
	}
	must[struct{}](t, p, "reset")
	if bills := must[[]sdk.Bill](t, p, "bills", "--all"); len(bills) != 0 {
		t.Errorf("bills after a reset: %v", bills)
	}
}

func TestResultsForPeopleAreInRussianAndInEnglish(t *testing.T) {
	p := launch(t)
	for lang, words := range map[string][2]string{"ru": {"не активен", "Такого счета нет"}, "en": {"not active", "There is no such bill"}} {
		if _, out, e := command(t, "terminals", "--lang", lang, "--control", p.URL); !strings.Contains(out, words[0]) {
			t.Errorf("%s: %s%s", lang, out, e)
		}
		if code, _, e := command(t, "pay", "--lang", lang, "--control", p.URL); code != exitFailed || !strings.Contains(e, words[1]) {
			t.Errorf("%s: exit %d, %s", lang, code, e)
		}
	}
}

func TestWhatGoesWrongHasItsExitCode(t *testing.T) {
	t.Setenv("PAYRACK_SANDBOX", "")
	p := launch(t)
	for _, tt := range []struct {
		code int
		args []string
	}{
		{exitUsage, []string{"dance"}},
		{exitUsage, []string{"pay", "--no-such"}},
		{exitUsage, []string{"pay", "a", "b"}},
		{exitUsage, []string{"sendy", "--auto", "steal"}},
		{exitUsage, []string{"settings", "novalue", "--control", p.URL}},
		{exitFailed, []string{"fault", "explode", "--control", p.URL}},
		{exitFailed, []string{"pay", "--wait", "20ms", "--control", p.URL}},
		{exitFailed, []string{"sendy", "--listen", "0.0.0.0:0"}},
		{exitFailed, []string{"sendy", "--listen", strings.TrimPrefix(p.URL, "http://")}},
		{exitNobody, []string{"ledger"}},
		{exitNobody, []string{"ledger", "--control", "http://127.0.0.1:1"}},
		{exitNobody, []string{"ledger", "--ready-file", "no-such-file"}},
	} {
		code, out, errOut := command(t, tt.args...)
		if code != tt.code || errOut == "" {
			t.Errorf("%v: exit %d, want %d: %s%s", tt.args, code, tt.code, out, errOut)
		}
	}
	_, _, busy := command(t, "sendy", "--listen", strings.TrimPrefix(p.URL, "http://"))
	if !strings.Contains(busy, strings.TrimPrefix(p.URL, "http://")) || !strings.Contains(busy, "порт") {
		t.Errorf("a port in use: %s", busy)
	}
}

func TestTroubleInTheLedgerIsAFailure(t *testing.T) {
	data := t.TempDir()
	line := `{"money":[{"n":1,"kind":"payment","key":"k","transaction":"1","amount":5,"currency":"RUB"},{"n":2,"kind":"payment","key":"k","transaction":"1","amount":5,"currency":"RUB"}]}`
	if err := os.WriteFile(filepath.Join(data, "sendy-sandbox.jsonl"), []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "--data", data)
	if code, out, errOut := command(t, "ledger", "--control", p.URL); code != exitFailed || !strings.Contains(errOut, "twice") || !strings.Contains(out, "0.10 RUB") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
}

func TestEveryTextIsThereInBothLanguages(t *testing.T) {
	for name, t2 := range texts {
		if t2[0] == "" || t2[1] == "" {
			t.Errorf("%s: %q", name, t2)
		}
	}
	a := &app{say: "en"}
	for _, c := range a.root().Commands() {
		if c.Hidden {
			continue
		}
		if _, ok := texts[c.Name()]; !ok {
			t.Errorf("the command %s has no description", c.Name())
		}
	}
	t.Setenv("PAYRACK_LANG", "ru")
	for _, args := range [][]string{{"--help"}, {"fault", "--help"}, {"dance"}, {"pay", "--no-such"}, {"pay", "a", "b"}, {"ledger", "--ready-file", "none"}} {
		code, out, errOut := command(t, args...)
		if help := args[len(args)-1] == "--help"; (code == exitDone) != help {
			t.Errorf("%v: exit %d", args, code)
		}
		for _, english := range []string{"[flags]", "(default", "unknown command", "unknown flag", "accepts", "no sandbox", "[command]"} {
			if strings.Contains(out+errOut, english) {
				t.Errorf("%v says %q in Russian:\n%s%s", args, english, out, errOut)
			}
		}
	}
}
