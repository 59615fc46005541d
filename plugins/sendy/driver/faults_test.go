package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
)

// scene is one call of the driver, ready to be made, and how the truth about it is known.
type scene struct {
	call   func() (provider.Reply, error)
	truth  provider.Verdict // what an answer that arrives whole must tell
	posts  bool
	key    pay.Key    // whose money it is about
	before pay.Amount // what the shop has of it
	after  pay.Amount // what it has once the call has done its work
}

func scenes() map[string]func(c *till) scene {
	return map[string]func(c *till) scene{
		"offline": func(c *till) scene {
			op := c.scan(500, "00")
			return scene{call: func() (provider.Reply, error) { return c.Commit(c.t.Context(), op) }, truth: provider.Approved, posts: true,
				key: op.Key, after: 500}
		},
		"online": func(c *till) scene {
			op := c.begin(pay.KindOnline, 500)
			return scene{call: func() (provider.Reply, error) { return c.Prepare(c.t.Context(), op) }, truth: provider.ShowQR, posts: true, key: op.Key}
		},
		"inquire": func(c *till) scene {
			op := c.paid(500)
			return scene{call: func() (provider.Reply, error) { return c.Inquire(c.t.Context(), op) }, truth: provider.Approved,
				key: op.Key, before: 500, after: 500}
		},
		"cancel": func(c *till) scene {
			op := c.shown(500)
			return scene{call: func() (provider.Reply, error) { return c.Cancel(c.t.Context(), op) }, truth: provider.Cancelled, posts: true, key: op.Key}
		},
		"cancel of a paid one": func(c *till) scene {
			op := c.paid(500)
			return scene{call: func() (provider.Reply, error) { return c.Cancel(c.t.Context(), op) }, truth: provider.Approved, posts: true,
				key: op.Key, before: 500, after: 500}
		},
		"refund": func(c *till) scene {
			payment := c.paid(500)
			op := c.giveBack(pay.KindRefund, 200, payment)
			return scene{call: func() (provider.Reply, error) { return c.Refund(c.t.Context(), op, payment) }, truth: provider.Approved, posts: true,
				key: op.Key, after: -200}
		},
		"inquire after a refund": func(c *till) scene {
			payment := c.paid(500)
			op := c.giveBack(pay.KindRefund, 200, payment)
			c.want(provider.Approved)(c.Refund(c.t.Context(), op, payment))
			return scene{call: func() (provider.Reply, error) { return c.Inquire(c.t.Context(), op) }, truth: provider.Approved,
				key: op.Key, before: -200, after: -200}
		},
		"reversal": func(c *till) scene {
			payment := c.paid(500)
			op := c.giveBack(pay.KindReversal, 500, payment)
			return scene{call: func() (provider.Reply, error) { return c.Reverse(c.t.Context(), op, payment) }, truth: provider.Approved, posts: true,
				key: payment.Key, before: 500}
		},
		"inquire after a reversal": func(c *till) scene {
			payment := c.paid(500)
			op := c.giveBack(pay.KindReversal, 500, payment)
			c.want(provider.Approved)(c.Reverse(c.t.Context(), op, payment))
			return scene{call: func() (provider.Reply, error) { return c.Inquire(c.t.Context(), op) }, truth: provider.Approved, key: payment.Key}
		},
	}
}

// harmless faults change nothing that an answer says.
var harmless = []play.FaultKind{play.FaultDelay, play.FaultCase, play.FaultExtra}

// faults are all that the sandbox can do wrong, with and without the work done.
func faults() []play.Fault {
	var list []play.Fault
	for _, kind := range play.FaultKinds() {
		switch kind {
		case play.FaultDelay, play.FaultLate:
			list = append(list, play.Fault{Kind: kind, Delay: play.Duration(5 * time.Millisecond)}, play.Fault{Kind: kind, Work: true, Delay: play.Duration(5 * time.Millisecond)})
		case play.FaultEdit:
			for name, value := range map[string]string{"amount": `"500"`, "status": `null`, "key": `null`, "currency": `"USD"`, "transaction": `0`,
				"kind": `"payout"`, "recall": `"yes"`} {
				list = append(list, play.Fault{Kind: kind, Set: map[string]json.RawMessage{name: json.RawMessage(value)}})
			}
		case play.FaultStatus, play.FaultHTML:
			for _, status := range []int{200, 202, 204, 301, 400, 401, 403, 404, 409, 410, 429, 500, 502, 503} {
				list = append(list, play.Fault{Kind: kind, Status: status}, play.Fault{Kind: kind, Status: status, Work: true})
			}
		default:
			list = append(list, play.Fault{Kind: kind}, play.Fault{Kind: kind, Work: true})
		}
	}
	return list
}

