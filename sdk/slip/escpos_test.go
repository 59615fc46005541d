package slip

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/text/encoding/charmap"

	"github.com/payrack/payrack/sdk/slip/qr"
)

func TestAPrinterGetsResetPageTextAndCut(t *testing.T) {
	document := Samples(Russian)[2]
	for encoding, table := range map[Encoding]byte{CP866: 17, CP1251: 46} {
		tape := mustRender(t, document, Paper{Encoding: encoding})
		out, err := tape.ESCPOS(Printer{Prologue: []byte{0x1c, '.'}})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(out, []byte{0x1b, '@', 0x1c, '.', 0x1b, 't', table}) {
			t.Errorf("%s begins with % x", encoding, out[:8])
		}
		if !bytes.HasSuffix(out, []byte{'=', '\n', 0x1d, 'V', 'B', 0}) {
			t.Errorf("%s ends with % x", encoding, out[len(out)-8:])
		}
		printed := checkESCPOS(t, tape)
		if want := decoded(t, tape, QRDrawn); printed.text != want {
			t.Errorf("%s prints\n%s\nwant\n%s", encoding, printed.text, want)
		}
		if want := []string{"О Т К А З"}; fmt.Sprint(printed.tall) != fmt.Sprint(want) {
			t.Errorf("double height: %q, want %q", printed.tall, want)
		}
	}
}

func TestAPrintersOwnSettingsAreUsed(t *testing.T) {
	tape := mustRender(t, Samples(Russian)[0], Paper{Encoding: CP866})
	out, err := tape.ESCPOS(Printer{CodePage: 7, KeepPaper: true})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out, []byte{0x1b, '@', 0x1b, 't', 7}) || bytes.Contains(out, []byte{0x1d, 'V'}) {
		t.Errorf("% x", out)
	}
	if !bytes.Contains(out, []byte("\x1bE\x01")) || !bytes.Contains(out, []byte("\x1bE\x00")) {
		t.Error("the amount is not bold")
	}
}

