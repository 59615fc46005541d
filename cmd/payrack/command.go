package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// commandResult has a module run one of its commands, with the questions that it asks, and gives the result. What did not succeed is shown, and is an
// error.
func (a *app) commandResult(ctx context.Context, s *client.Session, module, name string, args map[string]any, d dialog) (json.RawMessage, error) {
	if err := a.knowsCommand(ctx, s, module, name); err != nil {
		return nil, err
	}
	o := order{module: module, kind: pay.KindCommand, params: map[string]any{"name": name, "args": args}, dialog: d}
	op, err := a.operate(ctx, s, &o)
	if err != nil {
		return nil, err
	}
	if op.Running || op.Outcome != pay.Approved {
		if err := a.result(op, func() { a.showOperation(op) }); err != nil {
			return nil, err
		}
		return nil, ended(op)
	}
	return op.Result, nil
}

// fileTold says where the file is that a command got, or puts it where the user wants it.
func (a *app) fileTold(raw json.RawMessage, out string) error {
	var r struct {
		File  string `json:"file"`
		Bytes int64  `json:"bytes"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("read where the file is: %w", err)
	}
	if out != "" {
		data, err := os.ReadFile(r.File)
		if err != nil {
			return err
		}
		if err := writeBeside(out, data); err != nil {
			return err
		}
		r.File = out
	}
	return a.result(r, func() { fmt.Fprintln(a.Stdout, a.say("cli.written", "File", r.File)) })
}
