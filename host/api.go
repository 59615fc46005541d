package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/payrack/payrack/host/index"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// callLimit is how long a module may take for what touches no network; documentLimit for what may.
const (
	callLimit     = 15 * time.Second
	documentLimit = 60 * time.Second
)

// maxText is the length of the longest answer, reason or line for the log, in bytes.
const maxText = 16 << 10

// refuse makes the refusal of a response, in the caller's language, and writes the call into the log, without secrets.
func (a *api) refuse(s *session, what string, err error, args ...any) *modulev1.Refusal {
	args = append(args, "pos", s.pos, "by", s.by())
	if err == nil {
		a.h.log.Info(what, args...)
		return nil
	}
	refusal := Fill(err, s.lang())
	level := hclog.Info
	if refusal.Code == pay.ErrInternal || refusal.Code == pay.ErrJournal || refusal.MayHaveMoved {
		level = hclog.Error
	}
	a.h.log.Log(level, what+" refused", append(args, "code", refusal.Code.String(), "error", err)...)
	return module.Refusal(refusal)
}

// guardCall and guardStream turn a panic into an error of one call.
func (h *Host) guardCall(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (out any, err error) {
	defer h.recovered(info.FullMethod, &err)
	return next(ctx, in)
}

func (h *Host) guardStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer h.recovered(info.FullMethod, &err)
	return next(srv, stream)
}

func (h *Host) recovered(method string, err *error) {
	if r := recover(); r != nil {
		h.log.Error("internal error", "method", method, "kind", fmt.Sprintf("%T", r), "where", module.Where(3))
		*err = status.Error(codes.Internal, "internal error")
	}
}

// own is an operation that this session's till may act upon; others may only watch it.
func (h *Host) own(ctx context.Context, s *session, ref string) (*life, *resident, error) {
	e, r, err := h.entry(ctx, pay.Ref(ref))
	if err != nil {
		return nil, nil, err
	}
	if e.PosID != s.pos {
		return nil, nil, text.Refuse(pay.ErrHostDenied, "host.other_till", map[string]any{"Till": e.PosID}, nil)
	}
	l, err := r.ready(ctx)
	return l, r, err
}

// Answer implements hostv1.HostServiceServer. The value may be a secret: it goes on and is forgotten.
func (a *api) Answer(ctx context.Context, in *modulev1.AnswerRequest) (*modulev1.AnswerResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	out := &modulev1.AnswerResponse{}
	err = func() error {
		if len(in.GetValue()) > maxText {
			return text.Refuse(pay.ErrArgument, "refused.answer_long", map[string]any{"Most": maxText}, nil)
		}
		l, _, err := a.h.own(ctx, s, in.GetRef())
		if err != nil {
			return err
		}
		in.By = s.by()
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		if out, err = l.rpc.Answer(ctx, in); err != nil {
			return asked(err)
		}
		return module.FromRefusal(out.GetRefusal())
	}()
	return &modulev1.AnswerResponse{Refusal: a.refuse(s, "answer", err, "ref", shorten(in.GetRef(), 80), "prompt", in.GetNumber())}, nil
}

// Cancel implements hostv1.HostServiceServer.
func (a *api) Cancel(ctx context.Context, in *modulev1.CancelRequest) (*modulev1.CancelResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	err = func() error {
		l, _, err := a.h.own(ctx, s, in.GetRef())
		if err != nil {
			return err
		}
		in.By, in.Reason = s.by(), shorten(in.GetReason(), 1000)
		ctx, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		a.h.point("forward cancel")
		out, err := l.rpc.Cancel(ctx, in)
		a.h.point("forwarded cancel")
		if err != nil {
			return asked(err)
		}
		return module.FromRefusal(out.GetRefusal())
	}()
	return &modulev1.CancelResponse{Refusal: a.refuse(s, "cancel", err, "ref", shorten(in.GetRef(), 80), "reason", shorten(in.GetReason(), 200))}, nil
}

