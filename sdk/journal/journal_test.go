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

func TestClosingAShiftIsIdempotentAndLateMoneyCountsInTheOpenOne(t *testing.T) {
	j := fresh(t)
	if s, err := j.CurrentShift(t.Context()); err != nil || s.Number != 1 || !s.Opened.IsZero() {
		t.Errorf("before anything: %+v, %v", s, err)
	}
	if op := begin(t, j, operation(pay.KindCommand, "activate", 0)); op.Shift != 0 {
		t.Errorf("a command opened shift %d", op.Shift)
	}
	first := operation(pay.KindOffline, "in", 100)
	first.Shift = 41
	op := change(t, j, "approved", approved(begin(t, j, first)))
	late := begin(t, j, operation(pay.KindOffline, "late", 50))
	if op.BookedShift != 41 || late.Shift != 41 {
		t.Fatalf("shifts %d and %d, want 41", op.BookedShift, late.Shift)
	}
	closing := begin(t, j, operation(pay.KindCloseDay, pay.CloseRef("sendy", 41, 1), 0))
	closing.Outcome, closing.Final, closing.Open = pay.Approved, true, false
	c := journal.Change{Operation: closing, Event: journal.Event{Name: "approved"}, Close: &journal.Closing{Next: 43, Totals: json.RawMessage(`[1]`)}}
	if _, err := j.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	c.Event.Name, c.Close.Totals = "", json.RawMessage(`[2]`)
	if _, err := j.Append(t.Context(), c); err != nil {
		t.Errorf("closing again: %v", err)
	}
	s, err := j.Shift(t.Context(), 41)
	want := journal.Shift{Number: 41, Opened: noon, Closed: noon, ClosedBy: closing.Ref, Totals: json.RawMessage(`[1]`)}
	if diff := cmp.Diff(want, s); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if s, err := j.CurrentShift(t.Context()); err != nil || s.Number != 43 || !s.Opened.IsZero() {
		t.Errorf("after the close: %+v, %v", s, err)
	}
	_, err = j.Append(t.Context(), journal.Change{Operation: late, Close: &journal.Closing{Shift: 41}})
	refuses(t, err, pay.ErrShift, "close-sendy-41")
	if late = change(t, j, "approved", approved(late)); late.BookedShift != 43 || late.Shift != 41 {
		t.Errorf("late money is booked in shift %d, begun in %d", late.BookedShift, late.Shift)
	}
	other := begin(t, j, operation(pay.KindOffline, "other", 70))
	other.BookedShift = 41 // the provider says so
	if other = change(t, j, "approved", approved(other)); other.BookedShift != 41 {
		t.Errorf("booked in %d, the provider said 41", other.BookedShift)
	}
	list, err := j.Find(t.Context(), journal.Query{Shift: 43})
	if err != nil || len(list) != 1 || list[0].Ref != "late" {
		t.Errorf("in shift 43: %v, %v", list, err)
	}
	shifts, err := j.Shifts(t.Context(), 0)
	if err != nil || len(shifts) != 2 || shifts[0].Number != 43 {
		t.Errorf("%+v, %v", shifts, err)
	}
	_, err = j.Shift(t.Context(), 42)
	refuses(t, err, pay.ErrNotFound)
}

