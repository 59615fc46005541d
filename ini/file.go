package ini

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
)

// File is a file of settings that was read without problems. Its methods may be called from several goroutines.
type File struct {
	path   string // empty for Parse
	schema Schema

	mu    sync.Mutex
	state state
}

// state is one version of the file and what it says.
type state struct {
	data []byte
	scan scan
	cfg  reflect.Value // a struct of the schema's type
}

// Load reads the file into cfg, a pointer to a settings struct. With any problem cfg stays as it was and the error is
// Problems, or wraps the system's (fs.ErrNotExist for a missing file). Fields of secrets are never touched.
func Load(path string, cfg any) (*File, error) {
	schema, err := Describe(cfg)
	if err != nil {
		return nil, err
	}
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return open(schema, path, data, cfg)
}

// Parse is Load for bytes that are in memory.
func Parse(data []byte, cfg any) (*File, error) {
	schema, err := Describe(cfg)
	if err != nil {
		return nil, err
	}
	return open(schema, "", data, cfg)
}

// Defaults fills cfg, a pointer to a settings struct, as an empty file would. Validate is not asked.
func Defaults(cfg any) error {
	schema, err := Describe(cfg)
	if err != nil {
		return err
	}
	schema.copyTo(reflect.ValueOf(cfg).Elem(), schema.fresh())
	return nil
}

func open(schema Schema, path string, data []byte, cfg any) (*File, error) {
	state, problems := schema.read(data)
	if err := problems.err(base(path)); err != nil {
		return nil, err
	}
	schema.copyTo(reflect.ValueOf(cfg).Elem(), state.cfg)
	return &File{path: path, schema: schema, state: state}, nil
}

// Schema returns what the file's struct declares.
func (f *File) Schema() Schema { return f.schema }

// Encoding returns how the file is written.
func (f *File) Encoding() Encoding {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state.scan.encoding
}

// Bytes returns a copy of the file's content as last read or written.
func (f *File) Bytes() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return bytes.Clone(f.state.data)
}

