package books

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to alter a journal behind its back

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// written is a journal with a payment that was approved and one that was declined.
func written(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bank.db")
	j, err := journal.Open(t.Context(), path, journal.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	// As the engine itself writes it, so that the two cannot part.
	state, err := json.Marshal(engine.State{Driver: provider.State{Version: 1, Data: []byte(`{"qrId":"AD10004QR-17"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	for i, ref := range []pay.Ref{"paid", "declined"} {
		op, _, err := j.Begin(t.Context(), journal.Operation{Ref: ref, Key: pay.Key{byte(i + 1)}, Kind: pay.KindOffline, PosID: "4", Amount: 100,
			Currency: pay.RUB, Open: true, State: state}, journal.Event{Name: "begun"})
		if err != nil {
			t.Fatal(err)
		}
		end := "declined"
		op.Outcome, op.Final, op.Settled, op.Open = pay.Declined, true, noon, false
		if i == 0 {
			end, op.Outcome, op.Charged, op.ApprovedAmount = "approved", pay.Approved, true, 100
		}
		for _, name := range []string{"committing", end} {
			before := op
			if name != end {
				before.Outcome, before.Final, before.Charged, before.ApprovedAmount, before.Settled = pay.Unknown, false, false, 0, time.Time{}
			}
			if _, err := j.Append(t.Context(), journal.Change{Operation: before, Event: journal.Event{Name: name}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func alter(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestAJournalIsReadAsTheAuditWantsIt(t *testing.T) {
	t.Parallel()
	ops, problems, err := Journal(t.Context(), written(t), "bank")
	if err != nil || len(problems) > 0 || len(ops) != 2 {
		t.Fatal(ops, problems, err)
	}
	op := ops[0]
	if op.Module != "bank" || op.Ref != "paid" || !op.Charged || op.Approved != 100 || len(op.Events) != 3 || op.Events[1].Name != "committing" ||
		!slices.Contains(op.ProviderIDs, "AD10004QR-17") || !slices.Contains(op.ProviderIDs, pay.Key{1}.UUID()) {
		t.Fatalf("%+v", op)
	}
	if found := audit.Check(audit.Books{Operations: ops, Quiet: true, Provider: true,
		Movements: []audit.Movement{{Key: pay.Key{1}.UUID(), Kind: audit.Payment, Amount: 100, Currency: pay.RUB}}}); len(found) > 0 {
		t.Fatal(found)
	}
}

func TestAJournalThatSomebodyAlteredIsFoundOut(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		`UPDATE operations SET outcome = 1 WHERE ref = 'declined'`:                          "no_proof",
		`UPDATE operations SET outcome = 2 WHERE ref = 'paid'`:                              "end_differs",
		`UPDATE operations SET approved_amount = 10 WHERE ref = 'paid'`:                     "other_sum",
		`DELETE FROM events WHERE name = 'committing'`:                                      "event_missing",
		`UPDATE operations SET number = 7 WHERE ref = 'paid'`:                               "number_falls",
		`UPDATE operations SET op_key = (SELECT op_key FROM operations WHERE ref = 'paid')`: "key_twice",
	} {
		path := written(t)
		alter(t, path, statement)
		ops, _, err := Journal(t.Context(), path, "bank")
		if err != nil {
			t.Fatal(err)
		}
		found := audit.Check(audit.Books{Operations: ops})
		if !slices.ContainsFunc(found, func(v audit.Violation) bool { return v.ID == want }) {
			t.Errorf("%s: %v", statement, found)
		}
	}
}

func TestWhatOfAJournalCannotBeReadIsNamedAndTheRestIsRead(t *testing.T) {
	t.Parallel()
	for statement, what := range map[string]string{
		`UPDATE operations SET op_key = '4276550012345678' WHERE ref = 'paid'`:             "the row cannot be read",
		`UPDATE operations SET state = '{"abandoned":4276550012345678' WHERE ref = 'paid'`: "the engine's state cannot be read",
	} {
		path := written(t)
		alter(t, path, statement)
		ops, problems, err := Journal(t.Context(), path, "bank")
		if err != nil || len(problems) == 0 || problems[0].Ref != "paid" || problems[0].What != what || ops[len(ops)-1].Ref != "declined" {
			t.Fatal(ops, problems, err)
		}
		if strings.Contains(problems[0].String(), "4276") {
			t.Fatal(problems)
		}
	}
	path := written(t)
	alter(t, path, `UPDATE operations SET pending = 0`)
	if _, problems, err := Journal(t.Context(), path, "bank"); err != nil || len(problems) != 1 {
		t.Fatal(problems, err)
	}
	if _, _, err := Journal(t.Context(), filepath.Join(t.TempDir(), "none.db"), "bank"); pay.CodeOf(err) != pay.ErrNotFound {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Journal(ctx, path, "bank"); err == nil {
		t.Fatal("nobody waits for it")
	}
}

func TestWhatATillHeardIsReadLineByLine(t *testing.T) {
	t.Parallel()
	told, problems, err := Till(strings.NewReader("\ufeff" + `{"time":"2026-11-22T12:01:05+03:00","pos":"4","ref":"R-157","outcome":"approved","amount":12300,"new":{"a":1}}` + "\r\n\n" +
		`{"ref":"R-158","outcome":6,"other_tender":1}` + "\n" +
		`{"ref":"R-158~1","outcome":5,"reversal":2,"resolved_by":"Ivanova"}` + "\n" +
		`not JSON` + "\n" + `{"ref":"R 1","outcome":0}` + "\n" + `{"ref":"R-159","outcome":"fine"}` + "\n" + `{"ref":"R-160"}` + "\n" +
		strings.Repeat("x", 3*longestLine) + "\n" + `{"ref":"R-161","outcome":"declined"}` + "\n" + `{"ref":"R-162","outc`))
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 4 || told[0].Ref != "R-157" || told[0].Outcome != pay.Approved || told[0].Amount != 12300 || told[0].Till != "4" || told[0].Time.IsZero() ||
		told[1].Outcome != pay.Unknown || !told[1].OtherTender || told[2].Outcome != pay.Cancelled || told[2].Reversal != pay.ReversalDone ||
		told[3].Ref != "R-161" {
		t.Fatalf("%+v", told)
	}
	lines := []int{}
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if !slices.Equal(lines, []int{5, 6, 7, 8, 9}) {
		t.Fatal(problems)
	}
}

func TestALedgerIsReadAsViewAndAsFile(t *testing.T) {
	t.Parallel()
	view := `{"entries":[{"n":1,"kind":"payment","key":"k1","transaction":"17","amount":100,"currency":"RUB"},
		{"n":2,"kind":"reversal","key":"k1","of":"k1","amount":100,"currency":"RUB"}],"sums":{},"trouble":null}`
	file := `{"money":[{"n":1,"kind":"payment","key":"k1","transaction":"17","amount":100,"currency":"RUB"}],"state":{}}` + "\n" + `{"state":{"a":1}}` + "\n" +
		`{"money":[{"n":2,"kind":"reversal","key":"k1","of":"k1","amount":100,"currency":"RUB"}]}` + "\n" + `{"money":[{"n":3,"ki`
	for _, text := range []string{view, file} {
		list, err := Ledger(strings.NewReader(text))
		if err != nil || len(list) != 2 || list[0].Transaction != "17" || list[1].Of != "k1" || list[1].Kind != audit.Reversal {
			t.Fatal(list, err)
		}
	}
	if list, err := Ledger(strings.NewReader("")); err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	for _, bad := range []string{"no ledger\n", `{"entries":[{"kind":"gift","key":"k","amount":1}]}`, `{"entries":[{"kind":"payment","key":"k","amount":0}]}`, "{}\n"} {
		if list, err := Ledger(strings.NewReader(bad)); err == nil {
			t.Errorf("%s: %v", bad, list)
		}
	}
	for _, address := range []string{"", "file:///etc/passwd", "http://", "::"} {
		if _, err := LedgerAt(t.Context(), http.DefaultClient, address); err == nil {
			t.Error(address)
		}
	}
}

func TestARegistryIsReadByTheColumnsThatAreNamed(t *testing.T) {
	t.Parallel()
	msk := time.FixedZone("MSK", 3*60*60)
	cp1251, err := os.ReadFile("testdata/registry-cp1251.csv")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text, columns string
		want          []pay.Amount
		kinds         []string
		bad           []int
	}{
		"header, semicolons": {"Реестр за день\n\nДата;Операция;Сумма;Вид\n22.11.2026 10:00:00;A1;1 234,56;Оплата\n22.11.2026 11:00;A2;1,00;Возврат\n",
			"key=операция,amount=Сумма,date=Дата,kind=Вид", []pay.Amount{123456, 100}, []string{"payment", "refund"}, nil},
		"CP1251":  {string(cp1251), "key=Операция,amount=Сумма,kind=Вид", []pay.Amount{10000}, []string{"payment"}, nil},
		"numbers": {"a,b\nK1,100.50\nK2,-0.50\n", "key=1,amount=2", []pay.Amount{10050, 50}, []string{"payment", "refund"}, nil},
		"minor, tabulators": {"id\tsum\tcur\nK1\t10050\tRUB\nK2\t1\t643\n", "key=id,minor=sum,currency=cur", []pay.Amount{10050, 1},
			[]string{"payment", "payment"}, nil},
		"no header": {"K1;1.00\nK2;2.00\n", "key=1,amount=2", []pay.Amount{100, 200}, []string{"payment", "payment"}, nil},
		"bad rows": {"id;sum;kind;date\nK1;x;Оплата;\n;1.00;Оплата;\nK3;1.00;подарок;\nK4;1.00;Оплата;вчера\nK5;1.00;выплата;2026-11-22\nK6;1.005;Оплата;\n;999;Итого;\n",
			"key=id,amount=sum,kind=kind,date=date", []pay.Amount{100}, []string{"payout"}, []int{2, 3, 4, 5, 7}},
	} {
		columns, err := ParseColumns(c.columns)
		if err != nil {
			t.Fatal(name, err)
		}
		table, err := Registry(strings.NewReader(c.text), columns, msk)
		if err != nil {
			t.Error(name, err)
			continue
		}
		var sums []pay.Amount
		var kinds []string
		var bad []int
		for _, m := range table.Movements {
			sums, kinds = append(sums, m.Amount), append(kinds, m.Kind)
		}
		for _, p := range table.Problems {
			bad = append(bad, p.Line)
		}
		if !slices.Equal(sums, c.want) || !slices.Equal(kinds, c.kinds) || !slices.Equal(bad, c.bad) {
			t.Errorf("%s: %v %v, problems %v", name, sums, kinds, table.Problems)
		}
		if (name == "bad rows") != (table.Tail == 1) {
			t.Errorf("%s: %d rows of a tail", name, table.Tail)
		}
		if name == "header, semicolons" && (!table.From.Equal(time.Date(2026, 11, 22, 0, 0, 0, 0, msk)) || table.To.Sub(table.From) != 24*time.Hour) {
			t.Error(table.From, table.To)
		}
	}
	columns, _ := ParseColumns("key=a,amount=b")
	if _, err := Registry(strings.NewReader("x;y\n1;2\n"), columns, msk); err == nil {
		t.Error("columns that are not there")
	}
	for _, bad := range []string{"", "key=1", "amount=1", "key=1,amount=2,minor=3", "key=1,key=2,amount=3", "card=1,key=2,amount=3", "key=,amount=1"} {
		if c, err := ParseColumns(bad); err == nil {
			t.Errorf("%q: %v", bad, c)
		}
	}
}
