//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

func TestARefIsTakenOverModulesAndTillsEvenWhileItsModuleIsDown(t *testing.T) {
	t.Parallel()
	s := twoModules(t)
	k, other := s.till("4"), s.till("5")
	order := client.Order{Module: "payer", Kind: pay.KindOffline, Amount: 100, Ref: "one"}
	k.run(order)
	elsewhere := order
	elsewhere.Module = "sendy"
	k.refused(elsewhere, pay.ErrRefReused)
	other.refused(order, pay.ErrRefReused)
	must(t, os.WriteFile(filepath.Join(s.home, "modules", "payer", "payer.new"), []byte("no program"), 0o755))
	must(t, os.Rename(filepath.Join(s.home, "modules", "payer", "payer.new"), filepath.Join(s.home, "modules", "payer", "payer")))
	s.kill("payer")
	k.refused(elsewhere, pay.ErrRefReused)
	if op := k.now("one"); op.Outcome != pay.Approved {
		t.Fatalf("what is known of it while its module is down: %+v", op)
	}
	if _, err := k.Operation(t.Context(), "never"); pay.CodeOf(err) != pay.ErrNotFound {
		t.Fatalf("a ref that nobody took: %v", err)
	}
}

func TestARefOutlivesHostAndModule(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	order := k.offline(100, `,"receipt":"1"`)
	first := k.run(order)
	s.die("payrack", "sendy")
	if again := k.begin(order); again.Number != first.Number || again.Outcome != pay.Approved {
		t.Fatalf("%+v", again)
	}
	order.Params = fmt.Sprintf(`{"code":%q,"receipt":"1"}`, s.code("99"))
	k.refused(order, pay.ErrRefReused) // another secret is another parameter, though no secret is kept
	s.agrees(100)
}

func TestADocumentIsPaidOutOnceOverAllRefs(t *testing.T) {
	t.Parallel()
	s := twoModules(t)
	k := s.till("4")
	payout := func(document string, amount pay.Amount) client.Order {
		return client.Order{Module: "payer", Kind: pay.KindPayout, Amount: amount, Ref: k.ref(), Params: fmt.Sprintf(`{"document":%q}`, document)}
	}
	if op := k.run(payout("D1", 555)); op.Outcome != pay.Declined {
		t.Fatalf("%+v", op)
	}
	if op := k.run(payout("D1", 100)); op.Outcome != pay.Approved {
		t.Fatalf("a declined payout keeps its document: %+v", op)
	}
	k.refused(payout("D1", 100), pay.ErrState)
	k.refused(client.Order{Module: "payer", Kind: pay.KindPayout, Amount: 100, Ref: k.ref()}, pay.ErrArgument)
	unknown := k.begin(payout("D2", 666))
	if _, err := k.Acknowledge(t.Context(), unknown.Ref, pay.AckReverse, "e2e"); pay.CodeOf(err) != pay.ErrState {
		t.Fatalf("a payout that nobody can take back is given up: %v", err)
	}
	s.till("5").refused(payout("D2", 100), pay.ErrUnresolved)
	s.die("payrack", "payer")
	s.till("6").refused(payout("D2", 100), pay.ErrUnresolved)
}

func TestARetryCarriesTheSameKey(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	s.arm(sandbox.Fault{Kind: "drop", Path: paying, Count: 2})
	if op := k.run(k.offline(100, "")); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	sent := s.requests("POST", paying)
	if len(sent) != 3 {
		t.Fatalf("%d requests", len(sent))
	}
	var key string
	for _, r := range sent {
		var body struct{ Key string }
		must(t, json.Unmarshal([]byte(r.Body), &body))
		if key == "" {
			key = body.Key
		}
		if body.Key != key || len(key) != 32 || r.Body != sent[0].Body {
			t.Fatalf("%s after %s", r.Body, sent[0].Body)
		}
	}
	s.agrees(100)
}

