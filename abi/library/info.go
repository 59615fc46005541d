package library

import (
	"strings"
	"unicode"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// Version is pr_version.
func (l *Library) Version() Output { return said(l.options.Version, nil) }

// ErrorText is pr_error_text: what a code means. It needs no session.
func (l *Library) ErrorText(th Thread, code int32, language Text) Output {
	lang, err := plain(language, "language", nil)
	if err == nil {
		err = l.barred(th)
	}
	if err != nil {
		return refused(l.reject(th, pay.CodeOf(err)))
	}
	cause, _ := words().Error(pay.Code(code), lang)
	return said(cause, nil)
}

// Info is pr_info.
func (l *Library) Info(th Thread, handle int32, module, what Text) Output {
	return l.ask(th, handle, func(s *session) (Output, error) {
		m, err := plain(module, "module", nil)
		if err != nil {
			return Output{}, err
		}
		w, err := plain(what, "what", nil)
		if err != nil {
			return Output{}, err
		}
		doc, err := s.client.Info(s.ctx, m, w)
		return document(doc, s.encoding()), err
	})
}

// Setting is pr_setting.
func (l *Library) Setting(th Thread, handle int32, module, key Text) Output {
	return l.ask(th, handle, func(s *session) (Output, error) {
		v, err := s.setting(module, key, Text{}, "get")
		return said(v, s.encoding()), err
	})
}

// SetSetting is pr_set_setting.
func (l *Library) SetSetting(th Thread, handle int32, module, key, value Text) pay.Code {
	return l.ask(th, handle, func(s *session) (Output, error) {
		_, err := s.setting(module, key, value, "set")
		return Output{}, err
	}).Code
}

func (s *session) setting(module, key, value Text, action string) (string, error) {
	m, err := plain(module, "module", nil)
	if err != nil {
		return "", err
	}
	k, err := plain(key, "key", nil)
	if err == nil && k == "" {
		err = local(pay.ErrArgument, "refused.empty", of("Name", "key"))
	}
	if err != nil {
		return "", err
	}
	v, err := plain(value, "value", s.encoding())
	if err != nil {
		return "", err
	}
	ctx, cancel := s.short()
	defer cancel()
	return s.client.Settings(ctx, m, client.Setting{Action: action, Key: k, Value: v})
}

// Log is pr_log: level as in hclog, 1 trace to 5 error. The text becomes one line.
func (l *Library) Log(th Thread, handle, level int32, line Text) pay.Code {
	return l.ask(th, handle, func(s *session) (Output, error) {
		t, err := read(line, "text", s.encoding())
		if err != nil {
			return Output{}, err
		}
		t = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, t)
		ctx, cancel := s.short()
		defer cancel()
		return Output{}, s.client.Log(ctx, int(level), t)
	}).Code
}

// Unsupported is what the calls answer that this version does not have yet.
func (l *Library) Unsupported(th Thread, handle int32) pay.Code {
	return l.ask(th, handle, func(*session) (Output, error) { return Output{}, &pay.Error{Code: pay.ErrUnsupported} }).Code
}

// ask runs a call on a session and records its refusal.
func (l *Library) ask(th Thread, handle int32, f func(*session) (Output, error)) Output {
	s, code := l.session(th, handle)
	if code < 0 {
		return refused(code)
	}
	out, err := f(s)
	if err != nil {
		return refused(s.refuse(th, err))
	}
	return out
}
