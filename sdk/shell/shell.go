package shell

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// Options are what a Shell works with. Journal, Driver and About are required.
type Options struct {
	Journal *journal.Journal
	Driver  provider.Driver
	About   provider.Description
	Terms   engine.Terms
	// CallTimeout ends a driver's call that hangs; the engine then knows nothing of it. 0: 40 s; at most engine.LongestCall.
	CallTimeout time.Duration
	Words       *text.Catalogue
	Language    string
	Slips       int // copies to print before the receipt
	// DigestKey hashes scanned codes, so that one used twice is refused without being kept.
	DigestKey []byte
	Random    io.Reader // of keys; nil: crypto/rand
	Log       hclog.Logger
	LogFile   func() string // the path of today's log file
	// Mask hides secrets and card numbers in a provider's words. It may be nil.
	Mask func(string) string
	// QRExtra gives what goes with a shown QR code: a picture, the code as text. It may be nil.
	QRExtra func(*pay.Event, pay.Operation)
	// Customer shows QR codes elsewhere than on the till's screen. It may be nil.
	Customer Customer
	// Around is called at each boundary, in tests that kill the process there: "write X" and "written X" before and after the transition
	// (or the beginning) X is journaled, "effect X" before each effect. It may be nil.
	Around func(point string)
	// Now is the clock of what is journaled and told; nil: time.Now.
	Now func() time.Time
}

// Shell runs the operations of one module.
type Shell struct {
	o      Options // but for what Reconfigure changes
	config atomic.Pointer[config]
	ctx    context.Context
	stop   context.CancelFunc
	hushed atomic.Bool // the module is about to leave: nothing new is asked of the provider
	rests  atomic.Int64

	spawning sync.Mutex // guards closed
	closed   bool
	calls    sync.WaitGroup

	mu        sync.Mutex // never taken while an operation's own is held
	commands  map[string]Command
	active    map[pay.Ref]*operation
	forgotten int // how many were ever taken out of active
	draining  bool
	busy      map[string]pay.Ref // till -> its running operation about money
	closes    pay.Ref            // the close of day that runs
	doubtful  map[pay.Ref]bool   // the write of its Begin failed
	changed   chan struct{}      // closed and made anew when the state of any operation changes
	paper     closePaper
	lastWord  wordOfProvider

	// booking is held for reading while money is booked or an operation changes its shift, and for writing while a close of day counts
	// and closes (design §3.9).
	booking sync.RWMutex
}

// config is what can change while the module runs.
type config struct {
	driver   provider.Driver
	terms    engine.Terms
	language string
	slips    int
}

// Command is what a module declares besides money: kind "command". It may ask the cashier.
type Command func(ctx context.Context, c CommandCall) (provider.Reply, error)

// CommandCall is one run of a command.
type CommandCall struct {
	Key       pay.Key // of the operation, by which an answer to a question of the command finds what was said before
	Name      string
	Args      []byte // a JSON object; secret
	Initiator string
	Language  string
	Full      bool // whoever asks has the full role, by the host's word
}

// wordOfProvider is how the way to the provider looked last.
type wordOfProvider struct {
	ok   bool
	code pay.Code
	text string
	at   time.Time
}

