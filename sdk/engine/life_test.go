package engine

import (
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func qr(until time.Time) provider.Reply {
	return provider.Reply{Verdict: provider.ShowQR, QR: &provider.QR{Payload: "https://qr/1", Until: until}, State: &provider.State{Version: 1, Data: []byte(`"bank-id"`)}}
}

func preparing() Abilities { a := everything(); a.Prepares = true; return a }

func shown(t *testing.T, change ...func(*State)) *play {
	return start(t, pay.KindOnline, preparing(), change...).is(Prepared, pay.Unknown, CallPrepare).reply(qr(noon.Add(5*time.Minute))).
		is(Committed, pay.Unknown, NoCall).wrote("shown").saw(pay.EvCancellable, pay.EvProgress, pay.EvQRShow)
}

func TestAPaymentIsWrittenThenSentThenApproved(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).wrote("committing").is(Committed, pay.Unknown, CallCommit)
	p.want("one try", p.s.Tries == 1)
	p.reply(provider.Reply{Verdict: provider.Approved, Amount: 12345, Currency: pay.RUB, Code: "0", Text: "paid", Hint: "h", System: "sendy", Payer: "7***", RRN: "r",
		AuthCode: "a", Shift: 31, Result: []byte(`{}`)}).is(Settled, pay.Approved, NoCall).wrote("approved").heard(pay.Approved, false)
	s := p.s
	p.want("everything said is kept", s.Charged && s.Approved == 12345 && s.BookedShift == 31 && s.System == "sendy" && s.Payer == "7***" && s.RRN == "r" &&
		s.AuthCode == "a" && s.Code == "0" && s.Text == "paid" && s.Hint == "h" && string(s.Result) == "{}" && s.SettledAt.Equal(noon))
	p.want("it is done with", !s.Open() && !s.Running() && s.CanConfirm() && s.CanReverse() && !s.CanCancel())
}

func TestCountersAreAskedFirstAndTheNumberIsWrittenOnce(t *testing.T) {
	able := everything()
	able.Counts = true
	p := start(t, pay.KindOffline, able).is(Prepared, pay.Unknown, CallCounters).verdict(provider.Ready).is(Committed, pay.Unknown, CallCommit)
	p.want("the number goes with the first commit", p.fx.Number)
	p.verdict(provider.Unknown).fire(TimerNext).is(Committed, pay.Unknown, CallInquire).verdict(provider.NotFound).is(Committed, pay.Unknown, CallCommit)
	p.want("a resend has the number already", !p.fx.Number && p.s.Tries == 2)

	able.Prepares = true
	p = start(t, pay.KindOnline, able).verdict(provider.Ready).is(Prepared, pay.Unknown, CallPrepare).wrote("preparing")
	p.want("the number goes with the draft", p.fx.Number)
	p.verdict(provider.Ready).is(Committed, pay.Unknown, CallCommit).wrote("committing")
	p.want("and not again", !p.fx.Number)
}

func TestCountersThatCannotBeHadEndTheOperationBeforeAnythingIsSent(t *testing.T) {
	able := everything()
	able.Counts = true
	p := start(t, pay.KindOffline, able).verdict(provider.Unknown).is(Settled, pay.Declined, NoCall).heard(pay.Declined, false)
	p.want("the cause is named", p.s.Error == pay.ErrOffline)
	start(t, pay.KindOffline, able).reply(provider.Reply{Error: pay.ErrTLS}).want("the driver's cause stands", true).is(Settled, pay.Declined, NoCall)
}

func TestALostPrepareIsRepeatedForAWhile(t *testing.T) {
	p := start(t, pay.KindOnline, preparing()).wait(time.Hour).verdict(provider.Unknown).fire(TimerNext).is(Prepared, pay.Unknown, CallPrepare)
	p.want("not written again", p.fx.Write == "")
	p.reply(provider.Reply{Verdict: provider.ShowQR}).wait(time.Minute).fire(TimerNext).verdict(provider.NotFound)
	p.is(Settled, pay.Declined, CallTidy).wrote("not_prepared").verdict(provider.Cancelled).is(Settled, pay.Declined, NoCall)
}

