//go:build !linux && !windows

package port

import (
	"fmt"
	"io"
	"runtime"
)

// Open opens a port for reading and writing, where this system has them.
func Open(c Config) (io.ReadWriteCloser, error) {
	return nil, fmt.Errorf("open serial port %s: ports are not served on %s", c.Name, runtime.GOOS)
}
