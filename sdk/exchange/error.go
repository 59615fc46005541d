package exchange

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// Kind is the way in which an exchange failed.
type Kind string

// The kinds.
const (
	Refused    Kind = "refused"    // ours: the request was not fit to be sent
	Dial       Kind = "dial"       // no connection: the name, the port, the proxy
	TLS        Kind = "tls"        // no secure connection
	Timeout    Kind = "timeout"    // ours or the context's
	Stopped    Kind = "stopped"    // the context was cancelled
	Broken     Kind = "broken"     // the connection ended before the whole answer was there
	TooLarge   Kind = "too_large"  // the answer exceeds MaxAnswer
	Unreadable Kind = "unreadable" // the answer is no JSON, lacks a body, or points elsewhere
	Status     Kind = "status"     // the answer's status is 4xx or 5xx
)

// Error is a failed exchange. errors.As also finds a *pay.Error in it, with Code and, of a money request that was Sent, MayHaveMoved.
type Error struct {
	Sent   bool // bytes of the request may have left; false: none did, and none will
	Money  bool
	Kind   Kind
	Status int // of the answer; 0: none came
	// RetryAfter is for how long the server wants to be left alone, where it said so; 0: it did not.
	RetryAfter time.Duration
	Code       pay.Code
	Call       string // "POST pos/payment/offline"
	Err        error
}

// Error says what was attempted, how it failed, and whether something was sent. It holds nothing of the bodies.
func (e *Error) Error() string {
	sent := " (nothing was sent)"
	if e.Sent {
		sent = ""
	}
	return e.Call + ": " + string(e.Kind) + ": " + e.Err.Error() + sent
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// As lets errors.As find the refusal that a till is told.
func (e *Error) As(target any) bool {
	refusal, ok := target.(**pay.Error)
	if ok {
		*refusal = &pay.Error{Code: e.Code, MayHaveMoved: e.Money && e.Sent, Cause: e.Err}
	}
	return ok
}

// NotSent says whether err is a failed exchange of which no byte left. It is false of every other error: what is not known to be unsent may have been sent.
func NotSent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.Sent
}

// of completes a failure with the call that it belongs to.
func (e *Error) of(a call, status int) *Error {
	e.Money, e.Call, e.Status = a.money, a.name(), status
	if e.Code == 0 {
		e.Code = codeOf(e.Kind, status)
	}
	return e
}

func codeOf(kind Kind, status int) pay.Code {
	switch {
	case kind == TLS:
		return pay.ErrTLS
	case kind == Status && (status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusProxyAuthRequired):
		return pay.ErrAuth
	}
	return pay.ErrOffline
}

// failureOf names the way in which a request without a whole answer failed. ctx is the caller's, limited the one with our timeout.
func failureOf(err error, ctx, limited context.Context, sent bool, once *sending) *Error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // its text repeats the URL, query included
	}
	failure := &Error{Sent: sent, Kind: Broken, Err: err}
	reached, tlsFail := once.reached()
	var timeout net.Error
	switch {
	case errors.Is(err, errTooLarge):
		failure.Kind = TooLarge
	case errors.Is(ctx.Err(), context.Canceled):
		failure.Kind = Stopped
	case limited.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		failure.Kind = Timeout
	case !reached && tlsFail != nil, alert(err):
		failure.Kind = TLS
		if early(err) {
			failure.Code = pay.ErrClock
		}
	case !reached:
		failure.Kind = Dial
	}
	return failure
}

// alert says whether TLS ended a connection that had come about: in TLS 1.3 a server refuses our certificate after the first bytes.
func alert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "remote error" || op.Op == "local error")
}

// early says whether the server's certificate is not valid yet: then our clock is behind.
func early(err error) bool {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore)
}
