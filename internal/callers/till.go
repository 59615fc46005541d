package callers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Patience is how long a till may keep silent before it is taken for stuck.
const Patience = 90 * time.Second

// Told is what a till said of an operation when it ended: `== approved REF KIND SUM ACK`.
type Told struct {
	Outcome, Ref, Kind string
	Amount             int64
	Ack                string // confirmed, reversed, left, or - where there was nothing to decide
}

// Log is what was said at the till, by both sides.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *Log) Write(part []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(part)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// till is a cashier program under way.
type till struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // closed at the end of its output
	log   *Log
}

// start starts the program. It ends with its input, or with ctx.
func start(ctx context.Context, command []string, env []string, log *Log) (*till, error) {
	t := &till{cmd: exec.CommandContext(ctx, command[0], command[1:]...), lines: make(chan string, 1000), log: log}
	t.cmd.Env, t.cmd.WaitDelay = env, time.Second
	var err error
	if t.in, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.cmd.Stderr = log
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(t.lines)
		scan := bufio.NewScanner(out)
		scan.Buffer(nil, 1<<20)
		for scan.Scan() {
			t.lines <- strings.TrimRight(scan.Text(), "\r")
		}
	}()
	return t, nil
}

func (t *till) say(line string) error {
	fmt.Fprintln(t.log, "> "+line)
	_, err := io.WriteString(t.in, line+"\n")
	return err
}

// hear gives the next line that the till says.
func (t *till) hear() (string, error) {
	silence := time.NewTimer(Patience)
	defer silence.Stop()
	select {
	case line, ok := <-t.lines:
		if !ok {
			return "", errors.New("the till has ended")
		}
		fmt.Fprintln(t.log, line)
		return line, nil
	case <-silence.C:
		return "", fmt.Errorf("the till has said nothing for %v", Patience)
	}
}

// leave lets the till end by itself, and gives its exit code as an error where it is not 0.
func (t *till) leave() error {
	if err := t.say("exit"); err != nil {
		return err
	}
	t.in.Close()
	ended := make(chan error, 1)
	go func() { ended <- t.wait() }()
	for {
		select {
		case line, ok := <-t.lines:
			if ok {
				fmt.Fprintln(t.log, line)
			} else {
				return <-ended
			}
		case err := <-ended:
			return err
		case <-time.After(Patience):
			t.kill()
			return errors.New("the till does not end")
		}
	}
}

// wait waits for the process, and not for its output: under Wine a host that it started holds that open.
func (t *till) wait() error {
	if err := t.cmd.Wait(); !errors.Is(err, exec.ErrWaitDelay) {
		return err
	}
	return nil
}

// kill ends it as a power cut would.
func (t *till) kill() {
	_ = t.cmd.Process.Kill()
	_ = t.wait()
}

// parseTold reads a line that begins with "== ". ok is false where it speaks of no operation.
func parseTold(line string) (told Told, ok bool) {
	word := strings.Fields(strings.TrimPrefix(line, "== "))
	if len(word) != 5 {
		return Told{}, false
	}
	amount, err := strconv.ParseInt(word[3], 10, 64)
	return Told{word[0], word[1], word[2], amount, word[4]}, err == nil
}
