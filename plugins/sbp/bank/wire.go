package bank

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
)

// answered says whether an answer came whose body may hold the bank's word: not one of a broken or redirected exchange, of a server that failed, or of
// one that did not let us in or is too busy.
func answered(answer *exchange.Answer, err error) bool {
	if err == nil {
		return answer != nil
	}
	e, ok := errors.AsType[*exchange.Error](err)
	if !ok || answer == nil || e.Kind != exchange.Status {
		return false
	}
	switch answer.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// rubles writes a sum as Raiffeisenbank wants it: a JSON number in rubles, without zeros at its end ("1110.1", "100").
func rubles(a pay.Amount) json.Number {
	text := a.String()
	return json.Number(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// readRubles reads a sum in rubles exactly, whatever scale it has. No sum at all is 0.
func readRubles(n json.Number) (pay.Amount, error) {
	text := n.String()
	if text == "" {
		return 0, nil
	}
	whole, cents, point := strings.Cut(text, ".")
	cents = strings.TrimRight(cents, "0")
	if whole == "" || strings.HasPrefix(text, "-") || strings.ContainsAny(text, "eE+ ") || point && len(cents) > 2 {
		return 0, fmt.Errorf("the answer names the sum %.30q", text)
	}
	kopecks, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the answer names the sum %.30q", text)
	}
	return pay.Amount(kopecks), nil
}

// sameSum says whether an answer's sum and currency are those asked for. What it does not name cannot differ.
func sameSum(k wire.Kopecks, amount pay.Amount, currency string) error {
	if k.Named && k.Amount != amount {
		return fmt.Errorf("the answer names %s, asked was %s", k.Amount, amount)
	}
	return rublesOnly(currency)
}

func rublesOnly(currency string) error {
	if currency != "" && !strings.EqualFold(currency, string(pay.RUB)) && currency != "643" {
		return fmt.Errorf("the answer names the currency %.8q", currency)
	}
	return nil
}

// fold makes statuses comparable: without regard to letter case, and to "_", "-" and blanks.
func fold(status string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '_', '-', ' ':
			return -1
		}
		return unicode.ToUpper(r)
	}, status)
}

// name admits what may stand in a path or be kept as a bank's id: 1 to 128 letters, digits and "-_.:=".
func name(s string) bool {
	if s == "" || len(s) > 128 || s == "." || s == ".." {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-_.:=", c) >= 0) {
			return false
		}
	}
	return true
}
