package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/payrack/payrack/host/index"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

func TestTheSecondHostLeavesAndNamesTheFirst(t *testing.T) {
	i := install(t, "fake")
	first := i.started()
	out, err := i.process().CombinedOutput()
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 8 {
		t.Fatalf("got %v: %s", err, out)
	}
	if !strings.Contains(string(out), fmt.Sprint(first.Process.Pid)) || !strings.Contains(string(out), i.place.Address()) {
		t.Errorf("it does not name the first: %s", out)
	}
	i.till("1").must("fake", "r1", 100, "approve")
}

func TestAKilledHostIsSucceeded(t *testing.T) {
	i := install(t, "fake")
	host := i.started()
	till := i.till("1")
	till.must("fake", "r1", 100, "approve")
	till.must("fake", "r2", 100, "wait")
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	i.started()
	till = i.till("1")
	if till.first.GetPending() != 2 {
		t.Errorf("%d are pending", till.first.GetPending())
	}
	till.refused(pay.ErrRefReused, "fake", "r1", 101, "approve")
	out, err := till.pay("fake", "r2", 100, "wait")
	if err != nil || !out.GetExisted() {
		t.Errorf("the running one is lost: %v, %v", out, err)
	}
	if err := till.answer("r2", "approved"); err != nil {
		t.Fatal(err)
	}
	if op := outcomeIn(till.watch("r2", 0)); op == nil || op.Outcome != pay.Approved {
		t.Errorf("got %+v", op)
	}
}

func TestATakenRefOfADeadHostIsInDoubtUntilItIsRepeated(t *testing.T) {
	i := install(t, "fake")
	x, err := index.Open(t.Context(), i.place.Index())
	if err != nil {
		t.Fatal(err)
	}
	now := index.Entry{Ref: "r1", Module: "fake", PosID: "1", Kind: pay.KindOnline, Amount: 100, Currency: pay.RUB, Digest: []byte("d"),
		Receipt: "7", Begun: time.Now()}
	if _, _, err := x.Take(t.Context(), now, ""); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	i.serve(func(o *Options) { o.pace.orphan = time.Hour })
	till := i.till("1")
	if till.first.GetPending() != 1 {
		t.Errorf("%d are pending", till.first.GetPending())
	}
	till.refused(pay.ErrUnresolved, "fake", "r2", 100, "approve", "receipt=7")
	// Asked after, it turns out that it never left, and stays that way.
	op, err := till.operation("r1")
	if err != nil || op.Outcome != pay.Cancelled || op.Text == "" {
		t.Errorf("got %+v, %v", op, err)
	}
	if op := outcomeIn(till.watch("r1", 0)); op == nil || op.Outcome != pay.Cancelled {
		t.Errorf("watched: %+v", op)
	}
	till.must("fake", "r2", 100, "approve", "receipt=7")
}

func TestAWatchGoesOnThroughTheModulesDeath(t *testing.T) {
	i := install(t, "fake", "other")
	i.serve()
	till := i.till("1")
	before := till.state("fake", "ok")
	till.must("fake", "r1", 100, "wait")
	events := till.watch("r1", 0)
	if e := <-events; e.Number != 1 {
		t.Fatalf("got %+v", e)
	}
	process, err := os.FindProcess(int(before["pid"].(float64)))
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	i.await("the new life", func() bool { return till.state("fake", "ok")["pid"] != before["pid"] })
	if err := till.answer("r1", "approved"); err != nil {
		t.Fatal(err)
	}
	var numbers []int64
	for e := range events {
		if e.Number != 0 { // without one it says only that the module was away for long, as it may be here
			numbers = append(numbers, e.Number)
		}
	}
	if fmt.Sprint(numbers) != "[2 3]" {
		t.Errorf("got events %v", numbers)
	}
	if i.begins("fake") != 1 {
		t.Error("the host repeated Begin by itself")
	}
}

func TestADeathInBeginIsUnknownAndTheRepeatFindsIt(t *testing.T) {
	i := install(t, "fake")
	i.write(i.data("fake", "hasty"), "")
	i.serve(func(o *Options) { o.pace.orphan = time.Hour })
	till := i.till("1")
	_, err := till.pay("fake", "r1", 100, "die")
	if e, ok := errors.AsType[*pay.Error](err); !ok || !e.MayHaveMoved {
		t.Fatalf("got %v", err)
	}
	i.await("the repeat's answer", func() bool {
		out, err := till.pay("fake", "r1", 100, "die")
		if err != nil && !err.(*pay.Error).MayHaveMoved {
			t.Fatal(err)
		}
		return err == nil && out.GetExisted() && out.GetOperation().GetOutcome() == 0
	})
	_, err = till.pay("fake", "r2", 100, "die-before")
	if e, ok := errors.AsType[*pay.Error](err); !ok || (!e.MayHaveMoved && e.Code != pay.ErrBusy) {
		t.Fatalf("got %v", err)
	}
}

