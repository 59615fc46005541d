package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"
)

// FaultKind names one way in which a server goes wrong.
type FaultKind string

// The kinds of fault. Where Work is said to matter, the server does what was asked with Work, and nothing without.
const (
	FaultDrop      FaultKind = "drop"           // the connection is closed without an answer; Work matters
	FaultLate      FaultKind = "late"           // the connection is closed at once, and the work is done after Delay
	FaultDelay     FaultKind = "delay"          // Delay passes before the work, with Work: between work and answer
	FaultStatus    FaultKind = "status"         // Status (500) with a plain text; Work matters
	FaultHTML      FaultKind = "html"           // a page instead of JSON, with Status (200); Work matters
	FaultGarbage   FaultKind = "garbage"        // bytes that are not JSON; Work matters
	FaultHuge      FaultKind = "huge"           // Size bytes (100 MB) of JSON that does not end; Work matters
	FaultHalf      FaultKind = "half"           // the work is done, half its answer is sent
	FaultTwice     FaultKind = "twice"          // the work is done, its answer is sent twice, one behind the other
	FaultNotFound  FaultKind = "not-found"      // as if the operation had never been received; no work is done
	FaultEdit      FaultKind = "edit"           // the fields of Set replace those of the answer ("data.status" inside it); null takes one away
	FaultSum       FaultKind = "wrong-sum"      // the answer's amount is higher by one in its last place
	FaultKey       FaultKind = "wrong-key"      // the answer's key is another one
	FaultNumber    FaultKind = "wrong-number"   // the answer's number is one higher
	FaultCurrency  FaultKind = "wrong-currency" // the answer's currency is XTS
	FaultCase      FaultKind = "letter-case"    // the answer's status is in the other letter case
	FaultNewStatus FaultKind = "unknown-status" // the answer's status is one that nobody knows
	FaultExtra     FaultKind = "extra-fields"   // the answer has fields that nobody knows
)

// FaultKinds are all kinds, in the order above.
func FaultKinds() []FaultKind {
	return []FaultKind{FaultDrop, FaultLate, FaultDelay, FaultStatus, FaultHTML, FaultGarbage, FaultHuge, FaultHalf, FaultTwice,
		FaultNotFound, FaultEdit, FaultSum, FaultKey, FaultNumber, FaultCurrency, FaultCase, FaultNewStatus, FaultExtra}
}

// Fault is something that goes wrong with the next requests that match it. Nothing about it is left to chance.
type Fault struct {
	ID     string    `json:"id,omitempty"` // given when it is armed
	Kind   FaultKind `json:"kind"`
	Method string    `json:"method,omitempty"` // "": any
	Path   string    `json:"path,omitempty"`   // a pattern of path.Match such as /pos/payment/*; "": any
	Skip   int       `json:"skip,omitempty"`   // matching requests that pass unharmed before it begins
	Count  int       `json:"count,omitempty"`  // requests that it spoils; 0 is 1, below 0 all

	Work   bool     `json:"work,omitempty"`
	Delay  Duration `json:"delay_ms,omitempty"`
	Status int      `json:"status,omitempty"`
	// RetryAfter is the header of that name, of FaultStatus, in seconds; 0: none.
	RetryAfter int                        `json:"retry_after_s,omitempty"`
	Size       int64                      `json:"size,omitempty"` // bytes
	Set        map[string]json.RawMessage `json:"set,omitempty"`
}

// Duration is a time span that JSON writes in milliseconds.
type Duration time.Duration

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Duration(d).Milliseconds(), 10), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var ms int64
	if err := json.Unmarshal(data, &ms); err != nil {
		return err
	}
	*d = Duration(time.Duration(ms) * time.Millisecond)
	return nil
}

// Faults are what is armed. The first armed fault that matches a request spoils it. The zero value is ready; it may be used
// by several goroutines.
type Faults struct {
	mu    sync.Mutex
	armed []Fault
	last  int
}

// Arm adds f behind those armed before, and returns it with its ID.
func (fs *Faults) Arm(f Fault) (Fault, error) {
	if !slices.Contains(FaultKinds(), f.Kind) {
		return f, fmt.Errorf("arm fault: kind %q is none of %v", f.Kind, FaultKinds())
	}
	if _, err := path.Match(f.Path, "/"); err != nil {
		return f, fmt.Errorf("arm fault: path %q: %w", f.Path, err)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return f, fmt.Errorf("arm fault: status %d is not from 200 to 599", f.Status)
	}
	if f.Skip < 0 || f.Delay < 0 || f.Size < 0 || f.RetryAfter < 0 {
		return f, fmt.Errorf("arm fault: skip, delay_ms, size and retry_after_s are not below 0")
	}
	if f.Count == 0 {
		f.Count = 1
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.last++
	f.ID = "f" + strconv.Itoa(fs.last)
	fs.armed = append(fs.armed, f)
	return f, nil
}

// List is what is armed now, with the counts that are left.
func (fs *Faults) List() []Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return slices.Clone(fs.armed)
}

// Disarm takes one away, or all if id is empty, and reports whether there was any.
func (fs *Faults) Disarm(id string) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	before := len(fs.armed)
	fs.armed = slices.DeleteFunc(fs.armed, func(f Fault) bool { return id == "" || f.ID == id })
	return len(fs.armed) < before
}

// take finds the fault that spoils this request and counts it down.
func (fs *Faults) take(r *http.Request) (Fault, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for i := range fs.armed {
		f := &fs.armed[i]
		if !f.matches(r) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		hit := *f
		if f.Count > 0 {
			if f.Count--; f.Count == 0 {
				fs.armed = slices.Delete(fs.armed, i, i+1)
			}
		}
		return hit, true
	}
	return Fault{}, false
}

func (f *Fault) matches(r *http.Request) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	if f.Path == "" {
		return true
	}
	ok, err := path.Match(f.Path, r.URL.Path)
	return ok && err == nil
}
