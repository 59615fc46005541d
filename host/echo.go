package host

import (
	"io"
	"os"

	"github.com/hashicorp/go-hclog"
)

// echo writes a log's lines to standard error too, masked like the file's.
func echo(log hclog.Logger, mask func(string) string) hclog.Logger {
	both := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Info})
	both.RegisterSink(forward{log})
	both.RegisterSink(hclog.NewSinkAdapter(&hclog.LoggerOptions{Level: hclog.Info, Output: masked{mask}}))
	return both
}

// forward is a sink that is a logger.
type forward struct{ log hclog.Logger }

func (f forward) Accept(name string, level hclog.Level, msg string, args ...any) {
	f.log.Named(name).Log(level, msg, args...)
}

type masked struct{ mask func(string) string }

func (m masked) Write(p []byte) (int, error) {
	_, err := os.Stderr.WriteString(m.mask(string(p)))
	return len(p), err
}
