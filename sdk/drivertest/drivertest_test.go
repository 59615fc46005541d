package drivertest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/drivertest/kit"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

func bankCase(m mistake) Case {
	return Case{Module: bankModule(m), Sandbox: newBank, Settings: map[string]string{"Server": "{sandbox}"}, Most: 1 << 40}
}

func TestARightDriverPassesEveryCase(t *testing.T) { Run(t, bankCase(none)) }

func TestEachMistakeOfADriverIsCaughtByTheCaseThatIsAboutIt(t *testing.T) {
	right := open(t, none)
	for mistake, about := range map[mistake]string{
		timeoutDeclines:  "fault/offline/POST:pay/drop+work",
		keyUnchecked:     "fault/offline/POST:pay/wrong-key",
		chargesTwice:     "fault/offline/POST:pay/garbage+work",
		refundsTwice:     "fault/refund/POST:refund/half",
		forgetsState:     "restart/online-paid-meanwhile",
		ownSum:           "fault/offline/POST:pay/wrong-sum",
		cancelGivesBack:  "customer/faster-than-cancel",
		cancelForGranted: "customer/faster-than-cancel",
		notFoundDeclines: "fault/offline-asked/GET:key._/not-found",
		newIsDeclined:    "fault/offline/POST:pay/unknown-status",
		keepsCode:        "fair/offline",
		exactCase:        "fault/offline/POST:pay/letter-case",
	} {
		t.Run(strings.ReplaceAll(string(mistake), " ", "-"), func(t *testing.T) {
			t.Parallel()
			if r := do(t, t.Context(), right, about); r.Verdict != kit.Passed {
				t.Errorf("%s fails the right driver too: %q", about, r.Problems)
			}
			if mistake == keepsCode { // it shows in fair weather
				if _, err := kit.Open(t.Context(), subject(mistake)); err == nil || !strings.Contains(err.Error(), "a secret of") {
					t.Errorf("%v", err)
				}
				return
			}
			ctx, end := context.WithTimeout(t.Context(), stuckAfter)
			defer end()
			if mistake != forgetsState { // which waits for good
				ctx = t.Context()
			}
			if r := do(t, ctx, open(t, mistake), about); r.Verdict != kit.Failed {
				t.Errorf("%s passes a driver of which %s", about, mistake)
			} else {
				t.Logf("%q", r.Problems)
			}
		})
	}
}

// stuckAfter is when a driver that will never come to an end is given up.
const stuckAfter = 20 * time.Second

func subject(m mistake) kit.Subject {
	c := bankCase(m)
	c.Seed = 1
	return c.subject()
}

func open(t *testing.T, m mistake) *kit.Kit {
	t.Helper()
	k, err := kit.Open(t.Context(), subject(m))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// do runs the case of a name.
func do(t *testing.T, ctx context.Context, k *kit.Kit, name string) kit.Result {
	t.Helper()
	cases := k.Cases()
	i := slices.IndexFunc(cases, func(c kit.Case) bool { return c.Name == name })
	if i < 0 || cases[i].Why != "" {
		t.Fatalf("there is no case %s", name)
	}
	return k.Do(ctx, cases[i])
}

func TestWhatADriverDoesNotDeclareIsCountedAndNotSkipped(t *testing.T) {
	c := bankCase(none)
	c.Module.About.Kinds = slices.DeleteFunc(c.Module.About.Kinds, func(k pay.Kind) bool { return k == pay.KindOnline })
	c.Seed = 1
	k, err := kit.Open(t.Context(), c.subject())
	if err != nil {
		t.Fatal(err)
	}
	card := kit.Card{}
	for _, one := range k.Cases() {
		if one.Why != "" {
			card.Add(k.Do(t.Context(), one))
		}
	}
	if card.NotApplicable < 10 || !strings.Contains(card.Summary(), "not applicable: customer/twice: the module does not declare pay.online") {
		t.Errorf("%d: %s", card.NotApplicable, card.Summary())
	}
}

func TestUnderTheRaceDetectorEachFaultHasItsTurnAndNothingElseIsLeftOut(t *testing.T) {
	all := []kit.Case{{Name: "fault/a"}, {Name: "fault/b"}, {Name: "fair/c"}, {Name: "fault/d"}, {Name: "fault/e"}, {Name: "fault/f", Why: "it cannot"}}
	played := map[string]int{}
	for seed := range uint64(racedOneIn) {
		list, left := chosen(all, seed, Case{}.share(true))
		if len(list)+left != len(all) {
			t.Errorf("%d are played, %d left out, of %d", len(list), left, len(all))
		}
		for _, c := range list {
			played[c.Name]++
		}
	}
	if played["fair/c"] != racedOneIn || played["fault/f"] != racedOneIn || played["fault/a"] != 1 || played["fault/e"] != 1 {
		t.Errorf("%v", played)
	}
	for _, c := range []Case{{}, {OneIn: 6}} {
		if list, left := chosen(all, 1, c.share(false)); len(list) != len(all) || left != 0 {
			t.Error("cases are left out without the race detector")
		}
	}
}

func TestTheSameSeedMakesTheSameChoices(t *testing.T) {
	sums := map[int64]bool{}
	for _, seed := range []uint64{7, 7, 8} {
		c := bankCase(none)
		c.Seed = seed
		var last Sandbox
		c.Sandbox = func() (s Sandbox, err error) {
			last, err = newBank()
			return last, err
		}
		k, err := kit.Open(t.Context(), c.subject())
		if err != nil {
			t.Fatal(err)
		}
		if r := do(t, t.Context(), k, "fair/offline"); r.Verdict != kit.Passed {
			t.Fatal(r)
		}
		sums[last.(*sandbox.Server).Ledger().Entries("")[0].Amount] = true
	}
	if len(sums) != 2 {
		t.Errorf("seeds 7, 7 and 8 chose %v", sums)
	}
}
