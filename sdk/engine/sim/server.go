package sim

import (
	"github.com/payrack/payrack/sdk/pay"
)

// server is the provider: what it holds outlives its own restarts.
type server struct {
	accounts []account
	next     int64 // through number
	shift    int64
	closes   int64 // the last shift that was closed by us
	down     int64
	heard    uint64
	links    []int32 // the activation that a till's cash link shows
}

// account is what the provider knows of one request for money.
type account struct {
	d       int32 // whose it is, for the books of truth
	key     pay.Key
	kind    pay.Kind
	amount  pay.Amount
	status  status
	of      int32 // of a refund: the account of the payment
	num     int64
	listed  int64 // from when the query knows it
	until   int64
	born    int64
	tries   int
	undone  bool
	back    pay.Amount
	crossed bool // it was stopped while the payer's bank was at work
	seen    bool // a customer has seen what can be paid
}

// status is the provider's word for it.
type status uint8

const (
	nothing status = iota
	draft
	waiting
	busy
	wantsCode
	paid
	declined
	cancelled
	expired
	upperCase status = 0x80 // the same in another letter case
)

var statusNames = [...]string{"nothing", "draft", "waiting", "busy", "wants code", "paid", "declined", "cancelled", "expired"}

func (s status) String() string { return statusNames[s&^upperCase] }

// forgetsAfter is how far back the list of the provider goes that forgets.
const forgetsAfter = 150 * minute

// mostOff is how far the machine's clock is off at most.
const mostOff = 40 * minute

// What an account does by itself.
const (
	customerPays uint8 = iota
	accountSettles
	accountExpires
)

func (w *World) account(d int32) *account {
	if d == none {
		return nil
	}
	if i := w.deals[d].account; i != none {
		return &w.srv.accounts[i]
	}
	return nil
}

// open makes an account; by its key it is found again where the provider knows keys.
func (w *World) open(m *message, s status) int32 {
	i := int32(len(w.srv.accounts))
	a := account{d: m.asker, key: m.key, kind: w.deals[m.asker].kind, amount: m.amount, status: s, of: none, num: m.num, born: w.now, listed: w.now}
	a.until = w.now + w.between(minute, 15*minute)
	if w.fam.listing > 0 && w.unlucky(w.odds.wire/2) {
		a.listed += w.below(w.fam.listing)
	}
	w.srv.accounts = append(w.srv.accounts, a)
	w.deals[m.asker].account = i
	w.plan(a.until-w.now, iAccount, accountExpires, i, 0, 0)
	return i
}

// about is what an account looks like in an answer.
func (w *World) about(m *message, i int32) response {
	a := &w.srv.accounts[i]
	return response{sort: says, status: a.status, key: m.key, amount: a.amount, id: int64(i) + 1, until: a.until - w.now, undone: a.undone, left: w.left(m)}
}

// serve is the provider at work.
func (w *World) serve(m *message) response {
	ok := response{sort: says, key: m.key}
	switch m.ask {
	case askProbe:
		switch m.key[0] % 8 {
		case 0:
			ok.sort = saysNo
		case 1, 2, 3:
			ok.status = waiting // for ever
		}
		return ok
	case askCounters:
		ok.next, ok.shift = w.srv.next, w.srv.shift
		return ok
	case askClose:
		return w.closeShift(m)
	case askOpen:
		return w.serveOpen(m)
	case askPay:
		return w.servePay(m)
	case askQuery:
		return w.serveQuery(m)
	case askStop:
		return w.serveStop(m)
	case askCode:
		return w.serveCode(m)
	case askGive, askPerform:
		return w.serveGive(m)
	case askDraft:
		i := w.open(m, draft)
		w.srv.accounts[i].of = int32(m.oid) - 1
		return w.about(m, i)
	case askLook:
		if w.fam.ids {
			return w.serveLook(m)
		}
		return w.serveUndo(m)
	case askUndo:
		return w.serveUndo(m)
	}
	return response{sort: saysNo, key: m.key}
}

// left is what the provider still has of the payment that a request gives back.
func (w *World) left(m *message) pay.Amount {
	if w.deals[m.asker].parent == none {
		return -1
	}
	i := w.payment(m)
	if i == none {
		return -1
	}
	if a := &w.srv.accounts[i]; a.status == paid || a.undone {
		return a.amount - a.back
	}
	return -1
}

// number takes the through number of a request: a new one is spent, another key under it is refused.
func (w *World) number(m *message) bool {
	if !w.fam.counts || m.num == 0 {
		return true
	}
	for i := range w.srv.accounts {
		if a := &w.srv.accounts[i]; a.num == m.num && a.key != m.key {
			return false
		}
	}
	w.srv.next = max(w.srv.next, m.num+1)
	return true
}

