package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Order is an operation that is asked for.
type Order struct {
	Module    string // empty of a refund: the module of the original payment
	Kind      pay.Kind
	Amount    pay.Amount
	Ref       pay.Ref // empty of close_day: named after its shift; empty of a report, a test or a command: made here
	Params    string  // a JSON object, as the till gave it
	NoPrompts bool    // nobody answers prompts
	// Repeated: an earlier Begin of this order may have left, so that a refusal has to be proved by the installation's index.
	Repeated bool
}

// beginLimit is how long Begin looks for a lost host before it says that it does not know.
const beginLimit = 30 * time.Second

// mostNamed bounds module, kind and ref, in bytes: what no host takes is not sent, for a message that is too large is answered by nobody.
const mostNamed = 16 << 10

// Begin begins the operation, or joins it if the ref with the same parameters is known already (existed). An error without MayHaveMoved
// is a refusal: this call created no operation. With MayHaveMoved nobody can say yet; the same Begin again is harmless and the way to know,
// under op.Ref where one is given.
func (s *Session) Begin(ctx context.Context, o Order) (op pay.Operation, existed bool, err error) {
	if len(o.Params) > pay.MaxParams || len(o.Module)+len(o.Kind)+len(o.Ref) > mostNamed {
		return pay.Operation{}, false, text.Refuse(pay.ErrArgument, "refused.too_long", map[string]any{"Name": "params"}, nil)
	}
	ctx, cancel := limit(ctx, beginLimit)
	defer cancel()
	if o.Ref == "" && !o.Kind.Money() && o.Kind != pay.KindCloseDay {
		o.Ref = MakeRef(string(o.Kind)) // so that it can be repeated
	}
	b := begin{s: s, order: o, left: o.Repeated}
	pause := pauses()
	for {
		op, existed, done, err := b.attempt(ctx)
		if done {
			if err != nil {
				op.Ref = b.order.Ref
			}
			return op, existed, err
		}
		if ctx.Err() != nil || wait(ctx, s, pause.NextBackOff()) != nil {
			unknown := &pay.Error{Code: pay.CodeUnknown, MayHaveMoved: true, Cause: fmt.Errorf("begin %s: %w", b.order.Ref, errors.Join(err, ctx.Err()))}
			return pay.Operation{Ref: b.order.Ref}, false, unknown
		}
	}
}

// MakeRef makes a ref that nobody has: a word, and 128 random bits.
func MakeRef(word string) pay.Ref {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	return pay.Ref(word + "-" + hex.EncodeToString(random[:]))
}

// begin is one Begin and its repetitions.
type begin struct {
	s     *Session
	order Order
	left  bool // a request may have left this process
}

// attempt asks once. done is false where it is not known what became of it and asking again may tell.
func (b *begin) attempt(ctx context.Context) (op pay.Operation, existed, done bool, err error) {
	l, err := b.s.connected(ctx)
	if err != nil {
		return pay.Operation{}, false, !b.left, err
	}
	if err := b.name(ctx, l); err != nil {
		return pay.Operation{}, false, !b.left && ctx.Err() != nil, err
	}
	o := b.order
	r, err := l.host.Begin(l.context(ctx), &hostv1.BeginRequest{
		Module: o.Module, Kind: string(o.Kind), Amount: int64(o.Amount), Ref: string(o.Ref), Params: o.Params, NoPrompts: o.NoPrompts,
	})
	if err != nil {
		return pay.Operation{}, false, b.failed(ctx, l, err), verdict(ctx, err)
	}
	if err := refusal(r.GetRefusal()); err != nil {
		return b.refused(ctx, err)
	}
	return unpack(r.GetOperation()), r.GetExisted(), true, nil
}

// name has the module name the close of its open shift, so that it can be repeated and looked up like everything else. Where the module
// does not say, the host names it, or refuses in its own words. An error means that the host is gone, and that nothing has left.
func (b *begin) name(ctx context.Context, l *link) error {
	if b.order.Ref != "" || b.order.Kind != pay.KindCloseDay {
		return nil
	}
	r, err := l.host.Info(l.context(ctx), &hostv1.InfoRequest{Module: b.order.Module, What: "shift"})
	switch {
	case err != nil && lost(ctx, l, err):
		l.drop(err)
		return broken(ctx, "ask for the shift", err)
	case err != nil && ctx.Err() != nil:
		return gaveUp(ctx, "ask for the shift")
	case err != nil || refusal(r.GetRefusal()) != nil:
		return nil
	}
	var shift struct {
		CloseRef pay.Ref `json:"close_ref"`
	}
	if json.Unmarshal(r.GetJson(), &shift) == nil {
		b.order.Ref = shift.CloseRef
	}
	return nil
}

// failed notes that the request may have left, unless the host's answer proves that it was not looked at, and says whether that is the end.
func (b *begin) failed(ctx context.Context, l *link, err error) (done bool) {
	if e, ok := errors.AsType[*pay.Error](word(err)); ok && !e.MayHaveMoved {
		return !b.left
	}
	switch status.Code(err) {
	case codes.Unauthenticated:
		l.drop(err) // the session is not known there: open it anew
		return false
	case codes.PermissionDenied, codes.Unimplemented, codes.InvalidArgument:
		if l.alive() {
			return !b.left
		}
	}
	b.left = true
	if lost(ctx, l, err) {
		l.drop(err)
	}
	return false
}

