package engine

import (
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// cancelRequested: a cancel is a request. The provider's word decides (§3.6).
func (t *turn) cancelRequested(reason string) {
	if !t.CanCancel() {
		return
	}
	t.TillCancelled = true
	if !t.CancelAsked {
		t.askToStop(reason)
		return
	}
	// The engine has asked already. From now on the customer need not wait for the proof.
	t.write("cancel_asked")
	t.tell(pay.Event{Kind: pay.EvCancellable, On: "0"})
	t.awaitProof()
}

// askToStop takes the QR code down, asks the provider to stop, and lets CancelWait run. Where no money is at stake it simply stops.
func (t *turn) askToStop(reason string) {
	t.CancelAsked, t.CancelReason = true, reason
	t.hideQR("cancelled")
	t.turn = false
	t.closePrompt()
	if t.call == NoCall && (t.Phase == Prepared || t.harmless()) {
		t.settle(pay.Cancelled, "cancelled", provider.Reply{})
		return
	}
	t.write("cancel_asked")
	if !t.CanCancel() {
		t.tell(pay.Event{Kind: pay.EvCancellable, On: "0"})
	}
	t.awaitProof()
	if t.call != NoCall {
		t.interrupt()
		return
	}
	t.stop(TimerNext)
	t.follow()
}

// awaitProof lets CancelWait run where its end changes anything: Unknown is told then, or another tender allowed.
func (t *turn) awaitProof() {
	if t.Phase == Committed && (!t.Told || t.TillCancelled && t.abandonable() && !t.Abandoned) {
		t.set(TimerCancel, t.Terms.CancelWait)
	}
}

func (t *turn) interrupt() {
	if t.call != NoCall && !t.interrupted {
		t.interrupted = true
		t.do(Effect{Do: Interrupt})
	}
}

func (t *turn) waitIsOver() {
	switch {
	case t.Final() || t.CancelAsked:
	case t.harmless():
		t.interrupt()
		t.settle(pay.Declined, "timeout", provider.Reply{Error: pay.ErrOffline})
	case t.CanCancel():
		t.askToStop("timeout")
	default:
		t.tellUnknown("told_unknown")
	}
}

// cancelWaitIsOver: no proof came in time. If the till had asked, it may take another tender, and what still arrives goes back (§3.6).
func (t *turn) cancelWaitIsOver() {
	switch {
	case t.Final() || t.Phase != Committed || !t.CancelAsked: // a person's word is final, though inquiry goes on
	case t.harmless():
		t.settle(pay.Cancelled, "cancelled", provider.Reply{})
	case t.Abandoned || !t.TillCancelled || !t.abandonable():
		t.tellUnknown("told_unknown")
	case t.Told:
		t.Abandoned = true
		t.write("abandoned")
		t.tellOutcome()
	default:
		t.Abandoned = true
		t.tellUnknown("abandoned")
	}
}

func (t *turn) attached() {
	t.watched = true
	if t.orphaned {
		t.orphaned = false
		t.stop(TimerOrphan)
	}
}

func (t *turn) detached() {
	t.watched = false
	t.mindTheTill()
}

// mindTheTill lets OrphanGrace run where the customer acts, or a question waits, and no till watches.
func (t *turn) mindTheTill() {
	if t.watched || t.orphaned || t.Final() || t.Told || !t.Kind.Numbered() || t.persists() {
		return
	}
	if t.Phase == Prepared || t.turn {
		t.orphaned = true
		t.set(TimerOrphan, t.Terms.OrphanGrace)
	}
}

func (t *turn) orphanGraceIsOver() {
	t.orphaned = false
	switch {
	case t.watched || t.Final() || t.CancelAsked:
	case t.Phase == Prepared:
		t.askToStop("orphan")
	case t.turn && t.abandonable():
		t.Abandoned, t.Told = true, true
		t.write("abandoned")
		t.askToStop("orphan")
		t.tellOutcome()
	case t.turn && t.CanCancel():
		t.askToStop("orphan")
	}
}

// open asks the cashier, or takes the default where nobody answers.
func (t *turn) open(p *provider.Prompt) {
	if t.NoPrompts {
		t.answerItself(*p)
		return
	}
	t.prompt = p
	t.turn = t.turn || t.Phase == Committed && t.Kind.Payment()
	t.tell(pay.Event{Kind: p.Kind, ID: p.ID, Title: p.Title, Text: p.Text, Items: p.Items, Input: p.Input, Min: int64(p.Min), Max: int64(p.Max),
		AttemptsLeft: int64(p.AttemptsLeft), Default: p.Default, Timeout: int64(p.Timeout.Seconds()), Reason: p.Reason, File: p.File})
	if p.Timeout > 0 {
		t.set(TimerPrompt, p.Timeout)
	}
	t.mindTheTill()
}

// answerItself answers a question by its default. One without a default, or one that is asked for ever, ends what can be ended.
func (t *turn) answerItself(p provider.Prompt) {
	switch {
	case p.Default != "" && t.defaults < mostDefaults:
		t.defaults++
		t.answer(p, p.Default)
	case !t.NoPrompts && t.CanCancel():
		t.askToStop("no answer")
	case t.Phase == Prepared && !t.persists(), t.harmless():
		t.settle(pay.Declined, "needs_prompt", provider.Reply{Error: pay.ErrNeedsPrompt})
	default:
		t.again(true)
	}
}

// closePrompt takes an open question back.
func (t *turn) closePrompt() {
	if t.prompt != nil {
		t.tell(pay.Event{Kind: pay.EvPromptGone, ID: t.prompt.ID})
		t.stop(TimerPrompt)
		t.prompt = nil
	}
}

func (t *turn) answered(e Event) {
	p := t.prompt
	if p == nil || p.ID != e.Answer.ID || e.Prompt != nil && e.Prompt != p {
		return
	}
	t.closePrompt()
	t.defaults = 0
	t.answer(*p, e.Answer.Value)
}

// answer carries an answer to the driver. After Commit it is written first, without its words (design §4).
func (t *turn) answer(p provider.Prompt, value string) {
	if t.Phase == Committed {
		t.write("answering")
	}
	t.call = CallAnswer
	t.do(Effect{Do: CallDriver, Call: CallAnswer, Answer: provider.Answer{ID: p.ID, Value: value}})
}

func (t *turn) promptRanOut() {
	if t.prompt == nil {
		return
	}
	p := *t.prompt
	t.closePrompt()
	t.answerItself(p)
}

func (t *turn) seen() {
	if t.Contradiction != "" && !t.Noticed {
		t.Noticed = true
		t.write("seen")
	}
	if t.Final() && t.Ack == pay.AckNone {
		t.Ack = pay.AckSeen
		t.write("seen")
	}
}

func (t *turn) confirm() {
	if t.CanConfirm() {
		t.Ack = pay.AckConfirm
		t.write("confirmed")
	}
}

// reverse gives an approved payment back, and abandons one whose outcome is not known (§3.6).
func (t *turn) reverse(reason string) {
	if !t.CanReverse() {
		return
	}
	t.Ack = pay.AckReverse
	if t.Outcome == pay.Approved {
		t.beginReversal("reversing")
		return
	}
	t.Abandoned = true
	t.write("abandoned")
	switch {
	case !t.CancelAsked:
		t.askToStop(reason)
	case t.Told:
		t.tellOutcome()
	}
}

// resolve takes a person's word for what no provider tells. Inquiry goes on, if anything was ever sent (§3.5).
func (t *turn) resolve(charged bool, by string) {
	if !t.CanResolve() {
		return
	}
	t.Resolved = &Resolution{Charged: charged, By: by, At: t.now}
	t.SettledAt = t.now
	if t.Phase == Prepared || t.idle {
		t.Phase = Settled
		t.stopAll()
	}
	switch {
	case charged && t.Abandoned:
		t.Charged, t.Approved = true, t.Due()
		t.moneyCameBack()
		return
	case charged:
		t.Charged, t.Approved, t.Outcome = true, t.Due(), pay.Approved
	default:
		t.Outcome = pay.Cancelled
	}
	t.write("resolved")
	t.tellOutcome()
}
