package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// play drives one operation by a script, keeps its timers, and holds every step against the rules.
type play struct {
	t      fataler
	s      State
	now    time.Time
	fx     Effects
	timers map[Timer]time.Time
	told   []pay.Operation // what TellOutcome said: Outcome and whether it was final
	events []pay.Event
	writes []string
	child  bool // a reversal operation is under way
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// everything is what a driver can be that can everything.
func everything() Abilities {
	return Abilities{Cancels: true, Reverses: true, Traits: provider.Traits{RefusesDuplicates: true}}
}

func start(t fataler, kind pay.Kind, able Abilities, change ...func(*State)) *play {
	amount := pay.Amount(0)
	if kind.Money() {
		amount = 12345
	}
	p := &play{t: t, s: New(kind, amount, pay.RUB, noon), now: noon, timers: map[Timer]time.Time{}}
	p.s.Able, p.s.Terms = able, DefaultTerms()
	for _, f := range change {
		f(&p.s)
	}
	p.do(Event{What: Begun})
	return p
}

func noPrompts(s *State) { s.NoPrompts = true }

func (p *play) do(e Event) *play {
	p.t.Helper()
	e.Now = p.now
	before := p.s
	p.s, p.fx = Step(before, e)
	p.perform()
	if broken := broken(before, e, p.s, p.fx); broken != "" {
		p.t.Fatalf("%v: %s\nbefore %+v\nafter  %+v\neffects %+v", e.What, broken, before, p.s, p.fx)
	}
	if broken := p.stuck(); broken != "" {
		p.t.Fatalf("%v: %s\nafter %+v\ntimers %v", e.What, broken, p.s, p.timers)
	}
	return p
}

func (p *play) perform() {
	if p.fx.Write != "" {
		p.writes = append(p.writes, p.fx.Write)
	}
	p.child = p.child || p.fx.Reverse
	for _, f := range p.fx.Do {
		switch f.Do {
		case SetTimer:
			p.timers[f.Timer] = p.now.Add(f.After)
		case StopTimer:
			delete(p.timers, f.Timer)
		case Tell:
			p.events = append(p.events, f.Event)
		case TellOutcome:
			p.told = append(p.told, pay.Operation{Outcome: p.s.Outcome, OtherTender: p.s.OtherTender(), Reversal: p.s.Reversal})
		}
	}
}

// reply answers the call under way.
func (p *play) reply(r provider.Reply) *play {
	p.t.Helper()
	if p.s.Calling() == NoCall {
		p.t.Fatalf("there is no call to reply %v to", r.Verdict)
	}
	return p.do(Event{What: Replied, Call: p.s.Calling(), Reply: r})
}

func (p *play) verdict(v provider.Verdict) *play {
	p.t.Helper()
	r := provider.Reply{Verdict: v}
	if v == provider.Approved {
		r.Amount = p.s.Amount
	}
	return p.reply(r)
}

// notSent lets the call under way fail before a byte left.
func (p *play) notSent() *play {
	p.t.Helper()
	return p.do(Event{What: Replied, Call: p.s.Calling(), NotSent: true})
}

// fire lets a timer run out, in its time.
func (p *play) fire(x Timer) *play {
	p.t.Helper()
	due, set := p.timers[x]
	if !set {
		p.t.Fatalf("timer %v is not set: %v", x, p.timers)
	}
	delete(p.timers, x)
	if due.After(p.now) {
		p.now = due
	}
	return p.do(Event{What: Fired, Timer: x})
}

// crash forgets everything that is not journaled, and takes the operation up again.
func (p *play) crash(resendable bool) *play {
	p.t.Helper()
	raw, err := json.Marshal(p.s)
	if err != nil {
		p.t.Fatalf("%v", err)
	}
	able, terms := p.s.Able, p.s.Terms
	p.s = State{Able: able, Terms: terms}
	if err := json.Unmarshal(raw, &p.s); err != nil {
		p.t.Fatalf("%v", err)
	}
	p.timers = map[Timer]time.Time{}
	again := p.s.Reversal == pay.ReversalUnderWay && !p.child // the shell asks what became of it
	p.child = p.child || again
	p.do(Event{What: Recovered, Resendable: resendable})
	if again {
		p.reversalEnds(pay.Unknown)
	}
	return p
}

func (p *play) wait(d time.Duration) *play { p.now = p.now.Add(d); return p }

func (p *play) is(phase Phase, outcome pay.Outcome, call Call) *play {
	p.t.Helper()
	if p.s.Phase != phase || p.s.Outcome != outcome || p.s.Calling() != call {
		p.t.Fatalf("it is %v, %v, calling %v; want %v, %v, calling %v (writes %v)", p.s.Phase, p.s.Outcome, p.s.Calling(), phase, outcome, call, p.writes)
	}
	return p
}

func (p *play) wrote(name string) *play {
	p.t.Helper()
	if p.fx.Write != name {
		p.t.Fatalf("the step wrote %q, want %q", p.fx.Write, name)
	}
	return p
}

// heard wants the last thing that the till heard of the outcome.
func (p *play) heard(outcome pay.Outcome, otherTender bool) *play {
	p.t.Helper()
	if len(p.told) == 0 || p.told[len(p.told)-1].Outcome != outcome || p.told[len(p.told)-1].OtherTender != otherTender {
		p.t.Fatalf("the till heard %+v; want last %v, other tender %v", p.told, outcome, otherTender)
	}
	return p
}

func (p *play) heardNothing() *play {
	p.t.Helper()
	if len(p.told) > 0 {
		p.t.Fatalf("the till heard %+v", p.told)
	}
	return p
}

// saw wants events of these kinds among those told, in this order.
func (p *play) saw(kinds ...pay.EventKind) *play {
	p.t.Helper()
	rest := p.events
	for _, k := range kinds {
		i := slices.IndexFunc(rest, func(e pay.Event) bool { return e.Kind == k })
		if i < 0 {
			p.t.Fatalf("no event %v in order %v among %+v", k, kinds, p.events)
		}
		rest = rest[i+1:]
	}
	return p
}

func (p *play) set(x Timer) *play {
	p.t.Helper()
	if _, set := p.timers[x]; !set {
		p.t.Fatalf("timer %v is not set", x)
	}
	return p
}

func (p *play) unset(x Timer) *play {
	p.t.Helper()
	if _, set := p.timers[x]; set {
		p.t.Fatalf("timer %v is set", x)
	}
	return p
}

func (p *play) want(what string, ok bool) *play {
	p.t.Helper()
	if !ok {
		p.t.Fatalf("not so: %s\n%+v", what, p.s)
	}
	return p
}

// stuck says what keeps an operation from ever going on: work must always have a call, a question or a timer that leads on.
func (p *play) stuck() string {
	_, next := p.timers[TimerNext]
	_, look := p.timers[TimerLook]
	_, again := p.timers[TimerReverse]
	going := p.s.Calling() != NoCall || next || p.s.Prompt() != nil
	switch {
	case p.s.Phase != Settled && !going:
		return "nothing leads on"
	case p.s.Phase == Settled && !p.s.LookAt.IsZero() && !look && p.s.Calling() == NoCall:
		return "the late look is forgotten"
	case p.s.Phase == Settled && p.s.Held && p.s.Calling() == NoCall && !next:
		return "nobody lets the draft go"
	case p.s.Phase == Settled && !p.s.Final() && p.s.Reversal != pay.ReversalUnderWay:
		return "settled without an outcome, and nothing is given back"
	case p.s.Reversal == pay.ReversalUnderWay && !p.child && !again:
		return "nobody goes on with the reversal"
	}
	return ""
}

// broken holds one step against the rules that need no history.
func broken(a State, e Event, b State, fx Effects) string {
	calls := 0
	for _, f := range fx.Do {
		if f.Do == CallDriver {
			calls++
			if f.Call == CallCommit && fx.Write == "" && !a.idle {
				return "commit without a write (§3.2)"
			}
			if a.Calling() != NoCall && !(e.What == Replied && e.Call == a.Calling()) && e.What != Recovered {
				return "a second call beside the first"
			}
		}
		if f.Do == SetTimer && f.After < 0 {
			return "a timer in the past"
		}
	}
	if calls > 1 {
		return "two calls in one step"
	}
	if fx.Write == "" {
		x, y := decided(a), decided(b)
		if x != y {
			return fmt.Sprintf("changed and not written:\n%s\n%s", x, y)
		}
	}
	switch {
	case b.Phase < a.Phase:
		return "the phase went back"
	case a.Final() && a.Outcome != b.Outcome:
		return "a final outcome changed (§3.5)"
	case a.Charged && (!b.Charged || a.Approved != b.Approved):
		return "money that was proved was forgotten"
	case b.Charged && b.Approved <= 0:
		return "charged without an amount"
	case b.Kind == pay.KindBasket && b.Outcome == pay.Approved && b.Approved != b.Reserved:
		return "a basket is paid with another sum than was shown"
	case a.MaybeSent && !b.MaybeSent:
		return "what may have been sent is taken for unsent"
	case a.Final() && b.Abandoned && !a.Abandoned:
		return "abandoned after its outcome was final (§3.6)"
	case b.Abandoned && !b.abandonable():
		return "abandoned, and cannot be given back (§3.6)"
	case a.Abandoned && !b.Abandoned, a.CancelAsked && !b.CancelAsked, a.Told && !b.Told:
		return "a mark was taken back"
	case (a.Ack == pay.AckConfirm || a.Ack == pay.AckReverse) && a.Ack != b.Ack:
		return "the first of confirm and reverse did not win"
	case (b.Ack == pay.AckConfirm || b.Ack == pay.AckReverse) && (b.CanConfirm() || b.CanReverse()):
		return "it can be acknowledged twice"
	case b.Abandoned && b.CanConfirm():
		return "an abandoned operation can be confirmed"
	case b.Reversals > a.Reversals+1 || b.Reversals > a.Reversals != fx.Reverse:
		return "reversals are miscounted"
	case fx.Reverse && a.Reversal == pay.ReversalUnderWay && !(e.What == Fired && e.Timer == TimerReverse):
		return "a second reversal beside the first"
	case fx.Reverse && !b.Kind.Payment():
		return "what cannot be given back is being given back"
	}
	if b.Outcome != a.Outcome {
		return unproved(a, e, b)
	}
	return ""
}

// unproved says why an outcome is no proof (§3.4, §3.6).
func unproved(a State, e Event, b State) string {
	word := e.What == Replied && (e.Reply.Verdict == provider.Declined || e.Reply.Verdict == provider.Cancelled)
	horizon := e.What == Replied && e.Reply.Verdict == provider.NotFound && a.pastHorizonAt(e.Now)
	switch {
	case e.What == ResolveRequested, !b.Kind.Money():
	case b.Outcome == pay.Approved:
		if e.What != Replied || e.Reply.Verdict != provider.Approved {
			return "approved without the provider's word"
		}
	case e.What == ReversalEnded && e.Outcome == pay.Approved:
	case b.QR != nil && !word && !horizon:
		return "a shown QR code may still be paid"
	case a.Phase == Prepared || word || horizon:
	case e.What == Replied && e.Call == CallCommit && e.NotSent && !a.MaybeSent:
	default:
		return "not approved without proof"
	}
	return ""
}

func (s State) pastHorizonAt(now time.Time) bool { return (&turn{State: s, now: now}).pastHorizon() }

// decided is what must be on disk before anything of the step happens.
func decided(s State) string {
	raw, err := json.Marshal(map[string]any{"phase": s.Phase, "tries": s.Tries, "qr": s.QR, "cancel": s.CancelAsked, "till": s.TillCancelled,
		"abandoned": s.Abandoned, "told": s.Told, "outcome": s.Outcome, "charged": s.Charged, "approved": s.Approved, "ack": s.Ack,
		"reversal": s.Reversal, "reversals": s.Reversals, "resolved": s.Resolved, "contradiction": s.Contradiction, "look": s.LookAt,
		"noticed": s.Noticed, "left": s.Left, "elsewhere": s.Elsewhere, "committed": s.Committed, "booked": s.BookedShift, "settled": s.SettledAt, "drafted": s.Drafted, "held": s.Held})
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

var _ fataler = (*testing.T)(nil)
