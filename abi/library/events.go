package library

import (
	"context"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// Poll is pr_poll. With a callback set it takes no events.
func (l *Library) Poll(th Thread, handle, waitMS int32, nowhere bool) (event, id int32, code pay.Code) {
	o, code := l.operation(th, handle)
	if code < 0 {
		return 0, 0, code
	}
	called := o.s.calls.get().Function != 0
	if waitMS < 0 || (nowhere && !called) {
		return 0, 0, o.s.refuse(th, local(pay.ErrArgument, "refused.wait", of("Milliseconds", waitMS)))
	}
	wanted := first
	if called {
		wanted = outcomeFirst
	}
	ctx, cancel := context.WithTimeout(o.ctx, time.Duration(waitMS)*time.Millisecond)
	defer cancel()
	it, ok := o.takeUntilDone(ctx, wanted)
	switch {
	case !ok && o.isDone():
		return 0, 0, pay.CodeFinished
	case !ok && o.ctx.Err() != nil:
		return 0, 0, o.s.refuse(th, &pay.Error{Code: pay.ErrHandle})
	case !ok:
		return 0, 0, pay.CodeWaiting
	case it.outcome():
		return 0, 0, pay.CodeFinished
	}
	return int32(it.ev.Kind), it.id, pay.CodeEvent
}

// takeUntilDone does not wait where the final outcome was taken: nothing follows it.
func (o *operation) takeUntilDone(ctx context.Context, wanted func([]item) int) (item, bool) {
	if o.isDone() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		cancel()
	}
	return o.take(ctx, wanted)
}

func (o *operation) isDone() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.done
}

// event is what pr_event_* read: inside a callback its event, else the one that pr_poll took last.
func (l *Library) event(th Thread, handle int32) (ev *pay.Event, s *session, code pay.Code) {
	l.mu.Lock()
	d, o := l.inside[th], l.ops[handle]
	l.mu.Unlock()
	if d != nil && d.op == handle {
		if o != nil {
			s = o.s
		}
		return &d.event, s, 0
	}
	if o == nil {
		return nil, nil, l.reject(th, pay.ErrHandle)
	}
	o.mu.Lock()
	ev = o.current
	o.mu.Unlock()
	if ev == nil {
		return nil, nil, o.s.refuse(th, local(pay.ErrState, "refused.no_event", nil))
	}
	return ev, o.s, 0
}

// EventStr is pr_event_str.
func (l *Library) EventStr(th Thread, handle int32, key Text) Output {
	ev, s, code := l.event(th, handle)
	if code < 0 {
		return refused(code)
	}
	var enc encoding
	if s != nil {
		enc = s.encoding()
	}
	k, err := plain(key, "key", nil)
	if err == nil {
		var out Output
		if out, err = give(ev, eventKeys(), k, enc); err == nil {
			return out
		}
	}
	return refused(l.refuse(th, s, err))
}

// EventInt is pr_event_int.
func (l *Library) EventInt(th Thread, handle int32, key Text) (int64, pay.Code) {
	ev, s, code := l.event(th, handle)
	if code < 0 {
		return 0, code
	}
	k, err := plain(key, "key", nil)
	if err == nil {
		var n int64
		if n, err = giveInt(ev, eventKeys(), k); err == nil {
			return n, pay.CodeOK
		}
	}
	return 0, l.refuse(th, s, err)
}

// refuse records a refusal on the session, or where there is none on the library.
func (l *Library) refuse(th Thread, s *session, err error) pay.Code {
	if s != nil {
		return s.refuse(th, err)
	}
	return l.reject(th, pay.CodeOf(err))
}

// Answer is pr_answer.
func (l *Library) Answer(th Thread, handle, eventID int32, value Text) pay.Code {
	o, code := l.anywhere(th, handle)
	if code < 0 {
		return code
	}
	v, err := read(value, "value", o.s.encoding())
	if err == nil {
		err = o.answer(eventID, v)
	}
	if err != nil {
		return o.s.refuse(th, err)
	}
	return pay.CodeOK
}

func (o *operation) answer(eventID int32, value string) error {
	number := int64(-1)
	o.mu.Lock()
	for _, p := range o.prompts {
		if p.id == eventID {
			number = p.number
		}
	}
	o.mu.Unlock()
	if number < 0 {
		return local(pay.ErrNotFound, "refused.not_prompt", of("Number", eventID))
	}
	ctx, cancel := o.s.short()
	defer cancel()
	return o.s.client.Answer(ctx, o.ref(), number, value)
}

// Cancel is pr_cancel.
func (l *Library) Cancel(th Thread, handle int32, reason Text) pay.Code {
	o, code := l.anywhere(th, handle)
	if code < 0 {
		return code
	}
	why, err := read(reason, "reason", o.s.encoding())
	if err == nil {
		err = o.cancel(why)
	}
	if err != nil {
		return o.s.refuse(th, err)
	}
	return pay.CodeOK
}

// cancel asks for a cancel, or remembers to do so once the host has answered Begin.
func (o *operation) cancel(why string) error {
	o.mu.Lock()
	if !o.begun {
		o.wish = &why
		o.mu.Unlock()
		return nil
	}
	o.mu.Unlock()
	ctx, cancel := o.s.short()
	defer cancel()
	return o.s.client.Cancel(ctx, o.ref(), why)
}

// sendWish asks for the cancel that was wished for while Begin was on its way.
func (o *operation) sendWish() {
	o.mu.Lock()
	wish, ref := o.wish, o.view.Ref
	o.wish = nil
	o.mu.Unlock()
	if wish != nil {
		ctx, cancel := o.s.short()
		defer cancel()
		_ = o.s.client.Cancel(ctx, ref, *wish) // a request; the outcome tells
	}
}
