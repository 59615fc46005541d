package driver

import (
	"context"
	"errors"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// beginLink looks whether the till's cash link is free. Charging it is the commit: from then on anybody at the counter can pay.
func (d *Driver) beginLink(ctx context.Context, op provider.Operation, k *desk) (provider.Reply, error) {
	link := k.link.ID
	unlock := d.links.lock(link)
	h, err := d.heldBy(link)
	unlock()
	if err != nil {
		return provider.Reply{}, err
	}
	if !h.Key.IsZero() && h.Key != op.Key {
		return d.busy(op, h), nil
	}
	if looker, ok := k.bank.(bank.Looker); ok {
		c, err := looker.Look(ctx, link)
		if err != nil {
			return d.unprepared(op, k, err)
		}
		if c.Live {
			return d.busy(op, holder{}), nil
		}
	}
	now := d.now()
	kept, err := keep(bank.Ticket{Bank: k.id, Mode: bank.Cash, Order: op.Key.String(), QR: link, Amount: op.Amount, Since: now, Until: now.Add(d.settings.QRTTL)})
	if err != nil {
		return provider.Reply{}, err
	}
	return provider.Reply{Verdict: provider.Ready, System: k.id, State: kept}, nil
}

// busy refuses to charge a link that another payment may still be made by.
func (d *Driver) busy(op provider.Operation, h holder) provider.Reply {
	seconds := int64(0)
	if !h.Until.IsZero() {
		seconds = max(int64(h.Until.Sub(d.now()).Seconds()), 1)
	}
	id := "sbp.link.busy"
	if seconds > 0 {
		id = "sbp.link.held"
	}
	return refusal(d.refuse(op.Language, pay.ErrBusy, id, map[string]any{"Seconds": seconds}, nil))
}

// charge charges the link, once: what became of a charge whose answer was lost is found out by looking, and it is never sent again.
func (d *Driver) charge(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	t, err := ticket(op)
	if err != nil {
		return provider.Reply{}, err
	}
	k, err := d.desk(t.Bank)
	if err != nil {
		return provider.Reply{}, err
	}
	if op.MaybeSent || op.Tries > 1 {
		return provider.Reply{}, errors.New("a charge of the cash link is not sent twice")
	}
	defer d.links.lock(t.QR)()
	h, err := d.heldBy(t.QR)
	if err != nil {
		return provider.Reply{}, err
	}
	if !h.Key.IsZero() && h.Key != op.Key {
		return d.busy(op, h), nil
	}
	if err := d.hold(t.QR, op.Key, d.settings.QRTTL); err != nil {
		return refusal(d.refuse(op.Language, pay.ErrJournal, "sbp.link.unwritten", nil, err)), nil
	}
	s, _ := d.sale(op, k, "")
	s.Link = t.QR
	charged, err := k.bank.Activate(ctx, s)
	if no, ok := errors.AsType[*bank.Refusal](err); ok && !no.NotFound() {
		d.letGo(t, op.Key)
		return d.no(op, k, no), nil
	}
	if err != nil {
		if exchange.NotSent(err) {
			d.letGo(t, op.Key)
		}
		return provider.Reply{}, err
	}
	charged.Since, charged.Until = t.Since, t.Until
	return d.waiting(op, charged, bank.Fresh)
}

// status asks what became of a payment. A charge that the bank does not know by the name that we have, or whose name was lost, is the one that lies on the
// link, if that bears our own name and our sum (contract 3.2). Otherwise nothing is known of it yet. What was found comes back with the ticket.
func (d *Driver) status(ctx context.Context, op provider.Operation, k *desk, t bank.Ticket) (bank.Ticket, bank.Word, error) {
	w, err := k.bank.Status(ctx, t)
	looker, ok := k.bank.(bank.Looker)
	if err != nil || w.State != bank.Missing || !ok || t.Mode != bank.Cash {
		return t, w, err
	}
	c, err := looker.Look(ctx, t.QR)
	if err != nil || !c.Is(t) || c.Params == t.Params {
		return t, w, err
	}
	t.Params = c.Params
	d.log.Info("the charge of the cash link was found", "ref", op.Ref)
	w, err = k.bank.Status(ctx, t)
	return t, w, err
}
