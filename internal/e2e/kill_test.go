//go:build linux

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

func TestACashierThatDiesBeforeAnythingWasSentLeavesACancelledOperation(t *testing.T) {
	t.Parallel()
	s := bareShop(t)
	s.setSettings("[Sendy]\nServer=" + s.bank.URL() + "\n[Service]\nWeChat=yes\n[Till]\nOrphanGrace=5\n")
	s.activate()
	c := s.cashier("4", client.Order{Kind: pay.KindOnline, Amount: 100, Ref: "unsent"})
	c.shows(pay.EvChoice)
	c.kill()
	op := s.till("office").final("unsent")
	if op.Outcome != pay.Cancelled || len(s.requests("POST", paying)) != 0 {
		t.Fatalf("%+v; %d requests were sent", op, len(s.requests("POST", paying)))
	}
}

func TestACashierThatDiesWithTheQRCodeShownIsWaitedForAndThenThePaymentIsGivenUp(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	c := s.cashier("4", client.Order{Kind: pay.KindOnline, Amount: 100, Ref: "shown", Params: `{"system":"sendy"}`})
	c.shows(pay.EvQRShow)
	c.kill()
	office := s.till("office")
	if gone := office.until("shown", func(op pay.Operation) bool { return op.OtherTender || op.Outcome.Final() }); gone.Outcome == pay.Approved {
		t.Fatalf("%+v", gone)
	}
	if op := office.final("shown"); op.Outcome != pay.Cancelled {
		t.Fatalf("%+v", op)
	}
	if open, err := s.ctl.Bills(t.Context(), false); err != nil || len(open) != 0 {
		t.Fatalf("the customer can still pay %+v (%v)", open, err)
	}
	s.agrees(0)
}

func TestACashierThatComesBackInTimeKeepsItsQRCode(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	c := s.cashier("4", client.Order{Kind: pay.KindOnline, Amount: 100, Ref: "kept", Params: `{"system":"sendy"}`})
	c.shows(pay.EvQRShow)
	c.kill()
	k := s.till("4")
	if k.pending("kept") != "running" {
		t.Fatalf("the next session is told %q", k.pending("kept"))
	}
	told := k.follow("kept")
	s.pay()
	if all := told(); all[len(all)-1].Outcome != pay.Approved {
		t.Fatalf("%+v", all)
	}
	s.agrees(100)
}

func TestACustomerWhoPaysAfterTheTillWasGivenUpGetsTheMoneyBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	c := s.cashier("4", client.Order{Kind: pay.KindOnline, Amount: 100, Ref: "last-moment", Params: `{"system":"sendy"}`})
	c.shows(pay.EvQRShow)
	s.deaf()
	c.kill()
	office := s.till("office")
	office.until("last-moment", func(op pay.Operation) bool { return op.OtherTender })
	s.pay()
	s.heal()
	if op := office.final("last-moment"); op.Outcome == pay.Approved {
		t.Fatalf("%+v", op)
	}
	s.eventually("the money went back", func() bool { return office.now("last-moment").Reversal == pay.ReversalDone })
	s.agrees(0)
	if paid := s.entries(sandbox.EntryPayment); paid != 1 {
		t.Fatalf("the customer paid %d times", paid)
	}
}

func TestACashierThatDiesAfterSendingFindsThePaymentUntilItHasDealtWithIt(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for ref, deal := range map[pay.Ref]struct {
		tail string
		ack  pay.Ack
		want pay.Outcome
		left pay.Amount
	}{
		"confirmed": {"99", pay.AckConfirm, pay.Approved, 100},
		"reversed":  {"99", pay.AckReverse, pay.Approved, 0},
		"seen":      {"05", pay.AckSeen, pay.Declined, 0},
	} {
		before := s.charged()
		s.arm(sandbox.Fault{Kind: "delay", Path: paying, Delay: sandbox.Duration(300 * time.Millisecond), Work: true})
		sent := len(s.requests("POST", paying))
		c := s.cashier("4", client.Order{Kind: pay.KindOffline, Amount: 100, Ref: ref, Params: fmt.Sprintf(`{"code":%q}`, s.code(deal.tail))})
		c.says("begun")
		s.received(sent+1, "POST", paying)
		c.kill()
		k := s.confirming("4")
		if k.PendingCount() != 1 {
			t.Errorf("%s: the next session is told of %d operations", ref, k.PendingCount())
		}
		if op := k.final(ref); op.Outcome != deal.want || k.pending(ref) == "" {
			t.Errorf("%s: %+v, pending %q", ref, op, k.pending(ref))
		}
		k.Close()
		k = s.confirming("4")
		if k.pending(ref) == "" {
			t.Errorf("%s is not pending any more, though nobody dealt with it", ref)
		}
		k.ack(ref, deal.ack)
		s.eventually("it is dealt with", func() bool { return k.pending(ref) == "" })
		s.agrees(before + deal.left)
		k.Close()
	}
}

