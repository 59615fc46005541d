package secret

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
)

const mask = "***"

// Value is a secret in memory. Every way of printing or encoding it gives "***"; only Reveal gives the bytes. The zero value is no secret.
type Value struct {
	reveal func() []byte // a function, because fmt prints what lies in the unexported field of another struct past all methods
}

// New makes a value of a copy of b.
func New(b []byte) Value {
	b = bytes.Clone(b)
	return Value{reveal: func() []byte { return bytes.Clone(b) }}
}

// Reveal gives a copy of the secret; nil: there is none.
func (v Value) Reveal() []byte {
	if v.reveal == nil {
		return nil
	}
	return v.reveal()
}

// Empty says whether there is no secret, or one of no bytes.
func (v Value) Empty() bool { return len(v.Reveal()) == 0 }

// String gives "***".
func (Value) String() string { return mask }

// GoString gives "***".
func (Value) GoString() string { return mask }

// Format prints "***" for every verb.
func (Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// MarshalText gives "***".
func (Value) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalJSON gives "***".
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// LogValue gives "***".
func (Value) LogValue() slog.Value { return slog.StringValue(mask) }
