package library

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// Start is pr_start. A negative code: nothing was begun. CodeUnknown: nobody can say yet, and the handle follows it.
func (l *Library) Start(th Thread, handle int32, module, kind Text, amount int64, ref, params Text) (op int32, code pay.Code) {
	s, code := l.session(th, handle)
	if code < 0 {
		return 0, code
	}
	order, err := s.order(module, kind, amount, ref, params)
	if err != nil {
		return 0, s.refuse(th, err)
	}
	order.NoPrompts = s.flags&FlagNoPrompts != 0
	ctx, cancel := s.short()
	defer cancel()
	o, err := s.begin(ctx, order, false)
	if err != nil {
		return 0, s.refuse(th, err)
	}
	if !o.hasBegun() {
		return o.handle, pay.CodeUnknown
	}
	return o.handle, pay.CodeOK
}

// order checks what can be checked without the host.
func (s *session) order(module, kind Text, amount int64, ref, params Text) (o client.Order, err error) {
	enc := s.encoding()
	if o.Module, err = plain(module, "module", nil); err != nil {
		return o, err
	}
	k, err := plain(kind, "kind", nil)
	if err != nil {
		return o, err
	}
	if o.Kind, err = pay.ParseKind(k); err != nil {
		return o, ours(err)
	}
	if o.Module == "" && o.Kind != pay.KindRefund {
		return o, local(pay.ErrArgument, "module: empty")
	}
	o.Amount = pay.Amount(amount)
	if o.Kind.Money() && amount <= 0 {
		return o, local(pay.ErrArgument, "amount: %d, must be above 0", amount)
	}
	if !o.Kind.Money() && amount != 0 {
		return o, local(pay.ErrArgument, "amount: %d, must be 0 of %s", amount, o.Kind)
	}
	if o.Kind != pay.KindCloseDay || len(ref.Bytes) > 0 { // a close of day is named after its shift
		if o.Ref, err = readRef(ref); err != nil {
			return o, err
		}
	}
	o.Params, err = readParams(params, enc)
	return o, err
}

func readRef(ref Text) (pay.Ref, error) {
	text, err := read(ref, "ref", nil)
	if err != nil {
		return "", err
	}
	r, err := pay.ParseRef(text)
	return r, ours(err)
}

// readParams checks a params object, and the code in it as pr_pay_offline would.
func readParams(params Text, enc encoding) (string, error) {
	text, err := read(params, "params", enc)
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(text) == "" {
		text = "{}"
	}
	p, err := pay.ParseParams(text)
	if err != nil {
		return "", ours(err)
	}
	for name, secret := range map[string]string{"code": p.Code, "card": p.Card} {
		if _, err := plain(Text{Bytes: []byte(secret), Long: len(secret) > MaxCode}, name, nil); err != nil {
			return "", err
		}
	}
	return text, nil
}

// begin begins an operation and gives it a handle. An error means that nothing was begun.
func (s *session) begin(ctx context.Context, order client.Order, classic bool) (*operation, error) {
	s.confirmRead()
	view, _, err := s.client.Begin(ctx, order)
	if err == nil {
		return s.newOperation(order, view, true, classic), nil
	}
	if mayHaveMoved(err) {
		return s.newOperation(order, pay.Operation{}, false, classic), nil
	}
	return nil, err
}

// Poll is pr_poll. With a callback set it takes no events.
func (l *Library) Poll(th Thread, handle, waitMS int32, nowhere bool) (event, id int32, code pay.Code) {
	o, code := l.operation(th, handle)
	if code < 0 {
		return 0, 0, code
	}
	called := o.s.calls.get().Function != 0
	if waitMS < 0 || (nowhere && !called) {
		return 0, 0, o.s.refuse(th, local(pay.ErrArgument, "wait_ms %d, or nowhere to put the event", waitMS))
	}
	wanted := first
	if called {
		wanted = outcomeFirst
	}
	ctx, cancel := context.WithTimeout(o.ctx, time.Duration(waitMS)*time.Millisecond)
	defer cancel()
	it, ok := o.takeUntilDone(ctx, wanted)
	switch {
	case !ok && o.isDone():
		return 0, 0, pay.CodeFinished
	case !ok && o.ctx.Err() != nil:
		return 0, 0, o.s.refuse(th, &pay.Error{Code: pay.ErrHandle})
	case !ok:
		return 0, 0, pay.CodeWaiting
	case it.outcome():
		return 0, 0, pay.CodeFinished
	}
	return int32(it.ev.Kind), it.id, pay.CodeEvent
}

