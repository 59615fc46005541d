package engine

import (
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

func ask(id, def string) provider.Reply {
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: id, Kind: pay.EvInput, Default: def, Timeout: time.Minute}}
}

func TestACancelBeforeAnythingIsSentIsCancelledAtOnce(t *testing.T) {
	able := preparing()
	able.Counts = true
	p := start(t, pay.KindOnline, able).do(Event{What: CancelRequested, Reason: "esc"}).wrote("cancel_asked").is(Prepared, pay.Unknown, CallCounters)
	p.want("the call is ended", p.fx.Do[len(p.fx.Do)-1].Do == Interrupt).want("once", !p.s.CanCancel())
	p.verdict(provider.Ready).is(Settled, pay.Cancelled, NoCall)

	p = start(t, pay.KindOnline, preparing()).do(Event{What: CancelRequested})
	p.reply(qr(noon.Add(time.Hour))).is(Settled, pay.Cancelled, CallTidy).want("the QR code was never shown", p.s.QR == nil && string(p.s.Driver.Data) != "")
	p = start(t, pay.KindOnline, preparing()).reply(ask("a", "")).do(Event{What: CancelRequested}).is(Settled, pay.Cancelled, CallTidy).saw(pay.EvPromptGone)
	p = start(t, pay.KindOnline, preparing()).verdict(provider.Unknown).do(Event{What: CancelRequested}).is(Settled, pay.Cancelled, CallTidy)
	p.do(Event{What: CancelRequested}).wrote("")
}

func TestACancelIsARequest(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).do(Event{What: CancelRequested}).is(Committed, pay.Unknown, CallCommit)
	p.verdict(provider.Approved).is(Settled, pay.Approved, NoCall).heard(pay.Approved, false) // the customer was faster

	p = start(t, pay.KindOffline, everything()).do(Event{What: CancelRequested}).verdict(provider.Unknown).is(Committed, pay.Unknown, CallCancel)
	p.verdict(provider.Cancelled).is(Settled, pay.Cancelled, NoCall)

	p = start(t, pay.KindOffline, everything()).do(Event{What: CancelRequested}).notSent().is(Settled, pay.Cancelled, NoCall)
	p = shown(t).do(Event{What: CancelRequested}).is(Committed, pay.Unknown, CallCancel).saw(pay.EvQRHide).unset(TimerNext)
	p.verdict(provider.Waiting).fire(TimerNext).is(Committed, pay.Unknown, CallInquire).verdict(provider.Waiting).fire(TimerNext).is(Committed, pay.Unknown, CallCancel)
	p.verdict(provider.Declined).is(Settled, pay.Declined, NoCall)
}

func TestWithoutProofInTimeTheCustomerMayPayOtherwise(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).do(Event{What: CancelRequested}).fire(TimerCancel).wrote("abandoned").heard(pay.Unknown, true)
	p.want("ten seconds", p.now.Equal(noon.Add(10*time.Second))).want("nothing to confirm", !p.s.CanConfirm() && !p.s.CanCancel())
	p.verdict(provider.Unknown).is(Committed, pay.Unknown, CallCancel).verdict(provider.Cancelled).is(Settled, pay.Cancelled, NoCall).heard(pay.Cancelled, false)
}

func TestAnApprovalOfWhatWasAbandonedGoesBack(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).do(Event{What: CancelRequested}).fire(TimerCancel)
	p.reply(provider.Reply{Verdict: provider.Approved, Amount: 12345, Text: "paid", RRN: "r"}).is(Settled, pay.Unknown, NoCall).wrote("late_approval").heard(pay.Unknown, true)
	p.want("its words are not the outcome's, its facts stay", p.s.Text == "" && p.s.RRN == "r" && p.fx.Reverse)
	p.do(Event{What: ReversalEnded, Reversal: 1, Outcome: pay.Approved}).is(Settled, pay.Cancelled, NoCall).heard(pay.Cancelled, false)
	p.want("done", p.s.Reversal == pay.ReversalDone && !p.s.Open() && p.s.Charged)
	p.do(Event{What: ReversalEnded, Reversal: 1, Outcome: pay.Declined}).wrote("")
}

