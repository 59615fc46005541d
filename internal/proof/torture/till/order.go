package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/internal/proof/torture/book"
	"github.com/payrack/payrack/sdk/pay"
)

// entry is one order of the book. What changes is guarded by the till's mu.
type entry struct {
	t     *till
	order book.Order
	told  *pay.Operation // the last that was heard
	acked bool
	done  bool
}

// begin does an order for the first time.
func (e *entry) begin(ctx context.Context) {
	s, err := e.t.session(ctx, e.order.PosID)
	if err != nil {
		return // nothing has left; it stays in the book
	}
	op, err := e.ask(ctx, s, false)
	if err != nil {
		return
	}
	if e.order.Twice {
		e.again(ctx, s)
	}
	defer e.after(e.order.Cancel, func(ctx context.Context) { _ = s.Cancel(ctx, op.Ref, "torture") })()
	defer e.after(e.order.Reverse, func(ctx context.Context) { _, _ = s.Acknowledge(ctx, op.Ref, pay.AckReverse, "torture") })()
	if e.order.Leave {
		return
	}
	e.follow(ctx, s, op.Ref, false)
	e.finish(ctx, s)
}

// after does something later, unless the returned function is called before.
func (e *entry) after(d time.Duration, do func(context.Context)) (stop func()) {
	if d <= 0 {
		return func() {}
	}
	timer := time.AfterFunc(d, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		do(ctx)
	})
	if e.order.Leave {
		return func() {}
	}
	return func() { timer.Stop() }
}

