package module

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
)

// process is a module's process as go-plugin wants to see it (runner.Runner): started from the file that was hashed, contained with
// its children, tied to this process by its standard input.
type process struct {
	program Program
	boot    bootstrap
	cmd     *exec.Cmd
	exited  chan struct{}
	words   *relay

	stdin  *os.File // the lifeline
	stdout *os.File
	quiet  *io.PipeReader // standard error as go-plugin sees it: nothing, until its end

	mu      sync.Mutex
	started bool
	gone    bool
	state   error
	box     container
}

func newProcess(p Program, boot bootstrap) *process {
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Dir = p.Dir
	if cmd.Dir == "" {
		cmd.Dir = filepath.Dir(p.Path)
	}
	return &process{program: p, boot: boot, cmd: cmd, exited: make(chan struct{}), words: &relay{log: p.Log}}
}

// Start implements runner.Runner.
func (p *process) Start(ctx context.Context) error {
	file, err := openProgram(p.program.Path)
	if err != nil {
		return err
	}
	defer file.Close() // held until the system has loaded it
	if err := check(ctx, file, p.program.SHA256); err != nil {
		return err
	}
	theirIn, stdin, err := os.Pipe()
	if err != nil {
		return err
	}
	stdout, theirOut, err := os.Pipe()
	if err != nil {
		return errors.Join(err, theirIn.Close(), stdin.Close())
	}
	stderr, theirErr, err := os.Pipe()
	if err != nil {
		return errors.Join(err, theirIn.Close(), stdin.Close(), stdout.Close(), theirOut.Close())
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirIn, theirOut, theirErr
	err = p.spawn(file)
	_ = errors.Join(theirIn.Close(), theirOut.Close(), theirErr.Close())
	if err != nil {
		return errors.Join(err, stdin.Close(), stdout.Close(), stderr.Close())
	}
	p.stdin, p.stdout = stdin, stdout
	quiet, end := io.Pipe()
	p.quiet = quiet
	go func() {
		defer stderr.Close()
		defer end.Close()
		_, _ = io.Copy(p.words, stderr)
		_ = p.words.Close()
	}()
	go p.await()
	// A module that does not read is ended by the caller's deadline, which breaks this pipe.
	if err := json.NewEncoder(stdin).Encode(p.boot); err != nil {
		return fmt.Errorf("hand the credentials over: %w", err)
	}
	return nil
}

// spawn starts the held file and puts the process into a container of its own.
func (p *process) spawn(file *os.File) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return context.Canceled // killed before it was born
	}
	prepare(p.cmd, file)
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.started = true
	box, err := contain(p.cmd)
	if err != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		p.gone = true
		return fmt.Errorf("contain the process: %w", err)
	}
	p.box = box
	return nil
}

// await takes the process's end, and ends what it left behind.
func (p *process) await() {
	settled := waitable(p.cmd)
	p.mu.Lock()
	if settled {
		p.box.kill(p.cmd) // its number cannot have been given to another yet
	}
	p.mu.Unlock()
	err := p.cmd.Wait()
	p.mu.Lock()
	p.gone, p.state = true, err
	p.box.close()
	p.mu.Unlock()
	p.release()
	close(p.exited)
}

// kill ends the process and its children, or keeps it from starting.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started && !p.gone {
		p.box.kill(p.cmd)
	}
	if !p.started {
		p.gone = true
	}
}

// release closes the lifeline.
func (p *process) release() {
	if p.stdin != nil {
		_ = p.stdin.Close()
	}
}

func (p *process) exitText() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == nil {
		return ""
	}
	return p.state.Error()
}

// check compares the file's SHA-256 with the wanted one; nil is any.
func check(ctx context.Context, file io.Reader, want []byte) error {
	if want == nil {
		return nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return fmt.Errorf("read the program: %w", err)
	}
	if subtle.ConstantTimeCompare(hash.Sum(nil), want) != 1 {
		return ErrChecksum
	}
	return ctx.Err()
}

// The rest of runner.Runner.

func (p *process) Wait(context.Context) error {
	<-p.exited
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *process) Kill(context.Context) error { p.kill(); return nil }

func (p *process) Stdout() io.ReadCloser { return p.stdout }
func (p *process) Stderr() io.ReadCloser { return p.quiet }
func (p *process) Name() string          { return p.program.Path }

// ID is empty before the start: there is nothing to kill then.
func (p *process) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started {
		return ""
	}
	return strconv.Itoa(p.cmd.Process.Pid)
}

func (p *process) Diagnose(context.Context) string { return "" }

func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
