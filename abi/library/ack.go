package library

import (
	"github.com/payrack/payrack/sdk/pay"
)

// Confirm is pr_confirm.
func (l *Library) Confirm(th Thread, handle int32) pay.Code {
	return l.acknowledge(th, handle, pay.AckConfirm, Text{})
}

// Reverse is pr_reverse.
func (l *Library) Reverse(th Thread, handle int32, reason Text) pay.Code {
	return l.acknowledge(th, handle, pay.AckReverse, reason)
}

func (l *Library) acknowledge(th Thread, handle int32, ack pay.Ack, reason Text) pay.Code {
	o, code := l.operation(th, handle)
	if code < 0 {
		return code
	}
	why, err := read(reason, "reason", o.s.encoding())
	if err == nil {
		err = o.acknowledgeNow(ack, why)
	}
	if err != nil {
		return o.s.refuse(th, err)
	}
	return pay.CodeOK
}

func (o *operation) acknowledgeNow(ack pay.Ack, why string) error {
	o.s.forgetRead(o) // the caller decides itself
	o.mu.Lock()
	before := o.acked
	o.mu.Unlock()
	ctx, cancel := o.s.short()
	defer cancel()
	if before != nil {
		select {
		case <-before:
		case <-ctx.Done():
		}
	}
	view, err := o.s.client.Acknowledge(ctx, o.ref(), ack, why)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.merge(view)
	return nil
}

// Release is pr_release.
func (l *Library) Release(th Thread, handle int32) pay.Code {
	o, code := l.operation(th, handle)
	if code < 0 {
		return code
	}
	l.forget(handle)
	if o.s.forgetRead(o) {
		o.acknowledge(pay.AckConfirm)
	}
	o.end()
	return pay.CodeOK
}
