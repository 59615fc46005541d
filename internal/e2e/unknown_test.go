//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// lies are all ways in which an answer can be wrong, missing or strange.
func lies() []sandbox.Fault {
	var list []sandbox.Fault
	for _, kind := range sandbox.FaultKinds() {
		switch kind {
		case sandbox.FaultEdit:
			list = append(list, sandbox.Fault{Kind: kind, Set: map[string]json.RawMessage{"status": json.RawMessage("null")}})
		case sandbox.FaultStatus:
			for _, status := range []int{400, 404, 409, 500, 502, 503} {
				list = append(list, sandbox.Fault{Kind: kind, Status: status}, sandbox.Fault{Kind: kind, Status: status, Work: true})
			}
		case sandbox.FaultDelay, sandbox.FaultLate:
			list = append(list, sandbox.Fault{Kind: kind, Delay: sandbox.Duration(50 * time.Millisecond)})
		default:
			list = append(list, sandbox.Fault{Kind: kind}, sandbox.Fault{Kind: kind, Work: true})
		}
	}
	return list
}

func TestNoStrangeAnswerIsTakenForADeclineOrChargesTwice(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	var charged pay.Amount
	for _, f := range lies() {
		f.Path = paying
		s.arm(f)
		op := k.begin(k.offline(100, ""))
		for _, told := range k.follow(op.Ref)() {
			if told.Outcome != pay.Unknown && told.Outcome != pay.Approved {
				t.Fatalf("%s, work %t, status %d: the till was told %+v", f.Kind, f.Work, f.Status, told)
			}
		}
		charged += 100
		s.agrees(charged)
		s.heal()
	}
}

func TestADeclineIsADeclineInAnyLetterCase(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	s.arm(sandbox.Fault{Kind: "letter-case", Path: paying, Count: always}, sandbox.Fault{Kind: "letter-case", Path: asking, Count: always})
	if op := k.run(k.scan(100, s.code("05"), "")); op.Outcome != pay.Declined || op.Code == "" || op.Text == "" {
		t.Fatalf("%+v", op)
	}
	if op := k.run(k.offline(100, "")); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	s.agrees(100)
}

func TestAnswersAboutSomethingElseAreToldAsUnknownAndSettledByTheRightOne(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{"wrong-sum", "wrong-key", "wrong-number", "wrong-currency", "unknown-status", "not-found"} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			k := s.till("4")
			s.arm(sandbox.Fault{Kind: "drop", Path: paying, Work: true}, sandbox.Fault{Kind: kind, Path: asking, Count: always}) // what is sent again too
			op := k.begin(k.offline(100, `,"receipt":"7"`))
			unknown := k.until(op.Ref, func(op pay.Operation) bool { return !op.Running })
			if unknown.Outcome != pay.Unknown || unknown.Text == "" || k.pending(op.Ref) != "unknown" {
				t.Fatalf("%+v", unknown)
			}
			s.wake()
			if done := k.final(op.Ref); done.Outcome != pay.Approved || done.ApprovedAmount != 100 {
				t.Fatalf("%+v", done)
			}
			s.agrees(100)
		})
	}
}

// unknown is a payment of 100 on receipt 7, charged, of which the till was told that nobody knows.
func (s *shop) unknown(k *till) pay.Ref {
	s.t.Helper()
	s.deaf()
	s.arm(sandbox.Fault{Kind: "drop", Path: paying, Work: true})
	op := k.begin(k.offline(100, `,"receipt":"7"`))
	if now := k.until(op.Ref, func(op pay.Operation) bool { return !op.Running }); now.Outcome != pay.Unknown {
		s.t.Fatalf("%+v", now)
	}
	return op.Ref
}

// wake ends all misbehaviour, and has the module look at once instead of after its pause: it starts anew.
func (s *shop) wake() {
	s.t.Helper()
	s.heal()
	s.die("sendy")
}

func TestWhileAPaymentIsUnknownItsReceiptIsNotPaidTwiceAndOthersPass(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	ref := s.unknown(k)
	if op := k.run(k.offline(100, `,"receipt":"8"`)); op.Outcome != pay.Approved {
		t.Fatalf("another receipt of the same amount: %+v", op)
	}
	if e := k.refused(k.offline(100, `,"receipt":"7"`), pay.ErrUnresolved); e.Hint == "" {
		t.Fatalf("no hint: %+v", e)
	}
	s.die("payrack", "sendy")
	k.refused(k.offline(100, `,"receipt":"7"`), pay.ErrUnresolved)
	k.refused(k.offline(100, `,"receipt":"7","despite":"another"`), pay.ErrUnresolved)
	if op := k.run(k.offline(100, fmt.Sprintf(`,"receipt":"7","despite":%q`, ref))); op.Outcome != pay.Approved {
		t.Fatalf("despite: %+v", op)
	}
	s.wake()
	if op := k.final(ref); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	s.agrees(300)
}

func TestAPersonsWordSettlesAndMoneyFoundAgainstItIsReturnedAndListed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	ref := s.unknown(k)
	if _, err := k.Resolve(t.Context(), ref, false, "Ivanova: the customer shows no payment"); pay.CodeOf(err) != pay.ErrHostDenied {
		t.Fatalf("a receiver resolves: %v", err)
	}
	must(t, k.SetOption(t.Context(), "operator.role", "full"))
	op, err := k.Resolve(t.Context(), ref, false, "Ivanova: the customer shows no payment")
	must(t, err)
	if op.Outcome != pay.Cancelled || op.ResolvedBy == "" {
		t.Fatalf("%+v", op)
	}
	if _, err := k.Resolve(t.Context(), ref, true, "Ivanova: no, it was paid"); pay.CodeOf(err) != pay.ErrState {
		t.Fatalf("a second word: %v", err)
	}
	s.agrees(100)
	s.die("payrack", "sendy")
	s.heal()
	s.eventually("the money went back", func() bool { return k.now(ref).Reversal == pay.ReversalDone })
	if op := k.now(ref); op.Outcome != pay.Cancelled || k.pending(ref) != "contradiction" {
		t.Fatalf("%+v, pending %q", op, k.pending(ref))
	}
	s.agrees(0)
}

func TestUnknownIsWorkedOnWithNobodyThereUntilItIsSettled(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	ref := s.unknown(k)
	k.Close()
	s.heal()
	s.eventually("the provider was asked and has answered", func() bool {
		asked := s.requests("GET", asking)
		return len(asked) > 0 && asked[len(asked)-1].Status == 200
	})
	k = s.till("4")
	if k.PendingCount() == 0 || k.final(ref).Outcome != pay.Approved {
		t.Fatalf("%+v", k.now(ref))
	}
}

func TestAnAnswerOfAnotherLifeIsFoundByTheRefAlone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	order := client.Order{Kind: pay.KindOffline, Amount: 100, Ref: "written-down", Params: fmt.Sprintf(`{"code":%q}`, s.code("99"))}
	s.arm(sandbox.Fault{Kind: "drop", Path: paying, Work: true})
	k.begin(order)
	s.received(1, "POST", paying)
	k.Close()
	s.die("payrack", "sendy")
	if op := s.till("4").final("written-down"); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	s.agrees(100)
}
