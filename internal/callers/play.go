package callers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Play is a scenario at one till.
type Play struct {
	Shop    *Shop
	Command []string // the cashier program, with its arguments
	Log     *Log
	// Settle is how long the ledger is asked until it agrees: a reversal is carried out after the till was told that it is under way. 0: 30 s.
	Settle time.Duration

	till    *till
	code    string   // what the last scan gave
	answers []string // to the questions of the next command
	receipt string   // whether the receipts of the next command are printed: 1, 0, or "" for later
	cancel  time.Duration
	victim  string // who dies when the customer has the bill of the next command before him: host, module or till
	said    string // what the last command ended with
	pending int    // how many operations the till found at its start
	told    []Told
	acting  []chan error // customers in the background
}

// Run plays scenarios one after another, and then compares what the till was told with the truth.
func (p *Play) Run(ctx context.Context, scenarios ...string) (Sums, error) {
	if err := p.open(ctx); err != nil {
		return Sums{}, err
	}
	for _, name := range scenarios {
		if err := p.scenario(ctx, name); err != nil {
			p.till.kill()
			return Sums{}, err
		}
	}
	if err := p.till.leave(); err != nil {
		return Sums{}, fmt.Errorf("the till's end: %w", err)
	}
	for _, done := range p.acting {
		if err := <-done; err != nil {
			return Sums{}, err
		}
	}
	return p.compare(ctx)
}

func (p *Play) scenario(ctx context.Context, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	steps, err := Parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p.reset()
	for _, s := range steps {
		if err := p.step(ctx, s); err != nil {
			return fmt.Errorf("%s, line %d, %s: %w", filepath.Base(name), s.Line, s.Word, err)
		}
	}
	return nil
}

// reset forgets what was meant for one command only.
func (p *Play) reset() { p.answers, p.receipt, p.cancel, p.victim = nil, "1", -1, "" }

func (p *Play) step(ctx context.Context, s Step) (err error) {
	rest := strings.ReplaceAll(s.Rest, "$code", p.code)
	switch s.Word {
	case "say":
		fmt.Fprintln(p.Log, "\n=== "+rest)
	case "answer":
		p.answers = append(p.answers, rest)
	case "receipt":
		p.receipt = map[string]string{"printed": "1", "failed": "0"}[rest]
	case "cancel-after":
		seconds, err := strconv.ParseFloat(rest, 64)
		p.cancel = time.Duration(seconds * float64(time.Second))
		return err
	case "expect":
		if word, _, _ := strings.Cut(p.said, " "); word != rest {
			return fmt.Errorf("expected %s, got %s", rest, p.said)
		}
	case "expect-pending":
		if got := strconv.Itoa(p.pending); got != rest {
			return fmt.Errorf("expected %s pending operations, got %s", rest, got)
		}
	case "sandbox":
		_, err = p.Shop.customer(ctx, rest)
	case "scan":
		p.code, err = p.Shop.customer(ctx, rest)
	case "sandbox&":
		done := make(chan error, 1)
		go func() { _, err := p.Shop.customer(ctx, rest); done <- err }()
		p.acting = append(p.acting, done)
	case "at-bill":
		p.victim = strings.TrimPrefix(rest, "kill ")
		if p.victim != "host" && p.victim != "module" && p.victim != "till" {
			err = fmt.Errorf("nobody to kill: %q", rest)
		}
	case "restart":
		p.till.kill()
		return p.open(ctx)
	default:
		if p.victim != "" {
			return p.tellAndKill(ctx, strings.TrimSpace(s.Word+" "+rest))
		}
		return p.tell(strings.TrimSpace(s.Word + " " + rest))
	}
	return err
}

// open starts the till, and hears what it finds pending.
func (p *Play) open(ctx context.Context) error {
	till, err := start(ctx, p.Command, p.Shop.env, p.Log)
	if err != nil {
		return err
	}
	p.till = till
	for {
		if err := p.await(); err != nil {
			p.till.kill()
			return err
		}
		if rest, ok := strings.CutPrefix(p.said, "pending "); ok {
			p.pending, err = strconv.Atoi(rest)
			return err
		}
		if p.said == "refused" {
			p.till.kill()
			return errors.New("the till does not open")
		}
	}
}

