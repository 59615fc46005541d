package slip

import (
	"testing"

	"pgregory.net/rapid"
)

func TestWhatAPageLacksIsReplaced(t *testing.T) {
	for _, test := range []struct{ text, utf8, cp866, cp1251 string }{
		{"№ ё Ё й", "№ ё Ё й", "№ ё Ё й", "№ ё Ё й"},
		{"«Ромашка» — лучшая…", `"Ромашка" - лучшая...`, `"Ромашка" - лучшая...`, `"Ромашка" - лучшая...`},
		{"10 ₽ × 2", "10 руб. x 2", "10 руб. x 2", "10 руб. x 2"},
		{"Müller é Ł ß", "Müller é Ł ß", "Muller e L ss", "Muller e L ss"},
		{"и\u0306ог", "йог", "йог", "йог"},
		{"Қазақстан Әлем", "Қазақстан Әлем", "Казакстан Алем", "Казакстан Алем"},
		{"їжак Ґ", "їжак Ґ", "їжак Г", "їжак Ґ"},
		{"北京😀", "???", "???", "???"},
		{"a\u200bb\u202ec\x1b[d\x00", "abc[d", "abc[d", "abc[d"},
		{"a\tb\r\nc\u2028d", "a b  c d", "a b  c d", "a b  c d"},
		{"½ ﬁ Ⅷ", "½ ﬁ Ⅷ", "1/2 fi VIII", "1/2 fi VIII"},
		{"\xff", "?", "?", "?"},
		{"\u202f\u00a0", "\u00a0\u00a0", "\u00a0\u00a0", "\u00a0\u00a0"},
	} {
		for encoding, want := range map[Encoding]string{UTF8: test.utf8, CP866: test.cp866, CP1251: test.cp1251} {
			if got := newPage(encoding, Russian).fold(test.text); got != want {
				t.Errorf("%q in %s is %q, want %q", test.text, encoding, got, want)
			}
		}
	}
	if got := newPage(CP866, English).fold("10 ₽"); got != "10 RUB" {
		t.Error(got)
	}
}

func TestFoldedTextIsPrintableAndStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyText().Draw(t, "text")
		for _, encoding := range []Encoding{UTF8, CP866, CP1251} {
			p := newPage(encoding, Russian)
			once := p.fold(text)
			if twice := p.fold(once); twice != once {
				t.Fatalf("%q folds to %q, and that to %q", text, once, twice)
			}
			for _, r := range once {
				if r != '\u00a0' && !p.has(r) {
					t.Fatalf("%U of %q is not in %s", r, once, encoding)
				}
			}
		}
	})
}
