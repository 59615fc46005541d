package logs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Line is one line of a log.
type Line struct {
	Raw    string
	Time   time.Time   // zero for a line that is not of the log's form
	Level  hclog.Level // NoLevel for such a line
	Module string      // sendy, sendy.http
	Text   string      // the message and its fields
}

// Filter says which lines are wanted; its zero value wants all.
type Filter struct {
	Module   string // also the modules below: sendy finds sendy.http
	Op       string // lines whose field op or ref is this
	Level    hclog.Level
	Contains string
}

// Days returns the days of which there are files, as 2026-11-22, the oldest first.
func Days(dir, name string) ([]string, error) {
	files, err := list(dir, name)
	if err != nil {
		return nil, fmt.Errorf("list log files: %w", err)
	}
	var days []string
	for _, f := range files {
		days = append(days, f.day)
	}
	return slices.Compact(days), nil
}

// Read yields the lines of one day (2026-11-22) in the order of writing, also while the log is being written. An error
// ends it; fs.ErrNotExist says that there is no log of that day.
func Read(dir, name, day string, filter Filter) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		files, err := list(dir, name)
		if err != nil {
			yield(Line{}, fmt.Errorf("read log: %w", err))
			return
		}
		files = slices.DeleteFunc(files, func(f daily) bool { return f.day != day })
		if len(files) == 0 {
			yield(Line{}, fmt.Errorf("read log: %s: %w", fileName(name, day, 0), fs.ErrNotExist))
			return
		}
		for _, f := range files {
			if !readFile(f.path, filter, yield) {
				return
			}
		}
	}
}

func readFile(path string, filter Filter, yield func(Line, error) bool) bool {
	f, err := os.Open(path)
	if err != nil {
		return yield(Line{}, fmt.Errorf("read log: %w", err)) && false
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, 2*maxLine)
	for first := true; ; first = false {
		raw, err := lines.ReadSlice('\n')
		text := string(raw)
		for errors.Is(err, bufio.ErrBufferFull) { // longer than any line of ours: only its beginning is shown
			_, err = lines.ReadSlice('\n')
		}
		if first {
			text = strings.TrimPrefix(text, fileBOM)
		}
		if text = strings.TrimRight(text, "\r\n"); text != "" {
			if line := parseLine(text); filter.wants(line) && !yield(line, nil) {
				return false
			}
		}
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return yield(Line{}, fmt.Errorf("read log: %w", err)) && false
		}
	}
}

func parseLine(raw string) Line {
	line := Line{Raw: raw, Text: raw}
	stamp, rest, _ := strings.Cut(raw, " ")
	at, err := time.Parse(stampLayout, stamp)
	if err != nil || !strings.HasPrefix(rest, "[") {
		return line
	}
	level, rest, ok := strings.Cut(rest[1:], "]")
	if !ok {
		return line
	}
	line.Time, line.Level, line.Text = at, hclog.LevelFromString(level), strings.TrimLeft(rest, " ")
	if module, text, ok := strings.Cut(line.Text, ": "); ok && !strings.ContainsAny(module, " =") {
		line.Module, line.Text = module, text
	}
	return line
}

// Field returns the value of a field: key=value or key="value".
func (l Line) Field(key string) (string, bool) {
	for rest := l.Text; rest != ""; {
		word, after := rest, ""
		if i := strings.IndexByte(rest, ' '); i >= 0 {
			word, after = rest[:i], rest[i+1:]
		}
		name, value, ok := strings.Cut(word, "=")
		if ok && strings.HasPrefix(value, `"`) {
			start := len(name) + 2
			end := closingQuote(rest, start, '"', 0)
			value, after = rest[start:end], strings.TrimPrefix(rest[min(end+1, len(rest)):], " ")
			if plain, err := strconv.Unquote(`"` + value + `"`); err == nil {
				value = plain
			}
		}
		if ok && name == key {
			return value, true
		}
		rest = after
	}
	return "", false
}

func (f Filter) wants(line Line) bool {
	if f.Module != "" && line.Module != f.Module && !strings.HasPrefix(line.Module, f.Module+".") {
		return false
	}
	if f.Op != "" {
		op, _ := line.Field("op")
		ref, _ := line.Field("ref")
		if op != f.Op && ref != f.Op {
			return false
		}
	}
	if f.Level != hclog.NoLevel && line.Level < f.Level {
		return false
	}
	return f.Contains == "" || strings.Contains(line.Raw, f.Contains)
}