func TestFindSelectsByEachField(t *testing.T) {
	j := fresh(t)
	for i := range 6 {
		op := operation(pay.KindOffline, pay.Ref(fmt.Sprint("r", i)), 100)
		op.PosID, op.Receipt, op.Document = fmt.Sprint(i%2), fmt.Sprint("receipt", i), fmt.Sprint("doc", i)
		op.Begun = noon.Add(time.Duration(i) * time.Hour)
		op = begin(t, j, op)
		switch i {
		case 1:
			change(t, j, "approved", approved(op))
		case 2:
			op = declined(op)
			op.Ack = pay.AckSeen
			change(t, j, "declined", op)
		}
	}
	refund := operation(pay.KindRefund, "back", 10)
	refund.OriginalRef, refund.Begun = "r1", noon.Add(6*time.Hour)
	begin(t, j, refund)
	for name, c := range map[string]struct {
		query journal.Query
		want  string
	}{
		"all":      {journal.Query{}, "r0 r1 r2 r3 r4 r5 back"},
		"refs":     {journal.Query{Refs: []pay.Ref{"r3", "r1"}}, "r1 r3"},
		"no refs":  {journal.Query{Refs: []pay.Ref{}}, ""},
		"number":   {journal.Query{Number: 3}, "r2"},
		"pos":      {journal.Query{PosID: "0"}, "r0 r2 r4"},
		"receipt":  {journal.Query{Receipt: "receipt4"}, "r4"},
		"document": {journal.Query{Document: "doc5"}, "r5"},
		"original": {journal.Query{OriginalRef: "r1"}, "back"},
		"time":     {journal.Query{From: noon.Add(time.Hour), To: noon.Add(3 * time.Hour)}, "r1 r2"},
		"newest":   {journal.Query{From: noon, Newest: true, Limit: 2}, "back r5"},
		"last":     {journal.Query{Newest: true, Limit: 1}, "back"},
		"open":     {journal.Query{OpenOnly: true}, "r0 r3 r4 r5 back"},
		"pending":  {journal.Query{PendingOnly: true}, "r0 r1 r3 r4 r5 back"},
		"counted":  {journal.Query{CountedOnly: true}, "r1"},
		"shift":    {journal.Query{Shift: 2}, ""},
	} {
		list, err := j.Find(t.Context(), c.query)
		var refs []string
		for _, op := range list {
			refs = append(refs, string(op.Ref))
		}
		if got := strings.Join(refs, " "); got != c.want || err != nil {
			t.Errorf("%s: %q, want %q, %v", name, got, c.want, err)
		}
	}
}

func TestTheRequestLogGoesWithTheNextCommitOrByItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := open(t, path)
	op := begin(t, j, operation(pay.KindOffline, "r1", 100))
	e := journal.Exchange{Ref: "r1", Time: noon, Method: "POST pos/payment/offline", OK: true, Initiator: "Анна", Status: 200, Duration: 1500 * time.Microsecond}
	alone := journal.Exchange{Time: noon.Add(time.Second), Method: "GET pos/info", Error: "timeout"}
	j.Note(e)
	change(t, j, "approved", approved(op))
	j.Note(alone)
	_, story, err := j.Story(t.Context(), "r1")
	if diff := cmp.Diff([]journal.Exchange{e}, story); diff != "" || err != nil {
		t.Error(err, diff)
	}
	j.Note(journal.Exchange{Time: noon.Add(time.Hour), Method: "at close"})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)
	all, err := j.Exchanges(t.Context(), noon, noon.Add(time.Hour), 0)
	if diff := cmp.Diff([]journal.Exchange{e, alone}, all); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if all, err = j.Exchanges(t.Context(), time.Time{}, time.Time{}, 0); len(all) != 3 || err != nil {
		t.Errorf("%d rows, %v", len(all), err)
	}
}

func TestTheRequestLogInMemoryIsBoundedAndSaysWhatIsMissing(t *testing.T) {
	j := fresh(t)
	for range 5000 {
		j.Note(journal.Exchange{Method: "GET x"})
	}
	if err := j.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := j.Exchanges(t.Context(), time.Time{}, time.Time{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var missing int
	for _, e := range all {
		if e.Method != "GET x" {
			fmt.Sscanf(e.Error, "%d rows are missing", &missing)
		}
	}
	if len(all)-1+missing < 5000 || missing == 0 {
		t.Errorf("%d rows, and %d said to be missing", len(all), missing)
	}
}

func TestAttemptsAtActivationAreKept(t *testing.T) {
	j := fresh(t)
	want := []journal.Attempt{
		{Time: noon, TerminalID: "T1", Serial: "S", OK: true, Code: "OK", AttemptsLeft: -1, Initiator: "Анна"},
		{Time: noon, TerminalID: "T1", Serial: "S", Code: "WRONG_CODE", AttemptsLeft: 2},
	}
	for _, a := range []journal.Attempt{want[1], want[0]} {
		if err := j.Attempt(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	got, err := j.Attempts(t.Context(), 10)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestACancelledCallerWritesNothing(t *testing.T) {
	j := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := j.Begin(ctx, operation(pay.KindOffline, "r1", 1), journal.Event{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, err := j.Operation(t.Context(), "r1")
	refuses(t, err, pay.ErrNotFound)
}

func TestAClosedJournalRefuses(t *testing.T) {
	j := fresh(t)
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	_, _, err := j.Begin(t.Context(), operation(pay.KindOffline, "r1", 1), journal.Event{})
	refuses(t, err, pay.ErrJournal, "closed")
	_, err = j.Operation(t.Context(), "r1")
	refuses(t, err, pay.ErrJournal)
}
