package kit

import (
	"context"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// follow is a till that watches one operation, answers its prompts, and remembers what it was told.
type follow struct {
	w        *world
	r        module.Request
	customer func(payload string) // what a customer does about a QR code; nil: pays it

	mu      sync.Mutex
	after   int64
	latest  pay.Operation // as last told, or as Begin gave it
	unknown bool          // Unknown was told once
	qr      string        // the last code that was shown
	acted   bool
	ended   bool // the watch is over: nothing more will be told
	change  chan struct{}
}

// begin starts an operation and follows it. A refusal ends the case.
func (w *world) begin(r module.Request) *follow { return w.beginWith(r, nil) }

func (w *world) beginWith(r module.Request, customer func(string)) *follow {
	op, _, err := w.service().Begin(w.ctx, r)
	w.must("begin "+string(r.Kind), err)
	return w.followed(r, op, customer)
}

// followed follows an operation that was begun.
func (w *world) followed(r module.Request, op pay.Operation, customer func(string)) *follow {
	f := &follow{w: w, r: r, latest: op, customer: customer, change: make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.follows[r.Ref] = f
	f.watch(w.life.Service())
	return f
}

// watch attaches to the operation in the module's present life.
func (f *follow) watch(s module.Service) {
	f.mu.Lock()
	after := f.after
	f.mu.Unlock()
	f.w.watching.Go(func() {
		err := s.Watch(f.w.ctx, f.r.Ref, after, true, func(e pay.Event) error {
			f.take(s, e)
			return nil
		})
		f.mu.Lock()
		defer f.mu.Unlock()
		f.ended = err == nil
		f.wake()
	})
}

// take is one event.
func (f *follow) take(s module.Service, e pay.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = e.Number
	switch {
	case e.Kind == pay.EvOutcome && e.Operation != nil:
		f.latest = *e.Operation
		f.unknown = f.unknown || !e.Operation.Outcome.Final()
		f.w.hear(f.r.PosID, *e.Operation)
	case e.Kind == pay.EvQRShow:
		f.qr = e.Payload
		if !f.acted {
			f.acted = true
			f.w.watching.Go(func() { f.act(e.Payload) })
		}
	case e.Prompt():
		f.w.watching.Go(func() { f.answer(s, e) })
	}
	f.wake()
}

func (f *follow) wake() {
	close(f.change)
	f.change = make(chan struct{})
}

// act is the customer.
func (f *follow) act(payload string) {
	if f.customer != nil {
		f.customer(payload)
		return
	}
	if _, err := f.w.ctl.Pay(f.w.ctx, payload); err != nil && f.w.ctx.Err() == nil {
		f.w.fail("the customer could not pay: %v", err)
	}
}

// answer is the cashier's. That the prompt is gone meanwhile is no fault.
func (f *follow) answer(s module.Service, e pay.Event) {
	value, given := f.w.s.Answers[e.ID]
	switch {
	case given:
	case e.Default != "":
		value = e.Default
	case len(e.Items) > 0:
		value = e.Items[0].ID
	default:
		value = "1"
	}
	_ = s.Answer(f.w.ctx, f.r.Ref, e.Number, value, "kit")
}

// hear writes down what a till was told.
func (w *world) hear(till string, op pay.Operation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, audit.Told{Till: till, Ref: op.Ref, Outcome: op.Outcome, OtherTender: op.OtherTender, Amount: op.ApprovedAmount,
		Reversal: op.Reversal, ResolvedBy: op.ResolvedBy, Time: time.Now()})
}

// wait waits until what was told satisfies done.
func (f *follow) wait(what string, done func() bool) pay.Operation {
	for {
		f.mu.Lock()
		ok, change, op := done(), f.change, f.latest
		f.mu.Unlock()
		if ok {
			return op
		}
		select {
		case <-change:
		case <-f.w.ctx.Done():
			f.w.stop("waited in vain: %s %s was never %s; it is %s %s %s", f.r.Kind, f.r.Ref, what, op.Outcome, op.Code, op.Text)
		}
	}
}

// final waits for the final outcome. One that nothing can prove is settled by a person, as in a shop.
func (f *follow) final() pay.Operation {
	person, end := context.WithCancel(f.w.ctx)
	defer end()
	if !f.w.k.provable() && f.r.Kind.Money() {
		f.w.watching.Go(func() { f.w.settleByHand(person, f) })
	}
	return f.wait("final", func() bool { return f.latest.Outcome.Final() })
}

// toldUnknown waits until the till hears that nothing is known.
func (f *follow) toldUnknown() {
	f.wait("told as unknown", func() bool { return f.unknown })
}

// shown waits for a QR code.
func (f *follow) shown() string {
	f.wait("shown as a QR code", func() bool { return f.qr != "" || f.latest.Outcome.Final() })
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.qr
}

// reversed waits until the money of a payment has gone back.
func (f *follow) reversed() pay.Operation {
	return f.wait("given back", func() bool { return f.latest.Reversal == pay.ReversalDone })
}

// over waits until nothing more will be told.
func (f *follow) over() { f.wait("over", func() bool { return f.ended }) }
