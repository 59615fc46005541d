package host

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// mostListed bounds a list of operations.
const mostListed = 1000

// Info implements hostv1.HostServiceServer. The documents stand in the package's comment.
func (a *api) Info(ctx context.Context, in *hostv1.InfoRequest) (*modulev1.InfoResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := a.h.info(ctx, s, in.GetModule(), in.GetWhat())
	return &modulev1.InfoResponse{Json: raw, Refusal: a.refuse(s, "info", err, "module", shorten(in.GetModule(), 40), "what", shorten(in.GetWhat(), 40))}, nil
}

func (h *Host) info(ctx context.Context, s *session, id, what string) (json.RawMessage, error) {
	var r *resident
	if id != "" {
		if r = h.residents[id]; r == nil {
			return nil, noModule(id)
		}
	}
	switch {
	case what == "host" && r == nil:
		return document(h.hostInfo(s))
	case what == "operations":
		return h.operationsInfo(ctx, s, id)
	case what == "modules" && r != nil:
		return document(r.info())
	case what == "modules":
		list := []map[string]any{}
		for _, id := range h.ids {
			list = append(list, h.residents[id].info())
		}
		return document(list)
	case what == "health" && r != nil:
		return document(r.healthInfo())
	case what == "health":
		return document(h.healthInfo())
	case r != nil:
		return r.ownInfo(ctx, what, s.lang())
	}
	all := map[string]json.RawMessage{}
	for _, r := range h.enabled() {
		raw, err := r.ownInfo(ctx, what, s.lang())
		if err != nil {
			refusal := Fill(err, s.lang())
			raw, err = document(map[string]any{"error": refusal.Code.String(), "text": refusal.Text})
		}
		if err != nil {
			return nil, err
		}
		all[r.id] = raw
	}
	return document(all)
}

func document(v any) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrInternal, Cause: err}
	}
	return raw, nil
}

// ownInfo is a module's own document.
func (r *resident) ownInfo(ctx context.Context, what, language string) (json.RawMessage, error) {
	if _, err := r.ready(ctx); err != nil && pay.CodeOf(err) == pay.ErrModuleDown {
		return nil, err
	}
	l, err := r.any()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, documentLimit)
	defer cancel()
	out, err := l.rpc.Info(ctx, &modulev1.InfoRequest{What: what, Language: language})
	if err != nil {
		return nil, unsaid(err)
	}
	return out.GetJson(), module.FromRefusal(out.GetRefusal())
}

// unsaid is asked for a call that has nothing to do with money.
func unsaid(err error) error {
	err = asked(err)
	if e, ok := errors.AsType[*pay.Error](err); ok && e.MayHaveMoved {
		return &pay.Error{Code: e.Code, Text: e.Text, Hint: e.Hint, Cause: e.Cause}
	}
	return err
}

func (h *Host) hostInfo(s *session) map[string]any {
	manifest := "on"
	if !h.manifest {
		manifest = "off"
	} else if _, err := os.Stat(h.place.Manifest()); err != nil {
		manifest = "missing"
	}
	role := "receiver"
	if h.full(s) {
		role = "full"
	}
	set := h.settings.Load()
	h.mu.Lock()
	defer h.mu.Unlock()
	return map[string]any{"version": h.o.Version, "pid": os.Getpid(), "started": h.started, "home": h.place.Home, "data": h.place.Data,
		"address": h.address, "language": set.Language, "role": role, "pin_set": h.pins.any(), "manifest": manifest, "sessions": len(h.sessions),
		"following": len(h.follows), "idle_minutes": int(set.Idle / time.Minute), "service": h.o.Service, "draining": h.draining,
		"log": h.logFile.Path(), "lost_log_lines": h.logFile.Lost()}
}