// takeUntilDone does not wait where the final outcome was taken: nothing follows it.
func (o *operation) takeUntilDone(ctx context.Context, wanted func([]item) int) (item, bool) {
	if o.isDone() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		cancel()
	}
	return o.take(ctx, wanted)
}

func (o *operation) isDone() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.done
}

// event is what pr_event_* read: inside a callback its event, else the one that pr_poll took last.
func (l *Library) event(th Thread, handle int32) (ev *pay.Event, s *session, code pay.Code) {
	l.mu.Lock()
	d, o := l.inside[th], l.ops[handle]
	l.mu.Unlock()
	if d != nil && d.op == handle {
		if o != nil {
			s = o.s
		}
		return &d.event, s, 0
	}
	if o == nil {
		return nil, nil, l.reject(th, pay.ErrHandle)
	}
	o.mu.Lock()
	ev = o.current
	o.mu.Unlock()
	if ev == nil {
		return nil, nil, o.s.refuse(th, local(pay.ErrState, "no event was taken yet"))
	}
	return ev, o.s, 0
}

// EventStr is pr_event_str.
func (l *Library) EventStr(th Thread, handle int32, key Text) Output {
	ev, s, code := l.event(th, handle)
	if code < 0 {
		return refused(code)
	}
	var enc encoding
	if s != nil {
		enc = s.encoding()
	}
	k, err := plain(key, "key", nil)
	if err == nil {
		var out Output
		if out, err = give(ev, eventKeys(), k, enc); err == nil {
			return out
		}
	}
	return refused(l.refuse(th, s, err))
}

// EventInt is pr_event_int.
func (l *Library) EventInt(th Thread, handle int32, key Text) (int64, pay.Code) {
	ev, s, code := l.event(th, handle)
	if code < 0 {
		return 0, code
	}
	k, err := plain(key, "key", nil)
	if err == nil {
		var n int64
		if n, err = giveInt(ev, eventKeys(), k); err == nil {
			return n, pay.CodeOK
		}
	}
	return 0, l.refuse(th, s, err)
}

// refuse records a refusal on the session, or where there is none on the library.
func (l *Library) refuse(th Thread, s *session, err error) pay.Code {
	if s != nil {
		return s.refuse(th, err)
	}
	return l.reject(th, pay.CodeOf(err))
}

// Answer is pr_answer.
func (l *Library) Answer(th Thread, handle, eventID int32, value Text) pay.Code {
	o, code := l.anywhere(th, handle)
	if code < 0 {
		return code
	}
	v, err := read(value, "value", o.s.encoding())
	if err == nil {
		err = o.answer(eventID, v)
	}
	if err != nil {
		return o.s.refuse(th, err)
	}
	return pay.CodeOK
}

func (o *operation) answer(eventID int32, value string) error {
	number := int64(-1)
	o.mu.Lock()
	for _, p := range o.prompts {
		if p.id == eventID {
			number = p.number
		}
	}
	o.mu.Unlock()
	if number < 0 {
		return local(pay.ErrNotFound, "event %d is no prompt of this operation", eventID)
	}
	ctx, cancel := o.s.short()
	defer cancel()
	return o.s.client.Answer(ctx, o.ref(), number, value)
}

// Cancel is pr_cancel.
func (l *Library) Cancel(th Thread, handle int32, reason Text) pay.Code {
	o, code := l.anywhere(th, handle)
	if code < 0 {
		return code
	}
	why, err := read(reason, "reason", o.s.encoding())
	if err == nil {
		err = o.cancel(why)
	}
	if err != nil {
		return o.s.refuse(th, err)
	}
	return pay.CodeOK
}

// cancel asks for a cancel, or remembers to do so once the host has answered Begin.
func (o *operation) cancel(why string) error {
	o.mu.Lock()
	if !o.begun {
		o.wish = &why
		o.mu.Unlock()
		return nil
	}
	o.mu.Unlock()
	ctx, cancel := o.s.short()
	defer cancel()
	return o.s.client.Cancel(ctx, o.ref(), why)
}

