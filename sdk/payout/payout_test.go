package payout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/sdk"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// numbers draws card numbers whose last digit is Luhn's.
func numbers() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := rapid.IntRange(13, 19).Draw(t, "digits")
		digits := []byte{byte('2' + rapid.IntRange(0, 7).Draw(t, "first"))}
		for len(digits) < n-1 {
			digits = append(digits, byte('0'+rapid.IntRange(0, 9).Draw(t, "digit")))
		}
		for last := byte('0'); last <= '9'; last++ {
			if whole := string(append(digits[:n-1:n-1], last)); logs.CardNumber(whole) {
				return whole
			}
		}
		panic("no last digit fits")
	})
}

// TestACardShowsItsMaskHoweverItIsPrinted holds that no way of printing gives more than the first six digits and the last four.
func TestACardShowsItsMaskHoweverItIsPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := numbers().Draw(t, "number")
		c, err := ParseCard(number[:4] + " " + number[4:8] + "-" + number[8:])
		if err != nil || c.Number() != number {
			t.Fatalf("%v", err)
		}
		raw, err := json.Marshal(map[string]any{"card": c, "list": []Card{c}})
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c, c), fmt.Sprintf("%v %+v", &c, struct{ C Card }{c}), string(raw),
			fmt.Errorf("card %s", c).Error(), Grouped(c.String())} {
			if strings.Contains(strings.ReplaceAll(shown, " ", ""), number[5:len(number)-3]) {
				t.Fatalf("%q shows the card", shown)
			}
		}
		if m := c.String(); m[:6] != number[:6] || m[len(m)-4:] != number[len(number)-4:] || len(m) != len(number) || strings.Count(m, "*") != len(number)-10 {
			t.Fatalf("mask %q", m)
		}
	})
}

// TestWhatIsNoCardNumberIsRefusedWithoutRepeatingIt holds Luhn's check, and that a refusal says nothing of what was typed.
func TestWhatIsNoCardNumberIsRefusedWithoutRepeatingIt(t *testing.T) {
	for _, typed := range []string{"", "4111111111111112", "411111111111", "41111111111111111111", "4111 1111 1111 111x", "0000000000000000", "²²²²222222222222"} {
		c, err := ParseCard(typed)
		if pay.CodeOf(err) != pay.ErrArgument || c.String() != "" {
			t.Errorf("%q: %v", typed, err)
		}
		if typed != "" && strings.Contains(fmt.Sprint(err), typed) {
			t.Errorf("the refusal repeats %q", typed)
		}
	}
}

func TestTheBrandComesFromTheFirstDigits(t *testing.T) {
	for masked, want := range map[string]string{"220012******1234": "МИР", "411111******1111": "VISA", "555555******4444": "MASTERCARD", "222300******0007": "MASTERCARD",
		"620000******0000": "UNIONPAY", "501800******0009": "MAESTRO", "990000******0000": "", "": "", "****": ""} {
		if got := Brand(masked); got != want {
			t.Errorf("%s: %q, want %q", masked, got, want)
		}
	}
	if got := Label("220012******1234", "ru"); got != "Карта МИР" {
		t.Error(got)
	}
}

// world is a desk over a list of payouts.
type world struct {
	*Desk
	past []sdk.Past
	now  time.Time
}

func newWorld(t *testing.T, s Limits) *world {
	t.Helper()
	words, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)}
	w.Desk = NewDesk("kvell", &s, sdk.Parts{Words: words, Data: t.TempDir(), Now: func() time.Time { return w.now }, Shop: module.Shop{Name: "ООО \"РОМАШКА\""},
		Past: func(_ context.Context, from, to time.Time) (list []sdk.Past, err error) {
			for _, p := range w.past {
				if !p.Begun.Before(from) && p.Begun.Before(to) {
					list = append(list, p)
				}
			}
			return list, nil
		}})
	return w
}

func payoutOf(amount pay.Amount, raw string) provider.Operation {
	p, err := pay.ParseParams(raw)
	if err != nil {
		panic(err)
	}
	return provider.Operation{Ref: "R-1", Key: pay.Key{1, 2, 3, 4}, Kind: pay.KindPayout, PosID: "4", Amount: amount, Currency: pay.RUB, Params: p,
		Begun: time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)}
}

