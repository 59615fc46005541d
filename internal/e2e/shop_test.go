package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "payrack-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		programs = dir
		for _, p := range []struct{ out, pkg string }{{"payrack", "../../cmd/payrack"}, {"sendy", "../../plugins/sendy"}} {
			build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, p.out), p.pkg)
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "build %s: %v\n%s", p.pkg, err, out)
				return 1
			}
		}
		return m.Run()
	}())
}

// shop is one installation, and its provider.
type shop struct {
	t     testing.TB
	place place.Place
	bank  *sendy.Server
	ctl   *sendy.Control
	home  string
}

// newShop lays out an installation whose Sendy module is activated.
func newShop(t testing.TB) *shop {
	s := bareShop(t)
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
	bank, err := sendy.New(sendy.Options{Data: filepath.Join(home, "bank")})
	if err != nil {
		t.Fatal(err)
	}
	if err := bank.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, bank: bank, ctl: bank.Control(), home: filepath.Join(home, "payrack")}
	t.Cleanup(func() {
		s.stop()
		bank.Close()
		if t.Failed() {
			s.showLogs()
		}
		os.RemoveAll(home)
	})
	module := filepath.Join(s.home, "modules", "sendy")
	must(t, os.MkdirAll(module, 0o755))
	must(t, os.Link(filepath.Join(programs, "payrack"), filepath.Join(s.home, "payrack")))
	must(t, os.Link(filepath.Join(programs, "sendy"), filepath.Join(module, "sendy")))
	sums := exec.Command("sh", "-c", "sha256sum payrack modules/sendy/sendy > payrack.sha256")
	sums.Dir = s.home
	must(t, sums.Run())
	must(t, os.WriteFile(filepath.Join(module, "sendy.ini"), []byte("[Sendy]\nServer="+bank.URL()+"\n[Till]\nOrphanGrace=5\n"), 0o644))
	s.place, err = place.Find(s.home)
	must(t, err)
	return s
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
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	session, err := client.Open(ctx, client.Options{Place: s.place, PosID: pos, Program: "e2e", Language: "en", StartHost: true})
	must(s.t, err)
	s.t.Cleanup(session.Close)
	return &till{Session: session, t: s.t, pos: pos}
}

// till is a cashier program.
type till struct {
	*client.Session
	t   testing.TB
	pos string
	n   int
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

// ref makes a ref that the test names.
func (k *till) ref() pay.Ref {
	k.n++
	return pay.Ref(fmt.Sprintf("%s-%d", k.pos, k.n))
}

// begin starts an operation; an error fails the test.
func (k *till) begin(o client.Order) pay.Operation {
	k.t.Helper()
	if o.Module == "" && o.Kind != pay.KindRefund {
		o.Module = "sendy"
	}
	ctx, cancel := context.WithTimeout(k.t.Context(), 30*time.Second)
	defer cancel()
	op, _, err := k.Begin(ctx, o)
	must(k.t, err)
	return op
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

// processes lists the processes whose program lies in the installation.
func (s *shop) processes() (list []process) {
	entries, err := os.ReadDir("/proc")
	must(s.t, err)
	for _, e := range entries {
		exe, err := os.Readlink(filepath.Join("/proc", e.Name(), "exe"))
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
	pid := s.pid(program)
	must(s.t, syscall.Kill(pid, syscall.SIGKILL))
	s.eventually("the killed process is gone", func() bool {
		for _, p := range s.processes() {
			if p.pid == pid {
				return false
			}
		}
		return true
	})
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

// showLogs prints the ends of the logs of a failed test.
func (s *shop) showLogs() {
	logs, err := filepath.Glob(filepath.Join(s.home, "Log", "*.log"))
	must(s.t, err)
	more, err := filepath.Glob(filepath.Join(s.home, "modules", "*", "Log", "*.log"))
	must(s.t, err)
	for _, log := range append(logs, more...) {
		raw, err := os.ReadFile(log)
		if err != nil {
			continue
		}
		s.t.Logf("%s:\n%s", filepath.Base(log), raw[max(0, len(raw)-6000):])
	}
}

// arm has the provider misbehave.
func (s *shop) arm(f sandbox.Fault) {
	s.t.Helper()
	_, err := s.ctl.Arm(s.t.Context(), f)
	must(s.t, err)
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
