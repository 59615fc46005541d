// Package kit is the cases that every payment module must pass, and the engine that runs them: against a module over the host's own client
// and server, and against the sandbox of its provider over HTTP.
//
// A case is data: a name, what a module must be able to do for it, and a play. Each begins in a world of its own (an empty folder, a
// sandbox that was reset, a terminal that was just activated), plays a till, a customer and a server that goes wrong, lets everything
// settle, and holds the journal and what the till was told against the sandbox's ledger (package audit). Package drivertest runs the cases
// on a driver in a test; `payrack module check` runs them on a built module.
package kit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
)

// Subject is the module under test, and what the kit must know of it. Only Start and Sandbox are required.
type Subject struct {
	// Start begins a life of the module. It is not opened yet.
	Start func(ctx context.Context, p Pace) (Life, error)
	// Paced says that Start keeps to a pace. Without it the cases that would wait for minutes are not applicable.
	Paced bool
	// Sandbox gives the address of a sandbox that nobody else uses until release.
	Sandbox func(ctx context.Context) (url string, release func(), err error)

	// INI is the module's INI file before its first start; nil: the module makes one.
	INI []byte
	// Settings are set after the start; "{sandbox}" in a value stands for the sandbox's address.
	Settings map[string]string
	// Activate are the arguments of the command "activate"; nil: the module needs none.
	Activate map[string]string
	// Params are the parameters of operations by kind, a JSON object each. "{code}" stands for a code that a customer's phone shows,
	// "{unique}" for a text that is never used again; "{amount}" for the sum in kopecks, "{part}" and "{rest}" for its two halves. Without an entry an offline payment has {"code":"{code}"}, another kind none.
	Params map[pay.Kind]string
	// Declined are parameters by which the provider declines, of kinds whose customer shows no code that would.
	Declined map[pay.Kind]string
	// Answers answer prompts by their id. Other prompts get their default, the first choice, or yes.
	Answers map[string]string
	// Behaviours are the sandbox's names for customers: "decline" (default "declined") and "confirm" (default "confirm"). "": there is none.
	Behaviours map[string]string
	// Edits are fields to be put into the provider's answers, one case each: {"status":null}. null takes a field away.
	Edits []map[string]json.RawMessage
	// Limits are what the provider cannot do. What then has to hold instead is held.
	Limits Limits
	// Asks are the provider's requests that move nothing and make nothing, beside those by GET: "POST /status", with * as in path.Match.
	Asks []string
	// Most is the largest amount that the provider takes; 0: 999 999.99.
	Most pay.Amount
	// Secrets must never stand in a file of the module but its secret store. Codes, tokens and the activation code are looked for anyway.
	Secrets []string
	// Seed makes every choice of a run; cases of the same seed and name play alike.
	Seed uint64
	// Patience is how long a case may take before it counts as stuck; 0: two minutes.
	Patience time.Duration
}

// Limits are what a provider cannot do. All but Lapses and Whole hold for payments of kind pay.online.
type Limits struct {
	// Link: no code is shown. The customer scans what lies on the counter, which is charged with one payment at a time.
	Link bool
	// CancelProof is when a cancel can be proved.
	CancelProof Proof
	// KeepsNoTime: the provider never says that a code has expired. The till annuls it.
	KeepsNoTime bool
	// Lapses: a payout waits for a code that the customer gets, and ends declined where nobody gave it in time. Nobody is asked for it any more once
	// the till was told that nothing is known (engine).
	Lapses bool
	// Whole: a payment goes back as a whole or not at all.
	Whole bool
}

// Proof is when the provider proves that an unpaid payment will never be paid.
type Proof string

// The proofs of a cancel.
const (
	AtOnce   Proof = ""          // the provider takes it back
	AtExpiry Proof = "at-expiry" // the provider cannot; until the code has expired the outcome is unknown, and the till may take another tender
)

// Life is one life of the module, from its start to its end.
type Life interface {
	Service() module.Service
	// Crash ends it as a kill does, or as near to that as can be.
	Crash()
	// Stop ends it well; its files may be read then.
	Stop(ctx context.Context) error
}

// Pace is how the engine's times are set for a case. They are short enough for a test and long enough for a slow computer; no case counts on
// one of them having passed, but those that it is named after.
type Pace string

// The paces.
const (
	Brisk     Pace = ""          // short pauses, long patience
	ShortWait Pace = "wait"      // nobody waits long for the customer
	Silent    Pace = "silent"    // a silence of the provider is soon told
	Hasty     Pace = "hasty"     // a cancel without proof soon counts as abandoned
	Orphaned  Pace = "orphaned"  // a till that is gone is not waited for
	LookSoon  Pace = "look-soon" // the late look after a decline comes soon
)

// Verdict is what became of a case.
type Verdict string

// The verdicts.
const (
	Passed        Verdict = "passed"
	Failed        Verdict = "failed"
	NotApplicable Verdict = "not_applicable"
)

// Result is one line of a report card.
type Result struct {
	Case     string        `json:"case"`
	Verdict  Verdict       `json:"verdict"`
	Why      string        `json:"why,omitempty"` // of what is not applicable
	Problems []string      `json:"problems,omitempty"`
	Took     time.Duration `json:"took_ns"`
}

func (s *Subject) patience() time.Duration {
	if s.Patience > 0 {
		return s.Patience
	}
	return 2 * time.Minute
}

func (s *Subject) most() pay.Amount {
	if s.Most > 0 {
		return s.Most
	}
	return 999_999_99
}

// behaviour is the sandbox's name for a customer; false: it has none.
func (s *Subject) behaviour(wish string) (string, bool) {
	if name, ok := s.Behaviours[wish]; ok {
		return name, name != ""
	}
	return map[string]string{"decline": "declined", "confirm": "confirm"}[wish], true
}
