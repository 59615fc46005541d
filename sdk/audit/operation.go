package audit

import (
	"slices"

	"github.com/payrack/payrack/sdk/pay"
)

// checkOutcome holds what one operation's row says of itself: §3.4 to §3.7, §3.9 and §3.10.
func (c *check) checkOutcome(op *Operation) {
	if op.Final != op.Outcome.Final() {
		c.breaks("unknown_zero", op)
	}
	if !op.Final && c.quiet(op) && !op.Unprovable {
		c.breaks("unsettled", op)
	}
	if !op.Kind.Money() {
		return
	}
	if op.Amount <= 0 || op.Currency == "" {
		c.breaks("no_amount", op, "Amount", op.Amount, "Currency", op.Currency)
	}
	approved := op.Final && op.Outcome == pay.Approved
	switch {
	case approved && !op.Charged:
		c.breaks("no_proof", op)
	case op.Charged && op.Approved != op.Amount && (op.Kind != pay.KindBasket || op.Approved <= 0 || op.Approved > op.Amount):
		c.breaks("other_sum", op, "Approved", op.Approved, "Amount", op.Amount)
	}
	c.checkAbandoned(op, approved)
	c.checkReversal(op, approved)
	switch {
	case op.Shift != 0 && op.Charged && op.BookedShift == 0:
		c.breaks("not_booked", op)
	case op.BookedShift != 0 && !op.Charged:
		c.breaks("booked_unmoved", op, "Shift", op.BookedShift)
	}
}

// checkAbandoned holds §3.6.
func (c *check) checkAbandoned(op *Operation, approved bool) {
	if !op.Abandoned {
		return
	}
	switch {
	case !op.Kind.Payment():
		c.breaks("never_abandoned", op)
	case approved:
		c.breaks("abandoned_approved", op)
	case op.Ack == pay.AckConfirm:
		c.breaks("abandoned_confirmed", op)
	}
}

// checkReversal holds §3.7: what is to go back is on its way, and arrives.
func (c *check) checkReversal(op *Operation, approved bool) {
	if !op.Kind.Payment() {
		if op.Charged && op.Final && !approved && op.ResolvedBy == "" {
			c.breaks("not_reversed", op, "Outcome", op.Outcome)
		}
		return
	}
	switch {
	case op.Reversal != pay.ReversalNone && !op.Charged:
		c.breaks("reversal_of_nothing", op)
	case op.Reversal != pay.ReversalNone && approved && op.Ack != pay.AckReverse:
		c.breaks("reversed_unasked", op)
	case op.Reversal == pay.ReversalDone:
		if back := c.returned[op.Ref]; back.proved+back.listed+op.Elsewhere < op.Approved {
			c.breaks("reversal_short", op, "Back", back.proved+back.listed+op.Elsewhere, "Amount", op.Approved)
		}
	case op.Reversal == pay.ReversalUnderWay:
		if c.quiet(op) {
			c.breaks("reversal_open", op)
		}
	case approved && op.Ack == pay.AckReverse:
		c.breaks("reverse_lost", op)
	case op.Charged && op.Final && !approved && op.ResolvedBy == "":
		c.breaks("not_reversed", op, "Outcome", op.Outcome)
	}
}

// commits are the transitions after which money may move; ends are those that give the final outcome.
var (
	commits = []string{"committing", "shown"}
	ends    = []string{"approved", "declined", "cancelled", "not_prepared", "not_sent", "not_found", "failed", "timeout", "cut_off", "needs_prompt", "resolved"}
)

// committed is the place of the first event after which money may move, or -1.
func committed(op *Operation) int {
	return slices.IndexFunc(op.Events, func(e Event) bool { return slices.Contains(commits, e.Name) })
}

// checkStory holds an operation's events against each other and against its outcome: §3.2 and §3.5.
func (c *check) checkStory(op *Operation) {
	end := ""
	for i, e := range op.Events {
		if i > 0 && e.Number != op.Events[i-1].Number+1 || i == 0 && e.Number > 1 {
			var last int64
			if i > 0 {
				last = op.Events[i-1].Number
			}
			c.breaks("event_missing", op, "Number", e.Number, "Last", last)
		}
		if !slices.Contains(ends, e.Name) {
			continue
		}
		if end != "" {
			c.breaks("two_ends", op, "First", end, "Second", e.Name)
		}
		end = e.Name
	}
	if end == "" || end == "resolved" {
		return
	}
	if !op.Final || (op.Outcome == pay.Approved) != (end == "approved") {
		c.breaks("end_differs", op, "Event", end, "Outcome", op.Outcome)
	}
}

// checkReturns holds §3.7 by the journals alone, and that a shift is closed once (§3.9).
func (c *check) checkReturns() {
	type shift struct {
		module string
		number int64
	}
	closed := map[shift]pay.Ref{}
	for i := range c.Operations {
		op := &c.Operations[i]
		if op.Kind == pay.KindCloseDay && op.Outcome == pay.Approved && op.Shift != 0 {
			if other, taken := closed[shift{op.Module, op.Shift}]; taken {
				c.breaks("closed_twice", op, "Shift", op.Shift, "Other", other)
			}
			closed[shift{op.Module, op.Shift}] = op.Ref
		}
		if op.Kind.Returns() {
			payment, found := c.byRef[op.Original]
			if !found || !c.Operations[payment].Kind.Payment() || !c.Operations[payment].Charged || c.Operations[payment].Currency != op.Currency {
				c.breaks("returns_nothing", op)
			}
		}
		if r, any := c.returned[op.Ref]; any && op.Kind.Payment() && r.proved+r.open > op.Approved {
			c.breaks("returns_exceed", op, "Back", r.proved+r.open, "Amount", op.Approved)
		}
	}
}
