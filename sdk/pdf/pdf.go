// Package pdf writes one page of A4 in a font that has Cyrillic letters and the rouble's sign.
//
// It is the only package that knows jung-kurt/gofpdf, which is no longer developed, so that the library can be replaced in a day. The same
// page gives the same bytes each time.
package pdf

import (
	"bytes"
	_ "embed" // the font
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"
	"unicode"

	"github.com/jung-kurt/gofpdf"
)

//go:embed font/DejaVuSans.ttf
var dejavu []byte

// Align is where a line stands.
type Align string

// The alignments.
const (
	Left   Align = "L"
	Centre Align = "C"
	Right  Align = "R"
)

// Line is one piece of a page. Exactly one of its forms is used: Gap, Label with Text, Left with Text, or Text alone, which is wrapped.
type Line struct {
	Gap   bool
	Label string // a field: the label on the left, Text in a column of its own
	Left  string // two ends of one line: Left, and Text at the right edge
	Text  string
	Align Align   // of Text alone; empty: Left
	Scale float64 // of the letters; 0: 1
}

// Page is one page of A4.
type Page struct {
	Title   string
	Lines   []Line
	Foot    string    // in small letters at the bottom
	Picture []byte    // a PNG for the upper right corner; nil: none
	Made    time.Time // in the file's properties
}

// Measures of a page: millimetres, but letters in points.
const (
	margin    = 18.0
	width     = 210.0
	height    = 297.0
	letters   = 10.5
	smallest  = 7.0
	leading   = 1.42
	labels    = 46.0
	picture   = 24.0
	footLeave = 24.0
	point     = 25.4 / 72
)

// ErrTooLong says that a text does not fit on one page, even in the smallest letters.
var ErrTooLong = errors.New("the text does not fit on one page")

// Render writes the page. A text that is too long is set in smaller letters, down to 7 pt.
func (p Page) Render() ([]byte, error) {
	for size := letters; size >= smallest; size -= 0.5 {
		out, fits, err := p.set(size)
		if err != nil {
			return nil, fmt.Errorf("write a PDF: %w", err)
		}
		if fits {
			return out, nil
		}
	}
	return nil, fmt.Errorf("write a PDF: %w", ErrTooLong)
}

// set sets the page in letters of a size, and says whether it fitted.
func (p Page) set(size float64) (out []byte, fits bool, err error) {
	f := gofpdf.New("P", "mm", "A4", "")
	f.SetCreationDate(p.Made)
	f.SetModificationDate(p.Made)
	f.SetCatalogSort(true)
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(margin, margin, margin)
	f.AddUTF8FontFromBytes("dejavu", "", bytes.Clone(dejavu)) // the library writes into what it is given
	f.SetTitle(clean(p.Title), true)
	f.SetCreator("payrack", true)
	f.AddPage()
	if len(p.Picture) > 0 {
		if _, err := png.DecodeConfig(bytes.NewReader(p.Picture)); err != nil {
			return nil, false, fmt.Errorf("the picture: %w", err)
		}
		f.RegisterImageOptionsReader("picture", gofpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(p.Picture))
		f.ImageOptions("picture", width-margin-picture, margin, picture, picture, false, gofpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	}
	for _, l := range p.Lines {
		p.line(f, l, size)
	}
	fits = f.GetY() <= height-margin-footLeave
	if p.Foot != "" {
		f.SetFont("dejavu", "", 8)
		f.SetXY(margin, height-margin-footLeave/2)
		f.MultiCell(0, 8*point*leading, clean(p.Foot), "", string(Left), false)
		fits = fits && f.GetY() <= height-margin/2
	}
	var b bytes.Buffer
	if err := f.Output(&b); err != nil {
		return nil, false, err
	}
	return b.Bytes(), fits, nil
}

func (p Page) line(f *gofpdf.Fpdf, l Line, size float64) {
	if l.Scale > 0 {
		size *= l.Scale
	}
	f.SetFont("dejavu", "", size)
	high := size * point * leading
	right := margin
	if len(p.Picture) > 0 && f.GetY() < margin+picture {
		right += picture + 4
	}
	wide := width - margin - right
	f.SetX(margin)
	switch {
	case l.Gap:
		f.Ln(high * 0.7)
	case l.Label != "":
		y := f.GetY()
		f.MultiCell(min(labels, wide), high, clean(l.Label), "", string(Left), false)
		below := f.GetY()
		f.SetXY(margin+labels, y)
		f.MultiCell(wide-labels, high, clean(l.Text), "", string(Left), false)
		f.SetY(max(below, f.GetY()))
	case l.Left != "":
		text := clean(l.Text)
		if f.GetStringWidth(clean(l.Left))+f.GetStringWidth(text)+4 > wide {
			f.MultiCell(wide, high, clean(l.Left), "", string(Left), false)
			f.SetX(margin)
			f.MultiCell(wide, high, text, "", string(Right), false)
			return
		}
		f.CellFormat(wide, high, clean(l.Left), "", 0, string(Left), false, 0, "")
		f.SetX(margin)
		f.CellFormat(wide, high, text, "", 1, string(Right), false, 0, "")
	default:
		align := l.Align
		if align == "" {
			align = Left
		}
		f.MultiCell(wide, high, clean(l.Text), "", string(align), false)
	}
}

// clean leaves what can be drawn: the font's table in gofpdf ends with the basic plane, and control characters have no picture.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r > 0xffff, r == unicode.ReplacementChar:
			return '?'
		case unicode.IsControl(r), unicode.In(r, unicode.Cf):
			return ' '
		}
		return r
	}, s)
}
