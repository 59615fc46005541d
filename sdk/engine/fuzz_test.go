package engine

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// FuzzStep: whatever state a journal holds, no event makes the engine panic, and the outcome of what is settled stays.
func FuzzStep(f *testing.F) {
	f.Add([]byte(`{"kind":"pay.online","amount":100,"currency":"RUB","phase":1,"qr":{"Payload":"p"},"told":true,"cancel_asked":true}`), byte(Fired), byte(TimerCancel), byte(0))
	f.Add([]byte(`{"kind":"pay.offline","phase":2,"outcome":"approved","charged":true,"approved":1,"reversal":1}`), byte(ReversalEnded), byte(0), byte(1))
	f.Add([]byte(`{"kind":"reversal","phase":9,"reversals":-1,"reversal":1,"look_at":"2026-11-22T12:00:00Z"}`), byte(Recovered), byte(CallCommit), byte(provider.Approved))
	f.Fuzz(func(t *testing.T, raw []byte, what, which, verdict byte) {
		var s State
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		s.Able, s.Terms = Abilities{Counts: which&1 != 0, Prepares: which&2 != 0, Cancels: which&4 != 0, Reverses: which&8 != 0}, DefaultTerms()
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		events := []Event{{What: Recovered, Now: now, Resendable: true}, {What: What(what), Now: now, Timer: Timer(which % byte(Timers)), Reversal: s.Reversals,
			Outcome: pay.Outcome(verdict % 4), Charged: which&1 != 0, By: "b"}}
		for _, e := range events {
			before := s
			s, _ = Step(s, e)
			if before.Phase == Settled && before.Final() && s.Outcome != before.Outcome {
				t.Fatalf("%v made %v of %v", e.What, s.Outcome, before.Outcome)
			}
			// A call that came of it returns with any word.
			if c := s.Calling(); c != NoCall {
				before = s
				s, _ = Step(s, Event{What: Replied, Now: now, Call: c, Reply: provider.Reply{Verdict: provider.Verdict(verdict), Amount: s.Amount,
					QR: &provider.QR{Payload: "p"}, Prompt: &provider.Prompt{ID: "q", Kind: pay.EvConfirm}}, NotSent: which&16 != 0})
				if before.Phase == Settled && before.Final() && s.Outcome != before.Outcome {
					t.Fatalf("a reply made %v of %v", s.Outcome, before.Outcome)
				}
			}
			if _, err := json.Marshal(s); err != nil {
				t.Fatal(err)
			}
		}
	})
}
