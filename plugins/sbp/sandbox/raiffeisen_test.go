package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

// dynamicBody is a registration of a dynamic QR.
func dynamicBody(order, amount string) map[string]any {
	return map[string]any{"qrType": "QRDynamic", "sbpMerchantId": RaiffeisenMerchant, "order": order, "amount": json.Number(amount), "currency": "RUB"}
}

func (c *till) dynamic(order, amount string) string {
	c.t.Helper()
	a := c.send(Raiffeisen, "POST", "/sbp/v2/qrs", dynamicBody(order, amount))
	a.is(200, map[string]string{"qrStatus": "NEW", "code": ""})
	return a.text("qrId")
}

func (c *till) raiffeisenPayment(qrID string) answered {
	c.t.Helper()
	return c.send(Raiffeisen, "GET", "/sbp/v1/qr/"+qrID+"/payment-info", nil)
}

func TestADynamicCodeGoesFromNewToPaid(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	id := c.dynamic(key(1)+"-1", "110.1")
	c.raiffeisenPayment(id).is(200, map[string]string{"code": "SUCCESS", "paymentStatus": "NO_INFO", "amount": "110.1", "order": key(1) + "-1", "transactionDate": ""})
	if _, err := s.Control().Start(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.raiffeisenPayment(id).is(200, map[string]string{"paymentStatus": "IN_PROGRESS"})
	c.send(Raiffeisen, "GET", "/sbp/v2/qrs/"+id, nil).is(200, map[string]string{"qrStatus": "IN_PROGRESS"})
	c.send(Raiffeisen, "DELETE", "/sbp/v2/qrs/"+id, nil).refused(400, "ERROR.ERROR_WRONG_QR_STATUS", "Нельзя сменить статус QR-кода с IN_PROGRESS на CANCELLED")
	c.pay(id)
	paid := c.raiffeisenPayment(id)
	paid.is(200, map[string]string{"paymentStatus": "SUCCESS", "amount": "110.1", "currency": "RUB", "qrId": id, "sbpMerchantId": RaiffeisenMerchant})
	if n := paid.get("transactionId"); n == json.Number("0") || paid.text("transactionDate") == "" {
		t.Errorf("a paid one has transactionId %v", n)
	}
	c.send(Raiffeisen, "GET", "/sbp/v2/qrs/"+id, nil).is(200, map[string]string{"qrStatus": "PAID"})
	c.send(Raiffeisen, "DELETE", "/sbp/v2/qrs/"+id, nil).refused(400, "ERROR.ERROR_WRONG_QR_STATUS", "Нельзя сменить статус QR-кода с PAID на CANCELLED")
	c.money(key(1), 11010)
	e := s.Ledger().Entries(key(1))[0]
	if ids := strings.Fields(e.Transaction); len(ids) != 2 || ids[0] != id || e.System != "raiffeisen" {
		t.Errorf("entry %+v", e)
	}
	sane(t, s)
}

func TestACodeThatIsCancelledExpiredOrDeclinedCannotBePaid(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	ctl := s.Control()
	cancelled := c.dynamic(key(1), "1")
	if a := c.send(Raiffeisen, "DELETE", "/sbp/v2/qrs/"+cancelled, nil); a.status != 200 || len(a.raw) != 0 {
		t.Errorf("cancel: %d %s", a.status, a.raw)
	}
	c.send(Raiffeisen, "DELETE", "/sbp/v2/qrs/"+cancelled, nil).refused(400, "ERROR.ERROR_WRONG_QR_STATUS", "Нельзя сменить статус QR-кода с CANCELLED на CANCELLED")

	byClock := dynamicBody(key(2), "1")
	byClock["qrExpirationDate"] = s.Clock().Now().Add(time.Hour).Format(time.RFC3339Nano) + "[Europe/Moscow]"
	timed := c.send(Raiffeisen, "POST", "/sbp/v2/qrs", byClock).text("qrId")
	c.advance(59 * time.Minute)
	c.send(Raiffeisen, "GET", "/sbp/v2/qrs/"+timed, nil).is(200, map[string]string{"qrStatus": "NEW"})
	c.advance(time.Minute)
	c.send(Raiffeisen, "GET", "/sbp/v2/qrs/"+timed, nil).is(200, map[string]string{"qrStatus": "EXPIRED"})
	c.send(Raiffeisen, "DELETE", "/sbp/v2/qrs/"+timed, nil).refused(400, "ERROR.ERROR_WRONG_QR_STATUS", "Нельзя сменить статус QR-кода с EXPIRED на CANCELLED")

	byWord := c.dynamic(key(3), "1")
	if b, err := ctl.Expire(t.Context(), byWord); err != nil || b.State != sdk.BillDeclined {
		t.Errorf("%+v, %v", b, err)
	}
	c.raiffeisenPayment(byWord).is(200, map[string]string{"paymentStatus": "NO_INFO"})
	declined := c.dynamic(key(4), "1")
	if _, err := ctl.Decline(t.Context(), declined); err != nil {
		t.Fatal(err)
	}
	c.raiffeisenPayment(declined).is(200, map[string]string{"paymentStatus": "DECLINED"})

	for _, id := range []string{cancelled, timed, byWord, declined} {
		if _, err := ctl.Pay(t.Context(), id); !errors.Is(err, sdk.ErrBillOver) {
			t.Errorf("%s was paid: %v", id, err)
		}
	}
	if s.Ledger().Len() != 0 {
		t.Error("money moved")
	}
}

func TestACodeWithoutATermLivesThreeDays(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	id := c.dynamic(key(1), "1")
	c.advance(72*time.Hour - time.Minute)
	c.send(Raiffeisen, "GET", "/sbp/v2/qrs/"+id, nil).is(200, map[string]string{"qrStatus": "NEW"})
	c.advance(time.Minute)
	c.send(Raiffeisen, "GET", "/sbp/v2/qrs/"+id, nil).is(200, map[string]string{"qrStatus": "EXPIRED"})
}

// refusals of a registration, by what is wrong with it.
func badRegistrations(now time.Time) []struct {
	change        map[string]any
	code, message string
} {
	return []struct {
		change        map[string]any
		code, message string
	}{
		{map[string]any{"sbpMerchantId": nil}, "ERROR.SBP_MERCHANT_ID_IS_MISSING", "SbpMerchantId партнера не указан"},
		{map[string]any{"sbpMerchantId": "MA0000000552"}, "ERROR.MERCHANT_NOT_REGISTERED", "Партнер с ID MA0000000552 не зарегистрирован"},
		{map[string]any{"qrType": nil}, "ERROR.INVALID_REQUEST", "Не передан обязательный параметр"},
		{map[string]any{"order": ""}, "ERROR.INVALID_REQUEST", "Не передан обязательный параметр"},
		{map[string]any{"order": "заказ"}, "ERROR.INVALID_ORDER", "В номере заказа поддерживаются A-z09_-."},
		{map[string]any{"amount": nil}, "ERROR.DYNAMIC_QR_WITHOUT_AMOUNT", "Не передана сумма для динамического QR-кода"},
		{map[string]any{"amount": json.Number("0")}, "ERROR.INVALID_REQUEST", "Передана некорректная сумма платежа"},
		{map[string]any{"amount": json.Number("1.001")}, "ERROR.INVALID_REQUEST", "Передана некорректная сумма платежа"},
		{map[string]any{"amount": json.Number("-1")}, "ERROR.INVALID_REQUEST", "Передана некорректная сумма платежа"},
		{map[string]any{"currency": nil}, "ERROR.INVALID_REQUEST", "Не передан обязательный параметр"},
		{map[string]any{"account": "40700000000000000000"}, "ERROR.ACCOUNT_IS_NOT_REGISTERED", "Указан неверный счет. Проверьте его или удалите. Параметр является необязательным"},
		{map[string]any{"qrExpirationDate": now.Add(-time.Second).Format(time.RFC3339)}, "ERROR.QR_EXPIRATION_DATE_NOT_VALID", "Неверная дата истечения QR-кода"},
		{map[string]any{"qrExpirationDate": "tomorrow"}, "ERROR.QR_EXPIRATION_DATE_NOT_VALID", "Неверная дата истечения QR-кода"},
	}
}

func TestTheOldMethodRefusesWith200AndTheNewOneWith400(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	for _, tt := range badRegistrations(s.Clock().Now()) {
		body := dynamicBody(key(1), "1")
		for name, value := range tt.change {
			body[name] = value
		}
		c.send(Raiffeisen, "POST", "/sbp/v1/qr/register", body).refused(200, tt.code, tt.message)
		c.send(Raiffeisen, "POST", "/sbp/v2/qrs", body).refused(400, tt.code, tt.message)
	}
	for _, broken := range []string{"", "{", "[]", `{"amount":"much"}`} {
		c.send(Raiffeisen, "POST", "/sbp/v2/qrs", broken).refused(400, "ERROR.INVALID_REQUEST", "Не передан обязательный параметр")
	}
	none := strings.Repeat("A", 32)
	c.raiffeisenPayment(none).refused(200, "ERROR.NOT_FOUND", "QR-код не найден у данного партнера")
	c.send(Raiffeisen, "GET", "/sbp/v1/qr/"+none+"/info", nil).refused(200, "ERROR.NOT_FOUND", "QR-код не найден у данного партнера")
	c.send(Raiffeisen, "GET", "/sbp/v2/qrs/"+none, nil).refused(404, "ERROR.NOT_FOUND", "QR-код не найден у данного партнера")
	c.send(Raiffeisen, "POST", "/sbp/v1/qr-drafts/"+none, "{}").refused(404, "ERROR.NOT_FOUND", "QR-draft с qrId: "+none+" не зарегистрирован")
	if len(s.centre.offers) != 0 {
		t.Error("something was registered")
	}
}

func TestAnOrderThatWasPaidIsRefusedAndOneThatWasNotGivesAnotherCode(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	first, second := c.dynamic(key(1), "1"), c.dynamic(key(1), "1")
	if first == second {
		t.Error("the dangerous default gave the same code")
	}
	c.configure(map[string]any{"register_repeat": "same"})
	if again := c.dynamic(key(1), "1"); again != first {
		t.Errorf("same: %s, want %s", again, first)
	}
	if other := c.dynamic(key(1), "2"); other == first || other == second {
		t.Error("another sum gave the same code")
	}
	c.pay(first)
	c.send(Raiffeisen, "POST", "/sbp/v2/qrs", dynamicBody(key(1), "1")).refused(400, "ERROR.ORDER_NUMBER_ALREADY_REGISTERED",
		"QR-код с номером заказа "+key(1)+", партнера MA341037 и успешными платежами уже зарегистрирован")
	sane(t, s)
	c.pay(second)
	if len(s.Ledger().Trouble()) == 0 {
		t.Error("two codes of one order were paid, and the ledger finds nothing wrong")
	}
}

func TestWithoutTheKeyOnlyARegistrationIsTaken(t *testing.T) {
	s := start(t, Options{})
	id := newTill(t, s).dynamic(key(1), "1")
	for path, want := range map[string]int{"POST /sbp/v2/qrs": 200, "POST /sbp/v1/qr/register": 200, "GET /sbp/v2/qrs/" + id: 401,
		"GET /sbp/v1/qr/" + id + "/payment-info": 401, "POST /sbp/v1/refund": 401, "DELETE /payment/v1/orders/1": 401, "POST /settings/v1/callback": 401} {
		method, path, _ := strings.Cut(path, " ")
		body, _ := json.Marshal(dynamicBody(key(2), "1"))
		req, err := http.NewRequestWithContext(t.Context(), method, s.Base(Raiffeisen)+path, strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		if want == 401 {
			req.Header.Set("Authorization", "Bearer wrong")
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		err = json.NewDecoder(resp.Body).Decode(&v)
		resp.Body.Close()
		if resp.StatusCode != want || err != nil || want == 401 && v["code"] != nil {
			t.Errorf("%s %s: %d %v, %v", method, path, resp.StatusCode, v, err)
		}
	}
}

func TestARefundIsInProgressFirstAndKeepsToWhatIsLeft(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	order := key(1) + "-1"
	c.pay(c.dynamic(order, "100"))
	refund := func(id, amount string) answered {
		return c.send(Raiffeisen, "POST", "/sbp/v1/refund", map[string]any{"refundId": id, "order": order, "amount": json.Number(amount), "transactionId": 0, "paymentDetails": nil})
	}
	info := func(id string) answered { return c.send(Raiffeisen, "GET", "/sbp/v1/refund/"+id, nil) }
	refund(key(2), "30.50").is(200, map[string]string{"code": "SUCCESS", "amount": "30.50", "refundStatus": "IN_PROGRESS"})
	info(key(2)).is(200, map[string]string{"refundStatus": "IN_PROGRESS"})
	c.money(key(1), 10000)
	info(key(2)).is(200, map[string]string{"refundStatus": "COMPLETED", "amount": "30.50"})
	c.money(key(1), 6950)
	refund(key(2), "30.50").is(200, map[string]string{"code": "SUCCESS", "refundStatus": "COMPLETED"})
	refund(key(2), "1").refused(200, "ERROR.INVALID_REQUEST", "Передана некорректная сумма платежа")
	refund(key(3), "69.51").refused(200, "ERROR.REFUND_INSUFFICIENT_FUNDS", "Сумма возврата больше суммы остатка по платежу")
	c.configure(map[string]any{"refund_end": "decline"})
	refund(key(4), "69.50")
	refund(key(5), "0.01").refused(200, "ERROR.REFUND_INSUFFICIENT_FUNDS", "Сумма возврата больше суммы остатка по платежу")
	info(key(4))
	info(key(4)).is(200, map[string]string{"refundStatus": "DECLINED"})
	c.configure(map[string]any{"refund_end": "wait"})
	refund(key(5), "69.5")
	for range 5 {
		info(key(5)).is(200, map[string]string{"refundStatus": "IN_PROGRESS"})
	}
	if r, err := s.Control().EndRefund(t.Context(), key(5), true); err != nil || r.State != "paid" || r.Of != key(1) {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := s.Control().EndRefund(t.Context(), key(5), true); err == nil {
		t.Error("a refund ended twice")
	}
	info(key(5)).is(200, map[string]string{"refundStatus": "COMPLETED"})
	c.money(key(1), 0)
	if list, err := s.Control().Refunds(t.Context()); err != nil || len(list) != 3 {
		t.Errorf("%v, %v", list, err)
	}
	sane(t, s)
}

func TestARefundThatIsNotRightIsRefusedInTheBanksWords(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	id := c.dynamic("paid-1", "10")
	c.pay(id)
	c.dynamic("unpaid-1", "10")
	number := c.raiffeisenPayment(id).get("transactionId")
	for i, tt := range []struct{ body, code, message string }{
		{`{"amount":1,"order":"paid-1"}`, "ERROR.INVALID_REQUEST", "Не передан обязательный параметр"},
		{`{"refundId":"r","order":"paid-1"}`, "ERROR.INVALID_REQUEST", "Не передан обязательный параметр"},
		{`{"refundId":"r","amount":1}`, "ERROR.INVALID_REQUEST", "Не передан обязательный параметр"},
		{`{"refundId":"r","order":"paid-1","amount":0}`, "ERROR.INVALID_REQUEST", "Сумма возврата не может быть меньше 1 копейки"},
		{`{"refundId":"r","order":"paid-1","amount":0.001}`, "ERROR.INVALID_REQUEST", "Сумма возврата не может быть меньше 1 копейки"},
		{`{"refundId":"r","order":"paid-1","amount":1.001}`, "ERROR.INVALID_REQUEST", "Передана некорректная сумма платежа"},
		{`{"refundId":"r","order":"nobody","amount":1}`, "ERROR.NOT_FOUND", "Счет не найден у данного партнера"},
		{`{"refundId":"r","order":"unpaid-1","amount":1}`, "ERROR.NOT_FOUND", "Счет не найден у данного партнера"},
		{`{"refundId":"r","order":"paid-1","transactionId":1,"amount":1}`, "ERROR.NOT_FOUND", "Счет не найден у данного партнера"},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			a := c.send(Raiffeisen, "POST", "/sbp/v1/refund", tt.body)
			a.t = t
			a.refused(200, tt.code, tt.message)
		})
	}
	c.send(Raiffeisen, "GET", "/sbp/v1/refund/none", nil).refused(200, "ERROR.REFUND_NOT_FOUND", "Возврат с refundId none не найден")
	c.send(Raiffeisen, "POST", "/sbp/v1/refund", map[string]any{"refundId": "ok", "order": "nobody", "transactionId": number, "amount": 10}).
		is(200, map[string]string{"code": "SUCCESS", "refundStatus": "IN_PROGRESS"})
}

func TestTheTestPayerPaysAndAStaticCodeCanBePaidAgain(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	dynamic := c.dynamic("d-1", "100")
	c.send(Raiffeisen, "POST", "/nspc-mock/v01/rfuture/payment/init", map[string]any{"qrId": dynamic, "amount": 314}).is(200, nil)
	c.raiffeisenPayment(dynamic).is(200, map[string]string{"paymentStatus": "SUCCESS", "amount": "100"})
	static := c.send(Raiffeisen, "POST", "/sbp/v1/qr/register", map[string]any{"qrType": "QRStatic", "sbpMerchantId": RaiffeisenMerchant, "order": "s-1"})
	static.is(200, map[string]string{"code": "SUCCESS", "qrStatus": ""})
	for range 2 {
		c.send(Raiffeisen, "POST", "/nspc-mock/v01/rfuture/payment/init", map[string]any{"qrId": static.text("qrId"), "amount": 314}).is(200, nil)
		c.raiffeisenPayment(static.text("qrId")).is(200, map[string]string{"paymentStatus": "SUCCESS", "amount": "314"})
	}
	if sums := s.Ledger().Sums()[sdk.EntryPayment]; sums.Count != 3 || sums.Amount != 10000+2*31400 {
		t.Errorf("%+v", sums)
	}
	sane(t, s)
}

func TestAnOrderActivatesTheCashLinkAndEndsOnce(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	order := func(id, amount string) answered {
		return c.send(Raiffeisen, "POST", "/payment/v1/orders", map[string]any{"id": id, "amount": json.Number(amount), "comment": "Чек 1",
			"qr": map[string]any{"id": raiffeisenLink}, "extra": map[string]any{"apiClient": "payrack"}})
	}
	path := func(id string) string { return "/payment/v1/orders/" + id }
	c.send(Raiffeisen, "GET", "/sbp/v2/qrs/"+raiffeisenLink, nil).is(200, map[string]string{"qrStatus": "INACTIVE", "payload": s.CashLink(Raiffeisen)})
	order(key(1), "50").is(200, map[string]string{"id": key(1), "amount": "50", "comment": "Чек 1", "extra.apiClient": "payrack", "status.value": "NEW", "qr.id": raiffeisenLink})
	order(key(1), "50").is(200, map[string]string{"status.value": "NEW"})
	order(key(1), "51").refused(400, "ORDER_ALREADY_EXISTS", "Заказ с идентификатором "+key(1)+" уже существует")
	c.pay(s.CashLink(Raiffeisen))
	c.send(Raiffeisen, "GET", path(key(1)), nil).is(200, map[string]string{"status.value": "PAID", "amount": "50"})
	c.money(key(1), 5000)
	c.send(Raiffeisen, "DELETE", path(key(1)), nil).refused(400, "ORDER_HAS_FINAL_STATUS", "Заказ с идентификатором "+key(1)+" имеет статус PAID")

	order(key(2), "1").is(200, nil)
	if a := c.send(Raiffeisen, "DELETE", path(key(2)), nil); a.status != 200 || len(a.raw) != 0 {
		t.Errorf("%d %s", a.status, a.raw)
	}
	c.send(Raiffeisen, "DELETE", path(key(2)), nil).refused(400, "ORDER_HAS_FINAL_STATUS", "Заказ с идентификатором "+key(2)+" имеет статус CANCELLED")
	c.send(Raiffeisen, "GET", path("none"), nil).refused(404, "ORDER_NOT_FOUND", "Заказ с идентификатором none не найден у данного партнера")
	c.send(Raiffeisen, "DELETE", path("none"), nil).refused(404, "ORDER_NOT_FOUND", "Заказ с идентификатором none не найден у данного партнера")

	own := c.send(Raiffeisen, "POST", "/payment/v1/orders", `{"amount":2}`)
	own.is(200, map[string]string{"status.value": "NEW"})
	if own.text("id") == "" || own.text("qr.id") == "" || own.text("expirationDate") == "" || own.get("extra") == nil {
		t.Errorf("an order without a name: %s", own.raw)
	}

	refund := func(order, id, amount string) answered {
		return c.send(Raiffeisen, "POST", "/payments/v1/orders/"+order+"/refunds/"+id, map[string]any{"orderId": order, "refundId": id, "amount": json.Number(amount)})
	}
	refund(key(1), key(3), "20").is(200, map[string]string{"refundStatus": "IN_PROGRESS", "amount": "20"})
	c.send(Raiffeisen, "GET", "/payments/v1/orders/"+key(1)+"/refunds/"+key(3), nil)
	c.send(Raiffeisen, "GET", "/payments/v1/orders/"+key(1)+"/refunds/"+key(3), nil).is(200, map[string]string{"refundStatus": "COMPLETED"})
	c.send(Raiffeisen, "GET", "/payments/v1/orders/"+key(2)+"/refunds/"+key(3), nil).refused(404, "ERROR.REFUND_NOT_FOUND", "Возврат с refundId "+key(3)+" не найден")
	refund(key(1), key(4), "30.01").refused(400, "ERROR.REFUND_INSUFFICIENT_FUNDS", "Сумма возврата больше суммы остатка по платежу")
	refund("none", key(4), "1").refused(404, "ERROR.NOT_FOUND", "Счет не найден у данного партнера")
	c.money(key(1), 3000)
	sane(t, s)
}

func TestTheCallbackIsRememberedAndTheImageIsAPicture(t *testing.T) {
	data := t.TempDir()
	s := start(t, Options{Data: data})
	c := newTill(t, s)
	c.send(Raiffeisen, "POST", "/settings/v1/callback", `{"callbackUrl":"https://shop.example/hook"}`).is(200, map[string]string{"callbackUrl": "https://shop.example/hook"})
	c.send(Raiffeisen, "POST", "/settings/v1/callback", `{}`).refused(400, "ERROR.INVALID_REQUEST", "Не передан обязательный параметр")
	if s.centre.callback != "https://shop.example/hook" {
		t.Error("it was forgotten")
	}
	id := c.send(Raiffeisen, "POST", "/sbp/v2/qrs", dynamicBody(key(1), "1"))
	resp, err := http.Get(id.text("qrUrl"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	a := c.send(Raiffeisen, "GET", "/no/such/method", nil)
	a.is(404, map[string]string{"status": "404", "path": "/raiffeisen/api/no/such/method"})
}
