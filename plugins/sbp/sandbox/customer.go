package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// settle does what the clock and the simulated customer have brought about since the last request.
func (c *centre) settle() error {
	now := c.clock.Now()
	for _, old := range byAge(c.waiting, func(o *offer) bool { return c.due(o, now) != "" }) {
		t := c.begin()
		switch o := t.offer(old); c.due(old, now) {
		case autoPay:
			t.pay(o)
		case autoDecline:
			o.Fate = declined
		default:
			o.Fate = expired
		}
		if err := t.commit(); err != nil {
			return err
		}
	}
	for _, old := range c.started() {
		end := c.refundEnd(old, now)
		if end == refundsWait {
			continue
		}
		t := c.begin()
		t.end(t.refund(old), end == refundsComplete)
		if err := t.commit(); err != nil {
			return err
		}
	}
	return nil
}

// started are the refunds in progress, the oldest first.
func (c *centre) started() []*refund {
	return slices.SortedFunc(maps.Values(c.running), func(a, b *refund) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.String(), b.String()))
	})
}

// timeOver is what is due to an offer that nobody paid in time.
const timeOver = "expire"

// due is what happens to an open offer now; "" is nothing. A payment that was started is not cut off by its time.
func (c *centre) due(o *offer, now time.Time) string {
	s, polls := c.settings, c.polls[o.ID]
	auto := s.Auto
	if o.Held || o.Static || !o.payable() {
		auto = ""
	}
	moment := o.Created.Add(time.Duration(s.AutoAfter))
	inTime := o.Expires.IsZero() || moment.Before(o.Expires)
	switch {
	case auto != "" && s.AutoAfter > 0 && !now.Before(moment) && inTime:
		return auto
	case o.Fate == waiting && !o.Expires.IsZero() && !now.Before(o.Expires):
		return timeOver
	case auto != "" && s.AutoPolls > 0 && polls >= s.AutoPolls:
		return auto
	case auto != "" && s.AutoPolls == 0 && s.AutoAfter == 0 && polls > 0:
		return auto
	}
	return ""
}

// refundEnd is how a started refund ends now.
func (c *centre) refundEnd(r *refund, now time.Time) string {
	s := c.settings
	if s.RefundPolls > 0 && c.polls[r.String()] >= s.RefundPolls || s.RefundAfter > 0 && !now.Before(r.Started.Add(time.Duration(s.RefundAfter))) {
		return s.RefundEnd
	}
	return refundsWait
}

// look counts that the till asked for an offer, and returns what it finds.
func (c *centre) look(o *offer) (*offer, error) {
	if c.waiting[o.ID] == nil {
		return o, nil
	}
	c.polls[o.ID]++
	err := c.settle()
	return c.offers[o.ID], err
}

// lookRefund counts that the till asked for a refund, and returns what it finds.
func (c *centre) lookRefund(r *refund) (*refund, error) {
	if c.running[r.refundID] == nil {
		return r, nil
	}
	c.polls[r.String()]++
	err := c.settle()
	return c.refunds[r.refundID], err
}

// under takes the lock, brings the state up to the clock, and does step.
func under[Out any](c *centre, step func() (Out, error)) (Out, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.settle(); err != nil {
		var none Out
		return none, err
	}
	return step()
}

// Bills implements sdk.Phone.
func (c *centre) Bills(all bool) []sdk.Bill {
	bills, _ := under(c, func() ([]sdk.Bill, error) {
		var bills []sdk.Bill
		for _, o := range byAge(c.offers, func(o *offer) bool { return all || o.payable() && !o.Static }) {
			bills = append(bills, c.bill(o))
		}
		return bills, nil
	})
	return bills
}

func (c *centre) bill(o *offer) sdk.Bill {
	v := sdk.Bill{
		ID: o.ID, Number: strconv.FormatInt(o.N, 10), Key: o.Key, QR: c.offerPayload(o), Amount: o.Amount, Currency: currency,
		System: string(o.Bank), Merchant: `ООО "РОМАШКА"`, Payer: payer, Held: o.Held, Created: o.Created, Expires: o.Expires,
	}
	switch {
	case o.Fate == paid:
		v.State = sdk.BillPaid
	case o.Fate == declined, o.Fate == expired:
		v.State = sdk.BillDeclined
	case !o.payable():
		v.State = sdk.BillClosed
	default:
		v.State = sdk.BillOpen
	}
	return v
}

