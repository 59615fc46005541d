//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	sendy "github.com/payrack/payrack/plugins/sendy/sandbox"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// programs is the folder with the built programs; TestMain fills it.
var programs string

// atOnce is how many tests run at the same time: nearly all of them wait nearly all the time.
const atOnce = "8"

// A process of this test that is not the test itself finds in its environment what it is.
const (
	envCashier  = "PAYRACK_E2E_CASHIER"  // a cashier program: its orders
	envPrograms = "PAYRACK_E2E_PROGRAMS" // the test again, with another view of the disks: the built programs
)

func TestMain(m *testing.M) {
	if orders := os.Getenv(envCashier); orders != "" {
		os.Exit(runCashier(orders))
	}
	flag.Parse()
	if programs = os.Getenv(envPrograms); programs != "" {
		os.Exit(m.Run())
	}
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "payrack-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		programs = dir
		if err := os.Setenv("GORACE", "log_path="+filepath.Join(dir, "race")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		for _, p := range []struct{ out, pkg string }{{"payrack", "../../cmd/payrack"}, {"sendy", "../../plugins/sendy"},
			{"payer", "./payer"}, {"kvell", "../../plugins/kvell"}, {"socproc", "../../plugins/socproc"}, {"lombard", "../../plugins/lombard"}} {
			build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, p.out), p.pkg)
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if raced {
				build.Args = slices.Insert(build.Args, 2, "-race")
				build.Env = os.Environ()
			}
			if out, err := build.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "build %s: %v\n%s", p.pkg, err, out)
				return 1
			}
		}
		code := m.Run()
		reports, err := filepath.Glob(filepath.Join(dir, "race.*"))
		if err != nil || len(reports) > 0 {
			code = 1
		}
		for _, report := range reports {
			text, err := os.ReadFile(report)
			fmt.Fprintf(os.Stderr, "a data race in a host or a module:\n%s\n%v\n", text, err)
		}
		return code
	}())
}

// shop is one installation, and its provider.
type shop struct {
	t     testing.TB
	place place.Place
	bank  *sendy.Server
	ctl   *sendy.Control
	home  string
	data  string // of the bank
	codes atomic.Int64
	refs  atomic.Int64
}

// newShop lays out an installation whose Sendy module is activated.
func newShop(t testing.TB) *shop {
	t.Helper()
	s := bareShop(t)
	s.activate()
	return s
}

// twoModules lays out an installation that has the module payer too.
func twoModules(t testing.TB) *shop {
	t.Helper()
	s := bareShop(t)
	s.addModule("payer")
	s.activate()
	return s
}

// bareShop lays out an installation that was never activated.
func bareShop(t testing.TB) *shop {
	t.Helper()
	home, err := os.MkdirTemp("", "pr-")
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, home: filepath.Join(home, "payrack"), data: filepath.Join(home, "bank")}
	s.openBank("127.0.0.1:0")
	t.Cleanup(func() {
		s.stop()
		s.bank.Close()
		if raced && s.logged("DATA RACE") {
			t.Error("a data race in a module")
		}
		if t.Failed() {
			s.showLogs()
		}
		os.RemoveAll(filepath.Dir(s.place.Address()))
		os.RemoveAll(home)
	})
	must(t, os.MkdirAll(s.home, 0o755))
	must(t, os.Link(filepath.Join(programs, "payrack"), filepath.Join(s.home, "payrack")))
	s.addModule("sendy")
	s.setSettings("[Sendy]\nServer=" + s.bank.URL() + "\n[Till]\nOrphanGrace=5\n")
	s.place, err = place.Find(s.home)
	must(t, err)
	return s
}

// addModule puts a module's program into the installation, and into its manifest.
func (s *shop) addModule(id string) {
	s.t.Helper()
	folder := filepath.Join(s.home, "modules", id)
	must(s.t, os.MkdirAll(folder, 0o755))
	must(s.t, os.Link(filepath.Join(programs, id), filepath.Join(folder, id)))
	sums := exec.Command("sh", "-c", "sha256sum payrack modules/*/* | grep -v '[.]' > sums; mv sums payrack.sha256")
	sums.Dir = s.home
	must(s.t, sums.Run())
}

func (s *shop) settingsFile() string { return filepath.Join(s.home, "modules", "sendy", "sendy.ini") }

// setSettings writes sendy.ini.
func (s *shop) setSettings(text string) {
	s.t.Helper()
	must(s.t, os.WriteFile(s.settingsFile(), []byte(text), 0o644))
}