// moment is how far an operation is when something dies, how it goes on, and what is to come of it.
type moment struct {
	begin  func(s *shop, k *till) client.Order
	goesOn func(s *shop)
	again  bool // the till repeats its order: the scanned code died with the module
	want   pay.Outcome
	paid   pay.Amount
}

func moments() map[string]moment {
	asked := func(f sandbox.Fault) func(s *shop, k *till) client.Order {
		return func(s *shop, k *till) client.Order {
			s.arm(f)
			o := k.offline(100, "")
			k.begin(o)
			s.received(1, "POST", paying)
			return o
		}
	}
	return map[string]moment{
		"a question waits": {want: pay.Cancelled, begin: func(_ *shop, k *till) client.Order {
			o := client.Order{Kind: pay.KindOnline, Amount: 100, Ref: k.ref()}
			k.event(k.begin(o).Ref, pay.EvChoice)
			return o
		}},
		"the QR code is shown": {want: pay.Approved, paid: 100, goesOn: (*shop).pay, begin: func(_ *shop, k *till) client.Order {
			o := k.online(100)
			k.event(k.begin(o).Ref, pay.EvQRShow)
			return o
		}},
		"the request is on its way":   {want: pay.Approved, paid: 100, begin: asked(sandbox.Fault{Kind: "late", Path: paying, Delay: sandbox.Duration(300 * time.Millisecond)})},
		"the provider takes its time": {want: pay.Approved, paid: 100, again: true, begin: asked(sandbox.Fault{Kind: "delay", Path: paying, Delay: sandbox.Duration(time.Second)})},
		"the answer is on its way":    {want: pay.Approved, paid: 100, begin: asked(sandbox.Fault{Kind: "delay", Path: paying, Delay: sandbox.Duration(time.Second), Work: true})},
		"nobody knows": {want: pay.Approved, paid: 100, goesOn: (*shop).heal, begin: func(s *shop, k *till) client.Order {
			s.deaf()
			s.arm(sandbox.Fault{Kind: "drop", Path: paying, Work: true})
			o := k.offline(100, "")
			k.begin(o)
			s.received(2, "GET", asking)
			return o
		}},
	}
}

func TestWhicheverProcessDiesAtWhicheverMomentThePaymentIsPaidOnceAndTheTillNoticesAPauseOnly(t *testing.T) {
	t.Parallel()
	for _, victims := range [][]string{{"payrack"}, {"sendy"}, {"payrack", "sendy"}} {
		for when, m := range moments() {
			t.Run(strings.Join(victims, " and ")+" when "+when, func(t *testing.T) {
				t.Parallel()
				s := bareShop(t)
				s.setSettings("[Sendy]\nServer=" + s.bank.URL() + "\n[Service]\nWeChat=yes\n[Till]\nOrphanGrace=30\n")
				s.activate()
				k := s.till("4")
				order := m.begin(s, k)
				told := k.follow(order.Ref)
				s.die(victims...)
				if m.again {
					k.begin(order)
				}
				if m.goesOn != nil {
					m.goesOn(s)
				}
				all := told()
				if op := all[len(all)-1]; op.Outcome != m.want || m.want == pay.Approved && op.ApprovedAmount != 100 {
					t.Fatalf("%+v", op)
				}
				s.agrees(m.paid)
				sent := s.requests("POST", paying)
				for _, r := range sent {
					if r.Body != sent[0].Body {
						t.Fatalf("the repeated request is another one:\n%s\n%s", sent[0].Body, r.Body)
					}
				}
				if next := k.run(k.offline(50, "")); next.Outcome != pay.Approved {
					t.Fatalf("the till cannot go on: %+v", next)
				}
				s.agrees(m.paid + 50)
			})
		}
	}
}

func TestAModuleThatDiesDisturbsNoOtherModule(t *testing.T) {
	t.Parallel()
	s := twoModules(t)
	k, other := s.till("4"), s.till("5")
	payer := s.pid("payer")
	op := k.begin(k.online(100))
	k.event(op.Ref, pay.EvQRShow)
	s.die("sendy")
	if paid := other.run(client.Order{Module: "payer", Kind: pay.KindOffline, Amount: 700, Ref: "undisturbed"}); paid.Outcome != pay.Approved {
		t.Fatalf("%+v", paid)
	}
	if s.pid("payer") != payer {
		t.Fatal("the other module was started anew")
	}
	s.pay()
	if paid := k.final(op.Ref); paid.Outcome != pay.Approved {
		t.Fatalf("%+v", paid)
	}
}

func TestAModuleWhoseHostDiedWhileIdleLeavesAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	module := s.pid("sendy")
	s.kill("payrack")
	s.eventually("the module is gone", func() bool {
		for _, p := range s.processes() {
			if p.pid == module {
				return false
			}
		}
		return true
	})
}

