package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"

	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/slip"
)

// Info implements module.Service: capabilities, settings, activation, registration, counters, shift, health, link, journal.
// Only counters and link ask the provider.
func (s *Service) Info(ctx context.Context, what, language string) (json.RawMessage, error) {
	if _, err := s.running(); err != nil {
		return nil, err
	}
	s.refresh()
	document, err := s.info(ctx, what)
	if err != nil {
		return nil, s.refuse(err, language)
	}
	raw, err := json.Marshal(document)
	return raw, s.refuse(err, language)
}

func (s *Service) info(ctx context.Context, what string) (any, error) {
	switch what {
	case "capabilities":
		return s.capabilities(), nil
	case "settings":
		return s.values(), nil
	case "activation":
		return s.activation(ctx)
	case "shift":
		return s.shift(ctx)
	case "health":
		return s.health(ctx), nil
	case "link":
		return s.link(ctx)
	case "journal":
		if err := s.journal.Check(ctx); err != nil {
			return nil, err
		}
		own, theirs, err := s.journal.HighestNumbers(ctx)
		return map[string]any{"ok": true, "number": own, "provider_number": theirs, "log": s.log.Path(), "lost_log_lines": s.log.Lost()}, err
	case "counters":
		return s.counters(ctx)
	case "templates":
		return s.templates(), nil
	}
	if i, ok := s.current().(provider.Informer); ok {
		return i.Info(ctx, what)
	}
	return nil, &pay.Error{Code: pay.ErrUnsupported, Text: what}
}

// current is the driver that works now.
func (s *Service) current() provider.Driver { return s.shell.Driver() }

func (s *Service) capabilities() map[string]any {
	d := s.current()
	able := []string{}
	add := func(name string, has bool) {
		if has {
			able = append(able, name)
		}
	}
	_, cancels := d.(provider.Canceller)
	_, reverses := d.(provider.Reverser)
	_, refunds := d.(provider.Refunder)
	_, counts := d.(provider.ShiftKeeper)
	_, activates := d.(provider.Activator)
	add("cancel", cancels)
	add("reverse", reverses || refunds)
	add("refund", refunds)
	add("provider_shift", counts)
	add("activate", activates)
	about := s.m.About
	return map[string]any{"id": about.ID, "version": about.Version, "title": about.Title, "kinds": about.Kinds, "systems": about.Systems,
		"abilities": able, "features": about.Features, "commands": s.shell.Commands(),
		// Nowhere does a QR code go by itself yet: the till shows or prints it.
		"qr_place": ""}
}

func (s *Service) activation(ctx context.Context) (provider.ActivationState, error) {
	a, ok := s.current().(provider.Activator)
	if !ok {
		return provider.ActivationState{Active: true, AttemptsLeft: -1}, nil
	}
	return a.Activation(ctx)
}

// active says whether nothing is left to do before the first payment. What cannot be told counts as active: the provider will say.
func (s *Service) active(ctx context.Context) bool {
	state, err := s.activation(ctx)
	return err != nil || state.Active
}

func (s *Service) counters(ctx context.Context) (any, error) {
	own, theirs, err := s.journal.HighestNumbers(ctx)
	if err != nil {
		return nil, err
	}
	document := map[string]any{"number": own, "provider_number": theirs}
	if k, ok := s.current().(provider.ShiftKeeper); ok {
		counters, err := k.Counters(ctx)
		if err != nil {
			return nil, err
		}
		document["provider_next"], document["provider_shift"] = counters.Next, counters.Shift
		if !counters.Time.IsZero() {
			document["provider_time"] = counters.Time
		}
	}
	return document, nil
}

func (s *Service) shift(ctx context.Context) (any, error) {
	current, err := s.journal.CurrentShift(ctx)
	if err != nil {
		return nil, err
	}
	ref, again, err := s.shell.CloseRef(ctx)
	if err != nil {
		return nil, err
	}
	document := map[string]any{"shift": current.Number, "open": !current.Opened.IsZero(), "close_ref": ref, "empty": again}
	if !current.Opened.IsZero() {
		document["opened"] = current.Opened
	}
	return document, nil
}

// templates says what is wrong with the store's own slip templates; the built-in ones are printed instead of those.
func (s *Service) templates() map[string]any {
	if err := (slip.Templates{Dir: filepath.Join(s.opening.Data, "slips")}).Check(); err != nil {
		return map[string]any{"ok": false, "problem": err.Error()}
	}
	if d, ok := s.current().(Statements); ok {
		if err := d.CheckStatement(); err != nil {
			return map[string]any{"ok": false, "problem": err.Error()}
		}
	}
	return map[string]any{"ok": true}
}

// link tries the way to the provider, for doctor.
func (s *Service) link(ctx context.Context) (any, error) {
	p, ok := s.current().(provider.Prober)
	if !ok {
		return nil, &pay.Error{Code: pay.ErrUnsupported}
	}
	return p.Probe(ctx)
}

// problem is an error of the settings in the user's language.
func (s *Service) problem(err error) string {
	if problems, ok := errors.AsType[ini.Problems](err); ok {
		return problems.Text(s.language())
	}
	if problem, ok := errors.AsType[*ini.Problem](err); ok {
		return problem.Text(s.language())
	}
	if refusal := s.words.Fill(err, s.language()); refusal != nil && refusal.Code != pay.ErrInternal {
		return refusal.Text
	}
	return err.Error()
}
