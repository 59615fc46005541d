package sandbox

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// rsbBody is a request that names the till; change replaces and adds.
func rsbBody(source string, kopecks int64, change map[string]any) map[string]any {
	body := map[string]any{"sourceId": source, "terminalId": RSBTerminal, "merchantId": RSBMerchant, "account": RSBAccount, "templateVersion": "01",
		"qrcType": "02", "qrcExpire": 5, "amount": kopecks, "currency": "RUB", "paymentPurpose": RSBMerchant + " DATE:22.11.2026 OPER:PAY"}
	for name, value := range change {
		body[name] = value
	}
	return body
}

func (c *till) rsb(method string, body any) answered {
	c.t.Helper()
	return c.send(RSB, "POST", "/"+method, body)
}

func TestRussianStandardTellsOfAPaymentWithASpaceInTheKeyOfItsAmount(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	a := c.rsb("getQrCode", rsbBody(key(1)+"-1", 12345, nil))
	a.is(200, map[string]string{"code": "0", "sourceId": key(1) + "-1", "data.status": "CREATED"})
	id, operation := a.text("data.qrcId"), a.text("operationId")
	if link := a.text("data.payload"); !strings.Contains(link, "type=02&bank=100000000914&sum=12345&cur=RUB") {
		t.Errorf("payload %s", link)
	}
	status := func(body map[string]string) answered { return c.rsb("getQrdStatus", body) }
	all := map[string]string{"sourceId": key(1) + "-1", "operationId": operation, "qrcId": id}
	status(all).is(200, map[string]string{"code": "0", "data.qrcId": id, "data.status": "NOT_STARTED", "data.trxId": ""})
	for name, value := range all {
		status(map[string]string{name: value}).is(200, map[string]string{"data.qrcId": id})
		status(map[string]string{"sourceId": key(1) + "-1", "operationId": operation, "qrcId": id, name: "other"}).is(200, map[string]string{"code": "NOT_FOUND"})
	}
	status(map[string]string{}).is(200, map[string]string{"code": "NOT_FOUND"})
	if _, err := s.Control().Scan(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	status(all).is(200, map[string]string{"data.status": "RECEIVED_OPKC"})
	if _, err := s.Control().Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	status(all).is(200, map[string]string{"data.status": "IN_PROGRESS_OPKC"})
	c.pay(id)
	paid := status(all)
	paid.is(200, map[string]string{"data.status": "ACCEPTED", "paymentdata.amount ": "12345"})
	c.money(key(1), 12345)
	c.rsb("getQrCode", rsbBody(key(1)+"-1", 12345, nil)).is(200, map[string]string{"code": "CONFLICT"})
	sane(t, s)
}

func TestACodeOfRussianStandardExpiresAfterItsMinutes(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	timed := c.rsb("getQrCode", rsbBody("a", 1, nil)).text("data.qrcId")
	c.advance(5*time.Minute - time.Second)
	c.rsb("getQrdStatus", map[string]string{"qrcId": timed}).is(200, map[string]string{"data.status": "NOT_STARTED"})
	c.advance(time.Second)
	c.rsb("getQrdStatus", map[string]string{"qrcId": timed}).is(200, map[string]string{"data.status": "EXPIRED"})
	if _, err := s.Control().Pay(t.Context(), timed); !errors.Is(err, sdk.ErrBillOver) {
		t.Errorf("paid too late: %v", err)
	}
	declined := c.rsb("getQrCode", rsbBody("b", 1, nil)).text("data.qrcId")
	if _, err := s.Control().Decline(t.Context(), declined); err != nil {
		t.Fatal(err)
	}
	c.rsb("getQrdStatus", map[string]string{"qrcId": declined}).is(200, map[string]string{"data.status": "DECLINED"})

	twice := func() string { return c.rsb("getQrCode", rsbBody("c", 1, nil)).text("data.qrcId") }
	first := twice()
	if twice() == first {
		t.Error("the dangerous default gave the same code")
	}
	c.configure(map[string]any{"register_repeat": "same"})
	if twice() != first {
		t.Error("same gave another code")
	}
	c.rsb("getQrCode", rsbBody("c", 2, nil)).is(200, map[string]string{"code": "CONFLICT"})
	for name, value := range map[string]any{"amount": "1", "sourceId": "", "terminalId": "1", "merchantId": "1", "account": "1", "currency": "USD", "qrcType": "01", "qrcExpire": 0} {
		if a := c.rsb("getQrCode", rsbBody("d", 1, map[string]any{name: value})); a.text("code") != "BAD_REQUEST" {
			t.Errorf("%s %v: %s", name, value, a.raw)
		}
	}
	for _, sum := range []any{0, -1, 1.5} {
		c.rsb("getQrCode", rsbBody("d", 1, map[string]any{"amount": sum})).is(200, map[string]string{"code": "BAD_REQUEST"})
	}
}

func (c *till) rsbActivate(source string, kopecks int64) answered {
	c.t.Helper()
	return c.rsb("activateCashLink", rsbBody(source, kopecks, map[string]any{"qrcId": rsbLink}))
}

func TestActivatingTheCashLinkAgainPutsTheEarlierOrderOut(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	c.rsb("getCashLink", map[string]string{"qrcId": rsbLink}).is(200, map[string]string{"code": "0", "data.status": "INACTIVATED", "data.payload": s.CashLink(RSB)})
	first := c.rsbActivate(key(1), 100)
	first.is(200, map[string]string{"code": "0", "sourceId": key(1), "data.status": "WAITING_PAYMENT", "data.amount": "100", "data.qrcId": rsbLink})
	c.rsbActivate(key(1), 100).is(200, map[string]string{"code": "CONFLICT"})
	status := func(source string) answered { return c.rsb("getCashLinkStatus", map[string]string{"sourceId": source}) }
	status(key(1)).is(200, map[string]string{"data.cashRegisterQrcStatus": "WAITING_PAYMENT", "data.trxStatus": "NTST", "data.paramsId": first.text("data.paramsId"), "operationId": first.text("operationId")})
	second := c.rsbActivate(key(2), 200)
	second.is(200, map[string]string{"code": "0"})
	status(key(1)).is(200, map[string]string{"data.cashRegisterQrcStatus": "DEACTIVATED", "data.trxStatus": "NTST"})
	if _, err := s.Control().Pay(t.Context(), key(1)); !errors.Is(err, sdk.ErrBillOver) {
		t.Errorf("the order that was put out was paid: %v", err)
	}
	c.rsb("getCashLink", map[string]string{"qrcId": rsbLink}).is(200, map[string]string{"data.status": "WAITING_PAYMENT", "data.sourceId": key(2), "data.paramsId": second.text("data.paramsId"), "data.amount": "200"})
	if _, err := s.Control().Start(t.Context(), key(2)); err != nil {
		t.Fatal(err)
	}
	c.rsbActivate(key(3), 300).is(200, map[string]string{"code": "LINK_BUSY"})
	c.rsb("deactivateCashLink", map[string]string{"qrcId": rsbLink}).is(200, map[string]string{"code": "WRONG_STATE"})
	c.pay("")
	status(key(2)).is(200, map[string]string{"data.cashRegisterQrcStatus": "DEACTIVATED", "data.trxStatus": "ACWP", "data.amount": "200"})
	c.money(key(2), 200)

	c.rsbActivate(key(3), 300)
	c.rsb("deactivateCashLink", map[string]string{"qrcId": rsbLink}).is(200, map[string]string{"code": "0"})
	c.rsb("deactivateCashLink", map[string]string{"qrcId": rsbLink}).is(200, map[string]string{"code": "0"})
	status(key(3)).is(200, map[string]string{"data.cashRegisterQrcStatus": "DEACTIVATED", "data.trxStatus": "NTST"})
	c.rsbActivate(key(4), 400)
	if _, err := s.Control().Expire(t.Context(), s.CashLink(RSB)); err != nil {
		t.Fatal(err)
	}
	status(key(4)).is(200, map[string]string{"data.cashRegisterQrcStatus": "DEACTIVATED", "data.trxStatus": "NTST"})
	c.rsbActivate(key(5), 500)
	if _, err := s.Control().Decline(t.Context(), key(5)); err != nil {
		t.Fatal(err)
	}
	status(key(5)).is(200, map[string]string{"data.cashRegisterQrcStatus": "DEACTIVATED", "data.trxStatus": "RJCT"})

	status("nobody").is(200, map[string]string{"code": "NOT_FOUND"})
	c.rsb("getCashLinkStatus", map[string]string{"qrcId": rsbLink}).is(200, map[string]string{"code": "NOT_FOUND"})
	c.rsb("getCashLink", map[string]string{"qrcId": gazprombankLink}).is(200, map[string]string{"code": "NOT_FOUND"})
	c.rsb("activateCashLink", rsbBody("x", 1, map[string]any{"qrcId": rsbLink, "qrcExpire": 21})).is(200, map[string]string{"code": "BAD_REQUEST"})
	c.rsb("createCashLink", rsbBody("", 0, nil)).is(200, map[string]string{"code": "0", "data.status": "CREATED"})
	sane(t, s)
}

func TestARefundOfRussianStandardIsOneRecordHoweverOftenItIsAskedFor(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	c.rsbActivate(key(1), 1000)
	c.pay(key(1))
	trx := c.rsb("getCashLinkStatus", map[string]string{"sourceId": key(1)}).text("data.trxId")
	refund := func(source string, kopecks int64) answered {
		return c.rsb("refundQrc", rsbBody(source, kopecks, map[string]any{"trxId": trx, "qrcId": rsbLink}))
	}
	status := func() answered { return c.rsb("getRefundStatus", map[string]string{"sourceId": key(2)}) }
	status().is(200, map[string]string{"code": "NOT_FOUND"})
	first := refund(key(2), 600)
	first.is(200, map[string]string{"code": "0", "sourceId": key(2), "data.status": "IN_PROGRESS", "data.amount": "600", "data.currency": "RUB"})
	refund(key(2), 600).is(200, map[string]string{"data.refundId": first.text("data.refundId")})
	refund(key(2), 601).is(200, map[string]string{"code": "CONFLICT"})
	refund(key(3), 401).is(200, map[string]string{"code": "REFUND_EXCESS"})
	c.money(key(1), 1000)
	status().is(200, map[string]string{"data.status": "IN_PROGRESS"})
	status().is(200, map[string]string{"data.status": "COMPLETED", "data.refundId": first.text("data.refundId")})
	c.money(key(1), 400)
	c.money(key(2), -600)
	c.configure(map[string]any{"refund_end": "decline", "refund_after_ms": 1000})
	refund(key(4), 400)
	c.advance(time.Second)
	c.rsb("getRefundStatus", map[string]string{"sourceId": key(4)}).is(200, map[string]string{"data.status": "DECLINED"})
	c.rsb("refundQrc", rsbBody(key(5), 1, map[string]any{"trxId": "none"})).is(200, map[string]string{"code": "NOT_FOUND"})
	sane(t, s)
}

func TestRussianStandardWantsACertificateOfItsOwnAuthority(t *testing.T) {
	s := start(t, Options{})
	good := newTill(t, s)
	body := map[string]string{"qrcId": rsbLink}
	good.rsb("getCashLink", body).is(200, map[string]string{"code": "0"})

	expiredCert, expiredKey, err := s.Issue(time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	foreign := start(t, Options{})
	foreignCert, foreignKey, err := foreign.Issue(time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	fresh, freshKey, err := s.Issue(time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, client := range map[string]*http.Client{
		"none": clientWith(t, s, nil, nil), "expired": clientWith(t, s, expiredCert, expiredKey), "of a stranger": clientWith(t, s, foreignCert, foreignKey),
	} {
		c := &till{t: t, s: s, client: client}
		if a, err := c.try(RSB, "POST", "/getCashLink", body); err == nil {
			t.Errorf("certificate %s: %d %s", name, a.status, a.raw)
		}
	}
	(&till{t: t, s: s, client: clientWith(t, s, fresh, freshKey)}).rsb("getCashLink", body).is(200, map[string]string{"code": "0"})
	resp, err := good.client.Get(strings.TrimSuffix(s.Base(RSB), rsbPrefix) + "/control/info")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("the control interface on the bank's own listener: %s", resp.Status)
	}
}

func TestWithoutTLSRussianStandardAnswersOnlyIfItIsAllowedTo(t *testing.T) {
	s := start(t, Options{})
	ask := func(login string) int {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.PlainRSB()+"/getCashLink", strings.NewReader(`{"qrcId":"`+rsbLink+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-User-login", login)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := ask(RSBLogin); got != 200 {
		t.Errorf("allowed: %d", got)
	}
	if got := ask("other"); got != http.StatusForbidden {
		t.Errorf("another login: %d", got)
	}
	newTill(t, s).configure(map[string]any{"rsb_plain": false})
	if got := ask(RSBLogin); got != http.StatusForbidden {
		t.Errorf("not allowed: %d", got)
	}
}

func TestTheCertificatesOutliveTheSandboxOnlyInAFolderOfTheCallers(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	folder := s.temporary
	if _, err := os.Stat(s.CertFiles().CA); err != nil || folder == "" {
		t.Errorf("%q: %v", folder, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", folder, err)
	}
	own := t.TempDir()
	first := start(t, Options{Certs: own})
	before, err := os.ReadFile(first.CertFiles().CA)
	if err != nil {
		t.Fatal(err)
	}
	second := start(t, Options{Certs: own})
	if after, err := os.ReadFile(second.CertFiles().CA); err != nil || string(after) != string(before) {
		t.Errorf("the authority was made anew: %v", err)
	}
}
