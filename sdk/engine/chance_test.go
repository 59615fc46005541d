package engine

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func drawAbilities(t *rapid.T) Abilities {
	return Abilities{Counts: rapid.Bool().Draw(t, "counts"), Prepares: rapid.Bool().Draw(t, "prepares"), Cancels: rapid.Bool().Draw(t, "cancels"),
		Reverses: rapid.Bool().Draw(t, "reverses"), Holds: rapid.Bool().Draw(t, "holds"),
		HoldsFor: rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "holds for"), Traits: provider.Traits{RefusesDuplicates: rapid.Bool().Draw(t, "refuses duplicates"),
			Horizon: rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "horizon")}}
}

// TestNoSequenceOfEventsBreaksARule throws anything at the engine, a lying driver included. The rules are held in play.do.
func TestNoSequenceOfEventsBreaksARule(t *testing.T) {
	kinds := []pay.Kind{pay.KindOnline, pay.KindOffline, pay.KindBasket, pay.KindPayout, pay.KindRefund, pay.KindReversal, pay.KindCloseDay, pay.KindCommand}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		able := drawAbilities(t)
		able.Reverses = able.Reverses && kind.Payment()
		able.Prepares = able.Prepares && kind.Money() && kind != pay.KindReversal || kind == pay.KindBasket
		p := start(t, kind, able, func(s *State) { s.NoPrompts = rapid.Bool().Draw(t, "no prompts") })
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			p.anything(t)
		}
	})
}

// anything does one step; what leads on is likelier than what disturbs.
func (p *play) anything(t *rapid.T) {
	switch n := rapid.IntRange(0, 39).Draw(t, "action"); {
	case n < 14 && p.s.Calling() != NoCall:
		p.do(Event{What: Replied, Call: p.s.Calling(), Reply: drawReply(t, p), NotSent: rapid.IntRange(0, 3).Draw(t, "not sent") == 0})
	case n < 24:
		if x, set := p.earliest(); set {
			p.fire(x)
		}
	case n == 24:
		p.do(Event{What: Fired, Timer: Timer(rapid.IntRange(0, int(Timers)-1).Draw(t, "timer"))})
	case n == 25:
		p.wait(time.Duration(rapid.IntRange(0, 7200).Draw(t, "seconds")) * time.Second)
	case n == 26:
		p.crash(rapid.Bool().Draw(t, "resendable"))
	case n < 29:
		p.do(Event{What: ResolveRequested, Charged: rapid.Bool().Draw(t, "charged"), By: "b"})
	case n < 32:
		p.do(Event{What: Answered, Answer: provider.Answer{ID: "q", Value: "1"}})
	case n < 34:
		var elsewhere *pay.Amount
		if n == 33 {
			elsewhere = new(pay.Amount(rapid.Int64Range(-1, int64(p.s.Amount)+1).Draw(t, "elsewhere")))
		}
		p.reversalEndsWith(pay.Outcome(rapid.IntRange(0, 3).Draw(t, "outcome")), elsewhere)
	default:
		p.do(Event{What: rapid.SampledFrom([]What{Begun, CancelRequested, Attached, Detached, Rejoined, Seen, ConfirmRequested, ReverseRequested}).Draw(t, "what"),
			Resendable: true})
	}
}

func (p *play) reversalEnds(outcome pay.Outcome) { p.reversalEndsWith(outcome, nil) }

func (p *play) reversalEndsWith(outcome pay.Outcome, elsewhere *pay.Amount) {
	p.t.Helper()
	if p.child {
		p.child = false
		p.do(Event{What: ReversalEnded, Reversal: p.s.Reversals, Outcome: outcome, Elsewhere: elsewhere})
	}
}

