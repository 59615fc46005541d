package bank

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/sdk/pay"
)

func TestRublesAreWrittenAndReadToTheKopeck(t *testing.T) {
	for text, want := range map[string]pay.Amount{"1": 100, "1.1": 110, "1.10": 110, "1.100": 110, "1110.11": 111011, "0.01": 1, "12345678.90": 1234567890, "0": 0, "": 0} {
		if got, err := readRubles(json.Number(text)); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"1.111", "-1", "1e2", "1E7", "1,5", "0x1", "99999999999999999999", "+1", ".5", "1.0.0"} {
		if got, err := readRubles(json.Number(text)); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
	for amount, want := range map[pay.Amount]string{100: "1", 110: "1.1", 111: "1.11", 1000: "10", 1: "0.01", 1234567890: "12345678.9", 10000: "100"} {
		if got := rubles(amount).String(); got != want {
			t.Errorf("%d: %s", amount, got)
		}
		if back, err := readRubles(rubles(amount)); err != nil || back != amount {
			t.Errorf("%d comes back as %d, %v", amount, back, err)
		}
	}
}

func TestKopecksAreReadAsANumberAndAsAString(t *testing.T) {
	for text, want := range map[string]wire.Kopecks{"25300": {Amount: 25300, Named: true}, `"25300"`: {Amount: 25300, Named: true}, "null": {}, `""`: {}, "0": {Amount: 0, Named: true}} {
		var got wire.Kopecks
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"253.00", `"253,00"`, "-1", `"x"`, "{}", "1e3", `"+1"`} {
		var got wire.Kopecks
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s is %+v", text, got)
		}
	}
}

func TestStatusesAreReadWithoutRegardToLetterCaseAndUnknownOnesAreNoWord(t *testing.T) {
	ticket := Ticket{Mode: Dynamic, Order: "o", QR: "Q", Amount: 500}
	raif := &Raiffeisen{}
	for status, want := range map[string]State{"SUCCESS": Paid, "success": Paid, "No_Info": Fresh, "IN_PROGRESS": Paying, "Declined": Refused, "WON": Unknown, "": Unknown} {
		w, err := raif.payment(ticket, raifPayment{Status: status, Amount: "5", Currency: "RUB", Order: "o", QR: "Q"}, Fresh)
		if w.State != want || (err != nil) != (want == Unknown) {
			t.Errorf("Raiffeisenbank %q: %d, %v", status, w.State, err)
		}
	}
	gpb := &Gazprombank{}
	for status, want := range map[string]State{"ACCEPTED": Paid, "accepted": Paid, "Not_Started": Fresh, "RECEIVED": Paying, "in_progress": Paying, "REJECTED": Refused, "DONE": Unknown} {
		if w, err := gpb.payment(ticket, gpbStatus{ID: "Q", Status: status, Trx: "T"}); w.State != want || (err != nil) != (want == Unknown) {
			t.Errorf("Gazprombank %q: %d, %v", status, w.State, err)
		}
	}
	for status, want := range map[string]State{"DRAFT": Fresh, "Performed": Paid, "CANCELLED": Refused, "ERROR": Refused, "ROLLBACK_PERFORMED": Refused, "IN_PROGRESS": Paying,
		"ERROR_CHECK": Paying, "NOT_STARTED": Paying, "rollback_in_progress": Paying, "LOST": Unknown} {
		if w, err := gpb.refund(Return{Amount: 500, Draft: "D"}, gpbEnvelope{Trx: "D", Type: "QR_RETURNING", Status: status}); w.State != want || (err != nil) != (want == Unknown) {
			t.Errorf("Gazprombank's refund %q: %d, %v", status, w.State, err)
		}
	}
	rsb := &RSB{}
	for status, want := range map[string]State{"ACCEPTED": Paid, "Accepted": Paid, "NOT_STARTED": Fresh, "RECEIVED_OPKC": Paying, "in_progress_opkc": Paying, "DECLINED": Refused,
		"EXPIRED": Expired, "SOLD": Unknown} {
		if w, err := rsb.payment(ticket, rsbEnvelope{}, rsbData{ID: "Q", Status: status, Trx: "T"}); w.State != want || (err != nil) != (want == Unknown) {
			t.Errorf("Russian Standard %q: %d, %v", status, w.State, err)
		}
	}
}

