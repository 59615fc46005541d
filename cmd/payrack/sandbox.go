package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
)

// sandboxCommand hands its words to payrack-sandbox, a program of its own: no stand-in for a provider is ever part of a till's programs.
func (a *app) sandboxCommand() *cobra.Command {
	cmd := a.command("sandbox", "sandbox", cobra.ArbitraryArgs, func(_ *cobra.Command, args []string) error {
		program, err := a.sandboxProgram()
		if err != nil {
			return err
		}
		child := exec.Command(program, args...)
		child.Stdin, child.Stdout, child.Stderr = a.Stdin, a.Stdout, a.Stderr
		err = a.runWith(child)
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return finished{max(exit.ExitCode(), exitFailed)}
		}
		if err != nil {
			return &pay.Error{Code: pay.ErrConfig, Text: a.say("cli.sandbox.broken", "Program", program, "Error", err.Error())}
		}
		return nil
	})
	cmd.DisableFlagParsing = true
	return cmd
}

// runWith runs a child to its end. A request to end this process is passed on to it, also one that comes before it runs.
func (a *app) runWith(child *exec.Cmd) error {
	stops := make(chan struct{}, 4)
	a.onInterrupt(func() {
		select {
		case stops <- struct{}{}:
		default:
		}
	})
	defer a.onInterrupt(nil)
	if err := child.Start(); err != nil {
		return err
	}
	over := make(chan struct{})
	defer close(over)
	go func() {
		for {
			select {
			case <-stops:
				_ = child.Process.Signal(os.Interrupt) // it may have ended meanwhile
			case <-over:
				return
			}
		}
	}()
	return child.Wait()
}

// sandboxProgram finds payrack-sandbox beside this program, else in PATH.
func (a *app) sandboxProgram() (string, error) {
	name := "payrack-sandbox"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	beside := filepath.Join(filepath.Dir(a.Program), name)
	if isFile(beside) {
		return beside, nil
	}
	if found, err := exec.LookPath(name); err == nil {
		return found, nil
	}
	return "", &pay.Error{Code: pay.ErrConfig, Text: a.say("cli.sandbox.missing", "Path", beside), Hint: a.say("cli.sandbox.missing_hint")}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
