package sdk

import (
	"context"
	"encoding/json"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/shell"
	"github.com/payrack/payrack/sdk/text"
)

// addCommands declares what the module can do besides money.
func (s *Service) addCommands(driver provider.Driver) {
	if a, ok := driver.(provider.Activator); ok {
		s.shell.Command("activate", func(ctx context.Context, c shell.CommandCall) (provider.Reply, error) { return s.activate(ctx, a, c) })
	}
	if s.m.Commands == nil {
		return
	}
	for name, run := range s.m.Commands(driver) {
		s.shell.Command(name, run)
	}
}

// ActivateArgs are the arguments of the command "activate".
type ActivateArgs struct {
	Terminal string `json:"terminal_id"`
	Serial   string `json:"serial"`
	Code     string `json:"code"`
	Force    bool   `json:"force"`
}

// activate registers the terminal. A refusal of the provider is a decline whose result holds the attempts that are left.
func (s *Service) activate(ctx context.Context, a provider.Activator, c shell.CommandCall) (provider.Reply, error) {
	var args ActivateArgs
	if err := json.Unmarshal(c.Args, &args); err != nil {
		return provider.Reply{}, text.Refuse(pay.ErrArgument, "refused.activate", nil, nil)
	}
	s.log.Register(args.Code)
	result, err := a.Activate(ctx, provider.Activation{Terminal: args.Terminal, Serial: args.Serial, Code: args.Code, Force: args.Force})
	if err != nil {
		return provider.Reply{}, err
	}
	document, err := json.Marshal(map[string]any{"active": result.Active, "needs_force": result.NeedsForce,
		"attempts_left": result.AttemptsLeft, "registration": result.Registration})
	if err != nil {
		return provider.Reply{}, err
	}
	r := provider.Reply{Verdict: provider.Approved, Code: result.Code, Text: result.Text, Hint: result.Hint, Result: document}
	if !result.Active {
		r.Verdict, r.Error = provider.Declined, pay.ErrActivation
	}
	return r, nil
}
