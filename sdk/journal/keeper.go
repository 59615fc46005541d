package journal

import (
	"context"
	"sync"
	"time"
)

const (
	// quiet is how long the keeper lets an exchange wait for a commit that carries it.
	quiet = 500 * time.Millisecond
	// again is how long it waits after the disk refused.
	again = 5 * time.Second
	// checkpointAfter is after how many commits it empties the write-ahead log, so that no commit has to.
	checkpointAfter = 200
)

// keeper does what need not be done on the money path: it writes noted exchanges that no commit took along, and moves the write-ahead
// log into the file.
type keeper struct {
	calls   chan struct{}
	ends    chan struct{}
	done    sync.WaitGroup
	commits int // since the last checkpoint was asked for; with the journal's turn

	mu         sync.Mutex
	checkpoint bool
}

func (k *keeper) start(j *Journal) {
	k.calls, k.ends = make(chan struct{}, 1), make(chan struct{})
	k.done.Go(func() { k.run(j) })
}

func (k *keeper) stop() {
	if k.ends != nil {
		close(k.ends)
		k.done.Wait()
	}
}

// wake asks the keeper to look around after a quiet moment.
func (k *keeper) wake() {
	select {
	case k.calls <- struct{}{}:
	default:
	}
}

// committed counts a commit.
func (k *keeper) committed() {
	k.commits++
	if k.commits < checkpointAfter {
		return
	}
	k.commits = 0
	k.mu.Lock()
	k.checkpoint = true
	k.mu.Unlock()
	k.wake()
}

func (k *keeper) run(j *Journal) {
	for {
		select {
		case <-k.calls:
		case <-k.ends:
			return
		}
		for pause := quiet; pause > 0; {
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-k.ends:
				timer.Stop()
				return
			}
			pause = 0
			if j.Flush(context.Background()) != nil || k.empty(j) != nil {
				pause = again
			}
		}
	}
}

// empty moves the write-ahead log into the file if it is time. It holds nobody up: a commit meanwhile goes behind what is moved.
func (k *keeper) empty(j *Journal) error {
	k.mu.Lock()
	due := k.checkpoint
	k.checkpoint = false
	k.mu.Unlock()
	if !due {
		return nil
	}
	db, err := connect(j.path, forWriting)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(`PRAGMA wal_checkpoint(PASSIVE)`)
	return err
}
