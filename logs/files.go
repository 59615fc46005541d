package logs

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fileName is name-2026-11-22.log, or with an index name-2026-11-22.1.log.
func fileName(name, day string, index int) string {
	if index == 0 {
		return name + "-" + day + ".log"
	}
	return name + "-" + day + "." + strconv.Itoa(index) + ".log"
}

// parseFileName takes fileName apart; anything else is not ours.
func parseFileName(name, file string) (day string, index int, ok bool) {
	rest, ours := strings.CutPrefix(file, name+"-")
	rest, isLog := strings.CutSuffix(rest, ".log")
	if !ours || !isLog {
		return "", 0, false
	}
	day, number, numbered := strings.Cut(rest, ".")
	if numbered {
		var err error
		if index, err = strconv.Atoi(number); err != nil || index < 1 || strconv.Itoa(index) != number {
			return "", 0, false
		}
	}
	if t, err := time.Parse(dayLayout, day); err != nil || t.Format(dayLayout) != day {
		return "", 0, false
	}
	return day, index, true
}

// plainName keeps separators of paths and of our file names out of names.
func plainName(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}) < 0
}

// daily is one file of a log.
type daily struct {
	day   string
	index int
	path  string
}

// list finds the regular files of a log, from the oldest on.
func list(dir, name string) ([]daily, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []daily
	for _, e := range entries {
		if day, index, ok := parseFileName(name, e.Name()); ok && e.Type().IsRegular() {
			files = append(files, daily{day, index, filepath.Join(dir, e.Name())})
		}
	}
	slices.SortFunc(files, func(a, b daily) int {
		if c := strings.Compare(a.day, b.day); c != 0 {
			return c
		}
		return a.index - b.index
	})
	return files, nil
}

// lastIndex is the index of the day's newest file.
func (l *Log) lastIndex(day string) int {
	files, err := list(l.opts.Dir, l.opts.Name)
	if err != nil {
		return 0 // opening says what is wrong
	}
	last := 0
	for _, f := range files {
		if f.day == day {
			last = f.index
		}
	}
	return last
}

// expire removes the files whose days are past the retention. What cannot be removed today, because it is open
// somewhere, is tried again on the next day.
func (l *Log) expire(now time.Time) {
	if l.opts.Retention == 0 {
		return
	}
	files, err := list(l.opts.Dir, l.opts.Name)
	if err != nil {
		return
	}
	oldest := now.AddDate(0, 0, -l.opts.Retention).Format(dayLayout)
	for _, f := range files {
		if f.day < oldest {
			_ = os.Remove(f.path)
		}
	}
}
