package ini_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/payrack/payrack/ini"
)

// FuzzParse: no file can crash the reader, and a value that Set has taken is read back, every other line as it was.
func FuzzParse(f *testing.F) {
	f.Add([]byte("[Till]\nSlipWidth=32\nNote=a\n"), "b;c#d\\")
	f.Add([]byte("\xef\xbb\xbf; c\r\n[Till]\r\nNote =\t\r\n[Log]\r\n"), "касса")
	f.Fuzz(func(t *testing.T, data []byte, value string) {
		var cfg till
		file, err := ini.Parse(data, &cfg)
		if err != nil {
			return
		}
		if file.Set("Note", value) != nil {
			if !bytes.Equal(file.Bytes(), data) {
				t.Fatalf("a refused value changed the file to %q", file.Bytes())
			}
			return
		}
		again, err := ini.Parse(file.Bytes(), &cfg)
		if err != nil {
			t.Fatalf("after Set the file %q is refused: %v", file.Bytes(), err)
		}
		if got, want := cfg.Note, strings.TrimSpace(value); got != want {
			t.Fatalf("set %q, read %q from %q", want, got, again.Bytes())
		}
		if before, after := otherLines(data), otherLines(file.Bytes()); before != after {
			t.Fatalf("other lines changed from %q to %q", before, after)
		}
	})
}

// otherLines is the file without the lines that Set may write.
func otherLines(data []byte) string {
	var lines []string
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		text := strings.ToLower(string(bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")))))
		key, _, _ := strings.Cut(text, "=")
		key = strings.Trim(key, " \t\xa0") // a blank that does not break, in CP1251
		if text != "" && text != "[till]" && strings.TrimSpace(key) != "note" {
			lines = append(lines, string(bytes.TrimSuffix(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")), []byte("\r"))))
		}
	}
	return strings.Join(lines, "\n")
}
