package library

import (
	"sync"

	"github.com/payrack/payrack/sdk/pay"
)

// bell tells a program that does not want to poll in vain that pr_poll has something for it: by a handle to wait on, and by messages to
// a window. The handle is signalled as long as there is something; a message is posted each time something comes.
type bell struct {
	post func(window int64, message uint32, op int32) error

	mu      sync.Mutex
	ready   map[int32]bool // operations for which pr_poll would return at once
	signal  *signal        // nil until somebody asked for it
	window  int64          // 0: none
	message uint32
	closed  bool
}

// set says whether pr_poll has something of an operation.
func (b *bell) set(op int32, ready bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ready && !b.closed {
		if b.ready == nil {
			b.ready = map[int32]bool{}
		}
		b.ready[op] = true
	} else {
		delete(b.ready, op)
	}
	b.show()
}

// show brings the handle in line. b.mu is held.
func (b *bell) show() {
	if b.signal != nil {
		b.signal.set(len(b.ready) > 0)
	}
}

// ring posts a message: pr_poll has something of op, or with op 0 the list of pending operations changed. A window that is gone is the
// program's own loss; what it was to read stays.
func (b *bell) ring(op int32) {
	b.mu.Lock()
	defer b.mu.Unlock() // after pr_set_window has returned, nothing goes to the former window
	if b.window != 0 {
		_ = b.post(b.window, b.message, op)
	}
}

// handle gives what a program can wait on, always the same.
func (b *bell) handle() (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, &pay.Error{Code: pay.ErrHandle}
	}
	if b.signal == nil {
		s, err := newSignal()
		if err != nil {
			return 0, local(pay.ErrInternal, "refused.wait_handle", of("Error", err.Error()))
		}
		b.signal = s
		b.show()
	}
	return b.signal.handle(), nil
}

// close ends it: the handle is the caller's no more.
func (b *bell) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.window, b.ready = true, 0, nil
	if b.signal != nil {
		b.signal.close()
		b.signal = nil
	}
}

// tell brings the bell in line with what pr_poll has of the operation, and says whether it has anything. o.mu is held.
func (o *operation) tell() bool {
	wanted := first
	if o.s.calls.get().Function != 0 {
		wanted = outcomeFirst
	}
	ready := !o.classic && o.ctx.Err() == nil && wanted(o.queue) >= 0
	o.s.bell.set(o.handle, ready)
	return ready
}

// ringAgain tells a program that has just asked to be told, or that will not be called back any more, what is there already.
func (s *session) ringAgain() {
	for _, o := range s.open() {
		o.mu.Lock()
		ready := o.tell()
		o.mu.Unlock()
		if ready {
			s.bell.ring(o.handle)
		}
	}
}

// SetWindow is pr_set_window.
func (l *Library) SetWindow(th Thread, handle int32, window int64, message uint32) pay.Code {
	s, code := l.session(th, handle)
	if code < 0 {
		return code
	}
	if err := s.setWindow(window, message); err != nil {
		return s.refuse(th, err)
	}
	return pay.CodeOK
}

func (s *session) setWindow(window int64, message uint32) error {
	if s.l.options.Post == nil {
		if err := checkWindow(window, message); err != nil {
			return err
		}
	}
	s.bell.mu.Lock()
	s.bell.window, s.bell.message = window, message
	s.bell.mu.Unlock()
	if window != 0 {
		s.ringAgain()
	}
	return nil
}

// WaitHandle is pr_wait_handle.
func (l *Library) WaitHandle(th Thread, handle int32) (int64, pay.Code) {
	s, code := l.session(th, handle)
	if code < 0 {
		return 0, code
	}
	h, err := s.bell.handle()
	if err != nil {
		return 0, s.refuse(th, err)
	}
	return h, pay.CodeOK
}
