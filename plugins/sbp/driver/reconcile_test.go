package driver

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/registry"
	"github.com/payrack/payrack/sdk/pay"
)

// reconcile runs the command on a file.
func (c *till) reconcile(file string, want pay.Outcome) (registry.Report, pay.Operation) {
	c.t.Helper()
	args, err := json.Marshal(map[string]any{"name": "reconcile", "args": ReconcileArgs{File: file}})
	if err != nil {
		c.t.Fatal(err)
	}
	op := c.begin(pay.KindCommand, 0, string(args)).end(want)
	var report registry.Report
	if want == pay.Approved {
		if err := json.Unmarshal(op.Result, &report); err != nil {
			c.t.Fatalf("%s: %v", op.Result, err)
		}
	}
	return report, op
}

// registryOf is the bank's registry of a day, in a file.
func (c *till) registryOf(day string) string {
	c.t.Helper()
	data, err := c.box.Control().Registry(c.t.Context(), day)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.file(string(data))
}

func (c *till) file(text string) string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "registry.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// today is the bank's day.
func today() string { return time.Now().In(registry.Moscow()).Format(time.DateOnly) }

func TestTheBanksRegistryAgreesWithTheJournalAndEachDifferenceIsNamed(t *testing.T) {
	t.Parallel()
	c := newTill(t, bank.Dynamic, map[string]string{"RaiffeisenMode": string(bank.Dynamic)})
	day := ""
	var first pay.Operation
	for day != today() { // a day that ends meanwhile is tried again
		day = today()
		first = c.paid(way{bank.RaiffeisenID, bank.Dynamic}, 12345)
		c.paid(way{bank.GazprombankID, bank.Dynamic}, 700) // of another bank, which sends no registry
		c.refund(345, first).end(pay.Approved)
	}
	if report, op := c.reconcile(c.registryOf(day), pay.Approved); !report.Agrees || report.Registry != (registry.Sums{Payments: 12345, Refunds: 345}) ||
		report.Journal != report.Registry || len(report.Lines) != 2 || !slices.ContainsFunc(report.Lines, func(l registry.Line) bool { return l.Ref == string(first.Ref) && l.Kind == registry.Payment }) ||
		!strings.Contains(op.Text, "сходятся") {
		t.Errorf("%+v: %s", report, op.Text)
	}
	raw, err := os.ReadFile(c.registryOf(day))
	if err != nil {
		t.Fatal(err)
	}
	other := c.file(strings.ReplaceAll(string(raw), "123.45", "123.46"))
	report, op := c.reconcile(other, pay.Approved)
	if report.Agrees || report.Lines[0].Verdict != registry.Differs || report.Lines[0].Why != registry.WhySum || report.AddsUp || !strings.Contains(op.Text, "расходятся") {
		t.Errorf("%+v: %s", report, op.Text)
	}
}

func TestAFileThatIsNoRegistryIsRefusedWithoutAWordOfWhatItHolds(t *testing.T) {
	t.Parallel()
	c := newTill(t, bank.Dynamic, nil)
	secret := c.file("root:x:very-secret\n")
	for _, path := range []string{secret, "relative.csv", filepath.Join(t.TempDir(), "none.csv"), t.TempDir(), ""} {
		if _, op := c.reconcile(path, pay.Declined); op.Code != pay.ErrArgument.String() || op.Text == "" || op.Hint == "" || strings.Contains(op.Text+op.Hint, "secret") {
			t.Errorf("%q: %+v", path, op)
		}
	}
	if _, op := c.reconcile(c.file("\"a;"), pay.Declined); op.Text == "" {
		t.Errorf("%+v", op)
	}
	c.hides("very-secret")
}
