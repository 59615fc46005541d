package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func (p *play) pause(name string, after time.Duration) *play {
	p.t.Helper()
	p.want(name, slices.ContainsFunc(p.fx.Do, func(f Effect) bool { return f.Do == SetTimer && f.Timer == TimerNext && f.After == after }))
	return p
}

func TestAProviderThatAsksToBeLeftAloneIs(t *testing.T) {
	p := shown(t).pause("the first look comes within a second", time.Second).fire(TimerNext).is(Committed, pay.Unknown, CallInquire)
	p.reply(provider.Reply{Verdict: provider.Waiting, Again: 4 * time.Second}).pause("the driver's pace is kept", 4*time.Second).fire(TimerNext)
	p.reply(provider.Reply{Again: 20 * time.Second}).pause("so is that of an answer that is no word", 20*time.Second).fire(TimerNext)
	p.reply(provider.Reply{Again: time.Hour}).pause("but never above a minute", time.Minute).fire(TimerNext)
	p.verdict(provider.Waiting).pause("it is forgotten with the next answer", time.Second)
	p.do(Event{What: CancelRequested}).is(Committed, pay.Unknown, CallCancel).reply(provider.Reply{Again: 5 * time.Second}).fire(TimerNext)
	p.is(Committed, pay.Unknown, CallInquire).reply(provider.Reply{Again: 5 * time.Second}).is(Committed, pay.Unknown, NoCall).
		pause("a cancel waits as well", 5*time.Second).fire(TimerNext).is(Committed, pay.Unknown, CallCancel)
}

func TestWhatWasPayableElsewhereIsLookedAtOnceMore(t *testing.T) {
	p := start(t, pay.KindOnline, everything()).verdict(provider.Waiting).fire(TimerNext).reply(provider.Reply{Verdict: provider.Cancelled, Look: true})
	p.is(Settled, pay.Cancelled, NoCall).set(TimerLook).fire(TimerLook).is(Settled, pay.Cancelled, CallInquire)
	p.reply(provider.Reply{Verdict: provider.Approved, Amount: 12345, Currency: pay.RUB}).is(Settled, pay.Cancelled, NoCall)
	p.want("what was paid after all goes back", p.s.Reversal == pay.ReversalUnderWay)

	q := start(t, pay.KindOnline, everything()).verdict(provider.Waiting).fire(TimerNext).verdict(provider.Cancelled)
	q.want("otherwise no look is due", q.s.LookAt.IsZero())

	h := start(t, pay.KindTest, Abilities{}).reply(provider.Reply{Verdict: provider.Declined, Look: true})
	h.want("nor where no money is at stake", !h.s.Open())
}

func TestAClockThatWasSetAcrossARestartProvesNothing(t *testing.T) {
	able := everything()
	able.Traits = provider.Traits{Horizon: time.Hour}
	p := start(t, pay.KindOffline, able).verdict(provider.Unknown)
	p.wait(24*time.Hour).crash(true).verdict(provider.NotFound).is(Committed, pay.Unknown, NoCall)
	p.wait(59*time.Minute).fire(TimerNext).verdict(provider.NotFound).is(Committed, pay.Unknown, NoCall)
	p.wait(time.Minute).fire(TimerNext).verdict(provider.NotFound).is(Settled, pay.Declined, NoCall)

	q := shown(t).fire(TimerNext).verdict(provider.Cancelled).is(Settled, pay.Cancelled, NoCall).wait(24 * time.Hour).crash(true)
	q.want("the late look waits in full", q.timers[TimerLook].Equal(q.now.Add(q.s.Terms.LateLook)))
	q.fire(TimerLook).is(Settled, pay.Cancelled, CallInquire)
}

func TestAClockThatWasSetBackAcrossARestartPutsNothingOffForYears(t *testing.T) {
	back := func(p *play) *play { p.now = p.now.AddDate(-10, 0, 0); return p.crash(true) }
	p := back(shown(t).fire(TimerNext).verdict(provider.Cancelled).is(Settled, pay.Cancelled, NoCall))
	p.want("the late look comes in its time", p.timers[TimerLook].Equal(p.now.Add(p.s.Terms.LateLook)))
	q := back(shown(t))
	q.want("the customer's time is over in its time", q.timers[TimerWait].Equal(q.now.Add(q.s.Terms.Wait)))
	q.verdict(provider.Waiting).fire(TimerWait).want("the code is asked to be stopped", q.s.CancelAsked)
}

