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
	"github.com/payrack/payrack/sdk/text"
)

// Watch calls emit with each event after a number, follows the operation live, and returns nil after the event of its final outcome; an
// operation whose money is being given back ends after that. attend says that the watcher is the operation's own till: while none is
// there in the customer's turn, OrphanGrace runs.
func (s *Shell) Watch(ctx context.Context, ref pay.Ref, after int64, attend bool, emit func(pay.Event) error) error {
	if after < 0 || after > latestEvent {
		return text.Refuse(pay.ErrArgument, "refused.event", map[string]any{"Number": after}, nil)
	}
	o, err := s.find(ctx, ref)
	if err != nil {
		return err
	}
	defer s.release(o)
	if attend {
		o.attend()
		defer o.leave()
	}
	o.overtake(after)
	w := watch{o: o, after: after, emit: emit}
	for {
		wake, over, err := w.tell(ctx)
		if err != nil || over {
			return err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			if _, over, err = w.tell(ctx); err != nil || over {
				return err
			}
			return &pay.Error{Code: pay.ErrModuleDown}
		}
	}
}

// latestEvent is above every number that an event will have.
const latestEvent = 1 << 62

// watch is one watcher's way through an operation's events.
type watch struct {
	o     *operation
	after int64
	emit  func(pay.Event) error
	begun bool           // it has seen a state of which everything was told
	said  *pay.Operation // the outcome that was told last
}

// tell emits what is new; over: the final outcome was told, as the last.
func (w *watch) tell(ctx context.Context) (wake chan struct{}, over bool, err error) {
	from := w.after
	events, now := w.o.since(w.after)
	for _, e := range events {
		if err := w.emit(e); err != nil {
			return nil, false, err
		}
		w.after = e.Number
		if e.Kind == pay.EvOutcome {
			w.said = e.Operation
		}
	}
	if now.owes(w.said, !w.begun, from) {
		e := w.o.retell(ctx, w.after)
		w.after, w.said = e.Number, e.Operation
		if err := w.emit(e); err != nil {
			return nil, false, err
		}
	}
	w.begun = w.begun || !now.ahead
	return now.wake, now.over, nil
}

// present is how far an operation has come, as far as it was told.
type present struct {
	wake        chan struct{}
	ahead       bool // the state is ahead of what was told: what follows is not known yet
	told, final bool // Unknown or an outcome was told; it is final
	over        bool // and nothing is being given back
	reversal    pay.Reversal
}

// owes says whether the watcher must be told the outcome though no event of it is left to tell: at the end always, and at the beginning
// if it is the watcher's first.
func (p present) owes(said *pay.Operation, first bool, from int64) bool {
	if p.over {
		return said == nil || !said.Outcome.Final() || said.Reversal != p.reversal
	}
	return first && said == nil && (p.final || p.told && from == 0)
}

// since gives the events after a number.
func (o *operation) since(after int64) (list []pay.Event, now present) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.events {
		if e.Number > after {
			list = append(list, e)
		}
	}
	now.wake, now.ahead = o.wake, o.performing
	if !now.ahead {
		now.final, now.reversal = o.state.Final(), o.state.Reversal
		now.told = now.final || o.state.Told
		now.over = now.final && now.reversal != pay.ReversalUnderWay
	}
	return list, now
}

// overtake numbers the kept events above one that a watcher has seen already. It matters where the clock went back with a restart.
func (o *operation) overtake(after int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if after <= o.highest {
		return
	}
	prompt, paper := o.prompt, o.paper
	o.highest = after
	for i, e := range o.events {
		o.highest++
		o.events[i].Number = o.highest
		if e.Number == paper && paper != 0 {
			o.paper = o.highest
		}
		if e.Number == prompt && prompt != 0 {
			o.prompt = o.highest
		}
	}
}

