package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/host/index"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// checkedShop is an installation whose module has taken a payment, given a part of it back, been declined once, and paid out once.
type checkedShop struct {
	t       *testing.T
	home    string
	journal *journal.Journal // open: the module runs
	index   *index.Index
	numbers byte
}

// shopDay is when its operations were; the time of the test is later.
var shopDay = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newCheckedShop(t *testing.T) *checkedShop {
	t.Helper()
	s := &checkedShop{t: t, home: t.TempDir()}
	p, err := place.Find(s.home)
	s.must(err)
	s.must(os.MkdirAll(p.ModuleData("bank"), 0o700))
	s.must(os.WriteFile(p.Module("bank"), []byte("program"), 0o700))
	s.journal, err = journal.Open(t.Context(), s.file(), journal.Options{Now: func() time.Time { return shopDay }})
	s.must(err)
	t.Cleanup(func() { _ = s.journal.Close() })
	s.index, err = index.Open(t.Context(), p.Index())
	s.must(err)
	t.Cleanup(func() { _ = s.index.Close() })
	s.operation(journal.Operation{Ref: "sale", Kind: pay.KindOffline, Amount: 1000}, pay.Approved)
	s.operation(journal.Operation{Ref: "refund", Kind: pay.KindRefund, Amount: 400, OriginalRef: "sale"}, pay.Approved)
	s.operation(journal.Operation{Ref: "declined", Kind: pay.KindOnline, Amount: 500}, pay.Declined)
	s.operation(journal.Operation{Ref: "payout", Kind: pay.KindPayout, Amount: 300, Document: "D1"}, pay.Approved)
	return s
}

func (s *checkedShop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *checkedShop) file() string { return filepath.Join(s.home, "modules", "bank", "bank.db") }

func shopKey(n byte) string { return pay.Key{0: 0xab, 15: n}.String() }

// operation leads one through its life, as host and module do.
func (s *checkedShop) operation(op journal.Operation, outcome pay.Outcome) {
	s.t.Helper()
	s.numbers++
	op.PosID, op.Currency, op.Open, op.System = "4", pay.RUB, true, "sbp"
	op.Key[0], op.Key[15] = 0xab, s.numbers
	op.State = json.RawMessage(`{}`)
	_, _, err := s.index.Take(s.t.Context(), index.Entry{Ref: op.Ref, Module: "bank", PosID: "4", Kind: op.Kind, Amount: op.Amount, Currency: op.Currency,
		Digest: []byte("d"), Document: op.Document, Original: op.OriginalRef, Begun: shopDay}, "")
	s.must(err)
	op, _, err = s.journal.Begin(s.t.Context(), op, journal.Event{Name: "begun"})
	s.must(err)
	op, err = s.journal.Append(s.t.Context(), journal.Change{Operation: op, Event: journal.Event{Name: "committing"}})
	s.must(err)
	op.Outcome, op.Final, op.Open, op.Settled = outcome, outcome.Final(), !outcome.Final(), shopDay
	name := outcome.String()
	if outcome == pay.Approved {
		op.Charged, op.ApprovedAmount = true, op.Amount
	}
	if outcome == pay.Unknown {
		op.Told, op.Settled, name = true, time.Time{}, "told_unknown"
	}
	_, err = s.journal.Append(s.t.Context(), journal.Change{Operation: op, Event: journal.Event{Name: name}})
	s.must(err)
	s.must(s.index.Learn(s.t.Context(), "bank", pay.Operation{Ref: op.Ref, Module: "bank", Kind: op.Kind, PosID: "4", Amount: op.Amount, Outcome: outcome, Begun: shopDay}))
}

// ledger is what the provider says; change may alter it.
func (s *checkedShop) ledger(change func([]map[string]any) []map[string]any) string {
	entries := []map[string]any{
		{"kind": "payment", "key": shopKey(1), "transaction": "11", "amount": 1000, "currency": "RUB"},
		{"kind": "refund", "key": shopKey(2), "of": shopKey(1), "transaction": "12", "amount": 400, "currency": "RUB"},
		{"kind": "payout", "key": shopKey(4), "transaction": "14", "amount": 300, "currency": "RUB"},
	}
	if change != nil {
		entries = change(entries)
	}
	raw, err := json.Marshal(map[string]any{"entries": entries})
	s.must(err)
	return string(raw)
}