// Decode fills cfg, a pointer to a struct of the type that the file was read into, with the present values.
func (f *File) Decode(cfg any) error {
	target := reflect.ValueOf(cfg)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Type().Elem() != f.schema.root {
		return fmt.Errorf("decode settings: want *%s, got %T", f.schema.root, cfg)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.schema.copyTo(target.Elem(), f.state.cfg)
	return nil
}

// Get returns the value in force, as it would be written: the file's or the default. It is false for keys that are
// not declared, and for secrets.
func (f *File) Get(key string) (string, bool) {
	one, ok := f.schema.Find(key)
	if !ok || one.Secret {
		return "", false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state.value(one), true
}

// Values returns all values in force by key, without secrets.
func (f *File) Values() map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	values := make(map[string]string, len(f.schema.Settings))
	for _, one := range f.schema.Settings {
		if !one.Secret {
			values[one.Key] = f.state.value(one)
		}
	}
	return values
}

func (s state) value(one Setting) string { return one.format(s.cfg.FieldByIndex(one.index)) }

// fresh makes a struct that holds the defaults. Describe has made sure that they can be assigned.
func (s Schema) fresh() reflect.Value {
	cfg := reflect.New(s.root).Elem()
	for _, one := range s.Settings {
		if one.Default != "" {
			one.assign(cfg.FieldByIndex(one.index), one.Default)
		}
	}
	return cfg
}

func (s Schema) copyTo(target, source reflect.Value) {
	for _, one := range s.Settings {
		if !one.Secret {
			target.FieldByIndex(one.index).Set(source.FieldByIndex(one.index))
		}
	}
}

// read takes data apart, fills a fresh struct and lets it validate itself if nothing was wrong before.
func (s Schema) read(data []byte) (state, Problems) {
	r := s.fill(data)
	r.missing()
	if len(r.problems) == 0 {
		if v, ok := r.state.cfg.Addr().Interface().(interface{ Validate() error }); ok {
			r.problems = invalid(v.Validate(), func(key string) int { return r.lines[strings.ToLower(key)] })
		}
	}
	return r.state, r.problems
}

// fill reads what stands in data, line by line, without a judgement on the whole.
func (s Schema) fill(data []byte) reading {
	r := reading{schema: s, lines: map[string]int{}}
	r.state = state{data: bytes.Clone(data), scan: scanFile(data), cfg: s.fresh()}
	r.problems = r.state.scan.problems
	r.sections()
	for _, e := range r.state.scan.entries {
		r.entry(e)
	}
	return r
}

// reading is one file while it is read.
type reading struct {
	schema   Schema
	state    state
	lines    map[string]int // where each key stands, by its name in lower case
	problems Problems
}

func (r *reading) sections() {
	for _, h := range r.state.scan.headers {
		if r.schema.hasSection(h.section) {
			continue
		}
		p := problem(CodeUnknownSection, "", "неизвестный раздел [%s]", "unknown section [%s]", h.section).
			at(1 + bytes.Count(r.state.data[:h.start], []byte{'\n'}))
		if near := nearest(h.section, r.schema.sectionNames()); near != "" {
			p.hinted("может быть, [%s]?", "did you mean [%s]?", near)
		}
		r.problems = append(r.problems, p)
	}
}

func (r *reading) entry(e entry) {
	one, known := r.schema.byKey(e.key)
	switch {
	case !known && !r.schema.hasSection(e.section) && e.section != "":
		return // the section's problem says enough
	case !known:
		r.problems = append(r.problems, r.schema.unknownKey(e.key).at(e.line))
		return
	case !strings.EqualFold(one.Section, e.section):
		r.problems = append(r.problems, problem(CodeWrongSection, one.Key, "ключ %s не на своем месте", "key %s is in the wrong place", one.Key).at(e.line).
			hinted("перенесите его: %[1]s", "move it to %[2]s", place(one.Section, "ru"), place(one.Section, "en")))
		return
	}
	lower := strings.ToLower(one.Key)
	if first, twice := r.lines[lower]; twice {
		r.problems = append(r.problems, problem(CodeDuplicate, one.Key, "ключ %s повторен", "key %s is given twice", one.Key).at(e.line).
			hinted("он уже есть в строке %d: оставьте один", "it stands in line %d too: keep one", first))
		return
	}
	r.lines[lower] = e.line
	if p := one.accept(r.state.cfg.FieldByIndex(one.index), e.value); p != nil {
		r.problems = append(r.problems, p.at(e.line))
	}
}

// missing names required settings that the file does not have.
func (r *reading) missing() {
	for _, one := range r.schema.Settings {
		if one.Required && one.Default == "" && !one.Secret && r.lines[strings.ToLower(one.Key)] == 0 {
			r.problems = append(r.problems, problem(CodeRequired, one.Key, "%s не указан", "%s is missing", one.Key).
				hinted("добавьте его: %[1]s", "add it to %[2]s", place(one.Section, "ru"), place(one.Section, "en")))
		}
	}
}

// accept is assign with the rules about who may write the value: a secret is not kept in the file, a constant stays.
// An empty value leaves the default of everything that is not a text or a list.
func (s Setting) accept(target reflect.Value, text string) *Problem {
	textual := s.Type == TypeString || s.Type == TypePath || s.Type == TypeURL || s.Type == TypeList
	switch {
	case s.Secret && text == "", text == "" && !textual && !s.Required:
		return nil
	case s.Secret:
		return problem(CodeSecret, s.Key, "%s — секрет, ему не место в файле", "%s is a secret and does not belong in the file", s.Key).
			hinted("уберите его отсюда и задайте: payrack config set %s --secret", "move it: payrack config set %s --secret", s.Key)
	}
	before := s.format(target)
	if p := s.assign(target, text); p != nil {
		return p
	}
	if s.Const && s.format(target) != before {
		return problem(CodeConst, s.Key, "%s не меняется", "%s cannot be changed", s.Key).
			hinted("верните %s", "put %s back", before)
	}
	return nil
}

func (s Schema) hasSection(name string) bool {
	for _, one := range s.Settings {
		if strings.EqualFold(one.Section, name) {
			return true
		}
	}
	return false
}

func (s Schema) sectionNames() []string {
	var names []string
	for i, one := range s.Settings {
		if i == 0 || one.Section != s.Settings[i-1].Section {
			names = append(names, one.Section)
		}
	}
	return names
}

func (s Schema) unknownKey(key string) *Problem {
	var keys []string
	for _, one := range s.Settings {
		if !one.Hidden {
			keys = append(keys, one.Key)
		}
	}
	p := problem(CodeUnknownKey, key, "неизвестный ключ %s", "unknown key %s", key)
	if near := nearest(key, keys); near != "" {
		p.hinted("может быть, %s?", "did you mean %s?", near)
	}
	return p
}

func place(section, language string) string {
	if section == "" {
		return Text{"начало файла, до первого раздела", "the top of the file, before the first section"}.In(language)
	}
	return "[" + section + "]"
}

func base(path string) string {
	if path == "" {
		return ""
	}
	return filepath.Base(path)
}

// readFile reads a regular file of a sensible size; more than that is not read at all.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read settings: %s is not a file", path)
	}
	if info.Size() > maxSize {
		return nil, Problems{readable(make([]byte, maxSize+1))}.err(base(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read settings %s: %w", path, err)
	}
	return data, nil
}
