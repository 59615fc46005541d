package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// errUnreadable says that the journal has an operation in a form that this version cannot read.
var errUnreadable = errors.New("unreadable")

// find gives the live operation of a ref, or makes one of the journal's row. The caller releases it.
//
// Two copies of one operation must never live. A row that was read before another copy was forgotten may be stale: it is read again then.
func (s *Shell) find(ctx context.Context, ref pay.Ref) (*operation, error) {
	for {
		o, forgotten := s.hold(ref)
		if o != nil {
			return o, nil
		}
		row, err := s.o.Journal.Operation(ctx, ref)
		if err != nil {
			return nil, err
		}
		o, err = s.revive(ctx, row)
		if err != nil {
			return nil, err
		}
		if o = s.install(o, forgotten); o != nil {
			return o, nil
		}
	}
}

// hold gives the operation if it lives, and how many were ever forgotten.
func (s *Shell) hold(ref pay.Ref) (o *operation, forgotten int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o = s.active[ref]; o != nil {
		o.users++
	}
	return o, s.forgotten
}

// install makes a revived operation the live one, unless there is one. nil: it may be stale.
func (s *Shell) install(o *operation, forgotten int) *operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.active[o.ref]; other != nil {
		o = other
	} else if forgotten != s.forgotten {
		return nil
	}
	o.users++
	s.active[o.ref] = o
	return o
}

// begun makes an operation live that was journaled a moment ago, and so has never been forgotten. The caller releases it.
func (s *Shell) begun(o *operation) *operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.active[o.ref]; other != nil {
		o = other
	}
	o.users++
	s.active[o.ref] = o
	return o
}

// release lets go of an operation that find or begun gave.
func (s *Shell) release(o *operation) {
	s.mu.Lock()
	o.users--
	s.mu.Unlock()
	s.retire(o)
}

// retire forgets a live operation that has no work left and that nobody holds; the journal keeps it.
func (s *Shell) retire(o *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	idle := !o.stepping && len(o.queue) == 0 && o.state.Calling() == engine.NoCall && !o.state.Open()
	if idle && o.watchers == 0 && o.users == 0 && s.active[o.ref] == o {
		delete(s.active, o.ref)
		s.forgotten++
		o.gone = true
	}
}

func (s *Shell) live() []*operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*operation, 0, len(s.active))
	for _, o := range s.active {
		list = append(list, o)
	}
	return list
}

// stateNow is the engine's state.
func (o *operation) stateNow() engine.State {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state
}

// revive makes an operation of its row, and of the row of the payment that it returns.
func (s *Shell) revive(ctx context.Context, row journal.Operation) (*operation, error) {
	if row.OriginalRef == "" {
		return s.enliven(row, nil)
	}
	original, err := s.o.Journal.Operation(ctx, row.OriginalRef)
	if err != nil {
		return nil, err
	}
	return s.enliven(row, &original)
}

func (s *Shell) enliven(row journal.Operation, original *journal.Operation) (*operation, error) {
	o := &operation{s: s, ref: row.Ref, row: row, wake: make(chan struct{}), language: s.config.Load().language}
	o.log = s.o.Log.With("op", row.Number, "ref", row.Ref)
	unreadable := func(what string, err error) error {
		return text.Refuse(pay.ErrJournal, "refused.unreadable", map[string]any{"Ref": row.Ref}, fmt.Errorf("%w: its %s: %w", errUnreadable, what, err))
	}
	if err := json.Unmarshal(row.State, &o.state); err != nil {
		return nil, unreadable("state", err)
	}
	kept, err := readParams(row.Params)
	if err != nil {
		return nil, unreadable("parameters", err)
	}
	o.params, o.secret, o.noPrompts = kept.Params, kept.Secret, o.state.NoPrompts
	o.initiator = first(row.Operator, row.PosID)
	if original != nil {
		op := originalView(*original)
		o.original = &op
		o.whole = row.Amount == original.ApprovedAmount
	}
	o.state.Able, o.state.Terms = s.abilities(row.Kind, o.whole), s.config.Load().terms
	return o, nil
}

func originalView(row journal.Operation) provider.Operation { return driverView(row, engineState(row)) }

// engineState reads the engine's state of a row; one that cannot be read is empty, and has no ids for the driver.
func engineState(row journal.Operation) (st engine.State) {
	_ = json.Unmarshal(row.State, &st)
	return st
}
