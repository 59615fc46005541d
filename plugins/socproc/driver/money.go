package driver

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/payrack/payrack/plugins/socproc/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Commit has the service write off what was reserved, under the operation's key.
func (d *Driver) Commit(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Kind != pay.KindBasket {
		return provider.Reply{}, fmt.Errorf("commit of %s is not possible", op.Kind)
	}
	t, err := d.reserved(op)
	if err != nil {
		return provider.Reply{}, err
	}
	answer, err := d.client.Money(ctx, exchange.Key(op.Key), http.MethodPost, wire.PathConfirm(t.Reservation),
		wire.Confirm{OperationID: op.Key.UUID(), Sum: int64(t.Sum)}, nil)
	if f := failure(answer, err); f != nil && f.Code == wire.CodeState && f.State().Free() {
		return d.free(op, f.State()), nil
	}
	o, err := read(op.Key, answer, err)
	if err != nil {
		return provider.Reply{}, err
	}
	return d.verdict(op, t, o)
}

// Inquire asks what became of a basket, or of what gives it back.
func (d *Driver) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Kind.Returns() {
		return d.inquireReturn(ctx, op)
	}
	t, err := d.reserved(op)
	if err != nil {
		return provider.Reply{}, err
	}
	answer, err := d.ask(ctx, op.Key)
	if missing(answer, err) {
		return provider.Reply{Verdict: provider.NotFound}, nil
	}
	o, err := read(op.Key, answer, err)
	if err != nil {
		return provider.Reply{}, err
	}
	return d.verdict(op, t, o)
}

// Cancel lets a reservation go, and never gives back what was written off: it expects a reservation, and the service refuses it where that was
// confirmed meanwhile. It is known by the engine's cancel key, however often it is repeated. Where no answer told of the reservation, as after a crash,
// the service is asked for it first.
func (d *Driver) Cancel(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	op.CancelAsked = true
	t, err := d.reserved(op)
	if errors.Is(err, errNoTicket) {
		answer, err := d.ask(ctx, op.Key)
		if missing(answer, err) {
			return provider.Reply{Verdict: provider.NotFound}, nil
		}
		o, err := read(op.Key, answer, err)
		if err != nil {
			return provider.Reply{}, err
		}
		if o.State() != wire.Reserved {
			return d.verdict(op, t, o)
		}
		t.Reservation = o.Reservation
	} else if err != nil {
		return provider.Reply{}, err
	}
	answer, err := d.client.Money(ctx, exchange.Key(op.CancelKey), http.MethodPost, wire.PathCancel(t.Reservation),
		wire.Cancel{CancelID: op.CancelKey.UUID(), Expect: wire.ExpectReserved}, nil)
	if f := failure(answer, err); f != nil && f.Code == wire.CodeState {
		if f.State().Free() {
			return d.free(op, f.State()), nil
		}
		answer, err = d.ask(ctx, op.Key) // a confirmation was faster: its sum is wanted
	}
	o, err := read(op.Key, answer, err)
	if err != nil {
		return provider.Reply{}, err
	}
	return d.verdict(op, t, o)
}

// verdict is what the service's word says about a basket. t is empty where nothing was kept of its reservation.
func (d *Driver) verdict(op provider.Operation, t ticket, o wire.Operation) (provider.Reply, error) {
	if t.Reservation != "" && o.Reservation != t.Reservation {
		return provider.Reply{}, errors.New("the answer is about another reservation")
	}
	switch state := o.State(); state {
	case wire.Reserved:
		return provider.Reply{Verdict: provider.NotDone, Again: d.settings.Interval}, nil
	case wire.Confirmed:
		return provider.Reply{Verdict: provider.Approved, Amount: o.Confirmed, Currency: pay.RUB, Code: state.String(), RRN: o.Reservation}, nil
	case wire.Cancelled, wire.Expired:
		return d.free(op, state), nil
	case wire.Returned: // it was written off, and is with the programme again
		return d.no(op, state.String(), "socproc.returned", nil), nil
	}
	return provider.Reply{}, fmt.Errorf("the status %q is not one that is known", o.Status)
}

// free ends a basket of which the service says that nothing was written off, nor ever will be.
func (d *Driver) free(op provider.Operation, state wire.State) provider.Reply {
	id := "socproc.cancelled"
	if state == wire.Expired {
		id = "socproc.expired"
	}
	reply := d.no(op, state.String(), id, nil)
	if op.CancelAsked {
		reply.Verdict = provider.Cancelled
	}
	return reply
}

// declined is a refusal by which the service reserved nothing.
func (d *Driver) declined(op provider.Operation, f *wire.Failure) provider.Reply {
	id := "socproc.refusal." + string(f.Code)
	if !d.words.Has(id + ".cause") {
		id = "socproc.refused"
	}
	return d.no(op, string(f.Code), id, map[string]any{"Code": string(f.Code)})
}

// ask asks for an operation.
func (d *Driver) ask(ctx context.Context, key pay.Key) (*exchange.Answer, error) {
	return d.find(ctx, key.UUID())
}

func (d *Driver) find(ctx context.Context, operation string) (*exchange.Answer, error) {
	if d.client == nil {
		return nil, errors.Join(errors.New("the address of the service is not set"), d.problem)
	}
	return d.client.Query(ctx, http.MethodGet, wire.PathOperation(operation), nil, nil)
}

// read reads the operation of a key out of an answer.
func read(key pay.Key, answer *exchange.Answer, err error) (wire.Operation, error) {
	if f := failure(answer, err); f != nil {
		return wire.Operation{}, errors.Join(f, err)
	}
	if err != nil {
		return wire.Operation{}, err
	}
	o, err := wire.ReadOperation(answer.Body)
	if err == nil && o.ID != key.UUID() {
		err = errors.New("the answer is about another operation")
	}
	return o, err
}

// failure is the service's own error in an answer; nil: there is none.
func failure(answer *exchange.Answer, err error) *wire.Failure {
	if err == nil || answer == nil || answer.Status < 400 || answer.Status >= 500 {
		return nil
	}
	return wire.ReadFailure(answer.Body)
}

// missing says whether the service does not know an operation.
func missing(answer *exchange.Answer, err error) bool {
	f := failure(answer, err)
	return f != nil && answer.Status == http.StatusNotFound && f.Code == wire.CodeMissing
}

// explain is the service's error for the request log.
func explain(answer *exchange.Answer) string {
	f := wire.ReadFailure(answer.Body)
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%s %s %s", f.Code, f.Status, f.Message)
}
