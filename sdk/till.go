package sdk

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Begin implements module.Service.
func (s *Service) Begin(ctx context.Context, r module.Request) (pay.Operation, bool, error) {
	sh, err := s.running()
	if err != nil {
		return pay.Operation{}, false, err
	}
	s.refresh()
	if code := r.Params.Code; code != "" {
		s.log.RegisterPassing(code)
	}
	if card := r.Params.Card; card != "" {
		s.log.RegisterPassing(card)
	}
	op, existed, err := sh.Begin(ctx, r.Request, r.Digest)
	return op, existed, s.refuse(err, r.Language)
}

// Watch implements module.Service.
func (s *Service) Watch(ctx context.Context, ref pay.Ref, after int64, attend bool, emit func(pay.Event) error) error {
	sh, err := s.running()
	if err != nil {
		return err
	}
	return s.refuse(sh.Watch(ctx, ref, after, attend, emit), "")
}

// Answer implements module.Service.
func (s *Service) Answer(ctx context.Context, ref pay.Ref, number int64, value, by string) error {
	sh, err := s.running()
	if err != nil {
		return err
	}
	return s.refuse(sh.Answer(ctx, ref, number, value, by), "")
}

// Cancel implements module.Service.
func (s *Service) Cancel(ctx context.Context, ref pay.Ref, reason, by string) error {
	sh, err := s.running()
	if err != nil {
		return err
	}
	return s.refuse(sh.Cancel(ctx, ref, reason, by), "")
}

// Acknowledge implements module.Service.
func (s *Service) Acknowledge(ctx context.Context, ref pay.Ref, ack pay.Ack, reason, by string) (pay.Operation, error) {
	sh, err := s.running()
	if err != nil {
		return pay.Operation{}, err
	}
	op, err := sh.Acknowledge(ctx, ref, ack, reason, by)
	return op, s.refuse(err, "")
}

// Resolve implements module.Service.
func (s *Service) Resolve(ctx context.Context, ref pay.Ref, charged bool, whoAndWhy string) (pay.Operation, error) {
	sh, err := s.running()
	if err != nil {
		return pay.Operation{}, err
	}
	op, err := sh.Resolve(ctx, ref, charged, whoAndWhy)
	return op, s.refuse(err, "")
}

// Drain implements module.Service.
func (s *Service) Drain(ctx context.Context, grace time.Duration) (int, error) {
	sh, err := s.running()
	if err != nil {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	return sh.Drain(ctx), nil
}

// Rest implements module.Rester.
func (s *Service) Rest(ctx context.Context) {
	if sh, err := s.running(); err == nil {
		sh.Rest(ctx)
	}
}

// settle is how much later than a change the state of health is looked at, so that a payment in hand does not pay for it.
const settle = 50 * time.Millisecond

// Health implements module.Service.
func (s *Service) Health(ctx context.Context, report func(module.Health) error) error {
	sh, err := s.running()
	if err != nil {
		return err
	}
	var last module.Health
	for started := false; ; started = true {
		changes := sh.Changes()
		now := s.health(ctx)
		if !started || now.State != last.State || now.Busy != last.Busy || now.Code != last.Code || now.Text != last.Text {
			if err := report(now); err != nil {
				return err
			}
			last = now
		}
		select {
		case <-changes:
		case <-s.mending():
			s.refresh()
		case <-ctx.Done():
			return nil
		}
		select {
		case <-time.After(settle):
		case <-ctx.Done():
			return nil
		}
	}
}

// unready is why the driver can begin nothing now; nil: it can.
func (s *Service) unready() error {
	if r, ok := s.current().(provider.Readier); ok {
		return r.Ready()
	}
	return nil
}

// paysOutOnly says of a module that it pays out and takes nothing: while its service is away, the till has no other tender to offer than cash.
func (s *Service) paysOutOnly() bool {
	return slices.Contains(s.m.About.Kinds, pay.KindPayout) && !slices.ContainsFunc(s.m.About.Kinds, pay.Kind.Payment)
}

// health is the present state: blocked means cash only.
func (s *Service) health(ctx context.Context) module.Health {
	s.mu.Lock()
	sh, broken := s.shell, s.broken
	s.mu.Unlock()
	h := module.Health{State: "ok", Busy: sh.Busy()}
	set := func(state string, code pay.Code) {
		h.State, h.Code = state, code
		h.Text, _ = s.words.Error(code, s.language())
	}
	ok, code, _, _ := sh.Provider()
	switch {
	case sh.Draining():
		set("draining", pay.ErrModuleDown)
	case broken != nil:
		set("blocked", pay.ErrConfig)
		h.Text = s.problem(broken)
	case !s.active(ctx):
		set("blocked", pay.ErrNotActive)
	case s.unready() != nil:
		refusal := s.words.Fill(s.unready(), s.language())
		set("blocked", refusal.Code)
		h.Text = strings.TrimSpace(refusal.Text + " " + refusal.Hint)
	case !ok:
		set("degraded", code)
	}
	detail := map[string]bool{}
	if h.State == "blocked" || !ok && s.paysOutOnly() {
		detail["cash_only"] = true
	}
	if t, ok := s.current().(provider.Trier); ok && t.Trial() {
		detail["test"] = true
	}
	if len(detail) > 0 {
		h.JSON, _ = json.Marshal(detail) // of booleans it never fails
	}
	return h
}
