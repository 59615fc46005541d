package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// errLeft says that the person left before the outcome: the operation goes on without him.
var errLeft = errors.New("left before the outcome")

// following shows an operation as it goes on, and passes on what the person at the terminal says.
type following struct {
	a       *app
	s       *client.Session
	ref     pay.Ref
	prompts bool
	pays    bool // somebody pays: the time left is worth showing
	show    *screen
	stops   chan struct{} // each Ctrl-C

	waiting []pay.Event // prompts in their order
	asking  *asked      // the one that is being asked
	asks    int         // how many times a cancel was asked for
}

// asked is a prompt on the screen.
type asked struct {
	event  pay.Event
	cancel context.CancelFunc
	done   chan reply
}

type reply struct {
	value string
	err   error
}

func (a *app) newFollowing(s *client.Session, ref pay.Ref) *following {
	f := &following{a: a, s: s, ref: ref, show: a.newScreen(), stops: make(chan struct{}, 4)}
	a.onInterrupt(func() {
		select {
		case f.stops <- struct{}{}:
		default:
		}
	})
	return f
}

func (f *following) end() {
	f.show.quiet()
	f.a.onInterrupt(nil)
}

// begin begins the operation. Ctrl-C meanwhile is kept: the first becomes a cancel once the operation stands, the second leaves.
func (f *following) begin(ctx context.Context, o client.Order) (pay.Operation, bool, error) {
	type begun struct {
		op      pay.Operation
		existed bool
		err     error
	}
	done := make(chan begun, 1)
	go func() {
		op, existed, err := f.s.Begin(ctx, o)
		done <- begun{op, existed, err}
	}()
	for {
		select {
		case b := <-done:
			if b.err == nil && f.asks > 0 {
				f.ref = b.op.Ref
				f.askCancel(ctx)
			}
			return b.op, b.existed, b.err
		case <-f.stops:
			if f.asks++; f.asks > 1 {
				return pay.Operation{}, false, f.left()
			}
			f.show.print(f.a.say("cli.cancel.asked"))
		}
	}
}

// follow shows events until the operation has an outcome: with final its last one, else also Unknown, once that is told.
func (f *following) follow(ctx context.Context, final bool) (pay.Operation, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	events, ended := f.watch(ctx)
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	f.show.say(f.a.say("cli.wait.begun"))
	for {
		var answered chan reply
		if f.asking != nil {
			answered = f.asking.done
		}
		select {
		case ev := <-events:
			if op := ev.Operation; ev.Kind == pay.EvOutcome && op != nil && (op.Outcome.Final() || !final) {
				return *op, nil
			}
			f.event(ctx, ev)
		case r := <-answered:
			f.answered(ctx, r)
		case err := <-ended:
			return f.lost(ctx, err)
		case <-f.stops:
			if f.asks++; f.asks > 1 {
				return pay.Operation{}, f.left()
			}
			f.show.print(f.a.say("cli.cancel.asked"))
			f.askCancel(ctx)
		case <-tick.C:
			if f.asking == nil {
				f.show.tick()
			}
		}
	}
}

