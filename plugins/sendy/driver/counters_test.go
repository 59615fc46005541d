package driver

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/plugins/sendy/sandbox"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	play "github.com/payrack/payrack/sdk/sandbox"
)

func TestNumbersAndShiftComeFromTheServer(t *testing.T) {
	c := activeTill(t, nil)
	first := c.begin(pay.KindOffline, 100)
	if first.ProviderNumber != 1 || first.ProviderShift != 1 {
		t.Errorf("number %d, shift %d", first.ProviderNumber, first.ProviderShift)
	}
	c.Commit(t.Context(), c.scan(100, "51"))
	counters, err := c.Counters(t.Context())
	if err != nil || counters.Next != 2 || counters.Time.IsZero() {
		t.Errorf("a declined one takes a number too: %+v, %v", counters, err)
	}
	if _, err := c.s.Control().CloseShift(t.Context(), sandbox.DefaultTerminal.ID); err != nil {
		t.Fatal(err)
	}
	if next := c.begin(pay.KindOffline, 100); next.ProviderShift != 2 {
		t.Errorf("a shift closed elsewhere is not noticed: %d", next.ProviderShift)
	}
}

func TestCountersThatCannotBeReadAreAnError(t *testing.T) {
	c := activeTill(t, nil)
	for _, f := range []play.Fault{{Kind: play.FaultDrop}, {Kind: play.FaultHTML}, {Kind: play.FaultHuge}, {Kind: play.FaultHalf}, {Kind: play.FaultStatus},
		{Kind: play.FaultEdit, Set: map[string]json.RawMessage{"next_transaction": json.RawMessage(`0`)}},
		{Kind: play.FaultEdit, Set: map[string]json.RawMessage{"shift": json.RawMessage(`null`)}}} {
		c.spoil(f)
		if counters, err := c.Counters(t.Context()); err == nil {
			t.Errorf("%s: %+v", f.Kind, counters)
		}
	}
}

func (c *till) close(shift int64) (provider.ShiftTotals, error) {
	return c.CloseShift(c.t.Context(), provider.Operation{Kind: pay.KindCloseDay, Key: pay.Key{7}, Begun: time.Now(), Tries: 1}, shift)
}

func TestAShiftIsClosedOnceAndTellsItsTotalsForEver(t *testing.T) {
	c := activeTill(t, nil)
	payment := c.paid(500)
	c.want(provider.Approved)(c.Refund(t.Context(), c.giveBack(pay.KindRefund, 100, payment), payment))
	undone := c.paid(300)
	c.want(provider.Approved)(c.Reverse(t.Context(), c.giveBack(pay.KindReversal, 300, undone), undone))
	c.Commit(t.Context(), c.scan(900, "51"))
	c.shown(700)

	want := provider.ShiftLine{System: SystemWeChat, Payments: 2, PaymentsSum: 800, Refunds: 2, RefundsSum: 400}
	c.spoil(play.Fault{Kind: play.FaultDrop, Method: "POST", Work: true})
	if totals, err := c.close(1); err == nil {
		t.Errorf("a lost answer tells %+v", totals)
	}
	for range 2 {
		totals, err := c.close(1)
		if err != nil || totals.Shift != 1 || totals.Next != 2 || len(totals.Lines) != 1 || totals.Lines[0] != want || totals.Elsewhere {
			t.Errorf("%+v, %v", totals, err)
		}
	}
	c.paid(100)
	if totals, err := c.close(1); err != nil || totals.Lines[0] != want {
		t.Errorf("after the next shift began: %+v, %v", totals, err)
	}
}

