//go:build callers

package callers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// foreign is a folder of parent with a name that no single-byte code page and no unquoted command line carries whole.
func foreign(t *testing.T, parent string) string {
	t.Helper()
	dir, err := os.MkdirTemp(parent, "Касса № 1 ü ")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestATillInPythonSellsFromAFolderWithCyrillicLettersAndSpaces(t *testing.T) {
	needs(t, "python3")
	shop := opened(t, linux(t), foreign(t, ""))
	sellsAt(t, shop, func(home string) []string {
		return []string{"python3", filepath.Join(root, "abi/examples/python/cashier.py"), filepath.Join(home, "libpayrack.so"), home, "4"}
	})
	logsAre(t, shop, "", "\n")
}

func TestAWindowsProgramSellsFromAFolderWithCyrillicLettersAndSpacesAndItsLogsHaveBOMAndCRLF(t *testing.T) {
	script, room := wine(t)
	for width, compiler := range map[string]string{"386": "i686-w64-mingw32-gcc", "amd64": "x86_64-w64-mingw32-gcc"} {
		t.Run(width, func(t *testing.T) {
			shop := opened(t, onWindows(t, script, width), foreign(t, room))
			needs(t, compiler)
			program := filepath.Join(shop.Home, "касса 1.exe")
			run(t, ".", compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type", "-I", filepath.Join(root, "abi"), "-o", program,
				"testdata/wide.c", "-lshell32")
			calledBackAt(t, shop, `^begun 0 whole 1 measured 1 cut 1 refused 1 wrong 1\s*$`, 1, func(home string, codes []string) []string {
				return append([]string{script, "run", program, filepath.Join(home, "payrack.dll"), home}, codes...)
			})
			logsAre(t, shop, "\xef\xbb\xbf", "\r\n")
		})
	}
}

// logsAre: host and module have a log each, begun and ended line by line as the system's editors like it.
func logsAre(t *testing.T, shop *Shop, begin, end string) {
	t.Helper()
	for _, in := range []string{"Log", "modules/sendy/Log"} {
		files, err := filepath.Glob(filepath.Join(shop.Home, in, "*.log"))
		if err != nil || len(files) == 0 {
			t.Errorf("no log in %s: %v", in, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			said, begun := strings.CutPrefix(string(raw), begin)
			lines, ended := strings.CutSuffix(said, end)
			if !begun || !ended || strings.Contains(strings.ReplaceAll(lines, end, ""), "\n") || strings.HasPrefix(said, "\xef\xbb\xbf") || !utf8.ValidString(said) {
				t.Errorf("%s begins %q, ends %q", file, raw[:min(len(raw), 40)], raw[max(0, len(raw)-40):])
			}
		}
	}
}