func (s *checkedShop) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.home, name)
	s.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

// check runs `payrack check` and gives its exit code and what it printed.
func (s *checkedShop) check(args ...string) (code int, out string) {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Env: func(string) string { return "" }, Now: time.Now,
		Program: filepath.Join(s.home, "payrack")}
	code = a.run(append([]string{"check", "--home", s.home}, args...))
	return code, stdout.String() + stderr.String()
}

func (s *checkedShop) verdict(args ...string) (v verdict, code int) {
	s.t.Helper()
	code, out := s.check(append(args, "--json")...)
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return v, code
}

func (v verdict) ids() (ids []string) {
	for _, f := range v.Findings {
		ids = append(ids, f.ID)
	}
	return ids
}

const shopTold = `{"pos":"4","ref":"sale","outcome":"approved","amount":1000}
{"pos":"4","ref":"declined","outcome":4}
`

func TestBooksThatAgreeAreSaidToWhetherTheModuleRunsOrNot(t *testing.T) {
	t.Parallel()
	s := newCheckedShop(t)
	ledger, told := s.write("ledger.json", s.ledger(nil)), s.write("till.jsonl", shopTold)
	args := []string{"--ledger", ledger, "--till", told, "--quiet-since", "2026-11-22 00:00"}
	for range 2 {
		v, code := s.verdict(args...)
		if code != exitDone || !v.OK || len(v.Findings) != 0 {
			t.Fatalf("exit %d, %+v", code, v.Findings)
		}
		if len(v.Unchecked) != 1 || len(v.Rules) != 10 || len(v.Read) != 4 {
			t.Fatalf("%+v", v)
		}
		for _, r := range v.Rules {
			if r.Checked == 0 || r.Found != 0 || r.Text == "" {
				t.Errorf("%+v", r)
			}
		}
		s.must(s.journal.Close())
		s.must(s.index.Close())
	}
}

func TestWhatCannotBeCheckedIsNamed(t *testing.T) {
	t.Parallel()
	s := newCheckedShop(t)
	v, code := s.verdict()
	if code != exitDone || len(v.Unchecked) != 4 { // provider, tills, whether all is settled, what no book shows
		t.Fatalf("exit %d, %v", code, v.Unchecked)
	}
	for _, language := range []string{"ru", "en"} {
		_, out := s.check("--lang", language)
		for _, flag := range []string{"--ledger", "--registry", "--till", "--quiet-since", "bank", "§3.11"} {
			if !strings.Contains(out, flag) {
				t.Errorf("%s is not named in:\n%s", flag, out)
			}
		}
	}
}

