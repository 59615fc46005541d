package wire

import (
	"errors"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/wire"
)

// State is where an operation stands.
type State int

// The states. A status that is not known is none, and decides nothing.
const (
	NoState   State = iota
	Reserved        // no money has moved
	Confirmed       // the approved sum is written off
	Returned        // it was written off, and all of it went back
	Cancelled       // the reservation was let go: nothing was written off, nor ever will be
	Expired         // so by its own time
)

// states are the states as they are written.
var states = map[State]string{Reserved: "RESERVED", Confirmed: "CONFIRMED", Returned: "RETURNED", Cancelled: "CANCELLED", Expired: "EXPIRED"}

// String is how a state is written.
func (s State) String() string { return states[s] }

// Free says that nothing was written off under the operation, and never will be.
func (s State) Free() bool { return s == Cancelled || s == Expired }

// StateOf reads a status in any letter case.
func StateOf(status string) State {
	status = strings.TrimSpace(status)
	for state, name := range states {
		if strings.EqualFold(status, name) {
			return state
		}
	}
	return NoState
}

// Kind says what a cancel_id was sent for.
type Kind string

// The kinds.
const (
	Release  Kind = "RELEASE"  // a cancel that expected a reservation
	Reversal Kind = "REVERSAL" // a cancel that expected a confirmation
	Refund   Kind = "RETURN"   // a return of goods
)

// Undo is a cancel or a return that the service has heard of, and what it did about it for ever.
type Undo struct {
	ID   string
	Kind Kind
	Done bool // false: it was refused, and stays so
}

// Operation is what the service has of one: the answer to every request that it did not refuse.
type Operation struct {
	ID          string // the engine's key
	Reservation string
	Status      string // as it came, fit for a log
	Approved    pay.Amount
	Confirmed   pay.Amount // what was written off; it stays when that went back
	Returned    pay.Amount
	Expires     time.Time // of a reservation: when it frees itself
	Program     string    // the code of the programme that pays
	ProgramName string
	Items       []pay.ApprovedItem // the positions of which something is approved
	Undone      []Undo
}

// State is what the operation's status means.
func (o Operation) State() State { return StateOf(o.Status) }

// Undo finds what the service did about a cancel_id. False: it has not heard of it.
func (o Operation) Undo(id string) (Undo, bool) {
	for _, u := range o.Undone {
		if u.ID == id {
			return u, true
		}
	}
	return Undo{}, false
}

// Fits holds that the operation is the one asked about and approves nothing but positions of the basket, each at most for what it costs.
func (o Operation) Fits(id string, basket []pay.Item) error {
	if o.ID != id {
		return errors.New("the answer is about another operation")
	}
	return pay.BasketResult{Items: o.Items}.Approves(basket, o.Approved)
}

// mostUndone bounds how many cancels and returns an answer may name.
const mostUndone = 1000

// wireOperation is an operation on the wire.
type wireOperation struct {
	ID          wire.Text    `json:"operation_id"`
	Reservation wire.Text    `json:"reservation_id"`
	Status      string       `json:"status"`
	Approved    wire.Kopecks `json:"approved_sum"`
	Confirmed   wire.Kopecks `json:"confirmed_sum"`
	Returned    wire.Kopecks `json:"returned_sum"`
	Expires     time.Time    `json:"expires_at"`
	Program     wire.Text    `json:"program"`
	ProgramName string       `json:"program_name"`
	Items       []struct {
		Position int          `json:"pos"`
		Approved wire.Kopecks `json:"approved_sum"`
	} `json:"items"`
	Cancels []struct {
		ID   wire.Text `json:"cancel_id"`
		Kind Kind      `json:"kind"`
		Done *bool     `json:"done"`
	} `json:"cancels"`
}

// ReadOperation reads an operation. One that contradicts itself is none: the positions add up to the approved sum, what is confirmed is what was
// approved, what is returned what was confirmed, and the sums fit the state. Its errors repeat nothing of the answer.
func ReadOperation(body []byte) (Operation, error) {
	var w wireOperation
	if err := wire.Decode(body, &w); err != nil {
		return Operation{}, err
	}
	o := Operation{Status: wire.Clean(w.Status, 40), Approved: w.Approved.Amount, Confirmed: w.Confirmed.Amount, Returned: w.Returned.Amount, Expires: w.Expires,
		Program: wire.Clean(string(w.Program), 32), ProgramName: wire.Clean(w.ProgramName, 100)}
	var err error
	if o.ID, err = wire.ID(w.ID); err != nil {
		return Operation{}, err
	}
	if o.Reservation, err = wire.ID(w.Reservation); err != nil {
		return Operation{}, err
	}
	switch {
	case o.Status == "":
		return Operation{}, errors.New("the answer names no status")
	case !w.Approved.Named:
		return Operation{}, errors.New("the answer names no approved sum")
	}
	if err := o.items(w); err != nil {
		return Operation{}, err
	}
	if err := o.undone(w); err != nil {
		return Operation{}, err
	}
	return o, o.agrees()
}

