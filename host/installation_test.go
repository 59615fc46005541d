package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/payrack/payrack/host/place"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// TestMain makes this test's program a module when a host starts it, and a host when a test does.
func TestMain(m *testing.M) {
	if module.Launched() {
		module.Serve(newFake())
	}
	if home := os.Getenv("TEST_HOST"); home != "" {
		os.Exit(hostProcess(home))
	}
	dir, err := os.MkdirTemp("", "prh")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_RUNTIME_DIR", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func hostProcess(home string) int {
	p, err := place.Find(home)
	if err == nil {
		quick := quickPace()
		err = Run(context.Background(), Options{Place: p, Version: "test", pace: &quick, moduleEnv: quickExit()})
	}
	switch {
	case errors.Is(err, ErrRunning):
		fmt.Fprintln(os.Stderr, Fill(err, "en").Text)
		return 8
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// quickExit spares modules under the race detector the second that they wait at their end.
func quickExit() []string { return []string{"GORACE=atexit_sleep_ms=0"} }

func quickPace() pace {
	p := standardPace()
	p.first, p.most, p.absent, p.orphan, p.look, p.quarantine = 10*time.Millisecond, 50*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond,
		10*time.Millisecond, time.Hour
	return p
}

// installation is a folder with modules and a manifest.
type installation struct {
	t     *testing.T
	place place.Place
}

func install(t *testing.T, modules ...string) *installation {
	t.Helper()
	i, home := &installation{t: t}, t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	at := place.Place{Home: home, Data: home}
	if runtime.GOOS == "windows" { // where links are not everybody's to make
		err = os.WriteFile(at.Program(), raw, 0o700)
	} else {
		err = os.Symlink(self, at.Program()) // so that technicians are told from others
	}
	if err != nil {
		t.Fatal(err)
	}
	var manifest strings.Builder
	for _, id := range modules {
		program := at.Module(id)
		if err := os.MkdirAll(filepath.Dir(program), 0o700); err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS == "windows" || os.Link(self, program) != nil { // Windows removes no link of a program that runs
			if err := os.WriteFile(program, raw, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if runtime.GOOS == "windows" { // which removes no program that still runs, and a module ends after its host
			t.Cleanup(func() { i.await("the end of "+program, func() bool { return os.RemoveAll(program) == nil }) })
		}
		fmt.Fprintf(&manifest, "%s  modules/%s/%s\n", hex.EncodeToString(sum[:]), id, filepath.Base(program))
	}
	i.write(filepath.Join(home, "payrack.sha256"), manifest.String())
	if i.place, err = place.Find(home); err != nil {
		t.Fatal(err)
	}
	return i
}

func (i *installation) write(path, text string) {
	i.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		i.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

func (i *installation) data(id, name string) string {
	return filepath.Join(i.place.ModuleData(id), name)
}

// begins counts the Begins that reached a module.
func (i *installation) begins(id string) int {
	raw, _ := os.ReadFile(i.data(id, "begins"))
	return strings.Count(string(raw), "\n")
}

// serving is a host in this process.
type serving struct {
	end  context.CancelFunc
	done chan error
}

func (i *installation) serve(change ...func(*Options)) *serving {
	i.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	quick := quickPace()
	ready := make(chan struct{})
	o := Options{Place: i.place, Version: "test", Ready: func(place.Host) { close(ready) }, pace: &quick, moduleEnv: quickExit()}
	for _, f := range change {
		f(&o)
	}
	s := &serving{end: cancel, done: make(chan error, 1)}
	go func() { s.done <- run(ctx, o) }()
	select {
	case <-ready:
	case err := <-s.done:
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { s.stop() })
	return s
}

func (s *serving) stop() error {
	s.end()
	err := <-s.done
	s.done <- err
	return err
}

// process is a host in a process of its own.
func (i *installation) process() *exec.Cmd {
	i.t.Helper()
	self, err := os.Executable()
	if err != nil {
		i.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "TEST_HOST="+i.place.Home)
	return cmd
}

func (i *installation) started() *exec.Cmd {
	i.t.Helper()
	cmd := i.process()
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	i.await("the host's file", func() bool {
		h, err := i.place.ReadHost()
		return err == nil && h.PID == cmd.Process.Pid
	})
	return cmd
}

func (i *installation) await(what string, done func() bool) {
	i.t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			i.t.Fatalf("waited in vain for: %s", what)
		}
	}
}

// till is a client's session.
type till struct {
	t      *testing.T
	host   hostv1.HostServiceClient
	ctx    context.Context
	close  context.CancelFunc
	stream grpc.ServerStreamingClient[hostv1.SessionResponse]
	first  *hostv1.SessionResponse
}

func (i *installation) dial() hostv1.HostServiceClient {
	i.t.Helper()
	conn, err := grpc.NewClient("passthrough:///host", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return dialAddress(ctx, i.place.Address()) }))
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = conn.Close() })
	return hostv1.NewHostServiceClient(conn)
}

func (i *installation) till(pos string, change ...func(*hostv1.SessionRequest)) *till {
	i.t.Helper()
	t := &till{t: i.t, host: i.dial()}
	in := &hostv1.SessionRequest{Abi: 0x10000, PosId: pos, Flags: flagConfirm, Program: "cashier", Language: "en"}
	for _, f := range change {
		f(in)
	}
	ctx, cancel := context.WithCancel(context.Background())
	i.t.Cleanup(cancel)
	var err error
	if t.stream, err = t.host.Session(ctx, in); err != nil {
		i.t.Fatal(err)
	}
	if t.first, err = t.stream.Recv(); err != nil {
		i.t.Fatal(err)
	}
	if err := module.FromRefusal(t.first.GetRefusal()); err != nil {
		i.t.Fatal(err)
	}
	t.ctx, t.close = metadata.AppendToOutgoingContext(ctx, sessionKey, t.first.GetSession()), cancel
	return t
}

