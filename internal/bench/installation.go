package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

//go:embed payer/payer.c
var payerSource []byte

// Terminals of the sandbox: the till's and the floor's.
const (
	tillTerminal   = "10240007"
	floorTerminal  = "10240008"
	activationCode = "12345678"
)

// installation is a copy of the programs with data of its own, the sandbox that it pays to, and the programs that it is compared with.
type installation struct {
	dir     string // everything that is measured lies here, on one disk
	sockets string // short paths
	place   place.Place
	program struct{ payrack, module, payer, floor string }
	sandbox *child
	server  string // the sandbox's address
}

// install lays out an installation beside home. Remove it, also after an error.
func install(ctx context.Context, home string) (in *installation, err error) {
	in = &installation{}
	if home, err = filepath.Abs(home); err != nil {
		return in, err
	}
	if in.dir, err = os.MkdirTemp(filepath.Dir(home), "bench-"); err != nil {
		return in, err
	}
	if in.sockets, err = os.MkdirTemp("", "prb"); err != nil {
		return in, err
	}
	mine := filepath.Join(in.dir, "home")
	if err := linkTree(home, mine); err != nil {
		return in, fmt.Errorf("lay out an installation (make build comes first): %w", err)
	}
	if in.place, err = place.Find(mine); err != nil {
		return in, err
	}
	in.program.payrack, in.program.module = in.place.Program(), in.place.Module("sendy")
	if err := in.compile(ctx); err != nil {
		return in, err
	}
	if err := in.startSandbox(ctx, filepath.Join(mine, fileName("payrack-sandbox"))); err != nil {
		return in, err
	}
	return in, in.configure()
}

func fileName(program string) string {
	if runtime.GOOS == "windows" {
		return program + ".exe"
	}
	return program
}

// linkTree gives the installation's programs a second name, or copies them: data that lies there stays behind.
func linkTree(from, to string) error {
	for _, pattern := range []string{fileName("payrack"), fileName("payrack-sandbox"), "libpayrack.so", "payrack.h", "payrack.sha256",
		filepath.Join("modules", "sendy", fileName("sendy"))} {
		target := filepath.Join(to, pattern)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if os.Link(filepath.Join(from, pattern), target) == nil {
			continue
		}
		if err := copyFile(filepath.Join(from, pattern), target); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// compile builds the till in C and the bare gRPC process.
func (in *installation) compile(ctx context.Context) error {
	source := filepath.Join(in.dir, "payer.c")
	in.program.payer, in.program.floor = filepath.Join(in.dir, "payer"), filepath.Join(in.dir, fileName("floor"))
	if err := os.WriteFile(source, payerSource, 0o644); err != nil {
		return err
	}
	compiler := "cc"
	if named := os.Getenv("CC"); named != "" {
		compiler = named
	}
	home := in.place.Home
	err := runLoudly(ctx, compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-I", home, "-o", in.program.payer, source, "-L", home, "-lpayrack",
		"-Wl,-rpath,"+home)
	if err != nil {
		return err
	}
	return runLoudly(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", in.program.floor, "github.com/payrack/payrack/internal/bench/floor")
}

// startSandbox starts the provider's server, in memory, with customers who are rich enough.
func (in *installation) startSandbox(ctx context.Context, program string) (err error) {
	in.sandbox, err = startChild(program, "sendy", "--listen", "127.0.0.1:0", "--with-stdin",
		"--terminal", tillTerminal+":"+activationCode, "--terminal", floorTerminal+":"+activationCode)
	if err != nil {
		return err
	}
	line, err := in.sandbox.line()
	if err != nil {
		return err
	}
	var ready struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		return fmt.Errorf("read the sandbox's first line: %w", err)
	}
	in.server = ready.URL
	_, err = (&sandbox.Control{URL: in.server}).SetWallet(ctx, sandbox.Wallet{ID: "79160000000", System: "SENDY", Name: "Bench", Balance: 1e12})
	return err
}

// configure names the server to the module.
func (in *installation) configure() error {
	data := in.place.ModuleData("sendy")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(data, "sendy.ini"), []byte("[Sendy]\nServer = "+in.server+"\nMode = offline\n"), 0o600)
}

// stopHost ends the host, if one runs, and waits until it is gone.
func (in *installation) stopHost(ctx context.Context) error {
	if in.place.Home == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	s, err := client.Open(ctx, client.Options{Place: in.place, PosID: "bench-stop", Program: "payrack"})
	if pay.CodeOf(err) == pay.ErrHostStart {
		return nil
	}
	if err != nil {
		return fmt.Errorf("stop the host: %w", err)
	}
	defer s.Close()
	pid := int(s.HostPID())
	if _, err := s.Stop(ctx, false, 0); err != nil {
		return fmt.Errorf("stop the host: %w", err)
	}
	for in.hostRuns(pid) {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("stop the host: process %d stays", pid)
		}
	}
	return nil
}

// hostRuns says whether the process lives, or its file is still there.
func (in *installation) hostRuns(pid int) bool {
	if _, err := os.Stat(in.place.HostFile()); err == nil {
		return true
	}
	_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	return err == nil
}

// remove ends what was started and removes what was written.
func (in *installation) remove() error {
	err := in.stopHost(context.Background())
	if in.sandbox != nil {
		in.sandbox.stop()
	}
	if in.sockets != "" {
		err = errors.Join(err, os.RemoveAll(in.sockets))
	}
	if in.place.Home != "" && runtime.GOOS != "windows" {
		if gone := os.Remove(filepath.Dir(in.place.Address())); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	if in.dir != "" {
		err = errors.Join(err, os.RemoveAll(in.dir))
	}
	return err
}
