// Package registry reads the registry of a day that Raiffeisenbank sends a shop, and compares it with the journal.
//
// It is pure: bytes and rows come in, a report goes out. The registry is of a merchant, and so of all its tills; the journal is of one
// installation. Where a merchant has several, what the others took shows as only in the registry.
package registry

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Kind is what a line of the registry is about.
type Kind string

// The kinds. A type that the bank has not documented is Other, which no operation of the journal agrees with.
const (
	Payment Kind = "payment"
	Refund  Kind = "refund"
	Other   Kind = "other"
)

// Entry is one line of the registry.
type Entry struct {
	Line     int // in the file, from 1
	Merchant string
	Time     time.Time // to the minute
	Kind     Kind
	Type     string // as the bank wrote it
	Order    string // what the till called the payment
	RefundID string
	QR       string
	Amount   int64 // kopecks; of a refund above zero, however the bank writes it
	Fee      int64 // kopecks

	written int64 // the amount with the bank's sign
}

// Registry is a file. From and To are the days that it covers, To not included.
type Registry struct {
	From, To time.Time
	Entries  []Entry
	Total    int64 // as the bank wrote it, in kopecks
	Fees     int64
	Adds     bool // the lines add up to the bank's own totals
}

// ParseError is what a file cannot be read for.
type ParseError struct {
	Line   int    // from 1; 0: the file as a whole
	Reason Reason // for a text to people
	cause  error
}

// Reason says what is wrong with a file.
type Reason string

// The reasons.
const (
	NotRegistry Reason = "not_registry" // no head of columns
	CutOff      Reason = "cut_off"      // the line of totals is missing
	BadTime     Reason = "time"
	BadSum      Reason = "sum"
	BadLine     Reason = "line"
)

// Error implements error. It repeats nothing of the file.
func (e *ParseError) Error() string {
	text := "read registry: " + string(e.Reason)
	if e.Line > 0 {
		text = fmt.Sprintf("read registry: line %d: %s", e.Line, e.Reason)
	}
	return text
}

// Unwrap gives the cause.
func (e *ParseError) Unwrap() error { return e.cause }

// Moscow is the time of the registry.
func Moscow() *time.Location { return time.FixedZone("MSK", 3*60*60) }

// The columns, by the names that the bank gives them. The order may change.
const (
	colMerchant = "Мерчант"
	colTime     = "Дата операции МСК"
	colType     = "Тип"
	colOrder    = "id заказа"
	colRefund   = "id возврата"
	colQR       = "Данные оплаты"
	colSum      = "Сумма"
	colFee      = "Комиссия"
	totalMark   = "ИТОГО"
)

// Parse reads a file in CP1251, or in UTF-8 if somebody has saved it anew. Its errors are *ParseError.
func Parse(data []byte) (Registry, error) {
	text := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	if !utf8.ValidString(text) {
		decoded, err := charmap.Windows1251.NewDecoder().Bytes(data)
		if err != nil {
			return Registry{}, &ParseError{Reason: NotRegistry, cause: err}
		}
		text = string(decoded)
	}
	in := csv.NewReader(strings.NewReader(text))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = ';', -1, true
	p := parser{}
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			return p.end()
		}
		if err != nil {
			return Registry{}, &ParseError{Reason: BadLine, cause: err}
		}
		p.line, _ = in.FieldPos(0)
		if err := p.take(fields); err != nil {
			return Registry{}, err
		}
	}
}

// parser is a file that is being read.
type parser struct {
	Registry
	line    int
	columns map[string]int // nil before the head
	total   bool           // the line of totals was read
}

func (p *parser) take(fields []string) error {
	first := strings.TrimSpace(fields[0])
	switch {
	case p.columns == nil && first == colMerchant:
		return p.head(fields)
	case p.columns == nil:
		p.title(first)
		return nil
	case strings.EqualFold(first, totalMark):
		return p.totals(fields)
	case strings.TrimSpace(strings.Join(fields, "")) == "":
		return nil
	case p.total:
		return p.fail(BadLine)
	}
	return p.entry(fields)
}

func (p *parser) fail(why Reason) error { return &ParseError{Line: p.line, Reason: why} }

