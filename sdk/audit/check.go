package audit

import (
	"github.com/payrack/payrack/sdk/pay"
)

// Check holds the books against the rules of design §3. What it returns is empty where all of them held.
func Check(b Books) []Violation {
	c := open(b)
	c.checkNames()
	c.checkIndex()
	c.checkNumbers()
	c.checkDocuments()
	for i := range c.Operations {
		c.checkOutcome(&c.Operations[i])
		c.checkStory(&c.Operations[i])
	}
	c.checkReturns()
	c.checkTold()
	if c.Provider {
		c.checkMoved()
		c.checkTotals()
	}
	return c.found
}

// check is books that are being looked through.
type check struct {
	Books
	found []Violation

	byRef    map[pay.Ref]int // place in Operations
	byName   map[string]int  // by key, and by the provider's other names
	entries  []entry         // beside Operations
	strays   []Movement      // what no journal knows
	returned map[pay.Ref]returns
}

// entry is what the provider's books say of one operation.
type entry struct {
	moved int        // how often it moved money by itself
	sum   pay.Amount // how much, in all
	back  pay.Amount // of a payment: how much was given back, by whatever
	named bool       // a movement that gave back names this reversal or refund as what moved it
	other bool       // a movement in another currency
}

// returns is what refunds and reversals of one payment take, by the journal.
type returns struct {
	proved pay.Amount // charged
	open   pay.Amount // running or Unknown
	listed pay.Amount // charged after they were finally told to be declined: listed as contradictions
	word   bool       // a person's word stands behind one of them
}

func open(b Books) *check {
	c := &check{Books: b, byRef: make(map[pay.Ref]int, len(b.Operations)), byName: make(map[string]int, 2*len(b.Operations)),
		entries: make([]entry, len(b.Operations)), returned: map[pay.Ref]returns{}}
	for i := range c.Operations {
		op := &c.Operations[i]
		if _, taken := c.byRef[op.Ref]; !taken {
			c.byRef[op.Ref] = i
		}
		if _, taken := c.byName[op.Key]; !taken && op.Key != "" {
			c.byName[op.Key] = i
		}
	}
	for i := range c.Operations {
		op := &c.Operations[i]
		for _, id := range op.ProviderIDs {
			if have, taken := c.byName[id]; !taken || c.Operations[have].Kind.Returns() && !op.Kind.Returns() {
				c.byName[id] = i
			}
		}
		if op.Kind.Returns() {
			c.returned[op.Original] = c.returned[op.Original].with(op)
		}
	}
	for i := range c.Movements {
		c.enter(c.Movements[i])
	}
	return c
}

func (r returns) with(op *Operation) returns {
	switch {
	case op.Charged && op.Final && op.Outcome != pay.Approved:
		r.listed += op.Approved
	case op.Charged:
		r.proved += op.Approved
	case !op.Final:
		r.open += op.Amount
	}
	r.word = r.word || op.ResolvedBy != ""
	return r
}

// enter puts a movement to the operation that moved it, and to the payment that it gives back.
func (c *check) enter(m Movement) {
	own, known := c.byName[m.Key]
	if !known && m.Of == "" {
		c.strays = append(c.strays, m)
		return
	}
	if m.Kind == Payment || m.Kind == Payout {
		if !known {
			c.strays = append(c.strays, m)
			return
		}
		c.entries[own].take(m, &c.Operations[own])
		return
	}
	payment, found := c.paymentOf(m, own, known)
	if found {
		c.entries[payment].back += m.Amount
		c.entries[payment].other = c.entries[payment].other || m.Currency != c.Operations[payment].Currency
	}
	switch {
	case known && c.Operations[own].Kind.Returns():
		c.entries[own].named = true
		c.entries[own].take(m, &c.Operations[own])
	case found && c.Operations[payment].Elsewhere > 0: // it is listed as such
	case !found, !known && m.Kind == Refund:
		c.strays = append(c.strays, m) // a refund bears the key of a refund, or the payment's where the provider knows no other
	}
}

func (e *entry) take(m Movement, op *Operation) {
	e.moved++
	e.sum += m.Amount
	e.other = e.other || m.Currency != op.Currency
}

// paymentOf is the payment that a refund or reversal gives back.
func (c *check) paymentOf(m Movement, own int, known bool) (int, bool) {
	if i, ok := c.byName[m.Of]; ok && m.Of != "" {
		return i, true
	}
	if !known {
		return 0, false
	}
	if c.Operations[own].Kind.Returns() {
		i, ok := c.byRef[c.Operations[own].Original]
		return i, ok
	}
	return own, true
}

// quiet says whether an operation must be settled by now.
func (c *check) quiet(op *Operation) bool {
	return c.Quiet || !c.QuietBefore.IsZero() && op.Begun.Before(c.QuietBefore)
}

// covered says whether what the operation moved lies within what the provider's books cover.
func (c *check) covered(op *Operation) bool {
	if !c.From.IsZero() && op.Begun.Before(c.From) {
		return false
	}
	return c.To.IsZero() || !op.Settled.IsZero() && op.Settled.Before(c.To)
}

// breaks notes a violation.
func (c *check) breaks(id string, op *Operation, data ...any) {
	v := Violation{ID: id}
	if op != nil {
		v.Ref, v.Module = op.Ref, op.Module
	}
	c.note(v, data...)
}