func technician(in *hostv1.SessionRequest) { in.Program = "payrack" }

// pay begins an operation; what names kind or parameters follows as "name=value".
func (t *till) pay(id, ref string, amount int64, script string, more ...string) (*hostv1.BeginResponse, error) {
	t.t.Helper()
	in := &hostv1.BeginRequest{Module: id, Kind: "pay.online", Amount: amount, Ref: ref}
	params := map[string]any{}
	if script != "" {
		params["script"] = script
	}
	for _, m := range more {
		name, value, _ := strings.Cut(m, "=")
		if name == "kind" {
			in.Kind = value
			continue
		}
		params[name] = value
	}
	raw, err := json.Marshal(params)
	if err != nil {
		t.t.Fatal(err)
	}
	in.Params = string(raw)
	return t.begin(in)
}

func (t *till) begin(in *hostv1.BeginRequest) (*hostv1.BeginResponse, error) {
	t.t.Helper()
	out, err := t.host.Begin(t.ctx, in)
	if err != nil {
		t.t.Fatalf("begin: %v", err)
	}
	return out, module.FromRefusal(out.GetRefusal())
}

// must is pay that has to be taken.
func (t *till) must(id, ref string, amount int64, script string, more ...string) pay.Operation {
	t.t.Helper()
	out, err := t.pay(id, ref, amount, script, more...)
	if err != nil {
		t.t.Fatalf("begin %s: %v", ref, err)
	}
	op, err := module.Unpack(out.GetOperation())
	if err != nil {
		t.t.Fatal(err)
	}
	return op
}

// refused is pay that has to be refused with a code.
func (t *till) refused(code pay.Code, id, ref string, amount int64, script string, more ...string) *pay.Error {
	t.t.Helper()
	_, err := t.pay(id, ref, amount, script, more...)
	if pay.CodeOf(err) != code {
		t.t.Fatalf("begin %s: got %v, want %s", ref, err, code)
	}
	e, _ := errors.AsType[*pay.Error](err)
	if e.Text == "" || e.Hint == "" {
		t.t.Errorf("the refusal leaves the cashier alone: %+v", e)
	}
	return e
}

func (t *till) operation(ref string) (pay.Operation, error) {
	t.t.Helper()
	out, err := t.host.Operation(t.ctx, &hostv1.OperationRequest{Ref: ref})
	if err != nil {
		t.t.Fatal(err)
	}
	if err := module.FromRefusal(out.GetRefusal()); err != nil {
		return pay.Operation{}, err
	}
	return module.Unpack(out.GetOperation())
}

func (t *till) answer(ref, value string) error {
	t.t.Helper()
	out, err := t.host.Answer(t.ctx, &modulev1.AnswerRequest{Ref: ref, Value: value})
	if err != nil {
		t.t.Fatal(err)
	}
	return module.FromRefusal(out.GetRefusal())
}

func (t *till) option(key, value string) error {
	t.t.Helper()
	out, err := t.host.SetOption(t.ctx, &hostv1.SetOptionRequest{Key: key, Value: value})
	if err != nil {
		t.t.Fatal(err)
	}
	return module.FromRefusal(out.GetRefusal())
}

func (t *till) info(id, what string, into any) error {
	t.t.Helper()
	out, err := t.host.Info(t.ctx, &hostv1.InfoRequest{Module: id, What: what})
	if err != nil {
		t.t.Fatal(err)
	}
	if err := module.FromRefusal(out.GetRefusal()); err != nil {
		return err
	}
	if err := json.Unmarshal(out.GetJson(), into); err != nil {
		t.t.Fatalf("%s: %s: %v", what, out.GetJson(), err)
	}
	return nil
}

// state waits until a module is in a state, and gives its entry.
func (t *till) state(id, want string) map[string]any {
	t.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var doc map[string]any
		if err := t.info(id, "modules", &doc); err != nil {
			t.t.Fatal(err)
		}
		if doc["state"] == want {
			return doc
		}
	}
	t.t.Fatalf("%s never came to be %s", id, want)
	return nil
}

// watch sends an operation's events; the channel is closed at its end.
func (t *till) watch(ref string, after int64) <-chan pay.Event {
	t.t.Helper()
	stream, err := t.host.Watch(t.ctx, &hostv1.WatchRequest{Ref: ref, After: after})
	if err != nil {
		t.t.Fatal(err)
	}
	events := make(chan pay.Event, 100)
	go func() {
		defer close(events)
		for {
			m, err := stream.Recv()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					events <- pay.Event{Kind: -1, Text: module.FromStatus(err).Error()}
				}
				return
			}
			e, err := module.UnpackEvent(m)
			if err != nil {
				return
			}
			events <- e
		}
	}()
	return events
}

func outcomeIn(events <-chan pay.Event) *pay.Operation {
	for e := range events {
		if e.Kind == pay.EvOutcome {
			return e.Operation
		}
	}
	return nil
}

func (t *till) pending(all bool) []pay.Operation {
	t.t.Helper()
	out, err := t.host.Pending(t.ctx, &hostv1.PendingRequest{All: all})
	if err != nil {
		t.t.Fatal(err)
	}
	var list []pay.Operation
	for _, m := range out.GetOperations() {
		op, err := module.Unpack(m)
		if err != nil {
			t.t.Fatal(err)
		}
		list = append(list, op)
	}
	return list
}
