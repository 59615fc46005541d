package drivertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// mistake is what a driver gets wrong.
type mistake string

// The mistakes. Each was made by payment software that people paid with.
const (
	none             mistake = ""
	timeoutDeclines  mistake = "no answer is taken for a decline"
	keyUnchecked     mistake = "an answer about another key is taken"
	chargesTwice     mistake = "what got no answer is sent again under another key"
	refundsTwice     mistake = "a refund that got no answer is sent again under another key"
	forgetsState     mistake = "the bank's id is kept in memory only"
	ownSum           mistake = "the sum of an answer is not looked at"
	cancelGivesBack  mistake = "the cancel of a paid payment gives the money back"
	cancelForGranted mistake = "a cancel is taken for granted"
	notFoundDeclines mistake = "not found is taken for a decline"
	newIsDeclined    mistake = "a status that it does not know is taken for a decline"
	keepsCode        mistake = "the scanned code stands in the state"
	exactCase        mistake = "statuses are compared by letter case, and others are taken for a decline"
)

type bankSettings struct {
	Server string `ini:"Server" section:"Bank" section_ru:"Банк" section_en:"Bank" as:"url" default:"https://bank.example" ru:"Адрес" en:"Address"`
	sdk.Settings
}

func bankModule(m mistake) sdk.Module {
	return sdk.Module{
		About: provider.Description{ID: "bank", Version: "1.0.0", Title: map[string]string{"ru": "Банк", "en": "Bank"}, Systems: []string{"bank"},
			Kinds: []pay.Kind{pay.KindOffline, pay.KindOnline, pay.KindRefund, pay.KindCloseDay, pay.KindReport},
			// The bank above does one key once.
			Traits: provider.Traits{RefusesDuplicates: true}},
		Settings: func() sdk.Configured { return new(bankSettings) },
		New: func(p sdk.Parts) (provider.Driver, error) {
			base := p.Settings.(*bankSettings).Server
			client, err := p.HTTP(exchange.Options{Base: base})
			return &bankDriver{client: client, mistake: m, base: base, ids: map[pay.Key]string{}}, err
		},
	}
}

// bankDriver is right but for its mistake.
type bankDriver struct {
	client  *exchange.Client
	mistake mistake
	base    string

	mu  sync.Mutex
	ids map[pay.Key]string
}

func (d *bankDriver) Check(op provider.Operation) error {
	if op.Kind == pay.KindOffline && !strings.HasPrefix(op.Params.Code, "CODE-") || len(op.Params.Code) > 40 {
		return &pay.Error{Code: pay.ErrArgument}
	}
	return nil
}

func (d *bankDriver) Prepares(kind pay.Kind) bool { return kind == pay.KindOnline }

func (d *bankDriver) Prepare(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	var x bill
	if err := d.money(ctx, op, "open", map[string]any{}, &x); err != nil {
		return provider.Reply{}, err
	}
	if x.Key != op.Key.String() || x.QR == "" || x.ID == "" {
		return provider.Reply{}, errors.New("no bill")
	}
	if x.Status != "open" {
		return d.verdict(op, x)
	}
	r := provider.Reply{Verdict: provider.ShowQR, QR: &provider.QR{Payload: x.QR}}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ids[op.Key] = x.ID
	if d.mistake != forgetsState {
		r.State = state(x.ID)
	}
	return r, nil
}

func state(value string) *provider.State {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return &provider.State{Version: 1, Data: raw}
}

func (d *bankDriver) Commit(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Kind != pay.KindOffline || op.Params.Code == "" {
		return provider.Reply{}, errors.New("nothing to send")
	}
	in := map[string]any{"code": op.Params.Code}
	var x bill
	err := d.money(ctx, op, "pay", in, &x)
	if err != nil && d.mistake == chargesTwice {
		err = d.again("pay", op, in, &x)
		x.Key = op.Key.String()
	}
	if err != nil && d.mistake == timeoutDeclines {
		return provider.Reply{Verdict: provider.Declined, Code: "timeout"}, nil
	}
	if err != nil {
		return provider.Reply{}, err
	}
	r, err := d.verdict(op, x)
	if d.mistake == keepsCode {
		r.State = state(op.Params.Code)
	}
	return r, err
}

