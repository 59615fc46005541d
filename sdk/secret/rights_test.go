//go:build unix

package secret

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestOnlyTheUserMayReadSecretsWhateverTheUmask(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "secrets")
	store := open(t, dir)
	if err := store.Set("terminal", []byte("s3cret")); err != nil {
		t.Fatal(err)
	}
	if mode(t, dir) != 0o700 || mode(t, store.path("terminal")) != 0o600 || len(store.Repaired()) != 0 {
		t.Errorf("folder %v, file %v, repaired %v", mode(t, dir), mode(t, store.path("terminal")), store.Repaired())
	}
}

func TestRightsThatAreTooWideAreRepairedAndTold(t *testing.T) {
	dir := t.TempDir()
	store := open(t, dir)
	if err := store.Set("terminal", []byte("s3cret")); err != nil {
		t.Fatal(err)
	}
	path := store.path("terminal")
	widen := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	widen(dir, 0o755)
	widen(path, 0o640)
	store = open(t, dir)
	if got := store.Repaired(); !slices.Equal(got, []string{dir, path}) || mode(t, dir) != 0o700 || mode(t, path) != 0o600 {
		t.Errorf("repaired %v: folder %v, file %v", got, mode(t, dir), mode(t, path))
	}
	widen(path, 0o604)
	if _, err := store.Get("terminal"); err != nil || mode(t, path) != 0o600 || len(store.Repaired()) != 3 {
		t.Errorf("widened while open: %v, %v, %v", err, mode(t, path), store.Repaired())
	}
}

func TestALinkOrAFolderInPlaceOfASecretIsRefused(t *testing.T) {
	for name, plant := range map[string]func(path string) error{
		"link":   func(path string) error { return os.Symlink("/etc/hosts", path) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		dir := t.TempDir()
		store := open(t, dir)
		if err := plant(store.path("terminal")); err != nil {
			t.Fatal(err)
		}
		_, getErr := store.Get("terminal")
		_, openErr := Open(dir)
		for _, err := range []error{getErr, openErr} {
			if filled := text.Fill(err, "en"); filled == nil || filled.Code != pay.ErrConfig || !strings.Contains(filled.Text, dir) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestAFolderThatCannotBeMadeIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(filepath.Join(file, "secrets"))
	if filled := text.Fill(err, "ru"); filled == nil || filled.Code != pay.ErrConfig || !strings.Contains(filled.Text, "Не удалось прочитать секреты") {
		t.Errorf("%v", err)
	}
}
