package index

import (
	"context"
	"errors"
	"net/url"
	"os"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Look reads all refs of the index at path, in no certain order, beside the host that keeps it or after it has left. It changes nothing,
// and holds nobody up. pay.ErrNotFound: there is no index yet.
func Look(ctx context.Context, path string) ([]Entry, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, &pay.Error{Code: pay.ErrNotFound, Cause: err}
	}
	a, err := connectBy(path, url.Values{"mode": {"ro"}, "_busy_timeout": {"5000"}, "_error_rc": {"1"}})
	if err != nil {
		return nil, fault(err)
	}
	list, err := lookAll(ctx, a)
	return list, fault(errors.Join(err, a.close()))
}

func lookAll(ctx context.Context, a *access) (list []Entry, err error) {
	have, err := a.version(ctx)
	switch {
	case err != nil:
		return nil, err
	case have == 0:
		return nil, nil // made, and nothing written yet
	case have != version:
		return nil, text.Refuse(pay.ErrJournal, "host.index_version", nil, nil)
	}
	err = a.use(func() error {
		list, err = a.list(ctx, "")
		return err
	})
	return list, err
}
