package shell

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// occupy keeps the journal's file from being written, as a full disk does, until it is let go of.
func (w *world) occupy() (letGo func()) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err == nil {
		_, err = conn.ExecContext(context.Background(), "BEGIN IMMEDIATE")
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			w.t.Error(err)
		}
		_ = conn.Close()
		_ = db.Close()
	}
}

func TestWhatCannotBeJournaledIsNotBegun(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		letGo := w.occupy()
		if _, err := w.begin(pay.Request{Ref: "p", Kind: pay.KindOffline}); pay.CodeOf(err) != pay.ErrJournal {
			t.Errorf("begin: %v", err)
		}
		letGo()
		w.mustBegin(pay.KindOffline, "q") // the till is free
		w.wantEnd("q", pay.Approved)
	})
}

func TestWhatCouldNotBeJournaledBeforeItWasSentIsToldUnknownAndGivenUp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.trouble(hang("counters"))
		w.mustBegin(pay.KindOffline, "p")
		l := w.listen("p", 0)
		letGo := w.occupy()
		w.bank.trouble(nil)
		w.shell().find1(t, "p").endCall() // the counters are lost, and the decline cannot be written
		later(2 * time.Minute)
		if got := l.last(pay.EvOutcome).Operation; got == nil || got.Outcome != pay.Unknown || got.Running || got.Code != "PR_E_JOURNAL" {
			t.Errorf("the till was told %+v", got)
		}
		letGo()
		<-l.ended
		if got := l.last(pay.EvOutcome).Operation; got.Outcome != pay.Cancelled || w.bank.asked("commit p") != 0 {
			t.Errorf("once the disk has room it is %+v, asked %v", got, w.bank.calls)
		}
	})
}

func TestAnEndThatWasWrittenThoughTheWriteFailedStands(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.trouble(hang("counters"))
		w.mustBegin(pay.KindOffline, "p")
		later(time.Second) // the counters are asked for
		letGo := w.occupy()
		w.bank.trouble(nil)
		w.shell().find1(t, "p").endCall() // the decline that follows cannot be written, and is there all the same
		later(2 * time.Minute)
		letGo()
		w.alter(`UPDATE operations SET outcome = 2, final = 1 WHERE ref = 'p'`)
		w.wantEnd("p", pay.Declined)
	})
}

func TestABeginThatWasWrittenThoughTheWriteFailedComesToAnEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		r := pay.Request{Ref: "p", Kind: pay.KindOffline, Amount: 12345, Currency: pay.RUB, PosID: "till-1"}
		row, _, err := w.shell().rowFor(t.Context(), r, []byte(r.Ref))
		if err != nil {
			t.Fatal(err)
		}
		letGo := w.occupy()
		if _, err := w.begin(r); pay.CodeOf(err) != pay.ErrJournal {
			t.Errorf("begin: %v", err)
		}
		letGo()
		if _, _, err := w.shell().o.Journal.Begin(t.Context(), row, journal.Event{Ref: "p", Name: "begun"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.begin(r); err != nil {
			t.Errorf("begin again: %v", err)
		}
		w.wantEnd("p", pay.Cancelled)
		if w.bank.asked("commit p") != 0 {
			t.Errorf("asked %v", w.bank.calls)
		}
		w.mustBegin(pay.KindOffline, "q") // the till is free
		w.wantEnd("q", pay.Approved)
	})
}

func TestACloseOfDayThatWasWrittenThoughTheWriteFailedKeepsTillsFromBeginning(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		r := pay.Request{Ref: "close-bank-5", Kind: pay.KindCloseDay, Currency: pay.RUB, PosID: "till-1"}
		w.pays("a", pay.Approved)
		row, _, err := w.shell().rowFor(t.Context(), r, []byte(r.Ref))
		if err != nil {
			t.Fatal(err)
		}
		letGo := w.occupy()
		if _, err := w.begin(r); pay.CodeOf(err) != pay.ErrJournal {
			t.Errorf("begin: %v", err)
		}
		letGo()
		if _, _, err := w.shell().o.Journal.Begin(t.Context(), row, journal.Event{Ref: r.Ref, Name: "begun"}); err != nil {
			t.Fatal(err)
		}
		w.bank.trouble(on(lost, "close"))
		if _, err := w.begin(r); err != nil {
			t.Errorf("begin again: %v", err)
		}
		if _, err := w.begin(pay.Request{Ref: "q", Kind: pay.KindOffline}); pay.CodeOf(err) != pay.ErrBusy {
			t.Errorf("a payment beside the close: %v", err)
		}
		w.bank.trouble(nil)
		w.wantEnd(r.Ref, pay.Approved)
	})
}

