package host

import (
	"math"
	"time"
)

// Trial is for tests that kill the host, or its modules, again and again.
type Trial struct {
	// Around is called at each boundary, so that a test's main can kill the process there: "write ref" and "written ref" before and after
	// a ref is taken into the index, "forward X" and "forwarded X" before and after a module is asked to X. It may be nil.
	Around func(point string)
	// Restless has a module that died started again at once, as often as it dies, and what its module does not know voided within a second.
	Restless bool
}

// pace are the times of supervision under a trial.
func (t *Trial) pace() pace {
	p := standardPace()
	if t != nil && t.Restless {
		p.first, p.most = 10*time.Millisecond, 100*time.Millisecond
		p.crashes = math.MaxInt
		p.orphan = time.Second
	}
	return p
}

// point says that a boundary is reached.
func (h *Host) point(name string) {
	if t := h.o.Trial; t != nil && t.Around != nil {
		t.Around(name)
	}
}
