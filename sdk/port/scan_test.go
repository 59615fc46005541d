package port

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhatIsTooLongForACodeIsDroppedUpToItsEnd(t *testing.T) {
	var s scan
	for range 20 {
		if got := s.feed([]byte(strings.Repeat("9", 500))); got != nil {
			t.Fatalf("came %q", got)
		}
	}
	if got := s.feed([]byte("tail\r\nnext\r\n")); !slices.Equal(got, []string{"next"}) {
		t.Errorf("came %q", got)
	}
	if got := s.feed([]byte("\x00\xff\xfe\r\n")); got != nil {
		t.Errorf("noise came as %q", got)
	}
}

// FuzzScan: whatever comes over the wire, a code is text of a bounded length, and the pieces in which it came do not matter.
func FuzzScan(f *testing.F) {
	f.Add([]byte("\x02]Q1https://qr.nspk.ru/A\x03\r\n"), 3)
	f.Add([]byte("1\n2\r3"), 1)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		var whole, pieces scan
		want := append(whole.feed(append([]byte(nil), data...)), whole.feed(nil)...)
		var got []string
		if size = min(max(size, 1), 64); len(data) > longestScan {
			return
		}
		for piece := range slices.Chunk(data, size) {
			got = append(got, pieces.feed(piece)...)
		}
		if got = append(got, pieces.feed(nil)...); !slices.Equal(got, want) {
			t.Fatalf("in pieces %q, whole %q", got, want)
		}
		for _, code := range want {
			if code == "" || len(code) > longestScan || !utf8.ValidString(code) || strings.ContainsAny(code, "\r\n\x00") {
				t.Fatalf("%q came as a code", code)
			}
		}
	})
}
