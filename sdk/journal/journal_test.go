package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(child(role))
	}
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("25") // each check opens a journal, and syncs; -rapid.checks asks for more
	}
	goleak.VerifyTestMain(m)
}

// noon is the time of every operation that a test does not date.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(context.Background(), path, journal.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func fresh(t testing.TB) *journal.Journal { return open(t, filepath.Join(t.TempDir(), "sendy.db")) }

func operation(kind pay.Kind, ref pay.Ref, amount pay.Amount) journal.Operation {
	return journal.Operation{Ref: ref, Key: pay.Key{1, 2, 3}, Kind: kind, PosID: "1", Amount: amount, Currency: pay.RUB, Digest: []byte(ref),
		System: "sendy", Open: true}
}

func begin(t testing.TB, j *journal.Journal, op journal.Operation) journal.Operation {
	t.Helper()
	got, existed, err := j.Begin(context.Background(), op, journal.Event{Name: "begun"})
	if err != nil || existed {
		t.Fatalf("begin %s: existed %v, %v", op.Ref, existed, err)
	}
	return got
}

func change(t testing.TB, j *journal.Journal, name string, op journal.Operation) journal.Operation {
	t.Helper()
	got, err := j.Append(context.Background(), journal.Change{Operation: op, Event: journal.Event{Name: name}})
	if err != nil {
		t.Fatalf("%s %s: %v", name, op.Ref, err)
	}
	return got
}

func approved(op journal.Operation) journal.Operation {
	op.Charged, op.ApprovedAmount, op.Outcome, op.Final, op.Open, op.Settled = true, op.Amount, pay.Approved, true, false, noon
	return op
}

func declined(op journal.Operation) journal.Operation {
	op.Outcome, op.Final, op.Open, op.Settled = pay.Declined, true, false, noon
	return op
}

func paid(t testing.TB, j *journal.Journal, ref pay.Ref, amount pay.Amount) journal.Operation {
	t.Helper()
	return change(t, j, "approved", approved(begin(t, j, operation(pay.KindOffline, ref, amount))))
}

