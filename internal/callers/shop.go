package callers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Platform says what kind of programs the installation has.
type Platform struct {
	Built   string   // the installation that was built
	Sandbox string   // the sandbox's program, which is this computer's own
	Enter   []string // what stands before a program of the installation: nothing, or how Wine is entered
	Suffix  string   // of its name
}

// Shop is an installation with the sandbox as its provider. It lies in a folder of its own.
type Shop struct {
	Home    string // the installation
	on      Platform
	dir     string
	sandbox *exec.Cmd
	life    io.Closer // the sandbox ends with it
	env     []string
}

// NewShop copies the installation that make build made, and starts the sandbox. Close it, also after an error.
func NewShop(ctx context.Context, on Platform, dir string) (*Shop, error) {
	s := &Shop{on: on, dir: dir, Home: filepath.Join(dir, "payrack")}
	if err := os.CopyFS(s.Home, os.DirFS(on.Built)); err != nil {
		return s, fmt.Errorf("copy the installation (make build comes first): %w", err)
	}
	url, err := s.startSandbox(ctx)
	if err != nil {
		return s, err
	}
	settings := "[Organization]\nName=ООО \"РОМАШКА\"\nAddress=Магазин 12, г. Тула, ул. Мира 1\nINN=7101234567\n"
	if err := os.WriteFile(filepath.Join(s.Home, "payrack.ini"), []byte(settings), 0o600); err != nil {
		return s, err
	}
	return s, os.WriteFile(filepath.Join(s.Home, "modules", "sendy", "sendy.ini"), fmt.Appendf(nil, "[Sendy]\nServer=%s\n[Service]\nWeChat=yes\n", url), 0o600)
}

func (s *Shop) startSandbox(ctx context.Context) (url string, err error) {
	ready := filepath.Join(s.dir, "ready")
	s.sandbox = exec.CommandContext(ctx, s.on.Sandbox, "sendy", "--listen", "127.0.0.1:0", "--data", filepath.Join(s.dir, "sandbox"),
		"--ready-file", ready, "--with-stdin")
	if s.life, err = s.sandbox.StdinPipe(); err != nil {
		return "", err
	}
	if err := s.sandbox.Start(); err != nil {
		s.sandbox = nil
		return "", fmt.Errorf("start the sandbox: %w", err)
	}
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		raw, err := os.ReadFile(ready)
		var where struct{ URL, Control string }
		if err == nil && json.Unmarshal(raw, &where) == nil && where.Control != "" {
			s.env = append(os.Environ(), "PAYRACK_SANDBOX="+where.Control, "LC_ALL=C.UTF-8", "LANG=C.UTF-8")
			return where.URL, nil
		}
	}
	return "", errors.New("the sandbox is not ready after 30 s")
}

// Program is the command line of a program that lies in the installation.
func (s *Shop) Program(name string, args ...string) []string {
	return slices.Concat(s.on.Enter, []string{filepath.Join(s.Home, name+s.on.Suffix)}, args)
}

// payrack runs the installation's command line.
func (s *Shop) payrack(ctx context.Context, input string, args ...string) (string, error) {
	return s.run(ctx, input, s.Program("payrack", append([]string{"--home", s.Home}, args...)...)...)
}

// run runs a program to its end. Its output goes to a file: under Wine what a program starts, a host or the desktop, would hold a pipe open.
func (s *Shop) run(ctx context.Context, input string, words ...string) (string, error) {
	said, err := os.CreateTemp(s.dir, "said")
	if err != nil {
		return "", err
	}
	defer os.Remove(said.Name())
	defer said.Close()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.env, strings.NewReader(input), said, said
	err = cmd.Run()
	out, unread := os.ReadFile(said.Name())
	return string(out), errors.Join(err, unread)
}

// Close stops the host, which ends its modules, and the sandbox.
func (s *Shop) Close() error {
	var errs []error
	if s.sandbox != nil {
		if out, err := s.payrack(context.Background(), "", "host", "stop", "--drain"); err != nil {
			errs = append(errs, fmt.Errorf("stop the host: %w: %s", err, out))
		}
		s.life.Close()
		errs = append(errs, s.sandbox.Wait())
	}
	return errors.Join(errs...)
}

// customer runs the sandbox's command line: the customer, and the provider's faults.
func (s *Shop) customer(ctx context.Context, args string) (string, error) {
	cmd := exec.CommandContext(ctx, s.on.Sandbox, strings.Fields(args)...)
	cmd.Env = s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("sandbox %s: %w: %s", args, err, out)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(first), nil
}

