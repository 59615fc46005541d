//go:build unix

// Package point lets a process be struck at a boundary that another process has chosen.
//
// The one that strikes writes an order into the folder of strikes; the victim, which calls its hook at each of its boundaries, carries it
// out when it gets there. It is for the mains of tests only: nothing that ships knows of it.
package point

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Order is a strike at a boundary.
type Order struct {
	ID    int64         `json:"id"`    // another order has another id
	Point string        `json:"point"` // the boundary's name
	Skip  int           `json:"skip"`  // how often it passes unharmed first
	Full  time.Duration `json:"full"`  // no file can be written from there on for so long, as on a full disk; 0: the process is killed
}

// Folder holds the orders of an installation.
type Folder string

func (f Folder) order(victim string) string  { return filepath.Join(string(f), victim+".order") }
func (f Folder) struck(victim string) string { return filepath.Join(string(f), victim+".struck") }
func (f Folder) clock() string               { return filepath.Join(string(f), "clock") }

// Give orders a strike, instead of the one that was ordered before.
func (f Folder) Give(victim string, o Order) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	part := f.order(victim) + ".new"
	if err := os.WriteFile(part, raw, 0o600); err != nil {
		return err
	}
	return os.Rename(part, f.order(victim))
}

// Take takes an order back, and says whether it was carried out.
func (f Folder) Take(victim string) (struck bool, err error) {
	if err := os.Remove(f.order(victim)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	err = os.Remove(f.struck(victim))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Struck says whether the order was carried out.
func (f Folder) Struck(victim string) bool {
	_, err := os.Stat(f.struck(victim))
	return err == nil
}

// SetClock has the next process start with a clock that is ahead, or behind, by so much.
func (f Folder) SetClock(ahead time.Duration) error {
	return os.WriteFile(f.clock(), []byte(ahead.String()), 0o600)
}

// Clock is the clock of a process that starts now.
func (f Folder) Clock() func() time.Time {
	raw, err := os.ReadFile(f.clock())
	ahead, badly := time.ParseDuration(string(raw))
	if err != nil || badly != nil || ahead == 0 {
		return time.Now
	}
	return func() time.Time { return time.Now().Add(ahead) }
}

// Hook is what a victim calls at each of its boundaries.
func (f Folder) Hook(victim string) func(name string) {
	var mu sync.Mutex
	var last, seen = int64(0), 0
	return func(name string) {
		raw, err := os.ReadFile(f.order(victim))
		if err != nil {
			return // nothing is ordered
		}
		var o Order
		if json.Unmarshal(raw, &o) != nil || o.Point != name {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if o.ID != last {
			last, seen = o.ID, 0
		}
		if seen++; seen <= o.Skip || os.Rename(f.order(victim), f.struck(victim)) != nil {
			return
		}
		if o.Full > 0 {
			fill(o.Full)
			return
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// fill has every write to a file fail for a while.
func fill(d time.Duration) {
	var was syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was) != nil {
		return
	}
	none := was
	none.Cur = 0
	if syscall.Setrlimit(syscall.RLIMIT_FSIZE, &none) != nil {
		return
	}
	time.AfterFunc(d, func() { _ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was) })
}

// Of is the folder of strikes of the installation in home.
func Of(home string) Folder { return Folder(filepath.Join(home, "strikes")) }
