package story

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payrack/payrack/sdk/pay"
)

// load reads a story of testdata.
func load(t *testing.T, name string) Story {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var s Story
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func tell(t *testing.T, s Story, language string) string {
	t.Helper()
	var b bytes.Buffer
	if err := Tell(&b, s, language, time.FixedZone("MSK", 3*60*60)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAStoryReadsTheSameEveryTime compares with testdata/*.txt; UPDATE=1 writes them anew.
func TestAStoryReadsTheSameEveryTime(t *testing.T) {
	for _, name := range []string{"paid", "declined", "late", "unknown"} {
		for _, language := range []string{"ru", "en"} {
			t.Run(name+"."+language, func(t *testing.T) {
				got := tell(t, load(t, name), language)
				golden := filepath.Join("testdata", name+"."+language+".txt")
				if os.Getenv("UPDATE") != "" {
					if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		}
	}
}

func TestAStoryFitsOnOneScreen(t *testing.T) {
	for _, name := range []string{"paid", "declined", "late", "unknown"} {
		if lines := strings.Count(tell(t, load(t, name), "ru"), "\n"); lines > 24 {
			t.Errorf("%s takes %d lines, a screen has 24", name, lines)
		}
	}
}

func TestWhatOthersWroteCannotSteerTheTerminal(t *testing.T) {
	told := tell(t, load(t, "unknown"), "en")
	if strings.ContainsAny(told, "\x1b\r\x07") || strings.Contains(told, "reset\nby peer") {
		t.Errorf("a provider's control characters came through:\n%q", told)
	}
}

func TestAnUnknownOutcomeIsNeverToldAsAnythingElse(t *testing.T) {
	told := tell(t, load(t, "unknown"), "en")
	for _, word := range []string{"not charged", "APPROVED", "DECLINED"} {
		if strings.Contains(told, word) {
			t.Errorf("says %q of an unknown outcome:\n%s", word, told)
		}
	}
}

func TestEveryTransitionOfTheEngineHasWords(t *testing.T) {
	files, err := filepath.Glob("../../../sdk/engine/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("the engine's source is not there: %v", err)
	}
	names := map[string]bool{"begun": true}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{`t.write("`, `t.tellUnknown("`, `t.beginReversal("`} {
			for _, rest := range strings.Split(string(raw), call)[1:] {
				name, _, _ := strings.Cut(rest, `"`)
				names[name] = true
			}
		}
		for _, rest := range strings.Split(string(raw), "t.settle(")[1:] {
			if _, after, found := strings.Cut(strings.SplitN(rest, "\n", 2)[0], `, "`); found {
				name, _, _ := strings.Cut(after, `"`)
				names[name] = true
			}
		}
	}
	for name := range names {
		for _, language := range []string{"ru", "en"} {
			teller := &teller{language: language}
			if _, ok := teller.known("event." + name); !ok {
				t.Errorf("no words in %s for the transition %q", language, name)
			}
		}
	}
	if len(names) < 15 {
		t.Errorf("only %d transitions were found: the engine is written otherwise now", len(names))
	}
}

func TestAnOperationWithoutMoneyIsToldWithoutMoney(t *testing.T) {
	s := load(t, "declined")
	s.Operation.Kind, s.Operation.Number, s.Operation.Ack = pay.KindCommand, 0, pay.AckNone
	for i := range s.Events {
		if s.Events[i].Name == "declined" {
			s.Events[i].Data = json.RawMessage(`{"code":"ALREADY_ACTIVATED","text":"Терминал уже активирован."}`)
		}
	}
	told := tell(t, s, "ru")
	for _, word := range []string{"списан", "ALREADY_ACTIVATED", "Операция 0", "ОТКАЗ платежной системы", "не прочитала"} {
		if strings.Contains(told, word) {
			t.Errorf("says %q of a command:\n%s", word, told)
		}
	}
	if !strings.Contains(told, "Терминал уже активирован.") {
		t.Errorf("does not say why:\n%s", told)
	}
}
