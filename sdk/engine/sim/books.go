package sim

import (
	"strconv"
	"time"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/pay"
)

// auditEach is every how many runs the books are held against package audit as well, which knows nothing of the engine.
const auditEach = 16

// books are what audit needs, kept in the runs that are held against it.
type books struct {
	kept      bool
	elsewhere bool    // money went back by other hands, which no journal knows
	order     []int32 // in which operations were journaled
	movements []audit.Movement
	told      []audit.Told
	events    map[int32][]audit.Event
}

func (w *World) keepBooks(seed uint64) {
	w.books = books{kept: seed%auditEach == 0, order: w.books.order[:0], movements: w.books.movements[:0], told: w.books.told[:0]}
	if w.books.kept {
		w.books.events = map[int32][]audit.Event{}
	}
}

func moment(at int64) time.Time { return base.Add(time.Duration(at)) }

// journaled notes a transition.
func (w *World) journaled(d int32, name string) {
	if !w.books.kept {
		return
	}
	list := w.books.events[d]
	if w.rows[d].doubtful && len(list) > 1 { // the transition before was written although it failed, and is made again
		list[len(list)-1].Name = name
		return
	}
	if len(list) == 0 {
		w.books.order = append(w.books.order, d)
	}
	w.books.events[d] = append(list, audit.Event{Number: int64(len(list)) + 1, Name: name, Time: moment(w.now)})
}

// moves notes money that moved for d; of a payment that is given back: none, or the payment.
func (w *World) moves(d, of int32, kind string, amount pay.Amount) {
	if !w.books.kept {
		return
	}
	m := audit.Movement{Kind: kind, Amount: amount, Currency: pay.RUB, Transaction: strconv.Itoa(len(w.books.movements)), Time: moment(w.now)}
	if d != none {
		m.Key = w.deals[d].key.String()
	}
	if of != none {
		m.Of = w.deals[of].key.String()
	}
	w.books.movements = append(w.books.movements, m)
}

// tells notes what a till heard.
func (w *World) tells(d int32, t told) {
	if !w.books.kept || !w.deals[d].kind.Money() {
		return
	}
	by := ""
	if t.resolved {
		by = "person"
	}
	w.books.told = append(w.books.told, audit.Told{Till: "till-" + strconv.Itoa(int(w.deals[d].till)), Ref: pay.Ref(w.name(d)), Outcome: t.outcome, OtherTender: t.other,
		Amount: t.approved, Reversal: t.reversal, ResolvedBy: by, Time: moment(w.now)})
}

// audit holds all books of the run against each other. Where a person erred or staff gave money back, the provider's are left out: then the
// books differ by somebody's word, and rules.go says how.
func (w *World) audit() {
	if !w.books.kept {
		return
	}
	b := audit.Books{Movements: w.books.movements, Told: w.books.told, Provider: !w.books.elsewhere, Quiet: true}
	for _, d := range w.books.order {
		x, r := &w.deals[d], &w.rows[d]
		if !x.kind.Money() {
			continue
		}
		s := &r.state
		if s.Resolved != nil {
			return // a person's word, true or not, is no fact that books could agree on
		}
		o := audit.Operation{Module: "sim", Ref: pay.Ref(w.name(d)), Key: x.key.String(), Kind: x.kind, PosID: "till-" + strconv.Itoa(int(x.till)),
			Amount: x.amount, Approved: s.Approved, Currency: pay.RUB, Number: r.number, ProviderNumber: r.pnum, Shift: r.shift, BookedShift: r.booked,
			Outcome: s.Outcome, Final: s.Final(), Told: s.Told, Charged: s.Charged, Ack: s.Ack, Reversal: s.Reversal, Abandoned: s.Abandoned,
			Elsewhere: s.Elsewhere, Begun: s.Begun, Settled: s.SettledAt, Events: w.books.events[d]}
		if x.parent != none {
			o.Original = pay.Ref(w.name(x.parent))
		}
		if x.document != none {
			o.Document = "document-" + strconv.Itoa(int(x.document))
		}
		b.Operations = append(b.Operations, o)
	}
	for _, v := range audit.Check(b) {
		w.violate(v.Rule, "audit: %v", v)
	}
}

// kindOf is the kind of movement that an operation makes.
func kindOf(k pay.Kind) string {
	switch k {
	case pay.KindRefund:
		return audit.Refund
	case pay.KindReversal:
		return audit.Reversal
	case pay.KindPayout:
		return audit.Payout
	}
	return audit.Payment
}
