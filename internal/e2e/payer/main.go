// Command payer is a second module for the tests of the installation: it pays out in cash, so to say, and takes payments, at once and without a network.
package main

import (
	"context"
	"errors"

	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func main() { sdk.Main(module()) }

type settings struct{ sdk.Settings }

func module() sdk.Module {
	return sdk.Module{
		About: provider.Description{ID: "payer", Version: "1.0.0", Title: map[string]string{"ru": "Выплаты", "en": "Payouts"},
			Kinds: []pay.Kind{pay.KindOffline, pay.KindPayout}},
		Settings: func() sdk.Configured { return new(settings) },
		New:      func(sdk.Parts) (provider.Driver, error) { return driver{}, nil },
	}
}

type driver struct{}

// Commit tells by the amount what happens: 666 is never known, 555 is declined, anything else is paid.
func (driver) Commit(_ context.Context, op provider.Operation) (provider.Reply, error) {
	switch op.Amount {
	case 666:
		return provider.Reply{}, errors.New("nobody answers")
	case 555:
		return provider.Reply{Verdict: provider.Declined}, nil
	}
	return provider.Reply{Verdict: provider.Approved, Amount: op.Amount, Currency: op.Currency}, nil
}

func (d driver) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return d.Commit(ctx, op)
}
