package journal

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// noteLimit is how many exchanges wait in memory; what comes above it while the disk refuses is counted, and the count is written.
const noteLimit = 4096

// takeLimit is how many of them one commit carries.
const takeLimit = 256

// Note puts an exchange into the request log. It never waits for the disk: the row goes with the next commit, or is written in a quiet
// moment, by Flush or by Close. A crash may lose the last ones; what an operation did stands in its events.
func (j *Journal) Note(e Exchange) {
	if e.Time.IsZero() {
		e.Time = j.now()
	}
	if j.notes.add(e) {
		j.keeper.wake()
	}
}

// Flush writes what is noted.
func (j *Journal) Flush(ctx context.Context) error {
	for j.notes.waiting() {
		if err := j.write(ctx, func(*tx) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// Exchanges returns the request log of a span of time, to not included, oldest first; zero times: no bound; limit 0: all.
func (j *Journal) Exchanges(ctx context.Context, from, to time.Time, limit int) ([]Exchange, error) {
	var w conditions
	w.span("at", Query{From: from, To: to})
	list, err := j.exchanges(ctx, w.text()+" ORDER BY at, id"+limitText(limit), w.args, func(e Exchange) bool {
		return !e.Time.Before(stored(from)) && (to.IsZero() || e.Time.Before(stored(to)))
	})
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list, err
}

// exchanges reads the request log. What is only noted yet is written first, or added from memory where the disk refuses.
func (j *Journal) exchanges(ctx context.Context, where string, args []any, selects func(Exchange) bool) ([]Exchange, error) {
	var unwritten []Exchange
	if err := j.Flush(ctx); err != nil {
		unwritten = j.notes.peek(selects)
	}
	rows, err := j.readers.QueryContext(ctx, `SELECT ref, at, method, ok, initiator, status, failure, duration FROM exchanges `+where, args...)
	list, err := collect(rows, err, func(scan func(...any) error) (Exchange, error) {
		var e Exchange
		var ref sql.NullString
		var at, ok, duration int64
		err := scan(&ref, &at, &e.Method, &ok, &e.Initiator, &e.Status, &e.Error, &duration)
		e.Ref, e.Time, e.OK, e.Duration = pay.Ref(ref.String), moment(at), ok != 0, time.Duration(duration)*time.Microsecond
		return e, err
	})
	return append(list, unwritten...), err
}

func (t *tx) insertExchanges(list []Exchange) error {
	for _, e := range list {
		err := t.exec(`INSERT INTO exchanges (ref, at, method, ok, initiator, status, failure, duration) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			orNull(string(e.Ref)), micros(e.Time), e.Method, number(e.OK), e.Initiator, e.Status, e.Error, e.Duration.Microseconds())
		if err != nil {
			return err
		}
	}
	return nil
}

// notes are the exchanges that wait to be written.
type notes struct {
	mu      sync.Mutex
	list    []Exchange
	dropped int
	since   time.Time // when the first of the dropped came
}

// add says whether the exchange is the first to wait.
func (n *notes) add(e Exchange) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.list) >= noteLimit {
		n.since = cmp.Or(n.since, e.Time)
		n.dropped++
		return false
	}
	n.list = append(n.list, e)
	return len(n.list) == 1
}

func (n *notes) waiting() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.list) > 0
}

// take takes what one commit carries. Who could not write it gives it back.
func (n *notes) take() []Exchange {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := min(len(n.list), takeLimit)
	taken := slices.Clone(n.list[:k])
	n.list = slices.Delete(n.list, 0, k)
	if n.dropped > 0 && len(n.list) < noteLimit {
		n.list = append(n.list, Exchange{Time: n.since, Method: "request log",
			Error: fmt.Sprintf("%d rows are missing here: they came while the journal could not be written", n.dropped)})
		n.dropped, n.since = 0, time.Time{}
	}
	return taken
}

func (n *notes) giveBack(list []Exchange) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = slices.Insert(n.list, 0, list...)
}

func (n *notes) peek(selects func(Exchange) bool) []Exchange {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []Exchange
	for _, e := range n.list {
		if selects(e) {
			list = append(list, e)
		}
	}
	return list
}