func TestAHostThatIsStoppedWithADrainLetsTheCustomerPayAndTakesNothingNew(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	op := k.begin(k.online(100))
	k.event(op.Ref, pay.EvQRShow)
	told := k.follow(op.Ref)
	stopped := make(chan error, 1)
	stopper := s.till("office")
	go func() {
		running, err := stopper.Stop(t.Context(), true, time.Minute)
		if err == nil && running != 0 {
			err = fmt.Errorf("%d operations are cut off", running)
		}
		stopped <- err
	}()
	s.eventually("nothing new is taken", func() bool {
		_, err := stopper.try(client.Order{Module: "sendy", Kind: pay.KindReport})
		return pay.CodeOf(err) == pay.ErrModuleDown
	})
	s.pay()
	must(t, <-stopped)
	if all := told(); all[len(all)-1].Outcome != pay.Approved {
		t.Fatalf("%+v", all)
	}
	s.agrees(100)
}

func TestAHostThatIsToldToEndLeavesAtOnceAndItsPaymentGoesOnUnderTheNext(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	op := k.begin(k.online(100))
	k.event(op.Ref, pay.EvQRShow)
	k.Close()
	s.stop() // fails the test if anything is left after ten seconds
	k = s.till("4")
	told := k.follow(op.Ref)
	s.pay()
	if all := told(); all[len(all)-1].Outcome != pay.Approved {
		t.Fatalf("%+v", all)
	}
	s.agrees(100)
}

func TestASecondHostLeavesAtOnceAndNamesTheFirst(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	first := s.pid("payrack")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	second := exec.CommandContext(ctx, filepath.Join(s.home, "payrack"), "host", "--home", s.home)
	var said bytes.Buffer
	second.Stderr, second.Stdout = &said, &said
	if err := second.Run(); err == nil || ctx.Err() != nil || second.ProcessState.ExitCode() != 8 {
		t.Fatalf("the second host ended with %v: %s", err, said.String())
	}
	if !strings.Contains(said.String(), fmt.Sprint(first)) {
		t.Fatalf("the first, %d, is not named: %s", first, said.String())
	}
	if s.pid("payrack") != first {
		t.Fatal("the first host is not the same any more")
	}
	k := s.till("4")
	k.run(k.offline(100, ""))
	s.agrees(100)
}

func TestWhileTheProviderIsAwayNothingIsTakenAndHealthSaysSo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	mend := s.cut()
	op := k.run(k.offline(100, ""))
	if op.Outcome != pay.Declined || op.Code != pay.ErrOffline.String() || op.Text == "" || op.Hint == "" {
		t.Fatalf("%+v", op)
	}
	s.eventually("health says so", func() bool {
		h := k.health("sendy")
		return h.State == "degraded" && h.Code == pay.ErrOffline.String() && h.Text != ""
	})
	mend()
	if op := k.run(k.offline(100, "")); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	s.eventually("health is well again", func() bool { return k.health("sendy").State == "ok" })
	s.agrees(100)
}

func TestAPaymentWhoseProviderWentAwayIsUnknownUntilItIsBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	s.deaf()
	s.arm(sandbox.Fault{Kind: "drop", Path: paying, Work: true})
	op := k.begin(k.offline(100, ""))
	s.received(1, "GET", asking)
	mend := s.cut()
	s.eventually("health says so", func() bool { return k.health("sendy").State == "degraded" })
	if now := k.until(op.Ref, func(op pay.Operation) bool { return !op.Running }); now.Outcome != pay.Unknown || now.Hint == "" {
		t.Fatalf("%+v", now)
	}
	if k.pending(op.Ref) != "unknown" {
		t.Fatalf("pending: %q", k.pending(op.Ref))
	}
	mend()
	s.wake()
	if done := k.final(op.Ref); done.Outcome != pay.Approved {
		t.Fatalf("%+v", done)
	}
	s.agrees(100)
}

// die kills processes of the installation, the first ones first, as closely as can be.
func (s *shop) die(programs ...string) {
	s.t.Helper()
	var pids []int
	for _, p := range programs {
		pids = append(pids, s.pid(p))
	}
	for _, pid := range pids {
		s.end(pid)
	}
	s.eventually("the killed are gone", func() bool {
		for _, p := range s.processes() {
			for _, pid := range pids {
				if p.pid == pid {
					return false
				}
			}
		}
		return true
	})
}

// pay lets the customer pay the one open bill.
func (s *shop) pay() {
	s.t.Helper()
	bill, err := s.ctl.AwaitBill(s.t.Context())
	must(s.t, err)
	_, err = s.ctl.Pay(s.t.Context(), bill.ID)
	must(s.t, err)
}

// entries counts the ledger's entries of a kind.
func (s *shop) entries(kind sandbox.EntryKind) int64 {
	s.t.Helper()
	view, err := s.ctl.Ledger(s.t.Context(), "")
	must(s.t, err)
	return view.Sums[kind].Count
}