// alter changes the journal's file by other means than the journal's own.
func (w *world) alter(query string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err == nil {
		defer db.Close()
		_, err = db.ExecContext(context.Background(), query)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestWhatCannotBeJournaledAfterItWasSentIsUnknownUntilItCan(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.plain = true
		w.restart()
		sent := make(chan struct{})
		w.bank.trouble(func(_ context.Context, call string, _ provider.Operation) fault {
			if call == "commit" {
				sent <- struct{}{}
				<-sent
			}
			return none
		})
		w.mustBegin(pay.KindOffline, "p")
		<-sent
		letGo := w.occupy()
		sent <- struct{}{}
		l := w.listen("p", 0)
		later(2 * time.Minute)
		if got := l.last(pay.EvOutcome).Operation; got == nil || got.Outcome != pay.Unknown || got.Code != "PR_E_JOURNAL" {
			t.Errorf("the till was told %+v", got)
		}
		if row := w.row("p"); row.Final {
			t.Errorf("the journal says %v", row.Outcome)
		}
		letGo()
		<-l.ended
		if got := l.last(pay.EvOutcome).Operation; got.Outcome != pay.Approved {
			t.Errorf("once the disk has room it is %+v", got)
		}
		w.wantBooks()
	})
}

func TestADrainWaitsForWhatRunsAndForTheExchangeInHand(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("p", pay.Approved)
		release := make(chan struct{})
		w.bank.trouble(func(_ context.Context, call string, _ provider.Operation) fault {
			if call == "refund" {
				<-release
			}
			return none
		})
		if err := w.acknowledge("p", pay.AckReverse); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		time.AfterFunc(3*time.Second, func() { close(release) })
		if n := w.shell().Drain(t.Context()); n != 0 {
			t.Errorf("%d run on", n)
		}
		if row := w.row("p~1"); row.Outcome != pay.Approved {
			t.Errorf("the reversal in hand is %v", row.Outcome)
		}
		if _, err := w.begin(pay.Request{Ref: "q", Kind: pay.KindOffline}); pay.CodeOf(err) != pay.ErrModuleDown {
			t.Errorf("a payment began: %v", err)
		}
		if !w.shell().Draining() || w.shell().Busy() != 0 {
			t.Errorf("draining %v, busy %d", w.shell().Draining(), w.shell().Busy())
		}
	})
}

func TestADrainEndsWithItsGraceAndRestWaitsForNoCustomer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.customer = time.Hour
		w.mustBegin(pay.KindOnline, "p")
		l := w.listen("p", 0)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if n := w.shell().Drain(ctx); n != 1 {
			t.Errorf("%d run on, one does", n)
		}
		before := time.Now()
		w.shell().Rest(t.Context())
		if waited := time.Since(before); waited > time.Second {
			t.Errorf("it waited %v for a customer", waited)
		}
		w.restart()
		<-l.ended
		if v := w.view("p"); !v.Running {
			t.Errorf("after the restart it is %+v", v)
		}
	})
}

func TestOneOperationNeverLivesTwice(t *testing.T) {
	w := newWorld(t)
	w.start(0)
	defer w.stop()
	var users sync.WaitGroup
	for n := range 8 {
		ref := pay.Ref(fmt.Sprint("p", n))
		w.mustBeginAt(ref, fmt.Sprint("till-", n))
		for user := range 4 {
			users.Go(func() {
				for range 30 {
					_, _ = w.watch(ref)
					ack := pay.AckConfirm
					if user%2 == 0 {
						ack = pay.AckReverse
					}
					_ = w.acknowledge(ref, ack)
					_, _ = w.shell().Operation(context.Background(), ref)
					_, _ = w.begin(pay.Request{Ref: ref, Kind: pay.KindOffline, PosID: fmt.Sprint("till-", n)})
				}
			})
		}
	}
	users.Go(func() {
		for range 50 {
			w.shell().Reconfigure(w.driver(), engine.DefaultTerms(), "en", 2)
			w.shell().Command("c", nil)
			_, _ = w.shell().Pending(context.Background())
			_, _, _, _ = w.shell().Provider()
			w.shell().Busy()
		}
	})
	users.Wait()
	for n := range 8 {
		ref := pay.Ref(fmt.Sprint("p", n))
		w.end(ref)
		events, _, err := w.journal.Story(context.Background(), ref)
		if err != nil {
			t.Fatal(err)
		}
		acks := 0
		for _, e := range events {
			if e.Name == "confirmed" || e.Name == "reversing" {
				acks++
			}
		}
		if acks != 1 {
			t.Errorf("%s was acknowledged %d times", ref, acks)
		}
	}
	w.wantBooks()
}

