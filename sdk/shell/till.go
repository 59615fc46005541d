package shell

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Watch calls emit with each event after a number, follows the operation live, and returns nil after the event of its final outcome.
// attend says that the watcher is the operation's own till: while none is there in the customer's turn, OrphanGrace runs.
func (s *Shell) Watch(ctx context.Context, ref pay.Ref, after int64, attend bool, emit func(pay.Event) error) error {
	o, err := s.find(ctx, ref)
	if err != nil {
		return err
	}
	defer s.release(o)
	if attend {
		o.attend()
		defer o.leave()
	}
	for {
		events, wake, final := o.since(after)
		for _, e := range events {
			if err := emit(e); err != nil {
				return err
			}
			after = e.Number
		}
		if final {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return &pay.Error{Code: pay.ErrModuleDown}
		}
	}
}

// since gives the events after a number. Where the outcome is final, its event is always among them, and is the last.
func (o *operation) since(after int64) (list []pay.Event, wake chan struct{}, final bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	outcome := false
	for _, e := range o.events {
		if e.Number > after {
			list = append(list, e)
			outcome = outcome || e.Kind == pay.EvOutcome
		}
	}
	heard := o.state.Final() || o.state.Told
	if heard && !outcome && (o.state.Final() || len(o.events) == 0 && after == 0) {
		v := o.viewLocked()
		o.highest = max(o.highest, after) + 1
		list = append(list, pay.Event{Number: o.highest, Kind: pay.EvOutcome, Time: v.Settled, Operation: &v})
	}
	return list, o.wake, o.state.Final() && o.state.Reversal != pay.ReversalUnderWay
}

func (o *operation) attend() {
	o.mu.Lock()
	o.watchers++
	first := o.watchers == 1
	o.mu.Unlock()
	if first {
		o.post(engine.Event{What: engine.Attached})
	}
}

func (o *operation) leave() {
	o.mu.Lock()
	o.watchers--
	last := o.watchers == 0
	o.mu.Unlock()
	if last && o.s.ctx.Err() == nil {
		o.post(engine.Event{What: engine.Detached})
	}
}

// Answer takes the cashier's answer to a prompt; number is that of the prompt's event. A prompt that is gone is pay.ErrState.
func (s *Shell) Answer(ctx context.Context, ref pay.Ref, number int64, value, by string) error {
	o, err := s.find(ctx, ref)
	if err != nil {
		return err
	}
	defer s.release(o)
	o.mu.Lock()
	prompt := o.state.Prompt()
	open := prompt != nil && number == o.prompt
	o.mu.Unlock()
	if !open {
		return &pay.Error{Code: pay.ErrState, Text: "the prompt was answered already, or ran out"}
	}
	if err := fits(prompt, value); err != nil {
		return err
	}
	o.log.Info("answered", "prompt", prompt.ID, "by", by)
	o.post(engine.Event{What: engine.Answered, Answer: provider.Answer{ID: prompt.ID, Value: value}, By: by})
	return nil
}

// maxAnswer is the length of the longest answer, in bytes.
const maxAnswer = 4096

// fits refuses an answer that the prompt does not allow.
func fits(p *provider.Prompt, value string) error {
	if len(value) > maxAnswer {
		return pay.Refuse(pay.ErrArgument, "an answer has at most %d bytes", maxAnswer)
	}
	for _, r := range value {
		if r < ' ' || r == 0x7f {
			return pay.Refuse(pay.ErrArgument, "the answer holds a control character")
		}
	}
	switch p.Kind {
	case pay.EvConfirm, pay.EvPrint:
		if value != "0" && value != "1" {
			return pay.Refuse(pay.ErrArgument, "the answer is 1 or 0")
		}
	case pay.EvChoice:
		for _, item := range p.Items {
			if item.ID == value {
				return nil
			}
		}
		return pay.Refuse(pay.ErrArgument, "the answer is none of the choices")
	case pay.EvInput:
		if n := len([]rune(value)); n < p.Min || p.Max > 0 && n > p.Max {
			return pay.Refuse(pay.ErrArgument, "the answer has %d characters, %d to %d are allowed", n, p.Min, p.Max)
		}
	}
	return nil
}

// Cancel asks for a cancel. It says nothing about the outcome (design §3.6). Where none is possible any more: pay.ErrState.
func (s *Shell) Cancel(ctx context.Context, ref pay.Ref, reason, by string) error {
	o, err := s.find(ctx, ref)
	if err != nil {
		return err
	}
	defer s.release(o)
	o.mu.Lock()
	can, asked := o.state.CanCancel(), o.state.CancelAsked && !o.state.Final()
	o.mu.Unlock()
	switch {
	case can:
		o.post(engine.Event{What: engine.CancelRequested, Reason: reason, By: by})
		return nil
	case asked:
		return nil
	}
	return &pay.Error{Code: pay.ErrState, Text: fmt.Sprintf("operation %s cannot be cancelled any more", ref)}
}

