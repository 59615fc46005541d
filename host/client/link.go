package client

import (
	"context"
	"errors"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// sessionKey is the metadata by which calls name their session.
const sessionKey = "payrack-session"

// maxMessage holds a report of a year; what the host sends above it is refused.
const maxMessage = 64 << 20

// link is one connection to one life of the host. It is never repaired: when it breaks, the session makes another.
type link struct {
	host    hostv1.HostServiceClient
	conn    *grpc.ClientConn
	id      string
	hostPID int64
	version string

	life context.Context // ends when the host is gone
	end  context.CancelCauseFunc
}

// openLink opens the session's stream on a connection. ctx limits the opening, life the stream. pending must not block.
func openLink(ctx, life context.Context, conn net.Conn, open *hostv1.SessionRequest, pending func(int)) (*link, error) {
	cc, err := overConn(conn)
	if err != nil {
		conn.Close()
		return nil, &pay.Error{Code: pay.ErrInternal, Cause: err}
	}
	life, end := context.WithCancelCause(life)
	l := &link{host: hostv1.NewHostServiceClient(cc), conn: cc, life: life, end: end}
	stop := context.AfterFunc(ctx, func() { l.drop(ctx.Err()) })
	stream, err := l.host.Session(life, open)
	if err != nil {
		l.drop(err)
		return nil, opening(ctx, err)
	}
	first, err := stream.Recv()
	if err == nil {
		err = refusal(first.GetRefusal())
	}
	if err != nil {
		l.drop(err)
		return nil, opening(ctx, err)
	}
	if !stop() {
		return nil, gaveUp(ctx, "open a session with the host")
	}
	l.id, l.hostPID, l.version = first.GetSession(), first.GetHostPid(), first.GetVersion()
	pending(int(first.GetPending()))
	spawn(func() { l.follow(stream, pending) })
	return l, nil
}

// follow reads the session's stream, whose end is the host's.
func (l *link) follow(stream grpc.ServerStreamingClient[hostv1.SessionResponse], pending func(int)) {
	defer l.drop(errors.New("the host closed the session"))
	for {
		m, err := stream.Recv()
		if err != nil {
			l.drop(err)
			return
		}
		pending(int(m.GetPending()))
	}
}

// drop ends the link, and with it every call on it.
func (l *link) drop(cause error) {
	l.end(cause)
	l.conn.Close()
}

func (l *link) alive() bool { return l.life.Err() == nil }

// context names the session to the host.
func (l *link) context(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, sessionKey, l.id)
}

// overConn is a gRPC connection over one that stands already: it dials nothing, and once that one is gone it stays broken.
func overConn(conn net.Conn) (*grpc.ClientConn, error) {
	given := make(chan net.Conn, 1)
	given <- conn
	return grpc.NewClient("passthrough:///payrack",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			select {
			case c := <-given:
				return c, nil
			default:
				return nil, errors.New("the host is gone")
			}
		}),
		grpc.WithDisableRetry(), grpc.WithDisableServiceConfig(), grpc.WithIdleTimeout(0), grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
	)
}

// opening words what went wrong while a session was opened.
func opening(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*pay.Error](err); ok {
		return e
	}
	switch status.Code(err) {
	case codes.Unimplemented:
		return &pay.Error{Code: pay.ErrHostVersion, Cause: err}
	case codes.PermissionDenied, codes.Unauthenticated:
		return &pay.Error{Code: pay.ErrHostDenied, Cause: err}
	}
	return broken(ctx, "open a session with the host", err)
}
