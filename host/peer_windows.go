package host

import (
	"net"
	"os"
)

// peerOf: the pipe's ACL has let only the host's user and administrators in.
func peerOf(net.Conn) (caller, error) { return caller{uid: os.Getuid(), gid: -1, pid: -1}, nil }

// programOf: the system does not tell.
func programOf(caller, string) program { return programUnknown }