// Outcome is pr_outcome. An outcome that it gives was read by the caller.
func (l *Library) Outcome(th Thread, handle int32) pay.Code {
	o, code := l.operation(th, handle)
	if code < 0 {
		return code
	}
	return o.readOutcome()
}

// Str is pr_str.
func (l *Library) Str(th Thread, handle int32, key Text) Output {
	o, code := l.operation(th, handle)
	if code < 0 {
		return refused(code)
	}
	k, err := plain(key, "key", nil)
	if err != nil {
		return refused(o.s.refuse(th, err))
	}
	out, err := give(o.present(), operationKeys(), k, o.s.encoding())
	if err != nil {
		return refused(o.s.refuse(th, err))
	}
	return out
}

// Int is pr_int.
func (l *Library) Int(th Thread, handle int32, key Text) (int64, pay.Code) {
	o, code := l.operation(th, handle)
	if code < 0 {
		return 0, code
	}
	k, err := plain(key, "key", nil)
	if err != nil {
		return 0, o.s.refuse(th, err)
	}
	n, err := giveInt(o.present(), operationKeys(), k)
	if err != nil {
		return 0, o.s.refuse(th, err)
	}
	return n, pay.CodeOK
}

// present is the operation as the host sees it now, or as it last was.
func (o *operation) present() pay.Operation {
	o.refresh()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.view
}

// Slip is pr_slip. json is text in UTF-8; escpos, png and pdf are bytes.
func (l *Library) Slip(th Thread, handle, copies int32, format, enc Text, width int32) Output {
	o, code := l.operation(th, handle)
	if code < 0 {
		return refused(code)
	}
	out, err := o.slip(copies, format, enc, width)
	if err != nil {
		return refused(o.s.refuse(th, err))
	}
	return out
}

func (o *operation) slip(copies int32, format, enc Text, width int32) (Output, error) {
	f, err := plain(format, "format", nil)
	if err != nil {
		return Output{}, err
	}
	e, err := plain(enc, "encoding", nil)
	if err != nil {
		return Output{}, err
	}
	if copies < 0 || (width != 0 && (width < 24 || width > 64)) {
		return Output{}, local(pay.ErrArgument, "copy %d, width %d: 24 to 64, or 0", copies, width)
	}
	if e == "" {
		e = "utf-8"
		if own := o.s.encoding(); own != nil {
			e = map[string]string{"Windows 1251": "cp1251", "IBM Code Page 866": "cp866"}[own.String()]
		}
	}
	ctx, cancel := context.WithTimeout(o.ctx, time.Minute)
	defer cancel()
	data, err := o.s.client.Slip(ctx, o.ref(), client.Paper{Copy: int(copies), Format: f, Encoding: e, Width: int(width)})
	if err != nil {
		return Output{}, err
	}
	page, known := encodingNamed(e)
	return Output{data: data, binary: f != "text" && f != "json", wide: f == "json" || (known && page == nil)}, nil
}

// Confirm is pr_confirm.
func (l *Library) Confirm(th Thread, handle int32) pay.Code {
	return l.acknowledge(th, handle, pay.AckConfirm, Text{})
}

// Reverse is pr_reverse.
func (l *Library) Reverse(th Thread, handle int32, reason Text) pay.Code {
	return l.acknowledge(th, handle, pay.AckReverse, reason)
}

func (l *Library) acknowledge(th Thread, handle int32, ack pay.Ack, reason Text) pay.Code {
	o, code := l.operation(th, handle)
	if code < 0 {
		return code
	}
	why, err := read(reason, "reason", o.s.encoding())
	if err == nil {
		err = o.acknowledgeNow(ack, why)
	}
	if err != nil {
		return o.s.refuse(th, err)
	}
	return pay.CodeOK
}

func (o *operation) acknowledgeNow(ack pay.Ack, why string) error {
	o.s.forgetRead(o) // the caller decides itself
	o.mu.Lock()
	before := o.acked
	o.mu.Unlock()
	ctx, cancel := o.s.short()
	defer cancel()
	if before != nil {
		select {
		case <-before:
		case <-ctx.Done():
		}
	}
	view, err := o.s.client.Acknowledge(ctx, o.ref(), ack, why)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.merge(view)
	return nil
}

