package shell

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// operation is one live operation: its state, its queue, and who watches. There is at most one of a ref (see live.go).
type operation struct {
	s   *Shell
	ref pay.Ref
	log hclog.Logger

	whole bool // of a reversal: it gives back all that the payment took

	mu sync.Mutex

	// what was asked for; params hold secrets as long as this process knows them
	params    pay.Params
	secret    bool // the request had secret parameters
	language  string
	initiator string
	noPrompts bool
	full      bool // who asked for it has the full role; only as long as this process lives
	original  *provider.Operation

	row        journal.Operation
	state      engine.State
	queue      []queued
	stepping   bool // a goroutine runs, or a timer will start one
	performing bool // the state is ahead of what was told
	gone       bool // forgotten: another copy may live
	counters   provider.Counters
	closing    *closing // of a close of day: what is to be written with the outcome
	deferred   bool     // the head of the queue waits until something new may be asked of the provider
	endCall    context.CancelFunc
	stuck      int // calls that were given up and whose driver has not come back
	timers     [engine.Timers]*time.Timer
	failures   int // writes in a row that failed

	events   []pay.Event
	highest  int64
	prompt   int64 // number of the open prompt's event; 0: none, or an answer to it is on its way
	paper    int64 // number of the event that asks the till to print the code; 0: none
	watchers int
	users    int           // calls that hold it; guarded by Shell.mu
	wake     chan struct{} // closed and made anew with each event
}

// queued is an event that waits for its step. done, unless nil, is closed after it.
type queued struct {
	event engine.Event
	done  chan struct{}
}

// post queues an event, and steps the operation unless somebody does already.
func (o *operation) post(e engine.Event) { o.enqueue(queued{event: e}) }

func (o *operation) enqueue(q queued) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone {
		return // a timer that had fired already; whoever holds an operation keeps it from going
	}
	if q.event.Now.IsZero() { // what came is as old as it is, however long the journal could not be written since
		q.event.Now = o.s.o.Now()
	}
	o.queue = append(o.queue, q)
	if !o.stepping {
		o.stepping = o.s.spawn(o.run)
	}
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
		q := o.queue[0]
		o.mu.Unlock()
		if !o.step(q) {
			return
		}
	}
}

// step feeds the first event of the queue to the engine. It returns false if the journal refused the write: then nothing was done.
func (o *operation) step(q queued) bool {
	e := o.believed(q.event)
	if e.Now.IsZero() {
		e.Now = o.s.o.Now()
	}
	o.mu.Lock()
	o.state.Able, o.state.Terms = o.s.abilities(o.row.Kind, o.whole), o.s.config.Load().terms
	before := o.state
	o.mu.Unlock()
	state, effects := engine.Step(before, e)
	o.log.Debug("step", "event", e.What, "call", e.Call, "timer", e.Timer, "write", effects.Write)
	if o.s.hushed.Load() && goesOn(effects) && o.wait() {
		return false
	}
	var begun reversal
	if effects.Write != "" {
		var err error
		if begun, err = o.write(&state, effects, e); err != nil {
			return o.needless(e, err) || o.unwritten(err)
		}
	}
	o.mu.Lock()
	o.state = state
	o.queue = o.queue[1:]
	o.failures = 0
	o.performing = true
	o.mu.Unlock()
	if !state.Running() {
		o.s.freeTill(o.ref)
	}
	for _, effect := range effects.Do {
		o.s.point("effect " + nameOf(effect))
		o.perform(effect)
	}
	o.performed()
	o.s.goOn(o, begun)
	if state.Kind == pay.KindReversal && state.Final() && !before.Final() {
		o.s.reversalEnded(o.ref, state.Outcome)
	}
	if effects.Write != "" || o.s.hushed.Load() {
		o.s.notify()
	}
	if q.done != nil {
		close(q.done)
	}
	return true
}

// goesOn says of a step that it would carry an operation further towards the provider. While the module is about to leave, it waits
// before its write: what was not asked is not written as asked either, so that the next start knows that nothing left.
func goesOn(effects engine.Effects) bool {
	return slices.ContainsFunc(effects.Do, func(f engine.Effect) bool {
		return f.Do == engine.CallDriver && f.Call != engine.CallInquire && f.Call != engine.CallCancel && f.Call != engine.CallTidy
	})
}

// wait leaves the head of the queue for the next start, or for goOn. It returns false if there is no need any more.
func (o *operation) wait() bool {
	o.mu.Lock()
	o.deferred = o.s.hushed.Load()
	waits := o.deferred
	if waits {
		o.stepping = false
	}
	o.mu.Unlock()
	if waits {
		o.s.notify()
	}
	return waits
}

// goOn takes up what waited.
func (o *operation) goOn() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.deferred && !o.stepping {
		o.stepping = o.s.spawn(o.run)
	}
	o.deferred = false
}

// performed lets watchers take the state for told.
func (o *operation) performed() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.performing = false
	o.wakeLocked()
}

// toldAfter is after how many failed writes in a row the till hears that nothing is known.
const toldAfter = 5

// unwritten keeps the event for later. After a while the till hears Unknown (design §7, disk full), and what was not sent yet is given
// up: a customer who has left must not be charged once the disk has room again.
func (o *operation) unwritten(err error) bool {
	o.log.Error("the journal cannot be written; nothing is sent until it can", "error", err)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failures++
	if o.failures == toldAfter && o.state.Running() {
		v := o.viewLocked()
		v.Running, v.Code = false, pay.ErrJournal.String()
		v.Text, v.Hint = o.s.o.Words.Error(pay.ErrJournal, o.language)
		o.emitLocked(pay.Event{Kind: pay.EvOutcome, Operation: &v})
		if o.state.Phase == engine.Prepared && o.state.CanCancel() {
			giveUp := queued{event: engine.Event{What: engine.CancelRequested, Reason: givenUp}}
			o.queue = append([]queued{giveUp}, o.queue...)
		}
	}
	pause := min(100*time.Millisecond<<min(o.failures, 6), 5*time.Second)
	time.AfterFunc(pause, func() { o.s.spawn(o.run) })
	return false
}

// nameOf names an effect, for Options.Around.
func nameOf(f engine.Effect) string {
	if f.Do == engine.CallDriver {
		return "call " + f.Call.String()
	}
	return [...]string{"call", "interrupt", "set timer", "stop timer", "tell", "tell outcome"}[f.Do]
}

// givenUp is why an operation is cancelled whose transition could not be written for a while.
const givenUp = "journal"

// needless drops a giving up that the journal refuses: one of the writes that failed has reached the disk all the same, and ended the
// operation. The event that it was for follows, and is written again.
func (o *operation) needless(e engine.Event, err error) bool {
	if e.What != engine.CancelRequested || e.Reason != givenUp || pay.CodeOf(err) != pay.ErrInternal {
		return false
	}
	o.mu.Lock()
	o.queue = o.queue[1:]
	o.mu.Unlock()
	return true
}

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
		v := o.s.outside(context.WithoutCancel(o.s.ctx), o)
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
		later := current && o.s.hushed.Load()
		if current && !later {
			o.timers[x] = nil
		}
		o.mu.Unlock()
		switch {
		case later:
			o.setTimer(x, hush)
		case current:
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

// settleWith posts an event and waits until it was stepped, written and done.
func (o *operation) settleWith(ctx context.Context, e engine.Event) error {
	done := make(chan struct{})
	o.enqueue(queued{e, done})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return text.Refuse(pay.ErrJournal, "refused.journal_late", nil, ctx.Err())
	case <-o.s.ctx.Done():
		return &pay.Error{Code: pay.ErrModuleDown}
	}
}