func TestAPrepareThatWorksAgainStartsItsTimeAnew(t *testing.T) {
	p := start(t, pay.KindOnline, preparing()).verdict(provider.Unknown).wait(10 * time.Second).fire(TimerNext)
	p.reply(ask("a", "")).do(Event{What: Answered, Answer: provider.Answer{ID: "a", Value: "1"}}).is(Prepared, pay.Unknown, CallAnswer)
	p.verdict(provider.Unknown).is(Settled, pay.Declined, CallTidy) // a lost answer is not repeated: who knows what was chosen
}

func TestARefusedPrepareIsDeclined(t *testing.T) {
	start(t, pay.KindOnline, preparing()).reply(provider.Reply{Verdict: provider.Declined, Code: "LIMIT"}).is(Settled, pay.Declined, NoCall).wrote("declined")
	start(t, pay.KindOnline, preparing()).verdict(provider.Cancelled).is(Settled, pay.Declined, NoCall)
}

func TestMoneyThatMovesInPrepareIsBelieved(t *testing.T) {
	start(t, pay.KindOnline, preparing()).verdict(provider.Approved).is(Settled, pay.Approved, NoCall)
	start(t, pay.KindOnline, preparing()).reply(provider.Reply{Verdict: provider.Approved, Amount: 1}).is(Committed, pay.Unknown, NoCall).set(TimerWait)
	start(t, pay.KindOnline, preparing()).do(Event{What: CancelRequested}).verdict(provider.Approved).is(Settled, pay.Approved, NoCall)
	p := start(t, pay.KindOnline, preparing()).do(Event{What: CancelRequested}).reply(provider.Reply{Verdict: provider.Approved, Amount: 1})
	p.is(Committed, pay.Unknown, CallCancel).set(TimerCancel)
	p = start(t, pay.KindOnline, preparing()).do(Event{What: ReverseRequested}).verdict(provider.Approved).is(Settled, pay.Unknown, NoCall)
	p.want("it goes back", p.fx.Reverse && p.s.Reversal == pay.ReversalUnderWay)
	p = start(t, pay.KindOnline, preparing()).do(Event{What: CancelRequested}).verdict(provider.Unknown).is(Settled, pay.Cancelled, CallTidy).verdict(provider.Approved)
	p.want("found while tidying up, it goes back", p.fx.Reverse && p.s.Charged).is(Settled, pay.Cancelled, NoCall)
}

func TestAShownQRCodeIsPaid(t *testing.T) {
	p := shown(t).fire(TimerNext).is(Committed, pay.Unknown, CallInquire).reply(provider.Reply{Verdict: provider.Waiting, Status: "scan"})
	p.saw(pay.EvStatus).set(TimerNext)
	p.fire(TimerNext).verdict(provider.Approved).is(Settled, pay.Approved, NoCall).saw(pay.EvQRShow, pay.EvQRHide)
	p.want("no late look after an approval", p.s.LookAt.IsZero())
}

func TestAQRCodeWithoutAnEndIsShownWithoutOne(t *testing.T) {
	p := start(t, pay.KindOnline, preparing()).reply(qr(time.Time{}))
	p.saw(pay.EvQRShow).fire(TimerNext).wait(1000*time.Hour).verdict(provider.NotFound).is(Committed, pay.Unknown, NoCall)
}

func TestADeadQRCodeIsLookedAtOnceMore(t *testing.T) {
	p := shown(t).fire(TimerNext).verdict(provider.Declined).is(Settled, pay.Declined, NoCall).set(TimerLook)
	p.want("the engine has work", p.s.Open())
	p.fire(TimerLook).is(Settled, pay.Declined, CallInquire).verdict(provider.Waiting).set(TimerLook)
	p.fire(TimerLook).verdict(provider.NotFound).want("once was enough", !p.s.Open()).unset(TimerLook)
	p.do(Event{What: Fired, Timer: TimerLook}).is(Settled, pay.Declined, NoCall)
}

func TestALateLookSurvivesACrash(t *testing.T) {
	p := shown(t).fire(TimerNext).verdict(provider.Cancelled).crash(true).set(TimerLook).fire(TimerLook).verdict(provider.Declined)
	p.want("done", !p.s.Open()).is(Settled, pay.Cancelled, NoCall)
}

