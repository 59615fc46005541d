package sdk

import (
	"context"
	"io/fs"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// refusing stands in for a driver that cannot be made: settings are broken or missing. It refuses before anything is journaled, and knows
// nothing of what was begun earlier, so that stays Unknown until the settings are mended.
type refusing struct {
	code pay.Code
	m    Module
}

func (r refusing) Check(provider.Operation) error { return &pay.Error{Code: r.code} }

func (r refusing) Commit(context.Context, provider.Operation) (provider.Reply, error) {
	return provider.Reply{}, &pay.Error{Code: r.code}
}

func (r refusing) Inquire(context.Context, provider.Operation) (provider.Reply, error) {
	return provider.Reply{}, &pay.Error{Code: r.code}
}

func wordFiles(m Module) []fs.FS {
	if m.Words == nil {
		return nil
	}
	return []fs.FS{m.Words}
}
