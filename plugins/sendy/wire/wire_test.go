package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

const testKey = "0123456789abcdef0123456789abcdef"

func TestACodeIsRecognisedByItsForm(t *testing.T) {
	tests := []struct {
		code string
		want System
		ok   bool
	}{
		{"130123456789012368", WeChat, true},
		{" 130123456789012368\r\n", WeChat, true},
		{"160123456789012368", "", false},
		{"13012345678901236", "", false},
		{"2801234567890123", Alipay, true},
		{"280123456789012345678901", Alipay, true},
		{"2801234567890123456789012", "", false},
		{"280123456789012345", Alipay, true},
		{"SENDY-1234567890123456", Sendy, true},
		{"SENDY-123456789012345", Sendy, false},
		{"SENDY-12345678901234ab", Sendy, false},
		{"sendy-1234567890123456", "", false},
		{"", "", false},
		{"１３０１２３４５６７８９０１２３６８", "", false},
	}
	for _, tt := range tests {
		if got, ok := SystemOf(tt.code); ok != tt.ok || ok && got != tt.want {
			t.Errorf("SystemOf(%q) = %q, %v", tt.code, got, ok)
		}
	}
}

func TestAMaskedCodeKeepsFourCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"130123456789012368":     "13****68",
		"SENDY-1234567890123456": "12****56",
		"1234567":                "****",
		"":                       "****",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAStatusInOtherLetterCaseIsTheSameAndAnUnknownOneIsNone(t *testing.T) {
	for in, want := range map[Status]Status{"paid": Paid, "Declined": Declined, "PAID": Paid, "PAYED": "", "": "", " PAID": ""} {
		if got := in.Fold(); got != want {
			t.Errorf("Status(%q).Fold() = %q, want %q", in, got, want)
		}
	}
}