func TestEachFaultOfEachCallGivesUnknownOrTheTruthAndNeverALie(t *testing.T) {
	for name, make := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := activeTill(t, nil)
			for _, fault := range faults() {
				s := make(c)
				c.spoil(fault)
				r, err := s.call()
				told := fmt.Sprintf("%s, work %t, status %d, set %v: verdict %d, %v", fault.Kind, fault.Work, fault.Status, keys(fault.Set), r.Verdict, err)
				c.settled()
				moved := pay.Amount(c.s.Ledger().Net(s.key.String()))
				switch {
				case slices.Contains(harmless, fault.Kind):
					if err != nil || r.Verdict != s.truth {
						t.Errorf("the truth was not told after %s", told)
					}
				case err != nil && r.Verdict == provider.Unknown:
				case fault.Kind == play.FaultNotFound && r.Verdict == provider.NotFound && err == nil:
				default:
					t.Errorf("more than is known was told after %s", told)
				}
				if r.Verdict == provider.Approved && moved != s.after {
					t.Errorf("a lie: %s moved after %s", moved, told)
				}
				if moved != s.before && moved != s.after {
					t.Errorf("%s moved after %s", moved, told)
				}
				if r.Verdict == provider.Approved && r.Amount == 0 {
					t.Errorf("no amount after %s", told)
				}
				c.s.Faults().Disarm("")
			}
		})
	}
}

func keys(m map[string]json.RawMessage) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	return list
}

// settled waits until the server has done all that it still had to do.
func (c *till) settled() {
	c.t.Helper()
	for range 4000 {
		list, err := c.s.Control().Requests(c.t.Context(), 0)
		if err != nil {
			c.t.Fatal(err)
		}
		if !slices.ContainsFunc(list, func(r play.Request) bool { return !r.Done }) {
			return
		}
	}
	c.t.Fatal("the server is not done")
}

func TestTheCallAfterALostAnswerTellsTheTruth(t *testing.T) {
	for name, make := range scenes() {
		t.Run(name, func(t *testing.T) {
			c := activeTill(t, nil)
			for _, fault := range []play.Fault{{Kind: play.FaultDrop}, {Kind: play.FaultDrop, Work: true}, {Kind: play.FaultHalf}, {Kind: play.FaultHuge, Work: true}} {
				s := make(c)
				c.spoil(fault)
				c.want(provider.Unknown)(s.call())
				c.want(s.truth)(s.call())
				if moved := pay.Amount(c.s.Ledger().Net(s.key.String())); moved != s.after {
					t.Errorf("%s %t: %s moved, want %s", fault.Kind, fault.Work, moved, s.after)
				}
			}
		})
	}
}

func TestARefusalWhoseStatusDoesNotFitIsNoWord(t *testing.T) {
	c := activeTill(t, nil)
	taken := c.paid(100)
	op := c.scan(100, "00")
	op.ProviderNumber = taken.ProviderNumber
	for _, code := range []string{`{"code":"BAD_REQUEST","message":"x"}`, `{"code":"CHEERS","message":"x"}`, `{}`, `null`, `"CONFLICT"`} {
		c.spoil(play.Fault{Kind: play.FaultEdit, Set: map[string]json.RawMessage{"error": json.RawMessage(code)}})
		c.want(provider.Unknown)(c.Commit(t.Context(), op))
	}
	c.want(provider.Declined)(c.Commit(t.Context(), op))
}

func TestOnlyARefusalFrom400To499IsAWord(t *testing.T) {
	for status, word := range map[int]bool{500: false, 503: false, 409: true, 401: false} {
		for _, code := range []string{"CONFLICT", "INTERNAL", "NEW_CODE"} {
			answer := &exchange.Answer{Status: status, Body: []byte(`{"error":{"code":"` + code + `","message":"x"}}`)}
			err := understood(answer, errors.New("status"), nil, "POST x", &wire.Record{})
			if _, ok := errors.AsType[*refused](err); ok != (word && code == "CONFLICT") {
				t.Errorf("%d %s: %v", status, code, err)
			}
		}
	}
}

func TestWhatTheServerSaysIsMadeFitForASlip(t *testing.T) {
	c := activeTill(t, nil)
	op := c.paid(100)
	long := make([]byte, 5000)
	for i := range long {
		long[i] = 'x'
	}
	c.spoil(play.Fault{Kind: play.FaultEdit, Set: map[string]json.RawMessage{"rrn": json.RawMessage(`"` + string(long) + `"`),
		"approval": json.RawMessage(`"12\n[cut]\u001b@34"`), "payer": json.RawMessage(`"79161234568"`)}})
	r := c.want(provider.Approved)(c.Inquire(t.Context(), op))
	if len(r.RRN) > 40 || r.AuthCode != "12 [cut] @34" || r.Payer != "79****68" {
		t.Errorf("%d characters, %q, %q", len(r.RRN), r.AuthCode, r.Payer)
	}
	declined := c.scan(100, "51")
	c.Commit(t.Context(), declined)
	c.spoil(play.Fault{Kind: play.FaultEdit, Set: map[string]json.RawMessage{"reason": json.RawMessage(`"NEW_REASON"`), "message": json.RawMessage(`"Line\none"`)}})
	if r := c.want(provider.Declined)(c.Inquire(t.Context(), declined)); r.Text != "Line one" || r.Hint == "" {
		t.Errorf("%+v", r)
	}
}

func TestAQRCodeThatCannotBeShownIsNotShown(t *testing.T) {
	c := activeTill(t, nil)
	for _, qr := range []string{`null`, `""`, `"a\u0000b"`, `"x\n"`} {
		op := c.begin(pay.KindOnline, 100)
		c.spoil(play.Fault{Kind: play.FaultEdit, Set: map[string]json.RawMessage{"qr": json.RawMessage(qr)}})
		c.want(provider.Unknown)(c.Prepare(t.Context(), op))
		c.want(provider.ShowQR)(c.Prepare(t.Context(), op))
	}
}
