package shell

import (
	"testing"
	"testing/synctest"

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