func TestAnAnswerAboutSomethingElseIsNoWord(t *testing.T) {
	ticket := Ticket{Mode: Dynamic, Order: "o", QR: "Q", Amount: 500}
	raif, gpb, rsb := &Raiffeisen{}, &Gazprombank{}, &RSB{}
	for name, p := range map[string]raifPayment{
		"another order":    {Status: "SUCCESS", Amount: "5", Order: "p", QR: "Q"},
		"another code":     {Status: "SUCCESS", Amount: "5", Order: "o", QR: "R"},
		"no order":         {Status: "SUCCESS", Amount: "5", QR: "Q"},
		"no sum":           {Status: "SUCCESS", Order: "o", QR: "Q"},
		"another currency": {Status: "SUCCESS", Amount: "5", Order: "o", QR: "Q", Currency: "USD"},
	} {
		if w, err := raif.payment(ticket, p, Fresh); err == nil {
			t.Errorf("Raiffeisenbank, %s: %+v", name, w)
		}
	}
	if _, err := raif.order(ticket, raifOrder{ID: "p", Amount: "5"}); err == nil {
		t.Error("another order counts")
	}
	if _, err := raif.refund(Return{Amount: 500}, raifRefund{Amount: "4", Status: "COMPLETED"}); err == nil {
		t.Error("another sum is given back")
	}
	if w, err := gpb.payment(ticket, gpbStatus{ID: "Q", Status: "ACCEPTED", Trx: "T", Amount: wire.Kopecks{Amount: 400, Named: true}}); err == nil {
		t.Errorf("Gazprombank, another sum: %+v", w)
	}
	if w, err := gpb.payment(ticket, gpbStatus{ID: "Q", Status: "ACCEPTED"}); err == nil {
		t.Errorf("Gazprombank, no payment: %+v", w)
	}
	if w, err := gpb.refund(Return{Amount: 500, Draft: "D"}, gpbEnvelope{Trx: "E", Status: "PERFORMED"}); err == nil {
		t.Errorf("Gazprombank, another draft: %+v", w)
	}
	if w, err := rsb.payment(ticket, rsbEnvelope{}, rsbData{ID: "R", Status: "ACCEPTED", Trx: "T"}); err == nil {
		t.Errorf("Russian Standard, another code: %+v", w)
	}
	if w, err := rsb.refund(Return{Amount: 500}, rsbData{Status: "COMPLETED"}); err == nil {
		t.Errorf("Russian Standard, a refund without a sum: %+v", w)
	}
}

func TestTheSumOfARussianStandardPaymentIsReadWithAndWithoutTheBlankInItsName(t *testing.T) {
	for _, name := range []string{"amount", "amount "} {
		var e rsbEnvelope
		if err := wire.Decode([]byte(`{"sourceId":"o","code":"0","paymentdata":{"`+name+`":"400"},"data":{"qrcId":"Q"}}`), &e); err != nil {
			t.Fatal(err)
		}
		w, err := new(RSB).payment(Ticket{Mode: Dynamic, QR: "Q", Amount: 500}, e, rsbData{ID: "Q", Status: "ACCEPTED", Trx: "T"})
		if err != nil || w.Amount != 400 {
			t.Errorf("%q: %+v, %v", name, w, err)
		}
	}
}

