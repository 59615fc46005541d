package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/plugins/lombard/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// session is one way in. It is never changed in place: a step commits a copy.
type session struct {
	Token   string    `json:"token"`
	Phone   string    `json:"phone,omitempty"`
	Account string    `json:"account,omitempty"` // empty: nobody has entered
	All     bool      `json:"all,omitempty"`
	Until   time.Time `json:"until"`
	Code    string    `json:"code,omitempty"` // what the operator's phone shows
	Wrong   int       `json:"wrong,omitempty"`
}

// card is one that was bound to a client. Its number is not kept.
type card struct {
	ID        string `json:"id"`
	Client    string `json:"client"`
	Mask      string `json:"mask"`
	Name      string `json:"name"`
	Behaviour string `json:"behaviour,omitempty"`
}

// payout is a draft, or what became of it.
type payout struct {
	ID         string      `json:"id"`
	ExternalID string      `json:"external_id"`
	Card       string      `json:"card"`
	Gateway    string      `json:"gateway"`
	Amount     int64       `json:"amount"` // kopecks
	Purpose    string      `json:"purpose,omitempty"`
	Client     string      `json:"client,omitempty"`
	Account    string      `json:"account"`
	Status     wire.Status `json:"status"`
	Created    time.Time   `json:"created"`
	Document   string      `json:"document"`
	Held       bool        `json:"held,omitempty"`
	Polls      int         `json:"polls,omitempty"`  // since it was confirmed
	Wanted     int         `json:"wanted,omitempty"` // how often the application was asked for
}

// change is what one step does to the state, and what a line of the file holds.
type change struct {
	Settings *Settings `json:"settings,omitempty"`
	Session  *session  `json:"session,omitempty"`
	Card     *card     `json:"card,omitempty"`
	Payout   *payout   `json:"payout,omitempty"`
	EndAll   bool      `json:"end_all,omitempty"` // every session is over
}

// state is all that the server remembers, beside the ledger.
type state struct {
	settings Settings
	sessions map[string]session
	cards    map[string]card
	order    []string // ids of cards as they came
	payouts  map[string]payout
	names    []string // external ids as they came
}

func newState(s Settings) state {
	return state{settings: s, sessions: map[string]session{}, cards: map[string]card{}, payouts: map[string]payout{}}
}

func (s *state) apply(c change) {
	if c.Settings != nil {
		s.settings = *c.Settings
	}
	if c.EndAll {
		s.sessions = map[string]session{}
	}
	if c.Session != nil {
		s.sessions[c.Session.Token] = *c.Session
	}
	if c.Card != nil {
		if _, known := s.cards[c.Card.ID]; !known {
			s.order = append(s.order, c.Card.ID)
		}
		s.cards[c.Card.ID] = *c.Card
	}
	if c.Payout != nil {
		name := strings.ToLower(c.Payout.ExternalID)
		if _, known := s.payouts[name]; !known {
			s.names = append(s.names, name)
		}
		s.payouts[name] = *c.Payout
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
func (b *bank) commit(c change, money ...sdk.Entry) error {
	if err := b.ledger.Commit(c, money...); err != nil {
		return err
	}
	b.apply(c)
	return nil
}

// complete moves the money of a payout to the card.
func (b *bank) complete(p payout) error {
	p.Status = wire.Success
	return b.commit(change{Payout: &p}, sdk.Entry{Time: b.clock.Now(), Kind: sdk.EntryPayout, Key: sdk.KeyOf(p.ExternalID), Transaction: p.ID,
		Account: b.cards[p.Card].Mask, System: "lombard", Amount: p.Amount, Currency: "RUB"})
}

func (b *bank) refuse(p payout) error {
	p.Status = wire.Refused
	return b.commit(change{Payout: &p})
}

// The first transaction's number is one above that of the seed's list [S000].
const firstID = 784729

func (b *bank) nextID() string { return strconv.Itoa(firstID + len(b.names)) }
