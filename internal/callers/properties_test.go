//go:build callers

package callers

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Windows itself is asked, as Explorer asks it.
func TestThePropertiesOfTheWindowsProgramsSayWhatTheyAreInRussianAndEnglish(t *testing.T) {
	script, room := wine(t)
	said, err := exec.Command(filepath.Join(built(t), "payrack"), "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`^payrack ((\d+\.\d+\.\d+)\S*)`).FindSubmatch(said)
	if version == nil {
		t.Fatalf("no version: %s", said)
	}
	release, numbers := string(version[1]), string(version[2])+".0"
	for width, compiler := range map[string]string{"386": "i686-w64-mingw32-gcc", "amd64": "x86_64-w64-mingw32-gcc"} {
		t.Run(width, func(t *testing.T) {
			on := onWindows(t, script, width)
			needs(t, compiler)
			program := filepath.Join(room, "properties-"+width+".exe")
			t.Cleanup(func() { os.Remove(program) })
			run(t, ".", compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-municode", "-o", program, "testdata/properties.c", "-lversion", "-lshell32")
			files := []string{filepath.Join(on.Built, "payrack.dll"), filepath.Join(on.Built, "payrack.exe")}
			modules, err := filepath.Glob(filepath.Join(on.Built, "modules", "*", "*.exe"))
			if err != nil || len(modules) == 0 {
				t.Fatalf("no modules: %v", err)
			}
			files = append(files, modules...)
			out, err := exec.Command(script, append([]string{"run", program}, files...)...).Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(out), "\r", "")), "\n")
			if len(got) != 3*len(files) {
				t.Fatalf("%d lines of %d programs:\n%s", len(got), len(files), out)
			}
			for i, file := range files {
				if want := "|" + file + "|1"; got[3*i] != want {
					t.Errorf("got  %s\nwant %s", got[3*i], want)
				}
				end := regexp.QuoteMeta("|" + release + "|" + release + "|" + filepath.Base(file))
				for j, begins := range []string{"0409|" + numbers + "|payrack|payrack|payrack: [a-zA-Z :,]+", "0419|" + numbers + "|payrack|payrack|payrack: .*[а-я]{4}.*"} {
					if want := "^" + strings.ReplaceAll(begins, "|", `\|`) + end + "$"; !regexp.MustCompile(want).MatchString(got[3*i+1+j]) {
						t.Errorf("got  %s\nwant %s", got[3*i+1+j], want)
					}
				}
			}
		})
	}
}
