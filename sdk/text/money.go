package text

import (
	"maps"
	"strings"

	"github.com/payrack/payrack/sdk/pay"
)

// Sum is money as data of words: Say writes it as the language does, "3,00 RUB" in Russian and "3.00 RUB" in English.
type Sum struct {
	Amount   pay.Amount
	Currency pay.Currency
}

// Money makes a Sum; an empty currency is the rouble.
func Money(amount pay.Amount, currency pay.Currency) Sum {
	if currency == "" {
		currency = pay.RUB
	}
	return Sum{amount, currency}
}

// In is the sum in a language.
func (s Sum) In(lang string) string {
	digits := s.Amount.String()
	if !strings.HasPrefix(lang, English) {
		digits = strings.Replace(digits, ".", ",", 1)
	}
	return digits + " " + string(s.Currency)
}

// inLanguage is data with its sums written out.
func inLanguage(data map[string]any, lang string) map[string]any {
	var written map[string]any
	for key, value := range data {
		if sum, ok := value.(Sum); ok {
			if written == nil {
				written = maps.Clone(data)
			}
			written[key] = sum.In(lang)
		}
	}
	if written == nil {
		return data
	}
	return written
}
