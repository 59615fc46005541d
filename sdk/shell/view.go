package shell

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/payrack/payrack/sdk/engine"
	"github.com/payrack/payrack/sdk/journal"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/text"
)

// keptParams are the parameters as the journal keeps them: without their secrets, but with the fact that there were some.
type keptParams struct {
	Params pay.Params      `json:"-"`
	Raw    json.RawMessage `json:"params"`
	Secret bool            `json:"secret,omitempty"`
}

func readParams(raw json.RawMessage) (k keptParams, err error) {
	if len(raw) == 0 {
		return k, nil
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		return k, &pay.Error{Code: pay.ErrJournal, Cause: fmt.Errorf("read the parameters of an operation: %w", err)}
	}
	k.Params, err = pay.ParseParams(string(k.Raw))
	return k, err
}

func writeParams(p pay.Params) (json.RawMessage, error) {
	return json.Marshal(keptParams{Raw: p.Public(), Secret: p.Secrets()})
}

// rowOf is the row that a state makes of the operation.
func (o *operation) rowOf(s engine.State) (journal.Operation, error) {
	raw, err := json.Marshal(s)
	if err != nil {
		return journal.Operation{}, fmt.Errorf("write the state of %s: %w", o.row.Ref, err)
	}
	row := o.row
	row.State = raw
	if s.System != "" {
		row.System = s.System
	}
	row.Charged, row.ApprovedAmount = s.Charged, s.Approved
	if s.Charged && !o.row.Charged {
		row.BookedShift = s.BookedShift
	}
	row.Outcome, row.Final, row.Told = s.Outcome, s.Final(), s.Told
	row.Ack, row.Reversal, row.Open = s.Ack, s.Reversal, s.Open() || s.Unattended()
	row.Code, row.Text, row.Hint = s.Code, s.Text, s.Hint
	row.Payer, row.RRN, row.AuthCode = s.Payer, s.RRN, s.AuthCode
	row.Result, row.Settled = s.Result, s.SettledAt
	row.NothingSent = s.Final() && s.Outcome != pay.Approved && !s.MaybeSent && s.QR == nil
	if s.Resolved != nil {
		row.ResolvedBy = s.Resolved.By
	}
	return row, nil
}

// story is what the journal's event says of a transition, for `payrack ops show`.
func story(fx engine.Effects, e engine.Event) json.RawMessage {
	type tale struct {
		What    string `json:"what"`
		Call    string `json:"call,omitempty"`
		Timer   string `json:"timer,omitempty"`
		Code    string `json:"code,omitempty"`
		Text    string `json:"text,omitempty"`
		Reason  string `json:"reason,omitempty"`
		By      string `json:"by,omitempty"`
		NotSent bool   `json:"not_sent,omitempty"`
	}
	t := tale{What: e.What.String(), Reason: e.Reason, By: e.By}
	switch e.What {
	case engine.Replied:
		t.Call, t.Code, t.Text, t.NotSent = e.Call.String(), e.Reply.Code, e.Reply.Text, e.NotSent
	case engine.Fired:
		t.Timer = e.Timer.String()
	}
	raw, err := json.Marshal(t)
	if err != nil {
		return nil
	}
	return raw
}

func (o *operation) view() pay.Operation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.viewLocked()
}

// viewLocked is what anybody outside may know of the operation now.
func (o *operation) viewLocked() pay.Operation {
	return o.s.viewOf(o.row, o.state, o.language, o.params)
}

// viewOf makes the view of a row and its engine state.
func (s *Shell) viewOf(row journal.Operation, st engine.State, language string, params pay.Params) pay.Operation {
	v := pay.Operation{
		Ref: row.Ref, Module: s.o.About.ID, Kind: row.Kind, PosID: row.PosID, Amount: row.Amount, Currency: row.Currency,
		Running: st.Running(), Outcome: st.Outcome, Code: st.Code, Text: st.Text, Hint: st.Hint,
		Number: row.Number, ProviderNumber: row.ProviderNumber, Shift: row.Shift, ProviderShift: row.ProviderShift,
		System: row.System, Payer: st.Payer, RRN: st.RRN, AuthCode: st.AuthCode, ApprovedAmount: st.Approved,
		CanCancel: st.CanCancel(), CanConfirm: st.CanConfirm() && row.Kind.Numbered(), CanReverse: st.CanReverse(), OtherTender: st.OtherTender(),
		Reversal: st.Reversal, Ack: st.Ack, OriginalRef: row.OriginalRef, Receipt: row.Receipt, Document: row.Document,
		Operator: row.Operator, ResolvedBy: row.ResolvedBy, Begun: row.Begun, Settled: st.SettledAt, Items: params.Items, Result: st.Result,
		Test: st.Test,
	}
	if row.Kind == pay.KindCommand {
		v.Command = params.Name
	}
	if row.Kind == pay.KindBasket {
		s.basket(&v, st, language)
	}
	if row.BookedShift != 0 {
		v.Shift = row.BookedShift
	}
	if st.Error != 0 && v.Code == "" {
		v.Code = st.Error.String()
	}
	if s.o.LogFile != nil {
		v.Log = s.o.LogFile()
	}
	s.say(&v, st, language)
	v.Text = s.marked(st, language, v.Text)
	v.Slips = s.slips(v)
	v.Pending = pendingReason(v, st)
	return v
}

