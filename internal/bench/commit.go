package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
)

// measureCommit compares one transition in the journal with the same text put behind a file and synced.
func measureCommit(ctx context.Context, in *installation) (Result, error) {
	j, err := journal.Open(ctx, filepath.Join(in.dir, "commit.db"), journal.Options{})
	if err != nil {
		return Result{}, err
	}
	defer j.Close()
	op, _, err := j.Begin(ctx, payment("commit"), journal.Event{Ref: "commit", Name: "begun"})
	if err != nil {
		return Result{}, err
	}
	notes, err := os.OpenFile(filepath.Join(in.dir, "commit.notes"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return Result{}, err
	}
	defer notes.Close()
	change := journal.Change{Operation: op, Event: journal.Event{Ref: op.Ref, Name: "asked", Data: json.RawMessage(`{"what":"replied"}`)}}
	line, err := json.Marshal(change)
	if err != nil {
		return Result{}, err
	}
	line = append(line, '\n')
	s, err := alternate(30, 20, each(func() error {
		_, err := j.Append(ctx, change)
		return err
	}), each(func() error { return appendSynced(notes, line) }))
	return times("journal_commit", "against the same bytes put behind a file and synced", s), err
}

// payment is one that begins, as the shell would journal it.
func payment(ref pay.Ref) journal.Operation {
	begun := time.Now()
	key, _ := pay.NewKey(nil) // the system's randomness does not fail
	state, _ := json.Marshal(engine.New(pay.KindOffline, 100, pay.RUB, begun))
	return journal.Operation{Ref: ref, Key: key, Kind: pay.KindOffline, PosID: "1", Amount: 100, Currency: pay.RUB, System: "sendy",
		Digest: make([]byte, 32), Params: json.RawMessage(`{"params":{},"secret":true}`), Open: true, State: state, Begun: begun}
}
