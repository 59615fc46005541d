package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/shell"
	"github.com/payrack/payrack/sdk/text"
)

// mostCertificate is the size of the largest certificate, in bytes.
const mostCertificate = 16 << 20

// certificate fetches the service's certificate of a payout, and keeps it as a file. It moves no money.
func (d *Driver) certificate(ctx context.Context, c shell.CommandCall) (provider.Reply, error) {
	var args struct {
		Ref pay.Ref `json:"ref"`
	}
	if json.Unmarshal(c.Args, &args) != nil || args.Ref == "" {
		return d.commandRefused(c, text.Refuse(pay.ErrArgument, "kvell.certificate.args", nil, nil)), nil
	}
	past, err := d.find(ctx, args.Ref)
	if err != nil {
		return d.commandRefused(c, err), nil
	}
	if past.Outcome != pay.Approved || !past.Charged {
		return d.commandRefused(c, text.Refuse(pay.ErrState, "kvell.certificate.unpaid", map[string]any{"Ref": args.Ref}, nil)), nil
	}
	if d.client == nil {
		return d.commandRefused(c, d.problem), nil
	}
	answer, err := d.client.Query(ctx, http.MethodGet, wire.PathCertificate(past.Key.UUID()), nil, nil)
	if err != nil {
		return d.commandRefused(c, text.Refuse(pay.CodeOf(err), "kvell.certificate.none", nil, err)), nil
	}
	where, err := wire.ReadCertificate(answer.Body)
	if err != nil {
		return d.commandRefused(c, text.Refuse(pay.ErrOffline, "kvell.certificate.none", nil, err)), nil
	}
	data, err := d.download(ctx, where.URL)
	if err != nil {
		return d.commandRefused(c, text.Refuse(pay.ErrOffline, "kvell.certificate.none", nil, err)), nil
	}
	path, err := d.desk.KeepFile("certificates", "certificate-"+string(args.Ref)+".pdf", data)
	if err != nil {
		return d.commandRefused(c, &pay.Error{Code: pay.ErrInternal, Cause: err}), nil
	}
	document, err := json.Marshal(map[string]any{"file": path, "bytes": len(data), "ref": args.Ref})
	return provider.Reply{Verdict: provider.Approved, Result: document}, err
}

// find looks a payout up by its ref.
func (d *Driver) find(ctx context.Context, ref pay.Ref) (sdk.Past, error) {
	list, err := d.parts.Past(ctx, time.Time{}, time.Time{})
	if err != nil {
		return sdk.Past{}, &pay.Error{Code: pay.ErrJournal, Cause: err}
	}
	for _, p := range list {
		if p.Ref == ref && p.Kind == pay.KindPayout {
			return p, nil
		}
	}
	return sdk.Past{}, &pay.Error{Code: pay.ErrNotFound}
}

// download reads the file from where the service says that it is, without telling who asks: the address may be anybody's.
func (d *Driver) download(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the address of the file is none")
	}
	files, err := d.parts.HTTP(exchange.Options{Base: u.Scheme + "://" + u.Host, Timeout: d.settings.Timeout, MaxAnswer: mostCertificate})
	if err != nil {
		return nil, err
	}
	defer files.Close()
	path := u.EscapedPath()
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	var data []byte
	if _, err := files.Query(ctx, http.MethodGet, path, nil, &data); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(data, []byte("%PDF-")) {
		return nil, errors.New("the file is no PDF")
	}
	return data, nil
}
