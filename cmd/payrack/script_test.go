package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"payrack": func() { os.Exit(realMain()) }})
}

// TestTheCommandLineKeepsItsPromises runs testdata/script/*.txtar: each is a terminal session against a fake host on a real socket, with
// its exit codes. "host" is where a script needs one; "exits N" checks the code of the command that follows.
func TestTheCommandLineKeepsItsPromises(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			runtime, err := os.MkdirTemp("", "pr")
			if err != nil {
				return err
			}
			env.Defer(func() { os.RemoveAll(runtime) })
			home := filepath.Join(env.WorkDir, "home")
			if err := os.MkdirAll(home, 0o700); err != nil {
				return err
			}
			env.Setenv("XDG_RUNTIME_DIR", runtime)
			env.Setenv("PAYRACK_HOME", home)
			env.Setenv("TZ", "UTC")
			env.Setenv("LANG", "C.UTF-8")
			if strings.Contains(env.WorkDir, "nohost") {
				return nil
			}
			h, stop := serveFake(env.T().(testing.TB), home, runtime)
			env.Defer(stop)
			env.Values["host"] = h
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"asked": wasAsked,
		},
	})
}

// exits runs payrack and wants an exit code: exits 5 payrack pay …
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("%s ended with %s, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// wasAsked wants that the host was asked for something, or with ! that it was not.
func wasAsked(ts *testscript.TestScript, neg bool, args []string) {
	h := ts.Value("host").(*fakeHost)
	h.mu.Lock()
	defer h.mu.Unlock()
	want := strings.Join(args, " ")
	found := false
	for _, call := range h.asked {
		found = found || strings.Contains(call, want)
	}
	if found == neg {
		ts.Fatalf("asked for %q: %v; calls:\n%s", want, found, strings.Join(h.asked, "\n"))
	}
}
