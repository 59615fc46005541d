package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// operation is one live operation: its state, its queue, and who watches.
type operation struct {
	s   *Shell
	log hclog.Logger

	// what was asked for; params hold secrets as long as this process knows them
	params    pay.Params
	secret    bool // the request had secret parameters
	language  string
	initiator string
	noPrompts bool
	original  *provider.Operation

	mu        sync.Mutex
	row       journal.Operation
	state     engine.State
	queue     []engine.Event
	stepping  bool
	counters  provider.Counters
	closing   *closing // of a close of day: what is to be written with the outcome
	endCall   context.CancelFunc
	timers    [engine.Timers]*time.Timer
	stepped   int
	afterNext []waiter
	failures  int // writes in a row that failed

	events   []pay.Event
	highest  int64
	prompt   int64 // number of the open prompt's event
	watchers int
	users    int           // calls that hold it; guarded by Shell.mu
	wake     chan struct{} // closed and made anew with each event
}

// revive makes a live operation of its row.
func (s *Shell) revive(ctx context.Context, row journal.Operation) (*operation, error) {
	o := &operation{s: s, row: row, wake: make(chan struct{}), language: s.o.Language}
	o.log = s.o.Log.With("op", row.Number, "ref", row.Ref)
	if len(row.State) > 0 {
		if err := json.Unmarshal(row.State, &o.state); err != nil {
			return nil, &pay.Error{Code: pay.ErrJournal, Text: fmt.Sprintf("the state of operation %s cannot be read", row.Ref), Cause: err}
		}
	}
	kept, err := readParams(row.Params)
	if err != nil {
		return nil, err
	}
	o.params, o.secret, o.noPrompts = kept.Params, kept.Secret, o.state.NoPrompts
	o.initiator = row.Operator
	if o.initiator == "" {
		o.initiator = row.PosID
	}
	if row.OriginalRef != "" {
		original, err := s.o.Journal.Operation(ctx, row.OriginalRef)
		if err != nil {
			return nil, err
		}
		op := driverView(original, engineState(original))
		o.original = &op
	}
	o.state.Able, o.state.Terms = s.abilities(row, o.original), s.o.Terms
	return o, nil
}

// engineState reads the engine's state of a row; one that cannot be read is empty, and has no ids for the driver.
func engineState(row journal.Operation) (st engine.State) {
	_ = json.Unmarshal(row.State, &st)
	return st
}

// post queues an event, and steps the operation unless somebody does already.
func (o *operation) post(e engine.Event) {
	o.mu.Lock()
	o.queue = append(o.queue, e)
	if o.stepping {
		o.mu.Unlock()
		return
	}
	o.stepping = true
	o.mu.Unlock()
	o.s.calls.Go(o.run)
}

// run steps until the queue is empty. It gives way where the journal cannot be written; a timer comes back.
func (o *operation) run() {
	for {
		o.mu.Lock()
		if len(o.queue) == 0 || o.s.ctx.Err() != nil {
			o.stepping = false
			o.mu.Unlock()
			o.s.retire(o)
			return
		}
		e := o.queue[0]
		o.mu.Unlock()
		if !o.step(e) {
			return
		}
	}
}

// step feeds the first event of the queue to the engine. It returns false if the journal refused the write.
func (o *operation) step(e engine.Event) bool {
	if e.Now.IsZero() {
		e.Now = time.Now()
	}
	o.mu.Lock()
	state, effects := engine.Step(o.state, e)
	o.mu.Unlock()
	o.log.Debug("step", "event", e.What, "call", e.Call, "timer", e.Timer, "write", effects.Write)
	if effects.Write != "" {
		if err := o.write(&state, effects, e); err != nil {
			return o.unwritten(err)
		}
	}
	o.mu.Lock()
	settled := !o.state.Final() && state.Final()
	o.state = state
	o.queue = o.queue[1:]
	o.stepped++
	o.failures = 0
	o.mu.Unlock()
	for _, effect := range effects.Do {
		o.s.point("effect")
		o.perform(effect)
	}
	if settled && state.Kind == pay.KindReversal {
		o.s.reversalEnded(o.row.Ref, state.Outcome)
	}
	if effects.Write != "" || settled {
		o.s.notify()
	}
	o.wasStepped()
	return true
}

// wasStepped lets those go on who wait for the event.
func (o *operation) wasStepped() {
	o.mu.Lock()
	defer o.mu.Unlock()
	left := o.afterNext[:0]
	for _, w := range o.afterNext {
		if w.at > o.stepped {
			left = append(left, w)
			continue
		}
		close(w.done)
	}
	o.afterNext = left
}

