package slip

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode/utf8"
)

//go:embed slips
var builtIn embed.FS

// Templates are the layouts: the built-in ones, and a store's own in front of them. The zero Templates are the built-in ones.
type Templates struct {
	// Dir is the module's folder "slips". A file <Dir>/<language>/<name>.tmpl takes the place of the built-in one of that name;
	// it is read at each rendering, so a change shows at once.
	Dir string
}

// BuiltIn is the built-in folder "slips", for a store to copy from: <language>/<name>.tmpl.
func BuiltIn() fs.FS {
	slips, err := fs.Sub(builtIn, "slips")
	if err != nil {
		panic(err) // the name is a constant
	}
	return slips
}

// TemplateError says what is wrong with a template, and where.
type TemplateError struct {
	File string
	Line int // 0 where the fault has none: the file cannot be read, say
	Err  error
}

func (e *TemplateError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("slip template %s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("slip template %s, line %d: %v", e.File, e.Line, e.Err)
}

func (e *TemplateError) Unwrap() error { return e.Err }

// Check tries every template of the store on the sample documents, so that doctor can tell before a customer waits. It returns
// all that is wrong, joined, or nil. A file that would never be used is wrong too.
func (t Templates) Check() error {
	if t.Dir == "" {
		return nil
	}
	var found []error
	for _, language := range []Language{Russian, English} {
		found = append(found, t.checkNames(language))
		for _, document := range Samples(language) {
			for _, width := range []int{Narrowest, 42} {
				tape, err := Render(document, Paper{Width: width, Language: language}, t)
				found = append(found, err, tape.Problem)
			}
		}
	}
	return errors.Join(distinct(found)...)
}

func (t Templates) checkNames(language Language) error {
	folder := filepath.Join(t.Dir, string(language))
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var found []error
	if err != nil {
		found = append(found, &TemplateError{File: folder, Err: err})
	}
	known := names(language)
	for _, entry := range entries {
		if !slices.Contains(known, entry.Name()) {
			found = append(found, &TemplateError{
				File: filepath.Join(folder, entry.Name()),
				Err:  fmt.Errorf("is never used: known are %s", strings.Join(known, ", ")),
			})
		}
	}
	return errors.Join(found...)
}

func distinct(found []error) []error {
	seen := map[string]bool{}
	return slices.DeleteFunc(found, func(err error) bool {
		if err == nil || seen[err.Error()] {
			return true
		}
		seen[err.Error()] = true
		return false
	})
}

// names are the files of a language's built-in templates.
func names(language Language) []string {
	entries, err := builtIn.ReadDir(path.Join("slips", string(language)))
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// layout is the template files of one kind of document.
type layout struct {
	main    string            // the file to run
	sources map[string]string // by file name
	store   map[string]string // those which are the store's: their full path
}

// layout reads the file of the kind and all that it includes, the store's where it has one.
func (t Templates) layout(kind Kind, language Language) (layout, error) {
	l := layout{main: string(kind) + ".tmpl", sources: map[string]string{}, store: map[string]string{}}
	known := names(language)
	for wanted := []string{l.main}; len(wanted) > 0; wanted = wanted[1:] {
		name := wanted[0]
		if _, read := l.sources[name]; read || !slices.Contains(known, name) {
			continue // text/template reports what there is not
		}
		source, file, err := t.source(language, name)
		if err != nil {
			return layout{}, err
		}
		l.sources[name] = source
		if file != "" {
			l.store[name] = file
		}
		for _, included := range inclusion.FindAllStringSubmatch(source, -1) {
			wanted = append(wanted, included[1])
		}
	}
	return l, nil
}

var inclusion = regexp.MustCompile(`\btemplate\s+"([^"]+)"`)

// source is the text of one file, and its path if it is the store's.
func (t Templates) source(language Language, name string) (text, file string, err error) {
	if t.Dir != "" {
		file := filepath.Join(t.Dir, string(language), name)
		if text, found, err := readTemplate(file); found || err != nil {
			return text, file, err
		}
	}
	content, err := builtIn.ReadFile(path.Join("slips", string(language), name))
	if err != nil {
		return "", "", fmt.Errorf("read a built-in template: %w", err)
	}
	return string(content), "", nil
}

func readTemplate(file string) (text string, found bool, err error) {
	failed := func(line int, err error) (string, bool, error) {
		return "", false, &TemplateError{File: file, Line: line, Err: err}
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", false, nil
	case err != nil:
		return failed(0, err)
	case !info.Mode().IsRegular():
		return failed(0, errors.New("is not a file"))
	case info.Size() > maxTemplate:
		return failed(0, fmt.Errorf("has %d bytes, more than %d", info.Size(), maxTemplate))
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return failed(0, err)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if len(bytes.TrimSpace(content)) == 0 {
		return failed(0, errors.New("is empty")) // a file that a full disk cut off, say
	}
	for i, line := range bytes.Split(content, []byte("\n")) {
		if !utf8.Valid(line) {
			return failed(i+1, errors.New("is not UTF-8"))
		}
	}
	return string(content), true, nil
}

// run lays a document out. What is wrong with a template comes back as *TemplateError.
func (l layout) run(view Document, v vocabulary, p page) (text string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &TemplateError{File: l.file(l.main), Err: fmt.Errorf("%v", cause)}
		}
	}()
	set := template.New(l.main).Funcs(v.functions())
	for _, name := range slices.Sorted(maps.Keys(l.sources)) {
		if _, err := set.New(name).Parse(l.sources[name]); err != nil {
			return "", l.located(name, err)
		}
	}
	for _, parsed := range set.Templates() {
		if parsed.Tree == nil {
			continue
		}
		if err := (guarding{p, l.sources[parsed.Tree.ParseName]}).tree(parsed.Tree); err != nil {
			return "", l.located(parsed.Tree.ParseName, err)
		}
	}
	out := output{budget: v.budget}
	if err := set.ExecuteTemplate(&out, l.main, view); err != nil {
		return "", l.located(l.main, err)
	}
	return out.text.String(), nil
}

// located takes file and line out of an error of text/template.
func (l layout) located(name string, err error) *TemplateError {
	found := &TemplateError{File: l.file(name), Err: err}
	if parts := templateMessage.FindStringSubmatch(err.Error()); parts != nil {
		found.File = l.file(parts[1])
		found.Line, _ = strconv.Atoi(parts[2])
		found.Err = errors.New(parts[3])
	}
	if limit, ok := errors.AsType[limitError](err); ok {
		found.Err = limit
	}
	return found
}

var templateMessage = regexp.MustCompile(`(?s)^template: ([^:]+):(\d+)(?::\d+)?: (.*)$`)

func (l layout) file(name string) string {
	if file, ok := l.store[name]; ok {
		return file
	}
	return name
}
