package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/plugins/sbp/bank"
	"github.com/payrack/payrack/plugins/sbp/nspk"
	"github.com/payrack/payrack/sdk/exchange"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Check refuses what could not be done, from what is known here.
func (d *Driver) Check(op provider.Operation) error {
	if op.Kind.Money() && op.Currency != pay.RUB {
		return d.refuse(op.Language, pay.ErrUnsupported, "sbp.currency", map[string]any{"Currency": string(op.Currency)}, nil)
	}
	switch op.Kind {
	case pay.KindOnline:
		return d.checkPayment(op)
	case pay.KindRefund:
		return d.checkRefund(op)
	case pay.KindVerifyLink:
		return d.checkVerify(op)
	}
	return nil
}

func (d *Driver) checkPayment(op provider.Operation) error {
	choice := d.settings.enabled()
	if len(choice) == 0 {
		return d.refuse(op.Language, pay.ErrConfig, "sbp.bank.none", nil, nil)
	}
	id := op.Params.System
	if id == "" && len(choice) == 1 {
		id = choice[0]
	}
	if id == "" {
		return nil
	}
	if !slices.Contains(choice, id) {
		return d.refuse(op.Language, pay.ErrUnsupported, "sbp.bank.off", map[string]any{"Bank": wire.Clean(d.bankName(op.Language, id), 40)}, nil)
	}
	if e := d.ready(op.Language, d.desks[id]); e != nil {
		return e
	}
	return nil
}

// stateVersion is that of the tickets that the engine keeps.
const stateVersion = 1

// ticket is what the engine kept of an operation.
func ticket(op provider.Operation) (bank.Ticket, error) {
	var t bank.Ticket
	if op.State.Version != stateVersion || json.Unmarshal(op.State.Data, &t) != nil {
		return bank.Ticket{}, errors.New("nothing is kept by which the bank could be asked about the operation")
	}
	return t, nil
}

func keep(t bank.Ticket) (*provider.State, error) {
	data, err := json.Marshal(t)
	return &provider.State{Version: stateVersion, Data: data}, err
}

// desk is the bank at which an operation was begun, whether or not it serves the till still.
func (d *Driver) desk(id string) (*desk, error) {
	k := d.desks[id]
	switch {
	case k == nil:
		return nil, fmt.Errorf("no bank is called %.40q", id)
	case k.client == nil:
		return nil, errors.Join(fmt.Errorf("the settings of %s are not whole (%s)", id, k.missing), k.problem)
	}
	return k, nil
}

// Prepares implements provider.Preparer.
func (d *Driver) Prepares(kind pay.Kind) bool {
	return kind == pay.KindOnline || kind == pay.KindRefund
}

// Prepare lets the cashier choose the bank where there is a choice, and makes a code that nobody has seen, or looks whether the cash link is free; of a
// refund it has the bank make the draft. It is harmless to repeat: a code whose registration was lost is never shown, and such a draft never confirmed.
func (d *Driver) Prepare(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Kind == pay.KindRefund {
		return d.prepareRefund(ctx, op)
	}
	id, choice := op.Params.System, d.settings.enabled()
	switch {
	case id != "":
	case len(choice) > 1:
		return d.askBank(op, choice), nil
	case len(choice) == 1:
		id = choice[0]
	}
	return d.begin(ctx, op, id)
}

const (
	promptBank = "bank"
	promptWait = time.Minute
)

func (d *Driver) askBank(op provider.Operation, choice []string) provider.Reply {
	p := &provider.Prompt{ID: promptBank, Kind: pay.EvChoice, Title: d.say(op.Language, "sbp.choose.title", nil),
		Text: d.say(op.Language, "sbp.choose.text", nil), Default: choice[0], Timeout: promptWait}
	for _, id := range choice {
		p.Items = append(p.Items, pay.Choice{ID: id, Text: d.bankName(op.Language, id)})
	}
	return provider.Reply{Verdict: provider.Ask, Prompt: p}
}

// begin makes everything ready at a bank.
func (d *Driver) begin(ctx context.Context, op provider.Operation, id string) (provider.Reply, error) {
	k := d.desks[id]
	if k == nil || !slices.Contains(d.settings.enabled(), id) {
		return refusal(d.refuse(op.Language, pay.ErrUnsupported, "sbp.bank.off", map[string]any{"Bank": wire.Clean(d.bankName(op.Language, id), 40)}, nil)), nil
	}
	if e := d.ready(op.Language, k); e != nil {
		return refusal(e), nil
	}
	if k.mode == bank.Cash {
		return d.beginLink(ctx, op, k)
	}
	return d.beginCode(ctx, op, k)
}

