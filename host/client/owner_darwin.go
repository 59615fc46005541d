package client

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// listener is the user whose process listens at the other end.
func listener(conn *net.UnixConn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Xucred
	var failed error
	if err := raw.Control(func(fd uintptr) { cred, failed = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED) }); err != nil {
		return 0, err
	}
	if failed != nil {
		return 0, fmt.Errorf("ask the socket for its owner: %w", failed)
	}
	return int(cred.Uid), nil
}
