package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// currency is the only one of the SBP.
const currency = "RUB"

// fate is where an offer or a refund stands.
type fate string

// The fates. An offer waits, may be started, and ends; a refund is a draft or started, and ends paid or declined.
const (
	waiting   fate = "waiting"
	draft     fate = "draft"
	started   fate = "started"
	paid      fate = "paid"
	declined  fate = "declined"
	expired   fate = "expired"
	cancelled fate = "cancelled"
)

// offer is what a customer can pay once: a dynamic QR, one activation of a cash link, or one payment of a static QR. (The static
// QR itself is an offer that never ends.) It is never changed in place: see tx.
type offer struct {
	ID     string `json:"id"` // qrcId, or paramsId of an activation
	N      int64  `json:"n"`  // counts from 1
	Bank   Bank   `json:"bank"`
	QrcID  string `json:"qrc_id"`
	Cash   bool   `json:"cash,omitempty"`   // an activation of the cash link QrcID
	Static bool   `json:"static,omitempty"` // may be paid again and again
	Bill   string `json:"bill,omitempty"`   // the name of an order of Raiffeisenbank

	Given   string          `json:"given,omitempty"`   // what the till calls it: order, orders.id, sourceId
	Issued  string          `json:"issued,omitempty"`  // what the bank calls it: transactionId, operationId
	Key     string          `json:"key"`               // in the ledger
	Request string          `json:"request,omitempty"` // to tell a repeat from another request
	Amount  int64           `json:"amount"`            // kopecks; 0: the customer chooses
	Literal string          `json:"literal,omitempty"` // the amount as it was written
	Purpose string          `json:"purpose,omitempty"`
	Info    string          `json:"info,omitempty"`
	Comment string          `json:"comment,omitempty"`
	Extra   json.RawMessage `json:"extra,omitempty"`
	Created time.Time       `json:"created"`
	Expires time.Time       `json:"expires,omitzero"` // zero: never

	Fate    fate      `json:"fate"`
	Out     bool      `json:"out,omitempty"`     // the link was activated again or deactivated
	Scanned bool      `json:"scanned,omitempty"` // the customer's app has it open
	Held    bool      `json:"held,omitempty"`
	Trx     string    `json:"trx,omitempty"`    // of NSPK
	Number  int64     `json:"number,omitempty"` // of the payment at Raiffeisenbank
	Paid    time.Time `json:"paid,omitzero"`
	Back    int64     `json:"back,omitempty"` // kopecks given back or on their way back
}

func (o *offer) open() bool { return o.Fate == waiting || o.Fate == started }

// payable reports whether a customer can still pay: an activation that was put out only by one who had it open.
func (o *offer) payable() bool { return o.open() && (!o.Out || o.Scanned) }

// active reports whether o holds its cash link.
func (o *offer) active() bool { return o.open() && !o.Out }

// ids are what the bank calls the operation.
func (o *offer) ids() string {
	params := ""
	if o.Cash {
		params = o.ID
	}
	return words(o.QrcID, params, o.Issued, o.Trx)
}

func words(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), " ")
}

// link is a cash link, which lies on the counter.
type link struct {
	QrcID   string    `json:"qrc_id"`
	Bank    Bank      `json:"bank"`
	Created time.Time `json:"created"`
	Last    string    `json:"last,omitempty"` // the latest activation
}

// refundID names a refund: at Raiffeisenbank by refundId, at Gazprombank by transactionId, at Russian Standard by sourceId.
type refundID struct {
	Bank Bank   `json:"bank"`
	ID   string `json:"id"`
}

func (id refundID) String() string { return string(id.Bank) + "/" + id.ID }

// refund gives back a part or all of a paid offer. It is never changed in place: see tx.
type refund struct {
	refundID
	Of      string    `json:"of"` // the offer
	Key     string    `json:"key"`
	Issued  string    `json:"issued,omitempty"` // what the bank calls it
	Request string    `json:"request,omitempty"`
	Amount  int64     `json:"amount"`
	Literal string    `json:"literal,omitempty"`
	Created time.Time `json:"created"`
	Started time.Time `json:"started,omitzero"`
	Done    time.Time `json:"done,omitzero"`
	Fate    fate      `json:"fate"`
}

// state is all that the banks remember, beside the ledger.
type state struct {
	settings Settings
	last     int64             // offer
	offers   map[string]*offer // by ID
	waiting  map[string]*offer // those of them that are open
	links    map[string]*link  // by qrcId
	refunds  map[refundID]*refund
	running  map[refundID]*refund // those of them that are started
	polls    map[string]int       // how often the till asked for an open offer or a started refund
	callback string               // where Raiffeisenbank would send its notifications
}

// change is what one step does to the state, and what a line of the file holds.
type change struct {
	Settings *Settings `json:"settings,omitempty"`
	Offers   []*offer  `json:"offers,omitempty"`
	Links    []*link   `json:"links,omitempty"`
	Refunds  []*refund `json:"refunds,omitempty"`
	Callback *string   `json:"callback,omitempty"`
}

func newState(s Settings) state {
	return state{
		settings: s, offers: map[string]*offer{}, waiting: map[string]*offer{}, links: map[string]*link{},
		refunds: map[refundID]*refund{}, running: map[refundID]*refund{}, polls: map[string]int{},
	}
}