func TestACustomerWhoWasFasterThanTheCancelHasPaid(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	op := k.begin(k.online(100))
	k.event(op.Ref, pay.EvQRShow)
	s.arm(sandbox.Fault{Kind: "drop", Method: "GET", Path: asking, Count: always})
	s.pay()
	must(t, k.Cancel(t.Context(), op.Ref, "cashier"))
	if done := k.final(op.Ref); done.Outcome != pay.Approved || !done.CanReverse {
		t.Fatalf("%+v", done)
	}
	s.agrees(100)
}

func TestACancelInTimeIsCancelledByTheProvidersWord(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	op := k.begin(k.online(100))
	k.event(op.Ref, pay.EvQRShow)
	must(t, k.Cancel(t.Context(), op.Ref, "cashier"))
	if done := k.final(op.Ref); done.Outcome != pay.Cancelled || len(s.requests("POST", closing)) == 0 {
		t.Fatalf("%+v", done)
	}
	s.agrees(0)
}

func TestMoneyThatArrivesAfterATillHasGivenUpGoesBackAndItsNextPaymentStands(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	s.deaf()
	s.arm(sandbox.Fault{Kind: "late", Path: paying, Delay: sandbox.Duration(2 * time.Second)})
	op := k.begin(k.offline(100, `,"receipt":"7"`))
	s.received(1, "POST", paying)
	must(t, k.Cancel(t.Context(), op.Ref, "cashier"))
	gone := k.until(op.Ref, func(op pay.Operation) bool { return !op.Running })
	if gone.Outcome != pay.Unknown || !gone.OtherTender {
		t.Fatalf("%+v", gone)
	}
	if _, err := k.Acknowledge(t.Context(), op.Ref, pay.AckConfirm, "e2e"); pay.CodeOf(err) != pay.ErrState {
		t.Fatalf("confirming what was given up: %v", err)
	}
	s.eventually("the late money has moved", func() bool { return s.entries(sandbox.EntryPayment) == 1 })
	next := k.begin(k.offline(30, `,"receipt":"7"`)) // the same receipt, paid otherwise
	if next = k.final(next.Ref); next.Outcome != pay.Approved || next.ApprovedAmount != 30 {
		t.Fatalf("the next payment: %+v", next)
	}
	s.wake()
	if done := k.final(op.Ref); done.Outcome == pay.Approved {
		t.Fatalf("%+v", done)
	}
	s.eventually("the money went back", func() bool { return k.now(op.Ref).Reversal == pay.ReversalDone })
	s.agrees(30)
	if next = k.now(next.Ref); next.Outcome != pay.Approved || next.Reversal != pay.ReversalNone {
		t.Fatalf("the next payment afterwards: %+v", next)
	}
}

func TestAReversalEndsThoughHostAndModuleDieAndIsDoneOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.confirming("4")
	op := k.run(k.offline(100, ""))
	s.arm(sandbox.Fault{Kind: "drop", Path: closing, Work: true}, sandbox.Fault{Kind: "drop", Method: "GET", Path: asking, Count: always})
	if now := k.ack(op.Ref, pay.AckReverse); now.Reversal != pay.ReversalUnderWay || now.Pending != "reversing" {
		t.Fatalf("%+v", now)
	}
	s.received(1, "POST", closing)
	s.die("payrack", "sendy")
	k.now(op.Ref)
	s.kill("sendy")
	s.heal()
	s.eventually("the money went back", func() bool { return k.now(op.Ref).Reversal == pay.ReversalDone })
	if now := k.ack(op.Ref, pay.AckReverse); now.Outcome != pay.Approved {
		t.Fatalf("the same again: %+v", now)
	}
	if _, err := k.Acknowledge(t.Context(), op.Ref, pay.AckConfirm, ""); pay.CodeOf(err) != pay.ErrState {
		t.Fatalf("a confirm after the reverse: %v", err)
	}
	s.agrees(0)
	if n := s.entries(sandbox.EntryReversal) + s.entries(sandbox.EntryRefund); n != 1 {
		t.Fatalf("given back %d times", n)
	}
}

