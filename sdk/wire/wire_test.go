package wire_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/wire"
)

type sample struct {
	ID  wire.Text    `json:"id"`
	Sum wire.Kopecks `json:"sum"`
	In  *sample      `json:"in"`
}

func TestOneWholeObjectIsReadAndNothingElse(t *testing.T) {
	var got sample
	if err := wire.Decode([]byte(` {"id":17,"sum":"25300","more":[{"a":1},{"a":2}]} `), &got); err != nil || got.ID != "17" || got.Sum != (wire.Kopecks{Amount: 25300, Named: true}) {
		t.Errorf("read %+v, %v", got, err)
	}
	for _, body := range []string{"", "[]", "null", `{"id":"1"} {}`, `{"id":"1"`, `{"id":1.5}`, `{"id":true}`, "{\"id\":\"\xff\"}", `{"sum":-1}`, `{"sum":1.5}`, `{"sum":"+1"}`,
		`{"sum":"1 000"}`, `{"sum":1e3}`, `{"sum":9223372036854775808}`} {
		if err := wire.Decode([]byte(body), new(sample)); err == nil {
			t.Errorf("%s was read", body)
		}
	}
	for _, body := range []string{`{"sum":1,"sum":2}`, `{"sum":1,"SUM":2}`, `{"in":{"id":"1","Id":"2"}}`} {
		if err := wire.Decode([]byte(body), new(sample)); !errors.Is(err, wire.ErrTwice) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestASumThatIsNotNamedIsNone(t *testing.T) {
	for _, body := range []string{`{}`, `{"sum":null}`, `{"sum":""}`} {
		var got sample
		if err := wire.Decode([]byte(body), &got); err != nil || got.Sum.Named {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

func TestAnErrorRepeatsNothingOfTheAnswer(t *testing.T) {
	for _, body := range []string{`{"id":{"4000000000000002":1}}`, `{"sum":"4000000000000002x"}`, `{"id":4000000000000002.5}`, `{"4000000000000002":1,"4000000000000002":2}`} {
		if err := wire.Decode([]byte(body), new(sample)); err == nil || strings.Contains(err.Error(), "4000000000000002") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":1,"sum":"2","in":{"id":"3","sum":null}}`))
	f.Add([]byte(`{"a":[{"b":1},{"b":2}],"A":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var got sample
		if wire.Decode(body, &got) != nil {
			return
		}
		if got.Sum.Amount < 0 || !got.Sum.Named && got.Sum.Amount != 0 {
			t.Errorf("the sum %+v", got.Sum)
		}
		again, err := json.Marshal(map[string]pay.Amount{"sum": got.Sum.Amount})
		var second sample
		if err != nil || wire.Decode(again, &second) != nil || second.Sum.Amount != got.Sum.Amount {
			t.Errorf("%d was written and came back as %+v", got.Sum.Amount, second.Sum)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("  Недостаточно\r\n средств\u202e ", 12)
	f.Add("\x1b[2Jx\x00", 3)
	f.Fuzz(func(t *testing.T, s string, most int) {
		if most < 0 || most > 10_000 {
			return
		}
		line := wire.Clean(s, most)
		if utf8.RuneCountInString(line) > most || wire.Clean(line, most) != line || strings.ContainsAny(line, "\r\n\x1b\x00") {
			t.Errorf("%q became %q", s, line)
		}
	})
}
