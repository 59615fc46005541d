//go:build !windows

package library

import (
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/client/clienttest"
	"github.com/payrack/payrack/host/place"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

func TestMain(m *testing.M) {
	sockets, err := os.MkdirTemp("", "pr")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_RUNTIME_DIR", sockets)
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(sockets)
		os.Exit(code)
	}))
}

// th is the thread on which most tests call.
const th Thread = 1

// counter is the cashier program of a test.
type counter struct {
	t    *testing.T
	host *clienttest.Host
	l    *Library
	h    int32

	threads atomic.Uint64
	mu      sync.Mutex
	called  func(on Thread, op, event, id int32)
}

func txt(s string) Text { return Text{Bytes: []byte(s)} }

func newCounter(t *testing.T, script func(*clienttest.Operation)) *counter {
	t.Helper()
	p, err := place.Find(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{t: t, host: clienttest.New(p)}
	c.host.Script = script
	if err := c.host.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.host.Kill)
	c.threads.Store(1000)
	c.l = New(Options{Version: "1.2.3", CallLimit: 2 * time.Second, HostProgram: "/nowhere/payrack",
		Home: func() (string, error) { return p.Home, nil },
		Here: func(_ Callback, op, event, id int32) { c.callback(th, op, event, id) },
		Apart: func(_ Callback, op, event, id int32, on func(Thread)) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				self := Thread(c.threads.Add(1))
				on(self)
				c.callback(self, op, event, id)
			}()
			<-done
		}})
	return c
}

func (c *counter) callback(on Thread, op, event, id int32) {
	c.mu.Lock()
	f := c.called
	c.mu.Unlock()
	f(on, op, event, id)
}

// open opens a session, with a callback if one is given.
func (c *counter) open(flags uint32, called func(on Thread, op, event, id int32)) *counter {
	c.t.Helper()
	h, code := c.l.Open(th, client.ABI, Text{}, txt("4"), flags)
	if code < 0 {
		c.t.Fatalf("open: %v %s", code, c.l.LastError(th, 0).data)
	}
	c.h = h
	c.t.Cleanup(func() { c.l.Close(th, h) })
	if called != nil {
		c.mu.Lock()
		c.called = called
		c.mu.Unlock()
		c.l.SetCallback(th, h, Callback{Function: 1})
	}
	return c
}

func (c *counter) start(kind pay.Kind, amount int64, ref string) int32 {
	c.t.Helper()
	op, code := c.l.Start(th, c.h, txt("sendy"), txt(string(kind)), amount, txt(ref), Text{})
	if code != pay.CodeOK {
		c.t.Fatalf("start: %v %s", code, c.l.LastError(th, c.h).data)
	}
	return op
}

// finish polls until the outcome, answering nothing, and gives the kinds of the events on the way.
func (c *counter) finish(op int32) (events []int32) {
	c.t.Helper()
	for {
		ev, _, code := c.l.Poll(th, op, 5000, false)
		switch code {
		case pay.CodeEvent:
			events = append(events, ev)
		case pay.CodeFinished:
			return events
		default:
			c.t.Fatalf("poll: %v", code)
		}
	}
}

func (c *counter) str(op int32, key string) string { return string(c.l.Str(th, op, txt(key)).data) }

func TestAPaymentEndsWithItsOutcomeAndItsTexts(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, 12345, "r1")
	if got := c.finish(op); !slices.Equal(got, []int32{1, 77}) {
		t.Errorf("events %v", got)
	}
	if code := c.l.Outcome(th, op); code != pay.CodeOK {
		t.Errorf("outcome %v", code)
	}
	if _, _, code := c.l.Poll(th, op, 60000, false); code != pay.CodeFinished {
		t.Errorf("a poll after the end: %v", code)
	}
	n, code := c.l.Int(th, op, txt("approved_amount"))
	if c.str(op, "payer") != "13****68" || c.str(op, "number") != "784" || n != 12345 || code != 0 {
		t.Errorf("payer %q, number %q, approved %d %v", c.str(op, "payer"), c.str(op, "number"), n, code)
	}
	if yes, _ := c.l.Int(th, op, txt("can_reverse")); yes != 1 || !strings.Contains(c.str(op, "json"), `"outcome":"approved"`) {
		t.Errorf("can_reverse %d, json %s", yes, c.str(op, "json"))
	}
	if code := c.l.Str(th, op, txt("nonsense")).Code; code != pay.ErrArgument {
		t.Errorf("an unknown key: %v", code)
	}
}

