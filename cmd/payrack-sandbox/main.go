// Command payrack-sandbox is a provider's server to practise with, and the hand that moves its customers, faults and clock.
//
//	payrack-sandbox sendy --listen 127.0.0.1:8081 --data DIR
//
// runs the Sendy sandbox until SIGTERM, Ctrl-C or "payrack-sandbox stop", and prints one JSON line when it is ready;
// "payrack-sandbox sbp" runs the three banks of the SBP in one process, and its line says where each of them is. The other
// commands talk to a running one, which they find by --control, by the file of --ready-file, or by the environment
// variable PAYRACK_SANDBOX.
//
// Exit codes: 0 done, 1 failed (also: the ledger holds what must never happen), 2 usage, 4 no sandbox answers.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Exit codes, the same as those of payrack.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitNobody = 4
)

// app is one run of the command.
type app struct {
	say    catalogue
	in     io.Reader
	out    io.Writer
	lang   string
	ready  string // the ready file
	url    string // of the sandbox, if it is told
	asJSON bool
}

func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	lang := languageOf(args)
	a := &app{say: catalogue(lang), in: in, out: out, lang: lang}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(errOut, "payrack-sandbox:", a.say.failure(err))
	return exitCode(err)
}

// usageError marks a command that was called wrongly.
type usageError struct{ error }

func exitCode(err error) int {
	_, dial := errors.AsType[*net.OpError](err)
	_, usage := errors.AsType[usageError](err)
	switch {
	case usage:
		return exitUsage
	case dial && !errors.Is(err, errListen), errors.Is(err, errNoSandbox):
		return exitNobody
	}
	return exitFailed
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "payrack-sandbox", Short: a.say.text("root"), Args: cobra.NoArgs,
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	f := root.PersistentFlags()
	f.StringVar(&a.url, "control", os.Getenv("PAYRACK_SANDBOX"), a.say.text("flag-control"))
	f.StringVar(&a.ready, "ready-file", "", a.say.text("flag-ready"))
	f.BoolVar(&a.asJSON, "json", false, a.say.text("flag-json"))
	f.StringVar(&a.lang, "lang", a.lang, a.say.text("flag-lang"))
	f.BoolP("help", "h", false, a.say.text("flag-help"))
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetUsageFunc(a.usage)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	root.AddCommand(a.sendy(), a.sbp(), a.kvell(), a.lombard(), a.socproc())
	root.AddCommand(a.customerCommands()...)
	root.AddCommand(a.benchCommands()...)
	root.AddCommand(a.sbpCommands()...)
	root.AddCommand(a.kvellCommands()...)
	root.AddCommand(a.lombardCommands()...)
	root.AddCommand(a.socprocCommands()...)
	for _, c := range append(root.Commands(), root) {
		c.DisableFlagsInUseLine = true
		if check := c.Args; check != nil {
			c.Args = func(c *cobra.Command, args []string) error {
				if err := check(c, args); err != nil {
					return usageError{wrongWords{args, err}}
				}
				return nil
			}
		}
	}
	return root
}

// languageOf finds the language before the flags are read, because their descriptions are in it.
func languageOf(args []string) string {
	lang := os.Getenv("PAYRACK_LANG")
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--lang="); ok {
			lang = value
		} else if arg == "--lang" && i+1 < len(args) {
			lang = args[i+1]
		}
	}
	if lang != "en" {
		return "ru"
	}
	return lang
}

// errNoSandbox is that nobody said where the sandbox is.
var errNoSandbox = errors.New("no sandbox is named: use --control URL, --ready-file FILE or the variable PAYRACK_SANDBOX")

// control is the client of the running sandbox.
func (a *app) control() (*sdk.Control, error) {
	if a.ready != "" {
		r, err := readReady(a.ready)
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", errNoSandbox, err)
		}
		return &sdk.Control{URL: r.URL}, nil
	}
	if a.url == "" {
		return nil, errNoSandbox
	}
	return &sdk.Control{URL: a.url}, nil
}
