package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
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

func TestTheSameNumberIsTheSameOperation(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	in := c.offlineRequest(100, "130000000000000068")
	first, second := c.do("POST", wire.PathOffline, in), c.do("POST", wire.PathOffline, in)
	if first.RRN != second.RRN || second.Status != wire.Paid || c.net(in.Transaction) != 100 {
		t.Errorf("%+v, then %+v, moved %d", first, second, c.net(in.Transaction))
	}
	other := in
	other.Amount++
	c.refused(wire.CodeConflict, "POST", wire.PathOffline, other)
	c.refused(wire.CodeConflict, "POST", wire.PathOnline, wire.OnlineRequest{Transaction: in.Transaction, Shift: 1, Key: in.Key, Amount: 100, Currency: "RUB", System: wire.Sendy})
	c.refused(wire.CodeNotFound, "GET", wire.PathPayment(99), nil)
	c.refused(wire.CodeNoSuchPath, "GET", "pos/paiment/1", nil)
	c.refused(wire.CodeNoSuchPath, "GET", "pos/payment/x", nil)

	c.next = 50 // a gap is allowed, and can be filled later
	c.offline(1, "130000000000000168")
	if v := c.counters(); v.NextTransaction != 51 {
		t.Errorf("next is %d after 50", v.NextTransaction)
	}
	c.next = 20
	c.offline(1, "130000000000000268")
	if v := c.counters(); v.NextTransaction != 51 {
		t.Errorf("next is %d after 50 and 20", v.NextTransaction)
	}
}