func (d *bankDriver) Refund(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	in := map[string]any{"of": original.Key.String()}
	var x bill
	err := d.money(ctx, op, "refund", in, &x)
	if err != nil && d.mistake == refundsTwice {
		err = d.again("refund", op, in, &x)
		x.Key = op.Key.String()
	}
	if err != nil {
		return provider.Reply{}, err
	}
	return d.verdict(op, x)
}

func (d *bankDriver) Cancel(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	var x bill
	err := d.money(ctx, op, "cancel", map[string]any{}, &x)
	switch {
	case d.mistake == cancelForGranted:
		return provider.Reply{Verdict: provider.Cancelled}, nil
	case err != nil:
		return provider.Reply{}, err
	case d.mistake == cancelGivesBack && x.Status == "paid":
		if err := d.again("refund", op, map[string]any{"of": op.Key.String()}, &x); err != nil {
			return provider.Reply{}, err
		}
		return provider.Reply{Verdict: provider.Cancelled}, nil
	}
	return d.verdict(op, x)
}

func (d *bankDriver) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	path := "key/" + op.Key.String()
	if op.Kind == pay.KindOnline {
		id := d.id(op)
		if id == "" {
			return provider.Reply{}, errors.New("the bill's id is not known")
		}
		path = "bill/" + id
	}
	var x bill
	answer, err := d.client.Query(ctx, http.MethodGet, path, nil, &x)
	if answer != nil && answer.Status == http.StatusNotFound {
		var unknown bill
		if answer.JSON(&unknown) == nil && unknown.Status == "not_found" && strings.HasSuffix(path, unknown.Key) {
			if d.mistake == notFoundDeclines {
				return provider.Reply{Verdict: provider.Declined, Code: "not_found"}, nil
			}
			return provider.Reply{Verdict: provider.NotFound}, nil
		}
	}
	if err != nil {
		return provider.Reply{}, err
	}
	return d.verdict(op, x)
}

func (d *bankDriver) id(op provider.Operation) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id := d.ids[op.Key]; id != "" || d.mistake == forgetsState {
		return id
	}
	var id string
	_ = json.Unmarshal(op.State.Data, &id)
	return id
}

func (d *bankDriver) verdict(op provider.Operation, x bill) (provider.Reply, error) {
	if d.mistake != keyUnchecked && x.Key != op.Key.String() {
		return provider.Reply{}, errors.New("an answer about another key")
	}
	if x.Currency != string(op.Currency) {
		return provider.Reply{}, errors.New("an answer in another currency")
	}
	sum := pay.Amount(x.Amount)
	if d.mistake == ownSum {
		sum = op.Amount
	}
	status := x.Status
	if d.mistake != exactCase {
		status = strings.ToLower(status)
	}
	switch status {
	case "paid":
		return provider.Reply{Verdict: provider.Approved, Amount: sum, Currency: pay.Currency(x.Currency), System: "bank"}, nil
	case "refused":
		return provider.Reply{Verdict: provider.Declined, Code: "refused"}, nil
	case "cancelled":
		return provider.Reply{Verdict: provider.Cancelled}, nil
	case "open":
		return provider.Reply{Verdict: provider.Waiting}, nil
	}
	if d.mistake == newIsDeclined || d.mistake == exactCase {
		return provider.Reply{Verdict: provider.Declined, Code: "status"}, nil
	}
	return provider.Reply{}, errors.New("a status that nobody knows")
}

// money sends what may move money under the operation's key.
func (d *bankDriver) money(ctx context.Context, op provider.Operation, path string, in map[string]any, x *bill) error {
	in["key"], in["amount"], in["currency"] = op.Key.String(), op.Amount, op.Currency
	_, err := d.client.Money(ctx, exchange.Key(op.Key), http.MethodPost, path, in, x)
	return err
}

// again goes round the sdk's client, which would refuse a key of the driver's own.
func (d *bankDriver) again(path string, op provider.Operation, in map[string]any, x *bill) error {
	other, err := pay.NewKey(nil)
	if err != nil {
		return err
	}
	in["key"], in["amount"], in["currency"] = other.String(), op.Amount, op.Currency
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := http.Post(d.base+"/"+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, x)
}