// unwritten keeps the event for later. The till hears Unknown where it may have to (design §7, disk full); nothing was sent meanwhile.
func (o *operation) unwritten(err error) bool {
	o.log.Error("the journal cannot be written; nothing is sent until it can", "error", err)
	o.mu.Lock()
	o.failures++
	tell := o.failures == 5 && o.state.Running()
	pause := min(100*time.Millisecond<<min(o.failures, 6), 5*time.Second)
	o.mu.Unlock()
	if tell {
		o.mu.Lock()
		v := o.viewLocked()
		v.Running, v.Code = false, pay.ErrJournal.String()
		v.Text, v.Hint = o.s.o.Words.Error(pay.ErrJournal, o.language)
		o.emitLocked(pay.Event{Kind: pay.EvOutcome, Operation: &v})
		o.mu.Unlock()
	}
	time.AfterFunc(pause, func() {
		if o.s.ctx.Err() == nil {
			o.s.calls.Go(o.run)
		}
	})
	return false
}

// write journals a transition: the operation, its event, and what belongs into the same transaction.
func (o *operation) write(state *engine.State, fx engine.Effects, e engine.Event) error {
	closes := o.closing != nil && state.Outcome == pay.Approved && !o.state.Final()
	if closes {
		unlock, err := o.writeClose(state, e.Now)
		if err != nil {
			return err
		}
		defer unlock()
	}
	row, err := o.rowOf(*state)
	if err != nil {
		return err
	}
	change := journal.Change{Operation: row, Event: journal.Event{Ref: row.Ref, Time: e.Now, Name: fx.Write, Data: story(fx, e)}}
	if fx.Number {
		change.ProviderNext, change.OpenShift = o.counters.Next, o.counters.Shift
		change.Operation.ProviderShift = o.counters.Shift
	}
	var child *journal.Operation
	if fx.Reverse {
		child, err = o.reversalRow(*state, e.Now)
		if err != nil && !errors.Is(err, errNothingLeft) {
			return err
		}
		change.Begin = child
	}
	if closes {
		change.Close = o.closing.change(e.Now)
	}
	if state.Charged && !o.row.Charged {
		o.s.closing.RLock()
		defer o.s.closing.RUnlock()
	}
	o.s.point("write " + fx.Write)
	written, err := o.s.o.Journal.Append(context.WithoutCancel(o.s.ctx), change)
	if err != nil {
		return err
	}
	o.s.point("written " + fx.Write)
	o.mu.Lock()
	o.row = written
	o.mu.Unlock()
	o.log.Info(fx.Write, "outcome", state.Outcome, "provider_number", written.ProviderNumber, "code", state.Code)
	switch {
	case child != nil:
		o.s.startReversal(*child)
	case fx.Reverse:
		o.post(engine.Event{What: engine.ReversalEnded, Outcome: pay.Approved})
	}
	return nil
}

// errNothingLeft says that refunds have given everything back already: there is nothing to reverse.
var errNothingLeft = errors.New("everything was given back already")

// perform does one effect.
func (o *operation) perform(f engine.Effect) {
	switch f.Do {
	case engine.CallDriver:
		o.call(f.Call, f.Answer)
	case engine.Interrupt:
		o.mu.Lock()
		end := o.endCall
		o.mu.Unlock()
		if end != nil {
			end()
		}
	case engine.SetTimer:
		o.setTimer(f.Timer, f.After)
	case engine.StopTimer:
		o.stopTimer(f.Timer)
	case engine.Tell:
		o.emit(f.Event)
	case engine.TellOutcome:
		v := o.view()
		o.emit(pay.Event{Kind: pay.EvOutcome, Operation: &v})
	}
}

func (o *operation) setTimer(x engine.Timer, after time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t := o.timers[x]; t != nil {
		t.Stop()
	}
	var mine *time.Timer
	mine = time.AfterFunc(after, func() {
		o.mu.Lock()
		current := o.timers[x] == mine
		if current {
			o.timers[x] = nil
		}
		o.mu.Unlock()
		if current && o.s.ctx.Err() == nil {
			o.post(engine.Event{What: engine.Fired, Timer: x})
		}
	})
	o.timers[x] = mine
}

func (o *operation) stopTimer(x engine.Timer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t := o.timers[x]; t != nil {
		t.Stop()
		o.timers[x] = nil
	}
}

// retire forgets a live operation that has no work left and that nobody watches; the journal keeps it.
func (s *Shell) retire(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.busy[o.row.PosID] == o.row.Ref && !o.state.Running() {
		delete(s.busy, o.row.PosID)
	}
	if !o.stepping && len(o.queue) == 0 && o.watchers == 0 && o.users == 0 && !o.state.Open() && o.state.Calling() == engine.NoCall && s.active[o.row.Ref] == o {
		delete(s.active, o.row.Ref)
	}
}
