package clienttest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// service is the gRPC side of a Host.
type service struct {
	hostv1.UnimplementedHostServiceServer
	h *Host
}

func refuse(e *pay.Error) *modulev1.Refusal {
	if e == nil {
		return nil
	}
	return &modulev1.Refusal{Code: int32(e.Code), Text: e.Text, Hint: e.Hint, MayHaveMoved: e.MayHaveMoved}
}

func notFound(ref string) *modulev1.Refusal {
	return refuse(pay.Refuse(pay.ErrNotFound, "no operation %s", ref))
}

func (s *service) Session(r *hostv1.SessionRequest, stream hostv1.HostService_SessionServer) error {
	h := s.h
	if h.OpenRefusal != nil {
		return stream.Send(&hostv1.SessionResponse{Refusal: refuse(h.OpenRefusal)})
	}
	h.mu.Lock()
	id := fmt.Sprintf("%d-%d", h.life, len(h.sessions)+1)
	h.sessions[id] = r
	h.touch()
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.sessions, id)
		h.touch()
	}()
	told := -1
	for {
		h.mu.Lock()
		pending, changed := len(h.pending(r.GetPosId(), false)), h.changed
		h.mu.Unlock()
		if pending != told {
			told = pending
			if err := stream.Send(&hostv1.SessionResponse{Session: id, Version: "test", HostPid: int64(os.Getpid()), Pending: int32(pending)}); err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// pending lists what wants attention. h.mu is held.
func (h *Host) pending(pos string, all bool) []*Operation {
	var list []*Operation
	for _, ref := range h.order {
		o := h.operations[ref]
		if (all || o.PosID == pos) && (!o.told || o.view.Outcome == pay.Unknown || o.view.Ack == pay.AckNone) {
			list = append(list, o)
		}
	}
	return list
}

func (s *service) SetOption(_ context.Context, r *hostv1.SetOptionRequest) (*hostv1.SetOptionResponse, error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.h.options[r.GetKey()] = append(s.h.options[r.GetKey()], r.GetValue())
	if r.GetKey() == "operator.pin" && r.GetValue() != "1234" {
		return &hostv1.SetOptionResponse{Refusal: refuse(&pay.Error{Code: pay.ErrAuth})}, nil
	}
	return &hostv1.SetOptionResponse{}, nil
}

func (s *service) Begin(ctx context.Context, r *hostv1.BeginRequest) (*hostv1.BeginResponse, error) {
	caller, err := s.h.caller(ctx)
	if err != nil {
		return nil, err
	}
	if s.h.Refuse != nil {
		if e := s.h.Refuse(r); e != nil {
			return &hostv1.BeginResponse{Refusal: refuse(e)}, nil
		}
	}
	h := s.h
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.GetRef() == "" {
		r.Ref = "close-" + r.GetModule() + "-31"
	}
	ref := pay.Ref(r.GetRef())
	if o := h.operations[ref]; o != nil {
		if o.Request.GetAmount() != r.GetAmount() || o.Request.GetKind() != r.GetKind() || o.Request.GetParams() != r.GetParams() {
			return &hostv1.BeginResponse{Refusal: refuse(&pay.Error{Code: pay.ErrRefReused})}, nil
		}
		return &hostv1.BeginResponse{Operation: o.pack(), Existed: true, Module: r.GetModule()}, nil
	}
	o := &Operation{h: h, Request: r, PosID: caller.GetPosId(), answers: map[int64]string{}, view: pay.Operation{
		Ref: ref, Module: r.GetModule(), Kind: pay.Kind(r.GetKind()), PosID: caller.GetPosId(), Amount: pay.Amount(r.GetAmount()), Currency: pay.RUB,
		Running: true, CanCancel: true, Begun: time.Unix(1795000000, 0).UTC(), Shift: 31,
	}}
	h.operations[ref] = o
	h.order = append(h.order, ref)
	h.touch()
	if h.Script != nil {
		go h.Script(o)
	}
	return &hostv1.BeginResponse{Operation: o.pack(), Module: r.GetModule()}, nil
}

// pack is the operation as it travels. h.mu is held.
func (o *Operation) pack() *modulev1.Operation {
	doc, err := json.Marshal(o.view)
	if err != nil {
		panic(err)
	}
	return &modulev1.Operation{Ref: string(o.view.Ref), Outcome: int32(o.view.Outcome), Told: o.told, Final: o.told && o.view.Outcome.Final(), Json: doc}
}

func (s *service) Watch(r *hostv1.WatchRequest, stream hostv1.HostService_WatchServer) error {
	h := s.h
	if _, err := h.caller(stream.Context()); err != nil {
		return err
	}
	o := h.Operation(pay.Ref(r.GetRef()))
	if o == nil {
		s, err := status.New(codes.FailedPrecondition, "PR_E_NOT_FOUND").WithDetails(notFound(r.GetRef()))
		if err != nil {
			return err
		}
		return s.Err()
	}
	after := r.GetAfter()
	for {
		h.mu.Lock()
		changed := h.changed
		var fresh []pay.Event
		for _, ev := range o.events {
			if ev.Number > after {
				fresh = append(fresh, ev)
			}
		}
		h.mu.Unlock()
		for _, ev := range fresh {
			doc, err := json.Marshal(ev)
			if err != nil {
				return err
			}
			if err := stream.Send(&modulev1.WatchResponse{Number: ev.Number, Kind: int32(ev.Kind), Json: doc}); err != nil {
				return err
			}
			after = ev.Number
			if ev.Kind == pay.EvOutcome && ev.Operation.Outcome.Final() {
				return nil
			}
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// with runs f on the operation under the host's lock; its refusal is ErrNotFound where there is none.
func (s *service) with(ref string, f func(*Operation) *modulev1.Refusal) *modulev1.Refusal {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	o := s.h.operations[pay.Ref(ref)]
	if o == nil {
		return notFound(ref)
	}
	defer s.h.touch()
	return f(o)
}

func (s *service) Answer(_ context.Context, r *modulev1.AnswerRequest) (*modulev1.AnswerResponse, error) {
	return &modulev1.AnswerResponse{Refusal: s.with(r.GetRef(), func(o *Operation) *modulev1.Refusal {
		if _, gone := o.answers[r.GetNumber()]; gone {
			return refuse(&pay.Error{Code: pay.ErrNotFound})
		}
		o.answers[r.GetNumber()] = r.GetValue()
		return nil
	})}, nil
}

func (s *service) Cancel(_ context.Context, r *modulev1.CancelRequest) (*modulev1.CancelResponse, error) {
	return &modulev1.CancelResponse{Refusal: s.with(r.GetRef(), func(o *Operation) *modulev1.Refusal {
		o.cancels = append(o.cancels, r.GetReason())
		return nil
	})}, nil
}

func (s *service) Acknowledge(_ context.Context, r *modulev1.AcknowledgeRequest) (*modulev1.AcknowledgeResponse, error) {
	var packed *modulev1.Operation
	refusal := s.with(r.GetRef(), func(o *Operation) *modulev1.Refusal {
		ack := pay.Ack(r.GetAck())
		s.h.acks = append(s.h.acks, r.GetRef()+" "+r.GetAck())
		if old := o.view.Ack; ack != pay.AckSeen && old != pay.AckNone && old != pay.AckSeen && old != ack {
			return refuse(&pay.Error{Code: pay.ErrState})
		}
		if ack != pay.AckSeen || o.view.Ack == pay.AckNone {
			o.view.Ack = ack
		}
		if ack == pay.AckReverse {
			o.view.Reversal = pay.ReversalDone
		}
		packed = o.pack()
		return nil
	})
	return &modulev1.AcknowledgeResponse{Refusal: refusal, Operation: packed}, nil
}

func (s *service) Resolve(_ context.Context, r *modulev1.ResolveRequest) (*modulev1.ResolveResponse, error) {
	var packed *modulev1.Operation
	refusal := s.with(r.GetRef(), func(o *Operation) *modulev1.Refusal {
		if !o.told || o.view.Outcome != pay.Unknown {
			return refuse(&pay.Error{Code: pay.ErrState})
		}
		o.view.ResolvedBy = r.GetWhoAndWhy()
		packed = o.pack()
		return nil
	})
	return &modulev1.ResolveResponse{Refusal: refusal, Operation: packed}, nil
}

func (s *service) Operation(_ context.Context, r *hostv1.OperationRequest) (*hostv1.OperationResponse, error) {
	var packed *modulev1.Operation
	refusal := s.with(r.GetRef(), func(o *Operation) *modulev1.Refusal { packed = o.pack(); return nil })
	return &hostv1.OperationResponse{Refusal: refusal, Operation: packed}, nil
}

func (s *service) Pending(ctx context.Context, r *hostv1.PendingRequest) (*hostv1.PendingResponse, error) {
	caller, err := s.h.caller(ctx)
	if err != nil {
		return nil, err
	}
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	var list []*modulev1.Operation
	for _, o := range s.h.pending(caller.GetPosId(), r.GetAll()) {
		list = append(list, o.pack())
	}
	return &hostv1.PendingResponse{Operations: list}, nil
}

func (s *service) Slip(_ context.Context, r *modulev1.SlipRequest) (*modulev1.SlipResponse, error) {
	data, ok := s.h.Drafts[r.GetFormat()]
	if !ok {
		return &modulev1.SlipResponse{Refusal: refuse(&pay.Error{Code: pay.ErrUnsupported})}, nil
	}
	return &modulev1.SlipResponse{Data: data}, nil
}

func (s *service) Settings(_ context.Context, r *hostv1.SettingsRequest) (*modulev1.SettingsResponse, error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	key := r.GetModule() + "/" + r.GetRequest().GetKey()
	switch r.GetRequest().GetAction() {
	case "set":
		s.h.settings[key] = r.GetRequest().GetValue()
	case "get":
		if _, ok := s.h.settings[key]; !ok {
			return &modulev1.SettingsResponse{Refusal: refuse(&pay.Error{Code: pay.ErrConfig})}, nil
		}
	}
	return &modulev1.SettingsResponse{Value: s.h.settings[key]}, nil
}

func (s *service) Info(_ context.Context, r *hostv1.InfoRequest) (*modulev1.InfoResponse, error) {
	doc, ok := s.h.Infos[r.GetWhat()]
	if !ok {
		return &modulev1.InfoResponse{Refusal: refuse(&pay.Error{Code: pay.ErrArgument})}, nil
	}
	return &modulev1.InfoResponse{Json: []byte(doc)}, nil
}

func (s *service) Find(_ context.Context, r *hostv1.FindRequest) (*modulev1.FindResponse, error) {
	return &modulev1.FindResponse{Json: r.GetQueryJson()}, nil
}

func (s *service) Log(_ context.Context, r *hostv1.LogRequest) (*hostv1.LogResponse, error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.h.log = append(s.h.log, strconv.Itoa(int(r.GetLevel()))+" "+r.GetText())
	return &hostv1.LogResponse{}, nil
}

func (s *service) Stop(context.Context, *hostv1.StopRequest) (*hostv1.StopResponse, error) {
	return &hostv1.StopResponse{}, nil
}
