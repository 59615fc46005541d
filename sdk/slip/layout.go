package slip

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// sumColumn is the width of the sums in a report, with the space before them.
const sumColumn = 13

// grid lays text out in a number of columns. Every method returns lines that fit, from text that a page has folded.
type grid struct{ width int }

// wrap breaks text at its last space that fits, keeping its indentation and the spaces inside of a line. A word longer than
// a line is broken at a non-breaking space, else where the line ends.
func (g grid) wrap(text string) []string {
	rest := []rune(strings.TrimRight(text, " "))
	var lines []string
	for len(rest) > g.width {
		at := g.breakAt(rest)
		lines = append(lines, strings.TrimRight(string(rest[:at]), " "+nbsp))
		rest = []rune(strings.TrimLeft(string(rest[at:]), " "+nbsp))
	}
	return append(lines, string(rest))
}

func (g grid) breakAt(text []rune) int {
	for _, space := range []rune{' ', '\u00a0'} {
		for at := g.width; at > 0; at-- {
			if text[at] == space && strings.Trim(string(text[:at]), " "+nbsp) != "" {
				return at
			}
		}
	}
	return g.width
}

// pieces breaks text wherever a line ends: for numbers and payloads, which have no words.
func (g grid) pieces(text string) []string {
	var lines []string
	for rest := []rune(text); len(rest) > 0; {
		n := min(g.width, len(rest))
		lines = append(lines, string(rest[:n]))
		rest = rest[n:]
	}
	return lines
}

// center wraps text and centres each line; an odd space goes to the right.
func (g grid) center(text string) []string {
	lines := g.wrap(strings.TrimSpace(text))
	for i, line := range lines {
		lines[i] = spaces((g.width-columns(line))/2) + line
	}
	return lines
}

// right wraps text and puts each line to the right edge.
func (g grid) right(text string) []string {
	lines := g.wrap(strings.TrimSpace(text))
	for i, line := range lines {
		lines[i] = spaces(g.width-columns(line)) + line
	}
	return lines
}

// row is "label … value". The value is never cut: where both do not fit it goes to a line of its own, at the right edge.
func (g grid) row(label, value string) []string {
	label, value = strings.TrimRight(label, " "), strings.TrimSpace(value)
	if label == "" {
		return g.right(value)
	}
	lines := g.wrap(label)
	if value == "" {
		return lines
	}
	last := lines[len(lines)-1]
	if gap := g.width - columns(last) - columns(value); gap > 0 {
		lines[len(lines)-1] = last + spaces(gap) + value
		return lines
	}
	return append(lines, g.right(value)...)
}

// identifier is a row whose value, where it does not fit, stands below its label and is broken where the lines end. A UUID
// gives up its dashes where that saves a line.
func (g grid) identifier(label, value string) []string {
	label, value = strings.TrimSpace(label), strings.TrimSpace(value)
	if label == "" || columns(label)+1+columns(value) <= g.width {
		return g.row(label, value)
	}
	if compact := strings.ReplaceAll(value, "-", ""); columns(value) > g.width && columns(compact) <= g.width && uuid.MatchString(value) {
		value = compact
	}
	return append(g.wrap(label), g.pieces(value)...)
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// sums is a line of totals: label, a count, and a sum in a column of its own, which moves to the left before it takes a second line.
func (g grid) sums(label, count, sum string) []string {
	label = strings.TrimRight(label, " ")
	if count == "" {
		return g.row(label, sum)
	}
	counted := columns(label) + 1 + columns(count)
	if counted+1+columns(sum) > g.width {
		return append(g.row(label, count), g.right(sum)...)
	}
	edge := max(counted, min(g.width-sumColumn, g.width-columns(sum)-1))
	return []string{
		label + spaces(edge-columns(label)-columns(count)) + count + spaces(g.width-edge-columns(sum)) + sum,
	}
}

// rule fills a line with one character.
func (g grid) rule(with string) string {
	r, _ := utf8.DecodeRuneInString(with)
	return strings.Repeat(string(r), g.width)
}

func columns(text string) int { return utf8.RuneCountInString(text) }

func spaces(n int) string { return strings.Repeat(" ", max(0, n)) }
