package story

import (
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func (t *teller) word(id string) string { return text.Say(t.language, id, nil) }

// moneyWords says whether money moved. Only proof says that it did not.
func (t *teller) moneyWords(op pay.Operation) string {
	amount := t.money(op.ApprovedAmount, op.Currency)
	words := ""
	switch {
	case !op.Kind.Money():
		return t.say("money.none")
	case op.Running:
		words = t.say("money.running")
	case op.Outcome == pay.Unknown:
		words = t.say("money.unknown")
	case op.Outcome == pay.Approved && op.Kind.Returns():
		words = t.say("money.returned", "Amount", amount)
	case op.Outcome == pay.Approved && op.Kind == pay.KindPayout:
		words = t.say("money.paid_out", "Amount", amount)
	case op.Outcome == pay.Approved:
		words = t.say("money.charged", "Amount", amount)
	case op.Reversal != pay.ReversalNone:
		words = t.say("money.late") // it moved after all, and the outcome stays
	default:
		words = t.say("money.not_charged")
	}
	switch op.Reversal {
	case pay.ReversalUnderWay:
		words += " " + t.say("money.reversing")
	case pay.ReversalDone:
		words += " " + t.say("money.reversed")
	}
	if op.ResolvedBy != "" {
		words += " " + t.say("money.resolved", "Who", clean(op.ResolvedBy))
	}
	if op.Pending == "contradiction" {
		words += " " + t.say("money.contradiction")
	}
	return words
}

// tillWords says what the till was told, and what it said of it.
func (t *teller) tillWords(op pay.Operation) string {
	if op.Running {
		return t.say("till.waits")
	}
	if !op.Kind.Money() {
		return t.say("till.plain." + op.Outcome.String()) // nothing hangs on whether it was read
	}
	words := t.say("till.told."+op.Outcome.String()) + " "
	switch {
	case op.Ack == pay.AckConfirm, op.Ack == pay.AckReverse, op.Ack == pay.AckSeen:
		words += t.say("till." + string(op.Ack))
	case op.Outcome == pay.Unknown && op.OtherTender:
		words += t.say("till.other_tender")
	case op.Outcome == pay.Unknown:
		words += t.say("till.keeps_waiting")
	default:
		words += t.say("till.unread")
	}
	return words
}