// retell makes the event of the present outcome anew.
func (o *operation) retell(ctx context.Context, after int64) pay.Event {
	v := o.s.outside(ctx, o)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.highest = max(o.highest, after) + 1
	return pay.Event{Number: o.highest, Kind: pay.EvOutcome, Time: o.s.o.Now(), Operation: &v}
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
	if last {
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
	if ours, err := o.printed(number, value); ours {
		return err
	}
	prompt, err := o.claimPrompt(number, value)
	if err != nil {
		return err
	}
	o.log.Info("answered", "prompt", prompt.ID, "by", by)
	o.post(engine.Event{What: engine.Answered, Answer: provider.Answer{ID: prompt.ID, Value: value}, Prompt: prompt, By: by})
	return nil
}

// claimPrompt takes an open prompt for an answer that fits: the first of two answers wins.
func (o *operation) claimPrompt(number int64, value string) (*provider.Prompt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	prompt := o.state.Prompt()
	if prompt == nil || number == 0 || number != o.prompt {
		return nil, text.Refuse(pay.ErrState, "refused.prompt_gone", nil, nil)
	}
	if err := fits(prompt, value); err != nil {
		return nil, err
	}
	o.prompt = 0
	return prompt, nil
}

// maxAnswer is the length of the longest answer, in bytes.
const maxAnswer = 4096

// fits refuses an answer that the prompt does not allow.
func fits(p *provider.Prompt, value string) error {
	if len(value) > maxAnswer {
		return text.Refuse(pay.ErrArgument, "refused.answer_long", map[string]any{"Most": maxAnswer}, nil)
	}
	for _, r := range value {
		if r < ' ' || r == 0x7f {
			return text.Refuse(pay.ErrArgument, "refused.answer_control", nil, nil)
		}
	}
	switch p.Kind {
	case pay.EvConfirm, pay.EvPrint:
		if value != "0" && value != "1" {
			return text.Refuse(pay.ErrArgument, "refused.answer_yes_no", nil, nil)
		}
	case pay.EvChoice:
		for _, item := range p.Items {
			if item.ID == value {
				return nil
			}
		}
		return text.Refuse(pay.ErrArgument, "refused.answer_choice", nil, nil)
	case pay.EvInput:
		if n := len([]rune(value)); n < p.Min || p.Max > 0 && n > p.Max {
			return text.Refuse(pay.ErrArgument, "refused.answer_length", map[string]any{"Length": n, "Min": p.Min, "Max": p.Max}, nil)
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
	st := o.stateNow()
	switch {
	case st.CanCancel():
		o.post(engine.Event{What: engine.CancelRequested, Reason: reason, By: by})
		return nil
	case st.CancelAsked && !st.Final():
		return nil
	}
	return text.Refuse(pay.ErrState, "refused.cancel", map[string]any{"Ref": ref}, nil)
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
		return pay.Operation{}, text.Refuse(pay.ErrArgument, "refused.acknowledgement", map[string]any{"Word": ack}, nil)
	}
	st := o.stateNow()
	switch {
	case ack == pay.AckConfirm && st.Ack == pay.AckConfirm, ack == pay.AckReverse && st.Ack == pay.AckReverse:
		return s.outside(ctx, o), nil
	case ack == pay.AckConfirm && !st.CanConfirm():
		return pay.Operation{}, text.Refuse(pay.ErrState, "refused.confirm", map[string]any{"Ref": ref}, nil)
	case ack == pay.AckReverse && st.Kind == pay.KindPayout:
		return pay.Operation{}, text.Refuse(pay.ErrState, "payout.irreversible", nil, nil)
	case ack == pay.AckReverse && !st.CanReverse():
		return pay.Operation{}, text.Refuse(pay.ErrState, "refused.reverse", map[string]any{"Ref": ref}, nil)
	}
	if err := o.settleWith(ctx, engine.Event{What: event, Reason: reason, By: by}); err != nil {
		return pay.Operation{}, err
	}
	v := s.outside(ctx, o)
	if ack != pay.AckSeen && v.Ack != ack {
		return v, text.Refuse(pay.ErrState, "refused.acknowledged", map[string]any{"Ref": ref}, nil)
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
	st := o.stateNow()
	if !st.CanResolve() {
		return pay.Operation{}, text.Refuse(pay.ErrState, "refused.resolve", map[string]any{"Ref": ref}, nil)
	}
	o.log.Warn("resolved by a person", "charged", charged, "by", whoAndWhy)
	if err := o.settleWith(ctx, engine.Event{What: engine.ResolveRequested, Charged: charged, By: whoAndWhy}); err != nil {
		return pay.Operation{}, err
	}
	return s.outside(ctx, o), nil
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
	s.addRefundable(ctx, &v)
	return v
}

func (s *Shell) addRefundable(ctx context.Context, v *pay.Operation) {
	_, refunds := s.Driver().(provider.Refunder)
	if !refunds || v.Outcome != pay.Approved || !v.Kind.Payment() || v.Reversal != pay.ReversalNone {
		return
	}
	if approved, underWay, err := s.o.Journal.Returned(ctx, v.Ref); err == nil {
		v.Refundable = max(v.ApprovedAmount-approved-underWay, 0)
	}
}

// View is the view of a row that the journal gave: of the live operation, if it is one.
func (s *Shell) View(row journal.Operation) pay.Operation {
	v := s.viewOfRow(row)
	s.addRefundable(s.ctx, &v)
	return v
}

func (s *Shell) viewOfRow(row journal.Operation) pay.Operation {
	s.mu.Lock()
	o := s.active[row.Ref]
	s.mu.Unlock()
	if o != nil {
		return o.view()
	}
	kept, _ := readParams(row.Params)
	st := engineState(row)
	st.Able, st.Terms = s.abilities(row.Kind, false), s.config.Load().terms
	return s.viewOf(row, st, s.config.Load().language, kept.Params)
}

// Pending lists the operations that want attention, oldest first.
func (s *Shell) Pending(ctx context.Context) ([]pay.Operation, error) {
	rows, err := s.o.Journal.Find(ctx, journal.Query{PendingOnly: true, Unreadable: func(ref pay.Ref, err error) {
		s.o.Log.Error("an operation cannot be listed", "ref", ref, "error", err)
	}})
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
