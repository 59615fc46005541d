package audit

import (
	"fmt"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// sentence is one way in which a rule can be broken. {Name} in its text stands for a value of the violation's Data.
type sentence struct{ rule, text string }

// sentences are all of them, by ID.
var sentences = map[string]sentence{
	"ref_twice":             {"3.1", "two operations bear this ref: in {Module} and in {Other}"},
	"not_journaled":         {"3.1", "till {Till} was told {Outcome}, and no journal knows the operation"},
	"not_indexed":           {"3.1", "the host's index does not know the ref"},
	"index_alone":           {"3.1", "the host's index says that {Module} journaled it, and no journal knows it"},
	"index_elsewhere":       {"3.1", "the host's index says that it is in {Module}, it is in {Other}"},
	"index_differs":         {"3.5", "the host has heard {Outcome}, and the journal says {Journal}"},
	"document_twice":        {"3.1", "document {Document} has another payout that is approved or not settled: {Other}"},
	"no_document":           {"3.1", "a payout names no document"},
	"moved_unknown":         {"3.2", "the provider says that {Kind} {Transaction} moved {Amount}, and no journal knows the key"},
	"moved_unwritten":       {"3.2", "money moved, but the journal holds no record that it was about to be asked for"},
	"returned_unasked":      {"3.2", "the provider gave back {Back}, of which the journal asked for {Asked}"},
	"event_missing":         {"3.2", "event {Number} follows event {Last} in the journal"},
	"told_unwritten":        {"3.2", "till {Till} was told {Outcome}, and the journal says {Journal}"},
	"no_key":                {"3.3", "a request about money was journaled without a key"},
	"key_twice":             {"3.3", "its key is that of {Other} too"},
	"moved_twice":           {"3.3", "it moved money {Times} times, {Amount} in all"},
	"key_moved_twice":       {"3.3", "a key that no journal knows moved money {Times} times"},
	"no_proof":              {"3.4", "it is approved without the provider's proof"},
	"not_paid":              {"3.4", "it is approved, and the provider says that nothing moved"},
	"charged_unmoved":       {"3.4", "the journal says that money moved, and the provider says that it did not"},
	"unknown_zero":          {"3.4", "it is final without an outcome, or has an outcome without being final"},
	"two_ends":              {"3.5", "its journal tells two ends: {First}, then {Second}"},
	"end_differs":           {"3.5", "its journal tells the end {Event}, and its outcome is {Outcome}"},
	"unsettled":             {"3.5", "it is still not settled"},
	"told_changed":          {"3.5", "till {Till} was told {First}, later {Second}"},
	"told_differs":          {"3.5", "till {Till} was told {Outcome}, and the journal says {Journal}"},
	"charged_away":          {"3.6", "it ended {Outcome}, and {Net} of the customer's money are still with the shop"},
	"abandoned_approved":    {"3.6", "it was abandoned, and is approved all the same"},
	"abandoned_confirmed":   {"3.6", "it was abandoned, and is confirmed all the same"},
	"never_abandoned":       {"3.6", "it cannot be reversed, and was abandoned"},
	"other_tender":          {"3.6", "till {Till} was told that another tender may be taken, and later that it is approved"},
	"not_reversed":          {"3.7", "money moved after {Outcome} was told, and no reversal began"},
	"reverse_lost":          {"3.7", "the till asked for its money back, and no reversal began"},
	"reversed_unasked":      {"3.6", "it is approved, nobody asked for the money back, and it is given back"},
	"reversal_of_nothing":   {"3.7", "a reversal began of what was never charged"},
	"reversal_open":         {"3.7", "its reversal has not ended"},
	"reversal_unpaid":       {"3.7", "its reversal is done, and the provider gave back {Back} of {Amount}"},
	"reversal_short":        {"3.7", "its reversal is done, and the journal gave back {Back} of {Amount}"},
	"returns_exceed":        {"3.7", "refunds and reversals take {Back}, the payment was {Amount}"},
	"moved_back_exceeds":    {"3.7", "the provider gave back {Back}, the payment was {Amount}"},
	"returns_nothing":       {"3.7", "it gives back a payment that is not in the journal, or was never charged"},
	"no_number":             {"3.8", "it has no through number"},
	"number_twice":          {"3.8", "through number {Number} is that of {Other} too"},
	"number_falls":          {"3.8", "through number {Number} follows {Last}"},
	"provider_number_twice": {"3.8", "the provider's number {Number} is that of {Other} too"},
	"not_booked":            {"3.9", "money moved, and it is in no shift"},
	"booked_unmoved":        {"3.9", "it is booked in shift {Shift}, and no money moved"},
	"closed_twice":          {"3.9", "shift {Shift} was closed by {Other} already"},
	"totals":                {"3.9", "the journals count {Journal} {Currency}, the provider {Provider}"},
	"no_amount":             {"3.10", "its sum is {Amount} {Currency}"},
	"other_sum":             {"3.10", "it was approved for {Approved}, asked were {Amount}"},
	"moved_other":           {"3.10", "it was approved for {Approved} {Currency}, the provider moved {Moved}"},
	"moved_currency":        {"3.10", "the provider moved another currency than {Currency}"},
	"told_sum":              {"3.10", "till {Till} was told {Told}, the journal says {Approved}"},
}

// note completes a violation by the sentence of its ID, and keeps it. Data are names and values in turn.
func (c *check) note(v Violation, data ...any) {
	s := sentences[v.ID]
	v.Rule, v.Text = s.rule, s.text
	for i := 0; i+1 < len(data); i += 2 {
		if v.Data == nil {
			v.Data = map[string]any{}
		}
		name := data[i].(string)
		v.Data[name] = data[i+1]
		v.Text = strings.ReplaceAll(v.Text, "{"+name+"}", fmt.Sprint(data[i+1]))
	}
	c.found = append(c.found, v)
}

// Rules are the IDs that a violation can have, with the paragraph and the English text of each.
func Rules() map[string][2]string {
	all := make(map[string][2]string, len(sentences))
	for id, s := range sentences {
		all[id] = [2]string{s.rule, s.text}
	}
	return all
}

// checkNames holds §3.1 and §3.3: one ref, one operation, one key.
func (c *check) checkNames() {
	for i := range c.Operations {
		op := &c.Operations[i]
		if first := c.byRef[op.Ref]; first != i {
			c.breaks("ref_twice", op, "Module", c.Operations[first].Module, "Other", op.Module)
		}
		switch {
		case strings.Trim(op.Key, "0-") == "":
			if op.Kind.Money() && committed(op) >= 0 {
				c.breaks("no_key", op)
			}
		case c.byName[op.Key] != i && c.Operations[c.byName[op.Key]].Key == op.Key:
			c.breaks("key_twice", op, "Other", c.Operations[c.byName[op.Key]].Ref)
		}
	}
}

// checkDocuments holds §3.1: a document is paid out once, over all modules.
func (c *check) checkDocuments() {
	standing := map[string]pay.Ref{}
	for i := range c.Operations {
		op := &c.Operations[i]
		if op.Kind != pay.KindPayout {
			continue
		}
		if op.Document == "" {
			c.breaks("no_document", op)
			continue
		}
		if op.Final && op.Outcome != pay.Approved {
			continue
		}
		if other, taken := standing[op.Document]; taken {
			c.breaks("document_twice", op, "Document", op.Document, "Other", other)
			continue
		}
		standing[op.Document] = op.Ref
	}
}

// checkNumbers holds §3.8: each attempt takes a number that is above all before it in its module.
func (c *check) checkNumbers() {
	type numbered struct {
		module string
		number int64
	}
	own, theirs := map[numbered]pay.Ref{}, map[numbered]pay.Ref{}
	last := map[string]int64{}
	for i := range c.Operations {
		op := &c.Operations[i]
		if n := (numbered{op.Module, op.ProviderNumber}); op.ProviderNumber != 0 {
			if other, taken := theirs[n]; taken {
				c.breaks("provider_number_twice", op, "Number", op.ProviderNumber, "Other", other)
			} else {
				theirs[n] = op.Ref
			}
		}
		if op.Number == 0 {
			if op.Kind.Numbered() {
				c.breaks("no_number", op)
			}
			continue
		}
		n := numbered{op.Module, op.Number}
		if other, taken := own[n]; taken {
			c.breaks("number_twice", op, "Number", op.Number, "Other", other)
			continue
		}
		own[n] = op.Ref
		if op.Number < last[op.Module] {
			c.breaks("number_falls", op, "Number", op.Number, "Last", last[op.Module])
		}
		last[op.Module] = max(last[op.Module], op.Number)
	}
}
