// Package statement makes the application (заявление) by which a client asks for a loan to be paid to a card: one page of A4 from a template that a
// chain may replace, with the sum in words.
//
// The client's documents are rendered and forgotten: they stand in the page that the organisation keeps on paper, and nowhere else. A page that is
// printed again hides them, because by then nobody knows them any more.
package statement

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/pdf"
	"github.com/payrack/payrack/sdk/slip/qr"
)

// Client is whoever asks for the money. Nothing of it is written anywhere but on the page.
type Client struct {
	Name       string `json:"name,omitempty"`       // as in the document: ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ
	Passport   string `json:"passport,omitempty"`   // паспорт 70 03 123456
	Cardholder string `json:"cardholder,omitempty"` // as embossed on the card
}

// Short is the surname with initials: "ПЕТРОВ С. О.".
func (c Client) Short() string {
	words := strings.Fields(c.Name)
	for i := 1; i < len(words); i++ {
		r, _ := utf8.DecodeRuneInString(words[i])
		words[i] = string(r) + "."
	}
	return strings.Join(words, " ")
}

// Hidden is the client as a reprint names it: the name is gone too where it was never kept.
func (c Client) Hidden() Client {
	c.Passport = hidden(c.Passport)
	return c
}

// hidden leaves the last three digits of a document's number, and no other.
func hidden(passport string) string {
	runes, left := []rune(passport), 3
	for i := len(runes) - 1; i >= 0; i-- {
		if !unicode.IsDigit(runes[i]) {
			continue
		}
		if left--; left < 0 {
			runes[i] = '*'
		}
	}
	return string(runes)
}

// Statement is what a page says. Amounts are in minor units of roubles.
type Statement struct {
	Organisation, INN, Branch, BranchID string

	Number       int64     // the module's through number
	Support      string    // the code for support: it stands in the code in the corner
	Time         time.Time // local
	Client       Client
	Contract     string // number of the contract or pawn ticket
	ContractDate string
	Amount, Fee  pay.Amount
	Card         string // masked, with the payment system: "МИР 2200 12** **** 1234"
	Gateway      string // the bank that pays
	Purpose      string
	Operator     string
	Test         bool // a test terminal: no money is paid

	// Reprint counts from 1; 0 is the first print, the only one that may show a client's documents.
	Reprint  int
	Language string // "ru" or "en"; empty: "ru"
	Version  string // of payrack
}

// Templates are the texts: the built-in ones, and a chain's own in front of them.
type Templates struct {
	// Dir is the module's folder "statement". A file <Dir>/<language>.tmpl takes the place of the built-in one.
	Dir string
}

//go:embed templates/*.tmpl
var builtIn embed.FS

// BuiltIn is the built-in template of a language, for a chain to copy from.
func BuiltIn(language string) string {
	text, err := builtIn.ReadFile("templates/" + known(language) + ".tmpl")
	if err != nil {
		panic(err) // the name is one of two constants
	}
	return string(text)
}

func known(language string) string {
	if strings.HasPrefix(language, "en") {
		return "en"
	}
	return "ru"
}

// Printed is a rendered page.
type Printed struct {
	PDF []byte
	// Hash names the page's text, for the journal. The client's documents are hidden in what it is made of, so that nobody can try out numbers
	// against it.
	Hash string
	// Problem is why the chain's own template was not used; nil: it was, or there is none.
	Problem error
}

// maxTemplate bounds a chain's template, in bytes.
const maxTemplate = 64 << 10

// Render sets the page. A chain's template that cannot be used is reported, and the built-in one taken.
func (s Statement) Render(t Templates) (Printed, error) {
	if s.Reprint > 0 {
		s.Client = s.Client.Hidden()
	}
	source, own, problem := t.source(s.Language)
	text, err := s.fill(source)
	if err != nil && own {
		problem, own = err, false
		source = BuiltIn(s.Language)
		text, err = s.fill(source)
	}
	if err != nil {
		return Printed{}, err
	}
	out, hash, err := s.page(source, text)
	if errors.Is(err, pdf.ErrTooLong) && own {
		problem = err
		source = BuiltIn(s.Language)
		if text, err = s.fill(source); err == nil {
			out, hash, err = s.page(source, text)
		}
	}
	return Printed{PDF: out, Hash: hash, Problem: problem}, err
}

// source is the template of a language. A chain's file that is not there is no problem.
func (t Templates) source(language string) (text string, own bool, problem error) {
	if t.Dir == "" {
		return BuiltIn(language), false, nil
	}
	path := filepath.Join(t.Dir, known(language)+".tmpl")
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return BuiltIn(language), false, nil
	case err != nil:
		return BuiltIn(language), false, fmt.Errorf("statement template: %w", err)
	case len(data) > maxTemplate || !utf8.Valid(data):
		return BuiltIn(language), false, fmt.Errorf("statement template %s: not UTF-8, or above %d bytes", path, maxTemplate)
	}
	return strings.TrimPrefix(string(data), "\ufeff"), true, nil
}

// Check tries a chain's templates on a sample, so that doctor can tell before a client waits.
func (t Templates) Check() error {
	var errs []error
	for _, language := range []string{"ru", "en"} {
		sample := Sample()
		sample.Language = language
		p, err := sample.Render(t)
		errs = append(errs, err, p.Problem)
	}
	return errors.Join(errs...)
}

