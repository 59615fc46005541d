package driver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/lombard/sandbox"
	"github.com/payrack/payrack/plugins/lombard/wire"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	box "github.com/payrack/payrack/sdk/sandbox"
)

// once gives an answer the first time, and another one from then on.
func once(first, then string) func(pay.Event) string {
	asked := false
	return func(pay.Event) string {
		if asked {
			return then
		}
		asked = true
		return first
	}
}

// ends has every session end when a question is asked, once.
func (c *till) ends(answer string) func(pay.Event) string {
	done := false
	return func(pay.Event) string {
		if !done {
			done = true
			if err := c.box.Control().EndSessions(c.t.Context()); err != nil {
				c.t.Error(err)
			}
		}
		return answer
	}
}

// confirms is how many payouts the ledger has.
func (c *till) confirms() int {
	return int(c.box.Ledger().Sums()[box.EntryPayout].Count)
}

// TestASecondFactorIsAskedForAndWrongWordsAreNoEnd: phone, password and code may be wrong, and are asked for again. Nothing of it stays in a file.
func TestASecondFactorIsAskedForAndWrongWordsAreNoEnd(t *testing.T) {
	c := newTill(t, func(s *sandbox.Settings) { s.SMSCode = "47110815" }, map[string]string{"LogLevel": "debug"})
	a := clerk().and(answers{"phone": once("12345", "8 (900) 000-00-03"), "password": once("wrong-pass", sandbox.SMSPassword), "sms": once("0000", "47110815")})
	if op := c.run(payoutOf("ПЕ1", 100), a); op.Outcome != pay.Approved || c.paid() != 100 {
		t.Fatalf("%+v", op)
	}
	if asked, want := c.prompts(), []string{"phone", "phone", "password", "password", "sms", "sms", "card-number", "card-name", "gateway"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v", asked)
	}
	c.hides("wrong-pass", sandbox.SMSPassword, "47110815", "-def-", goodCard)
}

// TestASessionSurvivesARestartAndIsOneOperators: what lies in the secret store is found again, and is nobody else's.
func TestASessionSurvivesARestartAndIsOneOperators(t *testing.T) {
	c := newTill(t, nil, nil)
	c.signIn(clerk())
	c.restart()
	if op := c.run(payoutOf("ПЕ1", 100), clerk()); op.Outcome != pay.Approved || slices.Contains(c.prompts(), "phone") {
		t.Fatalf("%+v", op)
	}
	other := payoutOf("ПЕ2", 100)
	other.Initiator = "Сидорова"
	if op := c.run(other, clerk()); op.Outcome != pay.Approved || !slices.Contains(c.prompts(), "phone") {
		t.Errorf("another operator was not asked to sign in: %+v", op)
	}
}

// TestWhereASessionMayEndWithinAPayoutTheLoginComesFirst: before anything is drafted, by the service's word and by the setting.
func TestWhereASessionMayEndWithinAPayoutTheLoginComesFirst(t *testing.T) {
	c := newTill(t, nil, map[string]string{"SessionLifetime": "20"})
	c.signIn(clerk())
	c.later(6 * time.Minute) // 14 minutes are left
	a := clerk()
	a["phone"] = func(pay.Event) string {
		if c.requests(wire.PathPay) != 0 {
			t.Error("something was drafted before the login")
		}
		return sandbox.ClerkPhone
	}
	if op := c.run(payoutOf("ПЕ1", 100), a); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	if asked := c.prompts(); asked[0] != "phone" {
		t.Errorf("asked %v", asked)
	}
}

// TestASessionThatEndsAnywhereIsNeverTheOutcome: 1241 at each step of the dialogue, and at the confirmation, leads to a login, and then to one payout.
func TestASessionThatEndsAnywhereIsNeverTheOutcome(t *testing.T) {
	for _, at := range []string{"card-number", "card-name", "gateway", "statement"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			c := newTill(t, nil, map[string]string{"Statement": "own"})
			a := clerk()
			a[at] = c.ends(a[at](pay.Event{Items: []pay.Choice{{ID: "1"}}}))
			r := payoutOf("ПЕ1", 345000)
			op := c.run(r, a)
			if op.Outcome != pay.Approved || c.paid() != 345000 || c.confirms() != 1 {
				t.Fatalf("%+v, paid %s", op, c.paid())
			}
			asked := c.prompts()
			if i := slices.Index(asked, at); !slices.Contains(asked[i:], "phone") {
				t.Errorf("the login was not asked for again: %v", asked)
			}
		})
	}
}

