package engine

import (
	"fmt"
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
	r := t.compared(e.Reply)
	switch {
	case e.Call == CallTidy:
	case t.Phase == Settled || t.Resolved != nil:
		t.lateWord(r)
	case t.Phase == Prepared:
		t.preparedReply(e.Call, r)
	default:
		t.committedReply(r, e.NotSent)
	}
}

// compared makes an approval of another amount or currency what it is: no word about this operation (§3.4, §3.10).
func (t *turn) compared(r provider.Reply) provider.Reply {
	if r.Verdict != provider.Approved || !t.Kind.Money() {
		return r
	}
	fits := r.Amount == t.Amount
	if t.Kind == pay.KindBasket {
		fits = r.Amount > 0 && r.Amount <= t.Amount
	}
	if fits && (r.Currency == "" || r.Currency == t.Currency) {
		return r
	}
	return provider.Reply{Verdict: provider.Unknown, Code: "AMOUNT",
		Text: fmt.Sprintf("the provider names %s %s, asked were %s %s", r.Amount, r.Currency, t.Amount, t.Currency)}
}

func (t *turn) preparedReply(c Call, r provider.Reply) {
	if t.CancelAsked {
		t.settle(pay.Cancelled, "cancelled", provider.Reply{State: r.State})
		return
	}
	switch r.Verdict {
	case provider.Ready:
		t.learn(r)
		if c == CallCounters {
			t.Counted = true
			t.next()
			return
		}
		t.commit()
	case provider.ShowQR:
		if r.QR == nil || r.QR.Payload == "" {
			t.prepareAgain(r)
			return
		}
		t.learn(r)
		t.show(r)
	case provider.Ask:
		t.learn(r)
		t.open(r.Prompt)
	case provider.Declined, provider.Cancelled:
		t.settle(pay.Declined, "declined", r)
	default:
		t.prepareAgain(r)
	}
}

// prepareAgain repeats a Prepare whose answer was lost: nothing of it can be paid. Counters that cannot be had end the operation at once.
func (t *turn) prepareAgain(r provider.Reply) {
	switch {
	case t.Able.Persists:
		t.again(true)
	case t.last == CallPrepare && t.now.Sub(t.Begun) < t.Terms.PrepareWait:
		t.again(true)
	default:
		if r.Error == 0 {
			r.Error = pay.ErrOffline
		}
		t.settle(pay.Declined, "not_prepared", r)
	}
}

// committedReply decides about money. Only proof leaves the phase.
func (t *turn) committedReply(r provider.Reply, notSent bool) {
	if t.last == CallCommit && !notSent {
		t.MaybeSent = true
	}
	if r.Verdict != provider.Unknown {
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
		t.notDone()
	case provider.Ask:
		t.learn(r)
		t.open(r.Prompt)
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

func (t *turn) approved(r provider.Reply) {
	t.learn(r)
	if t.Kind.Money() {
		t.Charged, t.Approved = true, r.Amount
	}
	if t.Abandoned || t.Final() {
		t.moneyCameBack()
		return
	}
	t.settle(pay.Approved, "approved", provider.Reply{})
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
		t.commit()
	default:
		t.again(true)
	}
}

// pastHorizon counts from the last moment at which something payable left, or at which a shown QR code could still be paid.
func (t *turn) pastHorizon() bool {
	horizon, since := t.Able.Traits.Horizon, t.SentAt
	if t.QR != nil {
		if t.QR.Until.IsZero() {
			return false
		}
		if t.QR.Until.After(since) {
			since = t.QR.Until
		}
	}
	return horizon > 0 && t.now.Sub(since) >= horizon
}

func (t *turn) notDone() {
	if t.mayResend() {
		t.commit()
		return
	}
	t.again(true)
}

// mayResend says whether the same request may leave once more under the same key: nobody asked to stop it, and its secrets are here.
func (t *turn) mayResend() bool {
	return !t.CancelAsked && !t.Abandoned && t.Resolved == nil && t.QR == nil && t.resendable && (t.last == CallInquire || t.Able.Persists)
}

func (t *turn) waiting(r provider.Reply) {
	changed := r.State != nil && (r.State.Version != t.Driver.Version || string(r.State.Data) != string(t.Driver.Data))
	t.learn(r)
	if changed {
		t.write("waiting")
	}
	if !t.turn && !t.CancelAsked && !t.Told {
		t.turn = true
		t.mindTheTill()
	}
	if r.Status != "" && !t.Told {
		t.tell(pay.Event{Kind: pay.EvStatus, Text: r.Status})
	}
	if !t.Told {
		t.tell(pay.Event{Kind: pay.EvProgress, SecondsLeft: int64(max(t.Begun.Add(t.Terms.Wait).Sub(t.now), 0) / time.Second)})
	}
	t.again(false)
}

// noWord is a timeout, a broken connection, a 5xx, an answer that cannot be read: Unknown, unless nothing ever left (§3.4).
func (t *turn) noWord(r provider.Reply, notSent bool) {
	if t.last == CallCommit && notSent && !t.MaybeSent {
		if t.Able.Persists {
			t.idle = true
			t.silence()
			return
		}
		if t.CancelAsked {
			t.settle(pay.Cancelled, "cancelled", provider.Reply{})
			return
		}
		if r.Error == 0 {
			r.Error = pay.ErrOffline
		}
		t.settle(pay.Declined, "not_sent", r)
		return
	}
	if r.Code == "AMOUNT" {
		t.Code, t.Text = r.Code, r.Text
	}
	t.silence()
}

func (t *turn) silence() {
	if !t.silent {
		t.silent = true
		if !t.Told {
			t.set(TimerUnknown, t.Terms.UnknownAfter)
		}
	}
	if t.CancelAsked && t.Able.Cancels && t.last != CallCancel {
		t.ask(CallCancel)
		return
	}
	t.again(true)
}

// lateWord is a reply about an operation whose outcome is final: by proof (a late look), or by a person's word.
func (t *turn) lateWord(r provider.Reply) {
	switch r.Verdict {
	case provider.Approved:
		t.LookAt = time.Time{}
		t.learn(r)
		if t.Charged && t.Outcome == pay.Approved {
			t.Phase = Settled
			t.write("proved")
			return
		}
		t.Charged, t.Approved = true, r.Amount
		t.moneyCameBack()
	case provider.Declined, provider.Cancelled:
		t.LookAt = time.Time{}
		outcome := pay.Declined
		if r.Verdict == provider.Cancelled {
			outcome = pay.Cancelled
		}
		t.contradicted(outcome, r)
	case provider.NotFound:
		if t.pastHorizon() {
			t.LookAt = time.Time{}
			t.contradicted(pay.Declined, r)
			return
		}
		t.lookAgain()
	default:
		t.lookAgain()
	}
}

func (t *turn) lookAgain() {
	if t.Phase == Settled {
		t.set(TimerLook, t.Terms.LongestPause)
		return
	}
	t.again(true)
}

// contradicted compares proof that no money moved with the outcome that stands. An outcome never changes; a person's wrong word is listed.
func (t *turn) contradicted(outcome pay.Outcome, r provider.Reply) {
	if t.Outcome == pay.Approved && t.Resolved != nil {
		t.Contradiction = fmt.Sprintf("the provider says: %s %s %s", outcome, r.Code, r.Text)
	}
	t.Phase = Settled
	t.stopAll()
	t.write("proved")
}
