package slip

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"
)

var languages = []Language{Russian, English}

// anyText is what a provider, a till or a shop may put into a field.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[А-Яа-яёЁ ,."«»—№]{0,120}`),
		rapid.SampledFrom([]string{
			"", "[cut]", "a[CUT]b", "[c\u00adut]", "［cut］", "\x01x\x02", "\x1bE\x01\x1dV\x00", "line\nline\r\n[cut]\n", "😀 👩‍👩‍👧 привет",
			"e\u0301\u0301", "\u202eсправа", "北京烤鸭", "₽ € × ½ ﬁ Ⅷ ß Æ", "\xff\xfe", "{{.Till}}", strings.Repeat("длинное ", 30), strings.Repeat("9", 200),
		}),
	)
}

// anyMoney fits 24 columns: up to ten billions, either sign.
func anyMoney() *rapid.Generator[Money] {
	return rapid.Custom(func(t *rapid.T) Money {
		minor := rapid.OneOf(rapid.Int64Range(-1e12, 1e12), rapid.Int64Range(-200, 200)).Draw(t, "minor")
		return Money{minor, rapid.SampledFrom([]string{"RUB", "CNY", "JPY", "KWD"}).Draw(t, "currency")}
	})
}

func anySum(t *rapid.T, label string) Sum {
	return Sum{rapid.IntRange(0, 99999).Draw(t, label+" count"), anyMoney().Draw(t, label)}
}

func anyLabelled(t *rapid.T, label string) Labelled {
	return Labelled{anyText().Draw(t, label+" label"), anyText().Draw(t, label)}
}

func anyOperation(t *rapid.T) Operation {
	return Operation{
		Number: rapid.Int64().Draw(t, "number"), Time: anyTime(t), System: anyText().Draw(t, "system"),
		Of: rapid.SampledFrom([]Kind{"", KindRefund, KindPayout}).Draw(t, "of"), Receipt: anyText().Draw(t, "receipt"),
		RRN: anyText().Draw(t, "rrn"), Amount: anyMoney().Draw(t, "amount"), Original: rapid.Int64Range(0, 5).Draw(t, "original"),
		FromShift: rapid.Int64Range(0, 3).Draw(t, "from shift"),
	}
}

func anyTime(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "time"), 0).UTC()
}

