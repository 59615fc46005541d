package shell

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// holding keeps some calls in hand until they are let go, whatever becomes of their context.
func (w *world) holding(calls ...string) (letGo func()) {
	held := make(chan struct{})
	stop := on(refused, calls...)
	w.bank.trouble(func(ctx context.Context, call string, op provider.Operation) fault {
		if stop(ctx, call, op) == refused {
			<-held
		}
		return none
	})
	return func() { close(held); synctest.Wait() }
}

// rests lets the module finish what is in hand, as before it leaves.
func (w *world) rests() (rested chan struct{}) {
	rested = make(chan struct{})
	go func() { w.shell().Rest(context.Background()); close(rested) }()
	synctest.Wait()
	return rested
}

func TestWhatIsAboutToLeaveFinishesTheExchangeInHandAndBeginsNoOther(t *testing.T) {
	for _, c := range []struct {
		kind        pay.Kind
		held, never string
		outcome     pay.Outcome // after the restart
	}{
		{pay.KindOnline, "counters", "prepare p", pay.Cancelled},
		{pay.KindOffline, "counters", "commit p", pay.Cancelled},
		{pay.KindOffline, "commit", "inquire p", pay.Approved},
	} {
		t.Run(string(c.kind)+" "+c.held, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				letGo := w.holding(c.held)
				w.mustBegin(c.kind, "p")
				synctest.Wait()
				rested := w.rests()
				letGo()
				<-rested
				w.stop()
				if n := w.bank.asked(c.never); n != 0 {
					t.Errorf("the bank was asked %v", w.bank.calls)
				}
				w.start(0)
				w.wantEnd("p", c.outcome)
				w.wantBooks()
			})
		})
	}
}

func TestALostAnswerIsAskedAfterAtTheNextStart(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		held := make(chan struct{})
		w.bank.trouble(func(_ context.Context, call string, _ provider.Operation) fault {
			if call != "commit" {
				return none
			}
			<-held
			return answerLost
		})
		w.mustBegin(pay.KindOffline, "p")
		synctest.Wait()
		rested := w.rests()
		if err := w.shell().Cancel(t.Context(), "p", "esc", "till-1"); err != nil {
			t.Fatal(err)
		}
		close(held)
		<-rested
		later(time.Millisecond)
		w.stop()
		if w.bank.asked("inquire p") != 0 || w.bank.asked("cancel p") != 0 {
			t.Errorf("the bank was asked %v", w.bank.calls)
		}
		w.start(0)
		w.wantEnd("p", pay.Approved) // the customer was faster
	})
}

func TestARestThatIsNotTheEndHoldsNothingBack(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		letGo := w.holding("counters")
		w.mustBegin(pay.KindOffline, "p")
		synctest.Wait()
		rested := w.rests()
		letGo()
		<-rested
		w.wantEnd("p", pay.Approved)
		w.wantBooks()
	})
}

func TestADriverThatIgnoresTheEndOfItsCallHoldsNothingUpAndIsNotCalledForMoneyBesideIt(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		letGo := w.holding("commit p") // the request has not left yet
		w.mustBegin(pay.KindOffline, "p")
		later(2 * time.Minute)
		if v := w.view("p"); v.Running || v.Outcome != pay.Unknown || v.Pending != "unknown" {
			t.Errorf("it is %+v", v)
		}
		if w.bank.asked("inquire p") < 3 {
			t.Errorf("nobody asks after it: %v", w.bank.calls)
		}
		later(10 * time.Minute)
		w.wantEnd("p", pay.Cancelled) // barred at the bank when the customer's time was over
		if n := w.bank.asked("commit p"); n != 1 {
			t.Errorf("it was sent %d times: %v", n, w.bank.calls)
		}
		letGo()
		later(time.Minute)
		w.wantBooks()
	})
}

func TestADriverThatCameBackLateIsAskedForTheTruth(t *testing.T) {
	for _, arrived := range []bool{true, false} {
		inBubble(t, func(t *testing.T, w *world) {
			w.options.Terms = terms(func(x *engine.Terms) { x.Wait = time.Hour })
			w.stop()
			w.start(0)
			held := make(chan struct{})
			var deaf atomic.Bool
			w.bank.trouble(func(_ context.Context, call string, op provider.Operation) fault {
				switch {
				case call == "commit":
					if arrived {
						w.bank.put(op, pay.Key{}, none)
					}
					<-held
				case deaf.Load():
					return lost
				}
				return none
			})
			w.mustBegin(pay.KindOffline, "p")
			synctest.Wait()
			deaf.Store(true)
			later(5 * time.Minute)
			deaf.Store(false)
			asked := len(w.bank.calls)
			close(held)
			synctest.Wait() // without waiting for a pause to end
			if len(w.bank.calls) == asked {
				t.Errorf("nobody asked")
			}
			w.wantEnd("p", pay.Approved)
			w.wantBooks()
		})
	}
}

// TestMoneyThatADriverMovesLongAfterItWasGivenUpIsFound: the driver sends in spite of its call's end, once the operation was asked after for long.
func TestMoneyThatADriverMovesLongAfterItWasGivenUpIsFound(t *testing.T) {
	for _, c := range []struct {
		name    string
		cancel  fault
		outcome pay.Outcome
	}{
		{"while nobody knows", lost, pay.Approved}, // that the bank does not know it proves nothing as long as it may still be sent
		{"after it was cancelled", none, pay.Cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.options.About.Traits.Horizon = 10 * time.Minute
				w.stop()
				w.start(0)
				held := make(chan struct{})
				w.bank.trouble(func(_ context.Context, call string, op provider.Operation) fault {
					if call == "commit" {
						<-held
						w.bank.mu.Lock()
						delete(w.bank.accounts, op.Key) // where it was barred, the bank forgot
						w.bank.mu.Unlock()
						w.bank.put(op, pay.Key{}, none)
					}
					if call == "cancel" {
						return c.cancel
					}
					return none
				})
				w.mustBegin(pay.KindOffline, "p")
				later(30 * time.Minute)
				close(held)
				w.wantEnd("p", c.outcome)
				later(time.Minute)
				kept := pay.Amount(0)
				if c.outcome == pay.Approved {
					kept = 12345
				}
				if v := w.view("p"); w.bank.kept(w.row("p").Key) != kept || (v.Reversal == pay.ReversalDone) != (kept == 0) {
					t.Errorf("the bank keeps %v of %+v", w.bank.kept(w.row("p").Key), v)
				}
			})
		})
	}
}

func TestADriverThatNeverComesBackDoesNotKeepTheModuleFromLeaving(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		letGo := w.holding("commit p")
		w.mustBegin(pay.KindOffline, "p")
		synctest.Wait()
		w.stop()
		letGo()
		w.bank.trouble(nil)
		w.start(0)
		w.wantEnd("p", pay.Approved)
		w.wantBooks()
	})
}
