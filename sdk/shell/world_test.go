package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// bank is a provider that knows the truth about money. It outlives the modules that talk to it.
type bank struct {
	mu       sync.Mutex
	accounts map[pay.Key]*account
	next     int64
	shift    int64
	closed   map[int64]provider.ShiftTotals
	calls    []string

	// customer is after what time a payment is paid; 0: at once; below: never.
	customer time.Duration
	// fault makes trouble with a call; nil: none.
	fault func(ctx context.Context, call string, op provider.Operation) fault
}

type account struct {
	op    provider.Operation
	state provider.Verdict // Waiting, Approved, Declined, Cancelled
	of    pay.Key
}

// fault is what happens to a call.
type fault int

const (
	none       fault = iota
	lost             // it never arrives
	answerLost       // it arrives, its answer does not
	refused          // declined
)

func newBank() *bank {
	return &bank{accounts: map[pay.Key]*account{}, next: 100, shift: 5, closed: map[int64]provider.ShiftTotals{}}
}

var errLost = errors.New("the line is broken")

// enter counts a call and says what becomes of it.
func (b *bank) enter(ctx context.Context, call string, op provider.Operation) fault {
	b.mu.Lock()
	b.calls = append(b.calls, call+" "+string(op.Ref))
	f := b.fault
	b.mu.Unlock()
	if f == nil {
		return none
	}
	return f(ctx, call, op)
}

func (b *bank) asked(call string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.calls {
		if c == call {
			n++
		}
	}
	return n
}

// put makes the account of a key, once.
func (b *bank) put(op provider.Operation, of pay.Key, f fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.accounts[op.Key] != nil {
		return
	}
	a := &account{op: op, of: of, state: provider.Waiting}
	b.accounts[op.Key] = a
	switch {
	case f == refused:
		a.state = provider.Declined
	case of != pay.Key{} || b.customer == 0:
		a.state = provider.Approved
	case b.customer > 0:
		time.AfterFunc(b.customer, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			if a.state == provider.Waiting {
				a.state = provider.Approved
			}
		})
	}
}

func (b *bank) word(key pay.Key) provider.Reply {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.accounts[key]
	if a == nil {
		return provider.Reply{Verdict: provider.NotFound}
	}
	r := provider.Reply{Verdict: a.state}
	if a.state == provider.Approved {
		r.Amount, r.Currency, r.System = a.op.Amount, pay.RUB, "sendy"
	}
	return r
}

// kept is what the bank took for a payment and has not given back.
func (b *bank) kept(key pay.Key) (sum pay.Amount) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k, a := range b.accounts {
		switch {
		case a.state != provider.Approved:
		case k == key:
			sum += a.op.Amount
		case a.of == key:
			sum -= a.op.Amount
		}
	}
	return sum
}

// driver is a module's way to the bank during one life of the module.
type driver struct {
	b    *bank
	life *life
}

// do makes one call: act is what the bank does when it arrives.
func (d driver) do(ctx context.Context, call string, op provider.Operation, act func(fault) provider.Reply) (provider.Reply, error) {
	d.life.point("ask " + call)
	f := d.b.enter(ctx, call, op)
	if f == lost || ctx.Err() != nil {
		return provider.Reply{}, errLost
	}
	r := act(f)
	d.life.point("answer " + call)
	if f == answerLost || ctx.Err() != nil {
		return provider.Reply{}, errLost
	}
	return r, nil
}

func (d driver) Commit(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return d.do(ctx, "commit", op, func(f fault) provider.Reply { d.b.put(op, pay.Key{}, f); return d.b.word(op.Key) })
}

func (d driver) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return d.do(ctx, "inquire", op, func(fault) provider.Reply { return d.b.word(op.Key) })
}

func (d driver) Cancel(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return d.do(ctx, "cancel", op, func(fault) provider.Reply {
		d.b.mu.Lock()
		a := d.b.accounts[op.Key]
		if a == nil {
			a = &account{op: op}
			d.b.accounts[op.Key] = a
			a.state = provider.Waiting
		}
		if a.state == provider.Waiting {
			a.state = provider.Cancelled
		}
		d.b.mu.Unlock()
		return d.b.word(op.Key)
	})
}

func (d driver) Refund(ctx context.Context, op, original provider.Operation) (provider.Reply, error) {
	return d.do(ctx, "refund", op, func(f fault) provider.Reply { d.b.put(op, original.Key, f); return d.b.word(op.Key) })
}

// counting is a driver whose provider shows QR codes, counts, and keeps shifts.
type counting struct{ driver }

func (d counting) Prepares(k pay.Kind) bool { return k == pay.KindOnline }