func anyReport(t *rapid.T) *Report {
	report := &Report{
		Detailed: rapid.Bool().Draw(t, "detailed"), Opened: anyTime(t), Closed: anyTime(t),
		Server: Comparison{
			State:       rapid.SampledFrom([]ComparisonState{"", Matched, Differs, NotCompared, "new"}).Draw(t, "state"),
			Reason:      anyText().Draw(t, "reason"),
			Differences: []Difference{{System: anyText().Draw(t, "system"), Till: anySum(t, "till"), Server: anySum(t, "server"), Note: anyText().Draw(t, "note")}},
		},
		First: rapid.Int64().Draw(t, "first"), Last: rapid.Int64().Draw(t, "last"), Count: rapid.IntRange(0, 5).Draw(t, "count"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "systems") {
		report.Systems = append(report.Systems, SystemTotals{
			Name: anyText().Draw(t, "name"), Payments: anySum(t, "payments"), Refunds: anySum(t, "refunds"), Payouts: anySum(t, "payouts"),
		})
	}
	for _, list := range []*[]Operation{&report.Operations, &report.Pending, &report.Late} {
		for range rapid.IntRange(0, 2).Draw(t, "operations") {
			*list = append(*list, anyOperation(t))
		}
	}
	return report
}

func anyDocument(t *rapid.T) Document {
	text := func(label string) string { return anyText().Draw(t, label) }
	proof := Proof{
		Code: text("code"), Status: text("status"), AuthCode: text("auth"), RRN: text("rrn"), Payer: anyLabelled(t, "payer"),
		IDs: []Labelled{anyLabelled(t, "id")},
	}
	amount, fee := anyMoney().Draw(t, "amount"), anyMoney().Draw(t, "fee")
	document := Document{
		Organisation: text("organisation"), Address: []string{text("address")}, INN: text("inn"), Till: text("till"),
		Title: text("title"), System: text("system"), Time: anyTime(t), Receipt: text("receipt"), Shift: rapid.Int64().Draw(t, "shift"),
		Terminal: text("terminal"), Number: rapid.Int64().Draw(t, "number"), Reprint: rapid.Bool().Draw(t, "reprint"),
		Mode: rapid.SampledFrom([]Mode{ModeReal, ModeTest, ModeTraining, "new"}).Draw(t, "mode"),
		Copy: Copy{rapid.IntRange(0, 3).Draw(t, "copy"), rapid.IntRange(0, 3).Draw(t, "of")}, Support: text("support"),
	}
	switch rapid.IntRange(0, 8).Draw(t, "kind") {
	case 0:
		document.Payment = &Payment{Amount: amount, Fee: fee, Proof: proof, Signature: rapid.Bool().Draw(t, "signature"), Note: text("note")}
	case 1:
		document.Refund = &Refund{Amount: amount, Fee: &fee, Original: Original{text("receipt"), 7, amount}, Remaining: &fee, Proof: proof, Note: text("note")}
	case 2:
		document.Decline = &Decline{Amount: amount, Code: text("code"), Reason: text("reason"), Advice: text("advice")}
	case 3:
		document.Unknown = &Unknown{Amount: amount, Silent: text("silent"), Waited: time.Duration(rapid.Int64().Draw(t, "waited"))}
	case 4:
		document.QR = &QR{Amount: amount, Payload: text("payload"), App: text("app"), Until: anyTime(t)}
	case 5:
		document.Payout = &Payout{Amount: amount, Fee: fee, Card: anyLabelled(t, "card"), Contract: anyLabelled(t, "contract"), Proof: proof}
	case 6:
		document.Social = &Social{Total: amount, Amount: fee, Due: amount, Program: text("program"), Card: anyLabelled(t, "card"), Proof: proof}
	case 7:
		document.Close = anyReport(t)
	case 8:
		document.Report = anyReport(t)
	}
	return document
}

func anyPaper(t *rapid.T) Paper {
	return Paper{
		Width:    rapid.IntRange(Narrowest, Widest).Draw(t, "width"),
		Language: rapid.SampledFrom(languages).Draw(t, "language"),
		Encoding: rapid.SampledFrom([]Encoding{UTF8, CP866, CP1251}).Draw(t, "encoding"),
	}
}

// amounts are all that a document must show, as its kind's template prints them.
func amounts(document Document, language Language) []string {
	var texts []string
	add := func(values ...Money) {
		for _, value := range values {
			texts = append(texts, strings.ReplaceAll(value.Text(language), nbsp, " "))
		}
	}
	switch d := document; {
	case d.Payment != nil:
		add(d.Payment.Amount, d.Payment.Fee)
	case d.Refund != nil:
		add(d.Refund.Amount, *d.Refund.Fee, *d.Refund.Remaining)
	case d.Decline != nil:
		add(d.Decline.Amount)
	case d.Unknown != nil:
		add(d.Unknown.Amount)
	case d.QR != nil:
		add(d.QR.Amount)
	case d.Payout != nil:
		add(d.Payout.Amount, d.Payout.Fee)
	case d.Social != nil:
		add(d.Social.Total, d.Social.Amount, d.Social.Due)
	}
	for _, report := range []*Report{document.Close, document.Report} {
		if report == nil {
			continue
		}
		for _, total := range append(report.Totals(), report.Systems...) {
			texts = append(texts, strings.ReplaceAll(total.Net().Sum(language), nbsp, " "))
		}
		for _, operation := range append(report.Pending, report.Late...) {
			texts = append(texts, strings.ReplaceAll(operation.Signed().Sum(language), nbsp, " "))
		}
	}
	return texts
}

func TestEveryLineFitsEveryPaperAndAmountsAreWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		document, paper := anyDocument(t), anyPaper(t)
		tape, err := Copies(document, 2, paper, Templates{})
		if err != nil {
			t.Fatal(err)
		}
		for _, style := range []QRStyle{QRDrawn, QRPayload, QRFrame} {
			encoded, err := tape.Text(style)
			if err != nil {
				t.Fatal(err)
			}
			text := string(encoded)
			if p := newPage(paper.Encoding, paper.Language); p.charmap != nil {
				text = decodePage(t, p, encoded)
			}
			checkPrinted(t, text, paper.Width, 1)
			for _, amount := range amounts(document, paper.Language) {
				if !strings.Contains(text, amount) {
					t.Fatalf("%q is not whole in\n%s", amount, text)
				}
			}
		}
		if paper.Encoding != UTF8 {
			checkESCPOS(t, tape)
		}
	})
}

