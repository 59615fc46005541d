package client

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/payrack/payrack/host/place"
	hostv1 "github.com/payrack/payrack/internal/rpc/payrack/host/v1"
	"github.com/payrack/payrack/sdk/pay"
)

// ABI is the version of payrack.h that this client speaks, as the host is told.
const ABI = 0x00010100

// Options say where the host is and who calls.
type Options struct {
	Place    place.Place
	PosID    string // the till
	Flags    uint32 // PR_F_* of payrack.h
	Program  string // name of the calling program, for the host's log; empty: this process's
	Version  string // of the caller
	Language string // "ru" or "en"; empty: the installation's
	// StartHost starts a host where none runs, now and whenever it is found dead later.
	StartHost bool
	// HostProgram is the program to start; empty: the installation's own.
	HostProgram string
	// Pending, if set, is told how many operations of this till want attention: at the opening and whenever that changes. It must not block.
	Pending func(count int)
	// Patience is how long Watch goes on looking for a host that is gone before it says so; 0: 30 s.
	Patience time.Duration
}

// Session is a session with the host that outlives the host's process. All methods may be called from several goroutines.
type Session struct {
	options Options
	ctx     context.Context // ends with Close
	close   context.CancelFunc

	relink chan struct{} // holds one token: who has it may replace the link

	mu    sync.Mutex
	link  *link
	told  map[string]string // options as the host was told them; the PIN lives here only
	count int
}

// Open connects to the host, starting one if the options say so, and opens a session. ctx limits the opening only.
// Refusals: ErrHostStart (none runs, or it did not start; the text says why), ErrHostDenied, ErrHostVersion, and what the host says.
func Open(ctx context.Context, o Options) (*Session, error) {
	if o.Program == "" {
		o.Program = programName()
	}
	if o.HostProgram == "" {
		o.HostProgram = o.Place.Program()
	}
	if o.Patience == 0 {
		o.Patience = 30 * time.Second
	}
	alive, end := context.WithCancel(context.Background())
	s := &Session{options: o, ctx: alive, close: end, relink: make(chan struct{}, 1), told: map[string]string{}}
	s.relink <- struct{}{}
	ctx, cancel := limit(ctx, openLimit)
	defer cancel()
	if _, err := s.connected(ctx); err != nil {
		end()
		return nil, err
	}
	return s, nil
}

// Close ends the session. Operations go on; calls that are under way end.
func (s *Session) Close() {
	s.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil {
		s.link.drop(nil)
		s.link = nil
	}
}

// PendingCount is how many operations of this till wanted attention when the host last said so.
func (s *Session) PendingCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Connected says whether the session has a host right now; it starts none.
func (s *Session) Connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link != nil && s.link.alive()
}

// HostPID is the process of the host that this session last spoke to, 0 if there was none.
func (s *Session) HostPID() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil {
		return 0
	}
	return s.link.hostPID
}

// HostVersion is the version of the host that this session last spoke to.
func (s *Session) HostVersion() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil {
		return ""
	}
	return s.link.version
}

// connected gives the living link, or makes one. Only one goroutine makes it; the others wait for its result.
func (s *Session) connected(ctx context.Context) (*link, error) {
	if l := s.living(); l != nil {
		return l, nil
	}
	select {
	case <-s.relink:
	case <-ctx.Done():
		return nil, gaveUp(ctx, "wait for the host")
	case <-s.ctx.Done():
		return nil, errClosed()
	}
	defer func() { s.relink <- struct{}{} }()
	if l := s.living(); l != nil {
		return l, nil
	}
	if s.ctx.Err() != nil {
		return nil, errClosed()
	}
	l, err := s.newLink(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.replay(ctx, l); err != nil {
		l.drop(err)
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		l.drop(nil)
		return nil, errClosed()
	}
	s.link = l
	return l, nil
}

func (s *Session) living() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil && s.link.alive() {
		return s.link
	}
	return nil
}

func (s *Session) pending(count int) {
	s.mu.Lock()
	s.count = count
	s.mu.Unlock()
	if s.options.Pending != nil {
		s.options.Pending(count)
	}
}

// SetOption tells the host operator.id, operator.name, operator.pin or language. It is told again to a host that was started anew.
func (s *Session) SetOption(ctx context.Context, key, value string) error {
	ctx, cancel := limit(ctx, callLimit)
	defer cancel()
	r, err := call(ctx, s, repeat, func(ctx context.Context, l *link) (*hostv1.SetOptionResponse, error) {
		return l.host.SetOption(ctx, &hostv1.SetOptionRequest{Key: key, Value: value})
	})
	if err != nil {
		return err
	}
	if err := refusal(r.GetRefusal()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[key] = value
	return nil
}

// replay tells a new host the options that the old one knew: who works here before what proves it. A refused PIN is forgotten, because
// tries are counted.
func (s *Session) replay(ctx context.Context, l *link) error {
	s.mu.Lock()
	told := maps.Clone(s.told)
	s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(told)) { // operator.id, operator.name, operator.pin
		r, err := l.host.SetOption(l.context(ctx), &hostv1.SetOptionRequest{Key: key, Value: told[key]})
		if err != nil {
			return broken(ctx, "tell the host "+key, err)
		}
		if refusal(r.GetRefusal()) != nil {
			s.mu.Lock()
			delete(s.told, key)
			s.mu.Unlock()
		}
	}
	return nil
}

func errClosed() error {
	return &pay.Error{Code: pay.ErrHandle, Cause: errors.New("the session is closed")}
}
