//go:build linux

package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io/fs"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/logs"
	kvell "github.com/payrack/payrack/plugins/kvell/sandbox"
	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
	"github.com/payrack/payrack/sdk/secret"
)

// pawnshop is an installation that pays out to cards: KVELL and its sandbox, and another module that pays out too.
type pawnshop struct {
	*shop
	box *kvell.Server
}

// merchant is one key for all tests.
var merchant = sync.OnceValues(func() (private, public []byte) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	private, err = wire.WritePrivate(key)
	if err != nil {
		panic(err)
	}
	public, err = wire.WritePublic(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return private, public
})

func newPawnshop(t *testing.T) *pawnshop {
	t.Helper()
	s := bareShop(t)
	s.addModule("kvell")
	s.addModule("payer")
	private, public := merchant()
	settings := kvell.DefaultSettings()
	settings.PublicKey = string(public)
	box, err := kvell.New(kvell.Options{Data: filepath.Join(filepath.Dir(s.home), "kvell"), Settings: &settings})
	must(t, err)
	must(t, box.Start("127.0.0.1:0"))
	t.Cleanup(func() { _ = box.Close() })
	must(t, os.WriteFile(filepath.Join(s.home, "modules", "kvell", "kvell.ini"), []byte("[KVELL]\nServer="+box.URL()+"\nStatement=none\n[Payout]\nMaxPayoutDay=0\n[Log]\nLogLevel=debug\n"), 0o644))
	store, err := secret.Open(filepath.Join(s.home, "modules", "kvell", "secrets"))
	must(t, err)
	for name, value := range map[string]string{"apikey": kvell.APIKey, "secretkey": kvell.SecretKey, "privatekey": string(private)} {
		must(t, store.Set(name, []byte(value)))
	}
	return &pawnshop{shop: s, box: box}
}

// to is a payout to a card by KVELL.
func (k *till) to(card, document string, amount pay.Amount) client.Order {
	return client.Order{Module: "kvell", Kind: pay.KindPayout, Amount: amount, Ref: k.ref(), Params: fmt.Sprintf(`{"document":%q,"card":%q}`, document, card)}
}

// posts is how many payouts the service was asked for.
func (p *pawnshop) posts() int {
	p.t.Helper()
	counts, err := p.box.Control().Counts(p.t.Context())
	must(p.t, err)
	return int(counts["POST /v1/orders/account2card"])
}

const oneCard = "2200120000061234"

// TestADocumentIsPaidOutOnceOverBothModules: approved, unknown and declined, with a new ref, by the other module, and after host and modules died in between.
func TestADocumentIsPaidOutOnceOverBothModules(t *testing.T) {
	t.Parallel()
	p := newPawnshop(t)
	k := p.till("4")
	other := func(document string, amount pay.Amount) client.Order {
		return client.Order{Module: "payer", Kind: pay.KindPayout, Amount: amount, Ref: k.ref(), Params: fmt.Sprintf(`{"document":%q}`, document)}
	}
	refused := func(o client.Order, want pay.Code, names pay.Ref) {
		t.Helper()
		before := p.posts()
		if e := p.till("5").refused(o, want); !strings.Contains(e.Text+e.Hint, string(names)) {
			t.Errorf("the refusal does not name %s: %s %s", names, e.Text, e.Hint)
		}
		if p.posts() != before {
			t.Error("something was sent to the service")
		}
	}

	first := k.to(oneCard, "D1", 100)
	if op := k.run(first); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	refused(k.to(oneCard, "D1", 100), pay.ErrState, first.Ref)
	refused(other("D1", 100), pay.ErrState, first.Ref)

	// Unknown: the service does the work, and nobody hears of it.
	_, err := p.box.Control().Arm(t.Context(), sandbox.Fault{Kind: sandbox.FaultDrop, Work: true, Count: always})
	must(t, err)
	unknown := k.to(oneCard, "D2", 200)
	k.begin(unknown)
	p.eventually("the payout is sent", func() bool { return p.posts() >= 2 })
	refused(k.to(oneCard, "D2", 200), pay.ErrUnresolved, unknown.Ref)
	refused(other("D2", 200), pay.ErrUnresolved, unknown.Ref)
	p.die("payrack", "kvell", "payer")
	refused(k.to(oneCard, "D2", 200), pay.ErrUnresolved, unknown.Ref)
	refused(other("D2", 200), pay.ErrUnresolved, unknown.Ref)
	must(t, p.box.Control().Disarm(t.Context(), ""))
	if op := k.run(unknown); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	refused(other("D2", 200), pay.ErrState, unknown.Ref)

	// By the other module first.
	theirs := other("D3", 100)
	if op := k.run(theirs); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	refused(k.to(oneCard, "D3", 100), pay.ErrState, theirs.Ref)
	p.die("payrack", "kvell", "payer")
	refused(k.to(oneCard, "D3", 100), pay.ErrState, theirs.Ref)

	// Declined: the document is free for the other module.
	if op := k.run(k.to(kvell.CardCanceled, "D4", 100)); op.Outcome != pay.Declined {
		t.Fatalf("%+v", op)
	}
	if op := k.run(other("D4", 100)); op.Outcome != pay.Approved {
		t.Fatalf("%+v", op)
	}
	// Not paid, by a person's word, and paid in truth: the document stays paid.
	_, err = p.box.Control().Arm(t.Context(), sandbox.Fault{Kind: sandbox.FaultDrop, Work: true, Count: always})
	must(t, err)
	wrong := k.to(oneCard, "D5", 300)
	k.begin(wrong)
	k.until(wrong.Ref, func(op pay.Operation) bool { return !op.Running })
	must(t, k.SetOption(t.Context(), "operator.role", "full"))
	_, err = k.Resolve(t.Context(), wrong.Ref, false, "e2e: nothing in the cabinet")
	must(t, err)
	must(t, p.box.Control().Disarm(t.Context(), ""))
	p.eventually("the truth is found", func() bool { return k.pending(wrong.Ref) == "contradiction" })
	refused(k.to(oneCard, "D5", 300), pay.ErrState, wrong.Ref)
	refused(other("D5", 300), pay.ErrState, wrong.Ref)

	if paid := p.box.Ledger().Sums()[sandbox.EntryPayout]; paid.Count != 3 || paid.Amount != 600 {
		t.Errorf("paid %+v", paid)
	}
}

