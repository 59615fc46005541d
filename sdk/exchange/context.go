package exchange

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/payrack/payrack/sdk/pay"
)

type contextKey int

const (
	refKey contextKey = iota
	initiatorKey
	trackerKey
	permitKey
	moneyCallKey
)

// WithRef names the operation to which exchanges under the context belong, for the request log.
func WithRef(ctx context.Context, ref pay.Ref) context.Context {
	return context.WithValue(ctx, refKey, ref)
}

// WithInitiator names who caused the exchanges under the context, for the request log: an operator, a till, or payrack itself.
func WithInitiator(ctx context.Context, initiator string) context.Context {
	return context.WithValue(ctx, initiatorKey, initiator)
}

// Permit is what money requests under a context may be sent with: the keys of the operation (and of its original), and the text in which
// the provider's ids were journaled.
type Permit struct {
	Keys      []pay.Key
	Journaled []byte
}

func (p Permit) key(key pay.Key) bool { return slices.Contains(p.Keys, key) }

// WithPermit limits the money requests under the context. The engine's shell sets it for each call of a driver, so that a driver can
// use no key but the engine's (design §3.3). The innermost permit counts.
func WithPermit(ctx context.Context, permit Permit) context.Context {
	return context.WithValue(ctx, permitKey, permit)
}

func permitOf(ctx context.Context) (Permit, bool) {
	permit, ok := ctx.Value(permitKey).(Permit)
	return permit, ok
}

// WithMoneyCall marks the calls of a driver in which money moves. Under it a Query with a method that may change something counts as a
// money request for the Tracker, whatever the driver takes it for.
func WithMoneyCall(ctx context.Context) context.Context {
	return context.WithValue(ctx, moneyCallKey, true)
}

// mayMove says whether money may move by a call.
func (a call) mayMove(ctx context.Context) bool {
	return a.money || ctx.Value(moneyCallKey) != nil && a.method != http.MethodGet && a.method != http.MethodHead
}

// Tracker tells what happened to the requests under a context, whatever the driver made of it.
type Tracker struct {
	outer *Tracker

	mu      sync.Mutex
	touched bool
	running int // money requests on their way
	sent    bool
}

// Track makes a context whose requests the tracker sees; so does a tracker that ctx has already.
func Track(ctx context.Context) (context.Context, *Tracker) {
	t := &Tracker{outer: trackerOf(ctx)}
	return context.WithValue(ctx, trackerKey, t), t
}

// MoneySent says whether bytes of a money request may have left, or may still: one that a driver left running counts.
func (t *Tracker) MoneySent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent || t.running > 0
}

// Touched says whether any exchange was attempted, sent or not. A request that was refused as unfit is no attempt.
func (t *Tracker) Touched() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.touched
}

func trackerOf(ctx context.Context) *Tracker {
	t, _ := ctx.Value(trackerKey).(*Tracker)
	return t
}

func (t *Tracker) begin(money bool) {
	for ; t != nil; t = t.outer {
		t.mu.Lock()
		t.touched = true
		if money {
			t.running++
		}
		t.mu.Unlock()
	}
}

func (t *Tracker) end(money, sent bool) {
	for ; t != nil && money; t = t.outer {
		t.mu.Lock()
		t.running--
		t.sent = t.sent || sent
		t.mu.Unlock()
	}
}
