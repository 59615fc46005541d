package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"

	"github.com/payrack/payrack/plugins/sendy/wire"
)

// start runs a sandbox on a port of its own.
func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if bad := s.Ledger().Trouble(); len(bad) != 0 {
			t.Errorf("the ledger: %v", bad)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// till is a terminal's side of the API.
type till struct {
	t      *testing.T
	s      *Server
	id     string
	secret string
	next   int64
}

// newTill activates the default terminal.
func newTill(t *testing.T, s *Server) *till {
	t.Helper()
	c := &till{t: t, s: s, id: DefaultTerminal.ID, next: 1}
	var a wire.Activation
	if err := c.call("POST", wire.PathActivate, wire.ActivateRequest{TerminalID: c.id, Serial: "SN-1", Code: DefaultTerminal.Code, Force: true}, &a); err != nil {
		t.Fatal(err)
	}
	c.secret = a.Secret
	return c
}

// call sends one request. A refusal comes back as *wire.Error.
func (c *till) call(method, path string, in any, out wire.Message) error {
	body := io.Reader(http.NoBody)
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.s.URL()+"/"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", wire.BearerPrefix+c.secret)
	req.Header.Set(wire.HeaderTerminal, c.id)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusOK {
		return wire.Decode(data, out)
	}
	var e wire.ErrorAnswer
	if err := wire.Decode(data, &e); err != nil {
		return err
	}
	if resp.StatusCode != e.Error.Code.HTTPStatus() || e.Error.Message == "" {
		return fmt.Errorf("%s came with status %d and message %q", e.Error.Code, resp.StatusCode, e.Error.Message)
	}
	return e.Error
}

// do is call for what must succeed with a record.
func (c *till) do(method, path string, in any) wire.Record {
	c.t.Helper()
	var r wire.Record
	if err := c.call(method, path, in, &r); err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

func (c *till) refused(want wire.Code, method, path string, in any) {
	c.t.Helper()
	err := c.call(method, path, in, &wire.Record{})
	if e, ok := errors.AsType[*wire.Error](err); !ok || e.Code != want {
		c.t.Errorf("%s %s: %v, want %s", method, path, err, want)
	}
}

// number spends one, and makes the key of its operation.
func (c *till) number() (int64, string) {
	n := c.next
	c.next++
	return n, keyOf(n)
}

func keyOf(n int64) string { return fmt.Sprintf("%032x", 0xabc000+n) }

func (c *till) offline(amount int64, code string) wire.Record {
	c.t.Helper()
	return c.do("POST", wire.PathOffline, c.offlineRequest(amount, code))
}

func (c *till) offlineRequest(amount int64, code string) wire.OfflineRequest {
	n, key := c.number()
	system, _ := wire.SystemOf(code)
	return wire.OfflineRequest{Transaction: n, Shift: 1, Key: key, Amount: amount, Currency: "RUB", AuthCode: code, System: system}
}

func (c *till) online(amount int64) wire.Record {
	c.t.Helper()
	n, key := c.number()
	return c.do("POST", wire.PathOnline, wire.OnlineRequest{Transaction: n, Shift: 1, Key: key, Amount: amount, Currency: "RUB", System: wire.Sendy})
}

func (c *till) refund(of, amount int64) wire.Record {
	c.t.Helper()
	n, key := c.number()
	return c.do("POST", wire.PathRefund, wire.RefundRequest{Transaction: n, Original: of, Shift: 1, Key: key, Amount: amount, Currency: "RUB"})
}

func (c *till) get(n int64) wire.Record {
	c.t.Helper()
	return c.do("GET", wire.PathPayment(n), nil)
}

func (c *till) cancel(r wire.Record, mode wire.CancelMode) wire.Record {
	c.t.Helper()
	return c.do("POST", wire.PathCancel(r.Transaction), wire.CancelRequest{Key: r.Key, Amount: r.Amount, Mode: mode})
}

func (c *till) counters() wire.Counters {
	c.t.Helper()
	var v wire.Counters
	if err := c.call("GET", wire.PathCounters, nil, &v); err != nil {
		c.t.Fatal(err)
	}
	return v
}

func (c *till) net(n int64) int64 { return c.s.Ledger().Net(keyOf(n)) }

func TestACodeAllowsThreeTriesAndThenIsBurnt(t *testing.T) {
	s := start(t, Options{})
	c := &till{t: t, s: s}
	try := func(code string, force bool) (wire.Activation, *wire.Error) {
		var a wire.Activation
		err := c.call("POST", wire.PathActivate, wire.ActivateRequest{TerminalID: DefaultTerminal.ID, Serial: "SN", Code: code, Force: force}, &a)
		e, ok := errors.AsType[*wire.Error](err)
		if err != nil && !ok {
			t.Fatal(err)
		}
		return a, e
	}
	if _, e := try("0", false); e == nil || e.Code != wire.CodeBadCode || *e.AttemptsLeft != 2 {
		t.Errorf("first: %v", e)
	}
	if a, e := try(DefaultTerminal.Code, false); e != nil || a.Secret == "" || a.Registration.Merchant == "" {
		t.Errorf("right: %+v, %v", a, e)
	}
	if _, e := try(DefaultTerminal.Code, false); e == nil || e.Code != wire.CodeAlreadyActivated {
		t.Errorf("again: %v", e)
	}
	if a, e := try(DefaultTerminal.Code, true); e != nil || a.Secret == "" {
		t.Errorf("again by force, as after a lost answer: %v", e)
	}
	if _, e := try("0", true); e == nil || e.Code != wire.CodeBadCode || *e.AttemptsLeft != 1 {
		t.Errorf("second: %v", e)
	}
	if _, e := try("0", false); e == nil || e.Code != wire.CodeBurnt || *e.AttemptsLeft != 0 {
		t.Errorf("third: %v", e)
	}
	if _, e := try(DefaultTerminal.Code, true); e == nil || e.Code != wire.CodeBurnt {
		t.Errorf("the right code, burnt: %v", e)
	}
	term, err := s.Control().SetTerminal(t.Context(), TerminalWish{ID: DefaultTerminal.ID, Code: "777", Deactivate: true})
	if err != nil || term.Attempts != 3 || term.Secret != "" {
		t.Errorf("a new code: %+v, %v", term, err)
	}
	if _, e := try("777", false); e != nil {
		t.Errorf("the new code: %v", e)
	}
}

func TestOnlyAnActivatedTerminalIsServed(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	old := c.secret
	c.refused(wire.CodeUnknownTerminal, "POST", wire.PathActivate, wire.ActivateRequest{TerminalID: "1", Serial: "S", Code: "1"})
	fresh := newTill(t, s) // takes the terminal over
	c.refused(wire.CodeUnauthorized, "GET", wire.PathCounters, nil)
	c.secret = ""
	c.refused(wire.CodeUnauthorized, "GET", wire.PathCounters, nil)
	if fresh.secret == old {
		t.Error("the secret did not change")
	}
	if v := fresh.counters(); v.NextTransaction != 1 || v.Shift != 1 || len(v.Systems) != 3 || v.Allowed.ProcessingTimeout != 300 || v.Registration.Serial != "SN-1" {
		t.Errorf("counters: %+v", v)
	}
}

func TestTheLastDigitsOfACodeSayWhatItsCustomerDoes(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	for _, tt := range []struct {
		code   string
		status wire.Status
		reason wire.Reason
		rc     string
	}{
		{"130000000000000068", wire.Paid, "", "00"},
		{"280000000000000000", wire.Paid, "", "00"},
		{"SENDY-0000000000000000", wire.Paid, "", "00"},
		{"130000000000000011", wire.UserPaying, "", ""},
		{"130000000000000012", wire.UserPaying, "", ""},
		{"130000000000000051", wire.Declined, wire.ReasonNotEnough, "51"},
		{"130000000000000005", wire.Declined, wire.ReasonPayer, "05"},
		{"130000000000000054", wire.Declined, wire.ReasonCodeExpired, "54"},
		{"130000000000000014", wire.Declined, wire.ReasonCodeInvalid, "14"},
		{"130000000000000068", wire.Declined, wire.ReasonCodeUsed, "94"},
	} {
		r := c.offline(12345, tt.code)
		if r.Status != tt.status || r.Reason != tt.reason || r.Code != tt.rc || r.Message == "" && tt.reason != "" {
			t.Errorf("%s: %+v", tt.code, r)
		}
		want := int64(0)
		if tt.status == wire.Paid {
			want = 12345
			if r.RRN == "" || r.Approval == "" || r.PaidAt.IsZero() || r.Booked != 1 {
				t.Errorf("%s lacks something: %+v", tt.code, r)
			}
		}
		if got := c.net(r.Transaction); got != want {
			t.Errorf("%s moved %d", tt.code, got)
		}
	}
	if r := c.get(1); r.Payer != "13****68" {
		t.Errorf("payer is %q", r.Payer)
	}
	wrong := c.offlineRequest(1, "130000000000000168")
	wrong.System = wire.Alipay
	if r := c.do("POST", wire.PathOffline, wrong); r.Reason != wire.ReasonCodeInvalid {
		t.Errorf("a WeChat code sent as Alipay's: %+v", r)
	}
	if v := c.counters(); v.NextTransaction != c.next {
		t.Errorf("declined payments took no number: next is %d, want %d", v.NextTransaction, c.next)
	}
}

func TestCustomersThatDecideByThemselvesDoSoAtTheSecondLook(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	for code, want := range map[string]wire.Status{"130000000000000012": wire.Declined, "130000000000000013": wire.Paid} {
		r := c.offline(5, code)
		if first := c.get(r.Transaction); first.Status != wire.UserPaying {
			t.Errorf("%s, first look: %s", code, first.Status)
		}
		if second := c.get(r.Transaction); second.Status != want {
			t.Errorf("%s, second look: %s, want %s", code, second.Status, want)
		}
	}
}

func TestAShownCodeLivesAMinuteAndIsGoodForOneScan(t *testing.T) {
	s := start(t, Options{})
	c, ctl := newTill(t, s), s.Control()
	for _, wallet := range []string{"79161234568", "wx13005556677", "ali2808889900"} {
		code, err := ctl.ShowCode(t.Context(), wallet, "")
		if err != nil {
			t.Fatal(err)
		}
		if r := c.offline(100, code.Text); r.Status != wire.Paid {
			t.Errorf("%s: %+v", wallet, r)
		}
		if r := c.offline(100, code.Text); r.Reason != wire.ReasonCodeUsed {
			t.Errorf("%s, scanned again: %+v", wallet, r)
		}
	}
	old, err := ctl.ShowCode(t.Context(), "79161234568", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ctl.Advance(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if r := c.offline(100, old.Text); r.Reason != wire.ReasonCodeExpired {
		t.Errorf("a minute later: %+v", r)
	}
	poor, err := ctl.ShowCode(t.Context(), "79167654321", "") // has 100.00
	if err != nil {
		t.Fatal(err)
	}
	if r := c.offline(10_001, poor.Text); r.Reason != wire.ReasonNotEnough {
		t.Errorf("more than the balance: %+v", r)
	}
}

func TestAnOnlinePaymentIsPaidByTheOneWhoScansItsQR(t *testing.T) {
	s := start(t, Options{})
	c, ctl := newTill(t, s), s.Control()
	r := c.online(777)
	if r.Status != wire.Waiting || r.Token == "" || r.QR == "" || r.Expires.Sub(r.Created) != 5*time.Minute {
		t.Fatalf("%+v", r)
	}
	if again := c.get(r.Transaction); again.QR != r.QR || again.Status != wire.Waiting {
		t.Errorf("a lost answer cannot be had again: %+v", again)
	}
	if b, err := ctl.Pay(t.Context(), r.QR); err != nil || b.State != sdk.BillPaid {
		t.Fatalf("%+v, %v", b, err)
	}
	if p := c.get(r.Transaction); p.Status != wire.Paid || p.Payer != "79****68" || p.Key != r.Key || c.net(r.Transaction) != 777 {
		t.Errorf("%+v", p)
	}
	if _, err := ctl.Pay(t.Context(), r.Token); !errors.Is(err, sdk.ErrBillOver) {
		t.Errorf("paid twice: %v", err)
	}
	d := c.online(5)
	if _, err := ctl.Decline(t.Context(), ""); err != nil {
		t.Error(err)
	}
	if p := c.get(d.Transaction); p.Status != wire.Declined || p.Reason != wire.ReasonPayer {
		t.Errorf("declined: %+v", p)
	}
}

func TestAQRThatNobodyPaidExpires(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	byTime, byHand := c.online(5), c.online(6)
	if _, err := s.Control().Expire(t.Context(), byHand.Key); err != nil {
		t.Fatal(err)
	}
	if p := c.get(byHand.Transaction); p.Reason != wire.ReasonExpired {
		t.Errorf("by hand: %+v", p)
	}
	s.Clock().Advance(5*time.Minute - time.Second)
	if p := c.get(byTime.Transaction); p.Status != wire.Waiting {
		t.Errorf("too early: %+v", p)
	}
	s.Clock().Advance(time.Second)
	if p := c.get(byTime.Transaction); p.Status != wire.Declined || p.Reason != wire.ReasonExpired || p.Code != "68" {
		t.Errorf("by time: %+v", p)
	}
	if _, err := s.Control().Pay(t.Context(), byTime.Token); !errors.Is(err, sdk.ErrBillOver) {
		t.Errorf("an expired QR was paid: %v", err)
	}
}

func TestTheSimulatedCustomerPaysByPollsOrByTimeUnlessHeld(t *testing.T) {
	s := start(t, Options{})
	c, ctl := newTill(t, s), s.Control()
	set := func(change map[string]any) {
		t.Helper()
		if err := ctl.Configure(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	set(map[string]any{"auto": "pay", "auto_polls": 2})
	r := c.online(5)
	if c.get(r.Transaction).Status != wire.Waiting || c.get(r.Transaction).Status != wire.Paid {
		t.Error("two polls did not do it")
	}
	held := c.online(5)
	if _, err := ctl.Hold(t.Context(), held.Token); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if c.get(held.Transaction).Status != wire.Waiting {
			t.Error("a held bill was paid")
		}
	}
	set(map[string]any{"auto_polls": 0, "auto_after_ms": 30000, "auto": "decline"})
	r = c.online(5)
	if c.get(r.Transaction).Status != wire.Waiting {
		t.Error("declined before its time")
	}
	s.Clock().Advance(30 * time.Second)
	if p := c.get(r.Transaction); p.Status != wire.Declined {
		t.Errorf("not declined in time: %+v", p)
	}
	set(map[string]any{"auto": "pay"})
	r = c.online(5)
	s.Clock().Advance(time.Hour) // nobody looked for an hour, but the customer paid after 30 s
	if p := c.get(r.Transaction); p.Status != wire.Paid {
		t.Errorf("the customer came too late: %+v", p)
	}
	for _, bad := range []map[string]any{{"auto": "steal"}, {"systems": []string{"WECHAT"}}, {"no_such": 1}, {"max_amount": 0}} {
		if err := ctl.Configure(t.Context(), bad); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}
