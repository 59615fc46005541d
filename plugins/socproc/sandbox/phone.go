package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"github.com/payrack/payrack/plugins/socproc/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// Bills implements sdk.Phone: the reservations that are not confirmed yet.
func (f *fund) Bills(all bool) []sdk.Bill {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.settle() // a ledger that cannot be written tells so to the next request
	var bills []sdk.Bill
	for _, id := range f.ids {
		if o := f.operations[id]; all || o.State == wire.Reserved {
			bills = append(bills, f.bill(o))
		}
	}
	return bills
}

func (f *fund) bill(o operation) sdk.Bill {
	states := map[wire.State]sdk.BillState{wire.Reserved: sdk.BillOpen, wire.Confirmed: sdk.BillPaid, wire.Expired: sdk.BillDeclined}
	state, ok := states[o.State]
	if !ok {
		state = sdk.BillClosed
	}
	return sdk.Bill{ID: o.Reservation, Number: o.Receipt, Key: sdk.KeyOf(o.ID), Scanned: true, Amount: o.Approved, Currency: "RUB", System: o.Program, Merchant: f.settings.MerchantID,
		Payer: o.Card, State: state, Created: o.Created, Expires: o.Expires}
}

// end ends the reservation that an id names by itself, its operation or receipt; empty: the only one.
func (f *fund) end(id string, to wire.State) (sdk.Bill, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.settle(); err != nil {
		return sdk.Bill{}, err
	}
	var open []operation
	over := false
	for _, name := range f.ids {
		o := f.operations[name]
		switch {
		case id != "" && id != o.Reservation && id != o.Receipt && sdk.KeyOf(id) != sdk.KeyOf(o.ID):
		case o.State == wire.Reserved:
			open = append(open, o)
		default:
			over = true
		}
	}
	switch {
	case len(open) == 0 && over && id != "":
		return sdk.Bill{}, fmt.Errorf("%w: %s", sdk.ErrBillOver, id)
	case len(open) != 1:
		return sdk.Bill{}, fmt.Errorf("%w: %d reservations are open", sdk.ErrNoBill, len(open))
	}
	o := open[0]
	o.State = to
	if err := f.commit(change{Operation: &o}); err != nil {
		return sdk.Bill{}, err
	}
	return f.bill(o), nil
}

// Decline implements sdk.Phone: the service lets a reservation go of itself.
func (f *fund) Decline(id string) (sdk.Bill, error) { return f.end(id, wire.Cancelled) }

// Expire implements sdk.Phone: a reservation's time runs out.
func (f *fund) Expire(id string) (sdk.Bill, error) { return f.end(id, wire.Expired) }

// Pay implements sdk.Phone: only the till confirms.
func (f *fund) Pay(string) (sdk.Bill, error) { return sdk.Bill{}, sdk.ErrUnsupported }

// Hold implements sdk.Phone: nobody decides for the customer here.
func (f *fund) Hold(string) (sdk.Bill, error) { return sdk.Bill{}, sdk.ErrUnsupported }

// Wallets implements sdk.Phone: the cards, each with what it may still spend this month.
func (f *fund) Wallets() []sdk.Wallet {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.settle()
	var list []sdk.Wallet
	for _, c := range f.settings.Cards {
		all, month := f.left(c, f.clock.Now())
		list = append(list, sdk.Wallet{ID: c.Name, Name: c.Hash, System: strings.Join(c.Programs, ", "), Balance: min(all, month)})
	}
	return list
}

// SetWallet implements sdk.Phone: what a card may still spend, this month and at all.
func (f *fund) SetWallet(w sdk.Wallet) (sdk.Wallet, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.settle(); err != nil {
		return w, err
	}
	s := f.settings
	s.Cards = slices.Clone(s.Cards)
	i := slices.IndexFunc(s.Cards, func(c Card) bool { return c.Name == w.ID })
	if i < 0 || w.Balance < 0 {
		return w, fmt.Errorf("%w: no card is named %q", sdk.ErrUnsupported, w.ID)
	}
	spent, inMonth := f.spent(w.ID, f.clock.Now())
	s.Cards[i].Limit, s.Cards[i].Month = spent+w.Balance, inMonth+w.Balance
	return w, f.commit(change{Settings: &s})
}

// ShowCode implements sdk.Phone.
func (f *fund) ShowCode(string, string) (sdk.Code, error) { return sdk.Code{}, sdk.ErrUnsupported }
