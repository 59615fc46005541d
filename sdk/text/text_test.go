package text_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

func TestEveryCodeSaysWhatHappenedAndWhatToDoNext(t *testing.T) {
	for _, code := range pay.Codes() {
		ruCause, ruHint := text.Error(code, text.Russian)
		enCause, enHint := text.Error(code, text.English)
		for _, words := range []string{ruCause, ruHint} {
			if !cyrillic(words) || !strings.HasSuffix(words, ".") {
				t.Errorf("%v: Russian words are %q", code, words)
			}
		}
		for _, words := range []string{enCause, enHint} {
			if cyrillic(words) || !strings.HasSuffix(words, ".") || strings.HasPrefix(words, "error.") {
				t.Errorf("%v: English words are %q", code, words)
			}
		}
		if name := text.Outcome(code, text.Russian); !cyrillic(name) {
			t.Errorf("%v: outcome is %q", code, name)
		}
	}
}

func TestEveryWordStandsInBothLanguages(t *testing.T) {
	catalogue, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, gap := range catalogue.Gaps() {
		t.Error(gap)
	}
}

func TestWordsOfCodesThatAreGoneAreNotKept(t *testing.T) {
	catalogue, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range pay.Codes() {
		if !catalogue.Has("error." + code.String() + ".cause") {
			t.Errorf("%v has no words of its own", code)
		}
	}
	if extra := catalogue.CountOf("error.PR_") - 2*len(pay.Codes()); extra != 0 {
		t.Errorf("%d words belong to no code", extra)
	}
}

func TestAnUnknownLanguageGetsRussianAndAnUnknownIDItself(t *testing.T) {
	for _, lang := range []string{"", "ru", "ru-RU", "ja", "no such language", "\x00"} {
		if words := text.Outcome(pay.CodeOK, lang); words != "Одобрено" {
			t.Errorf("language %q: %q", lang, words)
		}
	}
	if words := text.Outcome(pay.CodeOK, "en-GB"); words != "Approved" {
		t.Errorf("British English: %q", words)
	}
	if words := text.Say("en", "no.such.id", map[string]any{"Count": 3}); words != "no.such.id" {
		t.Errorf("unknown id: %q", words)
	}
}

func TestACodeOfANewerVersionIsNamedAndNeverTakenForAnApproval(t *testing.T) {
	if cause, hint := text.Error(-999, "en"); cause != "Code -999." || hint == "" {
		t.Errorf("refusal: %q, %q", cause, hint)
	}
	if words := text.Outcome(99, "en"); words != "Result unknown" {
		t.Errorf("outcome: %q", words)
	}
}

