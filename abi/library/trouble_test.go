package library

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/client/clienttest"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

func TestAnOpenIsRefusedWithItsReason(t *testing.T) {
	c := newCounter(t, nil)
	for _, k := range []struct {
		name  string
		abi   int32
		home  Text
		pos   string
		flags uint32
		want  pay.Code
	}{
		{"a newer major", 0x00020000, Text{}, "4", 0, pay.ErrABI},
		{"no version", 0, Text{}, "4", 0, pay.ErrABI},
		{"a window", client.ABI, Text{}, "4", FlagBuiltinUI, pay.ErrUnsupported},
		{"an unknown flag", client.ABI, Text{}, "4", 64, pay.ErrArgument},
		{"no till", client.ABI, Text{}, "", 0, pay.ErrArgument},
		{"a till that is not UTF-8", client.ABI, Text{}, "\xff", 0, pay.ErrEncoding},
		{"no folder", client.ABI, txt("/nowhere/at/all"), "4", 0, pay.ErrConfig},
	} {
		if h, code := c.l.Open(th, k.abi, k.home, txt(k.pos), k.flags); code != k.want || h != 0 {
			t.Errorf("%s: %v, want %v", k.name, code, k.want)
		}
		if c.l.LastCode(th, 0) != k.want || len(c.l.LastHint(th, 0).data) == 0 {
			t.Errorf("%s: last code %v", k.name, c.l.LastCode(th, 0))
		}
	}
	if h, code := c.l.Open(th, client.ABI+1, Text{}, txt("4"), 0); code != pay.CodeOK {
		t.Errorf("a newer minor: %v", code)
	} else {
		c.l.Close(th, h)
	}
	c.host.Kill()
	if _, code := c.l.Open(th, client.ABI, Text{}, txt("4"), 0); code != pay.ErrHostStart {
		t.Errorf("no host: %v", code)
	}
}

func TestWildAndOldHandlesAreRefused(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, clienttest.Approve, "r1")
	for _, h := range []int32{0, 1, -1, 12345, -2147483648, 2147483647, c.h} {
		if code := c.l.Outcome(th, h); code != pay.ErrHandle {
			t.Errorf("op %d: %v", h, code)
		}
	}
	if _, code := c.l.Start(th, op, txt("sendy"), txt("test"), 0, txt("t"), Text{}); code != pay.ErrHandle {
		t.Errorf("an operation as a session: %v", code)
	}
	c.l.Release(th, op)
	if code := c.l.Release(th, op); code != pay.ErrHandle {
		t.Errorf("released twice: %v", code)
	}
	next := c.start(pay.KindOnline, clienttest.Approve, "r2")
	if next == op {
		t.Error("a handle was used again at once")
	}
	c.l.Close(th, c.h)
	if code := c.l.Outcome(th, next); code != pay.ErrHandle {
		t.Errorf("an operation of a closed session: %v", code)
	}
	if code := c.l.LastCode(th, 0); code != pay.ErrHandle {
		t.Errorf("last code of no session: %v", code)
	}
}

func TestPendingOperationsAreListedAttachedAndSettled(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(FlagConfirm, nil)
	c.finish(c.start(pay.KindOnline, clienttest.Approve, "r1"))
	c.start(pay.KindOnline, clienttest.Stay, "r2")
	c.l.Close(th, c.h)
	h, code := c.l.Open(th, client.ABI, Text{}, txt("4"), FlagConfirm)
	if code != pay.CodePending {
		t.Fatalf("open: %v", code)
	}
	defer c.l.Close(th, h)
	if n := c.l.PendingCount(th, h); n != 2 || string(c.l.PendingRef(th, h, 0).data) != "r1" || c.l.PendingRef(th, h, 2).Code != pay.ErrArgument {
		t.Errorf("pending %d", n)
	}
	op, code := c.l.Attach(th, h, txt("r1"))
	if code != pay.CodeOK || c.l.Outcome(th, op) != pay.CodeOK || c.l.Confirm(th, op) != pay.CodeOK {
		t.Errorf("attach: %v", code)
	}
	if op, _ := c.l.Attach(th, h, txt("r2")); c.l.Outcome(th, op) != pay.CodeWaiting {
		t.Errorf("a running one: %v", c.l.Outcome(th, op))
	}
	if _, code := c.l.Attach(th, h, txt("never")); code != pay.ErrNotFound {
		t.Errorf("an unknown ref: %v", code)
	}
	if other, code := c.l.Open(th, client.ABI, Text{}, txt("5"), 0); code != pay.CodeOK {
		t.Errorf("another till: %v", code)
	} else {
		c.l.Close(th, other)
	}
}

