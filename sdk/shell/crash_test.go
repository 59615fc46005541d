package shell

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// goexit ends the goroutine that is about to do the next thing, as a crash would.
func goexit() { runtime.Goexit() }

// scenario is what a till does. It is done again from its beginning after a crash: the refs say what is the same.
type scenario struct {
	name  string
	bank  func(*bank)
	plain bool
	till  func(w *world)
}

func sell(kind pay.Kind, ref pay.Ref, ack pay.Ack) func(w *world) {
	return func(w *world) {
		if _, err := w.begin(pay.Request{Ref: ref, Kind: kind}); err != nil {
			return
		}
		if told, err := w.watch(ref); err == nil && told[len(told)-1].Outcome == pay.Approved && ack != pay.AckNone {
			_ = w.acknowledge(ref, ack)
		}
	}
}

var scenarios = []scenario{
	{"an offline payment", nil, false, sell(pay.KindOffline, "p", pay.AckConfirm)},
	{"a payment that the customer confirms", func(b *bank) { b.customer = 5 * time.Second }, true, sell(pay.KindOffline, "p", pay.AckConfirm)},
	{"a QR code", func(b *bank) { b.customer = 5 * time.Second }, false, sell(pay.KindOnline, "p", pay.AckConfirm)},
	{"a payment that is given back", nil, false, sell(pay.KindOffline, "p", pay.AckReverse)},
	{"a decline", func(b *bank) { b.trouble(on(refused, "commit")) }, false, sell(pay.KindOffline, "p", pay.AckNone)},
	{"a lost answer", func(b *bank) {
		first := true
		b.trouble(func(_ context.Context, call string, _ provider.Operation) fault {
			if call == "commit" && first {
				first = false
				return answerLost
			}
			return none
		})
	}, true, sell(pay.KindOffline, "p", pay.AckConfirm)},
	{"an abandoned payment that was made all the same", func(b *bank) {
		b.trouble(func(ctx context.Context, call string, op provider.Operation) fault {
			if call == "cancel" && time.Since(op.Begun) < time.Minute {
				return lost
			}
			return on(answerLost, "commit")(ctx, call, op)
		})
	}, true, func(w *world) {
		if _, err := w.begin(pay.Request{Ref: "p", Kind: pay.KindOffline}); err != nil {
			return
		}
		_ = w.acknowledge("p", pay.AckReverse)
		_, _ = w.watch("p")
	}},
	{"a refund, and the close of the day", nil, false, func(w *world) {
		sell(pay.KindOffline, "p", pay.AckConfirm)(w)
		refund := pay.Request{Ref: "r", Kind: pay.KindRefund, Amount: 345, Params: pay.Params{OriginalRef: "p"}}
		if _, err := w.begin(refund); err == nil {
			_, _ = w.watch("r")
		}
		if _, err := w.begin(pay.Request{Ref: "close-bank-5", Kind: pay.KindCloseDay}); err == nil {
			_, _ = w.watch("close-bank-5")
		}
	}},
}

// TestACrashAnywhereLosesNoMoneyAndTakesNoneTwice ends the module at each point at which it is about to do something, starts it again, and
// compares the books.
func TestACrashAnywhereLosesNoMoneyAndTakesNoneTwice(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for at := 1; ; at++ {
				name := ""
				if t.Run("", func(t *testing.T) { name = crashAt(t, s, at) }); name == "" || t.Failed() {
					t.Logf("%d points", at-1)
					if at < 10 && !t.Failed() {
						t.Errorf("there were %d points to crash at", at-1)
					}
					return
				}
			}
		})
	}
}

// crashAt gives the name of the point; "": there is none of this number any more.
func crashAt(t *testing.T, s scenario, at int) (name string) {
	w := newWorld(t)
	w.plain = s.plain
	if s.bank != nil {
		s.bank(w.bank)
	}
	synctest.Test(t, func(t *testing.T) {
		w.t = t
		w.start(at)
		done := w.goTill(s.till)
		select {
		case <-done:
			later(3 * time.Hour) // a reversal may still be under way
		case <-w.life.dead:
		}
		if name = w.life.name; name != "" {
			w.stop()
			<-done
			later(time.Second)
			w.start(0)
			select {
			case <-w.goTill(s.till):
			case <-time.After(24 * time.Hour):
				t.Errorf("it never ends; the bank was asked %v", w.bank.calls[:min(len(w.bank.calls), 40)])
			}
			later(3 * time.Hour)
		}
		w.wantBooks()
		if t.Failed() {
			t.Logf("crashed at point %d, %s", at, name)
		}
		w.stop()
	})
	return name
}

func (w *world) goTill(till func(*world)) chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		till(w)
	}()
	return done
}