func drawReply(t *rapid.T, p *play) provider.Reply {
	verdicts := []provider.Verdict{provider.Unknown, provider.Unknown, provider.Unknown, provider.NotFound, provider.NotFound, provider.NotDone, provider.Waiting,
		provider.Waiting, provider.Ready, provider.Ready, provider.ShowQR, provider.Ask, provider.Approved, provider.Declined, provider.Cancelled}
	if p.s.Phase == Prepared {
		verdicts = append(verdicts, provider.Ready, provider.Ready, provider.Ready, provider.Ready, provider.ShowQR, provider.ShowQR)
	}
	r := provider.Reply{Verdict: rapid.SampledFrom(verdicts).Draw(t, "verdict")}
	if p.s.Kind == pay.KindBasket {
		r.Reserved = rapid.SampledFrom([]pay.Amount{p.s.Amount, 2, 2, 0, p.s.Amount + 1}).Draw(t, "reserved")
	}
	switch r.Verdict {
	case provider.Approved:
		r.Amount = rapid.SampledFrom([]pay.Amount{p.s.Amount, p.s.Due(), p.s.Due(), 1}).Draw(t, "amount")
		if p.s.Kind.Money() {
			r.Amount = max(r.Amount, 1)
		}
	case provider.ShowQR:
		r.QR = &provider.QR{Payload: "qr", Until: p.now.Add(time.Minute)}
	case provider.Ask:
		r.Prompt = ask("q", rapid.SampledFrom([]string{"", "1"}).Draw(t, "default")).Prompt
	}
	if rapid.Bool().Draw(t, "state") {
		r.State = &provider.State{Version: rapid.IntRange(1, 2).Draw(t, "version")}
	}
	return r
}

// bank is an honest provider behind a bad line: what it says is true, but words get lost, and requests come late.
type bank struct {
	late     int // requests on their way
	latest   time.Time
	known    bool // it has the key
	live     bool // a customer can still pay
	paid     bool
	dead     bool // it will never be paid
	declines bool
	returned bool
	qr       time.Time
}

// arrives is a request for the money that reaches the bank. Duplicates are refused.
func (b *bank) arrives() {
	if !b.known {
		b.known, b.live = true, true
		if b.declines {
			b.live, b.dead = false, true
		}
	}
}

func (b *bank) word(p *play) provider.Reply {
	switch {
	case b.paid:
		return provider.Reply{Verdict: provider.Approved, Amount: p.s.Amount}
	case b.dead:
		return provider.Reply{Verdict: provider.Declined}
	case b.live:
		return provider.Reply{Verdict: provider.Waiting}
	}
	return provider.Reply{Verdict: provider.NotFound}
}

// call answers the call under way, or loses it on the way there or back.
func (b *bank) call(t *rapid.T, p *play, lossy bool) {
	fate := "fine"
	if lossy {
		fate = rapid.SampledFrom([]string{"fine", "fine", "not sent", "lost", "late", "no answer"}).Draw(t, "fate")
	}
	c := p.s.Calling()
	lost := fate == "not sent" || fate == "lost"
	var r provider.Reply
	switch {
	case c == CallCounters || c == CallAnswer:
		r.Verdict = provider.Ready
	case c == CallPrepare && b.qr.IsZero():
		r.Verdict = provider.Ready
	case c == CallPrepare:
		r = qr(b.qr)
	case c == CallCommit && fate == "late":
		b.late, b.latest, lost = b.late+1, p.s.SentAt.Add(LongestCall), true
	case c == CallCommit && !lost:
		b.arrives()
		r = b.word(p)
	case (c == CallCancel || c == CallTidy) && !lost && fate != "late":
		if !b.paid {
			b.known, b.live, b.dead = true, false, true
		}
		r = b.word(p)
	default:
		r = b.word(p)
	}
	if lost || fate != "fine" {
		p.do(Event{What: Replied, Call: c, NotSent: fate == "not sent"})
		return
	}
	p.reply(r)
}

