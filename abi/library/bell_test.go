//go:build !windows

package library

import (
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/payrack/payrack/host/client/clienttest"
	"github.com/payrack/payrack/sdk/pay"
)

func (c *counter) waitHandle() int64 {
	c.t.Helper()
	handle, code := c.l.WaitHandle(th, c.h)
	if code != pay.CodeOK {
		c.t.Fatalf("wait handle: %v %s", code, c.l.LastError(th, c.h).data)
	}
	return handle
}

// readable waits for a descriptor as a program would; 0 only looks.
func readable(t *testing.T, handle int64, wait time.Duration) bool {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}, int(wait.Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	}
}

// drain polls without waiting until nothing is left, and says whether the outcome was there.
func (c *counter) drain(op int32) (finished bool) {
	for {
		switch _, _, code := c.l.Poll(th, op, 0, false); code {
		case pay.CodeEvent:
		case pay.CodeFinished:
			return true
		case pay.CodeWaiting:
			return false
		default:
			c.t.Fatalf("poll: %v", code)
		}
	}
}

func TestTheWaitHandleIsSignalledAsLongAsPollHasSomething(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	handle := c.waitHandle()
	if again := c.waitHandle(); again != handle {
		t.Errorf("another handle: %d, %d", handle, again)
	}
	if readable(t, handle, 0) {
		t.Error("signalled while nothing runs")
	}
	op := c.start(pay.KindOnline, clienttest.UnknownLate, "r1") // Unknown, and after a cancel approved
	for told := false; !told; {
		if !readable(t, handle, 10*time.Second) {
			t.Fatal("never signalled, and nothing is told")
		}
		if !readable(t, handle, 0) {
			t.Fatal("the signal went away by itself")
		}
		told = c.drain(op)
	}
	if code := c.l.Outcome(th, op); code != pay.CodeUnknown || readable(t, handle, 0) {
		t.Errorf("outcome %v, still signalled %v", code, readable(t, handle, 0))
	}
	c.l.Cancel(th, op, Text{})
	if !readable(t, handle, 10*time.Second) || !c.drain(op) || c.l.Outcome(th, op) != pay.CodeOK {
		t.Errorf("the truth later: %v", c.l.Outcome(th, op))
	}
	if readable(t, handle, 0) {
		t.Error("signalled after the final outcome was taken")
	}
}

func TestAReleasedHandleSignalsNothingAnyMore(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	handle := c.waitHandle()
	op := c.start(pay.KindOnline, clienttest.Stay, "r1")
	if !readable(t, handle, 10*time.Second) {
		t.Fatal("never signalled")
	}
	c.l.Release(th, op)
	if readable(t, handle, 0) {
		t.Error("signalled for a handle that was released")
	}
}

func TestAHandleAskedForLateShowsWhatIsThereAlready(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, 12345, "r1")
	if _, _, code := c.l.Poll(th, op, 10000, false); code != pay.CodeEvent {
		t.Fatalf("poll: %v", code)
	}
	if !readable(t, c.waitHandle(), 10*time.Second) || !slices.Equal(c.finish(op), []int32{77}) {
		t.Error("what was there before the handle is not shown by it")
	}
}

// postbox is a window of a test.
type postbox struct {
	mu   sync.Mutex
	got  []int32
	more chan struct{}
}

func (p *postbox) post(window int64, message uint32, op int32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if window == 7 && message == 0x8001 {
		p.got = append(p.got, op)
	}
	select {
	case p.more <- struct{}{}:
	default:
	}
	return nil
}

// await waits until a message has come that is wanted.
func (p *postbox) await(t *testing.T, op int32) {
	t.Helper()
	for deadline := time.After(10 * time.Second); ; {
		p.mu.Lock()
		i := slices.Index(p.got, op)
		if i >= 0 {
			p.got = p.got[i+1:]
		}
		p.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-p.more:
		case <-deadline:
			t.Fatalf("no message with %d", op)
		}
	}
}

func (p *postbox) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

func windowed(t *testing.T) (*counter, *postbox) {
	c, box := newCounter(t, clienttest.ByAmount), &postbox{more: make(chan struct{}, 1)}
	c.l.options.Post = box.post
	return c, box
}

func TestAProgramThatPollsOnMessagesOnlyMissesNothing(t *testing.T) {
	c, box := windowed(t)
	c.open(0, nil)
	if code := c.l.SetWindow(th, c.h, 7, 0x8001); code != pay.CodeOK {
		t.Fatalf("set window: %v", code)
	}
	op := c.start(pay.KindOnline, 12345, "r1")
	for {
		box.await(t, op)
		if _, _, code := c.l.Poll(th, op, 0, false); code == pay.CodeFinished {
			break
		}
	}
	if code := c.l.Outcome(th, op); code != pay.CodeOK {
		t.Errorf("outcome %v", code)
	}
	c.l.SetWindow(th, c.h, 0, 0)
	before := box.count()
	c.finish(c.start(pay.KindOnline, 12345, "r2"))
	if n := box.count(); n != before {
		t.Errorf("%d messages after the window was taken away", n-before)
	}
}

func TestAWindowHearsThatTheListOfPendingOperationsChanged(t *testing.T) {
	c, box := windowed(t)
	c.open(FlagConfirm, nil)
	c.l.SetWindow(th, c.h, 7, 0x8001)
	c.finish(c.start(pay.KindOnline, 12345, "r1"))
	box.await(t, 0)
}

func TestAWindowThatComesLateHearsWhatIsThereAlready(t *testing.T) {
	c, box := windowed(t)
	c.open(0, nil)
	op := c.start(pay.KindOnline, 12345, "r1")
	if _, _, code := c.l.Poll(th, op, 10000, false); code != pay.CodeEvent {
		t.Fatalf("poll: %v", code)
	}
	for readable(t, c.waitHandle(), 10*time.Second) {
		if c.l.Outcome(th, op) == pay.CodeOK {
			break
		}
	}
	c.l.SetWindow(th, c.h, 7, 0x8001)
	box.await(t, op)
}

func TestWithACallbackOnlyTheOutcomeIsSignalled(t *testing.T) {
	c, box := windowed(t)
	var mu sync.Mutex
	var called []int32
	c.open(0, func(_ Thread, _, event, _ int32) {
		mu.Lock()
		defer mu.Unlock()
		called = append(called, event)
	})
	c.l.SetWindow(th, c.h, 7, 0x8001)
	handle := c.waitHandle()
	op := c.start(pay.KindOnline, 12345, "r1")
	if !readable(t, handle, 10*time.Second) {
		t.Fatal("never signalled")
	}
	box.await(t, op)
	if ev, _, code := c.l.Poll(th, op, 0, true); code != pay.CodeFinished {
		t.Errorf("signalled, and poll says %v %d", code, ev)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(called, 1) {
		t.Errorf("called with %v", called)
	}
}

func TestWhereThereAreNoWindowsTheRefusalNamesTheOtherWay(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	if code := c.l.SetWindow(th, c.h, 1, 0x8001); code != pay.ErrUnsupported {
		t.Errorf("%v", code)
	}
	if hint := string(c.l.LastHint(th, c.h).data); hint != "Ждите по дескриптору pr_wait_handle или вызовом pr_poll." {
		t.Errorf("hint %q", hint)
	}
}