func TestAnOperationOutlivesTheHost(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, clienttest.ShowQR, "r1")
	if ev, _, _ := c.l.Poll(th, op, 5000, false); ev != int32(pay.EvStatus) {
		t.Fatalf("event %d", ev)
	}
	c.host.Kill()
	if err := c.host.Start(); err != nil {
		t.Fatal(err)
	}
	if code := c.l.Cancel(th, op, txt("x")); code != pay.CodeOK {
		t.Fatalf("cancel: %v %s", code, c.l.LastError(th, c.h).data)
	}
	if got := c.finish(op); !slices.Equal(got, []int32{77, 3, 4}) && !slices.Equal(got, []int32{77, 4}) {
		t.Errorf("events %v", got)
	}
	if code := c.l.Outcome(th, op); code != pay.CodeCancelled {
		t.Errorf("outcome %v", code)
	}
}

func TestAHostThatStaysAwayMakesAnOperationUnknownUntilItIsBack(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount)
	c.l.options.Patience = time.Millisecond
	c.open(0, nil)
	op := c.start(pay.KindOnline, clienttest.ShowQR, "r1")
	c.host.Kill()
	c.finish(op)
	if code := c.l.Outcome(th, op); code != pay.CodeUnknown || c.str(op, "text") == "" {
		t.Fatalf("outcome %v, text %q", code, c.str(op, "text"))
	}
	if err := c.host.Start(); err != nil {
		t.Fatal(err)
	}
	if code := c.l.Cancel(th, op, txt("x")); code != pay.CodeOK {
		t.Fatalf("cancel: %v", code)
	}
	c.finish(op)
	if code := c.l.Outcome(th, op); code != pay.CodeCancelled {
		t.Errorf("the truth: %v", code)
	}
}

func TestABeginWhoseAnswerIsLostIsUnknownAndThenTheTruth(t *testing.T) {
	for _, begun := range []bool{true, false} {
		t.Run(fmt.Sprintf("begun %v", begun), func(t *testing.T) {
			c := newCounter(t, clienttest.ByAmount)
			c.l.options.CallLimit = 50 * time.Millisecond
			c.open(0, nil)
			var cut atomic.Bool
			cut.Store(true)
			c.host.Around = func(method string, next func() (any, error)) (any, error) {
				if method == "Begin" && cut.Load() {
					if begun {
						_, _ = next()
					}
					go c.host.Kill()
					return nil, fmt.Errorf("cut")
				}
				return next()
			}
			op, code := c.l.Start(th, c.h, txt("sendy"), txt("pay.online"), clienttest.Approve, txt("r1"), Text{})
			if code != pay.CodeUnknown || op == 0 || c.l.Outcome(th, op) != pay.CodeUnknown {
				t.Fatalf("start: %v, op %d", code, op)
			}
			cut.Store(false)
			want := pay.CodeOK
			if !begun {
				want = pay.CodeDeclined
				c.host.Refuse = func(*hostv1.BeginRequest) *pay.Error { return &pay.Error{Code: pay.ErrBusy} }
			}
			c.l.options.CallLimit = 2 * time.Second
			c.host.Kill()
			if err := c.host.Start(); err != nil {
				t.Fatal(err)
			}
			c.finish(op)
			if code := c.l.Outcome(th, op); code != want {
				t.Errorf("outcome %v, want %v", code, want)
			}
		})
	}
}

