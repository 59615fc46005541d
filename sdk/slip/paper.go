package slip

import (
	"fmt"
	"strings"
)

// Narrowest and Widest are the bounds of a paper's width, in columns.
const (
	Narrowest = 24
	Widest    = 64
)

// Language is the language of the words that a template brings along.
type Language string

// The languages that have built-in templates.
const (
	Russian Language = "ru"
	English Language = "en"
)

// Encoding is the code page of a paper. Text is laid out with the characters that it has.
type Encoding string

// The code pages.
const (
	UTF8   Encoding = "utf-8"
	CP866  Encoding = "cp866"
	CP1251 Encoding = "cp1251"
)

// ParseEncoding reads the name of a code page as people write it: "cp866", "IBM866", "windows-1251", "utf8". Empty is UTF-8.
func ParseEncoding(name string) (Encoding, error) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", "utf-8", "utf8":
		return UTF8, nil
	case "cp866", "866", "ibm866", "cp-866", "dos":
		return CP866, nil
	case "cp1251", "1251", "windows-1251", "win1251", "cp-1251":
		return CP1251, nil
	}
	return "", fmt.Errorf("unknown code page %q: known are utf-8, cp866 and cp1251", name)
}

// Paper is what a document is laid out for. The zero Paper has 32 columns, Russian, UTF-8.
type Paper struct {
	Width    int // in columns, Narrowest to Widest
	Language Language
	Encoding Encoding
}

// complete puts the defaults in place of zero values and refuses what no paper has.
func (p Paper) complete() (Paper, error) {
	if p.Width == 0 {
		p.Width = 32
	}
	if p.Width < Narrowest || p.Width > Widest {
		return p, fmt.Errorf("paper of %d columns: from %d to %d are possible", p.Width, Narrowest, Widest)
	}
	switch p.Language {
	case "":
		p.Language = Russian
	case Russian, English:
	default:
		return p, fmt.Errorf("paper in language %q: known are ru and en", p.Language)
	}
	var err error
	p.Encoding, err = ParseEncoding(string(p.Encoding))
	return p, err
}
