package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

// behaviour is what the customer behind a code does. The last two digits of a code say it.
type behaviour string

const (
	atOnce   behaviour = ""         // pays; any digits that are not below
	confirm  behaviour = "confirm"  // 11: must confirm on the phone
	refuse   behaviour = "refuse"   // 12: asked to confirm, declines when the till looks for the second time
	soon     behaviour = "soon"     // 13: asked to confirm, does so when the till looks for the second time
	poor     behaviour = "poor"     // 51: has not enough money
	declined behaviour = "declined" // 05: refused by the payer's side at once
	invalid  behaviour = "invalid"  // 14: not a code of the system
	expired  behaviour = "expired"  // 54: the code is too old
)

// secondLook is how often the till looks before the customers refuse and soon decide.
const secondLook = 2

func behaviours() map[string]behaviour {
	return map[string]behaviour{"00": atOnce, "11": confirm, "12": refuse, "13": soon, "51": poor, "05": declined, "14": invalid, "54": expired}
}

func behaviourOf(code string) behaviour { return behaviours()[code[len(code)-2:]] }

// asks reports whether the customer is asked to confirm.
func (v behaviour) asks() bool { return v == confirm || v.decides() }

// decides reports whether the customer needs nobody to decide.
func (v behaviour) decides() bool { return v == refuse || v == soon }

// refusal is why a payment ends at once; "" is that it does not.
func (v behaviour) refusal() wire.Reason {
	switch v {
	case declined:
		return wire.ReasonPayer
	case invalid:
		return wire.ReasonCodeInvalid
	case expired:
		return wire.ReasonCodeExpired
	}
	return ""
}

// maxBalance keeps sums far from the end of int64.
const maxBalance = 1e15

// defaultWallets are the customers of a new sandbox. The first of a system pays what names no other.
func defaultWallets() []sdk.Wallet {
	return []sdk.Wallet{
		{ID: "79161234568", Name: "Анна", System: string(wire.Sendy), Balance: 100_000_000_000},
		{ID: "79167654321", Name: "Пётр", System: string(wire.Sendy), Balance: 10_000},
		{ID: "wx13005556677", Name: "Ли Вэй", System: string(wire.WeChat), Balance: 100_000_000_000},
		{ID: "ali2808889900", Name: "Чэнь", System: string(wire.Alipay), Balance: 100_000_000_000},
	}
}

// firstWallet is the wallet of a system that pays by itself: the richest of them, then the first by id.
func (b *bank) firstWallet(system wire.System) string {
	var best *sdk.Wallet
	for _, w := range b.wallets {
		if w.System == string(system) && (best == nil || w.Balance > best.Balance || w.Balance == best.Balance && w.ID < best.ID) {
			best = w
		}
	}
	if best == nil {
		return ""
	}
	return best.ID
}

// byAge are the records that wait, the oldest first.
func (b *bank) byAge() []*record {
	list := make([]*record, 0, len(b.waiting))
	for _, r := range b.waiting {
		list = append(list, r)
	}
	sortByAge(list)
	return list
}

func sortByAge(list []*record) {
	slices.SortFunc(list, func(a, b *record) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Terminal, b.Terminal), cmp.Compare(a.Number, b.Number))
	})
}

// Bills implements sdk.Phone.
func (b *bank) Bills(all bool) []sdk.Bill {
	bills, _ := under(b, func() ([]sdk.Bill, error) {
		list := b.byAge()
		if all {
			list = list[:0]
			for _, r := range b.records {
				if r.Kind == wire.Payment && r.Wallet != "" {
					list = append(list, r)
				}
			}
			sortByAge(list)
		}
		var bills []sdk.Bill
		for _, r := range list {
			bills = append(bills, bill(r))
		}
		return bills, nil
	})
	return bills
}

func bill(r *record) sdk.Bill {
	v := sdk.Bill{
		ID: cmp.Or(r.Token, r.Scanned), Number: strconv.FormatInt(r.Number, 10), Key: r.Key, Scanned: r.Mode == wire.Offline, QR: r.QR,
		Amount: r.Amount, Currency: r.Currency, System: string(r.System), Merchant: registration(&terminal{}).Merchant,
		Payer: r.Wallet, Held: r.Held, Created: r.Created, Expires: r.Expires,
	}
	switch r.Status {
	case wire.Paid:
		v.State = sdk.BillPaid
	case wire.Declined:
		v.State = sdk.BillDeclined
	case wire.Cancelled:
		v.State = sdk.BillClosed
	default:
		v.State = sdk.BillOpen
	}
	return v
}

// find is the record that a customer means.
func (b *bank) find(id string) (*record, error) {
	id = strings.TrimPrefix(strings.TrimSpace(id), qrPrefix)
	waiting := b.byAge()
	if id == "" {
		if len(waiting) == 1 {
			return waiting[0], nil
		}
		return nil, fmt.Errorf("%w: %d are open, say which", sdk.ErrNoBill, len(waiting))
	}
	var over *record
	for _, r := range b.records {
		if r.Kind != wire.Payment || id != r.Token && id != r.Scanned && id != r.Key && id != strconv.FormatInt(r.Number, 10) {
			continue
		}
		if r.waits() {
			return r, nil
		}
		over = r
	}
	if over != nil {
		return nil, fmt.Errorf("%w: number %d is %s", sdk.ErrBillOver, over.Number, over.Status)
	}
	return nil, fmt.Errorf("%w: %s", sdk.ErrNoBill, id)
}