func TestTheEndOfACodeIsKeptByTheEnginesOwnTime(t *testing.T) {
	now := time.Now() // with what a clock that is set does not move
	p := &play{t: t, s: New(pay.KindOnline, 12345, pay.RUB, now), now: now, timers: map[Timer]time.Time{}}
	p.s.Able, p.s.Terms = preparing(), DefaultTerms()
	until := now.Round(0).Add(5 * time.Minute) // as a provider names it
	p.do(Event{What: Begun}).reply(qr(until))
	p.want("the same moment", p.s.QR.Until.Equal(until)).want("by the engine's time", p.s.QR.Until != p.s.QR.Until.Round(0))
}

func TestACallThatCameBackLateMayHaveSentOnlyThen(t *testing.T) {
	able := everything()
	able.Traits = provider.Traits{Horizon: time.Hour}
	came := Event{What: CameBack, Call: CallCommit}
	p := start(t, pay.KindOffline, able).verdict(provider.Unknown).wait(2*time.Hour).do(came).is(Committed, pay.Unknown, CallInquire)
	p.verdict(provider.NotFound).is(Committed, pay.Unknown, NoCall)
	p.wait(time.Hour).fire(TimerNext).verdict(provider.NotFound).is(Settled, pay.Declined, NoCall)

	p = start(t, pay.KindOffline, everything()).verdict(provider.Unknown).fire(TimerNext).verdict(provider.Declined).is(Settled, pay.Declined, NoCall)
	p.do(came).wrote("came_back").is(Settled, pay.Declined, CallInquire).crash(true).fire(TimerLook)
	p.reply(provider.Reply{Verdict: provider.Approved, Amount: 12345}).is(Settled, pay.Declined, NoCall)
	p.want("what was charged after all goes back", p.s.Reversal == pay.ReversalUnderWay)

	p = start(t, pay.KindOffline, everything()).verdict(provider.Unknown).fire(TimerNext).verdict(provider.Declined).do(came).verdict(provider.NotFound)
	p.want("one look is enough", !p.s.Open()).do(Event{What: CameBack, Call: CallInquire}).is(Settled, pay.Declined, NoCall)
	start(t, pay.KindOffline, everything()).verdict(provider.Approved).do(came).is(Settled, pay.Approved, NoCall)
}

func TestWhatACustomerCouldPayIsLookedAtOnceMoreAfterAPersonsWordToo(t *testing.T) {
	p := shown(t).fire(TimerWait).verdict(provider.Unknown).fire(TimerNext).fire(TimerCancel).want("Unknown was told", true)
	p.do(Event{What: ResolveRequested, By: "b"}).verdict(provider.Cancelled).is(Settled, pay.Cancelled, NoCall).wrote("proved").set(TimerLook)
	p.crash(true).fire(TimerLook).reply(provider.Reply{Verdict: provider.Approved, Amount: 12345}).is(Settled, pay.Cancelled, NoCall)
	p.want("what was paid after all goes back", p.s.Reversal == pay.ReversalUnderWay)

	q := shown(t).fire(TimerWait).verdict(provider.Unknown).fire(TimerNext).fire(TimerCancel).do(Event{What: ResolveRequested, By: "b"})
	q.verdict(provider.Cancelled).fire(TimerLook).verdict(provider.Cancelled).unset(TimerLook).want("once", !q.s.Open())
}

func TestWhatADriverLearnsAfterAPersonsWordIsKept(t *testing.T) {
	id := &provider.State{Version: 1, Data: []byte(`"id"`)}
	p := unknown(t, pay.KindOffline, everything()).do(Event{What: ResolveRequested, By: "b"}).fire(TimerNext)
	p.reply(provider.Reply{Verdict: provider.Waiting, State: id}).wrote("waiting").crash(true).want("after a crash too", string(p.s.Driver.Data) == `"id"`)
	q := unknown(t, pay.KindOffline, everything()).do(Event{What: ResolveRequested, By: "b"}).fire(TimerNext)
	q.reply(provider.Reply{Verdict: provider.Cancelled, State: id, Look: true}).wrote("proved").set(TimerLook).crash(true)
	q.want("for the late look", string(q.s.Driver.Data) == `"id"`)
}