func TestTheSameRequestTwentyTimesAtOnceChargesOnce(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	in := c.offlineRequest(100, "130000000000000068")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			var r wire.Record
			if err := c.call("POST", wire.PathOffline, in, &r); err != nil || r.Status != wire.Paid {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	all.Wait()
	if got := c.net(in.Transaction); got != 100 {
		t.Errorf("charged %d", got)
	}
}

func TestABrokenRequestLeavesNoTrace(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	good := c.offlineRequest(100, "130000000000000068")
	for name, spoil := range map[string]func(r *wire.OfflineRequest){
		"no amount":         func(r *wire.OfflineRequest) { r.Amount = 0 },
		"a negative amount": func(r *wire.OfflineRequest) { r.Amount = -5 },
		"a short key":       func(r *wire.OfflineRequest) { r.Key = "1" },
		"dollars":           func(r *wire.OfflineRequest) { r.Currency = "USD" },
		"no code":           func(r *wire.OfflineRequest) { r.AuthCode = "" },
		"number 0":          func(r *wire.OfflineRequest) { r.Transaction = 0 },
		"a huge number":     func(r *wire.OfflineRequest) { r.Transaction = 1 << 60 },
	} {
		bad := good
		spoil(&bad)
		t.Run(name, func(t *testing.T) { c.refused(wire.CodeBadRequest, "POST", wire.PathOffline, bad) })
	}
	ahead := good
	ahead.Shift = 2
	c.refused(wire.CodeShiftNotOpen, "POST", wire.PathOffline, ahead)
	c.refused(wire.CodeNotFound, "GET", wire.PathPayment(good.Transaction), nil)
	if v := c.counters(); v.NextTransaction != 1 {
		t.Errorf("next is %d", v.NextTransaction)
	}
}

func TestAPlainCancelLeavesAFasterCustomersPaymentAlone(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	open, paid := c.online(100), c.online(200)
	if _, err := s.Control().Pay(t.Context(), paid.Token); err != nil {
		t.Fatal(err)
	}
	if r := c.cancel(open, wire.Close); r.Status != wire.Cancelled || r.Reversed {
		t.Errorf("an unpaid one: %+v", r)
	}
	if r := c.cancel(open, wire.Reverse); r.Status != wire.Cancelled || r.Reversed {
		t.Errorf("a cancelled one: %+v", r)
	}
	if _, err := s.Control().Pay(t.Context(), open.Token); !errors.Is(err, sdk.ErrBillOver) {
		t.Errorf("a cancelled QR was paid: %v", err)
	}
	if r := c.cancel(paid, wire.Close); r.Status != wire.Paid || c.net(paid.Transaction) != 200 {
		t.Errorf("a paid one, closed: %+v", r)
	}
	for range 2 {
		if r := c.cancel(paid, wire.Reverse); r.Status != wire.Cancelled || !r.Reversed || r.ReversedBooked != 1 || c.net(paid.Transaction) != 0 {
			t.Errorf("a paid one, reversed: %+v", r)
		}
	}
	c.refused(wire.CodeConflict, "POST", wire.PathCancel(paid.Transaction), wire.CancelRequest{Key: open.Key, Amount: 200, Mode: wire.Reverse})
	c.refused(wire.CodeConflict, "POST", wire.PathCancel(paid.Transaction), wire.CancelRequest{Key: paid.Key, Amount: 201, Mode: wire.Reverse})
	c.refused(wire.CodeBadRequest, "POST", wire.PathCancel(paid.Transaction), wire.CancelRequest{Key: paid.Key, Amount: 200})
}

func TestACancelThatComesFirstBarsTheNumber(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	late := c.offlineRequest(100, "130000000000000068")
	r := c.do("POST", wire.PathCancel(late.Transaction), wire.CancelRequest{Key: late.Key, Amount: late.Amount, Mode: wire.Close})
	if r.Status != wire.Cancelled || r.Key != late.Key || r.Amount != 100 {
		t.Errorf("%+v", r)
	}
	c.refused(wire.CodeAlreadyCancelled, "POST", wire.PathOffline, late)
	if got := c.get(late.Transaction); got.Status != wire.Cancelled || c.net(late.Transaction) != 0 {
		t.Errorf("%+v, moved %d", got, c.net(late.Transaction))
	}
	if v := c.counters(); v.NextTransaction != late.Transaction+1 {
		t.Errorf("next is %d", v.NextTransaction)
	}
}

func TestABusyServerAsksToBeCalledAgain(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	r := c.offline(100, "130000000000000068")
	if err := s.Control().Configure(t.Context(), map[string]int{"busy_cancels": 2}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a := c.cancel(r, wire.Reverse); !a.Recall || a.Status != wire.Paid {
			t.Errorf("busy: %+v", a)
		}
	}
	if a := c.cancel(r, wire.Reverse); a.Recall || !a.Reversed {
		t.Errorf("at last: %+v", a)
	}
}

func TestRefundsNeverExceedThePayment(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	p := c.offline(100, "130000000000000068")
	a := c.refund(p.Transaction, 60)
	if a.Status != wire.Paid || a.Kind != wire.Refund || a.System != wire.WeChat || a.Original != p.Transaction {
		t.Errorf("a part: %+v", a)
	}
	if b := c.refund(p.Transaction, 41); b.Status != wire.Declined || b.Reason != wire.ReasonRefundExcess {
		t.Errorf("too much: %+v", b)
	}
	if b := c.refund(p.Transaction, 40); b.Status != wire.Paid {
		t.Errorf("the rest: %+v", b)
	}
	if got := c.get(p.Transaction); got.Refunded != 100 || got.Status != wire.Paid || c.net(p.Transaction) != 0 {
		t.Errorf("%+v, net %d", got, c.net(p.Transaction))
	}
	if got := c.get(a.Transaction); got.Status != wire.Paid || got.Amount != 60 {
		t.Errorf("the refund's own record: %+v", got)
	}
	c.refused(wire.CodeHasRefunds, "POST", wire.PathCancel(p.Transaction), wire.CancelRequest{Key: p.Key, Amount: 100, Mode: wire.Reverse})
	c.refused(wire.CodeConflict, "POST", wire.PathCancel(a.Transaction), wire.CancelRequest{Key: a.Key, Amount: 60, Mode: wire.Reverse})
	unpaid := c.offline(100, "130000000000000151")
	for _, of := range []int64{unpaid.Transaction, a.Transaction, 999} {
		if b := c.refund(of, 1); b.Reason != wire.ReasonNoOriginal {
			t.Errorf("of %d: %+v", of, b)
		}
	}
}

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
