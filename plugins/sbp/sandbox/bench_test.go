package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	sdk "github.com/payrack/payrack/sdk/sandbox"
)

func TestEveryLinkCarriesItsChecksum(t *testing.T) {
	if got := checksum("123456789"); got != "29B1" {
		t.Errorf("the check value is %s", got)
	}
	s := start(t, Options{})
	for _, link := range []string{
		"https://qr.nspk.ru/AD10000000000000000000000000SIM2?type=02&bank=100000000999&sum=12345&cur=RUB&crc=574E",
		"https://qr.nspk.ru/AS1R000000000000000000000000SIM1?type=01&bank=100000000999&crc=8568",
		s.CashLink(Raiffeisen), s.CashLink(Gazprombank), s.CashLink(RSB), payload(newID("AD10"), linkDynamic, RSB, 100, false),
	} {
		text, crc, _ := strings.Cut(link, "&crc=")
		if checksum(text) != crc {
			t.Errorf("%s: the checksum is %s", link, checksum(text))
		}
	}
	newTill(t, s).configure(map[string]any{"placeholder_crc": true})
	if !strings.HasSuffix(s.CashLink(RSB), "&crc=C08B") {
		t.Errorf("a placeholder was asked for: %s", s.CashLink(RSB))
	}
}

func TestTheChecksumIsThatOfRealLinks(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "contracts", "vectors", "nspk_crc_vectors.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the vectors are not beside the project")
	}
	var vectors struct{ Valid []struct{ Link, CRC string } }
	if err != nil || json.Unmarshal(raw, &vectors) != nil || len(vectors.Valid) < 10 {
		t.Fatalf("%v: %d links", err, len(vectors.Valid))
	}
	for _, v := range vectors.Valid {
		if text, _, _ := strings.Cut(v.Link, "&crc="); checksum(text) != v.CRC {
			t.Errorf("%s: %s", v.Link, checksum(text))
		}
	}
}