func TestACancelAfterUnknownWasToldLeadsToAnotherTenderToo(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).verdict(provider.Unknown).fire(TimerUnknown).heard(pay.Unknown, false)
	p.do(Event{What: CancelRequested}).is(Committed, pay.Unknown, CallCancel).fire(TimerCancel).wrote("abandoned").heard(pay.Unknown, true)
	p.verdict(provider.Unknown).crash(true).unset(TimerCancel).is(Committed, pay.Unknown, CallCancel)
}

func TestAtWaitTimeoutTheEngineAsksToStopAndDoesNotAbandon(t *testing.T) {
	p := shown(t).fire(TimerWait).is(Committed, pay.Unknown, CallCancel).saw(pay.EvQRHide)
	p.fire(TimerCancel).heard(pay.Unknown, false).want("the till decides", !p.s.Abandoned && p.s.CanCancel())
	p.do(Event{What: CancelRequested}).wrote("cancel_asked").set(TimerCancel).want("no second call", p.s.Calling() == CallCancel && len(p.fx.Do) == 2)
	p.fire(TimerCancel).wrote("abandoned").heard(pay.Unknown, true)

	p = shown(t).fire(TimerWait).fire(TimerCancel).verdict(provider.Approved).is(Settled, pay.Approved, NoCall)
	p = shown(t).do(Event{What: CancelRequested}).do(Event{What: Fired, Timer: TimerWait}).wrote("")
}

func TestACancelSurvivesACrash(t *testing.T) {
	p := shown(t).do(Event{What: CancelRequested})
	p.events = nil
	p.crash(true).is(Committed, pay.Unknown, CallCancel).set(TimerCancel).want("the QR code stays down", len(p.events) == 1).fire(TimerCancel).heard(pay.Unknown, true)
}

func TestWhatCannotBeGivenBackIsNeverAbandoned(t *testing.T) {
	p := start(t, pay.KindOffline, Abilities{Cancels: true}).do(Event{What: CancelRequested}).fire(TimerCancel).heard(pay.Unknown, false)
	p.do(Event{What: ReverseRequested}).wrote("").want("nothing to reverse", !p.s.CanReverse())
	p = start(t, pay.KindPayout, Abilities{}).do(Event{What: CancelRequested}).wrote("").do(Event{What: ReverseRequested}).wrote("")
	p.verdict(provider.Waiting).fire(TimerOrphan).wrote("")
	p.fire(TimerWait).heard(pay.Unknown, false)
}

func TestATillThatWalkedAwayAbandonsInTheCustomersTurn(t *testing.T) {
	p := shown(t).set(TimerOrphan).do(Event{What: Attached}).unset(TimerOrphan).do(Event{What: Detached}).set(TimerOrphan).do(Event{What: Detached})
	p.fire(TimerOrphan).wrote("abandoned").heard(pay.Unknown, true).is(Committed, pay.Unknown, CallCancel).unset(TimerCancel)
	p.verdict(provider.Approved).want("it goes back", p.fx.Reverse)

	p = shown(t).do(Event{What: Attached})
	p.do(Event{What: Fired, Timer: TimerOrphan}).wrote("")
	p = start(t, pay.KindOffline, everything()).do(Event{What: Detached}).unset(TimerOrphan).verdict(provider.Waiting).set(TimerOrphan) // sent: finished without the till
	p = start(t, pay.KindOffline, Abilities{Cancels: true}).verdict(provider.Waiting).fire(TimerOrphan).is(Committed, pay.Unknown, CallCancel)
	p.want("not abandoned, since nothing could go back", !p.s.Abandoned)
	p = start(t, pay.KindOffline, everything()).verdict(provider.Waiting).do(Event{What: CancelRequested})
	p.do(Event{What: Fired, Timer: TimerOrphan}).wrote("")
}

func TestATillThatWalkedAwayBeforeCommitLeavesACancelledOperation(t *testing.T) {
	start(t, pay.KindOnline, preparing()).reply(ask("a", "")).set(TimerOrphan).fire(TimerOrphan).is(Settled, pay.Cancelled, CallTidy)
}

