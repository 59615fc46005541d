// Package qr turns a payload into a QR code and draws it as a picture or as text.
//
// A payload that starts from a provider is drawn exactly as it came, byte for byte. Every drawing carries the quiet zone of
// four modules that the standard asks for, so it may be placed next to other ink.
package qr

import (
	"errors"
	"fmt"

	rsc "rsc.io/qr"
)

// Quiet is the width of the light border of every drawing, in modules (ISO/IEC 18004).
const Quiet = 4

// Level is how much of a code may be damaged before it cannot be read, from least (L) to most (H).
type Level int

// The four levels of the standard.
const (
	L Level = iota
	M
	Q
	H
)

// String is the level's letter.
func (l Level) String() string {
	if l < L || l > H {
		return fmt.Sprintf("level(%d)", int(l))
	}
	return "LMQH"[l : l+1]
}

// Code is a square of dark and light modules. The zero Code is empty; Encode makes one.
type Code struct {
	// Size is the number of modules on a side, without the quiet zone.
	Size int
	// Level is the error correction of the code.
	Level Level

	matrix *rsc.Code
}

// Encode makes the code of payload with error correction M, or with a stronger one where that costs no module.
// It fails on an empty payload and on one that no QR code can hold (more than 2331 bytes).
func Encode(payload string) (Code, error) {
	best, err := EncodeLevel(payload, M)
	if err != nil {
		return Code{}, err
	}
	for _, level := range []Level{Q, H} {
		stronger, err := EncodeLevel(payload, level)
		if err != nil || stronger.Size > best.Size {
			break
		}
		best = stronger
	}
	return best, nil
}

// EncodeLevel makes the smallest code of payload at the given level.
func EncodeLevel(payload string, level Level) (Code, error) {
	if payload == "" {
		return Code{}, errors.New("make a QR code: the payload is empty")
	}
	if level < L || level > H {
		return Code{}, fmt.Errorf("make a QR code: no such error correction: %v", level)
	}
	matrix, err := rsc.Encode(payload, rsc.Level(level))
	if err != nil {
		return Code{}, fmt.Errorf("make a QR code of %d bytes at level %v: %w", len(payload), level, err)
	}
	return Code{Size: matrix.Size, Level: level, matrix: matrix}, nil
}

// Dark tells whether the module at column x and row y is dark. Outside of the code everything is light.
func (c Code) Dark(x, y int) bool {
	return c.matrix != nil && c.matrix.Black(x, y)
}
