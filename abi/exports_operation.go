package main

// #include "door.h"
import "C"

import (
	"unsafe"

	"github.com/payrack/payrack/abi/library"
	"github.com/payrack/payrack/sdk/pay"
)

// The exports of operations, and of what is left after a crash, in the order of payrack.h.

//export payrackStart
func payrackStart(thread C.uint64_t, host C.int32_t, module, kind *C.char, amount C.int64_t, ref, params *C.char, op *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	if op == nil {
		return C.int32_t(loaded().NoPlace(on(thread), int32(host), "op"))
	}
	*op = 0
	h, c := loaded().Start(on(thread), int32(host), text(module, library.MaxName), text(kind, library.MaxName), int64(amount),
		text(ref, library.MaxName), text(params, library.MaxParams))
	*op = C.int32_t(h)
	return C.int32_t(c)
}

//export payrackPoll
func payrackPoll(thread C.uint64_t, op, wait C.int32_t, event, id *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	ev, n, c := loaded().Poll(on(thread), int32(op), int32(wait), event == nil || id == nil)
	put(event, ev)
	put(id, n)
	return C.int32_t(c)
}

//export payrackEventStr
func payrackEventStr(thread C.uint64_t, op C.int32_t, key, buf *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().EventStr(on(thread), int32(op), text(key, library.MaxName)), unsafe.Pointer(buf), capacity)
}

//export payrackEventInt
func payrackEventInt(thread C.uint64_t, op C.int32_t, key *C.char, value *C.int64_t) (code C.int32_t) {
	defer library.Guard(&code)
	if value == nil {
		return C.int32_t(pay.ErrArgument)
	}
	n, c := loaded().EventInt(on(thread), int32(op), text(key, library.MaxName))
	if c == pay.CodeOK {
		*value = C.int64_t(n)
	}
	return C.int32_t(c)
}

//export payrackAnswer
func payrackAnswer(thread C.uint64_t, op, id C.int32_t, value *C.char) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Answer(on(thread), int32(op), int32(id), text(value, library.MaxValue)))
}

//export payrackCancel
func payrackCancel(thread C.uint64_t, op C.int32_t, reason *C.char) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Cancel(on(thread), int32(op), text(reason, library.MaxReason)))
}

//export payrackOutcome
func payrackOutcome(thread C.uint64_t, op C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Outcome(on(thread), int32(op)))
}

//export payrackStr
func payrackStr(thread C.uint64_t, op C.int32_t, key, buf *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().Str(on(thread), int32(op), text(key, library.MaxName)), unsafe.Pointer(buf), capacity)
}

//export payrackInt
func payrackInt(thread C.uint64_t, op C.int32_t, key *C.char, value *C.int64_t) (code C.int32_t) {
	defer library.Guard(&code)
	if value == nil {
		return C.int32_t(pay.ErrArgument)
	}
	n, c := loaded().Int(on(thread), int32(op), text(key, library.MaxName))
	if c == pay.CodeOK {
		*value = C.int64_t(n)
	}
	return C.int32_t(c)
}

//export payrackSlip
func payrackSlip(thread C.uint64_t, op, number C.int32_t, format, encoding *C.char, width C.int32_t, buf unsafe.Pointer, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().Slip(on(thread), int32(op), int32(number), text(format, library.MaxName), text(encoding, library.MaxName), int32(width)), buf, capacity)
}

//export payrackConfirm
func payrackConfirm(thread C.uint64_t, op C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Confirm(on(thread), int32(op)))
}

//export payrackReverse
func payrackReverse(thread C.uint64_t, op C.int32_t, reason *C.char) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Reverse(on(thread), int32(op), text(reason, library.MaxReason)))
}

//export payrackRelease
func payrackRelease(thread C.uint64_t, op C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Release(on(thread), int32(op)))
}

//export payrackPendingCount
func payrackPendingCount(thread C.uint64_t, host C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().PendingCount(on(thread), int32(host)))
}

//export payrackPendingRef
func payrackPendingRef(thread C.uint64_t, host, index C.int32_t, buf *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().PendingRef(on(thread), int32(host), int32(index)), unsafe.Pointer(buf), capacity)
}

//export payrackAttach
func payrackAttach(thread C.uint64_t, host C.int32_t, ref *C.char, op *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	if op == nil {
		return C.int32_t(loaded().NoPlace(on(thread), int32(host), "op"))
	}
	*op = 0
	h, c := loaded().Attach(on(thread), int32(host), text(ref, library.MaxName))
	*op = C.int32_t(h)
	return C.int32_t(c)
}

//export payrackResolve
func payrackResolve(thread C.uint64_t, host C.int32_t, ref *C.char, charged C.int32_t, whoAndWhy *C.char) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Resolve(on(thread), int32(host), text(ref, library.MaxName), charged != 0, text(whoAndWhy, library.MaxReason)))
}
