package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// errNobody says that nobody is there to answer: standard input has ended.
var errNobody = errors.New("nobody answers: standard input has ended")

// keyboard reads lines from standard input for whoever asks. A read that nobody waits for any more stays with the terminal and serves
// the next question, because a blocked read cannot be taken back.
type keyboard struct {
	in   io.Reader
	out  io.Writer
	fd   int // -1: not a terminal
	read *bufio.Reader

	mu      sync.Mutex
	pending *reading
	before  *term.State
}

type reading struct {
	secret bool
	done   chan struct{}
	line   string
	err    error
}

func newKeyboard(in io.Reader, out io.Writer) *keyboard {
	k := &keyboard{in: in, out: out, fd: -1}
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		k.fd = int(f.Fd())
		k.before, _ = term.GetState(k.fd)
	}
	return k
}

// terminal says whether a person sits at standard input.
func (k *keyboard) terminal() bool { return k.fd >= 0 }

// restore gives the terminal its echo back; the program may leave in the middle of a secret.
func (k *keyboard) restore() {
	if k.before != nil {
		_ = term.Restore(k.fd, k.before)
	}
}

// line reads one line without its end. A secret is not echoed where there is a terminal. It ends with errNobody at the end of input.
func (k *keyboard) line(ctx context.Context, secret bool) (string, error) {
	for {
		r := k.start(secret)
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-r.done:
		}
		k.mu.Lock()
		k.pending = nil
		k.mu.Unlock()
		if r.secret == secret || !k.terminal() {
			return r.line, r.err
		}
	}
}

// start begins a read, or joins the one that an earlier question left behind.
func (k *keyboard) start(secret bool) *reading {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pending != nil {
		return k.pending
	}
	r := &reading{secret: secret, done: make(chan struct{})}
	k.pending = r
	if k.read == nil {
		k.read = bufio.NewReaderSize(k.in, 4096)
	}
	go func() {
		defer close(r.done)
		if secret && k.terminal() {
			raw, err := term.ReadPassword(k.fd)
			r.line, r.err = string(raw), endOfInput(err)
			return
		}
		r.line, r.err = k.text()
	}()
	return r
}

func (k *keyboard) text() (string, error) {
	var b strings.Builder
	for b.Len() <= maxSecret {
		part, err := k.read.ReadSlice('\n')
		b.Write(part)
		if err == nil || (errors.Is(err, io.EOF) && b.Len() > 0) {
			return strings.TrimRight(b.String(), "\r\n"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", endOfInput(err)
		}
	}
	return "", errors.New("read an answer: the line is too long")
}

func endOfInput(err error) error {
	if errors.Is(err, io.EOF) {
		return errNobody
	}
	return err
}

// columns is the width of a terminal, 0 of anything else.
func columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	wide, _, err := term.GetSize(int(f.Fd()))
	if err != nil || wide <= 0 {
		return 80
	}
	return wide
}
