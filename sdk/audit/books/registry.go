package books

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/pay"
)

// The columns of a registry that can be named.
const (
	ColumnKey      = "key"      // by which the provider knows the operation: our key, its number or id
	ColumnOf       = "of"       // of what gives back: the same of the payment
	ColumnAmount   = "amount"   // in major units, with a point or a comma; below zero: given back
	ColumnMinor    = "minor"    // instead: in minor units
	ColumnCurrency = "currency" // where there is none: RUB
	ColumnKind     = "kind"     // where there is none: the sign of the sum tells payments from refunds
	ColumnDate     = "date"
	ColumnSystem   = "system"
)

var columnNames = []string{ColumnKey, ColumnOf, ColumnAmount, ColumnMinor, ColumnCurrency, ColumnKind, ColumnDate, ColumnSystem}

// Columns say which column of a registry holds what: a header's words, or the column's number from 1.
type Columns map[string]string

// ParseColumns reads "key=Операция,amount=Сумма,date=3". A comma inside a header's words is written twice.
func ParseColumns(text string) (Columns, error) {
	c := Columns{}
	const comma = "\x00"
	for _, part := range strings.Split(strings.ReplaceAll(text, ",,", comma), ",") {
		name, column, found := strings.Cut(strings.ReplaceAll(part, comma, ","), "=")
		name, column = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(column)
		switch {
		case !found || column == "":
			return nil, fmt.Errorf("columns: %.40q is not like key=1", part)
		case !slices.Contains(columnNames, name):
			return nil, fmt.Errorf("columns: %.40q is none of %s", name, strings.Join(columnNames, ", "))
		case c[name] != "":
			return nil, fmt.Errorf("columns: %s is named twice", name)
		}
		c[name] = column
	}
	if c[ColumnKey] == "" || (c[ColumnAmount] == "") == (c[ColumnMinor] == "") {
		return nil, errors.New("columns: key and one of amount and minor are needed")
	}
	return c, nil
}

// kindWords are the words of registries for the kinds of a movement.
var kindWords = map[string]string{
	"payment": audit.Payment, "pay": audit.Payment, "purchase": audit.Payment, "sale": audit.Payment, "debit": audit.Payment,
	"оплата": audit.Payment, "покупка": audit.Payment, "платеж": audit.Payment, "продажа": audit.Payment, "приход": audit.Payment,
	"refund": audit.Refund, "return": audit.Refund, "возврат": audit.Refund, "возврат покупки": audit.Refund, "возврат платежа": audit.Refund,
	"reversal": audit.Reversal, "cancel": audit.Reversal, "cancellation": audit.Reversal, "void": audit.Reversal,
	"отмена": audit.Reversal, "реверс": audit.Reversal, "сторно": audit.Reversal,
	"payout": audit.Payout, "выплата": audit.Payout, "выдача": audit.Payout,
}

// Table is a registry that was read.
type Table struct {
	Movements []audit.Movement
	Problems  []Problem
	// Tail is how many rows without a key follow the last operation: totals, most likely.
	Tail int
	// From and To span the days of the rows, in the caller's time zone, To not included; zero where no date was read.
	From, To time.Time
}

// Registry reads a provider's registry: a table with ; , or a tabulator between its columns, in UTF-8 or CP1251. Its first rows may be
// a heading: what comes before the row of the columns' names is skipped; if all columns are given by number, rows count from the first
// that names a sum. A row that cannot be read is a Problem; an error says that the columns are not there.
func Registry(in io.Reader, columns Columns, zone *time.Location) (Table, error) {
	var t Table
	text, err := decoded(in)
	if err != nil {
		return t, err
	}
	rows := csv.NewReader(strings.NewReader(text))
	rows.Comma, rows.LazyQuotes, rows.FieldsPerRecord, rows.ReuseRecord = separator(text), true, -1, true
	r := &reader{columns: columns, zone: zone}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t, fmt.Errorf("read the registry: %w", err)
		}
		line, _ := rows.FieldPos(0)
		r.row(&t, row, line)
	}
	t.Tail = len(r.keyless)
	if !r.begun {
		return t, errors.New("read the registry: there is no row with the columns that were named")
	}
	return t, nil
}