// sale is what a bank is asked to take. Its clock is the bank's, as last heard, because a code that has expired by that clock is refused.
func (d *Driver) sale(op provider.Operation, k *desk, try string) (s bank.Sale, ahead time.Duration) {
	if clock, ok := k.client.Clock(); ok {
		ahead = clock.Ahead()
	}
	now := d.now()
	purpose := d.say(op.Language, "sbp.purpose", map[string]any{"Shop": wire.Clean(d.shop, 60), "Receipt": wire.Clean(op.Params.Receipt, 40)})
	return bank.Sale{Key: op.Key, Amount: op.Amount, Try: try, Purpose: wire.Clean(purpose, 100), Link: k.link.ID, TTL: d.settings.QRTTL, Now: now.Add(ahead)}, ahead
}

// attempt names a try to register: another one each millisecond, for two years and a half.
func (d *Driver) attempt() string {
	text := strconv.FormatInt(d.now().UnixMilli(), 36)
	return text[max(len(text)-7, 0):]
}

// beginCode registers a dynamic code. The engine journals its id and only then shows it.
func (d *Driver) beginCode(ctx context.Context, op provider.Operation, k *desk) (provider.Reply, error) {
	s, ahead := d.sale(op, k, d.attempt())
	t, code, err := k.bank.Register(ctx, s)
	if err != nil {
		return d.unprepared(op, k, err)
	}
	// The slip names the moment by the till's clock, whatever zone the bank writes in.
	t.Since, t.Until = d.now(), code.Until.Add(-ahead).Local().Truncate(time.Millisecond)
	if latest := t.Since.Add(d.settings.QRTTL); t.Until.After(latest) {
		t.Until = latest // the bank would let it live longer; the till annuls it
	}
	if err := d.fits(t, code.Payload); err != nil {
		d.log.Error("the bank's code is not shown", "ref", op.Ref, "error", err)
		if err := k.bank.Annul(ctx, t); err != nil {
			d.log.Warn("a code that is not shown could not be annulled; it dies by its time", "ref", op.Ref, "error", err)
		}
		return refusal(d.refuse(op.Language, pay.ErrOffline, "sbp.code.wrong", map[string]any{"Bank": d.bankName(op.Language, k.id)}, err)), nil
	}
	kept, err := keep(t)
	if err != nil {
		return provider.Reply{}, err
	}
	return provider.Reply{Verdict: provider.ShowQR, System: k.id, State: kept, QR: &provider.QR{Payload: code.Payload, Link: code.Payload, Until: t.Until,
		Caption: d.say(op.Language, "sbp.qr.caption", nil)}}, nil
}

// longestQR is the most that a QR code holds, in bytes.
const longestQR = 2953

// fits holds that a code is the one that was registered, for the sum that was asked.
func (d *Driver) fits(t bank.Ticket, payload string) error {
	if payload == "" || len(payload) > longestQR || wire.Clean(payload, longestQR) != payload {
		return errors.New("the answer has no code that could be shown")
	}
	l, err := nspk.Parse(payload)
	if err == nil {
		err = l.Check()
	}
	if err != nil {
		if d.settings.CRCCheck == "strict" {
			return err
		}
		d.log.Warn("the bank's link is not as it should be", "error", err)
	}
	switch {
	case l.ID != "" && !strings.EqualFold(l.ID, t.QR):
		return fmt.Errorf("the link is of the code %s, registered was %s", l.ID, t.QR)
	case l.Amount != 0 && l.Amount != t.Amount:
		return fmt.Errorf("the link names %s, asked was %s", l.Amount, t.Amount)
	}
	return nil
}

// unprepared takes a failure before anything could be paid. The bank's no ends the operation; what is no word is tried again by the engine.
func (d *Driver) unprepared(op provider.Operation, k *desk, err error) (provider.Reply, error) {
	if no, ok := errors.AsType[*bank.Refusal](err); ok {
		return d.no(op, k, no), nil
	}
	if e, ok := errors.AsType[*exchange.Error](err); ok && (e.Code == pay.ErrAuth || e.Kind == exchange.Refused) {
		return refusal(d.refuse(op.Language, e.Code, "sbp.auth", map[string]any{"Bank": d.bankName(op.Language, k.id)}, err)), nil
	}
	return provider.Reply{}, err
}

