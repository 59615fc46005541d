package main

import "testing"

func TestSettingsAreReadInTheEncodingsOfTills(t *testing.T) {
	for name, c := range map[string]struct {
		raw, text string
		sound     bool
	}{
		"UTF-8":           {"; касса\nA=1\n", "; касса\nA=1\n", true},
		"UTF-8 with mark": {"\xef\xbb\xbfA=касса", "A=касса", true},
		"CP1251":          {"A=\xea\xe0\xf1\xf1\xe0\r\n", "A=касса\r\n", true},
		"UTF-16":          {"\xff\xfeA\x00=\x001\x00", "", false},
		"UTF-16 unmarked": {"A\x00=\x001\x00", "", false},
		"a program":       {"\x7fELF\x02\x01\x01\x00", "", false},
		"no CP1251":       {"A=\x98", "", false},
	} {
		if text, sound := decodeSettings([]byte(c.raw)); text != c.text || sound != c.sound {
			t.Errorf("%s: %q, %v, want %q, %v", name, text, sound, c.text, c.sound)
		}
	}
}
