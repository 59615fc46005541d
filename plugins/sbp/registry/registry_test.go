package registry

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
)

const (
	keyOne   = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	keyTwo   = "11112222333344445555666677778888"
	keyThree = "9999aaaabbbbccccddddeeeeffff0000"
)

// sample is testdata/day.csv: a day with two payments by a code, one by the till's cash link, and a refund, in CP1251.
func sample(t *testing.T) Registry {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "day.csv"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func at(text string) time.Time {
	v, err := time.ParseInLocation("02.01.2006 15:04", text, Moscow())
	if err != nil {
		panic(err)
	}
	return v
}

// rows are what the journal has of the sample.
func rows() []Row {
	return []Row{
		{Ref: "sale-1", Key: keyOne, Kind: Payment, Amount: 380600, Charged: true, Outcome: "approved", Begun: at("10.11.2026 00:22"), Booked: at("10.11.2026 00:23")},
		{Ref: "sale-2", Key: keyTwo, Kind: Payment, Amount: 1050, Charged: true, Outcome: "approved", Begun: at("10.11.2026 10:57"), Booked: at("10.11.2026 10:58")},
		{Ref: "back-1", Key: keyThree, Kind: Refund, Amount: 600, Charged: true, Outcome: "approved", Begun: at("10.11.2026 11:00"), Booked: at("10.11.2026 11:01")},
		{Ref: "no-1", Key: strings.Repeat("0", 32), Kind: Payment, Amount: 100, Outcome: "declined", Begun: at("10.11.2026 12:00")},
	}
}

func TestTheBanksFileIsReadToTheKopeck(t *testing.T) {
	r := sample(t)
	if !r.From.Equal(at("10.11.2026 00:00")) || !r.To.Equal(at("11.11.2026 00:00")) || !r.Adds || r.Total != 381050 || r.Fees != 1526 {
		t.Errorf("%+v", r)
	}
	if len(r.Entries) != 3 {
		t.Fatalf("%d lines", len(r.Entries))
	}
	e := r.Entries[0]
	if e.Order != keyOne+"-a" || e.Amount != 380600 || e.Fee != 1522 || !e.Time.Equal(at("10.11.2026 00:23")) || e.Kind != Payment || e.Line != 4 || e.Merchant != "MA0000000042" {
		t.Errorf("%+v", e)
	}
	if back := r.Entries[2]; back.Kind != Refund || back.RefundID != keyThree || back.Amount != 600 {
		t.Errorf("%+v", back)
	}
}

func TestTheBanksOwnSampleIsRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "contracts", "raiffeisen", "SBPreport.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the bank's sample is not beside the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(data)
	if err != nil || len(r.Entries) != 2 || r.Total != 772900 || r.Fees != 3091 || !r.Adds || r.Entries[0].Order != "123594" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTheSameFileInUTF8SaysTheSame(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "day.csv"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := charmap.Windows1251.NewDecoder().Bytes(data)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(append([]byte("\ufeff"), text...))
	if err != nil || len(r.Entries) != 3 || r.Total != 381050 {
		t.Errorf("%+v, %v", r, err)
	}
}

const head = "Мерчант;Дата операции МСК;Тип;id заказа;id возврата;Комментарий;Способ оплаты;Данные оплаты;id клиента;Сумма;Комиссия;Дополнительные поля\n"

// file makes a registry of the 10th of lines, with a total.
func file(total string, lines ...string) string {
	return "report for 10/11/2026;;;\n" + head + strings.Join(lines, "") + "ИТОГО;;;;;;;;;" + total + ";0.00;\n"
}

func line(when, kind, order, refund, sum string) string {
	return "MA1;" + when + ";" + kind + ";" + order + ";" + refund + ";;;;;" + sum + ";0.00;\n"
}

func TestWhatCannotBeReadIsNamedWithItsLine(t *testing.T) {
	good := line("10.11.2026 0:23", "Payment", "1", "", "1.00")
	for name, tt := range map[string]struct {
		text   string
		line   int
		reason Reason
	}{
		"empty":            {"", 0, NotRegistry},
		"another file":     {"a;b\nc;d\n", 0, NotRegistry},
		"columns":          {"Мерчант;Сумма\n", 1, NotRegistry},
		"no total":         {"x 10/11/2026\n" + head + good, 0, CutOff},
		"time":             {file("1.00", line("10.11.26", "Payment", "1", "", "1.00")), 3, BadTime},
		"sum":              {file("1.00", good, line("10.11.2026 0:23", "Payment", "1", "", "1.001")), 4, BadSum},
		"no sum":           {file("1.00", line("10.11.2026 0:23", "Payment", "1", "", "")), 3, BadSum},
		"a sum in words":   {file("1.00", line("10.11.2026 0:23", "Payment", "1", "", "one")), 3, BadSum},
		"a broken total":   {file("all"), 3, BadSum},
		"lines behind it":  {file("1.00", good) + good, 5, BadLine},
		"no day":           {head + "ИТОГО;;;;;;;;;0.00;0.00;\n", 0, NotRegistry},
		"two totals":       {file("0.00") + "ИТОГО;;;;;;;;;0.00;0.00;\n", 4, BadLine},
		"an overflow sum":  {file("1.00", line("10.11.2026 0:23", "Payment", "1", "", "99999999999999999999.00")), 3, BadSum},
		"minus of nothing": {file("1.00", line("10.11.2026 0:23", "Payment", "1", "", "-")), 3, BadSum},
	} {
		_, err := Parse([]byte(tt.text))
		e, ok := errors.AsType[*ParseError](err)
		if !ok || e.Line != tt.line || e.Reason != tt.reason {
			t.Errorf("%s: %v, want line %d %s", name, err, tt.line, tt.reason)
		}
	}
}

func TestWhatAgreesAgreesWhole(t *testing.T) {
	report := Compare(sample(t), rows())
	if !report.Agrees || len(report.Lines) != 3 || report.Counts[Agrees] != 3 {
		t.Errorf("%+v", report)
	}
	if want := (Sums{Payments: 381650, Refunds: 600}); report.Registry != want || report.Journal != want {
		t.Errorf("sums %+v and %+v", report.Registry, report.Journal)
	}
}

// verdicts are the lines of a report that do not agree, as "verdict why ref order".
func verdicts(report Report) []string {
	var list []string
	for _, l := range report.Lines {
		if l.Verdict != Agrees {
			list = append(list, strings.TrimSpace(strings.Join(strings.Fields(string(l.Verdict)+" "+l.Why+" "+l.Ref), " ")))
		}
	}
	return list
}

func TestAnyDifferenceIsSeenAndNothingElse(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(r *Registry, list []Row) []Row
		want   string
	}{
		"a kopeck":            {func(_ *Registry, l []Row) []Row { l[0].Amount--; return l }, "differs sum sale-1"},
		"declined and paid":   {func(_ *Registry, l []Row) []Row { l[1].Charged, l[1].Outcome = false, "declined"; return l }, "differs outcome sale-2"},
		"not in the journal":  {func(_ *Registry, l []Row) []Row { return l[1:] }, "only_registry"},
		"not in the registry": {func(r *Registry, l []Row) []Row { r.Entries = r.Entries[:2]; return l }, "only_journal back-1"},
		"a refund as payment": {func(_ *Registry, l []Row) []Row { l[2].Kind = Payment; return l }, "only_registry|only_journal back-1"},
		"twice in it":         {func(r *Registry, l []Row) []Row { r.Entries = append(r.Entries, r.Entries[0]); return l }, "differs twice sale-1"},
		"booked after it": {func(r *Registry, l []Row) []Row {
			r.Entries = r.Entries[:2]
			l[2].Booked = at("11.11.2026 00:00")
			return l
		}, "next_day back-1"},
		"begun before it": {func(r *Registry, l []Row) []Row {
			r.Entries = r.Entries[1:]
			l[0].Begun = at("09.11.2026 23:59")
			return l
		}, "next_day sale-1"},
		"longer than the day": {func(r *Registry, l []Row) []Row {
			r.Entries = r.Entries[:2]
			l[2].Begun, l[2].Booked = at("09.11.2026 23:00"), at("11.11.2026 01:00")
			return l
		}, "next_day back-1"},
		"of another day": {func(r *Registry, l []Row) []Row {
			return append(l, Row{Ref: "x", Key: "y", Kind: Payment, Charged: true, Amount: 1, Begun: at("11.11.2026 00:00"), Booked: at("11.11.2026 00:01")})
		}, ""},
		"learned the next day": {func(r *Registry, l []Row) []Row { l[0].Booked = at("12.11.2026 09:00"); return l }, ""},
		"another type":         {func(r *Registry, l []Row) []Row { r.Entries[0].Kind = Other; return l }, "only_registry|only_journal sale-1"},
	} {
		r := sample(t)
		list := tt.change(&r, rows())
		report := Compare(r, list)
		if got := strings.Join(verdicts(report), "|"); got != tt.want || report.Agrees != (tt.want == "") {
			t.Errorf("%s: %q (agrees %v), want %q", name, got, report.Agrees, tt.want)
		}
	}
}