func TestAQuestionIsAnsweredOnce(t *testing.T) {
	p := start(t, pay.KindOnline, preparing()).reply(ask("otp", "")).saw(pay.EvInput).set(TimerPrompt)
	first := p.s.Prompt()
	p.do(Event{What: Answered, Answer: provider.Answer{ID: "other"}}).want("another question's answer", p.s.Prompt() == first)
	p.do(Event{What: Answered, Answer: provider.Answer{ID: "otp"}, Prompt: &provider.Prompt{ID: "otp"}}).want("an earlier question's answer", p.s.Prompt() == first)
	p.do(Event{What: Answered, Answer: provider.Answer{ID: "otp", Value: "123"}, Prompt: first}).is(Prepared, pay.Unknown, CallAnswer).saw(pay.EvPromptGone)
	p.want("the answer goes to the driver", p.fx.Do[len(p.fx.Do)-1].Answer.Value == "123").want("nothing can be sent yet, nothing is written", p.fx.Write == "")
	p.do(Event{What: Answered, Answer: provider.Answer{ID: "otp"}}).wrote("").do(Event{What: Fired, Timer: TimerPrompt}).wrote("")
	p.verdict(provider.Ready).is(Committed, pay.Unknown, CallCommit)
}

func TestAnAnswerAfterCommitIsWrittenBeforeItLeaves(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).reply(provider.Reply{Verdict: provider.Ask, Prompt: ask("otp", "").Prompt, State: &provider.State{Data: []byte(`7`)}})
	p.wrote("waiting").set(TimerOrphan).do(Event{What: Answered, Answer: provider.Answer{ID: "otp", Value: "1"}}).wrote("answering").is(Committed, pay.Unknown, CallAnswer)
	p.verdict(provider.Unknown).fire(TimerNext).is(Committed, pay.Unknown, CallInquire).reply(ask("otp", "")).want("asked again", p.s.Prompt() != nil)
	p.crash(true).is(Committed, pay.Unknown, CallInquire).reply(ask("otp", "")).want("and after a crash", p.s.Prompt() != nil)
}

func TestAQuestionNeverKeepsAnUnknownOperationFromBeingWorkedOn(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).reply(ask("otp", "")).do(Event{What: Attached}).do(Event{What: CancelRequested}).saw(pay.EvPromptGone)
	p.is(Committed, pay.Unknown, CallCancel).reply(ask("otp", "")).want("nobody is asked after a cancel", p.s.Prompt() == nil).set(TimerNext)
	p = start(t, pay.KindRefund, Abilities{}).reply(ask("otp", "")).fire(TimerWait).heard(pay.Unknown, false).saw(pay.EvPromptGone).fire(TimerNext)
	p.reply(ask("otp", "")).want("nor after Unknown was told", p.s.Prompt() == nil)
}

func TestAQuestionWithoutWordsIsNoQuestion(t *testing.T) {
	start(t, pay.KindOffline, everything()).verdict(provider.Ask).is(Committed, pay.Unknown, NoCall).set(TimerNext)
	start(t, pay.KindOnline, preparing()).verdict(provider.Ask).is(Prepared, pay.Unknown, NoCall).set(TimerNext)
}

func TestAQuestionThatRunsOutTakesItsDefaultOrEnds(t *testing.T) {
	p := start(t, pay.KindOnline, preparing()).reply(ask("system", "sendy")).fire(TimerPrompt).is(Prepared, pay.Unknown, CallAnswer)
	p.want("the default", p.fx.Do[len(p.fx.Do)-1].Answer.Value == "sendy")
	start(t, pay.KindOnline, preparing()).reply(ask("otp", "")).fire(TimerPrompt).is(Settled, pay.Cancelled, CallTidy)
	start(t, pay.KindOffline, everything()).reply(ask("otp", "")).fire(TimerPrompt).is(Committed, pay.Unknown, CallCancel)
	start(t, pay.KindRefund, Abilities{}).reply(ask("otp", "")).fire(TimerPrompt).is(Committed, pay.Unknown, NoCall).set(TimerNext)
}

func TestWhereNobodyAnswersDefaultsAreTakenOrNothingIsSent(t *testing.T) {
	start(t, pay.KindOnline, preparing(), noPrompts).reply(ask("system", "sendy")).is(Prepared, pay.Unknown, CallAnswer)
	p := start(t, pay.KindOnline, preparing(), noPrompts).reply(ask("otp", "")).is(Settled, pay.Declined, CallTidy)
	p.want("cause", p.s.Error == pay.ErrNeedsPrompt)
	start(t, pay.KindOffline, everything(), noPrompts).reply(ask("otp", "")).is(Committed, pay.Unknown, NoCall).set(TimerNext)
	start(t, pay.KindOffline, everything(), noPrompts).reply(ask("otp", "1")).wrote("answering").is(Committed, pay.Unknown, CallAnswer)
}

