package driver

import (
	"encoding/json"
	"testing"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
)

const (
	prepares = "/gazprombank/merchant/transfer/return/prepare"
	confirms = "/gazprombank/merchant/transfer/return/confirm"
)

// drafts is Gazprombank, the only bank where a refund is a draft first.
var drafts = way{bank.GazprombankID, bank.Dynamic}

func TestADraftThatTheBankDoesNotHaveIsNotConfirmedAndAnotherIsMade(t *testing.T) {
	c := newCounter(t, bank.Dynamic, nil)
	paid := c.paid(drafts, 500)
	op := c.begin(pay.KindReversal, drafts, 200) // it has no Prepare
	op.Original, op.Tries = &paid, 1
	c.spoil(play.Fault{Kind: play.FaultEdit, Path: prepares, Set: map[string]json.RawMessage{"transactionId": json.RawMessage(`"G0"`)}})
	op = c.learn(op, c.want(provider.NotDone)(c.Refund(t.Context(), op, paid)))
	op.Tries, op.MaybeSent = 2, true
	c.want(provider.NotDone)(c.Refund(t.Context(), op, paid)) // nothing asked for the draft yet: it is not confirmed
	op = c.learn(op, c.want(provider.NotDone)(c.Inquire(t.Context(), op)))
	op = c.learn(op, c.want(provider.NotDone)(c.Refund(t.Context(), op, paid)))
	op = c.learn(op, c.want(provider.NotDone)(c.Inquire(t.Context(), op)))
	op.Tries = 3
	c.want(provider.Waiting)(c.Refund(t.Context(), op, paid))
	own, err := ticket(op)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.box.Control().EndRefund(t.Context(), own.Draft, true); err != nil {
		t.Fatal(err)
	}
	c.want(provider.Approved)(c.Inquire(t.Context(), op))
	if c.sum(paid) != 300 {
		t.Errorf("the shop has %s", c.sum(paid))
	}
}

func TestTheBanksNoToAConfirmationEndsTheRefundUnlessAnEarlierOneMayHaveLeft(t *testing.T) {
	for name, lost := range map[string]bool{"the first": false, "after a lost one": true} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t, bank.Dynamic, nil)
			paid := c.paid(drafts, 500)
			op, other := c.giveBack(drafts, paid, 400), c.giveBack(drafts, paid, 400)
			want := provider.Declined
			if lost {
				c.spoil(play.Fault{Kind: play.FaultDrop, Path: confirms})
				c.want(provider.Unknown)(c.Refund(t.Context(), op, paid))
				op = c.learn(op, c.want(provider.NotDone)(c.Inquire(t.Context(), op)))
				op.Tries++
				want = provider.NotDone
			}
			c.want(provider.Waiting)(c.Refund(t.Context(), other, paid)) // the rest is too little now
			if r := c.want(want)(c.Refund(t.Context(), op, paid)); !lost && (r.Text == "" || r.Code == "") {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestARefundWhoseDraftTheBankDoesNotHaveIsNotReady(t *testing.T) {
	c := newCounter(t, bank.Dynamic, nil)
	paid := c.paid(drafts, 500)
	op := c.begin(pay.KindRefund, drafts, 200)
	op.Original = &paid
	c.spoil(play.Fault{Kind: play.FaultEdit, Path: prepares, Set: map[string]json.RawMessage{"transactionId": json.RawMessage(`"G0"`)}})
	c.want(provider.Unknown)(c.Prepare(t.Context(), op))
	c.want(provider.Ready)(c.Prepare(t.Context(), op))
}

// A draft that may have been confirmed is asked about, and never replaced.
func TestADraftThatMayHaveBeenConfirmedIsNeverReplaced(t *testing.T) {
	c := newCounter(t, bank.Dynamic, nil)
	paid := c.paid(drafts, 500)
	op := c.giveBack(drafts, paid, 200)
	c.spoil(play.Fault{Kind: play.FaultDrop, Work: true, Path: confirms})
	c.want(provider.Unknown)(c.Refund(t.Context(), op, paid))
	c.spoil(play.Fault{Kind: play.FaultEdit, Path: "/gazprombank/operation/info", Set: map[string]json.RawMessage{"code": json.RawMessage(`"002"`)}})
	c.want(provider.NotFound)(c.Inquire(t.Context(), op))
	c.want(provider.Approved)(c.Inquire(t.Context(), op))
}
