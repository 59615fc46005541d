package module

import (
	"encoding/json"
	"fmt"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// Pack makes the message of an operation. What decides about money is typed beside the JSON.
func Pack(op pay.Operation) (*modulev1.Operation, error) {
	raw, err := json.Marshal(op)
	if err != nil {
		return nil, fmt.Errorf("pack operation %s: %w", op.Ref, err)
	}
	return &modulev1.Operation{
		Ref: string(op.Ref), Outcome: int32(op.Outcome), Told: !op.Running, Final: !op.Running && op.Outcome.Final(), Json: raw,
	}, nil
}

// Unpack reads the message of an operation; nil gives the zero Operation, which is Unknown. Where the typed fields and the JSON
// disagree, the typed ones count, and an outcome that this side does not know is Unknown.
func Unpack(m *modulev1.Operation) (pay.Operation, error) {
	var op pay.Operation
	if m == nil {
		return op, nil
	}
	if err := json.Unmarshal(m.GetJson(), &op); err != nil {
		return pay.Operation{}, fmt.Errorf("unpack operation %.64q: %w", m.GetRef(), err)
	}
	op.Ref = pay.Ref(m.GetRef())
	op.Running = !m.GetTold()
	op.Outcome = pay.Outcome(m.GetOutcome())
	if !op.Outcome.Final() {
		op.Outcome = pay.Unknown
	}
	return op, nil
}

// PackEvent makes the message of an event.
func PackEvent(e pay.Event) (*modulev1.WatchResponse, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("pack event %d: %w", e.Number, err)
	}
	return &modulev1.WatchResponse{Number: e.Number, Kind: int32(e.Kind), Json: raw}, nil
}

// UnpackEvent reads the message of an event. Of a kind that this side does not know only number and kind are sure to be set.
func UnpackEvent(m *modulev1.WatchResponse) (pay.Event, error) {
	var e pay.Event
	if err := json.Unmarshal(m.GetJson(), &e); err != nil {
		if known(pay.EventKind(m.GetKind())) {
			return pay.Event{}, fmt.Errorf("unpack event %d: %w", m.GetNumber(), err)
		}
		e = pay.Event{}
	}
	e.Number, e.Kind = m.GetNumber(), pay.EventKind(m.GetKind())
	return e, nil
}

// known says whether an event's kind is one of package pay.
func known(k pay.EventKind) bool {
	return k >= pay.EvStatus && k <= pay.EvPending || k == pay.EvOutcome
}

func packAll(ops []pay.Operation) ([]*modulev1.Operation, error) {
	list := make([]*modulev1.Operation, 0, len(ops))
	for _, op := range ops {
		m, err := Pack(op)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

func unpackAll(list []*modulev1.Operation) ([]pay.Operation, error) {
	ops := make([]pay.Operation, 0, len(list))
	for _, m := range list {
		op, err := Unpack(m)
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// PackRequest makes the message that has a module begin an operation.
func PackRequest(r Request) (*modulev1.BeginRequest, error) {
	plain := r.Request
	params := string(plain.Params.Raw)
	plain.Params = pay.Params{} // travels as the till gave it
	raw, err := json.Marshal(plain)
	if err != nil {
		return nil, fmt.Errorf("pack request %s: %w", r.Ref, err)
	}
	return &modulev1.BeginRequest{RequestJson: raw, Params: params, Digest: r.Digest}, nil
}

// UnpackRequest reads it.
func UnpackRequest(m *modulev1.BeginRequest) (Request, error) {
	var r Request
	if err := json.Unmarshal(m.GetRequestJson(), &r.Request); err != nil {
		return Request{}, &pay.Error{Code: pay.ErrArgument, Text: "request: not JSON", Cause: err}
	}
	params, err := pay.ParseParams(m.GetParams())
	if err != nil {
		return Request{}, err
	}
	r.Params, r.Digest = params, m.GetDigest()
	return r, nil
}
