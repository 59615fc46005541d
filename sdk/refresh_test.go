package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/secret"
)

// stateNow asks a module for its health as a host's client does.
func stateNow(t *testing.T, s *Service) module.Health {
	t.Helper()
	raw, err := s.Info(t.Context(), "health", "en")
	var h module.Health
	if err == nil {
		err = json.Unmarshal(raw, &h)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestASettingsFileMendedByHandHealsTheModule(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bank.ini")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[Slip]\nSlipWitdh=42\n")
	s := open(t, filepath.Dir(path), &bank{shift: 1})
	states := make(chan string, 10)
	go func() { _ = s.Health(t.Context(), func(h module.Health) error { states <- h.State; return nil }) }()
	if first := <-states; first != "blocked" {
		t.Fatalf("a misspelt key: %s", first)
	}
	write("[Bank]\nServer=https://broken.example\n")
	if h := stateNow(t, s); h.State != "blocked" || h.Text != "no such bank" {
		t.Errorf("what is wrong now is not told: %+v", h)
	}
	write("[Slip]\nSlipWidth=42\n")
	for now := range states { // with no call of anybody
		if now == "ok" {
			break
		}
	}
	run(t, s, pay.KindOffline, "a", 100, "{}")
}

func TestASettingsFileBrokenByHandLeavesAWorkingModuleAtWork(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bank.ini")
	s := open(t, dir, &bank{shift: 1})
	for _, text := range []string{"[Slip]\nSlipWitdh=42\n", "[Bank]\nServer=https://broken.example\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if h := stateNow(t, s); h.State != "ok" {
			t.Errorf("%q: %+v", text, h)
		}
		run(t, s, pay.KindOffline, pay.Ref("r"+text[1:3]), 100, "{}")
	}
	raw, err := os.ReadFile(s.log.Path())
	if err != nil || strings.Count(string(raw), "settings file was changed") != 2 {
		t.Errorf("the log tells it other than once for each: %s (%v)", raw, err)
	}
	if err := os.WriteFile(path, []byte("[Slip]\nSlipWitdh=421\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Settings(t.Context(), module.SettingsRequest{Action: "validate", Language: "en"}); pay.CodeOf(err) != pay.ErrConfig {
		t.Errorf("validate: %v", err)
	}
}

func TestASettingsFileThatCannotBeWrittenIsNamedWithItsRemedy(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, &bank{shift: 1})
	path := filepath.Join(dir, "bank.ini")
	for _, err := range []error{&fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}, &os.LinkError{Op: "rename", New: path, Err: fs.ErrPermission}} {
		said, ok := errors.AsType[*pay.Error](s.configError(fmt.Errorf("write settings: %w", err), "ru"))
		if !ok || said.Code != pay.ErrConfig || !strings.Contains(said.Text, path) || !strings.Contains(said.Hint, dir) {
			t.Errorf("%v: %+v", err, said)
		}
	}
}

// keyed is a bank that can begin nothing without its token.
type keyed struct {
	*bank
	secrets *secret.Store
}

func (k keyed) Ready() error {
	_, err := k.secrets.Get("token")
	if errors.Is(err, secret.ErrMissing) {
		return pay.Refuse(pay.ErrConfig, "no token")
	}
	return err
}

func TestASecretThatWasMissingHealsTheModuleAtOnce(t *testing.T) {
	m := bankModule(&bank{shift: 1})
	m.New = func(p Parts) (provider.Driver, error) { return keyed{&bank{shift: 1}, p.Secrets}, nil }
	s := New(m)
	dir := t.TempDir()
	if _, err := s.Open(t.Context(), module.Opening{Home: dir, Data: dir, Language: "en", DigestKey: []byte("key")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	states := make(chan string, 10)
	go func() { _ = s.Health(t.Context(), func(h module.Health) error { states <- h.State; return nil }) }()
	if first := <-states; first != "blocked" {
		t.Fatalf("without its token: %s", first)
	}
	if _, err := s.Settings(t.Context(), module.SettingsRequest{Action: "set", Key: "Token", Value: "x"}); err != nil {
		t.Fatal(err)
	}
	if now := <-states; now != "ok" {
		t.Errorf("with it: %s", now)
	}
}
