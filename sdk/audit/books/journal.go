package books

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// Journal reads the journal of a module, in the order of journaling, whether the module runs or not. What the file itself has to
// complain of, by SQLite's check and the journal's own rules, is a Problem too. Errors are those of journal.Look.
func Journal(ctx context.Context, path, module string) ([]audit.Operation, []Problem, error) {
	j, err := journal.Look(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = j.Close() }() // it was only read
	var list []audit.Operation
	var problems []Problem
	err = j.Records(ctx, func(r journal.Record) error {
		op, problem := operationOf(r)
		if problem != "" {
			problems = append(problems, Problem{Ref: r.Ref, What: problem})
		}
		op.Module = module
		if r.Unreadable == nil {
			list = append(list, op)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if err := j.Check(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		problems = append(problems, Problem{What: err.Error()})
	}
	return list, problems, nil
}

// state is what of the engine's state is looked at: it is of another package's making, so that anything may be missing.
type state struct {
	Abandoned bool       `json:"abandoned"`
	Elsewhere pay.Amount `json:"elsewhere"`
	Driver    struct {
		Data json.RawMessage `json:"d"`
	} `json:"driver"`
}

func operationOf(r journal.Record) (op audit.Operation, problem string) {
	op = audit.Operation{
		Ref: r.Ref, Original: r.OriginalRef, Key: r.Key.String(), Kind: r.Kind, PosID: r.PosID, Document: r.Document,
		Amount: r.Amount, Approved: r.ApprovedAmount, Currency: r.Currency, Number: r.Number, ProviderNumber: r.ProviderNumber,
		Shift: r.Shift, BookedShift: r.BookedShift, System: r.System, Outcome: r.Outcome, Final: r.Final, Told: r.Told, Charged: r.Charged,
		Ack: r.Ack, Reversal: r.Reversal, ResolvedBy: r.ResolvedBy, Begun: r.Begun, Settled: r.Settled,
	}
	for _, e := range r.Events {
		op.Events = append(op.Events, audit.Event{Number: e.Number, Name: e.Name, Time: e.Time})
	}
	if r.Unreadable != nil {
		return op, "the row cannot be read"
	}
	var st state
	if err := json.Unmarshal(r.State, &st); err != nil {
		problem = "the engine's state cannot be read"
	}
	op.Abandoned, op.Elsewhere = st.Abandoned, st.Elsewhere
	op.ProviderIDs = names(r, st)
	return op, problem
}

// shortest is the length from which a text in a driver's memory may be a name that the provider knows the operation by.
const shortest = 8

// names are what the provider may know the operation by, beside its key.
func names(r journal.Record, st state) []string {
	list := []string{r.Key.UUID()}
	if r.ProviderNumber != 0 {
		list = append(list, strconv.FormatInt(r.ProviderNumber, 10))
	}
	if r.RRN != "" {
		list = append(list, r.RRN)
	}
	if r.Kind == pay.KindReversal {
		return list // a driver's memory of a reversal may name the payment
	}
	var data any
	if json.Unmarshal(st.Driver.Data, &data) == nil {
		list = texts(list, data, 0)
	}
	return list
}

// deepest bounds how far into a driver's memory is looked.
const deepest = 4

func texts(list []string, data any, depth int) []string {
	if depth > deepest || len(list) > 64 {
		return list
	}
	switch v := data.(type) {
	case string:
		if len(v) >= shortest && len(v) <= 128 && !strings.ContainsAny(v, " \t\r\n") {
			list = append(list, v)
		}
	case []any:
		for _, item := range v {
			list = texts(list, item, depth+1)
		}
	case map[string]any:
		for _, item := range v {
			list = texts(list, item, depth+1)
		}
	}
	return list
}
