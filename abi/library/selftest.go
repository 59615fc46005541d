package library

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// finding is one line of pr_selftest.
type finding struct {
	ID     string `json:"id"`
	Status string `json:"status"` // ok, warn, fail
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"`
}

// lowSpace is how much room on the disk makes a warning, in bytes.
const lowSpace = 200 << 20

// SelfTest is pr_selftest: it checks an installation without opening it, and starts nothing.
func (l *Library) SelfTest(th Thread, home Text) Output {
	if l.barred(th) != nil {
		return refused(l.reject(th, pay.ErrThread))
	}
	folder, err := l.home(home)
	if err != nil {
		e := worded(err, text.Russian)
		l.opened.set(th, e)
		return refused(e.Code)
	}
	doc, err := json.Marshal(inspect(folder, systemLanguage()))
	if err != nil {
		return refused(l.reject(th, pay.ErrInternal))
	}
	return document(doc, nil)
}

// systemLanguage is Russian unless the system says English.
func systemLanguage() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "en") {
				return text.English
			}
			return text.Russian
		}
	}
	return text.Russian
}

// inspection gathers findings about one installation.
type inspection struct {
	lang string
	list []finding
}

func inspect(folder, lang string) []finding {
	i := &inspection{lang: lang}
	p, err := place.Find(folder)
	i.note("home", verdict(err == nil), map[string]any{"Path": folder})
	if err != nil {
		return i.list
	}
	info, err := os.Stat(p.Program())
	i.note("program", verdict(err == nil && info.Mode().IsRegular()), map[string]any{"Path": p.Program()})
	modules, _ := p.Modules()
	i.note("modules", verdict(len(modules) > 0), map[string]any{"List": strings.Join(modules, ", ")})
	i.manifest(p)
	err = writable(p.Data)
	i.note("data", verdict(err == nil), map[string]any{"Path": p.Data, "Error": err})
	if free, err := freeSpace(p.Data); err == nil {
		status := "ok"
		if free < lowSpace {
			status = "warn"
		}
		i.note("space", status, map[string]any{"Free": free >> 20})
	}
	switch err := client.Probe(context.Background(), p); pay.CodeOf(err) {
	case pay.CodeOK:
		i.note("host", "ok", nil)
	case pay.ErrHostStart:
		i.list = append(i.list, finding{ID: "host", Status: "ok", Detail: words().Say(lang, "selftest.host.idle", nil)})
	default:
		i.note("host", "fail", map[string]any{"Error": err.Error()})
	}
	return i.list
}

func verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "fail"
}

func (i *inspection) note(id, status string, data map[string]any) {
	f := finding{ID: id, Status: status, Detail: words().Say(i.lang, "selftest."+id+"."+status, data)}
	if status != "ok" {
		f.Fix = words().Say(i.lang, "selftest."+id+".fix", data)
	}
	i.list = append(i.list, f)
}

// manifest compares the programs with the checksums that the installation came with.
func (i *inspection) manifest(p place.Place) {
	f, err := os.Open(p.Manifest())
	if err != nil {
		i.note("manifest", "warn", map[string]any{"Path": p.Manifest()})
		return
	}
	defer f.Close()
	var wrong []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		want, name, found := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		name = strings.TrimLeft(name, " *")
		if !found || name == "" || strings.HasPrefix(want, "#") {
			continue
		}
		if got, err := checksum(filepath.Join(p.Home, filepath.FromSlash(name))); err != nil || !strings.EqualFold(got, want) {
			wrong = append(wrong, name)
		}
	}
	i.note("manifest", verdict(len(wrong) == 0), map[string]any{"List": strings.Join(wrong, ", ")})
}

func checksum(path string) (string, error) {
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

func writable(folder string) error {
	f, err := os.CreateTemp(folder, ".payrack-selftest-*")
	if err != nil {
		return err
	}
	_, err = f.Write([]byte("x"))
	f.Close()
	if gone := os.Remove(f.Name()); err == nil {
		err = gone
	}
	return err
}