// tell types a command, and hears it to its end.
func (p *Play) tell(command string) error {
	defer p.reset()
	if err := p.till.say(command); err != nil {
		return err
	}
	if command == "pending" {
		for {
			if err := p.await(); err != nil || strings.HasPrefix(p.said, "pending ") {
				return err
			}
		}
	}
	if err := p.await(); err != nil {
		return err
	}
	if len(p.answers) > 0 {
		return fmt.Errorf("nobody asked for the answer %q", p.answers[0])
	}
	return nil
}

// tellAndKill types a command, lets the victim die when the customer has the bill before him, and the customer pay all the same. A till that died
// is started again, and hears what is pending.
func (p *Play) tellAndKill(ctx context.Context, command string) error {
	victim, done := p.victim, make(chan error, 1)
	go func() {
		_, err := p.Shop.customer(ctx, "hold --wait 30s")
		switch {
		case err != nil:
		case victim == "till":
			p.till.kill()
		default:
			err = p.Shop.kill(ctx, victim)
		}
		if err == nil {
			_, err = p.Shop.customer(ctx, "pay")
		}
		done <- err
	}()
	said := p.tell(command)
	if err := <-done; err != nil {
		return errors.Join(err, said)
	}
	if victim != "till" {
		return said
	}
	if said == nil {
		return errors.New("the till ended its command before it died")
	}
	return p.open(ctx)
}

// await listens until a command or an operation has ended, and answers what is asked on the way.
func (p *Play) await() error {
	for {
		line, err := p.till.hear()
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(line, "== "):
			p.said = strings.TrimPrefix(line, "== ")
			if told, ok := parseTold(line); ok {
				p.told = append(p.told, told)
			}
			return nil
		case strings.HasPrefix(line, "? "):
			if err := p.till.say(p.answer(line)); err != nil {
				return err
			}
		case p.cancel >= 0 && (strings.HasPrefix(line, "QR-код показан") || strings.HasPrefix(line, "The QR code is shown")):
			time.Sleep(p.cancel) // the customer is thinking
			p.cancel = -1
			if err := p.till.say("cancel"); err != nil {
				return err
			}
		}
	}
}

func (p *Play) answer(question string) string {
	if strings.Contains(question, "Чек напечатан") || strings.Contains(question, "Receipt printed") {
		return p.receipt
	}
	if len(p.answers) == 0 {
		return "" // the default
	}
	first := p.answers[0]
	p.answers = p.answers[1:]
	return first
}

// compare adds up what the till was told, and holds it against the ledger and the journals.
func (p *Play) compare(ctx context.Context) (Sums, error) {
	till, err := sum(p.told)
	if err != nil {
		return Sums{}, err
	}
	record := filepath.Join(p.Shop.dir, "till.jsonl")
	if err := write(record, p.told); err != nil {
		return Sums{}, err
	}
	settle := p.Settle
	if settle == 0 {
		settle = 30 * time.Second
	}
	var truth Sums
	for limit := time.Now().Add(settle); ; time.Sleep(200 * time.Millisecond) {
		if truth, err = p.Shop.ledger(ctx); err != nil {
			return Sums{}, err
		}
		if truth == till || time.Now().After(limit) {
			break
		}
	}
	if truth != till {
		return till, fmt.Errorf("the till took %d and gave back %d, the sandbox's ledger says %d and %d", till.Paid, till.Back, truth.Paid, truth.Back)
	}
	return till, p.Shop.check(ctx, record)
}

// sum adds up the last word about each operation.
func sum(list []Told) (s Sums, err error) {
	last := map[string]Told{}
	for _, t := range list {
		if before, ok := last[t.Ref]; ok && before.Outcome == "approved" && t.Outcome != "approved" {
			return s, fmt.Errorf("%s was approved, and then %s", t.Ref, t.Outcome)
		}
		last[t.Ref] = t
	}
	for _, t := range last {
		switch payment := strings.HasPrefix(t.Kind, "pay."); {
		case t.Outcome != "approved":
		case payment:
			s.Paid += t.Amount
			if t.Ack == "reversed" {
				s.Back += t.Amount
			}
		case t.Kind == "refund":
			s.Back += t.Amount
		}
	}
	return s, nil
}

// write writes the till's record as payrack check reads it.
func write(name string, list []Told) error {
	var b strings.Builder
	for _, t := range list {
		line, err := json.Marshal(map[string]any{"time": time.Now().Format(time.RFC3339), "pos": "4", "ref": t.Ref, "outcome": t.Outcome, "amount": t.Amount})
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	return os.WriteFile(name, []byte(b.String()), 0o600)
}
