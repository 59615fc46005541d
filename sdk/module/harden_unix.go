//go:build !windows

package module

import (
	"os/signal"
	"syscall"
)

// harden forbids core dumps, and ignores SIGPIPE: the host's death breaks standard error just when draining must go on.
func harden() {
	signal.Ignore(syscall.SIGPIPE)
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	undumpable()
}
