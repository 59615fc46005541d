//go:build !windows

package host

import (
	"os/signal"
	"syscall"
)

// harden forbids core dumps, and lets the host outlive whoever reads its standard error.
func harden() {
	signal.Ignore(syscall.SIGPIPE)
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	undumpable()
}
