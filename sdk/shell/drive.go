package shell

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// abilities are what the engine may ask of the driver for an operation. whole says of a reversal that it gives back all of its payment.
func (s *Shell) abilities(kind pay.Kind, whole bool) engine.Abilities {
	d := s.Driver()
	able := engine.Abilities{Traits: s.o.About.Traits}
	_, counts := d.(provider.ShiftKeeper)
	_, cancels := d.(provider.Canceller)
	_, refunds := d.(provider.Refunder)
	_, reverses := d.(provider.Reverser)
	able.Reverses = kind.Payment() && (refunds || reverses)
	able.Cancels = kind.Payment() && cancels
	if h, ok := d.(provider.Holder); ok {
		able.Holds, able.HoldsFor = able.Cancels, h.HoldsFor()
	}
	able.Counts = kind.Money() && counts && !(kind == pay.KindReversal && whole && reverses)
	if p, ok := d.(provider.Preparer); ok && kind.Money() && kind != pay.KindReversal {
		able.Prepares = p.Prepares(kind)
	}
	return able
}

// drive makes one call and says what it brought: a reply, and whether nothing of a money request can have left (design §3.4).
func (s *Shell) drive(ctx context.Context, c engine.Call, o *operation, op provider.Operation, answer provider.Answer) (r provider.Reply, notSent bool) {
	ctx = exchange.WithInitiator(exchange.WithRef(ctx, op.Ref), op.Initiator)
	ctx, track := exchange.Track(exchange.WithPermit(ctx, permit(c, op)))
	if c == engine.CallCommit || c == engine.CallAnswer {
		ctx = exchange.WithMoneyCall(ctx)
	}
	r, err := s.ask(ctx, c, o, op, answer)
	if err == nil {
		switch {
		case op.Kind == pay.KindTest && r.Verdict == provider.Declined && r.Error != pay.ErrUnsupported:
			s.heard(&pay.Error{Code: r.Error}) // the test's word is about the way itself
		case op.Kind != pay.KindReport:
			s.heard(nil)
		}
		return r, false
	}
	if !errors.Is(ctx.Err(), context.Canceled) {
		s.heard(err) // a call that we ended ourselves says nothing about the provider
	}
	o.log.Warn("no word of the provider", "call", c, "error", err)
	code, text, hint := causeOf(err)
	return provider.Reply{Verdict: provider.Unknown, Error: code, Text: text, Hint: hint, Again: retryAfter(err)}, track.Touched() && !track.MoneySent()
}

// retryAfter is for how long the provider's server wants to be left alone.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*exchange.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

// causeOf says why no word came, as payrack.h counts. Words that a driver found for it are kept.
func causeOf(err error) (code pay.Code, text, hint string) {
	if e, ok := errors.AsType[*pay.Error](err); ok && e.Text != "" {
		return e.Code, e.Text, e.Hint
	}
	if e, ok := errors.AsType[*exchange.Error](err); ok && e.Code != 0 {
		return e.Code, "", ""
	}
	if e, ok := errors.AsType[*pay.Error](err); ok {
		return e.Code, e.Text, e.Hint
	}
	if errors.Is(err, errPanicked) {
		return pay.ErrInternal, "", ""
	}
	return pay.ErrOffline, "", ""
}

// errPanicked is what a call brought whose driver panicked.
var errPanicked = errors.New("the driver panicked")

// mask hides in a provider's free text what belongs in no journal and on no slip.
func (s *Shell) mask(r *provider.Reply) {
	if s.o.Mask != nil {
		r.Code, r.Text, r.Hint = s.o.Mask(r.Code), s.o.Mask(r.Text), s.o.Mask(r.Hint)
	}
}

// permit holds the driver to the engine's keys, and to the provider's ids that the journal has (design §3.3). What only asks may send no
// money request at all; a close of day asks by closing again.
func permit(c engine.Call, op provider.Operation) exchange.Permit {
	if c == engine.CallCounters || c == engine.CallInquire && op.Kind != pay.KindCloseDay {
		return exchange.Permit{}
	}
	p := exchange.Permit{Keys: []pay.Key{op.Key}, Journaled: op.State.Data}
	if !op.CancelKey.IsZero() && (c == engine.CallCancel || c == engine.CallTidy) {
		p.Keys = append(p.Keys, op.CancelKey)
	}
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
			r, err = provider.Reply{}, errPanicked
			o.log.Error("the driver panicked", "call", c, "type", panicType(p))
		}
	}()
	d := s.Driver()
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
		if o.takenBack() {
			return provider.Reply{Verdict: provider.Declined}, nil
		}
		return d.Inquire(ctx, op)
	}
}

func (s *Shell) commit(ctx context.Context, o *operation, op provider.Operation) (provider.Reply, error) {
	d := s.Driver()
	switch op.Kind {
	case pay.KindRefund, pay.KindReversal:
		if op.Original == nil {
			return provider.Reply{}, errors.New("the payment to give back is not known")
		}
		return s.giveBack(ctx, op, op.Kind == pay.KindReversal && o.whole)
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

// giveBack undoes a payment whole, where the provider can, or refunds.
func (s *Shell) giveBack(ctx context.Context, op provider.Operation, whole bool) (provider.Reply, error) {
	d := s.Driver()
	if reverser, ok := d.(provider.Reverser); ok && whole {
		return reverser.Reverse(ctx, op, *op.Original)
	}
	if refunder, ok := d.(provider.Refunder); ok {
		return refunder.Refund(ctx, op, *op.Original)
	}
	return provider.Reply{}, errors.New("the driver can give nothing back now")
}

// count asks the provider's counters. The numbers are kept for the write that follows.
func (s *Shell) count(ctx context.Context, o *operation) (provider.Reply, error) {
	counters, err := s.Driver().(provider.ShiftKeeper).Counters(ctx)
	if err = errors.Join(err, ctx.Err()); err != nil { // a call that was given up leaves nothing behind
		return provider.Reply{}, err
	}
	o.mu.Lock()
	o.counters = counters
	o.mu.Unlock()
	return provider.Reply{Verdict: provider.Ready}, nil
}

func (s *Shell) probe(ctx context.Context) (provider.Reply, error) {
	p, ok := s.Driver().(provider.Prober)
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

// command runs a declared command.
func (s *Shell) command(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	s.mu.Lock()
	run, ok := s.commands[op.Params.Name]
	s.mu.Unlock()
	if !ok {
		return provider.Reply{Verdict: provider.Declined, Error: pay.ErrUnsupported}, nil
	}
	return run(ctx, CommandCall{Key: op.Key, Name: op.Params.Name, Args: op.Params.Args, Initiator: op.Initiator, Language: op.Language, Full: op.Full})
}

// heard keeps how the way to the provider looks, for health.
func (s *Shell) heard(err error) {
	word := wordOfProvider{ok: err == nil, at: time.Now()}
	if err != nil {
		word.text = err.Error()
		word.code, _, _ = causeOf(err)
	}
	s.mu.Lock()
	turned := s.lastWord.ok != word.ok || s.lastWord.code != word.code
	s.lastWord = word
	s.mu.Unlock()
	if turned {
		s.notify()
	}
}
