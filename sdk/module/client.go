package module

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// client is a Service on the host's side of the border.
type client struct {
	rpc modulev1.ModuleServiceClient
}

var _ Service = client{}

func (c client) Describe(ctx context.Context) (Description, error) {
	out, err := c.rpc.Describe(ctx, &modulev1.DescribeRequest{})
	if err != nil {
		return Description{}, outcome("describe", err, nil)
	}
	return Description{ID: out.GetId(), Version: out.GetVersion(), JSON: out.GetJson()}, nil
}

func (c client) Open(ctx context.Context, o Opening) ([]pay.Operation, error) {
	shop, err := json.Marshal(o.Shop)
	if err != nil {
		return nil, fmt.Errorf("module: open: %w", err)
	}
	out, err := c.rpc.Open(ctx, &modulev1.OpenRequest{Home: o.Home, Data: o.Data, Language: o.Language, ShopJson: shop, DigestKey: o.DigestKey})
	if err := outcome("open", err, out.GetRefusal()); err != nil {
		return nil, err
	}
	return unpackAll(out.GetPending())
}

func (c client) Health(ctx context.Context, report func(Health) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // a stream that nobody reads any more would stay
	stream, err := c.rpc.Health(ctx, &modulev1.HealthRequest{})
	if err != nil {
		return outcome("health", err, nil)
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return outcome("health", err, nil)
		}
		h := Health{State: m.GetState(), Text: m.GetText(), Code: codeNamed(m.GetCode()), Busy: int(m.GetBusy()), JSON: m.GetJson()}
		if err := report(h); err != nil {
			return err
		}
	}
}

func (c client) Begin(ctx context.Context, r Request) (pay.Operation, bool, error) {
	in, err := PackRequest(r)
	if err != nil {
		return pay.Operation{}, false, err
	}
	out, err := c.rpc.Begin(ctx, in)
	if err := outcome("begin", err, out.GetRefusal()); err != nil {
		return pay.Operation{}, false, err
	}
	op, err := Unpack(out.GetOperation())
	return op, out.GetExisted(), err
}

func (c client) Watch(ctx context.Context, ref pay.Ref, after int64, attend bool, emit func(pay.Event) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.rpc.Watch(ctx, &modulev1.WatchRequest{Ref: string(ref), After: after, Attend: attend})
	if err != nil {
		return outcome("watch", err, nil)
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return outcome("watch", err, nil)
		}
		e, err := UnpackEvent(m)
		if err != nil {
			return err
		}
		if !known(e.Kind) {
			continue
		}
		if err := emit(e); err != nil {
			return err
		}
	}
}

func (c client) Answer(ctx context.Context, ref pay.Ref, number int64, value, by string) error {
	out, err := c.rpc.Answer(ctx, &modulev1.AnswerRequest{Ref: string(ref), Number: number, Value: value, By: by})
	return outcome("answer", err, out.GetRefusal())
}

func (c client) Cancel(ctx context.Context, ref pay.Ref, reason, by string) error {
	out, err := c.rpc.Cancel(ctx, &modulev1.CancelRequest{Ref: string(ref), Reason: reason, By: by})
	return outcome("cancel", err, out.GetRefusal())
}

func (c client) Acknowledge(ctx context.Context, ref pay.Ref, ack pay.Ack, reason, by string) (pay.Operation, error) {
	out, err := c.rpc.Acknowledge(ctx, &modulev1.AcknowledgeRequest{Ref: string(ref), Ack: string(ack), Reason: reason, By: by})
	if err := outcome("acknowledge", err, out.GetRefusal()); err != nil {
		return pay.Operation{}, err
	}
	return Unpack(out.GetOperation())
}

func (c client) Resolve(ctx context.Context, ref pay.Ref, charged bool, whoAndWhy string) (pay.Operation, error) {
	out, err := c.rpc.Resolve(ctx, &modulev1.ResolveRequest{Ref: string(ref), Charged: charged, WhoAndWhy: whoAndWhy})
	if err := outcome("resolve", err, out.GetRefusal()); err != nil {
		return pay.Operation{}, err
	}
	return Unpack(out.GetOperation())
}

func (c client) Settings(ctx context.Context, r SettingsRequest) (string, error) {
	out, err := c.rpc.Settings(ctx, &modulev1.SettingsRequest{Action: r.Action, Key: r.Key, Value: r.Value, By: r.By, Language: r.Language})
	return out.GetValue(), outcome("settings", err, out.GetRefusal())
}

func (c client) Find(ctx context.Context, query json.RawMessage) (json.RawMessage, error) {
	out, err := c.rpc.Find(ctx, &modulev1.FindRequest{QueryJson: query})
	return out.GetJson(), outcome("find", err, out.GetRefusal())
}

func (c client) Info(ctx context.Context, what, language string) (json.RawMessage, error) {
	out, err := c.rpc.Info(ctx, &modulev1.InfoRequest{What: what, Language: language})
	return out.GetJson(), outcome("info", err, out.GetRefusal())
}

func (c client) Slip(ctx context.Context, r SlipRequest) ([]byte, error) {
	out, err := c.rpc.Slip(ctx, &modulev1.SlipRequest{Ref: string(r.Ref), Copy: int32(r.Copy), Format: r.Format, Encoding: r.Encoding,
		Width: int32(r.Width), Language: r.Language})
	return out.GetData(), outcome("slip", err, out.GetRefusal())
}

func (c client) Drain(ctx context.Context, grace time.Duration) (int, error) {
	out, err := c.rpc.Drain(ctx, &modulev1.DrainRequest{GraceMs: grace.Milliseconds()})
	return int(out.GetRunning()), outcome("drain", err, nil)
}

// codeNamed is the code of a name of payrack.h; 0 of one that this side does not know.
func codeNamed(name string) pay.Code {
	codes := pay.Codes()
	if i := slices.IndexFunc(codes, func(c pay.Code) bool { return c.String() == name }); i >= 0 {
		return codes[i]
	}
	return 0
}
