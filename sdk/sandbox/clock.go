package sandbox

import (
	"sync/atomic"
	"time"
)

// Clock is the sandbox's time: the computer's, moved by an offset. Its zero value is the computer's time. It may be used
// by several goroutines.
type Clock struct {
	base   func() time.Time
	offset atomic.Int64
}

// NewClock is a clock over base, for a test that owns time. A nil base is time.Now.
func NewClock(base func() time.Time) *Clock { return &Clock{base: base} }

// Now is the sandbox's time.
func (c *Clock) Now() time.Time {
	base := time.Now
	if c.base != nil {
		base = c.base
	}
	return base().Round(0).Add(c.Offset())
}

// Offset is how far the sandbox's time is ahead.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// SetOffset moves the sandbox's time to d ahead of the computer's.
func (c *Clock) SetOffset(d time.Duration) { c.offset.Store(int64(d)) }

// Advance moves the sandbox's time by d, which may be negative.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// Set moves the sandbox's time to t.
func (c *Clock) Set(t time.Time) { c.Advance(t.Sub(c.Now())) }
