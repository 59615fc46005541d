package kit

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// follow is a till that watches one operation, answers its prompts, and remembers what it was told.
type follow struct {
	w        *world
	r        module.Request
	customer func(payload string)     // what a customer does about a QR code, or the bill on a link; nil: pays it
	cashier  func(e pay.Event) string // what a cashier answers to a prompt, "" is nothing; nil: what the subject says

	mu       sync.Mutex
	after    int64
	latest   pay.Operation // as last told, or as Begin gave it
	unknown  bool          // Unknown was told once
	qr       string        // the last code that was shown, or the bill that was found on the link
	acted    bool
	question int64 // the last prompt that was not answered, by its event
	ended    bool  // the watch is over: nothing more will be told
	change   chan struct{}
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
	return w.attended(r, op, customer, nil)
}

// attended is followed, with a cashier of the case's own.
func (w *world) attended(r module.Request, op pay.Operation, customer func(string), cashier func(pay.Event) string) *follow {
	f := &follow{w: w, r: r, latest: op, customer: customer, cashier: cashier, change: make(chan struct{})}
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
	over := make(chan struct{})
	if f.w.s.Limits.Link && f.r.Kind == pay.KindOnline {
		f.w.watching.Go(func() { f.scan(over) })
	}
	f.w.watching.Go(func() {
		defer close(over)
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
		if f.w.s.Limits.Link {
			f.w.fail("a code is shown, where the customer scans the one on the counter")
		}
		f.turn(e.Payload)
	case e.Prompt():
		f.w.watching.Go(func() { f.answer(s, e) })
	}
	f.wake()
}

func (f *follow) wake() {
	close(f.change)
	f.change = make(chan struct{})
}

// turn is the customer's, once. f.mu is held.
func (f *follow) turn(payload string) {
	f.qr = payload
	if !f.acted {
		f.acted = true
		f.w.watching.Go(func() { f.act(payload) })
	}
}

// scan is a customer at the counter, who looks again and again whether the link has a bill for this payment. It ends when the till has
// nothing more to hear of the payment in this life of the module.
func (f *follow) scan(over <-chan struct{}) {
	for tick := firstScan; ; tick = min(tick*2, lastScan) {
		if f.found() {
			return
		}
		select {
		case <-over:
			return
		case <-f.w.ctx.Done():
			return
		case <-time.After(tick):
		}
	}
}

// How often a customer looks at the link.
const (
	firstScan = 2 * time.Millisecond
	lastScan  = 50 * time.Millisecond
)

// found takes the bill of this payment, if there is one and nobody else has it in hand.
func (f *follow) found() bool {
	bills, err := f.w.ctl.Bills(f.w.ctx, false)
	if err != nil {
		if f.w.ctx.Err() == nil {
			f.w.fail("look at the link: %v", err)
		}
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.acted {
		return true
	}
	f.w.mu.Lock()
	i := slices.IndexFunc(bills, func(b sandbox.Bill) bool { return b.Amount == int64(f.r.Amount) && !f.w.scanned[b.ID] })
	if i >= 0 {
		f.w.scanned[bills[i].ID] = true
	}
	f.w.mu.Unlock()
	if i < 0 {
		return false
	}
	f.turn(bills[i].ID)
	f.wake()
	return true
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
	if f.cashier != nil {
		if value := f.cashier(e); value != "" {
			_ = s.Answer(f.w.ctx, f.r.Ref, e.Number, value, "kit")
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.question = e.Number
		f.wake()
		return
	}
	value, given := f.w.s.Answers[e.ID]
	switch {
	case given:
	case e.Input == "otp":
		if value = f.code(); value == "" {
			return
		}
	case e.Default != "":
		value = e.Default
	case len(e.Items) > 0 && e.Kind == pay.EvChoice:
		value = e.Items[0].ID
	default:
		value = "1"
	}
	_ = s.Answer(f.w.ctx, f.r.Ref, e.Number, value, "kit")
}

// code waits for the code that the provider sent to the customer's phone, of a payment or payout of this sum; empty: the case is over.
func (f *follow) code() string {
	for tick := firstScan; ; tick = min(tick*2, lastScan) {
		wallets, err := f.w.ctl.Wallets(f.w.ctx)
		for _, wallet := range wallets {
			if err == nil && wallet.Code != nil && wallet.Balance == int64(f.r.Amount) {
				return wallet.Code.Text
			}
		}
		select {
		case <-time.After(tick):
		case <-f.w.ctx.Done():
			return ""
		}
		if f.done() {
			return ""
		}
	}
}

// done says whether nothing more will be told of the operation.
func (f *follow) done() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended || f.latest.Outcome.Final()
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
