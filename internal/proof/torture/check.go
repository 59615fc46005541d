//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/payrack/payrack/internal/proof/torture/book"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// ledger is what the tills' book says.
type ledger struct {
	orders map[string]*account
	order  []string
	told   []heard
	wrong  []string
}

// heard is one thing that a till was told.
type heard struct {
	line book.Line
	pos  string
}

// account is one order.
type account struct {
	order   book.Order
	told    *pay.Operation
	number  int64 // the provider's, as it was last heard: while its module is away the host knows none
	refused string
	done    bool
}

func newLedger() *ledger { return &ledger{orders: map[string]*account{}} }

// take takes a line of the book.
func (l *ledger) take(line book.Line) {
	if line.Order != nil {
		l.orders[line.ID] = &account{order: *line.Order}
		l.order = append(l.order, line.ID)
	}
	a := l.orders[line.ID]
	if a == nil {
		return
	}
	if line.Told != nil {
		if line.Told.ProviderNumber > 0 {
			a.number = line.Told.ProviderNumber
		}
		a.told = line.Told
		l.told = append(l.told, heard{line, a.order.PosID})
	}
	if line.Refused != "" {
		a.refused = line.Refused
	}
	if line.Wrong != "" {
		l.wrong = append(l.wrong, line.Wrong)
	}
	a.done = a.done || line.Done
}

// paid are the latest payments that may be refunded.
func (l *ledger) paid() (list []payment) {
	for _, id := range slices.Backward(l.order) {
		a := l.orders[id]
		if a.told != nil && a.order.Kind.Payment() && a.told.Outcome == pay.Approved && a.told.Reversal == pay.ReversalNone && a.order.Ack != pay.AckReverse {
			list = append(list, payment{a.told.Ref, a.order.PosID, a.told.ApprovedAmount})
		}
		if len(list) == 10 {
			break
		}
	}
	return list
}

func codeOf(o book.Order) string {
	var p struct{ Code string }
	_ = json.Unmarshal(o.Params, &p)
	return p.Code
}

func over(err error) bool { return errors.Is(err, sandbox.ErrBillOver) }

// compare holds the tills' book against the sandbox's ledger, and looks who runs.
func (w *world) compare(p plan) error {
	if err := w.read(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), starting)
	defer cancel()
	view, err := w.control.Ledger(ctx, "")
	if err != nil {
		return err
	}
	for _, what := range append(view.Trouble, w.ledger.wrong...) {
		w.wrong(p, what)
	}
	w.ledger.wrong = nil
	for _, what := range w.ledger.against(view.Entries) {
		w.wrong(p, what)
	}
	for _, o := range p.Orders {
		w.tally.order(o, w.ledger.orders[o.ID])
	}
	return w.lookAround(p)
}

// against holds each order that is done against what moved.
func (l *ledger) against(entries []sandbox.Entry) (wrong []string) {
	moved := map[string][]sandbox.Entry{} // by the provider's number
	back := map[string]pay.Amount{}       // by the key of the payment
	for _, e := range entries {
		if e.Of == "" {
			moved[e.Transaction] = append(moved[e.Transaction], e)
		} else {
			back[e.Of] += pay.Amount(e.Amount)
			if e.Kind == sandbox.EntryRefund {
				moved[e.Transaction] = append(moved[e.Transaction], e)
			}
		}
	}
	for _, id := range l.order {
		if a := l.orders[id]; a.told != nil && a.done && a.order.Kind.Money() {
			wrong = append(wrong, a.against(moved[fmt.Sprintf("10240007/%d", a.number)], back)...)
		}
	}
	return wrong
}

// against holds one order against its movements.
func (a *account) against(moved []sandbox.Entry, back map[string]pay.Amount) (wrong []string) {
	note := func(format string, args ...any) { wrong = append(wrong, a.order.ID+": "+fmt.Sprintf(format, args...)) }
	op := a.told
	var sum, net pay.Amount
	for _, e := range moved {
		sum += pay.Amount(e.Amount)
		net += pay.Amount(e.Amount) - back[e.Key]
	}
	switch {
	case op.ResolvedBy != "": // a person's word; the audit of the whole says more
	case len(moved) > 1:
		note("moved money %d times", len(moved))
	case op.Outcome == pay.Approved && sum != op.ApprovedAmount:
		note("told approved for %s, moved %s", op.ApprovedAmount, sum)
	case op.Outcome == pay.Approved && op.Reversal == pay.ReversalDone && net != 0:
		note("told given back, and %s are still there", net)
	case op.Outcome != pay.Approved && op.Kind.Payment() && net != 0:
		note("told %s, and %s were taken", op.Outcome, net)
	case op.Outcome != pay.Approved && op.Kind == pay.KindRefund && sum != 0:
		note("told %s, and %s were given back", op.Outcome, sum)
	case !op.Outcome.Final():
		note("done without an outcome")
	}
	return wrong
}

// lookAround says whether exactly one host and one module run. A predecessor may still be leaving.
func (w *world) lookAround(p plan) error {
	hosts, modules := 0, 0
	alone := func() bool {
		hosts, modules = 0, 0
		for _, f := range running(w.home) {
			if f.name == programHost {
				hosts++
			} else {
				modules++
			}
		}
		return hosts == 1 && modules == 1
	}
	if !awaits(context.Background(), leaving, alone) {
		w.wrong(p, fmt.Sprintf("%d hosts and %d modules run: %v", hosts, modules, running(w.home)))
	}
	return nil
}
