package library

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// Found is how a call gives the handle to its caller before anything leaves, and takes it back with 0 where nothing was begun.
type Found func(op int32)

// PayOnline is pr_pay_online.
func (l *Library) PayOnline(th Thread, handle int32, module Text, amount int64, ref Text, found Found) pay.Code {
	return l.classic(th, handle, found, func(s *session) (client.Order, error) {
		o, err := s.order(module, Text{Bytes: []byte(pay.KindOnline)}, amount, ref, Text{})
		if err == nil && s.calls.get().Function == 0 {
			err = s.needsPlaceForQR(o.Module)
		}
		return o, err
	})
}

// needsPlaceForQR refuses where nobody would see the QR code.
func (s *session) needsPlaceForQR(module string) error {
	ctx, cancel := s.short()
	defer cancel()
	doc, err := s.client.Info(ctx, module, "capabilities")
	if err != nil {
		return err
	}
	var can map[string]json.RawMessage
	if json.Unmarshal(doc, &can) == nil {
		if place := asText(can["qr_place"]); place != "" && place != "0" && place != "none" {
			return nil
		}
	}
	return local(pay.ErrNeedsPrompt, "refused.no_callback", nil)
}

// PayOffline is pr_pay_offline.
func (l *Library) PayOffline(th Thread, handle int32, module Text, amount int64, ref, scanned Text, found Found) pay.Code {
	return l.classic(th, handle, found, func(s *session) (client.Order, error) {
		o, err := s.order(module, Text{Bytes: []byte(pay.KindOffline)}, amount, ref, Text{})
		if err != nil {
			return o, err
		}
		code, err := plain(scanned, "scanned_code", s.encoding())
		if err == nil && strings.TrimSpace(code) == "" {
			err = local(pay.ErrArgument, "refused.empty", of("Name", "scanned_code"))
		}
		o.Params = jsonObject(map[string]string{"code": code})
		return o, err
	})
}

// Refund is pr_refund.
func (l *Library) Refund(th Thread, handle int32, original Text, amount int64, ref Text, found Found) pay.Code {
	return l.classic(th, handle, found, func(s *session) (client.Order, error) {
		first, err := readRef(original)
		if err != nil {
			return client.Order{}, err
		}
		o, err := s.order(Text{}, Text{Bytes: []byte(pay.KindRefund)}, amount, ref, Text{})
		o.Params = jsonObject(map[string]string{"original_ref": string(first)})
		return o, err
	})
}

// CloseDay is pr_close_day.
func (l *Library) CloseDay(th Thread, handle int32, module Text, detailed bool, found Found) pay.Code {
	return l.classic(th, handle, found, func(*session) (client.Order, error) {
		return moneyless(module, pay.KindCloseDay, "", jsonObject(map[string]bool{"detailed": detailed}))
	})
}

// Report is pr_report.
func (l *Library) Report(th Thread, handle int32, module, query Text, found Found) pay.Code {
	return l.classic(th, handle, found, func(s *session) (client.Order, error) {
		params, err := readParams(query, s.encoding())
		if err != nil {
			return client.Order{}, err
		}
		return moneyless(module, pay.KindReport, client.MakeRef("report"), params)
	})
}

func moneyless(module Text, kind pay.Kind, ref pay.Ref, params string) (client.Order, error) {
	m, err := plain(module, "module", nil)
	if err == nil && m == "" {
		err = local(pay.ErrArgument, "refused.empty", of("Name", "module"))
	}
	return client.Order{Module: m, Kind: kind, Ref: ref, Params: params}, err
}

// classic begins an operation and blocks until its outcome, which it returns.
func (l *Library) classic(th Thread, handle int32, found Found, order func(*session) (client.Order, error)) (code pay.Code) {
	var handed int32
	defer guardBegun(&handed, &code)
	s, code := l.session(th, handle)
	if code < 0 {
		return code
	}
	o, err := order(s)
	if err != nil {
		return s.refuse(th, err)
	}
	op, err := s.classic(th, o, func(handle int32) { handed = handle; found(handle) })
	if err != nil {
		return s.refuse(th, err)
	}
	return op.readOutcome()
}