// Release is pr_release.
func (l *Library) Release(th Thread, handle int32) pay.Code {
	o, code := l.operation(th, handle)
	if code < 0 {
		return code
	}
	l.mu.Lock()
	delete(l.ops, handle)
	l.mu.Unlock()
	if o.s.forgetRead(o) {
		o.acknowledge(pay.AckConfirm)
	}
	o.end()
	return pay.CodeOK
}

// PendingCount is pr_pending_count; PendingRef counts by the list that it saw.
func (l *Library) PendingCount(th Thread, handle int32) int32 {
	s, code := l.session(th, handle)
	if code < 0 {
		return int32(code)
	}
	refs, err := s.pendingRefs()
	if err != nil {
		return int32(s.refuse(th, err))
	}
	return int32(len(refs))
}

func (s *session) pendingRefs() ([]pay.Ref, error) {
	ctx, cancel := s.short()
	defer cancel()
	list, err := s.client.Pending(ctx, false)
	if err != nil {
		return nil, err
	}
	refs := make([]pay.Ref, 0, len(list))
	for _, op := range list {
		refs = append(refs, op.Ref)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = refs
	return refs, nil
}

// PendingRef is pr_pending_ref.
func (l *Library) PendingRef(th Thread, handle, index int32) Output {
	s, code := l.session(th, handle)
	if code < 0 {
		return refused(code)
	}
	s.mu.Lock()
	refs := s.pending
	s.mu.Unlock()
	if refs == nil {
		var err error
		if refs, err = s.pendingRefs(); err != nil {
			return refused(s.refuse(th, err))
		}
	}
	if index < 0 || int(index) >= len(refs) {
		return refused(s.refuse(th, local(pay.ErrArgument, "index %d of %d", index, len(refs))))
	}
	return said(string(refs[index]), nil)
}

// Attach is pr_attach.
func (l *Library) Attach(th Thread, handle int32, ref Text) (int32, pay.Code) {
	s, code := l.session(th, handle)
	if code < 0 {
		return 0, code
	}
	o, err := s.attach(ref)
	if err != nil {
		return 0, s.refuse(th, err)
	}
	return o.handle, pay.CodeOK
}

func (s *session) attach(ref Text) (*operation, error) {
	text, err := plain(ref, "ref", nil)
	if err != nil {
		return nil, err
	}
	parent, _ := pay.Ref(text).Parent() // a reversal may be attached to
	if _, err := pay.ParseRef(string(parent)); err != nil {
		return nil, ours(err)
	}
	ctx, cancel := s.short()
	defer cancel()
	view, err := s.client.Operation(ctx, pay.Ref(text))
	if err != nil {
		return nil, err
	}
	return s.newOperation(client.Order{Ref: view.Ref, Module: view.Module, Kind: view.Kind, Amount: view.Amount}, view, true, false), nil
}

// Resolve is pr_resolve.
func (l *Library) Resolve(th Thread, handle int32, ref Text, charged bool, whoAndWhy Text) pay.Code {
	s, code := l.session(th, handle)
	if code < 0 {
		return code
	}
	if err := s.resolve(ref, charged, whoAndWhy); err != nil {
		return s.refuse(th, err)
	}
	return pay.CodeOK
}

func (s *session) resolve(ref Text, charged bool, whoAndWhy Text) error {
	r, err := plain(ref, "ref", nil)
	if err != nil {
		return err
	}
	why, err := plain(whoAndWhy, "who_and_why", s.encoding())
	if err != nil {
		return err
	}
	if strings.TrimSpace(why) == "" {
		return local(pay.ErrArgument, "who_and_why: empty")
	}
	ctx, cancel := s.short()
	defer cancel()
	_, err = s.client.Resolve(ctx, pay.Ref(r), charged, why)
	return err
}

// mayHaveMoved says whether an error leaves it open that the operation exists.
func mayHaveMoved(err error) bool {
	e, ok := asRefusal(err)
	return !ok || e.MayHaveMoved
}

func jsonObject(v any) string {
	doc, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(doc)
}