// basket says what is left to pay otherwise, and of each position what was paid.
func (s *Shell) basket(v *pay.Operation, st engine.State, language string) {
	var r pay.BasketResult
	switch {
	case st.Outcome == pay.Approved:
		v.LeftToPay = v.Amount - st.Approved
		if len(st.Result) == 0 || json.Unmarshal(st.Result, &r) != nil {
			return
		}
	case st.Final():
		v.LeftToPay, v.Result = v.Amount, nil
	default:
		return
	}
	v.Items = r.Marked(v.Items, s.o.Words.Say(language, "basket.mark", nil))
}

// say fills text and hint where the provider gave none.
func (s *Shell) say(v *pay.Operation, st engine.State, language string) {
	if v.Running {
		return
	}
	cause, hint := s.ended(v, st, language)
	switch {
	case st.Named != nil && !v.Outcome.Final():
		v.Text = s.o.Words.Say(language, "ended.amount", map[string]any{"Named": text.Money(st.Named.Amount, first(st.Named.Currency, v.Currency)),
			"Asked": text.Money(st.Due(), v.Currency)})
	case st.Waits().Text != "":
		v.Text, v.Hint = st.Waits().Text, st.Waits().Hint
	case cause != "":
		v.Text, v.Hint = first(v.Text, cause), first(v.Hint, hint)
	case v.Text == "":
		v.Text = s.o.Words.Outcome(v.Outcome.Code(), language)
	}
	if !v.Outcome.Final() && !v.OtherTender && v.Kind.Payment() {
		_, hint := s.o.Words.Error(pay.CodeUnknown, language)
		v.Hint = first(v.Hint, hint)
	}
	switch {
	case st.Contradiction == engine.SaidStays: // no word that nothing was paid may stand beside it
		v.Text, v.Hint = s.contradiction(st, v.Currency, language), s.o.Words.Say(language, "ended.stays_hint", nil)
	case st.Contradiction != "":
		v.Hint = first(v.Hint, s.contradiction(st, v.Currency, language))
	}
}

// ended gives the words of an end without money: of a refund and a payout they speak of what was to be given. Both are empty where the
// short name of the outcome is all that is known.
func (s *Shell) ended(v *pay.Operation, st engine.State, language string) (cause, hint string) {
	code := v.Outcome.Code()
	if v.Outcome != pay.Declined && v.Outcome != pay.Cancelled {
		return "", ""
	}
	if st.Error != 0 && v.Outcome == pay.Declined {
		code = st.Error
		cause, hint = s.o.Words.Error(code, language)
	}
	if v.Kind != pay.KindRefund && v.Kind != pay.KindPayout {
		return cause, hint
	}
	id := "ended." + string(v.Kind) + "." + code.String()
	if s.o.Words.Has(id + ".cause") {
		cause = s.o.Words.Say(language, id+".cause", nil)
	}
	if s.o.Words.Has(id + ".hint") {
		hint = s.o.Words.Say(language, id+".hint", nil)
	}
	return cause, hint
}

// contradiction is what the engine lists, in words; what an earlier version wrote is given as it stands.
func (s *Shell) contradiction(st engine.State, currency pay.Currency, language string) string {
	switch what, detail, _ := strings.Cut(st.Contradiction, " "); what {
	case engine.SaidMoved, engine.SaidNotMoved, engine.SaidStays:
		return s.o.Words.Say(language, "ended."+what, map[string]any{"Detail": detail})
	case engine.SaidElsewhere:
		return s.o.Words.Say(language, "ended."+what, map[string]any{"Sum": text.Money(st.Elsewhere, currency)})
	}
	return st.Contradiction
}

