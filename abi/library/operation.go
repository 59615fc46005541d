package library

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// operation is what a pr_op stands for. One goroutine follows it; calls read what it left.
type operation struct {
	s      *session
	handle int32
	order  client.Order
	ctx    context.Context // ends with pr_release and pr_close
	end    context.CancelFunc

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change
	begun   bool          // the host has answered to Begin
	view    pay.Operation
	told    bool // the caller was told Unknown, or may read an outcome: it runs no more for him
	queue   []item
	prompts []prompt
	lastID  int32
	after   int64
	current *pay.Event // the event that pr_poll took last
	classic bool       // a classic call delivers the events
	wish    *string    // a cancel that was asked for before Begin was answered
	seen    bool
	done    bool            // the caller has taken the news of the final outcome
	acked   <-chan struct{} // closed when the last acknowledgement has gone out; nil: there was none
}

// item is an event in the queue, or with Kind EvOutcome the news of an outcome.
type item struct {
	id int32
	ev pay.Event
}

func (it item) outcome() bool { return it.ev.Kind == pay.EvOutcome }

// prompt says which number an event_id stands for.
type prompt struct {
	id     int32
	number int64
}

// The queue of a caller who never polls is cut at its old end, prompts and outcomes apart.
const (
	maxQueue   = 1000
	maxPrompts = 256
)

// newOperation makes a handle. Until the host has answered to Begin, all that can be said is Unknown.
func (s *session) newOperation(order client.Order, classic bool) *operation {
	o := &operation{s: s, order: order, changed: make(chan struct{}), classic: classic, told: true}
	o.view = pay.Operation{Ref: order.Ref, Module: order.Module, Kind: order.Kind, Amount: order.Amount, Currency: pay.RUB}
	var cancel context.CancelFunc
	o.ctx, cancel = context.WithCancel(s.ctx)
	o.end = func() {
		cancel()
		o.mu.Lock()
		defer o.mu.Unlock()
		o.tell()
	}
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	o.handle = s.l.handle()
	s.l.ops[o.handle] = o
	return o
}

// took takes the host's first word, before anybody else has seen the operation.
func (o *operation) took(view pay.Operation) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begun, o.told = true, !view.Running
	o.order.Ref, o.view = view.Ref, view
	o.forgetSecrets()
}

// follow repeats Begin until the host has answered it, and then watches until the final outcome, as long as the handle lives.
func (o *operation) follow() {
	pause := 100 * time.Millisecond
	for o.ctx.Err() == nil {
		if o.followOnce() {
			return
		}
		select {
		case <-time.After(pause):
		case <-o.ctx.Done():
		}
		pause = min(2*pause, 5*time.Second)
	}
}

// followOnce survives a panic of ours as it would a lost connection.
func (o *operation) followOnce() (done bool) {
	defer func() {
		if recover() != nil {
			o.trouble()
		}
	}()
	if !o.hasBegun() && !o.beginAgain() {
		return o.final()
	}
	o.mu.Lock()
	after := o.after
	o.mu.Unlock()
	err := o.s.client.Watch(o.ctx, o.ref(), after, func(ev pay.Event) error { o.event(ev); return nil })
	if err == nil || o.ctx.Err() != nil {
		return true
	}
	o.trouble()
	return false
}

func (o *operation) ref() pay.Ref {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.view.Ref
}

func (o *operation) hasBegun() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.begun
}

func (o *operation) final() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.told && o.view.Outcome.Final()
}

// beginAgain asks for a Begin whose answer was lost. A refusal now proves that nothing was begun: that is the outcome then.
func (o *operation) beginAgain() bool {
	view, _, err := o.s.begins(o.ctx, o.again())
	e, refused := errors.AsType[*pay.Error](err)
	switch {
	case err == nil:
		o.mu.Lock()
		o.begun = true
		o.order.Ref = view.Ref
		o.merge(view)
		o.touch()
		o.mu.Unlock()
		o.sendWish()
		return true
	case refused && !e.MayHaveMoved && e.Cause == nil: // the host's own word
		o.mu.Lock()
		defer o.mu.Unlock()
		o.view.Outcome, o.view.Code, o.view.Text, o.view.Hint = pay.Declined, e.Code.String(), e.Text, e.Hint
		o.order.Params = ""
		o.push(pay.Event{Kind: pay.EvOutcome})
	}
	return false
}

// again is the order as it is repeated.
func (o *operation) again() client.Order {
	o.mu.Lock()
	defer o.mu.Unlock()
	order := o.order
	order.Repeated = true
	return order
}

// trouble tells Unknown where nobody knows and nothing was told yet.
func (o *operation) trouble() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told || o.ctx.Err() != nil {
		return
	}
	o.told = true
	o.view.Running = false
	if o.view.Text == "" {
		o.view.Text, o.view.Hint = words().Error(pay.CodeUnknown, o.s.lang())
	}
	o.push(pay.Event{Kind: pay.EvOutcome})
}

func (s *session) lang() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.language
}

