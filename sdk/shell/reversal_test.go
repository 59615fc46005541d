package shell

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func TestARefusedReversalGoesOnUnderNewKeysAcrossRestarts(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.mustBegin(pay.KindOffline, "p")
		w.wantEnd("p", pay.Approved)
		w.bank.trouble(on(refused, "refund p~1", "refund p~2"))
		if err := w.acknowledge("p", pay.AckReverse); err != nil {
			t.Fatal(err)
		}
		later(200 * time.Millisecond)
		w.restart()
		if v := w.view("p"); v.Reversal != pay.ReversalUnderWay || v.Pending != "reversing" || v.Outcome != pay.Approved || v.Refundable != 0 {
			t.Errorf("it is %+v", v)
		}
		if v := w.wantEnd("p", pay.Approved); v.Reversal != pay.ReversalDone {
			t.Errorf("the watch ended before the money was back: %+v", v)
		}
		keys := map[pay.Key]bool{}
		for n, outcome := range []pay.Outcome{pay.Declined, pay.Declined, pay.Approved} {
			row := w.row(pay.Ref("p").Reversal(n + 1))
			if keys[row.Key] = true; row.Outcome != outcome {
				t.Errorf("reversal %d is %v", n+1, row.Outcome)
			}
		}
		if len(keys) != 3 {
			t.Errorf("the reversals have %d keys", len(keys))
		}
		w.wantBooks()
	})
}

func TestAReversalWaitsForARefundThatIsUnderWayAndGivesBackTheRest(t *testing.T) {
	for _, outcome := range []fault{none, refused} {
		inBubble(t, func(t *testing.T, w *world) {
			w.mustBegin(pay.KindOffline, "p")
			w.wantEnd("p", pay.Approved)
			slow := time.Now().Add(time.Hour)
			w.bank.trouble(func(_ context.Context, call string, op provider.Operation) fault {
				if op.Ref == "r" && time.Now().Before(slow) {
					return lost
				}
				return on(outcome, "refund r")(context.Background(), call, op)
			})
			if _, err := w.begin(pay.Request{Ref: "r", Kind: pay.KindRefund, Amount: 345, Params: pay.Params{OriginalRef: "p"}}); err != nil {
				t.Fatal(err)
			}
			later(time.Second)
			if err := w.acknowledge("p", pay.AckReverse); err != nil {
				t.Fatal(err)
			}
			later(time.Minute)
			if v := w.view("p"); v.Reversal != pay.ReversalUnderWay || w.bank.kept(w.row("p").Key) != 345 {
				t.Errorf("while the refund is unknown: %v kept, %+v", w.bank.kept(w.row("p").Key), v)
			}
			w.wantEnd("p", pay.Approved)
			later(3 * time.Hour)
			if kept := w.bank.kept(w.row("p").Key); kept != 0 {
				t.Errorf("the bank keeps %v", kept)
			}
			w.wantBooks()
		})
	}
}

func TestWhatRefundsHaveGivenBackAlreadyNeedsNoReversal(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.mustBegin(pay.KindOffline, "p")
		w.wantEnd("p", pay.Approved)
		for ref, amount := range map[pay.Ref]pay.Amount{"r1": 345, "r2": 12000} {
			if _, err := w.begin(pay.Request{Ref: ref, Kind: pay.KindRefund, Amount: amount, Params: pay.Params{OriginalRef: "p"}}); err != nil {
				t.Fatal(err)
			}
			w.wantEnd(ref, pay.Approved)
		}
		if v := w.view("p"); v.Refundable != 0 {
			t.Errorf("%v can still be refunded", v.Refundable)
		}
		if _, err := w.begin(pay.Request{Ref: "r3", Kind: pay.KindRefund, Amount: 1, Params: pay.Params{OriginalRef: "p"}}); pay.CodeOf(err) != pay.ErrLimit {
			t.Errorf("a refund beyond the payment: %v", err)
		}
		if err := w.acknowledge("p", pay.AckReverse); err != nil {
			t.Fatal(err)
		}
		if v := w.wantEnd("p", pay.Approved); v.Reversal != pay.ReversalDone {
			t.Errorf("it is %+v", v)
		}
		if _, err := w.journal.Operation(t.Context(), "p~1"); pay.CodeOf(err) != pay.ErrNotFound {
			t.Errorf("a reversal of nothing: %v", err)
		}
		w.wantBooks()
	})
}

// counter is a driver whose provider gives money back over the counter too, says so, and refuses more than is left.
type counter struct {
	driver
	mute *atomic.Bool // it does not say how much is left
}

