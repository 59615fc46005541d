package sim

import (
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// call is one call of the driver, with what the driver may know of its operation.
type call struct {
	used   bool
	index  int32
	token  uint32
	d      int32
	what   engine.Call
	step   uint8 // how far it has come, where it takes several exchanges
	turn   uint8 // how many exchanges it has made
	kind   pay.Kind
	key    pay.Key
	amount pay.Amount
	maybe  bool // an earlier try may have arrived
	id     int64
	num    int64
	shift  int64
	age    int64 // of the operation, by the module's clock
	yes    bool  // the answer to a prompt is right
	stuck  bool  // the driver does nothing, and ignores the end of the call
	gone   bool  // nobody waits for it any more
	life   uint32

	original int32
	okey     pay.Key
	oid      int64
	onum     int64
	oamount  pay.Amount
	whole    bool // undo all of the original, by the provider's own way

	touched, money bool
}

// longestCall is the shell's CallTimeout.
const longestCall = 40 * second

func (w *World) startCall(o *op, what engine.Call, answer provider.Answer) {
	i := int32(len(w.calls))
	if n := len(w.freeCall); n > 0 {
		i = w.freeCall[n-1]
		w.freeCall = w.freeCall[:n-1]
	} else {
		w.calls = append(w.calls, call{})
	}
	c := &w.calls[i]
	x, r := &w.deals[o.d], &w.rows[o.d]
	*c = call{used: true, index: i, token: c.token + 1, d: o.d, what: what, kind: x.kind, key: x.key, amount: x.amount, maybe: o.state.MaybeSent || o.state.Tries > 1,
		id: stateID(&o.state), num: r.pnum, shift: r.pshift, original: x.parent, yes: answer.Value == "1"}
	c.age = int64(w.wallclock().Sub(o.state.Begun))
	if x.parent != none {
		p := &w.rows[x.parent]
		c.okey, c.oid, c.onum, c.oamount = w.deals[x.parent].key, stateID(&p.state), p.pnum, p.state.Approved
		c.whole = x.kind == pay.KindReversal && o.whole && w.fam.reverses
	}
	o.call = i
	w.plan(longestCall, iGiveUp, 0, i, w.mod.epoch, int64(c.token))
	if o.stuck > 0 && movesMoney(what, x.kind) {
		w.finish(c, provider.Reply{Error: pay.ErrModuleDown}, true)
		return
	}
	if what == engine.CallInquire && w.takenBack(o) {
		w.finish(c, provider.Reply{Verdict: provider.Declined}, false) // the next reversal asks the same question
		return
	}
	odds := int64(2)
	if what == engine.CallCommit || what == engine.CallAnswer {
		odds = 15
	}
	if w.unlucky(odds) {
		w.fault(DriverStuck)
		c.stuck, c.life = true, o.life
		return
	}
	w.drive(c, nil)
}

// drive has the driver go on with a call.
func (w *World) drive(c *call, r *response) {
	if c.kind == pay.KindTest {
		driveTest(w, c, r)
		return
	}
	w.fam.drive(w, c, r)
}

// movesMoney says of a call that money may move by it (Shell does the same).
func movesMoney(c engine.Call, kind pay.Kind) bool {
	switch c {
	case engine.CallPrepare, engine.CallAnswer, engine.CallCommit:
		return true
	}
	return c == engine.CallInquire && kind == pay.KindCloseDay
}

// giveUp lets an operation go on without a driver that does not come back when its call is ended. Until it does, no second call of it may
// move money.
func (w *World) giveUp(c *call) {
	o := w.ops[c.d]
	o.stuck++
	o.call = none
	c.gone = true
	w.plan(w.below(one(&w.chance, 10*second, 2*minute, 10*minute)), iCameBack, 0, c.index, w.mod.epoch, int64(c.token))
	w.post(o, engine.Event{What: engine.Replied, Call: c.what})
}

// cameBack is such a driver that goes on after all: its request leaves only now. What it hears is read by nobody; the provider is asked.
func (w *World) cameBack(it item) {
	c := &w.calls[it.a]
	if it.b != w.mod.epoch || !w.mod.up || int64(c.token) != it.c {
		return
	}
	d, what := c.d, c.what
	if o := w.ops[d]; o != nil && o.life == c.life {
		o.stuck--
	}
	w.drive(c, nil)
	w.freeTheCall(it.a)
	if w.broken != nil {
		return
	}
	epoch := w.mod.epoch
	o := w.find(d)
	o.users++
	w.post(o, engine.Event{What: engine.CameBack, Call: what})
	if w.mod.epoch == epoch {
		o.users--
		w.retire(o)
	}
}

// endCall drops the call of an operation whose process is gone. What has left goes on its way.
func (w *World) endCall(o *op) {
	if o.call != none {
		w.freeTheCall(o.call)
		o.call = none
	}
}

func (w *World) freeTheCall(i int32) {
	c := &w.calls[i]
	c.used = false
	c.token++
	w.freeCall = append(w.freeCall, i)
}

// gaveUp ends a call by its timeout, or because the engine interrupted it.
func (w *World) gaveUp(it item) {
	c := &w.calls[it.a]
	if !c.used || int64(c.token) != it.c {
		w.Stats.Events--
		return
	}
	switch {
	case c.gone:
	case c.stuck:
		w.giveUp(c)
	default:
		w.fail(c)
	}
}

// fail ends a call without the provider's word.
func (w *World) fail(c *call) {
	w.finish(c, provider.Reply{Error: pay.ErrOffline}, c.touched && !c.money)
}

// reply ends a call with a verdict.
func (w *World) reply(c *call, r provider.Reply) {
	if w.fam.odd && w.unlucky(60) && c.what != engine.CallCounters && r.Verdict != provider.Approved {
		w.fault(AnswerOdd)
		r = provider.Reply{Verdict: provider.Verdict(one(&w.chance, provider.NotDone, provider.Waiting, provider.ShowQR, provider.Ready, provider.Ask, provider.NotFound))}
		if r.Verdict == provider.Ask && w.permille(800) {
			r.Prompt = w.prompt()
		}
	}
	w.finish(c, r, false)
}

func (w *World) finish(c *call, r provider.Reply, notSent bool) {
	if c.gone {
		return
	}
	what, d := c.what, c.d
	w.freeTheCall(c.index)
	o := w.ops[d]
	if o == nil {
		return
	}
	o.call = none
	if w.Bug == BugTimeoutDeclines && r.Verdict == provider.Unknown && !notSent && what == engine.CallCommit {
		r.Verdict = provider.Declined
	}
	w.post(o, engine.Event{What: engine.Replied, Call: what, Reply: r, NotSent: notSent})
}

// prompt is a question for the cashier.
func (w *World) prompt() *provider.Prompt {
	p := &provider.Prompt{ID: "q", Kind: one(&w.chance, pay.EvConfirm, pay.EvInput, pay.EvChoice, pay.EvPrint)}
	if w.permille(500) {
		p.Default = one(&w.chance, "0", "1")
	}
	if w.permille(700) {
		p.Timeout = 20e9
	}
	return p
}

// message is a request to the provider, or its answer.
type message struct {
	refs  int
	call  int32
	token uint32
	turn  uint8 // which exchange of the call
	asker int32 // the operation, for the books of truth only
	sent  uint64
	money bool

	ask    ask
	key    pay.Key
	okey   pay.Key
	id     int64
	oid    int64
	num    int64
	onum   int64
	shift  int64
	amount pay.Amount
	yes    bool
	blind  bool // of askStop to one that reserves: without saying in which state it is to be stopped

	answer response
}

// ask is what a request asks for.
type ask uint8

const (
	askCounters ask = iota
	askOpen         // make what can be paid, or a reservation
	askPay
	askQuery
	askStop
	askCode // confirm by a code
	askGive
	askDraft
	askPerform
	askUndo
	askClose
	askLook
	askProbe
)

var askNames = [...]string{"counters", "open", "pay", "query", "stop", "code", "give", "draft", "perform", "undo", "close", "look", "probe"}

// response is what a provider answers.
type response struct {
	sort   sort
	status status
	key    pay.Key
	amount pay.Amount
	id     int64
	next   int64
	shift  int64
	until  int64 // from now
	undone bool
	here   bool       // of a cash link: it shows what was asked about
	left   pay.Amount // of a payment that is to go back: what the provider still has; below 0: it does not say
}

// sort is the sort of an answer.
type sort uint8

const (
	says sort = iota
	saysNotFound
	saysDuplicate
	saysNo
	says5xx
	saysGarbage
)

var sortNames = [...]string{"says", "not found", "duplicate", "no", "5xx", "garbage"}

// send sends a request of a call, or loses it. money says that money may move by it.
func (w *World) send(c *call, m message, money bool) {
	c.touched = true
	c.step++
	c.turn++
	m.turn = c.turn
	m.call, m.token, m.asker, m.money, m.refs = c.index, c.token, c.d, money, 0
	m.key, m.okey = c.key, c.okey
	if m.amount == 0 {
		m.amount = c.amount
	}
	if money {
		w.checkPermit(c, &m)
	}
	down := w.now < w.srv.down
	if down && w.permille(700) || w.unlucky(w.odds.wire/6) {
		if down {
			w.fault(ProviderDown)
		} else {
			w.fault(RequestUnsent)
		}
		w.plan(w.between(milli, 2*second), iInterrupted, 0, c.index, w.mod.epoch, int64(c.token))
		return
	}
	c.money = c.money || money
	if w.Trace != nil {
		w.trace("    request %s for %s", askNames[m.ask], w.name(c.d))
	}
	if down || w.unlucky(w.odds.wire/4) {
		w.fault(RequestLost)
		return
	}
	delay := w.between(5*milli, 300*milli)
	if w.unlucky(w.odds.wire / 5) {
		w.fault(RequestLate)
		delay = w.below(one(&w.chance, 30*second, soon, w.fam.late()))
	}
	i := w.post1(m)
	w.deliver(iRequest, i, delay)
	if !w.fam.once && w.unlucky(w.odds.wire/5) {
		w.fault(RequestTwice)
		w.deliver(iRequest, i, delay+w.below(one(&w.chance, second, 20*second, w.fam.late()-longestCall)))
	}
}

func (w *World) post1(m message) int32 {
	i := int32(len(w.msgs))
	if n := len(w.freeMsg); n > 0 {
		i = w.freeMsg[n-1]
		w.freeMsg = w.freeMsg[:n-1]
		w.msgs[i] = m
	} else {
		w.msgs = append(w.msgs, m)
	}
	w.msgs[i].sent = w.heap.seq
	return i
}

func (w *World) deliver(kind what, i int32, delay int64) {
	w.msgs[i].refs++
	w.plan(delay, kind, 0, i, 0, 0)
}

func (w *World) drop(i int32) {
	if w.msgs[i].refs--; w.msgs[i].refs == 0 {
		w.freeMsg = append(w.freeMsg, i)
	}
}

// requestArrives is a request at the provider, and its answer on the way back.
func (w *World) requestArrives(i int32) {
	m := w.msgs[i]
	w.drop(i)
	if m.sent < w.srv.heard {
		w.fault(Reordered)
	}
	w.srv.heard = max(w.srv.heard, m.sent)
	if w.now < w.srv.down {
		w.fault(RequestLost)
		return
	}
	if w.unlucky(w.odds.wire / 12) {
		w.fault(Answer5xx) // before it did anything
		m.answer = response{sort: says5xx}
	} else {
		m.answer = w.serve(&m)
		w.disturb(&m)
	}
	if w.broken != nil {
		return
	}
	if w.Trace != nil {
		w.trace("    provider: %s of %s: %s, %s %v", askNames[m.ask], w.name(m.asker), sortNames[m.answer.sort], m.answer.status, m.answer.amount)
	}
	if w.unlucky(w.odds.wire / 5) {
		w.fault(AnswerLost)
		return
	}
	delay := w.between(5*milli, 300*milli)
	if w.unlucky(w.odds.wire / 6) {
		w.fault(AnswerLate)
		delay = w.below(2 * longestCall)
	}
	j := w.post1(m)
	w.deliver(iAnswer, j, delay)
	if w.unlucky(w.odds.wire / 8) {
		w.fault(AnswerTwice)
		w.deliver(iAnswer, j, delay+w.below(second))
	}
}

// disturb spoils an answer.
func (w *World) disturb(m *message) {
	a := &m.answer
	if w.calm || !w.permille(w.odds.wire/3) {
		return
	}
	switch w.below(5) {
	case 0:
		w.fault(Answer5xx)
		*a = response{sort: says5xx}
	case 1:
		w.fault(AnswerGarbage)
		*a = response{sort: saysGarbage}
	case 2:
		if a.sort == says && a.amount > 0 {
			w.fault(AnswerWrongSum)
			a.amount += one(&w.chance, pay.Amount(-1), 1, 100)
		}
	case 3:
		if a.sort == says && m.ask != askCounters {
			w.fault(AnswerWrongKey)
			a.key[0]++
		}
	case 4:
		if a.sort == says {
			w.fault(AnswerLetterCase)
			a.status |= upperCase
		}
	}
}

// answerArrives is an answer at the driver. One to a call that is over belongs to nobody.
func (w *World) answerArrives(i int32) {
	m := w.msgs[i]
	w.drop(i)
	c := &w.calls[m.call]
	if !c.used || c.token != m.token || c.turn != m.turn {
		return
	}
	r := &m.answer
	c.turn++               // an answer that comes twice is read once
	r.status &^= upperCase // a driver compares without regard to letter case
	if r.sort == says5xx || r.sort == saysGarbage || r.key != c.key {
		w.fail(c)
		return
	}
	w.drive(c, r)
}