// TestNoMoneyIsLostOrTakenTwice lets an honest bank, a customer and a till do what they like over a bad line with crashes, and compares the
// books once the line is good again.
func TestNoMoneyIsLostOrTakenTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		able := drawAbilities(t)
		able.Reverses = true
		b := &bank{declines: rapid.Bool().Draw(t, "declines")}
		if able.Prepares && rapid.Bool().Draw(t, "qr") {
			b.qr = noon.Add(2 * time.Minute)
		}
		p := start(t, pay.KindOnline, able)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			b.lives(t, p)
			b.compare(t, p)
			switch n := rapid.IntRange(0, 39).Draw(t, "action"); {
			case n < 16 && p.s.Calling() != NoCall:
				b.call(t, p, true)
			case n < 30:
				if x, set := p.earliest(); set {
					p.fire(x)
				}
			case n == 30:
				p.crash(rapid.Bool().Draw(t, "resendable"))
			case n < 34 && p.child:
				outcome := rapid.SampledFrom([]pay.Outcome{pay.Approved, pay.Declined, pay.Unknown}).Draw(t, "reversal")
				if outcome == pay.Approved && b.returned {
					t.Fatalf("given back twice")
				}
				b.returned = b.returned || outcome == pay.Approved
				p.reversalEnds(outcome)
			case n >= 36:
				p.do(Event{What: rapid.SampledFrom([]What{CancelRequested, Attached, Detached, ConfirmRequested, ReverseRequested}).Draw(t, "what")})
			}
		}
		b.heal(t, p)
	})
}

// lives lets late requests arrive and the customer act.
func (b *bank) lives(t *rapid.T, p *play) {
	if b.late > 0 && p.now.After(b.latest) {
		b.late = 0
	}
	if b.late > 0 && rapid.IntRange(0, 2).Draw(t, "late request arrives") == 0 {
		b.late--
		b.arrives()
	}
	if p.s.QR != nil && !b.dead && !b.paid {
		b.known, b.live = true, p.now.Before(b.qr)
		b.dead = !b.live
	}
	if b.live && rapid.IntRange(0, 4).Draw(t, "customer pays") == 0 {
		b.paid, b.live = true, false
	}
}

func (p *play) earliest() (first Timer, set bool) {
	for x := range Timers {
		if at, ok := p.timers[x]; ok && (!set || at.Before(p.timers[first])) {
			first, set = x, true
		}
	}
	return first, set
}

// compare holds what the till was told against the bank's books.
func (b *bank) compare(t *rapid.T, p *play) {
	s := p.s
	switch {
	case s.Outcome == pay.Approved && !b.paid:
		t.Fatalf("approved, and not paid: %+v %+v", b, s)
	case s.Charged && !b.paid:
		t.Fatalf("charged, and not paid: %+v %+v", b, s)
	case (s.Outcome == pay.Declined || s.Outcome == pay.Cancelled) && b.paid && s.Reversal == pay.ReversalNone && !s.Charged && s.LookAt.IsZero():
		t.Fatalf("%v, and paid for ever: %+v %+v", s.Outcome, b, s)
	case s.Reversal == pay.ReversalDone != b.returned:
		t.Fatalf("the reversal is %v, given back is %v", s.Reversal, b.returned)
	}
}

// heal makes the line good and lets time pass until the engine has no work any more.
func (b *bank) heal(t *rapid.T, p *play) {
	for range 1000 {
		if b.late > 0 && p.now.After(b.latest) {
			b.late = 0
		}
		if p.s.QR != nil && !p.now.Before(b.qr) && !b.paid {
			b.known, b.live, b.dead = true, false, true
		}
		switch x, set := p.earliest(); {
		case !p.s.Open():
			b.compare(t, p)
			charged := b.paid && !b.returned
			if kept := p.s.Outcome == pay.Approved && p.s.Ack != pay.AckReverse; charged != kept {
				t.Fatalf("the bank has the money: %v, the till believes so: %v\n%+v\n%+v", charged, kept, b, p.s)
			}
			return
		case p.s.Calling() != NoCall:
			b.call(t, p, false)
		case p.child:
			b.returned = true
			p.reversalEnds(pay.Approved)
		case set:
			if b.live && p.s.QR == nil && p.now.Sub(noon) > time.Hour {
				b.live, b.dead = false, true // a bank does not wait for a customer for ever
			}
			p.fire(x)
			if !b.known && p.s.Phase == Committed && p.s.Told {
				return // nothing came, and no horizon proves it: Unknown stays Unknown
			}
		}
	}
	t.Fatalf("it never ends: %+v\n%+v\n%v", b, p.s, p.timers)
}
