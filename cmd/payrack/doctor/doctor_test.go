package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// saying is a host that gives fixed documents; what it has none of is unsupported.
type saying struct {
	documents map[string]string
	validate  error
	pending   []pay.Operation
}

func (s saying) HostVersion() string { return "1.0" }

func (s saying) Info(_ context.Context, module, what string) (json.RawMessage, error) {
	if document, ok := s.documents[module+"/"+what]; ok {
		return json.RawMessage(document), nil
	}
	return nil, &pay.Error{Code: pay.ErrUnsupported}
}

func (s saying) Settings(context.Context, string, client.Setting) (string, error) {
	return "", s.validate
}
func (s saying) Pending(context.Context, bool) ([]pay.Operation, error) { return s.pending, nil }

// till is the moment on the till's clock.
var till = time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)

// examine looks at an empty installation through a host, in a language.
func examine(t *testing.T, h Host, language string) []Finding {
	t.Helper()
	p, err := place.Find(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return Examine(t.Context(), Installation{Place: p, Version: "1.0", Language: language, Now: func() time.Time { return till }, Zone: time.FixedZone("MSK", 3*60*60),
		Running: true, Host: h, HostErr: &pay.Error{Code: pay.ErrHostStart}, Unchecked: true}, func(Finding) {})
}

func of(findings []Finding, id string) Finding {
	i := slices.IndexFunc(findings, func(f Finding) bool { return f.ID == id })
	if i < 0 {
		return Finding{}
	}
	return findings[i]
}

func sound(changes map[string]string) saying {
	s := saying{documents: map[string]string{
		"/modules":         `[{"id":"sendy","enabled":true,"state":"ok"},{"id":"off","enabled":false,"state":"disabled"}]`,
		"sendy/activation": `{"active":true,"terminal_id":"1"}`, "sendy/journal": `{"ok":true}`, "sendy/link": `{"ok":true,"server_time":"2026-11-22T13:00:01Z"}`,
	}}
	for name, document := range changes {
		s.documents[name] = document
	}
	return s
}

func TestEachTroubleOfAModuleIsAnErrorOfItsClass(t *testing.T) {
	for name, c := range map[string]struct {
		host  Host
		id    string
		class pay.Code
	}{
		"inactive":    {sound(map[string]string{"sendy/activation": `{"active":false}`}), "sendy.activation", pay.ErrNotActive},
		"offline":     {sound(map[string]string{"sendy/link": `{"ok":false,"code":-300,"error":"dial"}`}), "sendy.connection", pay.ErrOffline},
		"certificate": {sound(map[string]string{"sendy/link": `{"ok":false,"code":-301,"error":"unknown authority"}`}), "sendy.connection", pay.ErrTLS},
		"clock":       {sound(map[string]string{"sendy/link": `{"ok":true,"server_time":"2026-11-22T14:00:00Z"}`}), "sendy.clock", pay.ErrClock},
		"down":        {sound(map[string]string{"/modules": `[{"id":"sendy","enabled":true,"state":"down","text":"killed"}]`}), "sendy", pay.ErrModuleDown},
		"quarantined": {sound(map[string]string{"/modules": `[{"id":"sendy","enabled":true,"state":"quarantined"}]`}), "sendy", pay.ErrModuleDown},
		"blocked":     {sound(map[string]string{"/modules": `[{"id":"sendy","enabled":true,"state":"blocked","code":"PR_E_CONFIG","text":"sendy.ini:3"}]`}), "sendy", pay.ErrConfig},
		"not active":  {sound(map[string]string{"/modules": `[{"id":"sendy","enabled":true,"state":"blocked","code":"PR_E_NOT_ACTIVE","text":"activate"}]`}), "sendy", pay.ErrNotActive},
		"no server": {sound(map[string]string{"/modules": `[{"id":"sendy","enabled":true,"state":"blocked","code":"PR_E_NOT_ACTIVE","text":"activate"}]`,
			"sendy/link": `{"ok":false,"code":` + fmt.Sprint(int32(pay.ErrConfig)) + `,"error":"no server is set"}`}), "sendy.settings", pay.ErrConfig},
		"not set up": {sound(map[string]string{"sendy/link": `{"ok":false,"code":` + fmt.Sprint(int32(pay.ErrConfig)) + `,"error":"no bank is on"}`}),
			"sendy.settings", pay.ErrConfig},
		"settings": {saying{documents: sound(nil).documents, validate: &pay.Error{Code: pay.ErrConfig, Text: "sendy.ini:3: SlipWitdh"}}, "sendy.ini", pay.ErrConfig},
		"no host":  {nil, "host", pay.ErrHostStart},
	} {
		t.Run(name, func(t *testing.T) {
			for _, language := range []string{text.Russian, text.English} {
				findings := examine(t, c.host, language)
				f := of(findings, c.id)
				if f.Status != Error || f.Code != c.class || f.Detail == "" || f.Fix == "" {
					t.Errorf("%s: %+v, want an error of class %v with a remedy", language, f, c.class)
				}
				if First(findings) != c.class {
					t.Errorf("the first error is of class %v, want %v", First(findings), c.class)
				}
			}
		})
	}
}

func TestASoundInstallationHasNoError(t *testing.T) {
	findings := examine(t, sound(nil), text.English)
	if code := First(findings); code != pay.CodeOK {
		t.Errorf("an error of class %v in %+v", code, findings)
	}
	if of(findings, "off").ID != "" || of(findings, "sendy.clock").Status != OK || of(findings, "time_zone").Status != OK {
		t.Errorf("findings: %+v", findings)
	}
}

func TestAModuleWithoutTerminalsIsNotCalledActivated(t *testing.T) {
	findings := examine(t, sound(map[string]string{"sendy/activation": `{"active":true,"terminal_id":""}`}), text.English)
	if f := of(findings, "sendy.activation"); f.ID != "" || of(findings, "sendy.connection").Status != OK {
		t.Errorf("%+v", findings)
	}
}

func TestAnUnknownOperationIsAWarningWithItsRemedy(t *testing.T) {
	h := sound(nil)
	for _, why := range []string{"unknown", "unconfirmed", "unread", "contradiction", "reversing"} {
		h.pending = append(h.pending, pay.Operation{Ref: pay.Ref("R-" + why), Module: "sendy", Pending: why})
	}
	findings := examine(t, h, text.English)
	n := 0
	for _, f := range findings {
		if f.ID == "pending" {
			n++
			if f.Status != Warning || f.Fix == "" {
				t.Errorf("%+v", f)
			}
		}
	}
	if n != len(h.pending) || First(findings) != pay.CodeOK {
		t.Errorf("%d warnings of %d operations", n, len(h.pending))
	}
}

func TestAModuleInTroubleIsNeverSaidToBeFine(t *testing.T) {
	f := of(examine(t, sound(map[string]string{"/modules": `[{"id":"sendy","enabled":true,"state":"degraded","text":"no connection"}]`}), text.Russian), "sendy")
	if f.Status != Warning || !strings.Contains(f.Detail, "no connection") || f.Fix == "" {
		t.Errorf("%+v", f)
	}
}
