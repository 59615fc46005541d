package driver

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	sdkwire "github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// systemID is a payment system as the till names it; systemName as the server does.
func systemID(s wire.System) string      { return strings.ToLower(sdkwire.Clean(string(s), 16)) }
func systemName(id string) wire.System   { return wire.System(strings.ToUpper(id)) }
func mentions(r *wire.Record) pay.Amount { return pay.Amount(r.Amount) }

// about holds that a record speaks about op, and not about anything else that the server knows.
func about(op provider.Operation, r *wire.Record) error {
	kind, mode := wire.Payment, wire.Mode("")
	switch op.Kind {
	case pay.KindOnline:
		mode = wire.Online
	case pay.KindOffline:
		mode = wire.Offline
	case pay.KindRefund, pay.KindReversal:
		kind = wire.Refund
	}
	switch {
	case r.Transaction != op.ProviderNumber:
		return fmt.Errorf("the answer is about number %d, asked was %d", r.Transaction, op.ProviderNumber)
	case r.Key != op.Key.String():
		return errors.New("the answer is about another key")
	case mentions(r) != op.Amount:
		return fmt.Errorf("the answer names %s, asked was %s", mentions(r), op.Amount)
	case r.Currency != string(op.Currency):
		return fmt.Errorf("the answer names the currency %.8q, asked was %q", r.Currency, op.Currency)
	case r.Kind != kind || r.Mode != "" && mode != "" && r.Mode != mode:
		return fmt.Errorf("the answer is about a %.16q %.16q", r.Mode, r.Kind)
	case kind == wire.Refund && (op.Original == nil || r.Original != op.Original.ProviderNumber):
		return fmt.Errorf("the answer is about a refund of number %d", r.Original)
	}
	return nil
}

// verdict is what a record of a payment or refund says about op.
func (d *Driver) verdict(op provider.Operation, r *wire.Record) (provider.Reply, error) {
	if err := about(op, r); err != nil {
		return provider.Reply{}, err
	}
	reply := d.details(r)
	switch r.Status.Fold() {
	case wire.Paid:
		if r.Reversed {
			return provider.Reply{}, errors.New("the answer calls the payment paid and given back at once")
		}
		reply.Verdict = provider.Approved
		reply.Amount, reply.Currency, reply.Shift = mentions(r), pay.Currency(r.Currency), r.Booked
		if reply.Code == "" {
			reply.Code = wire.CodeApproved
		}
	case wire.Declined:
		reply.Verdict = provider.Declined
		d.explain(op, r, &reply)
	case wire.Cancelled:
		reply.Verdict = provider.Cancelled
		d.explain(op, r, &reply)
	case wire.Waiting, wire.UserPaying:
		return provider.Reply{Verdict: provider.Waiting, System: reply.System, Status: d.status(op, r)}, nil
	default:
		return provider.Reply{}, fmt.Errorf("the answer has the status %.40q, which nobody knows", r.Status)
	}
	return reply, nil
}

// reversed is what the record of a payment says about its reversal by a cancel.
func (d *Driver) reversed(original provider.Operation, r *wire.Record) (provider.Reply, error) {
	if err := about(original, r); err != nil {
		return provider.Reply{}, err
	}
	switch status := r.Status.Fold(); {
	case status == wire.Cancelled && r.Reversed:
		reply := d.details(r)
		reply.Verdict, reply.Code = provider.Approved, wire.CodeApproved
		reply.Amount, reply.Currency, reply.Shift = mentions(r), pay.Currency(r.Currency), r.ReversedBooked
		return reply, nil
	case status == wire.Paid || status == wire.Waiting || status == wire.UserPaying:
		return provider.Reply{Verdict: provider.NotDone}, nil
	}
	return provider.Reply{}, fmt.Errorf("an approved payment is to be given back, and the answer has the status %.40q", r.Status)
}

