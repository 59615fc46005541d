//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/internal/proof/torture/book"
	"github.com/payrack/payrack/sdk/pay"
)

// patience is how long the tills wait for their customers in a cycle, before all is made well again and they go on.
const patience = 2500 * time.Millisecond

// live goes through cycles until the world is old, broken, or it is time to end; then its books are audited.
func (w *world) live(ctx context.Context, f flags, n, life int) error {
	for w.cycles < longest && ctx.Err() == nil && !w.broken && w.tally.next() {
		at := life*longest + w.cycles
		c := &chance{Rand: rand.New(rand.NewPCG(f.seed, uint64(n)<<40|uint64(at)+1)), world: fmt.Sprintf("w%d.%d", n, life), cycle: w.cycles, paid: w.ledger.paid()}
		var b *boundary
		switch {
		case w.shipped != "":
		case f.only != "":
			b = find(boundaries(), f.only)
		case at%3 != 2:
			b = w.tally.turn()
		}
		p := c.draw(b)
		if w.shipped != "" {
			p = c.inShop()
		}
		if err := w.cycle(ctx, p, b); err != nil {
			if ctx.Err() != nil {
				break
			}
			return err
		}
		w.cycles++
		w.tally.cycle()
	}
	if w.broken {
		return nil
	}
	return w.audit()
}

func find(points []boundary, name string) *boundary {
	for i, b := range points {
		if b.name == name || b.String() == name {
			return &points[i]
		}
	}
	return nil
}

// cycle lets something happen and something die, makes all well again, and holds the books against each other.
func (w *world) cycle(ctx context.Context, p plan, at *boundary) error {
	w.note("plan", p)
	began := time.Now()
	if err := w.arm(p); err != nil {
		return err
	}
	if err := w.happen(ctx, p); err != nil {
		return err
	}
	happened := time.Since(began)
	if err := w.mend(p); err != nil {
		return err
	}
	if err := w.goOn(ctx, p, at); err != nil {
		return err
	}
	settled := time.Since(began)
	err := w.compare(p)
	w.note("took", []string{happened.String(), settled.String(), time.Since(began).String()})
	return err
}

// arm prepares what is to go wrong.
func (w *world) arm(p plan) error {
	if err := w.strikes.SetClock(p.Clock); err != nil {
		return err
	}
	if p.Clock != 0 {
		w.tally.fault("clock set")
	}
	ctx, cancel := context.WithTimeout(context.Background(), starting)
	defer cancel()
	for _, f := range p.Faults {
		if _, err := w.control.Arm(ctx, f); err != nil {
			return err
		}
		w.tally.fault(string(f.Kind))
	}
	if p.Victim != "" {
		return w.strikes.Give(p.Victim, p.Strike)
	}
	return nil
}

// happen has the tills begin, the customer act, and whatever is planned go wrong meanwhile.
func (w *world) happen(ctx context.Context, p plan) error {
	ctx, cancel := context.WithTimeout(ctx, patience+time.Second)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { w.customers(ctx, p, p.Customer) })
	wg.Go(func() { w.sicken(ctx, p) })
	for _, k := range p.Kills {
		wg.Go(func() {
			pause(ctx, k.After) // tills that are done before it lose their processes while idle
			w.kill(w.spare(k.Who))
		})
	}
	if p.Heal > 0 {
		wg.Go(func() {
			if pause(ctx, p.Heal) {
				_ = w.disarm() // a sandbox that is dead forgets its faults
			}
		})
	}
	_, err := w.tell(book.Command{Do: "begin", Orders: p.Orders, Patience: patience})
	if err != nil && w.till.alive() && !gone(w.till) {
		return fmt.Errorf("the till does not answer: %w", err)
	}
	return nil
}

// gone says whether a child that said nothing any more is about to be known as dead.
func gone(c *child) bool {
	select {
	case <-c.done:
		return true
	case <-time.After(2 * time.Second):
		return false
	}
}

// pause waits, and says whether ctx has not ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// sicken begins what is wrong with the wire.
func (w *world) sicken(ctx context.Context, p plan) {
	if p.Toxic == nil || !pause(ctx, p.Sicken) {
		return
	}
	if err := w.wire.sicken(*p.Toxic); err != nil {
		w.note("the wire", err.Error())
		return
	}
	w.tally.fault("wire: " + p.Toxic.String())
}

