package kit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/payrack/payrack/sdk/module"
)

// Program starts a built module as a host does: in a process of its own, its SHA-256 checked, behind mutual TLS. Every life must be the
// program that it was when Program was called.
func Program(path string) (start func(context.Context, Pace) (Life, error), err error) {
	sum, err := sumOf(path)
	if err != nil {
		return nil, fmt.Errorf("read the module %s: %w", path, err)
	}
	return func(ctx context.Context, _ Pace) (Life, error) {
		sockets, err := os.MkdirTemp("", "pr")
		if err != nil {
			return nil, err
		}
		r, err := module.Launch(ctx, module.Program{Path: path, SHA256: sum, Sockets: sockets, StartTimeout: time.Minute})
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(sockets))
		}
		return &process{r, sockets}, nil
	}, nil
}

func sumOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// process is a life in a process of its own.
type process struct {
	running *module.Running
	sockets string
}

// Service implements Life.
func (p *process) Service() module.Service { return p.running.Service }

// Crash implements Life: it is killed.
func (p *process) Crash() {
	p.running.Kill()
	_ = os.RemoveAll(p.sockets)
}

// Stop implements Life.
func (p *process) Stop(ctx context.Context) error {
	err := p.running.Stop(ctx)
	return errors.Join(err, os.RemoveAll(p.sockets))
}
