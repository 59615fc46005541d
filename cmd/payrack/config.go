package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk/pay"
)

// maxConfig is the largest file of settings that is read, in bytes; what is larger is none.
const maxConfig = 1 << 20

func (a *app) configCommand() *cobra.Command {
	return a.group("config", "config", a.configGetCommand(), a.configSetCommand(), a.configListCommand(),
		a.configValidateCommand(), a.configExportCommand(), a.configImportCommand())
}

// settings makes a command that asks one module, or without --module the host, about its settings.
func (a *app) settings(use, id string, args cobra.PositionalArgs, run func(ctx context.Context, c configuring, args []string) error) *cobra.Command {
	var name string
	cmd := a.command(use, id, args, func(cmd *cobra.Command, args []string) error {
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		return run(cmd.Context(), configuring{a: a, s: s, module: name}, args)
	})
	cmd.Flags().StringVar(&name, "module", "", a.say("cli.flag.config-module"))
	return cmd
}

// configuring is a talk about one module's settings.
type configuring struct {
	a      *app
	s      *client.Session
	module string // empty: the host's own
}

func (c configuring) ask(ctx context.Context, action, key, value string) (string, error) {
	return c.s.Settings(ctx, c.module, client.Setting{Action: action, Key: key, Value: value, By: c.a.flags.operator, Language: c.a.language})
}

// secret says whether a key names a secret, which must not stand on a command line.
func (c configuring) secret(ctx context.Context, key string) bool {
	raw, err := c.ask(ctx, "describe", "", "")
	type declared struct {
		Key    string `json:"key"`
		Secret bool   `json:"secret"`
	}
	var list []declared
	if err != nil || json.Unmarshal([]byte(raw), &list) != nil {
		return false // the change itself will say what is wrong
	}
	return slices.ContainsFunc(list, func(d declared) bool { return d.Secret && strings.EqualFold(d.Key, key) })
}

// knowsModules refuses to switch off what is not there: a misspelt name would leave the module on.
func (c configuring) knowsModules(ctx context.Context, key, value string) error {
	if c.module != "" || !strings.EqualFold(key, "Disabled") {
		return nil
	}
	list, _, err := c.a.modules(ctx, c.s)
	if err != nil {
		return err
	}
	for id := range strings.SplitSeq(value, ",") {
		id = strings.TrimSpace(id)
		if id != "" && !slices.ContainsFunc(list, func(m moduleInfo) bool { return strings.EqualFold(m.ID, id) }) {
			return &pay.Error{Code: pay.ErrNoModule, Text: c.a.say("cli.module.unknown", "Module", shorten(id))}
		}
	}
	return nil
}

// allowed gives the refusal of a value a hint that says which values there are, where it has none of its own.
func (c configuring) allowed(ctx context.Context, key string, err error) error {
	refusal, ok := errors.AsType[*pay.Error](err)
	if !ok || refusal.Code != pay.ErrConfig || refusal.Hint != "" && refusal.Hint != c.a.say("error.PR_E_CONFIG.hint") {
		return err
	}
	hinted := *refusal
	hinted.Hint = c.a.say("cli.config.set_hint")
	raw, failed := c.ask(ctx, "describe", "", "")
	var list []ini.Setting
	if failed == nil && json.Unmarshal([]byte(raw), &list) == nil {
		for _, s := range list {
			if strings.EqualFold(s.Key, key) {
				hinted.Hint = c.a.values(s, hinted.Hint)
			}
		}
	}
	return &hinted
}

// values says which values a setting takes; none is what stands instead where that cannot be told.
func (a *app) values(s ini.Setting, none string) string {
	var choices []string
	for _, choice := range s.Choices {
		choices = append(choices, choice.Value)
	}
	switch {
	case len(choices) > 0:
		return a.say("cli.config.choices", "Key", s.Key, "Values", strings.Join(choices, ", "))
	case s.Min != "" || s.Max != "":
		return a.say("cli.config.range", "Key", s.Key, "Min", cmp.Or(s.Min, "…"), "Max", cmp.Or(s.Max, "…"))
	case s.Default != "":
		return a.say("cli.config.sample", "Key", s.Key, "Value", s.Default)
	}
	return none
}

// setting is the JSON of one setting.
type setting struct {
	Module string `json:"module,omitempty"`
	Key    string `json:"key"`
	Value  string `json:"value"`
}

func (a *app) configGetCommand() *cobra.Command {
	return a.settings("get "+a.say("cli.arg.key"), "config-get", a.exactly(1), func(ctx context.Context, c configuring, args []string) error {
		value, err := c.ask(ctx, "get", args[0], "")
		if err != nil {
			return err
		}
		return a.result(setting{c.module, args[0], value}, func() { fmt.Fprintln(a.Stdout, clean(value)) })
	})
}