// lose has the answer to the confirmation lost, and every look into the list, and says when the first such look was made.
func (c *till) lose(worked bool) func() {
	c.t.Helper()
	arm := func(path string, count int, work bool) string {
		f, err := c.box.Faults().Arm(box.Fault{Kind: box.FaultDrop, Work: work, Method: "POST", Path: "/" + path, Count: count})
		if err != nil {
			c.t.Fatal(err)
		}
		return f.ID
	}
	arm(wire.PathPay, 1, worked)
	looked := c.requests(wire.PathList)
	blind := arm(wire.PathList, -1, false)
	return func() {
		c.until("the list is asked for", func() bool { return c.requests(wire.PathList) > looked })
		if err := c.box.Control().EndSessions(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		if !c.box.Faults().Disarm(blind) {
			c.t.Fatal("the fault is gone")
		}
	}
}

// lost begins a payout whose confirmation is lost and whose operator has no session any more, and follows it until its till hears that nothing is known.
func (c *till) lost(r module.Request, worked bool) pay.Operation {
	c.t.Helper()
	c.signIn(clerk())
	a := clerk()
	delete(a, "phone") // nobody is there to sign in
	var blinded func()
	a["statement"] = func(pay.Event) string {
		blinded = c.lose(worked)
		go blinded()
		return "1"
	}
	op := c.run(r, a)
	if op.Outcome != pay.Unknown || op.Running {
		c.t.Fatalf("%+v", op)
	}
	c.until("it says what it waits for", func() bool { return strings.Contains(c.operation(r.Ref).Text, "Нужен вход") })
	if op := c.operation(r.Ref); op.Pending != "unknown" || !strings.Contains(op.Hint, "payrack sign-in lombard") || op.Outcome.Final() {
		c.t.Errorf("%+v", op)
	}
	if !slices.Contains(c.prompts(), "phone") {
		c.t.Error("the till was not asked to sign in")
	}
	return op
}

// TestWithoutASessionAPayoutWaitsForALoginAndSaysSo: the answer to the confirmation is lost, and nobody is signed in any more. Nothing is decided, the
// till hears what is needed, and after a login the truth comes, whether the service did the work or not, and over a restart.
func TestWithoutASessionAPayoutWaitsForALoginAndSaysSo(t *testing.T) {
	for _, worked := range []bool{true, false} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("worked %v, restart %v", worked, restart), func(t *testing.T) {
				t.Parallel()
				c := newTill(t, nil, map[string]string{"Statement": "own"})
				r := payoutOf("ПЕ1", 345000)
				c.lost(r, worked)
				if restart {
					c.restart()
					if _, _, err := c.Begin(t.Context(), r); err != nil { // the till says again what it wants
						t.Fatal(err)
					}
				}
				c.signIn(clerk())
				if op := c.follow(r.Ref, clerk(), true); op.Outcome != pay.Approved || c.paid() != 345000 || c.confirms() != 1 {
					t.Errorf("%+v, paid %s", op, c.paid())
				}
			})
		}
	}
}

// TestAbsenceCountsOnlyWhereTheListCoversTheDay: a payout of yesterday is not in the list of a clerk, who sees today only. That decides nothing, and is
// said; who sees other days settles it.
func TestAbsenceCountsOnlyWhereTheListCoversTheDay(t *testing.T) {
	c := newTill(t, nil, map[string]string{"Statement": "own"})
	r := payoutOf("ПЕ1", 345000)
	c.lost(r, true)
	c.later(25 * time.Hour)
	c.signIn(clerk())
	c.until("it says whose login it needs", func() bool {
		return strings.Contains(c.operation(r.Ref).Text, "приемщик видит в нем только сегодня")
	})
	if op := c.operation(r.Ref); op.Outcome.Final() {
		t.Fatalf("%+v", op)
	}
	boss := command("sign-in", "", true)
	boss.Initiator = "Директор"
	if op := c.run(boss, head()); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	c.until("the clerk's session is over", func() bool { return c.box.Control().EndSessions(t.Context()) == nil })
	boss = command("sign-in", `{"again":true}`, true)
	boss.Initiator = "Директор"
	if op := c.run(boss, head()); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Approved || c.confirms() != 1 {
		t.Errorf("%+v", op)
	}
}

// TestAnErrorThatDecidesNothingIsNoDecline: the service breaks down between statement and confirmation, and says so. When it is back, it has the draft.
func TestAnErrorThatDecidesNothingIsNoDecline(t *testing.T) {
	c := newTill(t, nil, map[string]string{"Statement": "own"})
	c.signIn(clerk())
	closed := func(yes bool) {
		if err := c.box.Control().Configure(t.Context(), map[string]any{"closed": yes}); err != nil {
			t.Error(err)
		}
	}
	a := clerk()
	a["statement"] = func(pay.Event) string {
		closed(true)
		return "1"
	}
	r := payoutOf("ПЕ1", 345000)
	if op := c.run(r, a); op.Outcome != pay.Unknown || c.confirms() != 0 {
		t.Fatalf("%+v", op)
	}
	closed(false)
	if op := c.follow(r.Ref, nil, true); op.Outcome != pay.Approved || c.confirms() != 1 {
		t.Errorf("%+v", op)
	}
}