func TestADriverThatAsksForEverComesToAnEnd(t *testing.T) {
	p := start(t, pay.KindOnline, preparing(), noPrompts)
	for range mostDefaults {
		p.reply(ask("again", "1")).is(Prepared, pay.Unknown, CallAnswer)
	}
	p.reply(ask("again", "1")).is(Settled, pay.Declined, CallTidy)
}

func TestTheFirstOfConfirmAndReverseWins(t *testing.T) {
	paid := func() *play { return start(t, pay.KindOffline, everything()).verdict(provider.Approved) }
	p := paid().do(Event{What: Seen}).wrote("seen")
	p.want("it stays listed", p.s.Unattended()).do(Event{What: ConfirmRequested}).wrote("confirmed")
	p.do(Event{What: ReverseRequested}).wrote("").do(Event{What: ConfirmRequested}).wrote("").do(Event{What: Seen}).wrote("")
	p = paid().do(Event{What: ReverseRequested}).wrote("reversing").want("it goes back", p.s.Reversal != pay.ReversalDone)
	p.do(Event{What: ConfirmRequested}).wrote("").do(Event{What: ReverseRequested}).wrote("")
	p.do(Event{What: ReversalEnded, Reversal: 1, Outcome: pay.Approved}).is(Settled, pay.Approved, NoCall).want("done", p.s.Reversal == pay.ReversalDone)
}

func TestAReverseBeforeTheOutcomeAbandons(t *testing.T) {
	p := start(t, pay.KindOnline, preparing()).do(Event{What: ReverseRequested}).is(Prepared, pay.Unknown, CallPrepare).do(Event{What: ReverseRequested}).wrote("")
	p.reply(qr(noon.Add(time.Hour))).is(Settled, pay.Cancelled, CallTidy)
	p = start(t, pay.KindOnline, preparing()).do(Event{What: CancelRequested}).do(Event{What: ReverseRequested}).wrote("abandoned").is(Prepared, pay.Unknown, CallPrepare)
	p = shown(t).do(Event{What: ReverseRequested}).wrote("abandoned").is(Committed, pay.Unknown, CallCancel).verdict(provider.Approved)
	p.want("it goes back by itself", p.fx.Reverse)
	p = shown(t).do(Event{What: CancelRequested}).do(Event{What: ReverseRequested}).heardNothing()
	p = shown(t).fire(TimerWait).fire(TimerCancel).do(Event{What: ReverseRequested}).heard(pay.Unknown, true)
	p.verdict(provider.Approved).do(Event{What: ReverseRequested}).wrote("") // under way already
	p = start(t, pay.KindOffline, everything()).do(Event{What: CancelRequested}).fire(TimerCancel).verdict(provider.Approved)
	p.do(Event{What: ReverseRequested}).want("acknowledged", p.s.Ack == pay.AckReverse && p.s.Reversals == 1)
}

func TestARefusedReversalIsTriedAgainUnderANewNumber(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).verdict(provider.Approved).do(Event{What: ReverseRequested})
	for n := 1; n < 9; n++ {
		p.child = false
		p.do(Event{What: ReversalEnded, Reversal: n, Outcome: pay.Declined}).set(TimerReverse)
		p.want("within the hour", p.timers[TimerReverse].Sub(p.now) <= time.Hour)
		p.fire(TimerReverse).want("the next", p.fx.Reverse && p.s.Reversals == n+1)
		p.do(Event{What: ReversalEnded, Reversal: n, Outcome: pay.Approved}).wrote("") // an earlier one's word
	}
	p.crash(true).want("a crash forgets nothing", p.s.Reversal == pay.ReversalUnderWay && p.s.Open())
	p.child = false
	p.do(Event{What: ReversalEnded, Reversal: 9, Outcome: pay.Unknown}).set(TimerReverse).fire(TimerReverse)
	p.do(Event{What: ReversalEnded, Reversal: 10, Outcome: pay.Approved}).want("done", p.s.Reversal == pay.ReversalDone)
	p.do(Event{What: Fired, Timer: TimerReverse}).wrote("")
}

