//go:build !windows

package library

import "github.com/payrack/payrack/sdk/pay"

// checkWindow refuses: here no window takes messages.
func checkWindow(int64, uint32) error { return local(pay.ErrUnsupported, "refused.no_windows", nil) }

func postMessage(int64, uint32, int32) error { return checkWindow(0, 0) }