// words are what a template may name.
type words struct {
	Organisation, INN, Branch, BranchID string
	Number, Date, Time                  string
	Client                              Client
	Contract, ContractDate              string
	Amount, Fee, Words                  string
	Card, Gateway, Purpose, Operator    string
	Test, Open                          bool
	Reprint                             int
}

// fill puts the values in. Those of outside cannot end a line or begin a mark of the layout.
func (s Statement) fill(source string) (string, error) {
	t, err := template.New("statement").Option("missingkey=error").Parse(source)
	if err != nil {
		return "", fmt.Errorf("statement template: %w", err)
	}
	fee := rubles(s.Fee, s.Language)
	w := words{Organisation: flat(s.Organisation), INN: flat(s.INN), Branch: flat(s.Branch), BranchID: flat(s.BranchID),
		Number: fmt.Sprintf("%06d", s.Number), Date: s.Time.Format("02.01.2006"), Time: s.Time.Format("15:04:05"),
		Client:   Client{Name: flat(s.Client.Name), Passport: flat(s.Client.Passport), Cardholder: flat(s.Client.Cardholder)},
		Contract: flat(s.Contract), ContractDate: flat(s.ContractDate), Amount: rubles(s.Amount, s.Language), Fee: fee, Words: InWords(s.Amount),
		Card: flat(s.Card), Gateway: flat(s.Gateway), Purpose: flat(s.Purpose), Operator: flat(s.Operator), Test: s.Test, Open: s.Reprint == 0,
		Reprint: s.Reprint}
	var b bytes.Buffer
	if err := t.Execute(&b, w); err != nil {
		return "", fmt.Errorf("statement template: %w", err)
	}
	return b.String(), nil
}

// page lays the text out. Lines are: "^ text" centred, "^^ text" centred and large, ": label || value" a field, "left || right" two ends, an empty
// line a gap, and anything else a paragraph.
func (s Statement) page(source, text string) ([]byte, string, error) {
	quiet := s
	quiet.Client = Client{Name: s.Client.Name, Passport: hidden(s.Client.Passport)}
	kept, err := quiet.fill(source)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256([]byte(kept))
	hash := hex.EncodeToString(sum[:])
	p := pdf.Page{Title: s.title(), Foot: s.foot(), Made: s.Time.UTC()}
	if s.Support != "" {
		code, err := qr.Encode(s.Support + " " + hash[:16])
		if err != nil {
			return nil, "", err
		}
		if p.Picture, err = code.PNG(6); err != nil {
			return nil, "", err
		}
	}
	for line := range strings.Lines(text) {
		p.Lines = append(p.Lines, lay(strings.TrimRight(line, "\r\n ")))
	}
	out, err := p.Render()
	return out, hash, err
}

func lay(line string) pdf.Line {
	if line == "" {
		return pdf.Line{Gap: true}
	}
	if rest, ok := strings.CutPrefix(line, "^^ "); ok {
		return pdf.Line{Text: rest, Align: pdf.Centre, Scale: 1.3}
	}
	if rest, ok := strings.CutPrefix(line, "^ "); ok {
		return pdf.Line{Text: rest, Align: pdf.Centre}
	}
	left, right, ends := strings.Cut(line, " || ")
	if label, ok := strings.CutPrefix(left, ": "); ok && ends {
		return pdf.Line{Label: label, Text: right}
	}
	if ends {
		return pdf.Line{Left: left, Text: right}
	}
	return pdf.Line{Text: line}
}

func (s Statement) title() string {
	if known(s.Language) == "en" {
		return fmt.Sprintf("Application No. %06d", s.Number)
	}
	return fmt.Sprintf("Заявление № %06d", s.Number)
}

func (s Statement) foot() string {
	at := s.Time.Format("02.01.2006 15:04:05")
	if known(s.Language) == "en" {
		return fmt.Sprintf("Made by payrack %s, operation %s. Reprint No. %d", strings.TrimSpace(s.Version+" "+at), s.Support, s.Reprint)
	}
	return fmt.Sprintf("Сформировано payrack %s, операция %s. Повторная печать № %d", strings.TrimSpace(s.Version+" "+at), s.Support, s.Reprint)
}

// rubles writes a sum as a statement does: "3 450,00 руб.".
func rubles(a pay.Amount, language string) string {
	text := a.String()
	whole, cents, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(digit)
	}
	sign := ""
	if a < 0 {
		sign = "-"
	}
	if known(language) == "en" {
		return sign + b.String() + "." + cents + " RUB"
	}
	return sign + b.String() + "," + cents + " руб."
}

// flat is one line of printable text.
func flat(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "||", "|")
	return s
}

// Sample is a made-up statement, for trying a template.
func Sample() Statement {
	return Statement{Organisation: "ООО \"РОМАШКА\"", INN: "7101234567", Branch: "Филиал 2, г. Тула, ул. Мира, 1", BranchID: "21", Number: 791,
		Support: "4-KVELL-000791", Time: time.Date(2026, 11, 22, 12, 10, 44, 0, time.UTC),
		Client:   Client{Name: "ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ", Passport: "паспорт 70 03 123456", Cardholder: "PETROV SERGEY"},
		Contract: "ПЕ800", ContractDate: "22.11.2026", Amount: 345000, Card: "МИР 2200 12** **** 1234", Gateway: "Альфа-Банк (KVELL)",
		Purpose: "Выплата по договору займа ПЕ800", Operator: "ИВАНОВА А.", Version: "1.0.0"}
}