func TestWhatWentBackElsewhereIsWrittenNotAskedForAgainAndListed(t *testing.T) {
	part, all, wrong := pay.Amount(345), pay.Amount(12345), pay.Amount(12346)
	ended := func(p *play, n int, outcome pay.Outcome, elsewhere *pay.Amount) *play {
		p.child = false
		return p.do(Event{What: ReversalEnded, Reversal: n, Outcome: outcome, Elsewhere: elsewhere})
	}
	p := start(t, pay.KindOffline, everything()).verdict(provider.Approved).do(Event{What: ReverseRequested})
	ended(p, 1, pay.Unknown, &part).wrote("went_back_elsewhere").set(TimerReverse).fire(TimerReverse)
	ended(p, 2, pay.Unknown, &part).wrote("").fire(TimerReverse)
	ended(p, 3, pay.Unknown, &wrong).wrote("").fire(TimerReverse).crash(true)
	p.want("a crash forgets nothing", p.s.Elsewhere == part && p.s.Contradiction == "")
	ended(p, 4, pay.Approved, nil).wrote("reversed")
	p.want("listed", p.s.Reversal == pay.ReversalDone && p.s.Contradiction == SaidElsewhere && p.s.Unattended())
	p.do(Event{What: Seen}).wrote("seen").want("seen", !p.s.Unattended())

	p = start(t, pay.KindOffline, everything()).verdict(provider.Approved).do(Event{What: ReverseRequested})
	ended(p, 1, pay.Approved, &all).wrote("reversed").want("nothing was left", p.s.Elsewhere == all && p.s.Contradiction == SaidElsewhere)
}

func TestADeclinedReversalKeepsWhatTheProviderHasLeft(t *testing.T) {
	left, wrong := pay.Amount(12000), pay.Amount(-1)
	declined := func(kind pay.Kind, left *pay.Amount) State {
		return start(t, kind, everything()).reply(provider.Reply{Verdict: provider.Declined, Left: left}).crash(true).s
	}
	if s := declined(pay.KindReversal, &left); s.Left == nil || *s.Left != left {
		t.Errorf("it keeps %v", s.Left)
	}
	if s := declined(pay.KindReversal, &wrong); s.Left != nil {
		t.Errorf("it keeps %v", *s.Left)
	}
	if s := declined(pay.KindRefund, &left); s.Left != nil {
		t.Errorf("a refund keeps %v", *s.Left)
	}
}

func TestAReversalPersists(t *testing.T) {
	able := Abilities{Counts: true}
	p := start(t, pay.KindReversal, able).verdict(provider.Unknown).is(Prepared, pay.Unknown, NoCall).fire(TimerUnknown).heard(pay.Unknown, false)
	p.fire(TimerNext).verdict(provider.Ready).is(Committed, pay.Unknown, CallCommit).notSent().is(Committed, pay.Unknown, NoCall)
	p.fire(TimerNext).is(Committed, pay.Unknown, CallCommit).wrote("") // nothing left: the same write holds
	p.notSent().crash(true).is(Committed, pay.Unknown, CallInquire)
	p.do(Event{What: CancelRequested}).wrote("").do(Event{What: Detached}).unset(TimerOrphan)
	p.verdict(provider.Approved).is(Settled, pay.Approved, NoCall)
	start(t, pay.KindReversal, able).crash(true).is(Prepared, pay.Unknown, CallCounters)

	able = Abilities{Traits: provider.Traits{Horizon: time.Hour}}
	p = start(t, pay.KindReversal, able).notSent().wait(time.Hour).fire(TimerNext).wrote("committing") // the horizon counts from here
	start(t, pay.KindReversal, Abilities{}, noPrompts).reply(ask("otp", "")).is(Committed, pay.Unknown, NoCall)
}

func TestACloseOfDayPersists(t *testing.T) {
	p := start(t, pay.KindCloseDay, Abilities{}).verdict(provider.Unknown).fire(TimerUnknown).heard(pay.Unknown, false)
	p.do(Event{What: ResolveRequested, Charged: true}).wrote("").want("no person can close a shift by a word", !p.s.CanResolve())
	p.crash(true).verdict(provider.Approved).is(Settled, pay.Approved, NoCall).want("no money", !p.s.Charged)
	start(t, pay.KindCloseDay, Abilities{}).reply(provider.Reply{Verdict: provider.Declined, Error: pay.ErrShift}).is(Settled, pay.Declined, NoCall)
}

