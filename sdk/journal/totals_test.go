package journal_test

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// fold adds up operations in the simplest way.
func fold(list []journal.Operation) []journal.Total {
	type line struct {
		system   string
		sort     journal.Sort
		currency pay.Currency
	}
	sums := map[line]journal.Total{}
	for _, op := range list {
		sort := map[pay.Kind]journal.Sort{pay.KindOnline: journal.Payments, pay.KindOffline: journal.Payments, pay.KindRefund: journal.Refunds,
			pay.KindReversal: journal.Refunds, pay.KindPayout: journal.Payouts}[op.Kind]
		if !op.Charged || sort == "" {
			continue
		}
		l := line{op.System, sort, op.Currency}
		sums[l] = journal.Total{System: l.system, Sort: sort, Currency: l.currency, Count: sums[l].Count + 1, Sum: sums[l].Sum + op.ApprovedAmount}
	}
	var totals []journal.Total
	for _, t := range sums {
		totals = append(totals, t)
	}
	slices.SortFunc(totals, func(a, b journal.Total) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Sort, b.Sort), cmp.Compare(a.Currency, b.Currency))
	})
	return totals
}

func TestTotalsAreAFoldOverTheOperations(t *testing.T) {
	n := 0
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		n++
		ctx := context.Background()
		clock := noon
		j, err := journal.Open(ctx, filepath.Join(folder, fmt.Sprint(n, ".db")), journal.Options{Now: func() time.Time { return clock }})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		var refs []pay.Ref
		actions := map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				kind := rapid.SampledFrom([]pay.Kind{pay.KindOnline, pay.KindOffline, pay.KindRefund, pay.KindReversal, pay.KindPayout, pay.KindReport}).Draw(t, "kind")
				op := operation(kind, pay.Ref(fmt.Sprint("r", len(refs))), pay.Amount(rapid.Int64Range(1, 5000).Draw(t, "amount")))
				op.System = rapid.SampledFrom([]string{"sendy", "wechat"}).Draw(t, "system")
				op.Currency = rapid.SampledFrom([]pay.Currency{"RUB", "CNY"}).Draw(t, "currency")
				if kind.Returns() {
					if len(refs) == 0 {
						return
					}
					op.OriginalRef = rapid.SampledFrom(refs).Draw(t, "original")
				}
				_, _, err := j.Begin(ctx, op, journal.Event{Name: "begun"})
				switch pay.CodeOf(err) {
				case pay.CodeOK:
					refs = append(refs, op.Ref)
				case pay.ErrLimit, pay.ErrNotFound:
				default:
					t.Fatal(err)
				}
			},
			"settle": func(t *rapid.T) {
				if len(refs) == 0 {
					return
				}
				op, err := j.Operation(ctx, rapid.SampledFrom(refs).Draw(t, "ref"))
				if err != nil {
					t.Fatal(err)
				}
				if op.Final {
					return
				}
				if rapid.Bool().Draw(t, "approved") {
					op = approved(op)
					op.ApprovedAmount = pay.Amount(rapid.Int64Range(1, int64(op.Amount)).Draw(t, "approved amount"))
				} else {
					op = declined(op)
				}
				if _, err := j.Append(ctx, journal.Change{Operation: op, Event: journal.Event{Name: "settled"}}); err != nil {
					t.Fatal(err)
				}
			},
			"close": func(t *rapid.T) {
				op, _, err := j.Begin(ctx, operation(pay.KindCloseDay, pay.Ref(fmt.Sprint("r", len(refs))), 0), journal.Event{Name: "begun"})
				if err != nil {
					t.Fatal(err)
				}
				refs = append(refs, op.Ref)
				op.Outcome, op.Final = pay.Approved, true
				if _, err := j.Append(ctx, journal.Change{Operation: op, Event: journal.Event{Name: "closed"}, Close: &journal.Closing{}}); err != nil {
					t.Fatal(err)
				}
			},
			"": func(t *rapid.T) { clock = clock.Add(time.Minute) },
		}
		t.Repeat(actions)
		compareTotals(t, j, clock)
	})
}

func compareTotals(t *rapid.T, j *journal.Journal, end time.Time) {
	ctx := context.Background()
	all, err := j.Find(ctx, journal.Query{})
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, q journal.Query, selects func(journal.Operation) bool) {
		got, err := j.Totals(ctx, q)
		want := fold(slices.DeleteFunc(slices.Clone(all), func(op journal.Operation) bool { return !selects(op) }))
		if diff := gocmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("%s: %v %s", what, err, diff)
		}
	}
	same("all", journal.Query{}, func(journal.Operation) bool { return true })
	for shift := int64(1); shift < 5; shift++ {
		same(fmt.Sprint("shift ", shift), journal.Query{Shift: shift}, func(op journal.Operation) bool { return op.BookedShift == shift })
	}
	half := noon.Add(end.Sub(noon) / 2)
	same("until", journal.Query{To: half}, func(op journal.Operation) bool { return op.BookedAt.Before(half) })
	same("from", journal.Query{From: half, To: end.Add(1)}, func(op journal.Operation) bool { return !op.BookedAt.Before(half) })
	if err := j.Check(ctx); err != nil {
		t.Fatal(err)
	}
}
