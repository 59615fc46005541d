package payout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/statement"
	"github.com/payrack/payrack/sdk/text"
)

// Desk is where a module's payouts pass before they are sent. It touches no network.
type Desk struct {
	Settings *Limits
	Parts    sdk.Parts
	Module   string // "kvell"
	Version  string // for the foot of a statement
}

// NewDesk makes the desk of a driver.
func NewDesk(module string, settings *Limits, p sdk.Parts) *Desk {
	if p.Now == nil {
		p.Now = time.Now
	}
	return &Desk{Settings: settings, Parts: p, Module: module}
}

// Check refuses a payout that must not begin, before anything is journaled or asked: cash was entered, a document is not made, a parameter is not as
// it should be, or a limit would be passed. A driver calls it from its own Check.
func (d *Desk) Check(op provider.Operation) error {
	if op.Currency != pay.RUB {
		return text.Refuse(pay.ErrUnsupported, "payout.currency", map[string]any{"Currency": string(op.Currency)}, nil)
	}
	r, err := ReadRequest(op.Params)
	if err != nil {
		return err
	}
	if err := r.mayBegin(op); err != nil {
		return err
	}
	if op.Params.Card != "" {
		if _, err := ParseCard(op.Params.Card); err != nil {
			return err
		}
	}
	ctx, end := context.WithTimeout(context.Background(), lookTime)
	defer end()
	return d.within(ctx, op, 0)
}

// lookTime is how long the journal may take to say what was paid out today.
const lookTime = 10 * time.Second

// Admit holds the limits once more, now that the operation has its number: of two that begin at once the one with the higher number counts the other.
// A driver calls it from Prepare, before anything is sent; nil: go on.
func (d *Desk) Admit(ctx context.Context, op provider.Operation) error {
	return d.within(ctx, op, op.Number)
}

// within holds the limits. before is a number from which on other operations do not count; 0: all count.
func (d *Desk) within(ctx context.Context, op provider.Operation, before int64) error {
	one, day := pay.Amount(d.Settings.MaxPayout), pay.Amount(d.Settings.MaxPayoutDay)
	if one > 0 && op.Amount > one {
		return text.Refuse(pay.ErrLimit, "payout.limit", map[string]any{"Amount": text.Money(op.Amount, op.Currency), "Limit": text.Money(one, op.Currency)}, nil)
	}
	if day <= 0 {
		return nil
	}
	paid, err := d.paidOut(ctx, op, before)
	if err != nil {
		return &pay.Error{Code: pay.ErrJournal, Cause: err}
	}
	if op.Amount > day-paid {
		return text.Refuse(pay.ErrLimit, "payout.limit_day", map[string]any{"Amount": text.Money(op.Amount, op.Currency),
			"Limit": text.Money(day, op.Currency), "Paid": text.Money(paid, op.Currency)}, nil)
	}
	return nil
}

// paidOut is what this module paid out on the operation's day, and what it may still pay: approved, running and unknown.
func (d *Desk) paidOut(ctx context.Context, op provider.Operation, before int64) (pay.Amount, error) {
	if d.Parts.Past == nil {
		return 0, errors.New("what was paid out today cannot be read")
	}
	begun := op.Begun
	if begun.IsZero() {
		begun = d.Parts.Now()
	}
	y, m, day := begun.Local().Date()
	from := time.Date(y, m, day, 0, 0, 0, 0, time.Local)
	list, err := d.Parts.Past(ctx, from, from.AddDate(0, 0, 1))
	if err != nil {
		return 0, err
	}
	var sum pay.Amount
	for _, p := range list {
		over := !p.Charged && (p.Outcome == pay.Declined || p.Outcome == pay.Cancelled)
		if p.Kind != pay.KindPayout || p.Ref == op.Ref || over || before > 0 && p.Number >= before {
			continue
		}
		sum += p.Amount
	}
	return sum, nil
}

// Templates are the texts of the statement, with the chain's own in the module's folder "statement".
func (d *Desk) Templates() statement.Templates {
	return statement.Templates{Dir: filepath.Join(d.Parts.Data, "statement")}
}

// KeepFile writes what a provider gave into a folder of the module's, whole or not at all, and says where it is.
func (d *Desk) KeepFile(folder, name string, data []byte) (string, error) {
	dir := filepath.Join(d.Parts.Data, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep %s: %w", name, err)
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return "", fmt.Errorf("keep %s: %w", name, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	path := filepath.Join(dir, name)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("keep %s: %w", name, err)
	}
	return path, nil
}
