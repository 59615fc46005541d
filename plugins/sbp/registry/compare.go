package registry

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Row is one operation of the journal that was meant for the bank. Key is the engine's, 32 hexadecimal digits.
type Row struct {
	Ref     string
	Key     string
	Kind    Kind // Payment, or Refund (reversals too)
	Amount  int64
	Charged bool   // the money moved, by the bank's word
	Outcome string // for people and programs: approved, declined, cancelled, unknown
	Begun   time.Time
	Booked  time.Time // when the journal learned that the money moved
}

// Verdict is what became of one line or row.
type Verdict string

// The verdicts.
const (
	Agrees       Verdict = "agrees"
	Differs      Verdict = "differs"       // both have it; Why says in what
	OnlyRegistry Verdict = "only_registry" // the journal has nothing under this name
	OnlyJournal  Verdict = "only_journal"  // the registry of its day lacks it
	NextDay      Verdict = "next_day"      // it was under way at midnight and is not here: the neighbouring registry decides
)

// What a line differs in.
const (
	WhySum     = "sum"
	WhyOutcome = "outcome" // the journal says that no money moved
	WhyTwice   = "twice"   // the registry has it a second time
)

// Line is one line of the report. Sums are kopecks, nil where a side has none.
type Line struct {
	Verdict  Verdict   `json:"verdict"`
	Why      string    `json:"why,omitempty"`
	Kind     Kind      `json:"kind"`
	Time     time.Time `json:"time"`
	Order    string    `json:"order,omitempty"` // in the registry; of a refund its refundId
	Ref      string    `json:"ref,omitempty"`   // in the journal
	Registry *int64    `json:"registry,omitempty"`
	Journal  *int64    `json:"journal,omitempty"`
	Outcome  string    `json:"outcome,omitempty"` // in the journal, where it is not approved
}

// Sums are what one side has, in kopecks.
type Sums struct {
	Payments int64 `json:"payments"`
	Refunds  int64 `json:"refunds"`
}

// Report is a comparison. Lines that disagree come first.
type Report struct {
	Agrees   bool            `json:"agrees"` // everything agrees, and the bank's own totals add up
	From     time.Time       `json:"from"`
	To       time.Time       `json:"to"` // not included
	AddsUp   bool            `json:"adds_up"`
	Registry Sums            `json:"registry"`
	Journal  Sums            `json:"journal"` // of the rows that are in the lines
	Fees     int64           `json:"fees"`    // kopecks, as the bank wrote them
	Counts   map[Verdict]int `json:"counts"`
	Lines    []Line          `json:"lines"`
}

// name is under what a line and a row find each other.
type name struct {
	kind Kind
	key  string
}

// Compare holds a registry against the journal's rows, which should reach beyond the registry's days on both sides: a line finds its row
// by name, whenever that was begun.
func Compare(r Registry, rows []Row) Report {
	report := Report{From: r.From, To: r.To, AddsUp: r.Adds, Fees: r.Fees, Counts: map[Verdict]int{}, Lines: []Line{}}
	known, seen := map[name]*Row{}, map[name]bool{}
	for i := range rows {
		known[name{rows[i].Kind, strings.ToLower(rows[i].Key)}] = &rows[i]
	}
	for _, e := range r.Entries {
		n := e.name()
		row := known[n]
		report.add(compare(e, row, seen[n]))
		if seen[n] {
			continue
		}
		if seen[n] = row != nil; row != nil && row.Charged {
			report.Journal.count(row.Kind, row.Amount)
		}
	}
	for n, row := range known {
		if verdict := r.missing(*row); !seen[n] && verdict != "" {
			report.add(Line{Verdict: verdict, Kind: row.Kind, Time: row.Booked, Ref: row.Ref, Journal: &row.Amount})
			report.Journal.count(row.Kind, row.Amount)
		}
	}
	for _, e := range r.Entries {
		report.Registry.count(e.Kind, e.Amount)
	}
	report.Agrees = r.Adds && report.Counts[Agrees] == len(report.Lines)
	slices.SortStableFunc(report.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), a.Time.Compare(b.Time), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Ref, b.Ref))
	})
	return report
}

func (r *Report) add(l Line) {
	r.Lines = append(r.Lines, l)
	r.Counts[l.Verdict]++
}

func (s *Sums) count(kind Kind, amount int64) {
	switch kind {
	case Payment:
		s.Payments += amount
	case Refund:
		s.Refunds += amount
	}
}

func (l Line) rank() int {
	return slices.Index([]Verdict{Differs, OnlyRegistry, OnlyJournal, NextDay, Agrees}, l.Verdict)
}

// compare holds one line against its row, if there is one.
func compare(e Entry, row *Row, again bool) Line {
	l := Line{Verdict: Agrees, Kind: e.Kind, Time: e.Time, Order: e.Order, Registry: &e.Amount}
	if e.Kind == Refund {
		l.Order = e.RefundID
	}
	if row == nil {
		l.Verdict = OnlyRegistry
		return l
	}
	l.Ref = row.Ref
	if row.Charged {
		l.Journal = &row.Amount
	}
	switch {
	case again:
		l.Verdict, l.Why, l.Journal = Differs, WhyTwice, nil
	case !row.Charged:
		l.Verdict, l.Why, l.Outcome = Differs, WhyOutcome, row.Outcome
	case row.Amount != e.Amount:
		l.Verdict, l.Why = Differs, WhySum
	}
	return l
}

// missing is the verdict on a row that no line names; "" where the registry has nothing to say of it.
func (r Registry) missing(row Row) Verdict {
	in := func(t time.Time) bool { return !t.Before(r.From) && t.Before(r.To) }
	switch {
	case !row.Charged || row.Kind == Other:
		return ""
	case in(row.Begun) && in(row.Booked):
		return OnlyJournal
	case in(row.Begun) || in(row.Booked) || row.Begun.Before(r.From) && !row.Booked.Before(r.To):
		return NextDay
	}
	return ""
}

// name of a line: the key that its order or refundId carries, and the whole where there is none.
func (e Entry) name() name {
	id := e.Order
	if e.Kind == Refund {
		id = e.RefundID
	}
	return name{e.Kind, keyIn(id)}
}

// keySize is the length of a key in hexadecimal digits.
const keySize = 32

// keyIn is the first run of 32 hexadecimal digits in a text, in small letters; the whole text where there is none.
func keyIn(text string) string {
	lower := strings.ToLower(text)
	run := 0
	for i := 0; i <= len(lower); i++ {
		if i < len(lower) && strings.IndexByte("0123456789abcdef", lower[i]) >= 0 {
			run++
			continue
		}
		if run == keySize {
			return lower[i-keySize : i]
		}
		run = 0
	}
	return lower
}
