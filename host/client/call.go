package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// How long calls take at most where the caller's context says no less.
const (
	openLimit  = 30 * time.Second // a host may have to be started, and its modules after it
	callLimit  = 15 * time.Second // the same, for a call that finds the host dead
	slowLimit  = 60 * time.Second // documents, which a module may have to ask its provider for
	startLimit = 10 * time.Second // from the start of a host to its first answer
)

// repeats says whether a call may be made again after its connection broke.
type repeats bool

const (
	once   repeats = false
	repeat repeats = true
)

// call makes one call of the host, on a link that it first makes if there is none. A broken connection is repaired and the call repeated
// where that is harmless, until ctx ends. The error is nil or a *pay.Error; refusals inside the answer are the caller's to read.
func call[R any](ctx context.Context, s *Session, again repeats, f func(context.Context, *link) (R, error)) (R, error) {
	var none R
	pause := pauses()
	for {
		l, err := s.connected(ctx)
		if err != nil {
			return none, err
		}
		r, err := f(l.context(ctx), l)
		if err == nil {
			return r, nil
		}
		if !lost(ctx, l, err) {
			return none, verdict(ctx, err)
		}
		l.drop(err)
		if again == once || ctx.Err() != nil {
			return none, broken(ctx, "ask the host", err)
		}
		if wait(ctx, s, pause.NextBackOff()) != nil {
			return none, broken(ctx, "ask the host", err)
		}
	}
}

// lost says whether the error means that the host is gone or does not know the session, and not that the caller's time is over or that
// the host answered something.
func lost(ctx context.Context, l *link, err error) bool {
	if ctx.Err() != nil || word(err) != nil {
		return !l.alive()
	}
	switch status.Code(err) {
	case codes.NotFound, codes.PermissionDenied, codes.Unimplemented, codes.InvalidArgument, codes.ResourceExhausted, codes.Internal,
		codes.DeadlineExceeded:
		return !l.alive()
	}
	return true
}

// verdict words an error by which the host answered.
func verdict(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return gaveUp(ctx, "wait for the host's answer")
	}
	if said := word(err); said != nil {
		return said
	}
	code := pay.ErrInternal
	switch status.Code(err) {
	case codes.NotFound:
		code = pay.ErrNotFound
	case codes.PermissionDenied:
		code = pay.ErrHostDenied
	case codes.Unimplemented:
		code = pay.ErrHostVersion
	case codes.InvalidArgument:
		code = pay.ErrArgument
	}
	return &pay.Error{Code: code, Cause: err}
}

// broken words a connection that was lost. It says nothing about money; Begin adds that.
func broken(ctx context.Context, what string, err error) error {
	return &pay.Error{Code: pay.ErrHostStart, Cause: fmt.Errorf("%s: %w", what, errors.Join(err, ctx.Err()))}
}

// gaveUp words the end of the caller's patience.
func gaveUp(ctx context.Context, what string) error {
	return &pay.Error{Code: pay.ErrHostStart, Cause: fmt.Errorf("%s: %w", what, context.Cause(ctx))}
}

// refusal makes the host's refusal an error again; nil of none.
func refusal(r *modulev1.Refusal) error {
	if r == nil || (r.GetCode() == 0 && r.GetText() == "" && !r.GetMayHaveMoved()) {
		return nil
	}
	return &pay.Error{Code: pay.Code(r.GetCode()), Text: r.GetText(), Hint: r.GetHint(), MayHaveMoved: r.GetMayHaveMoved()}
}

// word is the refusal that a gRPC status carries, nil if it carries none: the host's own word, which no repetition changes.
func word(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return nil
	}
	for _, detail := range s.Details() {
		if r, ok := detail.(*modulev1.Refusal); ok {
			return refusal(r)
		}
	}
	return nil
}

// limit is ctx with an end, if it has none that is nearer.
func limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// pauses grow from 20 ms to 1 s and never end; contexts do.
func pauses() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: 20 * time.Millisecond, RandomizationFactor: 0.2, Multiplier: 2, MaxInterval: time.Second}
}

func wait(ctx context.Context, s *Session, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ctx.Done():
		return errClosed()
	}
}

// spawn is how this package starts goroutines: it lives in other people's programs, which no panic of ours may end.
func spawn(f func()) {
	go func() {
		defer func() { _ = recover() }()
		f()
	}()
}

func programName() string {
	if path, err := os.Executable(); err == nil {
		return filepath.Base(path)
	}
	return "unknown"
}
