package library

import (
	"slices"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// delivery is one call of a callback: the event that pr_event_* read on its thread.
type delivery struct {
	op    int32 // 0: of the session, not of an operation
	event pay.Event
}

// deliveries are the callback of a session and what is to be said through it.
type deliveries struct {
	mu       sync.Mutex
	callback Callback
	wake     chan struct{}
	pending  bool          // the list of pending operations changed
	opened   bool          // its first length was told by pr_open
	running  chan struct{} // closed when the callback that runs now has returned; nil: none runs
	id       int32         // of the session's own events
}

func (d *deliveries) init() { d.wake = make(chan struct{}, 1) }

// poke wakes the deliverer.
func (d *deliveries) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// pendingChanged notes that the list of pending operations changed.
func (s *session) pendingChanged(int) {
	if s.calls.notePending() {
		s.calls.poke()
		s.bell.ring(0)
	}
}

// notePending says whether that is news.
func (d *deliveries) notePending() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending = d.opened
	d.opened = true
	return d.pending
}

// set changes the callback, and waits until the old one has returned: its user pointer may die after that. A callback that itself waits
// for this thread is not waited for.
func (d *deliveries) set(c Callback) {
	d.mu.Lock()
	d.callback = c
	running := d.running
	d.mu.Unlock()
	if running != nil {
		select {
		case <-running:
		case <-time.After(2 * time.Second):
		}
	}
	d.poke()
}

func (d *deliveries) get() Callback {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.callback
}

// start notes that a callback is about to run, unless there is none any more.
func (d *deliveries) start() (c Callback, finish func(), ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.callback.Function == 0 {
		return Callback{}, nil, false
	}
	running := make(chan struct{})
	d.running = running
	return d.callback, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.running = nil
		close(running)
	}, true
}

// deliver calls the callback for each event of the session's operations, one at a time, each on a short-lived thread that is not Go's.
func (s *session) deliver() {
	for {
		select {
		case <-s.calls.wake:
		case <-s.ctx.Done():
			return
		}
		for s.deliverNext() {
		}
	}
}

// deliverNext delivers one event, if there is one and a callback for it.
func (s *session) deliverNext() (more bool) {
	if s.calls.get().Function == 0 || s.ctx.Err() != nil {
		return false
	}
	if s.calls.takePending() {
		s.calls.mu.Lock()
		s.calls.id++
		id := s.calls.id
		s.calls.mu.Unlock()
		s.call(delivery{event: pay.Event{Kind: pay.EvPending}}, id)
		return true
	}
	for _, o := range s.open() {
		if it, ok := o.takeNow(); ok {
			if !s.call(delivery{op: o.handle, event: it.ev}, it.id) {
				o.putBack(it)
				return false
			}
			return true
		}
	}
	return false
}

func (d *deliveries) takePending() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.pending
	d.pending = false
	return was
}

// open lists the session's operations whose events the deliverer delivers, oldest first.
func (s *session) open() []*operation {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	var list []*operation
	for _, o := range s.l.ops {
		if o.s == s {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b *operation) int { return int(a.handle - b.handle) })
	return list
}

// takeNow takes the next event if there is one and no classic call wants it.
func (o *operation) takeNow() (item, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := anEvent(o.queue)
	if i < 0 || o.classic || o.ctx.Err() != nil {
		return item{}, false
	}
	it := o.queue[i]
	o.queue = slices.Delete(o.queue, i, i+1)
	return it, true
}

// putBack gives an event back for pr_poll: the callback was taken away meanwhile.
func (o *operation) putBack(it item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = slices.Insert(o.queue, 0, it)
	o.touch()
}

// call calls the callback on a thread of its own, and waits for it.
func (s *session) call(d delivery, id int32) bool {
	c, finish, ok := s.calls.start()
	if !ok {
		return false
	}
	defer finish()
	var on Thread
	s.l.options.Apart(c, d.op, int32(d.event.Kind), id, func(th Thread) {
		on = th
		s.l.enter(th, &d)
	})
	s.l.leave(on, nil)
	if d.op != 0 {
		if o := s.l.ofHandle(d.op); o != nil {
			o.mu.Lock()
			o.touch() // pr_poll may see the outcome that stood behind this event
			o.mu.Unlock()
		}
	}
	return true
}

// callHere calls the callback on the calling thread, which is in a classic call.
func (s *session) callHere(th Thread, d delivery, id int32) {
	c := s.calls.get()
	if c.Function == 0 {
		return
	}
	before := s.l.enter(th, &d)
	defer s.l.leave(th, before)
	s.l.options.Here(c, d.op, int32(d.event.Kind), id)
}

func (l *Library) ofHandle(handle int32) *operation {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ops[handle]
}

// enter marks a thread as inside a callback, and gives what it was inside of before.
func (l *Library) enter(th Thread, d *delivery) (before *delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before = l.inside[th]
	l.inside[th] = d
	return before
}

func (l *Library) leave(th Thread, before *delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before == nil {
		delete(l.inside, th)
	} else {
		l.inside[th] = before
	}
}

// SetCallback is pr_set_callback. After it has returned, the former callback is not called any more.
func (l *Library) SetCallback(th Thread, handle int32, c Callback) pay.Code {
	s, code := l.session(th, handle)
	if code < 0 {
		return code
	}
	s.calls.set(c)
	s.ringAgain()
	return pay.CodeOK
}
