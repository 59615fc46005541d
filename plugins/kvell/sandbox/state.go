package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/kvell/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// order is one that was taken. It is never changed in place: a step commits a copy.
type order struct {
	ID          string    `json:"id"`
	Transaction string    `json:"transaction"`
	Amount      int64     `json:"amount"`
	Commission  int64     `json:"commission"`
	Description string    `json:"description,omitempty"`
	To          string    `json:"to"` // the card, masked, or the phone
	Status      string    `json:"status"`
	Created     time.Time `json:"created"`
	Code        string    `json:"code,omitempty"` // what the customer's phone shows
	Wrong       int       `json:"wrong,omitempty"`
	Expires     time.Time `json:"expires,omitzero"`
	Behaviour   string    `json:"behaviour,omitempty"`
	Held        bool      `json:"held,omitempty"`
	Polls       int       `json:"polls,omitempty"`
}

func (o order) state() wire.State { return wire.StateOf(o.Status) }

func (o order) open() bool { return o.state() == wire.Working || o.state() == wire.WantsCode }

// The statuses.
const (
	statusWorking   = "processing"
	statusCompleted = "completed"
	statusCanceled  = "canceled"
)

// change is what one step does to the state, and what a line of the file holds.
type change struct {
	Settings *Settings `json:"settings,omitempty"`
	Order    *order    `json:"order,omitempty"`
}

// state is all that the server remembers, beside the ledger.
type state struct {
	settings Settings
	orders   map[string]order // by transaction in lower case
	names    []string         // transactions in the order of their coming
	checks   map[string]check // of payouts by the SBP
}

func newState(s Settings) state {
	return state{settings: s, orders: map[string]order{}, checks: map[string]check{}}
}

func (s *state) apply(c change) {
	if c.Settings != nil {
		s.settings = *c.Settings
	}
	if c.Order == nil {
		return
	}
	name := strings.ToLower(c.Order.Transaction)
	if _, known := s.orders[name]; !known {
		s.names = append(s.names, name)
	}
	s.orders[name] = *c.Order
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
func (b *bank) commit(c change, money ...sdk.Entry) error {
	if err := b.ledger.Commit(c, money...); err != nil {
		return err
	}
	b.apply(c)
	return nil
}

// complete moves the money of an order to the card.
func (b *bank) complete(o order) error {
	if b.balance() < o.Amount+o.Commission {
		o.Status, o.Code = statusCanceled, ""
		return b.commit(change{Order: &o})
	}
	o.Status, o.Code = statusCompleted, ""
	return b.commit(change{Order: &o}, sdk.Entry{Time: b.clock.Now(), Kind: sdk.EntryPayout, Key: sdk.KeyOf(o.Transaction), Transaction: o.ID, Account: o.To,
		System: "kvell", Amount: o.Amount, Currency: "RUB"})
}

func (b *bank) cancel(o order) error {
	o.Status, o.Code = statusCanceled, ""
	return b.commit(change{Order: &o})
}

// balance is what the merchant has left.
func (b *bank) balance() int64 {
	left := b.settings.Balance
	for _, o := range b.orders {
		if o.state() == wire.Completed {
			left -= o.Amount + o.Commission
		}
	}
	return left
}

// settle does what the clock has brought about: a code that nobody gave in time cancels its order.
func (b *bank) settle() error {
	now := b.clock.Now()
	for _, name := range b.names {
		o := b.orders[name]
		if o.state() == wire.WantsCode && !now.Before(o.Expires) {
			if err := b.cancel(o); err != nil {
				return err
			}
		}
	}
	return nil
}
