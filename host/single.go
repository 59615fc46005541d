package host

import (
	"encoding/json"
	"errors"
	"os"
	"strings"

	"github.com/gofrs/flock"

	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// ErrRunning means that another host serves the installation. Run's error of it names that host, and has the code pay.ErrBusy.
var ErrRunning = errors.New("another host serves this installation")

// single is the lock that makes a process the host of an installation.
type single struct {
	place place.Place
	lock  *flock.Flock
}

func takeLock(p place.Place) (*single, error) {
	lock := flock.New(p.Lock(), flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, text.Refuse(pay.ErrConfig, "host.file", map[string]any{"Path": p.Lock()}, err)
	}
	if !taken {
		other, _ := p.ReadHost() // it may not have written it yet
		return nil, text.Refuse(pay.ErrBusy, "host.running", map[string]any{"PID": other.PID, "Address": other.Address}, ErrRunning)
	}
	return &single{place: p, lock: lock}, nil
}

// announce tells clients where to find the host.
func (s *single) announce(h place.Host) error {
	raw, err := json.Marshal(h)
	if err == nil {
		err = createFile(s.place.HostFile(), raw)
	}
	if err != nil {
		return text.Refuse(pay.ErrConfig, "host.file", map[string]any{"Path": s.place.HostFile()}, err)
	}
	return nil
}

// release is the last thing that a host does. The lock's file stays: removing it would let two processes lock two files.
func (s *single) release() error {
	err := os.Remove(s.place.HostFile())
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, s.lock.Unlock())
}

// clearSockets removes the sockets' folders of modules whose host was killed.
func clearSockets(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), "plugin-dir") {
			_ = os.RemoveAll(dir + string(os.PathSeparator) + e.Name())
		}
	}
}