// Acknowledge implements hostv1.HostServiceServer.
func (a *api) Acknowledge(ctx context.Context, in *modulev1.AcknowledgeRequest) (*modulev1.AcknowledgeResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	out := &modulev1.AcknowledgeResponse{}
	err = func() error {
		switch pay.Ack(in.GetAck()) {
		case pay.AckSeen, pay.AckConfirm, pay.AckReverse:
		default:
			return text.Refuse(pay.ErrArgument, "refused.acknowledgement", map[string]any{"Word": shorten(in.GetAck(), 40)}, nil)
		}
		l, r, err := a.h.own(ctx, s, in.GetRef())
		if err != nil {
			return err
		}
		in.By, in.Reason = s.by(), shorten(in.GetReason(), 1000)
		if have, err := a.h.index.Get(ctx, pay.Ref(in.GetRef())); err == nil && have.State == index.Cancelled && !have.Known && in.GetAck() == string(pay.AckSeen) {
			out.Operation, err = module.Pack(a.h.voided(have)) // its module never heard of it, and nothing of it is left to be seen
			return err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forwardLimit)
		defer cancel()
		a.h.point("forward acknowledge")
		if out, err = l.rpc.Acknowledge(ctx, in); err != nil {
			return asked(err)
		}
		a.h.point("forwarded acknowledge")
		return a.h.acted(ctx, r, out.GetRefusal(), out.GetOperation())
	}()
	refusal := a.refuse(s, "acknowledge", err, "ref", shorten(in.GetRef(), 80), "ack", shorten(in.GetAck(), 10), "reason", shorten(in.GetReason(), 200))
	return &modulev1.AcknowledgeResponse{Refusal: refusal, Operation: out.GetOperation()}, nil
}

// acted takes what became of an operation that somebody acted upon.
func (h *Host) acted(ctx context.Context, r *resident, refusal *modulev1.Refusal, m *modulev1.Operation) error {
	if err := module.FromRefusal(refusal); err != nil {
		return err
	}
	op, err := module.Unpack(m)
	if err != nil {
		return &pay.Error{Code: pay.ErrInternal, Cause: err}
	}
	r.note(ctx, op)
	return nil
}

// Resolve implements hostv1.HostServiceServer: for the full role, from any till.
func (a *api) Resolve(ctx context.Context, in *modulev1.ResolveRequest) (*modulev1.ResolveResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	out := &modulev1.ResolveResponse{}
	err = func() error {
		if err := a.h.needFull(s); err != nil {
			return err
		}
		if in.GetWhoAndWhy() == "" || len(in.GetWhoAndWhy()) > maxText {
			return text.Refuse(pay.ErrArgument, "host.resolve_words", nil, nil)
		}
		_, r, err := a.h.entry(ctx, pay.Ref(in.GetRef()))
		if err != nil {
			return err
		}
		l, err := r.ready(ctx)
		if err != nil {
			return err
		}
		in.WhoAndWhy = in.GetWhoAndWhy() + " (" + s.by() + ")"
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forwardLimit)
		defer cancel()
		if out, err = l.rpc.Resolve(ctx, in); err != nil {
			return asked(err)
		}
		return a.h.acted(ctx, r, out.GetRefusal(), out.GetOperation())
	}()
	refusal := a.refuse(s, "resolve", err, "ref", shorten(in.GetRef(), 80), "charged", in.GetCharged(), "why", shorten(in.GetWhoAndWhy(), 400))
	return &modulev1.ResolveResponse{Refusal: refusal, Operation: out.GetOperation()}, nil
}

// Operation implements hostv1.HostServiceServer.
func (a *api) Operation(ctx context.Context, in *hostv1.OperationRequest) (*hostv1.OperationResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	op, err := a.h.operation(ctx, s, pay.Ref(in.GetRef()))
	if err == nil {
		var m *modulev1.Operation
		if m, err = module.Pack(op); err == nil {
			return &hostv1.OperationResponse{Operation: m}, nil
		}
	}
	return &hostv1.OperationResponse{Refusal: a.refuse(s, "operation", err, "ref", shorten(in.GetRef(), 80))}, nil
}

// operation is the present view of an operation, by its module, or by the index while that is away. A ref that its module does not know,
// though nothing is on its way to it, never began.
func (h *Host) operation(ctx context.Context, s *session, ref pay.Ref) (pay.Operation, error) {
	e, r, err := h.entry(ctx, ref)
	if err == nil {
		err = h.mayRead(s, e)
	}
	if err != nil {
		return pay.Operation{}, err
	}
	if e.State == index.Cancelled && !e.Known {
		return h.voided(e), nil
	}
	l, err := r.ready(ctx)
	if err != nil {
		return h.doubtful(e, s.lang()), nil
	}
	op, err := h.look(ctx, l, ref)
	switch {
	case err == nil:
		if op.Ref == e.Ref {
			r.note(ctx, op)
		}
		return op, nil
	case pay.CodeOf(err) == pay.ErrNotFound && ref != e.Ref:
		return pay.Operation{}, err // no such reversal
	case pay.CodeOf(err) == pay.ErrNotFound && e.Known:
		return pay.Operation{}, h.lost(ctx, e)
	case pay.CodeOf(err) == pay.ErrNotFound:
		op, _, err := h.void(ctx, l, e)
		return op, err
	}
	h.log.Warn("module was asked in vain", "ref", ref, "error", err)
	return h.doubtful(e, s.lang()), nil
}