// info is the module's description with the host's view of it.
func (r *resident) info() map[string]any {
	doc := r.healthInfo()
	r.mu.Lock()
	defer r.mu.Unlock()
	var about map[string]any
	if json.Unmarshal(r.about, &about) == nil {
		for name, value := range about {
			name = strings.ToLower(name)
			if _, taken := doc[name]; !taken {
				doc[name] = value
			}
		}
	}
	doc["version"] = r.version
	doc["enabled"] = r.host.settings.Load().Enabled(r.id)
	if r.life != nil {
		doc["pid"] = r.life.running.PID()
	}
	return doc
}

func (r *resident) healthInfo() map[string]any {
	state := r.shownState()
	r.mu.Lock()
	defer r.mu.Unlock()
	doc := map[string]any{"id": r.id, "state": state, "text": r.health.Text, "busy": r.health.Busy}
	if r.health.Code != 0 {
		doc["code"] = r.health.Code.String()
	}
	if len(r.health.JSON) > 0 && json.Valid(r.health.JSON) {
		doc["detail"] = r.health.JSON
	}
	return doc
}

// shownState is disabled of a module that is switched off, though it may run for what is open.
func (r *resident) shownState() string {
	if !r.host.settings.Load().Enabled(r.id) {
		return stateDisabled
	}
	return r.state()
}

// severity orders the states of health, the best first.
var severity = []string{stateDisabled, "ok", stateStarting, stateDraining, "degraded", "blocked", stateDown, stateQuarantined}

func (h *Host) healthInfo() map[string]any {
	worst, words := "ok", ""
	list := []map[string]any{}
	for _, id := range h.ids {
		one := h.residents[id].healthInfo()
		list = append(list, one)
		state, _ := one["state"].(string)
		if slices.Index(severity, state) > slices.Index(severity, worst) {
			worst = state
			words, _ = one["text"].(string)
		}
	}
	if h.isDraining() {
		worst = stateDraining
	}
	return map[string]any{"state": worst, "text": words, "modules": list}
}

// operationsInfo lists today's operations by the index, so that it answers while modules are away.
func (h *Host) operationsInfo(ctx context.Context, s *session, id string) (json.RawMessage, error) {
	pos := s.pos
	if h.full(s) {
		pos = ""
	}
	entries, err := h.index.Since(ctx, pos, today(), mostListed)
	if err != nil {
		return nil, err
	}
	list := []pay.Operation{}
	for _, e := range entries {
		if id == "" || e.Module == id {
			view := e.View()
			view.Running = e.State == "running" || e.State == "taken"
			list = append(list, view)
		}
	}
	return document(list)
}

// today is the start of the local day.
func today() time.Time {
	y, m, d := time.Now().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.Local)
}

// look asks a module for one operation.
func (h *Host) look(ctx context.Context, l *life, ref pay.Ref) (pay.Operation, error) {
	var op pay.Operation
	query, err := json.Marshal(map[string]any{"what": "operation", "ref": ref})
	if err != nil {
		return op, err
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	raw, err := l.running.Service.Find(ctx, query)
	if err != nil {
		return op, unsaid(err)
	}
	if err := json.Unmarshal(raw, &op); err != nil || op.Ref != ref {
		return pay.Operation{}, &pay.Error{Code: pay.ErrInternal, Cause: errors.Join(errors.New("the module's answer names no operation"), err)}
	}
	return op, nil
}

// Find implements hostv1.HostServiceServer.
func (a *api) Find(ctx context.Context, in *hostv1.FindRequest) (*modulev1.FindResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	var raw json.RawMessage
	err = func() error {
		r := a.h.residents[in.GetModule()]
		if r == nil {
			return noModule(in.GetModule())
		}
		query, err := a.h.mayFind(ctx, s, in.GetQueryJson())
		if err != nil {
			return err
		}
		l, err := r.ready(ctx)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, documentLimit)
		defer cancel()
		if raw, err = l.running.Service.Find(ctx, query); err != nil {
			return unsaid(err)
		}
		return nil
	}()
	return &modulev1.FindResponse{Json: raw, Refusal: a.refuse(s, "find", err, "module", shorten(in.GetModule(), 40), "query", shorten(string(in.GetQueryJson()), 400))}, nil
}
