package module

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// Refusal is an error as it crosses a border: nil of nil. An error that is no pay.Error becomes ErrInternal, and its text stays on this
// side, because nobody knows what it holds.
func Refusal(err error) *modulev1.Refusal {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*pay.Error](err)
	if !ok {
		return &modulev1.Refusal{Code: int32(pay.ErrInternal)}
	}
	return &modulev1.Refusal{Code: int32(e.Code), Text: e.Text, Hint: e.Hint, MayHaveMoved: e.MayHaveMoved}
}

// FromRefusal is the pay.Error that went into Refusal: nil of nil. A code that is no refusal is one of a newer side: ErrInternal.
func FromRefusal(r *modulev1.Refusal) error {
	if r == nil {
		return nil
	}
	code := pay.Code(r.GetCode())
	if code >= 0 {
		code = pay.ErrInternal
	}
	return &pay.Error{Code: code, Text: r.GetText(), Hint: r.GetHint(), MayHaveMoved: r.GetMayHaveMoved()}
}

// Status is an error of a call whose response has no place for a refusal (a stream, mostly): a gRPC status that carries it.
func Status(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	if _, ok := errors.AsType[*pay.Error](err); !ok {
		// The end of the caller's context is no fault; anything else is ours.
		if s := status.FromContextError(err); s.Code() != codes.Unknown {
			return s.Err()
		}
	}
	r := Refusal(err)
	s, withErr := status.New(statusCode(pay.Code(r.GetCode())), pay.Code(r.GetCode()).String()).WithDetails(r)
	if withErr != nil {
		return status.Error(codes.Internal, pay.Code(r.GetCode()).String())
	}
	return s.Err()
}

// statusCode is the nearest that gRPC has; the refusal itself travels beside it.
func statusCode(code pay.Code) codes.Code {
	switch code {
	case pay.ErrNotFound:
		return codes.NotFound
	case pay.ErrHostDenied:
		return codes.PermissionDenied
	case pay.ErrArgument, pay.ErrEncoding:
		return codes.InvalidArgument
	case pay.ErrInternal:
		return codes.Internal
	}
	return codes.FailedPrecondition
}

// FromStatus is the pay.Error that a gRPC status carries. An error that carries none (a broken connection) comes back as it is.
func FromStatus(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	for _, detail := range s.Details() {
		if r, ok := detail.(*modulev1.Refusal); ok {
			return FromRefusal(r)
		}
	}
	return err
}

// outcome joins the two ways in which a call can fail: the connection's error, and the refusal in the response.
func outcome(what string, err error, r *modulev1.Refusal) error {
	if err == nil {
		return FromRefusal(r)
	}
	err = FromStatus(err)
	if _, ok := errors.AsType[*pay.Error](err); ok {
		return err
	}
	return fmt.Errorf("module: %s: %w", what, err)
}
