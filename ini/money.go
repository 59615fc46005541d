package ini

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Money is an amount in minor units: kopecks. It is written in rubles: 10000000.00.
type Money int64

// String writes rubles with two decimals.
func (m Money) String() string {
	sign, n := "", uint64(m)
	if m < 0 {
		sign, n = "-", -n
	}
	cents := strconv.FormatUint(n%100, 10)
	return sign + strconv.FormatUint(n/100, 10) + "." + strings.Repeat("0", 2-len(cents)) + cents
}

// ParseMoney reads rubles with at most two decimals after a dot or a comma. Spaces may part the thousands. Nothing is
// rounded: what does not fit exactly is an error.
func ParseMoney(text string) (Money, error) {
	s := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ",", ".").Replace(text)
	negative := strings.HasPrefix(s, "-")
	whole, decimals, dotted := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if !digits(whole) || (dotted && !digits(decimals)) {
		return 0, errors.New("not an amount in rubles")
	}
	if len(decimals) > 2 {
		return 0, errors.New("more than two decimals")
	}
	n, err := strconv.ParseUint(whole+decimals+strings.Repeat("0", 2-len(decimals)), 10, 64)
	if err != nil || n > math.MaxInt64 {
		return 0, errors.New("amount too large")
	}
	if negative {
		return -Money(n), nil
	}
	return Money(n), nil
}

func digits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