func TestWhereNoMoneyIsAtStakeNothingIsUnknown(t *testing.T) {
	for _, kind := range []pay.Kind{pay.KindTest, pay.KindReport, pay.KindCommand, pay.KindVerifyLink} {
		for _, v := range []provider.Verdict{provider.Unknown, provider.NotFound, provider.NotDone, provider.Ask, provider.Ready, provider.ShowQR} {
			p := start(t, kind, Abilities{}).verdict(v).is(Settled, pay.Declined, NoCall).wrote("failed")
			p.want("cause", p.s.Error == pay.ErrOffline)
		}
		start(t, kind, Abilities{}).verdict(provider.Approved).is(Settled, pay.Approved, NoCall)
		start(t, kind, Abilities{}).verdict(provider.Declined).is(Settled, pay.Declined, NoCall)
		start(t, kind, Abilities{}).verdict(provider.Cancelled).is(Settled, pay.Cancelled, NoCall)
		start(t, kind, Abilities{}).crash(true).is(Settled, pay.Declined, NoCall).wrote("cut_off")
		start(t, kind, Abilities{}).fire(TimerWait).is(Settled, pay.Declined, CallCommit).verdict(provider.Approved).is(Settled, pay.Declined, NoCall)
		start(t, kind, Abilities{}).do(Event{What: CancelRequested}).verdict(provider.Unknown).is(Settled, pay.Cancelled, NoCall)
		start(t, kind, Abilities{}).do(Event{What: CancelRequested}).fire(TimerCancel).is(Settled, pay.Cancelled, CallCommit)
		start(t, kind, Abilities{}).verdict(provider.Waiting).fire(TimerNext).reply(ask("a", "")).do(Event{What: CancelRequested}).is(Settled, pay.Cancelled, NoCall)
		start(t, kind, Abilities{}).reply(ask("a", "")).do(Event{What: Answered, Answer: provider.Answer{ID: "a"}}).verdict(provider.Ready).is(Committed, pay.Unknown, CallCommit)
		start(t, kind, Abilities{}, noPrompts).reply(ask("a", "")).is(Settled, pay.Declined, NoCall).wrote("needs_prompt")
	}
}

func unknown(t *testing.T, kind pay.Kind, able Abilities) *play {
	return start(t, kind, able).verdict(provider.Unknown).fire(TimerUnknown)
}

func TestAPersonsWordSettlesAndInquiryGoesOn(t *testing.T) {
	p := unknown(t, pay.KindOffline, everything()).do(Event{What: ResolveRequested, Charged: true, By: "Anna: on the statement"}).wrote("resolved")
	p.is(Committed, pay.Approved, NoCall).want("who and why", p.s.Resolved.By == "Anna: on the statement").heard(pay.Approved, false)
	p.do(Event{What: ResolveRequested}).wrote("")
	p.fire(TimerNext).is(Committed, pay.Approved, CallInquire).verdict(provider.Unknown).fire(TimerNext).verdict(provider.NotFound).fire(TimerNext).verdict(provider.Approved)
	p.is(Settled, pay.Approved, NoCall).wrote("proved").want("done", !p.s.Open())
}

func TestAPersonsWordAfterACancelIsNotAbandonedWhenTheCancelsTimeRunsOut(t *testing.T) {
	p := unknown(t, pay.KindOffline, everything()).do(Event{What: CancelRequested}).set(TimerCancel)
	p.do(Event{What: ResolveRequested, Charged: true}).heard(pay.Approved, false).fire(TimerCancel).wrote("")
	p.want("it can be confirmed", !p.s.Abandoned && p.s.CanConfirm()).do(Event{What: ConfirmRequested}).wrote("confirmed")
}