func TestMoneyFoundAfterADeclineGoesBackAndTheOutcomeStays(t *testing.T) {
	p := shown(t).fire(TimerNext).reply(provider.Reply{Verdict: provider.Declined, Code: "EXPIRED"}).fire(TimerLook).
		reply(provider.Reply{Verdict: provider.Approved, Amount: 12345, Code: "PAID"})
	p.is(Settled, pay.Declined, NoCall).wrote("late_approval").want("it goes back", p.fx.Reverse && p.s.Charged)
	p.want("the words are those of the outcome", p.s.Code == "EXPIRED")
	p.child = false
	p.do(Event{What: ReversalEnded, Reversal: 1, Outcome: pay.Approved}).want("done", p.s.Reversal == pay.ReversalDone && !p.s.Open())
}

func TestAnAnswerWithAnotherAmountOrCurrencyIsNoWord(t *testing.T) {
	for _, r := range []provider.Reply{{Verdict: provider.Approved, Amount: 12344}, {Verdict: provider.Approved, Amount: 12345, Currency: "USD"}} {
		p := start(t, pay.KindOffline, everything()).reply(r).is(Committed, pay.Unknown, NoCall)
		p.want("the cause is named", p.s.Code == "AMOUNT")
		p.fire(TimerNext).verdict(provider.Approved).is(Settled, pay.Approved, NoCall).want("its words are gone", p.s.Code == "")
	}
}

func TestOnlyWhatNeverLeftIsDeclinedByItself(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).notSent().is(Settled, pay.Declined, NoCall).wrote("not_sent")
	p.want("cause", p.s.Error == pay.ErrOffline)
	p = start(t, pay.KindOffline, everything()).verdict(provider.Unknown).fire(TimerNext).verdict(provider.NotDone).is(Committed, pay.Unknown, CallCommit)
	p.notSent().is(Committed, pay.Unknown, NoCall)
	p.fire(TimerNext).notSent().is(Committed, pay.Unknown, NoCall) // an inquiry that never left says nothing
	crashed := start(t, pay.KindOffline, everything()).crash(true).is(Committed, pay.Unknown, CallInquire).verdict(provider.NotDone)
	crashed.is(Committed, pay.Unknown, CallCommit).notSent().is(Committed, pay.Unknown, NoCall) // before the crash it may have left
	start(t, pay.KindOffline, everything()).crash(true).is(Committed, pay.Unknown, CallInquire).notSent().is(Committed, pay.Unknown, NoCall)
}

func TestALostAnswerIsUnknownToldAndWorkedOn(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).verdict(provider.Unknown).is(Committed, pay.Unknown, NoCall).heardNothing()
	p.want("the first look comes within a second", p.timers[TimerNext].Sub(p.now) <= time.Second)
	p.fire(TimerNext).verdict(provider.Unknown).fire(TimerUnknown).wrote("told_unknown").heard(pay.Unknown, false)
	p.want("not running any more", !p.s.Running() && p.s.Open())
	for range 30 {
		p.fire(TimerNext).verdict(provider.Unknown)
		p.want("at least every minute", p.timers[TimerNext].Sub(p.now) <= time.Minute)
	}
	p.fire(TimerNext).verdict(provider.Approved).is(Settled, pay.Approved, NoCall).heard(pay.Approved, false)
}

func TestAWordEndsASilence(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).verdict(provider.Unknown).set(TimerUnknown).fire(TimerNext).verdict(provider.Waiting).unset(TimerUnknown)
	p.do(Event{What: Fired, Timer: TimerUnknown}).heardNothing()
	p.fire(TimerNext).verdict(provider.Ready).fire(TimerNext).verdict(provider.ShowQR).is(Committed, pay.Unknown, NoCall)
}