// TestAPayoutWithCashOrWithoutItsDocumentsDoesNotBegin are the checks of the seeds before the service is called.
func TestAPayoutWithCashOrWithoutItsDocumentsDoesNotBegin(t *testing.T) {
	w := newWorld(t, Limits{})
	for raw, want := range map[string]pay.Code{
		`{"document":"A"}`: 0,
		`{"document":"A","tenders":{"cashless":100000}}`:                                0,
		`{"document":"A","tenders":{"cash":0,"cashless":100000}}`:                       0,
		`{"document":"A","tenders":{"cash":1,"cashless":99999}}`:                        pay.ErrState,
		`{"document":"A","tenders":{"cashless":99999}}`:                                 pay.ErrArgument,
		`{"document":"A","tenders":{"cashless":-1}}`:                                    pay.ErrArgument,
		`{"document":"A","tenders":[]}`:                                                 pay.ErrArgument,
		`{"document":"A","documents":[{"id":"A","made":true},{"id":"B","made":true}]}`:  0,
		`{"document":"A","documents":[{"id":"A","made":true},{"id":"B","made":false}]}`: pay.ErrState,
		`{"document":"A","documents":[{"id":"B"}]}`:                                     pay.ErrState,
		`{"document":"A","documents":"B"}`:                                              pay.ErrArgument,
		`{"document":"A","contract":"K-1"}`:                                             0,
		`{"document":"A","contract":{"number":"K-1","date":"2026-11-22"}}`:              0,
		`{"document":"A","contract":5}`:                                                 pay.ErrArgument,
		`{"document":"A","client":{"name":"ПЕТРОВ","passport":"70 03 123456"}}`:         0,
		`{"document":"A","client":"ПЕТРОВ"}`:                                            pay.ErrArgument,
		`{"document":"A","card":"4111111111111111"}`:                                    0,
		`{"document":"A","card":"4111111111111112"}`:                                    pay.ErrArgument,
	} {
		err := w.Check(payoutOf(100000, raw))
		if code := pay.CodeOf(err); err == nil && want != 0 || err != nil && code != want {
			t.Errorf("%s: %v, want %v", raw, err, want)
		}
	}
	r, err := ReadRequest(payoutOf(1, `{"document":"A","contract":{"number":"K-1","date":"2026-11-22"}}`).Params)
	if err != nil || r.Contract != "K-1" || r.ContractDate != "22.11.2026" {
		t.Errorf("%+v %v", r, err)
	}
}

// TestTheLimitOfADayCountsWhatMayStillBePaid: approved, running and unknown payouts count, those that are proved not to have moved money do not.
func TestTheLimitOfADayCountsWhatMayStillBePaid(t *testing.T) {
	w := newWorld(t, Limits{MaxPayout: 50_000_00, MaxPayoutDay: 100_000_00})
	at := func(hour int) time.Time { return time.Date(2026, 11, 22, hour, 0, 0, 0, time.Local) }
	w.past = []sdk.Past{
		{Ref: "approved", Kind: pay.KindPayout, Number: 1, Amount: 30_000_00, Charged: true, Outcome: pay.Approved, Begun: at(9)},
		{Ref: "unknown", Kind: pay.KindPayout, Number: 2, Amount: 20_000_00, Begun: at(10)},
		{Ref: "running", Kind: pay.KindPayout, Number: 4, Amount: 10_000_00, Begun: at(11)},
		{Ref: "declined", Kind: pay.KindPayout, Number: 5, Amount: 90_000_00, Outcome: pay.Declined, Begun: at(11)},
		{Ref: "cancelled", Kind: pay.KindPayout, Number: 6, Amount: 90_000_00, Outcome: pay.Cancelled, Begun: at(11)},
		{Ref: "found after all", Kind: pay.KindPayout, Number: 7, Amount: 5_000_00, Charged: true, Outcome: pay.Cancelled, Begun: at(11)},
		{Ref: "yesterday", Kind: pay.KindPayout, Number: 8, Amount: 90_000_00, Charged: true, Outcome: pay.Approved, Begun: at(-1)},
		{Ref: "payment", Kind: pay.KindOnline, Number: 9, Amount: 90_000_00, Charged: true, Outcome: pay.Approved, Begun: at(11)},
		{Ref: "R-1", Kind: pay.KindPayout, Number: 10, Amount: 1, Begun: at(12)},
	}
	for amount, want := range map[pay.Amount]bool{35_000_00: true, 35_000_01: false, 50_000_01: false} {
		err := w.Check(payoutOf(amount, `{"document":"A"}`))
		if (err == nil) != want || err != nil && pay.CodeOf(err) != pay.ErrLimit {
			t.Errorf("%s: %v", amount, err)
		}
	}
	// With its number 3 the operation counts only what was journaled before it: 30 000 and 20 000.
	op := payoutOf(50_000_00, `{"document":"A"}`)
	op.Number = 3
	if err := w.Admit(t.Context(), op); err != nil {
		t.Error(err)
	}
	op.Number = 5 // and now the one that runs, too
	if err := w.Admit(t.Context(), op); pay.CodeOf(err) != pay.ErrLimit {
		t.Error(err)
	}
	w.Settings.MaxPayoutDay, w.Settings.MaxPayout = 0, 0
	if err := w.Check(payoutOf(900_000_00, `{"document":"A"}`)); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

// TestOfTwoPayoutsAtOnceTheLimitIsNeverPassed: whatever the order in which they look, what is admitted together stays within the limit.
func TestOfTwoPayoutsAtOnceTheLimitIsNeverPassed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, Limits{MaxPayoutDay: 1000})
		n := rapid.IntRange(1, 8).Draw(rt, "payouts")
		for i := range n {
			w.past = append(w.past, sdk.Past{Ref: pay.Ref(fmt.Sprint(i)), Kind: pay.KindPayout, Number: int64(i + 1),
				Amount: pay.Amount(rapid.Int64Range(1, 900).Draw(rt, "amount")), Begun: w.now})
		}
		var sum pay.Amount
		for _, i := range rapid.Permutation(w.past).Draw(rt, "order") {
			op := payoutOf(i.Amount, `{"document":"A"}`)
			op.Ref, op.Number = i.Ref, i.Number
			err := w.Admit(rt.Context(), op)
			for k := range w.past {
				switch {
				case w.past[k].Ref != i.Ref:
				case err != nil:
					w.past[k].Outcome = pay.Declined
				default:
					w.past[k].Outcome, w.past[k].Charged = pay.Approved, true
					sum += i.Amount
				}
			}
		}
		if sum > 1000 {
			rt.Fatalf("%s were admitted", sum)
		}
	})
}

