// Package secret keeps what must never be read by a person: a terminal's key, a bank's password, a session's token.
//
// A store is a folder with one file for each secret. On Windows the file's content is protected by DPAPI for this computer, and the folder's
// access list, which the installer sets, says who may use it; the service and the cashier have different accounts there. Elsewhere the
// folder is 0700 and the files are 0600, and whoever finds them otherwise has them repaired and is told (design §8). A write is durable
// when it returns, and a crash leaves the old value or the new one. Values print as "***" wherever they end up.
package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// MaxSize is the size of the largest secret, in bytes.
const MaxSize = 64 << 10

// MaxName is the length of the longest name, in bytes.
const MaxName = 64

// ErrMissing is in the error of Get where no such secret is set.
var ErrMissing = errors.New("no such secret")

const (
	filePrefix = "secret-"
	newPrefix  = "new-"
)

// Store is a folder of secrets. It may be used by several goroutines, and by one process at a time.
type Store struct {
	dir string

	mu       sync.Mutex
	repaired []string
}

// Open opens the store in a folder, which it makes if need be. Rights that are too wide are narrowed; where that fails, nothing is opened,
// and the error is a *pay.Error with ErrConfig.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, s.refuse("secret.read", "", err)
	}
	if err := s.narrow(dir, 0o700); err != nil {
		return nil, err
	}
	names, err := s.List()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := s.narrow(s.path(name), 0o600); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Get reads a secret. Errors are *pay.Error with ErrConfig and words of their own: not set (ErrMissing), damaged, or written on another computer.
func (s *Store) Get(name string) (Value, error) {
	if err := checkName(name); err != nil {
		return Value{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := s.read(name)
	if err != nil {
		return Value{}, err
	}
	protected, form, err := decode(name, data)
	if err != nil {
		return Value{}, s.refuse("secret.damaged", name, err)
	}
	if form != ourForm {
		return Value{}, s.refuse("secret.foreign", name, fmt.Errorf("form %q", form))
	}
	plain, err := unprotect(name, protected)
	if err != nil {
		return Value{}, s.refuse("secret.foreign", name, err)
	}
	return New(plain), nil
}

func (s *Store) read(name string) ([]byte, error) {
	path := s.path(name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, s.refuse("secret.missing", name, ErrMissing)
	}
	if err := s.narrow(path, 0o600); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, s.refuse("secret.read", name, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, int64(maxFile+1)))
	if err != nil {
		return nil, s.refuse("secret.read", name, err)
	}
	return data, nil
}

// Set writes a secret, which must not be empty, over the old one.
func (s *Store) Set(name string, value []byte) error {
	if err := checkName(name); err != nil {
		return err
	}
	if len(value) == 0 || len(value) > MaxSize {
		return text.Refuse(pay.ErrArgument, "secret.size", map[string]any{"Name": name, "Size": len(value), "Most": MaxSize}, nil)
	}
	protected, err := protect(name, value)
	if err != nil {
		return s.refuse("secret.write", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := replace(s.path(name), filepath.Join(s.dir, newPrefix+name), encode(name, ourForm, protected)); err != nil {
		return s.refuse("secret.write", name, err)
	}
	return nil
}

// Delete removes a secret. One that is not set is no error.
func (s *Store) Delete(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := errors.Join(gone(os.Remove(s.path(name))), gone(os.Remove(filepath.Join(s.dir, newPrefix+name))))
	if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		return s.refuse("secret.write", name, err)
	}
	return nil
}

// List names the secrets, sorted.
func (s *Store) List() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, s.refuse("secret.read", "", err)
	}
	var names []string
	for _, entry := range entries {
		if name, ok := strings.CutPrefix(entry.Name(), filePrefix); ok && checkName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Repaired lists the paths whose rights were too wide until this store narrowed them: other users may have read them.
func (s *Store) Repaired() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.repaired)
}

// narrow takes away the rights of others to a path. The caller holds mu, or is Open.
func (s *Store) narrow(path string, mode fs.FileMode) error {
	repaired, err := narrow(path, mode)
	if err != nil {
		return text.Refuse(pay.ErrConfig, "secret.open", map[string]any{"Path": path}, err)
	}
	if repaired {
		s.repaired = append(s.repaired, path)
	}
	return nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, filePrefix+name) }

func (s *Store) refuse(id, name string, cause error) error {
	return text.Refuse(pay.ErrConfig, id, map[string]any{"Name": name, "Path": s.dir}, cause)
}

// checkName holds that a name is one on every system: no case, no separators, no dot in front.
func checkName(name string) error {
	ok := name != "" && len(name) <= MaxName && name[0] != '.'
	for i := range len(name) {
		c := name[i]
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-')
	}
	if !ok {
		return text.Refuse(pay.ErrArgument, "secret.name", map[string]any{"Name": strings.ToValidUTF8(name[:min(len(name), 80)], "?"), "Most": MaxName}, nil)
	}
	return nil
}

func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
