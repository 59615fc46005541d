package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/secret"
)

// Names in the secret store. Only the terminal's holds a secret; the others lie there because a driver has no other place.
const (
	nameTerminal = "terminal"
	nameAttempts = "attempts"
	nameOffer    = "offer"
)

// offer is what the server permits this terminal, as counters tell it.
type offer struct {
	Systems      []wire.System     `json:"systems"`
	Allowed      wire.Allowed      `json:"allowed"`
	Registration wire.Registration `json:"registration"`
}

func (o *offer) processing() time.Duration {
	return time.Duration(o.Allowed.ProcessingTimeout) * time.Second
}

// serves says whether a payment system may be used, as far as it is known.
func (o *offer) serves(system string) bool {
	return o == nil || slices.Contains(o.Systems, systemName(system))
}

func (d *Driver) offered() *offer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.offer
}

// storedOffer is what an earlier life heard.
func (d *Driver) storedOffer() *offer {
	var o offer
	found, err := d.stored(nameOffer, &o)
	if err != nil {
		d.log.Warn("what the server permits is not readable and will be asked anew", "error", err)
	}
	if err != nil || !found {
		return nil
	}
	return &o
}

// remember keeps what counters told, and writes it down where it changed.
func (d *Driver) remember(c *wire.Counters) {
	fresh := &offer{Systems: c.Systems, Allowed: c.Allowed, Registration: c.Registration}
	d.mu.Lock()
	defer d.mu.Unlock()
	document, err := json.Marshal(fresh)
	old, oldErr := json.Marshal(d.offer)
	d.offer = fresh
	if err != nil || oldErr == nil && string(document) == string(old) {
		return
	}
	if err := d.secrets.Set(nameOffer, document); err != nil {
		d.log.Warn("what the server permits could not be written down", "error", err)
	}
	if least := outwait(fresh.processing()); d.settings.WaitTimeout < least {
		d.log.Warn("the till gives up before the processing does: WaitTimeout is to be raised, and will be at the next start",
			"wait", d.settings.WaitTimeout, "needed", least)
	}
}

// stored reads a document of the store; false: there is none.
func (d *Driver) stored(name string, out any) (bool, error) {
	value, err := d.secrets.Get(name)
	if errors.Is(err, secret.ErrMissing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if json.Unmarshal(value.Reveal(), out) != nil {
		return false, fmt.Errorf("the stored %s is not readable", name)
	}
	return true, nil
}

func (d *Driver) store(name string, document any) error {
	data, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return d.secrets.Set(name, data)
}

// ask asks the counters, and remembers what the server permits.
func (d *Driver) ask(ctx context.Context) (*wire.Counters, error) {
	var c wire.Counters
	if _, err := d.query(ctx, http.MethodGet, wire.PathCounters, nil, &c); err != nil {
		return nil, d.unauthorised(err)
	}
	d.remember(&c)
	return &c, nil
}

// unauthorised gives words to the refusal that a replaced secret brings.
func (d *Driver) unauthorised(err error) error {
	if no, ok := errors.AsType[*refused](err); ok && no.Code == wire.CodeUnauthorized {
		return d.refuse("", pay.ErrAuth, "sendy.refusal.UNAUTHORIZED", nil, err)
	}
	return err
}

// notOpen makes the server's refusal to close a shift one that ends the close. Any other failure is no word about the shift.
func (d *Driver) notOpen(language string, err error) error {
	if no, ok := errors.AsType[*refused](err); ok && no.Code == wire.CodeShiftNotOpen {
		return d.refuse(language, pay.ErrShift, "sendy.refusal.SHIFT_NOT_OPEN", nil, err)
	}
	return err
}

// Counters implements provider.ShiftKeeper.
func (d *Driver) Counters(ctx context.Context) (provider.Counters, error) {
	c, err := d.ask(ctx)
	if err != nil {
		return provider.Counters{}, err
	}
	return provider.Counters{Next: c.NextTransaction, Shift: c.Shift, Time: c.ServerTime}, nil
}

// closeLeeway is what may lie between the server's clock as we heard it and the moment that it writes down.
const closeLeeway = 2 * time.Second

// CloseShift implements provider.ShiftKeeper. Reversals count as refunds, as they do in our journal.
func (d *Driver) CloseShift(ctx context.Context, op provider.Operation, shift int64) (provider.ShiftTotals, error) {
	now, err := d.ask(ctx)
	if err != nil {
		return provider.ShiftTotals{}, err
	}
	begun := op.Begun
	if !now.ServerTime.IsZero() {
		begun = begun.Add(now.ServerTime.Sub(d.now()))
	}
	var t wire.ShiftTotals
	request := &wire.CloseRequest{Shift: shift, Key: op.Key.String()}
	if _, err := d.money(ctx, op.Key, wire.PathShiftClose, request, &t); err != nil {
		return provider.ShiftTotals{}, d.notOpen(op.Language, d.unauthorised(err))
	}
	if t.Shift != shift || t.Key != "" && t.Key != request.Key {
		return provider.ShiftTotals{}, fmt.Errorf("close shift %d: the answer is about shift %d, or about another request", shift, t.Shift)
	}
	totals := provider.ShiftTotals{Shift: t.Shift, Next: t.NewShift,
		Elsewhere: now.Shift > shift && !t.Closed.IsZero() && t.Closed.Before(begun.Add(-closeLeeway))}
	for _, s := range t.Totals {
		totals.Lines = append(totals.Lines, provider.ShiftLine{System: systemID(s.System),
			Payments: s.Payments.Count, PaymentsSum: pay.Amount(s.Payments.Amount),
			Refunds: s.Refunds.Count + s.Reversals.Count, RefundsSum: pay.Amount(s.Refunds.Amount + s.Reversals.Amount)})
	}
	return totals, nil
}
