package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

// terminal is one till's account. It is never changed in place: see tx.
type terminal struct {
	ID        string    `json:"id"`
	Code      string    `json:"code"`
	BadTries  int       `json:"bad_tries,omitempty"`
	Serial    string    `json:"serial,omitempty"`
	Secret    string    `json:"secret,omitempty"` // empty until it is activated
	Activated time.Time `json:"activated,omitzero"`
	Next      int64     `json:"next"`
	Shifts    []shift   `json:"shifts"` // shift 1 first; the last is open
}

type shift struct {
	Opened  time.Time `json:"opened"`
	Closed  time.Time `json:"closed,omitzero"`
	Waiting wire.Sum  `json:"waiting"`
}

func (t *terminal) open() int64 { return int64(len(t.Shifts)) }

// recordID names a record.
type recordID struct {
	Terminal string `json:"terminal"`
	Number   int64  `json:"number"`
}

// record is what was received under one number. It is never changed in place: see tx.
type record struct {
	recordID
	wire.Record
	Request   string    `json:"request"` // the request, to tell a repeat from another one; empty if a cancel came first
	Scanned   string    `json:"scanned,omitempty"`
	Wallet    string    `json:"wallet,omitempty"`
	Behaviour behaviour `json:"behaviour,omitempty"`
	Held      bool      `json:"held,omitempty"`
}

func (r *record) waits() bool { return r.Status == wire.Waiting || r.Status == wire.UserPaying }

// shown is a customer's code: shown by a phone, scanned by a till, or both.
type shown struct {
	Text      string      `json:"text"`
	System    wire.System `json:"system"`
	Wallet    string      `json:"wallet"`
	Behaviour behaviour   `json:"behaviour"`
	Expires   time.Time   `json:"expires,omitzero"` // of one that a phone showed
	Used      bool        `json:"used"`
}

// state is all that the server remembers, beside the ledger.
type state struct {
	settings  Settings
	terminals map[string]*terminal
	records   map[recordID]*record
	waiting   map[recordID]*record // those of records that wait for their customer
	polls     map[recordID]int     // how often the till asked for those
	codes     map[string]*shown
	wallets   map[string]*sdk.Wallet
}

// change is what one step does to the state, and what a line of the file holds.
type change struct {
	Settings  *Settings     `json:"settings,omitempty"`
	Terminals []*terminal   `json:"terminals,omitempty"`
	Records   []*record     `json:"records,omitempty"`
	Codes     []*shown      `json:"codes,omitempty"`
	Wallets   []*sdk.Wallet `json:"wallets,omitempty"`
}

func newState(s Settings) state {
	return state{
		settings: s, terminals: map[string]*terminal{}, records: map[recordID]*record{}, waiting: map[recordID]*record{},
		polls: map[recordID]int{}, codes: map[string]*shown{}, wallets: map[string]*sdk.Wallet{},
	}
}

func (s *state) apply(c change) {
	if c.Settings != nil {
		s.settings = *c.Settings
	}
	for _, t := range c.Terminals {
		s.terminals[t.ID] = t
	}
	for _, r := range c.Records {
		s.records[r.recordID] = r
		if r.waits() {
			s.waiting[r.recordID] = r
		} else {
			delete(s.waiting, r.recordID)
			delete(s.polls, r.recordID)
		}
	}
	for _, k := range c.Codes {
		s.codes[k.Text] = k
	}
	for _, w := range c.Wallets {
		s.wallets[w.ID] = w
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

// byNumber are a terminal's records in ascending order.
func (s *state) byNumber(terminal string) []*record {
	var list []*record
	for id, r := range s.records {
		if id.Terminal == terminal {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *record) int { return cmp.Compare(a.Number, b.Number) })
	return list
}

// tx is one step: copies to change, money to move, written and installed together or not at all.
type tx struct {
	bank   *bank
	now    time.Time
	change change
	money  []sdk.Entry
}

// begin starts a step. The bank's lock is held until it is over.
func (b *bank) begin() *tx { return &tx{bank: b, now: b.clock.Now()} }

func (t *tx) terminal(old *terminal) *terminal {
	fresh := copied(&t.change.Terminals, old)
	fresh.Shifts = slices.Clone(old.Shifts)
	return fresh
}

func (t *tx) record(old *record) *record { return copied(&t.change.Records, old) }

func (t *tx) code(old *shown) *shown { return copied(&t.change.Codes, old) }

func (t *tx) wallet(id string) *sdk.Wallet {
	for _, w := range t.change.Wallets {
		if w.ID == id {
			return w
		}
	}
	return copied(&t.change.Wallets, t.bank.wallets[id])
}

func copied[T any](list *[]*T, old *T) *T {
	fresh := *old
	*list = append(*list, &fresh)
	return &fresh
}

// commit writes the step and installs it.
func (t *tx) commit() error {
	if err := t.bank.ledger.Commit(t.change, t.money...); err != nil {
		return err
	}
	t.bank.apply(t.change)
	return nil
}

// pay moves the customer's money for r, a copy of this step, or declines it for lack of money.
func (t *tx) pay(r *record, shift int64) {
	w := t.wallet(r.Wallet)
	if w.Balance < r.Amount || r.Behaviour == poor {
		t.decline(r, wire.ReasonNotEnough)
		return
	}
	w.Balance -= r.Amount
	t.move(r, shift, sdk.EntryPayment, r.Key, "")
}

// move notes that the money of r moved now, and books it.
func (t *tx) move(r *record, shift int64, kind sdk.EntryKind, key, of string) {
	n := int64(t.bank.ledger.Len() + len(t.money) + 1)
	if kind != sdk.EntryReversal {
		r.Status, r.Code, r.Reason = wire.Paid, wire.CodeApproved, ""
		r.PaidAt, r.Booked = t.now, shift
		r.RRN = fmt.Sprintf("6308%08d", n%1e8)
		r.Approval = fmt.Sprintf("%06d", (580000+n*7)%1e6)
	}
	t.money = append(t.money, sdk.Entry{
		Time: t.now, Kind: kind, Key: key, Of: of, Transaction: r.Terminal + "/" + strconv.FormatInt(r.Number, 10),
		Account: r.Wallet, System: string(r.System), Amount: r.Amount, Currency: r.Currency,
	})
}

func (t *tx) decline(r *record, why wire.Reason) { t.end(r, wire.Declined, why) }

func (t *tx) end(r *record, status wire.Status, why wire.Reason) {
	r.Status, r.Reason, r.Code = status, why, why.ResponseCode()
}