// Sums are the sandbox's ledger, in kopecks.
type Sums struct{ Paid, Back int64 }

func (s *Shop) ledger(ctx context.Context) (Sums, error) {
	cmd := exec.CommandContext(ctx, s.on.Sandbox, "ledger", "--json")
	cmd.Env = s.env
	out, err := cmd.Output()
	if err != nil {
		return Sums{}, fmt.Errorf("ask for the ledger: %w", err)
	}
	var doc struct {
		Sums map[string]struct{ Amount int64 }
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		return Sums{}, fmt.Errorf("read the ledger: %w", err)
	}
	return Sums{doc.Sums["payment"].Amount, doc.Sums["refund"].Amount + doc.Sums["reversal"].Amount}, nil
}

// check holds the till's record against journals and ledger by payrack check.
func (s *Shop) check(ctx context.Context, record string) error {
	var control string
	for _, e := range s.env {
		if v, ok := strings.CutPrefix(e, "PAYRACK_SANDBOX="); ok {
			control = v
		}
	}
	soon := time.Now().Add(time.Minute).Format("2006-01-02 15:04:05")
	if out, err := s.payrack(ctx, "", "check", "--module", "sendy", "--ledger", control, "--till", record, "--quiet-since", soon); err != nil {
		return fmt.Errorf("payrack check: %w\n%s", err, out)
	}
	return nil
}

// processes are the pids of the installation's host or module that run.
func (s *Shop) processes(who string) (pids []int) {
	program, host := "/payrack"+s.on.Suffix, who == "host"
	if !host {
		program = "/modules/sendy/sendy" + s.on.Suffix
	}
	entries, _ := os.ReadDir("/proc") // nobody is found where there is none
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		raw, unread := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err != nil || unread != nil {
			continue
		}
		words := strings.Split(strings.TrimRight(string(raw), "\x00"), "\x00")
		name := strings.ReplaceAll(words[0], "\\", "/") // as Windows writes it: Z:\...
		if strings.HasSuffix(name, s.Home+program) && (!host || slices.Contains(words[1:], "host") && !slices.Contains(words, "stop")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// kill ends host or module as a power cut would.
func (s *Shop) kill(ctx context.Context, who string) error {
	pids := s.processes(who)
	if len(pids) != 1 {
		return fmt.Errorf("kill the %s: %d of them run", who, len(pids))
	}
	process, err := os.FindProcess(pids[0])
	if err == nil {
		err = process.Kill()
	}
	if err != nil {
		return fmt.Errorf("kill the %s: %w", who, err)
	}
	return until(ctx, "the "+who+" that was killed is gone", func() bool { return !slices.Contains(s.processes(who), pids[0]) })
}

// until waits for a state.
func until(ctx context.Context, what string, reached func() bool) error {
	for limit := time.Now().Add(time.Minute); !reached(); {
		if time.Now().After(limit) || ctx.Err() != nil {
			return fmt.Errorf("waited in vain: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// Demo lets the example in C, which plays its script and its customers itself, do a whole scenario, and holds its totals and what it heard
// against the ledger and the journals. said is what stood on its screen.
func (s *Shop) Demo(ctx context.Context, program, script string) (sums Sums, said string, err error) {
	totals, record, copied := filepath.Join(s.dir, "totals"), filepath.Join(s.dir, "till"), filepath.Join(s.dir, "script.txt")
	text, err := os.ReadFile(script)
	if err == nil {
		err = os.WriteFile(copied, text, 0o600)
	}
	if err != nil {
		return Sums{}, "", err
	}
	if said, err = s.run(ctx, "", s.Program(program, "--home", s.Home, "--pos", "4", "--sandbox", filepath.Join(s.Home, "payrack-sandbox"+s.on.Suffix), "--script", copied,
		"--totals", totals, "--till-log", record)...); err != nil {
		return Sums{}, said, err
	}
	var told struct{ Approved, Refunded int64 }
	if text, err = os.ReadFile(totals); err == nil {
		err = json.Unmarshal(text, &told)
	}
	if err != nil {
		return Sums{}, said, fmt.Errorf("the till's totals: %w", err)
	}
	if sums, err = s.ledger(ctx); err == nil && sums != (Sums{told.Approved, told.Refunded}) {
		err = fmt.Errorf("the till says %d and %d, the sandbox's ledger %d and %d", told.Approved, told.Refunded, sums.Paid, sums.Back)
	}
	return sums, said, errors.Join(err, s.check(ctx, record))
}
