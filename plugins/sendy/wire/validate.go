package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Message is a body whose shape can be checked.
type Message interface{ Validate() error }

// Decode reads data, one JSON value and nothing after it, into m and checks its shape. Fields that m does not know are
// skipped. An error means that data says nothing that can be relied on. The caller bounds the size of data.
func Decode(data []byte, m Message) error {
	if !utf8.Valid(data) {
		return errors.New("sendy: the body is not UTF-8")
	}
	if err := json.Unmarshal(data, m); err != nil {
		return fmt.Errorf("sendy: the body is not readable: %w", err)
	}
	if err := m.Validate(); err != nil {
		return fmt.Errorf("sendy: the body is incomplete: %w", err)
	}
	return nil
}

// Fold is s in the letter case of the constants above, or "" if the server said something else: then the outcome is not
// known.
func (s Status) Fold() Status {
	switch t := Status(strings.ToUpper(string(s))); t {
	case Waiting, UserPaying, Paid, Declined, Cancelled:
		return t
	}
	return ""
}

// ValidKey reports whether key is 32 lower-case hex digits.
func ValidKey(key string) bool {
	if len(key) != 32 {
		return false
	}
	for _, c := range []byte(key) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// maxAuthCode bounds the text that a scanner can hand over as a customer's code.
const maxAuthCode = 64

// SendyCodePrefix begins the code that the Sendy app shows; 16 digits follow.
const SendyCodePrefix = "SENDY-"

// SystemOf tells by its form whose code the customer showed: 18 digits beginning with 10 to 15 are WeChat's, 16 to 24
// digits beginning with 25 to 30 Alipay's, [SendyCodePrefix] and 16 digits Sendy's. Blanks around it do not count.
func SystemOf(code string) (System, bool) {
	code = strings.TrimSpace(code)
	if rest, ok := strings.CutPrefix(code, SendyCodePrefix); ok {
		return Sendy, len(rest) == 16 && digits(rest)
	}
	if len(code) < 16 || len(code) > 24 || !digits(code) {
		return "", false
	}
	switch prefix := code[:2]; {
	case len(code) == 18 && prefix >= "10" && prefix <= "15":
		return WeChat, true
	case prefix >= "25" && prefix <= "30":
		return Alipay, true
	}
	return "", false
}

// Mask keeps the first two and the last two characters of a code or a wallet: 13****68. What is shorter than eight
// characters is hidden whole.
func Mask(s string) string {
	s = strings.TrimPrefix(s, SendyCodePrefix)
	if len(s) < 8 {
		return "****"
	}
	return s[:2] + "****" + s[len(s)-2:]
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

// Validate reports what is missing or impossible.
func (r *ActivateRequest) Validate() error {
	return errors.Join(
		text("terminal_id", r.TerminalID, 64),
		text("serial", r.Serial, 64),
		text("code", r.Code, 64))
}

// Validate reports what is missing or impossible.
func (a *Activation) Validate() error {
	return errors.Join(
		text("terminal_id", a.TerminalID, 64),
		text("secret", a.Secret, 256))
}

// Validate reports what is missing or impossible.
func (c *Counters) Validate() error {
	err := errors.Join(
		positive("next_transaction", c.NextTransaction),
		positive("shift", c.Shift))
	if len(c.Systems) == 0 {
		err = errors.Join(err, errors.New("systems is empty"))
	}
	return err
}

// Validate reports what is missing or impossible.
func (r *OfflineRequest) Validate() error {
	return errors.Join(
		money(r.Transaction, r.Shift, r.Key, r.Amount, r.Currency),
		text("system", string(r.System), 32),
		text("auth_code", r.AuthCode, maxAuthCode))
}

// Validate reports what is missing or impossible.
func (r *OnlineRequest) Validate() error {
	return errors.Join(
		money(r.Transaction, r.Shift, r.Key, r.Amount, r.Currency),
		text("system", string(r.System), 32))
}

// Validate reports what is missing or impossible.
func (r *RefundRequest) Validate() error {
	return errors.Join(
		money(r.Transaction, r.Shift, r.Key, r.Amount, r.Currency),
		positive("original", r.Original))
}

// Validate reports what is missing or impossible.
func (r *CancelRequest) Validate() error {
	var err error
	if r.Mode != Close && r.Mode != Reverse {
		err = fmt.Errorf("mode is %q, not close or reverse", r.Mode)
	}
	return errors.Join(key(r.Key), positive("amount", r.Amount), err)
}

// Validate reports what is missing or impossible. It does not ask what the status means: see [Status.Fold].
func (r *Record) Validate() error {
	var err error
	switch {
	case r.Kind != Payment && r.Kind != Refund:
		err = fmt.Errorf("kind is %q, not payment or refund", r.Kind)
	case r.Kind == Refund && r.Original <= 0:
		err = errors.New("original of a refund is missing")
	case r.Refunded < 0 || r.Refunded > r.Amount:
		err = fmt.Errorf("refunded is %d of %d", r.Refunded, r.Amount)
	}
	return errors.Join(
		err,
		positive("transaction", r.Transaction),
		key(r.Key),
		positive("amount", r.Amount),
		text("currency", r.Currency, 3),
		text("status", string(r.Status), 32))
}

// Validate reports what is missing or impossible.
func (r *CloseRequest) Validate() error {
	if r.Key != "" && !ValidKey(r.Key) {
		return errors.Join(positive("shift", r.Shift), key(r.Key))
	}
	return positive("shift", r.Shift)
}

// Validate reports what is missing or impossible.
func (t *ShiftTotals) Validate() error {
	err := errors.Join(positive("shift", t.Shift), validTotals(t.Totals))
	if t.NewShift <= t.Shift {
		err = errors.Join(err, fmt.Errorf("new_shift is %d after %d", t.NewShift, t.Shift))
	}
	return err
}

// Validate reports what is missing or impossible.
func (r *Report) Validate() error {
	errs := []error{validTotals(r.Totals)}
	last := int64(0)
	for i := range r.Operations {
		op := &r.Operations[i]
		if err := op.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("operation %d: %w", i, err))
		}
		if op.Transaction <= last {
			errs = append(errs, fmt.Errorf("operation %d: number %d follows %d", i, op.Transaction, last))
		}
		last = op.Transaction
	}
	if r.More && len(r.Operations) == 0 {
		errs = append(errs, errors.New("an empty page says that there is more"))
	}
	return errors.Join(errs...)
}

