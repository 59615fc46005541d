package sim

import (
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// family is a sort of provider and of the driver that stands before it.
type family struct {
	name     string
	kinds    []pay.Kind // of payments and payouts that a till begins
	counts   bool
	cancels  bool
	reverses bool // has a Reverser
	refunds  bool // has a Refunder
	prepares func(pay.Kind) bool
	traits   provider.Traits
	secrets  pay.Kind // the kind whose request has secret parameters, gone after a restart
	shift    bool     // keeps shifts
	holds    bool     // a draft keeps something back for the customer
	once     bool     // one request twice may move money twice: the wire does not double requests there
	odd      bool     // its driver gives verdicts that do not belong
	ids      bool     // the provider names what is paid, not we
	listing  int64    // how long after a request the query may not know it yet; 0: it knows at once
	drive    func(w *World, c *call, r *response)
}

func always(pay.Kind) bool { return true }
func never(pay.Kind) bool  { return false }
func online(k pay.Kind) bool {
	return k == pay.KindOnline
}

const (
	horizon = 3 * time.Minute
	latest  = 6 * minute  // how late a request can come that its sender gave up
	soon    = 50 * second // the same where a horizon is declared
)

// families are the sorts of providers. They are a constant.
var families = [...]family{
	{name: "through numbers", kinds: []pay.Kind{pay.KindOnline, pay.KindOffline}, counts: true, cancels: true, reverses: true, refunds: true,
		prepares: online, traits: provider.Traits{RefusesDuplicates: true}, secrets: pay.KindOffline, shift: true, drive: driveNumbers},
	{name: "one key, payouts", kinds: []pay.Kind{pay.KindPayout}, prepares: never, traits: provider.Traits{RefusesDuplicates: true},
		secrets: pay.KindPayout, drive: drivePayouts},
	{name: "ids of the bank", kinds: []pay.Kind{pay.KindOnline}, cancels: true, refunds: true, prepares: always, ids: true, drive: driveBank},
	{name: "cash link", kinds: []pay.Kind{pay.KindOnline}, cancels: true, refunds: true, prepares: never, once: true, ids: true, drive: driveLink},
	{name: "reserve and confirm", kinds: []pay.Kind{pay.KindBasket}, cancels: true, reverses: true, prepares: always, holds: true,
		traits: provider.Traits{RefusesDuplicates: true}, drive: driveBasket},
	{name: "query that forgets", kinds: []pay.Kind{pay.KindOffline, pay.KindPayout}, cancels: true, refunds: true, prepares: never, once: true,
		traits: provider.Traits{Horizon: horizon}, counts: true, listing: 50 * second, drive: driveKey},
	{name: "plain", kinds: []pay.Kind{pay.KindOffline}, cancels: true, refunds: true, prepares: never, once: true, drive: driveKey},
	{name: "no way back", kinds: []pay.Kind{pay.KindOffline, pay.KindOnline}, prepares: never, traits: provider.Traits{RefusesDuplicates: true}, drive: driveKey},
	{name: "odd words", kinds: []pay.Kind{pay.KindOffline}, cancels: true, reverses: true, refunds: true, counts: true, prepares: always,
		traits: provider.Traits{RefusesDuplicates: true}, odd: true, drive: driveKey},
}

// late is how late a request can come at most that its sender gave up.
func (f *family) late() int64 {
	if f.traits.Horizon > 0 {
		return soon
	}
	return latest
}

// abilities are what the engine may ask of the driver (Shell does the same).
func (f *family) abilities(k pay.Kind, whole bool) engine.Abilities {
	return engine.Abilities{
		Traits:   f.traits,
		Reverses: k.Payment() && (f.refunds || f.reverses),
		Cancels:  k.Payment() && f.cancels,
		Counts:   k.Money() && f.counts && !(k == pay.KindReversal && whole && f.reverses),
		Holds:    k.Payment() && f.holds,
		Prepares: k.Money() && k != pay.KindReversal && f.prepares(k),
	}
}

func (f *family) secret(k pay.Kind) bool { return k == f.secrets }

// shows gives the account that a shown QR code lets a customer pay.
func (f *family) shows(w *World, o *op) int32 {
	if id := stateID(&o.state); f.ids && id > 0 {
		return int32(id) - 1
	}
	return w.deals[o.d].account
}

// stateID is what the driver keeps in the engine's state: one number.
func stateID(s *engine.State) (n int64) {
	for _, digit := range s.Driver.Data {
		n = n*10 + int64(digit-'0')
	}
	return n
}

func stateOf(n int64) *provider.State {
	var text [20]byte
	i := len(text)
	for ; n > 0 || i == len(text); n /= 10 {
		i--
		text[i] = byte('0' + n%10)
	}
	return &provider.State{Version: 1, Data: append([]byte(nil), text[i:]...)}
}
