package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/cmd/payrack/story"
	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

func (a *app) opsCommand() *cobra.Command {
	return a.group("ops", "ops", a.opsListCommand(), a.opsShowCommand())
}

func (a *app) opsListCommand() *cobra.Command {
	var module, date, from, to, receipt, document, pos string
	var shift int64
	var limit int
	var pending bool
	cmd := a.command("list", "ops-list", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		if err := a.oneOf(cmd, "date", "from"); err != nil {
			return err
		}
		if err := a.oneOf(cmd, "date", "to"); err != nil {
			return err
		}
		if limit < 1 {
			return a.usageErrorf("cli.usage.flag_wrong", "Flag", "--limit", "Value", fmt.Sprint(limit))
		}
		query := map[string]any{"what": "operations", "limit": limit, "newest": true}
		if date != "" {
			from, to = date, date
		}
		if err := a.period(query, from, to); err != nil {
			return err
		}
		for name, value := range map[string]string{"receipt": receipt, "document": document, "pos_id": pos} {
			if value != "" {
				query[name] = value
			}
		}
		if shift > 0 {
			query["shift"] = shift
		}
		if pending {
			query["pending"] = true
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		list, err := a.findEverywhere(cmd.Context(), s, module, query)
		if err != nil {
			return err
		}
		slices.SortStableFunc(list, func(x, y pay.Operation) int { return y.Begun.Compare(x.Begun) })
		stopped := len(list) >= limit
		list = list[:min(len(list), limit)]
		return a.result(operations{list}, func() {
			a.operationTable(list, pending)
			if stopped {
				fmt.Fprintln(a.Stderr, a.say("cli.ops.limit", "Limit", limit))
			}
		})
	})
	f := cmd.Flags()
	f.StringVar(&module, "module", "", a.say("cli.flag.module"))
	f.StringVar(&date, "date", "", a.say("cli.flag.date"))
	f.StringVar(&from, "from", "", a.say("cli.flag.from"))
	f.StringVar(&to, "to", "", a.say("cli.flag.to"))
	f.Int64Var(&shift, "shift", 0, a.say("cli.flag.shift"))
	f.StringVar(&receipt, "receipt", "", a.say("cli.flag.receipt"))
	f.StringVar(&document, "document", "", a.say("cli.flag.document"))
	f.StringVar(&pos, "of-pos", "", a.say("cli.flag.of-pos"))
	f.BoolVar(&pending, "pending", false, a.say("cli.flag.pending"))
	f.IntVar(&limit, "limit", 50, a.say("cli.flag.limit"))
	return cmd
}

func (a *app) opsShowCommand() *cobra.Command {
	var module string
	cmd := a.command("show "+a.say("cli.arg.number_or_ref"), "ops-show", a.exactly(1), func(cmd *cobra.Command, args []string) error {
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		op, err := a.named(cmd.Context(), s, module, args[0])
		if err != nil {
			return err
		}
		told, err := a.storyOf(cmd.Context(), s, op)
		if err != nil {
			return err
		}
		if a.flags.json {
			return a.writeJSON(told)
		}
		return story.Tell(a.Stdout, told, a.language, time.Local)
	})
	cmd.Flags().StringVar(&module, "module", "", a.say("cli.flag.module"))
	return cmd
}

// named finds an operation by what a person has in hand: its ref, its number, or the code for support from its slip (4-SENDY-000784).
func (a *app) named(ctx context.Context, s *client.Session, module, word string) (pay.Operation, error) {
	if id, last, ok := supportCode(word); ok && (module == "" || strings.EqualFold(module, id)) && a.hasModule(ctx, s, id) {
		if shift, found := strings.CutPrefix(last, "S"); found {
			return a.closeOf(ctx, s, id, shift, word)
		}
		return a.numbered(ctx, s, id, last, word)
	}
	if strings.Trim(word, digits) == "" {
		return a.numbered(ctx, s, module, word, word)
	}
	ref, err := a.refArgument(word)
	if err != nil {
		return pay.Operation{}, err
	}
	return s.Operation(ctx, ref)
}

// refOrCode finds an operation by its ref, and only where there is none such by the code for support.
func (a *app) refOrCode(ctx context.Context, s *client.Session, ref pay.Ref) (pay.Operation, error) {
	op, err := s.Operation(ctx, ref)
	if _, _, ok := supportCode(string(ref)); ok && errors.Is(err, &pay.Error{Code: pay.ErrNotFound}) {
		return a.named(ctx, s, "", string(ref))
	}
	return op, err
}

const digits = "0123456789"