// Validate reports what is missing.
func (a *ErrorAnswer) Validate() error {
	if a.Error == nil || a.Error.Code == "" {
		return errors.New("error code is missing")
	}
	return nil
}

func validTotals(totals []SystemTotals) error {
	seen := map[System]bool{}
	for _, t := range totals {
		if t.System == "" || seen[t.System] {
			return fmt.Errorf("system %q is empty or there twice in totals", t.System)
		}
		seen[t.System] = true
		for _, s := range []Sum{t.Payments, t.Refunds, t.Reversals} {
			if s.Count < 0 || s.Amount < 0 || (s.Count == 0) != (s.Amount == 0) {
				return fmt.Errorf("totals of %s are impossible: %d for %d operations", t.System, s.Amount, s.Count)
			}
		}
	}
	return nil
}

func money(transaction, shift int64, k string, amount int64, currency string) error {
	var err error
	if len(currency) != 3 {
		err = fmt.Errorf("currency is %q", currency)
	}
	return errors.Join(
		positive("transaction", transaction),
		positive("shift", shift),
		key(k),
		positive("amount", amount),
		err)
}

func key(k string) error {
	if !ValidKey(k) {
		return errors.New("key is not 32 hex digits")
	}
	return nil
}

func positive(name string, n int64) error {
	if n <= 0 {
		return fmt.Errorf("%s is %d", name, n)
	}
	return nil
}

// text checks a string for presence, length and control characters. Its value is not in the error: it may be a secret.
func text(name, s string, most int) error {
	switch {
	case s == "":
		return errors.New(name + " is missing")
	case len(s) > most:
		return fmt.Errorf("%s has %d bytes, at most %d are allowed", name, len(s), most)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New(name + " contains control characters")
	}
	return nil
}
