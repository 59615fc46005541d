package shell

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func (w *world) closeDay() (pay.Operation, error) {
	ref, _, err := w.shell().CloseRef(context.Background())
	if err != nil {
		return pay.Operation{}, err
	}
	return w.begin(pay.Request{Ref: ref, Kind: pay.KindCloseDay})
}

func (w *world) report(v pay.Operation) (r Report) {
	w.t.Helper()
	if err := json.Unmarshal(v.Result, &r); err != nil {
		w.t.Fatalf("%s: %v in %q", v.Ref, err, v.Result)
	}
	return r
}

func (w *world) pays(ref pay.Ref, outcome pay.Outcome) pay.Operation {
	w.t.Helper()
	w.mustBegin(pay.KindOffline, ref)
	return w.wantEnd(ref, outcome)
}

func TestACloseOfDaySumsUpOnceAndIsToldAgainWhileTheShiftIsEmpty(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("a", pay.Approved)
		w.bank.trouble(on(refused, "commit"))
		w.pays("b", pay.Declined)
		w.bank.trouble(nil)
		if _, err := w.closeDay(); err != nil {
			t.Fatal(err)
		}
		v := w.wantEnd("close-bank-5", pay.Approved)
		r := w.report(v)
		if !r.Closing || r.Shift != 5 || r.Counted != 1 || r.Total() != 12345 || len(r.Pending) != 0 || r.Provider == nil || r.Provider.Matched {
			t.Errorf("the close says %+v", r)
		}
		if v.CanConfirm || v.Slips != 1 {
			t.Errorf("the close is %+v", v)
		}
		again, err := w.closeDay()
		if err != nil || again.Ref != v.Ref || string(again.Result) != string(v.Result) {
			t.Errorf("of an empty shift: %+v, %v", again, err)
		}
		if w.bank.asked("close close-bank-5") != 1 {
			t.Errorf("the bank was asked %v", w.bank.calls)
		}
		if next := w.pays("c", pay.Approved); next.Shift != 6 || next.ProviderShift != 6 {
			t.Errorf("the next payment is in shift %d", next.Shift)
		}
		if _, err := w.begin(pay.Request{Ref: "close-bank-7", Kind: pay.KindCloseDay}); pay.CodeOf(err) != pay.ErrShift {
			t.Errorf("a close of another shift: %v", err)
		}
	})
}

func TestACloseIsRefusedWhileAnOperationRunsAndListsUnknownOnes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("a", pay.Approved)
		w.bank.trouble(on(lost, "commit u", "inquire u", "cancel u"))
		w.mustBegin(pay.KindOffline, "u")
		if _, err := w.closeDay(); pay.CodeOf(err) != pay.ErrBusy {
			t.Errorf("while u runs: %v", err)
		}
		later(time.Minute)
		if _, err := w.closeDay(); err != nil {
			t.Fatalf("while u is unknown: %v", err)
		}
		r := w.report(w.wantEnd("close-bank-5", pay.Approved))
		if len(r.Pending) != 1 || r.Pending[0].Ref != "u" || r.Counted != 1 {
			t.Errorf("the close says %+v", r)
		}
		w.bank.trouble(nil)
		if v := w.wantEnd("u", pay.Approved); v.Shift != 6 {
			t.Errorf("settled after its shift was closed, it counts in %d", v.Shift)
		}
		if _, err := w.closeDay(); err != nil {
			t.Fatal(err)
		}
		r = w.report(w.wantEnd("close-bank-6", pay.Approved))
		if r.Counted != 1 || len(r.Late) != 1 || r.Late[0].Shift != 5 {
			t.Errorf("the next close says %+v", r)
		}
		w.wantBooks()
	})
}

func TestNoMoneyBeginsWhileAShiftIsBeingClosed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("a", pay.Approved)
		w.bank.trouble(hang("close"))
		if _, err := w.closeDay(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := w.begin(pay.Request{Ref: "b", Kind: pay.KindOffline}); pay.CodeOf(err) != pay.ErrBusy {
			t.Errorf("a payment began: %v", err)
		}
		w.restart()
		w.bank.trouble(on(lost, "close"))
		if _, err := w.begin(pay.Request{Ref: "b", Kind: pay.KindOffline}); pay.CodeOf(err) != pay.ErrBusy {
			t.Errorf("a payment began after a restart: %v", err)
		}
		later(2 * time.Minute) // told Unknown: the till sells on
		w.pays("b", pay.Approved)
		w.bank.trouble(nil)
		if r := w.report(w.wantEnd("close-bank-5", pay.Approved)); r.Counted != 2 {
			t.Errorf("the close says %+v", r)
		}
		w.wantBooks()
	})
}

func TestAShiftThatWasClosedElsewhereMeanwhileKeepsItsEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("a", pay.Approved)
		w.bank.trouble(on(answerLost, "close"))
		if _, err := w.closeDay(); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		if v := w.pays("b", pay.Approved); v.Shift != 6 {
			t.Errorf("b is in shift %d", v.Shift)
		}
		w.bank.trouble(nil)
		if r := w.report(w.wantEnd("close-bank-5", pay.Approved)); r.Counted != 1 {
			t.Errorf("the close says %+v", r)
		}
		if _, err := w.closeDay(); err != nil {
			t.Fatal(err)
		}
		if r := w.report(w.wantEnd("close-bank-6", pay.Approved)); r.Counted != 1 {
			t.Errorf("the next close says %+v", r)
		}
	})
}

