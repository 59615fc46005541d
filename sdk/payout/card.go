package payout

import (
	"strings"

	"github.com/payrack/payrack/logs"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Card is the number of a bank card. However it is printed, only its mask shows; the zero Card is none.
type Card struct{ digits string }

// ParseCard reads a number as people type it, in groups parted by blanks or dashes. What is no card number is pay.ErrArgument.
func ParseCard(typed string) (Card, error) {
	digits := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' || r == '\t' {
			return -1
		}
		return r
	}, strings.TrimSpace(typed))
	if !logs.CardNumber(digits) {
		return Card{}, text.Refuse(pay.ErrArgument, "payout.card", nil, nil)
	}
	return Card{digits}, nil
}

// Number is the whole number, for the one request that carries it.
func (c Card) Number() string { return c.digits }

// String is the number masked: "220012******1234".
func (c Card) String() string {
	if len(c.digits) < 13 {
		return ""
	}
	return c.digits[:6] + strings.Repeat("*", len(c.digits)-10) + c.digits[len(c.digits)-4:]
}

// GoString keeps %#v from showing more.
func (c Card) GoString() string { return "payout.Card(" + c.String() + ")" }

// MarshalText gives the mask, so that no JSON shows more.
func (c Card) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Grouped writes a mask in groups of four: "2200 12** **** 1234".
func Grouped(masked string) string {
	var b strings.Builder
	for i, r := range masked {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Brand is the payment system of a card by the first digits of its number or mask; empty: not known.
func Brand(masked string) string {
	if len(masked) < 4 {
		return ""
	}
	first := 0
	for _, r := range masked[:4] {
		if r < '0' || r > '9' {
			return ""
		}
		first = first*10 + int(r-'0')
	}
	switch {
	case first >= 2200 && first <= 2204:
		return "МИР"
	case first >= 4000 && first <= 4999:
		return "VISA"
	case first >= 2221 && first <= 2720, first >= 5100 && first <= 5599:
		return "MASTERCARD"
	case first >= 5000 && first <= 5099, first >= 5600 && first <= 5899, first >= 6300 && first <= 6399, first >= 6700 && first <= 6799:
		return "MAESTRO"
	case first >= 6200 && first <= 6299:
		return "UNIONPAY"
	}
	return ""
}

// Label stands before a masked card on a slip: "Карта МИР".
func Label(masked, language string) string {
	word := text.Say(language, "payout.card.label", nil)
	if brand := Brand(masked); brand != "" {
		return word + " " + brand
	}
	return word
}
