// Command abi is the C library of payrack: payrack.h, built with -buildmode=c-shared.
//
// A call goes through a function of door.c, made from payrack.h, which guards the caller's floating-point state, and refuses a forked
// child; then through an export here, which turns C texts and buffers into Go's; then into package library, where what the call means is
// decided. Nothing happens when the library is loaded: the first call makes it.
package main

//go:generate go run ./gendoor
//go:generate go run ./bindgen

/*
#cgo CFLAGS: -fvisibility=hidden
#cgo linux LDFLAGS: -ldl -lpthread
#include "door.h"
*/
import "C"

import (
	"errors"
	"path/filepath"
	"runtime/cgo"
	"sync"
	"unsafe"

	"github.com/payrack/payrack/abi/library"
)

// version is set by the linker.
var version = "0.0.0-dev"

// loaded is the library; the first call makes it.
var loaded = sync.OnceValue(func() *library.Library {
	return library.New(library.Options{
		Version: version,
		Home:    home,
		Here: func(c library.Callback, op, event, id int32) {
			C.door_call(C.uintptr_t(c.Function), C.uintptr_t(c.User), C.int32_t(op), C.int32_t(event), C.int32_t(id))
		},
		Apart: func(c library.Callback, op, event, id int32, on func(library.Thread)) {
			ticket := cgo.NewHandle(on)
			defer ticket.Delete()
			C.door_call_apart(C.uintptr_t(c.Function), C.uintptr_t(c.User), C.int32_t(op), C.int32_t(event), C.int32_t(id), C.uintptr_t(ticket))
		},
	})
})

// home is the folder that the library's file lies in.
func home() (string, error) {
	var path [4096]byte
	n := C.door_path((*C.char)(unsafe.Pointer(&path[0])), C.int32_t(len(path)))
	if n <= 0 {
		return "", errors.New("the system does not tell where the library lies")
	}
	file := string(path[:n])
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	return filepath.Abs(filepath.Dir(file))
}

// text reads a C text of at most limit bytes; NULL is empty.
func text(p *C.char, limit int) library.Text {
	if p == nil {
		return library.Text{}
	}
	n := 0
	for n <= limit && *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	if n > limit {
		return library.Text{Long: true}
	}
	return library.Text{Bytes: append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(p)), n)...)}
}

// fill puts an output into the caller's buffer and gives the size that the whole needs.
func fill(o library.Output, buf unsafe.Pointer, capacity C.int32_t) C.int32_t {
	if buf != nil && capacity > 0 {
		if data := o.Fit(int(capacity)); len(data) > 0 {
			copy(unsafe.Slice((*byte)(buf), len(data)), data)
		}
	}
	return C.int32_t(o.Need())
}

func main() {}
