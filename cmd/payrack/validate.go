package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk/pay"
)

// validation is the JSON of a file that is sound; one that is not is an error document.
type validation struct {
	Valid  bool   `json:"valid"`
	Module string `json:"module,omitempty"`
	File   string `json:"file,omitempty"`
}

// configValidateCommand checks a module's own file, or any file as if it were that.
func (a *app) configValidateCommand() *cobra.Command {
	var id string
	use := "validate [" + a.say("cli.arg.file") + "]"
	cmd := a.command(use, "config-validate", a.between(0, 1), func(cmd *cobra.Command, args []string) error {
		file, content := "", ""
		if len(args) == 1 {
			file = args[0]
			var err error
			if content, err = a.configFile(file); err != nil {
				return err
			}
			if !cmd.Flags().Changed("module") {
				id = moduleOf(file)
			}
		}
		if err := a.validate(cmd.Context(), id, file, content); err != nil {
			return err
		}
		return a.result(validation{Valid: true, Module: id, File: file}, func() { fmt.Fprintln(a.Stderr, a.say("cli.config.valid")) })
	})
	cmd.Flags().StringVar(&id, "module", "", a.say("cli.flag.config-module"))
	return cmd
}

// moduleOf tells from a file's name whose settings it holds: sendy.ini is of sendy, payrack.ini and what has no telling name the host's.
func moduleOf(file string) string {
	base := filepath.Base(file)
	id, found := strings.CutSuffix(strings.ToLower(base), ".ini")
	if !found || id == "payrack" {
		return ""
	}
	return id
}

// validate asks who knows the settings: this program knows the host's, a module its own.
func (a *app) validate(ctx context.Context, id, file, content string) error {
	if id == "" {
		return a.validateOwn(file, content)
	}
	s, err := a.open(ctx, true)
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := (configuring{a: a, s: s, module: id}).ask(ctx, "validate", filepath.Base(file), content); err != nil {
		if e, ok := errors.AsType[*pay.Error](err); ok && e.Code == pay.ErrConfig && file != "" {
			named := *e
			named.Text, named.Hint = filepath.Base(file)+": "+e.Text, a.say("cli.config.fix")
			return &named
		}
		return err
	}
	return nil
}

// validateOwn checks a file of the host's settings: the installation's own, if none is named.
func (a *app) validateOwn(file, content string) error {
	if file != "" {
		return a.problems(filepath.Base(file), checkHostSettings(content))
	}
	p, err := a.place()
	if err != nil {
		return err
	}
	return a.checkSettings(p)
}

// checkSettings reads payrack.ini without a host. A file that is not there is sound: everything has a default.
func (a *app) checkSettings(p place.Place) error {
	if !isFile(p.Settings()) {
		return nil
	}
	content, err := a.configFile(p.Settings())
	if err != nil {
		return err
	}
	return a.problems("payrack.ini", checkHostSettings(content))
}

// problems makes what is wrong with a file one refusal that names lines and keys.
func (a *app) problems(file string, err error) error {
	if err == nil {
		return nil
	}
	if list, ok := errors.AsType[ini.Problems](err); ok {
		for _, p := range list {
			p.File = file
		}
		return a.configError(list.Text(a.language))
	}
	return a.configError(fmt.Sprintf("%s: %v", file, err))
}
