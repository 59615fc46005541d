// Package shell performs what the engine asks for: it journals, calls the driver, keeps time, and tells whoever watches.
//
// One Shell serves one module. Every operation has a queue of events of its own and is stepped by one goroutine at a time; operations do
// not wait for each other. The order is always: step, write with one sync, then everything else. A write that fails leaves the operation
// where it was, and is tried again: what is not written has not happened, so nothing is sent (design §3.2).
package shell