func (d counter) giveBack(ctx context.Context, call string, op, original provider.Operation) (provider.Reply, error) {
	return d.do(ctx, call, op, func(f fault) provider.Reply {
		left := d.b.kept(original.Key)
		if op.Amount > left || call == "reverse" && op.Amount != left {
			f = refused
		}
		d.b.put(op, original.Key, f)
		r := d.b.word(op.Key)
		if r.Verdict == provider.Declined && !d.mute.Load() {
			r.Left = &left
		}
		return r
	})
}

func (d counter) Reverse(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	return d.giveBack(ctx, "reverse", op, original)
}

func (d counter) Refund(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	return d.giveBack(ctx, "refund", op, original)
}

// overTheCounter gives back a part of a payment behind the till's back.
func (b *bank) overTheCounter(payment pay.Key, amount pay.Amount) {
	key, err := pay.NewKey(nil)
	if err != nil {
		panic(err)
	}
	b.put(provider.Operation{Key: key, Amount: amount}, payment, none)
}

func TestAReversalOfWhatWentBackElsewhereAsksForTheRestAndIsListed(t *testing.T) {
	for _, c := range []struct {
		name              string
		elsewhere, refund pay.Amount
		crash, mute       bool
		asked             []string // of the bank
	}{
		{name: "a part", elsewhere: 345, asked: []string{"reverse p~1", "refund p~2"}},
		{name: "a part, after a refund of ours", elsewhere: 345, refund: 1000, asked: []string{"refund p~1", "refund p~2"}},
		{name: "all", elsewhere: 12345, asked: []string{"reverse p~1"}},
		{name: "all but our refund", elsewhere: 11345, refund: 1000, asked: []string{"refund p~1"}},
		{name: "a part, and a crash", elsewhere: 345, crash: true, asked: []string{"reverse p~1", "refund p~2"}},
		{name: "a part, told late", elsewhere: 345, mute: true, asked: []string{"reverse p~1", "reverse p~2", "reverse p~3", "reverse p~4", "refund p~5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				var mute atomic.Bool
				mute.Store(c.mute)
				use := func() {
					w.shell().Reconfigure(counter{driver{b: w.bank, life: w.life}, &mute}, w.shell().config.Load().terms, "en", 1)
				}
				use()
				w.pays("p", pay.Approved)
				if c.refund > 0 {
					if _, err := w.begin(pay.Request{Ref: "r", Kind: pay.KindRefund, Amount: c.refund, Params: pay.Params{OriginalRef: "p"}}); err != nil {
						t.Fatal(err)
					}
					w.wantEnd("r", pay.Approved)
				}
				w.bank.overTheCounter(w.row("p").Key, c.elsewhere)
				if err := w.acknowledge("p", pay.AckReverse); err != nil {
					t.Fatal(err)
				}
				if c.crash {
					later(100 * time.Millisecond)
					w.restart()
					use()
				}
				if c.mute {
					later(10 * time.Second)
					if v := w.view("p"); v.Reversal != pay.ReversalUnderWay || v.Pending != "reversing" {
						t.Errorf("it is not listed: %+v", v)
					}
					mute.Store(false)
				}
				later(2 * time.Hour)
				v := w.view("p")
				if v.Reversal != pay.ReversalDone || v.Pending != "contradiction" || !strings.Contains(v.Hint, c.elsewhere.String()) {
					t.Errorf("it came to %+v", v)
				}
				if kept := w.bank.kept(w.row("p").Key); kept != 0 {
					t.Errorf("the bank keeps %v", kept)
				}
				var asked []string
				for _, call := range w.bank.calls {
					if strings.Contains(call, "p~") && !strings.HasPrefix(call, "inquire") {
						asked = append(asked, call)
					}
				}
				if !slices.Equal(asked, c.asked) {
					t.Errorf("the bank was asked %v, want %v", asked, c.asked)
				}
			})
		})
	}
}

