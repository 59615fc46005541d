package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

func TestClosingAShiftCountsOnlyMoneyThatMovedAndRepeatsItself(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	c.offline(100, "130000000000000068")
	c.offline(50, "130000000000000051")
	p := c.offline(30, "SENDY-0000000000000000")
	c.refund(p.Transaction, 10)
	q := c.offline(7, "SENDY-0000000000000100")
	c.cancel(q, wire.Reverse)
	c.cancel(c.online(9), wire.Close)
	waiting := c.online(11)

	closing := func(shift int64) (v wire.ShiftTotals) {
		t.Helper()
		if err := c.call("POST", wire.PathShiftClose, wire.CloseRequest{Shift: shift, Key: keyOf(900)}, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := closing(1)
	want := []wire.SystemTotals{
		{System: wire.Sendy, Payments: wire.Sum{Count: 2, Amount: 37}, Refunds: wire.Sum{Count: 1, Amount: 10}, Reversals: wire.Sum{Count: 1, Amount: 7}},
		{System: wire.WeChat, Payments: wire.Sum{Count: 1, Amount: 100}},
	}
	if fmt.Sprint(first.Totals) != fmt.Sprint(want) || first.Waiting != (wire.Sum{Count: 1, Amount: 11}) || first.NewShift != 2 || first.Key != keyOf(900) {
		t.Errorf("totals: %+v", first)
	}
	if _, err := s.Control().Pay(t.Context(), waiting.Token); err != nil {
		t.Fatal(err)
	}
	if r := c.get(waiting.Transaction); r.Shift != 1 || r.Booked != 2 {
		t.Errorf("paid after the close: %+v", r)
	}
	if again := closing(1); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("repeated: %+v, first %+v", again, first)
	}
	if v := c.counters(); v.Shift != 2 {
		t.Errorf("shift is %d", v.Shift)
	}
	if err := c.call("POST", wire.PathShiftClose, wire.CloseRequest{Shift: 3}, &wire.ShiftTotals{}); err == nil {
		t.Error("a shift that is yet to come was closed")
	}
	elsewhere, err := s.Control().CloseShift(t.Context(), c.id)
	if err != nil || elsewhere.Shift != 2 || len(elsewhere.Totals) != 1 || c.counters().Shift != 3 {
		t.Errorf("closed elsewhere: %+v, %v", elsewhere, err)
	}
}

func TestAReportIsByShiftOrByTimeAndComesInPages(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	for i := range 5 {
		c.offline(10, "13000000000000"+strconv.Itoa(10+i)+"00")
	}
	begin := s.Clock().Now()
	ask := func(q url.Values) (v wire.Report) {
		t.Helper()
		if err := c.call("GET", wire.PathReport+"?"+q.Encode(), nil, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	page := ask(url.Values{"shift": {"1"}, "limit": {"3"}})
	if len(page.Operations) != 3 || !page.More || page.Totals[0].Payments != (wire.Sum{Count: 5, Amount: 50}) {
		t.Errorf("first page: %+v", page)
	}
	rest := ask(url.Values{"shift": {"1"}, "limit": {"3"}, "after": {"3"}})
	if len(rest.Operations) != 2 || rest.More || rest.Operations[0].Transaction != 4 {
		t.Errorf("second page: %+v", rest)
	}
	s.Clock().Advance(time.Hour)
	c.offline(3, "130000000000000068")
	later := ask(url.Values{"from": {begin.Add(30 * time.Minute).Format(time.RFC3339)}, "to": {begin.Add(2 * time.Hour).Format(time.RFC3339)}})
	if len(later.Operations) != 1 || later.Totals[0].Payments.Amount != 3 {
		t.Errorf("by time: %+v", later)
	}
	for _, q := range []string{"", "?shift=0", "?shift=x", "?from=1&to=2", "?shift=1&limit=1001", "?shift=1&after=-1"} {
		c.refused(wire.CodeBadRequest, "GET", wire.PathReport+q, nil)
	}
	c.refused(wire.CodeShiftNotOpen, "GET", wire.PathReport+"?shift=2", nil)
}

func TestTheServerOffersOnlyTheSystemsThatAreOn(t *testing.T) {
	settings := DefaultSettings()
	settings.Systems = []wire.System{wire.Sendy}
	settings.MaxAmount = 1000
	c := newTill(t, start(t, Options{Settings: &settings}))
	if r := c.offline(1, "130000000000000068"); r.Reason != wire.ReasonSystemOff {
		t.Errorf("WeChat is off: %+v", r)
	}
	if r := c.offline(1001, "SENDY-0000000000000000"); r.Reason != wire.ReasonTooMuch {
		t.Errorf("above the limit: %+v", r)
	}
}

func TestMessagesComeInTheLanguageThatTheTillAsksFor(t *testing.T) {
	s := start(t, Options{})
	for lang, want := range map[string]string{"en-GB,en": "The terminal is not active", "ru": "Терминал не активирован", "": "Терминал не активирован"} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/"+wire.PathCounters, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Language", lang)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("%q: %s", lang, data)
		}
	}
}