func TestADeclineKeepsTheProvidersWords(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, clienttest.Decline, "r1")
	c.finish(op)
	if code := c.l.Outcome(th, op); code != pay.CodeDeclined || c.str(op, "code") != "05" || c.str(op, "text") != "Недостаточно средств" || c.str(op, "hint") == "" {
		t.Errorf("%v %q %q", code, c.str(op, "code"), c.str(op, "text"))
	}
}

func TestAReadApprovalIsConfirmedByReleaseUnlessTheTillConfirmsItself(t *testing.T) {
	for _, flags := range []uint32{0, FlagConfirm} {
		c := newCounter(t, clienttest.ByAmount).open(flags, nil)
		read, unread := c.start(pay.KindOnline, clienttest.Approve, "read"), c.start(pay.KindOnline, clienttest.Approve, "unread")
		c.finish(read)
		c.finish(unread)
		c.l.Outcome(th, read)
		c.l.Release(th, read)
		c.l.Release(th, unread)
		c.l.Close(th, c.h)
		want := []string{"read seen", "read confirm"}
		if flags == FlagConfirm {
			want = want[:1]
		}
		if got := c.host.Acks(); !slices.Equal(got, want) {
			t.Errorf("flags %d: %v, want %v", flags, got, want)
		}
	}
}

func TestTheNextStartConfirmsWhatWasRead(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, clienttest.Approve, "r1")
	c.finish(op)
	c.l.Outcome(th, op)
	c.start(pay.KindOnline, clienttest.Stay, "r2")
	if err := c.host.Await(t.Context(), func() bool { return slices.Contains(c.host.Acks(), "r1 confirm") }); err != nil {
		t.Error(err)
	}
}

func TestAReversedOperationIsNotConfirmedBehindTheTillsBack(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, clienttest.Approve, "r1")
	c.finish(op)
	c.l.Outcome(th, op)
	if code := c.l.Reverse(th, op, txt("чек не напечатан")); code != pay.CodeOK {
		t.Fatalf("reverse: %v", code)
	}
	if code := c.l.Confirm(th, op); code != pay.ErrState {
		t.Errorf("confirm after reverse: %v", code)
	}
	if n, _ := c.l.Int(th, op, txt("reversal")); n != 2 {
		t.Errorf("reversal %d", n)
	}
	c.l.Close(th, c.h)
	if got := c.host.Acks(); !slices.Equal(got, []string{"r1 seen", "r1 reverse", "r1 confirm"}) {
		t.Errorf("acks %v", got)
	}
}

func TestUnknownIsToldOnceAndPollWaitsForTheFinalOutcome(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, clienttest.UnknownLate, "r1")
	c.finish(op)
	other, _ := c.l.Int(th, op, txt("other_tender"))
	if code := c.l.Outcome(th, op); code != pay.CodeUnknown || other != 1 {
		t.Fatalf("outcome %v, other_tender %d", code, other)
	}
	if _, _, code := c.l.Poll(th, op, 0, false); code != pay.CodeWaiting {
		t.Errorf("a poll after Unknown: %v", code)
	}
	if code := c.l.Cancel(th, op, txt("касса")); code != pay.CodeOK {
		t.Fatalf("cancel: %v", code)
	}
	c.finish(op)
	if code := c.l.Outcome(th, op); code != pay.CodeOK {
		t.Errorf("the final outcome: %v", code)
	}
}

func TestPromptsAreAnsweredByTheirEventID(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, clienttest.Ask, "r1")
	for {
		ev, id, code := c.l.Poll(th, op, 5000, false)
		if code != pay.CodeEvent {
			t.Fatalf("poll: %v", code)
		}
		if pay.EventKind(ev) != pay.EvConfirm {
			continue
		}
		if s := string(c.l.EventStr(th, op, txt("text")).data); !strings.Contains(s, "WeChat") {
			t.Errorf("text %q", s)
		}
		if n, code := c.l.EventInt(th, op, txt("timeout")); n != 30 || code != 0 {
			t.Errorf("timeout %d %v", n, code)
		}
		if code := c.l.Answer(th, op, id+1, txt("1")); code != pay.ErrNotFound {
			t.Errorf("an answer to no prompt: %v", code)
		}
		if code := c.l.Answer(th, op, id, txt("1")); code != pay.CodeOK {
			t.Errorf("answer: %v", code)
		}
		break
	}
	c.finish(op)
	if code := c.l.Outcome(th, op); code != pay.CodeOK {
		t.Errorf("outcome %v", code)
	}
}

