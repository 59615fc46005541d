package sim

import (
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// verdict reads what a provider says of the money of an operation.
func verdict(r *response) provider.Reply {
	switch r.status {
	case paid:
		return provider.Reply{Verdict: provider.Approved, Amount: r.amount, Currency: pay.RUB}
	case declined, expired:
		return provider.Reply{Verdict: provider.Declined, Code: "NO"}
	case cancelled:
		return provider.Reply{Verdict: provider.Cancelled}
	case draft:
		return provider.Reply{Verdict: provider.NotDone}
	}
	return provider.Reply{Verdict: provider.Waiting, Status: r.status.String()}
}

// refused is the provider's refusal. One to give money back says what is left of it, if anything went back otherwise.
func (w *World) refused(c *call, r *response) provider.Reply {
	reply := provider.Reply{Verdict: provider.Declined, Code: "NO"}
	if c.kind == pay.KindReversal && r.left >= 0 && w.fam.refunds {
		left := r.left
		reply.Left = &left
	}
	return reply
}

// told is what the provider says of an operation, with the pace that it asks for.
func (w *World) told(c *call, r *response) {
	reply := verdict(r)
	switch {
	case reply.Verdict == provider.Declined && c.kind == pay.KindReversal:
		reply = w.refused(c, r)
	case reply.Verdict == provider.Waiting && w.permille(50):
		reply.Again = time.Duration(w.below(90)) * time.Second
	}
	w.reply(c, reply)
}

func word(v provider.Verdict) provider.Reply { return provider.Reply{Verdict: v} }

// driveTest probes the way to the provider, without money.
func driveTest(w *World, c *call, r *response) {
	switch {
	case r == nil:
		w.send(c, message{ask: askProbe}, false)
	case r.sort == saysNo:
		w.reply(c, word(provider.Declined))
	case r.status == waiting:
		w.reply(c, word(provider.Waiting))
	default:
		w.reply(c, word(provider.Approved))
	}
}

// driveKey is the driver of a provider that knows everything by our key.
func driveKey(w *World, c *call, r *response) {
	if r == nil {
		switch c.what {
		case engine.CallCounters:
			w.send(c, message{ask: askCounters}, false)
		case engine.CallPrepare:
			w.send(c, message{ask: askOpen}, false)
		case engine.CallAnswer:
			w.send(c, message{ask: askQuery}, true)
		case engine.CallCommit:
			switch {
			case c.whole:
				w.send(c, message{ask: askUndo}, true)
			case c.kind.Returns():
				w.send(c, message{ask: askGive}, true)
			default:
				w.send(c, message{ask: askPay}, true)
			}
		case engine.CallInquire:
			if c.whole {
				w.send(c, message{ask: askLook}, false)
				return
			}
			w.send(c, message{ask: askQuery}, false)
		default:
			w.send(c, message{ask: askStop}, true)
		}
		return
	}
	switch {
	case c.what == engine.CallCounters:
		w.counted(c, r)
	case r.sort == saysNotFound && w.fam.listing > 0 && c.age > forgetsAfter-2*mostOff-10*minute:
		w.fault(Forgotten)
		w.fail(c) // the list does not go back so far: that is no word
	case r.sort == saysNotFound:
		w.reply(c, word(provider.NotFound))
	case r.sort == saysDuplicate:
		w.fail(c)
	case r.sort == saysNo:
		w.reply(c, w.refused(c, r))
	case c.whole:
		w.undone(c, r)
	case c.what == engine.CallPrepare && r.status == draft:
		w.prepared(c)
	case c.what == engine.CallAnswer && r.status == draft:
		w.reply(c, word(provider.Ready))
	default:
		w.told(c, r)
	}
}

// prepared ends Prepare, sometimes with a question.
func (w *World) prepared(c *call) {
	if w.permille(300) {
		w.reply(c, provider.Reply{Verdict: provider.Ask, Prompt: w.prompt()})
		return
	}
	w.reply(c, word(provider.Ready))
}

// counted keeps the counters for the write that follows.
func (w *World) counted(c *call, r *response) {
	if r.next <= 0 {
		w.fail(c)
		return
	}
	if o := w.ops[c.d]; o != nil {
		o.next, o.shift = r.next, r.shift
	}
	w.reply(c, word(provider.Ready))
}

// undone reads what became of a payment that is undone whole.
func (w *World) undone(c *call, r *response) {
	switch {
	case r.undone && (r.amount == c.oamount || !w.fam.refunds): // where nothing can go back in part, a person may have named another sum
		w.reply(c, provider.Reply{Verdict: provider.Approved, Amount: c.amount, Currency: pay.RUB})
	case r.undone:
		w.fail(c)
	case c.what == engine.CallInquire:
		w.reply(c, word(provider.NotDone))
	default:
		w.reply(c, word(provider.Waiting))
	}
}

// driveNumbers is the driver of a provider that knows operations by through numbers, which it counts.
func driveNumbers(w *World, c *call, r *response) {
	if r == nil {
		m := message{num: c.num, onum: c.onum, shift: c.shift}
		switch {
		case c.what == engine.CallCounters:
			m.ask = askCounters
		case c.kind == pay.KindCloseDay:
			m.ask = askClose
			w.send(c, m, false)
			return
		case c.whole && c.what == engine.CallCommit:
			m.ask = askUndo
		case c.whole:
			m.ask = askLook
		case c.num <= 0:
			w.fail(c)
			return
		case c.what == engine.CallPrepare && c.kind == pay.KindOnline:
			m.ask = askOpen
		case c.what == engine.CallCommit && c.kind.Returns():
			m.ask = askGive
		case c.what == engine.CallCommit && c.kind == pay.KindOnline:
			m.ask = askOpen
		case c.what == engine.CallCommit:
			m.ask = askPay
		case c.what == engine.CallInquire:
			m.ask = askQuery
		default:
			m.ask = askStop
		}
		w.send(c, m, m.ask != askCounters && m.ask != askLook && m.ask != askQuery)
		return
	}
	switch {
	case c.what == engine.CallCounters:
		w.counted(c, r)
	case c.kind == pay.KindCloseDay:
		w.shiftClosed(c, r)
	case r.sort == saysNotFound:
		w.reply(c, word(provider.NotFound))
	case r.sort == saysDuplicate: // the number is taken: a refusal only where nothing of ours can have come before
		if c.maybe {
			w.fail(c)
			return
		}
		w.reply(c, provider.Reply{Verdict: provider.Declined, Code: "TAKEN"})
	case r.sort == saysNo:
		w.reply(c, w.refused(c, r))
	case c.whole:
		w.undone(c, r)
	case c.what == engine.CallPrepare && r.status == waiting:
		w.reply(c, w.qr(c, r))
	case c.what == engine.CallPrepare && r.status == paid:
		w.reply(c, word(provider.Ready))
	default:
		w.told(c, r)
	}
}

// qr is a code for the customer. The provider says for how long it can be paid.
func (w *World) qr(c *call, r *response) provider.Reply {
	return provider.Reply{Verdict: provider.ShowQR, State: stateOf(r.id),
		QR: &provider.QR{Payload: "qr", Until: w.wallclock().Add(time.Duration(r.until))}}
}

// drivePayouts is the driver of a provider of payouts that refuses a key it has seen, and may want a code.
func drivePayouts(w *World, c *call, r *response) {
	if r == nil {
		switch c.what {
		case engine.CallCommit:
			w.send(c, message{ask: askPay}, true)
		case engine.CallAnswer:
			w.send(c, message{ask: askCode, yes: c.yes}, true)
		default:
			w.send(c, message{ask: askQuery}, false)
		}
		return
	}
	switch {
	case r.sort == saysNotFound:
		w.reply(c, word(provider.NotFound))
	case r.sort == saysDuplicate:
		w.fail(c) // the query tells what became of it
	case r.sort == saysNo:
		w.reply(c, w.refused(c, r))
	case r.status == wantsCode:
		p := &provider.Prompt{ID: "otp", Kind: pay.EvInput, Secret: true, Timeout: time.Minute}
		w.reply(c, provider.Reply{Verdict: provider.Ask, Prompt: p})
	default:
		w.told(c, r)
	}
}

// driveBank is the driver of a bank that issues the ids: a QR code's before it is shown, a refund's before it is confirmed.
func driveBank(w *World, c *call, r *response) {
	if r == nil {
		m := message{id: c.id, oid: c.oid}
		switch {
		case c.what == engine.CallPrepare && c.kind.Returns(), c.what == engine.CallCommit && c.kind.Returns() && c.id == 0:
			m.ask = askDraft
		case c.what == engine.CallPrepare:
			m.ask = askOpen
		case c.what == engine.CallCommit && c.kind.Returns():
			m.ask = askPerform
		case c.id == 0: // no id was journaled, so nothing of it can be paid or confirmed
			w.touch(c)
			w.reply(c, word(provider.NotDone))
			return
		case c.what == engine.CallCancel || c.what == engine.CallTidy:
			m.ask = askStop
		default:
			m.ask = askQuery
		}
		w.send(c, m, m.ask == askPerform || m.ask == askStop)
		return
	}
	switch {
	case r.sort == saysNotFound:
		w.fail(c) // of an id that the bank gave: it makes no sense
	case r.sort == saysNo:
		w.reply(c, w.refused(c, r))
	case c.what == engine.CallPrepare && r.status == waiting:
		w.reply(c, w.qr(c, r))
	case r.status == draft && c.what == engine.CallPrepare:
		w.reply(c, provider.Reply{Verdict: provider.Ready, State: stateOf(r.id)})
	case r.status == draft:
		w.reply(c, provider.Reply{Verdict: provider.NotDone, State: stateOf(r.id)})
	default:
		w.told(c, r)
	}
}

// touch marks a call that needs no exchange.
func (w *World) touch(c *call) { c.touched = true }

// driveLink is the driver of a cash link: each activation has an id, and the link shows only the last one.
func driveLink(w *World, c *call, r *response) {
	if c.kind.Returns() {
		driveLinkRefund(w, c, r)
		return
	}
	stop := c.what == engine.CallCancel
	switch {
	case r == nil && c.what == engine.CallCommit:
		w.send(c, message{ask: askPay}, true)
	case r == nil && (c.id == 0 || stop):
		w.send(c, message{ask: askLook}, false)
	case r == nil:
		w.send(c, message{ask: askQuery, id: c.id}, false)
	case c.what == engine.CallCommit && r.sort == saysNo:
		w.reply(c, provider.Reply{Verdict: provider.Declined, Code: "BUSY"})
	case c.step == 1 && stop:
		w.linkLooked(c, r)
	case stop && c.step == 2: // whatever the link said: the activation itself tells
		w.send(c, message{ask: askQuery, id: c.id}, false)
	case c.id == 0 && c.what == engine.CallInquire && (r.sort != says || !r.here || r.amount != c.amount):
		w.fail(c) // the link shows nothing of ours, which proves nothing
	case r.sort != says:
		w.fail(c)
	default:
		reply := verdict(r)
		reply.State = stateOf(r.id)
		reply.Look = reply.Verdict != provider.Waiting // the link lies on the counter
		w.reply(c, reply)
	}
}

// linkLooked is the look under the link's lock before it is deactivated: only ours may be.
func (w *World) linkLooked(c *call, r *response) {
	ours := r.sort == says && r.here && (c.id == 0 || r.id == c.id) && r.amount == c.amount
	if ours {
		c.id = r.id
	}
	switch {
	case ours && r.status == waiting:
		w.send(c, message{ask: askStop, id: c.id}, true)
	case c.id == 0:
		w.fail(c)
	default:
		c.step++
		w.send(c, message{ask: askQuery, id: c.id}, false)
	}
}

func driveLinkRefund(w *World, c *call, r *response) {
	switch {
	case r == nil && c.what == engine.CallCommit:
		w.send(c, message{ask: askGive, oid: c.oid}, true)
	case r == nil:
		w.send(c, message{ask: askQuery}, false)
	case r.sort == saysNotFound:
		w.reply(c, word(provider.NotFound))
	case r.sort != says:
		w.reply(c, w.refused(c, r))
	default:
		w.told(c, r)
	}
}

// driveBasket is the driver of a provider that reserves first, perhaps less than was asked for, and writes off by a confirmation. A cancel says
// which of the two it is to undo, so that one which comes late undoes nothing else (docs/decisions/0009).
func driveBasket(w *World, c *call, r *response) {
	if r == nil {
		switch {
		case c.what == engine.CallPrepare:
			w.send(c, message{ask: askOpen}, false)
		case c.what == engine.CallAnswer && !c.yes:
			w.touch(c)
			w.reply(c, word(provider.Cancelled))
		case c.what == engine.CallAnswer:
			w.touch(c)
			w.reply(c, word(provider.Ready))
		case c.what == engine.CallCommit && c.whole:
			w.send(c, message{ask: askUndo}, true)
		case c.what == engine.CallCommit:
			w.send(c, message{ask: askPay, amount: pay.Amount(c.id)}, true)
		case c.whole:
			w.send(c, message{ask: askLook}, false)
		case c.what == engine.CallCancel || c.what == engine.CallTidy:
			w.send(c, message{ask: askStop, blind: w.Bug == BugCancelBlind}, true)
		default:
			w.send(c, message{ask: askQuery}, false)
		}
		return
	}
	switch {
	case r.sort == saysNotFound && c.kind.Returns():
		w.fail(c)
	case r.sort == saysNotFound:
		w.reply(c, word(provider.NotFound))
	case r.sort != says:
		w.reply(c, w.refused(c, r))
	case c.whole:
		w.undone(c, r)
	case c.what == engine.CallPrepare && r.status == draft && r.amount > c.amount:
		w.fail(c)
	case c.what == engine.CallPrepare && r.status == draft:
		reply := provider.Reply{Verdict: provider.Ready, Reserved: r.amount, State: stateOf(int64(r.amount))}
		if w.permille(500) {
			reply.Verdict, reply.Prompt = provider.Ask, w.prompt()
		}
		w.reply(c, reply)
	default:
		w.told(c, r)
	}
}
