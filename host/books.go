package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/ini"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// keyData is the one setting of the host that only a person may change, by hand and while no host runs: a host that wakes up in an empty
// folder would carry out a second time what its old books know.
const keyData = "Data"

// guardPlace refuses, before anything is written, to serve a folder that is no installation or one whose books lie elsewhere.
func guardPlace(p place.Place) error {
	if !p.Installed() {
		return text.Refuse(pay.ErrConfig, "host.no_installation", map[string]any{"Folder": p.Home}, nil)
	}
	for _, old := range []string{p.Home, rememberedData(p)} {
		if old != "" && !sameFolder(old, p.Data) && holdsBooks(old) {
			return text.Refuse(pay.ErrConfig, "host.books_elsewhere", map[string]any{"Old": old, "New": p.Data}, nil)
		}
	}
	return nil
}

// dataMark is the file beside the programs that remembers where the books were when a host last started.
func dataMark(p place.Place) string { return filepath.Join(p.Home, "host.data") }

// rememberedData is the folder that dataMark names, or "".
func rememberedData(p place.Place) string {
	raw, err := os.ReadFile(dataMark(p))
	if err != nil {
		return ""
	}
	folder := filepath.FromSlash(strings.TrimSpace(string(raw)))
	if folder != "" && !filepath.IsAbs(folder) {
		folder = filepath.Join(p.Home, folder)
	}
	return folder
}

// rememberData writes dataMark where the books do not lie beside the programs, or did not. A program folder that cannot be written keeps
// what it has: then only books beside the programs are found. A folder within Home is named relative to it, so that a copy of the whole
// means itself.
func rememberData(p place.Place) {
	if p.Data == p.Home && rememberedData(p) == "" || sameFolder(rememberedData(p), p.Data) {
		return
	}
	folder := p.Data
	if inside, err := filepath.Rel(p.Home, folder); err == nil && filepath.IsLocal(inside) {
		folder = filepath.ToSlash(inside)
	}
	if createFile(dataMark(p), []byte(folder+"\n")) == nil {
		_ = os.Chmod(dataMark(p), 0o644) // the next host may be another user's
	}
}

func sameFolder(a, b string) bool {
	if a == b {
		return true
	}
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// holdsBooks says whether a host or a module has kept books in a folder. What cannot be looked into counts as books.
func holdsBooks(folder string) bool {
	if _, err := os.Stat(filepath.Join(folder, "payrack.db")); !errors.Is(err, fs.ErrNotExist) {
		return true
	}
	journals, err := filepath.Glob(filepath.Join(folder, "modules", "*", "*.db"))
	return err != nil || len(journals) > 0
}

// refuseData refuses to change keyData. name is a key as a user wrote it.
func (h *Host) refuseData(schema ini.Schema, name string) error {
	if setting, ok := schema.Find(name); !ok || setting.Key != keyData {
		return nil
	}
	return text.Refuse(pay.ErrConfig, "host.data_fixed", map[string]any{"Folder": h.place.Data, "File": h.place.Settings()}, nil)
}