func TestEventsOfTomorrowAndTheirExtrasArePassedOn(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	op := c.start(pay.KindOnline, clienttest.ShowQR, "r1")
	for ev := int32(0); pay.EventKind(ev) != pay.EvQRShow; {
		var code pay.Code
		if ev, _, code = c.l.Poll(th, op, 5000, false); code != pay.CodeEvent {
			t.Fatalf("poll: %v", code)
		}
	}
	if qr := string(c.l.EventStr(th, op, txt("qr_text")).data); qr != "##\n##" {
		t.Errorf("qr_text %q", qr)
	}
	if png := string(c.l.EventStr(th, op, txt("png_base64")).data); png != "iVBORw==" {
		t.Errorf("png_base64 %q", png)
	}
	c.l.Cancel(th, op, Text{})
	c.finish(op)
	if code := c.l.Outcome(th, op); code != pay.CodeCancelled {
		t.Errorf("outcome %v", code)
	}
}

func TestTheOutcomeTakesAwayPromptsThatNobodySaw(t *testing.T) {
	over := make(chan struct{})
	c := newCounter(t, func(o *clienttest.Operation) {
		o.Emit(pay.Event{Kind: pay.EvConfirm, Text: "?"})
		o.Emit(pay.Event{Kind: pay.EvStatus, Text: "готово"})
		o.Tell(pay.Approved, nil)
		close(over)
	}).open(0, nil)
	op := c.start(pay.KindOnline, 5, "r1")
	<-over
	o := c.l.ofHandle(op)
	if it, ok := o.take(t.Context(), func(q []item) int { return slices.IndexFunc(q, item.outcome) }); !ok || !it.outcome() {
		t.Fatal("no outcome")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) != 1 || o.queue[0].ev.Kind != pay.EvStatus {
		t.Errorf("queue %+v", o.queue)
	}
}

func TestACallbackGetsTheEventsAndMayOnlyAnswerAndCancel(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount)
	codes := map[string]pay.Code{}
	seen := make(chan int32, 20)
	c.open(0, func(on Thread, op, event, id int32) {
		if pay.EventKind(event) == pay.EvConfirm {
			codes["outcome"] = c.l.Outcome(on, op)
			codes["str"] = c.l.Str(on, op, txt("text")).Code
			codes["close"] = c.l.Close(on, c.h)
			codes["last"] = c.l.LastCode(on, c.h)
			_, codes["open"] = c.l.Open(on, client.ABI, Text{}, txt("4"), 0)
			_, _, codes["poll"] = c.l.Poll(on, op, 0, false)
			if s := string(c.l.EventStr(on, op, txt("text")).data); !strings.Contains(s, "WeChat") {
				t.Errorf("text %q", s)
			}
			codes["answer"] = c.l.Answer(on, op, id, txt("1"))
		}
		seen <- event
	})
	op := c.start(pay.KindOnline, clienttest.Ask, "r1")
	if got := c.finish(op); len(got) != 0 {
		t.Errorf("pr_poll gave events beside a callback: %v", got)
	}
	c.l.SetCallback(th, c.h, Callback{}) // waits for the callback that is running
	for name, code := range codes {
		if want := map[bool]pay.Code{true: pay.CodeOK, false: pay.ErrThread}[name == "answer"]; code != want {
			t.Errorf("%s inside a callback: %v, want %v", name, code, want)
		}
	}
	if len(codes) != 7 || c.l.Outcome(th, op) != pay.CodeOK {
		t.Errorf("codes %v", codes)
	}
	var events []int32
	for len(seen) > 0 {
		if ev := <-seen; ev != int32(pay.EvPending) {
			events = append(events, ev)
		}
	}
	if !slices.Equal(events, []int32{1, 77, 5}) {
		t.Errorf("events %v", events)
	}
}