type failure interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkPrinted holds what is true of all text that is printed.
func checkPrinted(t failure, text string, width, cuts int) {
	t.Helper()
	found := 0
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if line == cutMark {
			found++
			continue
		}
		if n := columns(line); n > width {
			t.Fatalf("%d columns on a paper of %d: %q", n, width, line)
		}
		if strings.Contains(strings.ToLower(line), cutMark) {
			t.Fatalf("data cuts the paper: %q", line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Fatalf("spaces at the end of %q", line)
		}
		for _, r := range line {
			if r != ' ' && !unicode.IsGraphic(r) || r == '\u00a0' || unicode.Is(unicode.M, r) {
				t.Fatalf("%U is printed in %q", r, line)
			}
			if strings.ContainsRune("₽«»—–…", r) {
				t.Fatalf("%c is printed in %q", r, line)
			}
		}
	}
	if found != cuts {
		t.Fatalf("%d cuts, want %d, in\n%s", found, cuts, text)
	}
}

func decodePage(t failure, p page, encoded []byte) string {
	t.Helper()
	text, err := p.charmap.NewDecoder().Bytes(encoded)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	return string(text)
}

func TestAnAmountTooLongForThePaperLosesNoDigit(t *testing.T) {
	for _, minor := range []int64{-1 << 63, 1<<63 - 1} {
		document := Document{Payment: &Payment{Amount: RUB(minor)}}
		tape := mustRender(t, document, Paper{Width: Narrowest})
		printed := strings.ReplaceAll(strings.ReplaceAll(decoded(t, tape, QRDrawn), "\n", ""), " ", "")
		if want := strings.ReplaceAll(RUB(minor).Text(Russian), nbsp, ""); !strings.Contains(printed, want) {
			t.Errorf("%s is not in %s", want, printed)
		}
	}
}

func TestAmountsAreWrittenAsTheLanguageDoes(t *testing.T) {
	for _, test := range []struct {
		money            Money
		russian, english string
	}{
		{RUB(0), "0,00 RUB", "0.00 RUB"},
		{RUB(5), "0,05 RUB", "0.05 RUB"},
		{RUB(-12000), "-120,00 RUB", "-120.00 RUB"},
		{RUB(123450), "1 234,50 RUB", "1,234.50 RUB"},
		{RUB(-100000000), "-1 000 000,00 RUB", "-1,000,000.00 RUB"},
		{RUB(-1 << 63), "-92 233 720 368 547 758,08 RUB", "-92,233,720,368,547,758.08 RUB"},
		{Money{123456, "JPY"}, "123 456 JPY", "123,456 JPY"},
		{Money{-1, "KWD"}, "-0,001 KWD", "-0.001 KWD"},
		{Money{Minor: 100}, "1,00", "1.00"},
	} {
		for language, want := range map[Language]string{Russian: test.russian, English: test.english} {
			if got := strings.ReplaceAll(test.money.Text(language), nbsp, " "); got != want {
				t.Errorf("%v in %s is %q, want %q", test.money, language, got, want)
			}
		}
	}
}