func TestWhatNeverReachedItsModuleIsCancelled(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till := i.till("1")
	if _, err := till.pay("fake", "r1", 100, "die-before"); pay.CodeOf(err) != pay.ErrModuleDown {
		t.Fatalf("got %v", err)
	}
	if op := outcomeIn(lastOf(till.watch("r1", 0))); op == nil || op.Outcome != pay.Cancelled {
		t.Fatalf("got %+v", op)
	}
	till.acknowledge("r1", pay.AckSeen)
	// It was told to be cancelled, so it never begins.
	n := i.begins("fake")
	out, err := till.pay("fake", "r1", 100, "die-before")
	if err != nil || !out.GetExisted() || pay.Outcome(out.GetOperation().GetOutcome()) != pay.Cancelled || i.begins("fake") != n {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestADayIsClosedThoughAnEarlierCloseNeverReachedItsModule(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till := i.till("1")
	i.write(i.data("fake", "names-close"), "")
	if _, err := till.pay("fake", "", 0, "die-before", "kind=close_day"); pay.CodeOf(err) != pay.ErrModuleDown {
		t.Fatalf("got %v", err)
	}
	if op := outcomeIn(lastOf(till.watch("close-fake-5", 0))); op == nil || op.Outcome != pay.Cancelled {
		t.Fatalf("got %+v", op)
	}
	if op := till.must("fake", "", 0, "approve", "kind=close_day"); op.Ref != "close-fake-5.2" || op.Outcome != pay.Approved {
		t.Errorf("got %+v", op)
	}
}

func TestACloseOfDayStaysTheTillsThatAskedFirst(t *testing.T) {
	i := install(t, "fake")
	i.serve(func(o *Options) { o.pace.orphan = time.Hour })
	till, second := i.till("1"), i.till("2")
	if _, err := till.pay("fake", "", 0, "die-once", "kind=close_day"); pay.CodeOf(err) != pay.ErrModuleDown {
		t.Fatalf("got %v", err)
	}
	// What the first till asked for never arrived. The second asks for the same, and brings it there.
	out, err := second.pay("fake", "", 0, "die-once", "kind=close_day")
	for pay.CodeOf(err) == pay.ErrModuleDown && t.Context().Err() == nil { // it may come while the module's first life is ending
		out, err = second.pay("fake", "", 0, "die-once", "kind=close_day")
	}
	if err != nil {
		t.Fatal(err)
	}
	if op, err := module.Unpack(out.GetOperation()); err != nil || op.Ref != "close-fake-5" || op.PosID != "1" {
		t.Fatalf("the module has it of till %q: %+v, %v", op.PosID, op, err)
	}
	till.acknowledge("close-fake-5", pay.AckSeen)
}

// lastOf keeps the last event only: Unknown may come before.
func lastOf(events <-chan pay.Event) <-chan pay.Event {
	last := make(chan pay.Event, 1)
	var e pay.Event
	for e = range events {
	}
	last <- e
	close(last)
	return last
}

func TestAWatchTellsUnknownWhileTheModuleIsAway(t *testing.T) {
	i := install(t, "fake", "other")
	i.serve(func(o *Options) { o.pace.quarantine = 500 * time.Millisecond })
	till := i.till("1")
	till.must("fake", "r1", 100, "wait", "receipt=7")
	events := till.watch("r1", 2)
	i.write(i.data("fake", "crash"), "")
	_ = till.answer("r1", "die")
	e := <-events
	if e.Kind != pay.EvOutcome || e.Number != 0 || e.Operation.Outcome != pay.Unknown || e.Operation.Running {
		t.Fatalf("got %+v", e)
	}
	till.must("other", "r2", 100, "approve", "receipt=8") // the till is not held up
	till.refused(pay.ErrUnresolved, "other", "r3", 100, "approve", "receipt=7")
	if err := os.Remove(i.data("fake", "crash")); err != nil {
		t.Fatal(err)
	}
	till.state("fake", "ok")
	if err := till.answer("r1", "declined"); err != nil {
		t.Fatal(err)
	}
	if op := outcomeIn(lastOf(events)); op == nil || op.Outcome != pay.Declined {
		t.Errorf("got %+v", op)
	}
}

func TestAModuleThatCrashesTooOftenIsLeftAlone(t *testing.T) {
	i := install(t, "fake", "other")
	i.write(i.data("fake", "crash"), "")
	i.serve()
	till := i.till("1")
	till.state("fake", stateQuarantined)
	if e := till.refused(pay.ErrModuleDown, "fake", "r1", 100, "approve"); e.MayHaveMoved {
		t.Error("nothing was sent, yet it says unknown")
	}
	till.must("other", "r2", 100, "approve")
	raw, err := os.ReadFile(filepath.Join(i.place.Log(), "payrack-"+time.Now().Format("2006-01-02")+".log"))
	if err != nil || strings.Count(string(raw), "module is started") > 6 {
		t.Errorf("it was started too often: %v, %s", err, raw)
	}
}

func TestAModuleWithBrokenSettingsIsBlockedUntilTheyAreMended(t *testing.T) {
	i := install(t, "fake")
	i.write(i.data("fake", "blocked"), "")
	i.serve(func(o *Options) { o.pace.starting = 100 * time.Millisecond })
	till := i.till("1", technician)
	doc := till.state("fake", "blocked")
	if !strings.Contains(fmt.Sprint(doc["text"]), "fake.ini:3") {
		t.Errorf("got %v", doc)
	}
	if e := till.refused(pay.ErrConfig, "fake", "r1", 100, "approve"); !strings.Contains(e.Text, "fake.ini:3") {
		t.Errorf("got %+v", e)
	}
	if err := os.Remove(i.data("fake", "blocked")); err != nil {
		t.Fatal(err)
	}
	till.state("fake", "ok")
	till.must("fake", "r1", 100, "approve")
}

func TestAModuleThatIsNotInTheManifestIsNotStarted(t *testing.T) {
	i := install(t, "fake", "other", "third")
	raw, err := os.ReadFile(i.place.Manifest())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(raw), "\n")
	i.write(i.place.Manifest(), lines[0]+strings.Repeat("0", 64)+"  modules/other/other\n")
	i.serve()
	till := i.till("1")
	till.must("fake", "r1", 100, "approve")
	for _, id := range []string{"other", "third"} {
		if doc := till.state(id, stateDown); doc["code"] != "PR_E_CONFIG" || doc["pid"] != nil {
			t.Errorf("%s: %v", id, doc)
		}
	}
	i.write(i.place.Manifest(), string(raw)) // installed anew: no restart of the host is needed
	till.state("other", "ok")
	var info map[string]any
	if err := till.info("", "host", &info); err != nil || info["manifest"] != "on" {
		t.Errorf("%v, %v", info, err)
	}
}

func TestADevelopersInstallationChecksNothingAndSaysSo(t *testing.T) {
	i := install(t, "fake")
	if err := os.Remove(i.place.Manifest()); err != nil {
		t.Fatal(err)
	}
	i.write(i.place.Settings(), "[Host]\nManifestCheck=no\n")
	i.serve()
	till := i.till("1")
	till.must("fake", "r1", 100, "approve")
	var info map[string]any
	if err := till.info("", "host", &info); err != nil || info["manifest"] != "off" {
		t.Errorf("%v, %v", info, err)
	}
}

func TestADisabledModuleIsRefusedAndItsPendingFollowed(t *testing.T) {
	i := install(t, "fake", "other")
	s := i.serve()
	till := i.till("1")
	till.must("fake", "r1", 100, "unknown")
	outcomeIn(till.watch("r1", 0))
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	i.write(i.place.Settings(), "[Operations]\nDisabled=fake, other\n")
	i.serve()
	till = i.till("1", technician)
	till.refused(pay.ErrNoModule, "fake", "r2", 100, "approve")
	var list []map[string]any
	if err := till.info("", "modules", &list); err != nil || list[0]["state"] != stateDisabled || list[0]["enabled"] != false {
		t.Errorf("%v, %v", list, err)
	}
	if list[1]["pid"] != nil {
		t.Error("a module with nothing open runs though it is switched off")
	}
	i.await("the pending one's module", func() bool { return till.answer("r1", "declined") == nil })
	if op := outcomeIn(lastOf(till.watch("r1", 0))); op == nil || op.Outcome != pay.Declined {
		t.Errorf("got %+v", op)
	}
	if _, err := till.setting("other", "set", "Enabled", "yes"); err != nil {
		t.Fatal(err)
	}
	till.must("other", "r3", 100, "approve")
	if v, err := till.setting("other", "get", "enabled", ""); err != nil || v != "yes" {
		t.Errorf("got %q, %v", v, err)
	}
}

func TestAnIdleHostLeavesButNotWhileSomethingIsOpen(t *testing.T) {
	i := install(t, "fake")
	s := i.serve(func(o *Options) { o.idle = 50 * time.Millisecond })
	till := i.till("1")
	till.must("fake", "r1", 100, "unknown")
	till.close()
	i.await("the session's end", func() bool {
		other := i.till("2")
		defer other.close()
		var info map[string]any
		return other.info("", "host", &info) == nil && info["sessions"] == float64(1)
	})
	select {
	case err := <-s.done:
		t.Fatalf("it left with an unknown operation: %v", err)
	case <-time.After(300 * time.Millisecond): // six times what it takes to be idle
	}
	till = i.till("1")
	if err := till.answer("r1", "declined"); err != nil {
		t.Fatal(err)
	}
	till.close()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	s.done <- nil
	for _, path := range []string{i.place.Address(), i.place.HostFile()} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
	i.serve() // the lock is free
}

func TestStopWithDrainWaitsForTheRunning(t *testing.T) {
	i := install(t, "fake")
	s := i.serve()
	till := i.till("1")
	till.must("fake", "r1", 100, "wait")
	answered := make(chan error, 1)
	go func() {
		_, err := i.dial().Stop(context.Background(), &hostv1.StopRequest{Drain: true, GraceMs: 60_000})
		answered <- err
	}()
	i.await("the refusal of new ones", func() bool {
		_, err := till.pay("fake", "", 0, "", "kind=report")
		return pay.CodeOf(err) == pay.ErrModuleDown
	})
	if err := till.answer("r1", "approved"); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	s.done <- nil
}

func TestTheSocketIsOursAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a pipe has an access list instead of a mode, and Wine's is not Windows's")
	}
	i := install(t)
	i.serve()
	for path, want := range map[string]os.FileMode{i.place.Address(): 0o600, filepath.Dir(i.place.Address()): 0o700,
		filepath.Join(i.place.Data, "installation.key"): 0o600, i.place.Index(): 0o600, i.place.Lock(): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode().Perm(), err)
		}
	}
	_, err := i.dial().Pending(t.Context(), &hostv1.PendingRequest{})
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a session: %v", err)
	}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the access list of the pipe turns them away, before a connection is there")
	}
	server, client := net.Pipe()
	defer client.Close()
	if _, _, err := (userCredentials{group: -1}).ServerHandshake(server); err == nil {
		t.Error("a connection without a user was admitted")
	}
}

