package module

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// ErrChecksum means that a module's program is not the one in the manifest. It was not started.
var ErrChecksum = errors.New("the program's SHA-256 is not the one in the manifest")

// Program is what Launch starts.
type Program struct {
	Path   string
	SHA256 []byte // of the file; nil: not checked
	Args   []string
	Env    []string // besides the little that every module gets; a module sees nothing else of the host's environment
	Dir    string   // working directory; empty: the program's own folder
	// Sockets is a folder with a short path for the module's socket; empty: the temporary one. It must exist.
	Sockets string
	// Log takes what the module writes to standard error, as lines of the host's own making.
	Log hclog.Logger
	// StartTimeout is how long the module may take until it answers; 0: 20 s.
	StartTimeout time.Duration
}

// Running is one life of a module's process. A new life is a new Launch.
type Running struct {
	Service Service
	// RPC is the same module without conversion, for a host that hands messages on as they are.
	RPC modulev1.ModuleServiceClient

	process *process
	cleanup func()
}

// Launch starts a module and returns when it answers. If it does not before ctx or StartTimeout ends, its process is ended.
func Launch(ctx context.Context, p Program) (*Running, error) {
	if p.Log == nil {
		p.Log = hclog.NewNullLogger()
	}
	if p.StartTimeout <= 0 {
		p.StartTimeout = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, p.StartTimeout)
	defer cancel()

	mine, theirs, err := pair()
	if err != nil {
		return nil, err
	}
	config, err := mine.tls()
	if err != nil {
		return nil, err
	}
	start := &launch{program: p, process: newProcess(p, theirs)}
	start.client = plugin.NewClient(start.config(config))

	type result struct {
		rpc modulev1.ModuleServiceClient
		err error
	}
	done := make(chan result, 1)
	go func() {
		rpc, err := start.dispense(ctx)
		done <- result{rpc, err}
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		start.process.kill() // makes go-plugin's start return
		r = <-done
		if r.err == nil {
			r.err = ctx.Err()
		}
	}
	if r.err != nil {
		start.process.kill()
		start.cleanup()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && !errors.Is(r.err, ErrChecksum) {
			r.err = errors.Join(r.err, context.DeadlineExceeded)
		}
		return nil, fmt.Errorf("start module %s: %w", p.Path, r.err)
	}
	return &Running{Service: client{r.rpc}, RPC: r.rpc, process: start.process, cleanup: start.cleanup}, nil
}

// launch is one try to start a program.
type launch struct {
	program Program
	process *process
	client  *plugin.Client
	sockets string // go-plugin's folder of this launch
	once    sync.Once
}

func (l *launch) config(config *tls.Config) *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig:  handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{protocol: {pluginName: &glue{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(), // go-plugin's own words; the module's are p.Log's
		SkipHostEnv:      true,
		StartTimeout:     l.program.StartTimeout,
		TLSConfig:        config,
		// What a module prints once it serves comes this way; what its runtime prints when it crashes, through the pipe.
		SyncStdout: l.process.words, SyncStderr: l.process.words,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: l.program.Sockets},
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(MaxMessage), grpc.MaxCallSendMsgSize(MaxMessage))},
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, sockets string) (runner.Runner, error) {
			l.sockets = sockets
			// The last of two equal names counts: any free port, instead of the same ones for everybody.
			l.process.cmd.Env = append(append(append(baseEnv(), l.program.Env...), spec.Env...), "PLUGIN_MIN_PORT=0", "PLUGIN_MAX_PORT=0")
			return l.process, nil
		},
	}
}

// dispense starts the process and makes the first call, so that a module which is up but cannot be talked to is an error here.
func (l *launch) dispense(ctx context.Context) (modulev1.ModuleServiceClient, error) {
	protocol, err := l.client.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense(pluginName)
	if err != nil {
		return nil, err
	}
	rpc, ok := raw.(modulev1.ModuleServiceClient)
	if !ok {
		return nil, fmt.Errorf("unexpected client %T", raw)
	}
	_, err = rpc.Describe(ctx, &modulev1.DescribeRequest{}, grpc.WaitForReady(true))
	return rpc, FromStatus(err)
}

// cleanup gives go-plugin's goroutines and files back. The process is gone or has been killed, yet go-plugin may hang on a stream,
// so nobody waits for it longer than a moment.
func (l *launch) cleanup() {
	l.once.Do(func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			l.client.Kill()
			if l.sockets != "" {
				_ = os.RemoveAll(l.sockets)
			}
		}()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			l.program.Log.Warn("a module that is gone could not be cleaned up after", "pid", l.process.ID())
		}
	})
}

// PID is the process's number.
func (r *Running) PID() int { return r.process.cmd.Process.Pid }

// Exited is closed when the process is gone.
func (r *Running) Exited() <-chan struct{} { return r.process.exited }

// ExitText says how the process ended ("exit status 3", "signal: killed"); empty while it runs or when it ended well.
func (r *Running) ExitText() string { return r.process.exitText() }

// Drain has the module refuse new operations and returns how many still run when all have an outcome or grace is over. It returns
// no later than ctx or two seconds after grace, even if the module hangs.
func (r *Running) Drain(ctx context.Context, grace time.Duration) (running int, err error) {
	ctx, cancel := context.WithTimeout(ctx, grace+2*time.Second)
	defer cancel()
	return r.Service.Drain(ctx, grace)
}

// Stop lets go of the lifeline, so that the module drains by itself, journals and leaves. At the end of ctx it is killed. Call Drain
// before where running operations should reach an outcome.
func (r *Running) Stop(ctx context.Context) error {
	r.process.release()
	select {
	case <-r.process.exited:
		r.cleanup()
		return nil
	case <-ctx.Done():
		r.Kill()
		return &pay.Error{Code: pay.ErrModuleDown, Text: "the module did not leave in time and was ended", Cause: ctx.Err()}
	}
}

// Kill ends the process and whatever it started, at once. It may be called at any time and more than once.
func (r *Running) Kill() {
	r.process.kill()
	select {
	case <-r.process.exited:
	case <-time.After(5 * time.Second): // a process in the kernel's hands goes when they let it
	}
	r.cleanup()
}
