package sandbox

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/payrack/payrack/plugins/socproc/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// operation is one that was accepted. It is never changed in place: a step commits a copy.
type operation struct {
	ID          string     `json:"id"`
	Reservation string     `json:"reservation"`
	Asked       string     `json:"asked"` // what was asked, to tell a repetition from a reuse
	Receipt     string     `json:"receipt"`
	Card        string     `json:"card"`
	Program     string     `json:"program"`
	ProgramName string     `json:"program_name"`
	State       wire.State `json:"state"`
	Total       int64      `json:"total"`
	Approved    int64      `json:"approved"`
	Confirmed   int64      `json:"confirmed,omitempty"`
	Returned    int64      `json:"returned,omitempty"`
	Items       []part     `json:"items,omitempty"`
	Undone      []undo     `json:"undone,omitempty"`
	Created     time.Time  `json:"created"`
	Expires     time.Time  `json:"expires"`
	Polls       int        `json:"polls,omitempty"`
}

// part is what is approved of a position, in kopecks.
type part struct {
	Position int   `json:"pos"`
	Approved int64 `json:"approved_sum"`
}

// undo is a cancel or return, and the first answer to it for ever.
type undo struct {
	ID      string     `json:"id"`
	Kind    wire.Kind  `json:"kind"`
	Sum     int64      `json:"sum,omitempty"` // of a return: what it named
	Done    bool       `json:"done"`
	Refused wire.Code  `json:"refused,omitempty"`
	State   wire.State `json:"state,omitempty"` // of CodeState: which one that was
}

// taken is what an operation takes of its card's limits.
func (o operation) taken() int64 {
	switch o.State {
	case wire.Reserved, wire.Confirmed:
		return o.Approved
	}
	return 0
}

func (o operation) public() Operation {
	return Operation{ID: o.ID, Reservation: o.Reservation, Receipt: o.Receipt, Card: o.Card, Program: o.Program, Status: o.State.String(), Total: o.Total,
		Approved: o.Approved, Confirmed: o.Confirmed, Returned: o.Returned, Created: o.Created}
}

// change is what one step does to the state, and what a line of the file holds.
type change struct {
	Settings  *Settings  `json:"settings,omitempty"`
	Operation *operation `json:"operation,omitempty"`
}

// state is all that the server remembers, beside the ledger.
type state struct {
	settings   Settings
	operations map[string]operation
	ids        []string          // of the operations, in the order of their coming
	reserved   map[string]string // reservation → operation
	undone     map[string]string // cancel_id → operation
}

func newState(s Settings) state {
	return state{settings: s, operations: map[string]operation{}, reserved: map[string]string{}, undone: map[string]string{}}
}

func (s *state) apply(c change) {
	if c.Settings != nil {
		s.settings = *c.Settings
	}
	if c.Operation == nil {
		return
	}
	o := *c.Operation
	if _, known := s.operations[o.ID]; !known {
		s.ids = append(s.ids, o.ID)
	}
	s.operations[o.ID], s.reserved[o.Reservation] = o, o.ID
	for _, u := range o.Undone {
		s.undone[u.ID] = o.ID
	}
}

func (s *state) replay(raw json.RawMessage) error {
	var c change
	if err := json.Unmarshal(raw, &c); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	s.apply(c)
	return nil
}

// commit writes a step and installs it.
func (f *fund) commit(c change, money ...sdk.Entry) error {
	if err := f.ledger.Commit(c, money...); err != nil {
		return err
	}
	f.apply(c)
	return nil
}

// settle does what the clock has brought about: a reservation that nobody confirmed in time frees itself.
func (f *fund) settle() error {
	now := f.clock.Now()
	for _, id := range f.ids {
		o := f.operations[id]
		if o.State == wire.Reserved && !now.Before(o.Expires) {
			o.State = wire.Expired
			if err := f.commit(change{Operation: &o}); err != nil {
				return err
			}
		}
	}
	return nil
}

// moscow is where a month begins and ends.
var moscow = time.FixedZone("MSK", 3*60*60)

// spent is what a card has spent, for all time and in the month of now; reservations count.
func (f *fund) spent(card string, now time.Time) (all, month int64) {
	year, at, _ := now.In(moscow).Date()
	for _, o := range f.operations {
		if o.Card != card {
			continue
		}
		all += o.taken()
		if y, m, _ := o.Created.In(moscow).Date(); y == year && m == at {
			month += o.taken()
		}
	}
	return all, month
}

// left is what a card may still spend, for all time and in the month of now.
func (f *fund) left(c Card, now time.Time) (all, month int64) {
	all, month = f.spent(c.Name, now)
	return max(c.Limit-all, 0), max(c.Month-month, 0)
}