// titleDate is the day that the title names.
var titleDate = regexp.MustCompile(`\b(\d{2}/\d{2}/\d{4})\b`)

func (p *parser) title(text string) {
	if found := titleDate.FindString(text); found != "" && p.From.IsZero() {
		if day, err := time.ParseInLocation("02/01/2006", found, Moscow()); err == nil {
			p.From, p.To = day, day.AddDate(0, 0, 1)
		}
	}
}

func (p *parser) head(fields []string) error {
	p.columns = map[string]int{}
	for i, name := range fields {
		p.columns[strings.TrimSpace(name)] = i
	}
	for _, name := range []string{colMerchant, colTime, colType, colOrder, colRefund, colSum, colFee} {
		if _, ok := p.columns[name]; !ok {
			return p.fail(NotRegistry)
		}
	}
	return nil
}

// field is a column of a line; what is not there is empty.
func (p *parser) field(fields []string, name string) string {
	i, ok := p.columns[name]
	if !ok || i >= len(fields) {
		return ""
	}
	return strings.TrimSpace(fields[i])
}

func (p *parser) entry(fields []string) error {
	e := Entry{
		Line: p.line, Merchant: p.field(fields, colMerchant), Type: p.field(fields, colType), Order: p.field(fields, colOrder),
		RefundID: p.field(fields, colRefund), QR: p.field(fields, colQR),
	}
	var ok bool
	if e.Time, ok = moment(p.field(fields, colTime)); !ok {
		return p.fail(BadTime)
	}
	if e.written, ok = kopecks(p.field(fields, colSum)); !ok {
		return p.fail(BadSum)
	}
	if e.Fee, ok = kopecks(p.field(fields, colFee)); !ok && p.field(fields, colFee) != "" {
		return p.fail(BadSum)
	}
	e.Amount = e.written
	switch {
	case strings.EqualFold(e.Type, "Refund") || e.RefundID != "":
		e.Kind, e.Amount = Refund, max(e.written, -e.written)
	case strings.EqualFold(e.Type, "Payment"):
		e.Kind = Payment
	default:
		e.Kind = Other
	}
	p.Entries = append(p.Entries, e)
	return nil
}

func (p *parser) totals(fields []string) error {
	if p.total {
		return p.fail(BadLine)
	}
	var ok bool
	if p.Total, ok = kopecks(p.field(fields, colSum)); !ok {
		return p.fail(BadSum)
	}
	if p.Fees, ok = kopecks(p.field(fields, colFee)); !ok {
		return p.fail(BadSum)
	}
	p.total = true
	return nil
}

func (p *parser) end() (Registry, error) {
	switch {
	case p.columns == nil:
		return Registry{}, &ParseError{Reason: NotRegistry}
	case !p.total:
		return Registry{}, &ParseError{Reason: CutOff}
	}
	var sum, fees int64
	for _, e := range p.Entries {
		sum, fees = sum+e.written, fees+e.Fee
		p.cover(e.Time)
	}
	p.Adds = sum == p.Total && fees == p.Fees
	if p.From.IsZero() {
		return Registry{}, &ParseError{Reason: NotRegistry}
	}
	return p.Registry, nil
}

// cover widens the days of a file, whose title may be missing or say less than its lines.
func (p *parser) cover(t time.Time) {
	day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, Moscow())
	if p.From.IsZero() || day.Before(p.From) {
		p.From = day
	}
	if next := day.AddDate(0, 0, 1); next.After(p.To) {
		p.To = next
	}
}

func moment(text string) (time.Time, bool) {
	for _, layout := range []string{"2.1.2006 15:04", "2.1.2006 15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, Moscow()); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// kopecks reads a sum in rubles, exactly: 3806.00, 3 806,5, -6.
func kopecks(text string) (int64, bool) {
	text = strings.NewReplacer(" ", "", "\u00a0", "", ",", ".").Replace(text)
	digits, negative := strings.CutPrefix(text, "-")
	whole, part, dotted := strings.Cut(digits, ".")
	if dotted && (part == "" || len(part) > 2) || len(whole) > 12 {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 62)
	if err != nil || whole == "" {
		return 0, false
	}
	if negative {
		return -int64(n), true
	}
	return int64(n), true
}
