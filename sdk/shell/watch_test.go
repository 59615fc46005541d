package shell

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// listen collects the events of a watch that goes on in the background.
type listener struct {
	mu     sync.Mutex
	events []pay.Event
	err    error
	ended  chan struct{}
}

func (w *world) listen(ref pay.Ref, after int64) *listener {
	l := &listener{ended: make(chan struct{})}
	sh := w.shell()
	go func() {
		defer close(l.ended)
		err := sh.Watch(context.Background(), ref, after, true, func(e pay.Event) error {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.events = append(l.events, e)
			return nil
		})
		l.mu.Lock()
		defer l.mu.Unlock()
		l.err = err
	}()
	synctest.Wait()
	return l
}

func (l *listener) last(kind pay.EventKind) (last pay.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == kind {
			last = e
		}
	}
	return last
}

func (l *listener) numbers() (list []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		list = append(list, e.Number)
	}
	return list
}

func (l *listener) outcomes() (list []pay.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == pay.EvOutcome {
			list = append(list, e.Operation.Outcome)
		}
	}
	return list
}

func TestEventsAreNumberedAndReplayedAcrossRestarts(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.customer = time.Minute
		w.mustBegin(pay.KindOnline, "p")
		first := w.listen("p", 0)
		later(10 * time.Second)
		if first.last(pay.EvQRShow).Payload == "" || !slices.IsSorted(first.numbers()) {
			t.Errorf("events %+v", first.events)
		}
		seen := slices.Max(first.numbers())
		w.restart()
		<-first.ended
		if pay.CodeOf(first.err) != pay.ErrModuleDown {
			t.Errorf("the watch ended with %v", first.err)
		}
		second := w.listen("p", seen)
		if second.last(pay.EvQRShow).Payload == "" || slices.Min(second.numbers()) <= seen {
			t.Errorf("after a restart: %v behind %d", second.numbers(), seen)
		}
		<-second.ended
		if got := second.outcomes(); len(got) != 1 || got[0] != pay.Approved || second.err != nil || second.events[len(second.events)-1].Kind != pay.EvOutcome {
			t.Errorf("outcomes %v, %v", got, second.err)
		}
		again := w.listen("p", slices.Max(second.numbers())) // of one that is forgotten, by one who has heard
		<-again.ended
		if got := again.outcomes(); len(got) != 1 || len(again.numbers()) != 1 || again.numbers()[0] <= slices.Max(second.numbers()) {
			t.Errorf("told again: %v %v", got, again.numbers())
		}
	})
}

func TestAClockThatWentBackHidesNoEvent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.customer = time.Minute
		w.mustBegin(pay.KindOnline, "p")
		later(time.Second)
		future := time.Now().Add(24 * time.Hour).UnixMicro()
		l := w.listen("p", future)
		if l.last(pay.EvQRShow).Number <= future {
			t.Errorf("the QR code is not told: %v", l.numbers())
		}
		<-l.ended
		if got := l.outcomes(); len(got) != 1 || got[0] != pay.Approved {
			t.Errorf("outcomes %v", got)
		}
		if err := w.shell().Watch(t.Context(), "p", 1<<62+1, false, nil); pay.CodeOf(err) != pay.ErrArgument {
			t.Errorf("an absurd number: %v", err)
		}
		if err := w.shell().Watch(t.Context(), "nothing", 0, false, nil); pay.CodeOf(err) != pay.ErrNotFound {
			t.Errorf("nothing to watch: %v", err)
		}
	})
}

func TestUnknownIsToldAndThenTheOneFinalOutcome(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.trouble(on(lost, "inquire", "cancel"))
		w.mustBegin(pay.KindOffline, "p")
		w.wantEnd("p", pay.Approved)
		w.bank.trouble(on(answerLost, "commit", "inquire"))
		w.mustBegin(pay.KindOffline, "u")
		l := w.listen("u", 0)
		later(time.Minute)
		if got := l.outcomes(); !slices.Equal(got, []pay.Outcome{pay.Unknown}) {
			t.Errorf("told %v", got)
		}
		w.restart()
		late := w.listen("u", 0)
		if got := late.outcomes(); !slices.Equal(got, []pay.Outcome{pay.Unknown}) {
			t.Errorf("one who comes after a restart is told %v", got)
		}
		w.bank.trouble(nil)
		<-late.ended
		if got := late.outcomes(); !slices.Equal(got, []pay.Outcome{pay.Unknown, pay.Approved}) || late.err != nil {
			t.Errorf("told %v, %v", got, late.err)
		}
	})
}

func TestAWatchThatIsDroppedStopsNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.customer = 10 * time.Second
		w.mustBegin(pay.KindOnline, "p")
		full := errors.New("the till is gone")
		if err := w.shell().Watch(t.Context(), "p", 0, true, func(pay.Event) error { return full }); !errors.Is(err, full) {
			t.Errorf("watch: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.shell().Watch(ctx, "p", 0, true, func(pay.Event) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("watch: %v", err)
		}
		w.wantEnd("p", pay.Approved)
	})
}

// asking is a driver with a question before the payment.
type asking struct {
	counting
	prompt provider.Prompt
}

