package audit

import "github.com/payrack/payrack/sdk/pay"

// heard is what a till heard last of an operation.
type heard struct {
	Told
	tender bool // another tender was allowed before
}

// checkTold holds what tills heard against each other, against the journals and against the provider.
func (c *check) checkTold() {
	last := make(map[pay.Ref]heard, len(c.Told))
	for i := range c.Told {
		now := c.Told[i]
		before, again := last[now.Ref]
		op := c.operation(now.Ref)
		if again && before.Outcome.Final() && now.Outcome != before.Outcome && now.ResolvedBy == before.ResolvedBy {
			c.breaks("told_changed", c.named(now.Ref), "Till", now.Till, "First", before.Outcome, "Second", now.Outcome)
		}
		if before.tender && now.Outcome == pay.Approved {
			c.breaks("other_tender", c.named(now.Ref), "Till", now.Till)
		}
		last[now.Ref] = heard{now, before.tender || now.OtherTender}
		c.checkHeard(now, op)
	}
}

// checkHeard holds one outcome that was told against the journal, and an approval against the provider.
func (c *check) checkHeard(now Told, op *Operation) {
	switch {
	case !now.Outcome.Final():
		return
	case op == nil:
		// What no module journaled was never sent, and the host may call it cancelled (§3.2).
		if now.Outcome != pay.Cancelled {
			c.breaks("not_journaled", c.named(now.Ref), "Till", now.Till, "Outcome", now.Outcome)
		}
		return
	case !op.Final:
		c.breaks("told_unwritten", op, "Till", now.Till, "Outcome", now.Outcome, "Journal", op.Outcome)
		return
	case op.Outcome != now.Outcome && op.ResolvedBy == now.ResolvedBy:
		c.breaks("told_differs", op, "Till", now.Till, "Outcome", now.Outcome, "Journal", op.Outcome)
		return
	}
	if now.Outcome != pay.Approved || !op.Kind.Money() {
		return
	}
	if now.Amount != op.Approved {
		c.breaks("told_sum", op, "Till", now.Till, "Told", now.Amount, "Approved", op.Approved)
	}
}

func (c *check) operation(ref pay.Ref) *Operation {
	if i, ok := c.byRef[ref]; ok {
		return &c.Operations[i]
	}
	return nil
}

// named is the operation of a ref, or its name alone where no journal has it.
func (c *check) named(ref pay.Ref) *Operation {
	if op := c.operation(ref); op != nil {
		return op
	}
	return &Operation{Ref: ref}
}
