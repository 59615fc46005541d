package sim

import (
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
)

// A point is a boundary between two effects, at which the module or the host can die.
type point uint8

// writes are the names of the transitions that are journaled.
var writes = [...]string{"begun", "preparing", "committing", "shown", "waiting", "answering", "cancel_asked", "told_unknown", "abandoned", "approved",
	"declined", "cancelled", "cut_off", "not_prepared", "not_sent", "not_found", "failed", "timeout", "needs_prompt", "reversing", "late_approval",
	"reversed", "resolved", "proved", "seen", "confirmed", "went_back_elsewhere", "came_back", "let_go"}

const writeBegun = 0

var writeIndexes = func() map[string]int {
	m := map[string]int{}
	for i, name := range writes {
		m[name] = i
	}
	return m
}()

func writeIndex(name string) int {
	i, ok := writeIndexes[name]
	if !ok {
		panic("sim: the engine writes " + name + ", which is not listed")
	}
	return i
}

// stages of a write.
const (
	beforeWrite = iota
	unsynced
	synced
	stages
)

func writePoint(name, stage int) point { return point(name*stages + stage) }

const (
	pointCall      = point(len(writes) * stages)
	pointInterrupt = pointCall + 8
	pointSet       = pointInterrupt + 1
	pointStop      = pointSet + point(engine.Timers)
	pointTell      = pointStop + point(engine.Timers)
	pointOutcome   = pointTell + 13
	pointPerformed = pointOutcome + 1
	pointChild     = pointPerformed + 1
	pointParent    = pointChild + 1
	pointIndex     = pointParent + 1 // of the host: stages of the write of the index
	pointForward   = pointIndex + stages
	pointRelay     = pointForward + 1
	points         = pointRelay + 1
)

func effectPoint(f *engine.Effect) point {
	switch f.Do {
	case engine.CallDriver:
		return pointCall + point(f.Call)
	case engine.Interrupt:
		return pointInterrupt
	case engine.SetTimer:
		return pointSet + point(f.Timer)
	case engine.StopTimer:
		return pointStop + point(f.Timer)
	case engine.Tell:
		return pointTell + point(f.Event.Kind)
	}
	return pointOutcome
}

var eventNames = [...]string{"", "status", "customer", "qr show", "qr hide", "confirm", "choice", "input", "print", "progress", "cancellable", "prompt gone", "pending"}

func (p point) String() string {
	switch {
	case p < pointCall:
		return [...]string{"before the write ", "not synced yet: ", "after the write "}[p%stages] + writes[p/stages]
	case p < pointInterrupt:
		return "before call " + engine.Call(p-pointCall).String()
	case p == pointInterrupt:
		return "before interrupt"
	case p < pointStop:
		return "before set timer " + engine.Timer(p-pointSet).String()
	case p < pointTell:
		return "before stop timer " + engine.Timer(p-pointStop).String()
	case p < pointOutcome:
		return "before tell " + eventNames[p-pointTell]
	case p >= pointIndex && p < pointForward:
		return [...]string{"host: before the index", "host: index not synced yet", "host: after the index"}[p-pointIndex]
	}
	return map[point]string{pointOutcome: "before tell outcome", pointPerformed: "after the effects", pointChild: "before the reversal begins",
		pointParent: "before the payment hears of its reversal", pointForward: "host: before begin is forwarded", pointRelay: "host: before the answer is relayed"}[p]
}

// likelier is how many times as often the module dies where it seldom comes.
func likelier(p point) int64 {
	if p < pointCall {
		switch writes[p/stages] {
		case "timeout", "needs_prompt", "not_found", "not_prepared", "failed", "went_back_elsewhere", "came_back":
			return 20
		case "resolved", "proved", "late_approval", "reversing", "reversed", "abandoned", "answering":
			return 5
		}
	}
	switch {
	case p >= pointTell && p < pointOutcome, p == pointSet+point(engine.TimerReverse), p == pointStop+point(engine.TimerLook):
		return 4
	}
	return 1
}

// boundary is a place where the module can die. True: it did.
func (w *World) boundary(p point) bool {
	w.Stats.Passed[p]++
	if !w.unlucky(w.odds.crash * likelier(p)) {
		return false
	}
	w.Stats.Crashed[p]++
	if w.Trace != nil {
		w.trace("    dies %s", p)
	}
	w.crashModule(CrashModule)
	return true
}

// doom is what becomes of a record that was written and not synced when the module dies.
type doom uint8

const (
	no doom = iota
	kept
	gone
)

// doomed draws whether the module dies between writing and syncing, and with what record.
func (w *World) doomed(p point) doom {
	w.Stats.Passed[p]++
	if !w.unlucky(w.odds.crash * likelier(p)) {
		return no
	}
	w.Stats.Crashed[p]++
	if w.Trace != nil {
		w.trace("    dies %s", p)
	}
	switch w.below(3) {
	case 0:
		w.fault(RecordKept)
		return kept
	case 1:
		w.fault(RecordTorn)
	default:
		w.fault(RecordGone)
	}
	return gone
}

// told is an event for whoever watches.
type told struct {
	number   int64
	kind     pay.EventKind
	outcome  pay.Outcome
	reversal pay.Reversal
	other    bool // other tender
	resolved bool
	account  int32 // of a QR code: what can be paid with it
	approved pay.Amount
}

// view is what a till may know of an operation's outcome now.
func (w *World) view(o *op) told {
	return told{kind: pay.EvOutcome, outcome: o.state.Outcome, reversal: o.state.Reversal, other: o.state.OtherTender(), resolved: o.state.Resolved != nil,
		approved: o.state.Approved}
}

func (w *World) tell(o *op, e *pay.Event) {
	t := told{kind: e.Kind, account: none}
	switch {
	case e.Kind == pay.EvQRShow:
		t.account = w.fam.shows(w, o)
	case e.Prompt():
		w.emit(o, t)
		o.prompt = o.highest
		return
	case e.Kind == pay.EvPromptGone:
		o.prompt = 0
	}
	w.emit(o, t)
}

func (w *World) emit(o *op, t told) {
	o.highest++
	t.number = o.highest
	o.events = append(o.events, t)
	w.wake(o)
}

// watch is the till's stream of one operation's events. There is one: that of the operation's own till.
type watch struct {
	open  bool
	asked uint8 // by which request of the till
	token uint32
	epoch int32 // of the host that relays
	after int64
	begun bool
	said  bool
	last  told
	ready int64 // when the message before arrives
}

// wake tells the watcher what is new (Shell's watch.tell does the same).
func (w *World) wake(o *op) {
	x := &o.watch
	if !x.open {
		return
	}
	from := x.after
	for i := range o.events {
		if e := &o.events[i]; e.number > x.after {
			w.stream(o, *e)
			x.after = e.number
			if e.kind == pay.EvOutcome {
				x.said, x.last = true, *e
			}
			if !x.open {
				return
			}
		}
	}
	if o.performing {
		return
	}
	s := &o.state
	final := s.Final()
	over := final && s.Reversal != pay.ReversalUnderWay
	owes := !x.begun && !x.said && (final || s.Told && from == 0)
	if over {
		owes = !x.said || !x.last.outcome.Final() || x.last.reversal != s.Reversal
	}
	x.begun = true
	if owes {
		t := w.view(o)
		o.highest = max(o.highest, x.after) + 1
		t.number = o.highest
		x.after, x.said, x.last = t.number, true, t
		w.stream(o, t)
	}
	if over && x.open {
		x.open = false // the stream ends after the final outcome
		w.plan(0, iStreamGone, 1, o.d, w.mod.epoch, int64(x.token))
	}
}
