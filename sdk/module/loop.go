package module

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
)

// Loop serves svc on a socket of this process and gives the same Service back from the host's side: the server, the messages and the
// client of Launch, without a process. It is for tests. end closes both sides; it does not close svc.
func Loop(svc Service, log hclog.Logger) (far Service, end func(), err error) {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	listener, dir, err := loopSocket()
	if err != nil {
		return nil, nil, fmt.Errorf("serve a module in this process: %w", err)
	}
	mine, theirs, err := loopCredentials(listener)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("serve a module in this process: %w", err), listener.Close(), os.RemoveAll(dir))
	}
	s := grpc.NewServer(grpc.Creds(theirs), grpc.MaxRecvMsgSize(MaxMessage))
	modulev1.RegisterModuleServiceServer(s, &server{service: svc, log: log})
	go func() { _ = s.Serve(listener) }() // ends with Stop
	conn, err := grpc.NewClient("passthrough:///loop", grpc.WithTransportCredentials(mine),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessage), grpc.MaxCallSendMsgSize(MaxMessage)),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, listener.Addr().Network(), listener.Addr().String())
		}))
	if err != nil {
		s.Stop()
		return nil, nil, errors.Join(fmt.Errorf("serve a module in this process: %w", err), os.RemoveAll(dir))
	}
	end = func() {
		_ = conn.Close()
		s.Stop()
		_ = os.RemoveAll(dir)
	}
	return client{modulev1.NewModuleServiceClient(conn)}, end, nil
}

// loopSocket listens where a module of this system would. On Windows that is TCP on loopback.
func loopSocket() (net.Listener, string, error) {
	if runtime.GOOS == "windows" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		return l, "", err
	}
	dir, err := os.MkdirTemp("", "pr")
	if err != nil {
		return nil, "", err
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		return nil, "", errors.Join(err, os.RemoveAll(dir))
	}
	return l, dir, nil
}

// loopCredentials are those of a launch where another process of the computer could call, and none where the folder is the caller's alone.
func loopCredentials(l net.Listener) (mine, theirs credentials.TransportCredentials, err error) {
	if l.Addr().Network() == "unix" {
		return insecure.NewCredentials(), insecure.NewCredentials(), nil
	}
	host, module, err := pair()
	if err != nil {
		return nil, nil, err
	}
	ours, err := host.tls()
	if err != nil {
		return nil, nil, err
	}
	its, err := module.tls()
	if err != nil {
		return nil, nil, err
	}
	return credentials.NewTLS(ours), credentials.NewTLS(its), nil
}
