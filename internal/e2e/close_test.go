//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// report is what these tests read of a close of day or a report.
type report struct {
	Shift    int64
	Counted  int64
	Lines    []struct{ Payments, PaymentsSum, Refunds, RefundsSum pay.Amount }
	Pending  []struct{ Ref pay.Ref }
	Late     []struct{ Ref pay.Ref }
	Provider struct{ Matched, Elsewhere bool }
}

func (k *till) reportOf(op pay.Operation) (r report) {
	k.t.Helper()
	if op.Outcome != pay.Approved {
		k.t.Fatalf("%s: %+v", op.Kind, op)
	}
	var raw map[string]json.RawMessage
	must(k.t, json.Unmarshal([]byte(strings.ReplaceAll(string(op.Result), "s_sum", "ssum")), &raw))
	text, err := json.Marshal(raw)
	must(k.t, err)
	must(k.t, json.Unmarshal(text, &r))
	return r
}

// sum is what a report says that the shop has taken.
func (r report) sum() (sum pay.Amount) {
	for _, l := range r.Lines {
		sum += l.PaymentsSum - l.RefundsSum
	}
	return sum
}

func closeDay() client.Order { return client.Order{Kind: pay.KindCloseDay} }

func TestTotalsAreWhatTheProviderHasAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.confirming("4")
	first := k.run(k.offline(1000, ""))
	k.run(k.offline(250, ""))
	k.run(k.scan(9999, s.code("05"), ""))
	k.run(k.scan(9999, s.code("51"), ""))
	if op := k.run(k.refund(first.Ref, 300)); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	undone := k.run(k.offline(77, ""))
	k.ack(undone.Ref, pay.AckReverse)
	s.eventually("it is given back", func() bool { return k.now(undone.Ref).Reversal == pay.ReversalDone })
	now := k.reportOf(k.run(client.Order{Kind: pay.KindReport}))
	closed := k.reportOf(k.run(closeDay()))
	for _, r := range []report{now, closed} {
		if r.sum() != 950 || len(r.Lines) != 1 || r.Lines[0].Payments != 3 || r.Lines[0].Refunds != 2 {
			t.Fatalf("%+v", r)
		}
	}
	if !closed.Provider.Matched || closed.Shift != now.Shift {
		t.Fatalf("%+v", closed)
	}
	s.agrees(950)
}

func TestADayIsNotClosedWhileACustomerIsPaying(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	op := k.begin(k.online(100))
	k.event(op.Ref, pay.EvQRShow)
	before := len(s.requests("POST", "/pos/shift/close"))
	if _, err := s.till("5").try(closeDay()); pay.CodeOf(err) != pay.ErrBusy || len(s.requests("POST", "/pos/shift/close")) != before {
		t.Fatalf("closing while a payment runs: %v", err)
	}
	s.pay()
	k.final(op.Ref)
	if r := k.reportOf(k.run(closeDay())); r.sum() != 100 {
		t.Fatalf("%+v", r)
	}
}

func TestADayIsClosedOverAnUnknownPaymentWhichIsListedAndCountsWhereTheProviderBookedIt(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	must(t, k.SetOption(t.Context(), "operator.role", "full"))
	k.run(k.offline(50, ""))
	ref := s.unknown(k)
	closed := k.reportOf(k.run(closeDay()))
	if closed.sum() != 50 || len(closed.Pending) != 1 || closed.Pending[0].Ref != ref || closed.Provider.Matched {
		t.Fatalf("%+v", closed)
	}
	s.wake()
	if op := k.final(ref); op.Outcome != pay.Approved || op.Shift != closed.Shift {
		t.Fatalf("%+v", op)
	}
	was := k.reportOf(k.run(client.Order{Kind: pay.KindReport, Params: fmt.Sprintf(`{"shift":%d}`, closed.Shift)}))
	if was.sum() != 150 {
		t.Fatalf("the closed shift, now that it is known: %+v", was)
	}
	k.run(k.offline(7, ""))
	if next := k.reportOf(k.run(closeDay())); next.sum() != 7 || !next.Provider.Matched {
		t.Fatalf("%+v", next)
	}
	s.agrees(157)
}