func TestAnAnswerWithoutWhatMattersIsRefused(t *testing.T) {
	good := `{"transaction":7,"kind":"payment","shift":1,"key":"` + testKey + `","amount":100,"currency":"RUB","status":"PAID"}`
	var rec Record
	if err := Decode([]byte(good), &rec); err != nil {
		t.Fatalf("a whole record is refused: %v", err)
	}
	for name, change := range map[string][2]string{
		"no key":            {`"key":"` + testKey + `",`, ``},
		"a short key":       {testKey, testKey[1:]},
		"no amount":         {`"amount":100,`, ``},
		"a negative amount": {`"amount":100`, `"amount":-100`},
		"a fraction":        {`"amount":100`, `"amount":100.5`},
		"an amount as text": {`"amount":100`, `"amount":"100"`},
		"no status":         {`"status":"PAID"`, `"status":""`},
		"no currency":       {`"currency":"RUB",`, ``},
		"an odd kind":       {`"payment"`, `"payout"`},
		"two answers":       {`"PAID"}`, `"PAID"}{}`},
		"half an answer":    {`"status":"PAID"}`, `"stat`},
		"HTML":              {good, `<html></html>`},
		"null":              {good, `null`},
		"broken UTF-8":      {`"RUB"`, "\"RU\xff\""},
	} {
		if err := Decode([]byte(strings.Replace(good, change[0], change[1], 1)), &Record{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	extra := strings.Replace(good, `{`, `{"loyalty":{"points":5},`, 1)
	if err := Decode([]byte(extra), &Record{}); err != nil {
		t.Errorf("an unknown field is refused: %v", err)
	}
}

func TestEveryRefusalHasAStatusThatIsNoSuccess(t *testing.T) {
	for _, c := range []Code{CodeBadRequest, CodeUnauthorized, CodeUnknownTerminal, CodeBadCode, CodeBurnt, CodeAlreadyActivated,
		CodeConflict, CodeAlreadyCancelled, CodeHasRefunds, CodeShiftNotOpen, CodeNotFound, CodeNoSuchPath} {
		if s := c.HTTPStatus(); s < 400 || s > 499 {
			t.Errorf("%s is sent with %d", c, s)
		}
	}
	if s := CodeInternal.HTTPStatus(); s != 500 {
		t.Errorf("%s is sent with %d", CodeInternal, s)
	}
}

func TestTheEnvelopeOfARefusal(t *testing.T) {
	left := 2
	got, err := json.Marshal(ErrorAnswer{&Error{CodeBadCode, "no", &left}})
	if want := `{"error":{"code":"BAD_CODE","message":"no","attempts_left":2}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestAReportMustAscend(t *testing.T) {
	op := func(n int64) Record {
		return Record{Transaction: n, Kind: Payment, Key: testKey, Amount: 1, Currency: "RUB", Status: Paid}
	}
	if err := (&Report{Operations: []Record{op(1), op(2)}}).Validate(); err != nil {
		t.Errorf("an ascending report is refused: %v", err)
	}
	if err := (&Report{Operations: []Record{op(2), op(2)}}).Validate(); err == nil {
		t.Error("a number that is listed twice is accepted")
	}
	if err := (&Report{More: true}).Validate(); err == nil {
		t.Error("an empty page with more to come is accepted: a reader would never end")
	}
}

// FuzzDecode holds that no answer crashes the reader, and that what is accepted says the same after a round trip.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"transaction":7,"kind":"payment","mode":"online","shift":1,"key":"` + testKey + `","amount":100,"currency":"RUB","status":"PAID","paid_at":"2026-11-22T10:03:38+03:00"}`,
		`{"next_transaction":1,"shift":1,"systems":["SENDY"],"server_time":"2026-11-22T10:03:38+03:00"}`,
		`{"error":{"code":"BAD_CODE","message":"…","attempts_left":2}}`,
		`{"shift":1,"new_shift":2,"totals":[{"system":"SENDY","payments":{"count":1,"amount":5}}]}`,
		`{"operations":[{"transaction":1}],"more":true}`,
		`{"terminal_id":"1","secret":"x"}`,
		`<html>`, `null`, `[]`, `{"amount":1e30}`, `{"amount":`, "\xff", `{"key":"` + strings.Repeat("a", 100) + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range []Message{&Record{}, &Counters{}, &ErrorAnswer{}, &ShiftTotals{}, &Report{}, &Activation{}} {
			if Decode(data, m) != nil {
				continue
			}
			again, err := json.Marshal(m)
			if err != nil {
				t.Fatalf("%T was accepted but cannot be written: %v", m, err)
			}
			twin := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
			if err := Decode(again, twin); err != nil {
				t.Fatalf("%T was accepted, but not its own writing %s: %v", m, again, err)
			}
			if final, _ := json.Marshal(twin); string(final) != string(again) {
				t.Fatalf("%T changed on its way:\n%s\n%s", m, again, final)
			}
		}
	})
}

// FuzzSystemOf holds that no scanned text crashes the reader, and that what is recognised is short and clean.
func FuzzSystemOf(f *testing.F) {
	for _, seed := range []string{"130123456789012368", "2801234567890123", "SENDY-1234567890123456", "", "\x00", strings.Repeat("1", 10240)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		system, ok := SystemOf(code)
		if !ok {
			return
		}
		r := OfflineRequest{Transaction: 1, Shift: 1, Key: testKey, Amount: 1, Currency: "RUB", System: system, AuthCode: strings.TrimSpace(code)}
		if err := r.Validate(); err != nil {
			t.Fatalf("%q is recognised as %s, but cannot be sent: %v", code, system, err)
		}
	})
}

func TestTimesThatAreNotThereAreNotWritten(t *testing.T) {
	got, err := json.Marshal(Record{Created: time.Unix(0, 0).UTC()})
	if err != nil || strings.Contains(string(got), "paid_at") || strings.Contains(string(got), "0001") {
		t.Errorf("%s, %v", got, err)
	}
}
