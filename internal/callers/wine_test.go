//go:build callers

package callers

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/abi/header"
)

// wine is how a Windows program is run, and where it must lie. It skips the test where there is no Wine and none may be made.
func wine(t *testing.T) (script, room string) {
	t.Helper()
	root, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	script = filepath.Join(root, "scripts/wine.sh")
	out, err := exec.Command(script, "prepare").CombinedOutput()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && failed.ExitCode() == 75 {
		t.Skipf("no Windows programs here: %s", out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	room = filepath.Join(root, ".cache", "wine", "room")
	if err := os.MkdirAll(room, 0o755); err != nil {
		t.Fatal(err)
	}
	return script, room
}

// onWindows is the installation for a width of Windows: 386 or amd64.
func onWindows(t *testing.T, script, width string) Platform {
	t.Helper()
	built := filepath.Join(filepath.Dir(built(t)), "windows-"+width)
	if _, err := os.Stat(filepath.Join(built, "payrack.dll")); err != nil {
		t.Skipf("no installation for Windows was built: make windows needs mingw-w64: %v", err)
	}
	return Platform{Built: built, Sandbox: linux(t).Sandbox, Enter: []string{script, "run"}, Suffix: ".exe"}
}

// compiled compiles a Pascal program of abi for a width of Windows, in a folder that Wine sees.
func compiled(t *testing.T, script, room, width, source string) (program string) {
	t.Helper()
	dir, err := os.MkdirTemp(room, "pas")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	copied(t, dir, source, "bindings/pascal/payrack.pas")
	compiler := map[string][]string{"386": {"fpc-win32"}, "amd64": {"fpc", "-Twin64", "-Px86_64"}}[width]
	command := append([]string{script, "enter"}, compiler...)
	run(t, dir, append(command, "-v0ew", filepath.Base(source))...)
	name := filepath.Base(source)
	return filepath.Join(dir, name[:len(name)-len(".pas")]+".exe")
}

func TestATillInPascalSellsByTheScenarioAsAWindowsProgram(t *testing.T) {
	script, room := wine(t)
	for _, width := range []string{"386", "amd64"} {
		t.Run(width, func(t *testing.T) {
			program := compiled(t, script, room, width, "examples/pascal/cashier.pas")
			sellsAt(t, opened(t, onWindows(t, script, width), room), func(home string) []string { return []string{script, "run", program, home, "4"} })
		})
	}
}

// The example in C loads the library by LoadLibrary, and finds each function by GetProcAddress.
func TestTheExampleInCDoesTheWholeDemoAsAWindowsProgramInBothConventions(t *testing.T) {
	script, room := wine(t)
	for _, width := range []string{"386", "amd64"} {
		for _, program := range []string{"cashier", "cashier-stdcall"} {
			t.Run(width+" "+program, func(t *testing.T) {
				shop := opened(t, onWindows(t, script, width), room)
				ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
				defer cancel()
				if sums, said, err := shop.Demo(ctx, program, filepath.Join(root, "scripts/demo.txt")); err != nil || sums.Paid == 0 || sums.Back == 0 {
					t.Errorf("paid %d, given back %d: %v\n%s", sums.Paid, sums.Back, err, said)
				}
			})
		}
	}
}

func TestATillInPascalOutlivesHostAndModuleAndItselfAsAWindowsProgram(t *testing.T) {
	script, room := wine(t)
	for _, width := range []string{"386", "amd64"} {
		t.Run(width, func(t *testing.T) {
			program := compiled(t, script, room, width, "examples/pascal/cashier.pas")
			outlives(t, opened(t, onWindows(t, script, width), room), func(home string) []string { return []string{script, "run", program, home, "4"} })
		})
	}
}

func TestTheHostOfAWindowsProgramIsAloneAndOutlivesTheJobOfWhoeverStartedIt(t *testing.T) {
	script, room := wine(t)
	for width, compiler := range map[string]string{"386": "i686-w64-mingw32-gcc", "amd64": "x86_64-w64-mingw32-gcc"} {
		t.Run(width, func(t *testing.T) {
			shop := opened(t, onWindows(t, script, width), room)
			needs(t, compiler)
			program := filepath.Join(shop.Home, "job.exe")
			run(t, ".", compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-D_WIN32_WINNT=0x0A00", "-I", filepath.Join(root, "abi"), "-I",
				filepath.Join(root, "abi/bindings/c"), "-o", program, "testdata/job.c")
			said, err := shop.run(t.Context(), "", script, "run", program, filepath.Join(shop.Home, "payrack.dll"), shop.Home)
			if err != nil || !regexp.MustCompile(`^in job 1 open 0\s+ended 7\s*$`).MatchString(said) {
				t.Fatalf("the program said %q: %v", said, err)
			}
			before := shop.processes("host")
			if len(before) != 1 {
				t.Fatalf("the job took the host with it: %v run", before)
			}
			if said, err := shop.payrack(t.Context(), "", "host"); err == nil || !strings.Contains(said, "PR_E_BUSY") {
				t.Errorf("a second host: %v\n%s", err, said)
			}
			if said, err := shop.payrack(t.Context(), "", "module", "list"); err != nil || !strings.Contains(said, "sendy") {
				t.Errorf("the host does not serve: %v\n%s", err, said)
			}
			if after := shop.processes("host"); !slices.Equal(before, after) {
				t.Errorf("%v became %v", before, after)
			}
		})
	}
}

func TestAProgramInPascalIsCalledBackAsAWindowsProgram(t *testing.T) {
	script, room := wine(t)
	for _, width := range []string{"386", "amd64"} {
		t.Run(width, func(t *testing.T) {
			program := compiled(t, script, room, width, "../internal/callers/testdata/callback.pas")
			calledBackAt(t, opened(t, onWindows(t, script, width), room), both, 2, func(home string, codes []string) []string {
				return []string{script, "run", program, filepath.Join(home, "payrack.dll"), home, codes[0], codes[1]}
			})
		})
	}
}

func TestAWindowsProgramWaitsByMessagesAndByAnEventInBothConventions(t *testing.T) {
	script, room := wine(t)
	for width, compiler := range map[string]string{"386": "i686-w64-mingw32-gcc", "amd64": "x86_64-w64-mingw32-gcc"} {
		for convention, define := range map[string]string{"cdecl": "-DCDECL", "stdcall": "-DSTDCALL"} {
			t.Run(width+" "+convention, func(t *testing.T) {
				shop := opened(t, onWindows(t, script, width), room)
				needs(t, compiler)
				program := filepath.Join(shop.Home, "waits.exe")
				run(t, ".", compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", define, "-I", filepath.Join(root, "abi"), "-o", program,
					"testdata/waits.c")
				calledBackAt(t, shop, `^messages 1 pending 1 waits 1 quiet 1 calls 1 refused 2 outcomes 0 0\s*$`, 3, func(home string, codes []string) []string {
					return append([]string{script, "run", program, filepath.Join(home, "payrack.dll"), home}, codes...)
				})
			})
		}
	}
}

func TestAWindowsProgramIsServedInUTF16(t *testing.T) {
	script, room := wine(t)
	for width, compiler := range map[string]string{"386": "i686-w64-mingw32-gcc", "amd64": "x86_64-w64-mingw32-gcc"} {
		t.Run(width, func(t *testing.T) {
			shop := opened(t, onWindows(t, script, width), room)
			needs(t, compiler)
			program := filepath.Join(shop.Home, "wide.exe")
			run(t, ".", compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", "-I", filepath.Join(root, "abi"), "-o", program,
				"testdata/wide.c", "-lshell32")
			calledBackAt(t, shop, `^begun 0 whole 1 measured 1 cut 1 refused 1 wrong 1\s*$`, 1, func(home string, codes []string) []string {
				return append([]string{script, "run", program, filepath.Join(home, "payrack.dll"), home}, codes...)
			})
		})
	}
}

// Delphi unmasks floating-point exceptions, and some programs free the library before they end.
func TestAWindowsProgramThatUnmasksFloatingPointExceptionsIsServedKeepsThemAndMayFreeTheLibrary(t *testing.T) {
	script, room := wine(t)
	for width, compiler := range map[string]string{"386": "i686-w64-mingw32-gcc", "amd64": "x86_64-w64-mingw32-gcc"} {
		for convention, flags := range map[string][]string{"cdecl": nil, "stdcall": {"-DPAYRACK_STDCALL"}} {
			t.Run(width+" "+convention, func(t *testing.T) {
				shop := opened(t, onWindows(t, script, width), room)
				needs(t, compiler)
				program := filepath.Join(shop.Home, "unmasked.exe")
				run(t, ".", slices.Concat([]string{compiler, "-std=gnu11", "-Wall", "-Wextra", "-Werror"}, flags, []string{"-I", filepath.Join(root, "abi"),
					"-I", filepath.Join(root, "abi/bindings/c"), "-o", program, "testdata/unmasked.c"})...)
				want := `^open 0 callback 0 begun 0 read 500 outcome 0 called 1 closed 0 lost 0 freed 1 there 1\s*$`
				calledBackAt(t, shop, want, 1, func(home string, codes []string) []string {
					return append([]string{script, "run", program, filepath.Join(home, "payrack.dll"), home}, codes...)
				})
			})
		}
	}
}

func TestTheLibraryOfAWindowsProgramHasEachFunctionAndItsTwinsUnderTheirPlainNames(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, "abi", "payrack.h"))
	if err != nil {
		t.Fatal(err)
	}
	functions, err := header.Parse(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range functions {
		want = append(want, f.Name, "prs_"+strings.TrimPrefix(f.Name, "pr_"))
		if f.HasText() {
			want = append(want, f.Name+"W")
		}
	}
	slices.Sort(want)
	for width, tool := range map[string]string{"386": "i686-w64-mingw32-objdump", "amd64": "x86_64-w64-mingw32-objdump"} {
		needs(t, tool)
		out, err := exec.Command(tool, "-p", filepath.Join(filepath.Dir(built(t)), "windows-"+width, "payrack.dll")).Output()
		if err != nil {
			t.Fatalf("%s: %v: make windows comes first", width, err)
		}
		var got []string
		for _, m := range regexp.MustCompile(`(?m)^\s+\[\s*\d+\]\s+(?:\+base\[\s*\d+\]\s+\S+\s+)?([_@]*prs?_\S+)\s*$`).FindAllStringSubmatch(string(out), -1) {
			got = append(got, m[1])
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: exported %v\nwant %v", width, got, want)
		}
	}
}
