package payout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/slip"
	"github.com/payrack/payrack/sdk/statement"
)

// PromptStatement is the id of the question whether the statement was printed and signed.
const PromptStatement = "statement"

// SignTime is how long a client may take to read and sign.
const SignTime = 10 * time.Minute

// Page is what a module adds to a statement: what only it knows.
type Page struct {
	Card    string // masked
	Gateway string // the bank that pays
	Fee     pay.Amount
	Test    bool
}

// AskStatement makes the statement of a payout in a file of its own, and the question that has the till print it: "1" goes on, "0" ends the
// operation. hash names the page for the journal. The file is there until Forget, a quarter of an hour, or the module's next start.
func (d *Desk) AskStatement(op provider.Operation, page Page) (prompt *provider.Prompt, hash string, err error) {
	r, err := ReadRequest(op.Params)
	if err != nil {
		return nil, "", err
	}
	printed, err := d.statement(op, r.Client, r, page, 0).Render(d.Templates())
	if err != nil {
		return nil, "", err
	}
	d.tellProblem(printed)
	prompt, err = d.AskPage(op, printed.PDF)
	return prompt, printed.Hash, err
}

// AskPage is AskStatement for a page that the provider made. Nothing of it is journaled.
func (d *Desk) AskPage(op provider.Operation, page []byte) (*provider.Prompt, error) {
	path, err := d.keep(op, page)
	if err != nil {
		return nil, err
	}
	say := func(id string) string { return d.Parts.Words.Say(d.language(op.Language), id, nil) }
	return &provider.Prompt{ID: PromptStatement, Kind: pay.EvPrint, Reason: "statement", File: path, Title: say("payout.statement.title"),
		Text: say("payout.statement.text"), Required: true, Timeout: SignTime}, nil
}

// Reprint is the statement of an operation without the client's documents, which nobody knows any more. Each is counted.
func (d *Desk) Reprint(_ context.Context, op pay.Operation, page Page, language, by string) ([]byte, error) {
	n, err := d.count(op.Ref, by)
	if err != nil {
		return nil, err
	}
	view := provider.Operation{Ref: op.Ref, PosID: op.PosID, Amount: op.Amount, Currency: op.Currency, Number: op.Number, Begun: op.Begun,
		Initiator: op.Operator, Language: language, Params: pay.Params{Document: op.Document}}
	client := statement.Client{Name: "________________________", Passport: "** ** ******"}
	printed, err := d.statement(view, client, Request{Contract: op.Document}, page, n).Render(d.Templates())
	d.tellProblem(printed)
	return printed.PDF, err
}

func (d *Desk) statement(op provider.Operation, client statement.Client, r Request, page Page, reprint int) statement.Statement {
	shop := d.Parts.Shop
	branch := d.Settings.Branch
	if branch == "" {
		branch = strings.Join(shop.Address, ", ")
	}
	at := op.Begun
	if at.IsZero() {
		at = d.Parts.Now()
	}
	language := d.language(op.Language)
	card := Grouped(page.Card)
	if brand := Brand(page.Card); brand != "" {
		card = brand + " " + card
	}
	return statement.Statement{Organisation: shop.Name, INN: shop.INN, Branch: branch, Number: op.Number,
		Support: slip.SupportCode(op.PosID, strings.ToUpper(d.Module), op.Number), Time: at.Local(), Client: client, Contract: r.Contract,
		ContractDate: r.ContractDate, Amount: op.Amount, Fee: page.Fee, Card: card, Gateway: page.Gateway,
		Purpose:  d.Parts.Words.Say(language, "payout.purpose", map[string]any{"Contract": r.Contract}),
		Operator: orBlank(op.Initiator), Test: page.Test, Reprint: reprint, Language: language, Version: d.Version}
}

// orBlank leaves room to write by hand.
func orBlank(s string) string {
	if s == "" {
		return "________________"
	}
	return s
}

func (d *Desk) language(asked string) string {
	if asked == "" {
		return "ru"
	}
	return asked
}

func (d *Desk) tellProblem(p statement.Printed) {
	if p.Problem != nil && d.Parts.Log != nil {
		d.Parts.Log.Warn("the chain's text of the statement cannot be used; the built-in one is", "error", p.Problem)
	}
}

// prints is the folder of what waits to be printed.
func (d *Desk) prints() string { return filepath.Join(d.Parts.Data, "print") }

func (d *Desk) path(op provider.Operation) string {
	return filepath.Join(d.prints(), fmt.Sprintf("statement-%06d-%s.pdf", op.Number, op.Key.String()[:8]))
}

// keep puts a page where the till can print it.
func (d *Desk) keep(op provider.Operation, data []byte) (string, error) {
	if err := os.MkdirAll(d.prints(), 0o700); err != nil {
		return "", fmt.Errorf("keep the statement: %w", err)
	}
	path := d.path(op)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return "", fmt.Errorf("keep the statement: %w", err)
	}
	time.AfterFunc(SignTime+SignTime/2, func() { _ = os.Remove(path) })
	return path, nil
}

// Forget removes the page of an operation: it was printed, or never will be.
func (d *Desk) Forget(op provider.Operation) {
	if err := os.Remove(d.path(op)); err != nil && !errors.Is(err, fs.ErrNotExist) && d.Parts.Log != nil {
		d.Parts.Log.Error("a statement with a client's documents cannot be removed", "ref", op.Ref, "error", err)
	}
}

// Sweep removes the pages that an earlier life left: the till that was to print them has lost the question with it. It is called once, when the
// module's first driver is made.
func (d *Desk) Sweep() {
	if d.Parts.Data == "" {
		return
	}
	left, err := filepath.Glob(filepath.Join(d.prints(), "statement-*.pdf"))
	if err != nil {
		return
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil && d.Parts.Log != nil {
			d.Parts.Log.Error("a statement with a client's documents cannot be removed", "error", err)
		}
	}
}

// reprint is a line of the list of reprints.
type reprint struct {
	Time time.Time `json:"time"`
	Ref  pay.Ref   `json:"ref"`
	N    int       `json:"n"`
	By   string    `json:"by,omitempty"`
}

// count appends a reprint to the list, and gives its number among those of the operation.
func (d *Desk) count(ref pay.Ref, by string) (int, error) {
	path := filepath.Join(d.Parts.Data, "reprints.jsonl")
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("count a reprint: %w", err)
	}
	n := 1
	for line := range strings.Lines(string(data)) {
		var r reprint
		if json.Unmarshal([]byte(line), &r) == nil && r.Ref == ref {
			n = max(n, r.N+1)
		}
	}
	line, err := json.Marshal(reprint{Time: d.Parts.Now(), Ref: ref, N: n, By: by})
	if err != nil {
		return 0, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, fmt.Errorf("count a reprint: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, fmt.Errorf("count a reprint: %w", err)
	}
	return n, nil
}
