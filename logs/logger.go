package logs

import (
	"fmt"
	"io"
	"log"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/go-hclog"
)

// logger masks and escapes messages, names and values, one by one and by the names of the fields, before the inner
// logger makes a line of them. It hands only texts on, so that no value can make the inner one panic.
type logger struct {
	log   *Log
	inner hclog.Logger
}

func (l logger) Log(level hclog.Level, msg string, args ...any) {
	if level >= l.inner.GetLevel() {
		l.inner.Log(level, l.log.clean(msg), l.log.cleanArgs(args)...)
	}
}

func (l logger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }
func (l logger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }
func (l logger) Info(msg string, args ...any)  { l.Log(hclog.Info, msg, args...) }
func (l logger) Warn(msg string, args ...any)  { l.Log(hclog.Warn, msg, args...) }
func (l logger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

func (l logger) IsTrace() bool              { return l.inner.IsTrace() }
func (l logger) IsDebug() bool              { return l.inner.IsDebug() }
func (l logger) IsInfo() bool               { return l.inner.IsInfo() }
func (l logger) IsWarn() bool               { return l.inner.IsWarn() }
func (l logger) IsError() bool              { return l.inner.IsError() }
func (l logger) ImpliedArgs() []any         { return l.inner.ImpliedArgs() }
func (l logger) Name() string               { return l.inner.Name() }
func (l logger) GetLevel() hclog.Level      { return l.inner.GetLevel() }
func (l logger) SetLevel(level hclog.Level) { l.inner.SetLevel(level) }

func (l logger) With(args ...any) hclog.Logger {
	return logger{l.log, l.inner.With(l.log.cleanArgs(args)...)}
}

func (l logger) Named(name string) hclog.Logger {
	return logger{l.log, l.inner.Named(l.log.clean(name))}
}

func (l logger) ResetNamed(name string) hclog.Logger {
	return logger{l.log, l.inner.ResetNamed(l.log.clean(name))}
}

// The lines of these two are masked as a whole, when they are written.
func (l logger) StandardLogger(opts *hclog.StandardLoggerOptions) *log.Logger {
	return l.inner.StandardLogger(opts)
}

func (l logger) StandardWriter(opts *hclog.StandardLoggerOptions) io.Writer {
	return l.inner.StandardWriter(opts)
}

// maxValue is how much of one value is looked at, in bytes; maxLine is how much of a line is written.
const (
	maxValue = 1 << 20
	maxLine  = 64 << 10
)

func (l *Log) clean(s string) string {
	return cut(escape(l.Mask(cut(s, maxValue))), maxLine)
}

// cleanArgs turns pairs of key and value into pairs of strings.
func (l *Log) cleanArgs(args []any) []any {
	if len(args)%2 == 1 {
		last := args[len(args)-1]
		key := hclog.MissingKey
		if _, ok := last.(hclog.CapturedStacktrace); ok {
			key = "stacktrace"
		}
		args = append(args[:len(args)-1:len(args)-1], key, last)
	}
	out := make([]any, len(args))
	for i := 0; i < len(args); i += 2 {
		key := text(args[i])
		value := text(args[i+1])
		secret, maybe := names(key, "")
		if (secret || maybe && looksLikeCode(value)) && !isNothing(value) {
			value = masked
		}
		out[i], out[i+1] = l.clean(key), l.cleanValue(value)
	}
	return out
}

// cleanValue quotes a value as Go does where it needs quotes, so that it can be read back. The inner logger's own
// quoting leaves backslashes alone.
func (l *Log) cleanValue(value string) any {
	value = cut(l.Mask(cut(value, maxValue)), maxLine)
	if strings.ContainsFunc(value, func(r rune) bool { return r < '-' || r > '~' }) {
		return hclog.Quote(value)
	}
	return value
}

// text writes a value as a string. Bytes are taken for text if they are.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		if utf8.Valid(v) {
			return string(v)
		}
		return fmt.Sprintf("%x", v)
	case hclog.Format:
		if format, ok := first(v).(string); ok {
			return fmt.Sprintf(format, v[1:]...)
		}
	case hclog.Hex:
		return fmt.Sprintf("0x%x", int(v))
	case hclog.Octal:
		return fmt.Sprintf("0%o", int(v))
	case hclog.Binary:
		return fmt.Sprintf("0b%b", int(v))
	case error, fmt.Stringer:
		return fmt.Sprintf("%v", v)
	}
	if v := reflect.ValueOf(value); v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String {
		return fmt.Sprintf("%q", value)
	}
	return fmt.Sprintf("%+v", value)
}

func first(values []any) any {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}
