package shell

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// abilities are what the engine may ask of the driver for an operation.
func (s *Shell) abilities(row journal.Operation, original *provider.Operation) engine.Abilities {
	d := s.o.Driver
	able := engine.Abilities{Traits: s.o.About.Traits}
	_, counts := d.(provider.ShiftKeeper)
	_, cancels := d.(provider.Canceller)
	_, refunds := d.(provider.Refunder)
	_, reverses := d.(provider.Reverser)
	able.Reverses = row.Kind.Payment() && (refunds || reverses)
	if p, ok := d.(provider.Preparer); ok && row.Kind.Money() {
		able.Prepares = p.Prepares(row.Kind)
	}
	switch row.Kind {
	case pay.KindReversal:
		able.Persists = true
		able.Counts = counts && !s.undoes(row.Amount, original)
	case pay.KindCloseDay:
		able.Persists = true
		able.Traits.RefusesDuplicates = true
	default:
		able.Counts = counts && row.Kind.Money()
		able.Cancels = cancels && row.Kind.Payment()
	}
	return able
}

// undoes says whether a reversal of this amount goes by the provider's cancel, which undoes a payment whole.
func (s *Shell) undoes(amount pay.Amount, original *provider.Operation) bool {
	_, reverses := s.o.Driver.(provider.Reverser)
	return reverses && original != nil && amount == original.Amount
}

// call has the driver called in a goroutine of its own; its reply comes back as an event.
func (o *operation) call(c engine.Call, answer provider.Answer) {
	ctx, cancel := context.WithTimeout(o.s.ctx, o.s.o.CallTimeout)
	o.mu.Lock()
	o.endCall = cancel
	op := o.driverViewLocked()
	o.mu.Unlock()
	o.s.calls.Go(func() {
		defer cancel()
		e := engine.Event{What: engine.Replied, Call: c}
		e.Reply, e.NotSent = o.s.drive(ctx, c, o, op, answer)
		o.post(e)
	})
}

// drive makes one call and says what it brought: a reply, and whether nothing of a money request can have left (design §3.4).
func (s *Shell) drive(ctx context.Context, c engine.Call, o *operation, op provider.Operation, answer provider.Answer) (r provider.Reply, notSent bool) {
	ctx = exchange.WithInitiator(exchange.WithRef(ctx, op.Ref), op.Initiator)
	ctx, track := exchange.Track(exchange.WithPermit(ctx, permit(op)))
	r, err := s.ask(ctx, c, o, op, answer)
	if err == nil {
		s.heard(nil)
		return r, false
	}
	s.heard(err)
	o.log.Warn("no word of the provider", "call", c, "error", err)
	failed := provider.Reply{Verdict: provider.Unknown, Error: pay.ErrOffline}
	if refusal, ok := errors.AsType[*pay.Error](err); ok {
		failed.Error, failed.Text, failed.Hint = refusal.Code, refusal.Text, refusal.Hint
	}
	if e, ok := errors.AsType[*exchange.Error](err); ok && e.Code != 0 {
		failed.Error = e.Code
	}
	return failed, track.Touched() && !track.MoneySent()
}

// permit holds the driver to the engine's keys, and to the provider's ids that the journal has (design §3.3).
func permit(op provider.Operation) exchange.Permit {
	p := exchange.Permit{Keys: []pay.Key{op.Key}, Journaled: op.State.Data}
	if op.Original != nil {
		p.Keys = append(p.Keys, op.Original.Key)
		p.Journaled = slices.Concat(p.Journaled, []byte(" "), op.Original.State.Data)
	}
	return p
}

// ask is the call itself. A driver that panics has said nothing.
func (s *Shell) ask(ctx context.Context, c engine.Call, o *operation, op provider.Operation, answer provider.Answer) (r provider.Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, err = provider.Reply{}, errors.New("the driver panicked")
			o.log.Error("the driver panicked", "call", c, "type", panicType(p))
		}
	}()
	d := s.o.Driver
	switch c {
	case engine.CallCounters:
		return s.count(ctx, o)
	case engine.CallPrepare:
		return d.(provider.Preparer).Prepare(ctx, op)
	case engine.CallAnswer:
		a, ok := d.(provider.Answerer)
		if !ok {
			return provider.Reply{}, errors.New("the driver asked, and takes no answers")
		}
		return a.Answer(ctx, op, answer)
	case engine.CallCancel, engine.CallTidy:
		return d.(provider.Canceller).Cancel(ctx, op)
	case engine.CallCommit:
		return s.commit(ctx, o, op)
	default:
		if op.Kind == pay.KindCloseDay {
			return s.closeShift(ctx, o, op)
		}
		return d.Inquire(ctx, op)
	}
}