func refuses(t testing.TB, err error, code pay.Code, words ...string) {
	t.Helper()
	if pay.CodeOf(err) != code {
		t.Fatalf("got %v, want %v", err, code)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
}

func TestARefBegunTwiceIsOneOperation(t *testing.T) {
	j := fresh(t)
	first := begin(t, j, operation(pay.KindOffline, "r1", 100))
	other := operation(pay.KindOffline, "r1", 999)
	other.Digest = []byte("another")
	again, existed, err := j.Begin(t.Context(), other, journal.Event{Name: "begun"})
	if err != nil || !existed {
		t.Fatalf("existed %v, %v", existed, err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	events, _, err := j.Story(t.Context(), "r1")
	if err != nil || len(events) != 1 {
		t.Errorf("%d events, %v", len(events), err)
	}
}

func TestWhatWasWrittenIsReadBackWhole(t *testing.T) {
	folder := "a folder?#%" // each of these means something in the address of a database
	if runtime.GOOS == "windows" {
		folder = "a folder#%" // where no name has a question mark
	}
	path := filepath.Join(t.TempDir(), folder, "sendy.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	j := open(t, path)
	op := operation(pay.KindOffline, "r1", 12345)
	op.Operator, op.Receipt, op.Document, op.CodeDigest = "Анна", "чек 7", "doc", "c0de"
	op.Params = json.RawMessage(`{"receipt":"чек 7","items":"` + strings.Repeat("x", 5000) + `"}`)
	op.State = json.RawMessage(`{"v":1}`)
	op = begin(t, j, op)
	op = approved(op)
	op.ProviderNumber, op.ProviderShift, op.Told, op.Reversal = 77, 5, true, pay.ReversalUnderWay
	op.Code, op.Text, op.Hint, op.Payer, op.RRN, op.AuthCode, op.ResolvedBy = "00", "оплачено", "h", "+7***", "rrn", "auth", "who"
	op.Result = json.RawMessage(`{"document":"` + strings.Repeat("y", 5000) + `"}`)
	op.State = json.RawMessage(`{"v":2}`)
	want := change(t, j, "approved", op)
	want.Ack = pay.AckConfirm
	small := want
	small.Result = json.RawMessage(`{"document":"small"}`)
	if err := errors.Join(j.Close()); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	for _, want := range []journal.Operation{want, small} {
		change(t, j, "confirmed", want)
		got, err := j.Operation(t.Context(), "r1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 { // there the folder's ACL guards it
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestEachAttemptTakesTheNextNumberADeclinedOneToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	for i := range 3 {
		op := begin(t, j, operation(pay.KindOffline, pay.Ref(fmt.Sprint("r", i)), 100))
		if op.Number != int64(i+1) {
			t.Fatalf("number %d, want %d", op.Number, i+1)
		}
		change(t, j, "declined", declined(op))
	}
	if op := begin(t, j, operation(pay.KindReport, "report", 0)); op.Number != 0 {
		t.Errorf("a report has number %d", op.Number)
	}
	j.Close()
	j = open(t, path)
	if op := begin(t, j, operation(pay.KindOffline, "r9", 100)); op.Number != 4 {
		t.Errorf("after a restart: number %d, want 4", op.Number)
	}
}

func TestTheProvidersNumberIsItsNextOrOneAboveTheHighestJournaled(t *testing.T) {
	j := fresh(t)
	number := func(ref pay.Ref, next int64) int64 {
		op := begin(t, j, operation(pay.KindOffline, ref, 100))
		for range 2 { // the second time it is set already
			var err error
			if op, err = j.Append(t.Context(), journal.Change{Operation: op, Event: journal.Event{Name: "committed"}, ProviderNext: next}); err != nil {
				t.Fatal(err)
			}
		}
		return op.ProviderNumber
	}
	if a, b, c := number("a", 10), number("b", 10), number("c", 50); a != 10 || b != 11 || c != 50 {
		t.Errorf("got %d, %d, %d; want 10, 11, 50", a, b, c)
	}
	if own, provider, err := j.HighestNumbers(t.Context()); own != 3 || provider != 50 || err != nil {
		t.Errorf("highest %d and %d, %v", own, provider, err)
	}
}

func TestWhatIsFinalOrProvedNeverChanges(t *testing.T) {
	j := fresh(t)
	op := begin(t, j, operation(pay.KindOffline, "r1", 100))
	op.ProviderNumber = 7
	op = change(t, j, "approved", approved(op))
	for name, spoil := range map[string]func(*journal.Operation){
		"another outcome":       func(o *journal.Operation) { o.Outcome = pay.Declined },
		"no longer final":       func(o *journal.Operation) { o.Final = false },
		"money forgotten":       func(o *journal.Operation) { o.Charged = false },
		"other money":           func(o *journal.Operation) { o.ApprovedAmount = 99 },
		"another shift":         func(o *journal.Operation) { o.BookedShift = 2 },
		"another key":           func(o *journal.Operation) { o.Key = pay.Key{9} },
		"another amount":        func(o *journal.Operation) { o.Amount = 101 },
		"another kind":          func(o *journal.Operation) { o.Kind = pay.KindPayout },
		"a number of before":    func(o *journal.Operation) { o.ProviderNumber = 6 },
		"final without outcome": func(o *journal.Operation) { o.Outcome = pay.Unknown },
	} {
		spoilt := op
		spoil(&spoilt)
		_, err := j.Append(t.Context(), journal.Change{Operation: spoilt, Event: journal.Event{Name: "spoilt"}})
		if pay.CodeOf(err) != pay.ErrInternal {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := j.Operation(t.Context(), "r1")
	if diff := cmp.Diff(op, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if events, _, _ := j.Story(t.Context(), "r1"); len(events) != 2 {
		t.Errorf("%d events, want 2", len(events))
	}
	got.ProviderNumber = 0 // a change that does not say it does not erase it
	if again := change(t, j, "", got); again.ProviderNumber != 7 {
		t.Errorf("the provider's number is %d", again.ProviderNumber)
	}
	_, err = j.Append(t.Context(), journal.Change{Operation: operation(pay.KindOffline, "nobody", 1)})
	refuses(t, err, pay.ErrNotFound, "nobody")
}

func TestMoneyProvedAfterDeclinedIsBookedAndLeavesTheOutcome(t *testing.T) {
	j := fresh(t)
	op := change(t, j, "declined", declined(begin(t, j, operation(pay.KindOffline, "r1", 100))))
	op.Charged, op.ApprovedAmount = true, 100
	reversal := operation(pay.KindReversal, op.Ref.Reversal(1), 100)
	reversal.OriginalRef = op.Ref
	got, err := j.Append(t.Context(), journal.Change{Operation: op, Event: journal.Event{Name: "money_after"}, Begin: &reversal})
	if err != nil {
		t.Fatal(err)
	}
	if got.Outcome != pay.Declined || got.BookedShift != 1 || !got.BookedAt.Equal(noon) {
		t.Errorf("outcome %v, shift %d at %v", got.Outcome, got.BookedShift, got.BookedAt)
	}
	if reversal.Number != 2 || reversal.Shift != 1 {
		t.Errorf("the reversal has number %d in shift %d", reversal.Number, reversal.Shift)
	}
	// Repeated after a failure that was none: the same reversal, not another.
	again := operation(pay.KindReversal, op.Ref.Reversal(1), 100)
	again.OriginalRef = op.Ref
	if _, err = j.Append(t.Context(), journal.Change{Operation: got, Begin: &again}); err != nil || again.Number != 2 {
		t.Errorf("number %d, %v", again.Number, err)
	}
}

func TestRefundsNeverExceedThePaymentHoweverManyAskAtOnce(t *testing.T) {
	j := fresh(t)
	paid(t, j, "sale", 1000)
	var wait sync.WaitGroup
	results := make(chan error, 64)
	for i := range 64 {
		wait.Go(func() {
			op := operation(pay.KindRefund, pay.Ref(fmt.Sprint("refund", i)), 100)
			op.OriginalRef = "sale"
			op, _, err := j.Begin(context.Background(), op, journal.Event{Name: "begun"})
			if err == nil && i%3 == 0 {
				_, err = j.Append(context.Background(), journal.Change{Operation: approved(op), Event: journal.Event{Name: "approved"}})
			}
			results <- err
		})
	}
	wait.Wait()
	close(results)
	var good int
	for err := range results {
		if err == nil {
			good++
		} else if pay.CodeOf(err) != pay.ErrLimit {
			t.Error(err)
		}
	}
	approved, underWay, err := j.Returned(t.Context(), "sale")
	if good != 10 || approved+underWay != 1000 || err != nil {
		t.Errorf("%d refunds, %v approved and %v under way, %v", good, approved, underWay, err)
	}
	if err := j.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestARefundThatWasDeclinedLeavesItsMoneyToOthers(t *testing.T) {
	j := fresh(t)
	paid(t, j, "sale", 100)
	refund := func(ref, original pay.Ref, amount pay.Amount, currency pay.Currency) (journal.Operation, error) {
		op := operation(pay.KindRefund, ref, amount)
		op.OriginalRef, op.Currency = original, currency
		op, _, err := j.Begin(t.Context(), op, journal.Event{Name: "begun"})
		return op, err
	}
	first, err := refund("a", "sale", 100, pay.RUB)
	if err != nil {
		t.Fatal(err)
	}
	_, err = refund("b", "sale", 1, pay.RUB)
	refuses(t, err, pay.ErrLimit, "0.00 RUB of 1.00 RUB")
	first.Told = true // Unknown holds the money
	change(t, j, "told_unknown", first)
	_, err = refund("c", "sale", 1, pay.RUB)
	refuses(t, err, pay.ErrLimit)
	change(t, j, "declined", declined(first))
	_, err = refund("d", "sale", 101, pay.RUB)
	refuses(t, err, pay.ErrLimit)
	_, err = refund("e", "sale", 1, "CNY")
	refuses(t, err, pay.ErrLimit, "CNY")
	_, err = refund("f", "nobody", 1, pay.RUB)
	refuses(t, err, pay.ErrNotFound)
	_, err = refund("g", "a", 1, pay.RUB) // of a refund
	refuses(t, err, pay.ErrNotFound)
	begin(t, j, operation(pay.KindOffline, "running", 100))
	_, err = refund("h", "running", 1, pay.RUB)
	refuses(t, err, pay.ErrLimit, "no approved payment")
	_, err = refund("i", "sale", -5, pay.RUB)
	refuses(t, err, pay.ErrArgument)
	if _, err = refund("j", "sale", 100, pay.RUB); err != nil {
		t.Error(err)
	}
	// What was refused took no number.
	if own, _, _ := j.HighestNumbers(t.Context()); own != 4 {
		t.Errorf("highest number %d, want 4", own)
	}
}

func TestAScannedCodeIsUsedOnce(t *testing.T) {
	j := fresh(t)
	withCode := func(ref pay.Ref) (journal.Operation, error) {
		op := operation(pay.KindOffline, ref, 100)
		op.CodeDigest = "c0de"
		op, _, err := j.Begin(t.Context(), op, journal.Event{Name: "begun"})
		return op, err
	}
	op, err := withCode("a")
	if err != nil {
		t.Fatal(err)
	}
	_, err = withCode("b")
	refuses(t, err, pay.ErrState, "operation a")
	op.NothingSent = true
	change(t, j, "declined", declined(op))
	if op, err = withCode("c"); err != nil {
		t.Fatal(err)
	}
	change(t, j, "declined", declined(op)) // by the provider: the code is burnt
	_, err = withCode("d")
	refuses(t, err, pay.ErrState, "operation c")
	// A code that is asked for later is held against the others then.
	late := begin(t, j, operation(pay.KindOffline, "late", 100))
	late.CodeDigest = "c0de"
	_, err = j.Append(t.Context(), journal.Change{Operation: late, Event: journal.Event{Name: "scanned"}})
	refuses(t, err, pay.ErrState)
}