func TestAFileThatDoesNotAddUpDoesNotAgree(t *testing.T) {
	r, err := Parse([]byte(file("2.00", line("10.11.2026 0:23", "Payment", keyOne, "", "1.00"))))
	if err != nil {
		t.Fatal(err)
	}
	report := Compare(r, []Row{{Ref: "s", Key: keyOne, Kind: Payment, Amount: 100, Charged: true, Begun: at("10.11.2026 00:22"), Booked: at("10.11.2026 00:23")}})
	if report.Agrees || report.AddsUp || report.Counts[Agrees] != 1 {
		t.Errorf("%+v", report)
	}
}

func TestRefundsMayBeWrittenWithEitherSign(t *testing.T) {
	for _, sum := range []string{"6.00", "-6.00", "6,00", "6"} {
		r, err := Parse([]byte(file(sum, line("10.11.2026 0:23", "Refund", keyOne, keyThree, sum))))
		if err != nil || r.Entries[0].Amount != 600 || !r.Adds {
			t.Errorf("%s: %+v, %v", sum, r, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "day.csv"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(file("1.00", line("10.11.2026 0:23", "Payment", keyOne, "", "1.00"))))
	f.Add([]byte("\"a;\n" + head))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Parse(data)
		if err != nil {
			if _, ok := errors.AsType[*ParseError](err); !ok {
				t.Errorf("an error of another kind: %v", err)
			}
			return
		}
		if !r.From.Before(r.To) {
			t.Errorf("from %s to %s", r.From, r.To)
		}
		report := Compare(r, rows())
		total := 0
		for _, n := range report.Counts {
			total += n
		}
		if total != len(report.Lines) || len(report.Lines) < len(r.Entries) {
			t.Errorf("%d lines of %d entries, counted %d", len(report.Lines), len(r.Entries), total)
		}
	})
}
