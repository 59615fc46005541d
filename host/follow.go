package host

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/payrack/payrack/host/index"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// followRef keeps the index up to date with an operation until its final outcome, without attending it. One goroutine follows a ref.
func (h *Host) followRef(ref pay.Ref, r *resident) {
	if parent, _ := ref.Parent(); parent != ref {
		return // a reversal is its module's concern: health counts it
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.follows[ref] || h.ctx.Err() != nil {
		return
	}
	h.follows[ref] = true
	h.spawn(&h.tasks, func() {
		defer func() {
			h.mu.Lock()
			delete(h.follows, ref)
			h.mu.Unlock()
		}()
		select {
		case <-time.After(h.pace.settle): // its till watches it as a rule, and the index hears what the till hears
		case <-h.ctx.Done():
			return
		}
		if have, err := h.index.Get(h.ctx, ref); err == nil && have.Known && have.State.Final() {
			return
		}
		f := following{h: h, r: r, ref: ref, each: func(context.Context, *modulev1.WatchResponse, pay.Operation) error { return nil }}
		_ = f.run(h.ctx)
	})
}

// following follows one operation through the lives of its module.
type following struct {
	h      *Host
	r      *resident
	ref    pay.Ref
	after  int64
	attend bool
	// each is given every event; op is set where the event carries the operation.
	each func(ctx context.Context, m *modulev1.WatchResponse, op pay.Operation) error
	// away is called once when the module is gone for long.
	away func() error

	unknownSince time.Time // when the module first said that it knows nothing of the ref
	told         bool      // away was called in this absence
}

// errFinal ends a following: the final outcome was seen.
var errFinal = errors.New("the outcome is final")

// run returns nil after the final outcome, else why it ended.
func (f *following) run(ctx context.Context) error {
	gone := time.Now()
	for ctx.Err() == nil {
		change := f.r.changed.wait()
		l, err := f.r.now()
		if err != nil {
			if err := f.absent(ctx, gone); err != nil {
				return err
			}
			f.pause(ctx, change, time.Until(gone.Add(f.h.pace.absent)))
			continue
		}
		err = f.stream(ctx, l)
		gone = time.Now()
		f.told = false
		switch {
		case err == nil || errors.Is(err, errFinal):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if stop, err := f.broken(ctx, l, err); stop {
			return err
		}
		f.pause(ctx, f.r.changed.wait(), min(f.h.pace.first, 100*time.Millisecond))
	}
	return ctx.Err()
}

// pause waits for a change, or for a time if it is not over yet, at least a second between looks.
func (f *following) pause(ctx context.Context, change <-chan struct{}, d time.Duration) {
	if d <= 0 {
		d = time.Minute
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-change:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// absent makes an operation Unknown whose module is away for long: neither till nor customer can wait for it.
func (f *following) absent(ctx context.Context, gone time.Time) error {
	if f.told || time.Since(gone) < f.h.pace.absent && f.r.state() != stateQuarantined {
		return nil
	}
	f.told = true
	f.h.learned(f.h.index.Doubt(ctx, f.ref))
	f.h.changed.fire()
	if f.away != nil {
		return f.away()
	}
	return nil
}

// stream follows the operation in one life of its module.
func (f *following) stream(ctx context.Context, l *life) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := l.rpc.Watch(ctx, &modulev1.WatchRequest{Ref: string(f.ref), After: f.after, Attend: f.attend})
	if err != nil {
		return module.FromStatus(err)
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return module.FromStatus(err)
		}
		f.unknownSince = time.Time{}
		f.after = max(f.after, m.GetNumber())
		op, err := f.operation(ctx, m)
		if err != nil {
			f.h.log.Warn("an event cannot be read", "ref", f.ref, "number", m.GetNumber(), "error", err)
			continue
		}
		if err := f.each(ctx, m, op); err != nil {
			return err
		}
		if op.Ref != "" && !op.Running && op.Outcome.Final() {
			return errFinal
		}
	}
}

// operation is what an outcome's event carries; it goes into the index.
func (f *following) operation(ctx context.Context, m *modulev1.WatchResponse) (pay.Operation, error) {
	if pay.EventKind(m.GetKind()) != pay.EvOutcome {
		return pay.Operation{}, nil
	}
	var e pay.Event
	if err := json.Unmarshal(m.GetJson(), &e); err != nil {
		return pay.Operation{}, err
	}
	if e.Operation == nil || e.Operation.Ref != f.ref {
		return pay.Operation{}, nil
	}
	f.r.note(ctx, *e.Operation)
	return *e.Operation, nil
}

// broken judges the end of a stream. That the module does not know a ref is no news while a Begin is on its way, or may be repeated.
func (f *following) broken(ctx context.Context, l *life, err error) (stop bool, _ error) {
	if pay.CodeOf(err) != pay.ErrNotFound {
		return false, nil
	}
	if f.unknownSince.IsZero() {
		f.unknownSince = time.Now()
	}
	have, err := f.h.index.Get(ctx, f.ref)
	if err != nil {
		return true, err // refused and dropped meanwhile
	}
	if have.Known {
		return true, f.h.lost(ctx, have)
	}
	if f.h.isForwarding(f.ref) || time.Since(f.unknownSince) < f.h.pace.orphan {
		return false, nil
	}
	_, done, err := f.h.void(ctx, l, have)
	return done || err != nil, err
}

// void settles a ref as cancelled of which its module knows nothing, by the word of a life that still lasts: while it does, no Begin can
// have broken off there unheard of. It is not done while the ref is on its way.
func (h *Host) void(ctx context.Context, l *life, e index.Entry) (op pay.Operation, done bool, err error) {
	done, err = h.voidNow(ctx, l.over(), e.Ref)
	if err != nil || !done {
		return e.View(), false, err
	}
	h.log.Info("the operation never reached its module: cancelled", "ref", e.Ref, "module", e.Module)
	h.changed.fire()
	e.State, e.Pending = index.Cancelled, ""
	return h.voided(e), true, nil
}

func (h *Host) voidNow(ctx context.Context, over <-chan struct{}, ref pay.Ref) (done bool, err error) {
	h.voiding.Lock()
	defer h.voiding.Unlock()
	select {
	case <-over:
		return false, nil
	default:
	}
	if h.isForwarding(ref) {
		return false, nil
	}
	return h.index.Void(ctx, ref)
}

// voided is the view of an operation that never began.
func (h *Host) voided(e index.Entry) pay.Operation {
	op := e.View()
	op.Text = words().Say(h.language(), "host.void", nil)
	return op
}

// Watch implements hostv1.HostServiceServer: it follows an operation through restarts of its module, and ends after its final outcome.
// While the module is away for long, an outcome's event without a number says Unknown.
func (a *api) Watch(in *hostv1.WatchRequest, stream grpc.ServerStreamingServer[modulev1.WatchResponse]) error {
	h := a.h
	s, err := a.session(stream.Context())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	defer context.AfterFunc(h.ctx, cancel)()
	ref := pay.Ref(in.GetRef())
	have, r, err := h.entry(ctx, ref)
	if err == nil {
		err = h.mayRead(s, have)
	}
	if err != nil {
		return module.Status(Fill(err, s.lang()))
	}
	if err := stream.SendHeader(metadata.MD{}); err != nil {
		return err
	}
	tell := func(op pay.Operation) error {
		m, err := module.PackEvent(pay.Event{Kind: pay.EvOutcome, Time: time.Now(), Operation: &op})
		if err != nil {
			return err
		}
		return stream.Send(m)
	}
	if have.State == index.Cancelled && !have.Known {
		return tell(h.voided(have))
	}
	f := following{h: h, r: r, ref: ref, after: in.GetAfter(), attend: have.PosID == s.pos,
		each: func(_ context.Context, m *modulev1.WatchResponse, _ pay.Operation) error { return stream.Send(m) },
		away: func() error {
			now, err := h.index.Get(ctx, have.Ref)
			if err != nil {
				return err
			}
			return tell(h.doubtful(now, s.lang()))
		}}
	err = f.run(ctx)
	if s.ctx.Err() != nil || ctx.Err() != nil {
		return module.Status(context.Canceled)
	}
	if err == nil {
		// A ref that was settled as never begun has no event of its module's.
		if now, err := h.index.Get(ctx, have.Ref); err == nil && now.State == index.Cancelled && !now.Known {
			return tell(h.voided(now))
		}
		return nil
	}
	return module.Status(Fill(err, s.lang()))
}

// doubtful is what can be told of an operation while its module is away.
func (h *Host) doubtful(e index.Entry, language string) pay.Operation {
	op := e.View()
	if !op.Outcome.Final() {
		op.Text, op.Hint = words().Error(pay.CodeUnknown, language)
		op.Pending = "unknown"
	}
	return op
}

// entry finds a ref, or the one that a reversal belongs to, and its module.
func (h *Host) entry(ctx context.Context, ref pay.Ref) (index.Entry, *resident, error) {
	parent, _ := ref.Parent()
	if _, err := pay.ParseRef(string(parent)); err != nil {
		return index.Entry{}, nil, err
	}
	e, err := h.known(ctx, parent)
	if err != nil {
		return index.Entry{}, nil, err
	}
	r, ok := h.residents[e.Module]
	if !ok {
		return index.Entry{}, nil, noModule(e.Module)
	}
	if h.settings.Load().Enabled(r.id) {
		h.startModule(r)
	}
	return e, r, nil
}
