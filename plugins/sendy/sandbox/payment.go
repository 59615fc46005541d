package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

// currency is the only one that is served.
const currency = "RUB"

// maxNumber keeps a till's mistake from using up all numbers.
const maxNumber = 1e15

// qrPrefix begins what a QR says; the token follows.
const qrPrefix = "https://sendy.example/q/"

// repeated looks for a record under the number of a request. It is an error if the number holds another request, and nil
// if it holds none.
func (b *bank) repeated(c *call, number, shift int64, in any) (*record, string, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return nil, "", err
	}
	if number > maxNumber {
		return nil, "", &wire.Error{Code: wire.CodeBadRequest, Message: "transaction is too big"}
	}
	request := strings.TrimPrefix(c.URL.Path, "/") + " " + string(text)
	old := b.records[recordID{c.terminal.ID, number}]
	switch {
	case old == nil && shift > c.terminal.open():
		return nil, "", refusal(wire.CodeShiftNotOpen)
	case old == nil || old.Request == request:
		return old, request, nil
	case old.Request == "":
		return nil, "", refusal(wire.CodeAlreadyCancelled)
	}
	return nil, "", refusal(wire.CodeConflict)
}

// fresh begins the record of a request and takes its number.
func (t *tx) fresh(c *call, number int64, request string) *record {
	t.spend(c, number)
	r := &record{recordID: recordID{c.terminal.ID, number}, Request: request}
	r.Transaction, r.Created = number, t.now
	t.change.Records = append(t.change.Records, r)
	return r
}

// spend takes a number.
func (t *tx) spend(c *call, number int64) {
	if number >= c.terminal.Next {
		t.terminal(c.terminal).Next = number + 1
	}
}

// told is what the till hears about r.
func told(c *call, r *record) wire.Record {
	out := r.Record
	out.Message = reasonText(c.lang, r.Reason)
	return out
}

func (b *bank) payOffline(c *call, in *wire.OfflineRequest) (any, error) {
	old, request, err := b.repeated(c, in.Transaction, in.Shift, in)
	if err != nil || old != nil {
		return toldOr(c, old, err)
	}
	if in.Currency != currency {
		return nil, &wire.Error{Code: wire.CodeBadRequest, Message: "currency is not " + currency}
	}
	t := b.begin()
	r := t.fresh(c, in.Transaction, request)
	r.Kind, r.Mode, r.System = wire.Payment, wire.Offline, in.System
	r.Shift, r.Key, r.Amount, r.Currency = in.Shift, in.Key, in.Amount, in.Currency
	r.Scanned = strings.TrimSpace(in.AuthCode)
	r.Payer = wire.Mask(r.Scanned)
	if why := t.scan(r); why != "" {
		t.decline(r, why)
	} else if r.Behaviour.asks() {
		r.Status, r.Expires = wire.UserPaying, t.now.Add(time.Duration(b.settings.ProcessingTimeout))
	} else {
		t.pay(r, c.terminal.open())
	}
	return told(c, r), t.commit()
}

// scan finds the customer by the scanned code and uses the code up. It returns why the code is no good.
func (t *tx) scan(r *record) wire.Reason {
	b := t.bank
	if why := b.served(r); why != "" {
		return why
	}
	if system, ok := wire.SystemOf(r.Scanned); !ok || system != r.System {
		return wire.ReasonCodeInvalid
	}
	k := b.codes[r.Scanned]
	if k == nil {
		k = &shown{Text: r.Scanned, System: r.System, Wallet: b.firstWallet(r.System), Behaviour: behaviourOf(r.Scanned)}
	}
	switch {
	case k.Used:
		return wire.ReasonCodeUsed
	case !k.Expires.IsZero() && !t.now.Before(k.Expires):
		return wire.ReasonCodeExpired
	}
	t.code(k).Used = true
	r.Wallet, r.Behaviour = k.Wallet, k.Behaviour
	return r.Behaviour.refusal()
}

// served returns why the bank does not take a payment whoever pays it.
func (b *bank) served(r *record) wire.Reason {
	switch {
	case !slices.Contains(b.settings.Systems, r.System):
		return wire.ReasonSystemOff
	case r.Amount > b.settings.MaxAmount:
		return wire.ReasonTooMuch
	}
	return ""
}

func (b *bank) payOnline(c *call, in *wire.OnlineRequest) (any, error) {
	old, request, err := b.repeated(c, in.Transaction, in.Shift, in)
	if err != nil || old != nil {
		return toldOr(c, old, err)
	}
	if in.Currency != currency {
		return nil, &wire.Error{Code: wire.CodeBadRequest, Message: "currency is not " + currency}
	}
	t := b.begin()
	r := t.fresh(c, in.Transaction, request)
	r.Kind, r.Mode, r.System = wire.Payment, wire.Online, in.System
	r.Shift, r.Key, r.Amount, r.Currency = in.Shift, in.Key, in.Amount, in.Currency
	if why := b.served(r); why != "" {
		t.decline(r, why)
	} else {
		r.Status, r.Expires = wire.Waiting, t.now.Add(time.Duration(b.settings.QRLifetime))
		r.Token = rand.Text()
		r.QR = qrPrefix + r.Token
		r.Wallet = b.firstWallet(r.System)
	}
	return told(c, r), t.commit()
}

func (b *bank) inquire(c *call, _ *empty) (any, error) {
	id, err := c.id()
	if err != nil {
		return nil, err
	}
	if b.waiting[id] != nil {
		b.polls[id]++
		if err := b.settle(); err != nil {
			return nil, err
		}
	}
	r := b.records[id]
	if r == nil {
		return nil, refusal(wire.CodeNotFound)
	}
	return told(c, r), nil
}

