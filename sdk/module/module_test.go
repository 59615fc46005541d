package module

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/payrack/payrack/sdk/pay"
)

// buffer is a log that a test reads while it is written.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func program(t *testing.T) (Program, *buffer, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log, marks := &buffer{}, t.TempDir()
	return Program{Path: self, Env: []string{"FAKE_MARKS=" + marks, "GORACE=atexit_sleep_ms=0"}, Sockets: socketDir(t), StartTimeout: time.Minute,
		Log: hclog.New(&hclog.LoggerOptions{Output: log, Level: hclog.Debug})}, log, marks
}

func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func start(t *testing.T, p Program) *Running {
	t.Helper()
	r, err := Launch(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Kill)
	return r
}

func begin(t *testing.T, r *Running, command string) (pay.Operation, error) {
	t.Helper()
	params, err := pay.ParseParams(`{"name":"` + command + `"}`)
	if err != nil {
		t.Fatal(err)
	}
	op, _, err := r.Service.Begin(t.Context(), Request{Request: pay.Request{Ref: "r1", Kind: pay.KindCommand, Params: params}, Digest: []byte("d")})
	return op, err
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

func there(path string) func() bool {
	return func() bool { _, err := os.Stat(path); return err == nil }
}

func TestAProgramOfAnotherHashIsNotStarted(t *testing.T) {
	p, _, _ := program(t)
	p.SHA256 = make([]byte, sha256.Size)
	if _, err := Launch(t.Context(), p); !errors.Is(err, ErrChecksum) {
		t.Fatalf("got %v", err)
	}
	if left, _ := os.ReadDir(p.Sockets); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAProgramOfTheRightHashAnswers(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	p, _, marks := program(t)
	raw, err := os.ReadFile(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	p.SHA256 = sum[:]
	r, err := Launch(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Service.Describe(t.Context())
	if err != nil || d.ID != "fake" {
		t.Fatalf("describe: %+v, %v", d, err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if !there(filepath.Join(marks, "closed"))() {
		t.Error("the service was not closed")
	}
	if left, _ := os.ReadDir(p.Sockets); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAModuleSeesLittleOfTheHostsEnvironment(t *testing.T) {
	t.Setenv("PAYRACK_TEST_SECRET", "hunter2")
	p, _, _ := program(t)
	d, err := start(t, p).Service.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(d.JSON), "hunter2") {
		t.Error("the module got the host's environment")
	}
	if !strings.Contains(string(d.JSON), "FAKE_MARKS") {
		t.Error("the module did not get its own")
	}
}

func TestRefusalsCrossTheBorderUnchanged(t *testing.T) {
	p, _, _ := program(t)
	r := start(t, p)
	_, err := begin(t, r, "refuse")
	got, ok := errors.AsType[*pay.Error](err)
	want := &pay.Error{Code: pay.ErrShift, Text: "смена закрыта", Hint: "откройте смену", MayHaveMoved: true}
	if !ok || !cmp.Equal(got, want) {
		t.Fatalf("got %#v, want %#v", err, want)
	}
	err = r.Service.Watch(t.Context(), "missing", 0, false, func(pay.Event) error { return nil })
	if pay.CodeOf(err) != pay.ErrNotFound {
		t.Fatalf("of a stream: %v", err)
	}
}

func TestAPanicIsARefusalWithoutValues(t *testing.T) {
	p, log, _ := program(t)
	p.Env = append(p.Env, "FAKE_PLAIN=1")
	r := start(t, p)
	_, err := begin(t, r, "panic")
	if pay.CodeOf(err) != pay.ErrInternal || strings.Contains(err.Error(), "4111") {
		t.Fatalf("got %v", err)
	}
	if _, err := r.Service.Info(t.Context(), "x", "ru"); pay.CodeOf(err) != pay.ErrInternal {
		t.Fatalf("a nil pointer: %v", err)
	}
	if _, err := begin(t, r, ""); err != nil {
		t.Fatalf("the module did not survive: %v", err)
	}
	await(t, "the place in the log", func() bool { return strings.Contains(log.String(), "fake_test.go") })
	if strings.Contains(log.String(), "4111") {
		t.Errorf("the log shows the value: %s", log)
	}
}

func TestGarbageOnStandardErrorIsHarmless(t *testing.T) {
	p, log, _ := program(t)
	r := start(t, p)
	if _, err := begin(t, r, "noise"); err != nil {
		t.Fatal(err)
	}
	await(t, "the last line", func() bool { return strings.Contains(log.String(), "plain") })
	if s := log.String(); strings.Contains(s, "secret value") || len(s) > 64<<10 {
		t.Errorf("%d bytes: %.200s", len(s), s)
	}
	if _, err := begin(t, r, ""); err != nil {
		t.Error(err)
	}
}

func TestWhatANewerModuleSaysIsSkipped(t *testing.T) {
	p, _, _ := program(t)
	r := start(t, p)
	for range 10 {
		var numbers []int64
		err := r.Service.Watch(t.Context(), "r1", 1, true, func(e pay.Event) error {
			numbers = append(numbers, e.Number)
			return nil
		})
		if err != nil || !cmp.Equal(numbers, []int64{2, 3, 4}) {
			t.Fatalf("got %v, %v", numbers, err)
		}
	}
	if op, err := begin(t, r, ""); err != nil || op.Text != "d" || !op.Running {
		t.Errorf("begin: %+v, %v", op, err)
	}
}

func TestALongReportPasses(t *testing.T) {
	p, _, _ := program(t)
	r := start(t, p)
	op, err := begin(t, r, "big")
	if err != nil || len(op.Result) < 9<<20 {
		t.Fatalf("%d bytes, %v", len(op.Result), err)
	}
	if _, err := r.Service.Find(t.Context(), []byte(quote(strings.Repeat("x", 9<<20)))); pay.CodeOf(err) != pay.ErrInternal {
		t.Errorf("a long question did not arrive: %v", err) // the fake has no Find: its panic shows that the call came through
	}
}

func TestABusyModuleFinishesWhenItsHostIsGone(t *testing.T) {
	p, _, marks := program(t)
	r := start(t, p)
	if _, err := begin(t, r, "busy"); err != nil {
		t.Fatal(err)
	}
	r.process.release() // all that a module sees of its host's death
	await(t, "the drain", there(filepath.Join(marks, "draining")))
	select {
	case <-r.Exited():
		t.Fatal("it left with an operation running")
	default:
	}
	if err := os.WriteFile(filepath.Join(marks, "finish"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-r.Exited()
	if !there(filepath.Join(marks, "closed"))() || r.ExitText() != "" {
		t.Errorf("it did not leave in good order: %q", r.ExitText())
	}
}

func TestAModuleThatHangsIsEndedInTime(t *testing.T) {
	p, _, _ := program(t)
	r := start(t, p)
	if _, err := begin(t, r, "busy"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.Stop(ctx); pay.CodeOf(err) != pay.ErrModuleDown {
		t.Errorf("got %v", err)
	}
	<-r.Exited()
}

func TestKillEndsCallsAndTellsSo(t *testing.T) {
	p, _, _ := program(t)
	r := start(t, p)
	seen := make(chan Health, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- r.Service.Health(context.Background(), func(h Health) error { seen <- h; return nil })
	}()
	if h := <-seen; h.State != "degraded" || h.Code != pay.ErrOffline || h.Busy != 2 {
		t.Errorf("health: %+v", h)
	}
	r.Kill()
	<-r.Exited()
	if err := <-ended; err == nil {
		t.Error("the stream ended as if all were well")
	} else if _, ok := errors.AsType[*pay.Error](err); ok {
		t.Errorf("a broken connection looks like a refusal: %v", err)
	}
	if r.ExitText() == "" {
		t.Error("nobody would know that it was killed")
	}
}

func TestAProgramThatIsNoModuleIsRefused(t *testing.T) {
	p, _, _ := program(t)
	p.Env = append(p.Env, "FAKE_STRANGER=hello")
	if _, err := Launch(t.Context(), p); err == nil {
		t.Fatal("it was taken for a module")
	}
}

func TestAProgramThatNeverAnswersIsEnded(t *testing.T) {
	p, _, _ := program(t)
	p.Env = append(p.Env, "FAKE_STRANGER=silent")
	p.StartTimeout = 100 * time.Millisecond
	if _, err := Launch(t.Context(), p); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
}

func TestTheLifelineIsHeldAfterTheFirstLineOnly(t *testing.T) {
	for _, line := range []string{"", "x", strings.Repeat("x", maxBootstrap+10), "{}\n"} {
		_, err := readBootstrap(bufio.NewReader(strings.NewReader(line)))
		if ok := line == "{}\n"; ok != (err == nil) {
			t.Errorf("%.10q: %v", line, err)
		}
	}
	if _, err := (bootstrap{}).tls(); err == nil {
		t.Error("no credentials are no error")
	}
}

func TestAnOutcomeThatIsNotKnownIsUnknown(t *testing.T) {
	m, err := Pack(pay.Operation{Ref: "r", Outcome: pay.Approved})
	if err != nil {
		t.Fatal(err)
	}
	m.Outcome = 9
	if op, err := Unpack(m); err != nil || op.Outcome != pay.Unknown {
		t.Errorf("got %v, %v", op.Outcome, err)
	}
	if err := FromRefusal(Refusal(errors.New("secret"))); pay.CodeOf(err) != pay.ErrInternal || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	if !errors.Is(FromStatus(io.EOF), io.EOF) || Status(nil) != nil || FromStatus(nil) != nil {
		t.Error("errors that carry nothing must pass")
	}
}
