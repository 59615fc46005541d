package main

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decodeSettings makes UTF-8 of a file of settings: what is no UTF-8 is taken as CP1251, which old editors on tills write. It says false of
// what is no text in either, UTF-16 among it.
func decodeSettings(raw []byte) (string, bool) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}) || slices.ContainsFunc(raw, binary) {
		return "", false
	}
	if utf8.Valid(raw) {
		return string(raw), true
	}
	text, err := charmap.Windows1251.NewDecoder().Bytes(raw)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return "", false
	}
	return string(text), true
}

// binary says whether a byte stands in no file of settings.
func binary(b byte) bool { return b < ' ' && b != '\t' && b != '\r' && b != '\n' }
