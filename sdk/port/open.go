//go:build linux || windows

package port

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tarm/serial"
)

// Open opens a port for reading and writing. A read ends without bytes and without error after about a tenth of a second in which
// nothing came, so that whoever reads can look up.
func Open(c Config) (io.ReadWriteCloser, error) {
	if c.Name == "" {
		return nil, errors.New("open a serial port: no port is named")
	}
	p, err := serial.OpenPort(&serial.Config{Name: c.Name, Baud: c.Baud, ReadTimeout: idle})
	if err != nil {
		return nil, fmt.Errorf("open serial port %s: %w", c.Name, err)
	}
	return quiet{p}, nil
}

// quiet makes the end of a silence no error: on Unix the library's read says io.EOF then.
type quiet struct{ *serial.Port }

// Read implements io.Reader; 0 bytes without an error are a silence.
func (q quiet) Read(p []byte) (int, error) {
	n, err := q.Port.Read(p)
	if errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return n, nil
	}
	return n, err
}
