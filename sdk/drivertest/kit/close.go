package kit

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// close ends a case: trouble is over, everything settles, and the books are held against each other.
func (w *world) close() {
	w.calm()
	w.settledServer()
	w.until("every operation settles", w.quiet)
	w.nothingSecret()
	w.must("stop the module", w.life.Stop(w.ctx))
	w.watching.Wait()
	w.auditBooks()
	w.noSecretFiles()
}

// quiet says whether everything has an outcome and nothing is being given back.
func (w *world) quiet() bool {
	var list []pay.Operation
	w.find(map[string]any{"what": "operations", "open": true}, &list)
	return !slices.ContainsFunc(list, func(op pay.Operation) bool {
		return !op.Outcome.Final() || op.Running || op.Reversal == pay.ReversalUnderWay
	})
}

// settleByHand is the person who settles what nothing can prove: the provider never got the request, and the driver does not say that
// it refuses duplicates, so nothing is sent again.
func (w *world) settleByHand(ctx context.Context, f *follow) {
	for {
		f.mu.Lock()
		change, unknown, final := f.change, f.unknown, f.latest.Outcome.Final()
		f.mu.Unlock()
		if final {
			return
		}
		if unknown && w.fault != nil && !w.fault.fault.Work {
			_, _ = w.service().Resolve(ctx, f.r.Ref, false, "kit: the server never had it") // refused where proof came first
			return
		}
		select {
		case <-change:
		case <-ctx.Done():
			return
		}
	}
}

// auditBooks holds journal, ledger and what the till was told against each other. The module has stopped.
func (w *world) auditBooks() {
	books := audit.Books{Provider: true, Quiet: true}
	j, err := journal.Open(w.ctx, filepath.Join(w.data, w.id+".db"), journal.Options{Lock: 10 * time.Second})
	w.must("open the journal", err)
	defer j.Close()
	rows, err := j.Find(w.ctx, journal.Query{})
	w.must("read the journal", err)
	for _, row := range rows {
		events, _, err := j.Story(w.ctx, row.Ref)
		w.must("read the journal", err)
		books.Operations = append(books.Operations, operationOf(w.id, row, events))
	}
	ledger, err := w.ctl.Ledger(w.ctx, "")
	w.must("read the ledger", err)
	for _, e := range ledger.Entries {
		books.Movements = append(books.Movements, audit.Movement{Key: e.Key, Of: e.Of, Kind: string(e.Kind), Amount: pay.Amount(e.Amount),
			Currency: pay.Currency(e.Currency), System: e.System, Transaction: e.Transaction, Time: e.Time})
	}
	w.mu.Lock()
	books.Told = slices.Clone(w.told)
	w.mu.Unlock()
	for _, v := range audit.Check(books) {
		w.fail("%s%s", v, w.fault.because())
	}
	for _, trouble := range ledger.Trouble {
		w.fail("the ledger: %s%s", trouble, w.fault.because())
	}
}

func operationOf(id string, row journal.Operation, events []journal.Event) audit.Operation {
	op := audit.Operation{Module: id, Ref: row.Ref, Original: row.OriginalRef, Key: row.Key.String(), Kind: row.Kind, PosID: row.PosID,
		Document: row.Document, Amount: row.Amount, Approved: row.ApprovedAmount, Currency: row.Currency, Number: row.Number,
		ProviderNumber: row.ProviderNumber, Shift: row.Shift, BookedShift: row.BookedShift, System: row.System, Outcome: row.Outcome,
		Final: row.Final, Told: row.Told, Charged: row.Charged, Ack: row.Ack, Reversal: row.Reversal, ResolvedBy: row.ResolvedBy,
		Begun: row.Begun, Settled: row.Settled}
	for _, e := range events {
		op.Abandoned = op.Abandoned || e.Name == "abandoned"
		op.Events = append(op.Events, audit.Event{Number: e.Number, Name: e.Name, Time: e.Time})
	}
	return op
}

// nothingSecret gathers the tokens that went over the line.
func (w *world) nothingSecret() {
	requests, err := w.ctl.Requests(w.ctx, 0)
	w.must("read the sandbox's log", err)
	for _, r := range requests {
		_, token, found := strings.Cut(r.Authorization, " ")
		if !found {
			token = r.Authorization
		}
		w.hide(token)
	}
}

// shortestSecret is what could also stand somewhere by chance, in bytes.
const shortestSecret = 6

// noSecretFiles looks for what must stand nowhere but in the secret store.
func (w *world) noSecretFiles() {
	slices.Sort(w.secrets)
	secrets := slices.DeleteFunc(slices.Compact(w.secrets), func(s string) bool { return len(s) < shortestSecret })
	err := filepath.WalkDir(w.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == "secrets" {
				return fs.SkipDir
			}
			return err
		}
		raw, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, secret := range secrets {
			if holds(raw, secret) {
				w.fail("a secret of %d characters stands in %s", len(secret), filepath.Base(path))
			}
		}
		return err
	})
	w.must("look for secrets", err)
}

// holds looks for a whole word, so that a number within a longer one is not taken for a code.
func holds(raw []byte, secret string) bool {
	for rest := raw; ; {
		at := bytes.Index(rest, []byte(secret))
		if at < 0 {
			return false
		}
		end := at + len(secret)
		if (at == 0 || !wordy(rest[at-1])) && (end == len(rest) || !wordy(rest[end])) {
			return true
		}
		rest = rest[end:]
	}
}

func wordy(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
