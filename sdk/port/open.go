//go:build linux || windows

package port

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tarm/serial"
)

// Open opens a port for reading and writing. A read ends without bytes and without error after about a tenth of a second in which
// nothing came, so that whoever reads can look up.
func Open(c Config) (io.ReadWriteCloser, error) {
	if c.Name == "" {
		return nil, errors.New("open a serial port: no port is named")
	}
	name, err := filepath.EvalSymlinks(c.Name) // the device itself, for both that open it
	if err != nil || runtime.GOOS == "windows" {
		name = c.Name
	}
	line, err := watch(name)
	if err != nil {
		return nil, fmt.Errorf("open serial port %s: %w", c.Name, err)
	}
	p, err := serial.OpenPort(&serial.Config{Name: name, Baud: c.Baud, ReadTimeout: idle})
	if err != nil {
		line.close()
		return nil, fmt.Errorf("open serial port %s: %w", c.Name, err)
	}
	return quiet{p, line}, nil
}

// quiet makes the end of a silence no error: on Unix the library's read says io.EOF then. It says the same, and at once, where the device
// was pulled out, so the line is asked which of the two it is.
type quiet struct {
	*serial.Port
	line line
}

// errGone is the end of a port whose device was pulled out.
var errGone = errors.New("the device on the serial port is gone")

// Read implements io.Reader; 0 bytes without an error are a silence.
func (q quiet) Read(p []byte) (int, error) {
	n, err := q.Port.Read(p)
	if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	if q.line.hungUp() {
		return n, errGone
	}
	return n, nil
}

// Close implements io.Closer.
func (q quiet) Close() error {
	q.line.close()
	return q.Port.Close()
}
