package driver

import (
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/payrack/payrack/plugins/sendy/sandbox"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
)

func (c *till) tryActivate(code string, force bool) provider.ActivationResult {
	c.t.Helper()
	r, err := c.Activate(c.t.Context(), provider.Activation{Terminal: sandbox.DefaultTerminal.ID, Serial: "SN-1", Code: code, Force: force})
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *till) attemptsLeft() int {
	c.t.Helper()
	state, err := c.Activation(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return state.AttemptsLeft
}

func TestThreeBadCodesBurnItAndEachSaysHowManyAreLeft(t *testing.T) {
	c := newTill(t, sandbox.Options{}, nil)
	for i, want := range []string{"Осталось 2 попытки из 3", "Осталась 1 попытка из 3"} {
		r := c.tryActivate("00000000", false)
		if r.Active || r.AttemptsLeft != 2-i || r.Code != "BAD_CODE" || !strings.Contains(r.Text, want) {
			t.Errorf("try %d: %+v", i+1, r)
		}
		if c.attemptsLeft() != 2-i {
			t.Errorf("try %d: %d are stored", i+1, c.attemptsLeft())
		}
	}
	c.restart()
	if c.attemptsLeft() != 1 {
		t.Error("a restart forgot what is left")
	}
	for range 2 {
		r := c.tryActivate(sandbox.DefaultTerminal.Code+"0", false)
		if r.Active || r.AttemptsLeft != 0 || r.Code != "CODE_BURNT" || !strings.Contains(r.Hint, "Получите новый код") {
			t.Errorf("the burnt code: %+v", r)
		}
	}
	fresh, err := c.s.Control().SetTerminal(t.Context(), sandbox.TerminalWish{ID: sandbox.DefaultTerminal.ID})
	if err != nil {
		t.Fatal(err)
	}
	c.hide(fresh.Code)
	if r := c.tryActivate(fresh.Code, false); !r.Active {
		t.Errorf("the new code: %+v", r)
	}
	if c.attemptsLeft() != -1 {
		t.Errorf("after an activation %d attempts are left of nothing", c.attemptsLeft())
	}
	want := []string{"10240007 SN-1 false BAD_CODE 2", "10240007 SN-1 false BAD_CODE 1", "10240007 SN-1 false CODE_BURNT 0",
		"10240007 SN-1 false CODE_BURNT 0", "10240007 SN-1 true  -1"}
	if !slices.Equal(c.tries, want) {
		t.Errorf("journaled tries:\n%s", strings.Join(c.tries, "\n"))
	}
}

func TestOneAttemptIsSaidInEnglishToo(t *testing.T) {
	c := newTill(t, sandbox.Options{}, func(s *Settings) { s.Language = "en" })
	c.tryActivate("1", false)
	if r := c.tryActivate("1", false); !strings.Contains(r.Text, "1 attempt of 3 left") {
		t.Errorf("%q", r.Text)
	}
}

func TestAnActivationIsKeptAndTold(t *testing.T) {
	c := activeTill(t, nil)
	c.restart()
	state, err := c.Activation(t.Context())
	if err != nil || !state.Active || state.Terminal != "10240007" || state.Serial != "SN-1" || state.Since.IsZero() || state.AttemptsLeft != -1 {
		t.Errorf("%+v, %v", state, err)
	}
	c.paid(100)
	document, err := c.Info(t.Context(), "registration")
	var shown map[string]any
	if err != nil || json.Unmarshal(document, &shown) != nil || shown["merchant"] != `ООО "РОМАШКА"` || shown["terminal_id"] != "10240007" || shown["computer"] != "till-4" {
		t.Errorf("%s, %v", document, err)
	}
	if stored, _ := c.terminal(); strings.Contains(string(document), stored.Secret) {
		t.Error("the secret is shown")
	}
}

func TestAnActiveComputerOrTerminalWantsForceAndSpendsNothing(t *testing.T) {
	c := activeTill(t, nil)
	posts := c.posts()
	r := c.tryActivate(sandbox.DefaultTerminal.Code, false)
	if r.Active || !r.NeedsForce || !strings.Contains(r.Text, "10240007") || r.Hint == "" || c.posts() != posts {
		t.Errorf("%+v, %d requests", r, c.posts()-posts)
	}
	if err := c.parts.Secrets.Delete(nameTerminal); err != nil {
		t.Fatal(err)
	}
	r = c.tryActivate(sandbox.DefaultTerminal.Code, false)
	if r.Active || !r.NeedsForce || r.Code != "ALREADY_ACTIVATED" || !strings.Contains(r.Text, "на другой кассе") {
		t.Errorf("%+v", r)
	}
	terminals, err := c.s.Control().Terminals(t.Context())
	if err != nil || terminals[0].Attempts != 3 {
		t.Errorf("%+v, %v", terminals, err)
	}
	if r := c.tryActivate(sandbox.DefaultTerminal.Code, true); !r.Active || r.NeedsForce {
		t.Errorf("with force: %+v", r)
	}
	c.paid(100)
}

func TestABadCodeWithForceLeavesTheActivationAlone(t *testing.T) {
	c := activeTill(t, nil)
	if r := c.tryActivate("00000000", true); r.Active || r.AttemptsLeft != 2 {
		t.Errorf("%+v", r)
	}
	c.paid(100)
}

func TestWithoutAServerNoAttemptIsSpent(t *testing.T) {
	c := newTill(t, sandbox.Options{}, nil)
	c.tryActivate("00000000", false)
	settings := c.parts.Settings.(*Settings)
	working := settings.Server
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	settings.Server = "http://" + nobody.Addr().String()
	nobody.Close()
	c.restart()
	_, err = c.Activate(t.Context(), provider.Activation{Terminal: "10240007", Serial: "SN-1", Code: "12345678"})
	if e, ok := errors.AsType[*pay.Error](err); !ok || e.Code != pay.ErrOffline || !strings.Contains(e.Text, "попытка не потрачена") {
		t.Errorf("%v", err)
	}
	if c.attemptsLeft() != 2 {
		t.Errorf("%d are left", c.attemptsLeft())
	}
	settings.Server = working
	c.restart()
	if r := c.tryActivate("00000000", false); r.AttemptsLeft != 1 {
		t.Errorf("%+v", r)
	}
	if last := c.tries[1]; last != "10240007 SN-1 false PR_E_OFFLINE 2" {
		t.Errorf("journaled: %s", last)
	}
}

func TestAnActivationWhoseAnswerIsLostCanBeRepeated(t *testing.T) {
	for _, f := range []play.Fault{{Kind: play.FaultDrop, Work: true}, {Kind: play.FaultHTML, Work: true}, {Kind: play.FaultHalf}, {Kind: play.FaultHuge, Work: true},
		{Kind: play.FaultStatus, Work: true}, {Kind: play.FaultEdit, Set: map[string]json.RawMessage{"terminal_id": json.RawMessage(`"7"`)}},
		{Kind: play.FaultEdit, Set: map[string]json.RawMessage{"secret": json.RawMessage(`null`)}}} {
		c := newTill(t, sandbox.Options{}, nil)
		c.spoil(f)
		_, err := c.Activate(t.Context(), provider.Activation{Terminal: "10240007", Serial: "SN-1", Code: "12345678"})
		if e, ok := errors.AsType[*pay.Error](err); !ok || e.Code != pay.ErrOffline || !strings.Contains(e.Text, "могла быть учтена") {
			t.Errorf("%s: %v", f.Kind, err)
		}
		if state, err := c.Activation(t.Context()); err != nil || state.Active {
			t.Errorf("%s: %+v, %v", f.Kind, state, err)
		}
		if r := c.tryActivate("12345678", false); !r.NeedsForce {
			t.Errorf("%s: %+v", f.Kind, r)
		}
		if r := c.tryActivate("12345678", true); !r.Active {
			t.Errorf("%s: %+v", f.Kind, r)
		}
	}
}

func TestWhatIsEnteredIsCheckedBeforeItIsSent(t *testing.T) {
	c := newTill(t, sandbox.Options{}, nil)
	for _, a := range []provider.Activation{{}, {Terminal: "1", Serial: "2"}, {Terminal: "1", Code: "3"}, {Serial: "2", Code: "3"},
		{Terminal: strings.Repeat("1", 65), Serial: "2", Code: "3"}, {Terminal: "1\x00", Serial: "2", Code: "3"}} {
		if _, err := c.Activate(t.Context(), a); pay.CodeOf(err) != pay.ErrArgument {
			t.Errorf("%+v: %v", a, err)
		}
	}
	r, err := c.Activate(t.Context(), provider.Activation{Terminal: "404", Serial: "2", Code: "3"})
	if err != nil || r.Active || r.Code != "UNKNOWN_TERMINAL" || !strings.Contains(r.Text, "404") || r.AttemptsLeft != -1 {
		t.Errorf("%+v, %v", r, err)
	}
	if n := c.posts(); n != 1 {
		t.Errorf("%d requests", n)
	}
	none := newTill(t, sandbox.Options{}, func(s *Settings) { s.Server = "" })
	if _, err := none.Activate(t.Context(), provider.Activation{Terminal: "1", Serial: "2", Code: "3"}); pay.CodeOf(err) != pay.ErrConfig {
		t.Errorf("without a server: %v", err)
	}
}

func TestADamagedActivationIsSaidSoAndNotTakenForNone(t *testing.T) {
	c := activeTill(t, nil)
	if err := c.parts.Secrets.Set(nameTerminal, []byte("{")); err != nil {
		t.Fatal(err)
	}
	if state, err := c.Activation(t.Context()); err == nil || state.Active {
		t.Errorf("%+v, %v", state, err)
	}
	if r := c.tryActivate(sandbox.DefaultTerminal.Code, false); !r.NeedsForce {
		t.Errorf("%+v", r)
	}
	if r := c.tryActivate(sandbox.DefaultTerminal.Code, true); !r.Active {
		t.Errorf("%+v", r)
	}
}
