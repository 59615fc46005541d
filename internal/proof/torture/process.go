//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// found is a process whose program lies in the folder of a world: the host, which a till starts, and the module, which the host starts.
type found struct {
	pid  int
	name string // of its program
}

// running lists the processes of an installation.
func running(home string) (list []found) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if program := programOf(e.Name()); strings.HasPrefix(program, home+"/") {
			list = append(list, found{pid, filepath.Base(program)})
		}
	}
	return list
}

// programOf is the program of a process; "" of one that has ended, and of what is not ours to know. Of one that forbids core dumps an
// ordinary user reads it from its command line only.
func programOf(pid string) string {
	if exe, err := os.Readlink(filepath.Join("/proc", pid, "exe")); err == nil {
		return strings.TrimSuffix(exe, " (deleted)")
	}
	line, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
	if err != nil {
		return ""
	}
	program, _, _ := strings.Cut(string(line), "\x00")
	return program
}

// slay kills a process of an installation, if it is still that process.
func slay(home string, p found) bool {
	if !strings.HasPrefix(programOf(strconv.Itoa(p.pid)), home+"/") {
		return false
	}
	return syscall.Kill(p.pid, syscall.SIGKILL) == nil
}

// child is a process that the torturer started itself: the sandbox, the till.
type child struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	done chan struct{} // closed when it has ended
	once sync.Once
}

// begin starts a child. What it writes to its standard error goes to a file.
func begin(log *os.File, program string, args ...string) (*child, error) {
	c := &child{cmd: exec.Command(program, args...), done: make(chan struct{})}
	c.cmd.Stderr = log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is for the torturer alone
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.cmd.Stdout = w
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", program, err), r.Close(), w.Close())
	}
	w.Close()
	c.out = bufio.NewReaderSize(r, 64<<10)
	go func() {
		_ = c.cmd.Wait() // how it ended is no news: we kill it
		close(c.done)
		time.AfterFunc(time.Second, func() { r.Close() })
	}()
	return c, nil
}

// alive says whether the child runs.
func (c *child) alive() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// kill ends the child as a power cut would, and waits until it is gone. It says whether it ran.
func (c *child) kill() bool {
	if !c.alive() {
		return false
	}
	_ = c.cmd.Process.Kill()
	<-c.done
	return true
}

// end closes the child's standard input, at which it leaves, and kills it if it does not.
func (c *child) end() {
	if c == nil {
		return
	}
	c.once.Do(func() { _ = c.in.Close() })
	select {
	case <-c.done:
	case <-time.After(5 * time.Second):
		c.kill()
	}
}

// line reads one line as JSON.
func (c *child) line(into any) error {
	raw, err := c.out.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// tell writes one line as JSON.
func (c *child) tell(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.in.Write(append(raw, '\n'))
	return err
}