func TestEveryReasonAndCodeHasItsTextsAndItsCode(t *testing.T) {
	for _, lang := range []string{"ru", "en"} {
		for _, r := range []wire.Reason{wire.ReasonNotEnough, wire.ReasonCodeExpired, wire.ReasonCodeInvalid, wire.ReasonCodeUsed, wire.ReasonPayer,
			wire.ReasonExpired, wire.ReasonSystemOff, wire.ReasonTooMuch, wire.ReasonNoOriginal, wire.ReasonRefundExcess, wire.ReasonCancelled} {
			if reasonText(lang, r) == "" || r.ResponseCode() == "96" {
				t.Errorf("%s in %s: %q, %s", r, lang, reasonText(lang, r), r.ResponseCode())
			}
		}
	}
}

func TestTheFaultsKnowSendysFields(t *testing.T) {
	s := start(t, Options{})
	c, ctl := newTill(t, s), s.Control()
	p := c.offline(100, "130000000000000068")
	for kind, wrong := range map[sdk.FaultKind]func(r wire.Record) bool{
		sdk.FaultSum:       func(r wire.Record) bool { return r.Amount == 101 },
		sdk.FaultKey:       func(r wire.Record) bool { return r.Key != p.Key && wire.ValidKey(r.Key) },
		sdk.FaultNumber:    func(r wire.Record) bool { return r.Transaction == p.Transaction+1 },
		sdk.FaultCurrency:  func(r wire.Record) bool { return r.Currency == "XTS" },
		sdk.FaultCase:      func(r wire.Record) bool { return r.Status == "paid" && r.Status.Fold() == wire.Paid },
		sdk.FaultNewStatus: func(r wire.Record) bool { return r.Status.Fold() == "" },
		sdk.FaultExtra:     func(r wire.Record) bool { return r.Status == wire.Paid },
	} {
		if _, err := ctl.Arm(t.Context(), sdk.Fault{Kind: kind, Method: "GET", Path: "/pos/payment/*"}); err != nil {
			t.Fatal(err)
		}
		if r := c.get(p.Transaction); !wrong(r) {
			t.Errorf("%s: %+v", kind, r)
		}
	}
	if _, err := ctl.Arm(t.Context(), sdk.Fault{Kind: sdk.FaultNotFound, Count: 2}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c.refused(wire.CodeNotFound, "GET", wire.PathPayment(p.Transaction), nil)
	}
	if r := c.get(p.Transaction); r.Status != wire.Paid {
		t.Errorf("then found: %+v", r)
	}
}

func TestTheStateOutlivesItsServer(t *testing.T) {
	data := t.TempDir()
	s, err := New(Options{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	c := newTill(t, s)
	paid := c.offline(100, "130000000000000068")
	waiting := c.online(5)
	if err := c.call("POST", wire.PathShiftClose, wire.CloseRequest{Shift: 1}, &wire.ShiftTotals{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Control().Configure(t.Context(), map[string]int{"busy_cancels": 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Data: data}); err == nil {
		t.Error("two sandboxes have one folder")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	c.s = start(t, Options{Data: data})
	if got := c.get(paid.Transaction); got.Status != wire.Paid || got.RRN != paid.RRN || c.net(paid.Transaction) != 100 {
		t.Errorf("%+v, net %d", got, c.net(paid.Transaction))
	}
	if v := c.counters(); v.Shift != 2 || v.NextTransaction != 3 {
		t.Errorf("%+v", v)
	}
	if r := c.offline(1, "130000000000000068"); r.Reason != wire.ReasonCodeUsed {
		t.Errorf("a used code is fresh again: %+v", r)
	}
	if r := c.cancel(waiting, wire.Close); !r.Recall {
		t.Errorf("the settings are gone: %+v", r)
	}
	if _, err := c.s.Control().Pay(t.Context(), waiting.Token); err != nil {
		t.Errorf("what waited is gone: %v", err)
	}
	if err := c.s.Control().Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.refused(wire.CodeUnauthorized, "GET", wire.PathCounters, nil)
	if v := newTill(t, c.s).counters(); v.NextTransaction != 1 || v.Shift != 1 {
		t.Errorf("after a reset: %+v", v)
	}
}

func TestWalletsAreCreatedAndFilled(t *testing.T) {
	s := start(t, Options{})
	c, ctl := newTill(t, s), s.Control()
	if _, err := ctl.SetWallet(t.Context(), sdk.Wallet{ID: "wx1", Name: "Нина", System: "WECHAT", Balance: 100}); err != nil {
		t.Fatal(err)
	}
	code, err := ctl.ShowCode(t.Context(), "wx1", "confirm")
	if err != nil {
		t.Fatal(err)
	}
	r := c.offline(100, code.Text)
	if r.Status != wire.UserPaying {
		t.Fatalf("%+v", r)
	}
	if b, err := ctl.Pay(t.Context(), code.Text); err != nil || b.Payer != "wx1" {
		t.Errorf("%+v, %v", b, err)
	}
	list, err := ctl.Wallets(t.Context())
	if err != nil || len(list) != 5 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, w := range list {
		if w.ID == "wx1" && w.Balance != 0 {
			t.Errorf("it still has %d", w.Balance)
		}
	}
	for _, bad := range []sdk.Wallet{{ID: "x", System: "CASH"}, {System: "SENDY"}, {ID: "x", System: "SENDY", Balance: -1}} {
		if _, err := ctl.SetWallet(t.Context(), bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
	if _, err := ctl.ShowCode(t.Context(), "nobody", ""); err == nil {
		t.Error("nobody showed a code")
	}
	if _, err := ctl.ShowCode(t.Context(), "wx1", "dance"); err == nil {
		t.Error("a code that dances was shown")
	}
}