// ask begins the operation, and asks again while nobody knows whether it has begun. A refusal of the very first try is written down: no
// operation was created.
func (e *entry) ask(ctx context.Context, s *client.Session, repeated bool) (pay.Operation, error) {
	for {
		op, _, err := s.Begin(ctx, e.call(repeated))
		if err == nil {
			e.hear(op)
			return op, nil
		}
		refusal, ok := errors.AsType[*pay.Error](err)
		switch {
		case !ok || ctx.Err() != nil:
			return op, err
		case refusal.MayHaveMoved, repeated && refusal.Code == pay.ErrModuleDown, repeated && refusal.Code == pay.ErrHostStart,
			repeated && refusal.Code == pay.ErrBusy, repeated && refusal.Code == pay.ErrJournal:
		case refusal.Code == pay.ErrRefReused:
			e.wrong("its own ref was refused: " + err.Error())
			return op, err
		default:
			e.t.write(book.Line{ID: e.order.ID, Refused: refusal.Code.String()})
			return op, err
		}
		repeated = true
		select {
		case <-ctx.Done():
			return op, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// call is the order as the host is asked.
func (e *entry) call(repeated bool) client.Order {
	o := client.Order{Module: "sendy", Kind: e.order.Kind, Amount: e.order.Amount, Params: string(e.order.Params), Repeated: repeated}
	if e.order.Kind == pay.KindRefund {
		o.Module = ""
	}
	if e.order.Named() {
		o.Ref = pay.Ref(e.order.ID)
	}
	return o
}

// again repeats the order, which must be the same operation, and asks for another sum under the same ref, which must be refused.
func (e *entry) again(ctx context.Context, s *client.Session) {
	if !e.order.Named() {
		return
	}
	if op, existed, err := s.Begin(ctx, e.call(true)); err == nil && (!existed || op.Ref != pay.Ref(e.order.ID)) {
		e.wrong(fmt.Sprintf("the same order again began %s anew (existed %v)", op.Ref, existed))
	}
	other := e.call(true)
	other.Amount++
	if op, _, err := s.Begin(ctx, other); err == nil {
		e.wrong(fmt.Sprintf("another sum under the same ref was taken: %+v", op))
	}
}

// settle goes on with an order of the book until nothing of it is open.
func (e *entry) settle(ctx context.Context) {
	s, err := e.t.session(ctx, e.order.PosID)
	if err != nil {
		return
	}
	ref := pay.Ref(e.order.ID)
	if e.order.Named() {
		if _, err := e.ask(ctx, s, true); err != nil {
			return
		}
	} else {
		heard := e.last()
		if heard == nil { // nobody knows its name: the host gave it
			e.t.write(book.Line{ID: e.order.ID, Done: true})
			return
		}
		ref = heard.Ref
	}
	for ctx.Err() == nil {
		e.follow(ctx, s, ref, true)
		if e.finish(ctx, s) {
			return
		}
	}
}

// errHeard ends a watch whose till has heard enough.
var errHeard = errors.New("heard")

// follow watches the operation until its final outcome; where not all is wanted, until Unknown is told.
func (e *entry) follow(ctx context.Context, s *client.Session, ref pay.Ref, all bool) {
	err := s.Watch(ctx, ref, 0, func(v pay.Event) error {
		switch v.Kind {
		case pay.EvOutcome:
			if v.Operation == nil {
				break
			}
			e.hear(*v.Operation)
			if v.Operation.Running || v.Operation.Outcome.Final() {
				break
			}
			if e.order.Resolve != "" {
				e.resolve(ctx, s, ref)
			} else if !all {
				return errHeard
			}
		case pay.EvQRShow:
			e.t.write(book.Line{ID: e.order.ID, Shown: v.Payload})
		case pay.EvChoice:
			if e.order.Answer != "" {
				_ = s.Answer(ctx, ref, v.Number, e.order.Answer)
			}
		}
		return nil
	})
	if pay.CodeOf(err) == pay.ErrNotFound {
		e.wrong("its ref is not known any more: " + err.Error())
	}
}

// resolve is a person's word.
func (e *entry) resolve(ctx context.Context, s *client.Session, ref pay.Ref) {
	if err := s.SetOption(ctx, "operator.role", "full"); err != nil {
		return
	}
	_, _ = s.Resolve(ctx, ref, e.order.Resolve == "charged", "the torturer")
}

// finish acknowledges a final outcome and waits for what goes back. It returns whether the order is done.
func (e *entry) finish(ctx context.Context, s *client.Session) (done bool) {
	op := e.last()
	if op == nil || !op.Outcome.Final() {
		return false
	}
	if !e.isAcked() && !e.acknowledge(ctx, s, *op) {
		return false
	}
	for {
		now, err := s.Operation(ctx, op.Ref)
		if err == nil {
			if now.Reversal != op.Reversal || now.Outcome != op.Outcome {
				e.hear(now)
			}
			if now.Outcome.Final() && now.Reversal != pay.ReversalUnderWay {
				e.hear(now)
				e.t.write(book.Line{ID: e.order.ID, Done: true})
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// acknowledge says what the till thinks of an outcome. It returns whether it was heard.
func (e *entry) acknowledge(ctx context.Context, s *client.Session, op pay.Operation) bool {
	ack := e.order.Ack
	if ack == "" || op.Outcome != pay.Approved {
		ack = pay.AckSeen
	}
	_, err := s.Acknowledge(ctx, op.Ref, ack, "torture")
	refusal, ok := errors.AsType[*pay.Error](err)
	switch {
	case err == nil, ok && refusal.Code == pay.ErrState:
	case ok && refusal.Code == pay.ErrHostDenied && !e.order.Named(): // a close of day that another till asked for too
	default:
		return false // a host or module that is away: later
	}
	e.t.write(book.Line{ID: e.order.ID, Acked: ack})
	return true
}

// hear writes down what was told of the operation, once.
func (e *entry) hear(op pay.Operation) {
	op.Result, op.Items = nil, nil
	last := e.last()
	if last != nil {
		a, _ := json.Marshal(last)
		b, _ := json.Marshal(op)
		if string(a) == string(b) {
			return
		}
	}
	if last != nil && last.Outcome.Final() && op.Outcome != last.Outcome && op.ResolvedBy == "" && last.ResolvedBy == "" {
		e.wrong(fmt.Sprintf("it was told %s, now %s", last.Outcome, op.Outcome))
	}
	e.t.write(book.Line{ID: e.order.ID, Told: &op})
}

func (e *entry) wrong(what string) {
	e.t.write(book.Line{ID: e.order.ID, Wrong: e.order.ID + ": " + what})
}

func (e *entry) last() *pay.Operation {
	e.t.mu.Lock()
	defer e.t.mu.Unlock()
	return e.told
}

func (e *entry) isAcked() bool {
	e.t.mu.Lock()
	defer e.t.mu.Unlock()
	return e.acked
}

// why says how far an order came.
func (e *entry) why() string {
	e.t.mu.Lock()
	defer e.t.mu.Unlock()
	if e.told == nil {
		return "never heard of"
	}
	return fmt.Sprintf("%s, running %v, reversal %d, pending %q, %s %s", e.told.Outcome, e.told.Running, e.told.Reversal, e.told.Pending, e.told.Code, e.told.Text)
}
