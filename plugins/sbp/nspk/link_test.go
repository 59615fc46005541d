package nspk

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
)

// known are links whose checksum holds, and one that is used as a placeholder and whose does not.
var known = []struct {
	text   string
	id     string
	kind   Type
	amount pay.Amount
	cash   bool
	holds  bool
}{
	{"https://qr.nspk.ru/AD10000000000000000000000000SIM2?type=02&bank=100000000999&sum=12345&cur=RUB&crc=574E", "AD10000000000000000000000000SIM2", Dynamic, 12345, false, true},
	{"https://qr.nspk.ru/AS1R000000000000000000000000SIM1?type=01&bank=100000000999&crc=8568", "AS1R000000000000000000000000SIM1", Static, 0, true, true},
	{"https://qr.nspk.ru/AS1R004PRL5RNGBA9ARPLJLTDO94S3J9?type=01&bank=100000000061&crc=5D90", "AS1R004PRL5RNGBA9ARPLJLTDO94S3J9", Static, 0, true, true},
	{"https://qr.nspk.ru/AS1R004PRL5RNGBA9ARPLJLTDO94S3J9", "AS1R004PRL5RNGBA9ARPLJLTDO94S3J9", "", 0, true, true},
	{"https://qr.nspk.ru/AD1F2CD7212E48FA919AB52EF0AEFB33?type=02&bank=10000001&sum=111000&cur=RUB&crc=C08B", "AD1F2CD7212E48FA919AB52EF0AEFB33", Dynamic, 111000, false, false},
}

func TestALinkIsReadWithItsSumAndChecksum(t *testing.T) {
	for _, want := range known {
		l, err := Parse(want.text)
		if err != nil {
			t.Errorf("%s: %v", want.text, err)
			continue
		}
		if l.ID != want.id || l.Type != want.kind || l.Amount != want.amount || l.Cash() != want.cash || (l.Check() == nil) != want.holds {
			t.Errorf("%s: %+v, check %v", want.text, l, l.Check())
		}
	}
}

func TestTheChecksumIsTheOneOfTheStandard(t *testing.T) {
	if got := CRC("123456789"); got != "29B1" {
		t.Error(got)
	}
}

func TestEachChangedCharacterOfALinkIsNoticed(t *testing.T) {
	text := known[0].text
	end := strings.Index(text, "&crc=")
	for i := len("https://qr.nspk.ru/"); i < end; i++ {
		for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUV" {
			changed := text[:i] + string(c) + text[i+1:]
			if changed == text {
				continue
			}
			if l, err := Parse(changed); err == nil && l.Check() == nil {
				t.Errorf("byte %d as %c goes unnoticed", i, c)
			}
		}
	}
}

func TestLinksAreComparedByTheirIDAlone(t *testing.T) {
	a, errA := Parse(known[2].text)
	b, errB := Parse(" " + strings.ToLower(known[3].text) + "\r\n")
	c, errC := Parse(known[1].text)
	if err := errors.Join(errA, errB, errC); err != nil {
		t.Fatal(err)
	}
	if !a.Same(b) || a.Same(c) || (Link{}).Same(Link{}) {
		t.Errorf("%v %v %v", a, b, c)
	}
}

func TestWhatIsNoLinkOfNSPKIsRefused(t *testing.T) {
	id := "/AS1R004PRL5RNGBA9ARPLJLTDO94S3J9"
	for _, text := range []string{"", "4607001234567", "http://qr.nspk.ru" + id, "https://qr.nspk.ru", "https://qr.nspk.ru/", "https://nspk.ru" + id,
		"https://qr.nspk.ru.evil.example" + id, "https://user@qr.nspk.ru" + id, "https://qr.nspk.ru:444" + id, "https://qr.nspk.ru" + id + "/x",
		"https://qr.nspk.ru" + id + "#x", "https://qr.nspk.ru/AS1R", "https://qr.nspk.ru/AS1R004PRL5RNGBA9ARPLJLTDO94S3Ж9", "https:qr.nspk.ru" + id,
		strings.Repeat("9", longest+1)} {
		if l, err := Parse(text); !errors.Is(err, ErrNotLink) {
			t.Errorf("%.60q: %+v, %v", text, l, err)
		}
	}
	for _, query := range []string{"?sum=1&sum=2", "?sum=-1", "?sum=0", "?sum=+1", "?sum=1.5", "?sum=99999999999999999999", "?crc=12", "?crc=GGGG", "?crc=12345"} {
		if l, err := Parse("https://qr.nspk.ru" + id + query); err == nil {
			t.Errorf("%s: %+v", query, l)
		}
	}
}

// vectors are the real links beside the checkout, where there are any; the values above stand for them elsewhere.
func TestTheChecksumHoldsOnRealLinks(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "contracts", "vectors", "nspk_crc_vectors.json"))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	type vector struct{ Link, CRC string }
	var list struct {
		Valid []vector
		Not   []vector `json:"placeholders_that_do_not_validate"`
	}
	if err := json.Unmarshal(raw, &list); err != nil || len(list.Valid) == 0 || len(list.Not) == 0 {
		t.Fatal("the vectors cannot be read", err)
	}
	for _, v := range list.Valid {
		if l, err := Parse(v.Link); err != nil || l.Check() != nil || l.CRC != v.CRC {
			t.Errorf("%s: %v, %v", v.Link, err, l.Check())
		}
	}
	for _, v := range list.Not {
		if l, err := Parse(v.Link); err != nil || l.Check() == nil {
			t.Errorf("%s: %v, %v", v.Link, err, l.Check())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, k := range known {
		f.Add(k.text)
	}
	f.Add("https://sub.nspk.ru/AS1R004PRL5RNGBA9ARPLJLTDO94S3J9?type=03&%zz&sum=9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Parse(text)
		if err != nil {
			if l != (Link{}) {
				t.Errorf("a link beside the error %v: %+v", err, l)
			}
			return
		}
		if l.ID == "" || l.Amount < 0 || !l.Same(l) {
			t.Errorf("%q: %+v", text, l)
		}
		_ = l.Check()
	})
}
