package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	sdkwire "github.com/payrack/payrack/sdk/wire"

	"github.com/payrack/payrack/plugins/sendy/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

// Check refuses what could not be sent, from what is known here. What the server permits is looked at once its counters were asked.
func (d *Driver) Check(op provider.Operation) error {
	if !op.Kind.Money() && op.Kind != pay.KindCloseDay {
		return nil
	}
	if d.client == nil {
		return d.refuse(op.Language, pay.ErrConfig, "sendy.server.missing", nil, nil)
	}
	if err := d.active(op.Language); err != nil {
		return err
	}
	if op.Kind.Money() && op.Currency != pay.RUB {
		return d.refuse(op.Language, pay.ErrUnsupported, "sendy.currency", map[string]any{"Currency": string(op.Currency)}, nil)
	}
	switch op.Kind {
	case pay.KindOffline:
		if _, _, why := recognise(op.Params.Code); why != "" {
			return d.refuse(op.Language, pay.ErrArgument, string(why), nil, nil)
		}
	case pay.KindOnline:
		if s := op.Params.System; s != "" && !slices.Contains(d.settings.enabled(), s) {
			return d.refuse(op.Language, pay.ErrUnsupported, "sendy.system.off", map[string]any{"System": title(sdkwire.Clean(s, 16))}, nil)
		}
	case pay.KindRefund:
		if op.Original != nil && op.Original.ProviderNumber == 0 {
			return d.refuse(op.Language, pay.ErrState, "sendy.refund.unnumbered", nil, nil)
		}
	}
	return nil
}

// memory is what the engine keeps for the driver of an online payment.
type memory struct {
	System string `json:"system"`
}

const memoryVersion = 1

// chosen is the payment system of an online payment; "": not chosen yet.
func chosen(op provider.Operation) string {
	if op.Params.System != "" {
		return op.Params.System
	}
	var m memory
	if op.State.Version == memoryVersion && json.Unmarshal(op.State.Data, &m) == nil {
		return m.System
	}
	return ""
}

// Prepares implements provider.Preparer: an online payment is opened at the server before its QR code is shown.
func (d *Driver) Prepares(kind pay.Kind) bool { return kind == pay.KindOnline }

// Prepare lets the cashier choose the payment system where there is a choice, and opens the payment. Nobody can pay what is opened until
// its QR code is shown, and the same request again gives the same record.
func (d *Driver) Prepare(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	system := chosen(op)
	if choice := d.choice(); system == "" && len(choice) > 1 {
		return d.askSystem(op, choice), nil
	} else if system == "" {
		system = choice[0]
	}
	return d.open(ctx, op, system)
}

// choice lists the systems that are switched on and that the server offers, as far as it was heard.
func (d *Driver) choice() []string {
	list := slices.DeleteFunc(d.settings.enabled(), func(s string) bool { return !d.offered().serves(s) })
	if len(list) == 0 { // Sendy cannot be switched off; the server will say what is wrong
		return []string{SystemSendy}
	}
	return list
}

const (
	promptSystem = "system"
	promptWait   = time.Minute
)

func (d *Driver) askSystem(op provider.Operation, choice []string) provider.Reply {
	p := &provider.Prompt{ID: promptSystem, Kind: pay.EvChoice, Title: d.say(op.Language, "sendy.choose.title", nil),
		Text: d.say(op.Language, "sendy.choose.text", nil), Default: choice[0], Timeout: promptWait}
	if slices.Contains(choice, d.settings.DefaultSystem) {
		p.Default = d.settings.DefaultSystem
	}
	for _, s := range choice {
		p.Items = append(p.Items, pay.Choice{ID: s, Text: title(s)})
	}
	return provider.Reply{Verdict: provider.Ask, Prompt: p}
}

// Answer takes the cashier's choice and opens the payment. What is no choice is asked again.
func (d *Driver) Answer(ctx context.Context, op provider.Operation, answer provider.Answer) (provider.Reply, error) {
	if op.Kind != pay.KindOnline || answer.ID != promptSystem {
		return provider.Reply{}, fmt.Errorf("an answer to %.40q, which was not asked", answer.ID)
	}
	choice := d.choice()
	if !slices.Contains(choice, answer.Value) {
		return d.askSystem(op, choice), nil
	}
	return d.open(ctx, op, answer.Value)
}

// open opens an online payment and gives its QR code.
func (d *Driver) open(ctx context.Context, op provider.Operation, system string) (provider.Reply, error) {
	if e := d.unserved(op, system); e != nil {
		return refusal(e), nil
	}
	var r wire.Record
	answer, err := d.money(ctx, op.Key, wire.PathOnline, onlineRequest(op, system), &r)
	if err != nil {
		return d.failed(op, err)
	}
	reply, err := d.verdict(op, &r)
	if err != nil {
		return provider.Reply{}, err
	}
	state, err := json.Marshal(memory{System: system})
	if err != nil {
		return provider.Reply{}, err
	}
	kept := &provider.State{Version: memoryVersion, Data: state}
	switch reply.Verdict {
	case provider.Waiting:
		if !printable(r.QR) {
			return provider.Reply{}, errors.New("the answer has no QR code")
		}
		return provider.Reply{Verdict: provider.ShowQR, System: system, State: kept, QR: &provider.QR{
			Payload: r.QR, Link: r.QR, Until: d.until(r.Expires, answer.Date),
			Caption: d.say(op.Language, "sendy.qr.caption", map[string]any{"System": title(system)})}}, nil
	case provider.Approved: // paid although no code was shown: Commit will hear it again, when an approval counts
		return provider.Reply{Verdict: provider.Ready, System: system, State: kept}, nil
	}
	return reply, nil
}