func TestActivationTellsItsRefusalWithTheModulesWords(t *testing.T) {
	c := newCounter(t, func(o *clienttest.Operation) {
		switch p := o.Request.GetParams(); {
		case !strings.Contains(p, `"name":"activate"`) || !strings.Contains(p, `"terminal_id":"10240007"`):
			o.Tell(pay.Declined, func(op *pay.Operation) { op.Code = "PR_E_INTERNAL" })
		case strings.Contains(p, `"force":true`):
			o.Tell(pay.Approved, nil)
		case strings.Contains(p, "OFFLINE"):
			o.Tell(pay.Declined, func(op *pay.Operation) {
				op.Code, op.Text, op.Hint = "PR_E_OFFLINE", "нет связи", "Код не проверялся, попытка не потрачена"
			})
		case strings.Contains(p, "UNKNOWN"):
			o.Tell(pay.Unknown, func(op *pay.Operation) { op.Text = "Код не проверялся" })
		default:
			o.Tell(pay.Declined, func(op *pay.Operation) {
				op.Code, op.Text, op.Hint = "ALREADY", "Терминал уже активирован", "Повторите с force"
			})
		}
	}).open(0, nil)
	c.host.Infos["activation"] = `{"active":true,"attempts_left":2}`
	activate := func(code string, force bool) pay.Code {
		return c.l.Activate(th, c.h, txt("sendy"), txt("10240007"), txt("SN-1"), txt(code), force)
	}
	if code := activate("CODE", false); code != pay.ErrActivation || string(c.l.LastHint(th, c.h).data) != "Повторите с force" {
		t.Errorf("%v %s", code, c.l.LastHint(th, c.h).data)
	}
	if code := activate("OFFLINE", false); code != pay.ErrOffline || string(c.l.LastError(th, c.h).data) != "нет связи" ||
		string(c.l.LastHint(th, c.h).data) != "Код не проверялся, попытка не потрачена" {
		t.Errorf("%v %s %s", code, c.l.LastError(th, c.h).data, c.l.LastHint(th, c.h).data)
	}
	if code := activate("UNKNOWN", false); code >= 0 || string(c.l.LastError(th, c.h).data) != "Код не проверялся" {
		t.Errorf("unknown: %v %s", code, c.l.LastError(th, c.h).data)
	}
	if code := activate("CODE", true); code != pay.CodeOK {
		t.Errorf("%v", code)
	}
	if active, left, code := c.l.Activation(th, c.h, txt("sendy")); active != 1 || left != 2 || code != 0 {
		t.Errorf("%d %d %v", active, left, code)
	}
}

func TestSettingsInfoSlipsAndLogPassThrough(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	c.host.Infos["modules"] = `[{"id":"sendy"}]`
	c.host.Drafts["text"], c.host.Drafts["png"] = []byte("СЛИП\n"), []byte("\x89PNG\x00")
	if out := c.l.Info(th, c.h, Text{}, txt("modules")); string(out.data) != `[{"id":"sendy"}]` {
		t.Errorf("info %s %v", out.data, out.Code)
	}
	if code := c.l.SetSetting(th, c.h, txt("sendy"), txt("SlipWidth"), txt("42")); code != 0 {
		t.Errorf("set: %v", code)
	}
	if out := c.l.Setting(th, c.h, txt("sendy"), txt("SlipWidth")); string(out.data) != "42" {
		t.Errorf("get %s", out.data)
	}
	op := c.start(pay.KindOnline, clienttest.Approve, "r1")
	if out := c.l.Slip(th, op, 1, txt("text"), Text{}, 32); out.Need() != 10 || !out.wide {
		t.Errorf("text %d", out.Need())
	}
	if out := c.l.Slip(th, op, 1, txt("png"), Text{}, 0); out.Need() != 5 || len(out.Fit(3)) != 3 {
		t.Errorf("png %d", out.Need())
	}
	if out := c.l.Slip(th, op, 1, txt("pdf"), Text{}, 0); out.Code != pay.ErrUnsupported {
		t.Errorf("pdf %v", out.Code)
	}
	if code := c.l.Log(th, c.h, 3, txt("a\nb")); code != 0 || !slices.Equal(c.host.Logged(), []string{"3 a b"}) {
		t.Errorf("log %v %v", code, c.host.Logged())
	}
	if code := c.l.Unsupported(th, c.h); code != pay.ErrUnsupported {
		t.Errorf("unsupported: %v", code)
	}
}

func TestManyThreadsAtOnce(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, func(on Thread, op, event, id int32) {})
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			self := Thread(100 + n)
			for i := range 10 {
				op, code := c.l.Start(self, c.h, txt("sendy"), txt("pay.online"), clienttest.Approve, txt(fmt.Sprintf("r%d-%d", n, i)), Text{})
				if code != pay.CodeOK {
					t.Errorf("start: %v", code)
					return
				}
				if _, _, code := c.l.Poll(self, op, 10000, true); code != pay.CodeFinished {
					t.Errorf("poll: %v", code)
				}
				if code := c.l.Outcome(self, op); code != pay.CodeOK {
					t.Errorf("outcome: %v", code)
				}
				c.l.Str(self, op, txt("json"))
				c.l.Outcome(self, 99)
				c.l.LastError(self, c.h)
				c.l.Release(self, op)
			}
		})
	}
	all.Wait()
}