func (s *state) apply(c change) {
	if c.Settings != nil {
		s.settings = *c.Settings
	}
	for _, o := range c.Offers {
		s.last = max(s.last, o.N)
		s.offers[o.ID] = o
		if o.open() {
			s.waiting[o.ID] = o
		} else {
			delete(s.waiting, o.ID)
			delete(s.polls, o.ID)
		}
	}
	for _, l := range c.Links {
		s.links[l.QrcID] = l
	}
	for _, r := range c.Refunds {
		s.refunds[r.refundID] = r
		if r.Fate == started {
			s.running[r.refundID] = r
		} else {
			delete(s.running, r.refundID)
			delete(s.polls, r.String())
		}
	}
	if c.Callback != nil {
		s.callback = *c.Callback
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

// byAge are those of the offers that match, the oldest first.
func byAge(offers map[string]*offer, match func(*offer) bool) []*offer {
	var list []*offer
	for _, o := range offers {
		if match(o) {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b *offer) int { return cmp.Compare(a.N, b.N) })
	return list
}

// latest is the youngest offer that matches, a paid one before all others; nil if there is none.
func (s *state) latest(match func(*offer) bool) *offer {
	list := byAge(s.offers, match)
	for _, o := range slices.Backward(list) {
		if o.Fate == paid {
			return o
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// tx is one step: copies to change, money to move, written and installed together or not at all.
type tx struct {
	centre *centre
	now    time.Time
	change change
	money  []sdk.Entry
}

// begin starts a step. The lock is held until it is over.
func (c *centre) begin() *tx { return &tx{centre: c, now: c.clock.Now()} }

// offer is the copy of old that this step changes.
func (t *tx) offer(old *offer) *offer {
	return copied(&t.change.Offers, old, func(o *offer) bool { return o.ID == old.ID })
}

func (t *tx) refund(old *refund) *refund {
	return copied(&t.change.Refunds, old, func(r *refund) bool { return r.refundID == old.refundID })
}

func (t *tx) link(old *link) *link {
	return copied(&t.change.Links, old, func(l *link) bool { return l.QrcID == old.QrcID })
}

func copied[T any](list *[]*T, old *T, same func(*T) bool) *T {
	if i := slices.IndexFunc(*list, same); i >= 0 {
		return (*list)[i]
	}
	fresh := *old
	*list = append(*list, &fresh)
	return &fresh
}

// add puts a new offer in.
func (t *tx) add(o *offer) *offer {
	o.N = t.centre.last + int64(len(t.change.Offers)) + 1
	o.Created = t.now
	if o.Fate == "" {
		o.Fate = waiting
	}
	t.change.Offers = append(t.change.Offers, o)
	return o
}

// commit writes the step and installs it.
func (t *tx) commit() error {
	if err := t.centre.ledger.Commit(t.change, t.money...); err != nil {
		return err
	}
	t.centre.apply(t.change)
	return nil
}

// anyAmount is what the banks' test payer pays where the link leaves it to him.
const anyAmount = 314_00

// pay moves the customer's money for o, a copy of this step. A static QR stays as it is, and the payment is an offer of its own.
func (t *tx) pay(o *offer) *offer {
	if o.Static {
		once := *o
		once.ID = o.QrcID + "/" + strconv.FormatInt(t.centre.last+int64(len(t.change.Offers))+1, 10)
		once.Key = o.Key + "/" + strconv.FormatInt(t.centre.last+int64(len(t.change.Offers))+1, 10)
		once.Static = false
		o = t.add(&once)
	}
	if o.Amount == 0 {
		o.Amount, o.Literal = anyAmount, strconv.Itoa(anyAmount/100)
	}
	o.Fate, o.Paid, o.Trx, o.Number = paid, t.now, newID("B"), newNumber()
	t.money = append(t.money, sdk.Entry{
		Time: t.now, Kind: sdk.EntryPayment, Key: o.Key, Transaction: o.ids(), Account: payer, System: string(o.Bank),
		Amount: o.Amount, Currency: currency,
	})
	return o
}

// payer is the customer, as the banks mask him.
const payer = "0079******68"

// left is what can still be given back of a paid offer.
func (o *offer) left() int64 {
	if o.Fate != paid {
		return 0
	}
	return o.Amount - o.Back
}

// start begins to give back. The amount was checked against what is left.
func (t *tx) start(r *refund) {
	o := t.offer(t.centre.offers[r.Of])
	o.Back += r.Amount
	r.Fate, r.Started = started, t.now
}

// end completes or declines a refund that was started, a copy of this step.
func (t *tx) end(r *refund, complete bool) {
	o := t.offer(t.centre.offers[r.Of])
	r.Done = t.now
	if !complete {
		r.Fate = declined
		o.Back -= r.Amount
		return
	}
	r.Fate = paid
	t.money = append(t.money, sdk.Entry{
		Time: t.now, Kind: sdk.EntryRefund, Key: r.Key, Of: o.Key, Transaction: words(r.Issued, o.ids()), Account: payer,
		System: string(o.Bank), Amount: r.Amount, Currency: currency,
	})
}

// errBusy is that a cash link is held by an activation that cannot be put out.
type errBusy struct{ by *offer }

func (e errBusy) Error() string { return "the link is activated for " + e.by.ID }

// activate makes o the present activation of its cash link.
func (t *tx) activate(l *link, o *offer) (*offer, error) {
	if cur := t.centre.offers[l.Last]; cur != nil && cur.active() {
		if cur.Fate == started || t.centre.settings.SecondActivation[l.Bank] == activateRefuse {
			return nil, errBusy{cur}
		}
		t.offer(cur).Out = true
	}
	o.Cash, o.QrcID = true, l.QrcID
	o = t.add(o)
	t.link(l).Last = o.ID
	return o, nil
}

// present is the activation that holds the link, or nil.
func (s *state) present(l *link) *offer {
	if cur := s.offers[l.Last]; cur != nil && cur.active() {
		return cur
	}
	return nil
}