func TestARefusedCloseIsFollowedByAnother(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("a", pay.Approved)
		w.bank.trouble(on(refused, "close"))
		if _, err := w.closeDay(); err != nil {
			t.Fatal(err)
		}
		if v := w.wantEnd("close-bank-5", pay.Declined); v.Code != "PR_E_SHIFT" || v.Text != "not now" {
			t.Errorf("it is %+v", v)
		}
		w.bank.trouble(nil)
		if _, err := w.closeDay(); err != nil {
			t.Fatal(err)
		}
		if r := w.report(w.wantEnd("close-bank-5.2", pay.Approved)); r.Counted != 1 {
			t.Errorf("the close says %+v", r)
		}
	})
}

func TestACloseMayBearALaterTrysRefWhereAnEarlierOneNeverArrived(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("a", pay.Approved)
		if _, err := w.begin(pay.Request{Ref: "close-bank-5.2", Kind: pay.KindCloseDay}); err != nil {
			t.Fatal(err)
		}
		if r := w.report(w.wantEnd("close-bank-5.2", pay.Approved)); r.Shift != 5 || r.Total() != 12345 {
			t.Errorf("the close says %+v", r)
		}
		if again, err := w.closeDay(); err != nil || again.Ref != "close-bank-5.2" {
			t.Errorf("of an empty shift: %+v, %v", again, err)
		}
		w.pays("b", pay.Approved)
		if _, err := w.begin(pay.Request{Ref: "close-bank-5.3", Kind: pay.KindCloseDay}); pay.CodeOf(err) != pay.ErrShift {
			t.Errorf("a close of a shift that is over: %v", err)
		}
	})
}

func TestALateApprovalIsBookedWhereTheProviderSays(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.customer = -1
		w.options.Terms = terms(func(t *engine.Terms) { t.OrphanGrace = 24 * time.Hour })
		w.options.Driver = booking{counting{driver{b: w.bank, life: w.life}}, 5}
		w.stop()
		w.start(0)
		w.options.Driver = nil
		w.mustBegin(pay.KindOffline, "u")
		w.bank.trouble(on(lost, "inquire", "cancel"))
		later(2 * time.Minute)
		if _, err := w.closeDay(); err != nil {
			t.Fatal(err)
		}
		w.wantEnd("close-bank-5", pay.Approved)
		w.bank.mu.Lock()
		w.bank.accounts[w.row("u").Key].state = provider.Approved
		w.bank.mu.Unlock()
		w.bank.trouble(nil)
		if v := w.wantEnd("u", pay.Approved); v.Shift != 5 {
			t.Errorf("the provider booked it in 5, we in %d", v.Shift)
		}
	})
}

// booking says in which shift it booked.
type booking struct {
	counting
	shift int64
}

func (d booking) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	r, err := d.counting.Inquire(ctx, op)
	r.Shift = d.shift
	return r, err
}

func TestPaymentsAndClosesOfManyTillsNeitherBlockNorMiscount(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		done := make(chan struct{})
		for till := range 4 {
			go func() {
				defer func() { done <- struct{}{} }()
				for n := range 10 {
					r := pay.Request{Ref: pay.Ref(rune('a'+till)) + pay.Ref(rune('0'+n)), Kind: pay.KindOffline, PosID: string(rune('A' + till))}
					for {
						if _, err := w.begin(r); pay.CodeOf(err) != pay.ErrBusy {
							break
						}
						time.Sleep(time.Millisecond)
					}
					_, _ = w.watch(r.Ref)
				}
			}()
		}
		closes := 0
		for running := 4; running > 0; {
			select {
			case <-done:
				running--
			case <-time.After(time.Millisecond):
				if v, err := w.closeDay(); err == nil {
					_, _ = w.watch(v.Ref)
					closes++
				}
			}
		}
		counted := int64(0)
		shifts, err := w.journal.Shifts(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range shifts {
			if s.ClosedBy != "" {
				counted += w.report(w.view(s.ClosedBy)).Counted
			}
		}
		if open, err := w.journal.CurrentShift(t.Context()); err == nil && !open.Opened.IsZero() {
			r, err := w.shell().sum(t.Context(), journal.Query{Shift: open.Number})
			if err != nil {
				t.Fatal(err)
			}
			counted += r.Counted
		}
		if counted != 40 {
			t.Errorf("%d payments of 40 were counted, in %d closes", counted, closes)
		}
		w.wantBooks()
	})
}

func TestNothingIsBookedBetweenTheSumsAndTheEndOfAShift(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var closing, closed, booked atomic.Bool
		w.stop()
		w.options.Around = func(point string) {
			switch {
			case point != "write approved":
			case closing.Load(): // the sums are taken, the shift is still open
				if w.shell().booking.TryRLock() {
					w.shell().booking.RUnlock()
					t.Errorf("money could be booked now")
				}
				closed.Store(true)
			default:
				if w.shell().booking.TryLock() {
					w.shell().booking.Unlock()
					t.Errorf("sums could be taken while money is booked")
				}
				booked.Store(true)
			}
		}
		w.start(0)
		w.pays("p", pay.Approved)
		closing.Store(true)
		if _, err := w.closeDay(); err != nil {
			t.Fatal(err)
		}
		w.wantEnd("close-bank-5", pay.Approved)
		if !closed.Load() || !booked.Load() {
			t.Errorf("closed %v, booked %v", closed.Load(), booked.Load())
		}
	})
}
