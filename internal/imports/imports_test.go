// Package imports holds the directions in which the project's packages may import each other (docs/en/architecture.md).
package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const project = "github.com/payrack/payrack/"

func TestImportsPointOneWay(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Deps", "../../...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := map[string][]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if rest, ours := strings.CutPrefix(p.ImportPath, project); ours {
			deps[rest] = p.Deps
		}
	}
	if len(deps) < 20 {
		t.Fatalf("only %d packages were found", len(deps))
	}
	rules := []struct{ who, never, why string }{
		{"ini", "", "ini imports nothing of ours"},
		{"logs", "", "logs imports nothing of ours"},
		{"sdk", "host", "the sdk does not know the host"},
		{"sdk", "plugins", "the sdk does not know any module"},
		{"host", "plugins", "the host does not know any module"},
		{"host", "sdk/engine", "the host decides nothing about money"},
		{"host", "sdk/journal", "the journal is the module's"},
		{"abi", "sdk/engine", "the library has no money logic"},
		{"abi", "sdk/shell", "the library has no money logic"},
		{"abi", "sdk/module", "the library does not drag go-plugin along"},
		{"abi", "plugins", "the library does not know any module"},
		{"sdk/audit", "sdk/engine", "the checker stands apart from what it checks"},
		{"sdk/audit", "sdk/shell", "the checker stands apart from what it checks"},
		{"sdk/audit", "sdk/provider", "the checker stands apart from what it checks"},
		{"plugins", "host", "a module knows only the sdk"},
		{"cmd/payrack", "plugins", "sandboxes and modules are never linked into the host"},
		// `module check` brings the cases of sdk/drivertest/kit into the command line, since whoever accepts a module has no Go at hand. It
		// speaks to the module over the socket, and needs nothing of what runs inside one.
		{"cmd/payrack", "sdk/engine", "a module is checked from outside"},
		{"cmd/payrack", "sdk/shell", "a module is checked from outside"},
	}
	for who, imported := range deps {
		for _, r := range rules {
			if !within(who, r.who) || strings.Contains(who, "test") {
				continue
			}
			for _, d := range imported {
				rest, ours := strings.CutPrefix(d, project)
				if ours && within(rest, r.never) && !(r.never == "" && within(rest, r.who)) {
					t.Errorf("%s imports %s: %s", who, rest, r.why)
				}
			}
		}
	}
}

// within says whether a package lies in a folder; cmd/payrack is not the folder of cmd/payrack-sandbox.
func within(pkg, folder string) bool {
	return folder == "" || pkg == folder || strings.HasPrefix(pkg, folder+"/")
}
