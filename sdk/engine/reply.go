package engine

import (
	"fmt"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// replied takes what a call brought. A reply to a call that is not under way is of an earlier life and changes nothing (§3.11).
func (t *turn) replied(e Event) {
	if e.Call != t.call || e.Call == NoCall {
		return
	}
	t.last, t.call = t.call, NoCall
	t.interrupted = false
	t.patience = min(e.Reply.Again, t.Terms.LongestPause)
	claims := e.Reply.Verdict == provider.Approved && t.Kind.Money()
	r := t.compared(e.Reply)
	switch {
	case t.Phase == Settled && t.harmless():
	case e.Call == CallTidy && !claims:
		t.letGo(r)
	case t.Phase == Settled || t.Resolved != nil:
		t.lateWord(r)
	case t.harmless():
		t.harmlessReply(e.Call, r)
	case t.Phase == Prepared && claims:
		t.moneyTooEarly(r)
		t.committedReply(r, false)
	case t.Phase == Prepared:
		t.preparedReply(e.Call, r)
	default:
		t.committedReply(r, e.NotSent)
	}
}

// moneyTooEarly: a driver says that money moved where none could. It is believed: what was prepared counts as committed.
func (t *turn) moneyTooEarly(r provider.Reply) {
	if t.Kind == pay.KindBasket && t.Reserved == 0 && r.Verdict == provider.Approved {
		t.Reserved = r.Amount
	}
	t.Phase, t.MaybeSent = Committed, true
	t.Committed, t.SentAt = t.now, t.now
	t.write("committing")
	t.startWait()
	if t.CancelAsked {
		t.awaitProof()
	}
}

// wrongAmount is the code of an answer that names another amount or currency than was asked for.
const wrongAmount = "AMOUNT"

// compared makes an approval of another amount or currency what it is: no word about this operation (§3.4, §3.10).
func (t *turn) compared(r provider.Reply) provider.Reply {
	if r.Verdict != provider.Approved || !t.Kind.Money() {
		return r
	}
	fits := r.Amount == t.Due()
	if t.Kind == pay.KindBasket && t.Reserved == 0 { // nothing was committed, and it moved all the same
		fits = r.Amount > 0 && r.Amount <= t.Amount
	}
	if fits && (r.Currency == "" || r.Currency == t.Currency) {
		return r
	}
	return provider.Reply{Verdict: provider.Unknown, Code: wrongAmount, Amount: r.Amount, Currency: r.Currency,
		Text: fmt.Sprintf("the provider names %s %s, asked were %s %s", r.Amount, r.Currency, t.Due(), t.Currency)}
}

// Due is what an approval must name: of a basket what was reserved and shown to the cashier.
func (s State) Due() pay.Amount {
	if s.Kind == pay.KindBasket && s.Reserved > 0 {
		return s.Reserved
	}
	return s.Amount
}

// reserved says whether a basket can be committed, or shown, by what was reserved of it: something, and no more than it costs. What the cashier has
// seen cannot become another sum without a question.
func (s State) reserved(r provider.Reply) bool {
	sum := r.Reserved
	if sum == 0 {
		sum = s.Reserved
	}
	seen := r.Verdict == provider.Ask || s.Reserved == 0 || sum == s.Reserved
	return s.Kind != pay.KindBasket || sum > 0 && sum <= s.Amount && seen
}

// letGo goes on until the provider has let a draft go that kept something back. That it does not know it is taken for that only once no request
// can be on its way any more. No money is at stake: what is not let go is free again by its own time.
func (t *turn) letGo(r provider.Reply) {
	if !t.Held {
		return
	}
	age := t.now.Sub(t.SettledAt)
	switch {
	case r.Verdict == provider.Cancelled || r.Verdict == provider.Declined, r.Verdict == provider.NotFound && age >= LongestCall,
		t.Able.HoldsFor > 0 && age >= t.Able.HoldsFor:
		t.Held = false
		t.write("let_go")
	default:
		t.again(true)
	}
}

func (t *turn) preparedReply(c Call, r provider.Reply) {
	if t.CancelAsked {
		t.settle(pay.Cancelled, "cancelled", provider.Reply{State: r.State})
		return
	}
	switch {
	case r.Verdict == provider.Ready && c == CallCounters:
		t.Counted = true
		t.found()
		t.next()
	case r.Verdict == provider.Ready && t.reserved(r):
		t.learn(r)
		t.found()
		t.commit()
	case r.Verdict == provider.ShowQR && t.Kind.Payment() && r.QR != nil && r.QR.Payload != "" && t.reserved(r):
		t.learn(r)
		t.found()
		t.show(r)
	case r.Verdict == provider.Ask && r.Prompt != nil && (r.Reserved == 0 || t.reserved(r)):
		t.learn(r)
		t.found()
		t.open(r.Prompt)
	case r.Verdict == provider.Cancelled && c == CallAnswer:
		t.settle(pay.Cancelled, "cancelled", r)
	case r.Verdict == provider.Declined || r.Verdict == provider.Cancelled:
		t.settle(pay.Declined, "declined", r)
	default:
		t.prepareAgain(r)
	}
}

// found ends a time in which the provider could not be asked to prepare.
func (t *turn) found() {
	t.lost, t.pauses = time.Time{}, 0
	t.heard()
}

// prepareAgain repeats a Prepare whose answer was lost: nothing of it can be paid. Counters that cannot be had end the operation at once.
func (t *turn) prepareAgain(r provider.Reply) {
	if t.persists() {
		t.silence()
		return
	}
	if t.last == CallPrepare {
		if t.lost.IsZero() {
			t.lost = t.now
		}
		if t.now.Sub(t.lost) < t.Terms.PrepareWait {
			t.again(true)
			return
		}
	}
	t.settle(pay.Declined, "not_prepared", offline(r))
}

// offline names the cause where nobody did.
func offline(r provider.Reply) provider.Reply {
	if r.Error == 0 {
		r.Error = pay.ErrOffline
	}
	return r
}

// harmlessReply decides where no money is at stake: no word, or one that makes no sense, is a refusal.
func (t *turn) harmlessReply(c Call, r provider.Reply) {
	switch {
	case r.Verdict == provider.Approved:
		t.settle(pay.Approved, "approved", r)
	case t.CancelAsked || r.Verdict == provider.Cancelled:
		t.settle(pay.Cancelled, "cancelled", r)
	case r.Verdict == provider.Declined:
		t.settle(pay.Declined, "declined", r)
	case r.Verdict == provider.Waiting:
		t.waiting(r)
	case r.Verdict == provider.Ask && r.Prompt != nil:
		t.learn(r)
		t.open(r.Prompt)
	case r.Verdict == provider.Ready && c == CallAnswer:
		t.commit()
	default:
		t.settle(pay.Declined, "failed", offline(r))
	}
}

// committedReply decides about money. Only proof leaves the phase.
func (t *turn) committedReply(r provider.Reply, notSent bool) {
	if t.last == CallCommit && !notSent {
		t.MaybeSent = true
	}
	t.why = Cause{}
	if r.Verdict == provider.Ask || r.Verdict == provider.Unknown && r.Code != wrongAmount {
		t.why = Cause{r.Text, r.Hint}
	}
	if r.Verdict != provider.Unknown && r.Verdict != provider.NotFound { // that it is not there now tells a till that waits nothing
		t.heard()
	}
	switch r.Verdict {
	case provider.Approved:
		t.approved(r)
	case provider.Declined:
		t.settle(pay.Declined, "declined", r)
	case provider.Cancelled:
		t.settle(pay.Cancelled, "cancelled", r)
	case provider.NotFound:
		t.notFound()
	case provider.NotDone:
		t.notDone(r)
	case provider.Ask:
		t.asked(r)
	case provider.Waiting, provider.ShowQR, provider.Ready:
		t.waiting(r)
	default:
		t.noWord(r, notSent)
	}
}

// heard ends a silence.
func (t *turn) heard() {
	if t.silent {
		t.silent, t.pauses = false, 0
		t.stop(TimerUnknown)
	}
}

// approved takes the provider's word that money moved. A till that was told otherwise, or gave it up, gets it back (§3.6, §3.7).
func (t *turn) approved(r provider.Reply) {
	if t.Kind.Money() {
		t.Charged, t.Approved = true, r.Amount
	}
	if t.Abandoned {
		t.learn(r)
		t.moneyCameBack()
		return
	}
	t.settle(pay.Approved, "approved", r)
}

// notFound is proof only past the horizon that the driver declares (§3.4). Before, the request may still be on its way.
func (t *turn) notFound() {
	switch {
	case t.pastHorizon():
		if t.CancelAsked {
			t.settle(pay.Cancelled, "cancelled", provider.Reply{})
			return
		}
		t.settle(pay.Declined, "not_found", provider.Reply{Code: "NOT_FOUND"})
	case t.Able.Traits.RefusesDuplicates && t.mayResend():
		t.noNews()
		t.commit()
	default:
		t.silence()
	}
}

// pastHorizon counts from the last moment at which something payable left, or at which a shown QR code could still be paid; but not from
// before this start of the module, since the machine's clock may have been set meanwhile, and a clock that was set proves nothing; nor from
// before a call came back that was given up.
func (t *turn) pastHorizon() bool {
	horizon, since := t.Able.Traits.Horizon, t.SentAt.Add(LongestCall)
	if t.QR != nil {
		if t.QR.Until.IsZero() {
			return false
		}
		if t.QR.Until.After(since) {
			since = t.QR.Until
		}
	}
	if t.started.After(since) {
		since = t.started
	}
	return horizon > 0 && t.now.Sub(since) >= horizon
}

func (t *turn) notDone(r provider.Reply) {
	t.keepState(r)
	if t.mayResend() {
		t.commit()
		return
	}
	t.again(true)
}

// mayResend says whether the same request may leave once more under the same key: nobody asked to stop it, and its secrets are here.
func (t *turn) mayResend() bool {
	return !t.CancelAsked && !t.Abandoned && t.QR == nil && t.resendable && t.last == CallInquire
}

// keepState learns a reply, and has the journal hold what the driver wants to find again after a crash.
func (t *turn) keepState(r provider.Reply) {
	changed := r.State != nil && (r.State.Version != t.Driver.Version || string(r.State.Data) != string(t.Driver.Data))
	t.learn(r)
	if changed {
		t.write("waiting")
	}
}

// asked is a question after Commit. Nobody is asked any more once a cancel was asked for, or Unknown told.
func (t *turn) asked(r provider.Reply) {
	t.keepState(r)
	if r.Prompt == nil || t.CancelAsked || t.Told {
		t.again(true)
		return
	}
	t.open(r.Prompt)
}

func (t *turn) waiting(r provider.Reply) {
	t.keepState(r)
	if !t.turn && !t.CancelAsked && !t.Told {
		t.turn = true
		t.mindTheTill()
	}
	if r.Status != "" && r.Status != t.status && !t.Told {
		t.status = r.Status
		t.tell(pay.Event{Kind: pay.EvStatus, Text: r.Status})
	}
	t.progress()
	t.again(false)
}

// noWord is a timeout, a broken connection, a 5xx, an answer that cannot be read: Unknown, unless nothing ever left (§3.4).
func (t *turn) noWord(r provider.Reply, notSent bool) {
	switch {
	case t.last != CallCommit || !notSent || t.MaybeSent:
		if r.Code == wrongAmount {
			t.Code, t.Text, t.Named = r.Code, r.Text, &Sum{r.Amount, r.Currency}
		}
		t.silence()
	case t.persists():
		t.idle = true
		t.silence()
	case t.CancelAsked:
		t.settle(pay.Cancelled, "cancelled", provider.Reply{})
	default:
		t.settle(pay.Declined, "not_sent", offline(r))
	}
}

// noNews lets the time run after which Unknown is told.
func (t *turn) noNews() {
	if t.silent {
		return
	}
	t.silent = true
	if !t.Told {
		t.set(TimerUnknown, t.Terms.UnknownAfter)
	}
}

// silence asks again after a pause, and tells Unknown if it lasts.
func (t *turn) silence() {
	t.noNews()
	if t.Phase == Committed && t.CancelAsked && t.Able.Cancels && t.last != CallCancel && t.patience <= 0 {
		t.ask(CallCancel)
		return
	}
	t.again(true)
}

// lateWord is a reply about an operation whose outcome is final, by proof (a late look) or by a person's word, or which is being reversed.
func (t *turn) lateWord(r provider.Reply) {
	switch r.Verdict {
	case provider.Approved:
		t.learn(r)
		if t.Charged {
			t.proved()
			return
		}
		t.Charged, t.Approved = true, r.Amount
		if t.Resolved != nil {
			t.contradict(SaidMoved)
		}
		t.moneyCameBack()
	case provider.Declined, provider.Cancelled:
		t.contradicted(r)
		t.keepState(provider.Reply{State: r.State})
	case provider.NotFound:
		// Where the provider's word stands already, a look that finds nothing is the once more of design §4.
		if t.Resolved == nil || t.pastHorizon() {
			t.contradicted(r)
			return
		}
		t.lookAgain()
	default:
		t.lookAgain()
		t.keepState(provider.Reply{State: r.State})
	}
}

func (t *turn) lookAgain() {
	switch {
	case t.Phase == Committed, t.Held:
		t.again(true)
	case !t.LookAt.IsZero():
		t.set(TimerLook, t.Terms.LongestPause)
	}
}

// contradicted compares proof that no money moved with a person's word: the outcome stays, a wrong word is listed. What a customer could pay
// is looked at once more, as after any end.
func (t *turn) contradicted(r provider.Reply) {
	if t.Resolved != nil && t.Resolved.Charged {
		t.contradict(strings.TrimSpace(SaidNotMoved + " " + strings.TrimSpace(r.Code+" "+r.Text)))
	}
	again := t.Phase == Committed && (t.QR != nil || r.Look)
	t.proved()
	if again {
		t.LookAt = t.now.Add(t.lateLook())
		t.set(TimerLook, t.lateLook())
	}
}

// What Contradiction begins with; the provider's own words follow after a blank.
const (
	SaidMoved    = "moved"     // the provider says that money moved, and it goes back
	SaidNotMoved = "not_moved" // the provider says that no money moved
	// SaidStays: the provider says that money moved, and nothing can take it back: a payout, or a payment of a provider without a way back.
	SaidStays = "stays"
	// SaidElsewhere: part of a payment that was to go back, or all of it, went back otherwise; State.Elsewhere is how much.
	SaidElsewhere = "elsewhere"
)

// contradict lists what somebody has to look at.
func (t *turn) contradict(what string) { t.Contradiction, t.Noticed = what, false }

// proved ends the inquiry.
func (t *turn) proved() {
	t.LookAt = time.Time{}
	t.Phase = Settled
	t.stopAll()
	t.stop(TimerLook)
	t.write("proved")
}