func TestTheCallbackHearsThatThePendingListChanged(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount)
	told := make(chan int32, 20)
	c.open(0, func(on Thread, op, event, id int32) {
		if event == int32(pay.EvPending) {
			if n, code := c.l.EventInt(on, 0, txt("kind")); n != int64(pay.EvPending) || code != 0 {
				t.Errorf("event_int inside: %d %v", n, code)
			}
			told <- op
		}
	})
	c.start(pay.KindOnline, clienttest.Stay, "r1")
	if op := <-told; op != 0 {
		t.Errorf("op %d", op)
	}
}

func TestAClassicCallCallsBackOnItsOwnThreadAfterTheHandleIsThere(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount)
	handle, events := int32(0), []int32{}
	c.open(0, func(on Thread, op, event, id int32) {
		if event == int32(pay.EvPending) {
			return
		}
		if on != th || op != handle || op == 0 {
			t.Errorf("callback on thread %d of op %d, handle %d", on, op, handle)
		}
		events = append(events, event)
		if pay.EventKind(event) == pay.EvQRShow {
			c.l.Cancel(on, op, txt("Esc"))
		}
	})
	code := c.l.PayOnline(th, c.h, txt("sendy"), clienttest.ShowQR, txt("r1"), func(op int32) { handle = op })
	if code != pay.CodeCancelled || !slices.Equal(events, []int32{1, 77, 3, 4}) {
		t.Errorf("%v, events %v", code, events)
	}
	if code := c.l.Outcome(th, handle); code != pay.CodeCancelled {
		t.Errorf("the handle afterwards: %v", code)
	}
}

func TestWithoutACallbackAnOnlinePaymentNeedsAPlaceForItsQR(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	c.host.Infos["capabilities"] = `{"kinds":["pay.online"]}`
	if code := c.l.PayOnline(th, c.h, txt("sendy"), clienttest.Approve, txt("r1"), func(int32) {}); code != pay.ErrNeedsPrompt || len(c.host.Begun()) != 0 {
		t.Errorf("%v, begun %v", code, c.host.Begun())
	}
	c.host.Infos["capabilities"] = `{"qr_place":"printer"}`
	if code := c.l.PayOnline(th, c.h, txt("sendy"), clienttest.Approve, txt("r1"), func(int32) {}); code != pay.CodeOK {
		t.Errorf("with a place: %v", code)
	}
	if o := c.host.Operation("r1"); !o.Request.GetNoPrompts() {
		t.Error("prompts without anybody to answer them")
	}
}

func TestClassicCallsSendWhatTheyWereGiven(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	none := func(int32) {}
	c.l.PayOffline(th, c.h, txt("sendy"), 5000, txt("off"), txt(`2812"34`), none)
	c.l.Refund(th, c.h, txt("off"), 1000, txt("back"), none)
	c.l.CloseDay(th, c.h, txt("sendy"), true, none)
	c.l.Report(th, c.h, txt("sendy"), txt(`{"shift":31}`), none)
	want := []struct{ ref, module, kind, params string }{
		{"off", "sendy", "pay.offline", `{"code":"2812\"34"}`}, {"back", "", "refund", `{"original_ref":"off"}`},
		{"close-sendy-31", "sendy", "close_day", `{"detailed":true}`}, {"report-", "sendy", "report", `{"shift":31}`},
	}
	begun := c.host.Begun()
	if len(begun) != len(want) {
		t.Fatalf("begun %v", begun)
	}
	for i, w := range want {
		r := c.host.Operation(begun[i]).Request
		if !strings.HasPrefix(r.GetRef(), w.ref) || r.GetModule() != w.module || r.GetKind() != w.kind || r.GetParams() != w.params {
			t.Errorf("%v, want %v", r, w)
		}
	}
}

