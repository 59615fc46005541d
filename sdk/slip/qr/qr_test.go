package qr

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"pgregory.net/rapid"
)

var payloads = []string{
	"1",
	"000784",
	"TOKEN-ABC 123",
	"https://qr.nspk.ru/AS10003P3RH0LJ2A9ROO038L6NT5RU1M",
	"https://qr.nspk.ru/AD10006M8KH234K782OQM0L13JI31LQD?type=02&bank=100000000009&sum=99000&cur=RUB&crc=AB75",
	"sendy:оплата/4/784",
	strings.Repeat("0123456789abcdef", 40),
}

func TestThePNGIsReadBackExactly(t *testing.T) {
	for _, payload := range payloads {
		for _, scale := range []int{1, 3, 8} {
			code := mustEncode(t, payload)
			file, err := code.PNG(scale)
			if err != nil {
				t.Fatal(err)
			}
			picture, err := png.Decode(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if want := (code.Size + 8) * scale; picture.Bounds().Dx() != want || picture.Bounds().Dy() != want {
				t.Errorf("picture is %v, want a side of %d", picture.Bounds(), want)
			}
			if _, paletted := picture.(*image.Paletted); !paletted {
				t.Errorf("picture is %T, want two colours of a palette", picture)
			}
			if scale > 1 {
				readBack(t, picture, payload)
			}
		}
	}
}

func TestAPictureHasAQuietZoneOfFourModulesAllAround(t *testing.T) {
	const scale = 3
	code := mustEncode(t, payloads[3])
	file, err := code.PNG(scale)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	dark := image.Rectangle{}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			if shade, _, _, _ := picture.At(x, y).RGBA(); shade == 0 {
				dark = dark.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if want := picture.Bounds().Inset(4 * scale); dark != want {
		t.Errorf("the ink fills %v, want %v", dark, want)
	}
}

func TestTheDrawingsInTextAreReadBackExactly(t *testing.T) {
	for _, payload := range payloads {
		code := mustEncode(t, payload)
		for _, ink := range []Ink{DarkInk, LightInk} {
			readBack(t, rasterBlocks(code.Blocks(ink), ink), payload)
			readBack(t, rasterASCII(code.ASCII(ink), ink), payload)
		}
	}
}

func TestAnyPayloadIsReadBackExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.StringMatching(`[ -~а-яё]{1,200}`).Draw(t, "payload")
		code, err := Encode(payload)
		if err != nil {
			t.Fatal(err)
		}
		readBack(t, rasterASCII(code.ASCII(DarkInk), DarkInk), payload)
	})
}

func TestEveryLineOfADrawingIsEquallyWide(t *testing.T) {
	code := mustEncode(t, payloads[3])
	for _, line := range code.Blocks(LightInk) {
		if n := utf8.RuneCountInString(line); n != code.Size+2*Quiet {
			t.Errorf("a line of blocks has %d columns, want %d", n, code.Size+2*Quiet)
		}
	}
	for _, line := range code.ASCII(DarkInk) {
		if strings.Trim(line, "# ") != "" || len(line) != 2*(code.Size+2*Quiet) {
			t.Errorf("line %q is not plain or not %d wide", line, 2*(code.Size+2*Quiet))
		}
	}
}

func TestTheStrongestLevelThatCostsNothingIsTaken(t *testing.T) {
	code := mustEncode(t, "1")
	if code.Level != H || code.Size != 21 {
		t.Errorf("a short payload is %v in %d modules, want H in 21", code.Level, code.Size)
	}
	for _, payload := range payloads {
		code := mustEncode(t, payload)
		m, err := EncodeLevel(payload, M)
		if err != nil || code.Size != m.Size || code.Level < M {
			t.Errorf("%q: %v in %d modules, M takes %d (%v)", payload, code.Level, code.Size, m.Size, err)
		}
	}
}

func TestWhatNoCodeCanHoldIsAnError(t *testing.T) {
	for _, payload := range []string{"", strings.Repeat("x", 2332)} {
		if _, err := Encode(payload); err == nil {
			t.Errorf("a payload of %d bytes was encoded", len(payload))
		}
	}
	if _, err := EncodeLevel("x", Level(4)); err == nil {
		t.Error("a fifth level was accepted")
	}
	for _, scale := range []int{0, -1, math.MaxInt} {
		if _, err := mustEncode(t, "x").PNG(scale); err == nil {
			t.Errorf("a picture at scale %d was drawn", scale)
		}
	}
	if (Code{}).Dark(0, 0) {
		t.Error("the zero code has a dark module")
	}
}

func mustEncode(t *testing.T, payload string) Code {
	t.Helper()
	code, err := Encode(payload)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func readBack(t failer, picture image.Image, want string) {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatalf("binarise: %v", err)
	}
	hints := map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_PURE_BARCODE:  true,
		gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		t.Fatalf("read %q back: %v", want, err)
	}
	if result.GetText() != want {
		t.Fatalf("read back %q, want %q", result.GetText(), want)
	}
}

const pixels = 4

func rasterBlocks(lines []string, ink Ink) image.Image {
	var rows [][]bool
	for _, line := range lines {
		var upper, lower []bool
		for _, r := range line {
			upper = append(upper, r == '█' || r == '▀')
			lower = append(lower, r == '█' || r == '▄')
		}
		rows = append(rows, upper, lower)
	}
	// The lower half of the last line lies outside of the drawing.
	return raster(rows[:len(rows[0])], ink)
}

func rasterASCII(lines []string, ink Ink) image.Image {
	var rows [][]bool
	for _, line := range lines {
		var row []bool
		for i := 0; i < len(line); i += 2 {
			row = append(row, line[i:i+2] == "##")
		}
		rows = append(rows, row)
	}
	return raster(rows, ink)
}

// raster paints rows of characters as a terminal would.
func raster(rows [][]bool, ink Ink) image.Image {
	picture := image.NewGray(image.Rect(0, 0, len(rows[0])*pixels, len(rows)*pixels))
	for y, row := range rows {
		for x, inked := range row {
			shade := color.White
			if inked == (ink == DarkInk) {
				shade = color.Black
			}
			for i := range pixels * pixels {
				picture.Set(x*pixels+i%pixels, y*pixels+i/pixels, shade)
			}
		}
	}
	return picture
}