func TestAProvidersBooksThatDisagreeAreFoundOut(t *testing.T) {
	t.Parallel()
	s := newCheckedShop(t)
	for name, c := range map[string]struct {
		change func([]map[string]any) []map[string]any
		want   []string
	}{
		"a movement is missing": {func(e []map[string]any) []map[string]any { return e[1:] }, []string{"not_paid", "totals"}},
		"one moved twice":       {func(e []map[string]any) []map[string]any { return append(e, e[2]) }, []string{"moved_twice", "totals"}},
		"a declined one was paid": {func(e []map[string]any) []map[string]any {
			return append(e, map[string]any{"kind": "payment", "key": shopKey(3), "amount": 500, "currency": "RUB"})
		}, []string{"charged_away", "totals"}},
		"one that nobody knows": {func(e []map[string]any) []map[string]any {
			return append(e, map[string]any{"kind": "payment", "key": shopKey(77), "transaction": "4111111111111111", "amount": 1, "currency": "RUB"})
		}, []string{"moved_unknown", "totals"}},
	} {
		ledger := s.write("ledger.json", s.ledger(c.change))
		v, code := s.verdict("--ledger", ledger, "--quiet-since", "2026-11-22")
		for _, id := range c.want {
			if !slices.Contains(v.ids(), id) {
				t.Errorf("%s: %v", name, v.ids())
			}
		}
		if code != exitFailed || v.OK {
			t.Errorf("%s: exit %d", name, code)
		}
		for _, f := range v.Findings {
			if f.Text == "" || f.Next == "" || strings.Contains(f.Text+f.Next, "cli.audit") || strings.Contains(f.Text, "4111111111111111") {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

func TestAJournalThatWasDoctoredIsFoundOut(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		`UPDATE operations SET outcome = 2 WHERE ref = 'sale'`:                                         "end_differs",
		`UPDATE operations SET outcome = 1, charged = 1, approved_amount = 500 WHERE ref = 'declined'`: "end_differs",
		`DELETE FROM operations WHERE ref = 'sale'`:                                                    "index_alone",
		`UPDATE operations SET amount = 100, approved_amount = 100 WHERE ref = 'sale'`:                 "returns_exceed",
		`UPDATE operations SET op_key = 'x' WHERE ref = 'sale'`:                                        "unreadable",
		`UPDATE operations SET ref = 'other' WHERE ref = 'declined'`:                                   "not_indexed",
	} {
		s := newCheckedShop(t)
		db, err := sql.Open("sqlite", s.file())
		s.must(err)
		_, err = db.ExecContext(t.Context(), statement)
		s.must(err)
		s.must(db.Close())
		if v, code := s.verdict(); code != exitFailed || !slices.Contains(v.ids(), want) {
			t.Errorf("%s: exit %d, %v", statement, code, v.ids())
		}
	}
}

func TestWhatWasBegunBeforeTheTroubleEndedMustBeSettled(t *testing.T) {
	t.Parallel()
	s := newCheckedShop(t)
	s.operation(journal.Operation{Ref: "unknown", Kind: pay.KindOnline, Amount: 700}, pay.Unknown)
	if v, code := s.verdict(); code != exitDone {
		t.Fatalf("%v", v.ids())
	}
	if v, code := s.verdict("--quiet-since", "2026-11-20"); code != exitDone {
		t.Fatalf("%v", v.ids())
	}
	if v, code := s.verdict("--quiet-since", "2026-11-22"); code != exitFailed || !slices.Equal(v.ids(), []string{"unsettled"}) || v.Findings[0].Ref != "unknown" {
		t.Fatalf("%+v", v.Findings)
	}
}

func TestATillsRecordThatDisagreesIsFoundOut(t *testing.T) {
	t.Parallel()
	s := newCheckedShop(t)
	told := s.write("till.jsonl", shopTold+"{\n"+`{"pos":"4","ref":"sale","outcome":"declined"}`+"\n"+`{"ref":"lost","outcome":"approved","amount":5}`+"\n")
	v, code := s.verdict("--till", told)
	for _, id := range []string{"told_changed", "told_differs", "not_journaled", "unreadable"} {
		if !slices.Contains(v.ids(), id) {
			t.Errorf("%v", v.ids())
		}
	}
	if code != exitFailed {
		t.Errorf("exit %d", code)
	}
}

func TestARegistryOfTheProviderIsHeldAgainstTheJournal(t *testing.T) {
	t.Parallel()
	s := newCheckedShop(t)
	rows := func(sale string) string {
		return fmt.Sprintf("Реестр\nДата;Операция;Сумма;Вид\n21.11.2026 15:00;%s;%s;Оплата\n21.11.2026 15:01;%s;4,00;Возврат\n21.11.2026 15:02;%s;3,00;Выплата\nИтого;;3,00;\n",
			shopKey(1), sale, shopKey(2), shopKey(4))
	}
	args := []string{"--columns", "key=Операция,amount=Сумма,date=Дата,kind=Вид", "--from", "2026-11-20", "--registry"}
	if v, code := s.verdict(append(args, s.write("a.csv", rows("10,00")))...); code != exitDone || len(v.Unchecked) != 5 {
		t.Fatalf("exit %d, %+v", code, v)
	}
	if v, code := s.verdict(append(args, s.write("b.csv", rows("10,01")))...); code != exitFailed || !slices.Equal(v.ids(), []string{"moved_other"}) {
		t.Fatalf("exit %d, %v", code, v.ids())
	}
	// A registry of another day misses nothing of this one.
	other := s.write("c.csv", "Дата;Операция;Сумма;Вид\n20.11.2026 15:00;"+shopKey(1)+";10,00;Оплата\n")
	if v, code := s.verdict(append(args[:2:2], "--registry", other)...); code != exitDone {
		t.Fatalf("exit %d, %v", code, v.ids())
	}
}

func TestALedgerIsAskedForAtASandboxsAddress(t *testing.T) {
	t.Parallel()
	s := newCheckedShop(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/control/ledger" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, s.ledger(nil))
	}))
	defer server.Close()
	for _, address := range []string{server.URL, server.URL + "/control"} {
		if v, code := s.verdict("--ledger", address); code != exitDone || len(v.Findings) > 0 {
			t.Fatalf("exit %d, %v", code, v.ids())
		}
	}
	if code, out := s.check("--ledger", server.URL+"/elsewhere"); code != exitNoConnection {
		t.Fatalf("exit %d: %s", code, out)
	}
}

func TestACheckThatCannotBeMadeSaysWhy(t *testing.T) {
	t.Parallel()
	s := newCheckedShop(t)
	ledger := s.write("ledger.json", s.ledger(nil))
	for _, c := range []struct {
		exit int
		args []string
	}{
		{exitUsage, []string{"--ledger", filepath.Join(s.home, "none")}},
		{exitUsage, []string{"--ledger", s.write("bad", "no ledger\n")}},
		{exitUsage, []string{"--ledger", ledger, "--registry", ledger, "--columns", "key=1,amount=2"}},
		{exitUsage, []string{"--registry", ledger}},
		{exitUsage, []string{"--registry", ledger, "--columns", "amount=2"}},
		{exitUsage, []string{"--registry", ledger, "--columns", "key=a,amount=b"}},
		{exitUsage, []string{"--from", "2026-11-20"}},
		{exitUsage, []string{"--till", filepath.Join(s.home, "none")}},
		{exitUsage, []string{"--quiet-since", "yesterday"}},
		{exitConfig, []string{"--module", "other"}},
		{exitConfig, []string{"--home", t.TempDir()}},
	} {
		if code, out := s.check(c.args...); code != c.exit || out == "" {
			t.Errorf("%v: exit %d: %s", c.args, code, out)
		}
	}
	s.must(os.MkdirAll(filepath.Join(s.home, "modules", "gone"), 0o700))
	j, err := journal.Open(t.Context(), filepath.Join(s.home, "modules", "gone", "gone.db"), journal.Options{})
	s.must(err)
	s.must(j.Close())
	if code, out := s.check("--ledger", ledger); code != exitUsage || !strings.Contains(out, "bank, gone") {
		t.Errorf("whose ledger? exit %d: %s", code, out)
	}
	if code, out := s.check("--ledger", ledger, "--module", "bank"); code != exitDone {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestEachViolationHasItsWordsAndItsNextStep in both languages.
func TestEachViolationHasItsWordsAndItsNextStep(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"ru", "en"} {
		a := &app{language: language}
		for id, rule := range auditRules() {
			f := a.findingOf(rule, pay.RUB)
			if strings.Contains(f.Text, "cli.audit") || strings.Contains(f.Next, "cli.audit") || f.Text == "" || !strings.Contains(f.Next, "payrack ops show R-1 --module m") {
				t.Errorf("%s %s: %+v", language, id, f)
			}
		}
	}
}

func auditRules() map[string]audit.Violation {
	all := map[string]audit.Violation{}
	for id, rule := range audit.Rules() {
		all[id] = audit.Violation{ID: id, Rule: rule[0], Ref: "R-1", Module: "m"}
	}
	return all
}
