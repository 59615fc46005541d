package slip

import (
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

const (
	nbsp = "\u00a0" // does not break; printed as a space
	// unprintable stands for a character that the page has nothing like.
	unprintable = '?'
)

// page is what can be printed: the characters of a code page, each one column wide, and what stands for the others.
type page struct {
	charmap  *charmap.Charmap // nil: Unicode
	language Language
}

func newPage(encoding Encoding, language Language) page {
	switch encoding {
	case CP866:
		return page{charmap.CodePage866, language}
	case CP1251:
		return page{charmap.Windows1251, language}
	}
	return page{nil, language}
}

// fold replaces what the page cannot print. The result has no control characters and no spaces but ' ' and U+00A0, and each of
// its characters takes one column and one character of the page.
func (p page) fold(text string) string {
	if plain(text) {
		return text
	}
	text = norm.NFC.String(strings.ToValidUTF8(text, string(unprintable)))
	var folded strings.Builder
	for _, r := range text {
		folded.WriteString(p.foldRune(r))
	}
	return folded.String()
}

// plain tells whether text is printable ASCII, which every page has.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}

func (p page) foldRune(r rune) string {
	switch {
	case r >= ' ' && r < 0x7f:
		return string(r)
	case r == 0x00a0 || r == 0x202f || r == 0x2007:
		return nbsp
	case r == '\n' || r == '\r' || r == '\t' || unicode.IsSpace(r) || unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp):
		return " "
	case unicode.In(r, unicode.C, unicode.M):
		return "" // control, format and combining characters
	case r == '₽' && p.language == Russian:
		return "руб."
	}
	if plain, ok := typographic(r); ok {
		return plain
	}
	if p.has(r) {
		return string(r)
	}
	if plain, ok := neighbour(r); ok && p.hasAll(plain) {
		return plain
	}
	return p.decompose(r)
}

// decompose takes a character apart and keeps the letters: ḗ is e, ﬁ is fi, Ⅷ is VIII.
func (p page) decompose(r rune) string {
	var parts strings.Builder
	for _, part := range norm.NFKD.String(string(r)) {
		switch {
		case unicode.Is(unicode.M, part):
		case part == ' ' || p.has(part):
			parts.WriteRune(part)
		case part == '\u2044': // fraction slash
			parts.WriteByte('/')
		default:
			return string(unprintable)
		}
	}
	if strings.TrimSpace(parts.String()) == "" {
		return string(unprintable)
	}
	return parts.String()
}

func (p page) hasAll(text string) bool {
	for _, r := range text {
		if !p.has(r) {
			return false
		}
	}
	return true
}

// has tells whether the page prints r, in one column.
func (p page) has(r rune) bool {
	if r < ' ' || r == 0x7f || r == unicode.ReplacementChar || unicode.In(r, unicode.C, unicode.M, unicode.Z) && r != ' ' {
		return false
	}
	if p.charmap != nil {
		_, ok := p.charmap.EncodeRune(r)
		return ok
	}
	if r >= 0x1f000 || !unicode.IsGraphic(r) { // pictures, which no two terminals draw equally wide
		return false
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return false
	}
	return true
}

// typographic is what slips print in place of fine typography, whatever the page has.
func typographic(r rune) (string, bool) {
	switch r {
	case '«', '»', '„', '“', '”', '‟', '″', '〝', '〞':
		return `"`, true
	case '‘', '’', '‚', '‛', '‹', '›', '′', 'ʼ', '´':
		return "'", true
	case '—', '–', '‒', '―', '−', '‐', '‑', '⁃':
		return "-", true
	case '…':
		return "...", true
	case '×', '✕':
		return "x", true
	case '•', '∙':
		return "*", true
	case '≈':
		return "~", true
	case '₽':
		return "RUB", true
	case '€':
		return "EUR", true
	case '™':
		return "(TM)", true
	case '©':
		return "(c)", true
	case '®':
		return "(R)", true
	}
	return "", false
}

// neighbour is the nearest letter for one that does not decompose: of the Cyrillic alphabets beyond Russian, and of Latin.
func neighbour(r rune) (string, bool) {
	if lower := unicode.ToLower(r); lower != r {
		plain, ok := neighbour(lower)
		return strings.ToUpper(plain), ok
	}
	switch r {
	case 'ә':
		return "а", true
	case 'ғ', 'ґ':
		return "г", true
	case 'қ', 'ҡ':
		return "к", true
	case 'ң':
		return "н", true
	case 'ө':
		return "о", true
	case 'ұ', 'ү':
		return "у", true
	case 'һ', 'ҳ':
		return "х", true
	case 'җ':
		return "ж", true
	case 'ҙ':
		return "з", true
	case 'ҫ':
		return "с", true
	case 'ҷ', 'ћ', 'џ':
		return "ч", true
	case 'ђ':
		return "д", true
	case 'љ':
		return "ль", true
	case 'њ':
		return "нь", true
	case 'ѕ':
		return "s", true
	case 'і':
		return "i", true
	case 'ј':
		return "j", true
	case 'є':
		return "е", true
	case 'ß':
		return "ss", true
	case 'æ':
		return "ae", true
	case 'œ':
		return "oe", true
	case 'ø':
		return "o", true
	case 'ł':
		return "l", true
	case 'đ', 'ð':
		return "d", true
	case 'þ':
		return "th", true
	case 'ħ':
		return "h", true
	case 'ı':
		return "i", true
	}
	return "", false
}