// openBank starts the provider's server, with everything that it knew when it was closed.
func (s *shop) openBank(addr string) {
	s.t.Helper()
	bank, err := sendy.New(sendy.Options{Data: s.data})
	must(s.t, err)
	must(s.t, bank.Start(addr))
	s.bank, s.ctl = bank, bank.Control()
}

// cut takes the provider away; mend brings it back at the same address.
func (s *shop) cut() (mend func()) {
	s.t.Helper()
	addr := strings.TrimPrefix(s.bank.URL(), "http://")
	must(s.t, s.bank.Close())
	return func() { s.t.Helper(); s.openBank(addr) }
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// till opens a session of a till; it ends with the test.
func (s *shop) till(pos string) *till {
	s.t.Helper()
	return s.session(client.Options{PosID: pos})
}

// confirming opens a session of a till that confirms its payments itself (PR_F_CONFIRM).
func (s *shop) confirming(pos string) *till {
	s.t.Helper()
	return s.session(client.Options{PosID: pos, Flags: 4})
}

func (s *shop) session(o client.Options) *till {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	o.Place, o.Program, o.Language, o.StartHost = s.place, "e2e", "en", true
	session, err := client.Open(ctx, o)
	must(s.t, err)
	s.t.Cleanup(session.Close)
	return &till{Session: session, t: s.t, s: s, pos: o.PosID}
}

// till is a cashier program.
type till struct {
	*client.Session
	t   testing.TB
	s   *shop
	pos string
}

func (s *shop) activate() {
	s.t.Helper()
	k := s.till("setup")
	defer k.Close()
	op := k.run(client.Order{Module: "sendy", Kind: pay.KindCommand,
		Params: `{"name":"activate","args":{"terminal_id":"10240007","serial":"SN-1","code":"12345678"}}`})
	if op.Outcome != pay.Approved {
		s.t.Fatalf("activation: %s %s %s", op.Outcome, op.Code, op.Text)
	}
}

// ref makes a ref that nobody has used.
func (k *till) ref() pay.Ref { return pay.Ref(fmt.Sprintf("%s-%d", k.pos, k.s.refs.Add(1))) }

// try starts an operation.
func (k *till) try(o client.Order) (pay.Operation, error) {
	if o.Module == "" && o.Kind != pay.KindRefund {
		o.Module = "sendy"
	}
	ctx, cancel := context.WithTimeout(k.t.Context(), 30*time.Second)
	defer cancel()
	op, _, err := k.Begin(ctx, o)
	return op, err
}

// begin starts an operation, and asks again where nobody knows whether it has begun, as a cashier program does; a refusal fails the test.
func (k *till) begin(o client.Order) (op pay.Operation) {
	k.t.Helper()
	k.s.eventually("it is known whether the order was begun", func() bool {
		var err error
		op, err = k.try(o)
		if e, ok := errors.AsType[*pay.Error](err); ok && e.MayHaveMoved {
			return false
		}
		must(k.t, err)
		return true
	})
	return op
}

// refused wants a begin to be refused with a code and a text, and the provider not to hear of it.
func (k *till) refused(o client.Order, want pay.Code) *pay.Error {
	k.t.Helper()
	before := len(k.s.requests("POST", ""))
	op, err := k.try(o)
	e, _ := errors.AsType[*pay.Error](err)
	if e == nil || e.Code != want || e.Text == "" || e.MayHaveMoved {
		k.t.Fatalf("%s %s: %+v %#v; wanted the refusal %s", o.Kind, o.Ref, op, err, want)
	}
	if after := len(k.s.requests("POST", "")); after != before {
		k.t.Fatalf("%s %s was refused with %s, but something was sent", o.Kind, o.Ref, want)
	}
	return e
}

// run starts an operation and waits for its final outcome.
func (k *till) run(o client.Order) pay.Operation {
	k.t.Helper()
	return k.final(k.begin(o).Ref)
}

// final waits for the final outcome of an operation.
func (k *till) final(ref pay.Ref) pay.Operation {
	k.t.Helper()
	return k.until(ref, func(op pay.Operation) bool { return op.Outcome.Final() })
}

// until watches an operation until what it says of itself satisfies.
func (k *till) until(ref pay.Ref, satisfied func(pay.Operation) bool) (last pay.Operation) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 90*time.Second)
	defer cancel()
	err := k.Watch(ctx, ref, 0, func(e pay.Event) error {
		if e.Kind == pay.EvOutcome && e.Operation != nil && satisfied(*e.Operation) {
			last = *e.Operation
			cancel()
		}
		return nil
	})
	if last.Ref == "" {
		op, operr := k.Operation(k.t.Context(), ref)
		k.t.Fatalf("%s did not get there: %v; now %+v %v", ref, err, op, operr)
	}
	return last
}

