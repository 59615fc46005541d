// Package wire reads the JSON that providers' servers answer with: strictly where money hangs on it, and without repeating a value of the
// answer in an error, since it may be a card number or a token. What a provider's messages look like is its module's own package.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/payrack/payrack/sdk/pay"
)

// ErrTwice says that an object of an answer has one name twice, in whatever letter case: which of the two counts would be chance.
var ErrTwice = errors.New("the answer says the same thing twice")

// Decode reads one JSON object and nothing after it.
func Decode(body []byte, out any) error {
	if !utf8.Valid(body) {
		return errors.New("the answer is not UTF-8")
	}
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("the answer is no JSON object")
	}
	if twice(trimmed) {
		return ErrTwice
	}
	dec := json.NewDecoder(bytes.NewReader(trimmed))
	if err := dec.Decode(out); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("the answer's field %.40q has the wrong type", wrong.Field)
		}
		return errors.New("the answer cannot be read")
	}
	if dec.More() {
		return errors.New("something follows the answer")
	}
	return nil
}

func twice(body []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(body))
	var open []map[string]bool // nil: an array
	name := false              // a name may come next
	for {
		token, err := dec.Token()
		if err != nil {
			return false // what cannot be read is refused elsewhere
		}
		if word, ok := token.(string); ok && name {
			folded := strings.ToLower(word)
			if open[len(open)-1][folded] {
				return true
			}
			open[len(open)-1][folded], name = true, false
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// Text is a string; a whole number where a server writes one for an id.
type Text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(raw []byte) error {
	switch {
	case string(raw) == "null":
		return nil
	case len(raw) > 0 && raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return errors.New("a text of the answer cannot be read")
		}
		*t = Text(s)
		return nil
	}
	if _, err := strconv.ParseInt(string(raw), 10, 64); err != nil {
		return errors.New("a text of the answer is none")
	}
	*t = Text(raw)
	return nil
}

// Kopecks is a whole number of kopecks, as a number or as a string of digits.
type Kopecks struct {
	Amount pay.Amount
	Named  bool // the answer has the field, and not null
}

// UnmarshalJSON implements json.Unmarshaler.
func (k *Kopecks) UnmarshalJSON(raw []byte) error {
	s := string(raw)
	if s == "null" || s == `""` {
		return nil
	}
	if inner, ok := strings.CutPrefix(s, `"`); ok {
		s = strings.TrimSuffix(inner, `"`)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || strings.HasPrefix(s, "+") {
		return errors.New("a sum of the answer is no whole number of kopecks")
	}
	k.Amount, k.Named = pay.Amount(n), true
	return nil
}

// Clean makes a server's text fit for a slip and a log: one line, printable, at most so many characters.
func Clean(s string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(s) {
		if n == most {
			break
		}
		if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}

// ID holds what may be kept as a server's name for something, and stand in an address and in a file's name: 1 to 64 letters, digits, "-" and "_".
func ID(s Text) (string, error) {
	if s == "" || len(s) > 64 {
		return "", errors.New("an id of the answer is missing or too long")
	}
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_') {
			return "", errors.New("an id of the answer has a character that no id has")
		}
	}
	return string(s), nil
}
