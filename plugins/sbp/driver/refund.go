package driver

import (
	"context"
	"errors"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// checkRefund refuses what the register must not give back here [seed 004].
func (d *Driver) checkRefund(op provider.Operation) error {
	if d.settings.PosKind == "kiosk" {
		return d.refuse(op.Language, pay.ErrUnsupported, "sbp.refund.kiosk", nil, nil)
	}
	if op.Original == nil {
		return nil // the engine refuses a refund of nothing
	}
	if op.Original.PosID != op.PosID {
		return d.refuse(op.Language, pay.ErrUnsupported, "sbp.refund.elsewhere", map[string]any{"Till": wire.Clean(op.Original.PosID, 40)}, nil)
	}
	t, err := ticket(*op.Original)
	if err != nil {
		return d.refuse(op.Language, pay.ErrState, "sbp.refund.unnamed", nil, err)
	}
	if k := d.desks[t.Bank]; k != nil && k.client != nil {
		return nil
	}
	return d.refuse(op.Language, pay.ErrConfig, "sbp.refund.bank", map[string]any{"Bank": d.bankName(op.Language, t.Bank)}, nil)
}

// giveBack is what a bank is asked to give back.
func (d *Driver) giveBack(op, original provider.Operation) (*desk, bank.Return, bank.Ticket, error) {
	payment, err := ticket(original)
	if err != nil {
		return nil, bank.Return{}, bank.Ticket{}, err
	}
	k, err := d.desk(payment.Bank)
	if err != nil {
		return nil, bank.Return{}, bank.Ticket{}, err
	}
	own, err := ticket(op)
	if err != nil {
		own = bank.Ticket{Bank: payment.Bank, Mode: payment.Mode}
	}
	purpose := d.say(op.Language, "sbp.refund.purpose", map[string]any{"Shop": wire.Clean(d.shop, 60), "Receipt": wire.Clean(op.Params.Receipt, 40)})
	return k, bank.Return{Key: op.Key, Amount: op.Amount, Payment: payment, Paid: original.Amount, Purpose: wire.Clean(purpose, 100), Draft: own.Draft}, own, nil
}

// prepareRefund has the bank make the draft of a refund, where it makes one, and hears that it has it.
func (d *Driver) prepareRefund(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Original == nil {
		return provider.Reply{}, errors.New("the payment that is to be given back is not known")
	}
	k, r, own, err := d.giveBack(op, *op.Original)
	if err != nil {
		return provider.Reply{}, err
	}
	drafter, drafts := k.bank.(bank.Drafter)
	if !drafts {
		return provider.Reply{Verdict: provider.Ready, System: own.Bank}, nil
	}
	r.Draft, err = drafter.Draft(ctx, r)
	if no, ok := errors.AsType[*bank.Refusal](err); ok && no.NotFound() { // it may be that the bank does not find the payment yet
		reply := d.no(op, k, no)
		reply.Verdict = provider.NotFound
		return reply, nil
	} else if err != nil {
		return d.unprepared(op, k, err)
	}
	w, err := k.bank.RefundStatus(ctx, r)
	switch {
	case err != nil:
		return d.unprepared(op, k, err)
	case w.State != bank.Fresh:
		return provider.Reply{}, errors.New("the bank does not have the draft that it made")
	}
	own.Draft = r.Draft
	kept, err := keep(own)
	return provider.Reply{Verdict: provider.Ready, System: own.Bank, State: kept}, err
}

// Refund gives back a part of a payment, or all of it. Where the bank makes a draft first, and a reversal has none yet, this makes it, and the call after
// Inquire has seen it confirms it.
func (d *Driver) Refund(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	k, r, own, err := d.giveBack(op, original)
	if err != nil {
		return provider.Reply{}, err
	}
	drafter, drafts := k.bank.(bank.Drafter)
	switch {
	case drafts && r.Draft == "":
		return d.draft(ctx, op, k, drafter, r, own)
	case drafts && own.Unseen:
		return again(own)
	}
	first := op.Tries <= 1 && !op.MaybeSent
	if drafts {
		first = op.Tries == own.Seen+1
	}
	w, err := k.bank.Refund(ctx, r)
	if no, ok := errors.AsType[*bank.Refusal](err); ok {
		if !first || no.NotFound() {
			// It says nothing about an earlier try. The bank did nothing now, and is asked what it has.
			d.log.Warn("the bank refused a refund that may be known to it", "ref", op.Ref, "error", no)
			return again(own)
		}
		return d.no(op, k, no), nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	return d.refundVerdict(op, own, w)
}

// draft has the bank make a draft. What is only drafted moves nothing, so the bank's no to it is its last word about the refund.
func (d *Driver) draft(ctx context.Context, op provider.Operation, k *desk, drafter bank.Drafter, r bank.Return, own bank.Ticket) (provider.Reply, error) {
	id, err := drafter.Draft(ctx, r)
	if no, ok := errors.AsType[*bank.Refusal](err); ok && !no.NotFound() {
		return d.no(op, k, no), nil
	} else if ok {
		return again(own)
	}
	if err != nil {
		return provider.Reply{}, err
	}
	own.Draft, own.Unseen, own.Seen = id, true, 0
	return again(own)
}

// again says that the bank has not done the refund, and what is known of it.
func again(own bank.Ticket) (provider.Reply, error) {
	kept, err := keep(own)
	return provider.Reply{Verdict: provider.NotDone, System: own.Bank, State: kept}, err
}

// inquireRefund asks about a refund. One whose request the bank does not know may be sent again: it takes one key for one refund.
func (d *Driver) inquireRefund(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Original == nil {
		return provider.Reply{}, errors.New("the payment that was to be given back is not known")
	}
	k, r, own, err := d.giveBack(op, *op.Original)
	if err != nil {
		return provider.Reply{}, err
	}
	_, drafts := k.bank.(bank.Drafter)
	if drafts && r.Draft == "" {
		return again(own) // by our own journal: what has no draft was never confirmed
	}
	w, err := k.bank.RefundStatus(ctx, r)
	switch {
	case err != nil:
		return provider.Reply{}, err
	case !drafts || w.State != bank.Missing && w.State != bank.Fresh:
		return d.refundVerdict(op, own, w)
	case w.State == bank.Fresh:
		if own.Unseen {
			own.Unseen, own.Seen = false, op.Tries
		}
		return again(own)
	case own.Unseen: // the answer told another's name, or that draft is no more: nobody confirmed it, and another one is made
		d.log.Warn("the bank does not have the draft of a refund that it named", "ref", op.Ref)
		own.Draft, own.Unseen = "", false
		return again(own)
	}
	return provider.Reply{Verdict: provider.NotFound}, nil // it may have been confirmed
}

func (d *Driver) refundVerdict(op provider.Operation, own bank.Ticket, w bank.Word) (provider.Reply, error) {
	reply := provider.Reply{System: own.Bank, Code: w.Code}
	switch w.State {
	case bank.Fresh, bank.Missing:
		reply.Verdict = provider.NotDone
	case bank.Paying:
		reply.Verdict, reply.Status, reply.Again = provider.Waiting, d.say(op.Language, "sbp.status.refund", nil), d.pace(op.Begun)
	case bank.Paid:
		reply.Verdict, reply.Amount, reply.Currency, reply.RRN = provider.Approved, w.Amount, pay.RUB, w.Trx
	case bank.Refused:
		reply.Verdict = provider.Declined
		reply.Text, reply.Hint = d.say(op.Language, "sbp.refund.declined.cause", nil), d.say(op.Language, "sbp.refund.declined.hint", nil)
	}
	return reply, nil
}