// Acknowledge takes what the till says of an outcome. The first of confirm and reverse wins: the same again is harmless, the other is pay.ErrState.
func (s *Shell) Acknowledge(ctx context.Context, ref pay.Ref, ack pay.Ack, reason, by string) (pay.Operation, error) {
	o, err := s.find(ctx, ref)
	if err != nil {
		return pay.Operation{}, err
	}
	defer s.release(o)
	what := map[pay.Ack]engine.What{pay.AckSeen: engine.Seen, pay.AckConfirm: engine.ConfirmRequested, pay.AckReverse: engine.ReverseRequested}
	event, known := what[ack]
	if !known {
		return pay.Operation{}, pay.Refuse(pay.ErrArgument, "unknown acknowledgement %.20q", ack)
	}
	o.mu.Lock()
	st := o.state
	o.mu.Unlock()
	switch {
	case ack == pay.AckConfirm && st.Ack == pay.AckConfirm, ack == pay.AckReverse && st.Ack == pay.AckReverse:
		return s.outside(ctx, o), nil
	case ack == pay.AckConfirm && !st.CanConfirm():
		return pay.Operation{}, &pay.Error{Code: pay.ErrState, Text: fmt.Sprintf("operation %s cannot be confirmed", ref)}
	case ack == pay.AckReverse && !st.CanReverse():
		return pay.Operation{}, &pay.Error{Code: pay.ErrState, Text: fmt.Sprintf("operation %s cannot be reversed", ref)}
	}
	if err := o.settleWith(ctx, engine.Event{What: event, Reason: reason, By: by}); err != nil {
		return pay.Operation{}, err
	}
	v := s.outside(ctx, o)
	if ack != pay.AckSeen && v.Ack != ack {
		return v, &pay.Error{Code: pay.ErrState, Text: fmt.Sprintf("operation %s was acknowledged otherwise meanwhile", ref)}
	}
	return v, nil
}

// Resolve takes a person's word about an Unknown operation; who and why go into the journal. Of another operation: pay.ErrState.
func (s *Shell) Resolve(ctx context.Context, ref pay.Ref, charged bool, whoAndWhy string) (pay.Operation, error) {
	o, err := s.find(ctx, ref)
	if err != nil {
		return pay.Operation{}, err
	}
	defer s.release(o)
	o.mu.Lock()
	st := o.state
	o.mu.Unlock()
	if st.Final() || !st.Told || st.Reversal == pay.ReversalUnderWay {
		return pay.Operation{}, &pay.Error{Code: pay.ErrState, Text: fmt.Sprintf("operation %s is not unknown", ref)}
	}
	o.log.Warn("resolved by a person", "charged", charged, "by", whoAndWhy)
	if err := o.settleWith(ctx, engine.Event{What: engine.ResolveRequested, Charged: charged, By: whoAndWhy}); err != nil {
		return pay.Operation{}, err
	}
	return s.outside(ctx, o), nil
}

// settleWith posts an event and waits until it was stepped, written and done.
func (o *operation) settleWith(ctx context.Context, e engine.Event) error {
	done := make(chan struct{})
	o.mu.Lock()
	o.afterNext = append(o.afterNext, waiter{at: o.stepped + len(o.queue) + 1, done: done})
	o.queue = append(o.queue, e)
	start := !o.stepping
	o.stepping = true
	o.mu.Unlock()
	if start {
		o.s.calls.Go(o.run)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return &pay.Error{Code: pay.ErrJournal, Text: "the journal could not be written in time; the request stands", Cause: ctx.Err()}
	}
}

// waiter waits for the event that was the at-th of its operation.
type waiter struct {
	at   int
	done chan struct{}
}

// Operation is the present view of an operation; pay.ErrNotFound where the journal has none.
func (s *Shell) Operation(ctx context.Context, ref pay.Ref) (pay.Operation, error) {
	o, err := s.find(ctx, ref)
	if err != nil {
		return pay.Operation{}, err
	}
	defer s.release(o)
	return s.outside(ctx, o), nil
}

// outside is the view with what only the journal can tell: how much can still be refunded.
func (s *Shell) outside(ctx context.Context, o *operation) pay.Operation {
	v := o.view()
	if v.Outcome == pay.Approved && v.Kind.Payment() && v.Reversal == pay.ReversalNone {
		if approved, underWay, err := s.o.Journal.Returned(ctx, v.Ref); err == nil {
			v.Refundable = v.ApprovedAmount - approved - underWay
		}
	}
	return v
}

// View is the view of a row that the journal gave: of the live operation, if it is one.
func (s *Shell) View(row journal.Operation) pay.Operation {
	s.mu.Lock()
	o := s.active[row.Ref]
	s.mu.Unlock()
	if o != nil {
		return o.view()
	}
	kept, _ := readParams(row.Params)
	st := engineState(row)
	st.Able, st.Terms = s.abilities(row, nil), s.o.Terms
	return s.viewOf(row, st, s.o.Language, kept.Params)
}

// Pending lists the operations that want attention, oldest first.
func (s *Shell) Pending(ctx context.Context) ([]pay.Operation, error) {
	rows, err := s.o.Journal.Find(ctx, journal.Query{PendingOnly: true})
	if err != nil {
		return nil, err
	}
	var list []pay.Operation
	for _, row := range rows {
		if v := s.View(row); v.Pending != "" {
			list = append(list, v)
		}
	}
	return list, nil
}

func panicType(p any) string { return fmt.Sprintf("%T at %s", p, frame(debug.Stack())) }

// Shown gives the QR code that a customer can pay now.
func (s *Shell) Shown(ref pay.Ref) (payload string, until time.Time, shown bool) {
	s.mu.Lock()
	o := s.active[ref]
	s.mu.Unlock()
	if o == nil {
		return "", time.Time{}, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.state.QR == nil || !o.state.Running() || o.state.CancelAsked {
		return "", time.Time{}, false
	}
	return o.state.QR.Payload, o.state.QR.Until, true
}