// Answer takes the cashier's choice of the bank, or the code that was scanned to be checked. What is no choice is asked again.
func (d *Driver) Answer(ctx context.Context, op provider.Operation, answer provider.Answer) (provider.Reply, error) {
	switch {
	case op.Kind == pay.KindOnline && answer.ID == promptBank:
		choice := d.settings.enabled()
		if !slices.Contains(choice, answer.Value) {
			return d.askBank(op, choice), nil
		}
		return d.begin(ctx, op, answer.Value)
	case op.Kind == pay.KindVerifyLink && answer.ID == promptScan:
		return d.verify(op, answer.Value), nil
	}
	return provider.Reply{}, fmt.Errorf("an answer to %.40q, which was not asked", answer.ID)
}

// Commit charges the cash link. A dynamic code is never committed: it is shown. Of a check of the link it asks for the scan.
func (d *Driver) Commit(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	switch op.Kind {
	case pay.KindVerifyLink:
		return d.askScan(op), nil
	case pay.KindOnline:
		return d.charge(ctx, op)
	}
	return provider.Reply{}, fmt.Errorf("commit of %s is not possible", op.Kind)
}

// Inquire asks what became of op. A code whose time is over, and one whose payment was refused, is annulled first, for nothing is decided about a
// code that could still be paid. That moves no money.
func (d *Driver) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.Kind.Returns() {
		return d.inquireRefund(ctx, op)
	}
	t, err := ticket(op)
	if err != nil {
		return provider.Reply{}, err
	}
	k, err := d.desk(t.Bank)
	if err != nil {
		return provider.Reply{}, err
	}
	late := !t.Until.IsZero() && !d.now().Before(t.Until)
	t, w, err := d.status(ctx, op, k, t)
	if err != nil {
		return provider.Reply{}, err
	}
	if !t.Annulled && (w.State == bank.Fresh && late || w.State == bank.Refused) {
		return d.close(ctx, op, k, t, w)
	}
	return d.verdict(op, t, w)
}

// Cancel takes back what is not paid. What was paid stays, and is told as approved: only the bank's answer after the annulment tells.
func (d *Driver) Cancel(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	t, err := ticket(op)
	if err != nil {
		return provider.Reply{}, err
	}
	k, err := d.desk(t.Bank)
	if err != nil {
		return provider.Reply{}, err
	}
	op.CancelAsked = true
	return d.close(ctx, op, k, t, bank.Word{})
}

// close annuls a code or a charge, and asks what became of it then. before is what was heard last; a refused payment stays one.
func (d *Driver) close(ctx context.Context, op provider.Operation, k *desk, t bank.Ticket, before bank.Word) (provider.Reply, error) {
	failed := error(nil)
	if !t.Annulled {
		if failed = d.annul(ctx, k, t); failed == nil {
			t.Annulled = true
		}
	}
	t, w, err := d.status(ctx, op, k, t)
	switch {
	case err != nil && t.Annulled: // what is known already is kept
		kept, e := keep(t)
		return provider.Reply{Verdict: provider.Waiting, State: kept, Status: d.say(op.Language, "sbp.status.cancel", nil)}, e
	case err != nil:
		return provider.Reply{}, errors.Join(err, failed)
	}
	if failed != nil && !errors.Is(failed, bank.ErrNoBlock) {
		d.log.Info("the bank did not annul", "ref", op.Ref, "status", w.Code, "error", failed)
	}
	if before.State == bank.Refused && w.State == bank.Fresh {
		w = before
	}
	return d.verdict(op, t, w)
}

// annul ends a code or a charge of the link. Where the request names the link only, the charge on it must be ours.
func (d *Driver) annul(ctx context.Context, k *desk, t bank.Ticket) error {
	looker, ok := k.bank.(bank.Looker)
	if t.Mode != bank.Cash || !ok {
		return k.bank.Annul(ctx, t)
	}
	defer d.links.lock(t.QR)()
	c, err := looker.Look(ctx, t.QR)
	switch {
	case err != nil:
		return err
	case !c.Live || !c.Is(t):
		return errors.New("the cash link is not charged with this payment now")
	}
	return k.bank.Annul(ctx, t)
}
