package ini

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Set changes one value: see Change.
func (f *File) Set(key, value string) error { return f.Change(map[string]string{key: value}) }

// Change gives several settings new values at once, all or none. The file is read again first, so that what others
// have changed since stays; if it is broken by now it is left alone. The values are checked, singly and by the
// struct's Validate, written into the file's own bytes, and the file is replaced atomically. The struct that was
// loaded into does not change: Decode it again. Errors are Problems, or the system's.
func (f *File) Change(values map[string]string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	current, err := f.current()
	if err != nil {
		return err
	}
	written, problems := f.canonical(current, values)
	if err := problems.err(""); err != nil {
		return err
	}
	data := current.data
	for _, one := range f.schema.Settings {
		if value, ok := written[one.Key]; ok {
			if data, err = put(data, one, value); err != nil {
				return fmt.Errorf("set %s: %w", one.Key, err)
			}
		}
	}
	next, problems := f.schema.read(data)
	if err := problems.err(base(f.path)); err != nil {
		return err
	}
	if err := f.schema.sameBut(current, next, written); err != nil {
		return err
	}
	if f.path != "" && !bytes.Equal(data, current.data) {
		if err := replaceFile(f.path, data); err != nil {
			return fmt.Errorf("write settings: %w", err)
		}
	}
	f.state = next
	return nil
}

// current is the state of the file on disk.
func (f *File) current() (state, error) {
	if f.path == "" {
		return f.state, nil
	}
	data, err := readFile(f.path)
	if err != nil || bytes.Equal(data, f.state.data) {
		return f.state, err
	}
	now, problems := f.schema.read(data)
	return now, problems.err(base(f.path))
}

// canonical checks the values one by one and gives them by key in the form in which they are written.
func (f *File) canonical(current state, values map[string]string) (map[string]string, Problems) {
	var problems Problems
	written := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		one, ok := f.schema.Find(key)
		if !ok {
			problems = append(problems, f.schema.unknownKey(key))
			continue
		}
		target := reflect.New(one.kind).Elem()
		if one.Default != "" {
			one.assign(target, one.Default)
		}
		value := strings.TrimSpace(values[key])
		if one.Secret {
			value = "set" // an empty one is refused as well, and none is looked at
		}
		if p := one.accept(target, value); p != nil {
			problems = append(problems, p)
			continue
		}
		if current.scan.has(one) && one.format(target) == current.value(one) {
			continue
		}
		if value != "" {
			value = one.format(target)
		}
		written[one.Key] = value
	}
	return written, problems
}

// sameBut makes sure that the new bytes say what was asked for, and nothing else changed with it.
func (s Schema) sameBut(before, after state, written map[string]string) error {
	for _, one := range s.Settings {
		value, changed := written[one.Key]
		switch {
		case one.Secret, changed && value == "":
		case !changed && after.value(one) != before.value(one), changed && after.value(one) != value:
			return fmt.Errorf("set: %s would read %q afterwards; save the file as UTF-8 first", one.Key, after.value(one))
		}
	}
	return nil
}

// put writes the value into the bytes of the file: over the old one, or in a line of its own in its section.
func put(data []byte, one Setting, value string) ([]byte, error) {
	s := scanFile(data)
	raw, err := s.encoding.encode(value)
	if err != nil {
		return nil, errors.Join(err, errors.New("save the file as UTF-8 first"))
	}
	at := -1
	for _, e := range s.entries {
		if !strings.EqualFold(e.section, one.Section) {
			continue
		}
		if strings.EqualFold(e.key, one.Key) {
			return splice(data, e.start, e.end, raw), nil
		}
		at = lineEnd(data, e.end)
	}
	line := append([]byte(one.Key+"="), raw...)
	if at < 0 {
		at, line = s.opening(data, one.Section, line)
	}
	eol := lineBreak(data)
	if at == 0 || data[at-1] == '\n' || (at == len(bom) && s.encoding == UTF8BOM) {
		line = append(line, eol...)
	} else {
		line = append([]byte(eol), line...)
	}
	return splice(data, at, at, line), nil
}

func (s scan) has(one Setting) bool {
	return slices.ContainsFunc(s.entries, func(e entry) bool { return strings.EqualFold(e.key, one.Key) })
}

// opening finds the place for the first key of a section, and puts the section's header before it if there is none.
func (s scan) opening(data []byte, section string, line []byte) (int, []byte) {
	if section == "" {
		if len(s.headers) > 0 {
			return s.headers[0].start, line
		}
		return len(data), line
	}
	for _, h := range s.headers {
		if strings.EqualFold(h.section, section) {
			return h.end, line
		}
	}
	return len(data), append([]byte("["+section+"]"+lineBreak(data)), line...)
}

func splice(data []byte, start, end int, with []byte) []byte {
	out := make([]byte, 0, len(data)+len(with))
	out = append(out, data[:start]...)
	out = append(out, with...)
	return append(out, data[end:]...)
}

func lineEnd(data []byte, from int) int {
	if i := bytes.IndexByte(data[from:], '\n'); i >= 0 {
		return from + i + 1
	}
	return len(data)
}

func lineBreak(data []byte) string {
	if i := bytes.IndexByte(data, '\n'); i > 0 && data[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// replaceFile puts data in the place of the file: beside it, synced, renamed over it, with its permissions. A
// symbolic link stays one.
func replaceFile(path string, data []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	// Who may not write the file may not replace it either, even if the folder would let him.
	if f, err := os.OpenFile(path, os.O_WRONLY, 0); err != nil {
		return err
	} else if err = f.Close(); err != nil {
		return err
	}
	temp, err := writeBeside(path, data, info.Mode().Perm())
	if err != nil {
		return err
	}
	keepOwner(temp, info)
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeBeside writes a synced file of a temporary name into the folder of path. On an error nothing is left there.
func writeBeside(path string, data []byte, mode os.FileMode) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