// classic is the loop of a classic call: events go to the callback on the calling thread. An error means that nothing was begun.
func (s *session) classic(th Thread, order client.Order, found Found) (*operation, error) {
	order.NoPrompts = s.flags&FlagNoPrompts != 0 || s.calls.get().Function == 0
	o, err := s.begin(s.ctx, order, true, found)
	if err != nil {
		return nil, err
	}
	defer o.classicEnds()
	for o.hasBegun() { // else Begin has already waited for the host as long as is decent
		it, ok := o.take(o.ctx, first)
		if !ok || it.outcome() {
			break
		}
		s.callHere(th, delivery{op: o.handle, event: it.ev}, it.id)
	}
	return o, nil
}

// classicEnds hands later events to the callback's own thread, or to pr_poll.
func (o *operation) classicEnds() {
	o.mu.Lock()
	o.classic = false
	if !o.view.Outcome.Final() {
		o.told = true // the call returns PR_UNKNOWN
		o.view.Running = false
	}
	o.touch()
	o.mu.Unlock()
	o.s.calls.poke()
}

// Activate is pr_activate. Its refusals are the module's: PR_E_ACTIVATION with a hint, where force would help among them.
func (l *Library) Activate(th Thread, handle int32, module, terminal, serial, code Text, force bool) pay.Code {
	s, refusal := l.session(th, handle)
	if refusal < 0 {
		return refusal
	}
	order, err := s.activation(module, terminal, serial, code, force)
	if err != nil {
		return s.refuse(th, err)
	}
	o, err := s.classic(th, order, func(int32) {})
	if err != nil {
		return s.refuse(th, err)
	}
	outcome := o.readOutcome()
	view := o.present()
	l.forget(o.handle)
	o.end()
	if outcome == pay.CodeOK {
		return pay.CodeOK
	}
	return s.refuse(th, &pay.Error{Code: activationCode(view.Code), Text: view.Text, Hint: view.Hint})
}

func (s *session) activation(module, terminal, serial, code Text, force bool) (client.Order, error) {
	args := map[string]any{"force": force}
	for name, t := range map[string]Text{"terminal_id": terminal, "serial": serial, "code": code} {
		v, err := plain(t, name, s.encoding())
		if err != nil {
			return client.Order{}, err
		}
		args[name] = v
	}
	return moneyless(module, pay.KindCommand, client.MakeRef("activate"), jsonObject(map[string]any{"name": "activate", "args": args}))
}

// activationCode is the refusal that an activation's outcome names, if it is one of ours.
func activationCode(name string) pay.Code {
	for _, c := range pay.Codes() {
		if c < 0 && c.String() == name {
			return c
		}
	}
	return pay.ErrActivation
}

func asRefusal(err error) (*pay.Error, bool) { return errors.AsType[*pay.Error](err) }

// Activation is pr_activation.
func (l *Library) Activation(th Thread, handle int32, module Text) (active, left int32, code pay.Code) {
	s, code := l.session(th, handle)
	if code < 0 {
		return 0, 0, code
	}
	m, err := plain(module, "module", nil)
	if err != nil {
		return 0, 0, s.refuse(th, err)
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	doc, err := s.client.Info(ctx, m, "activation")
	if err != nil {
		return 0, 0, s.refuse(th, err)
	}
	var said map[string]json.RawMessage
	if err := json.Unmarshal(doc, &said); err != nil {
		return 0, 0, s.refuse(th, local(pay.ErrInternal, "refused.activation", of("Error", err.Error())))
	}
	is, _ := asInt(said["active"])
	n, _ := asInt(said["attempts_left"])
	return int32(is), int32(n), pay.CodeOK
}