func (a *app) configSetCommand() *cobra.Command {
	var secret bool
	use := "set " + a.say("cli.arg.key") + " [" + a.say("cli.arg.value") + "]"
	cmd := a.settings(use, "config-set", a.between(1, 2), func(ctx context.Context, c configuring, args []string) error {
		value := ""
		switch {
		case secret && len(args) == 2:
			return a.usageErrorf("cli.usage.secret_argument")
		case secret:
			var err error
			if value, err = a.secretFrom("-"); err != nil {
				return err
			}
		case len(args) == 1:
			return a.usageErrorf("cli.usage.value_missing", "Key", shorten(args[0]))
		case c.secret(ctx, args[0]):
			return a.usageErrorf("cli.usage.secret_argument")
		default:
			value = args[1]
		}
		if err := c.knowsModules(ctx, args[0], value); err != nil {
			return err
		}
		if _, err := c.ask(ctx, "set", args[0], value); err != nil {
			return c.allowed(ctx, args[0], err)
		}
		if secret {
			value = "***"
		}
		return a.result(setting{c.module, args[0], value}, func() { fmt.Fprintln(a.Stderr, a.say("cli.config.saved", "Key", args[0])) })
	})
	cmd.Flags().BoolVar(&secret, "secret", false, a.say("cli.flag.secret"))
	return cmd
}

func (a *app) configListCommand() *cobra.Command {
	return a.settings("list", "config-list", a.exactly(0), func(ctx context.Context, c configuring, _ []string) error {
		raw, err := c.ask(ctx, "list", "", "")
		if err != nil {
			return err
		}
		values, err := valuesOf(raw)
		if err != nil {
			return err
		}
		document := struct {
			Module string            `json:"module,omitempty"`
			Values map[string]string `json:"values"`
		}{c.module, values}
		return a.result(document, func() {
			for _, key := range keysOf(values) {
				fmt.Fprintf(a.Stdout, "%s=%s\n", clean(key), clean(values[key]))
			}
		})
	})
}

// valuesOf reads an object of settings; a value that is no text stands as JSON.
func valuesOf(raw string) (map[string]string, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &all); err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	values := make(map[string]string, len(all))
	for key, value := range all {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		values[key] = s
	}
	return values, nil
}

func keysOf(values map[string]string) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (a *app) configExportCommand() *cobra.Command {
	var out string
	cmd := a.settings("export", "config-export", a.exactly(0), func(ctx context.Context, c configuring, _ []string) error {
		text, err := c.ask(ctx, "export", "", "")
		if err != nil {
			return err
		}
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		if out == "" {
			_, err := fmt.Fprint(a.Stdout, text)
			return err
		}
		if err := writeBeside(out, []byte(text)); err != nil {
			return err
		}
		fmt.Fprintln(a.Stderr, a.say("cli.written", "File", out))
		return nil
	})
	cmd.Flags().StringVar(&out, "out", "", a.say("cli.flag.out"))
	return cmd
}

func (a *app) configImportCommand() *cobra.Command {
	integrator := false
	cmd := a.settings("import "+a.say("cli.arg.file"), "config-import", a.exactly(1), func(ctx context.Context, c configuring, args []string) error {
		text, err := a.configFile(args[0])
		if err != nil {
			return err
		}
		if integrator {
			return c.importIntegrator(ctx, args[0], text)
		}
		if _, err := c.ask(ctx, "import", "", text); err != nil {
			return err
		}
		return a.result(struct {
			Imported string `json:"imported"`
		}{args[0]}, func() { fmt.Fprintln(a.Stderr, a.say("cli.config.imported", "File", args[0])) })
	})
	cmd.Flags().BoolVar(&integrator, "from-integrator", false, a.say("cli.flag.from-integrator"))
	return cmd
}

// configFile reads a file of settings that the user names, "-" being standard input. What it gives is UTF-8.
func (a *app) configFile(path string) (string, error) {
	var raw []byte
	var err error
	if path == "-" {
		raw, err = io.ReadAll(io.LimitReader(a.Stdin, maxConfig+1))
	} else {
		if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
			return "", a.usageErrorf("cli.usage.not_a_file", "File", path)
		}
		raw, err = readLimited(path, maxConfig+1)
	}
	if err != nil {
		return "", a.usageErrorf("cli.usage.unreadable", "File", path, "Error", err.Error())
	}
	if len(raw) > maxConfig {
		return "", a.configError(a.say("cli.config.too_large", "File", filepath.Base(path), "Max", maxConfig))
	}
	text, ok := decodeSettings(raw)
	if !ok {
		return "", &pay.Error{Code: pay.ErrConfig, Text: a.say("cli.config.no_text", "File", filepath.Base(path)), Hint: a.say("cli.config.no_text_hint")}
	}
	return text, nil
}
