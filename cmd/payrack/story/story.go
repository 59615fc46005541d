// Package story tells what became of one operation on one screen: what was asked, what was silent for how long, what came back, whether
// money moved, and what the till was told.
//
// It reads what a module's Find gives for "story" and writes sentences in the user's language. It asks nobody and reads no clock.
package story

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Story is one operation with its past.
type Story struct {
	Operation pay.Operation   `json:"operation"`
	Events    []Event         `json:"events"`
	Exchanges []Exchange      `json:"exchanges"`
	Reversals []pay.Operation `json:"reversals,omitempty"`
	Refunds   []pay.Operation `json:"refunds,omitempty"`
}

// Event is one journaled transition.
type Event struct {
	Number int64           `json:"number"`
	Time   time.Time       `json:"time"`
	Name   string          `json:"name"`
	Data   json.RawMessage `json:"data,omitempty"`
}

// Exchange is one request to the provider, from the request log. Time is when it left.
type Exchange struct {
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	OK        bool      `json:"ok"`
	Initiator string    `json:"initiator,omitempty"`
	Status    int       `json:"status,omitempty"` // 0: no answer
	Error     string    `json:"error,omitempty"`
	Millis    int64     `json:"duration_ms"`
}

func (x Exchange) duration() time.Duration { return time.Duration(max(x.Millis, 0)) * time.Millisecond }

// silence is the shortest pause that is worth a line.
const silence = 3 * time.Second

// teller writes one story.
type teller struct {
	w        io.Writer
	story    Story
	language string
	zone     *time.Location
	clock    time.Time // the time of the last line
	silent   time.Duration
}

// Tell writes the story in a language ("ru" or "en"), its times in a zone.
func Tell(w io.Writer, s Story, language string, zone *time.Location) error {
	var b strings.Builder
	t := &teller{w: &b, story: s, language: language, zone: zone}
	t.head()
	t.past()
	t.end()
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *teller) say(id string, pairs ...any) string {
	data := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		data[pairs[i].(string)] = pairs[i+1]
	}
	return text.Say(t.language, "cli.story."+id, data)
}

// known gives words where the catalogue has them.
func (t *teller) known(id string, pairs ...any) (string, bool) {
	words := t.say(id, pairs...)
	return words, words != "cli.story."+id
}

func (t *teller) line(format string, args ...any) { fmt.Fprintf(t.w, format+"\n", args...) }

func (t *teller) head() {
	op := t.story.Operation
	title := "title"
	if op.Number == 0 {
		title = "title.unnumbered"
	}
	t.line("%s", t.say(title, "Number", op.Number, "Kind", t.kind(op.Kind), "Amount", t.sum(op), "Module", op.Module))
	facts := []string{"ref " + string(op.Ref)}
	for _, fact := range []struct {
		id    string
		value string
	}{
		{"receipt", op.Receipt}, {"document", op.Document}, {"shift", nonZero(op.Shift)}, {"provider_number", nonZero(op.ProviderNumber)},
		{"original", string(op.OriginalRef)}, {"system", op.System}, {"payer", op.Payer}, {"rrn", op.RRN},
	} {
		if fact.value != "" {
			facts = append(facts, t.say("fact."+fact.id, "Value", clean(fact.value)))
		}
	}
	t.line("%s", strings.Join(facts, ", "))
	if !op.Begun.IsZero() {
		t.line("%s", op.Begun.In(t.zone).Format("02.01.2006 -07:00"))
	}
	t.line("")
}

// sum is the amount of an operation that moves money, with a leading space.
func (t *teller) sum(op pay.Operation) string {
	if !op.Kind.Money() {
		return ""
	}
	return " " + t.money(op.Amount, op.Currency)
}

func (t *teller) money(amount pay.Amount, currency pay.Currency) string {
	s := amount.String()
	if t.language != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + " " + string(cmp.Or(currency, pay.RUB))
}

func (t *teller) kind(k pay.Kind) string {
	id := "cli.kind." + string(k)
	if words := text.Say(t.language, id, nil); words != id {
		return words
	}
	return string(k)
}

// span is a duration as people say it.
func (t *teller) span(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Second:
		return t.say("span.millis", "Millis", d.Milliseconds())
	case d < 10*time.Second:
		s := fmt.Sprintf("%.1f", d.Seconds())
		if t.language != "en" {
			s = strings.Replace(s, ".", ",", 1)
		}
		return t.say("span.seconds", "Seconds", s)
	case d < time.Minute:
		return t.say("span.seconds", "Seconds", fmt.Sprint(int64(d.Round(time.Second)/time.Second)))
	case d < time.Hour:
		d = d.Round(time.Second)
		return t.say("span.minutes", "Minutes", int64(d/time.Minute), "Seconds", int64(d%time.Minute/time.Second))
	case d < 48*time.Hour:
		d = d.Round(time.Minute)
		return t.say("span.hours", "Hours", int64(d/time.Hour), "Minutes", int64(d%time.Hour/time.Minute))
	}
	return t.say("span.days", "Days", int64(d/(24*time.Hour)))
}

func nonZero(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// clean keeps what others wrote from steering the terminal or breaking the line.
func clean(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == '\u202d'
	}), " ")
}

// sorted gives a story's entries in the order in which they happened: an exchange when it left. At one moment the journal comes first,
// because it is written before anything is sent.
func sorted(s Story) []entry {
	var list []entry
	for i := range s.Events {
		list = append(list, entry{at: s.Events[i].Time, until: s.Events[i].Time, event: &s.Events[i]})
	}
	for i := range s.Exchanges {
		x := &s.Exchanges[i]
		list = append(list, entry{at: x.Time, until: x.Time.Add(x.duration()), exchanges: []*Exchange{x}})
	}
	slices.SortStableFunc(list, func(a, b entry) int { return a.at.Compare(b.at) })
	return list
}
