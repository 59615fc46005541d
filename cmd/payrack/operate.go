package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// order is an operation that a command asks for.
type order struct {
	module string
	kind   pay.Kind
	amount pay.Amount
	ref    string // empty: made here for what moves money, by the host for the rest
	params map[string]any
	dialog dialog
	hold   bool // leave an approved operation unconfirmed

	interrupted bool // a person asked for a cancel while it went on: what was approved all the same is his to confirm
}

// dialog says who answers prompts.
type dialog struct {
	noPrompts, fromStdin bool
}

func (a *app) dialogFlags(cmd *cobra.Command, d *dialog) {
	cmd.Flags().BoolVar(&d.noPrompts, "no-prompts", false, a.say("cli.flag.no-prompts"))
	cmd.Flags().BoolVar(&d.fromStdin, "answers-from-stdin", false, a.say("cli.flag.answers-from-stdin"))
}

// silent says whether nobody will answer prompts: then the host is told before money can move.
func (a *app) silent(d dialog) bool {
	return d.noPrompts || (!a.keys.terminal() && !d.fromStdin)
}

// operate carries an order out: the ref is told first, then the operation is begun and followed to its outcome.
func (a *app) operate(ctx context.Context, s *client.Session, o *order) (pay.Operation, error) {
	ref, err := a.refOf(*o)
	if err != nil {
		return pay.Operation{}, err
	}
	params, err := json.Marshal(o.params)
	if err != nil {
		return pay.Operation{}, fmt.Errorf("write the parameters: %w", err)
	}
	if len(o.params) == 0 {
		params = []byte("{}")
	}
	f := a.newFollowing(s, ref)
	defer func() { f.end(); o.interrupted = f.asks > 0 }()
	op, existed, err := f.begin(ctx, client.Order{
		Module: o.module, Kind: o.kind, Amount: o.amount, Ref: ref, Params: string(params), NoPrompts: a.silent(o.dialog),
	})
	if err != nil {
		if exitOf(err) == exitUnknown && ref != "" {
			fmt.Fprintln(a.Stderr, a.say("cli.goes_on", "Ref", ref))
		}
		return op, err
	}
	if existed {
		fmt.Fprintln(a.Stderr, a.say("cli.existed", "Ref", op.Ref))
	}
	if !op.Running && (op.Outcome.Final() || existed) {
		return op, nil
	}
	f.ref, f.prompts, f.pays = op.Ref, !a.silent(o.dialog), o.kind.Payment()
	return f.follow(ctx, false)
}

// refOf is the ref that the order names, or a new one, which stands on standard error before anything is begun.
func (a *app) refOf(o order) (pay.Ref, error) {
	if o.ref != "" {
		ref, err := pay.ParseRef(o.ref)
		if err != nil {
			return "", a.usageErrorf("cli.usage.ref", "Ref", shorten(o.ref))
		}
		return ref, nil
	}
	if !o.kind.Money() {
		return "", nil
	}
	var salt [3]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", fmt.Errorf("make a ref: %w", err)
	}
	ref := pay.Ref("cli-" + a.Now().Format("20060102-150405") + "-" + hex.EncodeToString(salt[:]))
	if _, err := fmt.Fprintln(a.Stderr, a.say("cli.ref_made", "Ref", ref)); err != nil {
		return "", fmt.Errorf("tell the ref: %w", err)
	}
	return ref, nil
}

// conclude prints what became of an order, tells the host that it was read, and gives the exit code. With hold an approved payment stays
// unconfirmed, and it is said how to end that.
func (a *app) conclude(ctx context.Context, s *client.Session, op pay.Operation, hold bool, human func()) error {
	held := hold && op.Outcome == pay.Approved && op.CanConfirm
	if human == nil {
		human = func() {
			shown := op
			if op.Outcome.Final() && !held {
				shown.Pending = "" // it has just been read
			}
			a.showOperation(shown)
		}
	}
	if err := a.result(op, human); err != nil {
		return err
	}
	if held && !op.Running {
		a.sayHeld(op)
	}
	if !op.Running && op.Outcome.Final() && !held {
		ack := pay.AckSeen
		if op.Outcome == pay.Approved && op.CanConfirm {
			ack = pay.AckConfirm
		}
		if _, err := s.Acknowledge(ctx, op.Ref, ack, ""); err != nil && !errors.Is(err, &pay.Error{Code: pay.ErrState}) {
			fmt.Fprintln(a.Stderr, a.say("cli.not_acknowledged", "Ref", op.Ref, "Error", a.describe(err).Text))
		}
	}
	if exitOfOperation(op) == exitUnknown {
		fmt.Fprintln(a.Stderr, a.say("cli.goes_on", "Ref", op.Ref))
	}
	return ended(op)
}

// sayHeld tells that a payment waits for its receipt, and what ends that.
func (a *app) sayHeld(op pay.Operation) {
	fmt.Fprintln(a.Stderr, a.say("cli.held", "Confirm", a.commandOn("confirm", op), "Reverse", a.commandOn("reverse", op)))
}

// commandOn is a command about an operation, in the name of its till.
func (a *app) commandOn(name string, op pay.Operation) string {
	line := "payrack " + name + " " + string(op.Ref)
	if op.PosID != "" && op.PosID != defaultPos {
		line += " --pos " + clean(op.PosID)
	}
	return line
}

// noteRead tells the host that this till has read the outcome that was just printed. Another till's outcome stays that till's to read, and
// a payment stays to be confirmed.
func (a *app) noteRead(ctx context.Context, s *client.Session, op pay.Operation) {
	if op.PosID != a.pos() || op.Pending != "unread" || op.Running || !op.Outcome.Final() || op.Outcome == pay.Approved && op.CanConfirm {
		return
	}
	if _, err := s.Acknowledge(ctx, op.Ref, pay.AckSeen, ""); err != nil && !errors.Is(err, &pay.Error{Code: pay.ErrState}) {
		fmt.Fprintln(a.Stderr, a.say("cli.not_acknowledged", "Ref", op.Ref, "Error", a.describe(err).Text))
	}
}

// ended is the error by which an operation's outcome becomes the exit code.
func ended(op pay.Operation) error {
	if code := exitOfOperation(op); code != exitDone {
		return finished{code}
	}
	return nil
}
