package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// How far the till's clock may be from a server's.
const (
	clockOff   = time.Minute
	clockWrong = 5 * time.Minute
)

// probeLimit is how long the way to one provider is tried.
const probeLimit = 45 * time.Second

// told is what the host says of one module.
type told struct {
	ID      string `json:"id"`
	Enabled *bool  `json:"enabled"`
	State   string `json:"state"`
	Text    string `json:"text"`
	Code    string `json:"code"`
	Health  *struct {
		State string `json:"state"`
		Text  string `json:"text"`
	} `json:"health"`
}

func (t told) state() (state, text string) {
	if t.Health != nil && t.State == "" {
		return t.Health.State, t.Health.Text
	}
	return t.State, t.Text
}

// modules examines each module that is switched on.
func (x *examination) modules() {
	raw, err := x.Host.Info(x.ctx, "", "modules")
	if err != nil {
		x.refused("modules", Error, err)
		return
	}
	var list []told
	var envelope struct {
		Modules []told `json:"modules"`
	}
	if json.Unmarshal(raw, &list) != nil && json.Unmarshal(raw, &envelope) == nil {
		list = envelope.Modules
	}
	on := 0
	for _, m := range list {
		if m.Enabled != nil && !*m.Enabled {
			continue
		}
		on++
		x.module(m)
	}
	if on == 0 {
		x.found("modules", Warning, pay.CodeOK, "modules.none")
	}
}

// class is the code of a module's trouble.
func (t told) class() pay.Code {
	for _, code := range pay.Codes() {
		if t.Code != "" && code.String() == t.Code {
			return code
		}
	}
	return pay.ErrConfig
}

// folder: what a module cannot write keeps it from starting, and it could only say that it is away.
func (x *examination) folder(id string) bool {
	folder := x.Place.ModuleData(id)
	if err := writable(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		x.found(id, Error, pay.ErrConfig, "module.read_only", "Folder", folder, "Error", err.Error())
		return false
	}
	return true
}

func (x *examination) module(m told) {
	if !x.folder(m.ID) {
		return
	}
	if !x.moduleSettings(m.ID) {
		return // what follows would only repeat it
	}
	state, text := m.state()
	switch state {
	case "down", "quarantined", "starting":
		x.found(m.ID, Error, pay.ErrModuleDown, "module."+state, "Module", m.ID, "Text", text)
		return
	case "draining":
		x.found(m.ID, Warning, pay.CodeOK, "module.draining", "Module", m.ID)
	case "blocked":
		if m.class() == pay.ErrNotActive && x.serverless(m.ID) { // it cannot be activated either
			x.journal(m.ID)
			return
		}
		x.found(m.ID, Error, m.class(), "module.blocked", "Module", m.ID, "Text", text)
		if m.class() != pay.ErrNotActive { // of its activation and its connection it knows nothing now
			x.journal(m.ID)
			return
		}
	case "degraded":
		x.found(m.ID, Warning, pay.CodeOK, "module.degraded", "Module", m.ID, "Text", text)
	default:
		x.found(m.ID, OK, pay.CodeOK, "module", "Module", m.ID)
	}
	x.journal(m.ID)
	x.templates(m.ID)
	if x.activation(m.ID) {
		x.connection(m.ID)
	}
}

// moduleSettings asks the module whether its INI file is sound.
func (x *examination) moduleSettings(id string) bool {
	problems, err := x.Host.Settings(x.ctx, id, client.Setting{Action: "validate", Language: x.Language})
	switch code := pay.CodeOf(err); {
	case err == nil && !anything(problems):
		x.found(id+".ini", OK, pay.CodeOK, "ini", "File", x.settingsFiles()[id])
		return true
	case err == nil:
		x.record(Finding{ID: id + ".ini", Status: Error, Code: pay.ErrConfig, Detail: problems, Fix: x.say("ini.fix", "File", x.settingsFiles()[id])})
		return false
	case code == pay.ErrConfig: // its hint sends to doctor
		x.record(Finding{ID: id + ".ini", Status: Error, Code: code, Detail: text.Fill(err, x.Language).Text, Fix: x.say("ini.fix", "File", x.settingsFiles()[id])})
		return false
	case code == pay.ErrUnsupported:
		return true
	}
	x.refused(id+".ini", Error, err)
	return pay.CodeOf(err) != pay.ErrModuleDown
}

// anything says whether a list of problems holds one.
func anything(problems string) bool {
	return problems != "" && problems != "[]" && problems != "null" && problems != "{}" && problems != "ok"
}

// journal: the module checks it whole.
func (x *examination) journal(id string) {
	if _, err := x.Host.Info(x.ctx, id, "journal"); err != nil {
		x.refused(id+".journal", Error, err)
		return
	}
	x.found(id+".journal", OK, pay.CodeOK, "journal", "Module", id)
}