func TestARefusedReversalGoesOnUnderANewNameAndKeyForWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.confirming("4")
	op := k.run(k.offline(100, ""))
	// A part goes back behind the till's back: the payment can be undone no more, and what is left is less than was paid.
	s.elsewhere(wire.PathRefund, wire.RefundRequest{Transaction: op.ProviderNumber + 5, Original: op.ProviderNumber, Shift: op.ProviderShift,
		Key: strings.Repeat("ab", 16), Amount: 40, Currency: "RUB"})
	k.ack(op.Ref, pay.AckReverse)
	var story struct{ Reversals []pay.Operation }
	told := func() bool {
		raw, err := k.Find(t.Context(), "sendy", json.RawMessage(fmt.Sprintf(`{"what":"story","ref":%q}`, op.Ref)))
		must(t, err)
		must(t, json.Unmarshal(raw, &story))
		return len(story.Reversals) > 1
	}
	s.eventually("a second try", told)
	if story.Reversals[0].Ref != op.Ref.Reversal(1) || story.Reversals[0].Outcome != pay.Declined || story.Reversals[1].Ref != op.Ref.Reversal(2) ||
		story.Reversals[0].Number == story.Reversals[1].Number {
		t.Fatalf("%+v", story.Reversals)
	}
	s.die("payrack", "sendy")
	// The second asks for what the provider still has. What went back elsewhere is listed for a person to look at.
	s.eventually("the rest is given back", func() bool { return k.now(op.Ref).Reversal == pay.ReversalDone })
	if got := k.pending(op.Ref); got != "contradiction" {
		t.Fatalf("it is listed as %q", got)
	}
	s.agrees(0)
}

func TestRefundsAtOnceNeverExceedThePayment(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	paid := s.till("4").run(s.till("4").offline(1000, ""))
	var wg sync.WaitGroup
	tills := make([]*till, 6)
	for i := range tills {
		tills[i] = s.till(fmt.Sprintf("r%d", i))
	}
	for _, k := range tills {
		wg.Go(func() {
			op, err := k.try(k.refund(paid.Ref, 300))
			if err == nil {
				k.final(op.Ref)
			} else if pay.CodeOf(err) != pay.ErrLimit {
				t.Errorf("refund: %v", err)
			}
		})
	}
	wg.Wait()
	s.agrees(100)
	if left := tills[0].now(paid.Ref).Refundable; left != 100 {
		t.Fatalf("refundable: %s", left)
	}
}

func TestAnUnknownRefundCountsAsGivenBack(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k, other := s.till("4"), s.till("5")
	paid := k.run(k.offline(1000, ""))
	s.deaf()
	s.arm(sandbox.Fault{Kind: "drop", Path: "/pos/refund", Work: true, Count: always})
	first := k.begin(k.refund(paid.Ref, 600))
	s.received(1, "POST", "/pos/refund")
	other.refused(other.refund(paid.Ref, 500), pay.ErrLimit)
	s.heal()
	if op := k.final(first.Ref); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	other.refused(other.refund(paid.Ref, 500), pay.ErrLimit)
	s.agrees(400)
}

func TestEachAttemptTakesANumberThatIsNeverUsedAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	var last pay.Operation
	for i, tail := range []string{"99", "05", "51", "99", "05", "99"} {
		if i == 3 {
			s.die("payrack", "sendy")
		}
		op := k.run(k.scan(100, s.code(tail), ""))
		if want := map[string]pay.Outcome{"99": pay.Approved}[tail]; want == pay.Approved != (op.Outcome == pay.Approved) {
			t.Fatalf("%s: %+v", tail, op)
		}
		if op.Number <= last.Number || op.ProviderNumber <= last.ProviderNumber {
			t.Fatalf("number %d (the provider's %d) after %d (%d)", op.Number, op.ProviderNumber, last.Number, last.ProviderNumber)
		}
		last = op
	}
	s.agrees(300)
}

