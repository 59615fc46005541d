package main

import (
	"embed"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

//go:embed table/*.txt
var tables embed.FS

// mutant is one mistake. See table/README.txt for how it is written down.
type mutant struct {
	id     string
	file   string // that it changes, from the root of the tree, with slashes
	rule   string // of the design that it breaks: its number in docs/en/money.md
	en, ru string // the mistake in a sentence
	places []place
	checks []check // the tests that are likely to find it, the cheapest first
}

// place is one text of the file and what the mistake makes of it.
type place struct{ find, replace string }

// readTable reads all entries, in the order of the files' names and of the entries in them.
func readTable() (all []mutant, err error) {
	files, err := tables.ReadDir("table")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.Name() == "README.txt" {
			continue
		}
		text, err := tables.ReadFile("table/" + f.Name())
		if err != nil {
			return nil, err
		}
		list, err := parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		all = append(all, list...)
	}
	return all, nil
}

// parse reads one file of the table.
func parse(text string) (list []mutant, err error) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		word, rest, _ := strings.Cut(line, " ")
		if word == "mutant" {
			list = append(list, mutant{id: rest})
			continue
		}
		if line == "" {
			continue
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("line %d stands before the first mutant", i+1)
		}
		m := &list[len(list)-1]
		switch word {
		case "file":
			m.file = rest
		case "rule":
			m.rule = rest
		case "en":
			m.en = rest
		case "ru":
			m.ru = rest
		case "test":
			pkg, test, _ := strings.Cut(rest, " ")
			m.checks = append(m.checks, check{pkg: pkg, test: test})
		case "<<<":
			p, end, err := readPlace(lines, i+1)
			if err != nil {
				return nil, fmt.Errorf("%s: line %d: %w", m.id, i+1, err)
			}
			m.places, i = append(m.places, p), end
		default:
			return nil, fmt.Errorf("line %d: %q is no word of the table", i+1, word)
		}
	}
	return list, nil
}

// readPlace reads the lines up to === and from there up to >>>.
func readPlace(lines []string, from int) (p place, end int, err error) {
	middle := 0
	for i := from; i < len(lines); i++ {
		switch {
		case lines[i] == "===" && middle == 0:
			middle = i
		case lines[i] == ">>>" && middle != 0:
			return place{strings.Join(lines[from:middle], "\n"), strings.Join(lines[middle+1:i], "\n")}, i, nil
		}
	}
	return p, 0, errors.New("<<< wants === and >>>")
}

// apply makes the mistake in the text of the file. A text that is not found exactly once is an error of the table.
func (m mutant) apply(source string) (string, error) {
	for _, p := range m.places {
		if n := strings.Count(source, p.find); n != 1 || p.find == "" {
			return "", fmt.Errorf("mutant %s: its text stands %d times in %s: %q", m.id, n, m.file, p.find)
		}
		source = strings.Replace(source, p.find, p.replace, 1)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), m.file, source, parser.SkipObjectResolution); err != nil {
		return "", fmt.Errorf("mutant %s is no Go: %w", m.id, err)
	}
	return source, nil
}

// mutate gives the file with the mistake in it.
func (m mutant) mutate(root string) (string, error) {
	source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.file)))
	if err != nil {
		return "", fmt.Errorf("mutant %s: %w", m.id, err)
	}
	return m.apply(string(source))
}
