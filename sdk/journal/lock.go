package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
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
		return nil, text.Refuse(pay.ErrJournal, "journal.kept", holder(path), nil)
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

// holder reads who holds the lock, for words: the program, its process and since when, where it has said so.
func holder(path string) map[string]any {
	data := map[string]any{"Path": strings.TrimSuffix(path, ".lock")}
	f, err := os.Open(path)
	if err != nil {
		return data
	}
	defer f.Close()
	text := make([]byte, 512)
	n, _ := f.ReadAt(text, 1)
	line, _, _ := strings.Cut(strings.ToValidUTF8(string(text[:n]), "?"), "\n")
	program, rest, _ := strings.Cut(line, ", process ")
	pid, since, _ := strings.Cut(rest, ", since ")
	if pid != "" {
		data["Program"], data["PID"], data["Since"] = program, pid, since
	}
	return data
}

func (h *holding) release() error { return h.lock.Unlock() }
