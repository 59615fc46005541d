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
	"github.com/payrack/payrack/sdk/audit/books"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// close ends a case: trouble is over, everything settles, and the books are held against each other.
func (w *world) close() {
	w.calm()
	w.settledServer()
	w.until("every operation settles", w.quiet)
	w.nothingPayable()
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

// nothingPayable holds of a link that lies open to everybody that nothing is left on it when all has ended.
func (w *world) nothingPayable() {
	if !w.s.Limits.Link {
		return
	}
	bills, err := w.ctl.Bills(w.ctx, false)
	w.must("look at the link", err)
	for _, b := range bills {
		w.fail("everything has ended, and the link still takes %s%s", pay.Amount(b.Amount), w.fault.because())
	}
}

// settleByHand is the person who settles what nothing can prove: the provider never got the request, and the driver does not say that
// it refuses duplicates, so nothing is sent again.
func (w *world) settleByHand(ctx context.Context, f *follow) {
	for tick := 2 * time.Millisecond; ; tick = min(tick*2, 50*time.Millisecond) {
		f.mu.Lock()
		unknown, final := f.unknown, f.latest.Outcome.Final()
		f.mu.Unlock()
		if final {
			return
		}
		if unknown && w.neverHad(f) {
			_, _ = w.service().Resolve(ctx, f.r.Ref, false, "kit: the server never had it") // refused where proof came first
			return
		}
		select {
		case <-time.After(tick):
		case <-ctx.Done():
			return
		}
	}
}

// neverHad says that a request of an operation never did anything at the provider. What was charged on a link has a bill, paid or not.
func (w *world) neverHad(f *follow) bool {
	if !w.s.Limits.Link || f.r.Kind != pay.KindOnline {
		return w.fault != nil && !w.fault.fault.Work
	}
	requests, err := w.ctl.Requests(w.ctx, 0)
	if err != nil || slices.ContainsFunc(requests, func(r sandbox.Request) bool { return !r.Done }) {
		return false
	}
	bills, err := w.ctl.Bills(w.ctx, true)
	return err == nil && !slices.ContainsFunc(bills, func(b sandbox.Bill) bool { return b.Amount == int64(f.r.Amount) })
}

// auditBooks holds journal, ledger and what the till was told against each other. The module has stopped.
func (w *world) auditBooks() {
	all := audit.Books{Provider: true, Quiet: true}
	list, problems, err := books.Journal(w.ctx, filepath.Join(w.data, w.id+".db"), w.id)
	w.must("read the journal", err)
	for _, p := range problems {
		w.fail("the journal, %s: %s", p.Ref, p.What)
	}
	all.Operations = list
	ledger, err := w.ctl.Ledger(w.ctx, "")
	w.must("read the ledger", err)
	for _, e := range ledger.Entries {
		all.Movements = append(all.Movements, audit.Movement{Key: e.Key, Of: e.Of, Kind: string(e.Kind), Amount: pay.Amount(e.Amount),
			Currency: pay.Currency(e.Currency), System: e.System, Transaction: e.Transaction, Time: e.Time})
	}
	aliases(&all)
	w.mu.Lock()
	all.Told = slices.Clone(w.told)
	w.mu.Unlock()
	for _, v := range audit.Check(all) {
		w.fail("%s%s", v, w.fault.because())
	}
	for _, trouble := range ledger.Trouble {
		w.fail("the ledger: %s%s", trouble, w.fault.because())
	}
}

// aliases finds the operation of each movement whose name no journal has, by the other names that the provider gave it. It must be the only one:
// a link, for one, has its name in all its payments.
func aliases(all *audit.Books) {
	known := map[string]bool{}
	for _, op := range all.Operations {
		known[op.Key] = true
		for _, id := range op.ProviderIDs {
			known[id] = true
		}
	}
	for _, m := range all.Movements {
		if known[m.Key] {
			continue
		}
		var fit []*audit.Operation
		for i := range all.Operations {
			op := &all.Operations[i]
			if m.Kind == audit.Payment != op.Kind.Payment() {
				continue
			}
			if slices.ContainsFunc(strings.Fields(m.Transaction), func(id string) bool { return slices.Contains(op.ProviderIDs, id) }) {
				fit = append(fit, op)
			}
		}
		if len(fit) == 1 {
			fit[0].ProviderIDs = append(fit[0].ProviderIDs, m.Key)
		}
	}
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
