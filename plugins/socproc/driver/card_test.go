package driver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
)

const (
	hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	par  = "V0010013021298454687315000001"
)

func TestACardIsItsHashAndItsReference(t *testing.T) {
	for said, want := range map[string]card{
		"hash=" + hash + ";par=" + par + ";masked=220220******5678":    {hash, par, "220220******5678"},
		" PAR = " + strings.ToLower(par) + " ; ":                       {"", par, ""},
		"Hash=" + strings.ToUpper(hash):                                {hash, "", ""},
		"hash=" + strings.Repeat("1", 39) + "a;masked=**** **** 5678x": {},
		"": {}, ";": {}, "hash=;par=": {}, "hash=" + hash + ";hash=" + hash: {}, "hash=" + hash + ";pan=1": {}, "hash=zz": {}, "par=" + strings.Repeat("A", 65): {},
		"hash=" + hash[:31]: {}, "hash=" + hash + ";masked=5678": {}, "hash=" + hash + ";masked=22022000000*5678": {},
	} {
		c, err := parseCard(said)
		if (err == nil) != (want != card{}) || err == nil && c != want || err != nil && pay.CodeOf(err) != pay.ErrArgument {
			t.Errorf("%q: %v, %v", said, err, c == want)
		}
	}
}

func TestAWholeNumberIsRefusedAndRepeatedNowhere(t *testing.T) {
	for _, number := range []string{"2200120000061234", "2200 1200 0006 1234", "2200-1200-0006-1234", "4111111111111111", "220012000006", "4222222222222"} {
		for _, said := range []string{number, "hash=" + number, "par=" + number, "masked=" + number, "hash=" + hash + ";par=" + number, number + "=25121010000", "pan=" + number,
			"par=VALUE" + strings.Map(digit, number) + "VALUE", "hash=0000000000000000" + strings.Map(digit, number)} {
			c, err := parseCard(said)
			if err == nil && strings.Contains(said, "VALUE") && len(strings.Map(digit, number)) < 13 {
				continue // twelve digits within a reference are no card's
			}
			if pay.CodeOf(err) != pay.ErrArgument || c != (card{}) {
				t.Errorf("%q is taken: %v", said, err)
			}
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, c), strings.Map(digit, number)) {
				t.Errorf("%q is repeated: %v", said, err)
			}
		}
	}
}

func digit(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}

func TestACardPrintsItsMaskOnly(t *testing.T) {
	c, err := parseCard("hash=" + hash + ";par=" + par + ";masked=220220******5678")
	if err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprintf("%v %+v %#v %s", c, c, c, c); strings.Contains(said, hash) || strings.Contains(said, par) {
		t.Error(said)
	}
}

func FuzzParseCard(f *testing.F) {
	for _, seed := range []string{"hash=" + hash + ";par=" + par, "2200120000061234", "par=A2200120000061234B", "masked=*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said string) {
		c, err := parseCard(said)
		if err != nil {
			return
		}
		for _, value := range []string{c.par, c.masked} {
			if number(value) {
				t.Fatalf("%q holds a number", said)
			}
		}
		if c.hash == "" && c.par == "" {
			t.Fatalf("%q names no card", said)
		}
	})
}
