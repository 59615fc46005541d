//go:build !windows

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestARequestToEndReachesTheSandbox: nobody who stops `payrack sandbox` leaves a server behind.
func TestARequestToEndReachesTheSandbox(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\ntrap 'exit 3' INT\necho ready\nwhile :; do read line; done\n"
	if err := os.WriteFile(filepath.Join(dir, "payrack-sandbox"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "sandbox", "sendy")
	cmd.Args[0] = "payrack"
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "PAYRACK_HOME="+dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the sandbox said %q, %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d, want the sandbox's 3", code)
	}
}
