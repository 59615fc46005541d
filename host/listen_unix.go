//go:build !windows

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// listen binds the socket, in a folder of ours alone. It is called under the lock, so a socket that lies there is a dead host's.
func listen(address string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, text.Refuse(pay.ErrConfig, "host.listen", map[string]any{"Address": address}, err)
	}
	dir := filepath.Dir(address)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fail(err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fail(err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(owner.Uid) != os.Getuid() {
		return fail(fmt.Errorf("%s is somebody else's", dir))
	}
	if info.Mode().Perm() != 0o700 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return fail(err)
		}
	}
	if err := os.Remove(address); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	l, err := net.Listen("unix", address) // nobody else can enter the folder meanwhile
	if err != nil {
		return fail(err)
	}
	if err := os.Chmod(address, 0o600); err != nil {
		return fail(errors.Join(err, l.Close()))
	}
	return l, nil
}

// socketDir is where modules' sockets may lie: a short path. The folder is the listener's.
func socketDir(address string) string { return filepath.Dir(address) }

// groupOf is the group that a folder admits beside its owner; -1: none.
func groupOf(dir string) int {
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o050 != 0o050 {
		return -1
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(owner.Gid)
	}
	return -1
}
