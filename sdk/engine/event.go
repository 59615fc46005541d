package engine

import (
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Call is a call of the driver.
type Call uint8

// The calls.
const (
	NoCall Call = iota
	CallCounters
	CallPrepare
	CallAnswer
	CallCommit
	CallInquire
	CallCancel
	CallTidy // stops a draft that nobody could pay; its reply does not matter
)

var callNames = [...]string{"none", "counters", "prepare", "answer", "commit", "inquire", "cancel", "tidy"}

func (c Call) String() string { return callNames[c] }

// Timer is one of the engine's timers. Setting one that runs sets it anew.
type Timer uint8

// The timers.
const (
	TimerWait Timer = iota
	TimerCancel
	TimerOrphan
	TimerUnknown
	TimerNext
	TimerPrompt
	TimerLook
	TimerReverse
	Timers // how many there are
)

var timerNames = [...]string{"wait", "cancel", "orphan", "unknown", "next", "prompt", "look", "reverse"}

func (t Timer) String() string { return timerNames[t] }

// What says what happened.
type What uint8

// What may happen.
const (
	Begun     What = iota // the operation was journaled a moment ago
	Recovered             // the module was started again; Event.Resendable
	Replied               // a call returned: Call, Reply, NotSent
	Fired                 // a timer ran out
	Answered              // the cashier answered the prompt: Answer
	CancelRequested
	Attached // the till watches
	Detached // no till watches any more
	Rejoined // the till repeated the ref; Event.Resendable
	Seen
	ConfirmRequested
	ReverseRequested
	ResolveRequested
	ReversalEnded // the reversal operation has an outcome: Outcome
	CameBack      // a call came back that was given up before, with a Replied that brought nothing: Call
)

var whatNames = [...]string{"begun", "recovered", "replied", "fired", "answered", "cancel requested", "attached", "detached", "rejoined",
	"seen", "confirm requested", "reverse requested", "resolve requested", "reversal ended", "came back"}

func (w What) String() string { return whatNames[w] }

// Event is something that happened. Now is the shell's clock, and the only clock that the engine knows.
type Event struct {
	What       What
	Now        time.Time
	Call       Call
	Reply      provider.Reply
	NotSent    bool // of Replied: no byte of a money request left during the call
	Timer      Timer
	Answer     provider.Answer
	Prompt     *provider.Prompt // of Answered: the prompt that was answered; nil: the open one, if it has the answer's id
	Reason     string
	By         string
	Resendable bool
	Charged    bool        // of ResolveRequested
	Outcome    pay.Outcome // of ReversalEnded; Unknown: something is left to give back, look again later
	Reversal   int         // of ReversalEnded: which one ended
	Elsewhere  *pay.Amount // of ReversalEnded: how much of the payment went back that this journal did not give back; nil: not heard
}

// Effects are what a step asks for, in this order: the write, then Do from first to last.
type Effects struct {
	// Write names the transition that the journal must hold, synced, before anything of Do happens. Empty: nothing is written.
	Write string
	// Number asks that the provider's number be given in this write (§3.8).
	Number bool
	// Reverse asks that a reversal operation begin in the same write (§3.7).
	Reverse bool
	Do      []Effect
}

// Do is a kind of effect.
type Do uint8

// The effects.
const (
	CallDriver  Do = iota // Call; Answer goes with CallAnswer
	Interrupt             // end the call under way; its reply still comes
	SetTimer              // Timer, After
	StopTimer             // Timer
	Tell                  // Event goes to whoever watches
	TellOutcome           // so does the operation, with an outcome or with Unknown told
)

// Effect is one thing to do.
type Effect struct {
	Do     Do
	Call   Call
	Answer provider.Answer
	Timer  Timer
	After  time.Duration
	Event  pay.Event
}