func TestAPrinterCutsAfterEachCopy(t *testing.T) {
	tape, err := Copies(Samples(Russian)[0], 2, Paper{Encoding: CP866}, Templates{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := tape.ESCPOS(Printer{})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(out, []byte{0x1d, 'V'}); n != 2 {
		t.Errorf("%d cuts for 2 copies", n)
	}
}

func TestUnicodeIsNotSentToAPrinter(t *testing.T) {
	tape := mustRender(t, Samples(Russian)[0], Paper{Encoding: UTF8})
	if _, err := tape.ESCPOS(Printer{}); err == nil || !strings.Contains(err.Error(), "utf-8") {
		t.Errorf("got %v", err)
	}
}

func TestAPrintedCodeIsAtLeast20MillimetresWide(t *testing.T) {
	for _, n := range []int{1, 10, 20, 40, 60, 100, 200, 300} {
		for _, width := range []int{32, 42, 48} {
			payload := strings.Repeat("x", n)
			document := Samples(Russian)[4]
			document.QR = &QR{Amount: RUB(1), Payload: payload}
			tape := mustRender(t, document, Paper{Width: width, Encoding: CP866})
			printed := checkESCPOS(t, tape)
			if printed.payload != payload {
				t.Fatalf("the printer gets %q, want %q", printed.payload, payload)
			}
			code, err := qr.EncodeLevel(payload, qr.Level(printed.level))
			if err != nil {
				t.Fatal(err)
			}
			side := code.Size * printed.module
			if side < 160 || side+8*printed.module > width*12 {
				t.Errorf("%d bytes, %d columns: %d modules of %d dots are %d dots wide", n, width, code.Size, printed.module, side)
			}
		}
	}
}

func TestACodeThatAPrinterCannotMakeIsPrintedAsText(t *testing.T) {
	document := Samples(Russian)[4]
	for name, test := range map[string]struct {
		payload string
		width   int
		printer Printer
		drawn   bool
	}{
		"a printer without codes, wide":   {"https://qr.example/1", 42, Printer{NoQR: true}, true},
		"a printer without codes, narrow": {"https://qr.example/1", 24, Printer{NoQR: true}, false},
		"a code too large for the paper":  {strings.Repeat("x", 2000), 24, Printer{}, false},
		"a payload that no code holds":    {strings.Repeat("x", 4000), 42, Printer{}, false},
	} {
		document.QR.Payload = test.payload
		tape := mustRender(t, document, Paper{Width: test.width, Encoding: CP866})
		out, err := tape.ESCPOS(test.printer)
		if err != nil {
			t.Fatal(err)
		}
		text, err := charmap.CodePage866.NewDecoder().String(string(out))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "\x1d(k") {
			t.Errorf("%s: it gets one", name)
		}
		if drawn := strings.Contains(text, "█"); drawn != test.drawn {
			t.Errorf("%s: drawn is %v", name, drawn)
		}
		if payload := strings.ReplaceAll(text, "\n", ""); !test.drawn && !strings.Contains(payload, test.payload) {
			t.Errorf("%s: the payload is not printed", name)
		}
	}
}

func TestAPayloadInTextCannotCutThePaper(t *testing.T) {
	document := Samples(Russian)[4]
	document.QR.Payload = "[cut]" + strings.Repeat(" ", 30) + "[CUT]\n«end»"
	text := decoded(t, mustRender(t, document, Paper{}), QRPayload)
	checkPrinted(t, text, 32, 0)
	if !strings.Contains(text, "\n(cut)\n") || !strings.Contains(text, `(CUT) "end"`) {
		t.Error(text)
	}
}

func TestACodeDrawnOnTheTapeIsReadBack(t *testing.T) {
	for _, paper := range []Paper{{Width: 48, Encoding: UTF8}, {Width: 42, Encoding: CP866}, {Width: 64, Encoding: CP1251}} {
		document := Samples(Russian)[4]
		document.QR.Payload = "QR-784"
		tape := mustRender(t, document, paper)
		for _, line := range tape.Lines {
			if line.QR == "" {
				continue
			}
			drawn := Tape{Paper: paper, Lines: []Line{line}}
			if got := scan(t, decoded(t, drawn, QRDrawn)); got != "QR-784" {
				t.Errorf("in %s %q is read", paper.Encoding, got)
			}
		}
	}
}

// scan reads a code that is drawn with blocks or with ##, as a telephone reads it from paper.
func scan(t *testing.T, text string) string {
	t.Helper()
	const dots = 4
	lines := strings.Split(text, "\n")
	width, half := dots, dots // of a character: one module by two halves
	if strings.Contains(text, "##") {
		width, half = dots/2, dots/2 // two characters make a module
	}
	picture := image.NewGray(image.Rect(0, 0, Widest*dots*2, len(lines)*dots*2))
	draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src)
	for y, line := range lines {
		for x, r := range []rune(line) {
			for i, inks := range []string{"█▀#", "█▄#"} {
				if strings.ContainsRune(inks, r) {
					at := image.Rect(0, 0, width, half).Add(image.Pt(x*width, (2*y+i)*half))
					draw.Draw(picture, at, image.Black, image.Point{}, draw.Src)
				}
			}
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return result.GetText()
}

// receipt is what a printer does with its bytes.
type receipt struct {
	text          string
	tall          []string
	payload       string
	module, level int
}

// checkESCPOS reads the bytes as a printer does, and fails on any that it does not know.
func checkESCPOS(t failure, tape Tape) receipt {
	t.Helper()
	out, err := tape.ESCPOS(Printer{})
	if err != nil {
		t.Fatalf("ESC/POS: %v", err)
	}
	var printed receipt
	var text []byte
	tallFrom := -1
	decode := func(b []byte) string { return decodePage(t, newPage(tape.Paper.Encoding, Russian), b) }
	for len(out) > 0 {
		size := 1
		switch {
		case bytes.HasPrefix(out, []byte("\x1b@")):
			size = 2
		case bytes.HasPrefix(out, []byte("\x1bt")), bytes.HasPrefix(out, []byte("\x1ba")), bytes.HasPrefix(out, []byte("\x1bE")):
			size = 3
		case bytes.HasPrefix(out, []byte("\x1d!\x01")):
			size, tallFrom = 3, len(text)
		case bytes.HasPrefix(out, []byte("\x1d!\x00")):
			size = 3
			printed.tall = append(printed.tall, strings.TrimSpace(decode(text[tallFrom:])))
		case bytes.HasPrefix(out, []byte("\x1dVB\x00")):
			size = 4
		case bytes.HasPrefix(out, []byte("\x1d(k")):
			size = 5 + int(out[3]) + int(out[4])<<8
			body := out[7:size]
			switch out[6] {
			case 'C':
				printed.module = int(body[0])
			case 'E':
				printed.level = int(body[0] - '0')
			case 'P':
				printed.payload = string(body[1:])
			}
		case out[0] < ' ' && out[0] != '\n':
			t.Fatalf("the printer gets % x", out[:min(8, len(out))])
		default:
			text = append(text, out[0])
		}
		out = out[size:]
	}
	printed.text = decode(text)
	return printed
}
