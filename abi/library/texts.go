package library

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/payrack/payrack/sdk/pay"
)

// Text is what a caller passed: a NUL-terminated text in its encoding.
type Text struct {
	Bytes []byte
	Long  bool // the text was longer than the limit to which it was read
}

// The longest texts that are taken, in bytes.
const (
	MaxName   = 256      // of a module, a till, a key, a format
	MaxPath   = 4096     // of a folder
	MaxValue  = 64 << 10 // of a setting, an answer, a log line
	MaxReason = 1024     // of a reason, and of who and why
	MaxCode   = 4096     // of a scanned code
	MaxParams = pay.MaxParams
)

// encoding is the option text.encoding; nil is UTF-8.
type encoding = *charmap.Charmap

// encodingNamed finds an encoding by the names that callers use.
func encodingNamed(name string) (encoding, bool) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", "utf-8", "utf8":
		return nil, true
	case "cp1251", "windows-1251", "1251":
		return charmap.Windows1251, true
	case "cp866", "ibm866", "866":
		return charmap.CodePage866, true
	}
	return nil, false
}

// read gives a text as UTF-8, and refuses what is too long or not in its encoding. what names it in the refusal.
func read(t Text, what string, enc encoding) (string, error) {
	if t.Long {
		return "", local(pay.ErrArgument, "refused.too_long", of("Name", what))
	}
	if enc == nil {
		if !utf8.Valid(t.Bytes) {
			return "", local(pay.ErrEncoding, "refused.not_in", of("Name", what, "Encoding", "UTF-8"))
		}
		return string(t.Bytes), nil
	}
	decoded, err := enc.NewDecoder().Bytes(t.Bytes)
	if err != nil || strings.ContainsRune(string(decoded), utf8.RuneError) {
		return "", local(pay.ErrEncoding, "refused.not_in", of("Name", what, "Encoding", fmt.Sprint(enc)))
	}
	return string(decoded), nil
}

// plain is read for a text that must not hold control characters.
func plain(t Text, what string, enc encoding) (string, error) {
	s, err := read(t, what, enc)
	if err != nil {
		return "", err
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		return "", local(pay.ErrArgument, "refused.control", of("Name", what, "At", i+1))
	}
	return s, nil
}

// Output is what a function gives back: a code, and for those that fill a buffer its content.
type Output struct {
	Code   pay.Code // a refusal where negative
	data   []byte
	binary bool // no NUL, counted in bytes
	wide   bool // UTF-8: a character may have several bytes
}

// refused is an Output without a content.
func refused(code pay.Code) Output { return Output{Code: code} }

// Need is the return of a function that fills a buffer: a refusal, or the size that the whole content needs.
func (o Output) Need() int32 {
	if o.Code < 0 {
		return int32(o.Code)
	}
	if o.binary {
		return int32(len(o.data))
	}
	return int32(len(o.data) + 1)
}

// Fit is what goes into a buffer of that capacity: a text with its NUL, cut at a whole character. It is empty for a capacity of 0.
func (o Output) Fit(capacity int) []byte {
	if o.Code < 0 || capacity <= 0 {
		return nil
	}
	if o.binary {
		return o.data[:min(capacity, len(o.data))]
	}
	n := min(capacity-1, len(o.data))
	if o.wide && n < len(o.data) {
		for n > 0 && !utf8.RuneStart(o.data[n]) {
			n--
		}
	}
	return append(o.data[:n:n], 0)
}

// said is an Output of a text in the caller's encoding.
func said(s string, enc encoding) Output { return encoded(s, enc, fold) }

// document is an Output of a JSON document: what the encoding lacks is escaped, so that nothing is lost.
func document(doc []byte, enc encoding) Output {
	return encoded(string(doc), enc, func(r rune) string {
		if r1, r2 := utf16Pair(r); r2 != 0 {
			return `\u` + hex4(r1) + `\u` + hex4(r2)
		}
		return `\u` + hex4(r)
	})
}

func encoded(s string, enc encoding, missing func(rune) string) Output {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", " "), "?")
	if enc == nil {
		return Output{data: []byte(s), wide: true}
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if b, ok := enc.EncodeRune(r); ok {
			out = append(out, b)
		} else {
			out = append(out, missing(r)...)
		}
	}
	return Output{data: out}
}

// fold is what stands for a character that a code page lacks.
func fold(r rune) string {
	switch r {
	case '«', '»', '“', '”', '„':
		return `"`
	case '—', '–', '−':
		return "-"
	case '’', '‘':
		return "'"
	case '…':
		return "..."
	case '₽':
		return "RUB"
	case '×':
		return "x"
	case '\u00a0', '\u202f', '\u2009':
		return " "
	}
	return "?"
}

func utf16Pair(r rune) (rune, rune) {
	if r < 0x10000 {
		return r, 0
	}
	r -= 0x10000
	return 0xd800 + r>>10, 0xdc00 + r&0x3ff
}

func hex4(r rune) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", 4-len(s)) + s
}

// quoted is a text as JSON.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}
