package client

import (
	"context"
	"encoding/json"
	"time"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// Answer answers a prompt, named by the number of its event. Repeated after a lost connection, a prompt that is gone by then is no error:
// the first answer, or somebody else's, has arrived.
func (s *Session) Answer(ctx context.Context, ref pay.Ref, number int64, value string) error {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	tries := 0
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*modulev1.AnswerResponse, error) {
		tries++
		return l.host.Answer(ctx, &modulev1.AnswerRequest{Ref: string(ref), Number: number, Value: value})
	})
	if err != nil {
		return err
	}
	err = refusal(r.GetRefusal())
	if code := pay.CodeOf(err); tries > 1 && (code == pay.ErrNotFound || code == pay.ErrState) {
		return nil
	}
	return err
}

// Cancel asks for a cancel: a request, not a result.
func (s *Session) Cancel(ctx context.Context, ref pay.Ref, reason string) error {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*modulev1.CancelResponse, error) {
		return l.host.Cancel(ctx, &modulev1.CancelRequest{Ref: string(ref), Reason: reason})
	})
	if err != nil {
		return err
	}
	return refusal(r.GetRefusal())
}

// Acknowledge says that the till has read, taken or refused an outcome. The same again is no error.
func (s *Session) Acknowledge(ctx context.Context, ref pay.Ref, ack pay.Ack, reason string) (pay.Operation, error) {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*modulev1.AcknowledgeResponse, error) {
		return l.host.Acknowledge(ctx, &modulev1.AcknowledgeRequest{Ref: string(ref), Ack: string(ack), Reason: reason})
	})
	if err != nil {
		return pay.Operation{}, err
	}
	if err := refusal(r.GetRefusal()); err != nil {
		return pay.Operation{}, err
	}
	return unpack(r.GetOperation()), nil
}

// Resolve records a person's word about an operation that nobody else can tell any more. It is never repeated by itself: after a lost
// connection Operation tells whether it arrived.
func (s *Session) Resolve(ctx context.Context, ref pay.Ref, charged bool, whoAndWhy string) (pay.Operation, error) {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	r, err := call(ctx, s, once, func(ctx context.Context, l *link) (*modulev1.ResolveResponse, error) {
		return l.host.Resolve(ctx, &modulev1.ResolveRequest{Ref: string(ref), Charged: charged, WhoAndWhy: whoAndWhy})
	})
	if err != nil {
		return pay.Operation{}, err
	}
	if err := refusal(r.GetRefusal()); err != nil {
		return pay.Operation{}, err
	}
	return unpack(r.GetOperation()), nil
}

// Pending lists the operations of this session's till that want attention, oldest first; all: of every till.
func (s *Session) Pending(ctx context.Context, all bool) ([]pay.Operation, error) {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*hostv1.PendingResponse, error) {
		return l.host.Pending(ctx, &hostv1.PendingRequest{All: all})
	})
	if err != nil {
		return nil, err
	}
	if err := refusal(r.GetRefusal()); err != nil {
		return nil, err
	}
	list := make([]pay.Operation, 0, len(r.GetOperations()))
	for _, op := range r.GetOperations() {
		list = append(list, unpack(op))
	}
	return list, nil
}

// Paper says which slip is wanted, and how.
type Paper struct {
	Copy     int    // 1 to slips; 0: a reprint, marked as one
	Format   string // text, json, escpos, png, pdf
	Encoding string // utf-8, cp1251, cp866...
	Width    int    // 24 to 64 columns; 0: the module's setting
	Language string // empty: the session's
}

// Slip renders paper of an operation.
func (s *Session) Slip(ctx context.Context, ref pay.Ref, p Paper) ([]byte, error) {
	ctx, cancel := limit(ctx, slowLimit)
	defer cancel()
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*modulev1.SlipResponse, error) {
		return l.host.Slip(ctx, &modulev1.SlipRequest{Ref: string(ref), Copy: int32(p.Copy), Format: p.Format, Encoding: p.Encoding,
			Width: int32(p.Width), Language: p.Language})
	})
	if err != nil {
		return nil, err
	}
	return r.GetData(), refusal(r.GetRefusal())
}

// Setting is a request about settings: describe, get, set, list, validate, export, import or template.
type Setting struct {
	Action, Key, Value string
	By                 string // who changes it, for the log
	Language           string
}

// Settings reads or changes the settings of a module, or the host's own where module is empty.
func (s *Session) Settings(ctx context.Context, module string, q Setting) (string, error) {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*modulev1.SettingsResponse, error) {
		return l.host.Settings(ctx, &hostv1.SettingsRequest{Module: module, Request: &modulev1.SettingsRequest{
			Action: q.Action, Key: q.Key, Value: q.Value, By: q.By, Language: q.Language}})
	})
	if err != nil {
		return "", err
	}
	return r.GetValue(), refusal(r.GetRefusal())
}

// Info is a JSON document: modules, operations and host are the host's, the rest a module's (payrack.h, pr_info).
func (s *Session) Info(ctx context.Context, module, what string) (json.RawMessage, error) {
	ctx, cancel := limit(ctx, slowLimit)
	defer cancel()
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*modulev1.InfoResponse, error) {
		return l.host.Info(ctx, &hostv1.InfoRequest{Module: module, What: what})
	})
	if err != nil {
		return nil, err
	}
	return r.GetJson(), refusal(r.GetRefusal())
}

// Find looks operations, shifts and the request log up. The query is a JSON object (module.proto, FindRequest).
func (s *Session) Find(ctx context.Context, module string, query json.RawMessage) (json.RawMessage, error) {
	ctx, cancel := limit(ctx, slowLimit)
	defer cancel()
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*modulev1.FindResponse, error) {
		return l.host.Find(ctx, &hostv1.FindRequest{Module: module, QueryJson: query})
	})
	if err != nil {
		return nil, err
	}
	return r.GetJson(), refusal(r.GetRefusal())
}

// Log writes a line into the host's log.
func (s *Session) Log(ctx context.Context, level int, text string) error {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	_, err := call(ctx, s, once, func(ctx context.Context, l *link) (*hostv1.LogResponse, error) {
		return l.host.Log(ctx, &hostv1.LogRequest{Level: int32(level), Text: text})
	})
	return err
}

// Stop ends the host; with drain it first lets running operations reach an outcome within the grace. running is how many had none. A host
// that left before its answer arrived has stopped.
func (s *Session) Stop(ctx context.Context, drain bool, grace time.Duration) (running int, err error) {
	ctx, cancel := limit(ctx, grace+slowLimit)
	defer cancel()
	r, err := call(ctx, s, once, func(ctx context.Context, l *link) (*hostv1.StopResponse, error) {
		r, err := l.host.Stop(ctx, &hostv1.StopRequest{Drain: drain, GraceMs: grace.Milliseconds()})
		if err != nil && ctx.Err() == nil && lost(ctx, l, err) {
			return &hostv1.StopResponse{}, nil
		}
		return r, err
	})
	return int(r.GetRunning()), err
}
