package main

// #include "door.h"
import "C"

import "github.com/payrack/payrack/abi/library"

// The exports of the classic calls, in the order of payrack.h.

// found puts the handle where the caller of a classic call finds it before the first event. It refuses where there is no such place.
func found(thread C.uint64_t, host C.int32_t, op *C.int32_t) (library.Found, C.int32_t) {
	if op == nil {
		return nil, C.int32_t(loaded().NoPlace(on(thread), int32(host), "op"))
	}
	*op = 0
	return func(handle int32) { *op = C.int32_t(handle) }, 0
}

//export payrackPayOnline
func payrackPayOnline(thread C.uint64_t, host C.int32_t, module *C.char, amount C.int64_t, ref *C.char, op *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	f, refused := found(thread, host, op)
	if refused < 0 {
		return refused
	}
	return C.int32_t(loaded().PayOnline(on(thread), int32(host), text(module, library.MaxName), int64(amount), text(ref, library.MaxName), f))
}

//export payrackPayOffline
func payrackPayOffline(thread C.uint64_t, host C.int32_t, module *C.char, amount C.int64_t, ref, scanned *C.char, op *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	f, refused := found(thread, host, op)
	if refused < 0 {
		return refused
	}
	return C.int32_t(loaded().PayOffline(on(thread), int32(host), text(module, library.MaxName), int64(amount), text(ref, library.MaxName),
		text(scanned, library.MaxCode), f))
}

//export payrackRefund
func payrackRefund(thread C.uint64_t, host C.int32_t, original *C.char, amount C.int64_t, ref *C.char, op *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	f, refused := found(thread, host, op)
	if refused < 0 {
		return refused
	}
	return C.int32_t(loaded().Refund(on(thread), int32(host), text(original, library.MaxName), int64(amount), text(ref, library.MaxName), f))
}

//export payrackCloseDay
func payrackCloseDay(thread C.uint64_t, host C.int32_t, module *C.char, detailed C.int32_t, op *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	f, refused := found(thread, host, op)
	if refused < 0 {
		return refused
	}
	return C.int32_t(loaded().CloseDay(on(thread), int32(host), text(module, library.MaxName), detailed != 0, f))
}

//export payrackReport
func payrackReport(thread C.uint64_t, host C.int32_t, module, query *C.char, op *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	f, refused := found(thread, host, op)
	if refused < 0 {
		return refused
	}
	return C.int32_t(loaded().Report(on(thread), int32(host), text(module, library.MaxName), text(query, library.MaxParams), f))
}
