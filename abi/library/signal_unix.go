//go:build !windows

package library

import "golang.org/x/sys/unix"

// signal is a pipe with one byte in it while it is set: poll, select and epoll call its reading end readable then.
type signal struct {
	reading, writing int
	on               bool
}

func newSignal() (*signal, error) {
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		return nil, err
	}
	for _, end := range ends {
		unix.CloseOnExec(end)
		_ = unix.SetNonblock(end, true) // of a descriptor that was just made
	}
	return &signal{reading: ends[0], writing: ends[1]}, nil
}

func (s *signal) handle() int64 { return int64(s.reading) }

// set puts the byte in or takes it out. A caller who read it himself does no lasting harm: the next change puts it right.
func (s *signal) set(on bool) {
	if on == s.on {
		return
	}
	var one [1]byte
	if on {
		_, _ = unix.Write(s.writing, one[:])
	} else {
		_, _ = unix.Read(s.reading, one[:])
	}
	s.on = on
}

func (s *signal) close() {
	unix.Close(s.reading)
	unix.Close(s.writing)
}