func TestARefusalHasItsWordsForItsThreadOnly(t *testing.T) {
	c := newCounter(t, nil).open(0, nil)
	c.host.Refuse = func(*hostv1.BeginRequest) *pay.Error { return &pay.Error{Code: pay.ErrBusy} }
	op, code := c.l.Start(7, c.h, txt("sendy"), txt("pay.online"), 5, txt("r1"), Text{})
	if code != pay.ErrBusy || op != 0 {
		t.Fatalf("start: %v, op %d", code, op)
	}
	if c.l.LastCode(7, c.h) != pay.ErrBusy || len(c.l.LastError(7, c.h).data) == 0 || len(c.l.LastHint(7, c.h).data) == 0 {
		t.Errorf("thread 7: %v %s", c.l.LastCode(7, c.h), c.l.LastError(7, c.h).data)
	}
	if code := c.l.LastCode(8, c.h); code != 0 {
		t.Errorf("thread 8: %v", code)
	}
}

func TestWhatIsWrongWithACallIsRefusedBeforeTheHostHearsOfIt(t *testing.T) {
	c := newCounter(t, clienttest.ByAmount).open(0, nil)
	long := strings.Repeat("1", 10<<10)
	for _, k := range []struct {
		name, module, kind string
		amount             int64
		ref, params        string
		want               pay.Code
	}{
		{"an empty module", "", "pay.online", 5, "r", "", pay.ErrArgument},
		{"an unknown kind", "sendy", "pay.twice", 5, "r", "", pay.ErrArgument},
		{"an amount of 0", "sendy", "pay.online", 0, "r", "", pay.ErrArgument},
		{"an amount below 0", "sendy", "pay.online", -1, "r", "", pay.ErrArgument},
		{"an amount of a report", "sendy", "report", 1, "r", "", pay.ErrArgument},
		{"an empty ref", "sendy", "pay.online", 5, "", "", pay.ErrArgument},
		{"a ref of 65 characters", "sendy", "pay.online", 5, strings.Repeat("a", 65), "", pay.ErrArgument},
		{"a ref with a space", "sendy", "pay.online", 5, "a b", "", pay.ErrArgument},
		{"a reversal's ref", "sendy", "pay.online", 5, "a~1", "", pay.ErrArgument},
		{"params that are not JSON", "sendy", "pay.online", 5, "r", "{", pay.ErrArgument},
		{"params that are a list", "sendy", "pay.online", 5, "r", "[]", pay.ErrArgument},
		{"params that are not UTF-8", "sendy", "pay.online", 5, "r", "{\"receipt\":\"\xff\"}", pay.ErrEncoding},
		{"a module that is not UTF-8", "\xff", "pay.online", 5, "r", "", pay.ErrEncoding},
		{"a code of 10 KB", "sendy", "pay.offline", 5, "r", `{"code":"` + long + `"}`, pay.ErrArgument},
		{"a code with a control character", "sendy", "pay.offline", 5, "r", `{"code":"12\u001b34"}`, pay.ErrArgument},
	} {
		op, code := c.l.Start(th, c.h, txt(k.module), txt(k.kind), k.amount, txt(k.ref), txt(k.params))
		if code != k.want || op != 0 || c.l.LastCode(th, c.h) != k.want {
			t.Errorf("%s: %v, want %v", k.name, code, k.want)
		}
	}
	for name, code := range map[string]pay.Code{
		"an empty scanned code":       c.l.PayOffline(th, c.h, txt("sendy"), 5, txt("r"), Text{}, nil),
		"a scanned code too long":     c.l.PayOffline(th, c.h, txt("sendy"), 5, txt("r"), Text{Bytes: []byte("1"), Long: true}, nil),
		"a scanned control code":      c.l.PayOffline(th, c.h, txt("sendy"), 5, txt("r"), txt("1\x1b2"), nil),
		"a refund of nothing":         c.l.Refund(th, c.h, Text{}, 5, txt("r"), nil),
		"a width of 23":               c.l.Slip(th, c.start(pay.KindOnline, clienttest.Approve, "w"), 1, txt("text"), Text{}, 23).Code,
		"an option that nobody has":   c.l.SetOption(th, c.h, txt("color"), txt("red")),
		"an encoding that no one has": c.l.SetOption(th, c.h, txt("text.encoding"), txt("koi8-r")),
		"resolving without a reason":  c.l.Resolve(th, c.h, txt("w"), true, txt(" ")),
	} {
		if code != pay.ErrArgument {
			t.Errorf("%s: %v", name, code)
		}
	}
	if got := c.host.Begun(); len(got) != 1 {
		t.Errorf("begun %v", got)
	}
}
