package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/sdk/pay"
)

// logLine is the JSON of one line.
type logLine struct {
	Time   *time.Time `json:"time,omitempty"`
	Level  string     `json:"level,omitempty"`
	Module string     `json:"module,omitempty"`
	Text   string     `json:"text"`
}

func (a *app) logCommand() *cobra.Command {
	var date, module, op, level, contains string
	var days bool
	cmd := a.command("log", "log", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		dir, name, err := a.logFolder(module)
		if err != nil {
			return err
		}
		if days {
			return a.logDays(dir, name)
		}
		day := a.Now().Local()
		if date != "" {
			at, err := a.moment("--date", date, false)
			if err != nil {
				return err
			}
			day = at
		}
		filter := logs.Filter{Op: op, Contains: contains}
		if level != "" {
			if filter.Level = hclog.LevelFromString(level); filter.Level == hclog.NoLevel {
				return a.choice("--level", level, "trace", "debug", "info", "warn", "error")
			}
		}
		return a.showLog(dir, name, day.Format("2006-01-02"), filter, a.otherName(cmd.Context(), module, op))
	})
	f := cmd.Flags()
	f.StringVar(&date, "date", "", a.say("cli.flag.date"))
	f.StringVar(&module, "module", "", a.say("cli.flag.log-module"))
	f.StringVar(&op, "op", "", a.say("cli.flag.op"))
	f.StringVar(&level, "level", "", a.say("cli.flag.level"))
	f.StringVar(&contains, "contains", "", a.say("cli.flag.contains"))
	f.BoolVar(&days, "days", false, a.say("cli.flag.days"))
	return cmd
}

// logFolder is where a module, or without one the host, writes its log.
func (a *app) logFolder(module string) (dir, name string, err error) {
	p, err := a.place()
	if err != nil {
		return "", "", err
	}
	if module == "" {
		return p.Log(), "payrack", nil
	}
	if !filepath.IsLocal(module) || filepath.Base(module) != module {
		return "", "", a.usageErrorf("cli.usage.flag_wrong", "Flag", "--module", "Value", shorten(module))
	}
	if installed, _ := p.Modules(); !slices.Contains(installed, module) && !isFolder(p.ModuleData(module)) {
		return "", "", &pay.Error{Code: pay.ErrNoModule, Text: a.say("cli.module.unknown", "Module", shorten(module))}
	}
	return filepath.Join(p.ModuleData(module), "Log"), module, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// otherName is the ref of an operation that is named by its number, and the number of one that is named by its ref: some lines hold only the
// one, some only the other. Without a host there is none.
func (a *app) otherName(ctx context.Context, module, op string) string {
	if op == "" {
		return ""
	}
	s, err := a.open(ctx, false)
	if err != nil {
		return ""
	}
	defer s.Close()
	found, err := a.named(ctx, s, module, op)
	switch {
	case err != nil:
		return ""
	case string(found.Ref) == op:
		return number(found.Number)
	}
	return string(found.Ref)
}

// readLog reads the lines of a day. Those of an operation are found by either of its names.
func readLog(dir, name, day string, filter logs.Filter, other string) iter.Seq2[logs.Line, error] {
	one := logs.Read(dir, name, day, filter)
	if other == "" {
		return one
	}
	filter.Op = other
	return func(yield func(logs.Line, error) bool) {
		var lines []logs.Line
		seen := map[string]int{}
		for line, err := range one {
			if err != nil {
				yield(line, err)
				return
			}
			seen[line.Raw]++
			lines = append(lines, line)
		}
		for line, err := range logs.Read(dir, name, day, filter) {
			if err != nil {
				yield(line, err)
				return
			}
			if seen[line.Raw]--; seen[line.Raw] < 0 {
				lines = append(lines, line)
			}
		}
		slices.SortStableFunc(lines, func(x, y logs.Line) int { return x.Time.Compare(y.Time) })
		for _, line := range lines {
			if !yield(line, nil) {
				return
			}
		}
	}
}

func (a *app) logDays(dir, name string) error {
	days, err := logs.Days(dir, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if days == nil {
		days = []string{}
	}
	return a.result(map[string]any{"days": days}, func() {
		for _, day := range days {
			fmt.Fprintln(a.Stdout, day)
		}
	})
}

func (a *app) showLog(dir, name, day string, filter logs.Filter, other string) error {
	lines := []logLine{}
	for line, err := range readLog(dir, name, day, filter, other) {
		if errors.Is(err, fs.ErrNotExist) {
			return &pay.Error{Code: pay.ErrNotFound, Text: a.say("cli.log.none", "Date", day, "Folder", dir), Hint: a.say("cli.log.none_hint")}
		}
		if err != nil {
			return err
		}
		if !a.flags.json {
			fmt.Fprintln(a.Stdout, clean(line.Raw))
			continue
		}
		one := logLine{Level: levelName(line.Level), Module: line.Module, Text: line.Text}
		if !line.Time.IsZero() {
			one.Time = &line.Time
		}
		lines = append(lines, one)
	}
	if a.flags.json {
		return a.writeJSON(map[string]any{"lines": lines})
	}
	return nil
}

func levelName(level hclog.Level) string {
	if level == hclog.NoLevel {
		return ""
	}
	return level.String()
}
