package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/registry"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/shell"
)

// commands are what the module can do besides money.
func commands(driver provider.Driver) map[string]shell.Command {
	d, ok := driver.(*Driver)
	if !ok {
		return nil // the module is blocked
	}
	return map[string]shell.Command{"reconcile": d.reconcile}
}

// ReconcileArgs are the arguments of the command "reconcile".
type ReconcileArgs struct {
	File string `json:"file"` // path of the registry that Raiffeisenbank sent; absolute, because this process has a folder of its own
}

const (
	// maxRegistry bounds a file: a day of a large shop is far below a megabyte.
	maxRegistry = 16 << 20
	// around is how long before and after a registry's days an operation may have been begun that it names.
	around = 7 * 24 * time.Hour
)

// reconcile compares a registry with the journal. Its result is a registry.Report: approved, whether the two agree or not.
func (d *Driver) reconcile(ctx context.Context, c shell.CommandCall) (provider.Reply, error) {
	var args ReconcileArgs
	if json.Unmarshal(c.Args, &args) != nil || args.File == "" || !filepath.IsAbs(args.File) {
		return refusal(d.refuse(c.Language, pay.ErrArgument, "sbp.reconcile.file", nil, nil)), nil
	}
	r, err := d.readRegistry(args.File, c.Language)
	if e, ok := errors.AsType[*pay.Error](err); ok {
		return refusal(e), nil
	}
	past, err := d.past(ctx, r.From.Add(-around), r.To.Add(around))
	if err != nil {
		return provider.Reply{}, err
	}
	report := registry.Compare(r, rowsOf(past))
	result, err := json.Marshal(report)
	if err != nil {
		return provider.Reply{}, err
	}
	text := "sbp.reconcile.differs"
	if report.Agrees {
		text = "sbp.reconcile.agrees"
	}
	return provider.Reply{Verdict: provider.Approved, Text: d.say(c.Language, text, nil), Result: result}, nil
}

// readRegistry reads a file. Its errors have words, and repeat nothing of what the file holds.
func (d *Driver) readRegistry(path, language string) (registry.Registry, error) {
	data, err := readFile(path)
	if err != nil {
		return registry.Registry{}, d.refuse(language, pay.ErrArgument, "sbp.reconcile.unreadable", nil, err)
	}
	r, err := registry.Parse(data)
	if bad, ok := errors.AsType[*registry.ParseError](err); ok {
		return r, d.refuse(language, pay.ErrArgument, "sbp.reconcile."+string(bad.Reason), map[string]any{"Line": bad.Line}, err)
	}
	return r, err
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxRegistry {
		return nil, fmt.Errorf("read %s: not a file of at most %d bytes", filepath.Base(path), maxRegistry)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxRegistry))
}

// rowsOf are the operations that were meant for Raiffeisenbank, the only bank whose registry is known.
func rowsOf(past []sdk.Past) []registry.Row {
	systems := map[pay.Ref]string{}
	for _, p := range past {
		systems[p.Ref] = p.System
	}
	var rows []registry.Row
	for _, p := range past {
		system := p.System
		if system == "" {
			system = systems[p.Original]
		}
		if system != bank.RaiffeisenID {
			continue
		}
		row := registry.Row{Ref: string(p.Ref), Key: p.Key.String(), Kind: registry.Payment, Amount: int64(p.Amount), Charged: p.Charged,
			Outcome: p.Outcome.String(), Begun: p.Begun, Booked: p.Booked}
		if p.Kind == pay.KindRefund || p.Kind == pay.KindReversal {
			row.Kind = registry.Refund
		}
		rows = append(rows, row)
	}
	return rows
}