func TestTheServersCounterIsRespectedWhereItIsAhead(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.till("4")
	first := k.run(k.offline(100, ""))
	_, err := s.ctl.CloseShift(t.Context(), "10240007")
	must(t, err)
	next := k.run(k.offline(100, ""))
	if next.Outcome != pay.Approved || next.ProviderShift != first.ProviderShift+1 {
		t.Fatalf("after the shift was closed elsewhere: %+v", next)
	}
	s.elsewhere(wire.PathOffline, wire.OfflineRequest{Transaction: next.ProviderNumber + 10, Shift: next.ProviderShift,
		Key: strings.Repeat("cd", 16), Amount: 1, Currency: "RUB", AuthCode: s.code("05"), System: wire.Sendy})
	after := k.run(k.offline(100, ""))
	if after.Outcome != pay.Approved || after.ProviderNumber != next.ProviderNumber+11 || after.Number <= next.Number {
		t.Fatalf("after somebody else used numbers: %+v", after)
	}
}

func TestATillHasOnePaymentAtATimeAndOthersMayOnlyWatchIt(t *testing.T) {
	t.Parallel()
	s := bareShop(t)
	s.setSettings("[Sendy]\nServer=" + s.bank.URL() + "\n[Service]\nWeChat=yes\n")
	s.activate()
	k, other := s.till("4"), s.till("5")
	op := k.begin(client.Order{Kind: pay.KindOnline, Amount: 100, Ref: k.ref()})
	prompt := k.event(op.Ref, pay.EvChoice)
	k.refused(k.offline(200, ""), pay.ErrBusy)
	s.till("4").refused(k.offline(200, ""), pay.ErrBusy)
	if seen := other.event(op.Ref, pay.EvChoice); seen.Number != prompt.Number {
		t.Fatalf("another till sees %+v", seen)
	}
	if err := other.Answer(t.Context(), op.Ref, prompt.Number, "wechat"); pay.CodeOf(err) != pay.ErrHostDenied {
		t.Fatalf("an answer from another till: %v", err)
	}
	if err := other.Cancel(t.Context(), op.Ref, ""); pay.CodeOf(err) != pay.ErrHostDenied {
		t.Fatalf("a cancel from another till: %v", err)
	}
	if other.PendingCount() != 0 {
		t.Fatalf("another till has %d pending operations", other.PendingCount())
	}
	if paid := other.run(other.offline(300, "")); paid.Outcome != pay.Approved {
		t.Fatalf("another till's own payment: %+v", paid)
	}
	must(t, k.Answer(t.Context(), op.Ref, prompt.Number, "wechat"))
	s.pay()
	done := k.final(op.Ref)
	if done.Outcome != pay.Approved || done.System != "wechat" {
		t.Fatalf("%+v", done)
	}
	for _, ack := range []pay.Ack{pay.AckSeen, pay.AckConfirm, pay.AckReverse} {
		if _, err := other.Acknowledge(t.Context(), op.Ref, ack, ""); pay.CodeOf(err) != pay.ErrHostDenied {
			t.Fatalf("%s from another till: %v", ack, err)
		}
	}
	s.agrees(400)
}

// elsewhere asks the provider for something behind the till's back, as the same terminal.
func (s *shop) elsewhere(path string, body any) {
	s.t.Helper()
	terminals, err := s.ctl.Terminals(s.t.Context())
	must(s.t, err)
	raw, err := json.Marshal(body)
	must(s.t, err)
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.bank.URL()+"/"+path, bytes.NewReader(raw))
	must(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+terminals[0].Secret)
	req.Header.Set(wire.HeaderTerminal, terminals[0].ID)
	answer, err := http.DefaultClient.Do(req)
	must(s.t, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		s.t.Fatalf("%s elsewhere: %s", path, answer.Status)
	}
}
