package books

import (
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/pay"
)

// FuzzTill: no record of a till stops the reader, and what it takes has a ref and an outcome.
func FuzzTill(f *testing.F) {
	f.Add(`{"ref":"R-157","outcome":"approved","amount":12300,"pos":"4","time":"2026-11-22T12:01:05+03:00"}` + "\n")
	f.Add(`{"ref":"R-158","outcome":6,"other_tender":1}` + "\n" + `{"ref":"R`)
	f.Add("\ufeff\r\n[]\nnull\n")
	f.Fuzz(func(t *testing.T, text string) {
		told, problems, err := Till(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(text, "\n") + 1; len(told)+len(problems) > lines {
			t.Fatalf("%d and %d of %d lines", len(told), len(problems), lines)
		}
		for _, h := range told {
			if parent, _ := h.Ref.Parent(); parent == "" || len(parent) > pay.MaxRef {
				t.Fatalf("%+v", h)
			}
		}
		audit.Check(audit.Books{Told: told, Quiet: true})
	})
}

// FuzzLedger: no ledger stops the reader, and each movement that it takes has a kind, a key and a sum.
func FuzzLedger(f *testing.F) {
	f.Add(`{"entries":[{"n":1,"kind":"payment","key":"k1","transaction":"17","amount":100,"currency":"RUB"}]}`)
	f.Add(`{"money":[{"kind":"refund","key":"k2","of":"k1","amount":1}],"state":{}}` + "\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Ledger(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, m := range list {
			if m.Kind == "" || m.Key == "" || m.Amount <= 0 {
				t.Fatalf("%+v", m)
			}
		}
		audit.Check(audit.Books{Movements: list, Provider: true, Quiet: true})
	})
}

// FuzzRegistry: no registry stops the reader, whatever its columns are called; each movement has a sum above zero.
func FuzzRegistry(f *testing.F) {
	f.Add("Дата;Операция;Сумма;Вид\n22.11.2026;A1;1 234,56;Оплата\n", "key=операция,amount=Сумма,date=Дата,kind=Вид")
	f.Add("K1,100.50\nK2,-0.50\n", "key=1,amount=2")
	f.Add("id\tsum\tcur\nK1\t10050\tRUB\n\"K2\t1\t643\n", "key=id,minor=sum,currency=cur,of=9")
	f.Add("\xff\xfe;;;\n", "key=1,amount=2")
	f.Fuzz(func(t *testing.T, text, named string) {
		columns, err := ParseColumns(named)
		if err != nil {
			return
		}
		table, err := Registry(strings.NewReader(text), columns, time.UTC)
		if err != nil {
			return
		}
		for _, m := range table.Movements {
			if m.Amount <= 0 || m.Key == "" || len(m.Currency) != 3 {
				t.Fatalf("%+v", m)
			}
			if !m.Time.IsZero() && (m.Time.Before(table.From) || !m.Time.Before(table.To)) {
				t.Fatalf("%s lies outside of %s to %s", m.Time, table.From, table.To)
			}
		}
	})
}
