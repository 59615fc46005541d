package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/secret"
)

// links keeps what is done with one cash link apart: looking at it and taking its charge off are two requests, and nothing may come between.
type links struct {
	mu    sync.Mutex
	locks map[string]*sync.Mutex
}

func newLinks() *links { return &links{locks: map[string]*sync.Mutex{}} }

// lock takes a link; unlock gives it back.
func (l *links) lock(id string) (unlock func()) {
	l.mu.Lock()
	m := l.locks[id]
	if m == nil {
		m = new(sync.Mutex)
		l.locks[id] = m
	}
	l.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// holder is the operation that a cash link was charged with last. It lies in the secret store, because a driver has no other place that survives it.
type holder struct {
	Key pay.Key `json:"key"`
	// Until is when its charge has outlived its time at the bank, even if its request was on its way for as long as a call may take.
	Until time.Time `json:"until"`
}

func holderName(link string) string { return "link-" + strings.ToLower(link) }

// heldBy says which operation holds a link; the zero holder: none.
func (d *Driver) heldBy(link string) (holder, error) {
	value, err := d.secrets.Get(holderName(link))
	if errors.Is(err, secret.ErrMissing) {
		return holder{}, nil
	}
	if err != nil {
		return holder{}, err
	}
	var h holder
	if json.Unmarshal(value.Reveal(), &h) != nil {
		return holder{}, fmt.Errorf("who holds the cash link is not readable")
	}
	if !d.now().Before(h.Until) {
		return holder{}, nil
	}
	return h, nil
}

// hold gives a link to an operation, durably, before its charge is sent.
func (d *Driver) hold(link string, key pay.Key, ttl time.Duration) error {
	document, err := json.Marshal(holder{Key: key, Until: d.now().Add(ttl + engine.LongestCall)})
	if err != nil {
		return err
	}
	return d.secrets.Set(holderName(link), document)
}

// letGo frees the link of an operation that is settled, if that still holds it.
func (d *Driver) letGo(t bank.Ticket, key pay.Key) {
	if t.Mode != bank.Cash {
		return
	}
	h, err := d.heldBy(t.QR)
	if err == nil && (h.Key.IsZero() || h.Key != key) {
		return
	}
	if err = errors.Join(err, d.secrets.Delete(holderName(t.QR))); err != nil {
		d.log.Warn("a cash link could not be freed; it is, when the charge has outlived its time", "error", err)
	}
}
