package library

import (
	"context"
	"encoding/json"
	"strings"

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
