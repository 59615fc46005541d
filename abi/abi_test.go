//go:build linux

package main_test

import (
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/payrack/payrack/abi/header"
	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/client/clienttest"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
)

// built is the folder with the library, as it is shipped, and its header.
var built string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "pr")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	os.Setenv("XDG_RUNTIME_DIR", folder)
	built = folder
	build := exec.Command("go", "build", "-buildvcs=false", "-buildmode=c-shared", "-ldflags", "-s -w -extldflags '-Wl,-z,nodelete'",
		"-o", filepath.Join(folder, "libpayrack.so"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Printf("build the library: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func functions(t *testing.T) []header.Function {
	t.Helper()
	list, err := header.Parse(read(t, "payrack.h"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func read(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestTheLibraryExportsWhatTheHeaderDeclaresAndNothingElseOfOurs(t *testing.T) {
	file, err := elf.Open(filepath.Join(built, "libpayrack.so"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	symbols, err := file.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var exported, declared []string
	for _, s := range symbols {
		if s.Section == elf.SHN_UNDEF {
			continue
		}
		if strings.HasPrefix(s.Name, "pr_") {
			exported = append(exported, s.Name)
		}
		if strings.HasPrefix(s.Name, "payrack") || strings.HasPrefix(s.Name, "door_") {
			t.Errorf("%s is exported", s.Name)
		}
	}
	for _, f := range functions(t) {
		declared = append(declared, f.Name)
	}
	slices.Sort(exported)
	slices.Sort(declared)
	if !slices.Equal(exported, declared) {
		t.Errorf("exported %v\ndeclared %v", exported, declared)
	}
	if flags, err := file.DynValue(elf.DT_FLAGS_1); err != nil || len(flags) != 1 || elf.DynFlag1(flags[0])&elf.DF_1_NODELETE == 0 {
		t.Errorf("the library may be unloaded: %v %v", flags, err)
	}
}

func TestTheDoorAndItsTwinsAreMadeFromTheHeader(t *testing.T) {
	for name, source := range header.Sources(functions(t)) {
		if read(t, name) != source {
			t.Errorf("%s is stale: run go generate in abi", name)
		}
	}
}

func TestTheHeadersNumbersAreThoseOfTheVocabulary(t *testing.T) {
	defines := map[string]int32{}
	for _, m := range regexp.MustCompile(`(?m)^#define (PR_\w+)\s+(-?\d+)u?\b`).FindAllStringSubmatch(read(t, "payrack.h"), -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			continue
		}
		defines[m[1]] = int32(n)
	}
	events := map[string]pay.EventKind{"PR_EV_STATUS": pay.EvStatus, "PR_EV_CUSTOMER": pay.EvCustomer, "PR_EV_QR_SHOW": pay.EvQRShow,
		"PR_EV_QR_HIDE": pay.EvQRHide, "PR_EV_CONFIRM": pay.EvConfirm, "PR_EV_CHOICE": pay.EvChoice, "PR_EV_INPUT": pay.EvInput,
		"PR_EV_PRINT": pay.EvPrint, "PR_EV_PROGRESS": pay.EvProgress, "PR_EV_CANCELLABLE": pay.EvCancellable,
		"PR_EV_PROMPT_GONE": pay.EvPromptGone, "PR_EV_PENDING": pay.EvPending}
	for name, kind := range events {
		if defines[name] != int32(kind) {
			t.Errorf("%s is %d in the header, %d in package pay", name, defines[name], kind)
		}
		delete(defines, name)
	}
	for _, code := range pay.Codes() {
		if n, ok := defines[code.String()]; !ok || n != int32(code) {
			t.Errorf("%v is %d in the header (%v)", code, n, ok)
		}
		delete(defines, code.String())
	}
	for name := range defines {
		if !strings.HasPrefix(name, "PR_F_") && name != "PR_ABI_VERSION" {
			t.Errorf("%s is not in package pay", name)
		}
	}
}

func TestTheLibraryLinksNoEngineAndNoModule(t *testing.T) {
	out, err := exec.Command("go", "list", "-buildvcs=false", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	ours := []string{"abi", "abi/library", "host/client", "host/place", "internal/rpc/payrack/host/v1", "internal/rpc/payrack/module/v1", "sdk/pay", "sdk/text"}
	for dep := range strings.FieldsSeq(string(out)) {
		if rest, found := strings.CutPrefix(dep, "github.com/payrack/payrack/"); found && !slices.Contains(ours, rest) {
			t.Errorf("the library links %s", dep)
		}
		for _, other := range []string{"hashicorp", "spf13", "sqlite", "goose"} {
			if strings.Contains(dep, other) {
				t.Errorf("the library links %s", dep)
			}
		}
	}
}

// compiled compiles a C program against the library.
func compiled(t *testing.T, source string, more ...string) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is missing: the interface is not tested from C")
	}
	program := filepath.Join(t.TempDir(), "program")
	args := append([]string{"-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I.", "-o", program, source}, more...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return program
}

// installed is an installation whose host runs in this process, by a script that amounts choose.
func installed(t *testing.T) *clienttest.Host {
	t.Helper()
	p, err := place.Find(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h := clienttest.New(p)
	h.Script = clienttest.ByAmount
	h.Infos["activation"], h.Infos["capabilities"] = `{"active":true,"attempts_left":2}`, `{"qr_place":""}`
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Kill)
	return h
}

func must(t *testing.T, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+built)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", filepath.Base(program), err, out)
	}
}

func TestTheInterfaceStandsAnAttackFromC(t *testing.T) {
	program := compiled(t, "testdata/attack.c", "-L"+built, "-lpayrack", "-lpthread")
	h := installed(t)
	h.Drafts["text"], h.Drafts["png"] = []byte("СЛИП"), []byte("\x89PNG\r\n")
	must(t, program, h.Place().Home)
}

func TestAProgramThatUnmasksFloatingPointExceptionsIsServedAndKeepsThem(t *testing.T) {
	program := compiled(t, "testdata/unmasked.c", "-ldl", "-lm")
	must(t, program, filepath.Join(built, "libpayrack.so"), installed(t).Place().Home)
}

func TestTheInterfaceServesPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is missing: the interface is not tested from ctypes")
	}
	if err := exec.Command(python, "-c", "import ctypes").Run(); err != nil {
		t.Skip("this python3 has no ctypes: the interface is not tested from it")
	}
	must(t, python, "testdata/pay.py", filepath.Join(built, "libpayrack.so"), installed(t).Place().Home)
}

func TestTheHeaderIsPlainCAndCPlusPlus(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is missing: the header is not compiled")
	}
	for _, flags := range [][]string{{"-x", "c", "-std=c99"}, {"-x", "c", "-std=c11"}, {"-x", "c++", "-std=c++11"}} {
		if flags[1] == "c++" {
			if _, err := exec.LookPath("g++"); err != nil {
				continue
			}
		}
		args := append(flags, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "payrack.h")
		if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", flags, err, out)
		}
	}
}

// example builds the cashier program of examples/c, and gives the folder that it lies in.
func example(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is missing: the example is not built")
	}
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("a C compiler is missing: the example is not built")
	}
	out := t.TempDir()
	for _, name := range []string{"libpayrack.so", "payrack.h"} {
		from := map[string]string{"libpayrack.so": filepath.Join(built, name)}[name]
		if from == "" {
			from = name
		}
		if err := os.WriteFile(filepath.Join(out, name), []byte(read(t, from)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if said, err := exec.Command("make", "-C", "examples/c", "OUT="+out).CombinedOutput(); err != nil {
		t.Fatalf("make: %v\n%s", err, said)
	}
	return out
}

func TestTheExampleCashierLeavesPendingWhatNobodyDecides(t *testing.T) {
	out, h := example(t), installed(t)
	session, err := client.Open(t.Context(), client.Options{Place: h.Place(), PosID: "4", Flags: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, k := range []struct{ input, says, ack string }{
		{"", "осталась незавершенной", ""}, {"\n", "осталась незавершенной", ""}, {"нет\n", "осталась незавершенной", ""},
		{"1\n", "чек напечатан?", "confirm"}, {"0\n", "чек напечатан?", "reverse"},
	} {
		ref := client.MakeRef("left")
		order := client.Order{Module: "sendy", Kind: pay.KindOnline, Amount: clienttest.Approve, Ref: ref, Params: "{}"}
		if _, _, err := session.Begin(t.Context(), order); err != nil {
			t.Fatal(err)
		}
		if err := session.Watch(t.Context(), ref, 0, func(pay.Event) error { return nil }); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(filepath.Join(out, "cashier"), "--home", h.Place().Home, "--pos", "4")
		cmd.Env, cmd.Stdin = append(os.Environ(), "LANG=C"), strings.NewReader(k.input)
		said, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(said), k.says) {
			t.Errorf("%q: %v\n%s", k.input, err, said)
		}
		for _, ack := range []string{"confirm", "reverse"} {
			if got := slices.Contains(h.Acks(), string(ref)+" "+ack); got != (ack == k.ack) {
				t.Errorf("%q: %s is %v", k.input, ack, got)
			}
		}
	}
}

func TestTheExampleCashierSellsByItsScript(t *testing.T) {
	out := example(t)
	h := installed(t)
	h.Drafts["text"] = []byte("СЛИП ОПЛАТЫ\n")
	script, customer := filepath.Join(out, "script"), filepath.Join(out, "customer")
	if err := os.WriteFile(customer, []byte("#!/bin/sh\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		name, script string
		says         []string
		code         int
	}{
		{"a sale, a refund, a decline", "online 12345\nexpect approved\nrefund 1000\nexpect approved\nonline 200\nexpect declined\n",
			[]string{"[ЧЕК 123,45 ₽]", "СЛИП ОПЛАТЫ", "[ЧЕК 10,00 ₽]", "Недостаточно средств", `TOTALS {"approved":12345,"refunded":1000,"net":11345}`}, 0},
		{"a cancel while the QR is shown", "cancel-after 1\nonline 300\nexpect cancelled\n", []string{"##\n##", "Код действует 60 с", "Отменяем", "== cancelled"}, 0},
		{"prompts of every kind", "answer 1\nonline 400\nexpect approved\nanswer 2\nanswer 9161234567\nonline 600\nexpect approved\n",
			[]string{"Код WeChat", "2. WeChat (wechat)", "Телефон: 9161234567", "СЛИП\n"}, 0},
		{"unknown, and the truth later", "online 500\nexpect unknown\ncancel-after 0\nwait\nexpect approved\n",
			[]string{"== unknown", "== approved", `TOTALS {"approved":500,`}, 0},
		{"a scanned code", "offline 5000 28123456789\nexpect approved\noffline 5000 \x1b\nexpect refused\n", []string{"(-1)"}, 0},
		{"a code that means to be more than a code", "offline 5000 1\",\"despite\":\"x\nexpect approved\n", []string{"== approved"}, 0},
		{"a customer who fails in the background", "sandbox& fail\nonline 100\nexpect approved\n", []string{"sandbox& fail: failed"}, 1},
		{"a customer who is not there", "sandbox hurry\n", []string{"sandbox hurry: failed", "line 1"}, 1},
		{"an expectation that fails", "online 200\nexpect approved\nonline 100\n", []string{"expected approved, got declined", "line 2"}, 1},
	} {
		t.Run(k.name, func(t *testing.T) {
			if err := os.WriteFile(script, []byte(k.script), 0o600); err != nil {
				t.Fatal(err)
			}
			totals := filepath.Join(out, "totals")
			cmd := exec.Command(filepath.Join(out, "cashier"), "--home", h.Place().Home, "--pos", "4", "--script", script, "--totals", totals, "--sandbox", customer)
			cmd.Env = append(os.Environ(), "LANG=C")
			said, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != k.code {
				t.Fatalf("exit code %d, %v\n%s", code, err, said)
			}
			for _, part := range k.says {
				if !strings.Contains(string(said), part) {
					t.Errorf("it does not say %q:\n%s", part, said)
				}
			}
			if !strings.HasSuffix(string(said), "TOTALS "+read(t, totals)) {
				t.Errorf("the totals in the file are not the last line:\n%s", said)
			}
		})
	}
	refs := strings.Fields(read(t, filepath.Join(h.Place().Home, "cashier.refs")))
	for _, ref := range h.Begun() {
		line := slices.Index(refs, string(ref)) + 1
		if line == 0 {
			t.Errorf("%s was not written down", ref)
		}
		var params map[string]string
		if err := json.Unmarshal([]byte(h.Operation(ref).Request.GetParams()), &params); err != nil || params["receipt"] != strconv.Itoa(line) || params["despite"] != "" {
			t.Errorf("params of %s on line %d: %v, %v", ref, line, params, err)
		}
	}
}
