package library

import "golang.org/x/sys/windows"

// signal is an event that stays set until it is reset.
type signal struct{ event windows.Handle }

func newSignal() (*signal, error) {
	const manual, off = 1, 0
	event, err := windows.CreateEvent(nil, manual, off, nil)
	if err != nil {
		return nil, err
	}
	return &signal{event}, nil
}

func (s *signal) handle() int64 { return int64(s.event) }

func (s *signal) set(on bool) {
	if on {
		_ = windows.SetEvent(s.event)
	} else {
		_ = windows.ResetEvent(s.event)
	}
}

func (s *signal) close() { windows.CloseHandle(s.event) }
