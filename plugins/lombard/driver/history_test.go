package driver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/secret"
)

const someToken = "32-def-Yuq1JlxFcCJatj2CUF7Slwfs3mqun8PEiH2e0AUIM4IzgnMlnvDzSLxt07bne2auJzPWbTOx7i"

func newHistory(t *testing.T) *history {
	t.Helper()
	store, err := secret.Open(filepath.Join(t.TempDir(), "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	return &history{path: filepath.Join(t.TempDir(), "logins.jsonl"), store: store}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)

func TestTheHistoryOfLoginsShowsWhoWasInAndNoToken(t *testing.T) {
	h := newHistory(t)
	s := session{Operator: "Иванова", Token: someToken, Account: "32", Since: noon, Until: noon.Add(45 * time.Minute)}
	if err := h.began(s, "11/21"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // an end is written once
		if err := h.ended(s, noon.Add(10*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	later := s
	later.Since, later.Until = noon.AddDate(0, 0, 1), noon.AddDate(0, 0, 1).Add(time.Hour)
	if err := h.began(later, "11/21"); err != nil {
		t.Fatal(err)
	}
	found, err := h.correct(1, "вошла Петрова", "Директор", noon.Add(time.Hour))
	if err != nil || !found {
		t.Fatalf("%v %v", found, err)
	}
	for _, wrong := range []int{0, 2, 99} { // 2 is an end
		if found, err := h.correct(wrong, "x", "y", noon); found || err != nil {
			t.Errorf("corrected %d: %v %v", wrong, found, err)
		}
	}
	rows, broken, err := h.logins(noon.Add(-time.Hour), noon.Add(12*time.Hour))
	if err != nil || broken != 0 || len(rows) != 1 {
		t.Fatalf("%+v %d %v", rows, broken, err)
	}
	r := rows[0]
	if r.N != 1 || r.User != "Иванова" || r.Place != "11/21" || r.Account != "32" || !r.End.Equal(noon.Add(10*time.Minute)) || len(r.Corrections) != 1 ||
		r.Corrections[0].Note != "вошла Петрова" || r.Corrections[0].By != "Директор" {
		t.Errorf("%+v", r)
	}
	all, _, err := h.logins(time.Time{}, noon.AddDate(1, 0, 0))
	if err != nil || len(all) != 2 {
		t.Errorf("%+v %v", all, err)
	}
	data, err := os.ReadFile(h.path)
	if err != nil || strings.Contains(string(data), someToken[7:20]) || r.Session != "32-…Ox7i" {
		t.Errorf("the token shows: %s %v", r.Session, err)
	}
}

func TestAChangedHistoryShows(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"a word":       func(s string) string { return strings.Replace(s, "Иванова", "Петрова", 1) },
		"a line gone":  func(s string) string { _, rest, _ := strings.Cut(s, "\n"); return rest },
		"lines turned": func(s string) string { a, b, _ := strings.Cut(s, "\n"); return b + a + "\n" },
		"rubbish":      func(s string) string { return "{\n" + s },
	} {
		h := newHistory(t)
		for _, who := range []string{"Иванова", "Сидорова"} {
			if err := h.began(session{Operator: who, Token: someToken, Account: "32", Since: noon, Until: noon.Add(time.Hour)}, "11/21"); err != nil {
				t.Fatal(err)
			}
		}
		data, err := os.ReadFile(h.path)
		if err != nil {
			t.Fatal(err)
		}
		if _, broken, err := h.logins(time.Time{}, noon.AddDate(1, 0, 0)); broken != 0 || err != nil {
			t.Fatalf("%s: before: %d %v", name, broken, err)
		}
		if err := os.WriteFile(h.path, []byte(change(string(data))), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, broken, err := h.logins(time.Time{}, noon.AddDate(1, 0, 0)); broken != 1 || err != nil {
			t.Errorf("%s: the first broken entry is %d (%v)", name, broken, err)
		}
	}
}