// id is the record that the path names.
func (c *call) id() (recordID, error) {
	n, err := strconv.ParseInt(c.PathValue("transaction"), 10, 64)
	if err != nil || n <= 0 || n > maxNumber {
		return recordID{}, refusal(wire.CodeNoSuchPath)
	}
	return recordID{c.terminal.ID, n}, nil
}

func (b *bank) refund(c *call, in *wire.RefundRequest) (any, error) {
	old, request, err := b.repeated(c, in.Transaction, in.Shift, in)
	if err != nil || old != nil {
		return toldOr(c, old, err)
	}
	if in.Currency != currency || in.Original == in.Transaction {
		return nil, &wire.Error{Code: wire.CodeBadRequest, Message: "currency is not " + currency + ", or original is the refund itself"}
	}
	t := b.begin()
	r := t.fresh(c, in.Transaction, request)
	r.Kind, r.Original = wire.Refund, in.Original
	r.Shift, r.Key, r.Amount, r.Currency = in.Shift, in.Key, in.Amount, in.Currency
	paid := b.records[recordID{c.terminal.ID, in.Original}]
	switch {
	case paid == nil || paid.Kind != wire.Payment || paid.Status != wire.Paid:
		t.decline(r, wire.ReasonNoOriginal)
	case in.Amount > paid.Amount-paid.Refunded:
		t.decline(r, wire.ReasonRefundExcess)
	default:
		paid = t.record(paid)
		paid.Refunded += r.Amount
		r.System, r.Wallet, r.Payer = paid.System, paid.Wallet, paid.Payer
		t.wallet(r.Wallet).Balance += r.Amount
		t.move(r, c.terminal.open(), sdk.EntryRefund, r.Key, paid.Key)
	}
	return told(c, r), t.commit()
}

func (b *bank) cancel(c *call, in *wire.CancelRequest) (any, error) {
	id, err := c.id()
	if err != nil {
		return nil, err
	}
	old := b.records[id]
	if old == nil {
		return b.bar(c, id, in)
	}
	if old.Kind != wire.Payment || old.Key != in.Key || old.Amount != in.Amount {
		return nil, refusal(wire.CodeConflict)
	}
	if !old.waits() && (old.Status != wire.Paid || in.Mode == wire.Close) {
		return told(c, old), nil
	}
	t := b.begin()
	if b.settings.BusyCancels > 0 {
		busy := b.settings
		busy.BusyCancels--
		t.change.Settings = &busy
		out := told(c, old)
		out.Recall = true
		return out, t.commit()
	}
	if old.Refunded > 0 {
		return nil, refusal(wire.CodeHasRefunds)
	}
	r := t.record(old)
	if r.Status == wire.Paid {
		t.wallet(r.Wallet).Balance += r.Amount
		t.move(r, 0, sdk.EntryReversal, r.Key, r.Key)
		r.Reversed, r.ReversedAt, r.ReversedBooked = true, t.now, c.terminal.open()
	}
	t.end(r, wire.Cancelled, wire.ReasonCancelled)
	return told(c, r), t.commit()
}

// bar records a number that was never received as cancelled, so that a request that is still on its way finds it taken.
func (b *bank) bar(c *call, id recordID, in *wire.CancelRequest) (any, error) {
	t := b.begin()
	r := t.fresh(c, id.Number, "")
	r.Kind, r.Shift = wire.Payment, c.terminal.open()
	r.Key, r.Amount, r.Currency = in.Key, in.Amount, currency
	t.end(r, wire.Cancelled, wire.ReasonCancelled)
	return told(c, r), t.commit()
}

// settle does what the clock and the simulated customer have brought about since the last request.
func (b *bank) settle() error {
	for _, old := range b.byAge() {
		t := b.begin()
		r := t.record(old)
		switch b.fate(old, t.now) {
		case autoPay:
			t.pay(r, b.terminals[r.Terminal].open())
			if r.Payer == "" {
				r.Payer = wire.Mask(r.Wallet)
			}
		case autoDecline:
			t.decline(r, wire.ReasonPayer)
		case timeOver:
			t.decline(r, wire.ReasonExpired)
		default:
			continue
		}
		if err := t.commit(); err != nil {
			return err
		}
	}
	return nil
}

// timeOver is the fate of a payment that nobody made in time.
const timeOver = "expire"

// fate is what happens to a waiting payment now; "" is nothing.
func (b *bank) fate(r *record, now time.Time) string {
	s, polls := b.settings, b.polls[r.recordID]
	auto := s.Auto
	if r.Held || r.Behaviour.decides() {
		auto = ""
	}
	moment := r.Created.Add(time.Duration(s.AutoAfter))
	switch {
	case auto != "" && s.AutoAfter > 0 && !now.Before(moment) && moment.Before(r.Expires):
		return auto
	case !now.Before(r.Expires):
		return timeOver
	case r.Behaviour == refuse && polls >= secondLook:
		return autoDecline
	case r.Behaviour == soon && polls >= secondLook:
		return autoPay
	case auto != "" && s.AutoPolls > 0 && polls >= s.AutoPolls:
		return auto
	case auto != "" && s.AutoPolls == 0 && s.AutoAfter == 0 && polls > 0:
		return auto
	}
	return ""
}

func toldOr(c *call, r *record, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return told(c, r), nil
}
