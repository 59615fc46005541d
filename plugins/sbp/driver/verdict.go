package driver

import (
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// verdict is what a bank's word says about a payment. The link of one that is settled is free for the next.
func (d *Driver) verdict(op provider.Operation, t bank.Ticket, w bank.Word) (provider.Reply, error) {
	t.Params, t.Operation = first(w.Params, t.Params), first(t.Operation, w.Operation)
	reply := provider.Reply{System: t.Bank, Code: w.Code, Look: true}
	switch w.State {
	case bank.Fresh, bank.Paying:
		return d.waiting(op, t, w.State)
	case bank.Missing:
		return provider.Reply{Verdict: provider.NotFound}, nil
	case bank.Paid:
		t.Trx = w.Trx
		reply.Verdict, reply.Amount, reply.Currency, reply.RRN = provider.Approved, w.Amount, pay.RUB, w.Trx
		reply.Payer = masked(w.Payer)
	case bank.Refused:
		reply.Verdict = provider.Declined
		reply.Text, reply.Hint = d.say(op.Language, "sbp.declined.cause", nil), d.say(op.Language, "sbp.declined.hint", nil)
	case bank.Expired:
		d.expired(op, &reply)
	case bank.Annulled, bank.Closed:
		d.annulled(op, t, w, &reply)
	default:
		return provider.Reply{}, nil
	}
	kept, err := keep(t)
	if err != nil {
		return provider.Reply{}, err
	}
	reply.State = kept
	if reply.Verdict != provider.Approved || w.Amount == op.Amount {
		d.letGo(t, op.Key)
	}
	return reply, nil
}

// annulled: the code or charge is dead unpaid. Where it was taken back, that is what the till wanted; where its time was over, the customer was too
// late; and where the bank closed it by itself, the payment has ended just as well.
func (d *Driver) annulled(op provider.Operation, t bank.Ticket, w bank.Word, reply *provider.Reply) {
	switch {
	case !op.CancelAsked && !t.Until.IsZero() && !d.now().Before(t.Until):
		d.expired(op, reply)
	case op.CancelAsked, t.Annulled && w.State == bank.Annulled:
		reply.Verdict, reply.Text = provider.Cancelled, d.say(op.Language, "sbp.cancelled.cause", nil)
	default:
		reply.Verdict = provider.Declined
		reply.Text, reply.Hint = d.say(op.Language, "sbp.closed.cause", nil), d.say(op.Language, "sbp.closed.hint", nil)
	}
}

// expired: the customer was too late.
func (d *Driver) expired(op provider.Operation, reply *provider.Reply) {
	reply.Verdict, reply.Code = provider.Declined, "EXPIRED"
	reply.Text, reply.Hint = d.say(op.Language, "sbp.expired.cause", nil), d.say(op.Language, "sbp.expired.hint", nil)
}

// waiting says what is waited for, and when to ask again.
func (d *Driver) waiting(op provider.Operation, t bank.Ticket, state bank.State) (provider.Reply, error) {
	kept, err := keep(t)
	if err != nil {
		return provider.Reply{}, err
	}
	id := "sbp.status.scan"
	switch {
	case state == bank.Paying:
		id = "sbp.status.confirm"
	case t.Annulled:
		id = "sbp.status.cancel"
	case t.Mode == bank.Cash:
		id = "sbp.status.link"
	}
	return provider.Reply{Verdict: provider.Waiting, System: t.Bank, State: kept, Status: d.say(op.Language, id, nil), Again: d.pace(t.Since)}, nil
}

// pace is when to ask again: after a second at first, then after a quarter of the time that has gone by, up to the interval of the settings.
func (d *Driver) pace(since time.Time) time.Duration {
	gone := d.now().Sub(since) / 4
	return max(min(gone, d.settings.Interval), min(time.Second, d.settings.Interval))
}

// no is a decline by a bank's refusal of a request that did nothing. Known codes have words of ours.
func (d *Driver) no(op provider.Operation, k *desk, no *bank.Refusal) provider.Reply {
	code := wire.Clean(no.Code, 40)
	id := "sbp.refusal." + strings.TrimPrefix(code, "ERROR.")
	data := map[string]any{"Bank": d.bankName(op.Language, k.id), "Code": code}
	if !d.words.Has(id + ".cause") {
		id = "sbp.refusal.other"
	}
	return provider.Reply{Verdict: provider.Declined, Code: code, Text: d.say(op.Language, id+".cause", data), Hint: d.say(op.Language, id+".hint", data)}
}

// masked hides a payer whom the bank did not: of more than four digits in a row only the last four stay.
func masked(payer string) string {
	runes, run := []rune(payer), 0
	for i, r := range runes {
		if r < '0' || r > '9' {
			run = 0
			continue
		}
		if run++; run > 4 {
			runes[i-4] = '*'
		}
	}
	return string(runes)
}
