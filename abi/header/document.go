package header

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Document is the whole header, comments included: what bindings for other languages are made from.
type Document struct {
	Rules     string // the comment at its head
	Callback  string // the comment of pr_callback
	Constants []Constant
	Functions []Documented
}

// Constant is a #define with a number.
type Constant struct {
	Name  string
	Value int64
	Hex   bool   // it is written in hexadecimal
	Doc   string // the comment on its line
	Group string // the comment before the first of a group, on that one only
}

// Documented is a function with its comment and its declaration.
type Documented struct {
	Function
	Declaration string
	Doc         string // "" where the header has none
}

var (
	define   = regexp.MustCompile(`^#define (PR_\w+)\s+(-?(?:0x)?[0-9a-fA-F]+)u?\b`)
	callback = regexp.MustCompile(`^typedef void \(PR_CALL \*pr_callback\)`)
	spaces   = regexp.MustCompile(`\s+`)
	section  = regexp.MustCompile(`^-{4,}.*-{3,}$`)
)

// Read reads the header's constants and functions with their comments.
func Read(text string) (Document, error) {
	functions, err := Parse(text)
	if err != nil {
		return Document{}, err
	}
	r := reader{known: map[string]Function{}}
	for _, f := range functions {
		r.known[f.Name] = f
	}
	lines := strings.Split(text, "\n")
	for len(lines) > 0 {
		n := r.take(lines)
		lines = lines[n:]
	}
	if len(r.doc.Functions) != len(functions) {
		return Document{}, fmt.Errorf("%d functions of %d were found with their comments", len(r.doc.Functions), len(functions))
	}
	return r.doc, nil
}

// reader goes through the header from top to bottom.
type reader struct {
	doc     Document
	known   map[string]Function
	comment string // that stands before what comes next
	section string // the comment under the heading of the section
}

// take takes one thing from the head of lines, and says how many lines it had.
func (r *reader) take(lines []string) int {
	line := lines[0]
	switch {
	case strings.HasPrefix(line, "/*"):
		n := closed(lines, "*/")
		c := plain(strings.Join(lines[:n], "\n"))
		switch {
		case r.doc.Rules == "":
			r.doc.Rules = c
		case section.MatchString(strings.SplitN(c, "\n", 2)[0]):
			r.heading(c)
		default:
			r.comment = c
		}
		return n
	case define.MatchString(line):
		n := 1
		if strings.Contains(line, "/*") {
			n = closed(lines, "*/")
		}
		r.constant(strings.Join(lines[:n], "\n"))
		return n
	case callback.MatchString(line):
		r.doc.Callback, r.comment = r.comment, ""
	case strings.HasPrefix(line, "PR_API"):
		n := closed(lines, ";")
		r.function(strings.Join(lines[:n], "\n"))
		return n
	case strings.TrimSpace(line) == "":
		r.comment = ""
	}
	return 1
}

// heading begins a section. What stands below its line, and the line then too, is said of each function in it.
func (r *reader) heading(comment string) {
	r.comment, r.section = "", ""
	line, below, _ := strings.Cut(comment, "\n")
	if below = strings.TrimSpace(below); below != "" {
		r.section = strings.Trim(line, "- ") + ".\n" + below
	}
}

// closed counts the lines up to the one that has end.
func closed(lines []string, end string) int {
	for i, line := range lines {
		if strings.Contains(line, end) {
			return i + 1
		}
	}
	return len(lines)
}

func (r *reader) constant(text string) {
	m := define.FindStringSubmatch(text)
	value, err := strconv.ParseInt(m[2], 0, 64)
	if err != nil {
		return // not a number of the interface
	}
	_, rest, _ := strings.Cut(text, "/*")
	r.doc.Constants = append(r.doc.Constants, Constant{Name: m[1], Value: value, Hex: strings.HasPrefix(m[2], "0x"), Doc: oneLine(plain(rest)), Group: r.comment})
	r.comment = ""
}

func (r *reader) function(text string) {
	declaration, after, _ := strings.Cut(text, ";")
	m := function.FindStringSubmatch(declaration + ";")
	if m == nil {
		return
	}
	f := Documented{Function: r.known[m[2]], Declaration: strings.NewReplacer("PR_API ", "", "PR_CALL ", "").Replace(spaces.ReplaceAllString(declaration, " "))}
	var parts []string
	for _, part := range []string{r.comment, r.shared(f.Name), oneLine(plain(after)), r.section} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	f.Doc = strings.Join(parts, "\n")
	r.doc.Functions = append(r.doc.Functions, f)
	r.comment = ""
}

// shared is the comment of an earlier function where it speaks of this one too: it names it, or both begin alike, as pr_last_code and
// pr_last_error.
func (r *reader) shared(name string) string {
	if r.comment != "" {
		return ""
	}
	for i := len(r.doc.Functions) - 1; i >= max(0, len(r.doc.Functions)-3); i-- {
		before := r.doc.Functions[i]
		if strings.Contains(before.Doc, name+":") || (strings.HasPrefix(name, "pr_last_") && strings.HasPrefix(before.Name, "pr_last_")) {
			return before.Doc
		}
	}
	return ""
}

// plain takes a comment's signs away, and keeps its lines.
func plain(comment string) string {
	comment = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(comment), "/*"), "*/")
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(comment), "*/"))) {
		line = strings.TrimRight(line, " \n")
		if trimmed := strings.TrimLeft(line, " "); strings.HasPrefix(trimmed, "*") {
			line = strings.TrimPrefix(strings.TrimPrefix(trimmed, "*"), " ")
		}
		lines = append(lines, line)
	}
	return strings.TrimSpace(strings.TrimPrefix(strings.Join(lines, "\n"), "/*"))
}

func oneLine(text string) string { return strings.TrimSpace(spaces.ReplaceAllString(text, " ")) }
