package wire

import (
	"fmt"
	"net/http"
)

// Code names a refusal of the server.
type Code string

// The refusals. None of them moved money. CodeConflict, CodeAlreadyCancelled and CodeNotFound speak about the number, so
// after a lost answer they are a reason to inquire; the others say that this request did nothing and left no record.
const (
	CodeBadRequest       Code = "BAD_REQUEST"       // 400: the body breaks the format
	CodeUnauthorized     Code = "UNAUTHORIZED"      // 401: no such terminal, or not its secret
	CodeUnknownTerminal  Code = "UNKNOWN_TERMINAL"  // 404, activation: no such terminal
	CodeBadCode          Code = "BAD_CODE"          // 403, activation: a try is spent, AttemptsLeft says how many remain
	CodeBurnt            Code = "CODE_BURNT"        // 410, activation: three bad tries; a new code is needed
	CodeAlreadyActivated Code = "ALREADY_ACTIVATED" // 409, activation: repeat with Force; no try is spent
	CodeConflict         Code = "CONFLICT"          // 409: the number holds another request
	CodeAlreadyCancelled Code = "ALREADY_CANCELLED" // 409: a cancel came before the request
	CodeHasRefunds       Code = "HAS_REFUNDS"       // 409, cancel: parts were refunded
	CodeShiftNotOpen     Code = "SHIFT_NOT_OPEN"    // 409: a shift that is yet to come
	CodeNotFound         Code = "NOT_FOUND"         // 404: the number was never received
	CodeNoSuchPath       Code = "NO_SUCH_PATH"      // 404: the address is wrong, nothing is said about the number
	CodeInternal         Code = "INTERNAL"          // 500: outcome unknown
)

// HTTPStatus is the status with which the server sends c.
func (c Code) HTTPStatus() int {
	switch c {
	case CodeBadRequest:
		return http.StatusBadRequest
	case CodeUnauthorized:
		return http.StatusUnauthorized
	case CodeBadCode:
		return http.StatusForbidden
	case CodeUnknownTerminal, CodeNotFound, CodeNoSuchPath:
		return http.StatusNotFound
	case CodeAlreadyActivated, CodeConflict, CodeAlreadyCancelled, CodeHasRefunds, CodeShiftNotOpen:
		return http.StatusConflict
	case CodeBurnt:
		return http.StatusGone
	}
	return http.StatusInternalServerError
}

// Error is a refusal. It travels as {"error":{"code":…,"message":…}}, see [ErrorAnswer].
type Error struct {
	Code         Code   `json:"code"`
	Message      string `json:"message"`
	AttemptsLeft *int   `json:"attempts_left,omitempty"` // with CodeBadCode and CodeBurnt
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("sendy: %s: %s", e.Code, e.Message) }

// ErrorAnswer is the envelope of an [Error].
type ErrorAnswer struct {
	Error *Error `json:"error"`
}

// Reason says why a payment or refund ended without money.
type Reason string

// The reasons of a [Declined] or [Cancelled] record, with the response codes that go with them.
const (
	ReasonNotEnough    Reason = "NOTENOUGH"         // 51: not enough money in the wallet
	ReasonCodeExpired  Reason = "AUTHCODEEXPIRE"    // 54: the customer's code lived its minute
	ReasonCodeInvalid  Reason = "AUTH_CODE_INVALID" // 14: not a code of this payment system
	ReasonCodeUsed     Reason = "CODE_USED"         // 94: the code was used before
	ReasonPayer        Reason = "PAYER_DECLINED"    // 05: the customer refused
	ReasonExpired      Reason = "EXPIRED"           // 68: the customer did not pay in time
	ReasonSystemOff    Reason = "SYSTEM_OFF"        // 58: the payment system is not served for this terminal
	ReasonTooMuch      Reason = "AMOUNT_LIMIT"      // 61: above Allowed.MaxAmount
	ReasonNoOriginal   Reason = "NO_ORIGINAL"       // 25: a refund of what was not paid, or was reversed
	ReasonRefundExcess Reason = "REFUND_EXCESS"     // 13: a refund above what is left of the payment
	ReasonCancelled    Reason = "CANCELLED"         // 17: the till cancelled
)

// CodeApproved is [Record.Code] of a record that is Paid.
const CodeApproved = "00"

// ResponseCode is the two-digit code that the server sends with r.
func (r Reason) ResponseCode() string {
	switch r {
	case ReasonNotEnough:
		return "51"
	case ReasonCodeExpired:
		return "54"
	case ReasonCodeInvalid:
		return "14"
	case ReasonCodeUsed:
		return "94"
	case ReasonPayer:
		return "05"
	case ReasonExpired:
		return "68"
	case ReasonSystemOff:
		return "58"
	case ReasonTooMuch:
		return "61"
	case ReasonNoOriginal:
		return "25"
	case ReasonRefundExcess:
		return "13"
	case ReasonCancelled:
		return "17"
	}
	return "96"
}
