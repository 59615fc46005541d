package driver

import (
	"context"
	"errors"
	"net/http"

	"github.com/payrack/payrack/plugins/socproc/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// checkRefund refuses what the service never does: to return a part of the social goods (S002).
func (d *Driver) checkRefund(op provider.Operation) error {
	if err := d.Ready(); err != nil {
		return err
	}
	if op.Original == nil || op.Amount == op.Original.Approved {
		return nil
	}
	return partial(op, *op.Original)
}

func partial(op, original provider.Operation) error {
	return text.Refuse(pay.ErrUnsupported, "socproc.partial", map[string]any{"Approved": text.Money(original.Approved, op.Currency),
		"Asked": text.Money(op.Amount, op.Currency)}, nil)
}

// Reverse undoes a confirmation, under the reversal's key. It expects a confirmation: a reservation that was only let go gives nothing back.
func (d *Driver) Reverse(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	t, err := d.reserved(original)
	if errors.Is(err, errNoTicket) {
		answer, err := d.ask(ctx, original.Key)
		o, err := read(original.Key, answer, err)
		if err != nil {
			return provider.Reply{}, err
		}
		t.Reservation = o.Reservation
	} else if err != nil {
		return provider.Reply{}, err
	}
	answer, err := d.client.Money(ctx, exchange.Key(op.Key), http.MethodPost, wire.PathCancel(t.Reservation),
		wire.Cancel{CancelID: op.Key.UUID(), Expect: wire.ExpectConfirmed}, nil)
	return d.gaveBack(ctx, op, original, answer, err)
}

// Refund returns the whole of what was written off, under the refund's key.
func (d *Driver) Refund(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	if op.Amount != original.Approved {
		return d.refusal(op, partial(op, original)), nil
	}
	if _, err := d.reserved(original); err != nil && !errors.Is(err, errNoTicket) {
		return provider.Reply{}, err
	}
	answer, err := d.client.Money(ctx, exchange.Key(op.Key), http.MethodPost, wire.PathReturn(original.Key.UUID()),
		wire.Return{CancelID: op.Key.UUID(), Sum: int64(op.Amount)}, nil)
	return d.gaveBack(ctx, op, original, answer, err)
}

// gaveBack takes the answer to a return. What the service refused it has written down too, so that it is asked what it has.
func (d *Driver) gaveBack(ctx context.Context, op, original provider.Operation, answer *exchange.Answer, err error) (provider.Reply, error) {
	if f := failure(answer, err); f != nil && (f.Code == wire.CodeState || f.Code == wire.CodeSum || f.Code == wire.CodePartial) {
		answer, err = d.ask(ctx, original.Key)
	}
	o, err := read(original.Key, answer, err)
	if err != nil {
		return provider.Reply{}, err
	}
	return d.returned(op, o)
}

func (d *Driver) inquireReturn(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Original == nil {
		return provider.Reply{}, errors.New("the payment that goes back is not known")
	}
	if _, err := d.reserved(*op.Original); err != nil && !errors.Is(err, errNoTicket) {
		return provider.Reply{}, err
	}
	answer, err := d.ask(ctx, op.Original.Key)
	o, err := read(op.Original.Key, answer, err)
	if err != nil {
		return provider.Reply{}, err
	}
	return d.returned(op, o)
}

// returned is what the service's word says about a reversal or refund: whether it has heard of its key, and what it did then.
func (d *Driver) returned(op provider.Operation, o wire.Operation) (provider.Reply, error) {
	u, heard := o.Undo(op.Key.UUID())
	switch state := o.State(); {
	case heard && u.Done && state == wire.Returned:
		return provider.Reply{Verdict: provider.Approved, Amount: o.Returned, Currency: pay.RUB, Code: state.String(), RRN: o.Reservation}, nil
	case heard && u.Done:
		return provider.Reply{}, errors.New("the answer says that the money went back, and does not")
	case !heard && state == wire.Confirmed:
		return provider.Reply{Verdict: provider.NotDone, Again: d.settings.Interval}, nil
	case state == wire.NoState:
		return provider.Reply{}, errors.New("the answer's status is not one that is known")
	}
	left := o.Confirmed - o.Returned
	reply := d.no(op, o.State().String(), "socproc.not_returned", map[string]any{"Code": o.State().String()})
	if left == 0 && o.State() == wire.Returned {
		reply = d.no(op, o.State().String(), "socproc.returned", nil)
	}
	reply.Left = &left
	return reply, nil
}