// event watches an operation until an event of a kind comes.
func (k *till) event(ref pay.Ref, kind pay.EventKind) (found pay.Event) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), 60*time.Second)
	defer cancel()
	err := k.Watch(ctx, ref, 0, func(e pay.Event) error {
		if e.Kind == kind {
			found = e
			cancel()
		}
		return nil
	})
	if found.Kind != kind {
		k.t.Fatalf("%s showed no event %d: %v", ref, kind, err)
	}
	return found
}

// now is the present view of an operation.
func (k *till) now(ref pay.Ref) pay.Operation {
	k.t.Helper()
	op, err := k.Operation(k.t.Context(), ref)
	must(k.t, err)
	return op
}

// follow watches an operation in the background to its final outcome, and gives every outcome that was told.
func (k *till) follow(ref pay.Ref) (told func() []pay.Operation) {
	var list []pay.Operation
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(k.t.Context(), 90*time.Second)
	go func() {
		done <- k.Watch(ctx, ref, 0, func(e pay.Event) error {
			if e.Kind == pay.EvOutcome && e.Operation != nil {
				list = append(list, *e.Operation)
			}
			return nil
		})
	}()
	return func() []pay.Operation {
		k.t.Helper()
		defer cancel()
		if err := <-done; err != nil {
			k.t.Fatalf("the watch of %s ended: %v", ref, err)
		}
		return list
	}
}

// pending is why an operation of this till wants attention; "" if it does not.
func (k *till) pending(ref pay.Ref) string {
	k.t.Helper()
	list, err := k.Pending(k.t.Context(), false)
	must(k.t, err)
	for _, op := range list {
		if op.Ref == ref {
			return op.Pending
		}
	}
	return ""
}

// ack says what the till thinks of an outcome.
func (k *till) ack(ref pay.Ref, a pay.Ack) pay.Operation {
	k.t.Helper()
	op, err := k.Acknowledge(k.t.Context(), ref, a, "e2e")
	must(k.t, err)
	return op
}

// health is a module's state as the till hears it.
func (k *till) health(module string) (h struct {
	State string `json:"state"`
	Text  string `json:"text"`
	Code  string `json:"code"`
}) {
	k.t.Helper()
	raw, err := k.Info(k.t.Context(), module, "health")
	must(k.t, err)
	must(k.t, json.Unmarshal(raw, &h))
	return h
}

// processes lists the processes whose program lies in the installation.
func (s *shop) processes() (list []process) {
	entries, err := os.ReadDir("/proc")
	must(s.t, err)
	for _, e := range entries {
		exe, err := programOf(e.Name())
		if err != nil || !strings.HasPrefix(exe, s.home+"/") {
			continue
		}
		var pid int
		if _, err := fmt.Sscan(e.Name(), &pid); err == nil {
			list = append(list, process{pid: pid, exe: strings.TrimSuffix(exe, " (deleted)")})
		}
	}
	return list
}

type process struct {
	pid int
	exe string
}

// pid is the only process of a program of the installation: "payrack" or "sendy".
func (s *shop) pid(program string) int {
	s.t.Helper()
	var found []int
	for _, p := range s.processes() {
		if filepath.Base(p.exe) == program {
			found = append(found, p.pid)
		}
	}
	if len(found) != 1 {
		s.t.Fatalf("%d processes of %s run: %v", len(found), program, s.processes())
	}
	return found[0]
}

// kill ends a process as a power cut would, and waits until it is gone.
func (s *shop) kill(program string) {
	s.t.Helper()
	s.die(program)
}

// end kills a process that may have died already, by the hand of the one before it.
func (s *shop) end(pid int) {
	s.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		s.t.Fatal(err)
	}
}

// eventually waits for a state that nothing tells of.
func (s *shop) eventually(what string, state func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !state() {
		if time.Now().After(deadline) {
			s.t.Fatalf("never came true: %s", what)
		}
		<-tick.C
	}
}

