package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/drivertest/kit"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// checkFlags are those of module check.
type checkFlags struct {
	sandboxes, set, activate, params, answers, only []string
	ini                                             string
	seed                                            uint64
	list                                            bool
}

// moduleCheck makes module check: the cases of package kit on a built module, which it starts as the host does.
func (a *app) moduleCheck() *cobra.Command {
	var f checkFlags
	cmd := a.command("check "+a.say("cli.arg.program"), "module-check", a.exactly(1), func(cmd *cobra.Command, args []string) error {
		if err := a.require(cmd, "sandbox"); err != nil {
			return err
		}
		return a.checkModule(cmd.Context(), args[0], f)
	})
	flags := cmd.Flags()
	flags.StringArrayVar(&f.sandboxes, "sandbox", nil, a.say("cli.flag.check-sandbox"))
	flags.StringArrayVar(&f.set, "set", nil, a.say("cli.flag.check-set"))
	flags.StringVar(&f.ini, "ini", "", a.say("cli.flag.check-ini"))
	flags.StringArrayVar(&f.activate, "activate", nil, a.say("cli.flag.check-activate"))
	flags.StringArrayVar(&f.params, "params", nil, a.say("cli.flag.check-params"))
	flags.StringArrayVar(&f.answers, "answer", nil, a.say("cli.flag.check-answer"))
	flags.StringArrayVar(&f.only, "only", nil, a.say("cli.flag.check-only"))
	flags.Uint64Var(&f.seed, "seed", 0, a.say("cli.flag.check-seed"))
	flags.BoolVar(&f.list, "list", false, a.say("cli.flag.check-list"))
	return cmd
}

func (a *app) checkModule(ctx context.Context, program string, f checkFlags) error {
	s, err := a.checkSubject(ctx, program, f)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.Stderr, a.say("cli.check.seed", "Seed", s.Seed))
	k, err := kit.Open(ctx, s)
	if err != nil {
		return &pay.Error{Code: pay.ErrConfig, Text: a.say("cli.check.fair", "Error", err.Error()), Hint: a.say("cli.check.fair_hint"), Cause: err}
	}
	cases := slices.DeleteFunc(k.Cases(), func(c kit.Case) bool { return !chosen(c.Name, f.only) })
	if len(cases) == 0 {
		return a.usageErrorf("cli.check.none", "Only", shorten(strings.Join(f.only, " ")))
	}
	if f.list {
		return a.listCases(cases)
	}
	card := kit.Card{Module: k.About().ID, Version: k.About().Version, Seed: s.Seed}
	a.doCases(ctx, k, cases, len(f.sandboxes), &card)
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := a.result(&card, func() { a.showCard(&card) }); err != nil {
		return err
	}
	if card.Failed > 0 {
		return finished{exitFailed}
	}
	return nil
}

// checkSubject is the module as the flags tell it.
func (a *app) checkSubject(ctx context.Context, program string, f checkFlags) (s kit.Subject, err error) {
	if program, err = filepath.Abs(program); err != nil {
		return s, err
	}
	if s.Start, err = kit.Program(program); err != nil {
		return s, a.usageErrorf("cli.usage.unreadable", "File", program, "Error", err.Error())
	}
	if s.Sandbox, err = a.sandboxes(ctx, f.sandboxes); err != nil {
		return s, err
	}
	if f.ini != "" {
		if s.INI, err = os.ReadFile(f.ini); err != nil {
			return s, a.usageErrorf("cli.usage.unreadable", "File", f.ini, "Error", err.Error())
		}
	}
	if s.Settings, err = a.pairs("--set", f.set); err != nil {
		return s, err
	}
	if s.Activate, err = a.pairs("--activate", f.activate); err != nil {
		return s, err
	}
	if s.Answers, err = a.pairs("--answer", f.answers); err != nil {
		return s, err
	}
	params, err := a.pairs("--params", f.params)
	if err != nil {
		return s, err
	}
	for name, text := range params {
		kind, err := pay.ParseKind(name)
		if err != nil {
			return s, err
		}
		if s.Params == nil {
			s.Params = map[pay.Kind]string{}
		}
		s.Params[kind] = text
	}
	s.Seed = f.seed
	if s.Seed == 0 {
		s.Seed = rand.Uint64N(1e9) + 1
	}
	return s, nil
}

