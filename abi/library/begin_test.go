//go:build !windows

package library

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/client/clienttest"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// panicOnce makes the first Begin of the session panic after it has arrived.
func (c *counter) panicOnce() {
	s := c.l.sessions[c.h]
	begins, first := s.begins, new(atomic.Bool)
	s.begins = func(ctx context.Context, o client.Order) (pay.Operation, bool, error) {
		op, existed, err := begins(ctx, o)
		if first.CompareAndSwap(false, true) {
			panic("a bug of ours")
		}
		return op, existed, err
	}
}

func TestAPanicAfterBeginHasLeftIsUnknownWithAHandleAndThenTheTruth(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	c.panicOnce()
	op, code := c.l.Start(th, c.h, txt("sendy"), txt("pay.online"), clienttest.Approve, txt("r1"), Text{})
	if code != pay.CodeUnknown || op == 0 {
		t.Fatalf("start: %v, op %d", code, op)
	}
	c.finish(op)
	if code := c.l.Outcome(th, op); code != pay.CodeOK {
		t.Errorf("the truth: %v", code)
	}
	c.panicOnce()
	op = 0
	code = c.l.PayOffline(th, c.h, txt("sendy"), clienttest.Approve, txt("r2"), txt("28123"), func(h int32) { op = h })
	if code != pay.CodeUnknown || op == 0 {
		t.Fatalf("pay offline: %v, op %d", code, op)
	}
	c.finish(op)
	if code := c.l.Outcome(th, op); code != pay.CodeOK {
		t.Errorf("the truth of the classic call: %v", code)
	}
}

func TestAPanicInTheMiddleOfAClassicCallIsUnknownWithItsHandle(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, func(_ Thread, _, event, _ int32) {
		if pay.EventKind(event) == pay.EvStatus {
			panic("a bug of ours")
		}
	})
	var op int32
	if code := c.l.PayOnline(th, c.h, txt("sendy"), clienttest.ShowQR, txt("r1"), func(h int32) { op = h }); code != pay.CodeUnknown || op == 0 {
		t.Fatalf("%v, op %d", code, op)
	}
	if code := c.l.Cancel(th, op, txt("x")); code != pay.CodeOK {
		t.Errorf("the handle afterwards: %v", code)
	}
}

func TestARefusedCallLeavesNoHandle(t *testing.T) {
	c := newCounter(t, nil).open(0, func(Thread, int32, int32, int32) {})
	c.host.Refuse = func(*hostv1.BeginRequest) *pay.Error { return &pay.Error{Code: pay.ErrBusy} }
	var given []int32
	if code := c.l.PayOnline(th, c.h, txt("sendy"), 5, txt("r1"), func(h int32) { given = append(given, h) }); code != pay.ErrBusy {
		t.Fatalf("%v", code)
	}
	if len(given) != 2 || given[1] != 0 || c.l.Outcome(th, given[0]) != pay.ErrHandle {
		t.Errorf("handles %v", given)
	}
}

func TestACancelWhileBeginIsOnItsWayIsSentAfterIt(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, func(Thread, int32, int32, int32) {})
	s := c.l.sessions[c.h]
	begins := s.begins
	var op int32
	s.begins = func(ctx context.Context, o client.Order) (pay.Operation, bool, error) {
		if code := c.l.Cancel(th, op, txt("Esc")); code != pay.CodeOK {
			t.Errorf("cancel: %v", code)
		}
		return begins(ctx, o)
	}
	if code := c.l.PayOnline(th, c.h, txt("sendy"), clienttest.ShowQR, txt("r1"), func(h int32) { op = h }); code != pay.CodeCancelled {
		t.Errorf("%v", code)
	}
}

func TestACloseOfDayWhoseAnswerIsLostKeepsTheNameThatItsModuleGave(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	c.host.Infos["shift"] = `{"shift":7,"close_ref":"close-sendy-7"}`
	begins := 0
	s := c.l.sessions[c.h]
	first := s.begins
	told := make(chan struct{})
	s.begins = func(ctx context.Context, o client.Order) (pay.Operation, bool, error) {
		if begins > 0 {
			<-told // else the truth may be known before the till is told that it is not
		}
		op, existed, err := first(ctx, o)
		if begins++; begins == 1 {
			return pay.Operation{Ref: op.Ref}, false, &pay.Error{Code: pay.CodeUnknown, MayHaveMoved: true, Cause: errors.New("cut")}
		}
		if o.Ref != "close-sendy-7" || !o.Repeated {
			t.Errorf("repeated as %+v", o)
		}
		return op, existed, err
	}
	var op int32
	if code := c.l.CloseDay(th, c.h, txt("sendy"), false, func(h int32) { op = h }); code != pay.CodeUnknown || op == 0 || c.str(op, "ref") != "close-sendy-7" {
		t.Fatalf("%v, op %d, ref %q", code, op, c.str(op, "ref"))
	}
	close(told)
	c.finish(op)
	if code := c.l.Outcome(th, op); code != pay.CodeOK {
		t.Errorf("the truth: %v", code)
	}
}

func TestAScannedCodeIsRepeatedForAModuleThatLostItUntilTheOutcomeAndThenForgotten(t *testing.T) {
	decide := make(chan struct{})
	c := newCounter(t, func(o *clienttest.Operation) {
		<-decide
		o.Tell(pay.Approved, nil)
	})
	c.l.options.Remind = time.Millisecond
	begins := make(chan struct{}, 1000)
	c.host.Around = func(method string, next func() (any, error)) (any, error) {
		r, err := next()
		if method == "Begin" {
			begins <- struct{}{}
		}
		return r, err
	}
	c.open(0, nil)
	op, code := c.l.Start(th, c.h, txt("sendy"), txt("pay.offline"), 5, txt("r1"), txt(`{"code":"28123"}`))
	if code != pay.CodeOK {
		t.Fatalf("start: %v", code)
	}
	<-begins
	<-begins
	c.host.Kill()
	if err := c.host.Start(); err != nil {
		t.Fatal(err)
	}
	for len(begins) > 0 {
		<-begins
	}
	<-begins // to the new host
	close(decide)
	c.finish(op)
	o := c.l.ofHandle(op)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.order.Params != "" || !slices.Equal(c.host.Begun(), []pay.Ref{"r1"}) {
		t.Errorf("kept %q, begun %v", o.order.Params, c.host.Begun())
	}
}

func TestWhatHoldsNoSecretIsNotRepeated(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount)
	c.l.options.Remind = time.Millisecond
	var begins atomic.Int32
	c.host.Around = func(method string, next func() (any, error)) (any, error) {
		if method == "Begin" {
			begins.Add(1)
		}
		return next()
	}
	c.open(0, nil)
	op, _ := c.l.Start(th, c.h, txt("sendy"), txt("pay.online"), clienttest.ShowQR, txt("r1"), txt(`{"receipt":"17"}`))
	for range 20 { // round trips to the host, in which a repetition would have found its time
		c.l.Info(th, c.h, Text{}, txt("modules"))
	}
	c.l.Cancel(th, op, Text{})
	c.finish(op)
	if n := begins.Load(); n != 1 {
		t.Errorf("begun %d times", n)
	}
}