// decide lets the customer do something about a waiting payment.
func (b *bank) decide(id string, what func(t *tx, r *record)) (sdk.Bill, error) {
	return under(b, func() (sdk.Bill, error) {
		old, err := b.find(id)
		if err != nil {
			return sdk.Bill{}, err
		}
		t := b.begin()
		r := t.record(old)
		what(t, r)
		return bill(r), t.commit()
	})
}

// Pay implements sdk.Phone.
func (b *bank) Pay(id string) (sdk.Bill, error) {
	return b.decide(id, func(t *tx, r *record) {
		t.pay(r, b.terminals[r.Terminal].open())
		r.Payer = cmp.Or(r.Payer, wire.Mask(r.Wallet))
	})
}

// Decline implements sdk.Phone.
func (b *bank) Decline(id string) (sdk.Bill, error) {
	return b.decide(id, func(t *tx, r *record) { t.decline(r, wire.ReasonPayer) })
}

// Expire implements sdk.Phone.
func (b *bank) Expire(id string) (sdk.Bill, error) {
	return b.decide(id, func(t *tx, r *record) {
		r.Expires = t.now
		t.decline(r, wire.ReasonExpired)
	})
}

// Hold implements sdk.Phone.
func (b *bank) Hold(id string) (sdk.Bill, error) {
	return b.decide(id, func(_ *tx, r *record) { r.Held = true })
}

// Wallets implements sdk.Phone.
func (b *bank) Wallets() []sdk.Wallet {
	list, _ := under(b, func() ([]sdk.Wallet, error) {
		latest, now := map[string]*shown{}, b.clock.Now()
		for _, k := range b.codes {
			old := latest[k.Wallet]
			if !k.Used && now.Before(k.Expires) && (old == nil || k.Text > old.Text) {
				latest[k.Wallet] = k
			}
		}
		var list []sdk.Wallet
		for _, w := range b.wallets {
			v := *w
			if k := latest[w.ID]; k != nil {
				v.Code = &sdk.Code{Text: k.Text, Wallet: k.Wallet, Expires: k.Expires}
			}
			list = append(list, v)
		}
		slices.SortFunc(list, func(a, b sdk.Wallet) int { return cmp.Compare(a.ID, b.ID) })
		return list, nil
	})
	return list
}

// SetWallet implements sdk.Phone.
func (b *bank) SetWallet(w sdk.Wallet) (sdk.Wallet, error) {
	return under(b, func() (sdk.Wallet, error) {
		if old := b.wallets[w.ID]; old != nil {
			w.System, w.Name = old.System, cmp.Or(w.Name, old.Name)
		}
		if _, ok := codePrefix(wire.System(w.System)); w.ID == "" || !ok || w.Balance < 0 || w.Balance > maxBalance {
			return w, sdk.BadRequest(errors.New("a wallet has an id, a system (SENDY, WECHAT, ALIPAY) and a balance from 0 to 10^15"))
		}
		w.Code = nil
		t := b.begin()
		t.change.Wallets = append(t.change.Wallets, &w)
		return w, t.commit()
	})
}

// codePrefix begins the codes of a payment system.
func codePrefix(s wire.System) (string, bool) {
	switch s {
	case wire.Sendy:
		return wire.SendyCodePrefix, true
	case wire.WeChat:
		return "13", true
	case wire.Alipay:
		return "28", true
	}
	return "", false
}

// ShowCode implements sdk.Phone.
func (b *bank) ShowCode(wallet, wish string) (sdk.Code, error) {
	return under(b, func() (sdk.Code, error) {
		w := b.wallets[wallet]
		if w == nil {
			return sdk.Code{}, sdk.BadRequest(errors.New("no such wallet: " + wallet))
		}
		tail, err := tailOf(wish)
		if err != nil {
			return sdk.Code{}, err
		}
		prefix, _ := codePrefix(wire.System(w.System))
		t := b.begin()
		k := &shown{System: wire.System(w.System), Wallet: wallet, Behaviour: behaviour(wish)}
		k.Expires = t.now.Add(time.Duration(b.settings.CodeLifetime))
		for n := len(b.codes) + 1; ; n++ { // a code that somebody typed by hand may be in the way
			k.Text = fmt.Sprintf("%s%014d%s", prefix, n, tail)
			if b.codes[k.Text] == nil {
				break
			}
		}
		t.change.Codes = append(t.change.Codes, k)
		return sdk.Code{Text: k.Text, Wallet: wallet, Expires: k.Expires}, t.commit()
	})
}

// tailOf is the last two digits of a code that behaves as wished.
func tailOf(wish string) (string, error) {
	for tail, v := range behaviours() {
		if string(v) == wish {
			return tail, nil
		}
	}
	return "", sdk.BadRequest(errors.New("no such behaviour: " + strconv.Quote(wish) + "; there are confirm, refuse, soon, poor, declined, invalid, expired and none"))
}
