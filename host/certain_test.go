package host

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/host/index"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

func TestARefThatWasVoidedNeverBegins(t *testing.T) {
	x, err := index.Open(t.Context(), filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	h := &Host{index: x, log: hclog.NewNullLogger(), forwards: map[pay.Ref]int{}}
	voids := 0
	for n := range 300 {
		ref := pay.Ref(fmt.Sprint("r", n))
		e := index.Entry{Ref: ref, Module: "m", PosID: string(ref), Kind: pay.KindOnline, Digest: []byte("d"), Begun: time.Now()}
		if _, _, err := x.Take(t.Context(), e, ""); err != nil {
			t.Fatal(err)
		}
		type answer struct {
			void bool
			err  error
		}
		answers := make(chan answer)
		go func() {
			done, err := h.voidNow(t.Context(), nil, ref)
			answers <- answer{done, err}
		}()
		done := h.forwarding(ref)
		have, err := x.Get(t.Context(), ref)
		a := <-answers
		done()
		if err != nil || a.err != nil {
			t.Fatal(err, a.err)
		}
		if a.void != (have.State == index.Cancelled) {
			t.Fatalf("told to be cancelled: %v, and what is to begin is %s", a.void, have.State)
		}
		if a.void {
			voids++
		}
	}
	t.Logf("%d of 300 were voided first", voids)
}

func TestABeginThatBrokeOffIsNotCancelledWhileItMayStillArrive(t *testing.T) {
	i := install(t, "fake")
	i.serve(func(o *Options) { o.pace.forward, o.pace.orphan = 50*time.Millisecond, time.Millisecond })
	till := i.till("1")
	_, err := till.pay("fake", "r1", 100, "late")
	if e, ok := err.(*pay.Error); !ok || !e.MayHaveMoved {
		t.Fatalf("got %v", err)
	}
	for range 3 {
		if op, err := till.operation("r1"); err != nil || op.Outcome != pay.Unknown {
			t.Fatalf("its Begin still runs, and it is told to be %s, %v", op.Outcome, err)
		}
	}
	i.write(i.data("fake", "go"), "")
	i.await("the approval", func() bool {
		op, err := till.operation("r1")
		if err == nil && op.Outcome == pay.Cancelled {
			t.Fatal("told to be cancelled, and then charged")
		}
		return err == nil && op.Outcome == pay.Approved
	})
}

func (t *till) acknowledge(ref string, ack pay.Ack) {
	t.t.Helper()
	out, err := t.host.Acknowledge(t.ctx, &modulev1.AcknowledgeRequest{Ref: ref, Ack: string(ack)})
	if err == nil {
		err = module.FromRefusal(out.GetRefusal())
	}
	if err != nil {
		t.t.Fatal(err)
	}
}

func TestWhatATillConfirmsItselfIsConfirmedByNobodyElse(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	careful, plain := i.till("1"), i.till("1", func(in *hostv1.SessionRequest) { in.Flags = 0 })
	careful.must("fake", "r1", 100, "approve")
	careful.acknowledge("r1", pay.AckSeen)
	plain.must("fake", "r2", 100, "approve")
	plain.acknowledge("r2", pay.AckSeen)
	plain.must("fake", "r3", 100, "approve")
	i.await("the confirmation of what the plain program has read", func() bool {
		op, err := plain.operation("r2")
		return err == nil && op.Ack == pay.AckConfirm
	})
	// They are gone through in the order in which they were begun.
	if op, err := plain.operation("r1"); err != nil || op.Ack != pay.AckSeen {
		t.Errorf("got %s, %v", op.Ack, err)
	}
}

// loseIndex ends the host and takes its index away.
func (i *installation) loseIndex(s *serving) {
	i.t.Helper()
	if err := s.stop(); err != nil {
		i.t.Fatal(err)
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(i.place.Index() + end)
	}
}

func TestARefThatOnlyItsModuleKnowsDoesNotBlockTheTill(t *testing.T) {
	i := install(t, "fake")
	s := i.serve()
	till := i.till("1")
	till.must("fake", "r1", 100, "approve")
	till.acknowledge("r1", pay.AckConfirm)
	i.loseIndex(s) // and the fake's journal is none that a host sees: the index is as if restored from an old copy
	i.serve()
	till = i.till("1")
	till.refused(pay.ErrRefReused, "fake", "r1", 200, "approve")
	if op, err := till.operation("r1"); err != nil || op.Outcome != pay.Approved || op.Amount != 100 {
		t.Errorf("got %+v, %v", op, err)
	}
	if out, err := till.pay("fake", "r1", 100, "approve"); err != nil || !out.GetExisted() {
		t.Errorf("it is not joined: %v", err)
	}
	till.must("fake", "r2", 100, "approve")
}

func TestWhatAJournalHasForgottenDoesNotBlockTheTill(t *testing.T) {
	i := install(t, "fake", "other")
	i.write(i.data("fake", "hasty"), "")
	s := i.serve()
	till := i.till("1")
	till.must("fake", "r1", 100, "wait", "receipt=7")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(i.data("fake", "journal.json")); err != nil {
		t.Fatal(err)
	}
	i.serve()
	till = i.till("1")
	i.await("the till's freedom", func() bool {
		_, err := till.pay("other", "r2", 100, "approve")
		return err == nil
	})
	if _, err := till.operation("r1"); pay.CodeOf(err) != pay.ErrJournal {
		t.Errorf("got %v", err)
	}
	till.refused(pay.ErrUnresolved, "other", "r3", 100, "approve", "receipt=7")
}

func TestALostIndexIsReadFromTheJournalsBeforeARefIsNew(t *testing.T) {
	i := install(t, "fake", "other")
	s := i.serve()
	till := i.till("1")
	const n = 2*pageSize + 3
	for k := range n {
		ref := fmt.Sprint("r", k)
		till.must("fake", ref, 100, "decline")
	}
	till.must("fake", "p1", 100, "approve", "kind=payout", "document=D1")
	till.acknowledge("p1", pay.AckConfirm)
	i.loseIndex(s)
	i.write(i.data("fake", "journal.db"), "")
	i.write(i.data("fake", "mute"), "") // it cannot be read yet
	i.serve(func(o *Options) { o.pace.starting = 50 * time.Millisecond })
	till = i.till("1")
	for _, ref := range []string{"r1", "r-new"} {
		if _, err := till.operation(ref); pay.CodeOf(err) != pay.ErrModuleDown {
			t.Errorf("%s: got %v", ref, err)
		}
		till.refused(pay.ErrModuleDown, "other", ref, 100, "approve")
	}
	if err := os.Remove(i.data("fake", "mute")); err != nil {
		t.Fatal(err)
	}
	i.await("the index", func() bool {
		_, err := till.operation("r-new")
		return pay.CodeOf(err) == pay.ErrNotFound
	})
	for k := range n {
		if op, err := till.operation(fmt.Sprint("r", k)); err != nil || op.Outcome != pay.Declined {
			t.Fatalf("r%d: %s, %v", k, op.Outcome, err)
		}
	}
	till.refused(pay.ErrRefReused, "other", "r1", 100, "approve")
	till.refused(pay.ErrState, "other", "p2", 100, "approve", "kind=payout", "document=D1")
	till.must("other", "r-new", 100, "approve")
}

func TestTheFullRoleWithoutAPINIsTheInstallationsProgramsOwn(t *testing.T) {
	i := install(t, "fake")
	if err := os.Remove(i.place.Program()); err != nil {
		t.Fatal(err)
	}
	i.write(i.place.Program(), "another program")
	i.serve()
	till := i.till("1", technician)
	_, err := till.setting("", "set", "LimitAmount", "6.00")
	if os.PathSeparator == '/' && procTells() {
		denied(t, "a program that only says that it is payrack", err)
	}
	if err := till.option("operator.role", "full"); err != nil {
		t.Fatal(err)
	}
	if _, err := till.setting("", "set", "LimitAmount", "6.00"); err != nil {
		t.Error(err)
	}
	raw, err := os.ReadFile(filepath.Join(i.place.Log(), "payrack-"+time.Now().Format("2006-01-02")+".log"))
	if err != nil || !strings.Contains(string(raw), "[WARN]") || !strings.Contains(string(raw), "full role is taken without a PIN") {
		t.Errorf("it is not warned of: %v\n%s", err, raw)
	}
}

// procTells says whether the system tells which program a process runs.
func procTells() bool {
	_, err := os.Stat("/proc/self/exe")
	return err == nil
}

func TestAnOperatorWhoProvedAPINHasTheNameThatWasSetWithIt(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	senior := i.till("1", technician)
	for _, o := range [][2]string{{"operator.id", "7"}, {"operator.name", "Petrova"}, {"operator.new_pin", "4821"}, {"operator.pin", "4821"},
		{"operator.name", "Somebody Else"}} {
		if err := senior.option(o[0], o[1]); err != nil {
			t.Fatal(o, err)
		}
	}
	senior.must("fake", "r1", 100, "approve")
	raw, err := os.ReadFile(i.data("fake", "begins"))
	if err != nil || !strings.Contains(string(raw), "r1 7 Petrova\n") {
		t.Errorf("the initiator is another: %s, %v", raw, err)
	}
}

func TestAReceiverReadsOtherDaysOnlyWhileTheyAreOpen(t *testing.T) {
	i := install(t, "fake")
	x, err := index.Open(t.Context(), i.place.Index())
	if err != nil {
		t.Fatal(err)
	}
	ops := map[pay.Ref]*fakeOp{}
	for _, op := range []pay.Operation{{Ref: "done", Outcome: pay.Approved}, {Ref: "open", Outcome: pay.Approved, Pending: "unread"}} {
		op.Module, op.PosID, op.Kind, op.Amount, op.Currency, op.Begun = "fake", "1", pay.KindOnline, 100, pay.RUB, time.Now().AddDate(0, 0, -2)
		told := op
		told.Pending = ""
		ops[op.Ref] = &fakeOp{View: op, Events: []pay.Event{{Number: 1, Kind: pay.EvOutcome, Operation: &told}}}
		if err := x.Learn(t.Context(), "fake", op); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(ops)
	if err != nil {
		t.Fatal(err)
	}
	i.write(i.data("fake", "journal.json"), string(raw))
	i.serve()
	till, senior := i.till("1"), i.till("2", technician)
	for what, err := range till.read("done") {
		denied(t, what, err)
	}
	for what, err := range senior.read("done") {
		if err != nil {
			t.Errorf("%s, by a senior: %v", what, err)
		}
	}
	for what, err := range till.read("open") {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	till.acknowledge("open", pay.AckConfirm)
	for what, err := range till.read("open") { // its slip may still be wanted
		if err != nil {
			t.Errorf("%s, once confirmed: %v", what, err)
		}
	}
	_, err = i.till("1").operation("open")
	denied(t, "another session, once nothing is open", err)
}

// read tells of each way to read an operation how it was refused.
func (t *till) read(ref string) map[string]error {
	_, byName := t.operation(ref)
	slip, err := t.host.Slip(t.ctx, &modulev1.SlipRequest{Ref: ref, Copy: 1})
	if err != nil {
		t.t.Fatal(err)
	}
	var watched error
	stream, err := t.host.Watch(t.ctx, &hostv1.WatchRequest{Ref: ref})
	if err == nil {
		_, err = stream.Recv()
		watched = module.FromStatus(err)
	}
	return map[string]error{"operation": byName, "slip": module.FromRefusal(slip.GetRefusal()), "watch": watched}
}
