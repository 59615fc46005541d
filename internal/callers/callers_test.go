//go:build callers

package callers

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// root is the project's folder, seen from this package.
const root = "../.."

// built is the installation that make build made.
func built(t *testing.T) string {
	t.Helper()
	home, err := filepath.Abs(filepath.Join(root, "dist/out/linux-amd64"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(home, "libpayrack.so")); err != nil {
		t.Fatalf("make build comes first: %v", err)
	}
	return home
}

// needs skips the test where a tool is missing.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing: scripts/prepare-callers.sh installs it, as root on Debian", tool)
		}
	}
}

// run runs a command of the build.
func run(t *testing.T, dir string, command ...string) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
}

// copied copies files of abi into a folder.
func copied(t *testing.T, to string, files ...string) {
	t.Helper()
	for _, name := range files {
		raw, err := os.ReadFile(filepath.Join(root, "abi", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(name)), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// linux is the installation for this computer.
func linux(t *testing.T) Platform {
	home := built(t)
	return Platform{Built: home, Sandbox: filepath.Join(home, "payrack-sandbox")}
}

// opened lays out an installation in a folder of its own in parent, and takes it down after the test.
func opened(t *testing.T, on Platform, parent string) *Shop {
	t.Helper()
	dir, err := os.MkdirTemp(parent, "prc") // short: sockets lie in it
	if err != nil {
		t.Fatal(err)
	}
	shop, err := NewShop(context.Background(), on, dir)
	t.Cleanup(func() {
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
		os.RemoveAll(dir)
	})
	if err != nil {
		t.Fatal(err)
	}
	return shop
}

// sells plays the scenarios at a till. command gives the program and its arguments for an installation.
func sells(t *testing.T, command func(home string) []string) {
	t.Helper()
	sellsAt(t, opened(t, linux(t), ""), command)
}

func sellsAt(t *testing.T, shop *Shop, command func(home string) []string) {
	t.Helper()
	playsAt(t, shop, command, "demo.txt", "callers.txt")
}

// playsAt plays scenarios of scripts at a till.
func playsAt(t *testing.T, shop *Shop, command func(home string) []string, scenarios ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	play := &Play{Shop: shop, Command: command(shop.Home), Log: &Log{}}
	for i, name := range scenarios {
		scenarios[i] = filepath.Join(root, "scripts", name)
	}
	sums, err := play.Run(ctx, scenarios...)
	if err != nil {
		t.Fatalf("%v\n%s", err, play.Log)
	}
	t.Logf("paid %d, given back %d kopecks, as in the sandbox's ledger", sums.Paid, sums.Back)
}

func TestATillThatSaysPaidWhereNobodyPaidIsCaught(t *testing.T) {
	liar := `echo "== pending 0"; while read line; do case "$line" in exit) exit;; *) echo "== approved 4-1 pay.online 100 confirmed";; esac; done`
	scenario := filepath.Join(t.TempDir(), "scenario")
	if err := os.WriteFile(scenario, []byte("online 100\nexpect approved\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	play := &Play{Shop: opened(t, linux(t), ""), Command: []string{"sh", "-c", liar}, Log: &Log{}, Settle: time.Millisecond}
	if sums, err := play.Run(t.Context(), scenario); err == nil || !strings.Contains(err.Error(), "the sandbox's ledger says 0 and 0") {
		t.Errorf("%v, %v\n%s", sums, err, play.Log)
	}
}

func TestATillInPythonSellsByTheScenario(t *testing.T) {
	needs(t, "python3")
	sells(t, func(home string) []string {
		return []string{"python3", filepath.Join(root, "abi/examples/python/cashier.py"), filepath.Join(home, "libpayrack.so"), home, "4"}
	})
}

// outlives plays the scenario of deaths, and looks that one host and one module run after it, and none once the host was stopped.
func outlives(t *testing.T, shop *Shop, command func(home string) []string) {
	t.Helper()
	playsAt(t, shop, command, "kills.txt")
	for _, who := range []string{"host", "module"} {
		if err := until(t.Context(), "one "+who+" runs", func() bool { return len(shop.processes(who)) == 1 }); err != nil {
			t.Errorf("%v: %v", err, shop.processes(who))
		}
	}
	if said, err := shop.payrack(t.Context(), "", "host", "stop", "--drain"); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, who := range []string{"host", "module"} {
		if err := until(t.Context(), "no "+who+" runs", func() bool { return len(shop.processes(who)) == 0 }); err != nil {
			t.Errorf("%v: %v", err, shop.processes(who))
		}
	}
}

func TestATillInPythonOutlivesHostAndModuleAndItself(t *testing.T) {
	needs(t, "python3")
	outlives(t, opened(t, linux(t), ""), func(home string) []string {
		return []string{"python3", filepath.Join(root, "abi/examples/python/cashier.py"), filepath.Join(home, "libpayrack.so"), home, "4"}
	})
}

// calledBack lets a program of testdata pay with a callback, and looks at what it says and that it ends by itself.
func calledBack(t *testing.T, want string, payments int, command func(home string, codes []string) []string) {
	t.Helper()
	calledBackAt(t, opened(t, linux(t), ""), want, payments, command)
}

func calledBackAt(t *testing.T, shop *Shop, want string, payments int, command func(home string, codes []string) []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if said, err := shop.payrack(ctx, "12345678\n", "activate", "--module", "sendy", "--terminal", "10240007", "--serial", "SN-0001"); err != nil {
		t.Fatalf("activate: %v\n%s", err, said)
	}
	codes := make([]string, payments)
	for i := range codes {
		var err error
		if codes[i], err = shop.customer(ctx, "code wx13005556677 --behaviour confirm"); err != nil {
			t.Fatal(err)
		}
	}
	paid := make(chan error, 1)
	go func() { // each payment waits for its customer, who confirms it on the phone
		var errs []error
		for range payments {
			_, err := shop.customer(ctx, "pay --wait 30s")
			errs = append(errs, err)
		}
		paid <- errors.Join(errs...)
	}()
	out, err := shop.run(ctx, "", command(shop.Home, codes)...)
	if err != nil || !regexp.MustCompile(want).MatchString(out) {
		t.Errorf("it does not say %s, or does not end: %v\n%s", want, err, out)
		cancel()
	}
	if err := <-paid; err != nil {
		t.Error(err)
	}
}

// both says that events came from payrack's thread and in the classic call, and that both payments were approved.
const both = `^apart [1-9]\d* here [1-9]\d* outcomes 0 0\s*$`

func TestAProgramInPythonIsCalledBack(t *testing.T) {
	needs(t, "python3")
	calledBack(t, both, 2, func(home string, codes []string) []string {
		return []string{"python3", "testdata/callback.py", filepath.Join(home, "libpayrack.so"), home, codes[0], codes[1]}
	})
}

func TestAProgramInCSharpIsCalledBackAndEnds(t *testing.T) {
	needs(t, "mcs", "mono")
	dir := t.TempDir()
	copied(t, dir, "bindings/csharp/Payrack.cs", "../internal/callers/testdata/Callback.cs")
	run(t, dir, "mcs", "-warnaserror", "-out:Callback.exe", "Callback.cs", "Payrack.cs")
	calledBack(t, both, 2, func(home string, codes []string) []string {
		program := filepath.Join(home, "Callback.exe")
		if err := os.Rename(filepath.Join(dir, "Callback.exe"), program); err != nil {
			t.Fatal(err)
		}
		return []string{"mono", program, home, codes[0], codes[1]}
	})
}

func TestAProgramInPascalIsCalledBack(t *testing.T) {
	needs(t, "fpc")
	dir := t.TempDir()
	copied(t, dir, "bindings/pascal/payrack.pas", "../internal/callers/testdata/callback.pas")
	run(t, dir, "fpc", "-v0ew", "callback.pas")
	calledBack(t, both, 2, func(home string, codes []string) []string {
		return []string{filepath.Join(dir, "callback"), filepath.Join(home, "libpayrack.so"), home, codes[0], codes[1]}
	})
}

func TestAProgramInNodeIsCalledBack(t *testing.T) {
	bindings := koffi(t)
	test := filepath.Join(filepath.Dir(filepath.Dir(bindings)), "test")
	if err := os.MkdirAll(test, 0o755); err != nil {
		t.Fatal(err)
	}
	copied(t, test, "../internal/callers/testdata/callback.js")
	calledBack(t, `^apart [1-9]\d* outcomes 0\s*$`, 1, func(home string, codes []string) []string {
		return []string{"node", filepath.Join(test, "callback.js"), filepath.Join(home, "libpayrack.so"), home, codes[0]}
	})
}

// koffi lays the Node module out with its dependency, as a project has it: DIR/bindings/node.
func koffi(t *testing.T) string {
	t.Helper()
	needs(t, "node", "npm")
	bindings := filepath.Join(t.TempDir(), "bindings", "node")
	if err := os.MkdirAll(bindings, 0o755); err != nil {
		t.Fatal(err)
	}
	copied(t, bindings, "bindings/node/payrack.js", "bindings/node/package.json", "bindings/node/package-lock.json")
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = bindings
	if out, err := npm.CombinedOutput(); err != nil {
		t.Skipf("koffi does not come from npm: %v: %.300s", err, out)
	}
	return bindings
}

func TestATillInCSharpSellsByTheScenario(t *testing.T) {
	needs(t, "mcs", "mono")
	dir := t.TempDir()
	copied(t, dir, "examples/csharp/Cashier.cs", "bindings/csharp/Payrack.cs")
	run(t, dir, "mcs", "-warnaserror", "-out:Cashier.exe", "Cashier.cs", "Payrack.cs")
	sells(t, func(home string) []string {
		program := filepath.Join(home, "Cashier.exe") // beside the library, where Mono finds it
		if err := os.Rename(filepath.Join(dir, "Cashier.exe"), program); err != nil {
			t.Fatal(err)
		}
		return []string{"mono", program, home, "4"}
	})
}

func TestATillInNodeSellsByTheScenario(t *testing.T) {
	examples := filepath.Join(filepath.Dir(filepath.Dir(koffi(t))), "examples", "node")
	if err := os.MkdirAll(examples, 0o755); err != nil {
		t.Fatal(err)
	}
	copied(t, examples, "examples/node/cashier.js")
	sells(t, func(home string) []string {
		return []string{"node", filepath.Join(examples, "cashier.js"), filepath.Join(home, "libpayrack.so"), home, "4"}
	})
}

func TestATillInCPlusPlusSellsByTheScenario(t *testing.T) {
	needs(t, "g++")
	program := filepath.Join(t.TempDir(), "cashier-cpp")
	run(t, ".", "g++", "-std=c++11", "-Wall", "-Wextra", "-Werror", "-O1", "-I", filepath.Join(root, "abi"), "-o", program,
		filepath.Join(root, "abi/examples/cpp/cashier.cpp"), "-L", built(t), "-lpayrack", "-pthread", "-Wl,-rpath,$ORIGIN")
	sells(t, func(home string) []string {
		beside := filepath.Join(home, "cashier-cpp")
		if err := os.Rename(program, beside); err != nil {
			t.Fatal(err)
		}
		return []string{beside, home, "4"}
	})
}

func TestATillInPascalSellsByTheScenario(t *testing.T) {
	needs(t, "fpc")
	dir := t.TempDir()
	copied(t, dir, "examples/pascal/cashier.pas", "bindings/pascal/payrack.pas")
	run(t, dir, "fpc", "-v0ew", "cashier.pas")
	sells(t, func(home string) []string { return []string{filepath.Join(dir, "cashier"), home, "4"} })
}