// sandboxes hands out each sandbox to one case at a time. One that does not answer is named before anything begins.
func (a *app) sandboxes(ctx context.Context, urls []string) (func(context.Context) (string, func(), error), error) {
	free := make(chan string, len(urls))
	for _, url := range urls {
		url = strings.TrimSuffix(strings.TrimSuffix(url, "/"), "/control")
		if _, err := (&sandbox.Control{URL: url}).Info(ctx); err != nil {
			return nil, &pay.Error{Code: pay.ErrConfig, Text: a.say("cli.check.no_sandbox", "URL", url, "Error", err.Error()),
				Hint: a.say("cli.check.no_sandbox_hint")}
		}
		free <- url
	}
	return func(ctx context.Context) (string, func(), error) {
		select {
		case url := <-free:
			return url, func() { free <- url }, nil
		case <-ctx.Done():
			return "", nil, ctx.Err()
		}
	}, nil
}

// pairs reads key=value flags; nil where there are none.
func (a *app) pairs(flag string, list []string) (map[string]string, error) {
	var m map[string]string
	for _, one := range list {
		key, value, ok := strings.Cut(one, "=")
		if !ok || key == "" {
			return nil, a.usageErrorf("cli.usage.flag_wrong", "Flag", flag, "Value", shorten(one))
		}
		if m == nil {
			m = map[string]string{}
		}
		m[key] = value
	}
	return m, nil
}

// chosen says whether a case is among those that were asked for: by a part of its name, or by a pattern of it.
func chosen(name string, only []string) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(o string) bool {
		match, err := path.Match(o, name)
		return strings.Contains(name, o) || match && err == nil
	})
}

func (a *app) listCases(cases []kit.Case) error {
	names := make([]string, len(cases))
	for i, c := range cases {
		names[i] = c.Name
	}
	return a.result(names, func() {
		for _, c := range cases {
			fmt.Fprintln(a.Stdout, strings.TrimSpace(c.Name+"  "+c.Why))
		}
	})
}

// doCases runs the cases, as many at once as there are sandboxes. They stand on the card in their own order.
func (a *app) doCases(ctx context.Context, k *kit.Kit, cases []kit.Case, workers int, card *kit.Card) {
	results := make([]kit.Result, len(cases))
	next := make(chan int)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range next {
				results[i] = k.Do(ctx, cases[i])
				a.tellCase(results[i])
			}
		})
	}
	for i := range cases {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	all.Wait()
	for _, r := range results {
		if r.Case != "" {
			card.Add(r)
		}
	}
}

// tellCase says on standard error how a case went.
func (a *app) tellCase(r kit.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fmt.Fprintf(a.Stderr, "%s  %s\n", a.say("cli.check."+string(r.Verdict)), r.Case)
}

func (a *app) showCard(card *kit.Card) {
	for _, r := range card.Results {
		switch r.Verdict {
		case kit.Failed:
			fmt.Fprintln(a.Stdout, a.say("cli.check.card_failed", "Case", r.Case))
			for _, problem := range r.Problems {
				fmt.Fprintln(a.Stdout, "  "+clean(problem))
			}
		case kit.NotApplicable:
			fmt.Fprintln(a.Stdout, a.say("cli.check.card_absent", "Case", r.Case, "Why", r.Why))
		}
	}
	fmt.Fprintln(a.Stdout, a.say("cli.check.card", "Module", card.Module, "Version", card.Version, "Passed", card.Passed, "Failed", card.Failed,
		"Absent", card.NotApplicable, "Seed", card.Seed))
}