// kill ends processes, as closely together as can be.
func (w *world) kill(who []string) {
	for _, name := range who {
		switch name {
		case "till":
			if w.till.kill() {
				w.tally.kill("till", w.how())
			}
		case "sandbox":
			if w.bank.kill() {
				w.tally.kill("sandbox", w.how())
			}
		case "host", "module":
			program := programHost
			if name == "module" {
				program = programModule
			}
			for _, p := range w.named(program) {
				if slay(w.home, p) {
					w.tally.kill(name, w.how())
				}
			}
		}
	}
	w.note("killed", who)
}

// how words a kill at a random moment.
func (w *world) how() string {
	if w.shipped != "" {
		return "as shipped"
	}
	return "random"
}

// spare adds the host to those who die where its module has died so often that the host would leave it alone.
func (w *world) spare(who []string) []string {
	switch {
	case w.shipped == "":
	case slices.Contains(who, "host"):
		w.deaths = 0
	case slices.Contains(who, "module"):
		if w.deaths++; w.deaths >= 3 {
			w.deaths = 0
			return append([]string{"host"}, who...)
		}
	}
	return who
}

// disarm ends what the provider does wrong.
func (w *world) disarm() error {
	ctx, cancel := context.WithTimeout(context.Background(), starting)
	defer cancel()
	return w.control.Disarm(ctx, "")
}

// mend starts what is dead, but for what a till and a host start themselves, and ends all faults.
func (w *world) mend(p plan) error {
	if !w.bank.alive() {
		if err := w.startBank(); err != nil {
			return err
		}
	}
	if p.Toxic != nil {
		if err := w.wire.heal(); err != nil {
			return err
		}
	}
	if err := w.disarm(); err != nil {
		return err
	}
	time.Sleep(p.Linger)
	if !w.till.alive() {
		return w.startTill()
	}
	return nil
}

// goOn has the tills go on until nothing is open. An order to strike stays in force, for what is done at a restart.
func (w *world) goOn(ctx context.Context, p plan, at *boundary) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { w.customers(ctx, p, customer{Does: "decline", After: 300 * time.Millisecond}) })
	bound := settling
	if w.shipped != "" {
		bound = patient
	}
	a, err := w.tell(book.Command{Do: "settle", Patience: bound})
	if err != nil {
		return fmt.Errorf("the till does not answer: %w", err)
	}
	if len(a.Left) > 0 || a.Error != "" {
		w.wrong(p, "not settled: "+strings.Join(append(a.Left, a.Error), "; "))
	}
	if p.Victim == "" {
		return nil
	}
	struck, err := w.strikes.Take(p.Victim)
	if struck && at != nil {
		w.note("struck", at.String())
		if p.Strike.Full > 0 {
			w.tally.fault("disk full")
		} else {
			w.tally.struck(*at)
		}
	}
	return err
}

// customers act on what is shown to them, or was scanned from them, each thing once.
func (w *world) customers(ctx context.Context, p plan, c customer) {
	if c.Does == "" || c.Does == "nothing" {
		return
	}
	if !pause(ctx, c.After) {
		return
	}
	var scanned []string
	for _, o := range p.Orders {
		if code := codeOf(o); strings.HasSuffix(code, "11") {
			scanned = append(scanned, code)
		}
	}
	at := w.bookRead
	done := map[string]bool{}
	for ctx.Err() == nil {
		lines, next, err := book.Read(w.bookPath(), at)
		if err != nil {
			return
		}
		at = next
		for _, l := range lines {
			if l.Shown != "" {
				scanned = append(scanned, l.Shown)
			}
		}
		for _, id := range scanned {
			if !done[id] {
				done[id] = w.act(ctx, c.Does, id)
			}
		}
		if !pause(ctx, 25*time.Millisecond) {
			return
		}
	}
}

// act says whether the customer has nothing more to do with a bill.
func (w *world) act(ctx context.Context, does, id string) bool {
	var err error
	if does == "pay" {
		_, err = w.control.Pay(ctx, id)
	} else {
		_, err = w.control.Decline(ctx, id)
	}
	return err == nil || over(err)
}

// payment is one that the tills were told to be approved.
type payment struct {
	ref    pay.Ref
	pos    string
	amount pay.Amount
}