// details are what a slip shows of a record. Nothing of it is trusted to be short, printable or masked.
func (d *Driver) details(r *wire.Record) provider.Reply {
	return provider.Reply{Code: sdkwire.Clean(r.Code, 16), RRN: sdkwire.Clean(r.RRN, 40), AuthCode: sdkwire.Clean(r.Approval, 40), Payer: masked(sdkwire.Clean(r.Payer, 40)), System: systemID(r.System)}
}

// explain says why there was no money, and what the cashier should do. Known reasons have words of ours, for the server knows one language.
func (d *Driver) explain(op provider.Operation, r *wire.Record, reply *provider.Reply) {
	reason := strings.ToUpper(string(r.Reason))
	if reply.Code == "" {
		reply.Code = sdkwire.Clean(reason, 32)
	}
	id := "sendy.reason." + reason
	if d.words.Has(id + ".cause") {
		reply.Text, reply.Hint = d.say(op.Language, id+".cause", nil), d.say(op.Language, id+".hint", nil)
		return
	}
	reply.Text = sdkwire.Clean(r.Message, 200)
	if reply.Text == "" {
		reply.Text = d.say(op.Language, "sendy.reason.other.cause", nil)
	}
	reply.Hint = d.say(op.Language, "sendy.reason.other.hint", nil)
}

// status tells the cashier what is being waited for.
func (d *Driver) status(op provider.Operation, r *wire.Record) string {
	id := "sendy.status.work"
	switch {
	case op.Kind.Returns():
		id = "sendy.status.refund"
	case r.Status.Fold() == wire.UserPaying:
		id = "sendy.status.confirm"
	case op.Kind == pay.KindOnline:
		id = "sendy.status.scan"
	}
	return d.say(op.Language, id, nil)
}

// failed takes the failure of a money request. The server's refusal proves that this request did nothing, and so decides about op only if
// it was the first; after one whose answer was lost it is a reason to inquire [contract 5].
func (d *Driver) failed(op provider.Operation, err error) (provider.Reply, error) {
	no, ok := errors.AsType[*refused](err)
	switch {
	case !ok:
		return provider.Reply{}, err
	case no.Code == wire.CodeNotFound:
		return provider.Reply{Verdict: provider.NotFound}, nil
	case op.MaybeSent || op.Tries > 1:
		return provider.Reply{}, err
	case op.Kind == pay.KindReversal && no.Code != wire.CodeConflict && no.Code != wire.CodeAlreadyCancelled:
		return provider.Reply{}, err // it is never given up: a new number would not help against a lost secret or a wrong address
	}
	return d.no(op, no), nil
}

// no is a decline by a refusal of the server.
func (d *Driver) no(op provider.Operation, no *refused) provider.Reply {
	id := "sendy.refusal." + string(no.Code)
	if !d.words.Has(id + ".cause") {
		id = "sendy.refusal.other"
	}
	reply := provider.Reply{Verdict: provider.Declined, Code: string(no.Code), Text: d.say(op.Language, id+".cause", nil), Hint: d.say(op.Language, id+".hint", nil)}
	switch no.Code {
	case wire.CodeUnauthorized:
		reply.Error = pay.ErrAuth
	case wire.CodeShiftNotOpen:
		reply.Error = pay.ErrShift
	case wire.CodeNoSuchPath:
		reply.Error = pay.ErrConfig
	}
	return reply
}

// unknownNumber says whether the server answered that it never received the number.
func unknownNumber(err error) bool {
	no, ok := errors.AsType[*refused](err)
	return ok && no.Code == wire.CodeNotFound
}

// until is when a QR code dies by our clock, which may differ from the server's.
func (d *Driver) until(expires, server time.Time) time.Time {
	if expires.IsZero() || server.IsZero() {
		return expires
	}
	return expires.Add(d.now().Sub(server).Truncate(time.Second))
}

// masked hides a payer whom the server did not.
func masked(payer string) string {
	run := 0
	for _, r := range payer {
		if !unicode.IsDigit(r) {
			run = 0
			continue
		}
		if run++; run > 4 {
			if len(payer) != utf8.RuneCountInString(payer) {
				return wire.Mask("")
			}
			return wire.Mask(payer)
		}
	}
	return payer
}
