package shell

import (
	"context"
	"errors"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// stuckGrace is how long a driver has to come back once its call was ended. Then the operation goes on without it.
const stuckGrace = 5 * time.Second

var (
	// errStuck is what a call brought whose driver does not come back, and every call for money while that lasts.
	errStuck = errors.New("the driver does not come back from an earlier call, though that was ended")
	// errResting is what a call brings that is not made, because the module is about to leave.
	errResting = errors.New("the module is about to leave, and asks nothing new")
)

// call has the driver called in a goroutine of its own; its reply comes back as an event.
//
// A driver that ignores the end of its context brings no word: after a grace the operation goes on with Unknown, asks on and may be
// cancelled, but makes no second call that could move money until the first has come back. What that one brings then is no reply any
// more: it may be as old as it likes. The provider is asked instead, at once, even where the operation has ended since.
func (o *operation) call(c engine.Call, answer provider.Answer) {
	ctx, cancel := context.WithTimeout(o.s.ctx, o.s.o.CallTimeout)
	o.mu.Lock()
	o.endCall = cancel
	op := o.driverViewLocked()
	no := o.refusedCallLocked(c)
	o.mu.Unlock()
	if !o.s.spawn(func() {
		defer cancel()
		if no != nil {
			o.log.Debug("a call is not made", "call", c, "error", no)
			o.post(engine.Event{What: engine.Replied, Call: c, Reply: provider.Reply{Error: pay.ErrModuleDown}, NotSent: true})
			return
		}
		o.await(ctx, c, op, answer)
	}) {
		cancel()
	}
}

// refusedCallLocked says why a call cannot be made now, or nil.
func (o *operation) refusedCallLocked(c engine.Call) error {
	switch {
	case o.stuck > 0 && movesMoney(c, o.row.Kind):
		return errStuck
	case o.s.hushed.Load():
		return errResting
	}
	return nil
}

// movesMoney says of a call that money may move by it, now or in what follows from it. To stop a payment is none of them.
func movesMoney(c engine.Call, kind pay.Kind) bool {
	switch c {
	case engine.CallPrepare, engine.CallAnswer, engine.CallCommit:
		return true
	}
	return c == engine.CallInquire && kind == pay.KindCloseDay // which asks by closing again
}

// await makes a call and posts its reply, or that there is none.
func (o *operation) await(ctx context.Context, c engine.Call, op provider.Operation, answer provider.Answer) {
	reply := make(chan engine.Event)
	left := make(chan struct{}) // closed when nobody waits for the reply any more
	go func() {
		e := engine.Event{What: engine.Replied, Call: c}
		defer func() { // also where the driver ended its goroutine
			select {
			case reply <- e:
			case <-left:
				o.cameBack(ctx, c, e.Reply.Verdict)
			}
		}()
		e.Reply, e.NotSent = o.s.drive(ctx, c, o, op, answer)
		o.s.mask(&e.Reply)
	}()
	select {
	case e := <-reply:
		o.post(e)
		return
	case <-ctx.Done():
	}
	grace := time.NewTimer(stuckGrace)
	defer grace.Stop()
	select {
	case e := <-reply:
		o.post(e)
	case <-grace.C:
		o.mu.Lock()
		o.stuck++
		o.mu.Unlock()
		close(left)
		o.s.heard(errStuck)
		o.log.Error("the driver does not come back from a call that was ended", "call", c)
		o.post(engine.Event{What: engine.Replied, Call: c})
	}
}

// cameBack takes note of a driver that was given up. The operation may have ended, and be forgotten, since.
func (o *operation) cameBack(ctx context.Context, c engine.Call, v provider.Verdict) {
	o.mu.Lock()
	o.stuck--
	o.mu.Unlock()
	o.log.Warn("the driver came back from a call that was given up", "call", c, "verdict", v)
	now, err := o.s.find(context.WithoutCancel(ctx), o.ref)
	if err != nil {
		o.log.Error("what a call brought that was given up is not looked at", "call", c, "error", err)
		return
	}
	defer o.s.release(now)
	now.post(engine.Event{What: engine.CameBack, Call: c})
}

// believed is what the engine hears of a call. While one that was given up may still send its request, it proves nothing that the provider
// does not know it. And that a payment is undone is no word about a reversal of it that a person took back, but about the next one.
func (o *operation) believed(e engine.Event) engine.Event {
	if e.What != engine.Replied {
		return e
	}
	o.mu.Lock()
	stuck := o.stuck > 0
	o.mu.Unlock()
	switch v := e.Reply.Verdict; {
	case v == provider.NotFound && stuck:
		e.Reply = provider.Reply{Again: e.Reply.Again}
	case v == provider.Approved && o.takenBack():
		e.Reply = provider.Reply{Verdict: provider.Declined}
	}
	return e
}

// takenBack says of a reversal that undoes its payment whole that a person said it did not happen. The next reversal undoes the same
// payment, and what the provider says of that payment from then on must not be counted for both.
func (o *operation) takenBack() bool {
	_, undoes := o.s.Driver().(provider.Reverser)
	st := o.stateNow()
	return undoes && o.whole && st.Kind == pay.KindReversal && st.Resolved != nil && !st.Resolved.Charged
}