func TestThatNothingIsFoundEndsNoSilence(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).crash(false).is(Committed, pay.Unknown, CallInquire).verdict(provider.NotFound).set(TimerUnknown)
	p.fire(TimerNext).verdict(provider.NotFound).fire(TimerUnknown).wrote("told_unknown").heard(pay.Unknown, false)
	able := everything()
	able.Traits = provider.Traits{RefusesDuplicates: true}
	p = start(t, pay.KindOffline, able).verdict(provider.Unknown).fire(TimerNext).verdict(provider.NotFound).is(Committed, pay.Unknown, CallCommit)
	p.verdict(provider.Unknown).fire(TimerNext).verdict(provider.NotFound).fire(TimerUnknown).wrote("told_unknown").heard(pay.Unknown, false)
}

func TestUnknownIsToldOnceWhileACallHangs(t *testing.T) {
	p := start(t, pay.KindRefund, Abilities{}).fire(TimerWait).heard(pay.Unknown, false).is(Committed, pay.Unknown, CallCommit)
	p.do(Event{What: Fired, Timer: TimerWait}).want("once", len(p.told) == 1)
	p.verdict(provider.Unknown).unset(TimerUnknown)
}

func TestNotFoundIsProofOnlyPastTheHorizon(t *testing.T) {
	able := everything()
	able.Traits = provider.Traits{Horizon: time.Hour}
	p := start(t, pay.KindOffline, able).verdict(provider.Unknown).wait(time.Hour).fire(TimerNext).verdict(provider.NotFound).is(Committed, pay.Unknown, NoCall)
	p.wait(LongestCall).fire(TimerNext).verdict(provider.NotFound).is(Settled, pay.Declined, NoCall).wrote("not_found")
	p = start(t, pay.KindOffline, able).verdict(provider.Unknown).do(Event{What: CancelRequested}).verdict(provider.Unknown).wait(2*time.Hour).
		fire(TimerNext).is(Committed, pay.Unknown, CallInquire).verdict(provider.NotFound).is(Settled, pay.Cancelled, NoCall)
	able.Traits = provider.Traits{}
	start(t, pay.KindOffline, able).verdict(provider.Unknown).wait(10000*time.Hour).fire(TimerNext).verdict(provider.NotFound).is(Committed, pay.Unknown, NoCall)
}

func TestTheHorizonOfAQRCodeCountsFromItsEnd(t *testing.T) {
	able := preparing()
	able.Traits = provider.Traits{Horizon: time.Minute}
	p := start(t, pay.KindOnline, able).reply(qr(noon.Add(time.Hour))).fire(TimerNext).wait(time.Hour).verdict(provider.NotFound).is(Committed, pay.Unknown, NoCall)
	p.wait(time.Minute).fire(TimerNext).verdict(provider.NotFound).is(Settled, pay.Declined, NoCall).set(TimerLook)
}

func TestARequestIsRepeatedOnlyWhereThatCannotChargeTwice(t *testing.T) {
	lost := func(able Abilities) *play {
		return start(t, pay.KindOffline, able).verdict(provider.Unknown).fire(TimerNext)
	}
	lost(everything()).verdict(provider.NotDone).is(Committed, pay.Unknown, CallCommit).wrote("committing")
	lost(everything()).verdict(provider.NotFound).is(Committed, pay.Unknown, CallCommit).wrote("committing")
	lost(Abilities{}).verdict(provider.NotDone).is(Committed, pay.Unknown, CallCommit)
	lost(Abilities{}).verdict(provider.NotFound).is(Committed, pay.Unknown, NoCall)
	start(t, pay.KindOffline, everything()).verdict(provider.NotFound).is(Committed, pay.Unknown, NoCall) // the answer to a request: asked again first
	start(t, pay.KindOffline, everything()).verdict(provider.NotDone).is(Committed, pay.Unknown, NoCall)
	cancelled := lost(everything()).do(Event{What: CancelRequested}).verdict(provider.Unknown).is(Committed, pay.Unknown, CallCancel).verdict(provider.Unknown)
	cancelled.fire(TimerNext).is(Committed, pay.Unknown, CallInquire).verdict(provider.NotDone).is(Committed, pay.Unknown, NoCall)
}

func TestAfterARestartSecretsMustComeBackBeforeARequestIsRepeated(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).crash(false).is(Committed, pay.Unknown, CallInquire).verdict(provider.NotDone).is(Committed, pay.Unknown, NoCall)
	p.do(Event{What: Rejoined, Resendable: true}).fire(TimerNext).verdict(provider.NotDone).is(Committed, pay.Unknown, CallCommit)
	p.do(Event{What: Rejoined}).want("a till that repeats the ref without them takes nothing away", p.s.resendable)
}

