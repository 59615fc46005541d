package sim

import (
	"fmt"
	"io"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
)

// base is when every run begins.
var base = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// Times in a run are nanoseconds since it began, by the one true clock.
const (
	milli  = int64(time.Millisecond)
	second = int64(time.Second)
	minute = 60 * second
	hour   = 60 * minute
)

// World is everything that a run is made of. It is used for one run after another, by one goroutine.
type World struct {
	Stats Stats
	// Trace, unless nil, is told each event of a run.
	Trace io.Writer
	// Bug is planted into the models, to see that the rules notice it.
	Bug Bug
	// Family, unless empty, is the only one that runs are about.
	Family string

	chance
	now   int64
	heap  queue
	calm  bool // the faults have stopped
	since int64
	sold  int64 // when a till last had something to begin
	after int64 // how long after that the faults go on
	fam   *family
	terms engine.Terms
	// permille of each kind of trouble in this run
	odds odds

	deals    []deal
	rows     []row
	ops      []*op // the live operations, by deal; nil: not live
	journal  journal
	mod      module
	host     host
	tills    []till
	srv      server
	calls    []call
	freeCall []int32
	msgs     []message
	freeMsg  []int32
	idle     []*op // structs to use again
	broken   *Violation
	tried    int // payments that were begun
	refundOf []int32
	notes    []note
	freeNote []int32
	streams  uint32
	lives    uint32
	books    books
}

// odds are the chances of trouble in a thousand; a run draws its own.
type odds struct{ wire, crash, disk, till, cashier, customer int64 }

// Violation is a broken rule.
type Violation struct {
	Rule string `json:"rule"`
	Text string `json:"text"`
	Seed uint64 `json:"seed"`
	At   int64  `json:"at_ns"`
}

func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d, %v: %s (%s)", v.Seed, time.Duration(v.At), v.Text, v.Rule)
}

// what says what an item of the queue is.
type what uint8

const (
	iTimer what = iota
	iWrite
	iRequest
	iAnswer
	iGiveUp
	iInterrupted
	iAccount
	iHost
	iModule
	iReply
	iStream
	iStreamGone
	iTill
	iRestart
	iHearAgain
	iTrouble
	iPerson
	iCameBack
	iEnd
)

// item is something that will happen.
type item struct {
	at   int64
	seq  uint64
	c    int64
	a, b int32
	what what
	sub  uint8
}

// queue is a binary heap of what will happen, earliest first, and in order of planning at one moment.
type queue struct {
	list []item
	seq  uint64
}

