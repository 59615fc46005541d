package main

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/payrack/payrack/host/index"
	"github.com/payrack/payrack/host/place"
	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/audit/books"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// shelf is what of an installation's books could be read.
type shelf struct {
	books      audit.Books
	read       []readBook
	unchecked  []string
	unreadable []checkedFinding
	asked      time.Time // when the provider's books were read
}

func (s *shelf) note(book string, count int) { s.read = append(s.read, readBook{book, count}) }
func (s *shelf) missing(what string)         { s.unchecked = append(s.unchecked, what) }
func (s *shelf) broken(f ...checkedFinding)  { s.unreadable = append(s.unreadable, f...) }
func (s *shelf) provided(m []audit.Movement) { s.books.Movements, s.books.Provider = m, true }
func (s *shelf) window(from, to time.Time)   { s.books.From, s.books.To = from, to }

// ledgerWait is how long a sandbox may take to give its ledger.
const ledgerWait = 30 * time.Second

// readBooks reads everything there is, in an order in which what is written meanwhile cannot look like a contradiction: first what
// follows from the journals, then the journals.
func (a *app) readBooks(ctx context.Context, o bookFlags) (*shelf, error) {
	p, err := a.place()
	if err != nil {
		return nil, err
	}
	if !p.Installed() {
		return nil, text.Refuse(pay.ErrConfig, "host.no_installation", map[string]any{"Folder": p.Home}, nil)
	}
	modules, err := a.checkedModules(p, o)
	if err != nil {
		return nil, err
	}
	since, err := a.moment("--quiet-since", o.quiet, false)
	if err != nil {
		return nil, err
	}
	s := &shelf{asked: a.Now()}
	if err := a.readProvider(ctx, s, o, modules); err != nil {
		return nil, err
	}
	for _, file := range o.tills {
		if err := a.readTill(s, file); err != nil {
			return nil, err
		}
	}
	if len(o.tills) == 0 {
		s.missing(a.say("cli.audit.unchecked.till"))
	}
	before, err := a.readIndex(ctx, p)
	if err != nil {
		s.broken(a.unreadableBook(a.say("cli.audit.book.index"), err))
	}
	for _, id := range modules {
		a.readJournal(ctx, s, p, id)
	}
	if err == nil {
		a.keepIndex(ctx, s, p, before, modules)
	}
	quietBefore(&s.books, since)
	if since.IsZero() {
		s.missing(a.say("cli.audit.unchecked.quiet"))
	}
	a.narrow(s)
	return s, ctx.Err()
}

