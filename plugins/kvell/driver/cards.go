package driver

import (
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/payout"
)

// cards are the numbers that were typed at a prompt and not sent for good yet. They are in memory only, and die with the process, or after keptFor.
type cards struct {
	mu   sync.Mutex
	list map[pay.Key]payout.Card
}

// keptFor is how long a typed number is kept: an order is found, or asked after for good, long before.
const keptFor = 20 * time.Minute

func newCards() *cards { return &cards{list: map[pay.Key]payout.Card{}} }

func (c *cards) keep(key pay.Key, card payout.Card) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list[key] = card
	time.AfterFunc(keptFor, func() { c.forget(key) })
}

func (c *cards) get(key pay.Key) (payout.Card, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	card, ok := c.list[key]
	return card, ok
}

func (c *cards) forget(key pay.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.list, key)
}