func TestTheKeyIsTheFirstRunOf32HexadecimalDigits(t *testing.T) {
	k := "0123456789abcdef0123456789abcdef"
	for text, want := range map[string]string{
		k: k, k + "-1": k, "Чек 12 " + strings.ToUpper(k): k, k + "0": "none", "x": "none", "": "none", k[:31]: "none", k[:31] + "-" + k: k,
	} {
		if got := keyIn(text, "none"); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestALostAnswerAtAnyExchangeLeavesTheTruthToBeAskedFor(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	lose := func(path string) {
		t.Helper()
		if _, err := s.Control().Arm(t.Context(), sdk.Fault{Kind: sdk.FaultDrop, Path: path, Work: true}); err != nil {
			t.Fatal(err)
		}
	}
	lost := func(bank Bank, method, path string, body any) {
		t.Helper()
		if a, err := c.try(bank, method, path, body); err == nil {
			t.Errorf("%s %s was answered: %s", method, path, a.raw)
		}
	}
	lose("/raiffeisen/api/sbp/v1/refund")
	c.pay(c.dynamic("lost-1", "10"))
	lost(Raiffeisen, "POST", "/sbp/v1/refund", `{"refundId":"r1","order":"lost-1","amount":10}`)
	c.send(Raiffeisen, "GET", "/sbp/v1/refund/r1", nil).is(200, map[string]string{"refundStatus": "IN_PROGRESS"})

	lose("/gazprombank/payment/v1/cash-register-qrc/*/params")
	lost(Gazprombank, "POST", gpbLink+"/params", map[string]string{"amount": "5", "currency": "RUB", "paymentPurpose": key(1)})
	c.send(Gazprombank, "GET", gpbLink, nil).is(200, map[string]string{"data.status": "WAITING_PAYMENT", "data.amount": "5", "data.paymentPurpose": key(1)})

	lose(rsbPrefix + "/activateCashLink")
	lost(RSB, "POST", "/activateCashLink", rsbBody(key(2), 7, map[string]any{"qrcId": rsbLink}))
	c.rsb("getCashLinkStatus", map[string]string{"sourceId": key(2)}).is(200, map[string]string{"data.cashRegisterQrcStatus": "WAITING_PAYMENT", "data.amount": "7"})
	sane(t, s)
}

func TestEachFaultFindsTheFieldsOfEachBank(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	id := c.dynamic("f-1", "10.50")
	gpbID := c.gpbRegister(nil).text("data.qrcId")
	rsbID := c.rsb("getQrCode", rsbBody("f-1", 1050, nil)).text("data.qrcId")
	for _, one := range []string{id, gpbID, rsbID} {
		c.pay(one)
	}
	arm := func(kind sdk.FaultKind) {
		t.Helper()
		if _, err := s.Control().Arm(t.Context(), sdk.Fault{Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	arm(sdk.FaultSum)
	c.raiffeisenPayment(id).is(200, map[string]string{"amount": "10.51"})
	arm(sdk.FaultCurrency)
	c.raiffeisenPayment(id).is(200, map[string]string{"currency": "XTS"})
	arm(sdk.FaultCase)
	c.raiffeisenPayment(id).is(200, map[string]string{"paymentStatus": "success"})
	arm(sdk.FaultKey)
	c.raiffeisenPayment(id).is(200, map[string]string{"order": "f-0"})
	arm(sdk.FaultCase)
	c.gpbStatus(gpbID).is(200, map[string]string{"data.0.status": "accepted"})
	arm(sdk.FaultNewStatus)
	c.gpbStatus(gpbID).is(200, map[string]string{"data.0.status": "PARTLY_SETTLED"})
	arm(sdk.FaultSum)
	c.rsb("getQrdStatus", map[string]string{"qrcId": rsbID}).is(200, map[string]string{"paymentdata.amount ": "1051"})
	for path, want := range map[string]string{
		"/sbp/v1/qr/" + id + "/payment-info": "ERROR.NOT_FOUND", "/payment/v1/orders/x": "ORDER_NOT_FOUND", "/sbp/v1/refund/x": "ERROR.REFUND_NOT_FOUND",
		"/payments/v1/orders/x/refunds/y": "ERROR.REFUND_NOT_FOUND", "/sbp/v2/qrs/" + id: "ERROR.NOT_FOUND",
	} {
		arm(sdk.FaultNotFound)
		if a := c.send(Raiffeisen, "GET", path, nil); a.text("code") != want {
			t.Errorf("%s: %s", path, a.raw)
		}
	}
	arm(sdk.FaultNotFound)
	c.gpbStatus(gpbID).is(200, map[string]string{"code": "002"})
	arm(sdk.FaultNotFound)
	c.rsb("getQrdStatus", map[string]string{"qrcId": rsbID}).is(200, map[string]string{"code": "NOT_FOUND"})
}

func TestASandboxThatDiedKnowsAllAgain(t *testing.T) {
	data := t.TempDir()
	s, err := New(Options{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	c := newTill(t, s)
	c.configure(map[string]any{"refund_end": "wait"})
	paid, open := c.dynamic("paid-1", "10"), c.dynamic("open-1", "20")
	c.pay(paid)
	c.send(Raiffeisen, "POST", "/sbp/v1/refund", `{"refundId":"r1","order":"paid-1","amount":4}`)
	params := c.gpbActivate("500", key(1)).text("data.paramsId")
	issued, err := s.Control().IssueLink(t.Context(), RSB)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// The death came in the middle of a line.
	f, err := os.OpenFile(filepath.Join(data, "sbp-sandbox.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"money":[{"n":2`); err != nil {
		t.Fatal(err)
	}
	f.Close()

	s = start(t, Options{Data: data})
	c = newTill(t, s)
	c.raiffeisenPayment(paid).is(200, map[string]string{"paymentStatus": "SUCCESS"})
	c.send(Raiffeisen, "POST", "/sbp/v1/refund", `{"refundId":"r2","order":"paid-1","amount":6.01}`).refused(200, "ERROR.REFUND_INSUFFICIENT_FUNDS", "Сумма возврата больше суммы остатка по платежу")
	if _, err := s.Control().EndRefund(t.Context(), "r1", true); err != nil {
		t.Error(err)
	}
	c.money("paid-1", 600)
	c.pay(open)
	c.send(Gazprombank, "GET", gpbLink+"/"+params, nil).is(200, map[string]string{"data.cashRegisterQrcStatus": "WAITING_PAYMENT", "data.amount": "500"})
	c.rsb("getCashLink", map[string]string{"qrcId": issued.QrcID}).is(200, map[string]string{"data.payload": issued.QR})
	if bills := s.centre.Bills(true); len(bills) != 3 || bills[2].Number <= bills[1].Number {
		t.Errorf("%+v", bills)
	}
	sane(t, s)
	if err := s.Control().Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Ledger().Len() != 0 || len(s.centre.Bills(true)) != 0 || s.CashLink(RSB) == "" {
		t.Error("a reset left something, or took the links")
	}
}

func TestTheCustomerMayComeByHimself(t *testing.T) {
	for name, tt := range map[string]struct {
		set  map[string]any
		look int
		wait time.Duration
		want string
	}{
		"at the first look":  {map[string]any{"auto": "pay"}, 1, 0, "SUCCESS"},
		"at the second look": {map[string]any{"auto": "pay", "auto_polls": 2}, 2, 0, "SUCCESS"},
		"not yet":            {map[string]any{"auto": "pay", "auto_polls": 2}, 1, 0, "NO_INFO"},
		"after a while":      {map[string]any{"auto": "decline", "auto_after_ms": 60000}, 1, time.Minute, "DECLINED"},
		"too late":           {map[string]any{"auto": "pay", "auto_after_ms": (73 * time.Hour).Milliseconds()}, 1, 80 * time.Hour, "NO_INFO"},
	} {
		s := start(t, Options{})
		c := newTill(t, s)
		c.configure(tt.set)
		id := c.dynamic("auto-1", "1")
		c.advance(tt.wait)
		for range tt.look - 1 {
			c.raiffeisenPayment(id)
		}
		if a := c.raiffeisenPayment(id); a.text("paymentStatus") != tt.want {
			t.Errorf("%s: %s", name, a.raw)
		}
		sane(t, s)
	}
	s := start(t, Options{})
	c := newTill(t, s)
	c.configure(map[string]any{"auto": "pay"})
	id := c.dynamic("auto-1", "1")
	if _, err := s.Control().Hold(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.raiffeisenPayment(id).is(200, map[string]string{"paymentStatus": "NO_INFO"})
}

func TestSettingsThatCannotBeAreRefusedWhole(t *testing.T) {
	s := start(t, Options{})
	for _, bad := range []string{
		`{"register_repeat":"maybe"}`, `{"second_activation":{"rsb":"both"}}`, `{"second_activation":{"sber":"replace"}}`, `{"qr_lifetime_ms":0}`,
		`{"cash_lifetime_max_ms":1}`, `{"refund_polls":0}`, `{"refund_polls":-1}`, `{"refund_end":"steal"}`, `{"auto":"steal"}`, `{"auto_after_ms":-1}`, `{"no_such":1}`, `{"qr_lifetime_ms":99999999999999}`,
	} {
		if err := s.Control().Configure(t.Context(), json.RawMessage(bad)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	var now Settings
	if err := s.Control().Settings(t.Context(), &now); err != nil || now.SecondActivation[RSB] != "replace" || len(now.SecondActivation) != 3 {
		t.Errorf("%+v, %v", now, err)
	}
	if _, err := New(Options{Settings: &Settings{}}); err == nil {
		t.Error("a sandbox with settings that cannot be was made")
	}
}

func TestThePhoneShowsTheBillsOfAllBanks(t *testing.T) {
	s := start(t, Options{})
	c := newTill(t, s)
	c.dynamic("phone-1", "1234.50")
	c.gpbActivate("500", key(1))
	c.rsb("getQrCode", rsbBody("phone-2", 700, nil))
	resp, err := http.Get(s.URL() + "/phone?lang=en")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 234,50 RUB", "5,00 RUB", "7,00 RUB", "raiffeisen", "gazprombank", "rsb"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if _, err := s.Control().Pay(t.Context(), ""); !errors.Is(err, sdk.ErrNoBill) {
		t.Errorf("three bills are open and one was paid: %v", err)
	}
	if _, err := s.Control().ShowCode(t.Context(), "x", ""); !errors.Is(err, sdk.ErrUnsupported) {
		t.Errorf("a code: %v", err)
	}
	if _, err := s.Control().SetWallet(t.Context(), sdk.Wallet{ID: "x"}); !errors.Is(err, sdk.ErrUnsupported) {
		t.Errorf("a wallet: %v", err)
	}
}

func TestTheRegistryOfADayIsWrittenAsTheBankWritesIt(t *testing.T) {
	day := time.Date(2026, 11, 22, 9, 5, 0, 0, moscow)
	s := start(t, Options{Now: func() time.Time { return day }})
	c := newTill(t, s)
	id := c.dynamic(key(1)+"-1", "3806")
	c.pay(id)
	c.send(Raiffeisen, "POST", "/payment/v1/orders", `{"id":"o1","amount":10.5,"comment":"Чек; 1 ☃","qr":{"id":"`+raiffeisenLink+`"}}`)
	c.pay("o1")
	c.dynamic("unpaid", "5")
	c.pay(c.gpbRegister(nil).text("data.qrcId"))
	c.send(Raiffeisen, "POST", "/sbp/v1/refund", `{"refundId":"r1","order":"`+key(1)+`-1","amount":6}`)
	if _, err := s.Control().EndRefund(t.Context(), "r1", true); err != nil {
		t.Fatal(err)
	}
	raw, err := s.Control().Registry(t.Context(), "2026-11-22")
	if err != nil {
		t.Fatal(err)
	}
	text, err := charmap.Windows1251.NewDecoder().Bytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := "Instant Payments C2B Transactions report for 22/11/2026 / Отчет по СБП C2B транзакциям за 22/11/2026;;;;;;;;;;;\r\n;;;;;;;;;;;\r\n" +
		"Мерчант;Дата операции МСК;Тип;id заказа;id возврата;Комментарий;Способ оплаты;Данные оплаты;id клиента;Сумма;Комиссия;Дополнительные поля\r\n" +
		"MA341037;22.11.2026 9:05;Payment;" + key(1) + "-1;;;Instant Payment QR;" + id + ";0079******68;3806.00;15.22;\r\n" +
		"MA341037;22.11.2026 9:05;Refund;" + key(1) + "-1;r1;;Instant Payment QR;" + id + ";0079******68;-6.00;0.00;\r\n" +
		"MA341037;22.11.2026 9:05;Payment;o1;;Чек  1 ?;Instant Payment QR;" + raiffeisenLink + ";0079******68;10.50;0.04;\r\n" +
		"ИТОГО;;;;;;;;;3810.50;15.26;\r\n"
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if other, err := s.Control().Registry(t.Context(), "2026-11-21"); err != nil || strings.Contains(string(other), "Payment;") {
		t.Errorf("another day: %s, %v", other, err)
	}
}

// FuzzRequests holds that no request, to whichever bank, breaks the sandbox or its ledger.
func FuzzRequests(f *testing.F) {
	for _, seed := range []struct{ method, path, body string }{
		{"POST", "/raiffeisen/api/sbp/v2/qrs", `{"qrType":"QRDynamic","sbpMerchantId":"MA341037","order":"a","amount":1.10,"currency":"RUB"}`},
		{"POST", "/raiffeisen/api/sbp/v1/refund", `{"refundId":"r","order":"fuzz","amount":0.5,"transactionId":0}`},
		{"POST", "/raiffeisen/api/payment/v1/orders", `{"id":"x","amount":1,"qr":{"id":"` + raiffeisenLink + `"},"extra":null}`},
		{"DELETE", "/raiffeisen/api/payment/v1/orders/x", ``},
		{"POST", "/raiffeisen/api/nspc-mock/v01/rfuture/payment/init", `{"qrId":"","amount":1}`},
		{"POST", "/gazprombank/merchant/qrc-data", `{"account":"40702810000000000001","merchantId":"MB0000000001","templateVersion":"01","qrcType":"02","amount":"1","currency":"RUB"}`},
		{"PUT", "/gazprombank/payment/v1/qrc-status", `{"qrcIds":["a"]}`},
		{"POST", gazprombankPrefix + gpbLink + "/params", `{"amount":"1","currency":"RUB","qrTtl":5}`},
		{"POST", rsbPrefix + "/getQrCode", `{"sourceId":"s","terminalId":"10000014","merchantId":"MC0000000014","account":"40702810000000000014","qrcType":"02","amount":1,"currency":"RUB"}`},
		{"POST", rsbPrefix + "/refundQrc", `{"sourceId":"s","terminalId":"10000014","merchantId":"MC0000000014","amount":1,"currency":"RUB","trxId":"x"}`},
	} {
		f.Add(seed.method, seed.path, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		c, err := openCentre(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.ledger.Close()
		tx := c.begin()
		tx.pay(tx.add(&offer{ID: "F", QrcID: "F", Bank: Raiffeisen, Given: "fuzz", Key: "fuzz", Amount: 100, Literal: "1"}))
		if err := tx.commit(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			r, err := http.NewRequest(method, "http://127.0.0.1/", strings.NewReader(body))
			if err != nil {
				return
			}
			r.URL.Path = "/" + strings.TrimPrefix(path, "/")
			r.Header.Set("Authorization", "Bearer "+RaiffeisenKey)
			r.Header.Set("login", GazprombankLogin)
			r.Header.Set("password", GazprombankPassword)
			r.Header.Set("X-User-login", RSBLogin)
			w := &written{header: http.Header{}}
			c.ServeHTTP(w, r)
			if w.status >= 500 {
				t.Errorf("%s %q %q: %d %s", method, path, body, w.status, w.body.String())
			}
		}
		c.Bills(true)
		c.registry(time.Now())
		if bad := c.Ledger().Trouble(); len(bad) > 0 && !strings.Contains(bad[0], "twice") {
			t.Errorf("the ledger: %v", bad)
		}
	})
}

// written takes an answer.
type written struct {
	header http.Header
	status int
	body   strings.Builder
}

func (w *written) Header() http.Header         { return w.header }
func (w *written) WriteHeader(status int)      { w.status = status }
func (w *written) Write(p []byte) (int, error) { return w.body.Write(p) }
