package slip

import (
	"regexp"
	"strings"
)

// cutMark stands between copies in text. Data cannot print it.
const cutMark = "[cut]"

// Align is where a line was put. Line.Text has the spaces already; a renderer with metrics of its own trims and aligns anew.
type Align string

// The alignments.
const (
	Left   Align = ""
	Center Align = "center"
	Right  Align = "right"
)

// Line is one line of a Tape: text, or a QR code, or a cut.
type Line struct {
	Text         string
	Align        Align
	Bold         bool
	DoubleHeight bool   // as wide as ever
	QR           string // the payload of a code that stands in place of text
	Cut          bool   // the paper is cut here
}

// Tape is a document laid out for a paper.
type Tape struct {
	Paper Paper
	Lines []Line
	// Problem is why the store's own template was not used: a *TemplateError. It is nil where nothing was wrong.
	Problem error
}

// Then puts other behind t, on a paper of its own. Both are for the same paper.
func (t Tape) Then(other Tape) Tape {
	joined := Tape{Paper: t.Paper, Problem: t.Problem}
	if joined.Problem == nil {
		joined.Problem = other.Problem
	}
	joined.Lines = append(joined.Lines, t.Lines...)
	if len(t.Lines) > 0 && len(other.Lines) > 0 {
		joined.Lines = append(joined.Lines, Line{Cut: true})
	}
	joined.Lines = append(joined.Lines, other.Lines...)
	return joined
}

// The functions of a template hand attributes over in front of a line: markFrom, letters, markTo. Text cannot hold them, since
// folding takes control characters out of data and of templates.
const (
	markFrom = "\x01"
	markTo   = "\x02"

	markCenter = "c"
	markRight  = "r"
	markBold   = "b"
	markDouble = "d"
	markQR     = "q"
	markCut    = "x"
	markBlank  = "n"
)

// mark joins lines into template output, with an attribute on each.
func mark(lines []string, attribute string) string {
	if attribute == "" {
		return strings.Join(lines, "\n")
	}
	marked := make([]string, len(lines))
	for i, line := range lines {
		attributes, text := unmark(line)
		marked[i] = markFrom + attributes + attribute + markTo + text
	}
	return strings.Join(marked, "\n")
}

func unmark(line string) (attributes, text string) {
	rest, marked := strings.CutPrefix(line, markFrom)
	if !marked {
		return "", line
	}
	attributes, text, _ = strings.Cut(rest, markTo)
	return attributes, text
}

// readLines makes lines of template output. Lines without ink are what conditions left behind and are dropped, lines that a
// template's own text made too long are wrapped.
func readLines(output string, g grid, p page, payload string) []Line {
	var lines []Line
	output = strings.ReplaceAll(output, markFrom, "\n"+markFrom) // what is marked is a line, wherever it was put
	for _, raw := range strings.Split(output, "\n") {
		attributes, text := unmark(raw)
		line := Line{
			Bold:         strings.Contains(attributes, markBold),
			DoubleHeight: strings.Contains(attributes, markDouble),
			Cut:          strings.Contains(attributes, markCut),
		}
		switch {
		case strings.Contains(attributes, markCenter):
			line.Align = Center
		case strings.Contains(attributes, markRight):
			line.Align = Right
		}
		if strings.Contains(attributes, markQR) {
			line.QR, line.Align = payload, Center
		}
		if line.Cut || line.QR != "" {
			lines = append(lines, line)
			continue
		}
		text = strings.TrimRight(p.fold(text), " "+nbsp)
		if text == "" && !strings.Contains(attributes, markBlank) {
			continue
		}
		for _, part := range g.wrap(text) {
			line.Text = inked(part)
			lines = append(lines, line)
		}
	}
	return lines
}

// inked is text as it is printed: with plain spaces, and without a cut that only data asked for.
func inked(text string) string {
	text = strings.TrimRight(strings.ReplaceAll(text, nbsp, " "), " ")
	return cutInData.ReplaceAllString(text, "($1)")
}

var cutInData = regexp.MustCompile(`(?i)\[(cut)\]`)
