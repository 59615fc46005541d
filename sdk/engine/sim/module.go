package sim

import (
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// module is the process that runs the shell.
type module struct {
	up      bool
	epoch   int32 // grows with each start
	wall    int64 // how far the machine's clock is off
	clock   int64 // how far this process's clock is off: differences of one process do not see the machine's clock jump
	hushed  bool  // the host is gone: nothing new is asked
	busy    []int32
	closes  int32
	live    []int32
	crashes int

	doubtful map[int32]bool // the write of its begin failed
}

// op is one live operation, as shell has it.
type op struct {
	d          int32
	state      engine.State
	queue      []engine.Event
	head       int
	stepping   bool
	stalled    bool // the journal refused a write; a timer comes back
	performing bool // the state is ahead of what was told
	failures   int
	timers     [engine.Timers]uint64
	next       int64 // counters that the provider named
	shift      int64
	call       int32
	whole      bool
	events     []told
	highest    int64
	prompt     int64
	watch      watch
	users      int
	life       uint32 // tells it from another life of the same operation in this struct
	stuck      int    // calls that were given up and whose driver has not come back
}

// wallclock is what the module takes for the time.
func (w *World) wallclock() time.Time { return base.Add(time.Duration(w.now + w.mod.clock)) }

func (w *World) takeOp() *op {
	if n := len(w.idle); n > 0 {
		o := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return o
	}
	return new(op)
}

// recycle empties an operation's struct for use in the next run, or after the module's death.
func (w *World) recycle(o *op) {
	*o = op{queue: o.queue[:0], events: o.events[:0]}
	w.idle = append(w.idle, o)
}

// revive makes an operation live of its row.
func (w *World) revive(d int32) *op {
	o := w.takeOp()
	w.lives++
	o.d, o.call, o.life = d, none, w.lives
	o.highest = int64((w.wallclock().Sub(base)+time.Duration(mostOff))/time.Millisecond) << 10 // above 0, as by any clock that counts from 1970
	w.read(d, &o.state)
	x := &w.deals[d]
	if x.parent != none {
		o.whole = x.amount == w.rows[x.parent].state.Approved
	}
	w.enable(o)
	w.ops[d] = o
	w.mod.live = append(w.mod.live, d)
	return o
}

func (w *World) enable(o *op) {
	o.state.Able, o.state.Terms = w.fam.abilities(w.deals[o.d].kind, o.whole), w.terms
}

// find gives the live operation, or makes it live; nil: the journal has none.
func (w *World) find(d int32) *op {
	if d < 0 || int(d) >= len(w.ops) {
		return nil
	}
	if o := w.ops[d]; o != nil {
		return o
	}
	if !w.rows[d].exists {
		return nil
	}
	return w.revive(d)
}

// retire forgets an operation that has no work left and that nobody watches.
func (w *World) retire(o *op) {
	if w.ops[o.d] != o || o.stepping || o.stalled || o.head < len(o.queue) || o.state.Calling() != engine.NoCall || o.state.Open() || o.watch.open || o.users > 0 {
		return
	}
	w.forget(o)
}

func (w *World) forget(o *op) {
	w.ops[o.d] = nil
	for i, d := range w.mod.live {
		if d == o.d {
			last := len(w.mod.live) - 1
			w.mod.live[i] = w.mod.live[last]
			w.mod.live = w.mod.live[:last]
			break
		}
	}
	w.endCall(o)
	w.recycle(o)
}

// crashModule ends the process. Whoever runs in it looks at the epoch and returns.
func (w *World) crashModule(f Fault) {
	if !w.mod.up {
		return
	}
	w.fault(f)
	w.stopModule()
	if w.host.up {
		w.mod.crashes++
		w.plan(500*milli<<min(w.mod.crashes, 6)+w.below(one(&w.chance, second, 10*second, 3*minute)), iRestart, partModule, 0, w.mod.epoch, 0)
	}
}

func (w *World) stopModule() {
	w.mod.up = false
	w.mod.epoch++
	w.mod.hushed = false
	for _, d := range w.mod.live {
		o := w.ops[d]
		w.ops[d] = nil
		w.endCall(o)
		*o = op{queue: o.queue[:0], events: o.events[:0], d: none, call: none} // whoever still holds it finds it empty
		w.idle = append(w.idle, o)
	}
	w.mod.live = w.mod.live[:0]
	for i := range w.mod.busy {
		w.mod.busy[i] = none
	}
	w.mod.closes = none
	clear(w.mod.doubtful)
	for d := range w.rows {
		w.rows[d].doubtful = false // whoever comes next reads what the disk has, and writes the next transition, not the same once more
	}
	w.journal.full = min(w.journal.full, w.now) // somebody made room
	if w.Trace != nil {
		w.trace("module is down")
	}
}

// startModule is Shell.Resume: every operation that is not done with is taken up.
func (w *World) startModule() {
	w.mod.up = true
	w.mod.clock = w.mod.wall
	if w.Trace != nil {
		w.trace("module starts, its clock is off by %v", time.Duration(w.mod.clock))
	}
	epoch := w.mod.epoch
	first := len(w.mod.live)
	for d := range w.rows {
		r := &w.rows[d]
		if r.exists && (r.state.Open() || r.state.Unattended()) && w.ops[d] == nil {
			o := w.revive(int32(d))
			o.users++
			w.holdTill(o)
		}
	}
	reopened := append([]int32(nil), w.mod.live[first:]...)
	for _, d := range reopened {
		o := w.ops[d]
		if o == nil {
			continue
		}
		w.post(o, engine.Event{What: engine.Recovered, Resendable: !w.fam.secret(o.state.Kind)})
		if w.mod.epoch != epoch {
			return
		}
		if o.state.Reversal == pay.ReversalUnderWay && w.Bug != BugReversalForgotten {
			w.askAfterReversal(d, o.state.Reversals)
		}
		if w.mod.epoch != epoch {
			return
		}
	}
	for _, d := range reopened {
		if o := w.ops[d]; o != nil {
			o.users--
			w.retire(o)
		}
	}
}

// askAfterReversal tells a payment what became of its last reversal, in case the crash came between the two.
func (w *World) askAfterReversal(payment int32, n int) {
	switch c := w.child(payment, n); {
	case c == none:
		w.postLater(w.find(payment), engine.Event{What: engine.ReversalEnded, Reversal: n})
	case w.rows[c].state.Final():
		w.reversalEnded(c)
	}
}

// post queues an event and steps the operation, unless somebody does already.
func (w *World) post(o *op, e engine.Event) {
	o.queue = append(o.queue, w.stamped(e))
	w.run(o)
}

func (w *World) run(o *op) {
	if o.stepping || o.stalled {
		return
	}
	epoch := w.mod.epoch
	o.stepping = true
	for o.head < len(o.queue) {
		if !w.step(o) {
			if w.mod.epoch == epoch {
				o.stepping = false
			}
			return
		}
		if w.broken != nil {
			return
		}
	}
	o.queue, o.head = o.queue[:0], 0
	o.stepping = false
	w.retire(o)
}

// stamped gives an event the time at which it came, as Shell does when it takes it into the queue.
func (w *World) stamped(e engine.Event) engine.Event {
	if e.Now.IsZero() {
		e.Now = w.wallclock()
	}
	return e
}

// step feeds the first event of the queue to the engine, as Shell does. False: the journal refused the write, or the module died.
func (w *World) step(o *op) bool {
	epoch := w.mod.epoch
	e := o.queue[o.head]
	if e.Now.IsZero() {
		e.Now = w.wallclock()
	}
	switch { // believed, as Shell does
	case e.What != engine.Replied:
	case e.Reply.Verdict == provider.NotFound && o.stuck > 0:
		e.Reply = provider.Reply{Again: e.Reply.Again}
	case e.Reply.Verdict == provider.Approved && w.takenBack(o):
		e.Reply = provider.Reply{Verdict: provider.Declined}
	}
	w.enable(o)
	before := &o.state
	state, fx := engine.Step(*before, e)
	w.sabotage(before, &e, &state, &fx)
	w.Stats.cover(before, &e, &state, &fx)
	if w.Trace != nil {
		w.traceStep(o, &e, &state, &fx)
	}
	w.checkStep(o, &e, &state, &fx)
	if w.broken != nil {
		return false
	}
	if w.mod.hushed && goesOn(&fx) {
		o.stalled = true // it waits for the next start
		return false
	}
	child, word, early := none, (*engine.Event)(nil), w.Bug == BugSendFirst && fx.Write != ""
	if early {
		for _, f := range fx.Do {
			if f.Do == engine.CallDriver {
				before.Tries = state.Tries
				w.startCall(o, f.Call, f.Answer)
			}
		}
	}
	if fx.Write != "" {
		var err error
		child, word, err = w.write(o, &state, &fx, &e)
		if w.mod.epoch != epoch {
			return false
		}
		if err == errGuard && e.What == engine.CancelRequested && e.Reason == givenUp {
			o.head++ // it has ended: a write that failed has reached the disk all the same
			return true
		}
		if err != nil {
			w.unwritten(o)
			return false
		}
	}
	wasFinal := before.Final()
	o.state = state
	o.queue[o.head] = engine.Event{}
	o.head++
	o.failures = 0
	o.performing = true
	if !state.Running() {
		w.freeTill(o.d)
	}
	for i := range fx.Do {
		if w.boundary(effectPoint(&fx.Do[i])) {
			return false
		}
		if early && fx.Do[i].Do == engine.CallDriver {
			continue
		}
		w.perform(o, &fx.Do[i])
	}
	if w.boundary(pointPerformed) {
		return false
	}
	o.performing = false
	w.wake(o)
	w.goOn(o, child, word)
	if w.mod.epoch != epoch {
		return false
	}
	if state.Kind == pay.KindReversal && state.Final() && !wasFinal {
		if w.boundary(pointParent) {
			return false
		}
		w.reversalEnded(o.d)
		if w.mod.epoch != epoch {
			return false
		}
	}
	return true
}

// takenBack says of a reversal that undoes its payment whole that a person said it did not happen: what the provider says of the payment
// from then on is a word about the next reversal (Shell does the same).
func (w *World) takenBack(o *op) bool {
	s := &o.state
	return o.whole && w.fam.reverses && s.Kind == pay.KindReversal && s.Resolved != nil && !s.Resolved.Charged
}

// goesOn says of a step that it would carry an operation further towards the provider; a module that is about to leave does not.
func goesOn(fx *engine.Effects) bool {
	for i := range fx.Do {
		if f := &fx.Do[i]; f.Do == engine.CallDriver && f.Call != engine.CallInquire && f.Call != engine.CallCancel && f.Call != engine.CallTidy {
			return true
		}
	}
	return false
}

// write journals a transition, and what belongs into the same transaction.
func (w *World) write(o *op, st *engine.State, fx *engine.Effects, e *engine.Event) (child int32, word *engine.Event, err error) {
	child = none
	name := writeIndex(fx.Write)
	made := false
	if fx.Reverse {
		child, word = w.reversal(o, st)
		made = child != none && !w.rows[child].exists
	}
	if w.boundary(writePoint(name, beforeWrite)) {
		return
	}
	r := &w.rows[o.d]
	if err := follow(&r.state, st); err != nil {
		if !r.doubtful {
			w.violate("journal", "%s: a write %q would change what may not change", w.name(o.d), fx.Write)
		}
		return none, nil, err
	}
	doom := w.doomed(writePoint(name, unsynced))
	f := holds
	if doom == gone {
		w.crashModule(CrashModule)
		return
	}
	if doom == no {
		if f = w.drawFate(); f == fails {
			return none, nil, errFull
		}
	}
	w.put(o.d, st)
	w.journaled(o.d, fx.Write)
	if fx.Number && r.pnum == 0 {
		w.journal.provider = max(o.next, w.journal.provider+1)
		r.pnum, r.pshift = w.journal.provider, o.shift
		w.checkNumber(o.d)
	}
	if made {
		w.begunChild(child, o, st)
	}
	if st.Kind == pay.KindCloseDay && st.Outcome == pay.Approved {
		w.journal.open = false
	}
	w.checkRow(o.d)
	switch {
	case doom == kept:
		w.crashModule(CrashModule)
		return
	case f == doubts:
		r.doubtful = true
		return none, nil, errFull
	}
	r.doubtful = false
	w.boundary(writePoint(name, synced))
	return child, word, nil
}

// begunChild puts the reversal that a transition begins beside it.
func (w *World) begunChild(child int32, o *op, st *engine.State) {
	x := &w.deals[child]
	state := engine.New(pay.KindReversal, x.amount, pay.RUB, w.wallclock())
	w.insert(child, &state, 0)
}

// reversal is what a transition that begins one comes to: a new operation, or a word about one that need not or cannot begin now.
func (w *World) reversal(o *op, st *engine.State) (child int32, word *engine.Event) {
	if there := w.child(o.d, st.Reversals); there != none {
		return there, nil
	}
	returned, underWay := w.returned(o.d)
	left := st.Approved - returned - underWay - st.Elsewhere
	if left <= 0 {
		e := engine.Event{What: engine.ReversalEnded, Reversal: st.Reversals}
		if underWay == 0 {
			e.Outcome = pay.Approved
		}
		return none, &e
	}
	child = w.newDeal(pay.KindReversal, left, w.deals[o.d].till, o.d)
	w.deals[child].number = st.Reversals
	return child, nil
}

// goOn makes a journaled reversal live, or gives the payment the word about it.
func (w *World) goOn(parent *op, child int32, word *engine.Event) {
	switch {
	case word != nil:
		w.postLater(parent, *word)
	case child != none:
		if w.boundary(pointChild) {
			return
		}
		o := w.find(child)
		w.post(o, engine.Event{What: engine.Begun})
	}
}

// postLater queues an event behind the step that is being made.
func (w *World) postLater(o *op, e engine.Event) {
	o.queue = append(o.queue, w.stamped(e))
	if !o.stepping {
		w.run(o)
	}
}

// reversalEnded tells the payment that its reversal has an outcome.
func (w *World) reversalEnded(child int32) {
	x := &w.deals[child]
	if w.unlucky(w.odds.disk) { // the journal could not be read
		w.fault(DiskFull)
		w.plan(5*second, iHearAgain, 0, child, w.mod.epoch, 0)
		return
	}
	s := &w.rows[child].state
	e := engine.Event{What: engine.ReversalEnded, Reversal: x.number}
	o := w.find(x.parent)
	if s.Final() {
		returned, underWay := w.returned(x.parent)
		elsewhere := o.state.Elsewhere
		if s.Left != nil {
			elsewhere = max(o.state.Approved-returned-underWay-*s.Left, 0)
			e.Elsewhere = &elsewhere
		}
		if returned+elsewhere >= o.state.Approved {
			e.Outcome = pay.Approved
		}
	}
	w.postLater(o, e)
}

// givenUp is why an operation is cancelled whose transition could not be written for a while.
const givenUp = "journal"

// toldAfter is after how many failed writes the till hears that nothing is known.
const toldAfter = 5

// unwritten keeps the event for later (Shell does the same).
func (w *World) unwritten(o *op) {
	o.failures++
	if o.failures == toldAfter && o.state.Running() {
		w.emit(o, told{kind: pay.EvOutcome})
		if o.state.Phase == engine.Prepared && o.state.CanCancel() {
			giveUp := engine.Event{What: engine.CancelRequested, Reason: givenUp}
			rest := append([]engine.Event{giveUp}, o.queue[o.head:]...)
			o.queue, o.head = append(o.queue[:0], rest...), 0
		}
	}
	o.stalled = true
	w.plan(min(100*milli<<min(o.failures, 6), 5*second), iWrite, 0, o.d, w.mod.epoch, 0)
}

func (w *World) writeAgain(it item) {
	if it.b != w.mod.epoch || !w.mod.up {
		return
	}
	if o := w.ops[it.a]; o != nil && o.stalled {
		o.stalled = false
		w.run(o)
	}
}

// perform does one effect.
func (w *World) perform(o *op, f *engine.Effect) {
	switch f.Do {
	case engine.CallDriver:
		w.startCall(o, f.Call, f.Answer)
	case engine.Interrupt:
		if o.call != none {
			c := &w.calls[o.call]
			w.plan(w.below(300*milli), iInterrupted, 0, o.call, w.mod.epoch, int64(c.token))
		}
	case engine.SetTimer:
		w.setTimer(o, f.Timer, int64(f.After))
	case engine.StopTimer:
		if o.timers[f.Timer] != 0 && w.unlucky(60) {
			w.fault(TimerRace) // it had fired, and waits in the queue
			o.queue = append(o.queue, w.stamped(engine.Event{What: engine.Fired, Timer: f.Timer}))
		}
		o.timers[f.Timer] = 0
	case engine.Tell:
		w.tell(o, &f.Event)
	case engine.TellOutcome:
		w.emit(o, w.view(o))
	}
}

func (w *World) setTimer(o *op, x engine.Timer, after int64) {
	w.plan(after, iTimer, uint8(x), o.d, w.mod.epoch, 0)
	o.timers[x] = w.heap.seq
}

func (w *World) timerFired(it item) {
	if it.b != w.mod.epoch || !w.mod.up {
		return
	}
	o := w.ops[it.a]
	x := engine.Timer(it.sub)
	if o == nil || o.timers[x] != it.seq {
		w.Stats.Events--
		return
	}
	if w.mod.hushed {
		w.setTimer(o, x, second)
		return
	}
	o.timers[x] = 0
	w.post(o, engine.Event{What: engine.Fired, Timer: x})
}

// holdTill gives the till to an operation that runs.
func (w *World) holdTill(o *op) {
	x := &w.deals[o.d]
	switch {
	case x.kind == pay.KindReversal:
	case !o.state.Running():
		w.freeTill(o.d)
	case x.kind == pay.KindCloseDay:
		w.mod.closes = o.d
	case x.kind.Money():
		w.mod.busy[x.till] = o.d
	}
}

func (w *World) freeTill(d int32) {
	if w.mod.closes == d {
		w.mod.closes = none
	}
	if x := &w.deals[d]; w.mod.busy[x.till] == d {
		w.mod.busy[x.till] = none
	}
}

// takeTill keeps a till to one running operation about money, and a close of day apart from all of them.
func (w *World) takeTill(d int32) bool {
	x := &w.deals[d]
	if x.kind == pay.KindCloseDay {
		if w.mod.closes != none && w.mod.closes != d {
			return false
		}
		for _, b := range w.mod.busy {
			if b != none {
				return false
			}
		}
		w.mod.closes = d
		return true
	}
	if !x.kind.Money() {
		return true
	}
	if w.mod.closes != none || w.mod.busy[x.till] != none && w.mod.busy[x.till] != d {
		return false
	}
	w.mod.busy[x.till] = d
	return true
}

// codes are what a call of the till ends with.
type code uint8

const (
	codeOK code = iota
	codeBusy
	codeReused
	codeState
	codeNotFound
	codeDown
	codeJournal
	codeUnknown
)

// beginOp is Shell.Begin.
func (w *World) beginOp(d int32, variant uint8) code {
	x := &w.deals[d]
	if r := &w.rows[d]; r.exists {
		if r.variant != variant && w.Bug != BugRefUnchecked {
			return codeReused
		}
		o := w.find(d)
		if w.fam.secret(x.kind) {
			w.post(o, engine.Event{What: engine.Rejoined, Resendable: true})
		}
		if w.mod.up && w.ops[d] == o && w.mod.doubtful[d] {
			delete(w.mod.doubtful, d)
			w.post(o, engine.Event{What: engine.Recovered, Resendable: true})
		}
		if w.mod.up && w.ops[d] == o {
			w.retire(o)
		}
		return codeOK
	}
	if w.mod.hushed {
		return codeDown
	}
	if x.kind == pay.KindRefund {
		p := &w.rows[x.parent]
		if !p.exists || !p.state.Charged || p.state.Outcome != pay.Approved || p.state.Reversal != pay.ReversalNone {
			return codeState
		}
	}
	if !w.takeTill(d) {
		return codeBusy
	}
	if w.boundary(writePoint(writeBegun, beforeWrite)) {
		return codeUnknown
	}
	if x.kind == pay.KindRefund && !w.mayReturn(x.parent, x.amount) {
		w.freeTill(d)
		return codeState
	}
	doom := w.doomed(writePoint(writeBegun, unsynced))
	if doom == gone {
		w.crashModule(CrashModule)
		return codeUnknown
	}
	f := holds
	if doom == no {
		f = w.drawFate()
	}
	if f != holds {
		w.mod.doubtful[d] = true
	}
	if f == fails {
		w.freeTill(d)
		return codeJournal
	}
	state := engine.New(x.kind, x.amount, pay.RUB, w.wallclock())
	state.NoPrompts = w.permille(250)
	w.insert(d, &state, variant)
	if doom == kept {
		w.crashModule(CrashModule)
		return codeUnknown
	}
	if f == doubts {
		w.freeTill(d)
		w.rows[d].doubtful = true
		return codeJournal
	}
	if w.boundary(writePoint(writeBegun, synced)) {
		return codeUnknown
	}
	delete(w.mod.doubtful, d)
	o := w.revive(d)
	w.holdTill(o)
	epoch := w.mod.epoch
	if w.unlucky(10) && o.state.CanCancel() {
		w.fault(CallerGone)
		o.queue = append(o.queue, engine.Event{What: engine.CancelRequested, Reason: "the caller was gone"})
	}
	w.post(o, engine.Event{What: engine.Begun, Now: state.Begun})
	if w.mod.epoch != epoch {
		return codeUnknown
	}
	return codeOK
}