// checkedModules are the modules whose journals are read. The provider's books belong to one of them.
func (a *app) checkedModules(p place.Place, o bookFlags) ([]string, error) {
	ids, err := p.Modules()
	if err != nil {
		return nil, &pay.Error{Code: pay.ErrConfig, Cause: err}
	}
	entries, err := os.ReadDir(filepath.Join(p.Data, "modules"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &pay.Error{Code: pay.ErrConfig, Cause: err}
	}
	for _, e := range entries { // a module that was taken away leaves its journal
		if _, err := os.Stat(journalOf(p, e.Name())); err == nil && !slices.Contains(ids, e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	slices.Sort(ids)
	if o.module != "" {
		if !slices.Contains(ids, o.module) {
			return nil, &pay.Error{Code: pay.ErrNoModule, Text: a.say("cli.module.unknown", "Module", shorten(o.module))}
		}
		return []string{o.module}, nil
	}
	if len(ids) > 1 && (o.ledger != "" || o.registry != "") {
		return nil, a.usageErrorf("cli.audit.usage.module", "Modules", strings.Join(ids, ", "))
	}
	return ids, nil
}

func journalOf(p place.Place, id string) string { return filepath.Join(p.ModuleData(id), id+".db") }

func (a *app) readProvider(ctx context.Context, s *shelf, o bookFlags, modules []string) error {
	switch {
	case o.ledger != "":
		list, err := a.ledger(ctx, o.ledger)
		if err != nil {
			return err
		}
		s.provided(list)
		s.note(a.say("cli.audit.book.ledger", "File", o.ledger), len(list))
	case o.registry != "":
		return a.readRegistry(s, o)
	default:
		for _, id := range modules {
			s.missing(a.say("cli.audit.unchecked.provider", "Module", id))
		}
	}
	return nil
}

// ledger reads a sandbox's ledger from a file, or from its control interface.
func (a *app) ledger(ctx context.Context, from string) (list []audit.Movement, err error) {
	if strings.HasPrefix(from, "http://") || strings.HasPrefix(from, "https://") {
		ctx, cancel := context.WithTimeout(ctx, ledgerWait)
		defer cancel()
		if list, err = books.LedgerAt(ctx, http.DefaultClient, from); err != nil {
			return nil, &pay.Error{Code: pay.ErrOffline, Text: a.say("cli.audit.ledger_silent", "Error", err.Error()), Cause: err}
		}
		return list, nil
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, a.usageErrorf("cli.usage.unreadable", "File", from, "Error", err.Error())
	}
	defer f.Close()
	if list, err = books.Ledger(f); err != nil {
		return nil, a.usageErrorf("cli.usage.unreadable", "File", from, "Error", err.Error())
	}
	return list, nil
}

func (a *app) readRegistry(s *shelf, o bookFlags) error {
	columns, err := books.ParseColumns(o.columns)
	if err != nil {
		return a.usageErrorf("cli.audit.usage.columns", "Columns", shorten(o.columns))
	}
	f, err := os.Open(o.registry)
	if err != nil {
		return a.usageErrorf("cli.usage.unreadable", "File", o.registry, "Error", err.Error())
	}
	defer f.Close()
	table, err := books.Registry(f, columns, time.Local)
	if err != nil {
		return a.usageErrorf("cli.audit.usage.registry", "File", o.registry)
	}
	from, err := a.moment("--from", o.from, false)
	if err != nil {
		return err
	}
	to, err := a.moment("--to", o.to, true)
	if err != nil {
		return err
	}
	if from.IsZero() {
		from = table.From
	}
	if to.IsZero() {
		to = table.To
	}
	s.provided(table.Movements)
	s.window(from, to)
	book := a.say("cli.audit.book.registry", "File", o.registry)
	s.note(book, len(table.Movements))
	if !from.IsZero() || !to.IsZero() {
		s.missing(a.say("cli.audit.unchecked.period", "From", moment(from), "To", moment(to)))
	}
	if table.Tail > 0 {
		s.missing(a.say("cli.audit.unchecked.tail", "Count", table.Tail))
	}
	for _, problem := range table.Problems {
		s.broken(a.unreadable(book, problem))
	}
	return nil
}

func (a *app) readTill(s *shelf, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return a.usageErrorf("cli.usage.unreadable", "File", file, "Error", err.Error())
	}
	defer f.Close()
	told, problems, err := books.Till(f)
	if err != nil {
		return a.usageErrorf("cli.usage.unreadable", "File", file, "Error", err.Error())
	}
	book := a.say("cli.audit.book.till", "File", file)
	s.note(book, len(told))
	for i := range told {
		if told[i].Till == "" {
			told[i].Till = filepath.Base(file)
		}
	}
	s.books.Told = append(s.books.Told, told...)
	for _, problem := range problems {
		s.broken(a.unreadable(book, problem))
	}
	return nil
}

func (a *app) readJournal(ctx context.Context, s *shelf, p place.Place, id string) {
	book := a.say("cli.audit.book.journal", "Module", id)
	list, problems, err := books.Journal(ctx, journalOf(p, id), id)
	switch {
	case pay.CodeOf(err) == pay.ErrNotFound:
		s.missing(a.say("cli.audit.unchecked.journal", "Module", id))
		return
	case err != nil:
		f := a.unreadableBook(book, err)
		f.Module = id
		s.broken(f)
		return
	}
	s.books.Operations = append(s.books.Operations, list...)
	s.note(book, len(list))
	for _, problem := range problems {
		f := a.unreadable(book, problem)
		f.Module = id
		s.broken(f)
	}
}

func (a *app) readIndex(ctx context.Context, p place.Place) ([]index.Entry, error) {
	list, err := index.Look(ctx, p.Index())
	if pay.CodeOf(err) == pay.ErrNotFound {
		return nil, nil
	}
	return list, err
}

// keepIndex takes what the index said before the journals were read, and the refs that came meanwhile.
func (a *app) keepIndex(ctx context.Context, s *shelf, p place.Place, before []index.Entry, modules []string) {
	after, err := a.readIndex(ctx, p)
	if err != nil {
		s.broken(a.unreadableBook(a.say("cli.audit.book.index"), err))
		return
	}
	if len(before)+len(after) == 0 {
		s.missing(a.say("cli.audit.unchecked.index"))
		return
	}
	known := map[pay.Ref]bool{}
	for i, e := range slices.Concat(before, after) {
		if known[e.Ref] || !slices.Contains(modules, e.Module) {
			continue
		}
		known[e.Ref] = true
		x := audit.Indexed{Ref: e.Ref, Module: e.Module}
		if i < len(before) {
			x.Known, x.Outcome = e.Known, e.State.Outcome()
		}
		s.books.Index = append(s.books.Index, x)
	}
	s.books.Indexed = true
	s.note(a.say("cli.audit.book.index"), len(s.books.Index))
}

// narrow leaves to the provider's books what was over when they were read.
func (a *app) narrow(s *shelf) {
	if !s.books.Provider || s.books.To.Before(s.asked) && !s.books.To.IsZero() {
		return
	}
	since := 0
	for _, op := range s.books.Operations {
		if n := len(op.Events); !op.Begun.Before(s.asked) || n > 0 && !op.Events[n-1].Time.Before(s.asked) {
			since++
		}
	}
	if since > 0 {
		s.books.To = s.asked
		s.missing(a.say("cli.audit.unchecked.meanwhile", "Count", since))
	}
}
