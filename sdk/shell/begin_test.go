package shell

import (
	"context"
	"errors"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
)

func TestNothingIsSentForACallerWhoWasGoneWhenItWasJournaled(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		ctx, gone := context.WithCancel(t.Context())
		w.stop()
		w.options.Around = func(point string) {
			if point == "written begun" {
				gone()
			}
		}
		w.start(0)
		begin := func(ref pay.Ref, kind pay.Kind) error {
			_, _, err := w.shell().Begin(ctx, pay.Request{Ref: ref, Kind: kind, PosID: "till-1", Amount: 100, Currency: pay.RUB}, []byte(ref))
			return err
		}
		if err := begin("p", pay.KindOffline); err != nil {
			t.Fatal(err)
		}
		w.wantEnd("p", pay.Cancelled)
		if n := w.bank.asked("commit p"); n != 0 || w.bank.asked("counters ") != 0 {
			t.Errorf("the bank was asked %v", w.bank.calls)
		}
		w.mustBegin(pay.KindOffline, "q") // and the till is free
		w.wantEnd("q", pay.Approved)
	})
}

func TestACodeIsKnownAgainWithoutTheBlanksOfItsScanner(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		s := w.shell()
		if s.codeDigest("1234\r\n") != s.codeDigest(" 1234") || s.codeDigest("1234") == s.codeDigest("1235") || s.codeDigest(" \n") != "" {
			t.Error("the digest knows blanks, or no difference")
		}
	})
}

func TestATillIsNeverLeftToAnOperationThatHasEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.mustBegin(pay.KindOffline, "p")
		w.wantEnd("p", pay.Approved)
		o := w.shell().find1(t, "p")
		w.shell().holdTill(o) // as a Begin does whose operation was over before it went on
		w.mustBegin(pay.KindOffline, "q")
		w.wantEnd("q", pay.Approved)
	})
}

func TestWhatFailsAfterTheOperationWasJournaledIsNoRefusal(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.mustBegin(pay.KindOffline, "p")
		w.wantEnd("p", pay.Approved)
		row := w.row("p")
		row.State = []byte("[]")
		_, _, err := w.shell().start(t.Context(), row, pay.Request{Ref: "p", Kind: pay.KindOffline}, nil)
		if e, ok := errors.AsType[*pay.Error](err); !ok || !e.MayHaveMoved {
			t.Errorf("an operation that cannot be read: %v", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		row.Ref = "q" // of a row that nobody can find any more
		_, existed, err := w.shell().join(gone, row, pay.Request{Ref: "q"}, row.Digest)
		if e, ok := errors.AsType[*pay.Error](err); !ok || !e.MayHaveMoved || !existed {
			t.Errorf("an operation that cannot be found: %v", err)
		}
		_, _, err = w.shell().join(t.Context(), row, pay.Request{Ref: "p"}, []byte("other"))
		if e, ok := errors.AsType[*pay.Error](err); !ok || e.MayHaveMoved || e.Code != pay.ErrRefReused {
			t.Errorf("another operation under the ref: %v", err)
		}
	})
}