func (d counting) Prepare(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	return d.do(ctx, "prepare", op, func(f fault) provider.Reply {
		d.b.put(op, pay.Key{}, f)
		return provider.Reply{Verdict: provider.ShowQR, QR: &provider.QR{Payload: "qr:" + op.Key.String(), Until: time.Now().Add(5 * time.Minute)}}
	})
}

func (d counting) Counters(ctx context.Context) (provider.Counters, error) {
	var c provider.Counters
	_, err := d.do(ctx, "counters", provider.Operation{}, func(fault) provider.Reply {
		d.b.mu.Lock()
		defer d.b.mu.Unlock()
		c = provider.Counters{Next: d.b.next, Shift: d.b.shift}
		return provider.Reply{}
	})
	return c, err
}

func (d counting) CloseShift(ctx context.Context, op provider.Operation, shift int64) (provider.ShiftTotals, error) {
	var totals provider.ShiftTotals
	_, err := d.do(ctx, "close", op, func(f fault) provider.Reply {
		d.b.mu.Lock()
		defer d.b.mu.Unlock()
		if _, done := d.b.closed[shift]; !done && f != refused {
			d.b.closed[shift] = provider.ShiftTotals{Shift: shift, Next: shift + 1}
			d.b.shift = shift + 1
		}
		totals = d.b.closed[shift]
		if f == refused {
			totals.Shift = -1
		}
		return provider.Reply{}
	})
	if totals.Shift == -1 {
		return totals, pay.Refuse(pay.ErrShift, "not now")
	}
	return totals, err
}

// life is one life of the module: from a start to a crash.
type life struct {
	w      *world
	shell  *Shell
	points int
	at     int // the point at which it ends; 0: never
	mu     sync.Mutex
	dead   chan struct{}
	name   string // of the point
}

// point ends the life at its point. Whatever the module still does after that, it gets no further than its next point.
func (l *life) point(name string) {
	l.mu.Lock()
	l.points++
	if l.points == l.at {
		l.name = name
		close(l.dead)
	}
	ended := l.at > 0 && l.points >= l.at
	l.mu.Unlock()
	if ended {
		goexit()
	}
}

// world is a till, its module and its bank, in a bubble of virtual time.
type world struct {
	t       *testing.T
	path    string
	bank    *bank
	options Options
	plain   bool // the provider counts nothing
	life    *life
	journal *journal.Journal
}

func newWorld(t *testing.T) *world {
	t.Helper()
	empty, err := emptyJournal()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, path: filepath.Join(t.TempDir(), "journal.db"), bank: newBank()}
	if err := os.WriteFile(w.path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// emptyJournal is the file of a journal that was made once: making one takes longer than most tests.
var emptyJournal = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "journal")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "journal.db")
	j, err := journal.Open(context.Background(), path, journal.Options{})
	if err != nil {
		return nil, err
	}
	if err := j.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// inBubble runs a test in virtual time, with a module that has just been started.
func inBubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		w.t = t
		w.start(0)
		defer w.stop()
		f(t, w)
	})
}

// start begins a life that ends at a point; 0: never.
func (w *world) start(at int) {
	w.t.Helper()
	j, err := journal.Open(w.t.Context(), w.path, journal.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.journal = j
	w.life = &life{w: w, at: at, dead: make(chan struct{})}
	o := w.options
	words, err := text.Load()
	if err != nil {
		w.t.Fatal(err)
	}
	o.Journal, o.Words, o.Language, o.Slips = j, words, "en", 1
	if o.Around == nil {
		o.Around = w.life.point
	}
	o.About.ID, o.About.Traits.RefusesDuplicates = "bank", true
	o.About.Kinds = []pay.Kind{pay.KindOnline, pay.KindOffline, pay.KindRefund, pay.KindPayout, pay.KindCloseDay, pay.KindReport, pay.KindTest, pay.KindCommand}
	if o.Driver == nil {
		o.Driver = w.driver()
	}
	w.life.shell = New(o)
	done := make(chan error, 1)
	go func() {
		defer close(done)
		done <- w.life.shell.Resume(context.Background())
	}()
	if err := <-done; err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) driver() provider.Driver {
	d := driver{b: w.bank, life: w.life}
	if w.plain {
		return d
	}
	return counting{d}
}

func (w *world) stop() {
	w.life.shell.Close()
	if err := w.journal.Close(); err != nil {
		w.t.Error(err)
	}
}

// restart ends a life in an orderly way and begins the next.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start(0)
}

func (w *world) shell() *Shell { return w.life.shell }

func (w *world) begin(r pay.Request) (pay.Operation, error) {
	if r.PosID == "" {
		r.PosID = "till-1"
	}
	if r.Kind.Money() && r.Amount == 0 {
		r.Amount = 12345
	}
	r.Currency = pay.RUB
	v, _, err := w.shell().Begin(context.Background(), r, []byte(r.Ref))
	return v, err
}

