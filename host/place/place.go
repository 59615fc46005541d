// Package place knows where the parts of an installation lie: programs, settings, data, and the socket of its host.
//
// Host, library and command line all ask it, so that they find the same host. It starts nothing and locks nothing.
package place

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Place is one installation. All paths are absolute.
type Place struct {
	Home string // programs, payrack.ini, manifest
	Data string // everything that is written: journals, logs, modules' settings; Home unless payrack.ini says Data=
}

// Find resolves an installation's folder. Its payrack.ini need not exist yet.
func Find(home string) (Place, error) {
	abs, err := filepath.Abs(home)
	if err != nil {
		return Place{}, fmt.Errorf("find the installation %s: %w", home, err)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return Place{}, text.Refuse(pay.ErrConfig, "refused.home", map[string]any{"Path": abs}, err)
	}
	p := Place{Home: abs, Data: abs}
	data, err := dataFolder(p.Settings())
	if err != nil {
		return Place{}, err
	}
	if data != "" {
		if !filepath.IsAbs(data) {
			data = filepath.Join(abs, data)
		}
		p.Data = filepath.Clean(data)
	}
	return p, nil
}

// dataFolder reads the one key that must be known before the settings can be: a broken file is the host's to report.
func dataFolder(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", text.Refuse(pay.ErrConfig, "refused.ini", map[string]any{"Path": path}, err)
	}
	file, err := ini.LoadSources(ini.LoadOptions{IgnoreContinuation: true, IgnoreInlineComment: true, PreserveSurroundedQuote: true,
		SkipUnrecognizableLines: true, Loose: true}, raw)
	if err != nil {
		return "", nil
	}
	return strings.TrimSpace(file.Section("").Key("Data").String()), nil
}

// Installed says whether Home holds anything of payrack: its program, its settings or modules. A host serves no other folder.
func (p Place) Installed() bool {
	for _, path := range []string{p.Program(), p.Settings(), filepath.Join(p.Home, "modules")} {
		if _, err := os.Stat(path); err == nil {
			return true
		}
	}
	return false
}

// Settings is the host's INI file.
func (p Place) Settings() string { return filepath.Join(p.Home, "payrack.ini") }

// Program is the program that serves as host and as command line.
func (p Place) Program() string { return filepath.Join(p.Home, "payrack"+exe()) }

// Manifest lists the SHA-256 of the programs, in the form of sha256sum.
func (p Place) Manifest() string { return filepath.Join(p.Home, "payrack.sha256") }

// Module is the program of a module.
func (p Place) Module(id string) string { return filepath.Join(p.Home, "modules", id, id+exe()) }

// ModuleData is the folder in which a module keeps its settings, journal, logs and slips.
func (p Place) ModuleData(id string) string { return filepath.Join(p.Data, "modules", id) }

// Log is the folder of the host's logs.
func (p Place) Log() string { return filepath.Join(p.Data, "Log") }

// Index is the host's index of refs and documents.
func (p Place) Index() string { return filepath.Join(p.Data, "payrack.db") }

// Lock is the file that a host locks for its life.
func (p Place) Lock() string { return filepath.Join(p.Data, "host.lock") }

// HostFile tells where the running host listens.
func (p Place) HostFile() string { return filepath.Join(p.Data, "host.json") }

// Host is what HostFile says. It is only a hint: whether a host runs, its lock and its socket tell.
type Host struct {
	PID     int    `json:"pid"`
	Address string `json:"address"` // path of the unix socket, or name of the pipe
	Version string `json:"version"`
}

// ReadHost reads HostFile.
func (p Place) ReadHost() (Host, error) {
	raw, err := os.ReadFile(p.HostFile())
	if err != nil {
		return Host{}, err
	}
	var h Host
	return h, json.Unmarshal(raw, &h)
}

// Address is where a host of this installation listens: a short path, because a socket's has at most 107 bytes.
func (p Place) Address() string {
	sum := sha256.Sum256([]byte(p.Data))
	name := "payrack-" + hex.EncodeToString(sum[:8])
	if runtime.GOOS == "windows" {
		return `\\.\pipe\` + name
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" && len(dir) < 60 {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return filepath.Join(dir, name, "host.sock")
		}
	}
	return filepath.Join("/tmp", name+"-"+strconv.Itoa(os.Getuid()), "host.sock")
}

// Modules lists the modules whose program is there, by their folders' names.
func (p Place) Modules() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(p.Home, "modules"))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the modules: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if info, err := os.Stat(p.Module(e.Name())); e.IsDir() && err == nil && info.Mode().IsRegular() {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

func exe() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}
