package module

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// server answers a host's calls with a Service. A panic below is a refusal with ErrInternal above.
type server struct {
	modulev1.UnimplementedModuleServiceServer
	service Service
	log     hclog.Logger
}

// guard runs one call, turns a panic into ErrInternal, and logs where it was, without values.
func guard(log hclog.Logger, what string, call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			log.Error("internal error", "call", what, "kind", kindOf(r), "where", Where(3))
			err = &pay.Error{Code: pay.ErrInternal, Text: "internal error in " + what, MayHaveMoved: what == "begin"}
		}
	}()
	return call()
}

// refuse is the error of a call as the refusal of its response; what only a log may hold is logged here.
func (s *server) refuse(what string, err error) *modulev1.Refusal {
	if err != nil && pay.CodeOf(err) == pay.ErrInternal {
		s.log.Error("call failed", "call", what, "error", err)
	}
	return Refusal(err)
}

func (s *server) Describe(ctx context.Context, _ *modulev1.DescribeRequest) (*modulev1.DescribeResponse, error) {
	out := &modulev1.DescribeResponse{}
	err := guard(s.log, "describe", func() error {
		d, err := s.service.Describe(ctx)
		out.Id, out.Version, out.Json = d.ID, d.Version, d.JSON
		return err
	})
	if err != nil {
		return nil, Status(err)
	}
	return out, nil
}

func (s *server) Open(ctx context.Context, in *modulev1.OpenRequest) (*modulev1.OpenResponse, error) {
	out := &modulev1.OpenResponse{}
	err := guard(s.log, "open", func() error {
		o := Opening{Home: in.GetHome(), Data: in.GetData(), Language: in.GetLanguage(), DigestKey: in.GetDigestKey()}
		if len(in.GetShopJson()) > 0 {
			if err := json.Unmarshal(in.GetShopJson(), &o.Shop); err != nil {
				return &pay.Error{Code: pay.ErrArgument, Text: "open: the shop is not JSON", Cause: err}
			}
		}
		pending, err := s.service.Open(ctx, o)
		if err != nil {
			return err
		}
		out.Pending, err = packAll(pending)
		return err
	})
	out.Refusal = s.refuse("open", err)
	return out, nil
}

func (s *server) Health(_ *modulev1.HealthRequest, stream grpc.ServerStreamingServer[modulev1.HealthResponse]) error {
	return Status(guard(s.log, "health", func() error {
		return s.service.Health(stream.Context(), func(h Health) error {
			m := &modulev1.HealthResponse{State: h.State, Text: h.Text, Busy: int32(h.Busy), Json: h.JSON}
			if h.Code != 0 {
				m.Code = h.Code.String()
			}
			return stream.Send(m)
		})
	}))
}

func (s *server) Begin(ctx context.Context, in *modulev1.BeginRequest) (*modulev1.BeginResponse, error) {
	out := &modulev1.BeginResponse{}
	err := guard(s.log, "begin", func() error {
		request, err := UnpackRequest(in)
		if err != nil {
			return err
		}
		op, existed, err := s.service.Begin(ctx, request)
		if err != nil {
			return err
		}
		out.Existed = existed
		out.Operation, err = Pack(op)
		return pay.Uncertain(err) // the operation is there, though it cannot be told
	})
	out.Refusal = s.refuse("begin", err)
	return out, nil
}

func (s *server) Watch(in *modulev1.WatchRequest, stream grpc.ServerStreamingServer[modulev1.WatchResponse]) error {
	return Status(guard(s.log, "watch", func() error {
		return s.service.Watch(stream.Context(), pay.Ref(in.GetRef()), in.GetAfter(), in.GetAttend(), func(e pay.Event) error {
			m, err := PackEvent(e)
			if err != nil {
				return err
			}
			return stream.Send(m)
		})
	}))
}

func (s *server) Answer(ctx context.Context, in *modulev1.AnswerRequest) (*modulev1.AnswerResponse, error) {
	err := guard(s.log, "answer", func() error {
		return s.service.Answer(ctx, pay.Ref(in.GetRef()), in.GetNumber(), in.GetValue(), in.GetBy())
	})
	return &modulev1.AnswerResponse{Refusal: s.refuse("answer", err)}, nil
}

