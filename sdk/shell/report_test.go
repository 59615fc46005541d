package shell

import (
	"context"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func TestAReportCountsWithoutClosing(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pays("p", pay.Approved)
		if _, err := w.begin(pay.Request{Ref: "r", Kind: pay.KindRefund, Amount: 345, Params: pay.Params{OriginalRef: "p"}}); err != nil {
			t.Fatal(err)
		}
		w.wantEnd("r", pay.Approved)
		now := time.Now()
		day := now.Format(time.DateOnly)
		for ref, c := range map[pay.Ref]struct {
			params  pay.Params
			outcome pay.Outcome
			counted int64
		}{
			"open":     {pay.Params{Detailed: true}, pay.Approved, 2},
			"shift":    {pay.Params{Shift: 5}, pay.Approved, 2},
			"empty":    {pay.Params{Shift: 4}, pay.Approved, 0},
			"day":      {pay.Params{From: day, To: day, Detailed: true}, pay.Approved, 2},
			"since":    {pay.Params{From: now.Add(-time.Hour).Format(time.RFC3339)}, pay.Approved, 0}, // "now" is not included
			"before":   {pay.Params{To: now.Add(-time.Hour).Format("2006-01-02 15:04")}, pay.Approved, 0},
			"no date":  {pay.Params{From: "yesterday"}, pay.Declined, 0},
			"no date2": {pay.Params{To: "31/12/2026"}, pay.Declined, 0},
			"reversed": {pay.Params{From: day, To: "1990-01-01"}, pay.Declined, 0},
		} {
			if _, err := w.begin(pay.Request{Ref: ref, Kind: pay.KindReport, Params: c.params}); err != nil {
				t.Fatal(err)
			}
			v := w.wantEnd(ref, c.outcome)
			if c.outcome != pay.Approved {
				if v.Code != "PR_E_ARGUMENT" {
					t.Errorf("%s: %+v", ref, v)
				}
				continue
			}
			r := w.report(v)
			if r.Closing || r.Counted != c.counted && ref != "since" || c.params.Detailed && (len(r.Operations) != 2 || r.Operations[1].Amount != -345 || r.Operations[1].Original != 1) {
				t.Errorf("%s says %+v", ref, r)
			}
		}
		r := Report{Shift: 5}
		if err := w.shell().Details(t.Context(), &r); err != nil || len(r.Operations) != 2 {
			t.Errorf("details: %+v, %v", r.Operations, err)
		}
	})
}

func TestTotalsAreComparedWithTheProvidersLineByLine(t *testing.T) {
	r := Report{Lines: []ReportLine{{System: "sendy", Payments: 2, PaymentsSum: 300, Refunds: 1, RefundsSum: 50}, {System: "wechat", Payments: 1, PaymentsSum: 10}}}
	r.compare(&provider.ShiftTotals{Lines: []provider.ShiftLine{{System: "sendy", Payments: 2, PaymentsSum: 300, Refunds: 2, RefundsSum: 60}, {System: "alipay", Payments: 1, PaymentsSum: 1}}})
	if r.Provider.Matched || len(r.Provider.Differences) != 3 || r.Total() != 260 {
		t.Errorf("compared: %+v", r.Provider)
	}
	r.compare(&provider.ShiftTotals{Elsewhere: true, Lines: []provider.ShiftLine{{System: "sendy", Payments: 2, PaymentsSum: 300, Refunds: 1, RefundsSum: 50}, {System: "wechat", Payments: 1, PaymentsSum: 10}}})
	if !r.Provider.Matched || !r.Provider.Elsewhere {
		t.Errorf("compared: %+v", r.Provider)
	}
}

// undoing is a driver whose provider undoes a payment whole, and that can tell how the way to the bank is.
type undoing struct {
	driver
	down bool
}

func (d undoing) Reverse(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	return d.do(ctx, "reverse", op, func(f fault) provider.Reply { d.b.put(op, original.Key, f); return d.b.word(op.Key) })
}

func (d undoing) Check(op provider.Operation) error {
	if op.Params.Name == "panic" {
		panic("4111111111111111")
	}
	return nil
}

func (d undoing) Probe(context.Context) (provider.Probe, error) {
	return provider.Probe{OK: !d.down, Code: pay.ErrTLS, Error: "certificate"}, nil
}

func TestAWholePaymentIsUndoneAndAPartRefunded(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.shell().Reconfigure(undoing{driver: driver{b: w.bank, life: w.life}}, w.shell().config.Load().terms, "en", 1)
		w.pays("whole", pay.Approved)
		w.pays("part", pay.Approved)
		if _, err := w.begin(pay.Request{Ref: "r", Kind: pay.KindRefund, Amount: 345, Params: pay.Params{OriginalRef: "part"}}); err != nil {
			t.Fatal(err)
		}
		w.wantEnd("r", pay.Approved)
		for _, ref := range []pay.Ref{"whole", "part"} {
			if err := w.acknowledge(ref, pay.AckReverse); err != nil {
				t.Fatal(err)
			}
			w.end(ref)
		}
		if w.bank.asked("reverse whole~1") != 1 || w.bank.asked("refund part~1") != 1 {
			t.Errorf("the bank was asked %v", w.bank.calls)
		}
		w.wantBooks()
		w.mustBegin(pay.KindTest, "test")
		w.wantEnd("test", pay.Approved)
		w.shell().Reconfigure(undoing{driver: driver{b: w.bank, life: w.life}, down: true}, w.shell().config.Load().terms, "en", 1)
		w.mustBegin(pay.KindTest, "test2")
		if v := w.wantEnd("test2", pay.Declined); v.Code != "PR_E_TLS" {
			t.Errorf("the test says %+v", v)
		}
		if _, err := w.begin(pay.Request{Ref: "x", Kind: pay.KindOffline, Params: pay.Params{Name: "panic"}}); pay.CodeOf(err) != pay.ErrInternal {
			t.Errorf("a check that panics: %v", err)
		}
	})
}
