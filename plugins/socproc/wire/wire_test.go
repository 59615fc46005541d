package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/pay"
)

// reserved is an operation as the service answers it.
const reserved = `{"operation_id":"k1","reservation_id":"r1","status":"RESERVED","approved_sum":9000,"expires_at":"2026-12-01T12:30:00+03:00","program":"FOOD",
	"program_name":"Продукты","items":[{"pos":1,"approved_sum":10},{"pos":7,"approved_sum":8990},{"pos":9,"approved_sum":0}],"cancels":[]}`

// with is that operation with some fields changed.
func with(t testing.TB, change string) []byte {
	var all, some map[string]any
	for text, to := range map[string]*map[string]any{reserved: &all, change: &some} {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(to); err != nil {
			t.Fatal(text, err)
		}
	}
	for name, value := range some {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func basket() []pay.Item {
	return []pay.Item{{Position: 1, Barcode: "4600000000017", Name: "Молоко", Quantity: 1000, Price: 8990, Sum: 8990},
		{Position: 7, Name: "Хлеб", Quantity: 2000, Price: 4495, Sum: 8990}}
}

func TestAReservationSaysWhatIsApprovedOfEachPosition(t *testing.T) {
	o, err := ReadOperation([]byte(reserved))
	if err != nil {
		t.Fatal(err)
	}
	if o.ID != "k1" || o.Reservation != "r1" || o.State() != Reserved || o.Approved != 9000 || len(o.Items) != 2 || o.Program != "FOOD" || o.ProgramName != "Продукты" ||
		!o.Expires.Equal(time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)) {
		t.Errorf("%+v", o)
	}
	if err := o.Fits("k1", basket()); err != nil {
		t.Error(err)
	}
	if o.Fits("k2", basket()) == nil {
		t.Error("another operation is taken for this one")
	}
	if o.Fits("k1", basket()[:1]) == nil {
		t.Error("a position that the receipt has not is taken")
	}
	dear := basket()
	dear[0].Sum = 9
	if o.Fits("k1", dear) == nil {
		t.Error("more than a position costs is taken")
	}
}

func TestNothingApprovedIsAnAnswerToo(t *testing.T) {
	for _, items := range []string{`[]`, `null`, `[{"pos":1,"approved_sum":0}]`} {
		o, err := ReadOperation(with(t, `{"approved_sum":0,"items":`+items+`}`))
		if err != nil || o.Approved != 0 || len(o.Items) != 0 || o.State() != Reserved {
			t.Errorf("%s: %+v %v", items, o, err)
		}
	}
}

func TestStatusesAreReadInAnyLetterCaseAndUnknownOnesDecideNothing(t *testing.T) {
	for status, want := range map[string]State{"RESERVED": Reserved, "reserved": Reserved, " Confirmed\n": Confirmed, "returned": Returned, "Cancelled": Cancelled, "EXPIRED": Expired,
		"": NoState, "CANCELED ": NoState, "CONFIRMED2": NoState, "PENDING": NoState, "0": NoState} {
		if got := StateOf(status); got != want {
			t.Errorf("%q: %v, want %v", status, got, want)
		}
	}
	for s := Reserved; s <= Expired; s++ {
		if StateOf(s.String()) != s || s.Free() != (s == Cancelled || s == Expired) {
			t.Errorf("%d is written %q", s, s)
		}
	}
	o, err := ReadOperation(with(t, `{"status":"ON_HOLD","confirmed_sum":5}`))
	if err != nil || o.State() != NoState || o.Status != "ON_HOLD" {
		t.Errorf("a status of tomorrow: %+v %v", o, err)
	}
}

func TestSumsOfAnAnswerAddUpOrItIsNone(t *testing.T) {
	good := map[string]string{
		"confirmed": `{"status":"confirmed","confirmed_sum":9000}`,
		"returned":  `{"status":"RETURNED","confirmed_sum":9000,"returned_sum":9000,"cancels":[{"cancel_id":"c1","kind":"RELEASE","done":false},{"cancel_id":"c2","kind":"REVERSAL","done":true}]}`,
		"let go":    `{"status":"CANCELLED","cancels":[{"cancel_id":"c1","kind":"RELEASE","done":true},{"cancel_id":"c2","kind":"REVERSAL","done":false}]}`,
		"expired":   `{"status":"EXPIRED","confirmed_sum":0,"returned_sum":null}`,
	}
	for name, change := range good {
		if o, err := ReadOperation(with(t, change)); err != nil || o.State() == NoState {
			t.Errorf("%s: %+v %v", name, o, err)
		}
	}
	bad := map[string]string{
		"a kopeck too much":         `{"approved_sum":9001}`,
		"a kopeck too little":       `{"approved_sum":8999}`,
		"a sum that overflows":      `{"items":[{"pos":1,"approved_sum":9223372036854775807},{"pos":7,"approved_sum":9001}]}`,
		"a position twice":          `{"items":[{"pos":1,"approved_sum":4500},{"pos":1,"approved_sum":4500}]}`,
		"a position 0":              `{"items":[{"pos":0,"approved_sum":9000}]}`,
		"a position 1000":           `{"items":[{"pos":1000,"approved_sum":9000}]}`,
		"a position without a sum":  `{"items":[{"pos":1},{"pos":7,"approved_sum":9000}]}`,
		"no items":                  `{"items":null}`,
		"no sum":                    `{"approved_sum":null,"items":null}`,
		"a fraction":                `{"approved_sum":9000.0}`,
		"below zero":                `{"approved_sum":-1}`,
		"no status":                 `{"status":null}`,
		"no operation":              `{"operation_id":null}`,
		"no reservation":            `{"reservation_id":""}`,
		"a path for a reservation":  `{"reservation_id":"../x"}`,
		"confirmed with nothing":    `{"status":"CONFIRMED"}`,
		"confirmed with less":       `{"status":"CONFIRMED","confirmed_sum":8999}`,
		"reserved with money":       `{"confirmed_sum":9000}`,
		"let go with money":         `{"status":"CANCELLED","confirmed_sum":9000}`,
		"expired with money":        `{"status":"EXPIRED","confirmed_sum":9000}`,
		"returned in part":          `{"status":"RETURNED","confirmed_sum":9000,"returned_sum":8999}`,
		"returned without a charge": `{"status":"RETURNED"}`,
		"reversed but confirmed":    `{"status":"CONFIRMED","confirmed_sum":9000,"cancels":[{"cancel_id":"c","kind":"REVERSAL","done":true}]}`,
		"released but confirmed":    `{"status":"CONFIRMED","confirmed_sum":9000,"cancels":[{"cancel_id":"c","kind":"RELEASE","done":true}]}`,
		"reversed but let go":       `{"status":"CANCELLED","cancels":[{"cancel_id":"c","kind":"REVERSAL","done":true}]}`,
		"returned by two":           `{"status":"RETURNED","confirmed_sum":9000,"returned_sum":9000,"cancels":[{"cancel_id":"a","kind":"RETURN","done":true},{"cancel_id":"b","kind":"RETURN","done":true}]}`,
		"a cancel twice":            `{"cancels":[{"cancel_id":"a","kind":"RETURN","done":false},{"cancel_id":"a","kind":"RETURN","done":false}]}`,
		"a cancel of a kind":        `{"cancels":[{"cancel_id":"a","kind":"STORNO","done":false}]}`,
		"a cancel that may be done": `{"cancels":[{"cancel_id":"a","kind":"RETURN"}]}`,
	}
	for name, change := range bad {
		if o, err := ReadOperation(with(t, change)); err == nil {
			t.Errorf("%s is taken: %+v", name, o)
		}
	}
	for _, body := range []string{"", "null", "[]", "{}", reserved + "{}", reserved[:40], strings.Replace(reserved, `"status"`, `"STATUS":"CONFIRMED","status"`, 1)} {
		if _, err := ReadOperation([]byte(body)); err == nil {
			t.Errorf("%.60s is taken", body)
		}
	}
}

func TestWhatBecameOfACancelIsFoundByItsID(t *testing.T) {
	o, err := ReadOperation(with(t, `{"status":"RETURNED","confirmed_sum":9000,"returned_sum":9000,"cancels":[{"cancel_id":"c1","kind":"RELEASE","done":false},{"cancel_id":"c2","kind":"RETURN","done":true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := o.Undo("c1"); !ok || u.Done || u.Kind != Release {
		t.Errorf("%+v %v", u, ok)
	}
	if u, ok := o.Undo("c2"); !ok || !u.Done || u.Kind != Refund {
		t.Errorf("%+v %v", u, ok)
	}
	if _, ok := o.Undo("c3"); ok {
		t.Error("a cancel that nobody sent is found")
	}
}

func TestErrorsAreReadWithTheirCodeAndState(t *testing.T) {
	f := ReadFailure([]byte(`{"error":{"code":"state_mismatch","message":"Уже\nсписано","status":"confirmed"}}`))
	if f == nil || f.Code != CodeState || f.State() != Confirmed || f.Message != "Уже списано" {
		t.Errorf("%+v", f)
	}
	for _, body := range []string{"", "{}", `{"error":null}`, `{"error":{}}`, `{"error":"STATE_MISMATCH"}`, `{"error":{"code":"A","CODE":"B"}}`, "<html>", reserved} {
		if f := ReadFailure([]byte(body)); f != nil {
			t.Errorf("%.40s: %+v", body, f)
		}
	}
	for code, refuses := range map[Code]bool{CodeField: true, CodeMerchant: true, CodeProgram: true, CodeCard: true, CodeLimit: true, CodeNothing: false, CodeReused: false,
		CodeState: false, CodeSum: false, CodePartial: false, CodeMissing: false, CodeOvertaxed: false, "": false, "NEW": false} {
		if (&Failure{Code: code}).Refuses() != refuses {
			t.Errorf("%s: %v", code, !refuses)
		}
	}
}

func TestRequestsAreWrittenAsTheContractHasThem(t *testing.T) {
	for _, c := range []struct {
		body any
		want string
	}{
		{Reserve{OperationID: "k1", EnterpriseID: "E", MerchantID: "M", SPCode: "FOOD", TerminalNo: "T1", Card: Card{PanHash: "ab", PAR: "Q"},
			Receipt: Receipt{ID: "sale-1", Total: 17980, Items: Items(basket())}},
			`{"operation_id":"k1","enterprise_id":"E","merchant_id":"M","sp_code":"FOOD","terminal_no":"T1","card":{"pan_hash":"ab","par":"Q"},"receipt":{"id":"sale-1","total":17980,"items":[` +
				`{"pos":1,"barcode":"4600000000017","name":"Молоко","qty_milli":1000,"price":8990,"sum":8990},{"pos":7,"name":"Хлеб","qty_milli":2000,"price":4495,"sum":8990}]}}`},
		{Confirm{OperationID: "k1", Sum: 9007199254740993}, `{"operation_id":"k1","sum":9007199254740993}`},
		{Cancel{CancelID: "c1", Expect: ExpectReserved}, `{"cancel_id":"c1","expect":"RESERVED"}`},
		{Cancel{CancelID: "c1", Expect: ExpectConfirmed}, `{"cancel_id":"c1","expect":"CONFIRMED"}`},
		{Return{CancelID: "c2", Sum: 9000}, `{"cancel_id":"c2","sum":9000}`},
	} {
		if got, err := json.Marshal(c.body); err != nil || string(got) != c.want {
			t.Errorf("%s %v", got, err)
		}
	}
	for got, want := range map[string]string{PathConfirm("r/1"): "v1/reservations/r%2F1/confirm", PathCancel("r1"): "v1/reservations/r1/cancel", PathOperation("k1"): "v1/operations/k1",
		PathReturn("k1"): "v1/operations/k1/return"} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// FuzzReadOperation holds that no answer crashes, and that what is read adds up and can be logged.
func FuzzReadOperation(f *testing.F) {
	f.Add([]byte(reserved))
	f.Add(with(f, `{"status":"CONFIRMED","confirmed_sum":"9000"}`))
	f.Add(with(f, `{"status":"RETURNED","confirmed_sum":9000,"returned_sum":9000,"cancels":[{"cancel_id":"c2","kind":"REVERSAL","done":true}]}`))
	f.Add([]byte(`{"error":{"code":"STATE_MISMATCH","message":"x","status":"CONFIRMED"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if e := ReadFailure(body); e != nil && strings.ContainsAny(string(e.Code)+e.Message+e.Status, "\n\r\x00\x1b") {
			t.Fatalf("%+v", e)
		}
		o, err := ReadOperation(body)
		if err != nil {
			return
		}
		var total pay.Amount
		seen := map[int]bool{}
		for _, i := range o.Items {
			if total += i.Approved; i.Approved <= 0 || total < 0 || seen[i.Position] {
				t.Fatalf("%+v", o)
			}
			seen[i.Position] = true
		}
		if total != o.Approved || o.State() == Confirmed && o.Confirmed != o.Approved || o.State() == Reserved && o.Confirmed != 0 || o.State() == Returned && o.Returned != o.Approved {
			t.Fatalf("%+v", o)
		}
		if strings.ContainsAny(o.ID+o.Reservation+o.Status+o.Program+o.ProgramName, "\n\r\x00\x1b") {
			t.Fatalf("%+v", o)
		}
	})
}
