//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The programs of a world.
const (
	programHost    = "payrack"
	programModule  = "sendy"
	programTill    = "till"
	programSandbox = "payrack-sandbox"
)

// sources are where the programs are built from.
func sources() map[string]string {
	return map[string]string{
		programHost:    "internal/proof/torture/host",
		programModule:  "internal/proof/torture/module",
		programTill:    "internal/proof/torture/till",
		programSandbox: "cmd/payrack-sandbox",
	}
}

// build builds the programs into a folder. The sandbox is taken from home, if that has one.
func build(ctx context.Context, folder, home string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, source := range sources() {
		out := filepath.Join(folder, name)
		if _, err := os.Stat(out); err == nil {
			continue
		}
		if built := filepath.Join(home, name); home != "" && name == programSandbox && copyFile(built, out) == nil {
			continue
		}
		root, err := moduleRoot(ctx)
		if err != nil {
			return err
		}
		c := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", out, "./"+source)
		c.Dir = root
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if said, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", source, err, said)
		}
	}
	return nil
}

// moduleRoot is the folder of the project.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the project: %w", err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", errors.New("find the project: this folder is not inside it")
	}
	return dir, nil
}

func copyFile(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o755)
}

// system says what ran, for the figures.
func system() string { return runtime.GOOS + "/" + runtime.GOARCH }
