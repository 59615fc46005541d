package sandbox

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

func (c *till) gpbRegister(change map[string]any) answered {
	c.t.Helper()
	body := map[string]any{"account": GazprombankAccount, "merchantId": GazprombankMerchant, "templateVersion": "01", "qrcType": "02", "amount": "25300", "currency": "RUB"}
	for name, value := range change {
		body[name] = value
	}
	return c.send(Gazprombank, "POST", "/merchant/qrc-data", body)
}

func (c *till) gpbStatus(id string) answered {
	c.t.Helper()
	return c.send(Gazprombank, "PUT", "/payment/v1/qrc-status", map[string]any{"qrcIds": []string{id}})
}

func TestGazprombankNamesEachCodeItselfAndSaysWhatBecameOfIt(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	a := c.gpbRegister(nil)
	a.is(200, map[string]string{"code": "000", "message": "Запрос обработан успешно", "data.status": "CREATED"})
	id, transaction := a.text("data.qrcId"), a.text("transactionId")
	if again := c.gpbRegister(nil); again.text("data.qrcId") == id || again.text("transactionId") == transaction {
		t.Error("a second request gave the first code")
	}
	if link := a.text("data.payload"); !strings.HasPrefix(link, "https://qr.nspk.ru/"+id+"?type=02&bank=100000000901&sum=25300&cur=RUB&crc=") {
		t.Errorf("payload %s", link)
	}
	c.gpbStatus(id).is(200, map[string]string{"code": "000", "data.0.qrcId": id, "data.0.code": "RQ00000", "data.0.status": "NOT_STARTED", "data.0.trxId": ""})
	if _, err := s.Control().Scan(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.gpbStatus(id).is(200, map[string]string{"data.0.status": "RECEIVED"})
	if _, err := s.Control().Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.gpbStatus(id).is(200, map[string]string{"data.0.status": "IN_PROGRESS"})
	c.send(Gazprombank, "POST", "/merchant/qrc-block", map[string]string{"qrcId": id}).is(200, map[string]string{"code": "011"})
	c.send(Gazprombank, "POST", "/operation/info", map[string]string{"transactionId": transaction}).is(200, map[string]string{"type": "QR_PAYMENT", "status": "IN_PROGRESS"})
	c.pay(id)
	paid := c.gpbStatus(id)
	paid.is(200, map[string]string{"data.0.status": "ACCEPTED"})
	c.money(transaction, 25300)
	e := s.Ledger().Entries(transaction)[0]
	if ids := strings.Fields(e.Transaction); len(ids) != 3 || ids[0] != id || ids[1] != transaction || ids[2] != paid.text("data.0.trxId") {
		t.Errorf("the ledger names %v", ids)
	}
	c.send(Gazprombank, "POST", "/merchant/qrc-block", map[string]string{"qrcId": id}).is(200, map[string]string{"code": "011"})
	c.send(Gazprombank, "POST", "/operation/info", map[string]string{"transactionId": transaction}).is(200, map[string]string{"status": "PERFORMED", "amount": "25300"})
	c.gpbStatus("nobody").is(200, map[string]string{"code": "000", "data.0.code": "002"})
	sane(t, s)
}

func TestAKeyInThePurposeIsTheKeyOfTheLedger(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	c.pay(c.gpbRegister(map[string]any{"paymentPurpose": "Чек 12 " + key(7)}).text("data.qrcId"))
	c.money(key(7), 25300)
}

func TestABlockedCodeIsDeadAndNeverStarted(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	for _, end := range []func(id string){
		func(id string) {
			for range 2 {
				c.send(Gazprombank, "POST", "/merchant/qrc-block", map[string]string{"qrcId": id}).is(200, map[string]string{"code": "000"})
			}
		},
		func(string) { c.advance(72 * time.Hour) },
	} {
		id := c.gpbRegister(nil).text("data.qrcId")
		end(id)
		c.gpbStatus(id).is(200, map[string]string{"data.0.status": "NOT_STARTED"})
		if _, err := s.Control().Pay(t.Context(), id); !errors.Is(err, sdk.ErrBillOver) {
			t.Errorf("a dead code was paid: %v", err)
		}
	}
	short := c.gpbRegister(map[string]any{"qrTtl": "5"}).text("data.qrcId")
	c.advance(5 * time.Minute)
	if _, err := s.Control().Pay(t.Context(), short); !errors.Is(err, sdk.ErrBillOver) {
		t.Errorf("a code was paid after its own term: %v", err)
	}
	declined := c.gpbRegister(nil).text("data.qrcId")
	if _, err := s.Control().Decline(t.Context(), declined); err != nil {
		t.Fatal(err)
	}
	c.gpbStatus(declined).is(200, map[string]string{"data.0.status": "REJECTED"})
	c.send(Gazprombank, "POST", "/merchant/qrc-block", map[string]string{"qrcId": "none"}).is(200, map[string]string{"code": "002"})
}

func TestWhatGazprombankCannotReadIsRefused(t *testing.T) {
	c := newTill(t, start(t, Options{}))
	for name, value := range map[string]any{"amount": 25300, "currency": "USD", "merchantId": "other", "account": "other", "qrcType": "01", "templateVersion": "02", "qrTtl": "0"} {
		if a := c.gpbRegister(map[string]any{name: value}); a.text("code") != "001" {
			t.Errorf("%s %v: %s", name, value, a.raw)
		}
	}
	for _, amount := range []string{"", "0", "-1", "12.50", "007", "99999999999999999999"} {
		c.gpbRegister(map[string]any{"amount": amount}).is(200, map[string]string{"code": "001"})
	}
	c.send(Gazprombank, "PUT", "/payment/v1/qrc-status", "{}").is(200, map[string]string{"code": "001"})
	c.send(Gazprombank, "PUT", "/payment/v1/qrc-status", "{").is(400, map[string]string{"code": "001"})
	req, err := http.NewRequestWithContext(t.Context(), "POST", c.s.Base(Gazprombank)+"/operation/info", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("login", GazprombankLogin)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a password: %s", resp.Status)
	}
}

func TestADraftOfARefundMovesNothingAndIsConfirmedOnce(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	a := c.gpbRegister(map[string]any{"amount": "1000"})
	c.pay(a.text("data.qrcId"))
	trx := c.gpbStatus(a.text("data.qrcId")).text("data.0.trxId")
	prepare := func(amount string) answered {
		return c.send(Gazprombank, "POST", "/merchant/transfer/return/prepare", map[string]string{"transactionId": trx, "amount": amount, "currency": "RUB"})
	}
	confirm := func(id string) answered {
		return c.send(Gazprombank, "POST", "/merchant/transfer/return/confirm", map[string]string{"transactionId": id})
	}
	info := func(id string) answered {
		return c.send(Gazprombank, "POST", "/operation/info", map[string]string{"transactionId": id})
	}
	first, second := prepare("600").text("transactionId"), prepare("600").text("transactionId")
	for range 3 {
		info(first).is(200, map[string]string{"code": "000", "type": "QR_RETURNING", "status": "DRAFT", "amount": "600", "currency": "RUB", "transactionId": first})
	}
	confirm(first).is(200, map[string]string{"code": "000"})
	confirm(first).is(200, map[string]string{"code": "011"})
	confirm(second).is(200, map[string]string{"code": "051"})
	info(second).is(200, map[string]string{"status": "DRAFT"})
	info(first).is(200, map[string]string{"status": "IN_PROGRESS"})
	c.money(a.text("transactionId"), 1000)
	info(first).is(200, map[string]string{"status": "PERFORMED"})
	c.money(a.text("transactionId"), 400)
	c.money(first, -600)
	prepare("401").is(200, map[string]string{"code": "051"})
	prepare("0").is(200, map[string]string{"code": "001"})
	c.configure(map[string]any{"refund_end": "decline"})
	third := prepare("400").text("transactionId")
	confirm(third)
	info(third)
	info(third).is(200, map[string]string{"status": "CANCELLED"})
	c.money(a.text("transactionId"), 400)
	confirm("none").is(200, map[string]string{"code": "002"})
	info("none").is(200, map[string]string{"code": "002"})
	sane(t, s)
}

// gpbLink is the address of Gazprombank's cash link.
const gpbLink = "/payment/v1/cash-register-qrc/" + gazprombankLink

func (c *till) gpbActivate(amount, purpose string) answered {
	c.t.Helper()
	return c.send(Gazprombank, "POST", gpbLink+"/params", map[string]string{"amount": amount, "currency": "RUB", "paymentPurpose": purpose, "qrTtl": "5"})
}

func TestACashLinkIsActivatedPaidAndFree(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	link := func() answered { return c.send(Gazprombank, "GET", gpbLink, nil) }
	link().is(200, map[string]string{"code": "000", "data.status": "INACTIVATED", "data.payload": s.CashLink(Gazprombank), "data.amount": ""})
	if _, err := s.Control().Pay(t.Context(), s.CashLink(Gazprombank)); !errors.Is(err, sdk.ErrNoBill) {
		t.Errorf("a link that is not activated was paid: %v", err)
	}
	a := c.gpbActivate("700", "Чек 1 "+key(1))
	a.is(200, map[string]string{"code": "000", "data.qrcId": gazprombankLink, "data.amount": "700", "data.currency": "RUB", "data.paymentPurpose": "Чек 1 " + key(1)})
	params := a.text("data.paramsId")
	status := func(params string) answered { return c.send(Gazprombank, "GET", gpbLink+"/"+params, nil) }
	link().is(200, map[string]string{"data.status": "WAITING_PAYMENT", "data.paramsId": params, "data.amount": "700"})
	status(params).is(200, map[string]string{"data.cashRegisterQrcStatus": "WAITING_PAYMENT", "data.trxStatus": "NTST"})
	c.gpbActivate("800", key(2)).is(200, map[string]string{"code": "027"})
	if _, err := s.Control().Start(t.Context(), params); err != nil {
		t.Fatal(err)
	}
	link().is(200, map[string]string{"data.status": "IN_PROGRESS"})
	status(params).is(200, map[string]string{"data.cashRegisterQrcStatus": "IN_PROGRESS", "data.trxStatus": "RCVD"})
	c.send(Gazprombank, "DELETE", gpbLink+"/params", nil).is(200, map[string]string{"code": "011"})
	c.pay(s.CashLink(Gazprombank))
	paid := status(params)
	paid.is(200, map[string]string{"data.cashRegisterQrcStatus": "DEACTIVATED", "data.trxStatus": "ACWP", "data.amount": "700", "data.payerId": payer})
	c.money(key(1), 700)
	link().is(200, map[string]string{"data.status": "INACTIVATED", "data.paramsId": params})

	draft := c.send(Gazprombank, "POST", "/merchant/transfer/return/prepare", map[string]string{"transactionId": paid.text("data.trxId"), "amount": "700", "currency": "RUB"})
	draft.is(200, map[string]string{"code": "000"})
	status("nobody").is(404, map[string]string{"code": "002"})
	c.send(Gazprombank, "GET", "/payment/v1/cash-register-qrc/"+raiffeisenLink, nil).is(404, map[string]string{"code": "002"})
	c.send(Gazprombank, "DELETE", gpbLink+"/params", nil).is(200, map[string]string{"code": "000"})
	issued := c.send(Gazprombank, "POST", "/payment/v1/cash-register-qrc", map[string]string{"account": GazprombankAccount, "merchantId": GazprombankMerchant})
	issued.is(200, map[string]string{"code": "000", "data.status": "CREATED"})
	c.send(Gazprombank, "POST", "/payment/v1/cash-register-qrc/"+issued.text("data.qrcId")+"/params", map[string]string{"amount": "1", "currency": "RUB"}).is(200, map[string]string{"code": "000"})
	sane(t, s)
}

func TestAPaymentForAnEarlierActivationIsBookedToThatOne(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	c.configure(map[string]any{"second_activation": map[string]string{"gazprombank": "replace"}})
	first := c.gpbActivate("100", key(1)).text("data.paramsId")
	if _, err := s.Control().Scan(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := c.gpbActivate("200", key(2)).text("data.paramsId")
	status := func(params string) answered { return c.send(Gazprombank, "GET", gpbLink+"/"+params, nil) }
	status(first).is(200, map[string]string{"data.cashRegisterQrcStatus": "DEACTIVATED", "data.trxStatus": "NTST"})
	c.pay(first)
	status(first).is(200, map[string]string{"data.cashRegisterQrcStatus": "DEACTIVATED", "data.trxStatus": "ACWP", "data.amount": "100"})
	status(second).is(200, map[string]string{"data.cashRegisterQrcStatus": "WAITING_PAYMENT", "data.trxStatus": "NTST"})
	c.money(key(1), 100)
	c.money(key(2), 0)
	c.send(Gazprombank, "DELETE", gpbLink+"/params", nil).is(200, map[string]string{"code": "000"})
	if _, err := s.Control().Pay(t.Context(), second); !errors.Is(err, sdk.ErrBillOver) {
		t.Errorf("an activation that nobody had open was paid after it was put out: %v", err)
	}
	third := c.gpbActivate("300", key(3)).text("data.paramsId")
	c.advance(5 * time.Minute)
	status(third).is(200, map[string]string{"data.cashRegisterQrcStatus": "DEACTIVATED", "data.trxStatus": "NTST"})
	if _, err := s.Control().Pay(t.Context(), third); !errors.Is(err, sdk.ErrBillOver) {
		t.Errorf("paid after its time: %v", err)
	}
	c.send(Gazprombank, "POST", gpbLink+"/params", map[string]string{"amount": "1", "currency": "RUB", "qrTtl": "21"}).is(200, map[string]string{"code": "001"})
	sane(t, s)
}
