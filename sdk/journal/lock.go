package journal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/payrack/payrack/sdk/pay"
)

// lockPause is how often a successor looks whether its predecessor has left.
const lockPause = 20 * time.Millisecond

// holding is the lock of a journal, held. The system lets go of it when the process ends, however it ends.
type holding struct{ lock *flock.Flock }

// hold takes the lock, waiting as long as it may, and writes into the file who holds it, for whoever comes in vain.
func hold(ctx context.Context, path string, wait time.Duration, now time.Time) (*holding, error) {
	lock := flock.New(path, flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err == nil && !got && wait > 0 {
		waiting, stop := context.WithTimeout(ctx, wait)
		got, err = lock.TryLockContext(waiting, lockPause)
		timedOut := waiting.Err() != nil && ctx.Err() == nil
		stop()
		if timedOut {
			err = nil
		}
	}
	if ctx.Err() != nil && !got {
		return nil, fmt.Errorf("wait for the journal: %w", ctx.Err())
	}
	if err != nil {
		return nil, fault(err, "lock the journal by "+path)
	}
	if !got {
		return nil, pay.Refuse(pay.ErrJournal, "the journal %s is kept by %s", strings.TrimSuffix(path, ".lock"), holder(path))
	}
	introduce(path, now)
	return &holding{lock}, nil
}

// introduce writes who holds the lock. The first byte is left alone: on Windows the lock lies on it, and nobody else may touch it.
// A failure is no reason to refuse: the lock is what counts.
func introduce(path string, now time.Time) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	text := fmt.Sprintf("%s, process %d, since %s\n", filepath.Base(program), os.Getpid(), now.Format(time.RFC3339))
	if _, err := f.WriteAt([]byte(text), 1); err == nil {
		_ = f.Truncate(int64(1 + len(text)))
	}
}

// holder reads who holds the lock.
func holder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return "another process"
	}
	defer f.Close()
	text := make([]byte, 512)
	n, _ := f.ReadAt(text, 1)
	line, _, _ := bytes.Cut(text[:n], []byte("\n"))
	if len(line) == 0 {
		return "another process"
	}
	return strings.ToValidUTF8(string(line), "?")
}

func (h *holding) release() error { return h.lock.Unlock() }