// TestTheJournalThatCannotBeReadRefuses: where nobody knows what was paid out, nothing more is.
func TestTheJournalThatCannotBeReadRefuses(t *testing.T) {
	w := newWorld(t, Limits{MaxPayoutDay: 1000})
	w.Parts.Past = func(context.Context, time.Time, time.Time) ([]sdk.Past, error) { return nil, errors.New("no disk") }
	if err := w.Check(payoutOf(1, `{"document":"A"}`)); pay.CodeOf(err) != pay.ErrJournal {
		t.Error(err)
	}
}

// TestTheStatementsPageIsForgotten holds that a page with a client's documents lies there only until it was printed, also across a restart.
func TestTheStatementsPageIsForgotten(t *testing.T) {
	w := newWorld(t, Limits{})
	op := payoutOf(345000, `{"document":"ПЕ800","client":{"name":"ПЕТРОВ СЕРГЕЙ","passport":"паспорт 70 03 123456"}}`)
	op.Number = 791
	prompt, hash, err := w.AskStatement(op, Page{Card: "220012******1234", Gateway: "KVELL"})
	if err != nil || prompt.Kind != pay.EvPrint || prompt.Reason != "statement" || !prompt.Required || len(hash) != 64 {
		t.Fatalf("%+v %q %v", prompt, hash, err)
	}
	if data, err := os.ReadFile(prompt.File); err != nil || !strings.HasPrefix(string(data), "%PDF") {
		t.Fatalf("no page: %v", err)
	}
	w.Forget(op)
	if _, err := os.Stat(prompt.File); !os.IsNotExist(err) {
		t.Error("the page is still there")
	}
	if prompt, _, err = w.AskStatement(op, Page{}); err != nil {
		t.Fatal(err)
	}
	NewDesk("kvell", w.Settings, w.Parts).Sweep()
	if _, err := os.Stat(prompt.File); !os.IsNotExist(err) {
		t.Error("a restart leaves the page")
	}
	for want := 1; want <= 3; want++ {
		data, err := w.Reprint(t.Context(), pay.Operation{Ref: "R-1", PosID: "4", Amount: 345000, Number: 791, Document: "ПЕ800"}, Page{Card: "220012******1234"}, "ru", "Иванова")
		if err != nil || !strings.HasPrefix(string(data), "%PDF") {
			t.Fatal(err)
		}
		list, err := os.ReadFile(filepath.Join(w.Parts.Data, "reprints.jsonl"))
		if err != nil || strings.Count(string(list), "\n") != want || !strings.Contains(string(list), fmt.Sprintf(`"n":%d`, want)) {
			t.Errorf("%s %v", list, err)
		}
	}
}

// FuzzReadRequest holds that nothing that a till may send crashes, and that what was read holds no amount below zero.
func FuzzReadRequest(f *testing.F) {
	for _, seed := range []string{`{"document":"A","contract":{"number":"K","date":"2026-11-22"},"tenders":{"cash":1},"documents":[{"id":"A","made":true}],"client":{"name":"x"}}`,
		`{"contract":null,"tenders":null,"documents":null,"client":null}`, `{"tenders":{"cash":9223372036854775807,"card":9223372036854775807}}`, `{"card":"4111 1111 1111 1111"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := pay.ParseParams(text)
		if err != nil {
			return
		}
		if c, err := ParseCard(p.Card); err == nil && strings.Contains(c.String(), c.Number()) {
			t.Fatal("the mask shows the card")
		}
		r, err := ReadRequest(p)
		if err != nil {
			return
		}
		for _, amount := range r.Tenders {
			if amount < 0 {
				t.Fatal("an amount below zero was taken")
			}
		}
		_ = r.mayBegin(provider.Operation{Amount: 100, Currency: pay.RUB})
	})
}

// TestTendersThatOverflowAreRefused: two amounts whose sum does not fit are no sum that equals the payout.
func TestTendersThatOverflowAreRefused(t *testing.T) {
	w := newWorld(t, Limits{})
	if err := w.Check(payoutOf(100, `{"document":"A","tenders":{"a":9223372036854775807,"b":9223372036854775807,"c":102}}`)); err == nil {
		t.Error("taken")
	}
}