func TestARefundUnderWayIsNotTakenForMoneyThatWentBackElsewhere(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		inBubble(t, func(t *testing.T, w *world) {
			var mute atomic.Bool
			w.shell().Reconfigure(counter{driver{b: w.bank, life: w.life}, &mute}, w.shell().config.Load().terms, "en", 1)
			w.pays("p", pay.Approved)
			healed := time.Now().Add(20 * time.Minute)
			w.bank.trouble(func(_ context.Context, call string, op provider.Operation) fault {
				switch {
				case op.Ref != "r" || time.Now().After(healed) && arrives:
					return none
				case time.Now().After(healed):
					return on(refused, "refund")(context.Background(), call, op)
				case arrives && call == "refund":
					return answerLost
				}
				return lost
			})
			if _, err := w.begin(pay.Request{Ref: "r", Kind: pay.KindRefund, Amount: 1000, Params: pay.Params{OriginalRef: "p"}}); err != nil {
				t.Fatal(err)
			}
			later(time.Second)
			w.bank.overTheCounter(w.row("p").Key, 345)
			if err := w.acknowledge("p", pay.AckReverse); err != nil {
				t.Fatal(err)
			}
			later(4 * time.Hour)
			if v := w.view("p"); v.Reversal != pay.ReversalDone || v.Pending != "contradiction" || !strings.Contains(v.Hint, "3.45") {
				t.Errorf("arrives %v: it came to %+v; %v", arrives, v, w.bank.calls)
			}
			if kept := w.bank.kept(w.row("p").Key); kept != 0 {
				t.Errorf("arrives %v: the bank keeps %v; %v", arrives, kept, w.bank.calls)
			}
		})
	}
}

// wholeUndoing is a driver whose provider undoes a payment whole, and tells by the payment whether it did.
type wholeUndoing struct{ driver }

func (d wholeUndoing) undone(original pay.Key) provider.Reply {
	d.b.mu.Lock()
	defer d.b.mu.Unlock()
	for _, a := range d.b.accounts {
		if a.of == original {
			return provider.Reply{Verdict: provider.Approved, Amount: a.op.Amount, Currency: pay.RUB}
		}
	}
	return provider.Reply{Verdict: provider.NotDone}
}

func (d wholeUndoing) Reverse(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	return d.do(ctx, "reverse", op, func(f fault) provider.Reply {
		if d.undone(original.Key).Verdict != provider.Approved {
			d.b.put(op, original.Key, f)
		}
		return d.undone(original.Key)
	})
}

func (d wholeUndoing) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Kind != pay.KindReversal {
		return d.driver.Inquire(ctx, op)
	}
	return d.do(ctx, "inquire", op, func(fault) provider.Reply { return d.undone(op.Original.Key) })
}

func TestAReversalThatAPersonTookBackIsNotCountedBesideTheNext(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.plain = true
		w.restart()
		w.shell().Reconfigure(wholeUndoing{w.driver().(driver)}, engine.DefaultTerms(), "en", 1)
		w.mustBegin(pay.KindOffline, "p")
		w.wantEnd("p", pay.Approved)
		w.bank.trouble(on(lost, "reverse", "inquire"))
		if err := w.acknowledge("p", pay.AckReverse); err != nil {
			t.Fatal(err)
		}
		later(10 * time.Minute)
		if _, err := w.shell().Resolve(t.Context(), "p~1", false, "Anna: not on the statement"); err != nil {
			t.Fatal(err)
		}
		w.bank.trouble(nil)
		later(2 * time.Hour)
		if v := w.view("p"); v.Reversal != pay.ReversalDone {
			t.Errorf("the payment: %+v", v)
		}
		if row := w.row("p~1"); row.Charged || row.Open {
			t.Errorf("the reversal that was taken back: charged %v, open %v", row.Charged, row.Open)
		}
		w.wantBooks()
	})
}

func TestAnAnswerAboutAReversalThatAPersonTookBackMeanwhileIsNotCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.plain = true
		w.restart()
		w.shell().Reconfigure(wholeUndoing{w.driver().(driver)}, engine.DefaultTerms(), "en", 1)
		w.mustBegin(pay.KindOffline, "p")
		w.wantEnd("p", pay.Approved)
		held, slow := make(chan struct{}), false
		w.bank.trouble(func(_ context.Context, call string, op provider.Operation) fault {
			switch {
			case call == "reverse" && op.Ref == "p~1":
				return answerLost
			case call == "inquire" && op.Ref == "p~1" && slow:
				<-held
				return none
			case call == "inquire":
				return lost
			}
			return none
		})
		if err := w.acknowledge("p", pay.AckReverse); err != nil {
			t.Fatal(err)
		}
		later(10 * time.Minute)
		slow = true
		for n := w.bank.asked("inquire p~1"); w.bank.asked("inquire p~1") == n; {
			later(time.Second)
		}
		if _, err := w.shell().Resolve(t.Context(), "p~1", false, "Anna: not on the statement"); err != nil {
			t.Fatal(err)
		}
		later(3 * time.Second) // the next reversal has begun
		close(held)
		later(2 * time.Hour)
		if v := w.view("p"); v.Reversal != pay.ReversalDone {
			t.Errorf("the payment: %+v", v)
		}
		if row := w.row("p~1"); row.Charged || row.Open {
			t.Errorf("the reversal that was taken back: charged %v, open %v", row.Charged, row.Open)
		}
		w.wantBooks()
	})
}
