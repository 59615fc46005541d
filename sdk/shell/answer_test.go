package shell

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func TestOfTwoAnswersAtTheSameMomentOneIsTaken(t *testing.T) {
	asked(t, provider.Prompt{ID: "otp", Kind: pay.EvInput, Min: 1, Max: 6}, func(t *testing.T, w *world) {
		w.mustBegin(pay.KindOffline, "p")
		l := w.listen("p", 0)
		s, number := w.shell(), l.last(pay.EvInput).Number
		o, err := s.find(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		defer s.release(o)
		o.mu.Lock()
		o.stepping = true // an earlier step is being written, so that neither answer is dealt with before the other comes
		o.mu.Unlock()
		if err := s.Answer(t.Context(), "p", number, "123", "till-1"); err != nil {
			t.Errorf("the first answer: %v", err)
		}
		if err := s.Answer(t.Context(), "p", number, "456", "till-1"); pay.CodeOf(err) != pay.ErrState {
			t.Errorf("the second, which will never be used: %v", err)
		}
		o.mu.Lock()
		o.stepping = s.spawn(o.run)
		o.mu.Unlock()
		synctest.Wait()
		<-l.ended
		if got := l.outcomes(); len(got) != 1 || got[0] != pay.Approved {
			t.Errorf("told %v", got)
		}
	})
}

// signing is a driver that a command's question is answered to.
type signing struct{ driver }

func (signing) Answer(_ context.Context, op provider.Operation, a provider.Answer) (provider.Reply, error) {
	if op.Kind != pay.KindCommand || op.Params.Name != "cards" || a.Value != "7900" {
		return provider.Reply{}, errLost
	}
	return provider.Reply{Verdict: provider.Ready}, nil
}

func TestACommandAsksAndRunsAgainAndKnowsWhoAsked(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.shell().Reconfigure(signing{driver{b: w.bank, life: w.life}}, w.shell().config.Load().terms, "en", 1)
		var calls []CommandCall
		w.shell().Command("cards", func(_ context.Context, c CommandCall) (provider.Reply, error) {
			if calls = append(calls, c); len(calls) == 1 {
				return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: "phone", Kind: pay.EvInput}}, nil
			}
			return provider.Reply{Verdict: provider.Approved}, nil
		})
		if _, err := w.begin(pay.Request{Ref: "c", Kind: pay.KindCommand, Params: pay.Params{Name: "cards"}, Full: true}); err != nil {
			t.Fatal(err)
		}
		l := w.listen("c", 0)
		if err := w.shell().Answer(t.Context(), "c", l.last(pay.EvInput).Number, "7900", "till-1"); err != nil {
			t.Fatal(err)
		}
		<-l.ended
		w.wantEnd("c", pay.Approved)
		if len(calls) != 2 || calls[0].Key.IsZero() || calls[0].Key != calls[1].Key || !calls[0].Full || !calls[1].Full {
			t.Errorf("%+v", calls)
		}
	})
}

func TestWhatAnOperationWaitsForIsShownUntilAWordComes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.customer = time.Hour
		d := &waiting{driver: driver{b: w.bank, life: w.life}}
		d.blocked.Store(true)
		w.shell().Reconfigure(d, w.shell().config.Load().terms, "en", 1)
		w.mustBegin(pay.KindPayout, "p")
		time.Sleep(time.Hour / 2)
		if v := w.view("p"); v.Outcome.Final() || v.Running || v.Text != "a login is needed" || v.Hint != "sign in" || v.Pending != "unknown" {
			t.Errorf("%+v", v)
		}
		d.blocked.Store(false)
		time.Sleep(2 * time.Minute)
		if v := w.view("p"); v.Text == "a login is needed" {
			t.Errorf("a word came, and it still waits: %+v", v)
		}
		w.wantEnd("p", pay.Approved)
	})
}

// waiting is a driver that can ask nothing as long as it is blocked.
type waiting struct {
	driver
	blocked atomic.Bool
}

func (w *waiting) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if w.blocked.Load() {
		return provider.Reply{Text: "a login is needed", Hint: "sign in"}, nil
	}
	return w.driver.Inquire(ctx, op)
}
