package pay

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Ref names an operation. The cashier program chooses it and writes it down before the call (design §3.1).
type Ref string

// MaxRef is the length of the longest ref, in characters.
const MaxRef = 64

// ParseRef reads a ref that a till gives: 1 to 64 characters of [A-Za-z0-9._-].
func ParseRef(s string) (Ref, error) {
	if s == "" || len(s) > MaxRef {
		return "", wording(ErrArgument, "refused.ref_length", map[string]any{"Length": len(s), "Most": MaxRef}, "ref: %d characters, 1 to %d are allowed", len(s), MaxRef)
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return "", wording(ErrArgument, "refused.ref_character", map[string]any{"At": i + 1}, "ref: character %d is not one of A-Z a-z 0-9 . _ -", i+1)
		}
	}
	return Ref(s), nil
}

// Reversal is the ref of the n-th reversal of the operation (design §3.7). A till cannot choose such a ref: "~" is not allowed in its own.
func (r Ref) Reversal(n int) Ref { return r + "~" + Ref(strconv.Itoa(n)) }

// Parent is the ref of the operation that a reversal belongs to, and the number of the reversal; a till's own ref gives itself and 0.
func (r Ref) Parent() (Ref, int) {
	parent, n, found := strings.Cut(string(r), "~")
	if !found {
		return r, 0
	}
	number, err := strconv.Atoi(n)
	if err != nil {
		return r, 0
	}
	return Ref(parent), number
}

// CloseRef is the ref of the close of day of a shift (design §3.9); try above 1 follows a close that the provider refused.
func CloseRef(module string, shift int64, try int) Ref {
	ref := fmt.Sprintf("close-%s-%d", module, shift)
	if try > 1 {
		ref += fmt.Sprintf(".%d", try)
	}
	return Ref(ref)
}

// Key is the 128 random bits that a provider knows an operation by (design §3.3). Only the engine's shell makes one.
type Key [16]byte

// NewKey reads a key from a source of randomness.
func NewKey(random io.Reader) (Key, error) {
	var k Key
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, k[:]); err != nil {
		return Key{}, fmt.Errorf("make a key: %w", err)
	}
	return k, nil
}

// ParseKey reads the hexadecimal form.
func ParseKey(s string) (Key, error) {
	var k Key
	raw, err := hex.DecodeString(s)
	if err != nil || len(raw) != len(k) {
		return Key{}, errors.New("read a key: not 32 hexadecimal digits")
	}
	copy(k[:], raw)
	return k, nil
}

// String is the key as 32 lower-case hexadecimal digits, the form that most providers carry.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// UUID is the key in the form of a UUID, for providers that want one.
func (k Key) UUID() string {
	s := k.String()
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// IsZero says that no key was made yet; nothing may be sent under it.
func (k Key) IsZero() bool { return k == Key{} }

// MarshalText gives the hexadecimal form.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the hexadecimal form.
func (k *Key) UnmarshalText(text []byte) (err error) { *k, err = ParseKey(string(text)); return err }

// Amount is a sum in minor units (kopecks) of a currency that stands beside it.
type Amount int64

// Currency is an ISO 4217 alphabetic code.
type Currency string

// RUB is the currency of a register in Russia; every amount of payrack has two decimals.
const RUB Currency = "RUB"

// String is the amount with its two decimals and a point, for logs and messages: "123.45".
func (a Amount) String() string {
	sign := ""
	u := uint64(a)
	if a < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%02d", sign, u/100, u%100)
}

// ParseAmount reads "123", "123.4" or "123,45" exactly; more than two decimals are refused.
func ParseAmount(s string) (Amount, error) {
	whole, cents, _ := strings.Cut(strings.Replace(strings.TrimSpace(s), ",", ".", 1), ".")
	bad := func() (Amount, error) {
		return 0, wording(ErrArgument, "refused.amount", map[string]any{"Text": fmt.Sprintf("%.40s", s)}, "amount %.40q is not a number with at most two decimals", s)
	}
	if len(cents) > 2 || whole == "" || strings.ContainsAny(cents, "+-") {
		return bad()
	}
	v, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	if err != nil {
		return bad()
	}
	return Amount(v), nil
}
