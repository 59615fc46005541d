package slip

import (
	"bytes"
	"fmt"

	"github.com/payrack/payrack/sdk/slip/qr"
)

// Dots of a printer with 203 dpi.
const (
	qrSide      = 160 // 20 mm: what a telephone reads from a hand's distance
	columnDots  = 12  // font A
	mostDots    = 576 // printable width of 80 mm paper
	wantedDots  = 4   // 0.5 mm a module
	fewestDots  = 2   // below, paper and telephone blur
	mostModules = 16  // dots a module, the limit of GS ( k
)

// Printer is what has to be known of an ESC/POS printer. The zero Printer has a page table as Epson's and prints QR codes.
type Printer struct {
	// CodePage is the printer's number of the paper's page (ESC t n); 0 is Epson's: 17 for cp866, 46 for cp1251.
	CodePage byte
	// Dots is the printable width in dots; 0 is 12 for each column, at most 576.
	Dots int
	// NoQR is set where the printer does not know GS ( k: the code is then drawn in text, or its payload printed.
	NoQR bool
	// KeepPaper leaves out the cut at the end; cuts between copies stay.
	KeepPaper bool
	// Prologue is sent after the printer is reset: what a printer needs besides.
	Prologue []byte
}

// ESCPOS is the tape as bytes for a printer: reset, page, lines, and a cut after each copy. The paper must be in cp866 or
// cp1251, since printers know no UTF-8.
func (t Tape) ESCPOS(printer Printer) ([]byte, error) {
	table, err := printer.table(t.Paper.Encoding)
	if err != nil {
		return nil, err
	}
	dots := printer.Dots
	if dots <= 0 {
		dots = paperDots(t.Paper)
	}
	var out bytes.Buffer
	out.WriteString("\x1b@")
	out.Write(printer.Prologue)
	out.Write([]byte{0x1b, 't', table})
	for _, line := range t.Lines {
		switch {
		case line.Cut:
			cut(&out)
		case line.QR != "" && !printer.NoQR && printCode(&out, line.QR, dots):
		case line.QR != "":
			err = t.printText(&out, Line{}, t.code(line.QR, QRDrawn)...)
		default:
			err = t.printText(&out, line, line.Text)
		}
		if err != nil {
			return nil, err
		}
	}
	if !printer.KeepPaper {
		cut(&out)
	}
	return out.Bytes(), nil
}

func (p Printer) table(encoding Encoding) (byte, error) {
	switch {
	case encoding != CP866 && encoding != CP1251:
		return 0, fmt.Errorf("print a slip by ESC/POS: it is laid out for %s, not for cp866 or cp1251", encoding)
	case p.CodePage != 0:
		return p.CodePage, nil
	case encoding == CP1251:
		return 46, nil
	}
	return 17, nil
}

// printText prints lines with the attributes of one. They are laid out in columns, so the printer aligns to the left.
func (t Tape) printText(out *bytes.Buffer, attributes Line, lines ...string) error {
	if attributes.DoubleHeight {
		out.WriteString("\x1d!\x01")
	}
	if attributes.Bold {
		out.WriteString("\x1bE\x01")
	}
	for _, line := range lines {
		text, err := t.encode(line)
		if err != nil {
			return err
		}
		out.Write(text)
		out.WriteByte('\n')
	}
	if attributes.Bold {
		out.WriteString("\x1bE\x00")
	}
	if attributes.DoubleHeight {
		out.WriteString("\x1d!\x00")
	}
	return nil
}

// cut feeds the paper to the knife and cuts it, but for one point.
func cut(out *bytes.Buffer) { out.WriteString("\x1dVB\x00") }

// printCode lets the printer make the code: model 2, at least 20 mm, in the middle. It tells whether the paper is wide enough.
func printCode(out *bytes.Buffer, payload string, dots int) bool {
	code, err := fittingCode(payload, dots)
	if err != nil {
		return false
	}
	out.WriteString("\x1ba\x01")
	symbol(out, 'A', '2', 0)
	symbol(out, 'C', byte(moduleDots(code, dots)))
	symbol(out, 'E', '0'+byte(code.Level))
	symbol(out, 'P', append([]byte{'0'}, payload...)...)
	symbol(out, 'Q', '0')
	out.WriteString("\x1ba\x00")
	return true
}

// symbol is one function of GS ( k for QR codes (cn = 49).
func symbol(out *bytes.Buffer, function byte, parameters ...byte) {
	n := len(parameters) + 2
	out.Write([]byte{0x1d, '(', 'k', byte(n), byte(n >> 8), '1', function})
	out.Write(parameters)
}

// fittingCode is the code of a payload, with weaker error correction where its modules would else be thin on this paper.
func fittingCode(payload string, dots int) (qr.Code, error) {
	code, err := qr.Encode(payload)
	if err != nil || moduleDots(code, dots) < wantedDots {
		if weaker, weakErr := qr.EncodeLevel(payload, qr.L); weakErr == nil {
			code, err = weaker, nil
		}
	}
	if err != nil {
		return qr.Code{}, err
	}
	if moduleDots(code, dots) < fewestDots {
		return qr.Code{}, fmt.Errorf("a code of %d modules does not fit %d dots", code.Size, dots)
	}
	return code, nil
}

// moduleDots is how many dots a side of a module takes: so many that the code is 20 mm wide, and more where modules would be
// thin, but never more than the paper holds, quiet zone included.
func moduleDots(code qr.Code, dots int) int {
	enough := (qrSide + code.Size - 1) / code.Size
	return min(max(enough, wantedDots), dots/(code.Size+2*qr.Quiet), mostModules)
}

// paperDots is the printable width that a paper's columns need in font A.
func paperDots(paper Paper) int {
	return min(paper.Width*columnDots, mostDots)
}
