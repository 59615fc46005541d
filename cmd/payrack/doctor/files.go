package doctor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// The free space below which a till is warned, and below which it is in danger, in bytes.
const (
	littleSpace = 500 << 20
	noSpace     = 50 << 20
)

// folders: data can be written, and by nobody else.
func (x *examination) folders() {
	if err := writable(x.Place.Data); err != nil {
		x.found("data", Error, pay.ErrConfig, "data.read_only", "Folder", x.Place.Data, "Error", err.Error())
	} else {
		x.found("data", OK, pay.CodeOK, "data", "Folder", x.Place.Data)
	}
	if open := openToOthers(x.Place.Data); open != "" {
		x.found("rights", Error, pay.ErrConfig, "rights.open", "File", open)
	}
	if loose := changeableByOthers(x.programFiles()); loose != "" {
		x.found("rights.programs", Error, pay.ErrConfig, "rights.programs", "File", loose)
	}
}

func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".payrack-doctor-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString("payrack")
	err = errors.Join(err, f.Sync(), f.Close())
	return errors.Join(err, os.Remove(f.Name()))
}

// openToOthers names a journal or a secret that other users may read. On Windows the folder's ACL rules, which the host sets.
func openToOthers(data string) string {
	if runtime.GOOS == "windows" {
		return ""
	}
	found := ""
	_ = filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !private(entry.Name(), path) {
			return nil
		}
		if info, err := entry.Info(); err == nil && info.Mode().Perm()&0o007 != 0 {
			found = path
			return fs.SkipAll
		}
		return nil
	})
	return found
}

func private(name, path string) bool {
	return strings.HasSuffix(name, ".db") || strings.Contains(filepath.Base(filepath.Dir(path)), "secret") || strings.Contains(name, "secret")
}

// changeableByOthers names a program that others than its owner and group may replace.
func changeableByOthers(files []string) string {
	if runtime.GOOS == "windows" {
		return ""
	}
	for _, path := range files {
		for _, p := range []string{path, filepath.Dir(path)} {
			if info, err := os.Stat(p); err == nil && info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
				return p
			}
		}
	}
	return ""
}

// programFiles are the programs whose words are believed.
func (x *examination) programFiles() []string {
	files := []string{x.Place.Program(), x.Place.Manifest()}
	ids, err := x.Place.Modules()
	if err != nil {
		return files
	}
	for _, id := range ids {
		files = append(files, x.Place.Module(id))
	}
	return files
}

func (x *examination) disk() {
	free, err := freeSpace(x.Place.Data)
	mb := int64(free >> 20)
	switch {
	case err != nil:
		x.found("disk", Warning, pay.CodeOK, "disk.unknown", "Folder", x.Place.Data, "Error", err.Error())
	case free < noSpace:
		x.found("disk", Error, pay.ErrConfig, "disk.full", "Folder", x.Place.Data, "MB", mb)
	case free < littleSpace:
		x.found("disk", Warning, pay.CodeOK, "disk.little", "Folder", x.Place.Data, "MB", mb)
	default:
		x.found("disk", OK, pay.CodeOK, "disk", "MB", mb)
	}
}

// programs: each has the SHA-256 that the manifest names.
func (x *examination) programs() {
	listed, err := readManifest(x.Place.Manifest())
	switch {
	case x.Unchecked:
		x.found("manifest", Warning, pay.CodeOK, "manifest.off")
		return
	case errors.Is(err, fs.ErrNotExist):
		x.found("manifest", Error, pay.ErrConfig, "manifest.none", "File", x.Place.Manifest())
		return
	case err != nil:
		x.found("manifest", Error, pay.ErrConfig, "manifest.broken", "File", x.Place.Manifest(), "Error", err.Error())
		return
	}
	bad := false
	for _, path := range x.programFiles() {
		name, err := filepath.Rel(x.Place.Home, path)
		if err != nil || path == x.Place.Manifest() {
			continue
		}
		want, known := listed[filepath.ToSlash(name)]
		have, err := sumOf(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if known {
				x.found("manifest", Error, pay.ErrConfig, "manifest.missing", "File", name)
				bad = true
			}
		case err != nil:
			x.found("manifest", Error, pay.ErrConfig, "manifest.unreadable", "File", name, "Error", err.Error())
			bad = true
		case !known && path == x.Place.Program():
			continue // the host checks the modules; it cannot vouch for itself
		case !known:
			x.found("manifest", Error, pay.ErrConfig, "manifest.unlisted", "File", name)
			bad = true
		case have != want:
			x.found("manifest", Error, pay.ErrConfig, "manifest.changed", "File", name)
			bad = true
		}
	}
	if !bad {
		x.found("manifest", OK, pay.CodeOK, "manifest", "Count", len(listed))
	}
}

// readManifest reads lines of sha256sum: the sum, two spaces or a space and an asterisk, the path.
func readManifest(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	listed := map[string]string{}
	for i, line := range strings.Split(string(raw), "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		sum, name, found := strings.Cut(line, " ")
		if bytes, err := hex.DecodeString(sum); !found || err != nil || len(bytes) != sha256.Size {
			return nil, fmt.Errorf("line %d is not a SHA-256 and a name", i+1)
		}
		listed[strings.TrimPrefix(strings.TrimLeft(name, " *"), "./")] = strings.ToLower(sum)
	}
	return listed, nil
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// settingsFiles are the INI files of the modules that have one, by module.
func (x *examination) settingsFiles() map[string]string {
	files := map[string]string{}
	ids, err := x.Place.Modules()
	if err != nil {
		return files
	}
	for _, id := range slices.Sorted(slices.Values(ids)) {
		files[id] = filepath.Join(x.Place.ModuleData(id), id+".ini")
	}
	return files
}