// decoded is the text of a registry.
func decoded(in io.Reader) (string, error) {
	raw, err := io.ReadAll(io.LimitReader(in, largest))
	if err != nil {
		return "", fmt.Errorf("read the registry: %w", err)
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if !utf8.Valid(raw) {
		if raw, err = charmap.Windows1251.NewDecoder().Bytes(raw); err != nil {
			return "", fmt.Errorf("read the registry: %w", err)
		}
	}
	return string(raw), nil
}

// separator is the likeliest one of the first lines.
func separator(text string) rune {
	best, most := ';', 0
	for _, c := range []rune{';', '\t', ','} {
		lines, n := bufio.NewScanner(strings.NewReader(text[:min(len(text), 1<<16)])), 0
		for i := 0; i < 50 && lines.Scan(); i++ {
			n += strings.Count(lines.Text(), string(c))
		}
		if n > most {
			best, most = c, n
		}
		if c != ',' && n > 0 { // commas stand in sums and names too
			break
		}
	}
	return best
}

// reader reads rows once it has found where the columns are.
type reader struct {
	columns Columns
	zone    *time.Location
	at      map[string]int
	begun   bool
	keyless []int // lines without a key since the last operation
}

func (r *reader) row(t *Table, row []string, line int) {
	if !r.begun {
		if r.at = r.places(row); r.at == nil {
			return
		}
		r.begun = true
		if !r.numbered() || !r.sums(row) {
			return // the header
		}
	}
	if strings.TrimSpace(strings.Join(row, "")) == "" {
		return
	}
	if r.cell(row, ColumnKey) == "" {
		r.keyless = append(r.keyless, line)
		return
	}
	for _, line := range r.keyless {
		t.Problems = append(t.Problems, Problem{Line: line, What: "column key is empty"})
	}
	r.keyless = nil
	m, what := r.movement(row)
	if what != "" {
		t.Problems = append(t.Problems, Problem{Line: line, What: what})
		return
	}
	t.Movements = append(t.Movements, m)
	if m.Time.IsZero() {
		return
	}
	y, month, d := m.Time.In(r.zone).Date()
	day := time.Date(y, month, d, 0, 0, 0, 0, r.zone)
	if t.From.IsZero() || day.Before(t.From) {
		t.From = day
	}
	if next := day.AddDate(0, 0, 1); next.After(t.To) {
		t.To = next
	}
}

// numbered says whether all columns are given by number.
func (r *reader) numbered() bool {
	for _, column := range r.columns {
		if _, err := strconv.Atoi(column); err != nil {
			return false
		}
	}
	return true
}

// places finds the columns in what may be the header; nil: it is not.
func (r *reader) places(row []string) map[string]int {
	at := map[string]int{}
	for name, column := range r.columns {
		i := slices.IndexFunc(row, func(cell string) bool { return strings.EqualFold(strings.TrimSpace(cell), column) })
		if n, err := strconv.Atoi(column); i < 0 && err == nil && n > 0 && n <= len(row) {
			i = n - 1
		}
		if i < 0 {
			return nil
		}
		at[name] = i
	}
	return at
}

func (r *reader) sums(row []string) bool {
	_, what := r.amount(row)
	return what == ""
}

// cell is a named cell of a row; "" where it is not there.
func (r *reader) cell(row []string, name string) string {
	if i, named := r.at[name]; named && i < len(row) {
		return strings.TrimSpace(row[i])
	}
	return ""
}

func (r *reader) movement(row []string) (m audit.Movement, what string) {
	m = audit.Movement{Key: r.cell(row, ColumnKey), Of: r.cell(row, ColumnOf), System: r.cell(row, ColumnSystem), Currency: pay.RUB}
	m.Transaction = m.Key
	if m.Amount, what = r.amount(row); what != "" {
		return m, what
	}
	m.Kind = audit.Payment
	if m.Amount < 0 {
		m.Kind, m.Amount = audit.Refund, -m.Amount
	}
	if word := r.cell(row, ColumnKind); word != "" || r.columns[ColumnKind] != "" {
		kind, known := kindWords[strings.ReplaceAll(strings.ToLower(word), "ё", "е")]
		if !known {
			return m, "column kind has a word that is not known"
		}
		m.Kind = kind
	}
	if word := r.cell(row, ColumnCurrency); word != "" {
		if m.Currency = currencyOf(word); m.Currency == "" {
			return m, "column currency is no currency"
		}
	}
	if text := r.cell(row, ColumnDate); text != "" {
		at, err := pay.ParseMoment(text, false, r.zone)
		if err != nil {
			return m, "column date is no date"
		}
		m.Time = at
	}
	return m, ""
}

// currencyOf reads a currency as registries write it.
func currencyOf(word string) pay.Currency {
	word = strings.ToUpper(strings.Trim(word, "."))
	switch word {
	case "643", "810", "RUR", "РУБ", "₽":
		return pay.RUB
	}
	if len(word) == 3 && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return pay.Currency(word)
	}
	return ""
}

// amount reads the sum of a row, in minor units; it is not zero.
func (r *reader) amount(row []string) (pay.Amount, string) {
	if text := r.cell(row, ColumnMinor); r.columns[ColumnMinor] != "" {
		n, err := strconv.ParseInt(strings.ReplaceAll(text, " ", ""), 10, 64)
		if err != nil || n == 0 || n == -n {
			return 0, "column minor is no whole sum"
		}
		return pay.Amount(n), ""
	}
	sum, ok := major(r.cell(row, ColumnAmount))
	if !ok || sum == 0 {
		return 0, "column amount is no sum"
	}
	return sum, ""
}

// major reads a sum in major units as people write it: "1 234,56", "1,234.56", "-5", "100.00 ₽".
func major(text string) (pay.Amount, bool) {
	text = strings.Map(func(c rune) rune {
		switch c {
		case ' ', '\u00a0', '\u202f', '\u2009', '\'':
			return -1
		case '−', '–':
			return '-'
		}
		return c
	}, text)
	for _, tail := range []string{"₽", "руб.", "руб", "RUB", "RUR", "р."} {
		text = strings.TrimSuffix(text, tail)
	}
	if i := strings.LastIndexAny(text, ",."); i >= 0 {
		text = strings.NewReplacer(",", "", ".", "").Replace(text[:i]) + "." + text[i+1:]
	}
	negative := strings.HasPrefix(text, "-")
	sum, err := pay.ParseAmount(strings.TrimPrefix(text, "-"))
	if err != nil || sum < 0 || strings.HasPrefix(text, "+") {
		return 0, false
	}
	if negative {
		sum = -sum
	}
	return sum, true
}
