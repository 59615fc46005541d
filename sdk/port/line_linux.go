package port

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// line is a second look at a port, which the library does not allow: whether its device was pulled out.
type line int

func watch(name string) (line, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("watch the line: %w", err)
	}
	return line(fd), nil
}

func (l line) hungUp() bool {
	look := []unix.PollFd{{Fd: int32(l)}} // a hangup is told without being asked for
	n, err := unix.Poll(look, 0)
	return err == nil && n > 0 && look[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
}

func (l line) close() { _ = unix.Close(int(l)) }
