package main

// #include "door.h"
import "C"

import (
	"runtime/cgo"
	"unsafe"

	"github.com/payrack/payrack/abi/library"
	"github.com/payrack/payrack/sdk/pay"
)

// The exports of the library, the session and its settings, in the order of payrack.h. Each has the calling thread before the
// parameters of the header.

func on(thread C.uint64_t) library.Thread { return library.Thread(thread) }

//export payrackOnThread
func payrackOnThread(ticket C.uintptr_t, thread C.uint64_t) {
	defer func() { _ = recover() }()
	cgo.Handle(ticket).Value().(func(library.Thread))(on(thread))
}

//export payrackAbiVersion
func payrackAbiVersion(C.uint64_t) C.int32_t { return library.ABI }

//export payrackVersion
func payrackVersion(_ C.uint64_t, buf *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().Version(), unsafe.Pointer(buf), capacity)
}

//export payrackErrorText
func payrackErrorText(thread C.uint64_t, number C.int32_t, language, buf *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().ErrorText(on(thread), int32(number), text(language, library.MaxName)), unsafe.Pointer(buf), capacity)
}

//export payrackSelftest
func payrackSelftest(thread C.uint64_t, home, json *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().SelfTest(on(thread), text(home, library.MaxPath)), unsafe.Pointer(json), capacity)
}

//export payrackOpen
func payrackOpen(thread C.uint64_t, abi C.int32_t, home, pos *C.char, flags C.uint32_t, host *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	if host == nil {
		return C.int32_t(loaded().NoPlace(on(thread), 0, "host"))
	}
	*host = 0
	h, c := loaded().Open(on(thread), int32(abi), text(home, library.MaxPath), text(pos, library.MaxName), uint32(flags))
	*host = C.int32_t(h)
	return C.int32_t(c)
}

//export payrackClose
func payrackClose(thread C.uint64_t, host C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Close(on(thread), int32(host)))
}

//export payrackSetOption
func payrackSetOption(thread C.uint64_t, host C.int32_t, key, value *C.char) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().SetOption(on(thread), int32(host), text(key, library.MaxName), text(value, library.MaxName)))
}

//export payrackSetCallback
func payrackSetCallback(thread C.uint64_t, host C.int32_t, callback, user C.uintptr_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().SetCallback(on(thread), int32(host), library.Callback{Function: uintptr(callback), User: uintptr(user)}))
}

//export payrackSetWindow
func payrackSetWindow(thread C.uint64_t, host C.int32_t, window C.int64_t, message C.uint32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().SetWindow(on(thread), int32(host), int64(window), uint32(message)))
}

//export payrackWaitHandle
func payrackWaitHandle(thread C.uint64_t, host C.int32_t, handle *C.int64_t) (code C.int32_t) {
	defer library.Guard(&code)
	if handle == nil {
		return C.int32_t(loaded().NoPlace(on(thread), int32(host), "handle"))
	}
	*handle = 0
	h, c := loaded().WaitHandle(on(thread), int32(host))
	*handle = C.int64_t(h)
	return C.int32_t(c)
}

//export payrackInfo
func payrackInfo(thread C.uint64_t, host C.int32_t, module, what, json *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().Info(on(thread), int32(host), text(module, library.MaxName), text(what, library.MaxName)), unsafe.Pointer(json), capacity)
}

//export payrackLastCode
func payrackLastCode(thread C.uint64_t, host C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().LastCode(on(thread), int32(host)))
}

//export payrackLastError
func payrackLastError(thread C.uint64_t, host C.int32_t, buf *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().LastError(on(thread), int32(host)), unsafe.Pointer(buf), capacity)
}

//export payrackLastHint
func payrackLastHint(thread C.uint64_t, host C.int32_t, buf *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().LastHint(on(thread), int32(host)), unsafe.Pointer(buf), capacity)
}

//export payrackSetting
func payrackSetting(thread C.uint64_t, host C.int32_t, module, key, buf *C.char, capacity C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return fill(loaded().Setting(on(thread), int32(host), text(module, library.MaxName), text(key, library.MaxName)), unsafe.Pointer(buf), capacity)
}

//export payrackSetSetting
func payrackSetSetting(thread C.uint64_t, host C.int32_t, module, key, value *C.char) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().SetSetting(on(thread), int32(host), text(module, library.MaxName), text(key, library.MaxName), text(value, library.MaxValue)))
}

//export payrackShowProperties
func payrackShowProperties(thread C.uint64_t, host C.int32_t, module *C.char, parent C.int64_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Unsupported(on(thread), int32(host)))
}

//export payrackActivate
func payrackActivate(thread C.uint64_t, host C.int32_t, module, terminal, serial, secret *C.char, force C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Activate(on(thread), int32(host), text(module, library.MaxName), text(terminal, library.MaxName),
		text(serial, library.MaxName), text(secret, library.MaxName), force != 0))
}

//export payrackActivation
func payrackActivation(thread C.uint64_t, host C.int32_t, module *C.char, active, left *C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	a, n, c := loaded().Activation(on(thread), int32(host), text(module, library.MaxName))
	if c == pay.CodeOK {
		put(active, a)
		put(left, n)
	}
	return C.int32_t(c)
}

//export payrackLog
func payrackLog(thread C.uint64_t, host, level C.int32_t, line *C.char) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Log(on(thread), int32(host), int32(level), text(line, library.MaxValue)))
}

//export payrackSupportBundle
func payrackSupportBundle(thread C.uint64_t, host C.int32_t, path *C.char, days C.int32_t) (code C.int32_t) {
	defer library.Guard(&code)
	return C.int32_t(loaded().Unsupported(on(thread), int32(host)))
}

// put sets an optional result.
func put(p *C.int32_t, v int32) {
	if p != nil {
		*p = C.int32_t(v)
	}
}
