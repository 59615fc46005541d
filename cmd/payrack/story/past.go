package story

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// entry is one line of the past: a transition, or one or more requests of the same sort with the same end.
type entry struct {
	at, until time.Time
	event     *Event
	exchanges []*Exchange
}

// past writes what happened, with its pauses.
func (t *teller) past() {
	entries := gathered(sorted(t.story))
	if len(entries) == 0 {
		t.line("%s", t.say("empty"))
		return
	}
	t.clock = entries[0].at
	for _, e := range entries {
		if pause := e.at.Sub(t.clock); pause >= silence {
			t.line("%14s%s", "", t.say("silence", "Span", t.span(pause)))
		}
		if e.event != nil {
			t.event(e)
		} else {
			t.exchange(e)
		}
		if e.until.After(t.clock) {
			t.clock = e.until
		}
	}
}

// gathered makes one entry of requests that follow one another, do the same and end the same, so that five minutes of asking take one line.
func gathered(entries []entry) []entry {
	var out []entry
	for _, e := range entries {
		if n := len(out); n > 0 && e.event == nil && out[n-1].event == nil && alike(out[n-1].exchanges[0], e.exchanges[0]) {
			out[n-1].exchanges = append(out[n-1].exchanges, e.exchanges...)
			out[n-1].until = e.until
			continue
		}
		out = append(out, e)
	}
	return out
}

func alike(a, b *Exchange) bool {
	return a.Method == b.Method && a.Status == b.Status && a.OK == b.OK && a.Error == b.Error && a.duration() < silence && b.duration() < silence
}

func (t *teller) at(at time.Time, words string) {
	t.line("%s  %s", at.In(t.zone).Format("15:04:05.000"), words)
}

// event writes one transition. A name that is not known, of a newer module, stands as it is.
func (t *teller) event(e entry) {
	op := t.story.Operation
	data := facts(e.event.Data)
	who := data["by"]
	if who == "" {
		who = op.ResolvedBy
	}
	pairs := []any{"Pos", clean(op.PosID), "Kind", t.kind(op.Kind), "Amount", t.sum(op), "Who", clean(who)}
	words, ok := t.known("event."+e.event.Name+"."+t.side(data["code"]), pairs...)
	if !ok {
		words, ok = t.known("event."+e.event.Name, pairs...)
	}
	if !ok {
		words = t.say("event", "Name", clean(e.event.Name))
	}
	if e.event.Name == "begun" && op.Operator != "" {
		words += t.say("operator", "Operator", clean(op.Operator))
	}
	if reason := cmp.Or(data["reason"], data["timer"]); reason != "" {
		known, ok := t.known("reason." + reason)
		switch {
		case ok:
			words += " (" + known + ")"
		case data["reason"] != "":
			words += " (" + clean(reason) + ")"
		}
	}
	said := strings.TrimSpace(clean(data["code"] + " " + data["text"]))
	if !op.Kind.Money() {
		said = clean(cmp.Or(data["text"], data["code"])) // the words are enough where no bank is to be asked about a code
	}
	if said != "" {
		words += ": " + said
	}
	t.at(e.at, words)
}

// side is which other words an event has: of an operation without money, or of a refusal that is ours and not the provider's.
func (t *teller) side(code string) string {
	switch {
	case !t.story.Operation.Kind.Money():
		return "plain"
	case strings.HasPrefix(code, "PR_E_"):
		return "own"
	}
	return "provider"
}

// facts reads the plain words of an event's data; what is no text is left alone.
func facts(raw json.RawMessage) map[string]string {
	var all map[string]any
	out := map[string]string{}
	if json.Unmarshal(raw, &all) != nil {
		return out
	}
	for name, value := range all {
		if s, ok := value.(string); ok {
			out[name] = s
		}
	}
	return out
}

// exchange writes what was asked and what came back.
func (t *teller) exchange(e entry) {
	x := e.exchanges[0]
	words := t.say("asked", "Method", clean(x.Method))
	if n := len(e.exchanges); n > 1 {
		words = t.say("asked_often", "Method", clean(x.Method), "Times", n)
	}
	longest := time.Duration(0)
	for _, one := range e.exchanges {
		longest = max(longest, one.duration())
	}
	switch {
	case x.Status == 0:
		t.silent += sumOf(e.exchanges)
		id := "no_answer"
		if longest < silence {
			id = "cut" // nothing was waited for
		}
		words += " " + t.say(id, "Span", t.span(longest))
	case len(e.exchanges) > 1:
		words += " " + t.say("answers", "Status", x.Status, "Until", e.until.In(t.zone).Format("15:04:05"))
	default:
		words += " " + t.say("answer", "Status", x.Status, "Span", t.span(x.duration()))
	}
	if x.Error != "" {
		words += ": " + clean(x.Error)
	} else if !x.OK && x.Status != 0 {
		words += ": " + t.say("not_understood")
	}
	t.at(e.at, words)
}

func sumOf(list []*Exchange) (total time.Duration) {
	for _, x := range list {
		total += x.duration()
	}
	return total
}

// end tells the outcome: the money, the till, what went back, how long it took.
func (t *teller) end() {
	op := t.story.Operation
	t.line("")
	t.line("%s", t.say("money", "Text", t.moneyWords(op)))
	t.line("%s", t.say("till", "Text", t.tillWords(op)))
	for _, r := range slices.Concat(t.story.Reversals, t.story.Refunds) {
		outcome := "cli.outcome.word." + r.Outcome.String()
		if r.Running {
			outcome = "cli.outcome.word.running"
		}
		t.line("%s", t.say("related", "Kind", t.kind(r.Kind), "Ref", string(r.Ref), "Amount", t.sum(r), "Outcome", t.word(outcome)))
	}
	if op.Hint != "" && op.Outcome != pay.Approved {
		t.line("%s", t.say("hint", "Text", clean(op.Hint)))
	}
	if !op.Begun.IsZero() && !op.Settled.IsZero() {
		words := t.say("took", "Span", t.span(op.Settled.Sub(op.Begun)))
		if t.silent >= silence {
			words += t.say("took_silent", "Span", t.span(t.silent))
		}
		t.line("%s", words)
	}
	if op.Log != "" {
		t.line("%s", t.say("log", "Path", clean(op.Log)))
	}
}
