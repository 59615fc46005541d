package main

import (
	"errors"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// The exit codes of payrack; `payrack help exit-codes` explains them, and scripts rely on them.
const (
	exitDone         = 0
	exitFailed       = 1
	exitUsage        = 2
	exitConfig       = 3
	exitNoConnection = 4
	exitDeclined     = 5 // cancelled too: proved not charged
	exitUnknown      = 6
	exitNotActive    = 7
	exitBusy         = 8
)

// usageError is a command line that cannot be understood; its text is in the user's language.
type usageError struct {
	text, hint string
}

func (e *usageError) Error() string { return e.text }

// finished ends a command with an exit code after its result was printed: a declined payment is a result, not an error.
type finished struct{ code int }

func (finished) Error() string { return "finished" }

func exitOf(err error) int {
	if err == nil {
		return exitDone
	}
	if f, ok := errors.AsType[finished](err); ok {
		return f.code
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	if e, ok := errors.AsType[*pay.Error](err); ok {
		if e.MayHaveMoved {
			return exitUnknown
		}
		return exitOfCode(e.Code)
	}
	return exitFailed
}

func exitOfCode(code pay.Code) int {
	switch code {
	case pay.CodeOK:
		return exitDone
	case pay.ErrArgument, pay.ErrEncoding:
		return exitUsage
	case pay.ErrConfig, pay.ErrNoModule:
		return exitConfig
	case pay.ErrOffline, pay.ErrTLS, pay.ErrClock, pay.ErrModuleDown, pay.ErrHostStart, pay.ErrHostVersion:
		return exitNoConnection
	case pay.CodeDeclined, pay.CodeCancelled:
		return exitDeclined
	case pay.CodeUnknown, pay.ErrUnresolved:
		return exitUnknown
	case pay.ErrNotActive, pay.ErrActivation, pay.ErrAuth:
		return exitNotActive
	case pay.ErrBusy:
		return exitBusy
	}
	return exitFailed
}

// exitOfOperation tells how an operation that has been told ends the command. One that was declined before anything was sent, because
// there is no connection or no activation, ends as that error would.
func exitOfOperation(op pay.Operation) int {
	if op.Running {
		return exitUnknown
	}
	if op.Outcome == pay.Declined && strings.HasPrefix(op.Code, "PR_E_") {
		for _, code := range pay.Codes() {
			if code.String() == op.Code && code < 0 {
				if exit := exitOfCode(code); exit != exitFailed && exit != exitUsage {
					return exit
				}
			}
		}
	}
	return exitOfCode(op.Outcome.Code())
}
