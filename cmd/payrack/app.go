package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// app is one run of the command line, with everything that it takes from its surroundings.
type app struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            func(string) string
	Now            func() time.Time
	Program        string           // path of the running program
	Interrupts     <-chan os.Signal // Ctrl-C and a request to end; may be nil

	flags    globalFlags
	language string
	keys     *keyboard
	about    string // the command that is run, with a leading space

	mu          sync.Mutex
	interrupted func() // what Ctrl-C does; nil: it ends the command
}

// globalFlags are those that every command knows.
type globalFlags struct {
	home, pos, lang, operator, pinFile string
	json                               bool
}

// defaultPos is the till of a technician who names none: his operations then never mix with a cashier's.
const defaultPos = "cli"

// run executes one command line and returns its exit code.
func (a *app) run(args []string) int {
	a.language = a.chooseLanguage(args)
	a.flags.json = slices.Contains(args, "--json")
	a.keys = newKeyboard(a.Stdin, a.Stderr)
	defer a.keys.restore()
	root := a.root()
	root.SetArgs(args)
	if cmd, _, err := root.Find(args); err == nil {
		a.about = strings.TrimPrefix(cmd.CommandPath(), root.Name())
	}
	root.SetIn(a.Stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go a.heed(ctx, stop)
	err := root.ExecuteContext(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) && exitOf(err) != exitUnknown {
		err = &pay.Error{Code: pay.CodeCancelled, Text: a.say("cli.interrupted"), Cause: err}
	}
	if _, ok := errors.AsType[finished](err); err != nil && !ok {
		a.fail(err)
	}
	return exitOf(err)
}

// root builds the tree of commands in the chosen language.
func (a *app) root() *cobra.Command {
	root := a.group("payrack", "root",
		a.hostCommand(), a.sandboxCommand(), a.activateCommand(), a.infoCommand(), a.moduleCommand(), a.configCommand(),
		a.payCommand(), a.payoutCommand(), a.refundCommand(), a.verifyLinkCommand(), a.cancelCommand(), a.statusCommand(), a.pendingCommand(), a.confirmCommand(),
		a.reverseCommand(), a.resolveCommand(), a.closeDayCommand(), a.reportCommand(), a.reconcileCommand(), a.slipCommand(), a.certificateCommand(), a.opsCommand(), a.requestsCommand(), a.keysCommand(),
		a.signInCommand(), a.signInsCommand(), a.correctCommand(), a.cardsCommand(), a.journalCommand(), a.documentsCommand(), a.documentCommand(),
		a.logCommand(), a.doctorCommand(), a.checkCommand(), a.versionCommand(), a.completionCommand(),
		a.topic("exit-codes"), a.topic("json"))
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(a.helpCommand(root))
	root.SetHelpFunc(a.help)
	root.SetUsageFunc(a.usage)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return a.flagError(err) })
	f := root.PersistentFlags()
	f.BoolP("help", "h", false, a.say("cli.flag.help"))
	f.StringVar(&a.flags.home, "home", "", a.say("cli.flag.home"))
	f.StringVar(&a.flags.pos, "pos", "", a.say("cli.flag.pos"))
	f.StringVar(&a.flags.lang, "lang", "", a.say("cli.flag.lang"))
	f.StringVar(&a.flags.operator, "operator", "", a.say("cli.flag.operator"))
	f.StringVar(&a.flags.pinFile, "pin-file", "", a.say("cli.flag.pin-file"))
	f.BoolVar(&a.flags.json, "json", false, a.say("cli.flag.json"))
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		a.json(cmd)
		if l := a.flags.lang; l != "" && l != "ru" && l != "en" {
			return a.usageErrorf("cli.usage.lang", "Lang", l)
		}
		return nil
	}
	return root
}

// json settles --json once flags are parsed: `--json=false` is possible.
func (a *app) json(cmd *cobra.Command) {
	if v, err := cmd.Flags().GetBool("json"); err == nil {
		a.flags.json = v
	}
}

// command makes a command whose short text and examples stand in the catalogue under cli.<id>.
func (a *app) command(use, id string, args cobra.PositionalArgs, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: a.say("cli." + id + ".short"), Long: a.maybe("cli." + id + ".long"), Example: a.maybe("cli." + id + ".example"),
		Args: args, RunE: run, DisableFlagsInUseLine: true,
	}
}

// group makes a command that only holds others. Called alone it shows its help; with a word that it does not know it fails.
func (a *app) group(use, id string, commands ...*cobra.Command) *cobra.Command {
	cmd := a.command(use, id, cobra.ArbitraryArgs, nil)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return a.unknownCommand(cmd, args[0])
	}
	cmd.AddCommand(commands...)
	return cmd
}

