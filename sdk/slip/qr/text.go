package qr

import "strings"

// Ink says what the characters of a drawing in text stand for.
type Ink int

const (
	// DarkInk is for paper and for dark characters on a light background: a character is a dark module.
	DarkInk Ink = iota
	// LightInk is for a terminal with light characters on a dark background: a character is a light module.
	LightInk
)

// Blocks draws the code with ▀, ▄ and █, two rows of modules to a line. A line is as wide as the code and its quiet zone.
func (c Code) Blocks(ink Ink) []string {
	from, to := -Quiet, c.Size+Quiet
	var lines []string
	for y := from; y < to; y += 2 {
		var line strings.Builder
		for x := from; x < to; x++ {
			upper := c.inked(x, y, ink)
			lower := y+1 < to && c.inked(x, y+1, ink)
			line.WriteRune(halfBlock(upper, lower))
		}
		lines = append(lines, line.String())
	}
	return lines
}

// ASCII draws the code with ##, two characters to a module and one row of modules to a line. It is for terminals and code
// pages without blocks, and twice as wide as Blocks.
func (c Code) ASCII(ink Ink) []string {
	var lines []string
	for y := -Quiet; y < c.Size+Quiet; y++ {
		var line strings.Builder
		for x := -Quiet; x < c.Size+Quiet; x++ {
			if c.inked(x, y, ink) {
				line.WriteString("##")
			} else {
				line.WriteString("  ")
			}
		}
		lines = append(lines, line.String())
	}
	return lines
}

func (c Code) inked(x, y int, ink Ink) bool {
	return c.Dark(x, y) == (ink == DarkInk)
}

func halfBlock(upper, lower bool) rune {
	switch {
	case upper && lower:
		return '█'
	case upper:
		return '▀'
	case lower:
		return '▄'
	}
	return ' '
}