// Pending implements hostv1.HostServiceServer.
func (a *api) Pending(ctx context.Context, in *hostv1.PendingRequest) (*hostv1.PendingResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	pos := s.pos
	if in.GetAll() {
		pos = ""
	}
	for _, id := range a.h.ids {
		a.h.residents[id].refresh(ctx)
	}
	out := &hostv1.PendingResponse{}
	for _, op := range a.h.pending(ctx, pos) {
		m, err := module.Pack(op)
		if err != nil {
			return &hostv1.PendingResponse{Refusal: a.refuse(s, "pending", err)}, nil
		}
		out.Operations = append(out.Operations, m)
	}
	return out, nil
}

// refresh asks a module that runs for what wants attention now.
func (r *resident) refresh(ctx context.Context) {
	l, err := r.now()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r.renew(ctx, l)
}

// Slip implements hostv1.HostServiceServer.
func (a *api) Slip(ctx context.Context, in *modulev1.SlipRequest) (*modulev1.SlipResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	out := &modulev1.SlipResponse{}
	err = func() error {
		e, r, err := a.h.entry(ctx, pay.Ref(in.GetRef()))
		if err == nil {
			err = a.h.mayRead(s, e)
		}
		if err != nil {
			return err
		}
		l, err := r.ready(ctx)
		if err != nil {
			return err
		}
		if in.GetLanguage() == "" {
			in.Language = s.lang()
		}
		ctx, cancel := context.WithTimeout(ctx, documentLimit)
		defer cancel()
		if out, err = l.rpc.Slip(ctx, in); err != nil {
			return asked(err)
		}
		return module.FromRefusal(out.GetRefusal())
	}()
	refusal := a.refuse(s, "slip", err, "ref", shorten(in.GetRef(), 80), "copy", in.GetCopy(), "format", shorten(in.GetFormat(), 20))
	return &modulev1.SlipResponse{Refusal: refusal, Data: out.GetData()}, nil
}

// linesAMinute is how many lines a client may write into the host's log.
const linesAMinute = 600

// Log implements hostv1.HostServiceServer. Lines above the measure are counted and left out.
func (a *api) Log(ctx context.Context, in *hostv1.LogRequest) (*hostv1.LogResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	if err := validText("log", in.GetText()); err != nil {
		return nil, module.Status(err)
	}
	s.mu.Lock()
	if now := time.Now(); now.Sub(s.window) > time.Minute {
		if left := s.lines - linesAMinute; left > 0 {
			a.h.log.Warn("lines of a till were left out", "pos", s.pos, "lines", left)
		}
		s.window, s.lines = now, 0
	}
	s.lines++
	over := s.lines > linesAMinute
	s.mu.Unlock()
	if !over {
		level := hclog.Info
		if l := hclog.Level(in.GetLevel()); l >= hclog.Info && l <= hclog.Error {
			level = l
		}
		a.h.log.Log(level, shorten(in.GetText(), maxText), "pos", s.pos, "program", s.program)
	}
	return &hostv1.LogResponse{}, nil
}

// longestGrace is how long a stop may be made to wait for running operations.
const longestGrace = 15 * time.Minute

// Stop implements hostv1.HostServiceServer. It needs no session: whoever is admitted could end the process.
func (a *api) Stop(ctx context.Context, in *hostv1.StopRequest) (*hostv1.StopResponse, error) {
	h := a.h
	if !callerOf(ctx).own {
		return nil, status.Error(codes.PermissionDenied, "another user's host")
	}
	grace := min(max(time.Duration(in.GetGraceMs())*time.Millisecond, 0), longestGrace)
	h.log.Info("stop", "drain", in.GetDrain(), "grace", grace, "pid", callerOf(ctx).pid)
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
	running := 0
	if in.GetDrain() {
		running = h.drain(ctx, grace)
	}
	time.AfterFunc(50*time.Millisecond, func() { h.stop(0) }) // after this answer has left
	return &hostv1.StopResponse{Running: int32(running)}, nil
}

// drain has all modules refuse new operations, and waits for the running ones.
func (h *Host) drain(ctx context.Context, grace time.Duration) int {
	counts := make(chan int, len(h.ids))
	for _, id := range h.ids {
		go func() {
			n := 0
			defer func() { counts <- n }()
			if l, err := h.residents[id].now(); err == nil {
				running, err := l.running.Drain(context.WithoutCancel(ctx), grace)
				if n = running; err != nil && !errors.Is(err, context.Canceled) {
					h.log.Warn("draining failed", "module", id, "error", err)
				}
			}
		}()
	}
	total := 0
	for range h.ids {
		total += <-counts
	}
	return total
}
