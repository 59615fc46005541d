package driver

import (
	"strings"

	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// card is what the till's pin pad says of a social card: "hash=...;par=...;masked=220220******5678". The number itself is never taken. However a card is
// printed, only its mask shows.
type card struct {
	hash, par string
	masked    string
}

func (c card) String() string   { return c.masked }
func (c card) GoString() string { return "card(" + c.masked + ")" }

// Bounds of what a pin pad says: a hash of 128 to 512 bits in hexadecimal digits, a payment account reference of 29 characters by its standard.
const (
	leastHash, mostHash = 32, 128
	leastPAR, mostPAR   = 16, 64
)

// parseCard reads what a pin pad says. Nothing of what it refuses is repeated, since it may be a number.
func parseCard(said string) (card, error) {
	var c card
	seen := map[string]bool{}
	for part := range strings.SplitSeq(said, ";") {
		name, value, _ := strings.Cut(part, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		to := map[string]*string{"hash": &c.hash, "par": &c.par, "masked": &c.masked}[name]
		switch {
		case name == "" && value == "":
			continue
		case number(name) || number(value):
			return card{}, refuseCard("number")
		case to == nil || seen[name]:
			return card{}, refuseCard("unread")
		}
		seen[name], *to = true, value
	}
	c.hash, c.par = strings.ToLower(c.hash), strings.ToUpper(c.par)
	if c.hash == "" && c.par == "" || !c.whole() {
		return card{}, refuseCard("unread")
	}
	return c, nil
}

// whole says whether what was said of a card can be what it is said to be.
func (c card) whole() bool {
	hash := c.hash == "" || made(c.hash, leastHash, mostHash, "0123456789abcdef")
	par := c.par == "" || made(c.par, leastPAR, mostPAR, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	masked := c.masked == "" || made(c.masked, 4, 19, "0123456789*") && len(digitsOf(c.masked)) <= 10
	return hash && par && masked
}

// made says whether a text is made of certain characters only; of a hash and a reference some are letters.
func made(s string, least, most int, of string) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, of) == "" && strings.Trim(s, "0123456789") != ""
}

// number says whether a text is a card's whole number, however it is grouped, or a reference that holds one. A hash may hold such digits by chance.
func number(s string) bool {
	digits := digitsOf(s)
	if len(digits) >= 12 && len(digits) <= 19 && strings.Trim(s, "0123456789 -\u00a0\t") == "" {
		return true
	}
	if made(strings.ToLower(s), leastHash, mostHash, "0123456789abcdef") {
		return false
	}
	for _, run := range strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(run) >= 12 && len(run) <= 19 && logs.CardNumber(run) {
			return true
		}
	}
	return false
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func refuseCard(why string) error {
	return text.Refuse(pay.ErrArgument, "socproc.card."+why, nil, nil)
}
