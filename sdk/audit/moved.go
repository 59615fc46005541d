package audit

import (
	"cmp"
	"maps"
	"slices"

	"github.com/payrack/payrack/sdk/pay"
)

// checkMoved holds the journals against what the provider says moved.
func (c *check) checkMoved() {
	c.checkStrays()
	for i := range c.Operations {
		op, e := &c.Operations[i], c.entries[i]
		if !op.Kind.Money() {
			continue
		}
		if e.moved > 1 {
			c.breaks("moved_twice", op, "Times", e.moved, "Amount", e.sum)
		}
		if (e.moved > 0 || e.back > 0) && len(op.Events) > 0 && committed(op) < 0 {
			c.breaks("moved_unwritten", op)
		}
		if e.other {
			c.breaks("moved_currency", op, "Currency", op.Currency)
		}
		if op.Kind.Payment() {
			c.checkGivenBack(op, e)
		}
		c.checkAgreement(op, e)
	}
}

// checkStrays lists what moved under a key that no journal knows.
func (c *check) checkStrays() {
	times := map[string]int{}
	for _, m := range c.strays {
		c.breaks("moved_unknown", nil, "Kind", m.Kind, "Transaction", m.Transaction, "Amount", m.Amount)
		times[m.Kind+" "+m.Key]++
		if times[m.Kind+" "+m.Key] == 2 && m.Kind != Reversal {
			c.breaks("key_moved_twice", nil, "Times", 2)
		}
	}
}

// checkAgreement holds one operation's outcome against what it moved.
func (c *check) checkAgreement(op *Operation, e entry) {
	approved := op.Final && op.Outcome == pay.Approved
	net := e.sum
	if op.Kind.Payment() {
		net -= e.back
	}
	unnamed := op.Kind.Returns() && !e.named // the provider may count it under the payment's key: see checkGivenBack
	switch {
	case op.ResolvedBy != "" && op.Charged && op.Reversal == pay.ReversalNone:
		// A person's word stands, and proof to the contrary is listed (§3.5).
	case unnamed || !c.covered(op):
	case approved && e.moved == 0:
		c.breaks("not_paid", op)
	case op.Charged && e.moved == 0:
		c.breaks("charged_unmoved", op)
	case op.Charged && e.moved == 1 && e.sum != op.Approved:
		c.breaks("moved_other", op, "Approved", op.Approved, "Currency", op.Currency, "Moved", e.sum)
	case op.Final && !approved && net != 0:
		if c.quiet(op) || op.Reversal == pay.ReversalDone {
			c.breaks("charged_away", op, "Outcome", op.Outcome, "Net", net)
		}
	}
}

// checkGivenBack holds what the provider gave back of a payment against what the journal asked for (§3.7).
func (c *check) checkGivenBack(op *Operation, e entry) {
	r := c.returned[op.Ref]
	asked := r.proved + r.listed
	switch {
	case e.back > e.sum && (e.moved > 0 || c.covered(op)):
		c.breaks("moved_back_exceeds", op, "Back", e.back, "Amount", e.sum)
	case r.word:
	case e.back < asked && c.covered(op):
		c.breaks("charged_unmoved", op)
	case op.Reversal == pay.ReversalDone && e.back < op.Approved && c.covered(op):
		c.breaks("reversal_unpaid", op, "Back", e.back, "Amount", op.Approved)
	case !op.Final || op.Outcome != pay.Approved && !op.Charged:
		// A cancel may have undone what was paid: the provider's word of it is still to come, or was Cancelled.
	case e.back > asked+op.Elsewhere+r.open || c.quiet(op) && e.back > asked+op.Elsewhere:
		c.breaks("returned_unasked", op, "Back", e.back, "Asked", asked+op.Elsewhere+r.open)
	}
}

// checkTotals holds §3.9 when everything is settled: journals and provider agree to the minor unit, by currency. What a person settled
// against the provider's books is left out of both.
func (c *check) checkTotals() {
	if !c.Quiet || !c.From.IsZero() || !c.To.IsZero() {
		return
	}
	journal, provider := map[pay.Currency]pay.Amount{}, map[pay.Currency]pay.Amount{}
	for i := range c.Operations {
		op := &c.Operations[i]
		if op.Charged && !c.byWord(op) {
			journal[op.Currency] += signed(op.Kind.Payment(), op.Approved) - op.Elsewhere
		}
	}
	for _, m := range c.Movements {
		if own, known := c.byName[m.Key]; known && c.byWord(&c.Operations[own]) {
			continue
		}
		provider[m.Currency] += signed(m.Kind == Payment, m.Amount)
	}
	currencies := slices.Collect(maps.Keys(journal))
	for currency := range provider {
		if _, both := journal[currency]; !both {
			currencies = append(currencies, currency)
		}
	}
	slices.SortFunc(currencies, cmp.Compare[pay.Currency])
	for _, currency := range currencies {
		if journal[currency] != provider[currency] {
			c.breaks("totals", nil, "Journal", journal[currency], "Currency", currency, "Provider", provider[currency])
		}
	}
}

func (c *check) byWord(op *Operation) bool {
	if op.ResolvedBy != "" {
		return true
	}
	if parent := c.operation(op.Original); op.Kind.Returns() && parent != nil {
		return parent.ResolvedBy != "" || c.returned[op.Original].word
	}
	return c.returned[op.Ref].word
}

func signed(in bool, sum pay.Amount) pay.Amount {
	if in {
		return sum
	}
	return -sum
}