func TestPendingOperationsAreCountedInGoodRussian(t *testing.T) {
	for n, want := range map[int]string{
		1:   "ВНИМАНИЕ: 1 операция ждет результата, в итог не вошла",
		2:   "ВНИМАНИЕ: 2 операции ждут результата, в итог не вошли",
		5:   "ВНИМАНИЕ: 5 операций ждут результата, в итог не вошли",
		11:  "ВНИМАНИЕ: 11 операций ждут результата, в итог не вошли",
		21:  "ВНИМАНИЕ: 21 операция ждет результата, в итог не вошла",
		102: "ВНИМАНИЕ: 102 операции ждут результата, в итог не вошли",
	} {
		document := Document{Report: &Report{Pending: make([]Operation, n)}}
		got := decoded(t, mustRender(t, document, Paper{Width: Widest}), QRDrawn)
		if !strings.Contains(got, want+"\n") {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func TestTheFirstCopyIsTheClientsAndTheOthersTheShops(t *testing.T) {
	tape, err := Copies(Samples(Russian)[0], 3, Paper{}, Templates{})
	if err != nil {
		t.Fatal(err)
	}
	copies := strings.Split(decoded(t, tape, QRDrawn), "[cut]\n")
	if len(copies) != 3 {
		t.Fatalf("%d copies", len(copies))
	}
	for i, whose := range []string{"КЛИЕНТА ", "МАГАЗИНА", "МАГАЗИНА"} {
		if want := fmt.Sprintf("ЭКЗЕМПЛЯР %s        %d из 3\n", whose, i+1); !strings.Contains(copies[i], want) {
			t.Errorf("copy %d lacks %q:\n%s", i+1, want, copies[i])
		}
	}
	one, err := Copies(Samples(Russian)[0], 0, Paper{}, Templates{})
	if err != nil || strings.Contains(decoded(t, one, QRDrawn), "[cut]") {
		t.Errorf("no copies asked for: %v, %s", err, decoded(t, one, QRDrawn))
	}
}

func TestADocumentComesBackFromJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		document := anyDocument(t)
		first, err := document.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var back Document
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatal(err)
		}
		second, err := back.JSON()
		first = bytes.ReplaceAll(first, []byte(`\ufffd`), []byte("\ufffd")) // bytes that were no text
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}

func TestJSONShowsTheNumbersOfTheSlip(t *testing.T) {
	text, err := Samples(Russian)[0].JSON()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"kind":"payment"`, `"amount":{"minor":12345,"currency":"RUB"}`, `"fee":{"minor":0,"currency":"RUB"}`, `"number":784`,
		`"time":"2026-11-22T10:03:38+03:00"`, `"rrn":"630812345678"`, `"copy":{"number":1,"of":2}`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}

func TestADocumentIsOfExactlyOneKind(t *testing.T) {
	both := Document{Payment: &Payment{}, Refund: &Refund{}}
	for _, document := range []Document{{}, both} {
		if _, err := Render(document, Paper{}, Templates{}); err == nil {
			t.Errorf("%+v was rendered", document)
		}
		if _, err := document.JSON(); err == nil {
			t.Errorf("%+v became JSON", document)
		}
		if _, err := Copies(document, 2, Paper{}, Templates{}); err == nil {
			t.Errorf("%+v was copied", document)
		}
	}
}

func TestAPaperThatCannotBeIsNamed(t *testing.T) {
	for want, paper := range map[string]Paper{
		"23 columns": {Width: 23}, "65 columns": {Width: 65}, `"de"`: {Language: "de"}, `"koi8-r"`: {Encoding: "koi8-r"},
	} {
		if _, err := Render(Samples(Russian)[0], paper, Templates{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s named", paper, err, want)
		}
	}
	for name, want := range map[string]Encoding{"Windows-1251": CP1251, "866": CP866, " UTF8 ": UTF8, "": UTF8} {
		if got, err := ParseEncoding(name); err != nil || got != want {
			t.Errorf("%q is %q (%v), want %q", name, got, err, want)
		}
	}
}

func TestADetailedReportOfTenThousandOperationsIsPrintedWhole(t *testing.T) {
	document := Samples(Russian)[8]
	operation := document.Close.Operations[3]
	document.Close = &Report{Detailed: true}
	for i := range 10_000 {
		operation.Number = int64(i + 1)
		document.Close.Operations = append(document.Close.Operations, operation)
	}
	for _, width := range []int{Narrowest, Widest} {
		text := decoded(t, mustRender(t, document, Paper{Width: width}), QRDrawn)
		if n := strings.Count(text, "\n0"); n != 10_000 {
			t.Errorf("%d operations on %d columns", n, width)
		}
		for _, want := range []string{"\n010000 11:20 AliPay", "\nВсего операций: 10000\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not printed", want)
			}
		}
	}
}

func BenchmarkRender(b *testing.B) {
	for _, document := range []Document{Samples(Russian)[0], Samples(Russian)[8]} {
		kind, err := document.Kind()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(kind), func(b *testing.B) {
			for b.Loop() {
				if _, err := Copies(document, 2, Paper{Encoding: CP866}, Templates{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestSupportCodesOfTwoModulesDiffer(t *testing.T) {
	if got := SupportCode("4", "SENDY", 784); got != "4-SENDY-000784" {
		t.Error(got)
	}
	if got := ShiftSupportCode("4", "SENDY", 31); got != "4-SENDY-S31" {
		t.Error(got)
	}
}
