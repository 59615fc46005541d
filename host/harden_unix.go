//go:build !windows

package host

import (
	"os"
	"os/signal"
	"syscall"
)

// harden forbids core dumps, and lets the host outlive whoever reads its standard error.
func harden() {
	signal.Ignore(syscall.SIGPIPE)
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	undumpable()
}

// syncFolder makes a rename in the folder durable.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
