package ini

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	lib "gopkg.in/ini.v1"
)

// maxSize is the largest file that is read, in bytes.
const maxSize = 1 << 20

// Encoding is how a file's text is written.
type Encoding string

// The encodings that are read and kept.
const (
	UTF8    Encoding = "utf-8"
	UTF8BOM Encoding = "utf-8-bom"
	CP1251  Encoding = "cp1251"
)

const bom = "\xef\xbb\xbf"

// entry is one key = value line: where it stands and what it says.
type entry struct {
	line    int
	section string // as the schema spells it, or as the file does where the schema has no such section
	key     string
	value   string
	start   int // of the value, in the file's bytes
	end     int
}

// scan is a file taken apart.
type scan struct {
	encoding Encoding
	entries  []entry
	headers  []header
	problems Problems
}

// header is a line that opens a section.
type header struct {
	section string
	start   int // of its line
	end     int // of its line, after the line break
}

// scanFile takes data apart. Every line must be empty, a comment, a section or key = value. Which lines there are is
// found here, with their places; what their values are is the library's word.
func scanFile(data []byte) scan {
	var s scan
	if problem := readable(data); problem != nil {
		s.problems = Problems{problem}
		return s
	}
	start := 0
	switch {
	case bytes.HasPrefix(data, []byte(bom)) && utf8.Valid(data):
		s.encoding, start = UTF8BOM, len(bom)
	case utf8.Valid(data):
		s.encoding = UTF8
	default:
		s.encoding = CP1251
	}
	var vouched strings.Builder // the text for the library: only lines whose meaning is beyond doubt
	section := ""
	for number := 1; start < len(data); number++ {
		end := len(data)
		if i := bytes.IndexByte(data[start:], '\n'); i >= 0 {
			end = start + i + 1
		}
		if s.line(number, &section, data[start:end], start) {
			vouched.WriteString(strings.TrimRight(s.encoding.decode(data[start:end]), "\r\n"))
		}
		vouched.WriteByte('\n')
		start = end
	}
	s.confirm(vouched.String())
	return s
}

// readable refuses what is not a text file of ours at all.
func readable(data []byte) *Problem {
	switch {
	case len(data) > maxSize:
		return tooLarge()
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return problem(CodeEncoding, "", "файл в кодировке UTF-16", "the file is in UTF-16").at(1).
			hinted("сохраните его в UTF-8 или Windows-1251", "save it as UTF-8 or Windows-1251")
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return problem(CodeEncoding, "", "в файле есть нулевой байт", "the file has a NUL byte").
			at(1+bytes.Count(data[:i], []byte{'\n'})).
			hinted("файл поврежден: восстановите его из копии", "it is damaged: restore it from a copy")
	}
	return nil
}

func tooLarge() *Problem {
	return problem(CodeTooLarge, "", "файл больше 1 МиБ", "the file is larger than 1 MiB").
		hinted("это не файл настроек", "this is not a file of settings")
}

// line takes one line apart and says whether the library may see it.
func (s *scan) line(number int, section *string, raw []byte, offset int) bool {
	text := s.encoding.decode(raw)
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "" || trimmed[0] == ';' || trimmed[0] == '#':
		return false
	case strings.ContainsFunc(trimmed, func(r rune) bool { return r != '\t' && (unicode.IsControl(r) || r == utf8.RuneError) }):
		s.add(problem(CodeEncoding, "", "в строке есть непечатные знаки", "the line has characters that cannot be printed").at(number).
			hinted("наберите строку заново", "type the line again"))
		return false
	case trimmed[0] == '[':
		name, rest, closed := strings.Cut(trimmed[1:], "]")
		name, rest = strings.TrimSpace(name), strings.TrimSpace(rest)
		if !closed || !plainName(name) || (rest != "" && (!strings.ContainsAny(rest[:1], ";#") || strings.Contains(rest, "]"))) {
			s.add(problem(CodeSyntax, "", "непонятный раздел %s", "malformed section %s", quoted(trimmed)).at(number).
				hinted("пишите [Раздел] латинскими буквами", "write [Section]"))
			return false
		}
		*section = name
		s.headers = append(s.headers, header{section: name, start: offset, end: offset + len(raw)})
		return true
	}
	before, after, ok := strings.Cut(text, "=")
	key := strings.TrimSpace(before)
	if !ok || key == "" {
		s.add(problem(CodeSyntax, "", "строка %s не имеет вида Ключ=значение", "line %s is not Key=value", quoted(trimmed)).at(number).
			hinted("исправьте ее или начните с ;", "correct it or begin it with ;"))
		return false
	}
	value := strings.TrimSpace(after)
	lead := after[:len(after)-len(strings.TrimLeftFunc(after, unicode.IsSpace))]
	if value == "" {
		lead = after[:len(after)-len(strings.TrimLeft(after, " \t"))]
	}
	e := entry{line: number, section: *section, key: key, value: value}
	e.start = offset + s.encoding.size(before+"="+lead)
	e.end = e.start + s.encoding.size(value)
	s.entries = append(s.entries, e)
	return plainName(key) && !strings.HasPrefix(value, "`") && !strings.HasPrefix(value, `"""`) && key != "-"
}

func (s *scan) add(p *Problem) { s.problems = append(s.problems, p) }

// confirm lets the library read the vouched lines and takes the values from it. It never disagrees about a line of
// this simple form; if it did, the line is refused instead of one of the two being believed.
func (s *scan) confirm(text string) {
	file, err := lib.LoadSources(lib.LoadOptions{
		IgnoreContinuation: true, IgnoreInlineComment: true, PreserveSurroundedQuote: true,
		KeyValueDelimiters: "=", Insensitive: true, AllowShadows: true,
		AllowDuplicateShadowValues: true, ChildSectionDelimiter: "\x00",
	}, []byte(text))
	if err != nil {
		s.add(problem(CodeSyntax, "", "файл не читается: %v", "the file cannot be read: %v", err))
		return
	}
	for _, e := range s.entries {
		section := strings.ToLower(e.section)
		if section == "" {
			section = strings.ToLower(lib.DefaultSection)
		}
		key := strings.ToLower(e.key)
		found, err := file.GetSection(section)
		if err != nil || e.value == "" || !found.HasKey(key) {
			continue // empty, or not vouched for: then its value or key is refused elsewhere
		}
		if !slices.Contains(found.Key(key).ValueWithShadows(), e.value) {
			s.add(problem(CodeSyntax, e.key, "значение %s неоднозначно", "the value of %s is ambiguous", e.key).at(e.line).
				hinted("уберите кавычки и косые черты", "remove quotes and backslashes"))
		}
	}
}

func (e Encoding) decode(raw []byte) string {
	if e != CP1251 {
		return string(raw)
	}
	text, err := charmap.Windows1251.NewDecoder().Bytes(raw)
	if err != nil {
		return string(utf8.RuneError)
	}
	return string(text)
}

func (e Encoding) encode(text string) ([]byte, error) {
	if e != CP1251 {
		return []byte(text), nil
	}
	raw, err := charmap.Windows1251.NewEncoder().Bytes([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("encode in CP1251: %w", err)
	}
	return raw, nil
}

// size is how many bytes the text takes in the file.
func (e Encoding) size(text string) int {
	if e != CP1251 {
		return len(text)
	}
	return utf8.RuneCountInString(text)
}