// items reads the positions.
func (o *Operation) items(w wireOperation) error {
	if len(w.Items) > pay.MaxItems {
		return errors.New("the answer has too many positions")
	}
	var total pay.Amount
	seen := map[int]bool{}
	for _, i := range w.Items {
		switch {
		case i.Position < 1 || i.Position > pay.MaxItems:
			return errors.New("a position of the answer is none")
		case seen[i.Position]:
			return errors.New("the answer names a position twice")
		case !i.Approved.Named || i.Approved.Amount > o.Approved-total:
			return errors.New("the positions of the answer do not add up to its sum")
		}
		seen[i.Position] = true
		total += i.Approved.Amount
		if i.Approved.Amount > 0 {
			o.Items = append(o.Items, pay.ApprovedItem{Position: i.Position, Approved: i.Approved.Amount})
		}
	}
	if total != o.Approved {
		return errors.New("the positions of the answer do not add up to its sum")
	}
	return nil
}

// undone reads the cancels and returns.
func (o *Operation) undone(w wireOperation) error {
	if len(w.Cancels) > mostUndone {
		return errors.New("the answer names too many cancels")
	}
	for _, c := range w.Cancels {
		id, err := wire.ID(c.ID)
		if err != nil {
			return err
		}
		_, twice := o.Undo(id)
		if twice || c.Done == nil || c.Kind != Release && c.Kind != Reversal && c.Kind != Refund {
			return errors.New("a cancel of the answer cannot be read")
		}
		o.Undone = append(o.Undone, Undo{ID: id, Kind: c.Kind, Done: *c.Done})
	}
	return nil
}

// agrees holds that sums and cancels fit the state.
func (o Operation) agrees() error {
	gone, freed := 0, 0 // cancels that gave money back, and that let the reservation go
	for _, u := range o.Undone {
		switch {
		case u.Done && u.Kind == Release:
			freed++
		case u.Done:
			gone++
		}
	}
	fits := true
	switch o.State() {
	case Reserved, Expired:
		fits = o.Confirmed == 0 && o.Returned == 0 && gone == 0 && freed == 0
	case Cancelled:
		fits = o.Confirmed == 0 && o.Returned == 0 && gone == 0
	case Confirmed:
		fits = o.Confirmed > 0 && o.Confirmed == o.Approved && o.Returned == 0 && gone == 0 && freed == 0
	case Returned:
		fits = o.Confirmed > 0 && o.Confirmed == o.Approved && o.Returned == o.Confirmed && freed == 0
	}
	if !fits || gone > 1 || freed > 1 {
		return errors.New("the answer contradicts itself: its sums and cancels do not fit its status")
	}
	return nil
}

// Code is an error code of the service.
type Code string

// The codes.
const (
	CodeField     Code = "INVALID_REQUEST"          // a field is missing or cannot be read
	CodeMerchant  Code = "MERCHANT_UNKNOWN"         // enterprise, shop or terminal
	CodeProgram   Code = "PROGRAM_UNKNOWN"          // sp_code
	CodeCard      Code = "CARD_NOT_SOCIAL"          // the card is in no programme
	CodeLimit     Code = "LIMIT_EXHAUSTED"          // the card has nothing left of its programme
	CodeNothing   Code = "NOTHING_APPROVED"         // there is nothing to confirm
	CodeReused    Code = "OPERATION_ID_REUSED"      // the operation_id or cancel_id came before with other content
	CodeState     Code = "STATE_MISMATCH"           // the operation stands in another state, which is named
	CodeSum       Code = "SUM_MISMATCH"             // not the approved sum
	CodePartial   Code = "PARTIAL_RETURN_FORBIDDEN" // a return is whole [S002]
	CodeMissing   Code = "NOT_FOUND"                // the service never accepted such an operation or reservation
	CodeOvertaxed Code = "UNAVAILABLE"
)

// Failure is an error that the service gave.
type Failure struct {
	Code    Code
	Message string
	Status  string // of CodeState: the state in which the operation stands
}

// State is the state that the service named with its error; NoState: none.
func (f *Failure) State() State { return StateOf(f.Status) }

// Error implements error.
func (f *Failure) Error() string { return "the service refused: " + string(f.Code) }

// Refuses says whether the code is the service's word that it made no reservation for what was asked.
func (f *Failure) Refuses() bool {
	switch f.Code {
	case CodeField, CodeMerchant, CodeProgram, CodeCard, CodeLimit:
		return true
	}
	return false
}

// ReadFailure reads the body of a refusal; nil: it is none.
func ReadFailure(body []byte) *Failure {
	var f struct {
		Error *struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Status  string `json:"status"`
		} `json:"error"`
	}
	if wire.Decode(body, &f) != nil || f.Error == nil || f.Error.Code == "" {
		return nil
	}
	return &Failure{Code: Code(wire.Clean(strings.ToUpper(f.Error.Code), 40)), Message: wire.Clean(f.Error.Message, 200), Status: wire.Clean(f.Error.Status, 40)}
}