func (s *Shell) commit(ctx context.Context, o *operation, op provider.Operation) (provider.Reply, error) {
	d := s.o.Driver
	switch op.Kind {
	case pay.KindRefund, pay.KindReversal:
		if op.Original == nil {
			return provider.Reply{}, errors.New("the payment to give back is not known")
		}
		if op.Kind == pay.KindReversal && s.undoes(op.Amount, op.Original) {
			return d.(provider.Reverser).Reverse(ctx, op, *op.Original)
		}
		return d.(provider.Refunder).Refund(ctx, op, *op.Original)
	case pay.KindCloseDay:
		return s.closeShift(ctx, o, op)
	case pay.KindReport:
		return s.report(ctx, op)
	case pay.KindTest:
		return s.probe(ctx)
	case pay.KindCommand:
		return s.command(ctx, op)
	}
	return d.Commit(ctx, op)
}

// count asks the provider's counters. The numbers are kept for the write that follows.
func (s *Shell) count(ctx context.Context, o *operation) (provider.Reply, error) {
	counters, err := s.o.Driver.(provider.ShiftKeeper).Counters(ctx)
	if err != nil {
		return provider.Reply{}, err
	}
	o.mu.Lock()
	o.counters = counters
	o.mu.Unlock()
	return provider.Reply{Verdict: provider.Ready}, nil
}

func (s *Shell) probe(ctx context.Context) (provider.Reply, error) {
	p, ok := s.o.Driver.(provider.Prober)
	if !ok {
		return provider.Reply{Verdict: provider.Declined, Error: pay.ErrUnsupported}, nil
	}
	probe, err := p.Probe(ctx)
	if err != nil {
		return provider.Reply{}, err
	}
	result, err := json.Marshal(probe)
	if err != nil {
		return provider.Reply{}, err
	}
	if !probe.OK {
		return provider.Reply{Verdict: provider.Declined, Error: probe.Code, Text: probe.Error, Result: result}, nil
	}
	return provider.Reply{Verdict: provider.Approved, Result: result}, nil
}

// command runs a declared command. It moves no money, so no word is a refusal.
func (s *Shell) command(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	run, ok := s.commands[op.Params.Name]
	if !ok {
		return provider.Reply{Verdict: provider.Declined, Error: pay.ErrUnsupported}, nil
	}
	r, err := run(ctx, CommandCall{Name: op.Params.Name, Args: op.Params.Args, Initiator: op.Initiator, Language: op.Language})
	if err == nil {
		return r, nil
	}
	s.heard(err)
	r = provider.Reply{Verdict: provider.Declined, Error: pay.ErrOffline}
	if refusal, ok := errors.AsType[*pay.Error](err); ok {
		r.Error, r.Text, r.Hint = refusal.Code, refusal.Text, refusal.Hint
	} else if e, ok := errors.AsType[*exchange.Error](err); ok && e.Code != 0 {
		r.Error = e.Code
	}
	return r, nil
}

// heard keeps how the way to the provider looks, for health.
func (s *Shell) heard(err error) {
	word := wordOfProvider{ok: err == nil, at: time.Now()}
	if err != nil {
		word.code, word.text = pay.ErrOffline, err.Error()
		if e, ok := errors.AsType[*exchange.Error](err); ok && e.Code != 0 {
			word.code = e.Code
		}
		if refusal, ok := errors.AsType[*pay.Error](err); ok {
			word.code = refusal.Code
		}
	}
	s.mu.Lock()
	turned := s.lastWord.ok != word.ok || s.lastWord.code != word.code
	s.lastWord = word
	s.mu.Unlock()
	if turned {
		s.notify()
	}
}
