package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/cmd/payrack/doctor"
	"github.com/payrack/payrack/host"
	"github.com/payrack/payrack/host/client"
)

// diagnosis is the JSON of payrack doctor.
type diagnosis struct {
	OK     bool             `json:"ok"`
	Checks []doctor.Finding `json:"checks"`
}

func (a *app) doctorCommand() *cobra.Command {
	var noStart bool
	cmd := a.command("doctor", "doctor", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		p, err := a.place()
		if err != nil {
			return err
		}
		in := doctor.Installation{
			Place: p, Version: version(), Language: a.language, Now: a.Now, Zone: time.Local, CheckSettings: a.checkSettings,
		}
		if settings, _, err := host.LoadSettings(p); err == nil {
			in.Unchecked = !settings.Manifest
		}
		s, err := client.Open(cmd.Context(), a.clientOptions(p, false))
		if in.Running = err == nil; !in.Running && !noStart {
			s, err = client.Open(cmd.Context(), a.clientOptions(p, true))
		}
		if in.HostErr = err; err == nil {
			defer s.Close()
			in.Host = s
		}
		findings := doctor.Examine(cmd.Context(), in, func(f doctor.Finding) {
			if !a.flags.json {
				a.showFinding(f)
			}
		})
		code := doctor.First(findings)
		if a.flags.json {
			if err := a.writeJSON(diagnosis{OK: code == 0, Checks: findings}); err != nil {
				return err
			}
		}
		if code == 0 {
			return nil
		}
		return finished{exitOfFinding(exitOfCode(code))}
	})
	cmd.Flags().BoolVar(&noStart, "no-start", false, a.say("cli.flag.no-start"))
	return cmd
}

// exitOfFinding keeps to the codes that a diagnosis has: 3, 4 and 7, and 1 for the rest.
func exitOfFinding(code int) int {
	switch code {
	case exitConfig, exitNoConnection, exitNotActive:
		return code
	}
	return exitFailed
}

func (a *app) showFinding(f doctor.Finding) {
	mark := a.say("cli.doctor.mark." + string(f.Status))
	fmt.Fprintf(a.Stdout, "%s %s: %s\n", mark, f.ID, strings.ReplaceAll(clean(f.Detail), "\n", "\n     "))
	if f.Fix != "" {
		fmt.Fprintf(a.Stdout, "     → %s\n", strings.ReplaceAll(clean(f.Fix), "\n", "\n     "))
	}
}
