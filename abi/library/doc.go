// Package library is payrack.h in Go: sessions, operations, events and texts, with every promise of the header but the C calling itself.
//
// The exported functions around it only convert pointers; so all of this can be tested, and race-tested, without C. It has no money logic
// and no network of its own: what a call means is asked of the host through host/client. An operation's handle has one goroutine behind it,
// which follows the operation through deaths of the host and queues its events; calls read from that queue.
package library
