//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/internal/proof/torture/book"
	"github.com/payrack/payrack/internal/proof/torture/point"
	sendy "github.com/payrack/payrack/plugins/sendy/sandbox"
	"github.com/payrack/payrack/sdk/sandbox"
)

// world is one installation and everything around it.
type world struct {
	dir      string // of all that it has
	home     string // the installation
	programs string
	shipped  string // where host and module are from, if they are those that ship; empty: those with hooks and short times
	tally    *tally
	place    place.Place
	strikes  point.Folder
	log      *os.File // what its processes say
	story    *os.File // what was done in each cycle

	bank     *child
	bankAt   string // host:port, the same over all its lives
	control  *sendy.Control
	wire     *wire
	till     *child
	bookRead int64
	ledger   *ledger // what the till's book says

	cycles int
	deaths int  // of a module that ships, since its host was killed
	broken bool // something is to be looked at: the folder stays
}

// Bounds, far above what anything takes on a slow machine: what takes longer has failed.
const (
	starting = 30 * time.Second
	settling = 60 * time.Second
	patient  = 5 * time.Minute // the same, of what waits as long as in a shop
	leaving  = 30 * time.Second
)

// newWorld lays out an installation and has its module activated.
func newWorld(dir, programs, shipped string, tally *tally) (*world, error) {
	w := &world{dir: dir, home: filepath.Join(dir, "payrack"), programs: programs, shipped: shipped, tally: tally, ledger: newLedger()}
	w.strikes = point.Of(w.home)
	if err := w.lay(); err != nil {
		return w, err
	}
	if err := w.startBank(); err != nil {
		return w, err
	}
	var err error
	if w.wire, err = lay(w.bankAt); err != nil {
		return w, err
	}
	ini := fmt.Sprintf("[Sendy]\nServer=%s\n[Service]\nWeChat=yes\n[Till]\nOrphanGrace=5\n[Connection]\nConnectTimeout=1\n[Log]\nLogLevel=debug\n", w.wire.url())
	if err := os.WriteFile(filepath.Join(w.home, "modules", programModule, "sendy.ini"), []byte(ini), 0o644); err != nil {
		return w, err
	}
	if err := w.startTill(); err != nil {
		return w, err
	}
	return w, w.activate()
}

// lay makes the folders and the manifest.
func (w *world) lay() error {
	module := filepath.Join(w.home, "modules", programModule)
	for _, dir := range []string{module, string(w.strikes), filepath.Join(w.dir, "bank")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	var sums strings.Builder
	for _, p := range [][2]string{{programHost, programHost}, {programModule, filepath.Join("modules", programModule, programModule)}} {
		from := filepath.Join(w.programs, p[0])
		if w.shipped != "" {
			from = filepath.Join(w.shipped, p[1])
		}
		raw, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		to := filepath.Join(w.home, p[1])
		if os.Link(from, to) != nil { // another disk
			if err := os.WriteFile(to, raw, 0o755); err != nil {
				return err
			}
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(raw), p[1])
	}
	if err := os.WriteFile(filepath.Join(w.home, "payrack.sha256"), []byte(sums.String()), 0o644); err != nil {
		return err
	}
	var err error
	if w.log, err = os.Create(filepath.Join(w.dir, "processes.log")); err != nil {
		return err
	}
	if w.story, err = os.Create(filepath.Join(w.dir, "story.jsonl")); err != nil {
		return err
	}
	w.place, err = place.Find(w.home)
	return err
}

// startBank starts the sandbox, with everything that its ledger's file knows, at the address that it always had. Some connection of
// somebody else may have got its port meanwhile, for a moment.
func (w *world) startBank() (err error) {
	awaits(context.Background(), starting, func() bool {
		err = w.tryBank()
		return err == nil
	})
	return err
}

func (w *world) tryBank() error {
	listen := w.bankAt
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	c, err := begin(w.log, filepath.Join(w.programs, programSandbox), "sendy", "--listen", listen, "--data", filepath.Join(w.dir, "bank"), "--with-stdin")
	if err != nil {
		return err
	}
	w.bank = c
	var ready struct{ URL string }
	if err := within(starting, func() error { return c.line(&ready) }); err != nil {
		return fmt.Errorf("the sandbox does not start: %w", err)
	}
	w.bankAt = strings.TrimPrefix(ready.URL, "http://")
	// A client of its own, which knows no connection to the one that is dead.
	w.control = &sendy.Control{Control: &sandbox.Control{URL: ready.URL, Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}}
	return nil
}

func (w *world) startTill() (err error) {
	w.till, err = begin(w.log, filepath.Join(w.programs, programTill), w.home, w.bookPath())
	return err
}

func (w *world) bookPath() string { return filepath.Join(w.dir, "book.jsonl") }

// activate has the terminal activated: the first order of a till.
func (w *world) activate() error {
	o := book.Order{ID: "activation", PosID: "4", Kind: "command",
		Params: json.RawMessage(`{"name":"activate","args":{"terminal_id":"10240007","serial":"SN-1","code":"12345678"}}`)}
	if _, err := w.tell(book.Command{Do: "begin", Orders: []book.Order{o}, Patience: starting}); err != nil {
		return err
	}
	if err := w.read(); err != nil {
		return err
	}
	if e := w.ledger.orders["activation"]; e == nil || e.told == nil || e.told.Outcome.String() != "approved" {
		return errors.New("the terminal was not activated; see " + w.dir)
	}
	return nil
}

// tell gives the till a command, and waits for its answer, or its death.
func (w *world) tell(c book.Command) (a book.Answer, err error) {
	if err := w.till.tell(c); err != nil {
		return a, err
	}
	return a, within(c.Patience+starting, func() error { return w.till.line(&a) })
}

// within gives up what takes too long. What it was goes on.
func within(d time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(d):
		return fmt.Errorf("no answer within %s", d)
	}
}

// read takes what the till has written since.
func (w *world) read() error {
	lines, next, err := book.Read(w.bookPath(), w.bookRead)
	w.bookRead = next
	for _, l := range lines {
		w.ledger.take(l)
	}
	return err
}

// note adds to the world's story.
func (w *world) note(what string, data any) {
	raw, err := json.Marshal(map[string]any{"time": time.Now(), "cycle": w.cycles, what: data})
	if err == nil {
		_, _ = w.story.Write(append(raw, '\n'))
	}
}

// host and module are the processes of the installation now.
func (w *world) named(name string) (list []found) {
	for _, p := range running(w.home) {
		if p.name == name {
			list = append(list, p)
		}
	}
	return list
}

// end ends every process of the world, and removes it unless there is something to look at.
func (w *world) end(keep bool) error {
	w.till.end()
	for _, p := range running(w.home) {
		slay(w.home, p)
	}
	w.bank.end()
	if w.wire != nil {
		w.wire.proxy.Stop()
	}
	for _, f := range []*os.File{w.log, w.story} {
		if f != nil {
			_ = f.Close()
		}
	}
	if w.place.Data != "" {
		_ = os.RemoveAll(filepath.Dir(w.place.Address()))
	}
	if keep || w.broken {
		return nil
	}
	return os.RemoveAll(w.dir)
}

// wrong notes a violation, once it is known where to look.
func (w *world) wrong(p plan, what string) {
	w.broken = true
	w.note("violation", what)
	w.tally.violation(violation{What: what, Cycle: w.cycles, Recipe: p.Recipe, Folder: w.dir})
}

// awaits waits for a state that nothing tells of.
func awaits(ctx context.Context, d time.Duration, state func() bool) bool {
	deadline := time.Now().Add(d)
	for !state() {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}
