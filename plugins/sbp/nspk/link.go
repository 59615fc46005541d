// Package nspk reads the payment links of the Faster Payments System: what a QR code of any bank says.
//
// A link is https://qr.nspk.ru/<qrcId>?type=02&bank=<member>&sum=<kopecks>&cur=RUB&crc=<4 digits>; links for any sum and cash links name no
// sum, and newer ones are the address alone (contract 3.1). Two links are the same code if their qrcId is the same, whatever else they say.
package nspk

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// ErrNotLink is in the error of Parse where the text is no link of NSPK at all.
var ErrNotLink = errors.New("not a payment link of NSPK")

// Type is what kind of code a link belongs to.
type Type string

// The types (contract 3.1). A cash link is a static one.
const (
	Static       Type = "01"
	Dynamic      Type = "02"
	Subscription Type = "03"
)

// Link is a payment link. What a link does not say is zero.
type Link struct {
	ID       string // qrcId, in capitals: by it links are compared
	Type     Type
	Bank     string // the member's id: twelve digits at most banks
	Amount   pay.Amount
	Currency pay.Currency
	CRC      string // four hexadecimal digits, in capitals; empty: the link has none
	summed   string // what the checksum is over
}

// longest bounds a link, in bytes; real ones have about a hundred.
const longest = 512

// Parse reads a link. Blanks and line ends around it, which scanners add, do not count. It does not look at the checksum: see [Link.Check].
func Parse(text string) (Link, error) {
	text = strings.TrimSpace(text)
	if len(text) > longest {
		return Link{}, fmt.Errorf("%w: %d bytes", ErrNotLink, len(text))
	}
	u, err := url.Parse(text)
	if err != nil || !strings.EqualFold(u.Scheme, "https") || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return Link{}, ErrNotLink
	}
	if host := strings.ToLower(u.Host); host != "qr.nspk.ru" && host != "sub.nspk.ru" {
		return Link{}, ErrNotLink
	}
	l := Link{ID: strings.ToUpper(strings.TrimPrefix(u.Path, "/"))}
	if !validID(l.ID) {
		return Link{}, fmt.Errorf("%w: no code has the id %.40q", ErrNotLink, l.ID)
	}
	if err := l.read(u.RawQuery); err != nil {
		return Link{}, err
	}
	if at := strings.LastIndex(text, "&crc="); l.CRC != "" && at > 0 {
		l.summed = text[:at]
	}
	return l, nil
}

// read takes the link's parameters. One that stands twice is refused, for which of the two counts would be chance.
func (l *Link) read(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%w: its parameters cannot be read", ErrNotLink)
	}
	for name, list := range values {
		if len(list) != 1 {
			return fmt.Errorf("a payment link with %.20q twice", name)
		}
	}
	l.Type, l.Bank, l.Currency = Type(values.Get("type")), values.Get("bank"), pay.Currency(strings.ToUpper(values.Get("cur")))
	if sum := values.Get("sum"); sum != "" {
		kopecks, err := strconv.ParseInt(sum, 10, 64)
		if err != nil || kopecks <= 0 || strings.HasPrefix(sum, "+") {
			return fmt.Errorf("a payment link with the sum %.24q", sum)
		}
		l.Amount = pay.Amount(kopecks)
	}
	if values.Has("crc") {
		l.CRC = strings.ToUpper(values.Get("crc"))
		if len(l.CRC) != 4 || strings.Trim(l.CRC, "0123456789ABCDEF") != "" {
			return fmt.Errorf("a payment link with the checksum %.12q", l.CRC)
		}
	}
	return nil
}

// Cash says whether the id has the form of a cash link. It informs; nothing about money may hang on it (contract 3.1).
func (l Link) Cash() bool { return len(l.ID) == 32 && l.ID[1:4] == "S1R" }

// Same says whether two links are one code.
func (l Link) Same(other Link) bool { return l.ID != "" && l.ID == other.ID }

// Check compares the checksum; nil where the link has none.
func (l Link) Check() error {
	if l.CRC == "" {
		return nil
	}
	if want := CRC(l.summed); want != l.CRC {
		return fmt.Errorf("the link's checksum is %s, by its text it would be %s", l.CRC, want)
	}
	return nil
}

// CRC is the checksum over a link's text up to, but not with, "&crc=": CRC-16/CCITT-FALSE, four hexadecimal digits in capitals. The
// algorithm is inferred from sixteen real links of eleven banks (contract 3.1).
func CRC(text string) string {
	sum := uint16(0xFFFF)
	for _, b := range []byte(text) {
		sum ^= uint16(b) << 8
		for range 8 {
			top := sum & 0x8000
			sum <<= 1
			if top != 0 {
				sum ^= 0x1021
			}
		}
	}
	return fmt.Sprintf("%04X", sum)
}

// validID admits 32 letters and digits, as real codes have, and the shorter or longer ones of test servers.
func validID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
