package sandbox

import (
	"strings"

	"github.com/payrack/payrack/plugins/kvell/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// Bills implements sdk.Phone: the orders of which the customer, or the bank behind him, has not decided yet.
func (b *bank) Bills(all bool) []sdk.Bill {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.settle()
	var bills []sdk.Bill
	for _, name := range b.names {
		if o := b.orders[name]; all || o.open() {
			bills = append(bills, bill(o))
		}
	}
	return bills
}

func bill(o order) sdk.Bill {
	v := sdk.Bill{ID: o.Transaction, Number: o.ID, Key: sdk.KeyOf(o.Transaction), Scanned: true, Amount: o.Amount, Currency: "RUB", System: "kvell", Merchant: "KVELL",
		Payer: o.To, Held: o.Held, Created: o.Created, Expires: o.Expires, State: sdk.BillOpen}
	switch o.state() {
	case wire.Completed:
		v.State = sdk.BillPaid
	case wire.Canceled:
		v.State = sdk.BillDeclined
	}
	return v
}

// decide does something about an open order.
func (b *bank) decide(id string, what func(order) error) (sdk.Bill, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.settle(); err != nil {
		return sdk.Bill{}, err
	}
	o, err := b.find(id)
	if err != nil {
		return sdk.Bill{}, err
	}
	if err := what(o); err != nil {
		return sdk.Bill{}, err
	}
	return bill(b.orders[strings.ToLower(o.Transaction)]), nil
}

// Pay implements sdk.Phone: the bank has paid the money out.
func (b *bank) Pay(id string) (sdk.Bill, error) { return b.decide(id, b.complete) }

// Decline implements sdk.Phone: the bank refuses.
func (b *bank) Decline(id string) (sdk.Bill, error) { return b.decide(id, b.cancel) }

// Expire implements sdk.Phone: nobody gave the code in time.
func (b *bank) Expire(id string) (sdk.Bill, error) { return b.decide(id, b.cancel) }

// Hold implements sdk.Phone: the order is worked on until somebody decides.
func (b *bank) Hold(id string) (sdk.Bill, error) {
	return b.decide(id, func(o order) error {
		o.Held = true
		return b.commit(change{Order: &o})
	})
}

// Wallets implements sdk.Phone: the customers who got a code by SMS, each with the code.
func (b *bank) Wallets() []sdk.Wallet {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.settle()
	var list []sdk.Wallet
	for _, name := range b.names {
		if o := b.orders[name]; o.Code != "" {
			list = append(list, sdk.Wallet{ID: o.Transaction, Name: o.To, System: "SMS", Balance: o.Amount,
				Code: &sdk.Code{Text: o.Code, Wallet: o.To, Expires: o.Expires}})
		}
	}
	return list
}

// SetWallet implements sdk.Phone.
func (b *bank) SetWallet(w sdk.Wallet) (sdk.Wallet, error) { return w, sdk.ErrUnsupported }

// ShowCode implements sdk.Phone.
func (b *bank) ShowCode(string, string) (sdk.Code, error) { return sdk.Code{}, sdk.ErrUnsupported }