// TestOnlyTheFullRoleReplacesTheKeys: a receiver may see the public key, and do nothing else with the pair.
func TestOnlyTheFullRoleReplacesTheKeys(t *testing.T) {
	t.Parallel()
	p := newPawnshop(t)
	k := p.till("4")
	for _, args := range []string{`{"action":"generate"}`, `{"action":"import","pem":"x"}`, `{"action":"show-public","Action":"generate"}`, `{"ACTION":"generate"}`, `[]`} {
		k.refused(client.Order{Module: "kvell", Kind: pay.KindCommand, Params: `{"name":"keys","args":` + args + `}`}, pay.ErrHostDenied)
	}
	if op := k.run(client.Order{Module: "kvell", Kind: pay.KindCommand, Params: `{"name":"keys","args":{"action":"show-public"}}`}); op.Outcome != pay.Approved {
		t.Errorf("%+v", op)
	}
}

// luhn draws different card numbers.
func luhn(rng *mrand.Rand, n int) []string {
	seen := map[string]bool{}
	var list []string
	for len(list) < n {
		digits := []byte{byte('2' + rng.IntN(5))}
		for len(digits) < 15 {
			digits = append(digits, byte('0'+rng.IntN(10)))
		}
		for last := byte('0'); last <= '9'; last++ {
			if number := string(digits) + string(last); logs.CardNumber(number) && !seen[number] {
				seen[number] = true
				list = append(list, number)
				break
			}
		}
	}
	return list
}

// payouts is how many real payouts are made, and killedOneIn how many there are for each that is killed in its middle.
const (
	payouts     = 200
	killedOneIn = 10
)