// supportCode takes a code from a slip apart: till, module, and the operation's number or S and that of a shift. A till's name may hold dashes.
func supportCode(word string) (module, last string, ok bool) {
	parts := strings.Split(word, "-")
	if len(parts) < 3 {
		return "", "", false
	}
	module, last = strings.ToLower(parts[len(parts)-2]), strings.ToUpper(parts[len(parts)-1])
	number := strings.TrimPrefix(last, "S")
	return module, last, module != "" && number != "" && strings.Trim(number, digits) == ""
}

func (a *app) hasModule(ctx context.Context, s *client.Session, id string) bool {
	list, _, err := a.modules(ctx, s)
	return err == nil && slices.ContainsFunc(list, func(m moduleInfo) bool { return m.ID == id })
}

// numbered finds the operation with a through number. What is found by nothing else may be a ref all the same: word.
func (a *app) numbered(ctx context.Context, s *client.Session, module, number, word string) (pay.Operation, error) {
	n, err := strconv.ParseInt(number, 10, 64)
	var list []pay.Operation
	if err == nil && n > 0 {
		if list, err = a.findEverywhere(ctx, s, module, map[string]any{"what": "operations", "number": n}); err != nil {
			return pay.Operation{}, err
		}
	}
	switch len(list) {
	case 1:
		return list[0], nil
	case 0:
		ref, err := a.refArgument(word)
		if err != nil {
			return pay.Operation{}, err
		}
		return s.Operation(ctx, ref)
	}
	var modules []string
	for _, op := range list {
		modules = append(modules, op.Module)
	}
	return pay.Operation{}, a.usageErrorf("cli.usage.number_ambiguous", "Number", n, "Modules", strings.Join(modules, ", "))
}

// closeOf finds the last close of a shift.
func (a *app) closeOf(ctx context.Context, s *client.Session, module, shift, word string) (pay.Operation, error) {
	n, err := strconv.ParseInt(shift, 10, 64)
	if err != nil {
		return pay.Operation{}, a.usageErrorf("cli.usage.ref", "Ref", shorten(word))
	}
	var last pay.Operation
	for try := 1; ; try++ {
		op, err := s.Operation(ctx, pay.CloseRef(module, n, try))
		if errors.Is(err, &pay.Error{Code: pay.ErrNotFound}) && last.Ref != "" {
			return last, nil
		}
		if err != nil {
			return pay.Operation{}, err
		}
		last = op
	}
}

// storyOf is what the operation's module knows of it: its past, and the refunds and reversals that followed.
func (a *app) storyOf(ctx context.Context, s *client.Session, op pay.Operation) (story.Story, error) {
	told := story.Story{Operation: op}
	raw, err := s.Find(ctx, op.Module, query(map[string]any{"what": "story", "ref": op.Ref}))
	if err != nil {
		return told, err
	}
	if err := json.Unmarshal(raw, &told); err != nil {
		return told, fmt.Errorf("read the story of %s: %w", op.Ref, err)
	}
	if told.Operation.Ref == "" {
		told.Operation = op
	}
	return told, nil
}

func query(q map[string]any) json.RawMessage {
	raw, err := json.Marshal(q)
	if err != nil {
		return json.RawMessage("{}") // strings and numbers always marshal
	}
	return raw
}

// findEverywhere asks one module, or all that there are. A module that does not answer is named on standard error.
func (a *app) findEverywhere(ctx context.Context, s *client.Session, module string, q map[string]any) ([]pay.Operation, error) {
	modules := []string{module}
	if module == "" {
		var err error
		if modules, err = a.moduleIDs(ctx, s); err != nil {
			return nil, err
		}
	}
	found := []pay.Operation{}
	var failures []error
	for _, id := range modules {
		raw, err := s.Find(ctx, id, query(q))
		if err != nil && (module != "" || pay.CodeOf(err) == pay.ErrHostDenied) {
			return nil, err
		}
		if err != nil {
			failures = append(failures, err)
			fmt.Fprintln(a.Stderr, a.say("cli.module_silent", "Module", id, "Error", a.describe(err).Text))
			continue
		}
		list, err := operationsOf(raw)
		if err != nil {
			return nil, fmt.Errorf("read what %s found: %w", id, err)
		}
		found = append(found, list...)
	}
	if len(failures) > 0 && len(failures) == len(modules) {
		return nil, failures[0] // nobody has answered: no list is not an empty list
	}
	return found, nil
}

// operationsOf reads a list of operations, bare or in its envelope.
func operationsOf(raw json.RawMessage) ([]pay.Operation, error) {
	var list []pay.Operation
	if json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	var envelope operations
	err := json.Unmarshal(raw, &envelope)
	return envelope.Operations, err
}
