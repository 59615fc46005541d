package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

func (b *bank) counters(c *call, _ *empty) (any, error) {
	t, s := c.terminal, b.settings
	return wire.Counters{
		NextTransaction: t.Next, Shift: t.open(), ShiftOpened: t.Shifts[t.open()-1].Opened, ServerTime: b.clock.Now(),
		Systems: s.Systems,
		Allowed: wire.Allowed{
			Online: true, Offline: true, Refund: true,
			ProcessingTimeout: int(time.Duration(s.ProcessingTimeout).Seconds()), MaxAmount: s.MaxAmount,
		},
		Registration: registration(t),
	}, nil
}

func (b *bank) closeShift(c *call, in *wire.CloseRequest) (any, error) {
	t, err := b.close(c.terminal, in.Shift)
	if err != nil {
		return nil, err
	}
	totals := b.shiftTotals(t, in.Shift)
	totals.Key = in.Key
	return totals, nil
}

// close closes a shift unless it is closed, and returns the terminal as it is then.
func (b *bank) close(old *terminal, n int64) (*terminal, error) {
	switch {
	case n > old.open():
		return nil, refusal(wire.CodeShiftNotOpen)
	case n < old.open():
		return old, nil
	}
	t := b.begin()
	term := t.terminal(old)
	last := &term.Shifts[n-1]
	last.Closed = t.now
	for _, r := range b.waiting {
		if r.Terminal == term.ID {
			last.Waiting.Count++
			last.Waiting.Amount += r.Amount
		}
	}
	term.Shifts = append(term.Shifts, shift{Opened: t.now})
	return term, t.commit()
}

func (b *bank) shiftTotals(t *terminal, n int64) wire.ShiftTotals {
	s := t.Shifts[n-1]
	return wire.ShiftTotals{
		Shift: n, Opened: s.Opened, Closed: s.Closed, Waiting: s.Waiting, NewShift: n + 1,
		Totals: fold(b.byNumber(t.ID), inShift(n)),
	}
}

// span says what of a record lies in a shift or time span: its request, its money, its reversal.
type span func(r *record) (asked, moved, reversed bool)

func inShift(n int64) span {
	return func(r *record) (bool, bool, bool) { return r.Shift == n, r.Booked == n, r.ReversedBooked == n }
}

func inTime(from, to time.Time) span {
	in := func(at time.Time) bool { return !at.IsZero() && !at.Before(from) && at.Before(to) }
	return func(r *record) (bool, bool, bool) { return in(r.Created), in(r.PaidAt), in(r.ReversedAt) }
}

// fold sums the money in a span by payment system.
func fold(records []*record, in span) []wire.SystemTotals {
	sums := map[wire.System]*wire.SystemTotals{}
	of := func(s wire.System) *wire.SystemTotals {
		if sums[s] == nil {
			sums[s] = &wire.SystemTotals{System: s}
		}
		return sums[s]
	}
	for _, r := range records {
		_, moved, reversed := in(r)
		if moved && r.Kind == wire.Payment {
			add(&of(r.System).Payments, r.Amount)
		}
		if moved && r.Kind == wire.Refund {
			add(&of(r.System).Refunds, r.Amount)
		}
		if reversed {
			add(&of(r.System).Reversals, r.Amount)
		}
	}
	totals := []wire.SystemTotals{}
	for _, s := range sums {
		totals = append(totals, *s)
	}
	slices.SortFunc(totals, func(a, b wire.SystemTotals) int { return cmp.Compare(a.System, b.System) })
	return totals
}

func add(s *wire.Sum, amount int64) {
	s.Count++
	s.Amount += amount
}

func (b *bank) report(c *call, _ *empty) (any, error) {
	out := wire.Report{Operations: []wire.Record{}}
	in, err := c.span(&out)
	if err != nil {
		return nil, err
	}
	after, limit, err := c.pages()
	if err != nil {
		return nil, err
	}
	records := b.byNumber(c.terminal.ID)
	out.Totals = fold(records, in)
	for _, r := range records {
		asked, moved, reversed := in(r)
		if r.Number <= after || !asked && !moved && !reversed {
			continue
		}
		if len(out.Operations) == limit {
			out.More = true
			break
		}
		out.Operations = append(out.Operations, told(c, r))
	}
	return out, nil
}

// span reads which part of the records a report is about, and says so in out.
func (c *call) span(out *wire.Report) (span, error) {
	if text := c.FormValue("shift"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			return nil, &wire.Error{Code: wire.CodeBadRequest, Message: "shift is not a number above 0"}
		}
		if n > c.terminal.open() {
			return nil, refusal(wire.CodeShiftNotOpen)
		}
		s := c.terminal.Shifts[n-1]
		out.Shift, out.From, out.To, out.Closed = n, s.Opened, s.Closed, s.Closed
		return inShift(n), nil
	}
	from, err1 := time.Parse(time.RFC3339, c.FormValue("from"))
	to, err2 := time.Parse(time.RFC3339, c.FormValue("to"))
	if err1 != nil || err2 != nil || to.Before(from) {
		return nil, &wire.Error{Code: wire.CodeBadRequest, Message: "shift=, or from= and to= in RFC 3339 and in this order, are needed"}
	}
	out.From, out.To = from, to
	return inTime(from, to), nil
}

func (c *call) pages() (after int64, limit int, err error) {
	limit = wire.ReportLimit
	if text := c.FormValue("after"); text != "" {
		after, err = strconv.ParseInt(text, 10, 64)
	}
	if text := c.FormValue("limit"); text != "" && err == nil {
		limit, err = strconv.Atoi(text)
	}
	if err != nil || after < 0 || limit < 1 || limit > wire.ReportLimitMax {
		return 0, 0, &wire.Error{Code: wire.CodeBadRequest, Message: "after and limit are numbers, limit from 1 to " + strconv.Itoa(wire.ReportLimitMax)}
	}
	return after, limit, nil
}
