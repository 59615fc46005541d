//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	social "github.com/payrack/payrack/plugins/socproc/sandbox"
	"github.com/payrack/payrack/sdk/pay"
)

// grocer is an installation that takes social cards.
type grocer struct {
	*shop
	box *social.Server
}

func newGrocer(t *testing.T) *grocer {
	t.Helper()
	s := bareShop(t)
	s.addModule("socproc")
	box, err := social.New(social.Options{Data: filepath.Join(filepath.Dir(s.home), "socproc")})
	must(t, err)
	must(t, box.Start("127.0.0.1:0"))
	t.Cleanup(func() { _ = box.Close() })
	must(t, os.WriteFile(filepath.Join(s.home, "modules", "socproc", "socproc.ini"), fmt.Appendf(nil, "[Merchant]\nurl=%s\nenterprise_id=%s\nmerchant_id=%s\nsp_code=%s\n"+
		"[Terminal]\nTerminalNo=%s\n[Log]\nLogLevel=debug\n", box.URL(), social.EnterpriseID, social.MerchantID, social.SPCode, social.TerminalNo), 0o644))
	return &grocer{shop: s, box: box}
}

// basket is a receipt of 229.90, of which 89.90 are social.
func (k *till) basket() client.Order {
	return client.Order{Module: "socproc", Kind: pay.KindBasket, Amount: 22990, Ref: k.ref(), Params: `{"card":"hash=` + social.CardPlenty + `;masked=220220******5678","items":[
		{"position":1,"barcode":"` + social.Milk + `","name":"Молоко","quantity":1000,"price":8990,"sum":8990},
		{"position":2,"barcode":"` + social.Beer + `","name":"Пиво","quantity":1000,"price":14000,"sum":14000}]}`}
}

// agree answers yes to whatever the cashier is asked, until the outcome is final. A question that is gone meanwhile is no fault.
func (k *till) agree(ref pay.Ref) (last pay.Operation) {
	k.t.Helper()
	err := k.Watch(k.t.Context(), ref, 0, func(e pay.Event) error {
		if e.Prompt() {
			go func() { _ = k.Answer(k.t.Context(), ref, e.Number, "1") }()
		}
		if e.Kind == pay.EvOutcome && e.Operation != nil {
			last = *e.Operation
		}
		return nil
	})
	if !last.Outcome.Final() {
		last = k.final(ref)
	}
	if !last.Outcome.Final() {
		k.t.Fatalf("%s: %+v, %v", ref, last, err)
	}
	return last
}

// paid is what public funds have paid and not got back.
func (g *grocer) paid() pay.Amount {
	sums := g.box.Ledger().Sums()
	return pay.Amount(sums["payment"].Amount - sums["reversal"].Amount - sums["refund"].Amount)
}

func TestATillWithoutConfirmationsPaysNoBasket(t *testing.T) {
	t.Parallel()
	g := newGrocer(t)
	if e := g.till("4").refused(g.till("4").basket(), pay.ErrState); !strings.Contains(e.Hint, "PR_F_CONFIRM") {
		t.Errorf("%s %s", e.Text, e.Hint)
	}
}

// TestAnApprovedBasketStaysUntilItsTillHasSaidWhatBecameOfTheRest kills host and module over an approved basket, again and again.
func TestAnApprovedBasketStaysUntilItsTillHasSaidWhatBecameOfTheRest(t *testing.T) {
	t.Parallel()
	g := newGrocer(t)
	k := g.confirming("4")
	order := k.basket()
	k.begin(order)
	op := k.agree(order.Ref)
	if op.Outcome != pay.Approved || op.ApprovedAmount != 8990 || op.LeftToPay != 14000 {
		t.Fatalf("%+v", op)
	}
	for range 3 {
		g.kill("socproc")
		g.kill("payrack")
		k = g.confirming("4")
		if why := k.pending(order.Ref); why != "unread" && why != "unconfirmed" || g.paid() != 8990 {
			t.Fatalf("after a kill it is pending: %q, public funds paid %s", why, g.paid())
		}
		k.ack(order.Ref, pay.AckSeen)
	}
	k.ack(order.Ref, pay.AckReverse)
	g.kill("socproc")
	g.eventually("it goes back", func() bool {
		op, err := k.Operation(t.Context(), order.Ref)
		return err == nil && op.Reversal == pay.ReversalDone
	})
	if g.paid() != 0 {
		t.Errorf("public funds paid %s", g.paid())
	}
}

// TestABasketIsPaidOnceWheneverHostOrModuleDies kills one or the other at a moment that chance chose, twenty times, and then asks for the same again.
func TestABasketIsPaidOnceWheneverHostOrModuleDies(t *testing.T) {
	t.Parallel()
	g := newGrocer(t)
	k := g.confirming("4")
	rng := mrand.New(mrand.NewPCG(6, 2026))
	var kept pay.Amount
	outcomes := map[pay.Outcome]int{}
	for i := range 20 {
		order := k.basket()
		k.begin(order)
		died := make(chan struct{})
		pause := time.Duration(rng.Int64N(int64(12 * time.Millisecond)))
		program := []string{"socproc", "payrack"}[i%2]
		go func() {
			defer close(died)
			time.Sleep(pause) // the moment is what is tried; nothing waits for it
			g.kill(program)
		}()
		op := k.agree(order.Ref)
		<-died
		if again := k.final(k.begin(order).Ref); again.Outcome != op.Outcome {
			t.Fatalf("%s was %s and is %s", order.Ref, op.Outcome, again.Outcome)
		}
		outcomes[op.Outcome]++
		switch {
		case op.Outcome == pay.Approved && i%3 == 0:
			k.ack(order.Ref, pay.AckReverse)
		case op.Outcome == pay.Approved:
			k.ack(order.Ref, pay.AckConfirm)
			kept += op.ApprovedAmount
		}
	}
	g.eventually("the books agree", func() bool { return g.paid() == kept })
	if trouble := g.box.Ledger().Trouble(); len(trouble) > 0 {
		t.Error(trouble)
	}
	t.Logf("%v, public funds paid %s", outcomes, kept)
	must(t, filepath.WalkDir(g.home, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // a file that is gone holds nothing
		}
		if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte(social.CardPlenty)) {
			t.Errorf("%s holds the hash of the card", path)
		}
		return nil
	}))
}
