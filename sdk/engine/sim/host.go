package sim

import (
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// host is the process between tills and module. Its index outlives it.
type host struct {
	up    bool
	epoch int32
}

// rpc is what a till asks for.
type rpc uint8

const (
	rpcBegin rpc = iota
	rpcWatch
	rpcLeave
	rpcCancel
	rpcAnswer
	rpcSeen
	rpcConfirm
	rpcReverse
	rpcResolve
)

var rpcNames = [...]string{"begin", "watch", "leave", "cancel", "answer", "seen", "confirm", "reverse", "resolve"}

// Arguments travel with the epoch of the till that asked.
func packed(arg int64, epoch int32) int64          { return arg<<16 | int64(epoch&0xffff) }
func unpacked(c int64) (arg int64, epoch int32)    { return c >> 16, int32(c & 0xffff) }
func (w *World) epochOf(d int32) int32             { return w.tills[w.deals[d].till].epoch & 0xffff }
func (w *World) request(r rpc, d int32, arg int64) { w.hop(iHost, r, d, 0, packed(arg, w.epochOf(d))) }

// hop sends a message between till, host and module, or loses it with the connection.
func (w *World) hop(to what, r rpc, d, b int32, c int64) {
	delay := w.between(milli/10, 3*milli)
	if w.unlucky(w.odds.till) {
		trouble := w.below(3)
		if r == rpcBegin && w.deals[d].kind == pay.KindPayout {
			trouble = 0 // a connection keeps its order: what was refused for its document does not come once more behind the refusal
		}
		switch trouble {
		case 0:
			w.fault(TillLost)
			return
		case 1:
			w.fault(TillLate)
			delay = w.below(one(&w.chance, second, 40*second))
		default:
			w.fault(TillTwice)
			w.plan(delay+w.below(10*second), to, uint8(r), d, b, c)
		}
	}
	w.plan(delay, to, uint8(r), d, b, c)
}

// hostHears is a till's request at the host.
func (w *World) hostHears(it item) {
	if !w.host.up {
		return
	}
	r, d := rpc(it.sub), it.a
	if w.Trace != nil {
		w.trace("host hears %s %s", rpcNames[r], w.name(d))
	}
	if r == rpcBegin && !w.take(d, it.c) {
		return
	}
	if w.hostDies(pointForward) {
		return
	}
	w.hop(iModule, r, d, w.host.epoch, it.c)
}

// take takes a ref into the index before the request is forwarded (§3.1). False: it is refused, or the host died.
func (w *World) take(d int32, c int64) bool {
	x := &w.deals[d]
	arg, _ := unpacked(c)
	k := &x.taker
	arg &= 1
	if k.indexed {
		if k.digest != uint8(arg) && w.Bug != BugRefUnchecked {
			w.relay(rpcBegin, d, codeReused, c)
			return false
		}
		return true
	}
	if x.kind == pay.KindPayout && w.documentTaken(d) {
		w.relay(rpcBegin, d, codeState, c)
		return false
	}
	if w.hostDies(pointIndex + beforeWrite) {
		return false
	}
	w.Stats.Passed[pointIndex+unsynced]++
	dies := w.unlucky(w.odds.crash)
	f := holds
	switch {
	case dies:
		w.Stats.Crashed[pointIndex+unsynced]++
		if w.permille(500) {
			w.fault(RecordGone)
			f = fails
		} else {
			w.fault(RecordKept)
		}
	default:
		f = w.drawFate()
	}
	if f != fails {
		k.indexed, k.digest = true, uint8(arg)
	}
	switch {
	case dies:
		w.crashHost()
		return false
	case f != holds:
		w.relay(rpcBegin, d, codeJournal, c)
		return false
	}
	return !w.hostDies(pointIndex + synced)
}

// documentTaken says whether a payout of the document may be on its way, or was made.
func (w *World) documentTaken(d int32) bool {
	for i := range w.deals {
		x := &w.deals[i]
		if int32(i) == d || x.kind != pay.KindPayout || x.document != w.deals[d].document || !x.taker.indexed {
			continue
		}
		if r := &w.rows[i]; !r.exists || r.state.Outcome != pay.Declined && r.state.Outcome != pay.Cancelled {
			return true
		}
	}
	return false
}

func (w *World) hostDies(p point) bool {
	w.Stats.Passed[p]++
	if !w.unlucky(w.odds.crash) {
		return false
	}
	w.Stats.Crashed[p]++
	if w.Trace != nil {
		w.trace("    dies %s", p)
	}
	w.crashHost()
	return true
}

func (w *World) crashHost() {
	w.fault(CrashHost)
	w.stopHost()
	w.plan(w.below(one(&w.chance, second, 10*second, 5*minute)), iRestart, partHost, 0, w.host.epoch, 0)
}

func (w *World) stopHost() {
	w.host.up = false
	w.host.epoch++
	for _, d := range w.mod.live {
		if o := w.ops[d]; o.watch.open {
			w.cut(o)
		}
	}
	if w.mod.up { // it finishes the exchange in hand, and leaves
		w.mod.hushed = true
		w.plan(w.below(one(&w.chance, milli, 2*second, 10*second)), iRestart, partLeaves, 0, w.mod.epoch, 0)
	}
}

// relay sends an answer back to the till.
func (w *World) relay(r rpc, d int32, answer code, c int64) {
	if w.hostDies(pointRelay) {
		return
	}
	w.hop(iReply, r, d, int32(answer), c)
}

// moduleHears is a forwarded request at the module.
func (w *World) moduleHears(it item) {
	r, d := rpc(it.sub), it.a
	if it.b != w.host.epoch {
		return
	}
	if !w.mod.up {
		w.relay(r, d, codeDown, it.c)
		return
	}
	epoch := w.mod.epoch
	arg, _ := unpacked(it.c)
	answer := w.answer(r, d, arg)
	if w.mod.epoch != epoch {
		answer = codeUnknown
	}
	if w.host.up && w.host.epoch == it.b {
		w.relay(r, d, answer, it.c)
	}
}

// answer does what a till asked for, as Shell does.
func (w *World) answer(r rpc, d int32, arg int64) code {
	if r == rpcBegin {
		return w.beginOp(d, uint8(arg&1))
	}
	o := w.find(d)
	if o == nil {
		return codeNotFound
	}
	epoch := w.mod.epoch
	o.users++
	answer := w.ask(o, r, arg)
	if w.mod.epoch == epoch {
		o.users--
		w.retire(o)
	}
	return answer
}

func (w *World) ask(o *op, r rpc, arg int64) code {
	s := &o.state
	switch r {
	case rpcWatch:
		w.attach(o, arg)
	case rpcLeave:
		if o.watch.open && o.watch.asked == uint8(arg) {
			o.watch.open = false
			w.post(o, engine.Event{What: engine.Detached})
		}
	case rpcCancel:
		if !s.CanCancel() {
			if s.CancelAsked && !s.Final() {
				return codeOK
			}
			return codeState
		}
		w.post(o, engine.Event{What: engine.CancelRequested, Reason: "cashier"})
	case rpcAnswer:
		p := s.Prompt()
		if p == nil || arg>>1 != o.prompt {
			return codeState
		}
		o.prompt = 0
		w.post(o, engine.Event{What: engine.Answered, Answer: provider.Answer{ID: p.ID, Value: [...]string{"0", "1"}[arg&1]}, Prompt: p})
	case rpcSeen:
		w.post(o, engine.Event{What: engine.Seen})
	case rpcConfirm, rpcReverse:
		return w.acknowledge(o, r)
	case rpcResolve:
		if !s.CanResolve() {
			return codeState
		}
		w.post(o, engine.Event{What: engine.ResolveRequested, Charged: arg == 1, By: "person"})
	}
	return codeOK
}

func (w *World) acknowledge(o *op, r rpc) code {
	want, event, can := pay.AckConfirm, engine.ConfirmRequested, o.state.CanConfirm()
	if r == rpcReverse {
		want, event, can = pay.AckReverse, engine.ReverseRequested, o.state.CanReverse()
	}
	switch {
	case o.state.Ack == want:
		return codeOK
	case !can:
		return codeState
	}
	epoch := w.mod.epoch
	w.post(o, engine.Event{What: event, Reason: "cashier"})
	switch {
	case w.mod.epoch != epoch:
		return codeUnknown
	case o.head < len(o.queue):
		return codeUnknown // the journal cannot be written; the request stands
	case o.state.Ack != want:
		return codeState
	}
	return codeOK
}

// attach begins a stream of an operation's events after a number, in place of the one before.
func (w *World) attach(o *op, after int64) {
	k := &w.deals[o.d].taker
	if uint8(after) != k.asked || k.streamed != w.mod.epoch || after>>8 != k.last { // it comes late or twice: whoever sent it has read another stream since
		if !o.watch.open {
			epoch := w.mod.epoch
			w.post(o, engine.Event{What: engine.Attached})
			if w.mod.epoch == epoch {
				w.post(o, engine.Event{What: engine.Detached})
			}
		}
		return
	}
	after >>= 8
	had := o.watch.open
	w.streams++
	o.watch = watch{open: true, asked: k.asked, token: w.streams, epoch: w.host.epoch, after: after}
	k.stream, k.streamed = w.streams, w.mod.epoch
	if !had {
		epoch := w.mod.epoch
		w.post(o, engine.Event{What: engine.Attached})
		if w.mod.epoch != epoch {
			return
		}
	}
	w.overtake(o, after)
	w.wake(o)
}

// overtake numbers the kept events above one that the till has seen already; it matters where the clock went back with a restart.
func (w *World) overtake(o *op, after int64) {
	if after <= o.highest {
		return
	}
	prompt := o.prompt
	o.highest = after
	for i := range o.events {
		o.highest++
		if o.events[i].number == prompt && prompt != 0 {
			o.prompt = o.highest
		}
		o.events[i].number = o.highest
	}
}

// note is an event on its way to a till.
type note struct {
	told
	d     int32
	token uint32
	epoch int32
}

// stream sends an event to the watcher, or the stream breaks.
func (w *World) stream(o *op, t told) {
	x := &o.watch
	if w.unlucky(w.odds.till / 4) {
		w.fault(StreamCut)
		w.cut(o)
		return
	}
	x.ready = max(x.ready, w.now) + w.between(milli/10, 2*milli)
	i := int32(len(w.notes))
	n := note{told: t, d: o.d, token: x.token, epoch: w.epochOf(o.d)}
	if k := len(w.freeNote); k > 0 {
		i = w.freeNote[k-1]
		w.freeNote = w.freeNote[:k-1]
		w.notes[i] = n
	} else {
		w.notes = append(w.notes, n)
	}
	w.plan(x.ready-w.now, iStream, 0, i, 0, 0)
}

// cut breaks the stream: the module notices, and so does the till.
func (w *World) cut(o *op) {
	o.watch.open = false
	w.deals[o.d].taker.stream = 0
	w.plan(w.below(2*second), iStreamGone, 0, o.d, w.mod.epoch, int64(o.watch.token))
}

// streamGone lets the module know that its watcher left.
func (w *World) streamGone(it item) {
	o := w.ops[it.a]
	if it.b != w.mod.epoch || !w.mod.up || o == nil || int64(o.watch.token) != it.c || o.watch.open {
		return
	}
	w.post(o, engine.Event{What: engine.Detached})
}
