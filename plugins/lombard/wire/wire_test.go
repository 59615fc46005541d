package wire

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

const ss = "78472-def-Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6"

func data(body string) []byte { return []byte(`{"error":0,"message":"","data":` + body + `}`) }

func TestALoginOpensASessionOrAsksForACode(t *testing.T) {
	if o, err := ReadOpened(data(`{"ss":"` + ss + `"}`)); err != nil || o.Session != ss {
		t.Errorf("%+v, %v", o, err)
	}
	until := time.Date(2020, 3, 4, 10, 45, 0, 0, time.FixedZone("", 3*3600))
	e, err := ReadEntered(data(`{"ss":"` + ss + `","account_id":78472,"expires_at":"2020-03-04T10:45:00+03:00","rights":"all"}`))
	if err != nil || e.Session != ss || e.Account != "78472" || !e.Until.Equal(until) || !e.All || e.NeedSMS {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := ReadEntered(data(`{"need_sms":true}`)); err != nil || e != (Entered{NeedSMS: true}) {
		t.Errorf("%+v, %v", e, err)
	}
	for _, body := range []string{`{}`, `{"ss":"short","account_id":1}`, `{"ss":"` + ss + `"}`, `{"ss":"` + ss + `\n","account_id":1}`, `null`, `[]`} {
		if e, err := ReadEntered(data(body)); err == nil {
			t.Errorf("%s: %+v", body, e)
		}
	}
}

func TestAnErrorOfTheServiceIsItsCodeAndOnlySomeSayThatNothingWasDone(t *testing.T) {
	_, err := ReadPaid([]byte(`{"error":1241,"message":"Сессия истекла.\nАвторизуйтесь повторно.","data":null}`))
	f, ok := errors.AsType[*Failure](err)
	if !ok || !f.Over() || f.Refuses() || f.Message != "Сессия истекла. Авторизуйтесь повторно." {
		t.Fatalf("%+v, %v", f, err)
	}
	for code, refuses := range map[Code]bool{CodeSession: false, CodeLogin: false, CodeNetwork: true, CodeField: true, CodeCard: true, CodeLimit: true, CodeGateway: true,
		CodeOther: false, CodeDocument: false, CodeUnavailable: false, 1: false} {
		if f := (&Failure{Code: code}); f.Refuses() != refuses {
			t.Errorf("%d refuses: %v", code, f.Refuses())
		}
	}
	for _, body := range []string{``, `{}`, `{"error":null}`, `{"error":1.5}`, `{"error":0,"error":1241}`, `{"error":0}`, `{"error":0,"data":[]}`, `<html>`} {
		if r, err := ReadPaid([]byte(body)); err == nil || errors.As(err, &f) {
			t.Errorf("%s: %+v, %v", body, r, err)
		}
	}
}

func TestARecordIsReadWithItsSumInKopecksOrRubles(t *testing.T) {
	for text, want := range map[string]pay.Amount{`140000`: 140000, `0`: 0, `"1 400,00"`: 140000, `"1400.00"`: 140000, `"0,01"`: 1, `"12 345 678,90"`: 1234567890, "\"1\u00a0400,00\"": 140000} {
		r, err := ReadPaid(data(`{"transaction_id":784728,"external_id":"6f1c","status":2,"amount":` + text + `}`))
		if err != nil || r.ID != "784728" || r.ExternalID != "6f1c" || r.Status != Success || r.Amount == nil || *r.Amount != want {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
	for _, text := range []string{`-1`, `1.5`, `"1400"`, `"1 40,00"`, `"1,4"`, `"1,400,00"`, `"+1,00"`, `"1,000"`, `" 1,00"`, `true`, `1e5`, `"99999999999999999999,00"`} {
		if r, err := ReadPaid(data(`{"transaction_id":1,"status":2,"amount":` + text + `}`)); err == nil {
			t.Errorf("%s: %v", text, *r.Amount)
		}
	}
	if r, err := ReadPaid(data(`{"transaction_id":1,"status":17}`)); err != nil || r.Status != 17 || r.Amount != nil {
		t.Errorf("an unknown status: %+v, %v", r, err)
	}
	for _, body := range []string{`{"status":2}`, `{"transaction_id":1}`, `{"transaction_id":"../1","status":2}`, `{"transaction_id":1,"status":"x"}`} {
		if r, err := ReadPaid(data(body)); err == nil {
			t.Errorf("%s: %+v", body, r)
		}
	}
}

func TestAListIsReadWholeOrNotAtAll(t *testing.T) {
	j, err := ReadJournal(data(`{"from":"2020-03-04T00:00:00+03:00","to":"2020-03-05T00:00:00+03:00","transactions":[{"transaction_id":1,"status":0,"card":"4000 00** **** 0002","time":"2020-03-04T08:56:53+03:00"}]}`))
	if err != nil || len(j.Records) != 1 || j.Records[0].Card != "4000 00** **** 0002" || j.From.IsZero() || j.Records[0].Time.IsZero() {
		t.Errorf("%+v, %v", j, err)
	}
	for _, body := range []string{`{}`, `{"transactions":null}`, `{"transactions":[{}]}`, `{"transactions":[{"transaction_id":1,"status":2},{"status":2}]}`, `[]`} {
		if j, err := ReadJournal(data(body)); err == nil {
			t.Errorf("%s: %+v", body, j)
		}
	}
	if c, err := ReadCards(data(`[{"card_id":5,"mask":"4000000000000002"},{"card_id":"a-6","mask":"4000 00** **** 0002"}]`)); err != nil || len(c) != 2 || c[0].Mask != "****" ||
		c[1].ID != "a-6" {
		t.Errorf("%+v, %v", c, err)
	}
	if g, err := ReadGateways(data(`[{"provider_id":1,"bank":"Открытие","limit":6000000}]`)); err != nil || len(g) != 1 || g[0].Limit != 6000000 {
		t.Errorf("%+v, %v", g, err)
	}
	if g, err := ReadGateways(data(`[{"provider_id":1,"bank":"Открытие"}]`)); err == nil {
		t.Errorf("a gateway without a limit: %+v", g)
	}
	if d, err := ReadDocuments(data(`[{"document_id":"5e5f","status":"Ready"},{"document_id":"5e60","status":"new"}]`)); err != nil || !d[0].Ready || d[1].Ready {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestADocumentIsItsBytesOrNotReady(t *testing.T) {
	if page, err := ReadDocument([]byte("%PDF-1.4 x")); err != nil || string(page) != "%PDF-1.4 x" {
		t.Errorf("%q, %v", page, err)
	}
	if _, err := ReadDocument(data(`{"status":"new"}`)); !errors.Is(err, ErrNotReady) {
		t.Error(err)
	}
	if _, err := ReadDocument([]byte(`{"error":1306,"message":"Документ не найден"}`)); err == nil || errors.Is(err, ErrNotReady) {
		t.Error(err)
	}
}

func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"ss":"` + ss + `","account_id":1}`, `[{"card_id":1,"mask":"4000000000000002"}]`, `{"transactions":[{"transaction_id":1,"status":2,"amount":"1 400,00"}]}`,
		`{"transaction_id":1,"status":2,"amount":140000}`, `[{"provider_id":1,"limit":1}]`} {
		f.Add(data(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if e, err := ReadEntered(body); err == nil && !e.NeedSMS && (e.Account == "" || !token(e.Session)) {
			t.Errorf("entered %+v", e)
		}
		records := []Record{}
		if r, err := ReadPaid(body); err == nil {
			records = append(records, r)
		}
		if j, err := ReadJournal(body); err == nil {
			records = append(records, j.Records...)
		}
		for _, r := range records {
			if r.ID == "" || strings.ContainsAny(r.ID+r.DocumentID+r.ExternalID, "/\\. \n") || r.Amount != nil && *r.Amount < 0 {
				t.Errorf("a record %+v", r)
			}
		}
		cards, _ := ReadCards(body)
		for _, c := range cards {
			if strings.Contains(c.Mask, "4000000000000002") {
				t.Errorf("a mask shows %q", c.Mask)
			}
		}
		_, _ = ReadGateways(body)
		_, _ = ReadDocuments(body)
		_, _ = ReadDocument(body)
		_, _ = ReadOpened(body)
	})
}
