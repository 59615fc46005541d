package main

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
)

// bareServer is a process that answers gRPC calls and does nothing else.
type bareServer struct {
	*child
	socket string
}

// small is the size of an ordinary answer, in bytes.
const small = 1000

func startBareServer(in *installation, name string, size int) (*bareServer, error) {
	socket := filepath.Join(in.sockets, name)
	c, err := startChild(in.program.floor, socket, strconv.Itoa(size))
	if err != nil {
		return nil, err
	}
	if _, err := c.line(); err != nil {
		c.stop()
		return nil, err
	}
	return &bareServer{child: c, socket: socket}, nil
}

func (b *bareServer) dial() (*grpc.ClientConn, error) {
	return grpc.NewClient("unix:"+b.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// once connects, makes one call, and hangs up.
func (b *bareServer) once(ctx context.Context) error {
	conn, err := b.dial()
	if err != nil {
		return err
	}
	_, err = modulev1.NewModuleServiceClient(conn).Describe(ctx, &modulev1.DescribeRequest{})
	return errors.Join(err, conn.Close())
}

// measureWarm compares pr_open and a first answer, where a host runs, with a bare connection and one call.
func measureWarm(ctx context.Context, in *installation, t *till) (Result, error) {
	bare, err := startBareServer(in, "warm", small)
	if err != nil {
		return Result{}, err
	}
	defer bare.stop()
	s, err := alternate(10, 10, func(n int) (sample, error) {
		var list sample
		for range n {
			took, err := t.open()
			if err != nil {
				return nil, err
			}
			if _, err := t.tell("close"); err != nil {
				return nil, err
			}
			list = append(list, took)
		}
		return list, nil
	}, each(func() error { return bare.once(ctx) }))
	return times("open_warm", "against connecting and one bare gRPC call", s), err
}

// measureCold compares pr_open and a first answer of a program that has just been started, where no host runs, with starting the same
// two programs for nothing and connecting.
func measureCold(ctx context.Context, in *installation) (Result, error) {
	bare, err := startBareServer(in, "cold", small)
	if err != nil {
		return Result{}, err
	}
	defer bare.stop()
	s, err := alternate(10, 1, func(int) (sample, error) {
		if err := in.stopHost(ctx); err != nil {
			return nil, err
		}
		t, err := startTill(in, "cold")
		if err != nil {
			return nil, err
		}
		defer t.stop()
		took, err := t.open()
		return sample{took}, err
	}, each(func() error {
		if err := runQuietly(ctx, in.program.payrack, "version"); err != nil {
			return err
		}
		if err := runQuietly(ctx, in.program.module); err != nil { // without a host it says so and ends
			return err
		}
		return bare.once(ctx)
	}))
	return times("open_cold", "against starting both programs for nothing; target: at most 300 ms", s), errors.Join(err, in.stopHost(ctx))
}

// measureCall compares a call from host to module, over go-plugin with mutual TLS, with a bare one of the same size.
func measureCall(ctx context.Context, in *installation) (Result, error) {
	running, err := module.Launch(ctx, module.Program{Path: in.program.module, Sockets: in.sockets})
	if err != nil {
		return Result{}, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = running.Stop(ctx) // kills what does not leave
	}()
	said, err := running.RPC.Describe(ctx, &modulev1.DescribeRequest{})
	if err != nil {
		return Result{}, err
	}
	bare, err := startBareServer(in, "call", len(said.GetJson()))
	if err != nil {
		return Result{}, err
	}
	defer bare.stop()
	conn, err := bare.dial()
	if err != nil {
		return Result{}, err
	}
	defer conn.Close()
	other := modulev1.NewModuleServiceClient(conn)
	describe := func(rpc modulev1.ModuleServiceClient) func(n int) (sample, error) {
		return each(func() error {
			_, err := rpc.Describe(ctx, &modulev1.DescribeRequest{})
			return err
		})
	}
	s, err := alternate(20, 100, describe(running.RPC), describe(other))
	return times("module_call", "against a bare gRPC call over a unix socket", s), err
}