// longestQR is the most that a QR code holds, in bytes.
const longestQR = 2953

func printable(payload string) bool {
	return payload != "" && len(payload) <= longestQR && sdkwire.Clean(payload, longestQR) == payload
}

func onlineRequest(op provider.Operation, system string) *wire.OnlineRequest {
	return &wire.OnlineRequest{Transaction: op.ProviderNumber, Shift: op.ProviderShift, Key: op.Key.String(), Amount: int64(op.Amount),
		Currency: string(op.Currency), System: systemName(system)}
}

// Commit charges a scanned code. Of an online payment it repeats the request that Prepare made: the server knows it and tells its record.
func (d *Driver) Commit(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	var path string
	var request wire.Message
	switch op.Kind {
	case pay.KindOffline:
		system, code, why := recognise(op.Params.Code)
		if why != "" {
			return provider.Reply{}, fmt.Errorf("the scanned code cannot be sent (again): %s", why)
		}
		if e := d.unserved(op, system); e != nil {
			return refusal(e), nil
		}
		path, request = wire.PathOffline, &wire.OfflineRequest{Transaction: op.ProviderNumber, Shift: op.ProviderShift, Key: op.Key.String(),
			Amount: int64(op.Amount), Currency: string(op.Currency), AuthCode: code, System: systemName(system)}
	case pay.KindOnline:
		path, request = wire.PathOnline, onlineRequest(op, chosen(op))
	default:
		return provider.Reply{}, fmt.Errorf("commit of %s is not possible", op.Kind)
	}
	var r wire.Record
	if _, err := d.money(ctx, op.Key, path, request, &r); err != nil {
		return d.failed(op, err)
	}
	return d.verdict(op, &r)
}

// unserved says why op cannot be sent now, though it passed Check: the terminal was deactivated, or the server, whose counters were asked
// a moment ago, does not permit it. It says nothing once something may have been sent.
func (d *Driver) unserved(op provider.Operation, system string) *pay.Error {
	if op.MaybeSent || op.Tries > 1 {
		return nil
	}
	if err := d.active(op.Language); err != nil {
		if e, ok := errors.AsType[*pay.Error](err); ok {
			return e
		}
		return d.refuse(op.Language, pay.ErrNotActive, "sendy.inactive", nil, err)
	}
	o := d.offered()
	if o == nil {
		return nil
	}
	permitted := map[pay.Kind]bool{pay.KindOnline: o.Allowed.Online, pay.KindOffline: o.Allowed.Offline, pay.KindRefund: o.Allowed.Refund,
		pay.KindReversal: true}
	switch {
	case !permitted[op.Kind]:
		return d.refuse(op.Language, pay.ErrUnsupported, "sendy.not_allowed", nil, nil)
	case op.Kind.Payment() && !o.serves(system):
		return d.refuse(op.Language, pay.ErrUnsupported, "sendy.system.not_offered", map[string]any{"System": title(system)}, nil)
	}
	return nil
}

// Inquire asks what became of op. Of a reversal that goes by a cancel it asks about the payment.
func (d *Driver) Inquire(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	number := op.ProviderNumber
	byCancel := undoes(op)
	if byCancel {
		number = op.Original.ProviderNumber
	}
	if number <= 0 {
		return provider.Reply{}, errors.New("an operation without a number cannot be asked about")
	}
	var r wire.Record
	_, err := d.query(ctx, http.MethodGet, wire.PathPayment(number), nil, &r)
	switch {
	case byCancel && err == nil:
		return d.reversed(*op.Original, &r)
	case !byCancel && unknownNumber(err):
		return provider.Reply{Verdict: provider.NotFound}, nil
	case err != nil:
		return provider.Reply{}, err
	}
	return d.refundVerdict(ctx, op, &r)
}

// Cancel closes a payment that is not paid. One that is stays, and is told as approved.
func (d *Driver) Cancel(ctx context.Context, op provider.Operation) (provider.Reply, error) {
	if op.ProviderNumber <= 0 {
		return provider.Reply{}, errors.New("an operation without a number cannot be cancelled")
	}
	var r wire.Record
	request := &wire.CancelRequest{Key: op.Key.String(), Amount: int64(op.Amount), Mode: wire.Close}
	if _, err := d.money(ctx, op.Key, wire.PathCancel(op.ProviderNumber), request, &r); err != nil {
		return provider.Reply{}, err
	}
	reply, err := d.verdict(op, &r)
	if r.Recall && reply.Verdict == provider.Waiting {
		reply.Status = d.say(op.Language, "sendy.status.recall", nil)
	}
	return reply, err
}