func TestAPaymentThatIsPaidAfterItsShiftWasClosedIsPrintedAsFromThatShift(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	k.run(k.offline(50, ""))
	s.deaf()
	s.arm(sandbox.Fault{Kind: "drop", Path: paying, Work: true})
	op := k.begin(k.scan(100, s.code("11"), "")) // its customer has to confirm
	k.until(op.Ref, func(op pay.Operation) bool { return !op.Running })
	closed := k.reportOf(k.run(closeDay()))
	if closed.sum() != 50 || len(closed.Pending) != 1 || !closed.Provider.Matched {
		t.Fatalf("%+v", closed)
	}
	s.pay()
	s.wake()
	if op = k.final(op.Ref); op.Outcome != pay.Approved || op.Shift == closed.Shift {
		t.Fatalf("%+v", op)
	}
	closing := k.run(closeDay())
	next := k.reportOf(closing)
	if next.sum() != 100 || len(next.Late) != 1 || next.Late[0].Ref != op.Ref || !next.Provider.Matched {
		t.Fatalf("%+v", next)
	}
	paper, err := k.Slip(t.Context(), closing.Ref, client.Paper{Copy: 1, Format: "text"})
	must(t, err)
	if !strings.Contains(strings.ToLower(string(paper)), "from shift") {
		t.Fatalf("the paper does not say from which shift:\n%s", paper)
	}
}

func TestACloseThatIsCutOffInItsMiddleClosesOnce(t *testing.T) {
	t.Parallel()
	for _, victims := range [][]string{{"payrack"}, {"sendy"}, {"payrack", "sendy"}} {
		t.Run(strings.Join(victims, " and "), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			k := s.till("4")
			paid := k.run(k.offline(100, ""))
			s.arm(sandbox.Fault{Kind: "delay", Path: "/pos/shift/close", Delay: sandbox.Duration(500 * time.Millisecond), Work: true})
			op := k.begin(closeDay())
			told := k.follow(op.Ref)
			s.received(1, "POST", "/pos/shift/close")
			s.die(victims...)
			all := told()
			closed := all[len(all)-1]
			if r := k.reportOf(closed); r.sum() != 100 || !r.Provider.Matched || closed.Ref != pay.CloseRef("sendy", paid.Shift, 1) {
				t.Fatalf("%+v", closed)
			}
			if again := k.run(closeDay()); again.Ref != closed.Ref {
				t.Fatalf("the second close is %s, the first was %s", again.Ref, closed.Ref)
			}
			if next := k.run(k.offline(100, "")); next.ProviderShift != paid.ProviderShift+1 {
				t.Fatalf("the next payment is of the provider's shift %d after %d", next.ProviderShift, paid.ProviderShift)
			}
		})
	}
}

func TestACloseWhoseAnswerIsLostIsRepeatedAndAgrees(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	k.run(k.offline(100, ""))
	s.arm(sandbox.Fault{Kind: "drop", Path: "/pos/shift/close", Work: true, Count: 2})
	r := k.reportOf(k.run(closeDay()))
	if r.sum() != 100 || !r.Provider.Matched || r.Provider.Elsewhere {
		t.Fatalf("%+v", r)
	}
	bodies := s.requests("POST", "/pos/shift/close")
	for _, b := range bodies {
		if b.Body != bodies[0].Body {
			t.Fatalf("%s after %s", b.Body, bodies[0].Body)
		}
	}
}

func TestAShiftThatWasClosedElsewhereIsStillSummedUp(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	first := k.run(k.offline(100, ""))
	_, err := s.ctl.CloseShift(t.Context(), "10240007")
	must(t, err)
	next := k.run(k.offline(30, ""))
	if next.Shift == first.Shift {
		t.Fatalf("the next payment is still of shift %d", next.Shift)
	}
	if r := k.reportOf(k.run(closeDay())); r.sum() != 30 || !r.Provider.Matched || r.Shift != next.Shift {
		t.Fatalf("%+v", r)
	}
}
