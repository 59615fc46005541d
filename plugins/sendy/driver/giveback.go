package driver

import (
	"context"
	"errors"
	"net/http"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// undoes says whether op is a reversal that goes by the server's cancel, which undoes a payment whole. Less goes back by a refund.
func undoes(op provider.Operation) bool {
	return op.Kind == pay.KindReversal && op.Original != nil && op.Amount == op.Original.Amount
}

// Reverse undoes a payment whole. The server may ask to be asked again, and it is, once Inquire has told that the money is still there.
func (d *Driver) Reverse(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	if original.ProviderNumber <= 0 {
		return provider.Reply{}, errors.New("a payment without a number cannot be given back")
	}
	var r wire.Record
	request := &wire.CancelRequest{Key: original.Key.String(), Amount: int64(original.Amount), Mode: wire.Reverse}
	_, err := d.money(ctx, original.Key, wire.PathCancel(original.ProviderNumber), request, &r)
	if no, ok := errors.AsType[*refused](err); ok && no.Code == wire.CodeHasRefunds {
		reply := d.no(op, no) // parts went back, so the payment cannot be undone whole, now or later
		reply.Left = d.remaining(ctx, original)
		return reply, nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	reply, err := d.reversed(original, &r)
	if reply.Verdict == provider.NotDone {
		reply = provider.Reply{Verdict: provider.Waiting, Status: d.say(op.Language, "sendy.status.recall", nil)}
	}
	return reply, err
}

// Refund gives back a part of a payment, or all of it, under a number of its own.
func (d *Driver) Refund(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	if original.ProviderNumber <= 0 {
		return provider.Reply{}, errors.New("a payment without a number cannot be given back")
	}
	if e := d.unserved(op, ""); e != nil && op.Kind == pay.KindRefund {
		return refusal(e), nil
	}
	op.Original = &original
	var r wire.Record
	request := &wire.RefundRequest{Transaction: op.ProviderNumber, Original: original.ProviderNumber, Shift: op.ProviderShift,
		Key: op.Key.String(), Amount: int64(op.Amount), Currency: string(op.Currency)}
	if _, err := d.money(ctx, op.Key, wire.PathRefund, request, &r); err != nil {
		return d.failed(op, err)
	}
	return d.refundVerdict(ctx, op, &r)
}

// refundVerdict is what a record says about a refund. A reversal by a refund that the server declined is told what is left to give back:
// another till, or the provider's staff, may have given back part of the payment.
func (d *Driver) refundVerdict(ctx context.Context, op provider.Operation, r *wire.Record) (provider.Reply, error) {
	reply, err := d.verdict(op, r)
	if err == nil && reply.Verdict == provider.Declined && op.Kind == pay.KindReversal && op.Original != nil {
		reply.Left = d.remaining(ctx, *op.Original)
	}
	return reply, err
}

// remaining asks what the server still has of a payment; nil: it did not say.
func (d *Driver) remaining(ctx context.Context, payment provider.Operation) *pay.Amount {
	var r wire.Record
	if _, err := d.query(ctx, http.MethodGet, wire.PathPayment(payment.ProviderNumber), nil, &r); err != nil || about(payment, &r) != nil {
		return nil
	}
	left := payment.Amount - pay.Amount(r.Refunded)
	switch status := r.Status.Fold(); {
	case status == wire.Cancelled && r.Reversed:
		left = 0
	case status != wire.Paid || r.Refunded < 0 || left < 0:
		return nil
	}
	return &left
}