// event takes an event of the host into the queue.
func (o *operation) event(ev pay.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.after = max(o.after, ev.Number)
	switch {
	case ev.Kind == pay.EvOutcome:
		if ev.Operation == nil {
			return
		}
		o.told = true
		o.merge(*ev.Operation)
		if ev.Operation.Outcome.Final() {
			o.queue = slices.DeleteFunc(o.queue, moot)
		}
	case ev.Kind >= pay.EvOutcome:
		return // of the host's API, and not known to us
	case ev.Kind == pay.EvPromptGone:
		o.queue = slices.DeleteFunc(o.queue, func(it item) bool { return it.ev.Prompt() && it.ev.ID == ev.ID })
	}
	o.push(ev)
}

// moot says what nobody needs to see once the outcome is there: prompts that cannot be answered, a QR that cannot be paid.
func moot(it item) bool {
	return it.ev.Prompt() || it.ev.Kind == pay.EvQRShow || (it.outcome() && it.ev.Operation != nil && !it.ev.Operation.Outcome.Final())
}

// push queues an event. o.mu is held.
func (o *operation) push(ev pay.Event) {
	o.lastID++
	if ev.Prompt() {
		o.prompts = append(o.prompts, prompt{o.lastID, ev.Number})
		if len(o.prompts) > maxPrompts {
			o.prompts = o.prompts[1:]
		}
	}
	o.queue = append(o.queue, item{o.lastID, ev})
	if len(o.queue) > maxQueue {
		if i := slices.IndexFunc(o.queue, func(it item) bool { return !it.outcome() && !it.ev.Prompt() }); i >= 0 {
			o.queue = slices.Delete(o.queue, i, i+1)
		}
	}
	o.touch()
	o.s.calls.poke()
}

// touch wakes those who wait. o.mu is held.
func (o *operation) touch() {
	close(o.changed)
	o.changed = make(chan struct{})
	if o.tell() {
		o.s.bell.ring(o.handle)
	}
}

// merge takes a newer view. A final outcome never changes any more, and what was told is not taken back. o.mu is held.
func (o *operation) merge(view pay.Operation) {
	if o.view.Outcome.Final() && !o.view.Running && view.Outcome != o.view.Outcome {
		return
	}
	if view.Ref == "" {
		view.Ref = o.view.Ref
	}
	view.Running = view.Running && !o.told
	o.view = view
	o.forgetSecrets()
}

// refresh asks the host for the present view, where that is quick; else the last one stands.
func (o *operation) refresh() {
	if !o.s.client.Connected() || !o.hasBegun() {
		return
	}
	ctx, cancel := context.WithTimeout(o.ctx, 2*time.Second)
	defer cancel()
	view, err := o.s.client.Operation(ctx, o.ref())
	if err != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.merge(view)
}

// take waits for the next item of the queue that the caller wants, until ctx or the handle ends.
func (o *operation) take(ctx context.Context, wanted func(queue []item) int) (it item, ok bool) {
	for {
		o.mu.Lock()
		if i := wanted(o.queue); i >= 0 {
			it := o.queue[i]
			o.queue = slices.Delete(o.queue, i, i+1)
			if it.outcome() {
				o.done = o.done || o.view.Outcome.Final()
			} else {
				o.current = &it.ev
			}
			o.tell()
			o.mu.Unlock()
			return it, true
		}
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return item{}, false
		case <-o.ctx.Done():
			return item{}, false
		}
	}
}

// first wants whatever comes first.
func first(queue []item) int { return min(len(queue), 1) - 1 }

// outcomeFirst wants an outcome, once the events before it are delivered.
func outcomeFirst(queue []item) int {
	if len(queue) > 0 && queue[0].outcome() {
		return 0
	}
	return -1
}

// anEvent wants an event; outcomes stay for pr_poll.
func anEvent(queue []item) int {
	return slices.IndexFunc(queue, func(it item) bool { return !it.outcome() })
}

// outcome is what pr_outcome says.
func (o *operation) outcome() pay.Code {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.told && o.view.Running {
		return pay.CodeWaiting
	}
	return o.view.Outcome.Code()
}

// readOutcome is outcome for a caller who reads it: a final one is seen then, and an approved one will be confirmed.
func (o *operation) readOutcome() pay.Code {
	code := o.outcome()
	o.mu.Lock()
	fresh := code != pay.CodeWaiting && code != pay.CodeUnknown && !o.seen && o.begun
	if fresh {
		o.seen = true
	}
	acked, confirm := o.view.Ack, o.view.CanConfirm
	o.mu.Unlock()
	if !fresh {
		return code
	}
	if acked == pay.AckNone {
		o.acknowledge(pay.AckSeen)
	}
	if code == pay.CodeOK && confirm && o.s.flags&FlagConfirm == 0 && (acked == pay.AckNone || acked == pay.AckSeen) {
		o.s.mu.Lock()
		o.s.read = append(o.s.read, o)
		o.s.mu.Unlock()
	}
	return code
}

// acknowledge tells the host in the background, one word after the other; pr_close waits for them a while. Lost, the operation stays
// pending, which is safe.
func (o *operation) acknowledge(ack pay.Ack) {
	ref := o.ref()
	if !o.s.beginAck() {
		return
	}
	gone := make(chan struct{})
	o.mu.Lock()
	before := o.acked
	o.acked = gone
	o.mu.Unlock()
	spawn(func() {
		defer o.s.acks.Done()
		defer close(gone)
		if before != nil {
			<-before
		}
		ctx, cancel := o.s.short()
		defer cancel()
		if view, err := o.s.client.Acknowledge(ctx, ref, ack, ""); err == nil {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.merge(view)
		}
	})
}
