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
	t.askToStop(reason)
}

// askToStop takes the QR code down, asks the provider to stop, and lets CancelWait run.
func (t *turn) askToStop(reason string) {
	if !t.CancelAsked {
		t.CancelAsked, t.CancelReason = true, reason
	}
	t.hideQR("cancelled")
	t.turn = false
	t.closePrompt()
	if t.Phase == Prepared {
		if t.call != NoCall {
			t.write("cancel_asked")
			t.interrupt()
			return
		}
		t.settle(pay.Cancelled, "cancelled", provider.Reply{})
		return
	}
	t.write("cancel_asked")
	t.tell(pay.Event{Kind: pay.EvCancellable, On: "0"})
	if !t.Told {
		t.set(TimerCancel, t.Terms.CancelWait)
	}
	if t.call != NoCall {
		t.interrupt()
		return
	}
	t.stop(TimerNext)
	t.follow()
}

func (t *turn) interrupt() {
	if !t.interrupted {
		t.interrupted = true
		t.do(Effect{Do: Interrupt})
	}
}

func (t *turn) waitIsOver() {
	switch {
	case t.Final() || t.CancelAsked:
	case t.CanCancel():
		t.askToStop("timeout")
	default:
		t.tellUnknown("told_unknown")
	}
}

// cancelWaitIsOver: no proof came in time. The till may take another tender, and what still arrives goes back (§3.6).
func (t *turn) cancelWaitIsOver() {
	if t.Final() || t.Phase != Committed {
		return
	}
	if t.abandonable() && !t.Abandoned {
		t.Abandoned = true
		if t.Told {
			t.write("abandoned")
			t.tellOutcome()
			return
		}
		t.tellUnknown("abandoned")
		return
	}
	t.tellUnknown("told_unknown")
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
	if t.watched || t.orphaned || t.Final() || t.Told || !t.Kind.Numbered() || t.Able.Persists {
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
	case t.watched || t.Final():
	case t.Phase == Prepared:
		t.askToStop("orphan")
	case t.turn && t.abandonable() && !t.Abandoned:
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
	switch {
	case p == nil:
		t.again(true)
		return
	case !t.NoPrompts:
	case p.Default != "":
		t.answer(*p, p.Default)
		return
	case t.Phase == Prepared:
		t.settle(pay.Declined, "needs_prompt", provider.Reply{Error: pay.ErrNeedsPrompt})
		return
	default:
		t.again(true)
		return
	}
	t.prompt = p
	t.tell(pay.Event{Kind: p.Kind, ID: p.ID, Title: p.Title, Text: p.Text, Items: p.Items, Input: p.Input, Min: int64(p.Min), Max: int64(p.Max),
		AttemptsLeft: int64(p.AttemptsLeft), Default: p.Default, Timeout: int64(p.Timeout.Seconds()), Reason: p.Reason, File: p.File})
	if p.Timeout > 0 {
		t.set(TimerPrompt, p.Timeout)
	}
	t.mindTheTill()
}

// closePrompt takes an open question back.
func (t *turn) closePrompt() {
	if t.prompt != nil {
		t.tell(pay.Event{Kind: pay.EvPromptGone, ID: t.prompt.ID})
		t.stop(TimerPrompt)
		t.prompt = nil
	}
}

func (t *turn) answered(a provider.Answer) {
	if t.prompt == nil || t.prompt.ID != a.ID || t.call != NoCall {
		return
	}
	p := *t.prompt
	t.closePrompt()
	t.answer(p, a.Value)
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
	switch {
	case p.Default != "" && !p.Required:
		t.answer(p, p.Default)
	case t.CanCancel():
		t.askToStop("no answer")
	default:
		t.again(true)
	}
}

func (t *turn) seen() {
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
	switch {
	case !t.CanReverse():
	case t.Outcome == pay.Approved:
		t.Ack = pay.AckReverse
		t.beginReversal("reversing")
	case t.Phase == Prepared:
		t.Ack = pay.AckReverse
		t.askToStop(reason)
	default:
		t.Ack = pay.AckReverse
		t.Abandoned = true
		t.write("abandoned")
		if t.CancelAsked {
			if t.Told {
				t.tellOutcome()
			}
			return
		}
		t.askToStop(reason)
	}
}

// resolve takes a person's word for what no provider tells. Inquiry goes on (§3.5).
func (t *turn) resolve(charged bool, by string) {
	if t.Final() || !t.Told || t.Reversal == pay.ReversalUnderWay {
		return
	}
	t.Resolved = &Resolution{Charged: charged, By: by, At: t.now}
	t.SettledAt = t.now
	switch {
	case charged && t.Abandoned:
		t.Charged, t.Approved = true, t.Amount
		t.Resolved = &Resolution{Charged: true, By: by, At: t.now}
		t.moneyCameBack()
		return
	case charged:
		t.Charged, t.Approved, t.Outcome = true, t.Amount, pay.Approved
	default:
		t.Outcome = pay.Cancelled
	}
	t.write("resolved")
	t.tellOutcome()
}