func TestARowThatWasReadBeforeAnotherCopyWasForgottenIsReadAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("p", pay.Approved)
		later(time.Second)
		_, forgotten := w.shell().hold("p")
		stale, err := w.shell().revive(t.Context(), w.row("p"))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.acknowledge("p", pay.AckConfirm); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		if o := w.shell().install(stale, forgotten); o != nil {
			t.Errorf("a copy from before the confirmation lives: %v", o.stateNow().Ack)
		}
		if err := w.acknowledge("p", pay.AckReverse); pay.CodeOf(err) != pay.ErrState {
			t.Errorf("reversed after it was confirmed: %v", err)
		}
	})
}

func (w *world) mustBeginAt(ref pay.Ref, pos string) {
	w.t.Helper()
	if _, err := w.begin(pay.Request{Ref: ref, Kind: pay.KindOffline, PosID: pos}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAnOperationThatCannotBeReadHoldsNothingUp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.bank.customer = -1
		w.mustBegin(pay.KindOffline, "torn")
		later(time.Second)
		w.stop()
		db, err := sql.Open("sqlite", filepath.ToSlash(w.path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(`UPDATE operations SET state = '{"phase":"x"}'`); err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
		w.start(0)
		list, err := w.shell().Pending(t.Context())
		if err != nil || len(list) != 1 || list[0].Ref != "torn" {
			t.Errorf("pending: %+v, %v", list, err)
		}
		if _, err := w.shell().Operation(t.Context(), "torn"); pay.CodeOf(err) != pay.ErrJournal {
			t.Errorf("it reads: %v", err)
		}
		w.bank.customer = 0
		w.pays("p", pay.Approved)
	})
}

func TestAWriteThatWasKeptThoughItFailedBeginsNoSecondReversal(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("p", pay.Approved)
		o, err := w.shell().find(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		defer w.shell().release(o)
		st, fx := engine.Step(o.stateNow(), engine.Event{What: engine.ReverseRequested, Now: time.Now()})
		if _, err := o.write(&st, fx, engine.Event{What: engine.ReverseRequested, Now: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := w.acknowledge("p", pay.AckReverse); err != nil { // the same step again, as after an error
			t.Fatal(err)
		}
		if v := w.wantEnd("p", pay.Approved); v.Reversal != pay.ReversalDone {
			t.Errorf("it is %+v", v)
		}
		if rows, err := w.journal.Find(t.Context(), journal.Query{OriginalRef: "p"}); err != nil || len(rows) != 1 {
			t.Errorf("%d reversals, %v", len(rows), err)
		}
		w.wantBooks()
	})
}

func TestNotFoundThatWaitedForTheDiskIsAsOldAsItIs(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.options.About.Traits.Horizon = 5 * time.Minute
		w.stop()
		w.start(0)
		var sent provider.Operation
		asked := make(chan struct{}, 1)
		answer := make(chan struct{})
		w.bank.trouble(func(_ context.Context, call string, op provider.Operation) fault {
			switch call {
			case "commit":
				sent = op
				return lost // on its way for long
			case "inquire":
				select {
				case asked <- struct{}{}:
				default:
				}
				<-answer
			case "cancel":
				return lost
			}
			return none
		})
		w.mustBegin(pay.KindOffline, "p")
		<-asked
		letGo := w.occupy()
		if err := w.shell().Cancel(t.Context(), "p", "cashier", "test"); err != nil {
			t.Fatal(err)
		}
		close(answer) // not found, long before the horizon; the cancel before it cannot be written
		later(10 * time.Minute)
		w.bank.put(sent, pay.Key{}, none) // now it arrives
		letGo()
		later(3 * time.Hour)
		if op := w.view("p"); !op.Outcome.Final() || op.Outcome == pay.Cancelled && w.bank.kept(w.row("p").Key) != 0 {
			t.Errorf("%+v, and the bank keeps %v", op, w.bank.kept(w.row("p").Key))
		}
		w.wantBooks()
	})
}
