//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payrack/payrack/host/client"
	lombard "github.com/payrack/payrack/plugins/lombard/sandbox"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
	"github.com/payrack/payrack/sdk/secret"
)

// withLombard adds Lombard Payments and its sandbox, with one gateway and without a paper, so that a payout to a card that the till names asks nothing.
func (p *pawnshop) withLombard() *lombard.Server {
	t := p.t
	t.Helper()
	p.addModule("lombard")
	settings := lombard.DefaultSettings()
	settings.Gateways = settings.Gateways[:1]
	box, err := lombard.New(lombard.Options{Data: filepath.Join(filepath.Dir(p.home), "lombard"), Settings: &settings})
	must(t, err)
	must(t, box.Start("127.0.0.1:0"))
	t.Cleanup(func() { _ = box.Close() })
	must(t, os.WriteFile(filepath.Join(p.home, "modules", "lombard", "lombard.ini"), fmt.Appendf(nil,
		"[Lombard]\nServer=%s\nHTTPS=no\nNetworkID=%d\nBranchID=%d\nStatement=none\n[Payout]\nMaxPayoutDay=0\n[Log]\nLogLevel=debug\n",
		strings.TrimPrefix(box.URL(), "http://"), lombard.NetworkID, lombard.BranchID), 0o644))
	store, err := secret.Open(filepath.Join(p.home, "modules", "lombard", "secrets"))
	must(t, err)
	must(t, store.Set("networkkey", []byte(lombard.NetworkKey)))
	return box
}

// signIn lets a till's operator in, by the command line.
func (p *pawnshop) signIn(pos string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), filepath.Join(p.home, "payrack"), "--home", p.home, "--pos", pos, "sign-in", "lombard", "--again", "--answers-from-stdin")
	cmd.Stdin = strings.NewReader(lombard.HeadPhone + "\n" + lombard.HeadPassword + "\n")
	said, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("sign in: %v\n%s", err, said)
	}
	return string(said)
}

// by is a payout to a card by Lombard Payments.
func (k *till) by(card, document string, amount pay.Amount) client.Order {
	return client.Order{Module: "lombard", Kind: pay.KindPayout, Amount: amount, Ref: k.ref(),
		Params: fmt.Sprintf(`{"document":%q,"card":%q,"client":{"name":"ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ","passport":"70 03 123456","cardholder":"PETROV SERGEY"}}`, document, card)}
}

// TestADocumentIsPaidOutOnceByKVELLAndLombardPayments: approved, unknown and declined by each, and after host and modules died in between.
func TestADocumentIsPaidOutOnceByKVELLAndLombardPayments(t *testing.T) {
	t.Parallel()
	p := newPawnshop(t)
	box := p.withLombard()
	p.signIn("4")
	k := p.till("4")
	refused := func(o client.Order, want pay.Code, names pay.Ref) {
		t.Helper()
		if e := p.till("5").refused(o, want); !strings.Contains(e.Text+e.Hint, string(names)) {
			t.Errorf("the refusal does not name %s: %s %s", names, e.Text, e.Hint)
		}
	}
	first := k.to(oneCard, "D1", 100)
	if op := k.run(first); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	refused(k.by(oneCard, "D1", 100), pay.ErrState, first.Ref)

	theirs := k.by(oneCard, "D2", 200)
	if op := k.run(theirs); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	refused(k.to(oneCard, "D2", 200), pay.ErrState, theirs.Ref)
	refused(k.by(oneCard, "D2", 200), pay.ErrState, theirs.Ref)

	// Unknown at Lombard Payments: it pays, and nobody hears of it; then everything dies.
	for _, path := range []string{"/v2/transaction/pay", "/v2/transaction/list"} {
		skip := 1 // the draft, and the look before it
		_, err := box.Control().Arm(t.Context(), sandbox.Fault{Kind: sandbox.FaultDrop, Work: true, Count: always, Skip: skip, Method: "POST", Path: path})
		must(t, err)
	}
	unknown := k.by(oneCard, "D3", 300)
	k.begin(unknown)
	p.eventually("the payout is confirmed", func() bool { return box.Ledger().Sums()[sandbox.EntryPayout].Count == 2 })
	refused(k.to(oneCard, "D3", 300), pay.ErrUnresolved, unknown.Ref)
	p.die("payrack", "kvell", "lombard")
	refused(k.to(oneCard, "D3", 300), pay.ErrUnresolved, unknown.Ref)
	must(t, box.Control().Disarm(t.Context(), ""))
	if op := k.run(unknown); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	refused(k.to(oneCard, "D3", 300), pay.ErrState, unknown.Ref)

	// Declined by one: free for the other.
	if op := k.run(k.by(lombard.CardRefused, "D4", 400)); op.Outcome != pay.Declined {
		t.Fatalf("%+v", op)
	}
	if op := k.run(k.to(oneCard, "D4", 400)); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	if paid := box.Ledger().Sums()[sandbox.EntryPayout]; paid.Count != 2 || paid.Amount != 500 {
		t.Errorf("Lombard Payments paid %+v", paid)
	}
	if paid := p.box.Ledger().Sums()[sandbox.EntryPayout]; paid.Count != 2 || paid.Amount != 500 {
		t.Errorf("KVELL paid %+v", paid)
	}
}

