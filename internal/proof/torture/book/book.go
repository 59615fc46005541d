// Package book is a till's own record: what it meant to do, before it did it, and what it was told. It outlives the till's death.
package book

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// Order is what a till is to do.
type Order struct {
	ID     string          `json:"id"` // the ref, but for what the host names
	PosID  string          `json:"pos"`
	Kind   pay.Kind        `json:"kind"`
	Amount pay.Amount      `json:"amount,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`

	Twice   bool          `json:"twice,omitempty"`   // begin it twice at once, and once with other parameters, which must be refused
	Leave   bool          `json:"leave,omitempty"`   // do not wait for the outcome
	Cancel  time.Duration `json:"cancel,omitempty"`  // ask for a cancel after so long
	Reverse time.Duration `json:"reverse,omitempty"` // want the money back after so long, whatever is known by then
	Answer  string        `json:"answer,omitempty"`  // to a choice
	Ack     pay.Ack       `json:"ack,omitempty"`     // of an approved payment
	Resolve string        `json:"resolve,omitempty"` // "charged" or "not": a person's word, should Unknown be told
}

// Named says whether the till names the operation: then it can repeat it.
func (o Order) Named() bool { return o.Kind.Money() }

// Command is what the torturer tells the till.
type Command struct {
	Do       string        `json:"do"` // begin, settle, stop
	Orders   []Order       `json:"orders,omitempty"`
	Patience time.Duration `json:"patience"`
}

// Answer is what the till says when a command is done.
type Answer struct {
	Do    string   `json:"do"`
	Left  []string `json:"left,omitempty"`  // what is not settled, and why
	Error string   `json:"error,omitempty"` // the installation could not be reached
}

// Line is one line of the book.
type Line struct {
	Time    time.Time      `json:"time"`
	ID      string         `json:"id,omitempty"` // of the order
	Order   *Order         `json:"order,omitempty"`
	Refused string         `json:"refused,omitempty"` // no operation was created
	Told    *pay.Operation `json:"told,omitempty"`
	Acked   pay.Ack        `json:"acked,omitempty"`
	Shown   string         `json:"shown,omitempty"` // a QR code that a customer can see now
	Wrong   string         `json:"wrong,omitempty"` // what a till must never be told
	Done    bool           `json:"done,omitempty"`
}

// Write adds a line. What was written is there after the death of the process, since the system has it.
func Write(f *os.File, l Line) error {
	l.Time = time.Now()
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	return err
}

// Read reads the whole lines from a place on, and says where the next begins. A line that death cut off does not count.
func Read(path string, from int64) (lines []Line, next int64, err error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, from, nil
	}
	if err != nil {
		return nil, from, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.NewSectionReader(f, from, 1<<40))
	if err != nil {
		return nil, from, err
	}
	for {
		line, rest, whole := bytes.Cut(raw, []byte("\n"))
		if !whole {
			return lines, from, nil
		}
		raw = rest
		from += int64(len(line)) + 1
		if len(line) == 0 {
			continue
		}
		var l Line
		if err := json.Unmarshal(line, &l); err != nil {
			return lines, from, fmt.Errorf("read the till's book: %w", err)
		}
		lines = append(lines, l)
	}
}

// Mend ends a line that death cut off, so that the next one stands alone. Half a line is no line of ours: it is overwritten with blanks.
func Mend(f *os.File) error {
	raw, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(raw, '\n') + 1
	return f.Truncate(int64(whole))
}
