package shell

import (
	"context"
	"io"
	"maps"
	"slices"
	"sync"
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
	// CallTimeout ends a driver's call that hangs; the engine then knows nothing of it. 0: 40 s.
	CallTimeout time.Duration
	Words       *text.Catalogue
	Language    string
	Slips       int // copies to print before the receipt
	// DigestKey hashes scanned codes, so that one used twice is refused without being kept.
	DigestKey []byte
	Random    io.Reader // of keys; nil: crypto/rand
	Log       hclog.Logger
	LogFile   func() string // the path of today's log file
	// QRExtra gives what goes with a shown QR code: a picture, the code as text. It may be nil.
	QRExtra func(*pay.Event, pay.Operation)
	// Around wraps each effect in tests that kill the process between two of them. It may be nil.
	Around func(point string)
}

// Shell runs the operations of one module.
type Shell struct {
	o        Options
	ctx      context.Context
	stop     context.CancelFunc
	calls    sync.WaitGroup
	commands map[string]Command

	mu       sync.Mutex
	active   map[pay.Ref]*operation
	draining bool
	busy     map[string]pay.Ref // till -> its running payment
	changed  chan struct{}      // closed and made anew when the state of any operation changes
	lastWord wordOfProvider

	// closing is held for reading while money is booked, and for writing while a close of day counts and closes (design §3.9).
	closing sync.RWMutex
}

// Command is what a module declares besides money: kind "command". It may ask the cashier.
type Command func(ctx context.Context, c CommandCall) (provider.Reply, error)

// CommandCall is one run of a command.
type CommandCall struct {
	Name      string
	Args      []byte // a JSON object; secret
	Initiator string
	Language  string
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
	if o.Terms == (engine.Terms{}) {
		o.Terms = engine.DefaultTerms()
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	s := &Shell{o: o, active: map[pay.Ref]*operation{}, busy: map[string]pay.Ref{}, changed: make(chan struct{}),
		commands: map[string]Command{}, lastWord: wordOfProvider{ok: true}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Command declares a command. It is called before Resume.
func (s *Shell) Command(name string, c Command) { s.commands[name] = c }

// Resume takes up every operation that the journal says is not done with. It is called once, before the first Begin.
func (s *Shell) Resume(ctx context.Context) error {
	rows, err := s.o.Journal.Find(ctx, journal.Query{OpenOnly: true})
	if err != nil {
		return err
	}
	var reopened []*operation
	for _, row := range rows {
		o, err := s.load(ctx, row)
		if err != nil {
			return err
		}
		defer s.release(o)
		reopened = append(reopened, o)
	}
	for _, o := range reopened {
		o.log.Info("taken up after a restart", "phase", o.state.Phase)
		o.post(engine.Event{What: engine.Recovered, Resendable: !o.secret})
		if o.state.Reversal == pay.ReversalUnderWay {
			s.askAfterReversal(ctx, o)
		}
	}
	return nil
}

// askAfterReversal tells a payment what became of its last reversal, in case the crash came between the two.
func (s *Shell) askAfterReversal(ctx context.Context, o *operation) {
	child, err := s.o.Journal.Operation(ctx, o.row.Ref.Reversal(o.state.Reversals))
	if err == nil && child.Final {
		o.post(engine.Event{What: engine.ReversalEnded, Outcome: child.Outcome})
	}
}

// find gives a live operation, or makes one of the journal's row. The caller releases it.
func (s *Shell) find(ctx context.Context, ref pay.Ref) (*operation, error) {
	s.mu.Lock()
	o := s.active[ref]
	if o != nil {
		o.users++
	}
	s.mu.Unlock()
	if o != nil {
		return o, nil
	}
	row, err := s.o.Journal.Operation(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.load(ctx, row)
}

// release lets go of an operation that find or load gave.
func (s *Shell) release(o *operation) {
	s.mu.Lock()
	o.users--
	s.mu.Unlock()
	s.retire(o)
}

// load makes a live operation of a row, once. The caller releases it.
func (s *Shell) load(ctx context.Context, row journal.Operation) (*operation, error) {
	o, err := s.revive(ctx, row)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.active[row.Ref]; other != nil {
		o = other
	}
	o.users++
	s.active[row.Ref] = o
	return o, nil
}

// Close ends every call and lets go of everything. What was on its way stays Unknown in the journal.
func (s *Shell) Close() {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.stop()
	s.calls.Wait()
}

// Drain refuses new operations and returns when none runs any more, or ctx ends. It gives the number of those still running.
func (s *Shell) Drain(ctx context.Context) int {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.notify()
	for {
		wait := s.changes()
		n := s.Running()
		if n == 0 {
			return 0
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return s.Running()
		}
	}
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
		if o.view().Running {
			n++
		}
	}
	return n
}

// Busy counts the operations that are running, Unknown, or being reversed: while there are any, the module has work to do.
func (s *Shell) Busy() (n int) {
	for _, o := range s.live() {
		v := o.view()
		if !v.Outcome.Final() || v.Reversal == pay.ReversalUnderWay {
			n++
		}
	}
	return n
}

func (s *Shell) live() []*operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*operation, 0, len(s.active))
	for _, o := range s.active {
		list = append(list, o)
	}
	return list
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

// Driver is the driver that new operations use.
func (s *Shell) Driver() provider.Driver {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.o.Driver
}

// Reconfigure has the next call of any operation use a new driver and new times.
func (s *Shell) Reconfigure(driver provider.Driver, terms engine.Terms, language string, slips int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Driver, s.o.Terms, s.o.Language, s.o.Slips = driver, terms, language, slips
}

// Commands are the names of the declared commands.
func (s *Shell) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.commands))
}
