package driver

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/payrack/payrack/sdk/secret"
)

func TestASessionIsOneOperatorsAtOnePlaceUntilItEnds(t *testing.T) {
	store, err := secret.Open(filepath.Join(t.TempDir(), "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	now := noon
	list := &sessions{store: store, place: "here", now: func() time.Time { return now }}
	for _, s := range []session{
		{Operator: "Иванова", Token: someToken, Place: "here", Until: noon.Add(30 * time.Minute)},
		{Operator: "Сидорова", Token: "b" + someToken, Place: "here", Until: noon.Add(20 * time.Minute), Everything: true},
		{Operator: "Чужая", Token: "c" + someToken, Place: "elsewhere", Until: noon.Add(time.Hour)},
	} {
		if err := list.keep(s); err != nil {
			t.Fatal(err)
		}
	}
	if s, ok := list.of("Иванова", needed); !ok || s.Token != someToken {
		t.Errorf("%+v %v", s.shortened(), ok)
	}
	if _, ok := list.of("Иванова", 31*time.Minute); ok {
		t.Error("a session that ends within the operation is taken")
	}
	if _, ok := list.of("Чужая", 0); ok {
		t.Error("the session of another place is taken: its token would go to another server")
	}
	if _, ok := list.of("Петрова", 0); ok {
		t.Error("somebody has a session who never signed in")
	}
	if s, ok := list.any("Петрова"); !ok || s.Operator != "Сидорова" {
		t.Errorf("of those of others the one is taken that sees most: %s", s.Operator)
	}
	if s, ok := list.any("Иванова"); !ok || s.Operator != "Иванова" {
		t.Errorf("one's own comes first: %s", s.Operator)
	}
	old, _ := list.of("Иванова", 0)
	newer := old
	newer.Token = "d" + someToken
	if err := list.keep(newer); err != nil {
		t.Fatal(err)
	}
	if err := list.end(old); err != nil {
		t.Fatal(err)
	}
	if s, ok := list.of("Иванова", 0); !ok || s.Token != newer.Token {
		t.Error("the end of an old session ended the new one")
	}
	now = noon.Add(25 * time.Minute)
	if _, ok := list.of("Сидорова", 0); ok || len(list.all()) != 1 {
		t.Error("a session outlives its end")
	}
	if err := list.end(newer); err != nil || len(list.all()) != 0 {
		t.Errorf("it is still there (%v)", err)
	}
}

func TestWhatACashierTypesIsRead(t *testing.T) {
	for typed, want := range map[string]string{"8 (900) 123-45-67": "79001234567", "+7 900 1234567": "79001234567", "9001234567": "79001234567", "375291234567": "375291234567", "x": ""} {
		if got := digits(typed); got != want {
			t.Errorf("%q is %q", typed, got)
		}
	}
	for typed, want := range map[string]bool{"Petrov  Sergey": true, "O'HARA JR.": true, "ПЕТРОВ": false, "A": false, "IVAN5": false, "": false} {
		if name, ok := embossed(typed); ok != want || ok && typed == "Petrov  Sergey" && name != "PETROV SERGEY" {
			t.Errorf("%q: %q %v", typed, name, ok)
		}
	}
}

func TestTheAddressFollowsTheFlag(t *testing.T) {
	for _, c := range []struct {
		server string
		https  bool
		want   string
	}{
		{"api.example.ru:8443/pay", true, "https://api.example.ru:8443/pay"},
		{"https://api.example.ru", true, "https://api.example.ru"},
		{"http://127.0.0.1:80", false, "http://127.0.0.1:80"},
		{"http://api.example.ru", true, "https://api.example.ru"},
	} {
		s := &Settings{Server: c.server, HTTPS: c.https, NetworkID: 11, BranchID: 21}
		if s.server() != c.want || s.place() != "11/21" {
			t.Errorf("%+v: %s", c, s.server())
		}
	}
}
