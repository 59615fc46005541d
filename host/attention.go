package host

import (
	"context"

	"github.com/payrack/payrack/sdk/pay"
)

// learn replaces the list of what wants attention, and tells the index.
func (r *resident) learn(ctx context.Context, pending []pay.Operation) {
	list, named := make(map[pay.Ref]pay.Operation, len(pending)), make(map[pay.Ref]bool, len(pending))
	for _, op := range pending {
		list[op.Ref], named[op.Ref] = op, true
		r.host.learned(r.host.index.Learn(ctx, r.id, op))
	}
	r.host.learned(r.host.index.Quiet(ctx, r.id, named))
	r.mu.Lock()
	r.pending = list
	r.mu.Unlock()
}

// renew asks a module that runs for what wants attention now. A list that was overtaken by word of a single operation is asked for anew.
func (r *resident) renew(ctx context.Context, l *life) {
	for range 3 {
		r.mu.Lock()
		before := r.notes
		r.mu.Unlock()
		pending, err := r.ask(ctx, l)
		if err != nil {
			return
		}
		r.mu.Lock()
		overtaken := r.notes != before
		r.mu.Unlock()
		if !overtaken {
			r.learn(ctx, pending)
			return
		}
	}
}

// note takes what a module said of one operation.
func (r *resident) note(ctx context.Context, op pay.Operation) {
	r.host.learned(r.host.index.Learn(ctx, r.id, op))
	r.mu.Lock()
	r.notes++
	if op.Pending != "" || op.Running {
		r.pending[op.Ref] = op
	} else {
		delete(r.pending, op.Ref)
	}
	r.mu.Unlock()
	r.host.changed.fire()
}