func TestAShiftClosedElsewhereIsSaidSo(t *testing.T) {
	c := activeTill(t, nil)
	c.paid(500)
	if _, err := c.s.Control().CloseShift(t.Context(), sandbox.DefaultTerminal.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.s.Control().Advance(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	totals, err := c.close(1)
	if err != nil || !totals.Elsewhere || totals.Lines[0].PaymentsSum != 500 {
		t.Errorf("%+v, %v", totals, err)
	}
}

func TestTotalsOfAnotherShiftOrRequestAreNoWord(t *testing.T) {
	c := activeTill(t, nil)
	c.paid(500)
	c.spoil(play.Fault{Kind: play.FaultEdit, Method: "POST", Set: map[string]json.RawMessage{"shift": json.RawMessage("7"), "new_shift": json.RawMessage("8")}})
	if totals, err := c.close(1); err == nil {
		t.Errorf("shift 7: %+v", totals)
	}
	for name, value := range map[string]string{"key": `"ffffffffffffffffffffffffffffffff"`, "totals": `[{"system":"SENDY","payments":{"count":0,"amount":5}}]`, "new_shift": "0"} {
		c.spoil(play.Fault{Kind: play.FaultEdit, Method: "POST", Set: map[string]json.RawMessage{name: json.RawMessage(value)}})
		if totals, err := c.close(1); err == nil {
			t.Errorf("%s: %+v", name, totals)
		}
	}
	if _, err := c.close(9); err == nil {
		t.Error("a shift that was never opened is closed")
	}
}

func TestTheTillOutwaitsTheProcessing(t *testing.T) {
	c := activeTill(t, nil)
	settings := c.parts.Settings.(*Settings)
	if settings.WaitTimeout != 310*time.Second {
		t.Errorf("the default is %s", settings.WaitTimeout)
	}
	c.configure(map[string]any{"processing_timeout_ms": 400_000})
	c.paid(100)
	c.restart()
	if settings.WaitTimeout != 410*time.Second {
		t.Errorf("the processing takes 400 s, the till waits %s", settings.WaitTimeout)
	}
	if !strings.Contains(c.log.String(), "WaitTimeout is to be raised") {
		t.Error("nobody was told")
	}
}

func TestWhatIsKnownOfTheTerminalIsShown(t *testing.T) {
	c := activeTill(t, func(s *Settings) { s.WeChat, s.AliPay = true, true })
	c.configure(map[string]any{"systems": []string{"SENDY", "ALIPAY"}})
	if _, err := c.Counters(t.Context()); err != nil {
		t.Fatal(err)
	}
	document, err := c.Info(t.Context(), "settings")
	want := `"systems":["sendy","alipay"],"offered":["sendy","alipay"],"online":true,"offline":true,"refund":true,"max_amount":1000000000,"processing_timeout_s":300,"wait_timeout_s":310}`
	if err != nil || !strings.HasSuffix(string(document), want) {
		t.Errorf("%s, %v", document, err)
	}
	if document, err = c.Info(t.Context(), "counters"); err != nil || !strings.Contains(string(document), `"next_transaction":1`) {
		t.Errorf("%s, %v", document, err)
	}
	if _, err = c.Info(t.Context(), "weather"); pay.CodeOf(err) != pay.ErrUnsupported {
		t.Errorf("%v", err)
	}
	if _, err = newTill(t, sandbox.Options{}, nil).Info(t.Context(), "registration"); pay.CodeOf(err) != pay.ErrNotActive {
		t.Errorf("%v", err)
	}
}

func TestTheProbeSaysHowTheWayToTheServerLooks(t *testing.T) {
	c := newTill(t, sandbox.Options{}, nil)
	probe := func(ok bool, code pay.Code) provider.Probe {
		t.Helper()
		p, err := c.Probe(t.Context())
		if err != nil || p.OK != ok || p.Code != code || ok == (p.Error != "") {
			t.Errorf("%+v, %v", p, err)
		}
		return p
	}
	if p := probe(true, 0); p.ServerTime.IsZero() {
		t.Error("before the activation the server's time is not seen")
	}
	c.activate()
	probe(true, 0)
	c.spoil(play.Fault{Kind: play.FaultHTML})
	probe(false, pay.ErrOffline)
	c.spoil(play.Fault{Kind: play.FaultStatus, Status: 503})
	probe(false, pay.ErrOffline)
	if _, err := c.s.Control().SetTerminal(t.Context(), sandbox.TerminalWish{ID: sandbox.DefaultTerminal.ID, Deactivate: true}); err != nil {
		t.Fatal(err)
	}
	probe(false, pay.ErrAuth)
	if err := c.s.Close(); err != nil {
		t.Fatal(err)
	}
	probe(false, pay.ErrOffline)
	c = newTill(t, sandbox.Options{}, func(s *Settings) { s.Server = "" })
	probe(false, pay.ErrConfig)
}

func TestARefusalToCloseAShiftEndsTheCloseWithItsReason(t *testing.T) {
	c := activeTill(t, nil)
	_, err := c.close(9)
	if e, ok := errors.AsType[*pay.Error](err); !ok || e.Code != pay.ErrShift || e.Text == "" || e.Hint == "" {
		t.Errorf("a shift that is yet to come: %v", err)
	}
	c.spoil(play.Fault{Kind: play.FaultStatus, Method: "POST", Status: 503})
	if _, err = c.close(1); pay.CodeOf(err) != pay.ErrOffline {
		t.Errorf("no word: %v", err)
	}
}
