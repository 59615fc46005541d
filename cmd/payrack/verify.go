package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
)

// verifyLinkCommand checks that the code printed at a till is the till's own. It is done only if it is.
func (a *app) verifyLinkCommand() *cobra.Command {
	o := order{kind: pay.KindVerifyLink}
	var code string
	cmd := a.command("verify-link", "verify-link", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		if err := a.require(cmd, "module"); err != nil {
			return err
		}
		if code = strings.TrimSpace(code); clean(code) != code || len(code) > maxSecret || strings.ContainsAny(code, "\n\t") {
			return a.usageErrorf("cli.usage.code_wrong")
		}
		o.params = params("code", code)
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		op, err := a.operate(cmd.Context(), s, &o)
		if err != nil {
			return err
		}
		return a.conclude(cmd.Context(), s, op, false, func() { a.showVerified(op) })
	})
	f := cmd.Flags()
	f.StringVar(&o.module, "module", "", a.say("cli.flag.module"))
	f.StringVar(&code, "code", "", a.say("cli.flag.link"))
	a.dialogFlags(cmd, &o.dialog)
	return cmd
}

// showVerified prints what a check of a link came to.
func (a *app) showVerified(op pay.Operation) {
	for _, text := range []string{op.Text, op.Hint} {
		if text != "" {
			fmt.Fprintln(a.Stdout, clean(text))
		}
	}
}