func (s *server) Cancel(ctx context.Context, in *modulev1.CancelRequest) (*modulev1.CancelResponse, error) {
	err := guard(s.log, "cancel", func() error {
		return s.service.Cancel(ctx, pay.Ref(in.GetRef()), in.GetReason(), in.GetBy())
	})
	return &modulev1.CancelResponse{Refusal: s.refuse("cancel", err)}, nil
}

func (s *server) Acknowledge(ctx context.Context, in *modulev1.AcknowledgeRequest) (*modulev1.AcknowledgeResponse, error) {
	out := &modulev1.AcknowledgeResponse{}
	err := guard(s.log, "acknowledge", func() error {
		op, err := s.service.Acknowledge(ctx, pay.Ref(in.GetRef()), pay.Ack(in.GetAck()), in.GetReason(), in.GetBy())
		if err != nil {
			return err
		}
		out.Operation, err = Pack(op)
		return err
	})
	out.Refusal = s.refuse("acknowledge", err)
	return out, nil
}

func (s *server) Resolve(ctx context.Context, in *modulev1.ResolveRequest) (*modulev1.ResolveResponse, error) {
	out := &modulev1.ResolveResponse{}
	err := guard(s.log, "resolve", func() error {
		op, err := s.service.Resolve(ctx, pay.Ref(in.GetRef()), in.GetCharged(), in.GetWhoAndWhy())
		if err != nil {
			return err
		}
		out.Operation, err = Pack(op)
		return err
	})
	out.Refusal = s.refuse("resolve", err)
	return out, nil
}

func (s *server) Settings(ctx context.Context, in *modulev1.SettingsRequest) (*modulev1.SettingsResponse, error) {
	out := &modulev1.SettingsResponse{}
	err := guard(s.log, "settings", func() (err error) {
		out.Value, err = s.service.Settings(ctx, SettingsRequest{
			Action: in.GetAction(), Key: in.GetKey(), Value: in.GetValue(), By: in.GetBy(), Language: in.GetLanguage()})
		return err
	})
	out.Refusal = s.refuse("settings", err)
	return out, nil
}

func (s *server) Find(ctx context.Context, in *modulev1.FindRequest) (*modulev1.FindResponse, error) {
	out := &modulev1.FindResponse{}
	err := guard(s.log, "find", func() (err error) {
		out.Json, err = s.service.Find(ctx, in.GetQueryJson())
		return err
	})
	out.Refusal = s.refuse("find", err)
	return out, nil
}

func (s *server) Info(ctx context.Context, in *modulev1.InfoRequest) (*modulev1.InfoResponse, error) {
	out := &modulev1.InfoResponse{}
	err := guard(s.log, "info", func() (err error) {
		out.Json, err = s.service.Info(ctx, in.GetWhat(), in.GetLanguage())
		return err
	})
	out.Refusal = s.refuse("info", err)
	return out, nil
}

func (s *server) Slip(ctx context.Context, in *modulev1.SlipRequest) (*modulev1.SlipResponse, error) {
	out := &modulev1.SlipResponse{}
	err := guard(s.log, "slip", func() (err error) {
		out.Data, err = s.service.Slip(ctx, SlipRequest{Ref: pay.Ref(in.GetRef()), Copy: int(in.GetCopy()), Format: in.GetFormat(),
			Encoding: in.GetEncoding(), Width: int(in.GetWidth()), Language: in.GetLanguage()})
		return err
	})
	out.Refusal = s.refuse("slip", err)
	return out, nil
}

func (s *server) Drain(ctx context.Context, in *modulev1.DrainRequest) (*modulev1.DrainResponse, error) {
	out := &modulev1.DrainResponse{}
	err := guard(s.log, "drain", func() error {
		running, err := s.service.Drain(ctx, time.Duration(in.GetGraceMs())*time.Millisecond)
		out.Running = int32(running)
		return err
	})
	if err != nil {
		return nil, Status(err)
	}
	return out, nil
}
