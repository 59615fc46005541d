package host

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

func peerOf(conn net.Conn) (caller, error) {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return caller{}, errors.New("not a unix socket")
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return caller{}, err
	}
	var cred *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) { cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, failed); err != nil {
		return caller{}, err
	}
	return caller{uid: int(cred.Uid), gid: int(cred.Gid), pid: int(cred.Pid)}, nil
}

// programOf compares the file that a caller's process runs with a program. A process of our own user that does not let itself be looked
// at is another.
func programOf(c caller, path string) program {
	_, err := os.Stat("/proc/self/exe")
	if err != nil || c.pid <= 0 {
		return programUnknown
	}
	theirs, err := os.Stat(fmt.Sprintf("/proc/%d/exe", c.pid))
	if err != nil && c.uid == 0 && os.Getuid() != 0 {
		return programUnknown // the administrator's cannot be looked at
	}
	ours, missing := os.Stat(path)
	if err != nil || missing != nil || !os.SameFile(theirs, ours) {
		return programOther
	}
	return programOurs
}
