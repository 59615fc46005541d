package pay

import (
	"errors"
	"fmt"
)

// Code is a number of payrack.h: an outcome or progress when not negative, a refusal when negative.
type Code int32

// The codes of payrack.h. Numbers are never given a second meaning.
const (
	CodeOK        Code = 0
	CodeWaiting   Code = 1
	CodeEvent     Code = 2
	CodeFinished  Code = 3
	CodeDeclined  Code = 4
	CodeCancelled Code = 5
	CodeUnknown   Code = 6
	CodePending   Code = 7

	ErrArgument    Code = -1
	ErrHandle      Code = -2
	ErrState       Code = -3
	ErrBusy        Code = -4
	ErrNotFound    Code = -5
	ErrUnsupported Code = -6
	ErrABI         Code = -7
	ErrInternal    Code = -8
	ErrEncoding    Code = -9
	ErrThread      Code = -10
	ErrConfig      Code = -100
	ErrNotActive   Code = -101
	ErrActivation  Code = -102
	ErrNoModule    Code = -103
	ErrModuleDown  Code = -104
	ErrHostStart   Code = -200
	ErrHostDenied  Code = -201
	ErrHostVersion Code = -202
	ErrOffline     Code = -300
	ErrTLS         Code = -301
	ErrAuth        Code = -302
	ErrClock       Code = -303
	ErrRefReused   Code = -400
	ErrUnresolved  Code = -401
	ErrNeedsPrompt Code = -402
	ErrLimit       Code = -403
	ErrShift       Code = -404
	ErrJournal     Code = -405
)

var codeNames = map[Code]string{
	CodeOK: "PR_OK", CodeWaiting: "PR_WAITING", CodeEvent: "PR_EVENT", CodeFinished: "PR_FINISHED",
	CodeDeclined: "PR_DECLINED", CodeCancelled: "PR_CANCELLED", CodeUnknown: "PR_UNKNOWN", CodePending: "PR_PENDING",
	ErrArgument: "PR_E_ARGUMENT", ErrHandle: "PR_E_HANDLE", ErrState: "PR_E_STATE", ErrBusy: "PR_E_BUSY",
	ErrNotFound: "PR_E_NOT_FOUND", ErrUnsupported: "PR_E_UNSUPPORTED", ErrABI: "PR_E_ABI", ErrInternal: "PR_E_INTERNAL",
	ErrEncoding: "PR_E_ENCODING", ErrThread: "PR_E_THREAD", ErrConfig: "PR_E_CONFIG", ErrNotActive: "PR_E_NOT_ACTIVE",
	ErrActivation: "PR_E_ACTIVATION", ErrNoModule: "PR_E_NO_MODULE", ErrModuleDown: "PR_E_MODULE_DOWN",
	ErrHostStart: "PR_E_HOST_START", ErrHostDenied: "PR_E_HOST_DENIED", ErrHostVersion: "PR_E_HOST_VERSION",
	ErrOffline: "PR_E_OFFLINE", ErrTLS: "PR_E_TLS", ErrAuth: "PR_E_AUTH", ErrClock: "PR_E_CLOCK",
	ErrRefReused: "PR_E_REF_REUSED", ErrUnresolved: "PR_E_UNRESOLVED", ErrNeedsPrompt: "PR_E_NEEDS_PROMPT",
	ErrLimit: "PR_E_LIMIT", ErrShift: "PR_E_SHIFT", ErrJournal: "PR_E_JOURNAL",
}

// String is the name in payrack.h.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("PR_%d", int32(c))
}

// Codes lists every code of payrack.h, for catalogues and tests.
func Codes() []Code {
	list := make([]Code, 0, len(codeNames))
	for c := range codeNames {
		list = append(list, c)
	}
	return list
}

// Error is a refusal that crosses every border unchanged: a code, the cause in the user's language, and what to do next.
// An Error answers a call that created no operation, unless it says MayHaveMoved.
type Error struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
	// MayHaveMoved says that a request about money may have left before the error; the caller must treat the operation as Unknown.
	MayHaveMoved bool `json:"may_have_moved,omitempty"`
	// Cause is for the log of this process; it does not cross a border.
	Cause error `json:"-"`
}

// Refuse makes an Error of a code and a cause; text and hint are filled from the catalogue at the border where they are empty.
func Refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *Error) Error() string {
	s := e.Code.String()
	if e.Text != "" {
		s += ": " + e.Text
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is compare by code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Text == ""
}

// Uncertain is err as an error that refuses nothing: the operation may have been created, and a request about money may leave.
func Uncertain(err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return &Error{Code: ErrInternal, MayHaveMoved: true, Cause: err}
	}
	return &Error{Code: e.Code, Text: e.Text, Hint: e.Hint, MayHaveMoved: true, Cause: err}
}

// CodeOf is the code of an error: 0 of nil, ErrInternal of one that carries none.
func CodeOf(err error) Code {
	if err == nil {
		return CodeOK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ErrInternal
}
