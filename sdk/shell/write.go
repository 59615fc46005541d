package shell

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// write journals a transition: the operation, its event, and what belongs into the same transaction.
func (o *operation) write(state *engine.State, fx engine.Effects, e engine.Event) (begun reversal, err error) {
	ctx := context.WithoutCancel(o.s.ctx)
	closes := o.closes(*state)
	switch {
	case closes != nil:
		o.s.booking.Lock()
		defer o.s.booking.Unlock()
		if closes.change, err = o.sumUp(ctx, closes, state, e.Now); err != nil {
			return begun, err
		}
	case state.Charged && !o.row.Charged, fx.Number:
		o.s.booking.RLock()
		defer o.s.booking.RUnlock()
	}
	row, err := o.rowOf(*state)
	if err != nil {
		return begun, err
	}
	change := journal.Change{Operation: row, Event: journal.Event{Ref: o.ref, Time: e.Now, Name: fx.Write, Data: story(fx, e)}}
	if fx.Number {
		o.mu.Lock()
		change.ProviderNext, change.OpenShift = o.counters.Next, o.counters.Shift
		o.mu.Unlock()
		change.Operation.ProviderShift = change.OpenShift
	}
	if closes != nil {
		change.Close = closes.change
	}
	if fx.Reverse {
		if begun, err = o.reversal(ctx, *state, e.Now); err != nil {
			return begun, err
		}
		change.Begin = begun.child
	}
	o.s.point("write " + fx.Write)
	written, err := o.s.o.Journal.Append(ctx, change)
	if err != nil {
		return reversal{}, err
	}
	o.s.point("written " + fx.Write)
	o.mu.Lock()
	o.row = written
	o.mu.Unlock()
	o.log.Info(fx.Write, "outcome", state.Outcome, "provider_number", written.ProviderNumber, "code", state.Code)
	return begun, nil
}

// reversal is what a transition that begins one comes to: a new operation, or a word about one that need not or cannot begin now.
type reversal struct {
	child *journal.Operation
	word  *engine.Event
}

// reversal makes the reversal of a payment: what is left of it, under a new key (design §3.7). While a refund of the payment is under way
// it waits for its outcome.
func (o *operation) reversal(ctx context.Context, st engine.State, now time.Time) (r reversal, err error) {
	ref := o.ref.Reversal(st.Reversals)
	// A write that failed may have reached the disk all the same: then the reversal is there already.
	there, err := o.s.o.Journal.Operation(ctx, ref)
	if err == nil {
		return reversal{child: &there}, nil
	}
	if pay.CodeOf(err) != pay.ErrNotFound {
		return r, err
	}
	returned, underWay, err := o.s.o.Journal.Returned(ctx, o.ref)
	if err != nil {
		return r, err
	}
	left := st.Approved - returned - underWay - st.Elsewhere
	if left <= 0 {
		word := engine.Event{What: engine.ReversalEnded, Reversal: st.Reversals}
		if underWay == 0 {
			word.Outcome = pay.Approved // refunds, and what went back elsewhere, are everything
		}
		return reversal{word: &word}, nil
	}
	key, err := pay.NewKey(o.s.o.Random)
	if err != nil {
		return r, err
	}
	state := engine.New(pay.KindReversal, left, o.row.Currency, now)
	state.System = first(st.System, o.row.System)
	raw, err := json.Marshal(state)
	if err != nil {
		return r, err
	}
	return reversal{child: &journal.Operation{
		Ref: ref, Key: key, Kind: pay.KindReversal, PosID: o.row.PosID, Operator: o.row.Operator, Amount: left, Currency: o.row.Currency,
		OriginalRef: o.ref, Receipt: o.row.Receipt, System: state.System, Params: json.RawMessage(`{"params":{}}`), Open: true, State: raw, Begun: now,
	}}, nil
}

// goOn makes a journaled reversal live, or gives the payment the word about it.
func (s *Shell) goOn(parent *operation, r reversal) {
	switch {
	case r.word != nil:
		parent.post(*r.word)
	case r.child != nil:
		parent.mu.Lock()
		original := parent.row
		parent.mu.Unlock()
		o, err := s.enliven(*r.child, &original)
		if err != nil {
			s.o.Log.Error("a reversal waits for the next start", "ref", r.child.Ref, "error", err)
			return
		}
		o = s.begun(o)
		defer s.release(o)
		o.post(engine.Event{What: engine.Begun})
	}
}

// reversalEnded tells the payment that its reversal has an outcome. Where something is left to give back, another follows: a refund that
// was under way with it may have been declined, or part of the payment went back elsewhere.
func (s *Shell) reversalEnded(ref pay.Ref, outcome pay.Outcome) {
	parent, number := ref.Parent()
	ctx := context.WithoutCancel(s.ctx)
	o, err := s.find(ctx, parent)
	e := engine.Event{What: engine.ReversalEnded, Reversal: number, Outcome: outcome}
	if err == nil {
		defer s.release(o)
		err = s.sumOfReturns(ctx, ref, o.stateNow(), &e)
	}
	if err != nil {
		s.o.Log.Error("a payment is still to hear of its reversal", "ref", parent, "error", err)
		time.AfterFunc(hearAgain, func() { s.spawn(func() { s.reversalEnded(ref, outcome) }) })
		return
	}
	o.post(e)
}

// hearAgain is after what time a payment is told again what it could not hear.
const hearAgain = 5 * time.Second

// sumOfReturns makes the word about a reversal Approved if all of the payment is given back, and else Unknown. Where the provider named
// what is left of the payment, the rest of it went back elsewhere, but for what refunds under way may have taken: should they not have,
// the next reversal asks for too much, is declined, and hears of it then. So never less is given back than is owed.
func (s *Shell) sumOfReturns(ctx context.Context, reversal pay.Ref, payment engine.State, e *engine.Event) error {
	if e.Outcome == pay.Unknown {
		return nil
	}
	row, err := s.o.Journal.Operation(ctx, reversal)
	if err != nil {
		return err
	}
	returned, underWay, err := s.o.Journal.Returned(ctx, row.OriginalRef)
	if err != nil {
		return err
	}
	elsewhere := payment.Elsewhere
	if left := engineState(row).Left; left != nil {
		elsewhere = max(payment.Approved-returned-underWay-*left, 0)
		e.Elsewhere = &elsewhere
	}
	e.Outcome = pay.Unknown
	if returned+elsewhere >= payment.Approved {
		e.Outcome = pay.Approved
	}
	return nil
}
