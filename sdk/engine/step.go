package engine

import (
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Step gives the next state and what is to be done. It may be called by anybody at any time with any event: an event that does not fit
// changes nothing.
func Step(s State, e Event) (State, Effects) {
	t := &turn{State: s, now: e.Now}
	switch e.What {
	case Begun:
		t.resendable = true
		t.next()
	case Recovered:
		t.recovered(e)
	case Replied:
		t.replied(e)
	case Fired:
		t.fired(e.Timer)
	case Answered:
		t.answered(e)
	case CancelRequested:
		t.cancelRequested(e.Reason)
	case Attached:
		t.attached()
	case Detached:
		t.detached()
	case Rejoined:
		t.resendable = t.resendable || e.Resendable
	case Seen:
		t.seen()
	case ConfirmRequested:
		t.confirm()
	case ReverseRequested:
		t.reverse(e.Reason)
	case ResolveRequested:
		t.resolve(e.Charged, e.By)
	case ReversalEnded:
		t.reversalEnded(e)
	case CameBack:
		t.cameBack(e.Call)
	}
	return t.State, t.out
}

// turn is one step in the making.
type turn struct {
	State
	now time.Time
	out Effects
}

func (t *turn) do(e Effect) { t.out.Do = append(t.out.Do, e) }
func (t *turn) set(x Timer, after time.Duration) {
	t.do(Effect{Do: SetTimer, Timer: x, After: max(after, 0)})
}
func (t *turn) stop(x Timer)     { t.do(Effect{Do: StopTimer, Timer: x}) }
func (t *turn) tell(e pay.Event) { t.do(Effect{Do: Tell, Event: e}) }
func (t *turn) tellOutcome()     { t.do(Effect{Do: TellOutcome}) }

// write names the transition; where one step makes two, the first one's name stands, and the state holds both.
func (t *turn) write(name string) {
	if t.out.Write == "" {
		t.out.Write = name
	}
}

func (t *turn) ask(c Call) {
	t.call = c
	t.do(Effect{Do: CallDriver, Call: c})
}

// next goes on with what is not committed yet, where no call is under way and nothing is awaited.
func (t *turn) next() {
	switch {
	case t.call != NoCall || t.prompt != nil || t.Phase != Prepared:
	case t.Able.Counts && !t.Counted:
		t.ask(CallCounters)
	case t.Able.Prepares || t.Kind == pay.KindBasket: // nothing of a basket is committed that was not reserved and shown
		t.prepare()
	default:
		t.commit()
	}
}

func (t *turn) prepare() {
	if !t.Drafted {
		t.Drafted = true
		t.out.Number = t.Able.Counts
		t.write("preparing")
	}
	t.ask(CallPrepare)
}

// commit asks for the money: the key and the number are written in the same step, before the call.
func (t *turn) commit() {
	first := t.Phase == Prepared
	t.Phase = Committed
	t.SentAt = t.now
	if first {
		t.Committed = t.now
	}
	// What never left may leave later without a new write, unless a horizon counts from when it did.
	if !t.idle || t.Able.Traits.Horizon > 0 {
		t.Tries++
		t.out.Number = t.Able.Counts && t.Tries == 1 && !t.Drafted
		t.write("committing")
	}
	t.idle = false
	t.ask(CallCommit)
	if first {
		t.startWait()
	}
}

// show commits a payment whose provider is ready: from here on a customer may pay.
func (t *turn) show(r provider.Reply) {
	t.Phase = Committed
	shown := *r.QR
	if !shown.Until.IsZero() { // by the engine's own time, which no setting of the machine's clock moves
		shown.Until = t.now.Add(shown.Until.Sub(t.now))
	}
	t.QR = &shown
	t.Committed, t.SentAt = t.now, t.now
	t.turn = true
	t.write("shown")
	t.startWait()
	t.showQR()
	t.set(TimerNext, t.Terms.Poll)
	t.mindTheTill()
}

func (t *turn) showQR() {
	left := int64(0)
	if !t.QR.Until.IsZero() {
		left = int64(max(t.QR.Until.Sub(t.now), 0) / time.Second)
	}
	t.tell(pay.Event{Kind: pay.EvQRShow, Payload: t.QR.Payload, Caption: t.QR.Caption, Link: t.QR.Link, ExpiresIn: left})
}

func (t *turn) hideQR(reason string) {
	if t.QR != nil && t.turn {
		t.tell(pay.Event{Kind: pay.EvQRHide, Reason: reason})
	}
}

func (t *turn) startWait() {
	t.set(TimerWait, t.waitLeft())
	if t.Told {
		return
	}
	if t.CanCancel() {
		t.tell(pay.Event{Kind: pay.EvCancellable, On: "1"})
	}
	t.progress()
}

func (t *turn) progress() {
	if !t.Told {
		t.tell(pay.Event{Kind: pay.EvProgress, SecondsLeft: int64(t.waitLeft() / time.Second)})
	}
}

// waitLeft is never more than the whole wait: the clock may have been set back across a restart.
func (t *turn) waitLeft() time.Duration {
	return min(max(t.Committed.Add(t.Terms.Wait).Sub(t.now), 0), t.Terms.Wait)
}

// follow asks what became of a committed operation, or asks once more to stop it: the two take turns (§3.6).
func (t *turn) follow() {
	switch {
	case t.CancelAsked && t.Able.Cancels && t.last != CallCancel && t.Resolved == nil:
		t.ask(CallCancel)
	default:
		t.ask(CallInquire)
	}
}

// again looks once more after a pause that grows while the provider says nothing new.
func (t *turn) again(grow bool) {
	pause := t.Terms.Poll
	if grow || t.Told {
		pause = min(t.Terms.FirstLook<<min(t.pauses, 16), t.Terms.LongestPause)
		t.pauses++
	}
	t.set(TimerNext, max(pause, t.patience))
}

// settle gives the operation its final outcome. Proof has been seen by the caller.
func (t *turn) settle(outcome pay.Outcome, name string, r provider.Reply) {
	draft := t.Phase == Prepared && t.Drafted && t.Able.Cancels && name != "declined"
	t.learn(r)
	t.Code, t.Text, t.Hint, t.Error = r.Code, r.Text, r.Hint, r.Error
	t.Outcome = outcome
	if t.Kind == pay.KindReversal && outcome != pay.Approved && r.Left != nil && *r.Left >= 0 {
		t.Left = r.Left
	}
	t.Phase = Settled
	t.SettledAt = t.now
	t.write(name)
	t.stopAll()
	t.closePrompt()
	t.hideQR(map[pay.Outcome]string{pay.Approved: "paid", pay.Declined: "expired", pay.Cancelled: "cancelled"}[outcome])
	t.turn = false
	if (t.QR != nil || r.Look && !t.harmless()) && outcome != pay.Approved {
		t.LookAt = t.now.Add(t.lateLook())
		t.set(TimerLook, t.lateLook())
	}
	t.tellOutcome()
	if draft {
		t.Held = t.Able.Holds
		t.ask(CallTidy)
	}
}

func (t *turn) lateLook() time.Duration {
	return max(t.Terms.LateLook, t.Able.Traits.LateLook, t.Able.Traits.Horizon)
}

func (t *turn) stopAll() {
	for x := TimerWait; x <= TimerPrompt; x++ {
		t.stop(x)
	}
}

// learn keeps what the provider said about the operation, beside its verdict and the words that go with it.
func (t *turn) learn(r provider.Reply) {
	keep := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	keep(&t.System, r.System)
	keep(&t.Payer, r.Payer)
	keep(&t.RRN, r.RRN)
	keep(&t.AuthCode, r.AuthCode)
	if r.Result != nil {
		t.Result = r.Result
	}
	if r.Shift != 0 {
		t.BookedShift = r.Shift
	}
	if t.Kind == pay.KindBasket && t.Phase == Prepared && r.Reserved > 0 {
		t.Reserved = r.Reserved
	}
	if r.State != nil {
		t.Driver = *r.State
	}
}

// recovered takes up what a crash cut off. What was journaled as about to be sent may have been (§3.4).
func (t *turn) recovered(e Event) {
	t.passing = passing{resendable: e.Resendable, started: t.now}
	if !t.LookAt.IsZero() { // in full, whatever LookAt says: the clock may have been set meanwhile
		t.set(TimerLook, t.lateLook())
	}
	cutOff := provider.Reply{Error: pay.ErrModuleDown}
	switch {
	case t.Phase == Settled:
		if t.Held {
			t.ask(CallTidy)
		}
	case t.harmless():
		t.settle(pay.Declined, "cut_off", cutOff)
	case t.Phase == Committed:
		t.takeUp()
	case t.persists():
		t.next()
	default:
		t.settle(pay.Cancelled, "cut_off", cutOff)
	}
}

// takeUp goes on with a committed operation after a crash.
func (t *turn) takeUp() {
	t.MaybeSent = t.MaybeSent || t.Tries > 0
	if t.Final() {
		t.follow()
		return
	}
	t.startWait()
	if t.QR != nil && !t.CancelAsked && !t.Told {
		t.turn = true
		t.showQR()
	}
	if t.CancelAsked {
		t.awaitProof()
	}
	t.follow()
	t.mindTheTill()
}

func (t *turn) fired(x Timer) {
	switch x {
	case TimerNext:
		t.fireNext()
	case TimerWait:
		t.waitIsOver()
	case TimerCancel:
		t.cancelWaitIsOver()
	case TimerUnknown:
		if t.silent {
			t.tellUnknown("told_unknown")
		}
	case TimerOrphan:
		t.orphanGraceIsOver()
	case TimerPrompt:
		t.promptRanOut()
	case TimerLook:
		if t.call == NoCall && !t.LookAt.IsZero() {
			t.ask(CallInquire)
		}
	case TimerReverse:
		if t.Reversal == pay.ReversalUnderWay {
			t.beginReversal("reversing")
		}
	}
}

// cameBack asks at once. What the call asked for may have left only now: a horizon counts from here, and where the outcome was final before,
// the provider is looked at once more.
func (t *turn) cameBack(c Call) {
	t.started = t.now
	if t.Phase != Settled {
		t.fireNext()
		return
	}
	if t.call == NoCall && t.Kind.Money() && !t.Charged && (c == CallCommit || c == CallAnswer) {
		t.LookAt = t.now
		t.write("came_back")
		t.ask(CallInquire)
	}
}

func (t *turn) fireNext() {
	switch {
	case t.call != NoCall || t.prompt != nil:
	case t.Phase == Settled:
		if t.Held {
			t.ask(CallTidy)
		}
	case t.Phase == Prepared:
		t.next()
	case t.idle:
		t.commit()
	default:
		t.follow()
	}
}

// tellUnknown lets the till know that the outcome is not known yet, and goes on working on it (§3.5).
func (t *turn) tellUnknown(name string) {
	if t.Final() || t.Told {
		return
	}
	t.Told = true
	t.write(name)
	t.closePrompt()
	t.hideQR("expired")
	t.turn = false
	t.tellOutcome()
	if t.call == NoCall {
		t.again(true)
	}
}
