package module

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
)

// graceAlone is the most that a module goes on once its host is gone. Its successor waits for the journal meanwhile, so it is no more
// than an HTTP exchange in hand needs.
const graceAlone = 10 * time.Second

// Rester is a Service that can wait for what is in hand alone, which is less than Drain waits for: a payment whose customer has not paid yet
// goes on under the next host.
type Rester interface{ Rest(ctx context.Context) }

// Launched says whether a host started this process, so that a program can tell how it is meant to act.
func Launched() bool { return os.Getenv(handshake().MagicCookieKey) == handshake().MagicCookieValue }

// closeService calls Close where a Service has one.
func closeService(svc Service) error {
	switch c := svc.(type) {
	case io.Closer:
		return c.Close()
	case interface{ Close() }:
		c.Close()
	}
	return nil
}

// Serve is a module's life: it answers the host until the host ends it or is gone, drains, calls svc's Close if it has one, and ends
// the process. It must be called before anything was written to standard output, and never returns.
func Serve(svc Service) {
	if !Launched() {
		fmt.Fprintln(os.Stderr, "this is a payrack module: the host starts it")
		os.Exit(2)
	}
	log := hclog.New(&hclog.LoggerOptions{Name: "module", Output: os.Stderr, JSONFormat: true, Level: hclog.Info})
	os.Exit(serve(svc, &server{service: svc, log: log}, log))
}

func serve(svc Service, rpc modulev1.ModuleServiceServer, log hclog.Logger) int {
	harden()
	stdin := bufio.NewReader(os.Stdin)
	boot, err := readBootstrap(stdin)
	if err != nil {
		log.Error("the host gave no credentials", "error", err)
		return 2
	}
	var last sync.Once // whichever of the two ends comes first does the draining
	end := func(grace time.Duration) {
		last.Do(func() {
			finish(svc, log, grace)
		})
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdin) // returns when the host is gone, or wants the module to leave
		end(graceAlone)
		os.Exit(0)
	}()
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{protocol: {pluginName: &glue{server: rpc}}},
		TLSProvider:      func() (*tls.Config, error) { return boot.tls() },
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(MaxMessage), grpc.NumStreamWorkers(4))...) // workers whose stacks have grown
		},
		Logger: hclog.NewNullLogger(), // what it has to say is the host's to see
	})
	end(graceAlone)
	return 0
}

// finish lets what is in hand end, and closes; a service that panics or hangs in it does not keep the process.
func finish(svc Service, log hclog.Logger, grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace+5*time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = guard(log, "drain", func() error {
			if r, ok := svc.(Rester); ok {
				resting, cancel := context.WithTimeout(ctx, grace)
				defer cancel()
				r.Rest(resting)
				return nil
			}
			running, err := svc.Drain(ctx, grace)
			if running > 0 {
				log.Warn("left with operations running; they are taken up at the next start", "running", running)
			}
			return err
		})
		_ = guard(log, "close", func() error { return closeService(svc) })
	}()
	select {
	case <-done:
	case <-ctx.Done():
		log.Error("draining took too long")
	}
}
