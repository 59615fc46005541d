package host

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/payrack/payrack/ini"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	modulev1 "github.com/payrack/payrack/internal/rpc/payrack/module/v1"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// keyEnabled is the one setting of a module that is the host's: it stands in payrack.ini as Disabled.
const keyEnabled = "Enabled"

// Settings implements hostv1.HostServiceServer: the host's own settings, or a module's.
func (a *api) Settings(ctx context.Context, in *hostv1.SettingsRequest) (*modulev1.SettingsResponse, error) {
	s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	q := in.GetRequest()
	if q == nil {
		q = &modulev1.SettingsRequest{}
	}
	value := ""
	err = func() (err error) {
		if q.GetAction() == "set" || q.GetAction() == "import" || q.GetAction() == "change" {
			if err := a.h.needFull(s); err != nil {
				return err
			}
		}
		if in.GetModule() == "" {
			value, err = a.h.ownSettings(q, languageOf(q.GetLanguage(), s.lang()))
			return err
		}
		r := a.h.residents[in.GetModule()]
		if r == nil {
			return noModule(in.GetModule())
		}
		q.By, q.Language = s.by(), languageOf(q.GetLanguage(), s.lang())
		value, err = r.settings(ctx, q)
		return err
	}()
	// Values are left out: a module knows which of them are secrets, the host does not.
	return &modulev1.SettingsResponse{Value: value, Refusal: a.refuse(s, "settings", err, "module", shorten(in.GetModule(), 40),
		"action", shorten(q.GetAction(), 20), "key", shorten(q.GetKey(), 60))}, nil
}

// settings asks a module, except for Enabled.
func (r *resident) settings(ctx context.Context, q *modulev1.SettingsRequest) (string, error) {
	if strings.EqualFold(q.GetKey(), keyEnabled) && (q.GetAction() == "get" || q.GetAction() == "set") {
		return r.host.enable(r, q)
	}
	if _, err := r.ready(ctx); err != nil && pay.CodeOf(err) == pay.ErrModuleDown {
		return "", err
	}
	l, err := r.any()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, documentLimit)
	defer cancel()
	out, err := l.rpc.Settings(ctx, q)
	if err != nil {
		return "", unsaid(err)
	}
	if err := module.FromRefusal(out.GetRefusal()); err != nil {
		return "", err
	}
	if q.GetAction() == "set" || q.GetAction() == "import" || q.GetAction() == "change" {
		r.nudge() // what kept it from working may be mended
	}
	return out.GetValue(), nil
}

// enable reads or changes whether a module may begin operations.
func (h *Host) enable(r *resident, q *modulev1.SettingsRequest) (string, error) {
	if q.GetAction() == "get" {
		if h.settings.Load().Enabled(r.id) {
			return "yes", nil
		}
		return "no", nil
	}
	var on bool
	switch strings.ToLower(strings.TrimSpace(q.GetValue())) {
	case "yes", "on", "1", "true", "да":
		on = true
	case "no", "off", "0", "false", "нет":
	default:
		return "", &pay.Error{Code: pay.ErrArgument, Text: keyEnabled + ": yes or no"}
	}
	off := slices.DeleteFunc(slices.Clone(h.settings.Load().Disabled), func(id string) bool { return strings.EqualFold(id, r.id) })
	if !on {
		off = append(off, r.id)
	}
	_, err := h.change(func(f *ini.File) error { return f.Set("Disabled", strings.Join(off, ",")) }, "ru")
	return "", err
}

// ownSettings are those of payrack.ini.
func (h *Host) ownSettings(q *modulev1.SettingsRequest, language string) (string, error) {
	schema, err := Schema()
	if err != nil {
		return "", &pay.Error{Code: pay.ErrInternal, Cause: err}
	}
	switch q.GetAction() {
	case "describe":
		raw, err := json.Marshal(schema)
		return string(raw), err
	case "template":
		return string(schema.Template(language)), nil
	case "validate":
		return h.validate(q.GetValue(), language)
	case "set":
		if err := h.refuseData(schema, q.GetKey()); err != nil {
			return "", err
		}
		return h.change(func(f *ini.File) error { return f.Set(q.GetKey(), q.GetValue()) }, language)
	case "import":
		return h.change(func(f *ini.File) error { return h.importInto(f, schema, q.GetValue()) }, language)
	}
	file, err := h.settingsFile()
	if err != nil {
		return "", settingsError(err, language)
	}
	switch q.GetAction() {
	case "get":
		value, ok := file.Get(q.GetKey())
		if !ok {
			return "", text.Refuse(pay.ErrArgument, "host.no_key", map[string]any{"Key": shorten(q.GetKey(), 40)}, nil)
		}
		return value, nil
	case "list":
		raw, err := json.Marshal(file.Values())
		return string(raw), err
	case "export":
		return string(ini.ExportText(file)), nil
	}
	return "", text.Refuse(pay.ErrArgument, "refused.action", map[string]any{"Word": shorten(q.GetAction(), 40)}, nil)
}

// validate checks a text, or the file as it is where the text is empty.
func (h *Host) validate(content, language string) (string, error) {
	raw := []byte(content)
	if content == "" {
		var err error
		if raw, err = os.ReadFile(h.place.Settings()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", settingsError(err, language)
		}
	}
	if err := CheckSettings(raw); err != nil {
		return "", settingsError(err, language)
	}
	return "", nil
}

// importInto takes an INI text, whose keys of one installation are left out, or a JSON object of values.
func (h *Host) importInto(f *ini.File, schema ini.Schema, content string) error {
	var values map[string]string
	if json.Unmarshal([]byte(content), &values) == nil {
		for key := range values {
			if err := h.refuseData(schema, key); err != nil {
				return err
			}
		}
		return f.Change(values)
	}
	return ini.Import(f, []byte(content))
}

// settingsFile is payrack.ini, or one of defaults in memory where there is none.
func (h *Host) settingsFile() (*ini.File, error) {
	h.filing.Lock()
	defer h.filing.Unlock()
	if h.file != nil {
		return h.file, nil
	}
	return ini.Parse(nil, new(Settings))
}

// change writes payrack.ini, making it first where there is none, and lets what can take effect at once.
func (h *Host) change(f func(*ini.File) error, language string) (string, error) {
	h.filing.Lock()
	defer h.filing.Unlock()
	if h.file == nil {
		schema, err := Schema()
		if err != nil {
			return "", &pay.Error{Code: pay.ErrInternal, Cause: err}
		}
		if _, err := ini.Ensure(h.place.Settings(), schema, h.language()); err != nil {
			return "", settingsError(err, language)
		}
		if h.file, err = ini.Load(h.place.Settings(), new(Settings)); err != nil {
			h.file = nil
			return "", settingsError(err, language)
		}
	}
	if err := f(h.file); err != nil {
		return "", settingsError(err, language)
	}
	next := new(Settings)
	if err := h.file.Decode(next); err != nil {
		return "", &pay.Error{Code: pay.ErrInternal, Cause: err}
	}
	h.settings.Store(next)
	for _, r := range h.enabled() {
		h.startModule(r)
	}
	h.changed.fire()
	return "", nil
}
