package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// EntryKind says what moved money.
type EntryKind string

// The kinds of an entry.
const (
	EntryPayment  EntryKind = "payment"  // from the customer to the shop
	EntryRefund   EntryKind = "refund"   // back, by a refund
	EntryReversal EntryKind = "reversal" // back, by a cancel of what was paid
	EntryPayout   EntryKind = "payout"   // from the shop to the customer
)

// Entry is money that moved. Entries are only ever added.
type Entry struct {
	N           int64     `json:"n"` // counts from 1, given by the ledger
	Time        time.Time `json:"time"`
	Kind        EntryKind `json:"kind"`
	Key         string    `json:"key"`          // of the operation that moved it
	Of          string    `json:"of,omitempty"` // of a refund or reversal: the key of the payment
	Transaction string    `json:"transaction"`  // the provider's own name for the operation
	Account     string    `json:"account,omitempty"`
	System      string    `json:"system,omitempty"`
	Amount      int64     `json:"amount"` // minor units, above zero
	Currency    string    `json:"currency"`
}

// KeyOf is an operation's name as the ledger has it: lower case, that of a UUID without its dashes.
func KeyOf(name string) string {
	name = strings.ToLower(name)
	if len(name) == 36 && strings.Count(name, "-") == 4 {
		return strings.ReplaceAll(name, "-", "")
	}
	return name
}

// Sum counts entries.
type Sum struct {
	Count  int64 `json:"count"`
	Amount int64 `json:"amount"` // minor units
}

// Ledger is the truth about money, whatever the answers said. It may be used by several goroutines.
//
// With a file behind it, it survives the death of the process: each commit is one line, money and the provider's state
// together, so that they never disagree. A line that a death cut off never happened. (The file is not synced: it outlives
// the process, not the computer.)
type Ledger struct {
	mu      sync.Mutex
	entries []Entry
	file    *os.File
	lock    *flock.Flock
	broken  error
}

// line is what one commit writes.
type line struct {
	Money []Entry         `json:"money,omitempty"`
	State json.RawMessage `json:"state,omitempty"`
}

// OpenLedger opens the ledger in the file at path, or one in memory if path is empty. The state of each former commit is
// handed to replay, in order. Another process that has the file open is an error.
func OpenLedger(path string, replay func(state json.RawMessage) error) (*Ledger, error) {
	l := &Ledger{}
	if path == "" {
		return l, nil
	}
	if err := l.open(path, replay); err != nil {
		return nil, errors.Join(fmt.Errorf("open ledger: %w", err), l.Close())
	}
	return l, nil
}

func (l *Ledger) open(path string, replay func(json.RawMessage) error) error {
	lock := flock.New(path + ".lock")
	held, err := lock.TryLock()
	if err != nil {
		return err
	}
	if !held {
		return fmt.Errorf("%s is used by another sandbox", path)
	}
	l.lock = lock
	if l.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	in := bufio.NewReader(l.file)
	for good, n := int64(0), 1; ; n++ {
		text, err := in.ReadBytes('\n')
		if err == io.EOF { // what follows the last line end was cut off
			if err := l.file.Truncate(good); err != nil {
				return err
			}
			_, err = l.file.Seek(good, io.SeekStart)
			return err
		}
		if err != nil {
			return err
		}
		if err := l.replay(text, replay); err != nil {
			return fmt.Errorf("%s line %d: %w", path, n, err)
		}
		good += int64(len(text))
	}
}

func (l *Ledger) replay(text []byte, replay func(json.RawMessage) error) error {
	var ln line
	if err := json.Unmarshal(text, &ln); err != nil {
		return err
	}
	l.entries = append(l.entries, ln.Money...)
	if replay == nil || len(ln.State) == 0 {
		return nil
	}
	return replay(ln.State)
}

// Commit adds entries, and remembers state for the next start, in one step. State may be nil. On an error nothing was
// added.
func (l *Ledger) Commit(state any, entries ...Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := line{Money: slices.Clone(entries)}
	for i := range ln.Money {
		if ln.Money[i].Amount <= 0 || ln.Money[i].Key == "" {
			return fmt.Errorf("commit to ledger: an entry has amount %d and key %q", ln.Money[i].Amount, ln.Money[i].Key)
		}
		ln.Money[i].N = int64(len(l.entries) + i + 1)
	}
	if err := l.write(ln, state); err != nil {
		return fmt.Errorf("commit to ledger: %w", err)
	}
	l.entries = append(l.entries, ln.Money...)
	return nil
}

func (l *Ledger) write(ln line, state any) error {
	if l.file == nil || l.broken != nil {
		return l.broken
	}
	if state != nil {
		raw, err := json.Marshal(state)
		if err != nil {
			return err
		}
		ln.State = raw
	}
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(ln); err != nil {
		return err
	}
	if _, err := l.file.Write(text.Bytes()); err != nil {
		l.broken = fmt.Errorf("an earlier write failed: %w", err) // half a line may be there: add nothing behind it
		return err
	}
	return nil
}

// Entries are all that moved money under key, and what gave it back. Without a key: all there is.
func (l *Ledger) Entries(key string) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	if key == "" {
		return slices.Clone(l.entries)
	}
	var found []Entry
	for _, e := range l.entries {
		if e.Key == key || e.Of == key {
			found = append(found, e)
		}
	}
	return found
}

// Len is the number of entries.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// Net is what the shop has of the payment under key: what was paid less what was given back. Of a payout it is negative.
// Of a refund's own key it is what that refund gave back, negative.
func (l *Ledger) Net(key string) int64 {
	var net int64
	for _, e := range l.Entries(key) {
		if e.Kind == EntryPayment {
			net += e.Amount
		} else {
			net -= e.Amount
		}
	}
	return net
}

// Sums are the totals by kind.
func (l *Ledger) Sums() map[EntryKind]Sum {
	sums := map[EntryKind]Sum{}
	for _, e := range l.Entries("") {
		s := sums[e.Kind]
		sums[e.Kind] = Sum{s.Count + 1, s.Amount + e.Amount}
	}
	return sums
}

// Trouble lists what must never happen, a sentence each: a key that charged or gave back twice, and a payment of which
// more was given back than paid.
func (l *Ledger) Trouble() []string {
	type use struct {
		kind EntryKind
		key  string
	}
	var found []string
	uses, paid, back := map[use]int{}, map[string]int64{}, map[string]int64{}
	entries := l.Entries("")
	for _, e := range entries {
		u := use{e.Kind, e.Key}
		if uses[u]++; uses[u] == 2 {
			found = append(found, fmt.Sprintf("key %s moved money twice by %s: last as %s", e.Key, e.Kind, e.Transaction))
		}
		switch {
		case e.Kind == EntryPayment:
			paid[e.Key] += e.Amount
		case e.Of != "":
			back[e.Of] += e.Amount
		}
	}
	for _, e := range entries {
		if b := back[e.Of]; e.Of != "" && b > paid[e.Of] {
			found = append(found, fmt.Sprintf("key %s: %d given back of %d paid", e.Of, b, paid[e.Of]))
			delete(back, e.Of)
		}
	}
	return found
}

// Reset forgets everything, in the file too.
func (l *Ledger) Reset() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
	if l.file == nil {
		return nil
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("reset ledger: %w", err)
	}
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reset ledger: %w", err)
	}
	l.broken = nil
	return nil
}

// Close gives the file free for another process.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	if l.file != nil {
		errs = append(errs, l.file.Close())
		l.file, l.broken = nil, errors.New("the ledger is closed")
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Unlock())
	}
	return errors.Join(errs...)
}