// watch passes events on; ended gets the end of the watch after the last of them.
func (f *following) watch(ctx context.Context) (<-chan pay.Event, <-chan error) {
	events, ended := make(chan pay.Event), make(chan error, 1)
	go func() {
		ended <- f.s.Watch(ctx, f.ref, 0, func(ev pay.Event) error {
			select {
			case events <- ev:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	return events, ended
}

// lost is the end of a watch that brought no outcome: the host says what it knows, else the operation is unknown to us.
func (f *following) lost(ctx context.Context, cause error) (pay.Operation, error) {
	if cause == nil {
		if op, err := f.s.Operation(ctx, f.ref); err == nil && !op.Running {
			return op, nil
		}
	}
	e := &pay.Error{Code: pay.ErrHostStart, Text: f.a.say("cli.lost", "Ref", f.ref), Hint: f.a.say("cli.goes_on", "Ref", f.ref), MayHaveMoved: true, Cause: cause}
	if refusal, ok := errors.AsType[*pay.Error](cause); ok {
		e.Code, e.Text = refusal.Code, refusal.Text
	}
	return pay.Operation{}, e
}

func (f *following) left() error {
	f.show.quiet()
	return &pay.Error{Code: pay.CodeUnknown, Text: f.a.say("cli.left", "Ref", f.ref), Hint: f.a.say("cli.goes_on", "Ref", f.ref), MayHaveMoved: true, Cause: errLeft}
}

func (f *following) askCancel(ctx context.Context) {
	go func() {
		if err := f.s.Cancel(ctx, f.ref, "Ctrl-C"); err != nil && ctx.Err() == nil {
			f.show.print(f.a.say("cli.cancel.refused", "Error", f.a.describe(err).Text))
		}
	}()
}

// event shows one event; kinds that it does not know are skipped.
func (f *following) event(ctx context.Context, ev pay.Event) {
	switch ev.Kind {
	case pay.EvStatus:
		f.show.say(clean(ev.Text))
	case pay.EvCustomer:
		f.show.print(f.a.say("cli.customer", "Text", clean(ev.Text)))
	case pay.EvQRShow:
		f.show.qrCode(clean(ev.Payload), clean(ev.Caption), clean(ev.Link))
		if ev.ExpiresIn > 0 && f.pays {
			f.show.left(ev.ExpiresIn)
		}
	case pay.EvQRHide:
		f.show.print(f.a.qrGone(ev.Reason))
	case pay.EvProgress:
		if ev.SecondsLeft > 0 && f.pays {
			f.show.left(ev.SecondsLeft)
		}
	case pay.EvPromptGone:
		f.gone(ctx, ev.ID)
	case pay.EvOutcome:
		if ev.Operation != nil {
			f.show.say(f.a.headline(*ev.Operation))
		}
	default:
		if ev.Prompt() {
			f.waiting = append(f.waiting, ev)
			f.next(ctx)
		}
	}
}

func (a *app) qrGone(reason string) string {
	if text := a.maybe("cli.qr.gone." + reason); text != "" {
		return text
	}
	return a.say("cli.qr.gone")
}

// next puts the next prompt to the person, if none stands and somebody answers at all.
func (f *following) next(ctx context.Context) {
	if !f.prompts || f.asking != nil || len(f.waiting) == 0 {
		return
	}
	ev := f.waiting[0]
	f.waiting = f.waiting[1:]
	ctx, cancel := context.WithCancel(ctx)
	f.asking = &asked{event: ev, cancel: cancel, done: make(chan reply, 1)}
	go func(done chan<- reply) {
		value, err := f.a.answer(ctx, ev, f.show)
		done <- reply{value, err}
	}(f.asking.done)
}

// answered sends what was typed. Where nobody answers any more, prompts fall to their defaults.
func (f *following) answered(ctx context.Context, r reply) {
	asked := f.asking
	f.asking = nil
	asked.cancel()
	switch {
	case errors.Is(r.err, errNobody):
		f.prompts = false
		f.show.print(f.a.say("cli.ask.nobody"))
	case r.err == nil:
		if err := f.s.Answer(ctx, f.ref, asked.event.Number, r.value); err != nil {
			f.show.print(f.a.describe(err).Text)
		}
	}
	f.next(ctx)
}

// gone takes away a prompt that was answered elsewhere or ran out.
func (f *following) gone(ctx context.Context, id string) {
	is := func(ev pay.Event) bool { return ev.ID == id || strconv.FormatInt(ev.Number, 10) == id }
	for i, ev := range f.waiting {
		if is(ev) {
			f.waiting = append(f.waiting[:i:i], f.waiting[i+1:]...)
			return
		}
	}
	if f.asking != nil && is(f.asking.event) {
		f.asking.cancel()
		<-f.asking.done
		f.asking = nil
		fmt.Fprintln(f.a.Stderr)
		f.show.print(f.a.say("cli.ask.gone"))
		f.next(ctx)
	}
}
