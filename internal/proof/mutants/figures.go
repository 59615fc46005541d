package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// result is what became of one mutant.
type result struct {
	ID       string   `json:"id"`
	File     string   `json:"file"`
	Rule     string   `json:"rule"`
	CaughtBy string   `json:"caught_by,omitempty"` // empty: it survived
	Seconds  float64  `json:"seconds"`             // from its first check to the one that caught it, compiling included
	Notes    []string `json:"notes,omitempty"`
	Broken   string   `json:"broken,omitempty"` // it could not be tried: an error of the table
}

// figures are the results of a run.
type figures struct {
	Seconds  float64  `json:"seconds"`
	Mutants  int      `json:"mutants"`
	Caught   int      `json:"caught"`
	Survived int      `json:"survived"`
	Slowest  float64  `json:"slowest"`
	Broken   []string `json:"broken,omitempty"`
	List     []result `json:"list"`
}

func (f *figures) add(r result) {
	f.Mutants++
	f.List = append(f.List, r)
	f.Slowest = max(f.Slowest, r.Seconds)
	switch {
	case r.Broken != "":
		f.Broken = append(f.Broken, r.ID)
	case r.CaughtBy != "":
		f.Caught++
	default:
		f.Survived++
	}
}

func (r result) line() string {
	what := "caught by " + r.CaughtBy
	switch {
	case r.Broken != "":
		what = "COULD NOT BE TRIED: " + r.Broken
	case r.CaughtBy == "":
		what = "SURVIVED"
	}
	for _, note := range r.Notes {
		what += "\n" + strings.Repeat(" ", 11) + note
	}
	return fmt.Sprintf("%7.1f s  %-34s %s", r.Seconds, r.ID, what)
}

func (f *figures) summary() string {
	return fmt.Sprintf("%d mutants in %.0f s: %d caught, the slowest in %.1f s; %d survived, %d could not be tried", f.Mutants, f.Seconds,
		f.Caught, f.Slowest, f.Survived, len(f.Broken))
}

// write writes the figures; to "" it writes nothing.
func (f *figures) write(path string) error {
	if path == "" {
		return nil
	}
	document, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(document, '\n'), 0o644)
}

// headings are the table's, by language.
var headings = map[string][3]string{
	"en": {"mutant", "the mistake", "caught by"},
	"ru": {"мутант", "ошибка", "чем поймана"},
}

// printTable prints the results in a file as a table.
func printTable(w io.Writer, path, language string, all []mutant) error {
	heads, known := headings[language]
	if !known {
		return fmt.Errorf("-table wants en or ru, not %q", language)
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var f figures
	if err := json.Unmarshal(document, &f); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	words := map[string]string{}
	for _, m := range all {
		words[m.id] = map[string]string{"en": m.en, "ru": m.ru}[language] + " (§3." + m.rule + ")"
	}
	unit := map[string]string{"en": "s", "ru": "с"}[language]
	fmt.Fprintf(w, "| %s | %s | %s | %s |\n|---|---|---|--:|\n", heads[0], heads[1], heads[2], unit)
	for _, r := range f.List {
		pkg, test, _ := strings.Cut(r.CaughtBy, " ")
		fmt.Fprintf(w, "| `%s` | %s | `%s` `%s` | %.1f |\n", r.ID, words[r.ID], pkg, test, r.Seconds)
	}
	return nil
}

// seconds is a time with a tenth of a second.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*10) / 10 }
