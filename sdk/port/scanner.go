package port

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// ScannerBaud is what scanners on a serial port are set to when they leave the factory.
const ScannerBaud = 9600

// longestScan is the length of the longest code that is taken, in bytes: a QR code holds 2953.
const longestScan = 4096

// Scanner reads the codes of a scanner until ctx ends, and hands each to take, without what the scanner puts around it. A port that
// cannot be opened, or that goes away, is tried again after a pause; tell hears of each change: nil when the scanner is there, else why it
// is not.
//
// A code ends with CR or LF, or where a scanner sends neither, when nothing more comes. take is called from one goroutine.
func Scanner(ctx context.Context, c Config, take func(code string), tell func(error)) {
	if c.Baud == 0 {
		c.Baud = ScannerBaud
	}
	told := false // tell has heard why the port is not there
	for ctx.Err() == nil {
		p, err := Open(c)
		if err == nil {
			told = false
			tell(nil)
			err = read(ctx, p, take)
			_ = p.Close() // it was read from only
		}
		if err != nil && !told && ctx.Err() == nil {
			told = true
			tell(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(reopen):
		}
	}
}

// reopen is the pause before a port is opened again.
const reopen = time.Second

// read takes codes from an open port until it fails or ctx ends.
func read(ctx context.Context, p io.Reader, take func(string)) error {
	var s scan
	chunk := make([]byte, 512)
	for ctx.Err() == nil {
		n, err := p.Read(chunk)
		for _, code := range s.feed(chunk[:n]) {
			take(code)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scan puts together what comes in pieces.
type scan struct {
	part []byte
	long bool // what came is too long for a code, and is dropped up to its end
}

// feed takes the next piece and gives the codes that it completes. An empty piece is a silence: it ends what has no end of its own.
func (s *scan) feed(piece []byte) (codes []string) {
	if len(piece) == 0 {
		return s.end(nil)
	}
	for {
		at := bytes.IndexAny(piece, "\r\n")
		if at < 0 {
			s.add(piece)
			return codes
		}
		s.add(piece[:at])
		codes = s.end(codes)
		piece = piece[at+1:]
	}
}

func (s *scan) add(piece []byte) {
	if len(s.part)+len(piece) > longestScan {
		s.part, s.long = s.part[:0], true
		return
	}
	s.part = append(s.part, piece...)
}

func (s *scan) end(codes []string) []string {
	code := clean(s.part)
	if s.long {
		code = ""
	}
	s.part, s.long = s.part[:0], false
	if code == "" {
		return codes
	}
	return append(codes, code)
}

// clean takes off what a scanner may put around a code: STX and ETX, blanks, and the AIM identifier ("]Q1") that tells the kind of
// the code. What is no text is no code.
func clean(raw []byte) string {
	code := strings.Trim(string(raw), "\x02\x03\x00 \t")
	if len(code) > 3 && code[0] == ']' {
		code = code[3:]
	}
	if !utf8.ValidString(code) || strings.ContainsFunc(code, func(r rune) bool { return r < ' ' && r != 0x1d || r == 0x7f }) {
		return ""
	}
	return code
}