// lombardPayouts is how many are made by Lombard Payments, each to another card.
const lombardPayouts = 60

// TestNoCardNumberOrSessionStandsAnywhereAfterPayoutsByLombardPaymentsWithKills binds a new card for each payout, loses answers, ends sessions and kills
// host and module, and then searches every file and every output for the numbers, the password and the sessions.
func TestNoCardNumberOrSessionStandsAnywhereAfterPayoutsByLombardPaymentsWithKills(t *testing.T) {
	t.Parallel()
	seed := mrand.Uint64()
	t.Logf("seed %d", seed)
	numbers := luhn(mrand.New(mrand.NewPCG(seed, 3)), lombardPayouts)
	p := newPawnshop(t)
	box := p.withLombard()
	var outputs bytes.Buffer
	outputs.WriteString(p.signIn("4"))
	k := p.till("4")
	tell := func(v any) {
		raw, err := json.Marshal(v)
		must(t, err)
		outputs.Write(append(raw, '\n'))
	}
	pays := func() int { return int(box.Ledger().Sums()[sandbox.EntryPayout].Count) }
	var sum pay.Amount
	for i, number := range numbers {
		order := k.by(number, fmt.Sprintf("D%d", i), pay.Amount(100+i))
		confirm := sandbox.Fault{Method: "POST", Path: "/v2/transaction/pay", Skip: 1, Work: true}
		before := pays()
		switch i % 6 {
		case 0:
			confirm.Kind, confirm.Delay = sandbox.FaultDelay, sandbox.Duration(20e9)
			_, err := box.Control().Arm(t.Context(), confirm)
			must(t, err)
			k.begin(order)
			p.eventually("the payout is confirmed", func() bool { return pays() > before })
			p.die("payrack", "lombard")
		case 1:
			confirm.Kind = sandbox.FaultDrop
		case 2:
			confirm.Kind, confirm.Work = sandbox.FaultDrop, false
		case 3:
			confirm.Kind = sandbox.FaultGarbage
		case 4:
			must(t, box.Control().EndSessions(t.Context()))
			outputs.WriteString(p.signIn("4"))
		}
		if i%6 > 0 && confirm.Kind != "" {
			_, err := box.Control().Arm(t.Context(), confirm)
			must(t, err)
		}
		tell(k.begin(order))
		op := k.final(order.Ref)
		tell(op)
		if op.Outcome != pay.Approved || op.ApprovedAmount != order.Amount || op.Payer != number[:6]+"******"+number[12:] {
			t.Fatalf("payout %d: %+v", i, op)
		}
		sum += order.Amount
		slip, err := k.Slip(t.Context(), order.Ref, client.Paper{Copy: 1, Format: "text"})
		must(t, err)
		outputs.Write(slip)
	}
	if bad := box.Ledger().Trouble(); len(bad) != 0 {
		t.Error(bad)
	}
	if paid := box.Ledger().Sums()[sandbox.EntryPayout]; paid.Count != lombardPayouts || paid.Amount != int64(sum) {
		t.Errorf("the ledger has %+v, approved were %d, %s", paid, lombardPayouts, sum)
	}
	for _, args := range [][]string{{"requests", "--module", "lombard", "--limit", "5000"}, {"ops", "list", "--limit", "1000", "--json"}, {"log", "--module", "lombard"}, {"log"},
		{"--pos", "4", "sign-ins", "lombard"}, {"--pos", "4", "journal", "lombard"}, {"--pos", "4", "documents", "lombard"}, {"info", "registration", "--module", "lombard"}} {
		said, err := exec.CommandContext(t.Context(), filepath.Join(p.home, "payrack"), append([]string{"--home", p.home}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("payrack %v: %v\n%.500s", args, err, said)
		}
		outputs.Write(said)
	}
	p.stop()
	p.searched(numbers, outputs.Bytes(), []string{lombard.HeadPassword, lombard.NetworkKey, "-def-", "70 03 123456"})
}