func (w *World) serveOpen(m *message) response {
	if a := w.account(m.asker); a != nil && !w.fam.ids {
		return w.about(m, w.deals[m.asker].account)
	}
	if !w.number(m) {
		return response{sort: saysDuplicate, key: m.key}
	}
	switch {
	case w.refuses(m):
		return w.about(m, w.open(m, declined))
	case w.deals[m.asker].kind == pay.KindBasket:
		i := w.open(m, draft)
		w.srv.accounts[i].amount = max(1, m.amount-pay.Amount(w.below(int64(m.amount))))
		return w.about(m, i)
	case w.fam.odd || m.asker != none && w.deals[m.asker].kind.Returns():
		i := w.open(m, draft)
		if w.deals[m.asker].parent != none {
			w.srv.accounts[i].of = w.payment(m)
		}
		return w.about(m, i)
	}
	return w.about(m, w.open(m, waiting))
}

// refuses draws whether the provider declines.
func (w *World) refuses(m *message) bool {
	if !w.unlucky(80) {
		return false
	}
	w.fault(Refused)
	return true
}

func (w *World) servePay(m *message) response {
	if len(w.srv.links) > 0 && w.fam.name == "cash link" {
		return w.activate(m)
	}
	if a := w.account(m.asker); a != nil {
		switch {
		case w.fam.once:
			w.violate("3.2", "%s: a provider that does not refuse duplicates was sent the key again", w.name(m.asker))
		case a.status == draft && m.amount != a.amount:
			a.status = cancelled // a confirmation of another sum than was reserved
		case a.status == draft && w.now < a.until:
			a.status = busy
			w.settle(w.deals[m.asker].account)
		case a.status == draft:
			a.status = expired
		case w.fam.secrets == pay.KindPayout:
			return response{sort: saysDuplicate, key: m.key}
		}
		return w.about(m, w.deals[m.asker].account)
	}
	if !w.number(m) {
		return response{sort: saysDuplicate, key: m.key}
	}
	if w.deals[m.asker].kind == pay.KindBasket {
		return response{sort: saysNotFound, key: m.key} // nothing was reserved
	}
	if w.refuses(m) {
		return w.about(m, w.open(m, declined))
	}
	i := w.open(m, busy)
	switch w.below(4) {
	case 0:
		w.settle(i)
	case 1:
		w.plan(w.below(one(&w.chance, 5*second, 40*second)), iAccount, accountSettles, i, 0, 0)
	default:
		if w.deals[m.asker].kind == pay.KindPayout {
			w.srv.accounts[i].status = wantsCode
			break
		}
		w.srv.accounts[i].status = waiting
		w.customer(i)
	}
	return w.about(m, i)
}

// activate makes a cash link payable for one operation. The activation before, unless somebody is paying it, is replaced or stands in the way.
func (w *World) activate(m *message) response {
	link := &w.srv.links[w.deals[m.asker].till]
	if *link != none {
		switch last := &w.srv.accounts[*link]; {
		case last.status != waiting && last.status != busy:
		case w.permille(300):
			return response{sort: saysNo, key: m.key}
		case last.status == waiting:
			last.status = cancelled
		}
	}
	*link = w.open(m, waiting)
	w.customer(*link)
	return w.about(m, *link)
}

// serveLook tells what a cash link shows now; the purpose of the payment, which bears the key, says whose it is.
func (w *World) serveLook(m *message) response {
	i := w.srv.links[w.deals[m.asker].till]
	if i == none {
		return response{sort: saysNo, key: m.key}
	}
	r := w.about(m, i)
	r.here = w.srv.accounts[i].key == m.key
	return r
}

func (w *World) serveQuery(m *message) response {
	i := int32(m.id) - 1
	if m.id == 0 {
		i = w.deals[m.asker].account
	}
	if i < 0 || int(i) >= len(w.srv.accounts) {
		return response{sort: saysNotFound, key: m.key}
	}
	a := &w.srv.accounts[i]
	switch {
	case w.now < a.listed && !w.calm:
		w.fault(NotFoundYet)
		return response{sort: saysNotFound, key: m.key}
	case w.fam.listing > 0 && w.now > a.born+forgetsAfter:
		return response{sort: saysNotFound, key: m.key}
	}
	return w.about(m, i)
}

func (w *World) serveStop(m *message) response {
	i := int32(m.id) - 1
	if m.id == 0 {
		i = w.deals[m.asker].account
	}
	if i == none {
		if !w.fam.counts || m.num == 0 || !w.number(m) {
			return response{sort: saysNotFound, key: m.key}
		}
		i = w.open(m, cancelled) // of a number never seen: a request that comes later is refused
	}
	a := &w.srv.accounts[i]
	switch {
	case a.status == waiting, a.status == draft:
		a.status = cancelled
	case a.status == busy && w.fam.ids && !a.kind.Returns() && w.permille(300):
		a.status, a.crossed = cancelled, true // the payer's bank is at work already, and that comes out after the word
	case a.status == paid && m.blind && !a.undone: // there a cancel of what was confirmed gives all of it back, unless only a reservation was meant
		w.takeBack(a)
		a.undone, a.status = true, cancelled
	}
	return w.about(m, i)
}

