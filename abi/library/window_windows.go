package library

import (
	"fmt"

	"golang.org/x/sys/windows"

	"github.com/payrack/payrack/sdk/pay"
)

var (
	user32       = windows.NewLazySystemDLL("user32.dll")
	postMessageW = user32.NewProc("PostMessageW")
)

// The messages that a program may use for itself, WM_USER to the last that RegisterWindowMessage gives: no other, so that a wrong number
// closes no window.
const firstMessage, lastMessage = 0x0400, 0xffff

// checkWindow refuses what PostMessageW would not take, and messages that mean something to Windows.
func checkWindow(window int64, message uint32) error {
	if window == 0 {
		return nil
	}
	if message < firstMessage || message > lastMessage {
		return local(pay.ErrArgument, "refused.message", of("Message", fmt.Sprintf("%#x", message)))
	}
	if !windows.IsWindow(windows.HWND(window)) {
		return local(pay.ErrArgument, "refused.window", of("Window", fmt.Sprintf("%#x", window)))
	}
	return nil
}

// postMessage posts a message with the operation in wParam. It does not wait for the window.
func postMessage(window int64, message uint32, op int32) error {
	if done, _, err := postMessageW.Call(uintptr(window), uintptr(message), uintptr(uint32(op)), 0); done == 0 {
		return err
	}
	return nil
}