// stop ends every process of the installation, politely first.
func (s *shop) stop() {
	for _, p := range s.processes() {
		if filepath.Base(p.exe) == "payrack" {
			syscall.Kill(p.pid, syscall.SIGTERM)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for len(s.processes()) > 0 {
		if time.Now().After(deadline) {
			for _, p := range s.processes() {
				s.t.Errorf("left running: %s (%d)", p.exe, p.pid)
				syscall.Kill(p.pid, syscall.SIGKILL)
			}
			return
		}
		<-tick.C
	}
}

// logs are all log files of the installation.
func (s *shop) logs() []string {
	host, err := filepath.Glob(filepath.Join(s.place.Data, "Log", "*.log"))
	must(s.t, err)
	modules, err := filepath.Glob(filepath.Join(s.place.Data, "modules", "*", "Log", "*.log"))
	must(s.t, err)
	return append(host, modules...)
}

// logged says whether a text stands in any log.
func (s *shop) logged(text string) bool {
	return slices.ContainsFunc(s.logs(), func(file string) bool {
		raw, err := os.ReadFile(file)
		return err == nil && bytes.Contains(raw, []byte(text))
	})
}

// showLogs prints the ends of the logs of a failed test.
func (s *shop) showLogs() {
	for _, log := range s.logs() {
		raw, err := os.ReadFile(log)
		if err != nil {
			continue
		}
		s.t.Logf("%s:\n%s", filepath.Base(log), raw[max(0, len(raw)-6000):])
	}
}

// Paths of the provider's interface, for faults and for looking into its log.
const (
	paying  = "/pos/payment/o*" // online and offline
	asking  = "/pos/payment/*"
	closing = "/pos/payment/*/cancel"
)

// always spoils every request.
const always = -1

// arm has the provider misbehave.
func (s *shop) arm(faults ...sandbox.Fault) {
	s.t.Helper()
	for _, f := range faults {
		_, err := s.ctl.Arm(s.t.Context(), f)
		must(s.t, err)
	}
}

// deaf has every look at what became of a payment, and every cancel, be lost.
func (s *shop) deaf() {
	s.t.Helper()
	s.arm(sandbox.Fault{Kind: "drop", Method: "GET", Path: asking, Count: always}, sandbox.Fault{Kind: "drop", Path: closing, Count: always})
}

// heal ends all misbehaviour.
func (s *shop) heal() {
	s.t.Helper()
	must(s.t, s.ctl.Disarm(s.t.Context(), ""))
}

// requests are those that the provider received, by method ("": any) and pattern of the path ("": any).
func (s *shop) requests(method, pattern string) (list []sandbox.Request) {
	s.t.Helper()
	all, err := s.ctl.Requests(s.t.Context(), 0)
	must(s.t, err)
	for _, r := range all {
		fits, err := path.Match(pattern, r.Path)
		must(s.t, err)
		if (method == "" || r.Method == method) && (pattern == "" || fits) {
			list = append(list, r)
		}
	}
	return list
}

// received waits until the provider has received so many requests.
func (s *shop) received(n int, method, pattern string) []sandbox.Request {
	s.t.Helper()
	s.eventually(fmt.Sprintf("the provider has received %d of %s %s", n, method, pattern), func() bool {
		return len(s.requests(method, pattern)) >= n
	})
	return s.requests(method, pattern)
}

// agrees compares the provider's ledger with what the till was told; every payment is to be charged once and as told.
func (s *shop) agrees(charged pay.Amount) {
	s.t.Helper()
	if got := s.charged(); got != charged {
		s.t.Fatalf("the provider has charged %s, the till was told %s", got, charged)
	}
}

// charged is what the provider's ledger says about the money: payments less what was given back.
func (s *shop) charged() pay.Amount {
	s.t.Helper()
	view, err := s.ctl.Ledger(s.t.Context(), "")
	must(s.t, err)
	if len(view.Trouble) > 0 {
		s.t.Fatalf("the ledger knows of trouble: %v", view.Trouble)
	}
	return pay.Amount(view.Sums[sandbox.EntryPayment].Amount - view.Sums[sandbox.EntryRefund].Amount - view.Sums[sandbox.EntryReversal].Amount)
}

// programOf is the program of a process. Of one that forbids core dumps an ordinary user reads it from its command line only.
func programOf(pid string) (string, error) {
	if exe, err := os.Readlink(filepath.Join("/proc", pid, "exe")); err == nil {
		return exe, nil
	}
	line, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
	program, _, _ := strings.Cut(string(line), "\x00")
	return program, err
}
