package slip

import (
	"strconv"
	"strings"
)

// Money is an amount in minor units (kopecks) of an ISO 4217 currency.
type Money struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency,omitempty"`
}

// RUB is an amount in kopecks.
func RUB(minor int64) Money { return Money{minor, "RUB"} }

// Negated is the amount with the other sign.
func (m Money) Negated() Money {
	m.Minor = -m.Minor
	return m
}

// Text is the amount with its currency, "1 234,50 RUB" in Russian and "1,234.50 RUB" in English. The spaces in it do not break.
func (m Money) Text(language Language) string {
	if m.Currency == "" {
		return m.Sum(language)
	}
	return m.Sum(language) + nbsp + m.Currency
}

// Sum is the amount without its currency.
func (m Money) Sum(language Language) string {
	group, point := nbsp, ","
	if language == English {
		group, point = ",", "."
	}
	sign, magnitude := "", uint64(m.Minor)
	if m.Minor < 0 {
		sign, magnitude = "-", -magnitude
	}
	decimals := minorDigits(m.Currency)
	digits := strconv.FormatUint(magnitude, 10)
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-decimals], digits[len(digits)-decimals:]
	var text strings.Builder
	text.WriteString(sign)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			text.WriteString(group)
		}
		text.WriteRune(digit)
	}
	if decimals > 0 {
		text.WriteString(point + fraction)
	}
	return text.String()
}

// minorDigits is the exponent of a currency in ISO 4217.
func minorDigits(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}