func TestProofAgainstAPersonsWordIsListedUntilSeen(t *testing.T) {
	p := unknown(t, pay.KindOffline, everything()).do(Event{What: ResolveRequested, Charged: true}).crash(true).is(Committed, pay.Approved, CallInquire)
	p.reply(provider.Reply{Verdict: provider.Declined, Code: "51"}).is(Settled, pay.Approved, NoCall).want("listed", p.s.Contradiction != "" && p.s.Unattended())
	p.do(Event{What: ConfirmRequested}).do(Event{What: Seen}).wrote("seen").want("no more", !p.s.Unattended())
}

func TestMoneyFoundAfterNotChargedGoesBack(t *testing.T) {
	p := unknown(t, pay.KindOffline, everything()).do(Event{What: ResolveRequested}).is(Committed, pay.Cancelled, NoCall)
	p.fire(TimerNext).verdict(provider.Approved).is(Settled, pay.Cancelled, NoCall).want("it goes back", p.fx.Reverse).want("and is listed", p.s.Contradiction != "" && p.s.Unattended())
	p = unknown(t, pay.KindPayout, Abilities{}).do(Event{What: ResolveRequested}).fire(TimerNext).verdict(provider.Approved).is(Settled, pay.Cancelled, NoCall)
	p.want("what cannot go back is listed", !p.fx.Reverse && p.s.Charged && p.s.Unattended())
	able := everything()
	able.Traits.Horizon = time.Minute
	p = unknown(t, pay.KindOffline, able).do(Event{What: ResolveRequested}).wait(time.Hour).fire(TimerNext).verdict(provider.NotFound).want("the horizon ends it", !p.s.Open())
}

func TestAPersonsWordAboutAnAbandonedPaymentGivesItBack(t *testing.T) {
	p := start(t, pay.KindOffline, everything()).do(Event{What: CancelRequested}).fire(TimerCancel).do(Event{What: ResolveRequested, Charged: true})
	p.is(Settled, pay.Unknown, CallCommit).want("it goes back", p.fx.Reverse && p.s.Reversals == 1)
	p.verdict(provider.Approved).want("once", p.s.Reversals == 1).wrote("proved")
	p.do(Event{What: ResolveRequested}).wrote("")
	q := start(t, pay.KindOffline, everything()).do(Event{What: CancelRequested}).fire(TimerCancel).do(Event{What: ResolveRequested, Charged: true})
	q.verdict(provider.Unknown).unset(TimerNext).do(Event{What: ReversalEnded, Reversal: 1, Outcome: pay.Approved}).is(Settled, pay.Cancelled, NoCall)
}

func TestAPersonsWordKeepsAReversalFromBeingSent(t *testing.T) {
	p := start(t, pay.KindReversal, Abilities{}).notSent().fire(TimerUnknown).do(Event{What: ResolveRequested}).is(Settled, pay.Cancelled, NoCall)
	p.do(Event{What: Fired, Timer: TimerNext}).is(Settled, pay.Cancelled, NoCall)
	p = start(t, pay.KindReversal, Abilities{Counts: true}).verdict(provider.Unknown).fire(TimerUnknown).do(Event{What: ResolveRequested}).is(Settled, pay.Cancelled, NoCall)
}

func TestWhatAnOperationWaitsForIsToldUntilAWordComes(t *testing.T) {
	login := provider.Reply{Text: "a login is needed", Hint: "sign in"}
	p := start(t, pay.KindPayout, Abilities{}).reply(login)
	p.want("it is told", p.s.Waits() == Cause{"a login is needed", "sign in"}).fire(TimerUnknown).heard(pay.Unknown, false)
	p.want("and stays", p.s.Waits().Text != "" && p.s.Text == "").fire(TimerNext).verdict(provider.Waiting).want("until a word comes", p.s.Waits() == Cause{})
	p.fire(TimerNext).reply(login).fire(TimerNext).verdict(provider.Unknown).want("or another silence", p.s.Waits() == Cause{})
	question := ask("phone", "")
	question.Text = "a login is needed"
	p.fire(TimerNext).reply(question).want("a question that nobody is asked any more says so too", p.s.Prompt() == nil && p.s.Waits().Text != "")
	p.fire(TimerNext).reply(login).crash(true).want("a restart asks anew", p.s.Waits() == Cause{})
	p.reply(login).fire(TimerNext).reply(provider.Reply{Verdict: provider.Approved, Amount: 12345}).want("an outcome has its own words", p.s.Waits() == Cause{} && p.s.Text == "")
}
