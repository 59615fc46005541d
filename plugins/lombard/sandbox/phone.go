package sandbox

import (
	"slices"
	"strings"

	"github.com/payrack/payrack/plugins/lombard/wire"
	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// Bills implements sdk.Phone: the payouts of which the bank has not decided yet, drafts among them.
func (b *bank) Bills(all bool) []sdk.Bill {
	b.mu.Lock()
	defer b.mu.Unlock()
	var bills []sdk.Bill
	for _, name := range b.names {
		if p := b.payouts[name]; all || p.Status == wire.Draft || p.Status == wire.Working {
			bills = append(bills, b.bill(p))
		}
	}
	return bills
}

func (b *bank) bill(p payout) sdk.Bill {
	v := sdk.Bill{ID: p.ExternalID, Number: p.ID, Key: sdk.KeyOf(p.ExternalID), Scanned: p.Status != wire.Draft, Amount: p.Amount, Currency: "RUB", System: "lombard",
		Merchant: b.gateway(p.Gateway), Payer: b.cards[p.Card].Mask, Held: p.Held, Created: p.Created, State: sdk.BillOpen}
	switch p.Status {
	case wire.Success:
		v.State = sdk.BillPaid
	case wire.Refused:
		v.State = sdk.BillDeclined
	}
	return v
}

// decide does something about a payout that the bank works on. A draft is not the bank's yet.
func (b *bank) decide(id string, what func(payout) error) (sdk.Bill, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, err := b.find(id)
	if err == nil && p.Status == wire.Draft {
		err = sdk.ErrUnsupported
	}
	if err == nil {
		err = what(p)
	}
	if err != nil {
		return sdk.Bill{}, err
	}
	return b.bill(b.payouts[strings.ToLower(p.ExternalID)]), nil
}

// Pay implements sdk.Phone: the bank has paid the money out.
func (b *bank) Pay(id string) (sdk.Bill, error) { return b.decide(id, b.complete) }

// Decline implements sdk.Phone: the bank refuses.
func (b *bank) Decline(id string) (sdk.Bill, error) { return b.decide(id, b.refuse) }

// Expire implements sdk.Phone: the bank gives up.
func (b *bank) Expire(id string) (sdk.Bill, error) { return b.decide(id, b.refuse) }

// Hold implements sdk.Phone: the payout is worked on until somebody decides.
func (b *bank) Hold(id string) (sdk.Bill, error) {
	return b.decide(id, func(p payout) error {
		p.Held = true
		return b.commit(change{Payout: &p})
	})
}

// Wallets implements sdk.Phone: the operators who were sent a code by SMS, each with the code.
func (b *bank) Wallets() []sdk.Wallet {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []sdk.Wallet
	for _, s := range b.sessions {
		if s.Code != "" && b.clock.Now().Before(s.Until) {
			list = append(list, sdk.Wallet{ID: s.Phone, Name: s.Phone, System: "SMS", Code: &sdk.Code{Text: s.Code, Wallet: s.Phone, Expires: s.Until}})
		}
	}
	slices.SortFunc(list, func(a, b sdk.Wallet) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// SetWallet implements sdk.Phone.
func (b *bank) SetWallet(w sdk.Wallet) (sdk.Wallet, error) { return w, sdk.ErrUnsupported }

// ShowCode implements sdk.Phone.
func (b *bank) ShowCode(string, string) (sdk.Code, error) { return sdk.Code{}, sdk.ErrUnsupported }