func (w *world) mustBegin(kind pay.Kind, ref pay.Ref) pay.Operation {
	w.t.Helper()
	v, err := w.begin(pay.Request{Ref: ref, Kind: kind})
	if err != nil {
		w.t.Fatalf("begin %s: %v", ref, err)
	}
	return v
}

// watch follows an operation to its end, as its till, and gives the outcomes told.
func (w *world) watch(ref pay.Ref) (told []pay.Operation, err error) {
	err = w.shell().Watch(context.Background(), ref, 0, true, func(e pay.Event) error {
		if e.Kind == pay.EvOutcome {
			told = append(told, *e.Operation)
		}
		return nil
	})
	return told, err
}

// end is the outcome that an operation comes to.
func (w *world) end(ref pay.Ref) pay.Operation {
	w.t.Helper()
	told, err := w.watch(ref)
	if err != nil || len(told) == 0 {
		w.t.Fatalf("watch %s: %v, told %v", ref, err, told)
	}
	return told[len(told)-1]
}

func (w *world) wantEnd(ref pay.Ref, outcome pay.Outcome) pay.Operation {
	w.t.Helper()
	v := w.end(ref)
	if v.Outcome != outcome {
		w.t.Fatalf("%s came to %v (%s %s), want %v; the bank was asked %v", ref, v.Outcome, v.Code, v.Text, outcome, w.bank.calls)
	}
	return v
}

func (w *world) view(ref pay.Ref) pay.Operation {
	w.t.Helper()
	v, err := w.shell().Operation(context.Background(), ref)
	if err != nil {
		w.t.Fatalf("%s: %v", ref, err)
	}
	return v
}

func (w *world) row(ref pay.Ref) journal.Operation {
	w.t.Helper()
	row, err := w.journal.Operation(context.Background(), ref)
	if err != nil {
		w.t.Fatalf("%s: %v", ref, err)
	}
	return row
}

func (w *world) acknowledge(ref pay.Ref, ack pay.Ack) error {
	_, err := w.shell().Acknowledge(context.Background(), ref, ack, "", "till-1")
	return err
}

// later lets virtual time pass; everything that is due happens.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// hang keeps a call until it is ended.
func hang(call string) func(context.Context, string, provider.Operation) fault {
	return func(ctx context.Context, c string, _ provider.Operation) fault {
		if c == call {
			<-ctx.Done()
		}
		return none
	}
}

// on makes one kind of trouble with some calls: "commit", or "commit ref".
func on(f fault, calls ...string) func(context.Context, string, provider.Operation) fault {
	return func(_ context.Context, call string, op provider.Operation) fault {
		if slices.Contains(calls, call) || slices.Contains(calls, call+" "+string(op.Ref)) {
			return f
		}
		return none
	}
}

func (b *bank) trouble(f func(context.Context, string, provider.Operation) fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = f
}

// books compares every operation of the journal with the bank's truth, once everything has come to an end.
func (w *world) books() error {
	rows, err := w.journal.Find(context.Background(), journal.Query{})
	if err != nil {
		return err
	}
	known := map[pay.Key]bool{}
	for _, row := range rows {
		known[row.Key] = true
		if !row.Kind.Payment() {
			continue
		}
		back := pay.Amount(0)
		for _, other := range rows {
			if other.OriginalRef == row.Ref && other.Outcome == pay.Approved {
				back += other.ApprovedAmount
			}
		}
		var took pay.Amount
		if row.Charged {
			took = row.ApprovedAmount
		}
		kept := w.bank.kept(row.Key)
		switch {
		case !row.Final:
			return fmt.Errorf("%s is not final: %v", row.Ref, row.Outcome)
		case kept != took-back:
			return fmt.Errorf("%s: the bank keeps %v, the journal says %v taken and %v given back", row.Ref, kept, took, back)
		case kept != 0 && row.Outcome != pay.Approved:
			return fmt.Errorf("%s is %v, and the bank keeps %v", row.Ref, row.Outcome, kept)
		case row.Reversal == pay.ReversalUnderWay || row.Reversal == pay.ReversalDone && kept != 0:
			return fmt.Errorf("%s: reversal %v, the bank keeps %v", row.Ref, row.Reversal, kept)
		}
	}
	w.bank.mu.Lock()
	defer w.bank.mu.Unlock()
	for key, a := range w.bank.accounts {
		if !known[key] {
			return fmt.Errorf("the bank has %s of %v under a key that the journal does not know", a.op.Ref, a.op.Amount)
		}
	}
	return nil
}

func (w *world) wantBooks() {
	w.t.Helper()
	if err := w.books(); err != nil {
		w.t.Errorf("%v\nthe bank was asked %s", err, strings.Join(w.bank.calls, ", "))
	}
}

func terms(change func(*engine.Terms)) engine.Terms {
	t := engine.DefaultTerms()
	change(&t)
	return t
}
