package ini

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code names a kind of problem for programs.
type Code string

// The kinds of problems.
const (
	CodeSyntax         Code = "syntax"
	CodeEncoding       Code = "encoding"
	CodeTooLarge       Code = "too_large"
	CodeUnknownSection Code = "unknown_section"
	CodeUnknownKey     Code = "unknown_key"
	CodeWrongSection   Code = "wrong_section"
	CodeDuplicate      Code = "duplicate"
	CodeType           Code = "type"
	CodeRange          Code = "range"
	CodeChoice         Code = "choice"
	CodeRequired       Code = "required"
	CodeConst          Code = "const"
	CodeSecret         Code = "secret"
	CodeInvalid        Code = "invalid" // what the struct's Validate found
)

// Problem is one thing wrong with a file or with a value. It is an error; as such its text is English.
type Problem struct {
	File string // base name; empty when there is no file
	Line int    // from 1; 0 when no line is to blame
	Key  string
	Code Code

	message, hint Text
}

// Text returns the problem and what to do about it in Russian, or in English for "en".
func (p *Problem) Text(language string) string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
		if p.Line > 0 {
			fmt.Fprintf(&b, "%d:", p.Line)
		}
		b.WriteByte(' ')
	} else if p.Line > 0 {
		fmt.Fprintf(&b, Text{"строка %d: ", "line %d: "}.In(language), p.Line)
	}
	b.WriteString(p.message.In(language))
	if hint := p.hint.In(language); hint != "" {
		b.WriteString(": " + hint)
	}
	return b.String()
}

// Message returns what is wrong, without place and hint.
func (p *Problem) Message(language string) string { return p.message.In(language) }

// Hint returns what to do about it; it may be empty.
func (p *Problem) Hint(language string) string { return p.hint.In(language) }

// Error returns the English text.
func (p *Problem) Error() string { return p.Text("en") }

// Invalid is for Validate methods: it says that the value of key does not fit the others.
func Invalid(key string, message, hint Text) *Problem {
	return &Problem{Key: key, Code: CodeInvalid, message: message, hint: hint}
}

// Problems is all that is wrong with a file, in the order of its lines. It is never empty as an error.
type Problems []*Problem

// Error returns the English texts, one a line.
func (p Problems) Error() string { return p.Text("en") }

// Text returns the texts in one language, one a line.
func (p Problems) Text(language string) string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Text(language)
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the single problems.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i, one := range p {
		errs[i] = one
	}
	return errs
}

// err is nil for no problems; it sorts by line and names the file in each.
func (p Problems) err(file string) error {
	if len(p) == 0 {
		return nil
	}
	for _, one := range p {
		one.File = file
	}
	slices.SortStableFunc(p, func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
	return p
}

func problem(code Code, key, ru, en string, args ...any) *Problem {
	return &Problem{Code: code, Key: key, message: Text{fmt.Sprintf(ru, args...), fmt.Sprintf(en, args...)}}
}

func (p *Problem) at(line int) *Problem {
	p.Line = line
	return p
}

func (p *Problem) hinted(ru, en string, args ...any) *Problem {
	p.hint = Text{fmt.Sprintf(ru, args...), fmt.Sprintf(en, args...)}
	return p
}

// invalid turns what Validate returned into problems; joined errors become one each.
func invalid(err error, lineOf func(key string) int) Problems {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all Problems
		for _, one := range joined.Unwrap() {
			all = append(all, invalid(one, lineOf)...)
		}
		return all
	}
	var known *Problem
	if errors.As(err, &known) {
		one := *known
		one.Line = lineOf(one.Key)
		return Problems{&one}
	}
	message := Text{err.Error(), err.Error()}
	var spoken interface{ Text(language string) string }
	if errors.As(err, &spoken) {
		message = Text{spoken.Text("ru"), spoken.Text("en")}
	}
	return Problems{{Code: CodeInvalid, message: message}}
}

// quoted shortens a value for an error text.
func quoted(value string) string {
	if runes := []rune(value); len(runes) > 40 {
		value = string(runes[:40]) + "…"
	}
	return fmt.Sprintf("%q", value)
}