// slips is how many copies the till prints before its receipt.
func (s *Shell) slips(v pay.Operation) int {
	if v.Outcome == pay.Approved && v.Kind.Money() && v.Kind != pay.KindReversal {
		return max(s.config.Load().slips, 1)
	}
	if v.Kind == pay.KindCloseDay || v.Kind == pay.KindReport {
		return 1
	}
	return 0
}

// pendingReason says why an operation wants attention; "" if it does not (design §7).
func pendingReason(v pay.Operation, st engine.State) string {
	switch {
	case st.Contradiction != "" && !st.Noticed:
		return "contradiction"
	case v.Reversal == pay.ReversalUnderWay:
		return "reversing"
	case v.Running:
		return "running"
	case !v.Outcome.Final():
		return "unknown"
	case !v.Kind.Numbered() || v.Kind == pay.KindReversal:
		return ""
	case v.Ack == pay.AckNone:
		return "unread"
	case v.Outcome == pay.Approved && v.Ack == pay.AckSeen && v.Kind.Payment():
		return "unconfirmed"
	}
	return ""
}

func first[T ~string](a, b T) T {
	if a != "" {
		return a
	}
	return b
}

// driverViewLocked is what the driver may know of the operation.
func (o *operation) driverViewLocked() provider.Operation {
	op := driverView(o.row, o.state)
	op.Params, op.Original, op.Initiator, op.Language, op.NoPrompts, op.Full = o.params, o.original, o.initiator, o.language, o.noPrompts, o.full
	return op
}

func driverView(row journal.Operation, st engine.State) provider.Operation {
	op := provider.Operation{
		Ref: row.Ref, Key: row.Key, CancelKey: st.CancelKey, Kind: row.Kind, PosID: row.PosID, Amount: row.Amount, Currency: row.Currency,
		Approved: row.ApprovedAmount, Number: row.Number, ProviderNumber: row.ProviderNumber, Shift: row.Shift, ProviderShift: row.ProviderShift,
		Tries: st.Tries, MaybeSent: st.MaybeSent, System: first(row.System, st.System), State: st.Driver, Begun: row.Begun,
		CancelAsked: st.CancelAsked,
	}
	return op
}

func (o *operation) emit(e pay.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.emitLocked(e)
}

// emitLocked numbers an event, keeps it for whoever comes later, and wakes who watches.
func (o *operation) emitLocked(e pay.Event) {
	if e.Kind == pay.EvQRHide {
		o.paperGoneLocked()
	}
	o.numberLocked(&e)
	e.Text, e.Title, e.Caption = o.s.marked(o.state, o.language, e.Text), o.s.marked(o.state, o.language, e.Title), o.s.marked(o.state, o.language, e.Caption)
	switch {
	case e.Kind == pay.EvQRShow:
		if o.s.o.QRExtra != nil {
			o.s.o.QRExtra(&e, o.viewLocked())
		}
		if o.s.o.Customer != nil {
			e.Place = o.s.o.Customer.Show(o.ref, e.Payload)
		}
	case e.Kind == pay.EvQRHide:
		if o.s.o.Customer != nil {
			o.s.o.Customer.Hide(o.ref)
		}
	case e.Prompt():
		o.prompt = e.Number
	}
	o.keepLocked(e)
}

// marked puts the mark of a test terminal before words that somebody will see.
func (s *Shell) marked(st engine.State, language, words string) string {
	if !st.Test || words == "" {
		return words
	}
	return s.o.Words.Say(language, "test.mark", nil) + ". " + words
}

// numberLocked gives an event its time, and the next number.
func (o *operation) numberLocked(e *pay.Event) {
	e.Time = o.s.o.Now()
	o.highest = max(o.highest+1, e.Time.UnixMicro())
	e.Number = o.highest
}

// keepLocked keeps an event for whoever comes later. Of what only shows the present, the last is kept.
func (o *operation) keepLocked(e pay.Event) {
	kept := o.events[:0]
	for _, old := range o.events {
		if old.Kind != e.Kind || !replaces(e.Kind) {
			kept = append(kept, old)
		}
	}
	o.events = append(kept, e)
	o.wakeLocked()
}

func (o *operation) wakeLocked() {
	close(o.wake)
	o.wake = make(chan struct{})
}

func replaces(k pay.EventKind) bool {
	return k == pay.EvStatus || k == pay.EvCustomer || k == pay.EvProgress || k == pay.EvCancellable || k == pay.EvOutcome
}