// refused believes a refusal of the first try. After a later one it asks whether an earlier try had begun the operation after all: a module
// that is down now may have it.
func (b *begin) refused(ctx context.Context, refused error) (op pay.Operation, existed, done bool, err error) {
	e, _ := errors.AsType[*pay.Error](refused)
	if !b.left || e.Code == pay.ErrRefReused || e.MayHaveMoved {
		return pay.Operation{}, false, true, refused
	}
	if b.order.Ref == "" { // the host named it, and nobody can be asked about it
		return pay.Operation{}, false, false, refused
	}
	op, err = b.s.Operation(ctx, b.order.Ref)
	switch {
	case err == nil:
		return op, true, true, nil
	case pay.CodeOf(err) == pay.ErrNotFound:
		return pay.Operation{}, false, true, refused
	}
	return pay.Operation{}, false, false, refused
}

// Watch calls each with every event of the operation after the number, follows it live through restarts of module and host, and returns
// nil after the final outcome's event (EvOutcome; one that says Unknown may come before it). An error of each ends the watch and is
// returned. Where the host stays away longer than Options.Patience, the error is ErrHostStart with MayHaveMoved; Watch may be called again.
func (s *Session) Watch(ctx context.Context, ref pay.Ref, after int64, each func(pay.Event) error) error {
	w := watch{s: s, ref: ref, after: after, each: each}
	pause, contact := pauses(), time.Now()
	for {
		before := w.heard
		done, err := w.attempt(ctx)
		if done {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if w.heard > before {
			pause.Reset()
			contact = time.Now()
		}
		if time.Since(contact) > s.options.Patience {
			return &pay.Error{Code: pay.ErrHostStart, MayHaveMoved: true, Cause: fmt.Errorf("watch %s: %w", ref, err)}
		}
		if err := wait(ctx, s, pause.NextBackOff()); err != nil {
			return err
		}
	}
}

// watch is one Watch and the streams that it takes.
type watch struct {
	s     *Session
	ref   pay.Ref
	after int64
	heard int // signs of life of the host
	each  func(pay.Event) error
}

// attempt follows one stream. done is false where another may bring more.
func (w *watch) attempt(ctx context.Context) (done bool, err error) {
	l, err := w.s.connected(ctx)
	if err != nil {
		return w.s.ctx.Err() != nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := l.host.Watch(l.context(ctx), &hostv1.WatchRequest{Ref: string(w.ref), After: w.after})
	if err != nil {
		return w.broke(ctx, l, err)
	}
	if _, err := stream.Header(); err == nil {
		w.heard++
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return w.broke(ctx, l, err)
		}
		w.heard++
		if done, err := w.event(m); done {
			return true, err
		}
	}
}

// broke decides what the end of a stream means. Its plain end before the final outcome means nothing: the module restarts.
func (w *watch) broke(ctx context.Context, l *link, err error) (done bool, _ error) {
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	if said := word(err); said != nil {
		return true, said
	}
	switch status.Code(err) {
	case codes.NotFound, codes.PermissionDenied, codes.Unimplemented, codes.InvalidArgument:
		if l.alive() {
			return true, verdict(ctx, err)
		}
	case codes.Unauthenticated:
		l.drop(err)
	}
	return false, err
}

func (w *watch) event(m *modulev1.WatchResponse) (done bool, err error) {
	var ev pay.Event
	if err := json.Unmarshal(m.GetJson(), &ev); err != nil {
		return false, nil // an event that we cannot read is one that we do not know
	}
	ev.Number, ev.Kind = m.GetNumber(), pay.EventKind(m.GetKind())
	if ev.Number != 0 && ev.Number <= w.after {
		return false, nil
	}
	w.after = max(w.after, ev.Number)
	if err := w.each(ev); err != nil {
		return true, err
	}
	return ev.Kind == pay.EvOutcome && ev.Operation != nil && ev.Operation.Outcome.Final(), nil
}

// Operation is the present view of an operation. ErrNotFound is the word of the installation's index: no such ref was ever taken.
func (s *Session) Operation(ctx context.Context, ref pay.Ref) (pay.Operation, error) {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*hostv1.OperationResponse, error) {
		return l.host.Operation(ctx, &hostv1.OperationRequest{Ref: string(ref)})
	})
	if err != nil {
		return pay.Operation{}, err
	}
	if err := refusal(r.GetRefusal()); err != nil {
		return pay.Operation{}, err
	}
	return unpack(r.GetOperation()), nil
}

// unpack reads an operation. What decides about money is typed: the document can only make it less certain, never more.
func unpack(m *modulev1.Operation) pay.Operation {
	var op pay.Operation
	if json.Unmarshal(m.GetJson(), &op) != nil {
		op = pay.Operation{}
	}
	op.Ref = pay.Ref(m.GetRef())
	op.Running = !m.GetTold()
	if outcome := pay.Outcome(m.GetOutcome()); !m.GetFinal() || !m.GetTold() || !outcome.Final() {
		op.Outcome = pay.Unknown
	} else {
		op.Outcome = outcome
	}
	return op
}
