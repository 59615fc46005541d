//go:build !windows

package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

func dialAddress(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", address)
}

// absent says that nothing listens there: a host may be started. Anything else is a door that is shut for us.
func absent(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOTDIR) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// checkOwner refuses a socket that another user made: in /tmp anybody can lay one where ours should be. root is no stranger anywhere.
func checkOwner(conn net.Conn) error {
	uid, err := listener(conn.(*net.UnixConn))
	if err != nil {
		return err
	}
	if uid != 0 && uid != os.Getuid() {
		return fmt.Errorf("the host there belongs to user %d, and this is user %d", uid, os.Getuid())
	}
	return nil
}

// namelessFile is a file that vanishes with its last user.
func namelessFile() (*os.File, error) {
	f, err := os.CreateTemp("", "payrack-host-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// startDetached leaves no thread's death signal, terminal or open file of the calling program to the child.
func startDetached(program string, args []string, dir string, files []*os.File) (*os.Process, error) {
	for fd, last := len(files), lastOpen(); fd <= last; fd++ {
		files = append(files, nil) // closed in the child: a cashier program need not mark its files and sockets close-on-exec
	}
	return os.StartProcess(program, args, &os.ProcAttr{Dir: dir, Files: files, Sys: &syscall.SysProcAttr{Setsid: true}})
}

// lastOpen is the highest descriptor that is open in this process.
func lastOpen() int {
	last := 2
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return last
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil {
			last = max(last, fd)
		}
	}
	return last
}
