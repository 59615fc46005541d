package slip

import (
	"fmt"
	"strings"
	"text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// vocabulary is what a template may call, for one paper and one run.
type vocabulary struct {
	grid     grid
	language Language
	budget   *budget
}

// functions are the words of the templates. Those which make lines (center to rule) stand alone on a line of the template.
func (v vocabulary) functions() template.FuncMap {
	return template.FuncMap{
		"center": func(text any) (string, error) { return v.lines(v.grid.center(v.text(text)), markCenter) },
		"right":  func(text any) (string, error) { return v.lines(v.grid.right(v.text(text)), markRight) },
		"wrap":   func(text any) (string, error) { return v.lines(v.grid.wrap(v.text(text)), "") },
		"row":    v.row,
		"field":  v.field,
		"id":     v.identifier,
		"sums":   v.sums,
		"rule":   func(with string) (string, error) { return v.budget.charge(v.grid.rule(with)) },
		"blank":  func() string { return mark([]string{""}, markBlank) },
		"big":    func(made string) (string, error) { return v.lines(strings.Split(made, "\n"), markDouble) },
		"bold":   func(made string) (string, error) { return v.lines(strings.Split(made, "\n"), markBold) },
		"qr":     func() string { return mark([]string{""}, markQR) },
		"cut":    func() string { return mark([]string{""}, markCut) },

		"money":  func(m Money) string { return m.Text(v.language) },
		"sum":    func(m Money) string { return m.Sum(v.language) },
		"signed": v.signed,
		"date":   func(t time.Time) string { return v.time(t, v.dateLayout()) },
		"clock":  func(t time.Time) string { return v.time(t, "15:04:05") },
		"minute": func(t time.Time) string { return v.time(t, "15:04") },
		"moment": func(t time.Time) string { return v.time(t, v.dateLayout()+nbsp+"15:04") },

		"number":  number,
		"named":   v.named,
		"title":   v.title,
		"form":    v.form,
		"upper":   func(text string) (string, error) { return v.budget.charge(strings.ToUpper(text)) },
		"small":   func(text string) (string, error) { return v.budget.charge(small(text)) },
		"pad":     v.pad,
		"seconds": func(d time.Duration) int64 { return int64(d / time.Second) },
		"width":   func() int { return v.grid.width },

		// The functions of text/template that make text, within the budget.
		"print":    func(values ...any) (string, error) { return v.budget.charge(fmt.Sprint(values...)) },
		"println":  func(values ...any) (string, error) { return v.budget.charge(fmt.Sprintln(values...)) },
		"printf":   func(f string, values ...any) (string, error) { return v.budget.charge(fmt.Sprintf(f, values...)) },
		"html":     func(values ...any) (string, error) { return v.budget.charge(template.HTMLEscaper(values...)) },
		"js":       func(values ...any) (string, error) { return v.budget.charge(template.JSEscaper(values...)) },
		"urlquery": func(values ...any) (string, error) { return v.budget.charge(template.URLQueryEscaper(values...)) },

		guardStep:  v.budget.step,
		guardEnter: v.budget.enter,
		guardLeave: v.budget.leave,
	}
}

func (v vocabulary) lines(lines []string, attribute string) (string, error) {
	return v.budget.charge(mark(lines, attribute))
}

// text is a value as it is printed; zero numbers are text too, so that a count of 0 is shown.
func (v vocabulary) text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case Money:
		return value.Text(v.language)
	}
	return fmt.Sprint(value)
}

func (v vocabulary) row(label, value any) (string, error) {
	return v.lines(v.grid.row(v.text(label), v.text(value)), "")
}

// field is a row that is not printed without a value.
func (v vocabulary) field(label, value any) (string, error) {
	if zero(value) {
		return "", nil
	}
	return v.row(label, value)
}

func (v vocabulary) identifier(label, value any) (string, error) {
	if zero(value) {
		return "", nil
	}
	return v.lines(v.grid.identifier(v.text(label), v.text(value)), "")
}

func (v vocabulary) sums(label string, count any, sum string) (string, error) {
	return v.lines(v.grid.sums(label, v.text(count), sum), "")
}

func (v vocabulary) signed(m Money) string {
	if m.Minor > 0 {
		return "+" + m.Sum(v.language)
	}
	return m.Sum(v.language)
}

func (v vocabulary) dateLayout() string {
	if v.language == English {
		return strings.ReplaceAll("02 Jan 2006", " ", nbsp)
	}
	return "02.01.2006"
}

func (v vocabulary) time(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(layout)
}

// number is the number of an operation in six digits, or nothing.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%06d", n)
}

// named is "word value", or nothing without a value.
func (v vocabulary) named(word string, value any) (string, error) {
	if zero(value) {
		return "", nil
	}
	return v.budget.charge(word + " " + v.text(value))
}

// title is a heading and the module's name, two spaces apart.
func (v vocabulary) title(heading, module string) (string, error) {
	if module == "" {
		return heading, nil
	}
	return v.budget.charge(heading + "  " + module)
}

// form is the form of a word that goes with n: one, few, many in Russian ("операция", "операции", "операций"), one, other
// in English.
func (v vocabulary) form(n int, forms ...string) (string, error) {
	of, names := language.Russian, []plural.Form{plural.One, plural.Few, plural.Many}
	if v.language == English {
		of, names = language.English, []plural.Form{plural.One, plural.Other}
	}
	if len(forms) != len(names) {
		return "", fmt.Errorf("a form is chosen of %d, not of %d", len(names), len(forms))
	}
	matched := plural.Cardinal.MatchPlural(of, n, 0, 0, 0, 0)
	for i, name := range names {
		if name == matched {
			return forms[i], nil
		}
	}
	return forms[len(forms)-1], nil
}

// small is a sentence that goes on after a colon: its first letter is small, unless its first word is in capitals, like a name of letters.
func small(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if next, _ := utf8.DecodeRuneInString(text[size:]); first == utf8.RuneError || unicode.IsUpper(next) {
		return text
	}
	return string(unicode.ToLower(first)) + text[size:]
}

// pad fills text up to n columns.
func (v vocabulary) pad(text string, n int) (string, error) {
	return v.budget.charge(text + spaces(min(n, Widest)-columns(text)))
}

func zero(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case int:
		return value == 0
	case int64:
		return value == 0
	}
	return false
}
