package engine

import (
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func holding() Abilities { a := preparing(); a.Holds = true; return a }

// basket is one whose goods the provider reserved for a sum, which the cashier is asked about.
func basket(t *testing.T, sum pay.Amount, able Abilities, change ...func(*State)) *play {
	r := ask("write off", "")
	r.Reserved, r.State = sum, &provider.State{Version: 1, Data: []byte(`"71"`)}
	return start(t, pay.KindBasket, able, change...).is(Prepared, pay.Unknown, CallPrepare).reply(r)
}

func (p *play) answered(value string) *play {
	return p.do(Event{What: Answered, Answer: provider.Answer{ID: "write off", Value: value}})
}

func approved(sum pay.Amount) provider.Reply {
	return provider.Reply{Verdict: provider.Approved, Amount: sum}
}

func TestABasketIsPaidInPartAndOnlyWithTheSumThatTheCashierSaw(t *testing.T) {
	p := basket(t, 830, preparing()).answered("1").verdict(provider.Ready).is(Committed, pay.Unknown, CallCommit).wrote("committing")
	p.want("the sum is journaled before the money is asked for", p.s.Reserved == 830)
	p.crash(true).want("and kept", p.s.Reserved == 830)
	p.reply(approved(830)).is(Settled, pay.Approved, NoCall).want("in part", p.s.Approved == 830)

	for _, other := range []pay.Amount{829, 831, 12345, 1} {
		p := basket(t, 830, preparing()).answered("1").verdict(provider.Ready).reply(approved(other)).is(Committed, pay.Unknown, NoCall)
		p.want("the cause is named", p.s.Code == "AMOUNT" && p.s.Named.Amount == other)
		p.fire(TimerNext).reply(approved(830)).is(Settled, pay.Approved, NoCall)
	}
}

func TestABasketOfWhichNothingOrTooMuchIsReservedIsNotCommitted(t *testing.T) {
	for _, sum := range []pay.Amount{0, 12346} {
		start(t, pay.KindBasket, preparing()).reply(provider.Reply{Verdict: provider.Ready, Reserved: sum}).is(Prepared, pay.Unknown, NoCall)
	}
	basket(t, 12346, preparing()).is(Prepared, pay.Unknown, NoCall).want("nobody is asked about more than the goods cost", true)
	p := basket(t, 830, preparing()).answered("1").reply(provider.Reply{Verdict: provider.Ready, Reserved: 831})
	p.is(Settled, pay.Declined, CallTidy) // another sum than the cashier agreed to
	basket(t, 12345, preparing()).answered("1").verdict(provider.Ready).reply(approved(12345)).is(Settled, pay.Approved, NoCall)
}

func TestAPersonsWordAboutABasketIsAboutWhatWasReserved(t *testing.T) {
	p := basket(t, 830, preparing()).answered("1").verdict(provider.Ready).verdict(provider.Unknown).fire(TimerUnknown)
	p.do(Event{What: ResolveRequested, Charged: true, By: "b"}).want("that sum", p.s.Outcome == pay.Approved && p.s.Approved == 830)
}

func TestMoneyOfABasketThatNothingWasReservedForGoesBack(t *testing.T) {
	p := start(t, pay.KindBasket, holding()).crash(true).is(Settled, pay.Cancelled, CallTidy).reply(approved(500))
	p.want("it goes back", p.fx.Reverse && p.s.Approved == 500 && !p.s.Held).is(Settled, pay.Cancelled, NoCall)
}

func TestTheCashiersNoCancelsABasketAndLetsItGo(t *testing.T) {
	p := basket(t, 830, holding()).answered("0").verdict(provider.Cancelled).is(Settled, pay.Cancelled, CallTidy).wrote("cancelled").heard(pay.Cancelled, false)
	p.want("there is work left", p.s.Open())
	p.verdict(provider.Cancelled).wrote("let_go").want("done", !p.s.Open())
}

func TestWhatWasReservedIsLetGoUntilTheProviderHasTakenThat(t *testing.T) {
	p := basket(t, 830, holding()).do(Event{What: CancelRequested}).is(Settled, pay.Cancelled, CallTidy)
	for range 40 {
		p.verdict(provider.Unknown).set(TimerNext).want("at least every minute", p.timers[TimerNext].Sub(p.now) <= time.Minute)
		p.fire(TimerNext).is(Settled, pay.Cancelled, CallTidy)
	}
	p.crash(true).is(Settled, pay.Cancelled, CallTidy).verdict(provider.Waiting).fire(TimerNext).verdict(provider.Declined).wrote("let_go")
	p.want("once", !p.s.Open()).crash(true).is(Settled, pay.Cancelled, NoCall)
}

func TestWhatIsNotFoundIsLetGoOnceNoRequestCanBeOnItsWay(t *testing.T) {
	p := start(t, pay.KindBasket, holding()).do(Event{What: CancelRequested}).verdict(provider.Unknown).is(Settled, pay.Cancelled, CallTidy)
	p.verdict(provider.NotFound).fire(TimerNext).is(Settled, pay.Cancelled, CallTidy)
	p.wait(LongestCall).verdict(provider.NotFound).wrote("let_go").want("done", !p.s.Open())
}

func TestLettingGoEndsWithItsTime(t *testing.T) {
	able := holding()
	able.HoldsFor = time.Hour
	p := basket(t, 830, able).do(Event{What: CancelRequested}).wait(time.Hour - 1).verdict(provider.Unknown).fire(TimerNext)
	p.verdict(provider.Unknown).wrote("let_go").want("given up: it is free by its own time", !p.s.Open())
}

func TestADraftThatHoldsNothingIsTidiedOnce(t *testing.T) {
	p := basket(t, 830, preparing()).do(Event{What: CancelRequested}).is(Settled, pay.Cancelled, CallTidy).verdict(provider.Unknown)
	p.want("done", !p.s.Open()).unset(TimerNext)
}