// templates tries the store's own slip templates, before a customer waits. A module without slips has none.
func (x *examination) templates(id string) {
	raw, err := x.Host.Info(x.ctx, id, "templates")
	if err != nil {
		return
	}
	state := struct {
		OK      *bool  `json:"ok"`
		Problem string `json:"problem"`
	}{}
	if json.Unmarshal(raw, &state) != nil || state.OK == nil || *state.OK {
		return
	}
	x.record(Finding{ID: id + ".slips", Status: Warning, Code: pay.ErrConfig, Detail: state.Problem, Fix: x.say("templates.fix")})
}

// activation says whether the terminal may work. A module that knows no activation may.
func (x *examination) activation(id string) bool {
	raw, err := x.Host.Info(x.ctx, id, "activation")
	if pay.CodeOf(err) == pay.ErrUnsupported {
		return true
	}
	if err != nil {
		x.refused(id+".activation", Error, err)
		return false
	}
	state := struct {
		Active   *bool  `json:"active"`
		Terminal string `json:"terminal_id"`
	}{}
	if err := json.Unmarshal(raw, &state); err != nil || state.Active == nil {
		return true
	}
	if !*state.Active {
		x.found(id+".activation", Error, pay.ErrNotActive, "activation.none", "Module", id)
		return false
	}
	if state.Terminal != "" { // a module whose terminals are not activated has none
		x.found(id+".activation", OK, pay.CodeOK, "activation", "Terminal", state.Terminal)
	}
	return true
}

// serverless says whether the module cannot ask its provider because of its settings, and lists that.
func (x *examination) serverless(id string) bool {
	ctx, cancel := context.WithTimeout(x.ctx, probeLimit)
	defer cancel()
	raw, err := x.Host.Info(ctx, id, "link")
	var p probe
	if err != nil || json.Unmarshal(raw, &p) != nil || p.OK || p.Code != pay.ErrConfig {
		return false
	}
	x.found(id+".settings", Error, p.Code, "settings", "Module", id, "Text", p.Error)
	return true
}

// probe is what a module says of the way to its provider.
type probe struct {
	OK         bool      `json:"ok"`
	Error      string    `json:"error"`
	Code       pay.Code  `json:"code"`
	ServerTime time.Time `json:"server_time"`
	Latency    int64     `json:"latency_ns"`
	Notes      []string  `json:"notes"`
}

// connection tries the way to the provider, TLS included, and compares the clocks.
func (x *examination) connection(id string) {
	ctx, cancel := context.WithTimeout(x.ctx, probeLimit)
	defer cancel()
	raw, err := x.Host.Info(ctx, id, "link")
	switch {
	case pay.CodeOf(err) == pay.ErrUnsupported:
		return
	case err != nil:
		x.refused(id+".connection", Error, err)
		return
	}
	var p probe
	if err := json.Unmarshal(raw, &p); err != nil {
		x.refused(id+".connection", Error, &pay.Error{Code: pay.ErrInternal, Cause: err})
		return
	}
	if !p.OK {
		x.unconnected(id, p)
	} else {
		x.found(id+".connection", OK, pay.CodeOK, "connection", "Milliseconds", p.Latency/int64(time.Millisecond))
	}
	if !p.ServerTime.IsZero() {
		x.clock(id, p.ServerTime)
	}
	for _, note := range p.Notes {
		x.record(Finding{ID: id + ".note", Status: Warning, Detail: note})
	}
}

func (x *examination) unconnected(id string, p probe) {
	code := cmp.Or(p.Code, pay.ErrOffline)
	if code == pay.ErrConfig { // nothing was tried
		x.found(id+".settings", Error, code, "settings", "Module", id, "Text", p.Error)
		return
	}
	words := "connection.offline"
	switch code {
	case pay.ErrTLS:
		words = "connection.tls"
	case pay.ErrAuth:
		words = "connection.auth"
	case pay.ErrClock:
		words = "connection.clock"
	}
	x.found(id+".connection", Error, code, words, "Module", id, "Text", p.Error)
}

func (x *examination) clock(id string, server time.Time) {
	off := x.Now().Sub(server)
	words, status, code := "clock", OK, pay.CodeOK
	switch {
	case off.Abs() >= clockWrong:
		words, status, code = "clock.wrong", Error, pay.ErrClock
	case off.Abs() >= clockOff:
		words, status = "clock.off", Warning
	}
	x.found(id+".clock", status, code, words, "Seconds", int64(off.Abs().Round(time.Second)/time.Second), "Server", server.In(x.Zone).Format("15:04:05 -07:00"))
}

// pending: what wants a person's attention.
func (x *examination) pending() {
	list, err := x.Host.Pending(x.ctx, true)
	if err != nil {
		x.refused("pending", Error, err)
		return
	}
	if len(list) == 0 {
		x.found("pending", OK, pay.CodeOK, "pending.none")
		return
	}
	for _, op := range list {
		words := "pending." + op.Pending
		if x.say(words) == "cli.doctor."+words {
			words = "pending"
		}
		x.found("pending", Warning, pay.CodeOK, words, "Ref", string(op.Ref), "Module", op.Module, "Pos", op.PosID, "Amount", op.Amount.String(), "Why", op.Pending)
	}
}
