//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/payrack/payrack/host/index"
	"github.com/payrack/payrack/internal/proof/torture/book"
	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// audit ends the installation in good order, and holds journal, index, ledger and the tills' book against the rules.
func (w *world) audit() error {
	if !awaits(context.Background(), leaving, w.asksNoMore) {
		w.wrong(plan{Recipe: "stop"}, "what a person settled is still being asked about, though the provider answers")
	}
	a, err := w.tell(book.Command{Do: "stop", Patience: leaving})
	if err != nil {
		return err
	}
	if a.Error != "" {
		w.wrong(plan{Recipe: "stop"}, "the host does not stop: "+a.Error)
	}
	if !awaits(context.Background(), leaving, func() bool { return len(running(w.home)) == 0 }) {
		w.wrong(plan{Recipe: "stop"}, fmt.Sprintf("left running: %v", running(w.home)))
	}
	for _, left := range []string{w.place.HostFile(), w.place.Address()} {
		if _, err := os.Stat(left); err == nil {
			w.wrong(plan{Recipe: "stop"}, "left behind: "+left)
		}
	}
	books, err := w.books()
	if err != nil {
		return err
	}
	found := audit.Check(books)
	for _, v := range found {
		w.wrong(plan{Recipe: "audit"}, v.String())
	}
	w.tally.audited(len(books.Operations))
	return nil
}

// asksNoMore says whether the inquiry about everything that a person settled has ended: a till need not wait for it, the books must.
func (w *world) asksNoMore() bool {
	ctx, cancel := context.WithTimeout(context.Background(), starting)
	defer cancel()
	j, err := journal.Look(ctx, w.journal())
	if err != nil {
		return false
	}
	defer j.Close()
	rows, err := j.Find(ctx, journal.Query{OpenOnly: true})
	if err != nil {
		return false
	}
	for _, r := range rows {
		var st engine.State
		if json.Unmarshal(r.State, &st) != nil || st.Resolved != nil && st.Phase != engine.Settled || r.Reversal == pay.ReversalUnderWay {
			return false
		}
	}
	return true
}

// journal is the file of the module's journal.
func (w *world) journal() string { return filepath.Join(w.place.ModuleData(programModule), "sendy.db") }

// books are everything that is known of the world.
func (w *world) books() (b audit.Books, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), starting)
	defer cancel()
	b.Provider, b.Indexed, b.Quiet = true, true, true
	if b.Operations, err = w.journaled(ctx); err != nil {
		return b, err
	}
	if b.Index, err = w.indexed(ctx); err != nil {
		return b, err
	}
	view, err := w.control.Ledger(ctx, "")
	if err != nil {
		return b, err
	}
	for _, e := range view.Entries {
		b.Movements = append(b.Movements, audit.Movement{Key: e.Key, Of: e.Of, Kind: string(e.Kind), Amount: pay.Amount(e.Amount), Currency: pay.Currency(e.Currency),
			System: e.System, Transaction: e.Transaction, Time: e.Time})
	}
	for _, h := range w.ledger.told {
		op := h.line.Told
		if op.Running {
			continue
		}
		b.Told = append(b.Told, audit.Told{Till: h.pos, Ref: op.Ref, Outcome: op.Outcome, OtherTender: op.OtherTender, Amount: op.ApprovedAmount,
			Reversal: op.Reversal, ResolvedBy: op.ResolvedBy, Time: h.line.Time})
	}
	return b, nil
}

// journaled is what the module's journal says.
func (w *world) journaled(ctx context.Context) (list []audit.Operation, err error) {
	j, err := journal.Open(ctx, w.journal(), journal.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	rows, err := j.Find(ctx, journal.Query{})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		var st engine.State
		if err := json.Unmarshal(r.State, &st); err != nil {
			return nil, err
		}
		op := audit.Operation{Module: programModule, Ref: r.Ref, Original: r.OriginalRef, Key: r.Key.String(), Kind: r.Kind, PosID: r.PosID, Document: r.Document,
			Amount: r.Amount, Approved: r.ApprovedAmount, Currency: r.Currency, Number: r.Number, ProviderNumber: r.ProviderNumber, Shift: r.Shift,
			BookedShift: r.BookedShift, System: r.System, Outcome: r.Outcome, Final: r.Final, Told: r.Told, Charged: r.Charged, Ack: r.Ack, Reversal: r.Reversal,
			Abandoned: st.Abandoned, ResolvedBy: r.ResolvedBy, Begun: r.Begun, Settled: r.Settled}
		events, _, err := j.Story(ctx, r.Ref)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			op.Events = append(op.Events, audit.Event{Number: e.Number, Name: e.Name, Time: e.Time})
		}
		list = append(list, op)
	}
	return list, nil
}

// indexed is what the host's index says.
func (w *world) indexed(ctx context.Context) (list []audit.Indexed, err error) {
	x, err := index.Open(ctx, w.place.Index())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	entries, err := x.Since(ctx, "", time.Time{}, 1<<30)
	for _, e := range entries {
		list = append(list, audit.Indexed{Ref: e.Ref, Module: e.Module, Known: e.Known, Outcome: e.State.Outcome()})
	}
	return list, err
}
