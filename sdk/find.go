package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Query is what Find is asked; a JSON object. Times are RFC 3339.
type Query struct {
	What     string    `json:"what"` // operation, operations, story, exchanges, shifts, totals, attempts
	Ref      pay.Ref   `json:"ref,omitempty"`
	Number   int64     `json:"number,omitempty"`
	PosID    string    `json:"pos_id,omitempty"`
	Receipt  string    `json:"receipt,omitempty"`
	Document string    `json:"document,omitempty"`
	Shift    int64     `json:"shift,omitempty"`
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Open     bool      `json:"open,omitempty"`
	Pending  bool      `json:"pending,omitempty"`
	Limit    int       `json:"limit,omitempty"`
	Newest   bool      `json:"newest,omitempty"`

	// Of exchanges: parts of what stands in a row; OK, unless nil, has only those that succeeded, or failed.
	Method    string `json:"method,omitempty"`
	Initiator string `json:"initiator,omitempty"`
	Contains  string `json:"contains,omitempty"`
	OK        *bool  `json:"ok,omitempty"`
}

// Story is what `payrack ops show` tells: the operation, what happened to it, and what went over the network for it.
type Story struct {
	Operation pay.Operation   `json:"operation"`
	Events    []StoryEvent    `json:"events"`
	Exchanges []StoryExchange `json:"exchanges"`
	Reversals []pay.Operation `json:"reversals,omitempty"`
	Refunds   []pay.Operation `json:"refunds,omitempty"`
}

// StoryEvent is one transition.
type StoryEvent struct {
	Number int64           `json:"number"`
	Time   time.Time       `json:"time"`
	Name   string          `json:"name"`
	Data   json.RawMessage `json:"data,omitempty"`
}

// StoryExchange is one row of the request log.
type StoryExchange struct {
	Ref       pay.Ref   `json:"ref,omitempty"`
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	OK        bool      `json:"ok"`
	Initiator string    `json:"initiator,omitempty"`
	Status    int       `json:"status,omitempty"`
	Error     string    `json:"error,omitempty"`
	Millis    int64     `json:"duration_ms"`
}

// mostFound bounds an answer, because a message to the host has a size.
const mostFound = 5000

// Find implements module.Service.
func (s *Service) Find(ctx context.Context, query json.RawMessage) (json.RawMessage, error) {
	if _, err := s.running(); err != nil {
		return nil, err
	}
	var q Query
	if err := json.Unmarshal(query, &q); err != nil {
		return nil, s.refuse(text.Refuse(pay.ErrArgument, "refused.query", nil, nil), "")
	}
	found, err := s.look(ctx, q)
	if err != nil {
		return nil, s.refuse(err, "")
	}
	raw, err := json.Marshal(found)
	return raw, s.refuse(err, "")
}

func (s *Service) look(ctx context.Context, q Query) (any, error) {
	if q.Limit <= 0 || q.Limit > mostFound {
		q.Limit = mostFound
	}
	switch q.What {
	case "operation":
		ref, err := s.refOf(ctx, q)
		if err != nil {
			return nil, err
		}
		return s.shell.Operation(ctx, ref)
	case "operations":
		rows, err := s.journal.Find(ctx, q.journal())
		if err != nil {
			return nil, err
		}
		list := make([]pay.Operation, 0, len(rows))
		for _, row := range rows {
			if v := s.shell.View(row); !q.Pending || v.Pending != "" {
				list = append(list, v)
			}
		}
		return list, nil
	case "story":
		return s.story(ctx, q)
	case "exchanges":
		rows, err := s.journal.Exchanges(ctx, q.From, q.To, 0)
		return exchangesOf(q.chosen(rows)), err
	case "shifts":
		return s.journal.Shifts(ctx, q.Limit)
	case "totals":
		return s.journal.Totals(ctx, q.journal())
	case "attempts":
		return s.journal.Attempts(ctx, q.Limit)
	}
	return nil, text.Refuse(pay.ErrArgument, "refused.action", map[string]any{"Word": fmt.Sprintf("%.20s", q.What)}, nil)
}

// chosen are the rows of the request log that the query wants, the oldest first: the first of them, or with Newest the last.
func (q Query) chosen(rows []journal.Exchange) []journal.Exchange {
	rows = slices.DeleteFunc(rows, func(x journal.Exchange) bool {
		has := func(text, part string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(part)) }
		return q.Ref != "" && x.Ref != q.Ref || q.OK != nil && x.OK != *q.OK || !has(x.Method, q.Method) || !has(x.Initiator, q.Initiator) || !has(x.Error, q.Contains)
	})
	if q.Newest {
		return rows[max(len(rows)-q.Limit, 0):]
	}
	return rows[:min(len(rows), q.Limit)]
}

func (q Query) journal() journal.Query {
	j := journal.Query{Number: q.Number, PosID: q.PosID, Receipt: q.Receipt, Document: q.Document, Shift: q.Shift, From: q.From, To: q.To,
		OpenOnly: q.Open, PendingOnly: q.Pending, Limit: q.Limit, Newest: q.Newest}
	if q.Ref != "" {
		j.Refs = []pay.Ref{q.Ref}
	}
	return j
}

// refOf finds the ref by number where that is what is known.
func (s *Service) refOf(ctx context.Context, q Query) (pay.Ref, error) {
	if q.Ref != "" || q.Number == 0 {
		return q.Ref, nil
	}
	rows, err := s.journal.Find(ctx, journal.Query{Number: q.Number, Limit: 1})
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", text.Refuse(pay.ErrNotFound, "refused.no_number", map[string]any{"Module": s.m.About.ID, "Number": q.Number}, nil)
	}
	return rows[0].Ref, nil
}

func (s *Service) story(ctx context.Context, q Query) (Story, error) {
	ref, err := s.refOf(ctx, q)
	if err != nil {
		return Story{}, err
	}
	op, err := s.shell.Operation(ctx, ref)
	if err != nil {
		return Story{}, err
	}
	events, exchanges, err := s.journal.Story(ctx, ref)
	if err != nil {
		return Story{}, err
	}
	story := Story{Operation: op, Exchanges: exchangesOf(exchanges)}
	for _, e := range events {
		story.Events = append(story.Events, StoryEvent{Number: e.Number, Time: e.Time, Name: e.Name, Data: e.Data})
	}
	returns, err := s.journal.Find(ctx, journal.Query{OriginalRef: ref, Limit: 1000})
	if err != nil {
		return Story{}, err
	}
	for _, row := range returns {
		v := s.shell.View(row)
		if row.Kind == pay.KindReversal {
			story.Reversals = append(story.Reversals, v)
		} else {
			story.Refunds = append(story.Refunds, v)
		}
	}
	return story, nil
}

func exchangesOf(rows []journal.Exchange) []StoryExchange {
	list := make([]StoryExchange, 0, len(rows))
	for _, x := range rows {
		list = append(list, StoryExchange{Ref: x.Ref, Time: x.Time, Method: x.Method, OK: x.OK, Initiator: x.Initiator, Status: x.Status,
			Error: x.Error, Millis: x.Duration.Milliseconds()})
	}
	return list
}
