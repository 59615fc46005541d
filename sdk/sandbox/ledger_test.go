package sandbox

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func payment(key string, amount int64) Entry {
	return Entry{Kind: EntryPayment, Key: key, Amount: amount, Currency: "RUB"}
}

func refund(key, of string, amount int64) Entry {
	return Entry{Kind: EntryRefund, Key: key, Of: of, Amount: amount, Currency: "RUB"}
}

func TestNetIsWhatTheShopHas(t *testing.T) {
	l, _ := OpenLedger("", nil)
	if err := l.Commit(nil, payment("a", 500), payment("b", 7), refund("c", "a", 200),
		Entry{Kind: EntryReversal, Key: "b", Of: "b", Amount: 7}, Entry{Kind: EntryPayout, Key: "d", Amount: 30}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int64{"a": 300, "b": 0, "c": -200, "d": -30, "none": 0} {
		if got := l.Net(key); got != want {
			t.Errorf("net of %s is %d, want %d", key, got, want)
		}
	}
	if got := l.Sums()[EntryPayment]; got != (Sum{2, 507}) {
		t.Errorf("payments are %v", got)
	}
	if bad := l.Trouble(); len(bad) != 0 {
		t.Errorf("trouble: %v", bad)
	}
}

func TestWhatMustNeverHappenIsTold(t *testing.T) {
	for name, entries := range map[string][]Entry{
		"charged twice":         {payment("a", 5), payment("a", 5)},
		"refunded twice":        {payment("a", 50), refund("r", "a", 5), refund("r", "a", 5)},
		"more back than paid":   {payment("a", 5), refund("r", "a", 3), refund("q", "a", 3)},
		"back but never paid":   {refund("r", "a", 3)},
		"paid out twice":        {{Kind: EntryPayout, Key: "p", Amount: 1}, {Kind: EntryPayout, Key: "p", Amount: 1}},
		"reversed and refunded": {payment("a", 5), refund("r", "a", 3), {Kind: EntryReversal, Key: "a", Of: "a", Amount: 5}},
	} {
		l, _ := OpenLedger("", nil)
		if err := l.Commit(nil, entries...); err != nil {
			t.Fatal(err)
		}
		if bad := l.Trouble(); len(bad) != 1 {
			t.Errorf("%s: %v", name, bad)
		}
	}
}

func TestALedgerInAFileSurvivesItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	l, err := OpenLedger(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(map[string]int{"step": 1}, payment("a", 5)); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(map[string]int{"step": 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLedger(path, nil); err == nil || !strings.Contains(err.Error(), "another sandbox") {
		t.Errorf("two have it open: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(nil, payment("b", 5)); err == nil {
		t.Error("a closed ledger takes money")
	}

	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := strings.IndexByte(string(whole), '\n') + 1
	for cut := range len(whole) + 1 { // wherever death cut the file, whole lines count and the rest never was
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		var steps []string
		l, err := OpenLedger(path, func(state json.RawMessage) error {
			steps = append(steps, string(state))
			return nil
		})
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want := 0
		if cut >= first {
			want++
		}
		if cut == len(whole) {
			want++
		}
		if len(steps) != want || l.Net("a") != 5*int64(min(want, 1)) {
			t.Errorf("cut at %d: states %v, net %d", cut, steps, l.Net("a"))
		}
		if err := l.Commit("again", payment("c", 1)); err != nil {
			t.Errorf("cut at %d: %v", cut, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := OpenLedger(path, nil)
		if err != nil {
			t.Fatalf("cut at %d, written on: %v", cut, err)
		}
		if again.Net("c") != 1 {
			t.Errorf("cut at %d: what was written after is lost", cut)
		}
		_ = again.Close()
	}
}

func TestADamagedLedgerIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	if err := os.WriteFile(path, []byte("{}\nrubbish\n{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLedger(path, nil); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLedger(path, nil) // the refusal did not keep the lock
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

func TestAnEntryWithoutMoneyOrKeyIsRefused(t *testing.T) {
	l, _ := OpenLedger("", nil)
	for _, e := range []Entry{payment("a", 0), payment("a", -1), payment("", 1)} {
		if l.Commit(nil, e) == nil {
			t.Errorf("%+v was added", e)
		}
	}
	if l.Len() != 0 {
		t.Error("something was added")
	}
}