// TestNoCardNumberStandsAnywhereAfterTwoHundredPayoutsWithKills pays out to 200 cards, with answers lost and processes killed, and then searches every
// file and every output for any of the numbers. No document is paid out twice.
func TestNoCardNumberStandsAnywhereAfterTwoHundredPayoutsWithKills(t *testing.T) {
	t.Parallel()
	seed := mrand.Uint64()
	t.Logf("seed %d", seed)
	rng := mrand.New(mrand.NewPCG(seed, 2))
	numbers := luhn(rng, payouts)
	p := newPawnshop(t)
	k := p.till("4")
	var outputs bytes.Buffer
	tell := func(v any) {
		raw, err := json.Marshal(v)
		must(t, err)
		outputs.Write(append(raw, '\n'))
	}
	fault := func(f sandbox.Fault) {
		f.Method, f.Path = "POST", "/v1/orders/account2card"
		_, err := p.box.Control().Arm(t.Context(), f)
		must(t, err)
	}
	var sum pay.Amount
	for i, number := range numbers {
		amount := pay.Amount(100 + i)
		order := k.to(number, fmt.Sprintf("D%d", i), amount)
		sent := p.posts()
		switch i % killedOneIn {
		case 0:
			fault(sandbox.Fault{Kind: sandbox.FaultDelay, Work: i%20 == 0, Delay: sandbox.Duration(20 * time.Second)})
			k.begin(order)
			p.eventually("the payout is sent", func() bool { return p.posts() > sent })
			p.die("payrack", "kvell")
		case 1:
			fault(sandbox.Fault{Kind: sandbox.FaultDrop, Work: true})
		case 2:
			fault(sandbox.Fault{Kind: sandbox.FaultDrop})
		case 3:
			fault(sandbox.Fault{Kind: sandbox.FaultStatus, Work: true})
		case 4:
			fault(sandbox.Fault{Kind: sandbox.FaultGarbage, Work: true})
		}
		tell(k.begin(order))
		op := k.final(order.Ref)
		tell(op)
		if op.Outcome != pay.Approved || op.ApprovedAmount != amount || op.Payer != number[:6]+"******"+number[12:] {
			t.Fatalf("payout %d: %+v", i, op)
		}
		sum += amount
		slip, err := k.Slip(t.Context(), order.Ref, client.Paper{Copy: 1, Format: "text"})
		must(t, err)
		outputs.Write(slip)
		if _, err := k.try(k.to(number, fmt.Sprintf("D%d", i), amount)); pay.CodeOf(err) != pay.ErrState {
			t.Fatalf("payout %d is begun twice: %v", i, err)
		} else {
			fmt.Fprintln(&outputs, err)
		}
	}
	if bad := p.box.Ledger().Trouble(); len(bad) != 0 {
		t.Error(bad)
	}
	if paid := p.box.Ledger().Sums()[sandbox.EntryPayout]; paid.Count != payouts || paid.Amount != int64(sum) {
		t.Errorf("the ledger has %+v, approved were %d, %s", paid, payouts, sum)
	}
	for _, what := range []string{"health", "settings", "counters", "shift", "journal", "registration"} {
		raw, err := k.Info(t.Context(), "kvell", what)
		if err == nil {
			outputs.Write(raw)
		}
	}
	for _, args := range [][]string{{"requests", "--module", "kvell", "--limit", "5000"}, {"requests", "--csv", "--limit", "5000"}, {"ops", "list", "--limit", "1000", "--json"},
		{"log", "--module", "kvell"}, {"log"}, {"ops", "show", "1", "--module", "kvell"}, {"pending"}, {"info", "health", "--module", "kvell"}} {
		said, err := exec.CommandContext(t.Context(), filepath.Join(p.home, "payrack"), append([]string{"--home", p.home}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("payrack %v: %v\n%.500s", args, err, said)
		}
		outputs.Write(said)
	}
	p.stop()

	p.searched(numbers, outputs.Bytes(), nil)
}

// searched looks for the numbers of cards, and for secrets, in what was put out and in every file of the installation but its programs and the
// secret store. The sandboxes' own books lie beside the installation: they hold no number either.
func (p *pawnshop) searched(numbers []string, outputs []byte, secrets []string) {
	t := p.t
	t.Helper()
	known := map[string]bool{}
	for _, n := range numbers {
		known[n] = true
	}
	if !holdsCard([]byte("x"+numbers[7]+"y"), known) || !holdsCard([]byte(numbers[7][:4]+" "+numbers[7][4:]), known) {
		t.Fatal("the search finds nothing")
	}
	if holdsCard(outputs, known) {
		t.Error("an output holds the number of a card")
	}
	holds := func(what string, data []byte) {
		for i, s := range secrets {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s holds secret %d", what, i)
			}
		}
	}
	holds("an output", outputs)
	files := 0
	err := filepath.WalkDir(filepath.Dir(p.home), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if info, err := e.Info(); err != nil || info.Mode()&0o111 != 0 { // a program
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if holdsCard(data, known) {
			t.Errorf("%s holds the number of a card", path)
		}
		if strings.HasPrefix(path, p.home+"/") && !strings.Contains(path, "/secrets/") {
			holds(path, data)
		}
		return nil
	})
	must(t, err)
	if files < 8 {
		t.Errorf("only %d files were searched", files)
	}
}

// holdsCard says whether some of the numbers, which have sixteen digits, stand in data: as they are, or with blanks and dashes in them.
func holdsCard(data []byte, known map[string]bool) bool {
	run := 0
	var last [16]byte
	for _, c := range data {
		switch {
		case c >= '0' && c <= '9':
			copy(last[:], last[1:])
			last[15] = c
			if run++; run >= 16 && known[string(last[:])] {
				return true
			}
		case c == ' ' || c == '-':
		default:
			run = 0
		}
	}
	return false
}
