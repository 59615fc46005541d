package main

import (
	"context"
	"fmt"

	"github.com/payrack/payrack/host"
	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
)

// runHost is this process as the host of an installation, until it is stopped, idle or interrupted. As a service it is never idle.
func (a *app) runHost(ctx context.Context, p place.Place, service bool) error {
	atTerminal := columns(a.Stderr) > 0
	return host.Run(ctx, host.Options{
		Place: p, Version: version(), Foreground: atTerminal, Service: service,
		Ready: func(h place.Host) {
			if atTerminal {
				fmt.Fprintln(a.Stderr, a.say("cli.host.running", "PID", h.PID, "Version", h.Version))
			}
		},
	})
}

// setPIN gives an operator a PIN. The session has the full role, or the installation has no PIN yet.
func (a *app) setPIN(ctx context.Context, s *client.Session, id, name, pin string) error {
	for _, option := range [][2]string{{"operator.id", id}, {"operator.name", name}, {"operator.new_pin", pin}} {
		if err := s.SetOption(ctx, option[0], option[1]); err != nil {
			return err
		}
	}
	return nil
}

// checkHostSettings says what is wrong with the text of a payrack.ini.
func checkHostSettings(content string) error { return host.CheckSettings([]byte(content)) }
