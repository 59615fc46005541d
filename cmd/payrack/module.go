package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// moduleInfo is what the host says of a module that a person wants to know.
type moduleInfo struct {
	ID      string          `json:"id"`
	Title   json.RawMessage `json:"title,omitempty"`
	Version string          `json:"version,omitempty"`
	Enabled *bool           `json:"enabled,omitempty"`
	State   string          `json:"state,omitempty"`
	Text    string          `json:"text,omitempty"`
	Code    json.RawMessage `json:"code,omitempty"`
	Busy    int             `json:"busy,omitempty"`
	Health  *moduleHealth   `json:"health,omitempty"`
}

type moduleHealth struct {
	State string `json:"state"`
	Text  string `json:"text,omitempty"`
}

// title is the name in a language, whether the host gives one text or one for each language.
func (m moduleInfo) title(language string) string {
	var one string
	if json.Unmarshal(m.Title, &one) == nil {
		return one
	}
	var all map[string]string
	if json.Unmarshal(m.Title, &all) == nil {
		return all[language]
	}
	return ""
}

func (m moduleInfo) state() (state, text string) {
	if m.Health != nil && m.State == "" {
		return m.Health.State, m.Health.Text
	}
	return m.State, m.Text
}

// modules asks the host for its catalog; raw is the document as it came.
func (a *app) modules(ctx context.Context, s *client.Session) (list []moduleInfo, raw json.RawMessage, err error) {
	raw, err = s.Info(ctx, "", "modules")
	if err != nil {
		return nil, nil, err
	}
	if json.Unmarshal(raw, &list) == nil {
		return list, raw, nil
	}
	var envelope struct {
		Modules []moduleInfo `json:"modules"`
	}
	if err := json.Unmarshal(raw, &envelope); err != nil {
		return nil, raw, fmt.Errorf("read the list of modules: %w", err)
	}
	return envelope.Modules, raw, nil
}

func (a *app) moduleIDs(ctx context.Context, s *client.Session) ([]string, error) {
	list, _, err := a.modules(ctx, s)
	var ids []string
	for _, m := range list {
		if m.Enabled == nil || *m.Enabled {
			ids = append(ids, m.ID)
		}
	}
	return ids, err
}

func (a *app) moduleCommand() *cobra.Command {
	list := a.command("list", "module-list", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		list, raw, err := a.modules(cmd.Context(), s)
		if err != nil {
			return err
		}
		return a.result(raw, func() { a.moduleTable(list) })
	})
	return a.group("module", "module", list, a.moduleSwitch("enable", "yes"), a.moduleSwitch("disable", "no"), a.moduleCheck())
}

func (a *app) moduleTable(list []moduleInfo) {
	if len(list) == 0 {
		fmt.Fprintln(a.Stdout, a.say("cli.module.none"))
		return
	}
	head := []string{a.say("cli.col.module"), a.say("cli.col.title"), a.say("cli.col.version"), a.say("cli.col.state"), ""}
	var rows [][]string
	for _, m := range list {
		state, text := m.state()
		if m.Enabled != nil && !*m.Enabled {
			state = "disabled"
		}
		if word := a.maybe("cli.state." + state); word != "" {
			state = word
		}
		rows = append(rows, []string{m.ID, clean(m.title(a.language)), clean(m.Version), clean(state), strings.ReplaceAll(clean(text), "\n", " ")})
	}
	a.table(head, rows)
}

// moduleSwitch makes module enable and module disable. A module that is off is hidden and refused; what it has begun is followed to the end.
func (a *app) moduleSwitch(name, value string) *cobra.Command {
	return a.command(name+" "+a.say("cli.arg.module"), "module-"+name, a.exactly(1), func(cmd *cobra.Command, args []string) error {
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := a.enable(cmd.Context(), s, args[0], value); err != nil {
			return err
		}
		return a.result(map[string]any{"module": args[0], "enabled": value == "yes"}, func() {
			fmt.Fprintln(a.Stderr, a.say("cli.module."+name+"d", "Module", args[0]))
		})
	})
}

// enable takes a module off the host's list of those that are switched off, or puts it there.
func (a *app) enable(ctx context.Context, s *client.Session, id, value string) error {
	list, _, err := a.modules(ctx, s)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(m moduleInfo) bool { return m.ID == id }) {
		return &pay.Error{Code: pay.ErrNoModule, Text: a.say("cli.module.unknown", "Module", shorten(id))}
	}
	host := configuring{a: a, s: s}
	off, err := host.ask(ctx, "get", "Disabled", "")
	if err != nil {
		return err
	}
	var keep []string
	for one := range strings.SplitSeq(off, ",") {
		if one = strings.TrimSpace(one); one != "" && !strings.EqualFold(one, id) {
			keep = append(keep, one)
		}
	}
	if value == "no" {
		keep = append(keep, id)
	}
	_, err = host.ask(ctx, "set", "Disabled", strings.Join(keep, ", "))
	return err
}

// configError is a fault of the settings that this program itself found.
func (a *app) configError(text string) error {
	return &pay.Error{Code: pay.ErrConfig, Text: text, Hint: a.say("cli.config.fix")}
}