func TestACrashBeforeCommitIsCancelled(t *testing.T) {
	able := everything()
	able.Counts = true
	start(t, pay.KindOffline, able).crash(true).is(Settled, pay.Cancelled, NoCall).wrote("cut_off")
	p := start(t, pay.KindOnline, preparing()).crash(true).is(Settled, pay.Cancelled, CallTidy)
	p.want("cause", p.s.Error == pay.ErrModuleDown)
}

func TestACrashInTheCustomersTurnShowsTheQRCodeAgain(t *testing.T) {
	p := shown(t).wait(time.Minute)
	p.events = nil
	p.crash(true).is(Committed, pay.Unknown, CallInquire).saw(pay.EvQRShow).set(TimerOrphan).set(TimerWait)
	p.want("the wait goes on", p.timers[TimerWait].Equal(noon.Add(310*time.Second)))
	p.do(Event{What: Attached}).unset(TimerOrphan).verdict(provider.Approved).is(Settled, pay.Approved, NoCall)
}

func TestACrashAfterUnknownWasToldGoesOnQuietly(t *testing.T) {
	p := start(t, pay.KindRefund, Abilities{}).verdict(provider.Unknown).fire(TimerUnknown)
	p.events = nil
	p.crash(true).is(Committed, pay.Unknown, CallInquire).want("nothing is shown", len(p.events) == 0).verdict(provider.Approved).is(Settled, pay.Approved, NoCall)
	p.crash(true).is(Settled, pay.Approved, NoCall)
}

func TestTheWaitCountsFromCommit(t *testing.T) {
	p := start(t, pay.KindOnline, preparing()).wait(4 * time.Minute).reply(ask("system", "")).wait(4 * time.Minute).
		do(Event{What: Answered, Answer: provider.Answer{ID: "system", Value: "wechat"}}).reply(qr(noon.Add(time.Hour)))
	p.want("310 s are left", p.timers[TimerWait].Sub(p.now) == 310*time.Second)
}

func TestADriversStateIsKeptWhileTheCustomerActs(t *testing.T) {
	p := start(t, pay.KindOffline, everything())
	p.reply(provider.Reply{Verdict: provider.Waiting, State: &provider.State{Version: 1, Data: []byte(`1`)}}).wrote("waiting")
	p.fire(TimerNext).reply(provider.Reply{Verdict: provider.Waiting, State: &provider.State{Version: 1, Data: []byte(`1`)}}).wrote("")
	p.crash(true).want("kept", string(p.s.Driver.Data) == "1")
}

func TestAnEventThatDoesNotFitChangesNothing(t *testing.T) {
	p := start(t, pay.KindOffline, everything())
	for _, e := range []Event{{What: Replied, Call: CallInquire}, {What: Replied}, {What: Fired, Timer: TimerNext}, {What: Fired, Timer: TimerCancel},
		{What: Fired, Timer: TimerPrompt}, {What: Fired, Timer: TimerLook}, {What: Fired, Timer: TimerReverse}, {What: Fired, Timer: TimerOrphan},
		{What: Answered, Answer: provider.Answer{ID: "x"}}, {What: Seen}, {What: ConfirmRequested}, {What: ResolveRequested}, {What: ReversalEnded},
		{What: Begun}, {What: What(99)}} {
		p.do(e).is(Committed, pay.Unknown, CallCommit).want("no effect", p.fx.Write == "" && len(p.fx.Do) == 0)
	}
	p.verdict(provider.Approved)
	for w := range What(20) {
		if w != ReverseRequested && w != ConfirmRequested && w != Seen && w != Recovered {
			p.do(Event{What: w}).want("final", p.fx.Write == "" && len(p.fx.Do) == 0)
		}
	}
}

func TestNamesAreForLogs(t *testing.T) {
	if CallCommit.String() != "commit" || TimerWait.String() != "wait" || ReversalEnded.String() != "reversal ended" || Prepared == Settled {
		t.Error("a name is wrong")
	}
}
