// Command till is a cashier program of the torturer: it does what it is told, keeps a book of it, and after its own death goes on where the
// book ends.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/internal/proof/torture/book"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run obeys until its standard input ends: then the torturer is gone.
func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: till HOME BOOK")
	}
	t, err := open(os.Args[1], os.Args[2])
	if err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var c book.Command
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			return err
		}
		raw, err := json.Marshal(t.obey(c))
		if err != nil {
			return err
		}
		fmt.Printf("%s\n", raw)
	}
	return in.Err()
}

// till is the program, with a session for each of its tills.
type till struct {
	place place.Place
	file  *os.File

	mu       sync.Mutex
	sessions map[string]*client.Session
	orders   map[string]*entry
	list     []*entry // in the order of the book
}

// open reads what a former life wrote.
func open(home, path string) (*till, error) {
	p, err := place.Find(home)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if err := book.Mend(f); err != nil {
		return nil, err
	}
	t := &till{place: p, file: f, sessions: map[string]*client.Session{}, orders: map[string]*entry{}}
	lines, _, err := book.Read(path, 0)
	for _, l := range lines {
		t.remember(l)
	}
	return t, err
}

// write adds to the book. A book that cannot be written is no till.
func (t *till) write(l book.Line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := book.Write(t.file, l); err != nil {
		fmt.Fprintln(os.Stderr, "the book cannot be written:", err)
		os.Exit(1)
	}
	t.remember(l)
}

// remember takes a line into account. t.mu is held, or nobody else is there yet.
func (t *till) remember(l book.Line) {
	if l.Order != nil && t.orders[l.Order.ID] == nil {
		e := &entry{t: t, order: *l.Order}
		t.orders[l.Order.ID] = e
		t.list = append(t.list, e)
	}
	e := t.orders[l.ID]
	if e == nil {
		return
	}
	if l.Told != nil {
		e.told = l.Told
	}
	if l.Acked != "" {
		e.acked = true
	}
	e.done = e.done || l.Done || l.Refused != ""
}

// obey carries out a command.
func (t *till) obey(c book.Command) (a book.Answer) {
	a.Do = c.Do
	ctx, cancel := context.WithTimeout(context.Background(), c.Patience)
	defer cancel()
	switch c.Do {
	case "begin":
		t.together(t.enter(c.Orders), func(e *entry) { e.begin(ctx) })
	case "settle":
		t.together(t.open(), func(e *entry) { e.settle(ctx) })
		a.Left = t.left(ctx)
	case "stop":
		if err := t.stop(ctx); err != nil {
			a.Error = err.Error()
		}
	}
	return a
}

// enter writes down what is meant to be done, before any of it is.
func (t *till) enter(orders []book.Order) (list []*entry) {
	for _, o := range orders {
		t.write(book.Line{ID: o.ID, Order: &o})
		t.mu.Lock()
		list = append(list, t.orders[o.ID])
		t.mu.Unlock()
	}
	return list
}

// open are the orders that are not done.
func (t *till) open() (list []*entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.list {
		if !e.done {
			list = append(list, e)
		}
	}
	return list
}

// together does the orders of different tills at once, those of one till in turn.
func (t *till) together(list []*entry, do func(*entry)) {
	byTill := map[string][]*entry{}
	for _, e := range list {
		byTill[e.order.PosID] = append(byTill[e.order.PosID], e)
	}
	var wg sync.WaitGroup
	for _, turn := range byTill {
		wg.Go(func() {
			for _, e := range turn {
				do(e)
			}
		})
	}
	wg.Wait()
}

// left says what is not settled: orders, and what the host lists as running, unknown or being given back.
func (t *till) left(ctx context.Context) (left []string) {
	for {
		left = nil
		for _, e := range t.open() {
			left = append(left, e.order.ID+": "+e.why())
		}
		pos := "4"
		s, err := t.session(ctx, pos)
		if err != nil {
			return append(left, "the host: "+err.Error())
		}
		list, err := s.Pending(ctx, true)
		if err != nil {
			left = append(left, "what is pending: "+err.Error())
		}
		for _, op := range list {
			if op.Pending == "running" || op.Pending == "unknown" || op.Pending == "reversing" {
				left = append(left, fmt.Sprintf("%s: pending, %s", op.Ref, op.Pending))
			}
		}
		if len(left) == 0 || ctx.Err() != nil {
			return left
		}
		select {
		case <-ctx.Done():
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// confirms are the flags of a till that confirms its payments itself; the other one leaves it to the host.
const confirms = 4

// session is that of a till. It lasts as long as the program.
func (t *till) session(ctx context.Context, pos string) (*client.Session, error) {
	t.mu.Lock()
	s := t.sessions[pos]
	t.mu.Unlock()
	if s != nil {
		return s, nil
	}
	o := client.Options{Place: t.place, PosID: pos, Program: "till", Language: "en", StartHost: true, Flags: confirms}
	if pos == "5" {
		o.Flags = 0
	}
	s, err := client.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if other := t.sessions[pos]; other != nil {
		s.Close()
		return other, nil
	}
	t.sessions[pos] = s
	return s, nil
}

// stop ends the host in good order, and lets go of it.
func (t *till) stop(ctx context.Context) error {
	s, err := t.session(ctx, "4")
	if err != nil {
		return err
	}
	_, err = s.Stop(ctx, true, 5*time.Second)
	t.mu.Lock()
	defer t.mu.Unlock()
	for pos, s := range t.sessions {
		s.Close()
		delete(t.sessions, pos)
	}
	return err
}
