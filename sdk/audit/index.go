package audit

import "github.com/payrack/payrack/sdk/pay"

// checkIndex holds the host's index of refs against the journals: §3.1, and §3.5 of what the host has told.
func (c *check) checkIndex() {
	listed := make(map[pay.Ref]bool, len(c.Index))
	for _, x := range c.Index {
		listed[x.Ref] = true
		op := c.operation(x.Ref)
		switch {
		case op == nil && (x.Known || x.Outcome == pay.Approved || x.Outcome == pay.Declined):
			c.note(Violation{ID: "index_alone", Ref: x.Ref, Module: x.Module}, "Module", x.Module)
		case op == nil:
			// Taken and called off before its module journaled it, or on its way there.
		case op.Module != x.Module:
			c.breaks("index_elsewhere", op, "Module", x.Module, "Other", op.Module)
		case x.Outcome.Final() && (!op.Final || op.Outcome != x.Outcome):
			c.breaks("index_differs", op, "Outcome", x.Outcome, "Journal", op.Outcome)
		}
	}
	if !c.Indexed {
		return
	}
	for i := range c.Operations {
		op := &c.Operations[i]
		if parent, _ := op.Ref.Parent(); parent == op.Ref && !listed[op.Ref] {
			c.breaks("not_indexed", op)
		}
	}
}