// chooseLanguage looks at the arguments before they are parsed, because the help texts need the language already.
func (a *app) chooseLanguage(args []string) string {
	early := pflag.NewFlagSet("", pflag.ContinueOnError)
	early.ParseErrorsAllowlist.UnknownFlags = true
	early.SetOutput(io.Discard)
	early.BoolP("help", "h", false, "")
	lang, home := early.String("lang", "", ""), early.String("home", "", "")
	_ = early.Parse(args) // what is wrong is said by the real parse
	if *lang == "ru" || *lang == "en" {
		return *lang
	}
	a.flags.home = *home
	if p, err := a.place(); err == nil {
		if l := languageOf(p); l != "" {
			return l
		}
	}
	return "ru"
}

// place finds the installation: --home, PAYRACK_HOME, else the folder of this program.
func (a *app) place() (place.Place, error) {
	home := a.flags.home
	if home == "" {
		home = a.Env("PAYRACK_HOME")
	}
	if home == "" {
		program := a.Program
		if real, err := filepath.EvalSymlinks(program); err == nil {
			program = real
		}
		home = filepath.Dir(program)
	}
	return place.Find(home)
}

// pos is the till in whose name this command speaks.
func (a *app) pos() string {
	for _, pos := range []string{a.flags.pos, a.Env("PAYRACK_POS")} {
		if pos != "" {
			return pos
		}
	}
	return defaultPos
}

// open connects to the host of the installation, and starts one if start says so. The caller closes the session.
func (a *app) open(ctx context.Context, start bool) (*client.Session, error) {
	return a.openWith(ctx, start, 0)
}

// openConfirming opens a session whose payments are confirmed or reversed by a word of their own (PR_F_CONFIRM).
func (a *app) openConfirming(ctx context.Context, start bool) (*client.Session, error) {
	return a.openWith(ctx, start, confirms)
}

func (a *app) openWith(ctx context.Context, start bool, flags uint32) (*client.Session, error) {
	p, err := a.place()
	if err != nil {
		return nil, err
	}
	if a.flags.pinFile != "" && a.flags.operator == "" {
		return nil, a.usageErrorf("cli.usage.pin_without_operator")
	}
	options := a.clientOptions(p, start)
	options.Flags = flags
	s, err := client.Open(ctx, options)
	if pay.CodeOf(err) == pay.ErrHostStart && start && !p.Installed() {
		return nil, text.Refuse(pay.ErrConfig, "host.no_installation", map[string]any{"Folder": p.Home}, err)
	}
	if err != nil {
		return nil, err
	}
	if err := a.proveRole(ctx, s); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// proveRole tells the host who works here. A PIN is asked for on the terminal unless a file holds it; without one the session is a receiver's.
func (a *app) proveRole(ctx context.Context, s *client.Session) error {
	if a.flags.operator == "" {
		return nil
	}
	if err := s.SetOption(ctx, "operator.id", a.flags.operator); err != nil {
		return err
	}
	pin := ""
	switch {
	case a.flags.pinFile != "":
		secret, err := a.secretFrom(a.flags.pinFile)
		if err != nil {
			return err
		}
		pin = secret
	case a.keys.terminal():
		secret, err := a.askSecret(ctx, a.say("cli.ask.pin"))
		if err != nil {
			return err
		}
		pin = secret
	}
	if pin == "" {
		return nil
	}
	return s.SetOption(ctx, "operator.pin", pin)
}

// secretFrom reads a secret from a file, "-" being standard input: never from the command line, which other users can read.
func (a *app) secretFrom(path string) (string, error) {
	var raw []byte
	var err error
	if path == "-" {
		if a.keys.terminal() {
			return a.askSecret(context.Background(), a.say("cli.ask.secret"))
		}
		raw, err = io.ReadAll(io.LimitReader(a.Stdin, maxSecret+1))
	} else {
		raw, err = readLimited(path, maxSecret+1)
	}
	if err != nil {
		return "", a.usageErrorf("cli.usage.unreadable", "File", path, "Error", err.Error())
	}
	if len(raw) > maxSecret {
		return "", a.usageErrorf("cli.usage.secret_too_long", "Max", maxSecret)
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

// maxSecret is the longest secret or code that is read, in bytes.
const maxSecret = 64 << 10

func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// refArgument reads a ref that names an operation, a reversal's too.
func (a *app) refArgument(s string) (pay.Ref, error) {
	parent, _ := pay.Ref(s).Parent()
	if _, err := pay.ParseRef(string(parent)); err != nil {
		return "", a.usageErrorf("cli.usage.ref", "Ref", shorten(s))
	}
	return pay.Ref(s), nil
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