func TestAChargeIsAdoptedOnlyByItsNameAndItsSum(t *testing.T) {
	key := strings.Repeat("a1", 16)
	lost, known := Ticket{Order: key, Amount: 500}, Ticket{Order: key, Amount: 500, Params: "P1"}
	for name, c := range map[string]struct {
		charge Charge
		ticket Ticket
		is     bool
	}{
		"by the bank's name":              {Charge{Params: "P1"}, known, true},
		"another one's by the same link":  {Charge{Params: "P2", Purpose: "receipt 2", Amount: 500}, known, false},
		"ours, by another name than told": {Charge{Params: "P2", Purpose: "receipt 1 " + key, Amount: 500}, known, true},
		"another one's by the name told":  {Charge{Params: "P1", Purpose: "receipt 2", Amount: 500}, known, false},
		"by our name and sum":             {Charge{Params: "P2", Order: key, Amount: 500}, lost, true},
		"by the purpose and sum":          {Charge{Params: "P2", Purpose: "receipt 1 " + key, Amount: 500}, lost, true},
		"another sum":                     {Charge{Params: "P2", Purpose: key, Amount: 400}, lost, false},
		"another purpose":                 {Charge{Params: "P2", Purpose: "receipt 1", Amount: 500}, lost, false},
		"another order":                   {Charge{Params: "P2", Order: "x", Purpose: key, Amount: 500}, lost, false},
		"nothing on it":                   {Charge{}, Ticket{}, false},
		"nothing is known of it":          {Charge{Params: "P2"}, Ticket{}, false},
	} {
		if c.charge.Is(c.ticket) != c.is {
			t.Error(name)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"code":"SUCCESS","paymentStatus":"SUCCESS","amount":5,"currency":"RUB","order":"o","qrId":"Q","transactionId":7}`,
		`{"code":"ERROR.NOT_FOUND","message":"x"}`, `{"id":"o","amount":5.00,"status":{"value":"PAID"},"qr":{"id":"Q"}}`,
		`{"code":"000","data":[{"qrcId":"Q","status":"ACCEPTED","trxId":"T"}]}`, `{"code":"000","transactionId":"D","type":"QR_RETURNING","status":"PERFORMED","amount":"500"}`,
		`{"code":"0","sourceId":"o","data":{"qrcId":"Q","status":"ACCEPTED","trxId":"T"},"paymentdata":{"amount ":500}}`,
		`{"code":"0","sourceId":"o","data":{"qrcId":"Q","paramsId":"P","trxStatus":"ACWP","trxId":"T","amount":500,"cashRegisterQrcStatus":"DEACTIVATED"}}`,
		`null`, `[]`, `{"code":null}`, `{"amount":1e999}`,
	} {
		f.Add([]byte(seed))
	}
	dynamic, link := Ticket{Mode: Dynamic, Order: "o", QR: "Q", Amount: 500}, Ticket{Mode: Cash, Order: "o", QR: "Q", Params: "P", Amount: 500}
	r := Return{Amount: 500, Draft: "D"}
	f.Fuzz(func(t *testing.T, body []byte) {
		check := func(w Word, err error) {
			switch {
			case err != nil && w != (Word{}):
				t.Errorf("a word beside the error %v: %+v", err, w)
			case err == nil && w.State == Unknown:
				t.Errorf("neither word nor error: %+v", w)
			case w.State == Paid && w.Amount <= 0:
				t.Errorf("paid, and nobody says how much: %+v", w)
			}
		}
		raif, gpb, rsb := &Raiffeisen{}, &Gazprombank{}, &RSB{}
		var p raifPayment
		if wire.Decode(body, &p) == nil {
			check(raif.payment(dynamic, p, Fresh))
		}
		var o raifOrder
		if wire.Decode(body, &o) == nil {
			if w, err := raif.order(Ticket{Mode: Cash, Order: "o", QR: "Q", Amount: 500}, o); err != nil || w.Amount > 0 {
				check(w, err)
			}
		}
		var back raifRefund
		if wire.Decode(body, &back) == nil {
			check(raif.refund(r, back))
		}
		var g gpbEnvelope
		if wire.Decode(body, &g) == nil {
			check(gpb.refund(r, g))
			var list []gpbStatus
			if json.Unmarshal(g.Data, &list) == nil && len(list) == 1 {
				check(gpb.payment(dynamic, list[0]))
			}
			var l gpbLink
			if json.Unmarshal(g.Data, &l) == nil && gpb.about(link, l) == nil {
				check(linkWord(l.State, l.Payment, Word{Trx: l.Trx, Amount: l.Amount.Amount}))
			}
		}
		var e rsbEnvelope
		var d rsbData
		if wire.Decode(body, &e) == nil && json.Unmarshal(e.Data, &d) == nil {
			check(rsb.payment(dynamic, e, d))
			check(rsb.linkStatus(link, e, d))
			check(rsb.refund(r, d))
		}
		_ = RaiffeisenSigned(body, "00", []byte("k"))
	})
}