// New makes a shell. Resume takes up what the journal holds; Begin may be called after it.
func New(o Options) *Shell {
	if o.CallTimeout == 0 {
		o.CallTimeout = 40 * time.Second
	}
	o.CallTimeout = min(o.CallTimeout, engine.LongestCall)
	if o.Terms == (engine.Terms{}) {
		o.Terms = engine.DefaultTerms()
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Shell{o: o, active: map[pay.Ref]*operation{}, busy: map[string]pay.Ref{}, doubtful: map[pay.Ref]bool{}, changed: make(chan struct{}),
		commands: map[string]Command{}, lastWord: wordOfProvider{ok: true}}
	s.Reconfigure(o.Driver, o.Terms, o.Language, o.Slips)
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Command declares a command, anew if there is one of the name.
func (s *Shell) Command(name string, c Command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands[name] = c
}

// Resume takes up every operation that the journal says is not done with. It is called once, before the first Begin. One that cannot be
// read stays as it is, listed, and holds nothing else up.
func (s *Shell) Resume(ctx context.Context) error {
	rows, err := s.o.Journal.Find(ctx, journal.Query{OpenOnly: true, Unreadable: func(ref pay.Ref, err error) {
		s.o.Log.Error("an operation cannot be taken up", "ref", ref, "error", err)
	}})
	if err != nil {
		return err
	}
	var reopened []*operation
	for _, row := range rows {
		o, err := s.revive(ctx, row)
		if errors.Is(err, errUnreadable) {
			s.o.Log.Error("an operation cannot be taken up", "ref", row.Ref, "error", err)
			continue
		}
		if err != nil {
			return err
		}
		o = s.begun(o)
		defer s.release(o)
		reopened = append(reopened, o)
		s.holdTill(o)
	}
	for _, o := range reopened {
		st := o.stateNow()
		o.log.Info("taken up after a restart", "phase", st.Phase)
		// What the Commit of a basket needs was journaled with its reservation.
		o.post(engine.Event{What: engine.Recovered, Resendable: !o.secret || o.row.Kind == pay.KindBasket})
		if st.Reversal == pay.ReversalUnderWay {
			if err := s.askAfterReversal(ctx, o.ref, st.Reversals); err != nil {
				return err
			}
		}
	}
	return nil
}

// askAfterReversal tells a payment what became of its last reversal, in case the crash came between the two. One that never began,
// because nothing could be given back then, is looked at again.
func (s *Shell) askAfterReversal(ctx context.Context, payment pay.Ref, number int) error {
	child, err := s.o.Journal.Operation(ctx, payment.Reversal(number))
	switch {
	case pay.CodeOf(err) == pay.ErrNotFound:
		s.reversalEnded(payment.Reversal(number), pay.Unknown)
	case err != nil:
		return err
	case child.Final:
		s.reversalEnded(child.Ref, child.Outcome)
	}
	return nil
}

// spawn runs f in a goroutine that Close waits for; false: the shell is closed.
func (s *Shell) spawn(f func()) bool {
	s.spawning.Lock()
	defer s.spawning.Unlock()
	if s.closed {
		return false
	}
	s.calls.Go(f)
	return true
}

// Close ends every call and lets go of everything. What was on its way stays Unknown in the journal; Drain lets it end first.
func (s *Shell) Close() {
	s.refuseNew()
	s.spawning.Lock()
	s.closed = true
	s.spawning.Unlock()
	s.stop()
	s.calls.Wait()
}

func (s *Shell) refuseNew() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.notify()
}

// hush is how long a timer waits that runs out while nothing new is to be asked.
const hush = time.Second

// Drain refuses new operations and returns when none runs any more and every exchange in hand has ended, or ctx ends. It gives the number
// of operations still running. What is Unknown, or being reversed, is left for the next start.
func (s *Shell) Drain(ctx context.Context) int {
	s.refuseNew()
	if n := s.await(ctx, s.Running); n != 0 {
		return n
	}
	s.Rest(ctx)
	return s.Running()
}

// Rest refuses new operations and returns when every exchange in hand has ended and is journaled, or ctx ends. A customer who has not paid
// yet is not waited for; what runs goes on at the next start. Meanwhile nothing new is asked of the provider, by no timer and by no
// exchange that has ended: what it told about the money is journaled, and the step that would ask for more waits. If the shell is not
// closed within ten seconds after it, all goes on.
func (s *Shell) Rest(ctx context.Context) {
	s.refuseNew()
	mine := s.rests.Add(1)
	s.hushed.Store(true)
	s.await(ctx, s.calling)
	time.AfterFunc(restful, func() {
		if s.rests.Load() == mine {
			s.spawn(s.endRest)
		}
	})
}

// restful is how long after a rest nothing is asked, so that the shell can be closed.
const restful = 10 * time.Second

// endRest lets new things be asked again.
func (s *Shell) endRest() {
	s.hushed.Store(false)
	for _, o := range s.live() {
		o.goOn()
	}
}

// await waits until a count is 0, or ctx ends, and gives the last count.
func (s *Shell) await(ctx context.Context, count func() int) int {
	for {
		change := s.changes()
		n := count()
		if n == 0 {
			return 0
		}
		select {
		case <-change:
		case <-ctx.Done():
			return n
		}
	}
}

// calling counts the operations that have a call of the driver, or the step after one, in hand.
func (s *Shell) calling() (n int) {
	for _, o := range s.live() {
		o.mu.Lock()
		if !o.deferred && (o.state.Calling() != engine.NoCall || len(o.queue) > 0 && o.failures == 0) {
			n++
		}
		o.mu.Unlock()
	}
	return n
}

// Draining says whether new operations are refused.
func (s *Shell) Draining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// Running counts the operations whose tills still wait for an outcome.
func (s *Shell) Running() (n int) {
	for _, o := range s.live() {
		if st := o.stateNow(); st.Running() && st.Kind != pay.KindReversal {
			n++
		}
	}
	return n
}

// Busy counts the operations that are running, Unknown, or being reversed: while there are any, the module has work to do.
func (s *Shell) Busy() (n int) {
	for _, o := range s.live() {
		if st := o.stateNow(); !st.Final() || st.Reversal == pay.ReversalUnderWay {
			n++
		}
	}
	return n
}

// Changes gives a channel that is closed at the next change of any operation or of the way to the provider.
func (s *Shell) Changes() <-chan struct{} { return s.changes() }

func (s *Shell) changes() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Shell) notify() {
	s.mu.Lock()
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
}

// Provider says how the way to the provider looked last: whether it answered, and if not, why.
func (s *Shell) Provider() (ok bool, code pay.Code, cause string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastWord.ok, s.lastWord.code, s.lastWord.text, s.lastWord.at
}

func (s *Shell) point(name string) {
	if s.o.Around != nil {
		s.o.Around(name)
	}
}

// Driver is the driver that the next call uses.
func (s *Shell) Driver() provider.Driver { return s.config.Load().driver }

// Reconfigure has the next call of any operation use a new driver and new times. Calls under way end with the old one.
func (s *Shell) Reconfigure(driver provider.Driver, terms engine.Terms, language string, slips int) {
	s.config.Store(&config{driver, terms, language, slips})
	s.notify() // what kept the module from work may be mended, or have come
}

// Commands are the names of the declared commands.
func (s *Shell) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.commands))
}