func (q *queue) before(i, j int) bool {
	a, b := &q.list[i], &q.list[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (q *queue) push(it item) {
	q.seq++
	it.seq = q.seq
	q.list = append(q.list, it)
	i := len(q.list) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !q.before(i, up) {
			break
		}
		q.list[i], q.list[up] = q.list[up], q.list[i]
		i = up
	}
}

func (q *queue) pop() item {
	first := q.list[0]
	last := len(q.list) - 1
	q.list[0] = q.list[last]
	q.list = q.list[:last]
	for i := 0; ; {
		next := 2*i + 1
		if next >= last {
			break
		}
		if next+1 < last && q.before(next+1, next) {
			next++
		}
		if !q.before(next, i) {
			break
		}
		q.list[i], q.list[next] = q.list[next], q.list[i]
		i = next
	}
	return first
}

// plan has something happen after a time.
func (w *World) plan(after int64, kind what, sub uint8, a, b int32, c int64) {
	w.heap.push(item{at: w.now + max(after, 0), what: kind, sub: sub, a: a, b: b, c: c})
}

// Bounds of a run, in virtual time.
const (
	faultsEnd  = 2 * hour  // then the faults stop, whatever the tills still meant to do
	settledBy  = 16 * hour // after the faults stopped; by then everything has to be settled
	personLook = 3 * minute
)

// Run plays a seed from its beginning to its end, and returns the rule that it broke, or nil.
func (w *World) Run(seed uint64) *Violation {
	w.begin(seed)
	for w.broken == nil && len(w.heap.list) > 0 {
		it := w.heap.pop()
		if it.what == iEnd {
			break
		}
		w.now = it.at
		w.Stats.Events++
		w.happen(it)
	}
	if w.broken == nil && !w.journal.done {
		w.violate("liveness", "nothing is planned any more, and not everything is settled")
	}
	w.Stats.Runs++
	if w.broken != nil {
		w.Stats.Violations++
		w.broken.Seed = seed
	}
	return w.broken
}

func (w *World) begin(seed uint64) {
	w.chance.seed(seed)
	w.keepBooks(seed)
	w.now, w.calm, w.since, w.broken, w.tried = 0, false, 0, nil, 0
	w.sold, w.after = 0, w.below(one(&w.chance, 3*minute, 30*minute))
	w.heap.list, w.heap.seq = w.heap.list[:0], 0
	w.deals, w.calls, w.freeCall, w.msgs, w.freeMsg = w.deals[:0], w.calls[:0], w.freeCall[:0], w.msgs[:0], w.freeMsg[:0]
	w.rows, w.refundOf = w.rows[:0], w.refundOf[:0]
	w.notes, w.freeNote, w.streams = w.notes[:0], w.freeNote[:0], 0
	w.lives = 0
	for i, o := range w.ops {
		if o != nil {
			w.recycle(o)
			w.ops[i] = nil
		}
	}
	w.ops = w.ops[:0]
	w.fam = &families[w.below(int64(len(families)))]
	for i := range families {
		if families[i].name == w.Family {
			w.fam = &families[i]
		}
	}
	if w.fam.traits.Horizon > 0 && w.permille(400) {
		w.after = w.below(40 * minute)
	}
	w.terms = w.drawTerms()
	w.odds = odds{wire: one(&w.chance, int64(80), 200, 350, 500), crash: one(&w.chance, int64(0), 5, 15, 40), disk: one(&w.chance, int64(0), 10, 60, 150),
		till: one(&w.chance, int64(20), 100, 250), cashier: one(&w.chance, int64(60), 150, 350), customer: one(&w.chance, int64(100), 300)}
	w.journal = journal{}
	clear(w.mod.doubtful)
	if w.mod.doubtful == nil {
		w.mod.doubtful = map[int32]bool{}
	}
	w.mod = module{doubtful: w.mod.doubtful, epoch: 1, up: true, busy: w.mod.busy[:0], live: w.mod.live[:0], closes: none}
	w.host = host{up: true, epoch: 1}
	w.srv = server{accounts: w.srv.accounts[:0], next: w.between(1, 900), shift: w.between(1, 90), links: w.srv.links[:0]}
	w.tills = w.tills[:0]
	for i := range int32(w.between(1, 3)) {
		w.tills = append(w.tills, till{up: true, epoch: 1, now: none, quota: int(w.between(4, 12))})
		w.mod.busy = append(w.mod.busy, none)
		w.srv.links = append(w.srv.links, none)
		w.plan(w.below(10*second), iTill, tillNext, i, 1, int64(none))
	}
	w.plan(w.between(second, minute), iTrouble, 0, 0, 0, 0)
	if w.Trace != nil {
		w.trace("seed %d: %s, %d tills, odds %+v, terms %+v", seed, w.fam.name, len(w.tills), w.odds, w.terms)
	}
}

// drawTerms are the engine's times: those of the design, or shorter ones that shift what meets what.
func (w *World) drawTerms() engine.Terms {
	t := engine.DefaultTerms()
	if w.permille(700) {
		t.Wait = time.Duration(one(&w.chance, 40, 90, 310)) * time.Second
		t.CancelWait = time.Duration(one(&w.chance, 2, 10)) * time.Second
		t.OrphanGrace = time.Duration(one(&w.chance, 5, 30)) * time.Second
		t.UnknownAfter = time.Duration(one(&w.chance, 10, 30)) * time.Second
		t.Poll = time.Duration(one(&w.chance, 1, 3, 5)) * time.Second
	}
	return t
}

// happen lets one item happen.
func (w *World) happen(it item) {
	switch it.what {
	case iTimer:
		w.timerFired(it)
	case iWrite:
		w.writeAgain(it)
	case iRequest:
		w.requestArrives(it.a)
	case iAnswer:
		w.answerArrives(it.a)
	case iGiveUp, iInterrupted:
		w.gaveUp(it)
	case iCameBack:
		w.cameBack(it)
	case iAccount:
		w.accountMoves(it)
	case iHost:
		w.hostHears(it)
	case iModule:
		w.moduleHears(it)
	case iReply:
		w.tillHears(it)
	case iStream:
		w.streamArrives(it)
	case iStreamGone:
		w.streamGone(it)
	case iTill:
		w.tillActs(it)
	case iRestart:
		w.restart(it)
	case iHearAgain:
		if it.b == w.mod.epoch && w.mod.up {
			w.reversalEnded(it.a)
		}
	case iTrouble:
		w.trouble()
	case iPerson:
		w.personLooks()
	}
}

// fault counts trouble that really happened.
func (w *World) fault(f Fault) {
	w.Stats.Faults[f]++
	if w.Trace != nil {
		w.trace("    fault: %s", f)
	}
}

// unlucky draws whether trouble happens now; never once the faults have stopped.
func (w *World) unlucky(permille int64) bool { return !w.calm && w.permille(permille) }

func (w *World) trace(format string, args ...any) {
	fmt.Fprintf(w.Trace, "%12s  %s\n", time.Duration(w.now).Round(time.Millisecond), fmt.Sprintf(format, args...))
}

func (w *World) violate(rule, format string, args ...any) {
	if w.broken == nil {
		w.broken = &Violation{Rule: rule, Text: fmt.Sprintf(format, args...), At: w.now}
		if w.Trace != nil {
			w.trace("VIOLATION of %s: %s", rule, w.broken.Text)
		}
	}
}

// none stands for no deal.
const none int32 = -1

// deal is an operation as somebody who sees everything knows it: its key, the truth about its money, and what its till heard.
type deal struct {
	key      pay.Key
	kind     pay.Kind
	amount   pay.Amount
	till     int32
	parent   int32 // of a refund or reversal: the payment
	number   int   // of a reversal: which one
	document int32
	account  int32 // at the provider, by key

	paid   pay.Amount // what moved under the key
	undone pay.Amount // what the provider took back of it under the same key
	back   pay.Amount // of a payment: what refunds, reversals and others gave back
	moves  int

	taker taker // what the till knows of it
}

// name is the ref, for people.
func (w *World) name(d int32) string {
	if d == none {
		return "none"
	}
	x := &w.deals[d]
	if x.kind == pay.KindReversal {
		return fmt.Sprintf("%s~%d", w.name(x.parent), x.number)
	}
	return fmt.Sprintf("t%d-%d", x.till, d)
}

// newDeal makes an operation's place in the books of truth. Its key has the place in it, so that the models need no table.
func (w *World) newDeal(kind pay.Kind, amount pay.Amount, till, parent int32) int32 {
	d := int32(len(w.deals))
	x := deal{kind: kind, amount: amount, till: till, parent: parent, document: none, account: none}
	r := w.pcg.Uint64()
	for i := range 8 {
		x.key[i] = byte(r >> (8 * i))
	}
	x.key[12], x.key[13], x.key[14], x.key[15] = byte(d>>24), byte(d>>16), byte(d>>8), byte(d)
	w.deals = append(w.deals, x)
	w.rows = append(w.rows, row{})
	w.ops = append(w.ops, nil)
	return d
}

// byKey is the operation of a key, or none.
func (w *World) byKey(k pay.Key) int32 {
	d := int32(k[12])<<24 | int32(k[13])<<16 | int32(k[14])<<8 | int32(k[15])
	if d < 0 || int(d) >= len(w.deals) || w.deals[d].key != k {
		return none
	}
	return d
}
