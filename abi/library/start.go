package library

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/text"
)

// Start is pr_start. A negative code: nothing was begun. CodeUnknown: nobody can say yet, and the handle follows it.
func (l *Library) Start(th Thread, handle int32, module, kind Text, amount int64, ref, params Text) (op int32, code pay.Code) {
	defer guardBegun(&op, &code)
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
	o, err := s.begin(ctx, order, false, func(handle int32) { op = handle })
	if err != nil {
		return 0, s.refuse(th, err)
	}
	if !o.hasBegun() {
		return op, pay.CodeUnknown
	}
	return op, pay.CodeOK
}

// guardBegun is Guard for the calls that begin operations: once there is a handle the operation may exist, and nobody can say yet.
func guardBegun(op *int32, code *pay.Code) {
	switch {
	case recover() == nil:
	case *op != 0:
		*code = pay.CodeUnknown
	default:
		*code = pay.ErrInternal
	}
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
		return o, local(pay.ErrArgument, "refused.empty", of("Name", "module"))
	}
	o.Amount = pay.Amount(amount)
	if o.Kind.Money() && amount <= 0 {
		return o, local(pay.ErrArgument, "refused.amount_positive", of("Amount", text.Money(pay.Amount(amount), pay.RUB)))
	}
	if !o.Kind.Money() && amount != 0 {
		return o, local(pay.ErrArgument, "refused.amount_of_kind", of("Amount", text.Money(pay.Amount(amount), pay.RUB), "Kind", o.Kind))
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

// begin gives an operation a handle, and then begins it. An error means that nothing was begun; the handle is taken back then.
func (s *session) begin(ctx context.Context, order client.Order, classic bool, found Found) (*operation, error) {
	s.confirmRead()
	o := s.newOperation(order, classic)
	found(o.handle)
	if err := o.ask(ctx); err != nil {
		found(0)
		s.l.forget(o.handle)
		o.end()
		return nil, err
	}
	spawn(o.follow)
	if p, err := pay.ParseParams(order.Params); err == nil && p.Secrets() {
		spawn(o.remind)
	}
	return o, nil
}

// ask asks for Begin. A panic of ours on the way says as little about money as a lost connection.
func (o *operation) ask(ctx context.Context) (err error) {
	defer func() {
		if recover() != nil {
			err = nil
		}
	}()
	view, _, err := o.s.begins(ctx, o.order)
	switch {
	case err == nil:
		o.took(view)
		o.sendWish()
	case mayHaveMoved(err):
		o.mu.Lock()
		defer o.mu.Unlock()
		o.order.Ref = view.Ref // of a close of day it was learned on the way
		o.view.Ref = view.Ref
	default:
		return err
	}
	return nil
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