func TestBrokenSettingsAreNamedAndNotOverwritten(t *testing.T) {
	i := install(t)
	i.write(i.place.Settings(), "Langage=ru\n")
	err := run(t.Context(), Options{Place: i.place})
	if pay.CodeOf(err) != pay.ErrConfig || !strings.Contains(err.Error(), "payrack.ini:1") {
		t.Errorf("got %v", err)
	}
	if raw, _ := os.ReadFile(i.place.Settings()); string(raw) != "Langage=ru\n" {
		t.Errorf("the file is now %q", raw)
	}
}

func TestAHostLeavesNothingBehind(t *testing.T) {
	// lumberjack keeps one goroutine for each log that was ever written.
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
	t.Run("life", func(t *testing.T) {
		i := install(t, "fake")
		s := i.serve()
		till := i.till("1")
		till.must("fake", "r1", 100, "unknown")
		outcomeIn(till.watch("r1", 0))
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		if runtime.GOOS == "windows" {
			return // where a pipe is gone with its host, and no folder holds it
		}
		left, err := os.ReadDir(filepath.Dir(i.place.Address()))
		if err != nil || len(left) > 0 {
			t.Errorf("files are left: %v, %v", left, err)
		}
	})
}

func TestAFileThatIsNoIndexIsRefused(t *testing.T) {
	i := install(t)
	i.write(i.place.Index(), strings.Repeat("no database ", 100))
	if err := run(t.Context(), Options{Place: i.place}); pay.CodeOf(err) != pay.ErrJournal {
		t.Errorf("got %v", err)
	}
}