func TestAModuleBringsItsOwnWordsAndKeepsTheCores(t *testing.T) {
	catalogue, err := text.Load(fstest.MapFS{
		"words/bank.ru.json": {Data: []byte(`{"bank.left": {"one": "осталась {{.Count}} попытка", "few": "осталось {{.Count}} попытки", "many": "осталось {{.Count}} попыток", "other": "осталось {{.Count}} попытки"},
			"outcome.PR_OK": "Оплачено", "bank.ask": "{{.Name}}, сумма {{.Sum}}?"}`)},
		"words/bank.en.json": {Data: []byte(`{"bank.left": {"one": "{{.Count}} attempt left", "other": "{{.Count}} attempts left"},
			"outcome.PR_OK": "Paid", "bank.ask": "{{.Name}}, {{.Sum}}?"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if gaps := catalogue.Gaps(); len(gaps) > 0 {
		t.Error(gaps)
	}
	for count, want := range map[any]string{1: "осталась 1 попытка", int64(3): "осталось 3 попытки", 5: "осталось 5 попыток", 11: "осталось 11 попыток", 21: "осталась 21 попытка"} {
		if got := catalogue.Say("ru", "bank.left", map[string]any{"Count": count}); got != want {
			t.Errorf("%v: %q", count, got)
		}
	}
	if got := catalogue.Say("en", "bank.left", map[string]any{"Count": 1}); got != "1 attempt left" {
		t.Error(got)
	}
	if got := catalogue.Say("en", "bank.left", map[string]any{"Count": 1.5}); got != "1.5 attempts left" {
		t.Errorf("a count that is no whole number: %q", got)
	}
	if got := catalogue.Say("ru", "bank.ask", map[string]any{"Name": "{{.Sum}} <b>"}); got != "{{.Sum}} <b>, сумма ?" {
		t.Errorf("data is taken literally, what is missing leaves a gap: %q", got)
	}
	if catalogue.Outcome(pay.CodeOK, "ru") != "Оплачено" || text.Outcome(pay.CodeOK, "ru") != "Одобрено" {
		t.Error("a module's words stay its own and come first")
	}
	if cause, _ := catalogue.Error(pay.ErrBusy, "en"); !strings.HasPrefix(cause, "Another operation") {
		t.Errorf("the core's words: %q", cause)
	}
}

func TestAGapInAModulesWordsIsNamed(t *testing.T) {
	catalogue, err := text.Load(fstest.MapFS{
		"bank.ru.json": {Data: []byte(`{"a": "да", "b": {"one": "1", "other": "2"}, "c": "{{.Sum}}"}`)},
		"bank.en.json": {Data: []byte(`{"b": {"one": "1", "other": "2"}, "c": "{{.Amount}}", "d": ""}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	gaps := strings.Join(catalogue.Gaps(), "\n")
	for _, want := range []string{"a: not in en", "b (ru): not all plural forms", "c (ru): data [.Sum] here, [.Amount]", "d: not in ru"} {
		if !strings.Contains(gaps, want) {
			t.Errorf("%q is not among\n%s", want, gaps)
		}
	}
}

func TestABrokenCatalogueIsRefusedWithItsFile(t *testing.T) {
	for name, data := range map[string]string{"a.ru.json": "{", "b.ru.json": `{"one": 5}`, "c.json": "{}", "d.russian-words.json": "{}", "e.ru.json": "[1]"} {
		if _, err := text.Load(fstest.MapFS{name: {Data: []byte(data)}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := fstest.MapFS{"a.ru.json": {Data: []byte(`{"x": "1"}`)}, "b.ru.json": {Data: []byte(`{"x": "2"}`)}}
	if _, err := text.Load(twice); err == nil || !strings.Contains(err.Error(), "a.ru.json too") {
		t.Errorf("an id in two files: %v", err)
	}
}

func TestFillKeepsWhatARefusalSaysAndAddsWhatItLacks(t *testing.T) {
	if text.Fill(nil, "ru") != nil {
		t.Error("no error made one")
	}
	said := &pay.Error{Code: pay.ErrLimit, Text: "limit is 5.00"}
	filled := text.Fill(said, "en")
	if filled.Text != "limit is 5.00" || !strings.HasPrefix(filled.Hint, "Check the amount") || said.Hint != "" {
		t.Errorf("%+v, and the original %+v", filled, said)
	}
	strange := errors.New("pipe burst")
	filled = text.Fill(strange, "ru")
	if filled.Code != pay.ErrInternal || !cyrillic(filled.Text) || strings.Contains(filled.Text, "pipe") || !errors.Is(filled, strange) {
		t.Errorf("an error of nobody's: %+v", filled)
	}
	filled = text.Fill(fmt.Errorf("close the day: %w", &pay.Error{Code: pay.ErrBusy}), "en")
	if filled.Code != pay.ErrBusy || !strings.HasPrefix(filled.Text, "Another operation") || !strings.Contains(filled.Error(), "close the day") {
		t.Errorf("a wrapped one: %+v", filled)
	}
}

func TestARefusalAfterMoneyMayHaveMovedNeverSaysThatItDidNot(t *testing.T) {
	filled := text.Fill(&pay.Error{Code: pay.ErrOffline, MayHaveMoved: true}, "en")
	if filled.Code != pay.ErrOffline || strings.Contains(filled.Text, "No money") || !strings.Contains(filled.Text, "may have been taken") {
		t.Errorf("%+v", filled)
	}
}

func TestARefusalWithWordsOfItsOwnIsToldInTheLanguageOfTheBorder(t *testing.T) {
	cause := errors.New("checksum differs")
	refusal := text.Refuse(pay.ErrConfig, "secret.damaged", map[string]any{"Name": "terminal"}, cause)
	if refusal.Text != "" || !errors.Is(refusal, cause) {
		t.Errorf("%+v", refusal)
	}
	if log := refusal.Error(); log != `PR_E_CONFIG: The stored secret "terminal" is damaged and cannot be read: checksum differs` {
		t.Errorf("in a log: %s", log)
	}
	if ru := text.Fill(refusal, "ru"); ru.Text != "Сохраненный секрет «terminal» поврежден и не читается." || !strings.HasPrefix(ru.Hint, "Активируйте") {
		t.Errorf("%+v", ru)
	}
	if en := text.Fill(fmt.Errorf("sign in: %w", refusal), "en"); !strings.HasPrefix(en.Hint, "Activate the terminal again") || en.Code != pay.ErrConfig {
		t.Errorf("%+v", en)
	}
}

func TestManyMaySpeakAtOnce(t *testing.T) {
	catalogue, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			lang := []string{"ru", "en"}[i%2]
			if words := catalogue.Say(lang, "secret.missing.cause", map[string]any{"Name": "pin"}); !strings.Contains(words, "pin") {
				t.Errorf("%q", words)
			}
		})
	}
	group.Wait()
}

func cyrillic(s string) bool {
	return slices.ContainsFunc([]rune(s), func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
}