// find is the offer that a customer means: the only one that can be paid, or one by its own name, by the key, by what the till or the
// bank calls it, or by the text or id of a QR. Of a cash link's QR it is the activation that holds it.
func (c *centre) find(id string) (*offer, error) {
	id = qrcIDOf(strings.TrimSpace(id))
	if id == "" {
		open := byAge(c.waiting, func(o *offer) bool { return o.payable() && !o.Static })
		if len(open) == 1 {
			return open[0], nil
		}
		return nil, fmt.Errorf("%w: %d are open, say which", sdk.ErrNoBill, len(open))
	}
	if o := c.offers[id]; o != nil {
		return o, nil
	}
	if l := c.links[id]; l != nil {
		if o := c.present(l); o != nil {
			return o, nil
		}
		return nil, fmt.Errorf("%w: the link %s is not activated", sdk.ErrNoBill, id)
	}
	named := byAge(c.offers, func(o *offer) bool {
		return id == o.Key || id == o.Given || id == o.Issued || id == strconv.FormatInt(o.N, 10)
	})
	for _, o := range named {
		if o.payable() {
			return o, nil
		}
	}
	if len(named) > 0 {
		return named[len(named)-1], nil
	}
	return nil, fmt.Errorf("%w: %s", sdk.ErrNoBill, id)
}

// qrcIDOf is the id in the text of a payment link, or the text itself.
func qrcIDOf(text string) string {
	rest, isLink := strings.CutPrefix(text, "https://qr.nspk.ru/")
	if !isLink {
		return text
	}
	id, _, _ := strings.Cut(rest, "?")
	return id
}

// decide lets the customer do something about a bill that can be paid.
func (c *centre) decide(id string, what func(t *tx, o *offer) *offer) (sdk.Bill, error) {
	return under(c, func() (sdk.Bill, error) {
		old, err := c.find(id)
		if err != nil {
			return sdk.Bill{}, err
		}
		if !old.payable() {
			return sdk.Bill{}, fmt.Errorf("%w: %s is %s", sdk.ErrBillOver, old.ID, old.word())
		}
		t := c.begin()
		o := what(t, t.offer(old))
		return c.bill(o), t.commit()
	})
}

// word says where an offer stands.
func (o *offer) word() string {
	if o.open() && o.Out {
		return "put out"
	}
	return string(o.Fate)
}

// Pay implements sdk.Phone.
func (c *centre) Pay(id string) (sdk.Bill, error) {
	return c.decide(id, func(t *tx, o *offer) *offer { return t.pay(o) })
}

// Decline implements sdk.Phone.
func (c *centre) Decline(id string) (sdk.Bill, error) {
	return c.decide(id, func(_ *tx, o *offer) *offer { o.Fate = declined; return o })
}

// Expire implements sdk.Phone: the bank's time for the bill is over now.
func (c *centre) Expire(id string) (sdk.Bill, error) {
	return c.decide(id, func(t *tx, o *offer) *offer { o.Fate, o.Expires = expired, t.now; return o })
}

// Hold implements sdk.Phone.
func (c *centre) Hold(id string) (sdk.Bill, error) {
	return c.decide(id, func(_ *tx, o *offer) *offer { o.Held = true; return o })
}

// scan is the customer's app that has the bill open.
func (c *centre) scan(id string) (sdk.Bill, error) {
	return c.decide(id, func(_ *tx, o *offer) *offer { o.Scanned, o.Held = true, true; return o })
}

// startPayment is a payment that the customer's bank works on.
func (c *centre) startPayment(id string) (sdk.Bill, error) {
	return c.decide(id, func(_ *tx, o *offer) *offer { o.Fate, o.Scanned, o.Held = started, true, true; return o })
}

// Wallets implements sdk.Phone: the customers' money lies at other banks.
func (c *centre) Wallets() []sdk.Wallet { return nil }

// SetWallet implements sdk.Phone.
func (c *centre) SetWallet(w sdk.Wallet) (sdk.Wallet, error) { return w, errNoWallets }

// ShowCode implements sdk.Phone.
func (c *centre) ShowCode(string, string) (sdk.Code, error) { return sdk.Code{}, errNoWallets }

var errNoWallets = fmt.Errorf("%w: the SBP knows no wallets, and the customer scans the shop's code", sdk.ErrUnsupported)

// errNoRefund is that nothing of that name is on its way back.
var errNoRefund = errors.New("no such refund is in progress")

// endRefund ends a refund that waits for somebody's word.
func (c *centre) endRefund(id string, complete bool) (Refund, error) {
	return under(c, func() (Refund, error) {
		for _, old := range c.started() {
			if id != "" && id != old.ID && id != old.Key && id != old.Issued || id == "" && len(c.running) > 1 {
				continue
			}
			t := c.begin()
			r := t.refund(old)
			t.end(r, complete)
			return c.refundView(r), t.commit()
		}
		return Refund{}, sdk.BadRequest(fmt.Errorf("%w: %s", errNoRefund, id))
	})
}
