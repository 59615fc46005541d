package host

import (
	"context"
	"errors"
	"net"
	"os"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// caller is the process at the other end of a connection, as the system says. It implements credentials.AuthInfo.
type caller struct {
	uid, gid, pid int  // -1: the system does not say
	own           bool // the user who runs this host, or the system's administrator
	program       program
}

// program is what the system says of the program that a caller runs.
type program int

const (
	programUnknown program = iota
	programOurs            // the installation's own: host and command line
	programOther
)

func (caller) AuthType() string { return "user" }

// userCredentials admits connections by their user: the host's own, the system's administrator, and the data folder's group.
type userCredentials struct {
	group   int
	program string // path of the installation's own program
}

func (u userCredentials) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c, err := peerOf(conn)
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	c.own = c.uid == os.Getuid() || c.uid == 0
	if !c.own && (u.group < 0 || c.gid != u.group) {
		return nil, nil, errors.Join(errors.New("the user is not admitted"), conn.Close())
	}
	c.program = programOf(c, u.program)
	return conn, c, nil
}

func (userCredentials) ClientHandshake(_ context.Context, _ string, _ net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("for servers only")
}

func (userCredentials) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "user"}
}

func (u userCredentials) Clone() credentials.TransportCredentials { return u }

func (userCredentials) OverrideServerName(string) error { return nil }

// callerOf is who made a call.
func callerOf(ctx context.Context) caller {
	if p, ok := peer.FromContext(ctx); ok {
		if c, ok := p.AuthInfo.(caller); ok {
			return c
		}
	}
	return caller{uid: -1, gid: -1, pid: -1}
}
