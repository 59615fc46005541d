package slip

import (
	"fmt"
	"strings"

	"github.com/payrack/payrack/sdk/slip/qr"
)

// QRStyle is how a code appears on a tape of text.
type QRStyle int

const (
	// QRDrawn draws the code with blocks, else with ##, where the paper's page and width allow it, and prints its payload where not.
	QRDrawn QRStyle = iota
	// QRPayload prints the payload.
	QRPayload
	// QRFrame leaves a frame that says how large the picture must be, for a till which prints the picture itself.
	QRFrame
)

// Text is the tape in its paper's code page, each line ended by LF, with a line "[cut]" between copies.
func (t Tape) Text(style QRStyle) ([]byte, error) {
	var text strings.Builder
	for _, line := range t.Lines {
		switch {
		case line.Cut:
			text.WriteString(cutMark + "\n")
		case line.QR != "":
			for _, part := range t.code(line.QR, style) {
				text.WriteString(part + "\n")
			}
		default:
			text.WriteString(line.Text + "\n")
		}
	}
	return t.encode(text.String())
}

// encode puts text into the paper's code page. It fails only where Lines hold what Render did not put there.
func (t Tape) encode(text string) ([]byte, error) {
	p := newPage(t.Paper.Encoding, t.Paper.Language)
	if p.charmap == nil {
		return []byte(text), nil
	}
	encoded, err := p.charmap.NewEncoder().Bytes([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("print a slip in %s: %w", t.Paper.Encoding, err)
	}
	return encoded, nil
}

// code draws a QR code in text.
func (t Tape) code(payload string, style QRStyle) []string {
	g, p := grid{t.Paper.Width}, newPage(t.Paper.Encoding, t.Paper.Language)
	code, err := qr.Encode(payload)
	if err != nil || style == QRPayload {
		return t.payload(payload)
	}
	if style == QRFrame {
		return t.frame(code)
	}
	drawn := code.Blocks(qr.DarkInk)
	if !p.hasAll("▀▄█") {
		drawn = code.ASCII(qr.DarkInk)
	}
	side := columns(drawn[0])
	if side > g.width {
		return t.payload(payload)
	}
	for i, line := range drawn {
		drawn[i] = strings.TrimRight(spaces((g.width-side)/2)+line, " ")
	}
	return drawn
}

func (t Tape) payload(payload string) []string {
	p := newPage(t.Paper.Encoding, t.Paper.Language)
	lines := grid{t.Paper.Width}.pieces(p.fold(payload))
	for i, line := range lines {
		lines[i] = inked(line)
	}
	return lines
}

// frame is the place of a code that the till prints itself: its size, its module in dots of 203 dpi, its quiet zone.
func (t Tape) frame(code qr.Code) []string {
	const inner = 18
	dots := moduleDots(code, paperDots(t.Paper))
	size, module, quiet := "QR >= 20 мм", fmt.Sprintf("модуль %d точек", dots), "поле 4 модуля"
	switch {
	case t.Paper.Language == English:
		size, module, quiet = "QR >= 20 mm", fmt.Sprintf("module of %d dots", dots), "border 4 modules"
	case dots < 5:
		module = fmt.Sprintf("модуль %d точки", dots)
	}
	side := (inner - max(columns(module), columns(quiet))) / 2 // the notes begin in one column
	edge := "+" + strings.Repeat("-", inner) + "+"
	lines := []string{edge, "", spaces((inner-columns(size)+1)/2) + size, spaces(side) + module, spaces(side) + quiet, "", edge}
	for i, line := range lines {
		if line != edge {
			line = "|" + line + spaces(inner-columns(line)) + "|"
		}
		lines[i] = spaces((t.Paper.Width-inner-2)/2) + line
	}
	return lines
}