func (d asking) Prepares(pay.Kind) bool { return true }

func (d asking) Prepare(context.Context, provider.Operation) (provider.Reply, error) {
	p := d.prompt
	return provider.Reply{Verdict: provider.Ask, Prompt: &p}, nil
}

func (d asking) Answer(_ context.Context, _ provider.Operation, a provider.Answer) (provider.Reply, error) {
	if a.Value == "again" {
		return d.Prepare(context.Background(), provider.Operation{})
	}
	return provider.Reply{Verdict: provider.Ready}, nil
}

func asked(t *testing.T, p provider.Prompt, f func(t *testing.T, w *world)) {
	t.Helper()
	inBubble(t, func(t *testing.T, w *world) {
		w.shell().Reconfigure(asking{counting{driver{b: w.bank, life: w.life}}, p}, w.shell().config.Load().terms, "en", 1)
		f(t, w)
	})
}

func TestOfTwoAnswersTheFirstCounts(t *testing.T) {
	asked(t, provider.Prompt{ID: "otp", Kind: pay.EvInput, Min: 1, Max: 6}, func(t *testing.T, w *world) {
		w.mustBegin(pay.KindOffline, "p")
		l := w.listen("p", 0)
		first := l.last(pay.EvInput).Number
		answer := func(number int64, value string) pay.Code {
			code := pay.CodeOf(w.shell().Answer(t.Context(), "p", number, value, "till-1"))
			synctest.Wait()
			return code
		}
		for value, want := range map[string]pay.Code{"": pay.ErrArgument, "1234567": pay.ErrArgument, "1\n": pay.ErrArgument} {
			if code := answer(first, value); code != want {
				t.Errorf("answer %q: %v", value, code)
			}
		}
		if code := answer(first, "again"); code != 0 {
			t.Errorf("the first answer: %v", code)
		}
		if code := answer(first, "123"); code != pay.ErrState {
			t.Errorf("the second: %v", code)
		}
		if l.last(pay.EvPromptGone).ID != "otp" {
			t.Errorf("nobody told that the prompt is gone")
		}
		second := l.last(pay.EvInput).Number
		if second <= first || answer(second, "123") != 0 {
			t.Errorf("the question that was asked again cannot be answered")
		}
		<-l.ended
		if got := l.outcomes(); !slices.Equal(got, []pay.Outcome{pay.Approved}) {
			t.Errorf("told %v", got)
		}
		if code := answer(second, "123"); code != pay.ErrState {
			t.Errorf("an answer after the end: %v", code)
		}
	})
}

func TestAnAnswerMustBeOneOfThose(t *testing.T) {
	for _, c := range []struct {
		prompt    provider.Prompt
		good, bad string
	}{
		{provider.Prompt{ID: "a", Kind: pay.EvConfirm}, "1", "yes"},
		{provider.Prompt{ID: "a", Kind: pay.EvPrint}, "0", ""},
		{provider.Prompt{ID: "a", Kind: pay.EvChoice, Items: []pay.Choice{{ID: "sendy"}, {ID: "wechat"}}}, "wechat", "alipay"},
		{provider.Prompt{ID: "a", Kind: pay.EvInput}, "абв", string(make([]rune, maxAnswer))},
	} {
		if err := fits(&c.prompt, c.good); err != nil {
			t.Errorf("%v: %q is refused: %v", c.prompt.Kind, c.good, err)
		}
		if err := fits(&c.prompt, c.bad); pay.CodeOf(err) != pay.ErrArgument {
			t.Errorf("%v: %q fits", c.prompt.Kind, c.bad)
		}
	}
	if fits(&provider.Prompt{Kind: pay.EvInput}, string(make([]byte, maxAnswer+1))) == nil {
		t.Errorf("an endless answer fits")
	}
}

func TestACrashWhileAQuestionIsOpenIsCancelled(t *testing.T) {
	asked(t, provider.Prompt{ID: "otp", Kind: pay.EvInput}, func(t *testing.T, w *world) {
		w.mustBegin(pay.KindOffline, "p")
		synctest.Wait()
		w.restart()
		if v := w.wantEnd("p", pay.Cancelled); v.Code != "PR_E_MODULE_DOWN" || w.bank.asked("commit p") != 0 {
			t.Errorf("it is %+v", v)
		}
	})
}

func TestACancelBeforeTheRequestNeedsNoProof(t *testing.T) {
	asked(t, provider.Prompt{ID: "otp", Kind: pay.EvInput}, func(t *testing.T, w *world) {
		w.mustBegin(pay.KindOffline, "p")
		synctest.Wait()
		if err := w.shell().Cancel(t.Context(), "p", "esc", "till-1"); err != nil {
			t.Fatal(err)
		}
		w.wantEnd("p", pay.Cancelled)
		if err := w.shell().Cancel(t.Context(), "p", "esc", "till-1"); pay.CodeOf(err) != pay.ErrState {
			t.Errorf("a cancel after the end: %v", err)
		}
		if w.bank.asked("commit p") != 0 {
			t.Errorf("it was sent")
		}
	})
}