func (w *World) serveCode(m *message) response {
	a := w.account(m.asker)
	switch {
	case a == nil:
		return response{sort: saysNotFound, key: m.key}
	case a.status != wantsCode:
	case m.yes || w.permille(500):
		a.status = busy
		w.settle(w.deals[m.asker].account)
	default:
		if a.tries++; a.tries >= 3 {
			a.status = cancelled
		}
	}
	return w.about(m, w.deals[m.asker].account)
}

// serveGive gives back a part or all of a payment, under a key or draft of its own.
func (w *World) serveGive(m *message) response {
	no := response{sort: saysNo, key: m.key, left: -1}
	var i int32
	switch {
	case m.ask == askPerform:
		i = int32(m.id) - 1
	case w.account(m.asker) != nil:
		i = w.deals[m.asker].account
	default:
		if !w.number(m) {
			return response{sort: saysDuplicate, key: m.key}
		}
		i = w.open(m, draft)
		w.srv.accounts[i].of = w.payment(m)
	}
	a := &w.srv.accounts[i]
	if a.status != draft {
		if m.ask == askGive && w.fam.once {
			w.violate("3.2", "%s: a provider that does not refuse duplicates was sent the key again", w.name(m.asker))
		}
		return w.about(m, i)
	}
	if a.of == none {
		a.status = declined
		return no
	}
	p := &w.srv.accounts[a.of]
	switch {
	case p.status != paid || p.undone || p.back+a.amount > p.amount, w.refuses(m):
		a.status = declined
	default:
		a.status = busy
		p.back += a.amount
		if w.permille(500) {
			w.settle(i)
		} else {
			w.plan(w.below(30*second), iAccount, accountSettles, i, 0, 0)
		}
	}
	return w.about(m, i)
}

// payment finds the account of the payment that a request gives back.
func (w *World) payment(m *message) int32 {
	if m.oid > 0 {
		return int32(m.oid) - 1
	}
	d := w.byKey(m.okey)
	if d == none {
		return none
	}
	return w.deals[d].account
}

// serveUndo undoes a payment whole, or only tells whether it was.
func (w *World) serveUndo(m *message) response {
	i := w.payment(m)
	if i == none {
		return response{sort: saysNo, key: m.key}
	}
	p := &w.srv.accounts[i]
	if m.ask == askUndo && !p.undone {
		if w.account(m.asker) != nil {
			return response{sort: saysNo, key: m.key, left: w.left(m)} // it was refused before
		}
		if p.status != paid || p.back > 0 || w.refuses(m) {
			num := m.num
			m.num = 0
			w.open(m, declined)
			m.num = num
			return response{sort: saysNo, key: m.key, left: w.left(m)}
		}
		p.undone, p.status = true, cancelled
		p.back = p.amount
		w.gaveBack(m.asker, p.d, p.amount)
	}
	r := w.about(m, i)
	r.until = 0
	return r
}

// settle ends what is being worked on: the money moves, or it never will.
func (w *World) settle(i int32) {
	a := &w.srv.accounts[i]
	if a.status != busy && !a.crossed {
		return
	}
	a.crossed = false
	if a.kind.Returns() {
		a.status = paid
		w.gaveBack(a.d, w.srv.accounts[a.of].d, a.amount)
		return
	}
	if w.unlucky(60) {
		w.fault(Refused)
		a.status = declined
		return
	}
	a.status = paid
	w.charged(a)
}

// customer lets somebody pay what waits, in time or not.
func (w *World) customer(i int32) {
	a := &w.srv.accounts[i]
	if a.seen {
		return
	}
	a.seen = true
	if w.permille(150) {
		return // never
	}
	after := w.between(second, 40*second)
	if w.unlucky(w.odds.customer) {
		w.fault(CustomerLate)
		after = w.below(12 * minute)
	}
	w.plan(after, iAccount, customerPays, i, 0, 0)
	if w.unlucky(w.odds.customer / 3) {
		w.plan(after+w.below(minute), iAccount, customerPays, i, 0, 1)
	}
}

func (w *World) accountMoves(it item) {
	i := it.a
	a := &w.srv.accounts[i]
	switch it.sub {
	case customerPays:
		if it.c == 1 {
			w.fault(CustomerTwice)
		}
		if a.status != waiting || w.now >= a.until {
			return
		}
		if w.deals[a.d].taker.cancelled {
			w.fault(CustomerAfterCancel)
		}
		if w.Trace != nil {
			w.trace("customer pays %s", w.name(a.d))
		}
		a.status = busy
		w.plan(w.below(one(&w.chance, 500*milli, 5*second, 2*minute)), iAccount, accountSettles, i, 0, 0)
	case accountSettles:
		w.settle(i)
	case accountExpires:
		if a.status == waiting || a.status == draft || a.status == wantsCode {
			a.status = expired
		}
	}
}

// closeShift closes the provider's shift, or tells what became of it.
func (w *World) closeShift(m *message) response {
	r := response{sort: says, key: m.key, shift: w.srv.shift}
	if m.shift == w.srv.shift || m.shift == 0 {
		w.srv.shift++
	}
	r.next = w.srv.shift
	return r
}
